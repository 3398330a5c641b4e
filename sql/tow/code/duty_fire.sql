-- What becomes of the instants of schedules. The instant itself is the identity of a firing: (schedule, era, instant) is
-- unique, so two schedulers, or one that comes back, never fire twice. next_at is the first instant nobody has decided
-- about; it is kept, so that a weekly job fires although everything restarts daily.
--
-- Clocks are set, so what tow.now() shows is told apart in classes:
--   forward, at most grace      what was jumped over is late, and fires
--   forward, by more            it was missed, and the schedule's missed says what to do
--   back, at most three hours   next_at is still ahead: nothing fires twice, and nothing at all until the time comes again
--   back, by more               the clock was wrong before: from now on the new time counts, in a new era, in which
--                               instants that fired in the wrong one come anew
-- All functions here expect the schedule's row locked.

-- Fire what is due, one schedule a turn. A schedule whose job cannot be enqueued is noted and goes on with its next
-- instant; one whose cron line cannot be read any more (its zone is gone) is noted and paused, and keeps nobody else waiting.
create or replace function tow_store.duty_fire() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
declare
	s tow_store.schedule;
	v_now constant timestamptz := tow.now();
begin
	select o.* into s from tow_store.schedule o
	where o.paused_at is null and o.clock_at > v_now + interval '3 hours' limit 1 for update skip locked;
	if found then
		perform tow_store.mind_clock(s, v_now);
		return 1;
	end if;
	select o.* into s from tow_store.schedule o
	where o.paused_at is null and o.next_at <= v_now order by o.next_at limit 1 for update skip locked;
	if not found then
		return 0;
	end if;
	perform tow_store.take_due(s, v_now);
	return 1;
end $$;
comment on function tow_store.duty_fire() is 'Duty: enqueue the jobs of schedules whose instant has come.';

-- In the past, rather than now, for what is due already: see tow.tick.
create or replace function tow_store.next_fire(p_now timestamptz) returns timestamptz
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
begin
	if exists (select from tow_store.schedule s where s.paused_at is null and s.clock_at > p_now + interval '3 hours') then
		return p_now - interval '1 day';
	end if;
	return (select s.next_at from tow_store.schedule s where s.paused_at is null and s.next_at is not null order by s.next_at limit 1);
end $$;
comment on function tow_store.next_fire(timestamptz) is 'When the fire duty has something to do; null if never.';

create or replace function tow_store.mind_clock(s tow_store.schedule, p_now timestamptz) returns tow_store.schedule
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_was constant timestamptz := s.clock_at;
begin
	if v_was <= p_now + interval '3 hours' then
		return s;
	end if;
	s.clock_at := p_now;
	begin
		s.next_at := tow_store.next_of(s, p_now);
	exception when others then
		s.next_at := p_now; -- tow_store.take_due says what is wrong with it
	end;
	update tow_store.schedule o set era = o.era + 1, last_at = null, next_at = s.next_at, clock_at = p_now where o.id = s.id returning o.* into s;
	perform tow_store.note('schedule.clock', s.name, null, jsonb_build_object('was', v_was, 'is', p_now, 'next', s.next_at));
	return s;
end $$;
comment on function tow_store.mind_clock(tow_store.schedule, timestamptz) is 'If the clock was put back far since next_at was found: go by the new time.';

create or replace function tow_store.known_until(s tow_store.schedule, p_now timestamptz) returns timestamptz
language sql immutable set search_path = pg_catalog, pg_temp
return case when s.clock_at > p_now and s.clock_at <= p_now + interval '3 hours' then s.clock_at else p_now end;
comment on function tow_store.known_until(tow_store.schedule, timestamptz) is 'After what time a schedule''s instants are new: now, or what the clock had shown before it was put back a little.';

create or replace function tow_store.next_of(s tow_store.schedule, p_after timestamptz) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_at constant timestamptz := tow.cron_next(s.spec, greatest(p_after, s.starts_at - interval '1 microsecond'), s.tz, s.dst_gap, s.dst_overlap);
begin
	return case when v_at >= s.ends_at then null else v_at end;
end $$;
comment on function tow_store.next_of(tow_store.schedule, timestamptz) is 'The first instant of a schedule after another; null if there is none.';

-- One step: the one instant that is due, or, when it was missed, all that were. What comes next is found first, so
-- that a cron line that has become bad leaves nothing half done.
create or replace function tow_store.take_due(s tow_store.schedule, p_now timestamptz) returns tow_store.schedule
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_missed constant boolean := s.next_at < p_now - s.grace;
	v_ats timestamptz[];
	v_next timestamptz;
begin
	begin
		if v_missed then
			v_ats := tow_store.latest_of(s, s.next_at, case s.missed when 'skip' then p_now - s.grace - interval '1 microsecond' else p_now end, s.missed_most);
		end if;
		v_ats := coalesce(nullif(v_ats, '{}'), array[s.next_at]);
		v_next := tow_store.next_of(s, v_ats[cardinality(v_ats)]);
	exception when others then
		if tow_store.may_pass(sqlstate) then
			raise;
		end if;
		perform tow_store.note('schedule.failed', s.name, null, jsonb_build_object('error', sqlerrm));
		update tow_store.schedule o set paused_at = p_now where o.id = s.id returning o.* into s;
		return s;
	end;
	if v_missed then
		perform tow_store.take_missed(s, v_ats, p_now);
	else
		perform tow_store.try_fire(s, s.next_at, p_now);
	end if;
	update tow_store.schedule o set last_at = v_ats[cardinality(v_ats)], next_at = v_next, clock_at = greatest(o.clock_at, p_now)
	where o.id = s.id returning o.* into s;
	return s;
end $$;
comment on function tow_store.take_due(tow_store.schedule, timestamptz) is 'Decide about the instant of a schedule that is due; returns its row as it is then.';

-- Errors that say nothing about the schedule: a deadlock, no memory, no disk, a lock, a shutdown.
create or replace function tow_store.may_pass(p_sqlstate text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
return p_sqlstate ~ '^(40|53|55|57|58)';
comment on function tow_store.may_pass(text) is 'Whether an error may be gone when the duty comes again.';

create or replace function tow_store.take_missed(s tow_store.schedule, p_ats timestamptz[], p_now timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_last constant timestamptz := p_ats[cardinality(p_ats)];
	v_at timestamptz;
begin
	if p_ats[1] > s.next_at then
		perform tow_store.record_fire(s, s.next_at, 'skipped', format('missed, as were all until %s', p_ats[1]));
	end if;
	foreach v_at in array p_ats loop
		if s.missed = 'skip' then
			perform tow_store.record_fire(s, v_at, 'skipped', 'missed');
		elsif v_at < p_now - s.missed_within then
			perform tow_store.record_fire(s, v_at, 'skipped', format('missed by more than %s', s.missed_within));
		elsif s.missed = 'last' and v_at < v_last then
			perform tow_store.record_fire(s, v_at, 'skipped', format('missed, and so was the one at %s', v_last));
		else
			perform tow_store.try_fire(s, v_at, p_now);
		end if;
	end loop;
end $$;
comment on function tow_store.take_missed(tow_store.schedule, timestamptz[], timestamptz) is 'Decide about instants of a schedule that were missed, and those behind them.';

create or replace function tow_store.try_fire(s tow_store.schedule, p_at timestamptz, p_now timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	perform tow_store.fire(s, p_at, case when p_at < p_now - s.grace then 'missed' when p_at < p_now - interval '1 s' then 'late' else 'due' end);
exception when others then
	if tow_store.may_pass(sqlstate) then
		raise;
	end if;
	perform tow_store.record_fire(s, p_at, 'failed', sqlerrm);
	perform tow_store.note('schedule.failed', s.name, null, jsonb_build_object('at', p_at, 'error', sqlerrm));
end $$;
comment on function tow_store.try_fire(tow_store.schedule, timestamptz, timestamptz) is 'Fire one instant of a schedule, or write down why that failed.';

-- Null if somebody has done it, or if it is skipped because the last job goes on, or too many wait behind it. Who may
-- enqueue in the queue was asked when the schedule was set.
create or replace function tow_store.fire(s tow_store.schedule, p_at timestamptz, p_how text) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_others bigint[] := case when s.overlap <> 'allow' then tow_store.unfinished(s) end;
	v_run_at constant timestamptz := case when p_how <> 'by hand' then p_at + tow_store.jitter_of(s.name, p_at, s.jitter) end;
	v_reason text;
	v_job bigint;
begin
	if exists (select from tow_store.fire f where f.schedule_id = s.id and f.era = s.era and f.at = p_at) then
		return null;
	elsif p_at + s.start_within <= tow.now() then
		perform tow_store.record_fire(s, p_at, 'skipped', format('its job was to start within %s', tow_store.span(s.start_within)));
		return null;
	elsif v_others <> '{}' then
		v_reason := format('job %s had not finished', v_others[1]);
		if s.overlap = 'skip' then
			perform tow_store.record_fire(s, p_at, 'skipped', v_reason);
			return null;
		elsif s.overlap = 'queue' and tow_store.queue_is_full(s) then
			perform tow_store.record_fire(s, p_at, 'skipped', v_reason || format(', and %s wait behind it', tow_store.setting('schedule_queue_max')));
			return null;
		elsif s.overlap = 'replace' then
			v_others := tow_store.replace_jobs(v_others, s, p_at);
		end if;
		v_reason := v_reason || case s.overlap when 'replace' then ': cancelled' else ': queued behind it' end;
	end if;
	perform tow_store.act_as(s.queue, null);
	v_job := tow.enqueue(s.kind, s.args, queue => s.queue, priority => s.priority, run_at => v_run_at, max_attempts => s.max_attempts,
		timeout => s.timeout, deadline => p_at + s.start_within, policy => s.policy, tags => s.tags, lane => s.lane,
		after => nullif(v_others, '{}'), if_failed => case when v_others <> '{}' then 'go' else 'cancel' end);
	perform tow_store.act_no_more();
	perform tow_store.record_fire(s, p_at, p_how, v_reason, v_job);
	return v_job;
end $$;
comment on function tow_store.fire(tow_store.schedule, timestamptz, text) is 'Enqueue the job of one instant of a schedule, once; returns its id.';

create or replace function tow_store.record_fire(s tow_store.schedule, p_at timestamptz, p_how text, p_reason text, p_job bigint default null) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	insert into tow_store.fire (schedule_id, era, at, fired_at, how, reason, job_id)
	values (s.id, s.era, p_at, tow.now(), p_how, left(p_reason, 1000), p_job) on conflict do nothing
$$;
comment on function tow_store.record_fire(tow_store.schedule, timestamptz, text, text, bigint) is 'Write down what became of an instant.';

-- The latest first. Of jobs that wait only the latest counts when queueing: it waits for the others itself.
create or replace function tow_store.unfinished(s tow_store.schedule) returns bigint[]
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
begin
	return array(
		select l.job_id
		from (
			select f.job_id, t.state, row_number() over (order by f.era desc, f.at desc) as n
			from (
				select o.job_id, o.era, o.at from tow_store.fire o
				where o.schedule_id = s.id and o.job_id is not null order by o.era desc, o.at desc limit 20
			) f, lateral (select tow.state(f.job_id) as state offset 0) t
			where t.state in ('scheduled', 'retrying', 'ready', 'waiting', 'running')
		) l
		where s.overlap <> 'queue' or l.n = 1 or l.state <> 'waiting'
		order by l.n);
end $$;
comment on function tow_store.unfinished(tow_store.schedule) is 'Jobs of a schedule that have not finished, of its latest twenty.';

-- They end in order, so a full queue is the latest ones that were fired.
create or replace function tow_store.queue_is_full(s tow_store.schedule) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
declare
	c_most constant int := tow_store.setting('schedule_queue_max')::int;
begin
	return c_most <= (
		select count(*) from (
			select o.job_id from tow_store.fire o
			where o.schedule_id = s.id and o.job_id is not null order by o.era desc, o.at desc limit c_most + 20
		) f where tow.state(f.job_id) in ('scheduled', 'ready', 'waiting'));
end $$;
comment on function tow_store.queue_is_full(tow_store.schedule) is 'Whether as many jobs of a schedule wait as the setting schedule_queue_max lets.';

-- Returns those that run: their workers have to end them first. One that somebody's open transaction holds is among them:
-- the duty waits for nobody, its successor may.
create or replace function tow_store.replace_jobs(p_jobs bigint[], s tow_store.schedule, p_at timestamptz) returns bigint[]
language plpgsql volatile set search_path = pg_catalog, pg_temp set lock_timeout = '50ms'
as $$
declare
	v_job bigint;
	v_still bigint[] := array[]::bigint[];
begin
	foreach v_job in array p_jobs loop
		begin
			if tow.cancel(v_job, format('replaced by the instant %s of schedule %s', p_at, s.name)) = 'cancelling' then
				v_still := v_still || v_job;
			end if;
		exception
			when sqlstate 'TW409' or sqlstate 'TW404' then
				null; -- it has finished meanwhile
			when lock_not_available then
				v_still := v_still || v_job;
		end;
	end loop;
	return v_still;
end $$;
comment on function tow_store.replace_jobs(bigint[], tow_store.schedule, timestamptz) is 'Cancel jobs of a schedule for the sake of its next.';

-- The same on every host and for ever: from 0 to less than p_jitter.
create or replace function tow_store.jitter_of(p_name text, p_at timestamptz, p_jitter interval) returns interval
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select coalesce(p_jitter * (('x' || left(md5(p_name || '/' || extract(epoch from p_at)), 12))::bit(48)::bigint / 281474976710656.0), '0')
$$;
comment on function tow_store.jitter_of(text, timestamptz, interval) is 'How much later than its instant a job of a schedule starts.';

-- How dense instants lie is not known, so a start is looked for that gives at least p_most and not many more: ever
-- farther back while there are too few, half way between when there were too many.
create or replace function tow_store.latest_of(s tow_store.schedule, p_from timestamptz, p_to timestamptz, p_most int) returns timestamptz[]
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_start timestamptz := greatest(p_from, p_to - interval '1 minute');
	v_few timestamptz := p_to;
	v_many timestamptz;
	v_at timestamptz;
	v_ats timestamptz[];
begin
	loop
		v_ats := '{}';
		v_at := tow_store.next_of(s, v_start - interval '1 microsecond');
		while v_at <= p_to and cardinality(v_ats) <= 4 * p_most loop
			v_ats := v_ats || v_at;
			v_at := tow_store.next_of(s, v_at);
		end loop;
		if v_at <= p_to then
			v_many := v_start;
		else
			exit when cardinality(v_ats) >= p_most or v_start = p_from;
			v_few := v_start;
		end if;
		v_start := case when v_many is null then greatest(p_from, p_to - (p_to - v_start) * 4) else v_many + (v_few - v_many) / 2 end;
	end loop;
	return v_ats[greatest(cardinality(v_ats) - p_most + 1, 1):];
end $$;
comment on function tow_store.latest_of(tow_store.schedule, timestamptz, timestamptz, int) is 'The instants of a schedule within a stretch of time, the latest of them if there are more than p_most; oldest first.';
