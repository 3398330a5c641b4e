-- Limits and lanes. What may be limited is a gate: a queue, a kind, or a lane of a queue. What holds a gate is a row
-- of held for each run; how many hold it is counted, never kept in a counter, so nothing can leak.
--
-- A job with a lane is born in ready like any other, but in a band of its own (laned). An exchange of any worker, or
-- the admit duty, sorts it to the end of its lane, tow_store.lined; a lane that has jobs has one row in turn for each
-- band, which says when it is next: by virtual time, so that lanes share by weight. All this is done under the
-- queue's advisory lock (7630716, queue), and a gate of a kind under (7630717, gate), in this order.

alter table tow_store.job add column lane text;
comment on column tow_store.job.lane is 'Jobs of a lane start in order, as many at once as its limit says; lanes of a queue share it fairly.';

alter table tow_store.band add column laned boolean not null default false;
alter table tow_store.band add column v_low bigint not null default 0;
alter table tow_store.band drop constraint band_queue_priority_kind_key;
alter table tow_store.band add constraint band_key unique nulls not distinct (queue, priority, kind, laned);
comment on column tow_store.band.laned is 'For jobs with a lane: a claim sorts what it finds here into lanes.';
comment on column tow_store.band.v_low is 'No row of turn that may run is earlier than this; raised now and then.';

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
	max_running int check (max_running >= 0),
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
comment on column tow_store.gate.max_running is 'How many run at once; null: any number, of a lane what its queue says; 0 of a lane: any number.';
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
	pos_low bigint not null,
	primary key (band, parked, v, gate)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
create index turn_gate on tow_store.turn (gate, band, v);
comment on table tow_store.turn is 'Lanes with waiting jobs, one row a band; the smallest v is next. Rows are replaced, not updated: the newest has the largest v.';
comment on column tow_store.turn.parked is 'At its limit, out of tokens or paused: it has no turn until something frees it.';
comment on column tow_store.turn.pos_low is 'No job of it in lined is earlier.';

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
	gate bigint,
	primary key (at, queue)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
comment on table tow_store.wake is 'When a queue (or one lane of it) has a token again: the wake duty frees the lane and rings.';

insert into tow_store.duty (position, name, every, description) values
	(11, 'wake', '1 s', 'wakes queues and lanes whose rate lets them go on');
