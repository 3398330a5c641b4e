-- Schedules: rows with a cron line each (see tow.cron_next), a time zone each. The instant itself is the identity of
-- a firing: (schedule, instant) is unique, so two schedulers, or one that comes back, never fire twice.
create or replace function tow.schedule(
	name text, spec text, kind text, args jsonb default '{}', queue text default 'default', priority int default 100,
	tz text default 'UTC', max_attempts int default null, timeout interval default null, policy text default null,
	tags text[] default null, missed text default 'last', grace interval default '1 minute', description text default null
) returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_next timestamptz;
begin
	perform tow_store.check_job(kind, args, queue, priority, max_attempts, timeout, policy, tags, null);
	if name is null or name !~ '^[^\s/][^/]{0,99}$' then
		perform tow_store.fail('TW422', format('bad schedule name %L', name), 'use 1 to 100 characters, no slash, no space first');
	elsif missed is null or missed not in ('skip', 'last') then
		perform tow_store.fail('TW422', format('bad missed %L', missed), 'use skip or last');
	elsif grace is null or grace < '0' then
		perform tow_store.fail('TW422', 'bad grace', 'use an interval, for instance 1 minute');
	end if;
	v_next := tow.cron_next(spec, tow.now(), tz);
	if v_next is null then
		perform tow_store.fail('TW422', format('%L never happens', spec), 'look at the day and the month');
	end if;
	insert into tow_store.schedule as s (name, spec, tz, kind, args, queue, priority, max_attempts, timeout, policy, tags, missed, grace, next_at, description, created_at)
	values (name, spec, tz, kind, args, queue, priority, max_attempts, timeout, policy, tags, missed, grace, v_next, description, tow.now())
	on conflict on constraint schedule_name_key do update set spec = excluded.spec, tz = excluded.tz, kind = excluded.kind, args = excluded.args,
		queue = excluded.queue, priority = excluded.priority, max_attempts = excluded.max_attempts, timeout = excluded.timeout,
		policy = excluded.policy, tags = excluded.tags, missed = excluded.missed, grace = excluded.grace,
		next_at = excluded.next_at, description = excluded.description;
	perform tow_store.ring_clock(v_next);
	perform tow_store.note('schedule.set', name, null, jsonb_build_object('spec', spec, 'tz', tz, 'kind', kind));
	return v_next;
end $$;
comment on function tow.schedule(text, text, text, jsonb, text, int, text, int, interval, text, text[], text, interval, text) is
'Enqueue a job at each instant of a cron line, in a time zone; the same name changes it. missed: what to do about instants that passed by more than grace while no scheduler lived, skip or last. Returns the next instant.';

create or replace function tow_store.see_schedule(p_name text) returns tow_store.schedule
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	s tow_store.schedule;
begin
	select o.* into s from tow_store.schedule o where o.name = p_name for update;
	if not found then
		perform tow_store.fail('TW404', format('no such schedule %L', p_name), 'select name from tow.schedules lists them');
	end if;
	return s;
end $$;
comment on function tow_store.see_schedule(text) is 'A schedule, locked; raises TW404.';

create or replace function tow.unschedule(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	perform tow_store.see_schedule(name);
	delete from tow_store.schedule s where s.name = name;
	perform tow_store.note('schedule.dropped', name);
end $$;
comment on function tow.unschedule(text) is 'Remove a schedule; jobs that it enqueued stay.';

create or replace function tow.pause_schedule(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	perform tow_store.see_schedule(name);
	update tow_store.schedule s set paused_at = coalesce(s.paused_at, tow.now()) where s.name = name;
	perform tow_store.note('schedule.paused', name);
end $$;
comment on function tow.pause_schedule(text) is 'Fire no more until tow.resume_schedule; instants that pass meanwhile are not missed but skipped.';

create or replace function tow.resume_schedule(name text) returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	s constant tow_store.schedule := tow_store.see_schedule(name);
	v_next constant timestamptz := tow.cron_next(s.spec, tow.now(), s.tz);
begin
	update tow_store.schedule o set paused_at = null, next_at = v_next where o.id = s.id;
	perform tow_store.ring_clock(v_next);
	perform tow_store.note('schedule.resumed', name);
	return v_next;
end $$;
comment on function tow.resume_schedule(text) is 'Fire again from now on; returns the next instant.';

create or replace function tow.run_schedule(name text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	s constant tow_store.schedule := tow_store.see_schedule(name);
	v_job bigint;
begin
	v_job := tow_store.fire(s, tow.now(), 'by hand');
	perform tow_store.note('schedule.run', name, v_job);
	return v_job;
end $$;
comment on function tow.run_schedule(text) is 'Enqueue a schedule''s job now, beside its instants; returns the job''s id.';

create or replace function tow.next_runs(schedule text, n int default 5, tz text default null) returns table(run_at timestamptz)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_spec text := schedule;
	v_tz text := coalesce(tz, 'UTC');
	v_at timestamptz := tow.now();
begin
	if n is null or n not between 1 and 1000 then
		perform tow_store.fail('TW422', 'bad n', 'use 1 to 1000');
	end if;
	select s.spec, coalesce(tz, s.tz) into v_spec, v_tz from tow_store.schedule s where s.name = schedule;
	if not found then
		if schedule !~ '[*@\s]' then
			perform tow_store.fail('TW404', format('no such schedule %L', schedule), 'give the name of a schedule, or a cron line such as ''0 3 * * *''');
		end if;
		v_spec := schedule;
		v_tz := coalesce(tz, 'UTC');
	end if;
	for i in 1 .. n loop
		v_at := tow.cron_next(v_spec, v_at, v_tz);
		exit when v_at is null;
		run_at := v_at;
		return next;
	end loop;
end $$;
comment on function tow.next_runs(text, int, text) is 'The next instants of a schedule, or of a cron line.';

-- Enqueue the job of one instant; null if somebody has done it.
create or replace function tow_store.fire(s tow_store.schedule, p_at timestamptz, p_how text) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_job bigint;
begin
	insert into tow_store.fire (schedule_id, at, fired_at, how) values (s.id, p_at, tow.now(), p_how) on conflict do nothing;
	if found then
		v_job := tow.enqueue(s.kind, s.args, queue => s.queue, priority => s.priority, max_attempts => s.max_attempts,
			timeout => s.timeout, policy => s.policy, tags => s.tags);
		update tow_store.fire f set job_id = v_job where f.schedule_id = s.id and f.at = p_at;
	end if;
	return v_job;
end $$;
comment on function tow_store.fire(tow_store.schedule, timestamptz, text) is 'Enqueue the job of one instant of a schedule, once.';

-- Fire what is due, one schedule a turn. What passed by more than grace was missed: skipped, or its last instant is
-- fired now. A schedule whose job cannot be enqueued is noted and goes on with its next instant; one whose cron line
-- cannot be read any more (its zone is gone) is noted and paused, and keeps nobody else waiting.
create or replace function tow_store.duty_fire() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	s tow_store.schedule;
	v_now constant timestamptz := tow.now();
	v_at timestamptz;
	v_next timestamptz;
begin
	select o.* into s from tow_store.schedule o
	where o.paused_at is null and o.next_at <= v_now order by o.next_at limit 1 for update skip locked;
	if not found then
		return 0;
	end if;
	begin
		v_at := s.next_at;
		if v_at < v_now - s.grace then
			v_at := coalesce(tow_store.last_before(s, v_now), v_at);
		end if;
		v_next := tow.cron_next(s.spec, greatest(v_at, v_now - s.grace), s.tz);
	exception when others then
		perform tow_store.note('schedule.failed', s.name, null, jsonb_build_object('error', sqlerrm));
		update tow_store.schedule o set paused_at = v_now where o.id = s.id;
		return 1;
	end;
	begin
		if v_at >= v_now - s.grace then
			perform tow_store.fire(s, v_at, case when v_at < v_now - interval '1 s' then 'late' else 'due' end);
		elsif s.missed = 'last' then
			perform tow_store.fire(s, v_at, 'missed');
		end if;
	exception when others then
		perform tow_store.note('schedule.failed', s.name, null, jsonb_build_object('at', v_at, 'error', sqlerrm));
	end;
	update tow_store.schedule o set last_at = v_at, next_at = v_next where o.id = s.id;
	return 1;
end $$;
comment on function tow_store.duty_fire() is 'Duty: enqueue the jobs of schedules whose instant has come.';

-- The last instant of a schedule at or before p_now, looked for in windows that grow backwards.
create or replace function tow_store.last_before(s tow_store.schedule, p_now timestamptz) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_window interval;
	v_last timestamptz;
	v_next timestamptz;
begin
	foreach v_window in array array['2 minutes', '1 hour', '1 day', '8 days', '1 month', '1 year', '12 years']::interval[] loop
		v_next := tow.cron_next(s.spec, greatest(p_now - v_window, s.next_at - interval '1 s'), s.tz);
		while v_next <= p_now loop
			v_last := v_next;
			v_next := tow.cron_next(s.spec, v_last, s.tz);
		end loop;
		exit when v_last is not null;
	end loop;
	return v_last;
end $$;
comment on function tow_store.last_before(tow_store.schedule, timestamptz) is 'The last instant of a schedule that has passed.';
