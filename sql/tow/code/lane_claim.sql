-- Claiming from lanes, under the queue's lock (see gate.sql). Lanes share by weight (start-time fair queueing): each
-- has a virtual time v, which a job of it raises by cost, a million by its weight. The lanes with the smallest v are
-- raised to a common level that the wanted jobs pay for; no lane beyond its limit or its tokens. Whoever may not go on
-- is parked until something frees it, so that no later claim meets it.

-- Rounds, because a lane may have fewer jobs than its share. Each claims something or parks somebody, or is the last;
-- after one that claimed nothing the next looks farther. more: very many were parked, and others may be next.
create or replace function tow_store.claim_lanes(
	p_worker bigint, p_batch bigint, p_now timestamptz, p_queue int, p_band int, p_want int, p_relay int, p_gates bigint[],
	out claimed tow_store.claimed[], out more boolean
)
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	c_vain constant int := 8;
	v_clock constant record := tow_store.lane_clock(p_band);
	v_time bigint := v_clock.v;
	v_gate bigint := v_clock.gate;
	v_chosen tow_store.chosen[];
	v_look int := p_want;
	v_vain int := 0;
	n record;
	k record;
	r record;
begin
	claimed := array[]::tow_store.claimed[];
	while cardinality(claimed) < p_want and v_vain < c_vain loop
		v_chosen := tow_store.choose_lanes(p_queue, p_band, v_time, v_gate, p_want - cardinality(claimed), p_relay, v_look, p_now);
		exit when v_chosen is null;
		k := tow_store.take_lined(p_worker, p_batch, p_now, p_band, v_chosen, p_gates);
		r := tow_store.turn_on(p_queue, p_band, v_chosen, k.gates, k.counts, p_now);
		claimed := claimed || k.claimed;
		select t.v, t.gate into n from tow_store.turn t
		where t.band = p_band and not t.parked and (t.v, t.gate) >= (v_time, v_gate) order by t.band, t.parked, t.v, t.gate limit 1;
		v_gate := case when n.v is not null then n.gate when r.last > v_time then 0 else v_gate end;
		v_time := greatest(v_time, coalesce(n.v, r.last));
		exit when n.v is null or (k.claimed = '{}' and r.parked = 0);
		if k.claimed = '{}' then
			v_look := least(greatest(v_look, 1) * 4, 1000);
			v_vain := v_vain + 1;
		end if;
	end loop;
	more := v_vain = c_vain;
	if (v_time, v_gate) > (v_clock.v, v_clock.gate) then
		delete from tow_store.turn t where t.gate = 0 and t.band = p_band and t.v = v_clock.v;
		insert into tow_store.turn (band, parked, v, gate, why, pos_low, run_low) values (p_band, true, v_time, 0, 'c', v_gate, 0);
	end if;
end $$;
comment on function tow_store.claim_lanes(bigint, bigint, timestamptz, int, int, int, int, bigint[]) is 'Start jobs of lanes, fairly and within their limits, so many (relay) in turn for each place.';

-- The first lanes in turn, and how many jobs each may start: those that have room are raised to the lowest level that
-- the wanted jobs pay for, the first gets one at least.
create or replace function tow_store.choose_lanes(p_queue int, p_band int, p_clock bigint, p_first bigint, p_want int, p_relay int, p_look int, p_now timestamptz) returns tow_store.chosen[]
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	v_chosen tow_store.chosen[];
begin
	with t as (
		select t.gate, t.ctid as at, t.v, t.pos_low, t.run_low from tow_store.turn t
		where t.band = p_band and not t.parked and (t.v, t.gate) >= (p_clock, p_first) order by t.band, t.parked, t.v, t.gate limit p_look
	), s as (
		select t.*, greatest(1000000 / g.weight, 1)::bigint as cost, nullif(coalesce(g.max_running, q.lane_limit), 0) as most,
			coalesce(g.rate, q.lane_rate) as rate, coalesce(g.burst, case when g.rate is null then q.lane_burst end) as burst,
			g.paused_at is not null as paused
		from t join tow_store.gate g on g.id = t.gate, tow_store.queue q where q.id = p_queue
	), l as (
		select s.*, case when s.most is not null then greatest(s.most - (
				select count(distinct h.place) from tow_store.held h
				where h.gate = s.gate and h.run >= s.run_low
					and exists (select from tow_store.running r where r.job_id = h.job_id and r.run = h.run offset 0)), 0)::int end as room,
			case when s.rate is not null then tow_store.tokens(s.gate, s.rate, s.burst, p_now) end as tokens
		from s
	), c as (
		select l.*, case when l.paused then 0 else least(l.room::bigint * p_relay, floor(l.tokens), p_want)::int end as can,
			(l.v - min(l.v) over ())::double precision as ahead from l
	), f as (
		select c.*, (p_want + sum(case when c.can > 0 then c.ahead / c.cost else 0 end) over w) / nullif(sum(case when c.can > 0 then 1::double precision / c.cost else 0 end) over w, 0) as level
		from c window w as (order by c.v, c.gate)
	), n as (
		select f.*, least(f.can, greatest(ceil((min(f.level) over () - f.ahead) / f.cost), 0))::int as n from f
	), w as (
		select n.*, greatest(least(n.n, p_want - sum(n.n) over (order by n.v, n.gate) + n.n), 0)::int as share from n
	)
	select array_agg((w.gate, w.at, w.v, w.cost, w.pos_low, w.run_low, w.room, w.rate, w.tokens, w.paused, w.share)::tow_store.chosen)
	into v_chosen from w where w.share > 0 or w.can <= 0;
	return v_chosen;
end $$;
comment on function tow_store.choose_lanes(int, int, bigint, bigint, int, int, int, timestamptz) is 'Whose turn it is, and for how many jobs; null if it is nobody''s.';

-- The jobs at the heads of the lanes, but for those that somebody is about to cancel or to move; dealt out to the places
-- that the lane has left.
create or replace function tow_store.take_lined(
	p_worker bigint, p_batch bigint, p_now timestamptz, p_band int, p_chosen tow_store.chosen[], p_gates bigint[],
	out claimed tow_store.claimed[], out gates bigint[], out counts int[]
)
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
begin
	with h as materialized (
		select l.*, c.room from unnest(p_chosen) c, lateral (
			select o.ctid as at, o.gate, o.pos, o.id, o.attempt, o.flags from tow_store.lined o where o.band = p_band and o.gate = c.gate and o.pos >= c.pos_low
			order by o.band, o.gate, o.pos limit c.n for update skip locked) l
		where c.n > 0
	), d as (
		delete from tow_store.lined where ctid = any(array(select h.at from h))
	), m as (
		select o.gate, o.id, o.attempt, o.flags, o.nth, nextval('tow_store.run') as run, o.room
		from (select h.*, row_number() over (partition by h.gate order by h.pos) as nth from h order by h.pos) o
	), p as (
		select m.*, case when m.room is not null then min(m.run) over (partition by m.gate, m.nth % m.room) end as place from m
	), r as (
		insert into tow_store.running (job_id, run, worker, batch, band, attempt, flags, claimed_at)
		select m.id, m.run, p_worker, p_batch, p_band, m.attempt + 1, m.flags | case when m.room is not null or p_gates <> '{}' then 4 else 0 end, p_now from m
	), t as (
		insert into tow_store.held (gate, run, job_id, place)
		select p.gate, p.run, p.id, p.place from p where p.place is not null
		union all
		select g, m.run, m.id, m.run from unnest(p_gates) g, m
	), k as (
		delete from tow_store.key where ctid = any(array(
			select k.ctid from m join tow_store.key k on k.job_id = m.id where m.flags & 2 <> 0 and k.scope = 'q' for update of k skip locked))
	), s as (
		select m.gate, count(*)::int as n from m group by m.gate
	)
	select coalesce((select array_agg((o.id, o.run, o.attempt + 1, o.flags, o.place)::tow_store.claimed) from (select * from p order by p.place, p.run) o), '{}'),
		coalesce(array_agg(s.gate), '{}'), coalesce(array_agg(s.n), '{}')
	into claimed, gates, counts from s;
end $$;
comment on function tow_store.take_lined(bigint, bigint, timestamptz, int, tow_store.chosen[], bigint[]) is 'Move the first jobs of lanes to running.';

-- Give the lanes their next turns, at what they paid. One whose head is locked has lost a turn. Hash joins on purpose.
create or replace function tow_store.turn_on(
	p_queue int, p_band int, p_chosen tow_store.chosen[], p_gates bigint[], p_counts int[], p_now timestamptz, out last bigint, out parked int
)
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_nestloop = off set enable_mergejoin = off set enable_hashjoin = on set jit = off
as $$
declare
	v_top constant bigint := coalesce(pg_sequence_last_value('tow_store.run'::regclass), 0);
	v_dry bigint[];
begin
	with u as (
		select c.*, coalesce(k.n, 0) as got,
			(select l.pos from tow_store.lined l where l.band = p_band and l.gate = c.gate and l.pos >= c.pos_low order by l.band, l.gate, l.pos limit 1) as next,
			(select h.run from tow_store.held h where h.gate = c.gate and h.run >= c.run_low order by h.gate, h.run limit 1) as first
		from unnest(p_chosen) c left join unnest(p_gates, p_counts) k(gate, n) on k.gate = c.gate offset 0
	), y as (
		select u.*, case when u.next is null then 'i' when u.paused then 'p' when u.room <= u.got then 'l' when u.tokens - u.got < 1 then 't' end::"char" as why from u
	), d as (
		delete from tow_store.turn where ctid = any(array(select c.at from unnest(p_chosen) c))
	), t as (
		insert into tow_store.turn (band, parked, v, gate, why, pos_low, run_low)
		select p_band, y.why is not null, y.v + case when y.got > 0 then y.got * y.cost when y.n > 0 and y.why is null then y.cost else 1 end,
			y.gate, y.why, coalesce(y.next, y.pos_low), case when y.room is null then y.run_low else coalesce(y.first, v_top) end from y
	)
	select max(y.v + (y.got - 1) * y.cost) filter (where y.got > 0), count(y.why), array_agg(y.gate) filter (where y.rate is not null and (y.got > 0 or y.why = 't'))
	into last, parked, v_dry from y;
	if v_dry is not null then
		perform tow_store.pay(p_queue, p_chosen, p_gates, p_counts, p_now);
	end if;
end $$;
comment on function tow_store.turn_on(int, int, tow_store.chosen[], bigint[], int[], timestamptz) is 'Where lanes stand after a claim; last: the latest virtual time at which one started a job.';

create or replace function tow_store.pay(p_queue int, p_chosen tow_store.chosen[], p_gates bigint[], p_counts int[], p_now timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c record;
begin
	for c in
		select u.gate, u.rate, u.tokens - coalesce(k.n, 0) as left, coalesce(k.n, 0) as got, tow_store.is_ahead(u.gate, p_now) as ahead
		from unnest(p_chosen) u left join unnest(p_gates, p_counts) k(gate, n) on k.gate = u.gate where u.rate is not null and not u.paused
	loop
		if c.got > 0 or c.ahead then
			perform tow_store.spend(c.gate, c.left, p_now);
		end if;
		if c.left < 1 then
			perform tow_store.wake_at(p_queue, c.gate, tow_store.next_token(c.left, c.rate, p_now));
		end if;
	end loop;
end $$;
comment on function tow_store.pay(int, tow_store.chosen[], bigint[], int[], timestamptz) is 'Take tokens from lanes with a rate, and have those woken that have none left.';
