-- A worker whose first attach was committed, and whose connection was lost before it knew, was there twice until the
-- lease of the one that nobody is was over.
alter table tow_store.worker add column ticket text;
comment on column tow_store.worker.ticket is 'What the worker came with: whoever comes with it again is the same.';
create unique index worker_ticket on tow_store.worker (ticket) where ended_at is null;

-- A daemon that snoozes comes back as the same job: what a turn has been told is the turn's.
alter table tow_store.signal add column told_at timestamptz;
comment on column tow_store.signal.told_at is 'When its job was marked as one that has a memory: a run that was claimed later knows of it.';

drop function if exists tow.attach(text, text, int, text, text[], int[], text[], interval, bigint, boolean, boolean, double precision, int[]);

comment on table tow_store.duty is 'What the scheduler does. every: how often each has a turn; when there is work for it, see tow_store.dues, it has one earlier, and some have none while there is not.';
