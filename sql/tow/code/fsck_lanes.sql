-- tow.fsck: lanes that would never have their turn, scans that would begin too late, runs that a limit does not count.
-- See contrib/docs/lanes.md. A lane is put right by writing its turn anew, under its queue's lock, by trying.

create or replace function tow_store.fsck_lanes(p_job bigint) returns table(problem text, job bigint, detail text, remedy text)
language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off set plan_cache_mode = force_custom_plan
as $$
begin
	return query
		with l as ( -- lanes with jobs, and the newest of their turns
			select o.band, o.gate, min(o.pos) as first, (array_agg(o.id order by o.pos))[1] as head
			from tow_store.lined o
			where p_job is null or (o.band, o.gate) in (select i.band, i.gate from tow_store.lined i where i.id = p_job)
			group by o.band, o.gate
		), t as (
			select l.*, n.turns, u.parked, u.v, u.why, u.pos_low, g.what, g.paused_at, g.queue, b.queue as home, coalesce(g.max_running, q.lane_limit) as most,
				tow_store.tokens(g.id, coalesce(g.rate, q.lane_rate), coalesce(g.burst, case when g.rate is null then q.lane_burst end), tow.now()) as tokens
			from l left join tow_store.gate g on g.id = l.gate left join tow_store.band b on b.id = l.band left join tow_store.queue q on q.id = g.queue,
				lateral (select count(*) as turns from tow_store.turn x where x.gate = l.gate and x.band = l.band) n
				left join lateral (select x.* from tow_store.turn x where x.gate = l.gate and x.band = l.band order by x.v desc limit 1) u on true
		)
		select p.problem, t.head, format('lane %s, band %s', t.gate, t.band), 'write its turn anew'
		from t, lateral (
			select case
				when t.turns = 0 then 'no turn'
				when t.turns > 1 then 'two turns'
				when not t.parked and (t.v, t.gate) < (select c.v, c.gate from tow_store.lane_clock(t.band) c) then 'turn in the past'
				when t.pos_low > t.first then 'lane read too late'
				when t.parked and not exists (select from tow_store.wake w where w.gate = t.gate and w.queue = t.home)
					and (t.why = 'i' or t.why = 'p' and t.paused_at is null or t.why = 't' and coalesce(t.tokens, 1) >= 1
						or t.why = 'l' and (t.most = 0 or t.most > (select count(distinct h.place) from tow_store.held h join tow_store.running r
							on r.job_id = h.job_id and r.run = h.run where h.gate = t.gate))) then 'parked in vain'
				end as problem) p
		where p.problem is not null and t.what = 'l' and t.queue = t.home
		union all
		select 'no such lane', l.id, format('lane %s, band %s', l.gate, l.band), 'sort it anew'
		from tow_store.lined l join tow_store.job j on j.id = l.id left join tow_store.band b on b.id = l.band
		where (p_job is null or l.id = p_job)
			and not exists (select from tow_store.gate g where g.id = l.gate and g.what = 'l' and g.name = j.lane and g.queue = b.queue)
		union all
		select 'not counted', r.job_id, format('gate %s, run %s', g.id, r.run), 'count it'
		from tow_store.running r join tow_store.job j on j.id = r.job_id join tow_store.band b on b.id = r.band join tow_store.queue q on q.id = b.queue
			join tow_store.gate g on g.what = 'q' and g.queue = q.id and g.name = '' and g.max_running is not null
				or g.what = 'k' and g.name = j.kind and g.max_running is not null
				or g.what = 'l' and g.queue = q.id and g.name = j.lane and b.laned and coalesce(g.max_running, q.lane_limit) > 0
		where (p_job is null or r.job_id = p_job) and not exists (select from tow_store.held h where h.gate = g.id and h.run = r.run)
		union all
		select 'counted too late', h.job_id, format('gate %s, run %s', h.gate, h.run), 'count from the start'
		from tow_store.held h join tow_store.running r on r.job_id = h.job_id and r.run = h.run join tow_store.gate g on g.id = h.gate
		where (p_job is null or h.job_id = p_job) and (h.run < g.run_low or exists (select from tow_store.turn t where t.gate = h.gate and h.run < t.run_low));
end $$;
comment on function tow_store.fsck_lanes(bigint) is 'Part of tow.fsck: lanes and their turns, and what limits count.';

create or replace function tow_store.fsck_mend_lane(p_problem text, p_job bigint, p_detail text) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_gate constant bigint := substring(p_detail from '^(?:lane|gate) (\d+)')::bigint;
	v_band constant int := substring(p_detail from 'band (\d+)')::int;
	v_run constant bigint := substring(p_detail from 'run (\d+)')::bigint;
	j tow_store.job;
	l tow_store.lined;
begin
	if p_problem = 'no such lane' then
		select f.* into j from tow_store.job f where f.id = p_job;
		delete from tow_store.lined o where o.ctid = (select i.ctid from tow_store.lined i where i.id = p_job limit 1 for update skip locked) returning o.* into l;
		if not found then
			return false;
		end if;
		perform tow_store.put_back(l.id, tow_store.home_band(j.queue, j.priority, j.kind, j.lane is not null), l.attempt, l.flags, null, 's');
		return true;
	end if;
	if not tow_store.fsck_hold(v_gate, v_band)
		or not exists (select from tow_store.fsck_lanes(p_job) f where f.problem = p_problem and f.detail = p_detail) then
		return false;
	end if;
	case p_problem
	when 'not counted' then
		update tow_store.running r set flags = r.flags | 4 where r.job_id = p_job and r.run = v_run;
		if found then
			insert into tow_store.held (gate, run, job_id, place) values (v_gate, v_run, p_job, v_run) on conflict do nothing;
		end if;
	when 'counted too late' then
		update tow_store.gate g set run_low = 0 where g.id = v_gate;
		perform tow_store.fsck_turn(t.band, v_gate) from tow_store.turn t where t.gate = v_gate;
	else
		perform tow_store.fsck_turn(v_band, v_gate);
	end case;
	return true;
end $$;
comment on function tow_store.fsck_mend_lane(text, bigint, text) is 'Put right a lane, or what a limit counts.';

-- Alone with a gate, as who sets its limit is: in the order of gate.sql.
create or replace function tow_store.fsck_hold(p_gate bigint, p_band int) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_queue constant int := coalesce((select g.queue from tow_store.gate g where g.id = p_gate), (select b.queue from tow_store.band b where b.id = p_band), 0);
begin
	return pg_try_advisory_xact_lock(7630718, v_queue) and pg_try_advisory_xact_lock(7630716, v_queue)
		and pg_try_advisory_xact_lock(7630717, p_gate::int);
end $$;
comment on function tow_store.fsck_hold(bigint, int) is 'Take the locks of a gate, unless somebody has them.';

create or replace function tow_store.fsck_turn(p_band int, p_gate bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_first constant bigint := (select min(l.pos) from tow_store.lined l where l.band = p_band and l.gate = p_gate);
	v_v constant bigint := (select max(t.v) from tow_store.turn t where t.band = p_band and t.gate = p_gate);
begin
	delete from tow_store.turn t where t.band = p_band and t.gate = p_gate;
	insert into tow_store.turn (band, parked, v, gate, why, pos_low, run_low)
	values (p_band, v_first is null, greatest(v_v + 1, (tow_store.lane_clock(p_band)).v + 1), p_gate, case when v_first is null then 'i'::"char" end, coalesce(v_first, 0), 0);
	perform tow_store.ring_band(p_band);
end $$;
comment on function tow_store.fsck_turn(int, bigint) is 'Write the turn of a lane anew; a claim finds out whether it has to wait.';
