-- Let jobs go on that wait for something other than an instant: a queue or band that is being made, other jobs, a
-- signal. See schema/0003_workflows.sql.
--
-- Only this duty takes rows out of need, so nobody races with it: not the end of a predecessor with the enqueue of its
-- successor, whichever commits first. What is locked by somebody's open transaction is left as it is (busy) and
-- looked at again in the next turn. Each step is bounded to about a thousand rows a turn. Queues and bands are here, jobs
-- in admit_needs.sql, signals and waits that are over in admit_signals.sql.
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
