-- When an instant comes and the last job of the schedule has not finished.
begin;
\ir ../lib/fixture.sql
set local timezone = 'UTC';
set local tow.fake_now = '2030-01-01 00:00:30+00';
create function pg_temp.at(p_now text) returns void
language sql as $$ select set_config('tow.fake_now', '2030-01-01 ' || p_now || '+00', true); select pg_temp.drain('fire') $$;
create function pg_temp.told(p_name text) returns text
language sql as $$ select string_agg(to_char(f.at, 'MI') || ' ' || f.how, ', ' order by f.at) from tow.fires f where f.schedule = p_name $$;
create function pg_temp.job(p_name text, p_minute int) returns bigint
language sql as $$ select f.job from tow.fires f where f.schedule = p_name and extract(minute from f.at) = p_minute $$;

select pg_temp.worker('{allow,skip,queue,replace}') as w \gset
select tow.set_queue(o) from unnest('{allow,skip,queue,replace}'::text[]) o \g /dev/null
select tow.schedule(o, '* * * * *', 'noop', queue => o, overlap => o) from unnest('{allow,skip,queue,replace}'::text[]) o \g /dev/null
select pg_temp.at('00:01:00'), pg_temp.at('00:02:00') \g /dev/null

-- The first of each still waits for a worker.
select is(pg_temp.told('allow'), '01 due, 02 due', 'allow: beside it');
select is(pg_temp.told('skip'), '01 due, 02 skipped', 'skip');
select is((select reason from tow.fires where schedule = 'skip' and how = 'skipped'), format('job %s had not finished', pg_temp.job('skip', 1)), 'the reason names it');
select is(pg_temp.told('queue'), '01 due, 02 due', 'queue: enqueued');
select results_eq($$ select on_id, if_failed from tow_store.need where job_id = pg_temp.job('queue', 2) $$, $$ select pg_temp.job('queue', 1), 'g'::"char" $$, 'behind it, whatever becomes of it');
select is((select reason from tow.fires where job = pg_temp.job('queue', 2)), format('job %s had not finished: queued behind it', pg_temp.job('queue', 1)), 'as the history says');
select is(pg_temp.told('replace'), '01 due, 02 due', 'replace: enqueued');
select is(tow.state(pg_temp.job('replace', 1)), 'cancelled', 'instead of it');
select is((select error from tow_store.history where job_id = pg_temp.job('replace', 1)), 'replaced by the instant 2030-01-01 00:02:00+00 of schedule replace', 'which says why');
select is(tow.state(pg_temp.job('replace', 2)), 'ready', 'it need not wait');

-- They run.
select pg_temp.claim(:w) \g /dev/null
select is((select array_agg(distinct tow.state(job)) from tow.fires where schedule in ('skip', 'replace') and job is not null and job <> pg_temp.job('replace', 1)), '{running}', 'they run');
select pg_temp.at('00:03:00') \g /dev/null
select is(pg_temp.told('skip'), '01 due, 02 skipped, 03 skipped', 'skip: still');
select results_eq($$ select on_id from tow_store.need where job_id = pg_temp.job('queue', 3) order by 1 $$, $$ values (pg_temp.job('queue', 1)), (pg_temp.job('queue', 2)) $$, 'queue: behind the last, and what runs');
select results_eq($$ select on_id, if_failed from tow_store.need where job_id = pg_temp.job('replace', 3) $$, $$ values (pg_temp.job('replace', 2), 'g'::"char") $$, 'replace: as soon as its worker has ended it');
select is((select reason from tow_store.cancelling where job_id = pg_temp.job('replace', 2)), 'replaced by the instant 2030-01-01 00:03:00+00 of schedule replace', 'which it is told');
select is(tow.state(pg_temp.job('replace', 3)), 'waiting', 'until then it waits');

-- By hand the same rules count.
select pg_temp.refused($$ select tow.run_schedule('skip') $$, 'TW409', 'cancel it', 'by hand: not beside one that runs, if skip is the rule');
select is(pg_temp.told('skip'), '01 due, 02 skipped, 03 skipped', 'and that leaves nothing');
select tow.run_schedule('queue') as hand \gset
select is(tow.state(:hand), 'waiting', 'queued if queue is');

-- They end.
select pg_temp.say(:w, pg_temp.job('skip', 1), '{"as": "completed"}') \g /dev/null
select is(tow.state(pg_temp.job('skip', 1)), 'completed', 'it ends');
select pg_temp.at('00:04:00') \g /dev/null
select is(pg_temp.told('skip'), '01 due, 02 skipped, 03 skipped, 04 due', 'skip: the next instant fires');
select pg_temp.claim(:w), pg_temp.say(:w, pg_temp.job('skip', 4), '{"as": "failed", "class": "x", "error": "y"}') \g /dev/null
select is(tow.state(pg_temp.job('skip', 4)), 'retrying', 'one that will be tried again');
select pg_temp.at('00:05:00') \g /dev/null
select is(right(pg_temp.told('skip'), 10), '05 skipped', 'has not finished');
select results_eq($$ select on_id from tow_store.need where job_id = pg_temp.job('queue', 5) order by 1 $$, $$ values (pg_temp.job('queue', 1)), (pg_temp.job('queue', 4)) $$, 'queue: not behind those that the last one waits for');

-- A queue has an end.
select pg_temp.refused($$ select tow.set('schedule_queue_max', '0') $$, 'TW422', 'from 1 to 10000', 'at least one may wait');
select pg_temp.refused($$ select tow.set('schedule_queue_max', '10001') $$, 'TW422', 'from 1 to 10000', 'and no more than can be counted');
select tow.set('schedule_queue_max', '3') \g /dev/null
select tow.set_queue('full') \g /dev/null
select pg_temp.worker('{full}') as f \gset
select tow.schedule('full', '*/10 * * * * *', 'noop', queue => 'full', overlap => 'queue') \g /dev/null
create function pg_temp.count(p_how text) returns bigint language sql as $$ select count(*) from tow.fires f where f.schedule = 'full' and f.how ~ p_how $$;
select pg_temp.at('00:05:10'), pg_temp.claim(:f) \g /dev/null
select pg_temp.at('00:05:' || s) from unnest('{20,30,40}'::text[]) s \g /dev/null
select is(pg_temp.count('due'), 4::bigint, 'as many wait behind the one that runs as the setting says');
select pg_temp.at('00:05:50') \g /dev/null
select is((select how || ': ' || reason from tow.fires where schedule = 'full' order by at desc limit 1),
	format('skipped: job %s had not finished, and 3 wait behind it', (select job from tow.fires where schedule = 'full' and job is not null order by at desc limit 1)), 'then an instant is skipped');
select pg_temp.refused($$ select tow.run_schedule('full') $$, 'TW409', 'schedule_queue_max', 'by hand, too');
select pg_temp.say(:f, (select min(job) from tow.fires where schedule = 'full'), '{"as": "completed"}'), pg_temp.drain('admit'), pg_temp.claim(:f) \g /dev/null
select pg_temp.at('00:06:00') \g /dev/null
select is(pg_temp.count('due'), 5::bigint, 'one that ends makes room');
select pg_temp.at('00:07:00') \g /dev/null
select is(pg_temp.count('due') || ' ' || pg_temp.count('skipped'), '5 7', 'for one');
select tow.unschedule('full') \g /dev/null

-- Many that were skipped hide no job.
select tow.schedule('long', '* * * * * *', 'noop', overlap => 'skip') \g /dev/null
select pg_temp.at('00:07:40') \g /dev/null
select is((select count(*) filter (where job is not null) || ' ' || count(*) from tow.fires where schedule = 'long'), '1 40', 'one job, however often it was skipped');

select * from finish();
rollback;
