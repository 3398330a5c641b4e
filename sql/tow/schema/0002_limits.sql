-- Limits and lanes. What may be limited is a gate: a queue, a kind, or a lane of a queue. What holds a gate is a row
-- of held for each run; how many hold it is counted, never kept in a counter, so nothing can leak.
--
-- A job with a lane is born in ready like any other, but in a band of its own (laned). An exchange of any worker, or
-- the sort duty, sorts it to the end of its lane, tow_store.lined; a lane has one row in turn for each band, which
-- says when it is next: by virtual time, so that lanes share by weight. contrib/docs/lanes.md has the locks.

alter table tow_store.job add column lane text;
comment on column tow_store.job.lane is 'Jobs of a lane start in order, as many at once as its limit says; lanes of a queue share it fairly.';

alter table tow_store.band add column laned boolean not null default false;
alter table tow_store.band drop constraint band_queue_priority_kind_key;
alter table tow_store.band add constraint band_key unique nulls not distinct (queue, priority, kind, laned);
comment on column tow_store.band.laned is 'For jobs with a lane: a claim sorts what it finds here into lanes.';

alter table tow_store.queue add column lane_limit int not null default 1 check (lane_limit >= 0);
alter table tow_store.queue add column lane_rate double precision check (lane_rate > 0);
alter table tow_store.queue add column lane_burst int check (lane_burst >= 1);
alter table tow_store.queue add column expire_after interval check (expire_after > '0');
alter table tow_store.queue add column restricted boolean not null default false;
comment on column tow_store.queue.restricted is 'Only roles that tow.grant_queue named may enqueue here.';
comment on column tow_store.queue.lane_limit is 'How many jobs of a lane run at once where the lane does not say otherwise; 0: any number.';
comment on column tow_store.queue.lane_rate is 'How many jobs of a lane start in a second where the lane does not say otherwise; null: any number.';
comment on column tow_store.queue.expire_after is 'Jobs that have been ready for longer are cancelled, class expired.';

create table tow_store.gate (
	id bigint generated always as identity primary key,
	what "char" not null check (what in ('q', 'k', 'l')),
	queue int references tow_store.queue on delete cascade,
	name text not null,
	max_running int check (max_running > 0),
	rate double precision check (rate > 0),
	burst int check (burst >= 1),
	weight real not null default 1 check (weight > 0 and weight <= 1000),
	paused_at timestamptz,
	pause_reason text,
	own boolean not null default true,
	run_low bigint not null default 0,
	used_at timestamptz not null,
	unique nulls not distinct (what, queue, name),
	check ((what = 'k') = (queue is null))
);
comment on table tow_store.gate is 'What may be limited: q a queue, k a kind, l a lane of a queue.';
comment on column tow_store.gate.max_running is 'How many run at once; null: any number, of a lane what its queue says.';
comment on column tow_store.gate.rate is 'How many may start in a second, on average; null: any number.';
comment on column tow_store.gate.burst is 'How many tokens gather while none is used; null: one second''s.';
comment on column tow_store.gate.own is 'Somebody gave it settings; a lane without goes by its queue''s, and is forgotten when it has been idle for long.';
comment on column tow_store.gate.run_low is 'No run that holds it is earlier; raised now and then, so that counting does not meet dead rows.';
create index gate_ruled on tow_store.gate (name) where what = 'k';

create table tow_store.held (
	gate bigint not null,
	run bigint not null,
	job_id bigint not null,
	primary key (gate, run)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
create index held_job on tow_store.held (job_id);
comment on table tow_store.held is 'Runs that hold a gate with a limit; it counts only while the run is in running.';

create table tow_store.lined (
	band int not null,
	gate bigint not null,
	pos bigint not null,
	id bigint not null,
	attempt int not null,
	flags int not null,
	primary key (band, gate, pos)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
create index lined_id on tow_store.lined (id);
comment on table tow_store.lined is 'Jobs that wait in their lane (gate), sorted there from a laned band of ready; pos is what they had in it.';

create table tow_store.turn (
	band int not null,
	parked boolean not null,
	v bigint not null,
	gate bigint not null,
	why "char" check (why in ('i', 'l', 't', 'p', 'c')),
	pos_low bigint not null,
	run_low bigint not null,
	primary key (band, parked, v, gate),
	check (parked = (why is not null))
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
create index turn_gate on tow_store.turn (gate, band, v);
comment on table tow_store.turn is
'Lanes, one row a band; the smallest v that is not parked is next. Rows are replaced, not updated, and the newest has the largest v. That of gate 0 is the band''s clock: no lane that may run is earlier.';
comment on column tow_store.turn.why is 'Why it has no turn: i idle (no jobs), l at its limit, t out of tokens, p paused; c the clock.';
comment on column tow_store.turn.pos_low is 'No job of it in lined is earlier.';
comment on column tow_store.turn.run_low is 'No run that holds the lane is earlier, so that counting does not meet dead rows.';

create type tow_store.chosen as (gate bigint, at tid, v bigint, cost bigint, pos_low bigint, run_low bigint,
	room int, rate double precision, tokens double precision, paused boolean, n int);
comment on type tow_store.chosen is 'A lane whose turn it is, and how many jobs it may start (n) and might (room; null: any number).';

create table tow_store.sorting (
	band int primary key,
	low bigint not null,
	top bigint not null,
	xid bigint not null
) with (fillfactor = 50, autovacuum_vacuum_threshold = 50);
comment on table tow_store.sorting is 'From which position the sort duty scans a laned band, and what that is raised to (top) when all transactions below xid have ended.';

create table tow_store.bucket (
	gate bigint not null,
	n bigint generated always as identity,
	tokens double precision not null,
	at timestamptz not null,
	primary key (gate, n)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000);
comment on table tow_store.bucket is 'Tokens of gates with a rate: the newest row counts, the others are on their way out.';

create table tow_store.wake (
	at timestamptz not null,
	queue int not null,
	gate bigint not null,
	primary key (at, queue, gate)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
create index wake_gate on tow_store.wake (gate, queue);
comment on table tow_store.wake is 'When a lane (gate; 0: the queue itself) may go on, as it has a token again or was left by a run: the wake duty sees to it, and rings.';
create sequence tow_store.lane_walk as bigint minvalue 0 start 0;
comment on sequence tow_store.lane_walk is 'How far the tidy duty has looked through the lanes (gates).';
create sequence tow_store.wake_full as bigint minvalue 0 start 0;
comment on sequence tow_store.wake_full is 'When (microseconds since the epoch) wake was last scanned from its start.';

insert into tow_store.duty (position, name, every, description) values
	(11, 'wake', '1 s', 'wakes queues and lanes that may go on'),
	(12, 'sort', '1 s', 'sorts jobs into their lanes while all workers are busy');
