-- Workflows: jobs that wait for other jobs, for a signal, or for somebody's word, without holding a slot.
--
-- need says which job waits for which; the admit duty alone changes it, so that nobody races: what a job that ends
-- has waiting for it is flagged (8) in whatever table the job stands in, and its end leaves a row in released, which
-- the duty takes up after commit. A job that comes to wait is checked once by the duty, after commit, too: it flags
-- the jobs that it waits for, or finds that they have ended.

alter table tow_store.job add column parent bigint;
comment on column tow_store.job.parent is 'The job, or batch, that this one was made for.';
alter table tow_store.job add column wait_for text;
comment on column tow_store.job.wait_for is 'The signal without which it does not start.';
create index job_parent on tow_store.job (parent, id) where parent is not null;

alter table tow_store.waiting drop constraint waiting_reason_check;
alter table tow_store.waiting add constraint waiting_reason_check
	check (reason in ('admission', 'policy', 'predecessors', 'children', 'batch', 'signal', 'approval'));
alter table tow_store.waiting add column until timestamptz;
alter table tow_store.waiting add column fresh boolean not null default true;
create index waiting_fresh on tow_store.waiting (since, id) where fresh and reason not in ('admission', 'policy');
create index waiting_until on tow_store.waiting (until) where until is not null;
comment on column tow_store.waiting.until is 'When it goes on whether or not what it waits for has come.';
comment on column tow_store.waiting.fresh is 'The admit duty has not looked at it since it came to wait.';
comment on table tow_store.waiting is
'Jobs that wait for something other than an instant: admission to a new queue or band, a policy''s function, other jobs (predecessors, children, batch: not sealed yet), a signal, or a person''s approval.';

create table tow_store.need (
	job_id bigint not null,
	on_id bigint not null,
	if_failed "char" not null check (if_failed in ('w', 'f', 'x', 'g')),
	primary key (on_id, job_id)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
create index need_job on tow_store.need (job_id, on_id);
comment on table tow_store.need is 'job_id waits for on_id to end. if_failed, should that fail or be cancelled: w wait (somebody may retry it), f fail, x cancel, g go on.';

create table tow_store.edge (
	job_id bigint not null,
	on_id bigint not null,
	if_failed "char" not null check (if_failed in ('w', 'f', 'x', 'g')),
	primary key (job_id, on_id)
);
create index edge_on on tow_store.edge (on_id);
comment on table tow_store.edge is 'Which job was made to run after which; kept as long as the job, for tow.graph, its memory and tow.retry.';

create table tow_store.released (
	at timestamptz not null,
	n bigint generated always as identity,
	job_id bigint not null,
	after bigint not null default 0,
	primary key (at, n)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
comment on table tow_store.released is 'Jobs that ended and that others wait for: work for the admit duty.';
comment on column tow_store.released.after is 'Those that wait for it have been released up to this one.';

create sequence tow_store.admitted as bigint minvalue 0 start 0;
comment on sequence tow_store.admitted is 'No fresh row of waiting and no row of released is earlier (microseconds since the epoch): scans start there.';
create sequence tow_store.admit_at as bigint minvalue 0 start 0;
comment on sequence tow_store.admit_at is 'What admitted is raised to next.';
create sequence tow_store.admit_xid as bigint minvalue 0 start 0;
comment on sequence tow_store.admit_xid is 'When all transactions below this one have ended admitted may be raised.';
create sequence tow_store.admit_full as bigint minvalue 0 start 0;
comment on sequence tow_store.admit_full is 'When (microseconds since the epoch) both were last scanned from their start.';

create table tow_store.family (
	id bigint primary key,
	batch boolean not null default false,
	name text,
	completed bigint not null default 0,
	failed bigint not null default 0,
	cancelled bigint not null default 0,
	since bigint not null default 0
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 500);
comment on table tow_store.family is 'How the children of a job, or the members of a batch, have ended: counted by the admit duty alone, as it takes their rows out of need.';
comment on column tow_store.family.batch is 'Made by tow.batch.';
comment on column tow_store.family.since is 'Children below this one are forgotten, and not counted: see tow_store.forget_children.';

create table tow_store.step (
	job_id bigint not null,
	name text not null check (name <> '' and length(name) <= 200),
	run bigint not null,
	at timestamptz not null,
	result jsonb,
	primary key (job_id, name)
);
comment on table tow_store.step is 'What a job has done once and for all, by name: survives its crashes, see tow.save_step.';

create table tow_store.signal (
	n bigint generated always as identity primary key,
	job_id bigint not null,
	name text not null check (name <> '' and length(name) <= 200),
	at timestamptz not null,
	who text not null,
	payload jsonb,
	timed_out boolean not null default false,
	fresh boolean not null default true
);
create index signal_job on tow_store.signal (job_id, name);
create index signal_fresh on tow_store.signal (n) where fresh;
comment on table tow_store.signal is 'What somebody told a job by tow.signal, tow.approve or tow.reject; kept as long as the job.';
comment on column tow_store.signal.timed_out is 'Nobody said it in time.';
