create or replace view tow.queues as
select q.name, case when q.paused_at is null then 'open' else 'paused' end as state, coalesce(r.n, 0) as ready, coalesce(r.laned, 0) as waiting, coalesce(u.n, 0) as running,
	r.oldest as oldest_ready, coalesce(w.workers, 0) as workers, coalesce(w.slots, 0) as slots, q.policy, q.max_attempts, q.timeout, q.retention, q.max_args_bytes,
	q.paused_at, q.pause_reason, q.description, g.max_running, g.rate, g.burst, q.lane_limit, q.lane_rate, q.lane_burst, q.expire_after,
	case when w.workers is null then 'nobody serves it' end as trouble, case when w.workers is null then format('tow worker --queue %s', q.name) end as hint,
	array_remove(array[case when r.more then 'ready' end, case when r.laned_more then 'waiting' end], null) as more
from tow_store.queue q
	left join tow_store.gate g on g.what = 'q' and g.queue = q.id
	left join lateral (select (sum(c.n) filter (where not b.laned))::bigint as n, (sum(c.n) filter (where b.laned))::bigint as laned, min(c.oldest) as oldest,
		bool_or(c.more) filter (where not b.laned) as more, bool_or(c.more) filter (where b.laned) as laned_more from tow_store.band b, lateral tow_store.depth(b.id) c where b.queue = q.id) r on true
	left join (select b.queue, count(*) as n from tow_store.running o join tow_store.band b on b.id = o.band group by b.queue) u on u.queue = q.id
	left join (select s.queue, count(*) as workers, sum(s.slots)::bigint as slots
		from tow_store.worker l, unnest(l.queues, l.slots) s(queue, slots) where l.ended_at is null and not tow_store.is_silent(l) group by s.queue) w on w.queue = q.id
order by q.name;
comment on view tow.queues is 'Queues: what is in them now, who serves them, their settings (null: the instance''s). ready, and waiting (in lanes), count to 10,000 a priority and no further; more: which of the two has others beside (tow.depth counts them). trouble, hint: that no live worker serves it, and the command that does.';

create or replace function tow.show_queue(name text) returns setof tow.queues
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	q tow.queues;
begin
	perform tow_store.see_queue(name);
	select o.* into q from tow.queues o where o.name = name;
	select d.ready, d.waiting, '{}'::text[] into q.ready, q.waiting, q.more from tow.depth(name) d;
	return next q;
end $$;
comment on function tow.show_queue(text) is 'A queue as tow.queues has it, its jobs counted to the last one.';

create or replace function tow_store.slots_of(w tow_store.worker) returns int
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select (coalesce(sum(u.slots) filter (where coalesce(u.shared, 0) = 0), 0) + coalesce(max(u.shared), 0))::int from unnest(w.slots, w.shared) u(slots, shared)
$$;
comment on function tow_store.slots_of(tow_store.worker) is 'How many slots a worker has: those that queues share are counted once.';

create or replace view tow.workers as
select w.id, w.name, w.host, w.pid, case when tow_store.is_silent(w) then 'silent' when w.leave_at is not null then 'draining' else w.state end as state, coalesce(u.n, 0)::int as busy, tow_store.slots_of(w) as slots,
	(select string_agg(coalesce(q.name, '?') || ':' || u.slots, ' ' order by u.n)
		from unnest(w.queues, w.slots) with ordinality u(queue, slots, n) left join tow_store.queue q on q.id = u.queue) as queues,
	w.kinds, w.version, w.attached_at, w.seen_at, tow.now() - w.seen_at as silent, w.lease, w.held, w.listens, w.missing_since,
	w.pooled, w.clock_ahead, w.memory
from tow_store.worker w
	left join (select r.worker, count(*) as n from tow_store.running r group by r.worker) u on u.worker = w.id
where w.ended_at is null
order by w.id;
comment on view tow.workers is 'Workers that live: what they serve, how many jobs they hold, when they were heard last. state: running, draining (it leaves once its jobs have ended), silent (its session is gone, or nothing was heard for its lease: it is given up as soon as a scheduler looks).';

create or replace view tow.schedulers as
select s.id, s.name, s.host, s.pid, case when not tow_store.is_heard(s) then 'silent' when s.standby then 'stand-by' else 'running' end as state, s.version, s.attached_at, s.seen_at,
	s.pooled, s.clock_ahead
from tow_store.scheduler s where s.ended_at is null and (s.pooled or tow_store.scheduler_is_held(s.id));
comment on view tow.schedulers is
'Schedulers that live: running, stand-by (a worker started it, as there was no other), silent (it has not been heard for 15 seconds: it hangs, and minds nothing).';

create or replace view tow.policies as
select p.name, p.shape, p.base, p.factor, p.cap, p.jitter, p.max_attempts, p.delays, p.classes, p.fn, p.fn_role, p.fn_off_until, p.description
from tow_store.policy p;
comment on view tow.policies is 'Retry policies; tow.retry_preview shows their delays.';

create or replace view tow.duties as
select d.name, d.every, d.enabled, d.description, d.last_at, d.last_count, round(d.last_ms::numeric, 1) as last_ms, d.last_error, d.error_at
from tow_store.duty d order by d.position;
comment on view tow.duties is 'What the scheduler does, and how it went lately.';

create or replace view tow.settings as select s.name, s.value, s.description, s.standard from tow_store.setting s order by s.name;
comment on view tow.settings is 'Settings of the instance, and the standard that each began with; tow.set changes one.';

-- Whoever knows the address of a channel or a target of haul's can write there.
create or replace view tow.audit as
select a.n, a.at, a.who, a.what, a.subject, a.job_id as job, tow_store.shown(a.detail, a.what !~ '^(channel|target)\.' or (select tow_store.sight()) is null) as detail
from tow_store.audit a;
comment on view tow.audit is 'What people did, and what the system did about trouble. How channels and targets were set up is for operators and admins.';

-- A barrier, so that no function of a producer's is shown another's rows first.
create or replace view tow.refused with (security_barrier) as select r.n, r.at, r.sqlstate, r.error,
	case when (select tow_store.sight()) is null or r.job ->> 'who' = (select tow_store.own_alone()) then r.job else r.job || '{"args": "(hidden)"}' end as job
from tow_store.refused r where (select tow_store.own_alone()) is null or r.job ->> 'who' = (select tow_store.own_alone());
comment on view tow.refused is 'Rows of tow.inbox that could not be enqueued, and why. A producer sees those that it wrote.';

create or replace view tow.kinds as
select coalesce(k.kind, g.name) as kind, coalesce(k.queues, '{}') as queues, coalesce(k.workers, 0) as workers, g.max_running, g.paused_at, g.pause_reason
from (
		select n.kind, array_agg(distinct q.name order by q.name) as queues, count(distinct w.id) as workers
		from tow_store.worker w cross join unnest(w.kinds) n(kind) cross join unnest(w.queues) u(queue) join tow_store.queue q on q.id = u.queue
		where w.ended_at is null and not tow_store.is_silent(w) group by n.kind) k
	full join (select o.* from tow_store.gate o where o.what = 'k' and (o.max_running is not null or o.paused_at is not null)) g on g.name = k.kind
order by kind;
comment on view tow.kinds is 'Kinds that live workers know, the queues where they would run them, and the limit of each; and those that nobody knows (workers is 0), as long as they are limited or paused.';
