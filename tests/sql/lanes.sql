-- Lanes: in order, within their limits, fairly, and nothing left behind.
begin;
\ir ../lib/fixture.sql
create function pg_temp.put(p_lane text, p_n int default 1, p_queue text default 'default', p_priority int default 100) returns bigint[] language sql as $$
	select array_agg(i) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[p_n]), queue => p_queue, priority => p_priority, lane => p_lane) i
$$;
create function pg_temp.lane_of(p_jobs bigint[]) returns text language sql as $$
	select string_agg(j.lane, '' order by u.n) from unnest(p_jobs) with ordinality u(id, n) join tow_store.job j using (id)
$$;
create function pg_temp.done(p_worker bigint, p_jobs bigint[], p_want int default 0) returns bigint[] language sql as $$
	select coalesce(array_agg(e.job) filter (where e.what = 'job'), '{}') from pg_temp.exchange(p_worker, p_want, '[]',
		p_jobs, (select array_agg(r.run order by u.n) from unnest(p_jobs) with ordinality u(id, n) join tow_store.running r on r.job_id = u.id)) e
$$;
select pg_temp.worker() as w \gset
select tow.enqueue('noop', lane => 'first') as a \gset
select is(tow.state(:a), 'waiting', 'a lane''s first job waits for its band');
select pg_temp.drain('admit') \g /dev/null
select is(tow.state(:a), 'waiting', 'an arrival waits');
select is(pg_temp.claim(:w), array[:a]::bigint[], 'and is claimed');
select is(tow.state(:a), 'running', 'it runs');
select is(pg_temp.done(:w, array[:a]::bigint[]), '{}', 'it is done');

select pg_temp.put('a', 3) as a, pg_temp.put('b', 2) as b \gset
select is(pg_temp.claim(:w), array[(:'a'::bigint[])[1], (:'b'::bigint[])[1]], 'one of each lane');
select is(pg_temp.claim(:w), '{}', 'and no more');
select is(pg_temp.done(:w, (:'a'::bigint[])[1:1], 5), (:'a'::bigint[])[2:2], 'its successor follows in the same exchange');
select is((select array_agg(reason) from tow.jobs where state = 'waiting'), '{lane,lane}', 'the others wait for their lane');
select is(pg_temp.say(:w, (:'b'::bigint[])[1], '{"as": "failed"}'), false, 'b fails');
select is(tow.state((:'b'::bigint[])[1]), 'retrying', 'and is retried');
select is(pg_temp.claim(:w), (:'b'::bigint[])[2:2], 'its lane goes on meanwhile');
select is(pg_temp.say(:w, (:'b'::bigint[])[2], '{"as": "returned"}'), false, 'given back');
select pg_temp.put('b') as c \gset
select is(pg_temp.claim(:w), (:'b'::bigint[])[2:2], 'it is where it was');
select pg_temp.done(:w, array[(:'b'::bigint[])[2], (:'a'::bigint[])[2]]) \g /dev/null
select is(tow.cancel((:'a'::bigint[])[3]), 'cancelled', 'a job in a lane can be cancelled');
select is(pg_temp.claim(:w), :'c'::bigint[], 'and the rest goes on');
select pg_temp.done(:w, :'c'::bigint[]) \g /dev/null
select is((select count(*) from tow_store.held), 0::bigint, 'nothing is held');
select is((select count(*) from tow_store.lined), 0::bigint, 'nothing is left in lanes');
delete from tow_store.scheduled;

-- A worker that runs them one after the other is given several for one place, which it has until the last has ended.
create function pg_temp.relay(p_worker bigint, p_want int, p_relay int) returns table(job bigint, run bigint, place bigint) language sql as $$
	select e.job, e.run, e.place from pg_temp.exchange(p_worker, p_want, p_relay => p_relay) e where e.what = 'job'
$$;
select pg_temp.put('a', 5) as a, pg_temp.put('b', 2) as b \gset
create temp table relay as select *, row_number() over () as n from pg_temp.relay(:w, 10, 3);
select is(array_agg(job order by n), (:'a'::bigint[])[1:3] || (:'b'::bigint[]), 'those that share a place come together, in order') from relay;
select is(array_agg(place order by n), array_agg(first order by n), 'which is called after the first') from (select r.*, min(run) over (partition by place) as first from relay r) r;
select is((select count(distinct place) from relay), 2::bigint, 'one place a lane');
select is((select array_agg((lane, running, max_running)::text order by lane) from tow.lanes where running > 0), '{"(a,1,1)","(b,1,1)"}', 'which is what is counted');
select is((select array_agg(w.reason || ' ' || w.detail || ' ' || w.ids::text) from tow.why((:'a'::bigint[])[4]) w where w.reason = 'lane limit'),
	array[format('lane limit 1 of at most 1 run in lane a {%s}', (:'a'::bigint[])[1])], 'who has it is told');
select is(pg_temp.done(:w, (:'a'::bigint[])[1:2], 5), '{}', 'the lane waits for the last');
select is(pg_temp.say(:w, (:'a'::bigint[])[3], '{"as": "returned"}'), false, 'one that did not start is given back');
select is((select array_agg(job) from pg_temp.relay(:w, 10, 3)), (:'a'::bigint[])[3:5], 'and stands where it stood');
select tow.set_lane('default', 'a', max_running => 2) \g /dev/null
select pg_temp.done(:w, (:'a'::bigint[])[3:5] || :'b'::bigint[]) \g /dev/null
select pg_temp.put('a', 9) as a \gset
select is((select array_agg(n order by place) from (select place, count(*) as n from pg_temp.relay(:w, 5, 10) group by place) p), '{3,2}', 'a lane of two has two places, which share what is wanted');
select is((select count(*) from pg_temp.relay(:w, 5, 10)), 0::bigint, 'and no more');
select is((select count(*) from tow_store.fsck_lanes(null)), 0::bigint, 'nothing is wrong');
select pg_temp.done(:w, array(select job_id from tow_store.running)) \g /dev/null
select tow.set_kind('noop', max_running => 9) \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select is((select max(n) from (select count(*) as n from pg_temp.relay(:w, 10, 10) group by place) p), 1::bigint, 'where a kind or queue has a limit, each has its own');
select tow.set_kind('noop', reset => '{max_running}') \g /dev/null
select pg_temp.done(:w, array(select job_id from tow_store.running)) \g /dev/null
select tow.cancel(id) from tow.jobs \g /dev/null
select tow.set_lane('default', 'a', reset => '{max_running}') \g /dev/null
select pg_temp.claim(:w) \g /dev/null

-- Fair.
update tow_store.queue set lane_limit = 0;
select pg_temp.put('x', 50) as x \gset
select is(cardinality(pg_temp.claim(:w, 10)), 10, 'no limit: many of one lane');
select pg_temp.put('y', 3) as y \gset
select is(pg_temp.lane_of(pg_temp.claim(:w, 8)) ~ '^[xy]*y[xy]*y[xy]*y', true, 'another lane has its share at once');
select pg_temp.claim(:w, 100) \g /dev/null
select is((select count(*) from tow_store.lined), 0::bigint, 'all is claimed');
select is((select bool_and(parked and why in ('i', 'c')) from tow_store.turn), true, 'and the lanes are idle');
select pg_temp.done(:w, array(select job_id from tow_store.running)) \g /dev/null
update tow_store.gate set weight = 3 where name = 'x';
select pg_temp.put('x', 400), pg_temp.put('y', 400) \g /dev/null
select is((select array_agg(n order by lane) from (select lane, round(count(*) / 10.0) as n from unnest(pg_temp.claim(:w, 400)) u(id) join tow_store.job using (id) group by lane) s), '{30,10}', 'by weight');

-- Very many lanes that may not go on are not all met by one claim, nor each by a round of its own.
select pg_temp.done(:w, array(select job_id from tow_store.running)) \g /dev/null
select tow.cancel(id) from tow.jobs \g /dev/null
select tow.set_queue('default', lane_limit => 0, lane_rate => 0.001, lane_burst => 1);
select tow.enqueue('noop', lane => 'many' || i) from generate_series(1, 4000) i \g /dev/null
select pg_temp.drain('sort') \g /dev/null
insert into tow_store.bucket (gate, tokens, at) select g.id, 0, tow.now() from tow_store.gate g where g.name ^@ 'many';
select is((select array_agg(what) from pg_temp.exchange(:w, 1) where what <> 'low'), null, 'none now: a claim looks at many, and says that there are more');
select is((select count(*) between 1 and 3999 from tow_store.turn t where t.why = 't'), true, 'it has parked many');
select is((select array_agg(what) from pg_temp.exchange(:w, 1) where what <> 'low'), '{short,again}', 'the next meets the rest, and says that runs that end may let others start');

-- Lanes of one job each, all at one virtual time: the next claim begins at the lane where the last one ended, and whoever
-- comes meanwhile is after them, also with a gate that is older than theirs.
select pg_temp.worker('{each}') as ew \gset
select tow.set_queue('each', lane_limit => 0), tow.set_lane('each', 'early', weight => 2), pg_temp.put('each0', 1, 'each'), pg_temp.drain('admit') \g /dev/null
select pg_temp.claim(:ew) \g /dev/null
select pg_temp.put('each' || i, 1, 'each') from generate_series(1, 9) i \g /dev/null
select is(pg_temp.lane_of(pg_temp.claim(:ew, 4)), 'each1each2each3each4', 'the first lanes');
select is((select c.gate from tow_store.band b, tow_store.lane_clock(b.id) c where b.laned and not b.crowd and b.queue = (select id from tow_store.queue where name = 'each')),
	(select id from tow_store.gate where name = 'each5'), 'the next claim begins after them');
select pg_temp.put('early', 1, 'each') \g /dev/null
select is((select count(*) from tow_store.fsck_lanes(null)), 0::bigint, 'and overlooks nobody');
select is(pg_temp.lane_of(pg_temp.claim(:ew, 4)), 'each5each6each7each8', 'it does');
select is(pg_temp.lane_of(pg_temp.claim(:ew, 4)), 'each9early', 'who came meanwhile is after them');

-- Many that came one by one do not keep the next one waiting while they are sorted.
select pg_temp.worker('{many}') as cw \gset
select tow.set_queue('many', lane_limit => 0) \g /dev/null
select pg_temp.put('many', 1, 'many'), pg_temp.drain('admit') \g /dev/null
select pg_temp.claim(:cw) \g /dev/null
select pg_temp.put('many', 600, 'many') from generate_series(1, 20) \g /dev/null
select pg_temp.put('single', 1, 'many') \g /dev/null
create temporary table met (n int, lane text);
insert into met select 1, j.lane from unnest(pg_temp.claim(:cw, 1000)) u(id) join tow_store.job j using (id);
insert into met select 2, j.lane from unnest(pg_temp.claim(:cw, 1000)) u(id) join tow_store.job j using (id);
select is((select count(*) from met where lane = 'many'), 250::bigint, 'few are claimed while most are not sorted');
insert into met select 3, j.lane from unnest(pg_temp.claim(:cw, 1000)) u(id) join tow_store.job j using (id);
select is((select n from met where lane = 'single'), 3, 'the single one as soon as it is');
select cmp_ok((select count(*) from met), '>=', 1000::bigint, 'and then as many as are asked for');

-- A crowd that came at once stands apart: whoever comes after it does not wait until it is sorted, but for its own lane.
select pg_temp.worker('{crowd}') as cw \gset
select tow.set_queue('crowd', lane_limit => 0) \g /dev/null
select pg_temp.put('crowd', 1, 'crowd'), pg_temp.drain('admit') \g /dev/null
select pg_temp.claim(:cw) \g /dev/null
select pg_temp.put('crowd', 2, 'crowd') as before, pg_temp.put('crowd', 3000, 'crowd') as crowd, pg_temp.put('crowd', 1, 'crowd') as after, pg_temp.put('single', 1, 'crowd') as single \gset
select is((select array_agg(id order by id) from unnest(pg_temp.claim(:cw, 3)) id), :'before'::bigint[] || :'single'::bigint[], 'what came before the crowd, and the single one after it');
select is((select count(*) from tow_store.lined l join tow_store.job j using (id) where j.lane = 'crowd'), 100::bigint, 'of the crowd some are sorted');
select is((select count(*) from tow_store.crowd where lane = 'crowd'), 2::bigint, 'who came to its lane is behind it');
select is(tow.state((:'crowd'::bigint[])[3000]), 'waiting', 'one of the crowd waits');
select is(tow.cancel((:'crowd'::bigint[])[3000]), 'cancelled', 'and can be cancelled');
select is((select count(*) from tow.jobs where lane = 'crowd' and state = 'waiting'), 3000::bigint, 'all of them are listed');
select pg_temp.claim(:cw, 500) as first \gset
select is(:'first'::bigint[], (:'crowd'::bigint[])[1:500], 'the crowd, in its order');
select is(pg_temp.say(:cw, (:'crowd'::bigint[])[7], '{"as": "returned"}'), false, 'one is given back');
select pg_temp.claim(:cw, 500) as next \gset
select is(:'next'::bigint[], (:'crowd'::bigint[])[7:7] || (:'crowd'::bigint[])[501:999], 'it is where it was, before what is not sorted yet');
select pg_temp.claim(:cw, 3000) as rest \gset
select pg_temp.claim(:cw, 3000) as late \gset
select is(:'rest'::bigint[] || :'late'::bigint[], (:'crowd'::bigint[])[1000:2999] || :'after'::bigint[], 'who came after it runs after it');
select pg_temp.claim(:cw, 10) \g /dev/null
select is((select count(*) from tow_store.crowd), 0::bigint, 'and the crowd is forgotten');

-- So does the duty, and a kind with a limit leaves the crowd for its own band.
select pg_temp.put('crowd', 2, 'crowd') as before, pg_temp.put('crowd', 1500, 'crowd') as crowd, pg_temp.put('crowd', 1, 'crowd') as after \gset
select tow.duty('sort') from generate_series(1, 4) \g /dev/null
create function pg_temp.lined_up(p_lane text default 'crowd') returns bigint[] language sql as $$
	select array_agg(l.id order by l.pos) from tow_store.lined l join tow_store.job j using (id) where j.lane = p_lane
$$;
select ok(pg_temp.lined_up() = :'before'::bigint[] || (:'crowd'::bigint[])[1:1000], 'the duty sorts them in their order, as many as a claim may want');
select is((select array_agg(id) from unnest(pg_temp.claim(:cw, 3)) id), :'before'::bigint[] || (:'crowd'::bigint[])[1:1], 'a claim that has enough');
select is(cardinality(pg_temp.lined_up()), 999, 'sorts no more');
select tow.duty('sort') from generate_series(1, 2) \g /dev/null
select ok(pg_temp.lined_up() = (:'crowd'::bigint[])[2:1500] || :'after'::bigint[], 'the rest when there are fewer');
select pg_temp.put('crowd', 1500, 'crowd') as more \gset
select tow.set_kind('noop', max_running => 100000) \g /dev/null
select pg_temp.claim(:cw, 5000), pg_temp.claim(:cw, 5000), pg_temp.claim(:cw, 5000) \g /dev/null
select is((select count(*) from tow_store.running r join tow_store.band b on b.id = r.band and b.kind = 'noop' where r.job_id = any(:'more'::bigint[])), 1500::bigint,
	'a crowd of a kind with a limit goes where that is counted');
select tow.set_kind('noop', reset => '{max_running}') \g /dev/null

-- A crowd behind another one: that has enough for a claim, and sorting goes on.
select pg_temp.worker('{two}') as tw \gset
select tow.set_queue('two', lane_limit => 2), pg_temp.put('one', 1, 'two'), pg_temp.drain('admit') \g /dev/null
select pg_temp.put('one', 2000, 'two'), pg_temp.put('two', 2000, 'two') \g /dev/null
select pg_temp.claim(:tw) from generate_series(1, 25) \g /dev/null
select is((select array_agg(r.lane || ' ' || r.n order by r.lane) from (select j.lane, count(*) as n from tow_store.running r join tow_store.job j on j.id = r.job_id where j.queue = 'two' group by j.lane) r),
	'{one 2,two 2}', 'both have what they may run');
select is(cardinality(pg_temp.lined_up('two')) < 500, true, 'and neither is sorted farther');

-- What is enqueued before a lane's queue is there is admitted in steps. What comes meanwhile runs after all of it, however it
-- comes and whoever sorts; another priority of the lane is not behind it, and what is given back stands where it stood.
select pg_temp.worker('{new}') as nw, pg_temp.put('new', 2500, 'new') as early \gset
select tow.set_queue('new', lane_limit => 0), tow.duty('admit') \g /dev/null
select pg_temp.put('new', 3, 'new') || pg_temp.put('new', 1000, 'new') || pg_temp.put('new', 2, 'new') as late, pg_temp.put('new', 1, 'new', 50) as urgent \gset
select pg_temp.drain('sort') \g /dev/null
select is((select array_agg(distinct w.reason) from unnest(array[(:'late'::bigint[])[1], (:'late'::bigint[])[4]]) i, tow.why(i) w where w.reason = 'admission'), '{admission}', 'which is said of who came later');
select is(pg_temp.claim(:nw, 5000), (:'early'::bigint[])[1:1000], 'those that have been admitted, and nobody else');
select is(pg_temp.claim(:nw, 5000), '{}', 'then none');
select ok((select wait_ms <= 0 from tow.tick(null, '{"admit": 30}', null) where duty = 'admit'), 'the duty is due');
select is(pg_temp.say(:nw, (:'early'::bigint[])[1000], '{"as": "returned"}'), false, 'one is given back');
select tow.duty('admit') \g /dev/null
select is((select count(*) from tow_store.fsck_lanes(null)), 0::bigint, 'that is in order');
select is((select array_agg(id order by id) from unnest(pg_temp.claim(:nw, 1000)) id), (:'early'::bigint[])[1000:1999], 'it is where it was, before the next step');
select pg_temp.drain('admit') \g /dev/null
select pg_temp.claim(:nw, 5000) as a \gset
select pg_temp.claim(:nw, 5000) as b \gset
select pg_temp.claim(:nw, 5000) as c \gset
select ok(:'a'::bigint[] || :'b'::bigint[] || :'c'::bigint[] = :'urgent'::bigint[] || (:'early'::bigint[])[2000:2500] || :'late'::bigint[], 'the rest, and only then what came later');

select * from finish();
rollback;
