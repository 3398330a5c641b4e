-- Lanes and limits, for people.
create or replace view tow.lanes as
select q.name as queue, g.name as lane,
	case when g.paused_at is not null then 'paused' when t.gate is null then 'idle' when t.free then 'ready' when t.limited then 'full' else 'out of tokens' end as state,
	coalesce(w.n, 0) as waiting, coalesce(h.n, 0) as running, nullif(coalesce(g.max_running, q.lane_limit), 0) as max_running,
	coalesce(g.rate, q.lane_rate) as rate, coalesce(g.burst, case when g.rate is null then q.lane_burst end) as burst,
	round(tow_store.tokens(g.id, coalesce(g.rate, q.lane_rate), coalesce(g.burst, case when g.rate is null then q.lane_burst end), tow.now())::numeric, 2) as tokens,
	g.weight, w.first as next_job, g.paused_at, g.pause_reason, g.own,
	case when w.more then array['waiting'] else '{}' end as more
from tow_store.gate g
	join tow_store.queue q on q.id = g.queue
	left join lateral (select t.gate, bool_or(not t.parked) as free, bool_or(t.why = 'l') as limited from tow_store.turn t
		where t.gate = g.id and t.why is distinct from 'i' group by t.gate) t on true
	left join lateral (select sum(least(c.n, tow_store.counted_to()))::bigint as n, min(c.first) as first, bool_or(c.n > tow_store.counted_to()) as more from tow_store.band b, lateral (
		select count(*) as n, min(l.id) as first from (select o.id from tow_store.lined o where o.band = b.id and o.gate = g.id order by o.band, o.gate, o.pos limit tow_store.counted_to() + 1) l) c
		where b.queue = g.queue and b.laned) w on true
	left join lateral (select count(distinct d.place) as n from tow_store.held d join tow_store.running r on r.job_id = d.job_id and r.run = d.run where d.gate = g.id) h on true
where g.what = 'l';
comment on view tow.lanes is
'Lanes: those with jobs, with settings of their own, or used lately. running is counted where the lane has a limit. max_running and rate: null any number. Arrivals of this moment are not sorted into their lanes yet. waiting counts to 10,000 a priority; more: that it has others beside.';
comment on column tow.lanes.state is 'ready: has a turn; full: at its limit; out of tokens; paused; idle: no jobs.';

create or replace view tow.limits as
select case g.what when 'q' then 'queue' when 'k' then 'kind' else 'lane' end as what, q.name as queue, case when g.what <> 'q' then g.name end as name,
	g.max_running, case when g.max_running is not null then (select count(distinct d.place) from tow_store.held d
		join tow_store.running r on r.job_id = d.job_id and r.run = d.run where d.gate = g.id) end as running,
	g.rate, g.burst, round(tow_store.tokens(g.id, g.rate, g.burst, tow.now())::numeric, 2) as tokens, case when g.what = 'l' then g.weight end as weight,
	g.paused_at, g.pause_reason
from tow_store.gate g left join tow_store.queue q on q.id = g.queue
where g.own and (g.max_running is not null or g.rate is not null or g.paused_at is not null or g.weight <> 1)
union all
select 'lanes', q.name, null, nullif(q.lane_limit, 0), null, q.lane_rate, q.lane_burst, null, null, null, null
from tow_store.queue q where q.lane_limit <> 1 or q.lane_rate is not null;
comment on view tow.limits is 'Limits that somebody set on a queue, a kind or a lane, and how many runs they hold now. lanes: what goes for each lane of a queue that has no limit of its own (lane_limit, lane_rate, lane_burst of tow.set_queue); max_running is null there for any number.';
