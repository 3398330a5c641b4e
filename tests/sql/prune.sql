-- Retention: what is dropped and deleted, and what never is; small rows that are tidied away.
begin;
\ir ../lib/fixture.sql
-- A month ago, then on; nothing lies in the rest.
create function pg_temp.day(p_at timestamptz) returns void language sql as $$
	select set_config('tow.fake_now', p_at::text, true);
	select pg_temp.drain('partition');
$$;
select pg_temp.day('2031-01-01 12:00+00');
select pg_temp.worker() as w \gset
select tow.set_queue('brief', retention => '2 days');
select pg_temp.worker('{brief}') as b \gset
create function pg_temp.facts(p_id bigint) returns boolean language sql as $$ select exists (select from tow_store.job where id = p_id) $$;

select pg_temp.ran(:w, '{"as": "completed"}') as old, tow.enqueue('noop', run_at => '2032-01-01') as live, pg_temp.ran(:w, '{"as": "completed"}', tow.enqueue('noop', key => 'd', key_scope => 'done')) as keyed,
	pg_temp.ran(:w, '{"as": "failed", "final": true}') as revived, tow.enqueue('noop', queue => 'nowhere') as waiting \gset
select tow.retry(:revived) \g /dev/null
select tow.enqueue('noop') as ready, tow.enqueue('noop', queue => 'brief') as brief \gset
select pg_temp.claim(:b) \g /dev/null
select pg_temp.say(:b, :brief, '{"as": "completed"}'), tow.report(:w, null, format('[{"job": %s, "run": 1, "level": "info", "line": "l"}]', :old)::jsonb) \g /dev/null
select tow.enqueue('noop', queue => 'brief') as held \gset
select pg_temp.claim(:b) \g /dev/null
select pg_temp.drain('prune') \g /dev/null
select is(array[tow.state(:old), tow.state(:keyed), tow.state(:brief)], '{completed,completed,completed}', 'nothing is old');

-- The queue that keeps less.
select pg_temp.day('2031-01-03 13:00+00');
select ok(pg_temp.drain('prune') > 0, 'two days later');
select is(tow.state(:brief), null, 'the short queue''s job is forgotten, facts and all');
select is((select array_agg(tow.state(j) order by n) from unnest(array[:old, :keyed]) with ordinality u(j, n)), '{completed,completed}', 'the others are not');
select is(array[tow.state(:live), tow.state(:revived), tow.state(:waiting), tow.state(:ready), tow.state(:held)], '{scheduled,ready,waiting,ready,running}', 'live ones never are');

-- Everything older than the longest retention.
select is((select count(*) from tow_store.days where name in ('history_20310101', 'log_20310101')), 2::bigint, 'the day is there');
select pg_temp.day('2031-01-15 12:00+00');
select pg_temp.drain('prune') \g /dev/null
select is(tow.state(:old), 'completed', 'fourteen days: a day that is not wholly older stays');
select pg_temp.day('2031-01-16 00:00:01+00');
select pg_temp.drain('prune') \g /dev/null
select is((select count(*) from tow_store.days where name in ('history_20310101', 'log_20310101')), 0::bigint, 'then it is dropped');
select is(array[tow.state(:old), tow.state(:keyed)], '{null,null}', 'its jobs are forgotten');
select is(array[pg_temp.facts(:old), pg_temp.facts(:keyed), pg_temp.facts(:brief)], '{f,f,f}', 'and their facts');
select is((select count(*) from tow_store.key where key = 'd'), 0::bigint, 'and a key of scope done');
select isnt(tow.enqueue('noop', key => 'd', key_scope => 'done'), :keyed::bigint, 'which another job may have now');
select is(array[tow.state(:live), tow.state(:revived), tow.state(:waiting), tow.state(:ready), tow.state(:held)], '{scheduled,ready,waiting,ready,running}', 'live ones never are, however old');
select pg_temp.say(:b, :held, '{"as": "completed"}') \g /dev/null
select is((select state from tow.history where id = :held), 'completed', 'and can end');
select pg_temp.drain('prune') \g /dev/null
select is(tow.state(:held), 'completed', 'and are kept from then on');

-- A range of ids that nobody needs goes whole; one with a single live job stays.
select tow.cancel(id) from tow.jobs \g /dev/null
select setval('tow_store.job_id', 16000000) \g /dev/null
select tow.enqueue('noop', key => 'r', key_scope => 'done') as ranged, tow.enqueue('noop') as last \gset
select tow.cancel(:ranged) \g /dev/null
select setval('tow_store.job_id', 32000000) \g /dev/null
select pg_temp.day('2031-03-01 12:00+00');
select tow.enqueue('noop') \g /dev/null
select pg_temp.day('2031-03-03 12:00+00');
select pg_temp.drain('prune') \g /dev/null
select is((select array_agg(first order by first) from tow_store.job_ranges where first < 32000000), '{16000000}', 'a dead range is dropped, one with a live job is not');
select is((select count(*) from tow_store.key where key = 'd'), 0::bigint, 'the keys of a dropped range go with it');
select is(array[pg_temp.facts(:ranged), pg_temp.facts(:last)], '{f,t}', 'in which the dead ones go one by one');
select is((select count(*) from tow_store.key where key = 'r'), 0::bigint, 'with their keys');
select tow.enqueue('noop', key => 'r', key_scope => 'done') \g /dev/null

-- A day that somebody reads is left for a later turn: that takes a second session, see tests/e2e.
-- The audit.
update tow_store.audit set at = '2030-06-01' where n = (select min(n) from tow_store.audit);
select count(*) as audit from tow_store.audit \gset
select pg_temp.drain('prune') \g /dev/null
select is((select count(*) from tow_store.audit), :audit - 1::bigint, 'audit rows are kept as long as their setting says');

-- Tidy.
select tow.enqueue('noop', run_at => tow.now()) as j \gset
select pg_temp.claim(:w) \g /dev/null
select tow.report(:w, format('[{"job": %s, "run": %s, "pct": 1}]', :j, (select run from tow_store.running where job_id = :j))::jsonb, null), tow.cancel(:j) \g /dev/null
select is(tow.duty('tidy'), 0, 'tidy');
select is((select count(*) from tow_store.progress where job_id = :j) + (select count(*) from tow_store.cancelling where job_id = :j), 2::bigint, 'spares what concerns running jobs');
select count(*) from pg_temp.exchange(:w, 0, null, array[:j::bigint], array(select run from tow_store.running where job_id = :j)) \g /dev/null
select tow.duty('tidy') \g /dev/null
select is((select count(*) from tow_store.progress) + (select count(*) from tow_store.cancelling), 0::bigint, 'and removes it when they have ended');
select tow.park(:w, array(select id from tow_store.queue)) \g /dev/null
select tow.duty('tidy') \g /dev/null
select is((select pg_sequence_last_value(arm) from tow_store.queue where name = 'default'), (select 1::bigint << bit from tow_store.worker where id = :w), 'the bell of a live worker stays armed');
update tow_store.worker set ended_at = tow.now() where id = :w;
select tow.duty('tidy') \g /dev/null
select is((select pg_sequence_last_value(arm) from tow_store.queue where name = 'default'), 0::bigint, 'a dead one''s does not');
select pg_temp.later('8 days');
select tow.duty('tidy') \g /dev/null
select is((select count(*) from tow_store.worker where id = :w), 0::bigint, 'after a week the worker is forgotten');

select * from finish();
rollback;
