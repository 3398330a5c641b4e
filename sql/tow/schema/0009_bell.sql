-- Who can be rung and how: each worker that listens has a bit of its own in the registers of queues, while there are no
-- more than 62 of them. And who comes through a pooler in transaction mode: no session there is anybody's own, so no lock
-- shows that such a worker or scheduler lives, and no bell reaches it.

alter table tow_store.worker add column bit smallint check (bit between 0 and 61);
alter table tow_store.worker add column pooled boolean not null default false;
alter table tow_store.worker add column clock_ahead interval;
alter table tow_store.worker add column shared int[];
comment on column tow_store.worker.shared is 'Of each queue: how many slots those have together that share theirs with it; 0, or null for all: its slots are its own.';
comment on column tow_store.worker.bit is 'Which bit of a queue''s register says that it is parked there; null if it does not listen.';
comment on column tow_store.worker.pooled is 'Its heartbeat comes through a pooler: it polls, and only its lease tells whether it lives.';
comment on column tow_store.worker.clock_ahead is 'By how much its host''s clock was ahead of the database''s when it was last heard.';
update tow_store.worker set bit = id % 62 where ended_at is null and listens;

alter table tow_store.scheduler add column pooled boolean not null default false;
alter table tow_store.scheduler add column clock_ahead interval;
comment on column tow_store.scheduler.pooled is 'It comes through a pooler: it polls, and lives while it has been seen lately.';
comment on column tow_store.scheduler.clock_ahead is 'By how much its host''s clock was ahead of the database''s when it came.';
