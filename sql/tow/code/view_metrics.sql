-- Metrics, for dashboards. Each row is one minute, or one hour of what is older (seconds says which); filter on time,
-- which is an index. Rates are counts by seconds. Nothing here reads jobs or history.
create or replace function tow_store.quantile(p_bins bigint[], p_shortest real[], p_longest real[], p_q double precision) returns double precision
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
	v_total double precision := 0;
	v_before double precision := 0;
	v_low double precision;
	n bigint;
	i int := 0;
begin
	foreach n in array coalesce(p_bins, '{}') loop
		v_total := v_total + n;
	end loop;
	if v_total = 0 then
		return null;
	end if;
	foreach n in array p_bins loop
		i := i + 1;
		exit when n > 0 and v_before + n >= p_q * v_total;
		v_before := v_before + n;
	end loop;
	-- What was counted before the ends of a bin were kept has those of any bin. Earlier waits may be below zero.
	v_low := greatest(coalesce(p_shortest[i]::double precision, case when i = 1 then 0 else 2::double precision ^ (i - 1) / 1e6 end), 0);
	return v_low + (greatest(coalesce(p_longest[i]::double precision, 2::double precision ^ i / 1e6), 0) - v_low) * (p_q * v_total - v_before) / n;
end $$;
comment on function tow_store.quantile(bigint[], real[], real[], double precision) is
'A quantile of a histogram, in seconds, interpolated between the shortest and the longest of its bin; null of an empty one.';

create or replace view tow.metrics_queues as
select m.at as time, m.minutes * 60 as seconds, m.queue, m.ready, m.ready_max, m.oldest_s, m.running, m.running_max, m.slots,
	m.completed, m.failed, m.cancelled, m.retried, m.lost, m.other,
	tow_store.quantile(m.wait_bins, m.wait_shortest, m.wait_longest, 0.5) as wait_p50, tow_store.quantile(m.wait_bins, m.wait_shortest, m.wait_longest, 0.95) as wait_p95, tow_store.quantile(m.wait_bins, m.wait_shortest, m.wait_longest, 0.99) as wait_p99,
	tow_store.quantile(m.run_bins, m.run_shortest, m.run_longest, 0.5) as run_p50, tow_store.quantile(m.run_bins, m.run_shortest, m.run_longest, 0.95) as run_p95, tow_store.quantile(m.run_bins, m.run_shortest, m.run_longest, 0.99) as run_p99
from tow_store.metric_queue m;
comment on view tow.metrics_queues is 'Queues by minute or hour: depth and oldest age, running, how many runs ended and how, how long jobs waited for their first start and ran (seconds).';
comment on column tow.metrics_queues.ready is 'How many were ready, or waited in lanes; of an hour the average. Null where nobody looked.';
comment on column tow.metrics_queues.oldest_s is 'Age of the oldest of them in seconds; of an hour the largest.';
comment on column tow.metrics_queues.other is 'Runs that were snoozed, given back, or went to wait.';

create or replace view tow.metrics_durations as
select m.at as time, m.minutes * 60 as seconds, m.queue, b.what, 2::double precision ^ u.i / 1e6 as below_s, u.n as count
from tow_store.metric_queue m, lateral (values ('wait', m.wait_bins), ('run', m.run_bins)) b(what, bins), unnest(b.bins) with ordinality u(n, i)
where u.n > 0;
comment on view tow.metrics_durations is 'Histograms of how long jobs waited and ran: how many took below_s seconds or less, but more than half of that. For heat maps.';

create or replace view tow.metrics_failures as
select m.at as time, m.minutes * 60 as seconds, m.kind, m.class, m.failed, m.retried, m.lost from tow_store.metric_failure m;
comment on view tow.metrics_failures is 'Runs that failed for good, will be tried again, or were lost with their worker, by kind and class of error.';

create or replace view tow.metrics_system as
select m.at as time, m.minutes * 60 as seconds, m.workers, m.slots, m.busy, m.schedulers, m.scheduled, m.waiting, m.xmin_age, m.xmin_s, m.xmin_who,
	m.wal_bytes, m.notify_usage
from tow_store.metric m;
comment on view tow.metrics_system is 'The instance by minute or hour: workers and slots, who holds the xmin horizon back and how far, WAL written by the whole server.';
comment on column tow.metrics_system.xmin_age is 'How many transactions back the oldest snapshot or transaction is that somebody holds; of an hour the largest.';

create or replace view tow.metrics_tables as
select m.at as time, m.minutes * 60 as seconds, m.name, m.bytes, m.dead from tow_store.metric_table m;
comment on view tow.metrics_tables is 'How large the queue''s tables are with their indexes and partitions, and how many dead rows PostgreSQL reckons in them.';

-- Quantiles of any span: histograms are added up first, which averages of quantiles cannot do.
create or replace function tow.metrics_quantiles(
	since timestamptz, until timestamptz, step interval, what text default 'run', queues text[] default null, q double precision[] default '{0.5,0.95,0.99}'
) returns table("time" timestamptz, queue text, quantile double precision, seconds double precision)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	if what is null or what not in ('run', 'wait') then
		perform tow_store.fail('TW422', format('bad what %L', what), 'use run or wait');
	elsif since is null or until is null or not isfinite(since) or not isfinite(until) then
		perform tow_store.fail('TW422', 'since or until is null or infinite', 'use instants');
	elsif step is null or step <= '0' or step > '1000 days' or extract(epoch from until - since) / extract(epoch from step) > 11000 then
		perform tow_store.fail('TW422', format('bad step %s', coalesce(step::text, 'null')), 'use an interval that divides the span into at most 11,000 points');
	elsif q is null or array_position(q, null) is not null or cardinality(q) > 10 or 0 > any(q) or 1 < any(q) then
		perform tow_store.fail('TW422', 'bad q', 'use up to ten numbers from 0 to 1');
	end if;
	return query
		select b.at, b.queue, x.q, tow_store.quantile(b.bins, b.shortest, b.longest, x.q)
		from (
			select c.at, c.queue, array_agg(c.n order by c.i) as bins, array_agg(c.shortest order by c.i) as shortest, array_agg(c.longest order by c.i) as longest
			from (
				select date_bin(make_interval(secs => extract(epoch from step)::double precision), m.at, 'epoch') as at, m.queue, u.i, sum(u.n)::bigint as n, min(u.shortest) as shortest, max(u.longest) as longest
				from tow_store.metric_queue m, unnest(case what when 'run' then m.run_bins else m.wait_bins end, case what when 'run' then m.run_shortest else m.wait_shortest end,
					case what when 'run' then m.run_longest else m.wait_longest end) with ordinality u(n, shortest, longest, i)
				where m.at >= since and m.at <= until and (queues is null or m.queue = any(queues))
				group by 1, 2, 3
			) c group by 1, 2
		) b, unnest(q) x(q) order by 1, 2, 3;
end $$;
comment on function tow.metrics_quantiles(timestamptz, timestamptz, interval, text, text[], double precision[]) is
'How long jobs of queues (null: of each) ran, or waited for their first start, in seconds: quantiles over each step, from histograms whose bins double, between the shortest and the longest of each bin.';
