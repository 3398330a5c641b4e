-- The clock's side. tow.tick says which duties are due and how long to sleep otherwise; the scheduler runs each in
-- a transaction of its own, tow.duty, until it returns 0. Any number of schedulers is harmless: a duty that another
-- one is at is skipped (an advisory lock), and each duty is written so that doing it twice changes nothing.
--
-- p_session: the session is the scheduler's own. If not (a pooler in transaction mode, see tow.attach), no lock and no
-- LISTEN is left in it: such a scheduler polls, and lives while it is seen.
create or replace function tow.attend(
	p_name text, p_host text, p_pid int, p_version text, p_standby boolean, p_session boolean default true, p_clock double precision default null
) returns table(scheduler bigint, bell text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_id bigint;
begin
	insert into tow_store.scheduler (name, host, pid, version, standby, pooled, clock_ahead, attached_at, seen_at)
	values (p_name, p_host, p_pid, p_version, p_standby, not p_session, tow_store.clock_ahead(p_clock), tow.now(), tow.now()) returning id into v_id;
	if p_session then
		perform pg_try_advisory_lock(7630714, v_id::int);
		execute 'listen tow_clock';
	end if;
	return query select v_id, 'tow_clock';
end $$;
comment on function tow.attend(text, text, int, text, boolean, boolean, double precision) is 'A scheduler introduces itself, and listens for the clock''s bell.';

create or replace function tow.leave(p_scheduler bigint) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
	update tow_store.scheduler s set ended_at = tow.now() where s.id = p_scheduler and s.ended_at is null;
end $$;
comment on function tow.leave(bigint) is 'A scheduler ends.';

-- It looks every five seconds at least, and says so. One that has missed three of these hangs, whatever its session holds;
-- while a duty takes that long a stand-by may step in, which does no harm.
create or replace function tow_store.is_heard(s tow_store.scheduler) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	return s.ended_at is null and s.seen_at between tow.now() - interval '15 s' and tow.now() + interval '15 s';
end $$;
comment on function tow_store.is_heard(tow_store.scheduler) is 'Whether a scheduler was heard lately.';

-- A scheduler lives while its session holds its lock, which one behind a pooler has not, and while it is heard. p_own: a
-- stand-by asks only for the real ones.
create or replace function tow_store.clock_is_minded(p_own boolean default false) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	return exists (select from tow_store.scheduler s
		where s.ended_at is null and not (s.standby and p_own) and tow_store.is_heard(s) and tow_store.scheduler_is_held(s.id));
end $$;
comment on function tow_store.clock_is_minded(boolean) is 'Whether a scheduler lives and is heard, a stand-by counting unless p_own.';

-- safe: everything that could have been scheduled without ringing has been seen, see tow.park. apart: the duty calls
-- functions of users, and so must have a session of its own, limited by tow.limit and closed afterwards. watch_ms: it looks
-- after somebody, and has a turn so often even while a scheduler that can be rung sleeps; one that does nothing leaves
-- what is due as it was. p_vain: duties that were due and had a turn that found nothing to do; null: that may be any.
create or replace function tow.tick(p_scheduler bigint, p_ago jsonb, p_dozed text, p_vain text[] default null)
returns table(duty text, wait_ms double precision, safe boolean, apart boolean, watch_ms double precision)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	v_now constant timestamptz := tow.now();
	v_safe constant boolean := p_dozed is not null and pg_snapshot_xmin(pg_current_snapshot()) >= p_dozed::xid8;
	v_due boolean := false;
	t record;
begin
	update tow_store.scheduler s set seen_at = v_now, ended_at = null
	where s.id = p_scheduler and (s.ended_at is not null or s.seen_at > v_now
		or s.seen_at <= v_now - interval '2 s');
	if exists (select from tow_store.scheduler s where s.id = p_scheduler and s.standby) then
		if tow_store.clock_is_minded(true) then
			return query select 'exit', 0::double precision, true, false, null::double precision;
			return;
		end if;
	end if;
	for t in
		select d.name, d.every, a.ms as ago, extract(epoch from d.every) * 1000 - a.ms as left, extract(epoch from d.at - v_now)::double precision * 1000 as ms,
			extract(epoch from d.at - tow.now())::double precision * 1000 as ms_left -- the look has taken its time: he who sleeps counts from the answer
		from tow_store.dues(v_now) d, lateral (select coalesce((p_ago ->> d.name)::double precision, 1e12) as ms) a
	loop
		duty := t.name;
		-- What a turn could not take (somebody's open transaction has it locked) is looked at again 20 ms after that turn: the
		-- scheduler must not spin until the lock is gone. What has come since then waits for nothing, and neither does what
		-- came while a turn was busy with others: by the time alone that looks the same.
		wait_ms := least(coalesce(t.left, 5000), case when t.ms < -t.ago and (p_vain is null or t.name = any(p_vain)) then greatest(20 - t.ago, 0) else t.ms_left end);
		safe := v_safe;
		apart := duty = 'decide';
		if duty in ('promote', 'admit') and coalesce(t.ms > 0, true) then
			perform tow_store.looked_in_vain(duty, v_now);
		end if;
		watch_ms := case when duty = 'rescue' then extract(epoch from t.every) * 1000 end;
		continue when apart and wait_ms <= 0 and v_due; -- it may take its time: only when nothing else is due
		v_due := v_due or (wait_ms <= 0 and watch_ms is null);
		return next;
	end loop;
	return query select null::text, 5000::double precision, v_safe, false, null::double precision;
end $$;
comment on function tow.tick(bigint, jsonb, text, text[]) is 'Which duties are due (wait_ms not above 0), and in how many milliseconds the others will be.';

create or replace function tow.limit(p_ms int) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	select set_config('statement_timeout', greatest(p_ms, 1)::text, false)
$$;
comment on function tow.limit(int) is 'No later statement of this session may take longer.';

-- When each duty has something to do (at; what waits already: long ago), and how often it has a turn in any case (every;
-- null: not before there is something). Promote, admit and wake only keep their watermarks up while they have nothing to do,
-- and what is to come has its turn when it comes.
create or replace function tow_store.dues(p_now timestamptz) returns table(name text, at timestamptz, every interval)
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
	c_waits constant timestamptz := timestamptz '1900-01-01';
begin
	return query
	with w (name, at, rest) as (
		select 'promote', (select s.run_at from tow_store.scheduled s where s.run_at >= tow_store.look_from('tow_store.promoted', 'tow_store.promote_full', p_now) order by s.run_at limit 1),
			interval '1 min'
		union all
		select 'fire', tow_store.next_fire(p_now), interval '0'
		union all
		select 'expire', (select d.at from tow_store.deadline d order by d.at limit 1), interval '0'
		union all
		select 'sample', tow_store.next_sample(), interval '0'
		union all
		select 'admit', case when exists (select from tow_store.band b where b.opening <= 1) or exists (select from tow_store.signal g where g.fresh)
				or tow_store.first_to_admit(tow_store.look_from('tow_store.admitted', 'tow_store.admit_full', p_now)) is not null then c_waits
			else (select w.until from tow_store.waiting w where w.until is not null order by w.until limit 1) end, interval '1 min'
		union all
		select 'daemons', case when tow_store.daemons_are_due(p_now) then c_waits
			else (select min(d.launch_at) from tow_store.daemon d where d.wanted and d.launch_at < 'infinity') end, null
		union all
		select 'decide', case when tow_store.next_to_decide() is not null then c_waits end, null
		union all
		select 'inbox', case when exists (select from tow.inbox) then c_waits end, null
		union all
		select 'wake', (select w.at from tow_store.wake w where w.at > p_now - interval '10 s' order by w.at limit 1),
			case when exists (select from tow_store.wake) then interval '0' else interval '1 min' end
		union all
		select 'sort', null, case when exists (select from tow_store.band b where b.laned) then interval '0' end
		union all
		-- often only while somebody is missed
		select 'rescue', null, case
			when exists (select from tow_store.worker w where w.ended_at is null and w.missing_since is not null or w.leftover) then interval '0'
			when exists (select from tow_store.worker w where w.ended_at is null) then interval '1 s' end
	)
	select d.name, w.at, case when w.name is null or w.at < p_now + d.every then d.every when w.rest is not null then greatest(d.every, w.rest) end
	from tow_store.duty d left join w on w.name = d.name where d.enabled order by d.position;
end $$;
comment on function tow_store.dues(timestamptz) is 'When each duty that is on has something to do, and how often it has a turn in any case.';

-- The scheduler will sleep: whoever needs it before then rings. The answer is for tow.tick(p_dozed).
create or replace function tow.doze(p_scheduler bigint, p_ms double precision) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
	perform set_config('synchronous_commit', 'off', true);
	perform setval('tow_store.clock', greatest((extract(epoch from tow.now()) * 1000000 + p_ms * 1000)::bigint, 0));
	return pg_current_xact_id()::text;
end $$;
comment on function tow.doze(bigint, double precision) is 'Arm the clock''s doorbell.';

-- One bounded turn of a duty; call again until it returns 0. A duty's row is written at most every ten seconds,
-- so that it leaves few dead rows.
create or replace function tow.duty(p_name text) returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_position int;
	v_start constant timestamptz := clock_timestamp();
	v_count int;
begin
	select d.position into v_position from tow_store.duty d where d.name = p_name;
	if not found then
		perform tow_store.fail('TW404', format('no such duty %L', p_name), 'select name from tow.duties lists them');
	elsif not pg_try_advisory_xact_lock(7630715, v_position) then
		return 0;
	end if;
	case p_name -- each branch is prepared only where it is taken
	when 'rescue' then v_count := tow_store.duty_rescue();
	when 'promote' then v_count := tow_store.duty_promote();
	when 'fire' then v_count := tow_store.duty_fire();
	when 'admit' then v_count := tow_store.duty_admit();
	when 'inbox' then v_count := tow_store.duty_inbox();
	when 'decide' then v_count := tow_store.duty_decide();
	when 'partition' then v_count := tow_store.duty_partition();
	when 'prune' then v_count := tow_store.duty_prune();
	when 'tidy' then v_count := tow_store.duty_tidy();
	when 'expire' then v_count := tow_store.duty_expire();
	when 'daemons' then v_count := tow_store.duty_daemons();
	when 'wake' then v_count := tow_store.duty_wake();
	when 'sort' then v_count := tow_store.duty_sort();
	when 'sample' then v_count := tow_store.duty_sample();
	when 'tell' then v_count := tow_store.duty_tell();
	else null;
	end case;
	update tow_store.duty d set last_at = tow.now(), last_count = v_count, last_ms = extract(epoch from clock_timestamp() - v_start) * 1000
	where d.name = p_name and (d.last_at is null or d.last_at < tow.now() - interval '10 s' or d.last_at > tow.now());
	return v_count;
end $$;
comment on function tow.duty(text) is 'One turn of a duty, in a transaction of its own; returns how much it did, 0 when nothing is left.';

-- The scheduler says that a duty failed, so that people can read it.
create or replace function tow.duty_failed(p_name text, p_error text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	update tow_store.duty d set last_error = left(p_error, 1000), error_at = tow.now() where d.name = p_name;
	select tow_store.decide_failed(p_error) where p_name = 'decide';
$$;
comment on function tow.duty_failed(text, text) is 'Remember the error of a duty.';
