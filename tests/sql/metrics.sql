-- Metrics: each minute is counted once, hours are the sums of their minutes, and a turn costs what its minute costs.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2031-01-01 00:10:00+00';
select pg_temp.worker() as w \gset
select b.id as band from tow_store.band b join tow_store.queue q on q.id = b.queue where q.name = 'default' and b.priority = 100 and b.kind is null and not b.laned \gset

-- What happened in one minute.
select pg_temp.ran(:w, '{"as": "completed", "ago_us": 2000, "took_us": 1000}') \g /dev/null
select pg_temp.ran(:w, '{"as": "completed", "ago_us": 2000, "took_us": 1000}') \g /dev/null
select pg_temp.ran(:w, '{"as": "failed", "class": "boom", "error": "x", "final": true, "ago_us": 2000, "took_us": 1000}') \g /dev/null
select pg_temp.ran(:w, '{"as": "failed", "class": "http.503", "error": "x", "ago_us": 2000, "took_us": 1000}') \g /dev/null
select pg_temp.ran(:w, '{"as": "snoozed", "delay_s": 3600, "ago_us": 2000, "took_us": 1000}') \g /dev/null
select tow.enqueue('noop') from generate_series(1, 3) \g /dev/null
select tow.enqueue('noop', queue => 'lanes', lane => 'l' || i) from generate_series(1, 2) i \g /dev/null
select pg_temp.drain('admit'), pg_temp.drain('sort') \g /dev/null
select pg_temp.later('5 s');
update tow_store.history set finished_at = '2031-01-01 00:10:03+00', started_at = '2031-01-01 00:10:02.5+00';
select is(tow.duty('sample'), 1, 'the first turn counts the last minute that has ended');
select is((select array_agg(time) from tow.metrics_system), array['2031-01-01 00:08+00'::timestamptz], 'with ten seconds of grace');
select is(tow.duty('sample'), 0, 'then there is none');
select pg_temp.later('64 s');
update tow_store.worker set seen_at = tow.now();
select is(tow.duty('sample'), 1, 'the next one');
select is(tow.duty('sample'), 0, 'no minute is counted before it has ended');
select pg_temp.later('1 s');
select is(tow.duty('sample'), 1, 'and ten seconds have passed');
select is(tow.duty('sample'), 0, 'no minute is counted twice');
select is((select (seconds, ready, completed, failed, retried, lost, cancelled, other)::text from tow.metrics_queues where queue = 'default' and time = '2031-01-01 00:10+00'),
	'(60,3,2,1,1,0,0,1)', 'what was ready, and what ended how');
select is((select round(oldest_s) from tow.metrics_queues where queue = 'default' and time = '2031-01-01 00:10+00'), 70::double precision, 'the age of the oldest');
select is((select (ready, round(oldest_s))::text from tow.metrics_queues where queue = 'lanes' and time = '2031-01-01 00:10+00'), '(2,70)', 'jobs in lanes count, and have an age');
select is((select array[run_p50, run_p95, run_p99] from tow.metrics_queues where queue = 'default' and completed > 0), '{0.5,0.5,0.5}', 'half a second is half a second, where all took alike');
select ok((select abs(wait_p50 - 2.5) < 0.001 and abs(wait_p99 - 2.5) < 0.001 from tow.metrics_queues where queue = 'default' and completed > 0), 'waits too');
select is((select sum(count) from tow.metrics_durations where what = 'run'), 4::numeric, 'each run that worked is in the histogram');
select is((select below_s / 2 < 0.5 and 0.5 <= below_s from tow.metrics_durations where what = 'run'), true, 'in the right bin');
select is((select array_agg((kind, class, failed, retried, lost)::text order by class) from tow.metrics_failures), '{"(noop,boom,1,0,0)","(noop,http.503,0,1,0)"}', 'failures by kind and class');
select is((select (workers, slots, busy, schedulers)::text from tow.metrics_system where time = '2031-01-01 00:10+00'), '(1,4,0,0)', 'workers');
select ok((select count(*) > 4 and bool_and(bytes > 0) from tow.metrics_tables where time = '2031-01-01 00:10+00'), 'sizes of tables');
select is_empty($$ select * from tow.metrics_tables where extract(minute from time)::int % 5 <> 0 and time > '2031-01-01 00:08+00' $$, 'every fifth minute');

select is((select array_agg(seconds) from tow.metrics_quantiles('2031-01-01 00:10+00', '2031-01-01 00:10+00', '1 min', queues => '{default}')), '{0.5,0.5,0.5}', 'over any span');

-- Where the ends of bins were not kept, those of any bin are.
select is(tow_store.quantile('{0,0,4}', null, null, 0.5), 6e-6::double precision, 'the middle of a bin');
select is(tow_store.quantile('{0,0,4}', '{null,null,0.000005}', '{null,null,0.000005}', 0.5), 0.000005::real::double precision, 'that is known better');
select is(tow_store.quantile('{4}', '{-7200}', '{-7100}', 0.5), 0::double precision, 'and none is below zero');

-- Many runs of known length; waits and failures of some are reckoned for all.
insert into tow_store.job (id, created_at, priority, kind, queue, args)
select i, '2031-01-01 00:11:00+00', 100, 'k' || i % 3, 'default', '{}' from generate_series(1000000, 1019999) i;
insert into tow_store.history (job_id, run, finished_at, started_at, worker, band, attempt, outcome, class)
select i, i, timestamptz '2031-01-01 00:11:30+00', timestamptz '2031-01-01 00:11:30+00' - (i % 1000 + 1) * interval '1 ms', :w, :band, 1,
	case when i % 2 = 0 then 'c' else 'r' end::"char", case when i % 2 = 1 then 'odd' end
from generate_series(1000000, 1019999) i;
select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[90]), queue => 'lanes') \g /dev/null
select pg_temp.later('60 s');
select is(tow.duty('sample'), 1, 'a busy minute');
create function pg_temp.growth() returns jsonb language sql as $$
	select jsonb_object_agg(q ->> 'name', q -> 'growth') from jsonb_array_elements(tow.overview() -> 'queues') q
$$;
select is(pg_temp.growth(), '{"default": 0, "lanes": 1.5}', 'by how many jobs a second queues grow, of two samples');
savepoint counted;
update tow_store.metric_queue set ready = 1000000 where queue = 'lanes' and at = '2031-01-01 00:11+00';
select is(pg_temp.growth() -> 'lanes', 'null', 'not of one that is longer than samples count');
rollback to counted;
savepoint counted;
select pg_temp.later('3 min');
select is(pg_temp.growth() -> 'lanes', 'null', 'nor of what was long ago');
rollback to counted;
select is((select (completed, retried)::text from tow.metrics_queues where queue = 'default' and time = '2031-01-01 00:11+00'), '(10000,10000)', 'counts are exact');
select ok((select run_p50 between 0.4 and 0.6 and run_p95 between 0.8 and 1.03 and run_p50 <= run_p95 and run_p95 <= run_p99 from tow.metrics_queues
	where queue = 'default' and time = '2031-01-01 00:11+00'), 'quantiles are near');
select cmp_ok((select abs(sum(retried) - 10000) from tow.metrics_failures where time = '2031-01-01 00:11+00'), '<', 700::numeric, 'failures are reckoned');
select is((select count(distinct kind) from tow.metrics_failures where time = '2031-01-01 00:11+00'), 3::bigint, 'of each kind');
select cmp_ok((select abs(sum(count) - 20000) from tow.metrics_durations where what = 'wait' and time = '2031-01-01 00:11+00'), '<', 1000::numeric, 'waits are reckoned');
select ok((select wait_p50 between 25 and 35 from tow.metrics_queues where queue = 'default' and time = '2031-01-01 00:11+00'), 'and near');

-- Who may run before its time has not waited for less than nothing.
select tow.enqueue('noop', run_at => tow.now() + interval '2 hours') as early \gset
select tow.run_now(:early), pg_temp.ran(:w, '{"as": "completed", "ago_us": 2000, "took_us": 1000}', :early) \g /dev/null
select pg_temp.later('60 s');
select is(tow.duty('sample'), 1, 'a minute with a job that ran before its time');
select is((select array[wait_p50, wait_p99] from tow.metrics_queues where queue = 'default' and time = '2031-01-01 00:12+00'), '{0,0}', 'which did not wait');

-- A scheduler was away; a clock was ahead.
select pg_temp.later('7 minutes');
select is(pg_temp.drain('sample'), 7, 'minutes without a scheduler are counted later');
select is((select count(*) from tow.metrics_system where workers is null), 6::bigint, 'but what was there then nobody saw');
select pg_temp.later('10 hours');
select cmp_ok(pg_temp.drain('sample'), '<=', 361, 'more than six hours are not made up for');

-- Minutes become hours.
create temporary table was as select sum(completed) as completed, sum(failed) as failed, sum(retried) as retried, max(oldest_s) as oldest_s from tow.metrics_queues;
create temporary table quantiles as select * from tow.metrics_quantiles('2031-01-01 00:00+00', '2031-01-02 00:00+00', '1 hour', queues => '{default}');
create temporary table waits as select sum(count) as n from tow.metrics_durations where what = 'wait';
select ok((select count(*) >= 3 from quantiles), 'quantiles of an hour');
select ok((select abs(seconds / (select run_p50 from tow.metrics_queues where time = '2031-01-01 00:11+00' and queue = 'default') - 1) < 0.01
	from quantiles where quantile = 0.5 and "time" = '2031-01-01 00:00+00'), 'are those of the runs, not of the minutes');
select tow.set('metrics_minute_retention', '1 hour') \g /dev/null
select cmp_ok(pg_temp.drain('sample'), '>', 4, 'hours are folded');
select is((select array_agg(distinct seconds order by seconds) from tow.metrics_system), '{60,3600}', 'the last one stays by the minute');
select ok((select min(time) filter (where seconds = 60) > max(time) filter (where seconds = 3600) from tow.metrics_system), 'no instant is in two rows');
select is((select (sum(completed), sum(failed), sum(retried), max(oldest_s))::text from tow.metrics_queues), (select was::text from was), 'nothing is lost or counted twice');
select is((select sum(count) from tow.metrics_durations where what = 'wait'), (select n from waits), 'not in the histograms');
select results_eq($$ select * from tow.metrics_quantiles('2031-01-01 00:00+00', '2031-01-02 00:00+00', '1 hour', queues => '{default}') order by 1, 2, 3 $$,
	'select * from quantiles order by 1, 2, 3', 'and quantiles are the same as before');
select is((select (failed, retried)::text from tow.metrics_failures where class = 'boom' and seconds = 3600), '(1,0)', 'failures are folded');
select is((select count(*) from (select time, name from tow.metrics_tables where seconds = 3600 group by 1, 2 having count(*) > 1) d), 0::bigint, 'sizes are folded');
select tow.set('metrics_retention', '2 hours') \g /dev/null
select is(tow.duty('sample'), 0, 'a turn without a minute');
select ok((select min(time) >= tow.now() - interval '2 hours' from tow.metrics_system), 'removes what is too old');
select ok((select count(*) < 300 from tow_store.metric_queue), 'so that there is never more than that');
set local tow.fake_now = '2030-06-01 00:10:00+00';
select is(tow.duty('sample'), 1, 'a clock that was ahead is set back');
select is((select array_agg(time) from tow.metrics_system), array['2030-06-01 00:08+00'::timestamptz], 'what was counted by it is gone');

-- When it is due.
select is((select wait_ms from tow.tick(null, (select jsonb_object_agg(name, 0) from tow.duties), null) where duty = 'sample'), 10000::double precision,
	'ten seconds after the minute has ended');

-- Arguments.
select pg_temp.refused($$ select tow.metrics_quantiles(tow.now(), tow.now(), '0') $$, 'TW422', 'divides', 'a step of nothing');
select pg_temp.refused($$ select tow.metrics_quantiles(tow.now() - interval '1 year', tow.now(), '1 s') $$, 'TW422', '11,000', 'too many steps');
select pg_temp.refused($$ select tow.metrics_quantiles(tow.now(), 'infinity', '1 s') $$, 'TW422', '.', 'for ever');
select pg_temp.refused($$ select tow.metrics_quantiles(tow.now(), tow.now(), '1 s', 'x') $$, 'TW422', 'run or wait', 'quantiles of what');
select pg_temp.refused($$ select tow.metrics_quantiles(tow.now(), tow.now(), '1 s', q => '{2}') $$, 'TW422', 'from 0 to 1', 'which quantiles');

-- What a turn costs is told by how many rows of history it reads. All of it lies in the partition of one day, in order of time.
set local tow.fake_now = '';
delete from tow_store.metric;
select date_bin('1 min', clock_timestamp() - interval '70 s', 'epoch') as minute \gset
select date_bin('1 day', :'minute'::timestamptz, 'epoch') as day \gset
create function pg_temp.fill(p_n int, p_from timestamptz, p_to timestamptz, p_band int) returns void language sql as $$
	insert into tow_store.history (job_id, run, finished_at, started_at, band, attempt, outcome)
	select 2000000 + i, 2000000 + i, p_from + (p_to - p_from) * i / p_n, p_from, p_band, 1, 'c' from generate_series(0, p_n - 1) i
$$;
create function pg_temp.rows_read() returns bigint language sql as $$
	select sum(s.seq_tup_read + s.idx_tup_fetch) from pg_stat_xact_user_tables s where s.relname ~ '^history_'
$$;
create function pg_temp.turn() returns bigint language plpgsql as $$
declare
	v_before constant bigint := pg_temp.rows_read();
begin
	if tow.duty('sample') <> 1 then raise exception 'nothing was counted'; end if;
	perform tow_store.forget_metrics('infinity', true);
	return pg_temp.rows_read() - v_before;
end $$;
-- the first turn brings the index up to date, and so reads each new page once more
create function pg_temp.cost() returns bigint language sql as $$ select pg_temp.turn(); select pg_temp.turn() $$;
select pg_temp.fill(20000, :'day', :'minute', :band);
select pg_temp.fill(1000, :'minute', :'minute'::timestamptz + interval '1 min', :band);
select pg_temp.cost() as cost_of_little \gset
select pg_temp.fill(200000, :'day', :'minute', :band);
select pg_temp.fill(1000, :'minute', :'minute'::timestamptz + interval '1 min', :band);
select pg_temp.cost() as cost_of_much \gset
select diag(format('rows read: %s with 20,000 in history, %s with 220,000', :cost_of_little, :cost_of_much));
select cmp_ok(:cost_of_much::bigint, '<', :cost_of_little::bigint * 3, 'a turn reads its minute, not what there was before');

-- More than can be drawn.
insert into tow_store.metric (at, minutes) select '2000-01-01'::timestamptz + i * interval '1 min', 1 from generate_series(1, 50001) i;
insert into tow_store.metric_queue (at, minutes, queue, ready) select m.at, 1, 'many', 1 from tow_store.metric m where m.at < '2001-01-01';
insert into tow_store.metric_failure (at, minutes, kind, class, failed, retried, lost) select m.at, 1, 'many', 'x', 1, 0, 0 from tow_store.metric m where m.at < '2001-01-01';
select pg_temp.refused(format('select * from tow.series_%s(since => ''2000-01-01'')', of), 'TW422', 'shorter span', of) from unnest('{system,queues,failures}'::text[]) of;
select is((select count(*) from tow.series_system('2000-01-01', '2000-01-01 12:00')), 720::bigint, 'a part of it is given');
select * from finish();
rollback;
