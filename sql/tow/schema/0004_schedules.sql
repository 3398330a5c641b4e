-- Schedules, the whole contract: what happens at both edges of daylight saving time, to instants that were missed, while
-- the last job still runs, and when the database's clock is set. Every instant that was decided has a row in fire.

alter table tow_store.schedule
	add column lane text,
	add column start_within interval,
	add column dst_gap text not null default 'after' check (dst_gap in ('skip', 'after')),
	add column dst_overlap text not null default 'once' check (dst_overlap in ('once', 'twice')),
	add column missed_within interval,
	add column missed_most int not null default 100,
	add column overlap text not null default 'allow' check (overlap in ('allow', 'skip', 'queue', 'replace')),
	add column jitter interval,
	add column starts_at timestamptz,
	add column ends_at timestamptz,
	add column clock_at timestamptz,
	add column era int not null default 0;
update tow_store.schedule set clock_at = coalesce(last_at, created_at);
alter table tow_store.schedule alter column clock_at set not null;
alter table tow_store.schedule drop constraint schedule_missed_check;
alter table tow_store.schedule add constraint schedule_missed_check check (missed in ('skip', 'last', 'all'));
create index schedule_clock on tow_store.schedule (clock_at) where paused_at is null;
comment on column tow_store.schedule.start_within is 'The jobs'' deadline, counted from their instant.';
comment on column tow_store.schedule.dst_gap is 'Readings that the clock leaves out: skip them, or fire where the gap ends.';
comment on column tow_store.schedule.dst_overlap is 'Readings that the clock shows twice: fire the first time, or both.';
comment on column tow_store.schedule.missed is 'Instants that passed while no scheduler lived, by more than grace: skip them, run the last one, or all, oldest first.';
comment on column tow_store.schedule.missed_within is 'What was missed longer ago than this is skipped whatever missed says.';
comment on column tow_store.schedule.missed_most is 'How many missed instants get a row of their own, and run if missed is all: the latest.';
comment on column tow_store.schedule.overlap is 'When the last job has not finished: allow another beside it, skip the instant, queue behind it, or replace it.';
comment on column tow_store.schedule.jitter is 'Jobs start up to so much after their instant; how much, instant and name decide.';
comment on column tow_store.schedule.starts_at is 'No instant is earlier.';
comment on column tow_store.schedule.ends_at is 'All instants are earlier.';
comment on column tow_store.schedule.next_at is 'The first instant that nobody has decided about; null when there will be none.';
comment on column tow_store.schedule.clock_at is 'What the clock showed when next_at was found.';
comment on column tow_store.schedule.era is 'How often the clock was put back so far that instants come anew.';

alter table tow_store.fire add column era int not null default 0;
alter table tow_store.fire add column reason text;
alter table tow_store.fire drop constraint fire_pkey;
alter table tow_store.fire add primary key (schedule_id, era, at);
alter table tow_store.fire drop constraint fire_how_check;
alter table tow_store.fire add constraint fire_how_check check (how in ('due', 'late', 'missed', 'by hand', 'skipped', 'failed'));
create index fire_job on tow_store.fire (schedule_id, era, at) where job_id is not null;

insert into tow_store.setting values
	('schedule_queue_max', '100', 'how many jobs of a schedule whose overlap is queue may wait; an instant that comes then is skipped');
comment on table tow_store.fire is 'Instants that were decided, fired or not: the primary key makes any number of schedulers harmless.';
comment on column tow_store.fire.reason is 'Why it did not fire, or what its job was made to do about the last one.';
