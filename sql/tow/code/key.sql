-- Unique keys. Holding one is inserting its row: the primary key makes two producers wait for each other, and
-- nobody else. Lock order: the key, then the other job's place. Whoever ends a job has its place and then frees its
-- key, but never waits for it: a key row that somebody has locked is left behind, stale, and whoever wants it next
-- takes it over.

-- What is said of keys must make sense even where no key is given.
create or replace function tow_store.check_key(p_key text, p_on_conflict text, p_scope text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_key = '' or length(p_key) > 500 then
		perform tow_store.fail('TW422', 'a key is empty or longer than 500 characters', 'use a short text, or a hash of a long one');
	elsif p_scope is null or p_scope not in ('queued', 'live', 'done') then
		perform tow_store.fail('TW422', format('bad key_scope %L', p_scope), 'use queued, live or done');
	elsif p_on_conflict is null or p_on_conflict not in ('ignore', 'replace', 'reschedule', 'error') then
		perform tow_store.fail('TW422', format('bad on_conflict %L', p_on_conflict), 'use ignore, replace, reschedule or error');
	end if;
end $$;
comment on function tow_store.check_key(text, text, text) is 'Refuse a bad key, on_conflict or key_scope with a clear error.';

-- Take the key for a new job (null), or say which job has it and shall stay (its id). Raises TW409 where that shall be an error,
-- and, with nothing about the job, where it is of a queue that is not there for whoever asks.
create or replace function tow_store.hold_key(p_id bigint, p_key text, p_on_conflict text, p_scope text, p_run_at timestamptz) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_other bigint;
	v_scope "char";
begin
	perform tow_store.check_key(p_key, p_on_conflict, p_scope);
	if p_key ^@ 'daemon:' and not tow_store.is_launching(p_key) then
		perform tow_store.fail('TW422', format('the key %L is a daemon''s', p_key),
			'begin keys with something else; tow.start_daemon makes the jobs of daemons');
	end if;
	loop
		insert into tow_store.key (key, job_id, scope) values (p_key, p_id, left(p_scope, 1)::"char") on conflict (key) do nothing;
		if found then
			return null;
		end if;
		-- who only asks locks nothing: a worker that ends the other job must not wait for this transaction
		if p_on_conflict in ('ignore', 'error') then
			select k.job_id, k.scope into v_other, v_scope from tow_store.key k where k.key = p_key;
		else
			select k.job_id, k.scope into v_other, v_scope from tow_store.key k where k.key = p_key for update;
		end if;
		continue when not found;
		exit when not tow_store.key_is_stale(v_other, v_scope);
		update tow_store.key k set job_id = p_id, scope = left(p_scope, 1)::"char" where k.key = p_key and k.job_id = v_other;
		if found then
			return null;
		end if;
	end loop;
	if exists (select from tow_store.job j where j.id = v_other and tow_store.is_barred(j.queue)) then
		perform tow_store.fail('TW409', format('the key %L is taken', p_key),
			'keys are one namespace for all queues: begin yours with what is your own, as in shop:order:7');
	elsif p_on_conflict = 'ignore' then
		return v_other;
	elsif p_on_conflict = 'error' then
		perform tow_store.fail('TW409', format('job %s has the key %L', v_other, p_key),
			'use on_conflict => ''ignore'', ''replace'' or ''reschedule'', or wait until it has finished');
	end if;
	perform tow_store.check_producer(j.queue) from tow_store.job j where j.id = v_other; -- it may be of a queue that is restricted
	if p_on_conflict = 'replace' then
		perform tow_store.end_unstarted(v_other, 'replaced by a job with the same key');
	elsif tow_store.move_unstarted(v_other, coalesce(p_run_at, tow.now())) then
		return v_other;
	end if;
	-- the other one has ended now, or has started: then it goes on without the key
	update tow_store.key k set job_id = p_id, scope = left(p_scope, 1)::"char" where k.key = p_key;
	return null;
end $$;
comment on function tow_store.hold_key(bigint, text, text, text, timestamptz) is 'Take a unique key, or deal with the job that has it.';

create or replace function tow_store.key_is_stale(p_job bigint, p_scope "char") returns boolean
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select case p_scope when 'd' then false else coalesce(s.state = any(case p_scope
		when 'l' then '{completed,failed,cancelled}' else '{completed,failed,cancelled,running}' end::text[]), false) end
	from tow.state(p_job) s(state)
$$;
comment on function tow_store.key_is_stale(bigint, "char") is 'Whether a key''s job has left the states in which it holds it.';

-- Whom tow_store.revive would refuse for its key, and no lock taken: what is passed over must cost little.
create or replace function tow_store.key_is_taken(p_id bigint, p_key text) returns boolean
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select exists (select from tow_store.key k where k.key = p_key and k.job_id <> p_id and not tow_store.key_is_stale(k.job_id, k.scope))
$$;
comment on function tow_store.key_is_taken(bigint, text) is 'Whether another job than this one has the key.';

-- Take a job that has not started out of where it waits. Waits for whoever moves it this moment, then looks again at
-- where it went: a claim that commits has started it, a promotion has made it ready.
create or replace function tow_store.take_unstarted(
	p_id bigint, out place text, out band int, out attempt int, out flags int, out run_at timestamptz
)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	for i in 1 .. 10 loop
		delete from tow_store.ready r where r.ctid = tow_store.ready_ctid(p_id) and r.id = p_id
		returning 'ready', r.band, r.attempt, r.flags into place, band, attempt, flags;
		exit when found;
		delete from tow_store.scheduled s where s.id = p_id
		returning case when s.reason = 'r' then 'retrying' else 'scheduled' end, s.band, s.attempt, s.flags, s.run_at
		into place, band, attempt, flags, run_at;
		exit when found;
		delete from tow_store.waiting w where w.id = p_id
		returning 'waiting', w.band, w.attempt, case when w.reason = 'admission' then w.flags & ~32 else w.flags end into place, band, attempt, flags;
		exit when found;
		delete from tow_store.lined l where l.id = p_id returning 'waiting', l.band, l.attempt, l.flags into place, band, attempt, flags;
		exit when found or tow.state(p_id) not in ('ready', 'scheduled', 'retrying', 'waiting');
	end loop;
end $$;
comment on function tow_store.take_unstarted(bigint) is 'Take a job that has not started out of where it waits; place is null if there is none.';

create or replace function tow_store.end_unstarted(p_id bigint, p_reason text) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	t record;
begin
	t := tow_store.take_unstarted(p_id);
	if t.place is null then
		return false;
	end if;
	insert into tow_store.history (job_id, run, finished_at, band, attempt, outcome, class, error)
	values (p_id, nextval('tow_store.run'), tow.now(), t.band, t.attempt, 'x', 'cancelled', p_reason);
	perform tow_store.drop_needs(p_id);
	perform tow_store.tell_successors(array[p_id]);
	perform tow_store.daemon_heard(array[p_id]);
	return true;
end $$;
comment on function tow_store.end_unstarted(bigint, text) is 'Cancel a job unless it has started.';

create or replace function tow_store.move_unstarted(p_id bigint, p_run_at timestamptz) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	t record;
begin
	-- one that waits for more than an instant goes on waiting for it
	update tow_store.waiting w set detail = coalesce(w.detail, '{}') || jsonb_build_object('run_at', p_run_at)
	where w.id = p_id and w.reason not in ('admission', 'policy');
	if found then
		return true;
	end if;
	t := tow_store.take_unstarted(p_id);
	if t.place is null then
		return false;
	end if;
	perform tow_store.put_back(p_id, t.band, t.attempt, t.flags, p_run_at, case when t.attempt > 0 then 'r' else 's' end::"char");
	return true;
end $$;
comment on function tow_store.move_unstarted(bigint, timestamptz) is 'Move a job to another instant unless it has started.';

-- Let a job wait for its turn again: ready at a fresh position, or scheduled. The one way back in.
create or replace function tow_store.put_back(p_id bigint, p_band int, p_attempt int, p_flags int, p_run_at timestamptz, p_reason "char") returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	p_flags := p_flags & ~4; -- whatever its run held is let go
	if p_run_at > tow.now() then
		insert into tow_store.scheduled (run_at, id, band, attempt, flags, reason) values (p_run_at, p_id, p_band, p_attempt, p_flags, p_reason);
		perform tow_store.ring_clock(p_run_at);
	elsif p_band is null then
		perform pg_current_xact_id(); -- before the instant: see tow_store.scan_from
		insert into tow_store.waiting (id, reason, since, attempt, flags) values (p_id, 'admission', tow.now(), p_attempt, p_flags);
		perform tow_store.ring_clock('-infinity');
	else
		perform pg_current_xact_id();
		insert into tow_store.ready (band, pos, id, attempt, flags) values (p_band, nextval('tow_store.job_id'), p_id, p_attempt, p_flags);
		perform tow_store.ring_band(p_band);
	end if;
end $$;
comment on function tow_store.put_back(bigint, int, int, int, timestamptz, "char") is 'Put a job into ready or scheduled.';

-- A key that somebody has locked (to replace the job, to reschedule it) is left to them, see tow_store.hold_key.
create or replace function tow_store.job_ended(p_ids bigint[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
begin
	delete from tow_store.key where ctid = any(array(
		select k.ctid from tow_store.key k where k.job_id = any(p_ids) and k.scope <> 'd' for update skip locked));
	perform tow_store.tell_successors(p_ids);
	perform tow_store.daemon_heard(p_ids);
end $$;
comment on function tow_store.job_ended(bigint[]) is 'What is to be done when jobs have finished that have a key (flag 1 or 2) or that others wait for (8).';

create or replace function tow_store.tell_successors(p_ids bigint[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
begin
	insert into tow_store.released (at, job_id)
	select tow.now(), u.id from unnest(p_ids) u(id), lateral (select from tow_store.need n where n.on_id = u.id limit 1) n; -- probe by probe
	if found then
		perform tow_store.ring_clock('-infinity');
	end if;
end $$;
comment on function tow_store.tell_successors(bigint[]) is 'Leave word to the admit duty that jobs have ended which others wait for.';
