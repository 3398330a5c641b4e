-- What needs somebody: all of it, in groups, and nothing that somebody has seen to; at a bounded cost.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';
set local client_min_messages = error;
delete from tow_store.worker;
select pg_temp.worker('{default}', '{noop,other,haul.fetch}') as w \gset

select is((select count(*) from tow.needs() where what in ('approval', 'failed')), 0::bigint, 'nobody is needed');
select ok(exists (select from tow.needs() n join tow.status() s on (n.what, n.subject, n.detail) = (s.status, s.component, s.detail)), 'what is not well is said as by tow.status');
select is((select count(*) from tow.needs() where what in ('bad', 'warn')), (select count(*) from tow.status() where status <> 'ok'), 'all of it');

-- Some that failed, one of each kind and class after the other; some that wait.
create function pg_temp.fails(p_worker bigint, p_kind text, p_class text) returns bigint language plpgsql as $$
declare v_job constant bigint := tow.enqueue(p_kind, max_attempts => 1);
begin
	perform pg_temp.later('1 second');
	return pg_temp.ran(p_worker, jsonb_build_object('as', 'failed', 'class', p_class, 'error', format('no %s', v_job)), v_job);
end $$;
create temporary table made as select k as kind, c as class, pg_temp.fails(:w, k, c) as id from unnest('{noop,noop,other,haul.fetch}'::text[], '{a,b,a,http.404}'::text[]) with ordinality u(k, c, o), generate_series(1, 3) n order by n, o;
select tow.enqueue('noop', wait_for => 'approval') as ask \gset
select tow.enqueue('noop', wait_for => 'approval') as asks \gset
select tow.enqueue('noop', wait_for => 'paid') \g /dev/null
select pg_temp.later('1 second'), pg_temp.drain('admit') \g /dev/null

select results_eq($$ select kind, class, count, more, jobs, detail, of from tow.needs(2) where what = 'failed' $$,
	$$ select kind, class, 3::bigint, false, (array_agg(id order by id desc))[:2], 'no ' || max(id), case kind when 'haul.fetch' then 'haul' end from made group by kind, class order by max(id) desc $$,
	'those that failed, by kind and class, the last ones first; whose business they are');
select is((select concat_ws(' | ', messages, says[1]) from tow.needs() where class = 'b'), (select '1 | 3 × no ' || max(id) from made where class = 'b'), 'messages that differ in a number are one');
select is(tow_store.gist('cannot read ''my file'' (4096 of 12) at /srv/a b9d1c2e3f4 and "x y": no space'), 'cannot read * (* of *) at * * and *: no space', 'so are those that differ in names, paths and ids');
update tow_store.history set error = 'no paper' where job_id = (select max(id) from made where class = 'b');
select is((select concat_ws(' | ', messages, detail, says[1], says[2]) from tow.needs() where class = 'b'), (select '2 | no paper | 2 × no ' || max(id) filter (where n = 2) || ' | no paper' from (select id, row_number() over (order by id) as n from made where class = 'b') m), 'of others each is said, what most say first');
select is((select (last_at - since)::text from tow.needs() where class = 'b'), '00:00:08', 'from the first to the last');
select results_eq($$ select kind, count, more, jobs, of from tow.needs() where what = 'approval' $$, format($$ values ('noop', 2::bigint, false, '{%s,%s}'::bigint[], null::text) $$, :ask, :asks), 'those that wait for a word, not for another signal');
select is((select jobs from tow.needs(0) where what = 'approval'), '{}', 'without their ids');
select pg_temp.refused('select tow.needs(101)', 'TW422', '0 to 100', 'so many ids and no more');

-- Who is seen to needs nobody.
select tow.retry(id) from made where kind = 'other' \g /dev/null
select tow.approve(:ask) \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select is((select string_agg(concat_ws(' ', what, kind, class, count), ', ' order by what, kind, class) from tow.needs() where what in ('approval', 'failed')),
	'approval noop 1, failed haul.fetch http.404 3, failed noop a 3, failed noop b 3', 'what somebody has seen to is gone');

-- A group is put back at once, so many at a time; it says how many are left.
select pg_temp.fails(:w, 'noop', null), pg_temp.fails(:w, 'noop', 'a.b') \g /dev/null
select tow.enqueue('noop', key => 'taken', max_attempts => 1) as k \gset
select pg_temp.ran(:w, '{"as": "failed", "class": "k", "error": "no"}', :k), tow.enqueue('noop', key => 'taken') \g /dev/null
select pg_temp.fails(:w, 'noop', 'k') as behind \gset
select pg_temp.refused('select tow.retry_failed(max_jobs => 0)', 'TW422', 'call again', 'so many jobs and no more');
select results_eq($$ select * from tow.retry_failed('noop', 'a', max_jobs => 2) $$, $$ values (2::bigint, 0::bigint, 1::bigint, false) $$, 'two of three, not of a class that begins so');
select is((select string_agg(tow.state(id), ' ' order by id) from made where kind = 'noop' and class = 'a'), 'ready ready failed', 'the oldest first');
select results_eq($$ select * from tow.retry_failed('noop', 'a') $$, $$ values (1::bigint, 0::bigint, 0::bigint, false) $$, 'the rest');
select results_eq($$ select * from tow.retry_failed('noop', 'k', max_jobs => 1) $$, $$ values (1::bigint, 1::bigint, 1::bigint, false) $$, 'one whose key another job has is passed over, and the one behind it runs again');
select results_eq($$ select * from tow.retry_failed('noop', 'k') $$, $$ values (0::bigint, 1::bigint, 1::bigint, false) $$, 'and stays');
select tow.cancel(:behind) \g /dev/null
select results_eq($$ select * from tow.retry_failed('noop', '') $$, $$ values (1::bigint, 0::bigint, 0::bigint, false) $$, 'one without a class');
select results_eq($$ select * from tow.retry_failed(queue => 'default', class => 'http.404') $$, $$ values (0::bigint, 0::bigint, 0::bigint, false) $$, 'an area''s is left to the area');
select is((select count(distinct job) from tow.audit where what = 'job.retried' and detail ->> 'by' = 'retry_failed'), (select sum((detail ->> 'jobs')::int) from tow.audit where what = 'retry_failed'), 'each job has its trace');
select is((select string_agg(concat_ws(' ', subject, detail), ', ' order by n) from tow.audit where what = 'retry_failed'),
	'noop {"jobs": 2, "class": "a", "queue": null}, noop {"jobs": 1, "class": "a", "queue": null}, noop {"jobs": 1, "class": "k", "queue": null}, noop {"jobs": 1, "class": "", "queue": null}', 'it is in the audit');
select tow.cancel(id) from made where kind = 'noop' and class = 'a' \g /dev/null

-- To tell messages apart takes long, so only the last ones of each group are read; what stands behind them is counted.
select tow.enqueue('noop', max_attempts => 1) as flood \gset
select pg_temp.ran(:w, '{"as": "failed", "class": "flood", "error": "other"}', :flood) \g /dev/null
insert into tow_store.job (id, created_at, priority, kind, queue, args) select nextval('tow_store.job_id'), tow.now(), 100, 'noop', 'default', '{}' from generate_series(1, 400);
insert into tow_store.history (job_id, run, finished_at, attempt, outcome, class, error)
	select id, nextval('tow_store.run'), tow.now() + interval '1 ms', 1, 'f', 'flood', 'same' from tow_store.job where id > :flood;
select is((select concat_ws(' | ', count, read < 300, messages, says[1] = read || ' × same', detail) from tow.needs() where class = 'flood'), '401 | t | 1 | t | same', 'of many only the last ones are read, and it says of how many that is');
select is((select string_agg(concat_ws(' ', class, count, read, messages), ', ' order by class) from tow.needs() where what = 'failed' and kind = 'noop' and class <> 'flood'), 'a.b 1 1 1, b 3 3 2, k 1 1 1', 'those of others are read beside them');
select is((select sum(read) from tow.needs()), 300::numeric, 'so many in all');
delete from tow_store.history where class = 'flood';

-- Behind many more than are looked at.
insert into tow_store.history (job_id, run, finished_at, attempt, outcome, class, error) select (select min(id) from made), nextval('tow_store.run'), tow.now() + n * interval '1 ms', 1, 'r', 'c', 'again' from generate_series(1, 4980) n;
select is((select string_agg(concat_ws(' ', kind, class, count, more), ', ' order by kind, class) from tow.needs() where what = 'failed'), 'haul.fetch http.404 3 t, noop a.b 1 t, noop b 3 t, noop k 1 t', 'it says that there may be more');
insert into tow_store.history (job_id, run, finished_at, attempt, outcome, class, error) select (select min(id) from made), nextval('tow_store.run'), tow.now() + n * interval '1 ms', 1, 'r', 'c', 'again' from generate_series(1, 5000) n;
select is((select count(*) from tow.needs() where what = 'failed'), 0::bigint, 'and looks no further');
select tow.set_queue('dead') \g /dev/null
select count(*) from tow.enqueue_many('noop', array_fill(jsonb '{}', array[1001]), queue => 'dead') \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select is((select concat_ws(' ', what, detail, hint) from tow.needs() where subject = 'queue dead'), 'bad more than 1000 ready, 0 running, no worker serves it tow worker --queue dead', 'nor does it count a long queue');
select * from finish();
rollback;
