-- The queue's tables. People and programs use the functions and views of schema tow; nothing here is public.
--
--   job        what somebody asked for: written once, never updated, partitioned by range of id
--   ready      may be claimed now                 ) a job's state is which of these narrow tables holds it;
--   scheduled  waits for an instant               ) a change of state is a delete here and an insert there,
--   waiting    waits for something else           ) in one statement, so that no job is ever in two or in none
--   running    is held by a worker, under a run   )
--   history    one row for each run that ended, partitioned by day; a job that is only here has finished
--
-- A run number is given at each claim and never again: it is the fence for everything a worker says.
-- ready is scanned from a watermark, band by band; a band is one (queue, priority), or one (queue, priority, kind)
-- once a worker of the queue has turned out not to know that kind. Positions and job ids come from one sequence,
-- after the transaction has its xid: tow.floor depends on that order.

create sequence tow_store.job_id as bigint minvalue 1 cache 1;
comment on sequence tow_store.job_id is 'Job ids and positions in ready; cache must stay 1, see tow.floor.';
create sequence tow_store.run as bigint minvalue 1 cache 1;
comment on sequence tow_store.run is 'Run numbers, one for each claim; never reused.';
create sequence tow_store.sweep as bigint minvalue 1;
comment on sequence tow_store.sweep is 'Raised when claims were undone below somebody''s watermark: every dispatcher scans from the start once.';
create sequence tow_store.clock as bigint minvalue 0;
comment on sequence tow_store.clock is 'Until when (microseconds since the epoch) the scheduler sleeps: who needs it earlier rings.';

create sequence tow_store.promoted as bigint minvalue 0 start 0;
comment on sequence tow_store.promoted is 'No scheduled job is earlier than this (microseconds since the epoch): scans of tow_store.scheduled start there.';
create sequence tow_store.promote_at as bigint minvalue 0 start 0;
comment on sequence tow_store.promote_at is 'What promoted is raised to next.';
create sequence tow_store.promote_xid as bigint minvalue 0 start 0;
comment on sequence tow_store.promote_xid is 'When all transactions below this one have ended promoted may be raised.';
create sequence tow_store.promote_full as bigint minvalue 0 start 0;
comment on sequence tow_store.promote_full is 'When (microseconds since the epoch) scheduled was last scanned from its start.';
create sequence tow_store.rescue as bigint minvalue 0 start 0;
comment on sequence tow_store.rescue is 'When (microseconds since the epoch) the rescue duty had its last turn.';
create sequence tow_store.walk as bigint minvalue 0 start 0;
comment on sequence tow_store.walk is 'How far the prune duty has walked through old facts.';

create table tow_store.setting (
	name text primary key,
	value text not null,
	description text not null
);
comment on table tow_store.setting is 'Settings of the whole instance.';
insert into tow_store.setting values
	('test', 'off', 'on marks an instance for tests: tow.fake_now is honoured there, and nowhere else'),
	('retention', '14 days', 'how long finished jobs are kept where their queue does not say otherwise'),
	('log_retention', '14 days', 'how long log lines are kept'),
	('audit_retention', '90 days', 'how long audit rows are kept'),
	('max_args_bytes', '1048576', 'largest arguments of a job where its queue does not say otherwise'),
	('max_losses', '5', 'how often a job may be lost with its worker before it fails'),
	('partition_days', '3', 'how many days of partitions are made ahead');

create table tow_store.policy (
	name text primary key check (name ~ '^[a-z0-9_.-]{1,64}$'),
	shape text not null check (shape in ('fixed', 'linear', 'exponential', 'polynomial', 'list', 'function')),
	base interval not null default '5 s' check (base >= '0'),
	factor double precision not null default 2 check (factor > 0 and factor <= 100),
	cap interval check (cap >= '0'),
	jitter real not null default 0.1 check (jitter between 0 and 1),
	max_attempts int not null default 12 check (max_attempts between 1 and 1000000),
	delays interval[],
	classes jsonb not null default '{}' check (jsonb_typeof(classes) = 'object'),
	fn text,
	fn_role name,
	fn_off_until timestamptz,
	description text,
	check ((shape = 'list') = (delays is not null)),
	check ((shape = 'function') = (fn is not null))
);
comment on table tow_store.policy is 'Retry policies: when a failed attempt is tried again, and how often.';
comment on column tow_store.policy.factor is 'exponential: the ratio of one delay to the last; polynomial: the exponent.';
comment on column tow_store.policy.classes is 'Error class, or its beginning, to the policy that decides instead: {"http.4": "never"}. The longest match wins.';
comment on column tow_store.policy.fn is 'shape function: a function(job jsonb, error jsonb) returns interval, called by the decide duty as fn_role.';
insert into tow_store.policy (name, shape, base, factor, cap, jitter, max_attempts, description) values
	('default', 'exponential', '5 s', 2, '1 hour', 0.1, 12, 'where neither the job nor its queue names one'),
	('never', 'fixed', '0', 1, null, 0, 1, 'one attempt, no more'),
	('quick', 'exponential', '100 ms', 2, '10 s', 0.1, 8, 'for what is cheap and usually passes at once'),
	('patient', 'polynomial', '15 s', 3, '12 hours', 0.1, 20, 'for services that may be away for a day');

create table tow_store.queue (
	id int generated always as identity primary key,
	name text not null unique check (name ~ '^[a-zA-Z0-9_.:-]{1,64}$'),
	arm regclass not null,
	paused_at timestamptz,
	pause_reason text,
	retention interval check (retention >= '0'),
	policy text references tow_store.policy,
	max_attempts int check (max_attempts between 1 and 1000000),
	timeout interval check (timeout > '0'),
	max_args_bytes int check (max_args_bytes > 0),
	description text,
	created_at timestamptz not null
);
comment on table tow_store.queue is 'Queues and their settings; null means the instance''s.';
comment on column tow_store.queue.arm is 'A sequence used as a register: its last value is the set of workers (one bit each) parked on this queue.';

create table tow_store.band (
	id int generated always as identity primary key,
	queue int not null references tow_store.queue,
	priority int not null,
	kind text,
	unique nulls not distinct (queue, priority, kind)
);
comment on table tow_store.band is 'The pairs of queue and priority in use, so that no claim has to look for them. Append-only.';
comment on column tow_store.band.kind is 'Set where only some workers of the queue know the kind: the others never scan the band.';

create table tow_store.job (
	id bigint not null,
	created_at timestamptz not null,
	priority int not null,
	max_attempts int,
	kind text not null,
	queue text not null,
	args jsonb not null,
	run_at timestamptz,
	deadline timestamptz,
	timeout interval,
	policy text,
	key text,
	key_scope "char",
	tags text[],
	primary key (id)
) partition by range (id);
comment on table tow_store.job is 'What was asked for, one row a job, never updated. Partitions are ranges of ids, made ahead and dropped by duty.';
create table tow_store.job_rest partition of tow_store.job default;
comment on table tow_store.job_rest is 'Nothing is refused when no range was made in time; empty on a healthy system.';

create table tow_store.ready (
	band int not null,
	pos bigint not null,
	id bigint not null,
	attempt int not null,
	flags int not null,
	primary key (band, pos)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
	autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_scale_factor = 0.2);
create index ready_moved on tow_store.ready (id) where pos <> id;
comment on table tow_store.ready is 'Jobs that may be claimed now. pos is the id at birth, a new number of the same sequence afterwards.';
comment on column tow_store.ready.attempt is 'Attempts spent so far.';
comment on column tow_store.ready.flags is 'What must be done beside the move: 1 a key is freed at the end, 2 a key is freed at the claim.';

create table tow_store.scheduled (
	run_at timestamptz not null,
	id bigint not null,
	band int,
	attempt int not null,
	flags int not null,
	reason "char" not null default 's' check (reason in ('s', 'r', 'z')),
	primary key (run_at, id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
create index scheduled_id on tow_store.scheduled (id);
comment on table tow_store.scheduled is 'Jobs that wait for an instant: s as asked, r retrying, z snoozed.';
comment on column tow_store.scheduled.band is 'Null: the band that the job''s facts say.';

create table tow_store.waiting (
	id bigint primary key,
	reason text not null check (reason in ('admission', 'policy')),
	since timestamptz not null,
	band int,
	attempt int not null,
	flags int not null,
	detail jsonb
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
create index waiting_reason on tow_store.waiting (reason, id);
comment on table tow_store.waiting is 'Jobs that wait for something other than an instant: to be admitted to a new queue or band, or for a policy''s function.';

create table tow_store.deadline (
	at timestamptz not null,
	id bigint not null,
	primary key (at, id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
comment on table tow_store.deadline is 'Deadlines of jobs, until they have passed: the expire duty fails what has not started by then.';

create table tow_store.running (
	job_id bigint primary key,
	run bigint not null,
	worker bigint not null,
	batch bigint not null,
	band int not null,
	attempt int not null,
	flags int not null,
	claimed_at timestamptz not null
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
	autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_scale_factor = 0.2);
comment on table tow_store.running is 'Jobs that a worker holds. Found by job id only; its head is never scanned.';
comment on column tow_store.running.batch is 'The exchange that claimed it (line and sequence number): a lost answer is found again by it.';

create table tow_store.history (
	job_id bigint not null,
	run bigint not null,
	finished_at timestamptz not null,
	started_at timestamptz,
	worker bigint,
	band int,
	attempt int not null,
	outcome "char" not null,
	class text,
	error text,
	detail text,
	result jsonb,
	delay interval
) partition by range (finished_at);
create index history_job on tow_store.history (job_id);
create index history_finished on tow_store.history using brin (finished_at) with (pages_per_range = 32, autosummarize = on);
create index history_troubled on tow_store.history (finished_at) where outcome <> 'c';
comment on table tow_store.history is 'One row for each run that ended: c completed, f failed for good, x cancelled; r failed and retried, s snoozed, b given back, l lost with its worker.';
create table tow_store.history_rest partition of tow_store.history default;
comment on table tow_store.history_rest is 'Nothing is refused when no day was made in time; empty on a healthy system.';

create table tow_store.log (
	job_id bigint not null,
	n bigint generated always as identity,
	run bigint not null,
	at timestamptz not null,
	level "char" not null,
	line text not null
) partition by range (at);
create index log_job on tow_store.log (job_id, n);
comment on table tow_store.log is 'Log lines of runs: e error, w warn, i info, d debug, o standard output, s standard error.';
create table tow_store.log_rest partition of tow_store.log default;
comment on table tow_store.log_rest is 'Nothing is refused when no day was made in time; empty on a healthy system.';

create table tow_store.revival (
	run bigint primary key,
	job_id bigint not null,
	at timestamptz not null,
	who text not null
);
create index revival_job on tow_store.revival (job_id);
comment on table tow_store.revival is 'Finished runs whose job was put back by tow.retry or tow.redrive: the primary key lets it happen once.';

create table tow_store.key (
	key text primary key,
	job_id bigint not null,
	scope "char" not null check (scope in ('q', 'l', 'd'))
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
create index key_job on tow_store.key (job_id);
comment on table tow_store.key is 'Unique keys in use: q until the job starts, l until it has finished, d as long as it is remembered.';

create table tow_store.cancelling (
	job_id bigint primary key,
	run bigint not null,
	reason text,
	who text not null,
	at timestamptz not null
);
comment on table tow_store.cancelling is 'Running jobs that somebody wants ended; the worker is told by bell and by heartbeat.';

create table tow_store.progress (
	job_id bigint primary key,
	run bigint not null,
	pct real,
	done bigint,
	total bigint,
	note text,
	at timestamptz not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500);
comment on table tow_store.progress is 'How far running jobs are, as their handlers say; at most a few writes a second a job.';

create table tow_store.worker (
	id bigint generated always as identity primary key,
	name text not null,
	host text not null,
	pid int not null,
	version text not null,
	queues int[] not null,
	slots int[] not null,
	kinds text[] not null,
	lease interval not null,
	state text not null check (state in ('running', 'draining', 'stopped', 'dead')),
	held boolean not null,
	listens boolean not null,
	server_start timestamptz not null,
	attached_at timestamptz not null,
	seen_at timestamptz not null,
	beats bigint not null default 0,
	missing_since timestamptz,
	watched_beats bigint,
	watched_at timestamptz,
	leftover boolean not null default false,
	ended_at timestamptz
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 100);
create index worker_live on tow_store.worker (id) where ended_at is null;
comment on table tow_store.worker is 'Workers: what they serve, and how they are known to live (a session lock, and beats within the lease).';
comment on column tow_store.worker.leftover is 'It has ended, but a handler''s transaction still holds one of its runs.';
comment on column tow_store.worker.watched_at is 'When the rescuer saw watched_beats for the first time: a lease is counted from what was seen, not from what a clock says.';

create table tow_store.scheduler (
	id bigint generated always as identity primary key,
	name text not null,
	host text not null,
	pid int not null,
	version text not null,
	standby boolean not null,
	attached_at timestamptz not null,
	seen_at timestamptz not null,
	ended_at timestamptz
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 100);
comment on table tow_store.scheduler is 'Schedulers, those that workers started as stand-bys too.';

create table tow_store.duty (
	name text primary key,
	position int not null unique,
	every interval not null,
	enabled boolean not null default true,
	description text not null,
	last_at timestamptz,
	last_count int,
	last_ms double precision,
	last_error text,
	error_at timestamptz
) with (fillfactor = 50, autovacuum_vacuum_threshold = 50);
comment on table tow_store.duty is 'What the scheduler does. every: the longest pause between two turns; fire and promote are also due at their instants.';
insert into tow_store.duty (position, name, every, description) values
	(1, 'rescue', '250 ms', 'puts back the jobs of workers that died'),
	(2, 'promote', '1 s', 'makes scheduled jobs ready at their instant'),
	(3, 'fire', '30 s', 'enqueues the jobs of schedules at their instants'),
	(4, 'admit', '1 s', 'makes new queues and bands and admits the jobs that wait for them'),
	(5, 'inbox', '1 s', 'enqueues what was copied into tow.inbox'),
	(6, 'partition', '1 min', 'makes partitions ahead'),
	(7, 'prune', '1 min', 'drops and deletes what is older than its retention'),
	(8, 'tidy', '30 s', 'removes progress, cancel requests and bells whose job or worker is gone'),
	(9, 'expire', '30 s', 'fails jobs whose deadline passed before they started'),
	(10, 'decide', '1 s', 'asks policies'' own functions when a failed job is tried again');

create table tow_store.schedule (
	id int generated always as identity primary key,
	name text not null unique check (name ~ '^[^\s/][^/]{0,99}$'),
	spec text not null,
	tz text not null,
	kind text not null,
	args jsonb not null,
	queue text not null,
	priority int not null,
	max_attempts int,
	timeout interval,
	policy text,
	tags text[],
	missed text not null default 'last' check (missed in ('skip', 'last')),
	grace interval not null default '1 minute',
	paused_at timestamptz,
	next_at timestamptz,
	last_at timestamptz,
	description text,
	created_at timestamptz not null
);
create index schedule_next on tow_store.schedule (next_at) where paused_at is null;
comment on table tow_store.schedule is 'Schedules: what is enqueued when.';
comment on column tow_store.schedule.missed is 'Instants that passed while no scheduler lived, by more than grace: skip them, or run the last one.';

create table tow_store.fire (
	schedule_id int not null references tow_store.schedule on delete cascade,
	at timestamptz not null,
	job_id bigint,
	fired_at timestamptz not null,
	how text not null check (how in ('due', 'late', 'missed', 'by hand')),
	primary key (schedule_id, at)
);
create index fire_at on tow_store.fire (at);
comment on table tow_store.fire is 'Instants that fired: the primary key makes any number of schedulers harmless.';

-- The one table that people write to: COPY needs a table.
create table tow.inbox (
	kind text,
	args jsonb,
	queue text,
	priority int,
	run_at timestamptz,
	key text,
	max_attempts int,
	tags text[],
	n bigint generated always as identity
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
comment on table tow.inbox is 'COPY or insert jobs here, for instance copy tow.inbox (kind, args) from stdin; they are enqueued within a moment. Only kind is needed.';
create table tow_store.refused (
	n bigint primary key,
	at timestamptz not null,
	job jsonb not null,
	sqlstate text not null,
	error text not null
);
create index refused_at on tow_store.refused (at);
comment on table tow_store.refused is 'Rows of the inbox that could not be enqueued, and why; nothing is lost.';

create table tow_store.sql_kind (
	name text primary key,
	fn text not null,
	role name not null,
	timeout interval,
	created_at timestamptz not null,
	who text not null
);
comment on table tow_store.sql_kind is 'Kinds that are functions in this database, and the role each runs as; registered by an admin.';

create table tow_store.audit (
	n bigint generated always as identity primary key,
	at timestamptz not null,
	who text not null,
	what text not null,
	subject text,
	job_id bigint,
	detail jsonb
);
create index audit_at on tow_store.audit (at);
create index audit_job on tow_store.audit (job_id) where job_id is not null;
comment on table tow_store.audit is 'What people did, and what the system did about trouble.';
