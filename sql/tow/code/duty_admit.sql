-- Let jobs go on that wait for something other than an instant: a queue or band that is being made, other jobs, a
-- signal. See schema/0003_workflows.sql.
--
-- Only this duty takes rows out of need, so nobody races with it: not the end of a predecessor with the enqueue of its
-- successor, whichever commits first. What is locked by somebody's open transaction is left as it is (busy) and
-- looked at again in the next turn. Each step is bounded to about a thousand rows a turn.
create or replace function tow_store.duty_admit() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_now constant timestamptz := tow.now();
	v_from constant timestamptz := tow_store.scan_from('admit', v_now);
	v_home int;
	v_count int;
begin
	v_count := tow_store.admit_successors(v_from);
	v_count := v_count + tow_store.admit_fresh(v_from);
	v_count := v_count + tow_store.admit_told();
	v_count := v_count + tow_store.admit_overdue(v_now);
	v_home := tow_store.admit_homeless(v_from); -- last: it takes locks of queues, and whoever has one waits for no row
	v_count := v_count + v_home;
	perform tow_store.open_bands(v_home = 0, v_from);
	if v_count = 0 then
		perform set_config('synchronous_commit', 'off', true); -- only registers were written
	end if;
	return v_count;
end $$;
comment on function tow_store.duty_admit() is 'Duty: make new queues and bands, and let jobs go on that have what they waited for.';

-- Jobs whose queue or band was new when they were enqueued; those with a lane go there at once, before all that finds the
-- band there and is not sorted yet. Where somebody's open transaction is making the queue or
-- the band, theirs wait for it, and nobody else's do: a turn looks past them, but not without end. There may be a million
-- more of them, and of jobs before them: each turn reads its own by the index, and their facts one by one.
create or replace function tow_store.admit_homeless(p_from timestamptz) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
declare
	h record;
	v_band int;
	v_home jsonb;
	v_stuck jsonb[] := array[]::jsonb[];
	v_since timestamptz := p_from;
	v_after bigint := 0;
	v_ids bigint[] := array[]::bigint[];
	v_bands int[] := array[]::int[];
	v_count int := 0;
begin
	for i in 1 .. 5 loop
		for h in
			select array_agg(a.id order by a.id) as ids, a.band, j.queue, j.priority, j.kind, j.lane is not null as laned, a.last_since, a.last
			from (
					select o.id, o.band, last_value(o.since) over w as last_since, last_value(o.id) over w as last from (
						select i.id, i.band, i.since from tow_store.waiting i where i.reason = 'admission' and (i.since, i.id) > (v_since, v_after) order by i.since, i.id limit 1000) o
					window w as (order by o.since, o.id rows between unbounded preceding and unbounded following)) a,
				lateral (select f.* from tow_store.job f where f.id = a.id offset 0) j
			group by a.band, j.queue, j.priority, j.kind, j.lane is not null, a.last_since, a.last order by min(a.id)
		loop
			v_home := jsonb_build_array(h.queue, h.priority, h.laned);
			continue when h.band is null and (v_home = any(v_stuck) or cardinality(v_stuck) >= 10);
			v_band := coalesce(h.band, tow_store.try_home_band(h.queue, h.priority, h.kind, h.laned));
			if v_band is null or h.laned and not tow_store.try_turns(v_band) then
				v_stuck := v_stuck || v_home;
				continue;
			end if;
			v_ids := v_ids || h.ids;
			v_bands := v_bands || array_fill(v_band, array[cardinality(h.ids)]);
		end loop;
		exit when not found;
		select coalesce(sum(tow_store.bring_home(b.ids, b.band)), 0) into v_count
		from (select u.band, array_agg(u.id) as ids from unnest(v_ids, v_bands) u(id, band) group by u.band) b;
		exit when v_count > 0;
		v_since := h.last_since;
		v_after := h.last;
		v_ids := '{}';
		v_bands := '{}';
	end loop;
	return v_count;
end $$;
comment on function tow_store.admit_homeless(timestamptz) is 'Make new queues and bands, and make the jobs that waited for them ready.';

-- What somebody has locked is being cancelled, or made to wait for others.
create or replace function tow_store.bring_home(p_ids bigint[], p_band int) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	s record;
begin
	perform pg_current_xact_id(); -- before the positions
	with d as (
		delete from tow_store.waiting where ctid = any(array(
			select l.ctid from unnest(p_ids) u(id), lateral (
				select w.ctid from tow_store.waiting w where w.id = u.id and w.reason = 'admission' for update skip locked) l))
		returning id, attempt, flags
	), o as (
		select d.id, case when b.laned and d.flags & 32 <> 0 then d.id else nextval('tow_store.job_id') end as pos, d.attempt, d.flags & ~36 as flags, b.laned, b.queue
		from (select * from d order by d.id) d, (select n.* from tow_store.band n where n.id = p_band) b
	), r as (
		insert into tow_store.ready (band, pos, id, attempt, flags) select p_band, o.pos, o.id, o.attempt, o.flags from o where not o.laned
	)
	select count(*) as n, array_agg(o.id) filter (where o.laned) as ids, array_agg(o.pos) as poss, array_agg(o.attempt) as attempts, array_agg(o.flags) as flags,
		array_agg((select j.lane from tow_store.job j where j.id = o.id)) as lanes, min(o.queue) as queue into s from o;
	if s.ids is not null then
		perform tow_store.open_lanes(s.queue, s.lanes, tow.now());
		perform tow_store.line_up(s.queue, p_band, s.ids, s.poss, s.attempts, s.flags, array_fill(null::bigint, array[cardinality(s.ids)]), s.lanes);
	end if;
	if s.n > 0 then
		perform tow_store.ring_band(p_band);
	end if;
	return s.n;
end $$;
comment on function tow_store.bring_home(bigint[], int) is 'Make jobs ready that waited for admission, or line them up; returns how many.';

-- As whoever sorts has them: see gate.sql.
create or replace function tow_store.try_turns(p_band int) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_queue constant int := (select b.queue from tow_store.band b where b.id = p_band);
begin
	return pg_try_advisory_xact_lock_shared(7630718, 0) and pg_try_advisory_xact_lock_shared(7630718, v_queue)
		and pg_try_advisory_xact_lock(7630716, v_queue);
end $$;
comment on function tow_store.try_turns(int) is 'Lock the turns of the lanes of a band''s queue, unless somebody has them.';

-- A band that is new is open for what came after it as soon as nothing waits for admission to it. But a transaction that
-- found no band may end later, when others have seen one: so claims look for such jobs (tow_store.is_awaited) until all that
-- may be one have ended. Their xids are below that of any transaction that begins when the band is there for all to see.
-- p_stuck: nothing was admitted, though all was looked at that a turn looks at. Then nobody waits for what lies behind.
create or replace function tow_store.open_bands(p_stuck boolean, p_from timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_band int;
begin
	if not exists (select from tow_store.band b where b.opening is not null) then
		return;
	end if;
	for v_band in
		with w as materialized ( -- what somebody has locked is being cancelled: nobody waits for that
			select o.id from tow_store.waiting o where o.reason = 'admission' and o.since >= p_from order by o.since, o.id limit 5000 for update skip locked
		), j as materialized (
			select distinct f.queue, f.priority, f.kind from w, lateral (select i.* from tow_store.job i where i.id = w.id offset 0) f where f.lane is not null
		), n as materialized (
			select b.id, b.opening as was, case when b.opening = 0 then 1 when b.opening = 1 then pg_current_xact_id()::text::bigint end as opening
			from tow_store.band b join tow_store.queue q on q.id = b.queue
			where b.opening is not null and (p_stuck or (select count(*) from w) < 5000)
				and (b.opening <= 1 or b.opening <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
				and (b.opening <> 1 or b.xmin <> pg_current_xact_id()::xid)
				and not exists (select from j where j.queue = q.name and j.priority = b.priority and (b.kind is null or b.kind = j.kind))
			for update of b skip locked
		), u as (
			update tow_store.band b set opening = n.opening from n where b.id = n.id
		)
		select n.id from n where n.was = 0
	loop
		perform tow_store.ring_band(v_band);
	end loop;
end $$;
comment on function tow_store.open_bands(boolean, timestamptz) is 'Have what came to new bands sorted when all that came before it has been admitted.';

create or replace function tow_store.is_awaited(p_band int) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off
as $$
declare
	s record;
begin
	if exists (select from tow_store.band b where b.id = p_band and tow_store.none_has_ended(b.opening_seen, b.opening)) then
		return false;
	end if;
	select b.opening > 1 as is_known, pg_current_snapshot() as seen, exists (select from tow_store.awaited(p_band)) as any into s from tow_store.band b where b.id = p_band;
	if not s.any and s.is_known then
		update tow_store.band set opening_seen = s.seen where ctid = (select b.ctid from tow_store.band b where b.id = p_band for no key update skip locked);
	end if;
	perform from tow_store.awaited(p_band) a(id), tow_store.waiting w where s.any and w.id = a.id and w.reason = 'admission' limit 1 for update of w skip locked;
	return found;
end $$;
comment on function tow_store.is_awaited(int) is 'Whether a job waits for admission to a band that is there.';

-- What a transaction wrote is seen once it has ended. All that may have overlooked the band and were open are in the snapshot,
-- as a transaction that came after them has ended: the one that wrote opening.
create or replace function tow_store.none_has_ended(p_seen pg_snapshot, p_before bigint) returns boolean
language sql stable strict set search_path = pg_catalog, pg_temp
as $$
	select not exists (select from pg_snapshot_xip(p_seen) x where x::text::bigint < p_before and pg_visible_in_snapshot(x, pg_current_snapshot()))
$$;
comment on function tow_store.none_has_ended(pg_snapshot, bigint) is 'Whether all transactions before an xid that were open then are still open.';

-- While something pins the xmin horizon the index has all that was admitted before, too: claims look rarely (opening_seen).
create or replace function tow_store.awaited(p_band int) returns setof bigint
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off
as $$
begin
	return query
	select f.id from (select o.id from tow_store.waiting o where o.reason = 'admission' order by o.reason, o.id limit 5000) f,
		lateral (select i.* from tow_store.job i where i.id = f.id offset 0) j, tow_store.queue q, tow_store.band b
	where b.id = p_band and q.id = b.queue and j.queue = q.name and j.priority = b.priority and j.lane is not null and (b.kind is null or b.kind = j.kind);
end $$;
comment on function tow_store.awaited(int) is 'Jobs that wait for admission to a band that is there, of the first that wait.';

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

-- A job has what it waited for. After its predecessors one may wait for a signal still, and for its instant.
create or replace function tow_store.go_on(w tow_store.waiting) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if w.reason = 'predecessors' and w.detail ? 'name' then
		update tow_store.waiting a set reason = case w.detail ->> 'name' when 'approval' then 'approval' else 'signal' end,
			since = tow.now(), fresh = true
		where a.id = w.id;
	else
		delete from tow_store.waiting a where a.id = w.id;
		perform tow_store.put_back(w.id, w.band, w.attempt, w.flags | 16,
			coalesce((w.detail ->> 'run_at')::timestamptz, (select j.run_at from tow_store.job j where j.id = w.id)), 's');
	end if;
end $$;
comment on function tow_store.go_on(tow_store.waiting) is 'Let a job wait for what is next: a signal, its instant, its turn.';

create or replace function tow_store.end_waiting(p_id bigint, p_outcome "char", p_class text, p_error text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	w tow_store.waiting;
begin
	delete from tow_store.waiting a where a.id = p_id returning a.* into w;
	insert into tow_store.history (job_id, run, finished_at, band, attempt, outcome, class, error)
	values (p_id, nextval('tow_store.run'), tow.now(), w.band, w.attempt, p_outcome, p_class, p_error);
	perform tow_store.drop_needs(p_id);
	if w.flags & 11 <> 0 then
		perform tow_store.job_ended(array[p_id]);
	end if;
end $$;
comment on function tow_store.end_waiting(bigint, "char", text, text) is 'End a job because of what it waited for.';

-- Signals: whoever waits for one goes on; anybody else finds it in his memory at his next run.
create or replace function tow_store.admit_told() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	s tow_store.signal;
	w tow_store.waiting;
	v_count int := 0;
begin
	for s in select g.* from tow_store.signal g where g.fresh order by g.n limit 1000 for update skip locked loop
		select a.* into w from tow_store.waiting a
		where a.id = s.job_id and a.reason in ('signal', 'approval') and a.detail ->> 'name' = s.name for update skip locked;
		if found then
			perform tow_store.hear(w, tow_store.last_word(w));
		else
			continue when tow_store.mark(s.job_id, 16) = 'busy';
		end if;
		update tow_store.signal g set fresh = false, told_at = tow.now() where g.n = s.n;
		v_count := v_count + 1;
	end loop;
	return v_count;
end $$;
comment on function tow_store.admit_told() is 'Let jobs go on that were sent the signal they wait for.';

-- Of several that nobody has heard yet the last one counts. That one was not said in time is not something said: who
-- waits for it again waits anew.
create or replace function tow_store.last_word(w tow_store.waiting) returns tow_store.signal
language sql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
	select g.* from tow_store.signal g where g.job_id = w.id and g.name = w.detail ->> 'name' and not g.timed_out order by g.n desc limit 1
$$;
comment on function tow_store.last_word(tow_store.waiting) is 'The signal that a job waits for, if it has been sent.';

create or replace function tow_store.hear(w tow_store.waiting, s tow_store.signal) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if w.reason = 'approval' and w.detail ->> 'rejected' = 'cancel' and s.payload -> 'approved' = 'false' then
		perform tow_store.end_waiting(w.id, 'x', 'rejected', format('%s rejected it%s', s.who, coalesce(': ' || (s.payload ->> 'note'), '')));
	else
		perform tow_store.go_on(w);
	end if;
end $$;
comment on function tow_store.hear(tow_store.waiting, tow_store.signal) is 'A job has the signal that it waits for.';

-- Waits that have a limit: the job goes on and finds the signal timed out, or is cancelled if it asked for that. A
-- signal that came before this turn has come in time.
create or replace function tow_store.admit_overdue(p_now timestamptz) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	w tow_store.waiting;
	s tow_store.signal;
	v_count int := 0;
begin
	for w in select a.* from tow_store.waiting a where a.until <= p_now order by a.until limit 1000 for update skip locked loop
		v_count := v_count + 1;
		s := tow_store.last_word(w);
		if s.n is not null then
			perform tow_store.hear(w, s);
			continue;
		end if;
		if w.detail ? 'name' then
			insert into tow_store.signal (job_id, name, at, who, timed_out, fresh, told_at)
				values (w.id, w.detail ->> 'name', p_now, tow_store.actor(), true, false, tow.now());
		end if;
		if w.detail ->> 'on_timeout' = 'cancel' then
			perform tow_store.end_waiting(w.id, 'x', 'timeout',
				case w.reason when 'children' then 'its children had not ended in time' else format('nobody said %L in time', w.detail ->> 'name') end);
		else
			perform tow_store.go_on(w);
		end if;
	end loop;
	return v_count;
end $$;
comment on function tow_store.admit_overdue(timestamptz) is 'Let jobs go on whose wait has taken too long.';
