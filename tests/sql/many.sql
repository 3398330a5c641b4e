-- Many jobs, many queues: what is asked for without a filter is found from the ends of indexes and is the same; each
-- table is read once for all queues.
begin;
\ir ../lib/fixture.sql
select tow.set_queue('many') \g /dev/null
select tow.enqueue('noop') as a \gset
select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[8000]), queue => 'many') \g /dev/null
select tow.reprioritise(id + 4000, 5), tow.reprioritise(id + 4001, 100) from (select min(id) as id from tow_store.job where queue = 'many') j \g /dev/null
select pg_temp.worker() as w \gset
select pg_temp.claim(:w) \g /dev/null
select tow.enqueue('noop', run_at => tow.now() + '1 h'::interval), tow.enqueue('noop', queue => 'unheard-of') \g /dev/null
select is(array(select id from tow.find_jobs(max_rows => 30)), array(select id from tow.jobs order by id desc limit 30), 'the newest of many');
select is(array(select f.id from generate_series(0, 3) n, lateral tow.find_jobs(max_rows => 30, before => :a + n * 2500) f),
	array(select f.id from generate_series(0, 3) n, lateral (select j.id from tow.jobs j where j.id < :a + n * 2500 order by j.id desc limit 30) f), 'pages of them');
select is(array(select id from tow.find_jobs(s, max_rows => 30)), array(select id from tow.jobs where state = s order by id desc limit 30), 'the newest: ' || s)
from unnest('{ready,scheduled,retrying,waiting,running}'::text[]) s;
create function pg_temp.read() returns bigint language sql as $$
	select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint from pg_stat_xact_user_tables where schemaname = 'tow_store' and relname ~ '^(ready|scheduled|waiting|running|job)'
$$;
select pg_temp.read() as read \gset
select count(*) from tow.find_jobs() \g /dev/null
select cmp_ok(pg_temp.read() - :read, '<', 5000::bigint, 'without a look at them all');

select is(array(select id from tow.find_jobs(queue => 'default', max_rows => 2)), array(select id from tow.jobs where queue = 'default' order by id desc limit 2), 'those that fit lie behind many that do not');
select is(array(select id from tow.find_jobs(queue => 'many', state => 'ready', max_rows => 1500)), array(select id from tow.jobs where queue = 'many' and state = 'ready' order by id desc limit 1500), 'and there are many of them');
select tow.enqueue('noop', run_at => tow.now() + '1 h'::interval, queue => 'unheard-of') \g /dev/null
select is((select array_agg(f.state order by f.state) from tow.find_jobs(queue => 'unheard-of') f), '{scheduled,waiting}', 'of a queue that is not there yet, too');
select is(array(select l.state from unnest('{scheduled,waiting}'::text[]) s, lateral tow.list_jobs(state => s, queue => 'unheard-of') l), '{scheduled,waiting}', 'in the other list as well');
select is((select count(*) from tow.find_jobs(kind => 'noop', max_rows => null)), (select count(*) from tow.jobs), 'or all are asked for');
select tow.cancel(id) from tow.jobs where queue = 'many' and state = 'ready' \g /dev/null
analyze tow_store.job, tow_store.ready, tow_store.scheduled;
select pg_temp.read() as read \gset
select count(*) from tow.find_jobs(tag => 'none') \g /dev/null
select cmp_ok(pg_temp.read() - :read, '<', 3000::bigint, 'nor at the facts of all that have ended');
select tow.set_queue('q' || i) from generate_series(1, 30) i \g /dev/null
create function pg_temp.looks() returns bigint language sql as $$
	select sum(seq_scan + coalesce(idx_scan, 0))::bigint from pg_stat_xact_user_tables where schemaname = 'tow_store' and relname = 'running'
$$;
select pg_temp.looks() as looks \gset
select sum(running), sum(workers) from tow.queues \g /dev/null
select is(pg_temp.looks() - :looks, 1::bigint, 'tow.queues looks at running once');
create function pg_temp.depths() returns bigint language sql as $$
	select sum(seq_scan + coalesce(idx_scan, 0))::bigint from pg_stat_xact_user_tables where schemaname = 'tow_store' and relname = 'ready'
$$;
select pg_temp.depths() as depths \gset
select tow.overview() \g /dev/null
analyze tow_store.ready;
select pg_temp.read() as read \gset
select count(*) from tow_store.depth((select b.id from tow_store.band b join tow_store.queue q on q.id = b.queue where q.name = 'default' order by b.priority limit 1)) \g /dev/null
select cmp_ok(pg_temp.read() - :read, '<', 100::bigint, 'the depth of one queue is not found by reading another');
select cmp_ok(pg_temp.depths() - :depths, '<', 2 * 2 * (select count(*) from tow_store.band), 'the overview counts each band once');

-- Beyond ten thousand it is said that there are more, and nobody counts them.
select tow.set_queue('crowd') \g /dev/null
select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[12000]), queue => 'crowd') \g /dev/null
select pg_temp.read() as read \gset
select is((select concat_ws(' ', q.ready, q.more) from tow.queues q where q.name = 'crowd'), '10000 {ready}', 'a queue has more than are counted');
select cmp_ok(pg_temp.read() - :read, '<', 11000::bigint, 'which were not');
select is((select concat_ws(' ', q.ready, q.more) from tow.queues q where q.name = 'q1'), '0 {}', 'one that has few has no more');
select is((select c.more and c.count >= 10000 and c.count < 12000 from tow.count_jobs() c where c.state = 'ready'), true, 'of the state, too');
select is((select string_agg(c.state, ' ') from tow.count_jobs() c where c.more), 'ready', 'and of that alone');
select is(tow.overview() -> 'more', '["ready"]', 'so does the overview say');
select is((select s.detail ~ '^10000 or more ready' from tow.status() s where s.component = 'queue crowd'), true, 'and tow.status');
insert into tow_store.scheduled (run_at, id, band, attempt, flags) select tow.now() + '1 h', n, 1, 0, 0 from generate_series(900000000, 900010000) n;
select is((select concat_ws(' ', c.count, c.more) from tow.count_jobs() c where c.state = 'scheduled'), '10000 t', 'of those that wait for an instant likewise');
select is(tow.overview() -> 'more', '["ready", "scheduled"]', 'in the overview as well');
select is((select concat_ws(' ', d.ready, d.waiting) from tow.depth('crowd') d), '12000 0', 'whoever wants to know has them all counted');
select is((select concat_ws(' ', d.ready, d.waiting) from tow.depth('crowd') d), '12000 0', 'who asks for a queue''s depth has them all counted');
select throws_like($$ select tow.depth('crwd') $$, '%no such queue%', 'of one that there is');
select is((select d.n from tow_store.band b join tow_store.queue q on q.id = b.queue, lateral tow_store.depth(b.id, 1000000) d where q.name = 'crowd'), 12000::bigint, 'metrics count on');

-- So it is of those in lanes.
select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[2]), queue => 'q1', lane => 'long') \g /dev/null
select pg_temp.drain('admit') \g /dev/null
insert into tow_store.lined (band, gate, pos, id, attempt, flags) select b.id, g.id, 900000000 + n, 900000000 + n, 0, 0
from tow_store.queue q join lateral (select id from tow_store.band where queue = q.id and laned order by id limit 1) b on true join tow_store.gate g on g.queue = q.id and g.name = 'long', generate_series(1, 10001) n where q.name = 'q1';
select is((select concat_ws(' ', q.ready, q.waiting, q.more) from tow.queues q where q.name = 'q1'), '0 10000 {waiting}', 'a queue says which of the two it has more of');
select is((select concat_ws(' ', l.waiting, l.more) from tow.lanes l where l.lane = 'long'), '10000 {waiting}', 'a lane does, too');
select is(tow.overview() -> 'more', '["ready", "scheduled", "waiting"]', 'and the overview');
select is((select s.detail ~ '^0 ready.*, 10000 or more in lanes' from tow.status() s where s.component = 'queue q1'), true, 'and tow.status');

-- What was admitted lies dead in the indexes until nobody can see it any more: nothing walks over it each time.
create function pg_temp.walked() returns bigint language sql as $$
	select pg_stat_get_xact_tuples_returned('tow_store.waiting_reason'::regclass) + pg_stat_get_xact_tuples_returned('tow_store.waiting_admission'::regclass)
$$;
update tow_store.band set opening = null;
select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[8000]), queue => 'fresh') \g /dev/null
select pg_temp.walked() as walked \gset
select pg_temp.drain('admit') \g /dev/null
select cmp_ok(pg_temp.walked() - :walked, '<', 60000::bigint, 'neither while there is more');
select set_config('tow.fake_now', (tow.now() + interval '1 s')::text, true), tow.duty('admit') \g /dev/null
select pg_temp.walked() as walked \gset
select tow.duty('admit'), count(*) from tow_store.dues(tow.now()) \g /dev/null
select cmp_ok(pg_temp.walked() - :walked, '<', 100::bigint, 'nor when that is over');
select pg_temp.later('20 s');
select count(*) from tow.tick(0, '{}', null) \g /dev/null
select pg_temp.walked() as walked \gset
select count(*) from tow.tick(0, '{}', null) \g /dev/null
select cmp_ok(pg_temp.walked() - :walked, '<', 100::bigint, 'once in ten seconds a look does, to be sure, and not the next one');
select tow.enqueue('noop', queue => 'later') as id \gset
select is((select at < tow.now() from tow_store.dues(tow.now()) where name = 'admit'), true, 'what is to be admitted is due');
select pg_temp.drain('admit') \g /dev/null
select is(tow.state(:id), 'ready', 'and is');

select * from finish();
rollback;
