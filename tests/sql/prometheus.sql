-- What Prometheus reads: families whole, each explained once, values as they are, totals that only grow.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:20+00';
create temporary table lines (n serial, line text);
create function pg_temp.scrape() returns void language sql as $$ truncate lines; insert into lines (line) select * from tow.prometheus() $$;
create function pg_temp.sample(p_what text) returns text language sql as $$ select max(substr(line, length(p_what) + 2)) from lines where line ^@ (p_what || ' ') $$;
select pg_temp.worker() as w \gset
select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[5])) \g /dev/null
select tow.duty('admit') \g /dev/null
select pg_temp.say(:w, j, '{"as": "completed"}') from unnest(pg_temp.claim(:w, 3)) j \g /dev/null
select pg_temp.claim(:w, 1) \g /dev/null
select pg_temp.later('90 seconds') \g /dev/null
select pg_temp.scrape() \g /dev/null
select is(pg_temp.sample('tow_workers') || pg_temp.sample('tow_workers_silent') || pg_temp.sample('tow_slots'), '010', 'a worker that is not heard');
update tow_store.worker set seen_at = tow.now() where id = :w;
select tow.duty('sample') \g /dev/null
select pg_temp.scrape() \g /dev/null
select is((select string_agg(line, e'\n') from lines where line !~ '^(# (HELP [a-z_]+ \S.*|TYPE [a-z_]+ (gauge|counter|histogram))|[a-z_]+(\{[a-z]+="([^"\\]|\\.)*"(,[a-z]+="([^"\\]|\\.)*")*\})? -?([0-9.]+(e[-+]?[0-9]+)?))$'), null, 'each line is one that Prometheus reads');
select is((select string_agg(f, ' ') from (select split_part(line, ' ', 3) as f from lines where line ^@ '# TYPE' group by 1 having count(*) > 1) d), null, 'a family comes in one piece');
select is((select count(*) from lines where line ^@ '# HELP'), (select count(*) from lines where line ^@ '# TYPE'), 'and each is explained');
select is(pg_temp.sample('tow_runs_total{outcome="completed",queue="default"}'), '3', 'runs that completed');
select is(pg_temp.sample('tow_queue_running{queue="default"}'), '1', 'one runs');
select is(pg_temp.sample('tow_queue_ready{queue="default"}'), '1', 'one is ready');
select is(pg_temp.sample('tow_slots'), '4', 'slots');
select is(pg_temp.sample('tow_workers'), '1', 'a worker');
select is(pg_temp.sample('tow_run_seconds_count{queue="default"}'), '3', 'runs in the histogram');
select is(pg_temp.sample('tow_run_seconds_bucket{le="+Inf",queue="default"}'), '3', 'all of them below infinity');
select ok((select bool_and(v >= before) from (select split_part(line, ' ', 2)::numeric as v, coalesce(lag(split_part(line, ' ', 2)::numeric) over (order by n), 0) as before from lines where line ^@ 'tow_run_seconds_bucket{') b), 'buckets grow');
select isnt(pg_temp.sample('tow_status{component="scheduler"}'), '0', 'no scheduler lives');
select isnt(pg_temp.sample('haul_downloads{state="queued"}'), null, 'other areas tell theirs');

-- Totals outlive what they were made of.
select tow.enqueue('noop'), tow.duty('admit') \g /dev/null
select pg_temp.say(:w, j, '{"as": "completed"}') from unnest(pg_temp.claim(:w, 3)) j \g /dev/null
select pg_temp.later('60 seconds'), tow.duty('sample') \g /dev/null
delete from tow_store.metric_queue;
select pg_temp.scrape() \g /dev/null
select ok(pg_temp.sample('tow_runs_total{outcome="completed",queue="default"}')::int > 3, 'they are added up');
select is(pg_temp.sample('tow_queue_ready{queue="default"}'), '0', 'what is not known is none');

-- Labels are somebody's words.
select is(tow_store.say_labels(jsonb_build_object('b', e'a"b\\c\nd', 'a', 'x')), '{a="x",b="a\"b\\c\nd"}', 'quoted');
select is(tow_store.say_labels('{}'), null, 'none');
select is((select string_agg(line, ' ') from lines where line ~ 'secret'), null, 'nothing secret');
select pg_temp.sample('tow_workers_lost_total') as lost \gset
select tow_store.give_up(:w, 'dead') \g /dev/null
select pg_temp.scrape() \g /dev/null
select is(pg_temp.sample('tow_workers_lost_total')::int - :lost, 1, 'who died is counted');
select * from finish();
rollback;
