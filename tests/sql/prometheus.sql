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

-- What waits for a person, or for room.
select tow.set_lane('default', 'narrow', max_running => 1), tow.set_lane('default', 'wide', max_running => 9), pg_temp.worker() as w \gset
select tow.enqueue_many('noop', '{1,2,3}', lane => 'narrow'), tow.enqueue_many('noop', '{1,2,3}', lane => 'wide') \g /dev/null
select tow.duty('admit'), tow.duty('sort') \g /dev/null
select pg_temp.scrape() \g /dev/null
select is(pg_temp.sample('tow_queue_lanes_full{queue="default"}'), '0', 'no lane is at its limit');
select pg_temp.claim(:w, 10) \g /dev/null
select tow.enqueue('noop', wait_for => 'approval') as asks \gset
select pg_temp.later('50 seconds') \g /dev/null
select tow.enqueue('noop', wait_for => 'approval') \g /dev/null
select pg_temp.scrape() \g /dev/null
select is(pg_temp.sample('tow_queue_lanes_full{queue="default"}'), '1', 'one is, and has more');
select is(pg_temp.sample('tow_jobs_awaiting_approval') || ' ' || pg_temp.sample('tow_approval_oldest_seconds'), '2 50', 'who waits for a word, and since when');
select tow.reject(:asks) \g /dev/null
select tow_store.duty_sample() from generate_series(1, 9) \g /dev/null
create function pg_temp.failed(p_worker bigint, p_kinds text[]) returns void language plpgsql as $$
begin
	perform tow.enqueue(k, queue => 'bad') from unnest(p_kinds) k;
	perform tow.duty('admit');
	perform pg_temp.say(p_worker, j, '{"as": "failed", "final": true, "class": "exit.1", "error": "no"}') from unnest(pg_temp.claim(p_worker, 1000)) j;
end $$;
select tow.set_queue('bad') \g /dev/null
select array_agg('k' || lpad(n::text, 3, '0')) as kinds from generate_series(1, 250) n \gset
select pg_temp.worker('{bad}', :'kinds') as b \gset
select pg_temp.failed(:b, '{k001,k001,k002}'), pg_temp.later('2 min') \g /dev/null
select tow_store.duty_sample() from generate_series(1, 9) \g /dev/null
select pg_temp.scrape() \g /dev/null
select is(pg_temp.sample('tow_jobs_failed{kind="k001"}'), '2', 'jobs that failed');
select is(pg_temp.sample('tow_failures_total{kind="k001",outcome="failed"}'), '2', 'are counted by their kind');
select tow.retry(h.job_id) from tow_store.history h join tow_store.job j on j.id = h.job_id where j.kind = 'k002' \g /dev/null
select pg_temp.scrape() \g /dev/null
select is(pg_temp.sample('tow_jobs_failed{kind="k002"}'), null, 'one that was put back needs nobody');
select is(pg_temp.sample('tow_failures_total{kind="k002",outcome="failed"}'), '1', 'but it has failed');
insert into tow_store.metric_failure (at, minutes, kind, class, failed, retried, lost) select '2030-02-01', 1, k, 'x', 1, 2, 3 from unnest(:'kinds'::text[]) k;
select tow_store.add_failures('2030-02-01') \g /dev/null
select is((select count(*) from tow_store.metric_kind), 201::bigint, 'two hundred kinds have a counter');
select is((select row(k.failed, k.retried, k.lost)::text from tow_store.metric_kind k where k.kind = '(others)'), '(51,102,153)', 'of the rest there is one: two had failed, and one was lost');
select is((select k.failed from tow_store.metric_kind k where k.kind = 'k001'), 3::bigint, 'nothing is counted twice');
select tow_store.add_failures('2030-02-01') \g /dev/null
select is((select count(*) || ' ' || sum(k.failed) from tow_store.metric_kind k), '201 503', 'whoever has one keeps it');
select * from finish();
rollback;
