-- Daemons: what does a bounded turn of work, sleeps, and comes back, until somebody stops it.
--
-- A daemon's turns are runs of one job at a time, of its kind, with the unique key 'daemon:NAME': the key, and the
-- run fence, are why two turns never happen at once, wherever the workers are. One that snoozes comes back as the
-- same job; one that completes is followed by a new job every later; both are made by tow_store.launch alone. What
-- it says of itself is the step named status of that job (tow_store.step), so a stopped daemon, which has no job,
-- has no status, whatever a late handler may still say.

create table tow_store.daemon (
	id int generated always as identity primary key,
	name text not null unique check (name ~ '^[a-zA-Z0-9_.-]{1,64}$'),
	type text not null,
	kind text not null,
	config jsonb not null,
	every interval not null check (every > '0'),
	queue text not null,
	priority int not null,
	timeout interval check (timeout > '0'),
	policy text,
	enabled boolean not null default true,
	auto_start boolean not null default false,
	description text,
	wanted boolean not null default false,
	halted boolean not null default false,
	since timestamptz not null,
	job bigint,
	ending bigint,
	failures int not null default 0,
	error text,
	launch_at timestamptz,
	created_at timestamptz not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 100);
comment on table tow_store.daemon is 'Daemons: settings, and which job''s runs are its turns now.';
comment on column tow_store.daemon.type is 'What sort of daemon it is, for people and programs that show them; its kind where nobody said.';
comment on column tow_store.daemon.config is 'The arguments that its handler gets, with each turn as they are then.';
comment on column tow_store.daemon.every is 'How long after a turn that completed the next one comes.';
comment on column tow_store.daemon.wanted is 'It was started, and neither stopped nor failed for good since.';
comment on column tow_store.daemon.halted is 'Somebody stopped it: auto_start leaves it alone.';
comment on column tow_store.daemon.since is 'When it was started, stopped, or failed.';
comment on column tow_store.daemon.job is 'The job whose runs are its turns; of one that failed for good, the last one.';
comment on column tow_store.daemon.ending is 'The job of a turn that was told to end and may not have ended yet: no other starts before.';
comment on column tow_store.daemon.failures is 'How many turns in a row failed of its jobs that have ended.';
comment on column tow_store.daemon.launch_at is 'Not earlier is the next job enqueued: the last try was refused.';
create index daemon_job on tow_store.daemon (job);
create index daemon_ending on tow_store.daemon (ending);

create table tow_store.daemon_action (
	n bigint generated always as identity primary key,
	daemon int not null,
	at timestamptz not null,
	action text not null check (action in ('STARTED', 'STOPPED', 'ENABLED', 'DISABLED', 'TURN', 'LAUNCHED', 'FINISHED', 'FAILED')),
	job bigint,
	kind text,
	parent bigint,
	detail text,
	who text not null
);
create index daemon_action_daemon on tow_store.daemon_action (daemon, n);
create index daemon_action_job on tow_store.daemon_action (job, daemon) where action = 'LAUNCHED';
create index daemon_action_at on tow_store.daemon_action (at);
comment on table tow_store.daemon_action is
'What became of daemons: TURN a job for its turns was made, LAUNCHED and FINISHED a job that a turn made, FAILED a turn failed.';
comment on column tow_store.daemon_action.parent is 'The daemon''s own job at the time.';

insert into tow_store.duty (position, name, every, description) values
	(16, 'daemons', '1 s', 'starts daemons, lets their next turns come, and ends those that were stopped');
