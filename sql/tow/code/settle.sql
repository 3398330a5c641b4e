-- What happens to a job when a run ends otherwise than by plain completion. One outcome is
-- {"job", "run", "as", "ago_us", "took_us", "class", "error", "detail", "result", "delay_s", "final"}; one that waits
-- has "for", "name", "timeout_s", "on_timeout"; completed, waits and snoozed may have "spawn", see tow_store.spawn.
-- Returns the runs that were not the worker's any more: nothing was changed for them.
create or replace function tow_store.settle(p_worker bigint, p_now timestamptz, p_outcomes jsonb) returns bigint[]
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	o jsonb;
	r tow_store.running;
	v_late bigint[] := array[]::bigint[];
begin
	for o in select value from jsonb_array_elements(tow_store.complete_with(p_worker, p_now, p_outcomes)) loop
		delete from tow_store.running d where d.job_id = (o ->> 'job')::bigint and d.run = (o ->> 'run')::bigint returning d.* into r;
		if not found then
			if not exists (select from tow_store.history h where h.job_id = (o ->> 'job')::bigint and h.run = (o ->> 'run')::bigint
				and h.worker = p_worker and h.outcome <> 'l') then
				v_late := v_late || (o ->> 'run')::bigint;
			end if;
			continue;
		end if;
		perform tow_store.settle_one(r, p_now, o);
	end loop;
	return v_late;
end $$;
comment on function tow_store.settle(bigint, timestamptz, jsonb) is 'Apply outcomes other than plain completions; returns the runs that came late.';

-- Completions with a result are many, like plain ones: one statement for all of them. Returns the other outcomes.
create or replace function tow_store.complete_with(p_worker bigint, p_now timestamptz, p_outcomes jsonb) returns jsonb
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	v_noted bigint[];
	v_others jsonb;
begin
	with u as materialized (
		select (e ->> 'job')::bigint as job, (e ->> 'run')::bigint as run, (e ->> 'ago_us')::bigint as ago, (e ->> 'took_us')::bigint as took, e -> 'result' as result,
			e ->> 'class' as class, e ->> 'error' as error, e ->> 'detail' as detail
		from jsonb_array_elements(p_outcomes) e where e ->> 'as' = 'completed' and not e ? 'spawn'
	), d as (
		delete from tow_store.running r using u where r.job_id = u.job and r.run = u.run
		returning r.job_id, r.run, r.band, r.attempt, r.flags, u.ago, u.took, u.result, u.class, u.error, u.detail
	), h as (
		insert into tow_store.history (job_id, run, finished_at, started_at, worker, band, attempt, outcome, result, class, error, detail)
		select d.job_id, d.run, p_now - coalesce(d.ago - d.took, 0) * interval '1 us', p_now - d.ago * interval '1 us', p_worker, d.band, d.attempt, 'c', d.result,
			d.class, d.error, d.detail from d
	), c as (
		delete from tow_store.cancelling c using d where c.job_id = d.job_id and c.run = d.run
	)
	select (select array_agg(d.job_id) from d where d.flags & 11 <> 0),
		(select jsonb_agg(e) from jsonb_array_elements(p_outcomes) e where (e ->> 'run')::bigint not in (select d.run from d))
	into v_noted, v_others;
	if v_noted <> '{}' then
		perform tow_store.job_ended(v_noted);
	end if;
	return coalesce(v_others, '[]');
end $$;
comment on function tow_store.complete_with(bigint, timestamptz, jsonb) is 'Move completed runs with their results to history; returns what other outcomes there are.';

create or replace function tow_store.settle_one(r tow_store.running, p_now timestamptz, o jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_delay constant interval := make_interval(secs => (o ->> 'delay_s')::double precision);
	c tow_store.cancelling;
begin
	delete from tow_store.cancelling d where d.job_id = r.job_id and d.run = r.run returning d.* into c;
	if found and o ->> 'as' <> 'completed' then
		o := o || jsonb_build_object('as', 'cancelled', 'class', 'cancelled', 'error', coalesce(c.reason, format('cancelled by %s', c.who)));
	end if;
	if o ? 'spawn' and not tow_store.spawns(r, p_now, o) then
		return;
	end if;
	case o ->> 'as'
	when 'completed' then
		perform tow_store.end_run(r, p_now, o, 'c');
	when 'waits' then
		perform tow_store.wait_run(r, p_now, o);
	when 'cancelled' then
		perform tow_store.end_run(r, p_now, o, 'x');
	when 'failed' then
		perform tow_store.fail_run(r, p_now, o, v_delay);
	when 'snoozed' then
		perform tow_store.write_history(r, p_now, o, 's', v_delay);
		if tow_store.is_turn(r.job_id) then -- done well: what failed before counts no more
			perform tow_store.forget_children(r.job_id);
			perform tow_store.forget_turn(r);
			r.attempt := 1;
		end if;
		perform tow_store.put_back(r.job_id, r.band, r.attempt - 1, r.flags, p_now + coalesce(v_delay, '0'), 'z');
	when 'returned' then
		if o ? 'took_us' then
			perform tow_store.write_history(r, p_now, o, 'b', null);
		end if;
		perform tow_store.put_back(r.job_id, r.band, r.attempt - 1, r.flags | 32, null, 's');
	when 'unknown' then
		perform tow_store.put_back(r.job_id, tow_store.kind_band(r), r.attempt - 1, r.flags | 32, null, 's');
	else
		perform tow_store.fail('TW422', format('bad outcome %L of job %s', o ->> 'as', r.job_id), 'completed, failed, waits, snoozed, cancelled, returned or unknown');
	end case;
end $$;
comment on function tow_store.settle_one(tow_store.running, timestamptz, jsonb) is 'Apply one outcome to a run that was taken out of running.';

create or replace function tow_store.write_history(r tow_store.running, p_now timestamptz, o jsonb, p_outcome "char", p_delay interval) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	insert into tow_store.history (job_id, run, started_at, finished_at, worker, band, attempt, outcome, class, error, detail, result, delay)
	values (r.job_id, r.run, p_now - (o ->> 'ago_us')::bigint * interval '1 us',
		p_now - coalesce((o ->> 'ago_us')::bigint - (o ->> 'took_us')::bigint, 0) * interval '1 us',
		r.worker, r.band, r.attempt, p_outcome, o ->> 'class', o ->> 'error', o ->> 'detail',
		case when p_outcome = 'c' then o -> 'result' end, p_delay);
$$;
comment on function tow_store.write_history(tow_store.running, timestamptz, jsonb, "char", interval) is 'One row for a run that ended.';

create or replace function tow_store.end_run(r tow_store.running, p_now timestamptz, o jsonb, p_outcome "char") returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	perform tow_store.write_history(r, p_now, o, p_outcome, null);
	if r.flags & 11 <> 0 then
		perform tow_store.job_ended(array[r.job_id]);
	end if;
end $$;
comment on function tow_store.end_run(tow_store.running, timestamptz, jsonb, "char") is 'The job has finished: completed, failed or cancelled.';

-- A failed attempt: another one after the policy's delay (or the handler's own wish), or the end. One that was
-- replaced while it ran is not tried again: its successor has the key.
create or replace function tow_store.fail_run(r tow_store.running, p_now timestamptz, o jsonb, p_wish interval) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	j tow_store.job;
	p tow_store.policy;
	v_delay interval;
begin
	select * into j from tow_store.job f where f.id = r.job_id;
	p := tow_store.policy_for(j, o ->> 'class');
	if r.flags & 1 <> 0 and exists (select from tow_store.key k where k.key = j.key and k.job_id <> j.id) then
		perform tow_store.end_run(r, p_now, o || '{"detail": "not tried again: a job that was enqueued since has its key"}', 'x');
		return;
	elsif (o ->> 'final')::boolean or r.attempt >= tow_store.max_attempts(j, p) then
		perform tow_store.end_run(r, p_now, o, 'f');
		return;
	elsif j.key ^@ 'daemon:' then
		perform tow_store.daemon_failed(r.job_id, o ->> 'class', o ->> 'error');
	end if;
	if p.shape = 'function' and p_wish is null then
		perform tow_store.write_history(r, p_now, o, 'r', null);
		insert into tow_store.waiting (id, reason, since, band, attempt, flags, detail)
		values (r.job_id, 'policy', p_now, r.band, r.attempt, r.flags,
			jsonb_build_object('policy', p.name, 'run', r.run, 'class', o -> 'class', 'error', o -> 'error', 'detail', o -> 'detail'));
		perform tow_store.ring_clock('-infinity');
	else
		v_delay := coalesce(p_wish, tow_store.delay(p, r.attempt, true));
		perform tow_store.write_history(r, p_now, o, 'r', v_delay);
		perform tow_store.put_back(r.job_id, r.band, r.attempt, r.flags, p_now + v_delay, 'r');
	end if;
end $$;
comment on function tow_store.fail_run(tow_store.running, timestamptz, jsonb, interval) is 'Retry or fail for good, as the policy says.';

-- This worker does not know the kind: the kind gets a band of its own, which only those scan who know it.
create or replace function tow_store.kind_band(r tow_store.running) returns int
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select tow_store.open_band(b.queue, b.priority, j.kind, b.laned)
	from tow_store.band b, tow_store.job j where b.id = r.band and j.id = r.job_id;
$$;
comment on function tow_store.kind_band(tow_store.running) is 'The band of the job''s kind, made if need be.';

-- A worker that is gone: its runs are lost. A run that a transaction of its handler holds (tow.holds) is left until
-- that ends, and an exchange that began before may commit claims that nobody sees yet: leftover says that the rescue
-- duty must come back. Once the lines' locks are had no exchange is under way, and the next one sees the end.
create or replace function tow_store.give_up(p_worker bigint, p_state text) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_count int;
begin
	update tow_store.worker w set state = p_state, ended_at = tow.now() where w.id = p_worker and w.ended_at is null;
	if not found then
		return 0;
	end if;
	perform tow_store.pass_bell(p_worker, w.queues) from tow_store.worker w where w.id = p_worker;
	v_count := tow_store.lose_runs(p_worker);
	if p_state = 'dead' then
		perform nextval('tow_store.sweep'); -- a claim of it may have been undone; what is put back has fresh positions
		perform nextval('tow_store.deaths');
		perform tow_store.note('worker.dead', p_worker::text, null, jsonb_build_object('jobs', v_count));
	end if;
	return v_count;
end $$;
comment on function tow_store.give_up(bigint, text) is 'End a worker and put back what it held; returns how many jobs.';

create or replace function tow_store.lose_runs(p_worker bigint) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	r tow_store.running;
	v_quiet constant boolean := pg_try_advisory_xact_lock(7630720, p_worker::int) and pg_try_advisory_xact_lock(7630721, p_worker::int);
	v_count int := 0;
	v_holders bigint[];
begin
	for r in
		delete from tow_store.running d where d.ctid = any(array(
			select o.ctid from tow_store.running o where o.worker = p_worker for update skip locked))
		returning d.*
	loop
		v_count := v_count + 1;
		if r.flags & 4 <> 0 then
			v_holders := v_holders || r.job_id;
		end if;
		perform tow_store.lose_run(r);
	end loop;
	perform tow_store.let_go_later(v_holders);
	update tow_store.worker w set leftover = not v_quiet or exists (select from tow_store.running o where o.worker = p_worker) where w.id = p_worker;
	perform tow_store.ring_clock('-infinity') from tow_store.worker w where w.id = p_worker and w.leftover;
	return v_count;
end $$;
comment on function tow_store.lose_runs(bigint) is 'Put back what a worker held; returns how many jobs.';

-- Not the job's fault: another try with its attempt unspent, unless it was lost too often, or is to be cancelled.
create or replace function tow_store.lose_run(r tow_store.running) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_now constant timestamptz := tow.now();
	v_reason jsonb := jsonb_build_object('class', 'lost', 'error', format('worker %s ended while it held the job', r.worker));
begin
	delete from tow_store.cancelling c where c.job_id = r.job_id and c.run = r.run;
	if found then
		perform tow_store.end_run(r, v_now, v_reason, 'x');
	elsif (select count(*) from tow_store.history h where h.job_id = r.job_id and h.outcome = 'l'
		and h.run > coalesce((select max(v.run) from tow_store.revival v where v.job_id = r.job_id), 0)) >= tow_store.setting('max_losses')::int - 1 then
		perform tow_store.end_run(r, v_now, v_reason || '{"error": "lost with its worker too often"}', 'f');
	else
		perform tow_store.write_history(r, v_now, v_reason, 'l', null);
		perform tow_store.put_back(r.job_id, r.band, r.attempt - 1, r.flags | 32, null, 's');
	end if;
end $$;
comment on function tow_store.lose_run(tow_store.running) is 'Put back, or end, a job whose worker is gone.';
