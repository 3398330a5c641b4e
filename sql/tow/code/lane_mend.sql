-- A lane that was left parked although it may go on would stand until somebody runs tow.fsck. So each turn of the tidy
-- duty looks at the next lanes in order of id, round and round, at the price of a few probes each. What looks wrong is
-- judged anew, and put right, as tow.fsck does it: under the locks of contrib/docs/lanes.md, by trying. It is in the
-- audit, because it should never happen.
create or replace function tow_store.mend_lanes(p_most int) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	v_gates bigint[];
	v_from constant bigint := coalesce(pg_sequence_last_value('tow_store.lane_walk'::regclass), 0);
	f record;
	v_count int := 0;
begin
	select array_agg(w.id) into v_gates from (select g.id from tow_store.gate g where g.id > v_from and g.what = 'l' order by g.id limit p_most) w;
	if v_gates is null and v_from = 0 then
		return 0;
	end if;
	perform setval('tow_store.lane_walk', case when cardinality(v_gates) = p_most then v_gates[p_most] else 0 end);
	for f in
		select w.name, x.* from tow_store.stuck_lanes(v_gates, tow.now()) w, tow_store.fsck_lanes(w.head) x
		where x.problem in ('no turn', 'parked in vain')
	loop
		if tow_store.fsck_mend_lane(f.problem, f.job, f.detail) then
			perform tow_store.note('lane.mended', f.name, f.job, jsonb_build_object('problem', f.problem, 'detail', f.detail));
			v_count := v_count + 1;
		end if;
	end loop;
	return v_count;
end $$;
comment on function tow_store.mend_lanes(int) is 'Give the next so many lanes their turn again where they were left parked in vain; returns how many.';

create or replace function tow_store.stuck_lanes(p_gates bigint[], p_now timestamptz) returns table(name text, head bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
	return query
	select g.name, h.id
	from unnest(p_gates) u(id)
		join tow_store.gate g on g.id = u.id
		join tow_store.queue q on q.id = g.queue
		join tow_store.band b on b.queue = g.queue and b.laned
		left join lateral (
			select r.* from tow_store.turn r where r.gate = g.id and r.band = b.id order by r.gate desc, r.band desc, r.v desc limit 1) t on true
		cross join lateral (
			select l.id from tow_store.lined l where l.band = b.id and l.gate = g.id and l.pos >= coalesce(t.pos_low, 0)
			order by l.band, l.gate, l.pos limit 1) h
	where (t.gate is null or t.parked) and case t.why
		when 'p' then g.paused_at is null
		when 't' then coalesce(tow_store.tokens(g.id, coalesce(g.rate, q.lane_rate), coalesce(g.burst, case when g.rate is null then q.lane_burst end), p_now), 1) >= 1
		when 'l' then coalesce(g.max_running, q.lane_limit) = 0 or coalesce(g.max_running, q.lane_limit) > (
			select count(distinct e.place) from tow_store.held e join tow_store.running r on r.job_id = e.job_id and r.run = e.run where e.gate = g.id and e.run >= t.run_low)
		else true end
		and not exists (select from tow_store.wake w where w.gate = g.id and w.queue = g.queue);
end $$;
comment on function tow_store.stuck_lanes(bigint[], timestamptz) is 'Which of some lanes have jobs and no turn, though nothing seems to hold them; and their first jobs.';
