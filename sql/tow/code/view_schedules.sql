create or replace view tow.schedules as
select s.name, s.spec, s.tz, s.kind,
	tow_store.shown(s.args, tow_store.in_sight(s.queue, (select tow_store.sight()))) as args,
	s.queue, s.lane, s.priority, case when s.paused_at is not null then 'paused' when s.next_at is null then 'ended' else 'active' end as state,
	case when s.paused_at is null then s.next_at end as next_at, s.last_at, f.job_id as last_job, f.how as last_how, f.reason as last_reason, tow.state(f.job_id) as last_state,
	s.overlap, s.missed, s.missed_within, s.missed_most, s.grace, s.jitter, s.starts_at, s.ends_at, s.dst_gap, s.dst_overlap,
	s.start_within, s.max_attempts, s.timeout, s.policy, s.tags, s.paused_at, s.description,
	case when s.paused_at is null then tow_store.local_time(s.next_at, s.tz) end as next_local
from tow_store.schedule s
	left join lateral (select * from tow_store.fire o where o.schedule_id = s.id order by o.era desc, o.at desc limit 1) f on true
order by s.name;
comment on view tow.schedules is 'Schedules, with their settings, their next instant and what became of the last.';
comment on column tow.schedules.next_local is 'next_at as the clocks of the schedule''s zone show it.';

create or replace view tow.fires as
select s.name as schedule, f.at, f.fired_at, f.how, f.reason, f.job_id as job from tow_store.fire f join tow_store.schedule s on s.id = f.schedule_id;
comment on view tow.fires is
'What became of the instants of schedules: due, late, missed (fired all the same), by hand, skipped or failed, with the job or the reason. fired_at: when that was decided. Kept as long as the audit, the last of each schedule always.';

create or replace function tow.show_schedule(name text) returns setof tow.schedules
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	return query select v.* from tow.schedules v where v.name = name;
	if not found then
		perform tow_store.fail('TW404', format('no such schedule %L', left(name, 110)), 'select name from tow.schedules lists them');
	end if;
end $$;
comment on function tow.show_schedule(text) is 'One row of tow.schedules; raises TW404.';

create or replace function tow.schedule_history(schedule text, n int default 20)
returns table(at timestamptz, how text, job bigint, state text, reason text, fired_at timestamptz, local text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
#variable_conflict use_variable
declare
	v_id int;
	v_tz text;
begin
	if n is null or n not between 1 and 10000 then
		perform tow_store.fail('TW422', 'bad n', 'use 1 to 10000');
	end if;
	select s.id, s.tz into v_id, v_tz from tow_store.schedule s where s.name = schedule;
	if not found then
		perform tow_store.fail('TW404', format('no such schedule %L', left(schedule, 110)), 'select name from tow.schedules lists them');
	end if;
	return query
		select f.at, f.how, f.job_id, tow.state(f.job_id), f.reason, f.fired_at, tow_store.local_time(f.at, v_tz)
		from tow_store.fire f where f.schedule_id = v_id order by f.era desc, f.at desc limit n;
end $$;
comment on function tow.schedule_history(text, int) is 'What became of the latest instants of a schedule, the latest first: due, late, missed, by hand, skipped or failed, with the job and its state, or the reason. local: at, as the clocks of its zone show it.';
