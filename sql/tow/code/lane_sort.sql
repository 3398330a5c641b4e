-- Sorting: what arrived in a laned band of ready goes to the end of its lane. Whoever does it holds the queue's lock
-- (see gate.sql), so lanes and turns are made without a race. A job of a kind with a limit goes to the kind's own band
-- instead; one that was given back unstarted (flag 32) stands where it stood, by its id.
--
-- Many jobs of a lane that were enqueued at once stand in a band of their own, the crowd. It is sorted a little at a time,
-- and never before all that stands in the laned band; no further than p_top, which was given out before that was looked at:
-- so what was enqueued before a crowd is in its lane before it. What comes to a lane after its crowd goes behind the
-- crowd, unless it was claimed before.
--
-- While jobs that came before a band was made wait for admission (see duty_admit.sql), it is held: what comes is not sorted.

create or replace function tow_store.sort_lanes(
	p_queue int, p_band int, p_low bigint, p_top bigint, p_most int, p_now timestamptz, p_held boolean, out low bigint, out dry boolean
)
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	c_batch constant int := least(p_most, 1000);
	b constant record := tow_store.bands_beside(p_band);
	v_kinds constant text[] := case when b.any_kind then tow_store.ruled_kinds() end;
	s record;
begin
	low := p_low;
	for i in 1 .. p_most / c_batch loop
		with d as (
			delete from tow_store.ready where ctid = any(array(
				select r.ctid from tow_store.ready r where r.band = p_band and r.pos > low and r.pos <= p_top and (not p_held or r.flags & 32 <> 0)
				order by r.band, r.pos limit c_batch for update skip locked))
			returning id, pos, attempt, flags
		), j as (
			select d.*, f.lane, f.kind, case
					when b.crowd is not null and d.flags & 32 = 0 and tow_store.has_crowd(b.crowd, f.lane, d.pos) then 'c'
					when v_kinds is not null and f.kind = any(v_kinds) then 'k' end::"char" as away,
				(select o.id from tow_store.gate o where o.what = 'l' and o.queue = p_queue and o.name = f.lane) as gate
			from d join tow_store.job f on f.id = d.id offset 0
		)
		select array_agg(j.id) filter (where j.away is null) as ids, array_agg(case when j.flags & 32 <> 0 then j.id else j.pos end) filter (where j.away is null) as poss,
			array_agg(j.attempt) filter (where j.away is null) as attempts, array_agg(j.flags & ~36) filter (where j.away is null) as flags,
			array_agg(j.gate) filter (where j.away is null) as gates, array_agg(case when j.gate is null then j.lane end) filter (where j.away is null) as lanes,
			count(*) filter (where j.gate is null and j.away is null) as fresh, array_agg(j.id order by j.pos) filter (where j.away = 'k') as away,
			array_agg(j.kind order by j.pos) filter (where j.away = 'k') as away_kinds, array_agg(j.attempt order by j.pos) filter (where j.away = 'k') as away_attempts,
			array_agg(j.flags | 32 order by j.pos) filter (where j.away = 'k') as away_flags,
			array_agg((p_band, j.pos, j.id, j.attempt, j.flags)::tow_store.ready order by j.pos) filter (where j.away = 'c') as behind, max(j.pos) as top, count(*) as n
		into s from j;
		low := case when p_held then low else greatest(low, s.top) end;
		if s.ids is not null then
			if s.fresh > 0 then
				perform tow_store.open_lanes(p_queue, array_remove(s.lanes, null), p_now);
			end if;
			perform tow_store.line_up(p_queue, b.home, s.ids, s.poss, s.attempts, s.flags, s.gates, s.lanes);
		end if;
		if s.away is not null then
			perform tow_store.to_kind_bands(p_band, s.away, s.away_kinds, s.away_attempts, s.away_flags);
		end if;
		if s.behind is not null then
			perform tow_store.to_crowd(b.crowd, s.behind);
		end if;
		dry := s.n < c_batch;
		exit when dry;
	end loop;
	if b.home <> p_band then
		perform tow_store.forget_crowds(p_band, p_low, case when dry then p_top else low end);
	end if;
end $$;
comment on function tow_store.sort_lanes(int, int, bigint, bigint, int, timestamptz, boolean) is
'Sort arrivals between two positions into their lanes; held: only those that were given back. low: up to where, dry: that was all.';

-- What stands beside a band with arrivals: home, in whose lanes they are lined up (itself, but for a crowd's), and, where
-- that is in use, the band for crowds.
create or replace function tow_store.bands_beside(p_band int, out home int, out crowd int, out any_kind boolean)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
begin
	select coalesce(h.id, b.id), c.id, b.kind is null into home, crowd, any_kind
	from tow_store.band b
		left join tow_store.band h on b.crowd and h.queue = b.queue and h.priority = b.priority and h.laned and not h.crowd and h.kind is null
		left join tow_store.band c on not b.crowd and b.kind is null and c.queue = b.queue and c.priority = b.priority and c.crowd
			and exists (select from tow_store.crowd o where o.band = c.id)
	where b.id = p_band;
end $$;
comment on function tow_store.bands_beside(int) is 'In which band jobs of this one are lined up, and where crowds stand of which some are not sorted yet.';

create or replace function tow_store.has_crowd(p_band int, p_lane text, p_pos bigint) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
begin
	return exists (select from tow_store.crowd c where c.band = p_band and c.lane = p_lane and c.first < p_pos);
end $$;
comment on function tow_store.has_crowd(int, text, bigint) is 'Whether a crowd of a lane that came before this position may not be sorted yet.';

-- More of a crowd than can start at once need not be sorted: who comes meanwhile to another lane would wait for that. But one
-- crowd stands behind another: sorting goes on while any of their lanes is short of jobs, or there are too many to look.
create or replace function tow_store.is_short_of_crowd(p_queue int, p_band int, p_crowd int, p_want int) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	v_lane text := '';
begin
	for i in 1 .. 8 loop
		v_lane := (select c.lane from tow_store.crowd c where c.band = p_crowd and c.lane > v_lane order by c.band, c.lane limit 1);
		if v_lane is null then
			return i = 1;
		end if;
		perform from tow_store.gate g,
			lateral (select t.pos_low from tow_store.turn t where t.gate = g.id and t.band = p_band order by t.gate desc, t.band desc, t.v desc limit 1) t,
			lateral (select from tow_store.lined l where l.band = p_band and l.gate = g.id and l.pos >= t.pos_low order by l.band, l.gate, l.pos offset greatest(p_want, 1) - 1 limit 1) l
		where g.what = 'l' and g.queue = p_queue and g.name = v_lane;
		if not found then
			return true;
		end if;
	end loop;
	return true;
end $$;
comment on function tow_store.is_short_of_crowd(int, int, int, int) is 'Whether a lane that has a crowd may have fewer jobs lined up than this.';

-- A new job is lined up by its id in the end, a retry (whose position is another) at the end of its lane.
create or replace function tow_store.to_crowd(p_band int, p_jobs tow_store.ready[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
begin
	perform pg_current_xact_id(); -- before the positions
	with u as (
		select nextval('tow_store.job_id') as at, o.* from (
			select u.id, u.pos, u.attempt, case when u.pos = u.id then u.flags | 32 else u.flags end as flags, j.lane
			from unnest(p_jobs) u join tow_store.job j on j.id = u.id order by u.pos) o
	), r as (
		insert into tow_store.ready (band, pos, id, attempt, flags) select p_band, u.at, u.id, u.attempt, u.flags from u
	)
	insert into tow_store.crowd (band, lane, first, last) select p_band, u.lane, min(u.pos), max(u.at) from u group by u.lane;
	perform tow_store.ring_band(p_band);
end $$;
comment on function tow_store.to_crowd(int, tow_store.ready[]) is 'Put jobs, which somebody took out of a laned band, behind the crowds of their lanes.';

create or replace function tow_store.forget_crowds(p_band int, p_from bigint, p_to bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off
as $$
begin
	delete from tow_store.crowd c where c.band = p_band and c.last > p_from and c.last <= p_to
		and not exists (select from tow_store.ready r where r.band = c.band and r.pos >= c.first and r.pos <= c.last offset 0);
end $$;
comment on function tow_store.forget_crowds(int, bigint, bigint) is 'Forget crowds that end in this range of positions, if all of them are sorted.';

create or replace function tow_store.open_lanes(p_queue int, p_lanes text[], p_now timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
begin
	insert into tow_store.gate (what, queue, name, own, used_at)
	select 'l', p_queue, l.name, false, p_now from (select u.name, min(u.n) as n from unnest(p_lanes) with ordinality u(name, n) group by u.name) l
	where not exists (select from tow_store.gate g where g.what = 'l' and g.queue = p_queue and g.name = l.name offset 0) order by l.n;
end $$;
comment on function tow_store.open_lanes(int, text[], timestamptz) is 'Make the gates of lanes that are new, in this order: of lanes that came at one time the first has its turn first.';

-- A lane that was idle has its turn at its own virtual time or, if that lies behind, right after the band's. p_gates: as
-- far as they are known; where not, p_lanes says the name.
create or replace function tow_store.line_up(
	p_queue int, p_band int, p_ids bigint[], p_poss bigint[], p_attempts int[], p_flags int[], p_gates bigint[], p_lanes text[]
) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	v_gates bigint[];
	v_firsts bigint[];
	v_next constant bigint := (tow_store.lane_clock(p_band)).v + 1;
begin
	with i as (
		insert into tow_store.lined (band, gate, pos, id, attempt, flags)
		select p_band, coalesce(u.gate, (select o.id from tow_store.gate o where o.what = 'l' and o.queue = p_queue and o.name = u.lane)),
			u.pos, u.id, u.attempt, u.flags
		from unnest(p_ids, p_poss, p_attempts, p_flags, p_gates, p_lanes) u(id, pos, attempt, flags, gate, lane)
		returning gate, pos
	)
	select array_agg(s.gate), array_agg(s.pos) into v_gates, v_firsts from (select i.gate, min(i.pos) as pos from i group by i.gate) s;
	with o as (
		select u.gate, u.pos, t.ctid as at, t.v, t.why, t.pos_low, t.run_low
		from unnest(v_gates, v_firsts) u(gate, pos)
			left join lateral (select r.ctid, r.* from tow_store.turn r where r.gate = u.gate and r.band = p_band order by r.gate desc, r.band desc, r.v desc limit 1) t on true
		where t.gate is null or t.why = 'i' or u.pos < t.pos_low
	), d as (
		delete from tow_store.turn where ctid = any(array(select o.at from o where o.at is not null))
	)
	insert into tow_store.turn (band, parked, v, gate, why, pos_low, run_low)
	select p_band, coalesce(o.why <> 'i', false), greatest(o.v + 1, v_next), o.gate, nullif(o.why, 'i'), least(o.pos, o.pos_low), coalesce(o.run_low, 0) from o;
end $$;
comment on function tow_store.line_up(int, int, bigint[], bigint[], int[], int[], bigint[], text[]) is 'Put jobs into their lanes, and give lanes a turn that had none.';

create or replace function tow_store.lane_clock(p_band int, out v bigint, out gate bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $$
begin
	select t.v, t.pos_low into v, gate from tow_store.turn t where t.gate = 0 and t.band = p_band order by t.gate desc, t.band desc, t.v desc limit 1;
	v := coalesce(v, 0);
	gate := coalesce(gate, 0);
end $$;
comment on function tow_store.lane_clock(int) is
'The virtual time of a laned band: no lane that may run is earlier, and of those at that time none is before this gate. Whoever comes is later.';

-- Jobs of kinds with a limit go where they belong, in their order. The bands are made by whoever sets the limit; should
-- one not be there, the admit duty makes it.
create or replace function tow_store.to_kind_bands(p_band int, p_ids bigint[], p_kinds text[], p_attempts int[], p_flags int[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_bands int[];
begin
	perform pg_current_xact_id(); -- before the positions
	with u as (
		select u.id, u.attempt, u.flags & ~4 as flags, (select k.id from tow_store.band b
			join tow_store.band k on k.queue = b.queue and k.priority = b.priority and k.laned = b.laned and k.kind = u.kind where b.id = p_band) as band
		from unnest(p_ids, p_kinds, p_attempts, p_flags) with ordinality u(id, kind, attempt, flags, n) order by u.n
	), r as (
		insert into tow_store.ready (band, pos, id, attempt, flags)
		select u.band, nextval('tow_store.job_id'), u.id, u.attempt, u.flags from u where u.band is not null
	), w as (
		insert into tow_store.waiting (id, reason, since, attempt, flags)
		select u.id, 'admission', tow.now(), u.attempt, u.flags from u where u.band is null
	)
	select array_agg(distinct u.band) into v_bands from u;
	perform tow_store.ring_band(b) from unnest(v_bands) b where b is not null;
	if array_position(v_bands, null) is not null then
		perform tow_store.ring_clock('-infinity');
	end if;
end $$;
comment on function tow_store.to_kind_bands(int, bigint[], text[], int[], int[]) is 'Move jobs, which somebody took out of a band, to the bands of their kinds.';

-- For plain bands: a claim that got less than it wanted has jobs of limited kinds moved out of the next one's way, some
-- thousands at most.
create or replace function tow_store.sift(p_band int, p_low bigint, p_want int, p_kinds text[]) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_low bigint := p_low;
	v_size int := p_want;
	v_others int := 0;
	v_moved boolean := false;
	s record;
begin
	if not exists (select from tow_store.ready r where r.band = p_band and r.pos > p_low order by r.band, r.pos limit 1) then
		return false;
	end if;
	for i in 1 .. 6 loop
		with c as materialized (
			select r.ctid as at, r.pos, j.kind = any(p_kinds) as away from tow_store.ready r join tow_store.job j on j.id = r.id
			where r.band = p_band and r.pos > v_low order by r.band, r.pos limit v_size
		), d as (
			delete from tow_store.ready where ctid = any(array(
				select r.ctid from tow_store.ready r where r.ctid = any(array(select c.at from c where c.away)) for update skip locked))
			returning id, pos, attempt, flags
		)
		select m.*, t.* into s from (
				select array_agg(d.id order by d.pos) as ids, array_agg(j.kind order by d.pos) as kinds, array_agg(d.attempt order by d.pos) as attempts,
					array_agg(d.flags order by d.pos) as flags from d join tow_store.job j on j.id = d.id) m,
			(select max(c.pos) as pos, count(*) as n, count(*) filter (where not c.away) as others from c) t;
		if s.ids is not null then
			perform tow_store.to_kind_bands(p_band, s.ids, s.kinds, s.attempts, s.flags);
			v_moved := true;
		end if;
		v_others := v_others + s.others;
		exit when s.n < v_size or v_others >= p_want;
		v_low := s.pos;
		v_size := 1000;
	end loop;
	return v_moved;
end $$;
comment on function tow_store.sift(int, bigint, int, text[]) is 'Move jobs of kinds with a limit to their own bands; whether there were any.';

-- Duty: while all workers are busy nobody claims, and a lane's single job would stand unsorted behind another lane's
-- hundred thousand. The band's low follows the rule of tow_store.duty_promote: what was given out before xid has ended
-- once all transactions below it have.
create or replace function tow_store.duty_sort() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_top constant bigint := coalesce(pg_sequence_last_value('tow_store.job_id'::regclass), 0); -- before there is an xid
	b record;
	s record;
	v_home int;
	v_left int[] := array[]::int[];
	v_count int := 0;
begin
	if not pg_try_advisory_xact_lock_shared(7630718, 0) then
		return 0;
	end if;
	for b in
		select l.id, l.queue, l.crowd, l.opening, tow_store.sort_from(l.id, v_top) as low from tow_store.band l where l.laned order by l.queue, l.crowd, l.id
	loop
		if b.opening = 0 then -- its crowds have to wait
			v_left := v_left || b.id;
		end if;
		continue when not exists (select from tow_store.ready r where r.band = b.id and r.pos > b.low);
		if b.crowd then
			v_home := (tow_store.bands_beside(b.id)).home;
			continue when v_home = any(v_left) or not tow_store.is_short_of_crowd(b.queue, v_home, b.id, 1000);
		end if;
		if not pg_try_advisory_xact_lock_shared(7630718, b.queue) or not pg_try_advisory_xact_lock(7630716, b.queue) then
			v_left := v_left || b.id;
			continue;
		end if;
		s := tow_store.sort_lanes(b.queue, b.id, b.low, case when b.crowd then v_top else 9223372036854775807 end, case when b.crowd then 1000 else 5000 end, tow.now(), coalesce(b.opening = 0, false));
		if not s.dry then
			v_left := v_left || b.id;
			v_count := v_count + case when b.crowd then 0 else 1 end; -- of a crowd claims sort what they need, and need the lock
		end if;
	end loop;
	return v_count;
end $$;
comment on function tow_store.duty_sort() is 'Duty: sort jobs into their lanes.';

create or replace function tow_store.sort_from(p_band int, p_top bigint) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
declare
	s tow_store.sorting;
	v_first bigint;
	v_over boolean;
begin
	select * into s from tow_store.sorting o where o.band = p_band;
	if not found then
		insert into tow_store.sorting (band, low, top, xid) values (p_band, 0, p_top, pg_current_xact_id()::text::bigint) returning * into s;
	end if;
	select pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= s.xid,
		(select r.pos from tow_store.ready r where r.band = p_band and r.pos > s.low order by r.band, r.pos limit 1)
	into v_over, v_first;
	if v_over and least(s.top, v_first - 1) > s.low then
		update tow_store.sorting o set low = least(s.top, v_first - 1) where o.band = p_band returning * into s;
	end if;
	if p_top > s.top and (v_over or s.xid > pg_current_xact_id()::text::bigint) then
		update tow_store.sorting o set top = p_top, xid = pg_current_xact_id()::text::bigint where o.band = p_band returning * into s;
	end if;
	return s.low;
end $$;
comment on function tow_store.sort_from(int, bigint) is 'From which position the sort duty scans a laned band; raises it where that is safe.';

-- A lane without settings of its own whose jobs have all run is forgotten when it is a day old and its bucket, if it has
-- one, is full again. Bounded; under the queue's lock.
create or replace function tow_store.tidy_lanes(p_now timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	q record;
	v_gates bigint[];
begin
	for q in select o.id, o.lane_rate, o.lane_burst from tow_store.queue o where exists (select from tow_store.band b where b.queue = o.id and b.laned) order by o.id loop
		continue when not pg_try_advisory_xact_lock_shared(7630718, q.id) or not pg_try_advisory_xact_lock(7630716, q.id);
		select array_agg(i.id) into v_gates from (
			select g.id from tow_store.gate g
			where g.what = 'l' and g.queue = q.id and not g.own and g.used_at < p_now - interval '1 day'
				and not exists (select from tow_store.turn t where t.gate = g.id and t.why is distinct from 'i')
				and not exists (select from tow_store.held h where h.gate = g.id)
				and (tow_store.tokens(g.id, q.lane_rate, q.lane_burst, p_now) < coalesce(q.lane_burst, greatest(ceil(q.lane_rate), 1))) is not true
			limit 1000) i;
		delete from tow_store.turn t where t.gate = any(v_gates);
		delete from tow_store.bucket b where b.gate = any(v_gates);
		delete from tow_store.gate g where g.id = any(v_gates);
	end loop;
end $$;
comment on function tow_store.tidy_lanes(timestamptz) is 'Forget lanes that have been idle for long.';
