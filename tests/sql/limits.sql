-- Limits of queues, kinds and lanes, rates, pauses: never one over, changed at once, nothing left behind.
begin;
\ir ../lib/fixture.sql
create function pg_temp.put(p_kind text default 'noop', p_n int default 1, p_lane text default null, p_priority int default 100) returns bigint[] language sql as $$
	select array_agg(i) from tow.enqueue_many(p_kind, array_fill('{}'::jsonb, array[p_n]), priority => p_priority, lane => p_lane) i
$$;
create function pg_temp.done(p_worker bigint, p_jobs bigint[], p_want int default 0) returns bigint[] language sql as $$
	select coalesce(array_agg(e.job) filter (where e.what = 'job'), '{}') from pg_temp.exchange(p_worker, p_want, '[]',
		p_jobs, (select array_agg(r.run order by u.n) from unnest(p_jobs) with ordinality u(id, n) join tow_store.running r on r.job_id = u.id)) e
$$;
create function pg_temp.clear(p_worker bigint) returns void language plpgsql as $$
begin
	perform tow.cancel(id) from tow.jobs where state <> 'running';
	perform pg_temp.done(p_worker, array(select job_id from tow_store.running));
end $$;
create function pg_temp.n(bigint[]) returns int language sql as $$ select cardinality($1) $$;
select pg_temp.worker(p_kinds => '{noop,other}') as w \gset
select pg_temp.later('0');

-- What people write.
select results_eq($$ select s, tow.rate(s)::numeric(9, 4) from unnest('{5,0.5, 5 ,50/s,1/min,5 / min,100/60s,100/60,3/10min,1000/h,1/2 days,.5/s,1e3/s}'::text[]) s $$,
	$$ values ('5', 5.0), ('0.5', 0.5), ('5', 5), ('50/s', 50), ('1/min', 0.0167), ('5 / min', 0.0833), ('100/60s', 1.6667), ('100/60', 1.6667), ('3/10min', 0.005), ('1000/h', 0.2778),
		('1/2 days', 0.0000), ('.5/s', 0.5), ('1e3/s', 1000) $$, 'rates');
select pg_temp.refused(format('select tow.rate(%L)', s), 'TW422', '5/min, 1000/h', 'no rate: ' || s)
from unnest(array['', 'x', '5/', '/min', '5/fortnight', '5/0', '5/0s', '5//s', '5/-1s', '1e999', '5 min', '5/min/s', 'NaN', 'Infinity']) s;
select is(tow.rate('-1'), -1::double precision, 'whether it is a fitting one is for others to say');

-- A queue.
select tow.set_queue('default', max_running => 3);
select pg_temp.put('noop', 10), pg_temp.put('noop', 4, 'l'), pg_temp.drain('admit') \g /dev/null
select is(pg_temp.n(pg_temp.claim(:w, 10)), 3, 'queue: its limit');
select is(pg_temp.claim(:w, 10), '{}', 'and no more');
select is(pg_temp.n(pg_temp.done(:w, (select array_agg(job_id) from (select job_id from tow_store.running limit 2) s), 10)), 2, 'as many as have ended');
select is((select count(*) from pg_temp.exchange(:w, 10) where what = 'short'), 1::bigint, 'it is short');
select tow.set_queue('default', max_running => 5);
select is(pg_temp.n(pg_temp.claim(:w, 10)), 2, 'raised while it runs: at once');
select tow.set_queue('default', max_running => 2);
select is(pg_temp.n(pg_temp.done(:w, (select array_agg(job_id) from (select job_id from tow_store.running limit 3) s), 10)), 0, 'lowered: none before it has fallen');
select is(pg_temp.n(pg_temp.done(:w, (select array_agg(job_id) from (select job_id from tow_store.running limit 1) s), 10)), 1, 'then one for one');
select tow.set_queue('default', reset => '{max_running}');
select ok(pg_temp.n(pg_temp.claim(:w, 10)) > 2, 'lifted');
select tow.set_queue('default', max_running => 6);
select is((select running from tow.limits where what = 'queue'), (select count(*) from tow_store.running), 'set while it runs: what runs counts');
select pg_temp.clear(:w) \g /dev/null
select is((select count(*) from tow_store.held), 0::bigint, 'nothing is held when nothing runs');
select tow.set_queue('default', reset => '{max_running}');

-- A kind.
select tow.set_queue('default', lane_limit => 0);
select pg_temp.put('noop', 2), pg_temp.put('other', 5), pg_temp.put('other', 2, 'k'), pg_temp.put('noop', 1, 'k') \g /dev/null
select is(pg_temp.n(pg_temp.claim(:w, 3)), 3, 'kind: without a limit');
select tow.set_kind('other', 2);
select is((select max_running from tow.kinds where kind = 'other'), 2, 'it is listed with its limit');
select pg_temp.put('other', 1), pg_temp.claim(:w, 20), pg_temp.claim(:w, 20) \g /dev/null
select is((select count(*) from tow_store.running r join tow_store.job j on j.id = r.job_id where kind = 'other'), 2::bigint, 'its limit, over plain bands and lanes');
select is((select count(*) from tow_store.running r join tow_store.job j on j.id = r.job_id where kind = 'noop'), 3::bigint, 'other kinds run beside it, in the same lane too');
select tow.set_kind('other', 1);
select is((select w.hint from tow.jobs j, tow.why(j.id) w where j.kind = 'other' and j.state = 'ready' and w.reason = 'kind limit' limit 1),
	'select tow.set_kind(''other'', max_running => 3)', 'a limit below what runs: why says which one would let it run');
select tow.set_kind('other', 2);
select tow.pause_kind('other', 'why');
select pg_temp.done(:w, array(select job_id from tow_store.running)) \g /dev/null
select is(pg_temp.claim(:w, 20), '{}', 'paused: nothing of it starts');
select is((select row(max_running, running, pause_reason)::text from tow.limits where what = 'kind'), '(2,0,why)', 'it is shown');
select is((select pause_reason from tow.kinds where kind = 'other'), 'why', 'with the kind, too');
select tow.pause_kind('nosuch', 'later');
select is((select row(kind, queues, workers, max_running, pause_reason)::text from tow.kinds where kind = 'nosuch'), '(nosuch,{},0,,later)', 'and one that no worker knows');
select tow.resume_kind('nosuch');
select is((select count(*) from tow.kinds where kind = 'nosuch'), 0::bigint, 'until nothing is set of it');
select tow.resume_kind('other');
select is(pg_temp.n(pg_temp.claim(:w, 20)), 2, 'resumed, within its limit');
select tow.set_kind('other', reset => '{max_running}');
select is(pg_temp.n(pg_temp.claim(:w, 20)) + pg_temp.n(pg_temp.claim(:w, 20)), 4, 'lifted: the rest');
select pg_temp.clear(:w) \g /dev/null
select tow.set_kind('new', 1);
select tow.enqueue('new', priority => 7) as a, tow.enqueue('new', priority => 7) as b \gset
update tow_store.worker set kinds = '{noop,other,new}';
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.n(pg_temp.claim(:w, 20)), 1, 'a priority that is new while the kind has a limit');
select pg_temp.clear(:w) \g /dev/null

-- Lanes.
select pg_temp.put('noop', 6, 'a') \g /dev/null
select is(pg_temp.n(pg_temp.claim(:w, 4)), 4, 'lanes: no limit');
select tow.set_queue('default', lane_limit => 2);
select is(pg_temp.claim(:w, 4), '{}', 'a limit that is lower than what runs');
select is(pg_temp.n(pg_temp.done(:w, (select array_agg(job_id) from (select job_id from tow_store.running limit 3) s), 10)), 1, 'one when three of four have ended');
select tow.set_lane('default', 'a', max_running => 3);
select is(pg_temp.n(pg_temp.claim(:w, 4)), 1, 'a lane''s own limit');
select results_eq($$ select state, waiting, running, max_running from tow.lanes where lane = 'a' $$, $$ values ('idle', 0::bigint, 3::bigint, 3) $$, 'as it is shown');
select pg_temp.put('noop', 3, 'a'), pg_temp.claim(:w, 4) \g /dev/null
select is((select state from tow.lanes where lane = 'a'), 'full', 'full');
select tow.pause_lane('default', 'a', 'because');
select pg_temp.done(:w, array(select job_id from tow_store.running)) \g /dev/null
select is(pg_temp.claim(:w, 4), '{}', 'paused');
select is((select state || pause_reason from tow.lanes where lane = 'a'), 'pausedbecause', 'and shown so');
select tow.resume_lane('default', 'a');
select is(pg_temp.n(pg_temp.claim(:w, 4)), 3, 'resumed');
select tow.set_lane('default', 'a', reset => '{max_running}');
select is((select max_running from tow.lanes where lane = 'a'), 2, 'the queue''s again');
select pg_temp.clear(:w) \g /dev/null

-- Rates.
select tow.set_queue('default', rate => 2, burst => 3, lane_limit => 0);
select pg_temp.put('noop', 20) \g /dev/null
select is(pg_temp.n(pg_temp.claim(:w, 10)), 3, 'rate: the burst');
select is(pg_temp.claim(:w, 10), '{}', 'then none');
select is((select count(*) from tow_store.wake), 1::bigint, 'and somebody will be woken');
select is((select wait_ms from tow.tick(null, '{"wake": 0}', null) where duty = 'wake'), 500::double precision, 'when there is a token');
select pg_temp.later('500 ms');
select is(tow.duty('wake'), 1, 'the duty wakes');
select is(pg_temp.n(pg_temp.claim(:w, 10)), 1, 'one');
select pg_temp.later('-1 h');
select is(pg_temp.claim(:w, 10), '{}', 'a clock that steps back gives none');
select pg_temp.later('2 h');
select is(pg_temp.n(pg_temp.claim(:w, 10)), 3, 'a long pause no more than the burst');
select pg_temp.clear(:w) \g /dev/null
select tow.set_queue('default', lane_rate => 1, reset => '{rate,burst}');
select pg_temp.put('noop', 3, 'r'), pg_temp.put('noop', 3, 's') \g /dev/null
select is(pg_temp.n(pg_temp.claim(:w, 10)), 2, 'lanes: one each');
select is((select state from tow.lanes where lane = 'r'), 'out of tokens', 'as is shown');
select pg_temp.later('1 s');
select pg_temp.drain('wake') \g /dev/null
select is(pg_temp.n(pg_temp.claim(:w, 10)), 2, 'and again a second later');
select pg_temp.clear(:w) \g /dev/null
select is((select count(*) from tow_store.held), 0::bigint, 'nothing is held');

-- Whoever took the last token may be busy for long: another is woken for the next.
select tow.set_queue('default', rate => 1, burst => 1, reset => '{lane_rate}');
delete from tow_store.wake;
select pg_temp.put('noop', 4) \g /dev/null
select is(pg_temp.n(pg_temp.claim(:w, 1)), 1, 'one token, and no more is wanted');
select is((select count(*) from tow_store.wake), 1::bigint, 'somebody is woken all the same');

-- A clock that steps back a day gives no token at once, and takes none away for a day.
select pg_temp.put('noop', 1, 'back'), tow.set_queue('default', lane_rate => 1) \g /dev/null
select pg_temp.later('1 s');
select is(pg_temp.n(pg_temp.claim(:w, 4)) >= 1, true, 'tokens are taken');
select pg_temp.later('-1 day');
select pg_temp.drain('wake') \g /dev/null
select is(pg_temp.claim(:w, 4), '{}', 'a clock that steps back: none now');
select pg_temp.later('1010 ms');
select is(pg_temp.drain('wake') > 0, true, 'the duty wakes by the new time');
select is(pg_temp.n(pg_temp.claim(:w, 1)), 1, 'and there is one a second later');
select pg_temp.clear(:w) \g /dev/null

-- A lane that is forgotten must not begin with a full bucket.
select tow.set_queue('default', lane_rate => 1.0 / 60, lane_burst => 5, reset => '{rate,burst}');
select pg_temp.put('noop', 1, 'old'), pg_temp.claim(:w, 10), pg_temp.later('25 hours') \g /dev/null
select pg_temp.put('noop', 5, 'old') \g /dev/null
select is(pg_temp.n(pg_temp.claim(:w, 10)), 5, 'the burst of a lane that is a day old');
select pg_temp.done(:w, array(select job_id from tow_store.running)), tow.duty('tidy'), pg_temp.put('noop', 5, 'old') \g /dev/null
select is(pg_temp.claim(:w, 10), '{}', 'it is not forgotten before its bucket is full');
select pg_temp.clear(:w), pg_temp.later('1 hour'), pg_temp.drain('wake'), pg_temp.claim(:w), tow.duty('tidy') \g /dev/null
select is((select count(*) from tow_store.gate where name = 'old'), 0::bigint, 'then it is');
select tow.set_queue('default', reset => '{lane_rate,lane_burst}');

-- Very many jobs of a kind that is paused stand before the only one that may run: a claim moves some thousands of
-- them, says that there is more, and the next ones go on.
select pg_temp.clear(:w) \g /dev/null
select pg_temp.put('late', 6000), pg_temp.put('noop', 2) \g /dev/null
select tow.pause_kind('late');
select is((select array_agg(what) from pg_temp.exchange(:w, 1) where what <> 'low'), null, 'many to be moved: neither a job, nor short');
select is((select count(*) between 1 and 5999 from tow_store.ready r join tow_store.band b on b.id = r.band where b.kind = 'late'), true, 'the first are moved');
select is((select array_agg(what) from pg_temp.exchange(:w, 2) where what <> 'low'), null, 'nor are the others gone while there are more of the first');
select is(pg_temp.n(pg_temp.claim(:w, 2)), 2, 'then they have their turn');
select tow.resume_kind('late');
select pg_temp.put('late', 1), pg_temp.clear(:w) \g /dev/null

-- One that stands among others, as it came before there was a rule, keeps nobody from what stands behind it, and is not passed
-- over by what a worker scans from.
select pg_temp.put('noop', 2), pg_temp.put('tardy', 1), pg_temp.put('noop', 3) \g /dev/null
select r.pos as tardy, r.band as plain from tow_store.ready r join tow_store.job j on j.id = r.id where j.kind = 'tardy' \gset
select tow.pause_kind('tardy');
create temporary table got as select * from pg_temp.exchange(:w, 4);
select is((select count(*) filter (where what = 'job') || ' ' || count(*) filter (where what = 'short') from got), '3 0', 'it is none of the first four, and the claim is not short');
select is((select pos from got where what = 'low' and band = :plain), :tardy::bigint - 1, 'whoever scans on begins with it');
select is((select b.kind from tow_store.ready r join tow_store.band b on b.id = r.band join tow_store.job j on j.id = r.id where j.kind = 'tardy'), 'tardy', 'it stands with its kind now');
select is(pg_temp.n(pg_temp.claim(:w, 4)), 2, 'the others come next');
select is(pg_temp.claim(:w, 4), '{}', 'and no more');
select tow.resume_kind('tardy');
select pg_temp.clear(:w) \g /dev/null

-- What is refused.
select pg_temp.refused(s, 'TW422', h, s) from (values
	($$ select tow.set_queue('default', max_running => 0) $$, 'pause'), ($$ select tow.set_queue('default', rate => 0) $$, 'jobs a second'),
	($$ select tow.set_queue('default', burst => 0) $$, 'at once'), ($$ select tow.set_queue('default', burst => 2) $$, 'rate'),
	($$ select tow.set_queue('default', reset => '{nonsense}') $$, 'names of settings'), ($$ select tow.set_queue('default', max_running => 1, reset => '{max_running}') $$, 'leave one'),
	($$ select tow.set_lane('default', '') $$, 'customer'), ($$ select tow.set_lane('default', 'a', weight => 0) $$, '1 is usual'),
	($$ select tow.set_kind('a b', 1) $$, 'letters'), ($$ select tow.set_queue('default', lane_limit => -1) $$, '0 to')) v(s, h);
select pg_temp.refused($$ select tow.set_lane('default', 'a', max_running => 0) $$, 'TW422', 'tow.pause_lane\(''default'', ''a''\).*large number', 'no lane is stopped, or let loose, by a limit of 0');
select pg_temp.refused($$ select tow.set_lane('none', 'a') $$, 'TW404', 'tow.queues', 'no such queue');

-- What would do nothing.
select pg_temp.refused($$ select tow.set_kind('noop') $$, 'TW422', 'max_running', 'set_kind: nothing to set');
select pg_temp.refused($$ select tow.set_lane('default', 'a') $$, 'TW422', 'weight', 'set_lane: nothing to set');
select pg_temp.refused($$ select tow.resume_kind('tpyo') $$, 'TW404', 'tow.limits', 'resume_kind: never paused');
select is((select count(*) from tow_store.band where kind = 'tpyo'), 0::bigint, 'it leaves nothing behind');
select pg_temp.refused($$ select tow.resume_lane('default', 'tpyo') $$, 'TW404', 'tow.lanes', 'resume_lane: no such lane');

select * from finish();
rollback;
