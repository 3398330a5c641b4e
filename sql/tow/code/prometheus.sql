-- The state of things as Prometheus reads it. Each area has functions that say what they know, a row a sample; here they
-- become lines. Depths are those of the last minute that was counted: counting a million jobs at each look would be dear.
create or replace function tow_store.add_expositions(p_area text, p_functions text[][]) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	delete from tow_store.exposition e where e.area = p_area;
	insert into tow_store.exposition (name, area, fn) select p_functions[i][1], p_area, p_functions[i][2] from generate_subscripts(p_functions, 1) i;
$$;
comment on function tow_store.add_expositions(text, text[]) is 'The functions of an area that tow.prometheus asks, in place of those that it had: name, fn.';

create or replace function tow_store.say_labels(p_labels jsonb) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select '{' || string_agg(format('%s="%s"', l.key, replace(replace(replace(l.value, '\', '\\'), '"', '\"'), e'\n', '\n')), ',' order by l.key) || '}' from jsonb_each_text(p_labels) l
$$;
comment on function tow_store.say_labels(jsonb) is 'Labels as Prometheus has them; null where there are none.';

create or replace function tow.prometheus() returns setof text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_fn regproc;
begin
	for v_fn in select to_regproc(e.fn) from tow_store.exposition e where to_regproc(e.fn) is not null order by e.area desc, e.name loop
		return query execute format($q$
			select unnest(case when s.family is distinct from lag(s.family) over (order by s.n) then array[concat_ws(' ', '# HELP', s.family, s.help), concat_ws(' ', '# TYPE', s.family, s.type)] end
				|| concat(s.family, s.suffix, tow_store.say_labels(s.labels), ' ', s.value))
			from %s() with ordinality s(family, type, help, suffix, labels, value, n) where s.value is not null order by s.n$q$, v_fn);
	end loop;
end $$;
comment on function tow.prometheus() is 'The state of things in the text format of Prometheus, a row a line: depths as of the last minute that was counted, totals since they are kept, workers and status as they are now.';

-- Rows of a family come together: so each is one branch.
create or replace function tow_store.expose_queues() returns table(family text, type text, help text, suffix text, labels jsonb, value double precision)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	return query with m as materialized (
		select q.name, l.* from tow_store.queue q left join tow_store.metric_queue l on l.queue = q.name and l.at = (select max(o.at) from tow_store.metric o)
	), t as materialized (
		select o.* from tow_store.metric_total o
	)
	select 'tow_queue_ready', 'gauge', 'Jobs that are ready, or wait in lanes (the page and tow status count those apart, as in lanes), by queue.', '', jsonb_build_object('queue', m.name), coalesce(m.ready, 0) from m
	union all select 'tow_queue_oldest_ready_seconds', 'gauge', 'Age of the oldest ready job, by queue.', '', jsonb_build_object('queue', m.name), coalesce(m.oldest_s, 0) from m
	union all select 'tow_queue_running', 'gauge', 'Jobs that run, by queue.', '', jsonb_build_object('queue', q.name),
		(select count(*) from tow_store.running r join tow_store.band b on b.id = r.band where b.queue = q.id) from tow_store.queue q
	union all select 'tow_queue_slots', 'gauge', 'Slots of live workers, by queue.', '', jsonb_build_object('queue', q.name),
		(select coalesce(sum(s.slots), 0) from tow_store.worker w, unnest(w.queues, w.slots) s(queue, slots) where w.ended_at is null and not tow_store.is_silent(w) and s.queue = q.id) from tow_store.queue q
	union all select 'tow_queue_paused', 'gauge', 'Whether a queue is paused.', '', jsonb_build_object('queue', q.name), (q.paused_at is not null)::int from tow_store.queue q
	union all select 'tow_queue_lanes_full', 'gauge', 'Lanes at their limit that have more jobs, by queue.', '', jsonb_build_object('queue', q.name), coalesce(l.full, 0)
		from tow_store.queue q left join tow_store.full_lanes() l on l.queue = q.id
	union all select 'tow_runs_total', 'counter', 'Runs that ended, by queue and how.', '', jsonb_build_object('queue', t.queue, 'outcome', o.name), o.n
		from t, lateral (values ('completed', t.completed), ('failed', t.failed), ('cancelled', t.cancelled), ('retried', t.retried), ('lost', t.lost)) o(name, n)
	union all select x.* from t, lateral tow_store.expose_bins('tow_run_seconds', 'How long runs took.', t.queue, t.run_bins) x
	union all select x.* from t, lateral tow_store.expose_bins('tow_wait_seconds', 'How long jobs waited for their first start.', t.queue, t.wait_bins) x;
end $$;
comment on function tow_store.expose_queues() is 'Of tow.prometheus: queues.';

-- Lanes may be many, those that hold runs are no more than there are slots.
create or replace function tow_store.full_lanes() returns table(queue int, full bigint)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select g.queue, count(*) from (select distinct d.gate from tow_store.running r join tow_store.held d on d.job_id = r.job_id and d.run = r.run) h join tow_store.gate g on g.id = h.gate
	where g.what = 'l' and exists (select from tow_store.turn t where t.gate = g.id and t.why = 'l') group by g.queue
$$;
comment on function tow_store.full_lanes() is 'How many lanes are at their limit and have more jobs, by queue.';

-- What waits for a person, each at a bounded cost: who is asked, and what failed, of the kinds that failed most.
create or replace function tow_store.expose_needs() returns table(family text, type text, help text, suffix text, labels jsonb, value double precision)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
	c_asked constant int := 10000;
	c_wrong constant int := 5000;
	c_kinds constant int := 100;
begin
	return query with f as materialized (
		select case when k.place <= c_kinds then k.kind else '(others)' end as kind, sum(k.n) as n
		from (
			select j.kind, count(*) as n, row_number() over (order by count(*) desc, j.kind) as place from tow_store.went_wrong(c_wrong) t join tow_store.job j on j.id = t.job_id
			where t.outcome = 'f' and not exists (select from tow_store.revival v where v.run = t.run) group by j.kind
		) k group by 1
	)
	select 'tow_jobs_awaiting_approval', 'gauge', 'Jobs that wait for a yes or no, counted to ten thousand.', '', jsonb '{}', (select count(*) from (select from tow_store.waiting w where w.reason = 'approval' limit c_asked) c)::double precision
	union all select 'tow_approval_oldest_seconds', 'gauge', 'How long the first of these has waited.', '', '{}', coalesce(extract(epoch from tow.now() - (select min(w.since) from tow_store.waiting w where w.reason = 'approval')), 0)
	union all select 'tow_jobs_failed', 'gauge', 'Jobs that failed and were not put back, among the last 5,000 runs that went wrong, by kind.', '', jsonb_build_object('kind', f.kind), f.n from f
	union all select 'tow_failures_total', 'counter', 'Runs that went wrong, by kind and how.', '', jsonb_build_object('kind', k.kind, 'outcome', o.name), o.n
		from tow_store.metric_kind k, lateral (values ('failed', k.failed), ('retried', k.retried), ('lost', k.lost)) o(name, n);
end $$;
comment on function tow_store.expose_needs() is 'Of tow.prometheus: what needs somebody, and what went wrong.';

-- Every second bin from a millisecond to nineteen hours; the sum is reckoned from the middles of bins.
create or replace function tow_store.expose_bins(p_family text, p_help text, p_queue text, p_bins bigint[])
returns table(family text, type text, help text, suffix text, labels jsonb, value double precision)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select p_family, 'histogram', p_help, '_bucket', jsonb_build_object('queue', p_queue, 'le', (2::double precision ^ i / 1e6)::text),
		(select coalesce(sum(n), 0) from unnest(p_bins[1:i]) n)::double precision from generate_series(10, 36, 2) i
	union all
	select p_family, 'histogram', p_help, v.suffix, v.labels, v.value
	from (select coalesce(sum(u.n), 0) as n, coalesce(sum(u.n * 1.5 * 2::double precision ^ (u.i - 1) / 1e6), 0) as s from unnest(p_bins) with ordinality u(n, i)) c,
		lateral (values ('_bucket', jsonb_build_object('queue', p_queue, 'le', '+Inf'), c.n::double precision), ('_sum', jsonb_build_object('queue', p_queue), c.s),
			('_count', jsonb_build_object('queue', p_queue), c.n)) v(suffix, labels, value)
$$;
comment on function tow_store.expose_bins(text, text, text, bigint[]) is 'A histogram as tow.prometheus has it.';

create or replace function tow_store.expose_system() returns table(family text, type text, help text, suffix text, labels jsonb, value double precision)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	return query with m as materialized (
		select o.* from tow_store.metric o order by o.at desc limit 1
	), w as materialized (
		select count(*) filter (where o.state <> 'silent') as heard, count(*) filter (where o.state = 'silent') as silent, coalesce(sum(o.slots) filter (where o.state <> 'silent'), 0) as slots,
			coalesce(sum(o.busy) filter (where o.state <> 'silent'), 0) as busy from tow.workers o
	)
	select 'tow_workers', 'gauge', 'Workers that are heard.', '', jsonb '{}', w.heard::double precision from w
	union all select 'tow_workers_silent', 'gauge', 'Workers that are not heard, and not given up yet.', '', '{}', w.silent from w
	union all select 'tow_workers_lost_total', 'counter', 'Workers that died, or fell silent and were given up.', '', '{}', coalesce(pg_sequence_last_value('tow_store.deaths'), 0)
	union all select 'tow_slots', 'gauge', 'Slots of workers that are heard.', '', '{}', w.slots from w
	union all select 'tow_slots_busy', 'gauge', 'Jobs that these hold.', '', '{}', w.busy from w
	union all select 'tow_schedulers', 'gauge', 'Schedulers that live.', '', '{}', (select count(*) from tow.schedulers s where s.state <> 'silent')
	union all select 'tow_jobs_scheduled', 'gauge', 'Jobs that wait for an instant.', '', '{}', m.scheduled from m
	union all select 'tow_jobs_waiting', 'gauge', 'Jobs that wait for something else.', '', '{}', m.waiting from m
	union all select 'tow_xmin_age_transactions', 'gauge', 'How many transactions back the oldest is that somebody holds.', '', '{}', greatest(m.xmin_age, 0) from m
	union all select 'tow_sample_age_seconds', 'gauge', 'How long ago the minute ended that depths are of.', '', '{}', extract(epoch from tow.now() - m.at - interval '1 min') from m
	union all select 'tow_status', 'gauge', 'What tow.status says: 0 ok, 1 warn, 2 bad.', '', jsonb_build_object('component', s.component), max(case s.status when 'ok' then 0 when 'warn' then 1 else 2 end)
		from tow.status() s group by s.component;
end $$;
comment on function tow_store.expose_system() is 'Of tow.prometheus: workers, schedulers, the server, status.';

-- Once a minute, by the duty that has counted it.
create or replace function tow_store.add_totals(p_at timestamptz) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	insert into tow_store.metric_total as t (queue, completed, failed, cancelled, retried, lost, run_bins, wait_bins)
	select m.queue, m.completed, m.failed, m.cancelled, m.retried, m.lost, coalesce(m.run_bins, '{}'), coalesce(m.wait_bins, '{}') from tow_store.metric_queue m where m.at = p_at and m.minutes = 1
	on conflict (queue) do update set completed = t.completed + excluded.completed, failed = t.failed + excluded.failed, cancelled = t.cancelled + excluded.cancelled,
		retried = t.retried + excluded.retried, lost = t.lost + excluded.lost,
		run_bins = array(select coalesce(a, 0) + coalesce(b, 0) from unnest(t.run_bins, excluded.run_bins) with ordinality u(a, b, n) order by n),
		wait_bins = array(select coalesce(a, 0) + coalesce(b, 0) from unnest(t.wait_bins, excluded.wait_bins) with ordinality u(a, b, n) order by n)
$$;
comment on function tow_store.add_totals(timestamptz) is 'Add a minute to the totals.';

-- Kinds are whatever somebody calls them: those that failed first have rows of their own, and no counter ever goes back.
create or replace function tow_store.add_failures(p_at timestamptz) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	insert into tow_store.metric_kind as t (kind, failed, retried, lost)
	select case when k.known or k.place <= 200 - (select count(*) from tow_store.metric_kind) then k.kind else '(others)' end, sum(k.failed), sum(k.retried), sum(k.lost)
	from (
		select m.kind, o.kind is not null as known, row_number() over (partition by o.kind is null order by m.kind) as place, sum(m.failed) as failed, sum(m.retried) as retried, sum(m.lost) as lost
		from tow_store.metric_failure m left join tow_store.metric_kind o on o.kind = m.kind where m.at = p_at and m.minutes = 1 group by m.kind, o.kind
	) k group by 1
	on conflict (kind) do update set failed = t.failed + excluded.failed, retried = t.retried + excluded.retried, lost = t.lost + excluded.lost
$$;
comment on function tow_store.add_failures(timestamptz) is 'Add a minute''s failures to the totals of their kinds.';
