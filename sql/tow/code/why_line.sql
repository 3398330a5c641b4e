-- tow.why for a job that could run: limits and who holds them, rates, full workers, and who is before it.

-- The limits of its queue, its kind and its lane.
create or replace function tow_store.why_limited(j tow_store.job, p_queue int, p_gate bigint)
returns table(rank int, reason text, detail text, ids bigint[], until timestamptz, hint text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_now constant timestamptz := tow.now();
	g record;
	v_holders bigint[];
	v_count bigint;
	v_tokens double precision;
begin
	for g in
		select s.id, 50 as n, 'queue' as what, j.queue as name, s.max_running as most, s.rate, s.burst, s.run_low
		from tow_store.gate s where s.what = 'q' and s.queue = p_queue and s.name = ''
		union all
		select s.id, 51, 'kind', j.kind, s.max_running, s.rate, s.burst, s.run_low from tow_store.gate s where s.what = 'k' and s.name = j.kind
		union all
		select s.id, 52, 'lane', j.lane, nullif(coalesce(s.max_running, q.lane_limit), 0), coalesce(s.rate, q.lane_rate),
			coalesce(s.burst, case when s.rate is null then q.lane_burst end), s.run_low
		from tow_store.gate s join tow_store.queue q on q.id = s.queue where s.id = p_gate
	loop
		select array_agg(p.job order by p.place), count(*) into v_holders, v_count -- of each place who has it now
		from (select distinct on (h.place) h.place, h.job_id as job from tow_store.held h join tow_store.running r on r.job_id = h.job_id and r.run = h.run
			where h.gate = g.id and h.run >= g.run_low order by h.place, h.run limit 1000) p;
		if v_count >= g.most then
			return query select g.n, g.what || ' limit', format('%s of at most %s run in %s %s', v_count, g.most, g.what, g.name), v_holders,
				null::timestamptz, case g.what when 'queue' then format('select tow.set_queue(%L, max_running => %s)', j.queue, v_count + 1)
					when 'kind' then format('select tow.set_kind(%L, max_running => %s)', j.kind, v_count + 1)
					else format('select tow.set_lane(%L, %L, max_running => %s)', j.queue, j.lane, v_count + 1) end;
		end if;
		v_tokens := tow_store.tokens(g.id, g.rate, g.burst, v_now);
		if v_tokens < 1 then
			return query select g.n + 5, g.what || ' rate', format('%s %s may start %s a second', g.what, g.name, g.rate), null::bigint[],
				tow_store.next_token(v_tokens, g.rate, v_now), null::text;
		end if;
	end loop;
end $$;
comment on function tow_store.why_limited(tow_store.job, int, bigint) is 'Part of tow.why: limits that are reached, and rates.';

-- Every live worker that would run it has as many jobs of its queue as it has slots for, or of all queues that share them.
create or replace function tow_store.why_full(j tow_store.job, p_queue int)
returns table(rank int, reason text, detail text, ids bigint[], until timestamptz, hint text)
language sql volatile set search_path = pg_catalog, pg_temp
set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
	with w as (
		select l.id, case when l.leave_at is not null then 'draining' else l.state end as state, case when u.shared > 0 then u.shared else u.slots end as slots,
			case when u.shared > 0 then array(select o.queue from unnest(l.queues, l.shared) o(queue, shared) where o.shared > 0) else array[p_queue] end as queues
		from tow_store.worker l, unnest(l.queues, l.slots, l.shared) u(queue, slots, shared)
		where l.ended_at is null and not tow_store.is_silent(l) and u.queue = p_queue and j.kind = any(l.kinds)
	), f as (
		select w.id, w.slots, w.state, count(r.band) as busy
		from w left join (select o.worker, d.id as band, d.queue from (select * from tow_store.running limit 100000) o join tow_store.band d on d.id = o.band) r
			on r.worker = w.id and r.queue = any(w.queues)
		group by w.id, w.slots, w.state
	)
	select 70, 'workers stopping', tow_store.all_leave(count(*)), array_agg(f.id order by f.id), null::timestamptz,
		format('another one takes it: tow worker --queue %s:N (tow up starts one again by itself)', j.queue)
	from f having count(*) > 0 and bool_and(f.state <> 'running')
	union all
	select 70, 'workers full', format('%s of %s, with %s', tow_store.some(sum(f.slots)::bigint, 'slot'), tow_store.some(count(*), 'worker'), tow_store.some(sum(f.busy)::bigint, 'job')), array_agg(f.id order by f.id), null::timestamptz,
		format('more slots: tow worker --queue %s:N', j.queue)
	from f where f.state = 'running' having count(*) > 0 and bool_and(f.busy >= f.slots)
$$;
comment on function tow_store.why_full(tow_store.job, int) is 'Part of tow.why: no slot is free, or those who have them are about to go.';

-- Who is before it: in its lane, and in the queue.
create or replace function tow_store.why_behind(j tow_store.job, p_queue int, p_band int, p_gate bigint, p_pos bigint, p_place text)
returns table(rank int, reason text, detail text, ids bigint[], until timestamptz, hint text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
declare
	v_low constant bigint := (select max(t.pos_low) from tow_store.turn t where t.gate = p_gate and t.band = p_band);
	v_lined constant boolean := p_place = 'lined';
	v_ids bigint[];
	v_more bigint[];
begin
	v_ids := array(select l.id from tow_store.lined l
		where l.band = p_band and l.gate = p_gate and l.pos >= coalesce(v_low, 0) and l.pos < case when v_lined then p_pos else 9223372036854775807 end
		order by l.pos limit 1001);
	if v_ids <> '{}' then
		return query select 60, 'lane''s head', format('%s before it in lane %s', tow_store.at_most(cardinality(v_ids)), j.lane), v_ids[1:10], null::timestamptz, null::text;
	end if;
	v_more := array(
		select r.id from tow_store.band b, lateral (select o.id from tow_store.ready o where o.band = b.id order by o.band, o.pos limit 1001) r
		where b.queue = p_queue and b.priority < (select d.priority from tow_store.band d where d.id = p_band) limit 1001);
	v_ids := array(select r.id from tow_store.ready r where not v_lined and r.band = p_band and r.pos < p_pos order by r.band, r.pos limit 1001);
	if v_more || v_ids <> '{}' then
		return query select 80, 'in line', format('before it in queue %s: %s', j.queue,
				concat_ws(', ', nullif(tow_store.at_most(cardinality(v_ids)), '0') || ' of its priority', nullif(tow_store.at_most(cardinality(v_more)), '0') || ' more urgent')), (v_more || v_ids)[1:10], null::timestamptz,
			case when v_more = '{}' then null else format('select tow.reprioritise(%s, ...)', j.id) end;
	end if;
end $$;
comment on function tow_store.why_behind(tow_store.job, int, int, bigint, bigint, text) is 'Part of tow.why: jobs that come first.';

create or replace function tow_store.at_most(p_n int) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case when p_n > 1000 then 'more than 1000' else p_n::text end
$$;
comment on function tow_store.at_most(int) is 'A number that was counted to 1,000 and no further.';
