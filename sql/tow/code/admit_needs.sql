-- A part of duty_admit: jobs that wait for the ends of others, their predecessors or children. An end is told by `released`,
-- which whoever ends a job writes if it is flagged (8): so each predecessor is flagged once, where it stands.

-- Jobs that ended: those that wait for them, a thousand a turn, in the order of their ids. One that was put back since
-- is not over yet, and will be here again.
create or replace function tow_store.admit_successors(p_from timestamptz) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	c_turn constant int := 1000;
	x tow_store.released;
	v_end text;
	v_some bigint[];
	v_jobs bigint[] := array[]::bigint[];
	v_ons bigint[] := array[]::bigint[];
	v_ends text[] := array[]::text[];
	v_over bigint[] := array[]::bigint[];
	v_busy bigint[];
	v_count int;
begin
	for x in select r.* from tow_store.released r where r.at >= p_from order by r.at, r.n limit c_turn loop
		v_end := tow_store.ending(x.job_id);
		v_some := array(select n.job_id from tow_store.need n where v_end is not null and n.on_id = x.job_id and n.job_id > x.after
			order by n.on_id, n.job_id limit c_turn - cardinality(v_jobs));
		v_jobs := v_jobs || v_some;
		v_ons := v_ons || array_fill(x.job_id, array[cardinality(v_some)]);
		v_ends := v_ends || array_fill(v_end, array[cardinality(v_some)]);
		exit when cardinality(v_jobs) >= c_turn;
		v_over := v_over || x.n;
	end loop;
	v_busy := tow_store.resolve(v_jobs, v_ons, v_ends);
	if x.n <> all(v_over) and v_busy = '{}' then -- more of them wait for it
		update tow_store.released r set after = v_some[cardinality(v_some)] where r.at = x.at and r.n = x.n;
	end if;
	delete from tow_store.released r where r.at >= p_from and r.n = any(v_over)
		and (v_busy = '{}' or not exists (select from unnest(v_jobs, v_ons) u(job, on_id) where u.on_id = r.job_id and u.job = any(v_busy)));
	get diagnostics v_count = row_count;
	return v_count + cardinality(v_jobs) - cardinality(v_busy);
end $$;
comment on function tow_store.admit_successors(timestamptz) is 'Let jobs go on whose predecessors or children have ended.';

-- Jobs that came to wait: each predecessor is flagged where it stands, so that its end is told, or has ended already.
-- Holding its row while flagging it shows that its end is not under way.
create or replace function tow_store.admit_fresh(p_from timestamptz) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	c_turn constant int := 1000;
	v_since timestamptz := p_from;
	v_after bigint := 0;
	v_ids bigint[];
	v_busy bigint[];
	v_count int := 0;
begin
	for i in 1 .. 5 loop -- past those that are held up, but not without end
		select array_agg(f.id order by f.since, f.id) into v_ids
		from (
			select w.id, w.since, sum((select count(*) from tow_store.edge e where e.job_id = w.id and w.reason = 'predecessors'))
				over (order by w.since, w.id rows between unbounded preceding and 1 preceding) as before
			from (
				select a.id, a.since, a.reason from tow_store.waiting a
				where a.fresh and a.reason not in ('admission', 'policy') and (a.since, a.id) > (v_since, v_after)
				order by a.since, a.id limit c_turn for update skip locked
			) w
		) f where coalesce(f.before, 0) < c_turn;
		exit when v_ids is null;
		select w.since, w.id into v_since, v_after from tow_store.waiting w where w.id = v_ids[cardinality(v_ids)];

		v_busy := tow_store.ask_predecessors(v_ids);
		perform tow_store.go_on_without_needs(v_ids);
		perform tow_store.hear(w, s)
		from unnest(v_ids) u(id)
			join tow_store.waiting w on w.id = u.id and w.fresh and w.reason in ('signal', 'approval')
			join lateral tow_store.last_word(w) s on s.n is not null;
		update tow_store.waiting w set fresh = false where w.id = any(v_ids) and w.id <> all(v_busy) and w.reason <> 'admission';
		v_count := v_count + cardinality(v_ids) - cardinality(v_busy);
		exit when v_count > 0;
	end loop;
	return v_count;
end $$;
comment on function tow_store.admit_fresh(timestamptz) is 'Look at jobs that came to wait since the last turn.';

-- Returns those of the jobs of which a predecessor is held by somebody's open transaction.
create or replace function tow_store.ask_predecessors(p_ids bigint[]) returns bigint[]
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	p record;
	v_end text;
	v_jobs bigint[] := array[]::bigint[];
	v_ons bigint[] := array[]::bigint[];
	v_ends text[] := array[]::text[];
	v_busy bigint[] := array[]::bigint[];
begin
	for p in
		select n.on_id, array_agg(n.job_id) as jobs, bool_or(n.if_failed = 'w') as patient
		from unnest(p_ids) u(id),
			lateral (select from tow_store.waiting a where a.id = u.id and a.reason = 'predecessors' offset 0) w,
			lateral (select o.on_id from tow_store.edge o where o.job_id = u.id offset 0) e,
			lateral (select o.* from tow_store.need o where o.on_id = e.on_id and o.job_id = u.id offset 0) n
		group by n.on_id order by n.on_id
	loop
		v_end := tow_store.mark(p.on_id, 8);
		if p.patient and v_end in ('failed', 'cancelled') then
			-- whoever puts it back looks for needs once he has its facts, see tow_store.revive
			perform from tow_store.job j where j.id = p.on_id for update skip locked;
			v_end := case when found then tow_store.mark(p.on_id, 8) else 'busy' end;
		end if;
		if v_end = 'busy' then
			v_busy := v_busy || p.jobs;
		elsif v_end <> 'marked' then
			v_jobs := v_jobs || p.jobs;
			v_ons := v_ons || array_fill(p.on_id, array[cardinality(p.jobs)]);
			v_ends := v_ends || array_fill(v_end, array[cardinality(p.jobs)]);
		end if;
	end loop;
	return v_busy || tow_store.resolve(v_jobs, v_ons, v_ends);
end $$;
comment on function tow_store.ask_predecessors(bigint[]) is 'Flag what new successors wait for, or resolve what has ended; returns those that must be looked at again.';

-- Set flags of a live job, in whatever table it stands. Says marked, busy (somebody moves it this moment), or how it
-- has ended. Whoever passed over its row in ready because it was locked here is rung.
create or replace function tow_store.mark(p_id bigint, p_flags int) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_band int;
begin
	update tow_store.running set flags = flags | p_flags
	where ctid = (select r.ctid from tow_store.running r where r.job_id = p_id for no key update skip locked);
	if not found then
		update tow_store.waiting set flags = flags | p_flags
		where ctid = (select w.ctid from tow_store.waiting w where w.id = p_id for no key update skip locked);
	end if;
	if not found then
		update tow_store.scheduled set flags = flags | p_flags
		where ctid = (select s.ctid from tow_store.scheduled s where s.id = p_id for no key update skip locked);
	end if;
	if not found then
		update tow_store.lined set flags = flags | p_flags
		where ctid = (select l.ctid from tow_store.lined l where l.id = p_id for no key update skip locked);
	end if;
	if not found then
		update tow_store.ready set flags = flags | p_flags
		where ctid = (select r.ctid from tow_store.ready r where r.ctid = tow_store.ready_ctid(p_id) and r.id = p_id for no key update skip locked)
		returning band into v_band;
		if v_band is not null then
			perform tow_store.ring_band(v_band);
			return 'marked';
		end if;
		return coalesce(tow_store.ending(p_id), 'busy');
	end if;
	return 'marked';
end $$;
comment on function tow_store.mark(bigint, int) is 'Set flags of a live job where it stands; says marked, busy, or how it has ended.';

-- These jobs' predecessors or children have ended so. A job that does not wait (a running parent) merely has one
-- need less. Returns the jobs that somebody else has locked: they keep their needs.
create or replace function tow_store.resolve(p_jobs bigint[], p_ons bigint[], p_ends text[]) returns bigint[]
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_held bigint[];
	v_busy bigint[];
	v_doomed record;
begin
	if p_jobs = '{}' then
		return p_jobs;
	end if;
	v_held := array(select w.id from tow_store.waiting w where w.id = any(p_jobs) order by w.id for update skip locked);
	v_busy := array(select w.id from tow_store.waiting w where w.id = any(p_jobs) except select unnest(v_held));
	for v_doomed in
		select distinct on (n.job_id) n.job_id, n.on_id, n.if_failed, u.ended
		from unnest(p_jobs, p_ons, p_ends) u(job, on_id, ended),
			lateral (select o.* from tow_store.need o where o.on_id = u.on_id and o.job_id = u.job offset 0) n,
			lateral (select from tow_store.waiting a where a.id = u.job and a.reason = 'predecessors' offset 0) w
		where u.ended <> 'completed' and u.job <> all(v_busy) and (n.if_failed in ('f', 'x') or n.if_failed = 'w' and u.ended = 'unknown')
		order by n.job_id, n.on_id
	loop
		perform tow_store.end_waiting(v_doomed.job_id, case v_doomed.if_failed when 'f' then 'f' else 'x' end::"char", 'predecessor',
			format('job %s, which it was to run after, %s', v_doomed.on_id,
				case v_doomed.ended when 'failed' then 'failed' when 'cancelled' then 'was cancelled' else 'is not remembered any more' end));
	end loop;
	with k as materialized (
		select distinct on (u.job, u.on_id) n.ctid, u.job, u.on_id, u.ended -- one that ended, was retried and ended is told of twice
		from unnest(p_jobs, p_ons, p_ends) u(job, on_id, ended),
			lateral (select o.ctid, o.if_failed from tow_store.need o where o.on_id = u.on_id and o.job_id = u.job offset 0) n -- probe by probe
		where u.job <> all(v_busy) and (n.if_failed <> 'w' or u.ended = 'completed')
	), d as (
		delete from tow_store.need where ctid = any(array(select k.ctid from k))
	)
	insert into tow_store.family as f (id, completed, failed, cancelled)
	select k.job, count(*) filter (where k.ended = 'completed'), count(*) filter (where k.ended = 'failed'), count(*) filter (where k.ended = 'cancelled')
	from k, lateral (select from tow_store.job j where j.id = k.on_id and j.parent = k.job offset 0) c
	group by k.job order by k.job
	on conflict (id) do update set completed = f.completed + excluded.completed, failed = f.failed + excluded.failed,
		cancelled = f.cancelled + excluded.cancelled;
	perform tow_store.go_on_without_needs(v_held);
	return v_busy;
end $$;
comment on function tow_store.resolve(bigint[], bigint[], text[]) is 'Take needs away that have been met; jobs that have none left go on, or end because of how a predecessor ended.';

-- Job by job, and predecessors by their edges: what the planner knows of tables that are empty now and hold a hundred
-- thousand rows a second later is never right, and this is one shape for both. Children are looked for from the end of
-- the index: they end mostly in order, and the rows of those that have lie dead at its beginning.
create or replace function tow_store.go_on_without_needs(p_ids bigint[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off
as $$
declare
	w tow_store.waiting;
begin
	for w in
		select a.*
		from (select distinct u.id from unnest(p_ids) u(id)) u,
			lateral (select o.* from tow_store.waiting o where o.id = u.id and o.reason in ('predecessors', 'children') offset 0) a
		where not exists (
				select from (select o.on_id from tow_store.edge o where o.job_id = u.id offset 0) e,
					lateral (select from tow_store.need n where n.on_id = e.on_id and n.job_id = u.id offset 0) n)
			and case when exists (select from tow_store.job c where c.parent = u.id)
				then (select n.on_id from tow_store.need n where n.job_id = u.id order by n.job_id desc, n.on_id desc limit 1) is null else true end
		order by a.id
	loop
		perform tow_store.go_on(w);
	end loop;
end $$;
comment on function tow_store.go_on_without_needs(bigint[]) is 'Let those of some waiting jobs go on that wait for no other job any more.';
