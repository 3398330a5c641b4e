-- Find dead workers and put back what they held. Dead is: the session lock is free although the server has not
-- restarted since the worker attached, and has been seen so for a second and a half; or the beats have not moved
-- for a whole lease, counted from when this function saw them first. Between two turns no more than a second counts:
-- a clock that steps, or a server that stood still, kills nobody. A restart or a promotion frees every lock and may
-- have taken long: a full lease is counted from this server's first look.
-- One worker a turn, so that registers of queues are never locked for two. Locks the rows of workers of whom there is
-- something to note, skipping those that attach this moment: a turn that finds everybody well writes nothing.
create or replace function tow_store.duty_rescue() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	w tow_store.worker;
	v_now constant timestamptz := clock_timestamp();
	v_noted int := 0;
begin
	perform tow_store.rescue_clock(v_now);
	for w in
		select * from tow_store.worker l
		where l.ended_at is null and (l.server_start <> pg_postmaster_start_time() or l.missing_since is not null or l.watched_at is null
			or l.beats is distinct from l.watched_beats and l.watched_at < v_now - interval '1 s' or l.watched_at > v_now
			or l.watched_at < v_now - l.lease - interval '1 s' or l.held and not tow_store.lock_is_held(l.id))
		order by l.id for update skip locked
	loop
		if w.server_start <> pg_postmaster_start_time() and (w.missing_since is null or w.watched_at < pg_postmaster_start_time()) then
			update tow_store.worker l set watched_beats = w.beats, watched_at = v_now, missing_since = v_now where l.id = w.id;
			continue;
		elsif w.beats is distinct from w.watched_beats or w.watched_at > v_now then
			update tow_store.worker l set watched_beats = w.beats, watched_at = v_now
			where l.id = w.id and (l.watched_at is null or l.watched_at < v_now - interval '1 s' or l.watched_at > v_now);
		elsif w.watched_at < v_now - w.lease - interval '1 s' then
			return tow_store.give_up(w.id, 'dead') + 1;
		end if;
		continue when w.server_start <> pg_postmaster_start_time();
		if not w.held or tow_store.lock_is_held(w.id) then
			if w.missing_since is not null then
				update tow_store.worker l set missing_since = null where l.id = w.id;
			end if;
		elsif w.missing_since is null or w.missing_since > v_now then
			update tow_store.worker l set missing_since = v_now where l.id = w.id;
			v_noted := 1; -- and is looked after more often
		elsif w.missing_since < v_now - interval '1.5 s' then
			return tow_store.give_up(w.id, 'dead') + 1;
		end if;
	end loop;
	return v_noted + coalesce((select sum(tow_store.lose_runs(l.id)) from tow_store.worker l where l.leftover), 0);
end $$;
comment on function tow_store.duty_rescue() is 'Duty: end dead workers and put back their jobs.';

-- What did not pass between two turns, though the clock says so, is added to the instants that are counted from.
create or replace function tow_store.rescue_clock(p_now timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_us constant bigint := (extract(epoch from p_now) * 1000000)::bigint;
	v_gap constant interval := (v_us - coalesce(pg_sequence_last_value('tow_store.rescue'::regclass), 0)) * interval '1 us';
	v_unreal constant interval := case when v_gap > '2 s' then v_gap - interval '1 s' when v_gap < '0' then v_gap else '0' end;
begin
	if v_unreal <> '0' then
		update tow_store.worker w set watched_at = w.watched_at + v_unreal, missing_since = w.missing_since + v_unreal
		where w.ended_at is null;
	end if;
	perform set_config('synchronous_commit', 'off', true);
	perform setval('tow_store.rescue', v_us);
end $$;
comment on function tow_store.rescue_clock(timestamptz) is 'Let no more than a second count between two turns of the rescue duty.';

create or replace function tow_store.lock_is_held(p_worker bigint, p_pid int default null) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if p_pid is null and tow_store.is_locked_by_others(7630711, p_worker::int) then
		return true;
	end if;
	return exists (select from pg_locks l where l.locktype = 'advisory' and l.classid = 7630711 and l.objid = p_worker and l.objsubid = 2 and l.granted
		and (p_pid is null or l.pid = p_pid)
		and l.database = (select d.oid from pg_database d where d.datname = current_database()));
end $$;
comment on function tow_store.lock_is_held(bigint, int) is 'Whether a worker''s session, or just this one, holds its lock.';

-- Who must only know that somebody else has it tries, and lets go at once: to list all locks of the server costs more
-- than the rest of an idle system's look around. False says nothing: it may be free, or the caller's own.
create or replace function tow_store.is_locked_by_others(p_what int, p_who int) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	return not pg_try_advisory_lock_shared(p_what, p_who) or not pg_advisory_unlock_shared(p_what, p_who);
end $$;
comment on function tow_store.is_locked_by_others(int, int) is 'Whether another session holds an advisory lock exclusively.';
