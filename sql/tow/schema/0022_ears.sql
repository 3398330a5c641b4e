-- Who is told of what went wrong, and up to when he was: see troubles.sql.
create table tow_store.ear (
	area text primary key,
	fn text not null,
	told_to timestamptz not null
);
comment on table tow_store.ear is 'Functions (from, to) of areas that tell people of trouble; the duty tell calls them.';
comment on column tow_store.ear.told_to is 'What was noted until then it has been asked about.';
insert into tow_store.duty (position, name, every, description) values
	(22, 'tell', '10 s', 'has people told of jobs that failed, workers that were lost and schedules that could not fire');
