-- How long what was replaced or taken back stays in a library's recycle bin. A library that was there before keeps it, as it
-- always did: nothing is thrown away that nobody was told of.
alter table haul_store.library
	add column recycle_days int not null default 0 check (recycle_days between 0 and 36500),
	add column swept_at timestamptz;
alter table haul_store.library alter column recycle_days set default 30;
comment on column haul_store.library.recycle_days is 'How many days what was replaced or taken back stays in .tow-recycle; 0: for ever.';
comment on column haul_store.library.swept_at is 'When a job was last sent to empty its .tow-recycle.';
