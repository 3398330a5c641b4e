-- tow.why: each reason alone, with the ids that hold the job and until when; several in order; and with 200,000 jobs
-- beside it, no more pages read than with few.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2031-01-01 00:00+00';
create function pg_temp.why(p_job bigint) returns text language sql as $$
	select string_agg(w.reason, ', ') from tow.why(p_job) w
$$;
create function pg_temp.says(p_job bigint, p_reason text) returns text language sql as $$
	select format('%s [%s] %s', w.detail, array_to_string(w.ids, ' '), w.until - tow.now()) from tow.why(p_job) w where w.reason = p_reason
$$;
select pg_temp.refused('select tow.why(999999999)', 'TW404', 'never enqueued', 'no such job');

-- nobody would run it
select tow.enqueue('noop') as j \gset
select is(pg_temp.why(:j), 'no worker', 'no worker serves the queue');
select is(hint, 'tow worker --queue default', 'what to do') from tow.why(:j);
select pg_temp.worker('{default}', '{other}') as wo \gset
select is(pg_temp.why(:j), 'kind unknown', 'no worker knows the kind');
select is(pg_temp.says(:j, 'kind unknown'), format('no worker of queue default knows kind noop [%s] ', :wo), 'which ones');
select pg_temp.worker() as w \gset
select is(pg_temp.why(:j), 'next', 'nothing holds it');

-- somebody paused it
select tow.pause('default', 'repairs');
select is(pg_temp.says(:j, 'queue paused'), 'since 2031-01-01 00:00:00+00: repairs [] ', 'a paused queue');
select tow.resume('default');
insert into tow_store.gate (what, name, paused_at, pause_reason, used_at) values ('k', 'noop', tow.now(), 'bad', tow.now());
select is(pg_temp.says(:j, 'kind paused'), 'since 2031-01-01 00:00:00+00: bad [] ', 'a paused kind');
delete from tow_store.gate where what = 'k';

-- before it
select tow.enqueue('noop') as second \gset
select is(pg_temp.says(:second, 'in line'), format('before it in queue default: 1 of its priority [%s] ', :j), 'one that came earlier');
select tow.enqueue('noop', priority => 5) as urgent \gset
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.says(:j, 'in line'), format('before it in queue default: 1 more urgent [%s] ', :urgent), 'one that is more urgent');
select tow.cancel(:urgent), tow.cancel(:second) \g /dev/null

-- slots
update tow_store.worker set slots = '{1}' where id = :w;
select pg_temp.claim(:w, 1) \g /dev/null
select tow.enqueue('noop') as k \gset
select is(pg_temp.says(:k, 'workers full'), format('1 slot of 1 worker, with 1 job [%s] ', :w), 'all slots are taken');
update tow_store.worker set slots = '{4}' where id = :w;
select is(pg_temp.why(:k), 'next', 'one is free');
select tow.set_queue('other') \g /dev/null
select tow.enqueue('noop', queue => 'other') as o \gset
select pg_temp.drain('admit') \g /dev/null
update tow_store.worker set queues = queues || (select q.id from tow_store.queue q where q.name = 'other'), slots = '{1,1}', shared = '{2,2}' where id = :w;
select is(pg_temp.why(:o), 'next', 'a worker of two queues has one free');
update tow_store.running set band = (select r.band from tow_store.ready r where r.id = :o);
select is(pg_temp.why(:k), 'next', 'whichever it is');
insert into tow_store.running select nextval('tow_store.job_id'), nextval('tow_store.run'), r.worker, r.batch, r.band, r.attempt, r.flags, r.claimed_at from tow_store.running r;
select is(pg_temp.says(:k, 'workers full'), format('2 slots of 1 worker, with 2 jobs [%s] ', :w), 'jobs of another queue that shares its slots have them all');
delete from tow_store.running where job_id <> :j;
update tow_store.worker set shared = '{1,1}' where id = :w;
select is(pg_temp.says(:k, 'workers full'), format('1 slot of 1 worker, with 1 job [%s] ', :w), 'though each has one of them for others to see');
select tow.drain_worker(:w) \g /dev/null
select alike(pg_temp.says(:k, 'workers stopping'), format('1 worker would run it, and takes no more [%s]%%', :w), 'workers that are asked to leave take nothing');
select is(pg_temp.says(:k, 'workers full'), null, 'and are not full');
select is(tow.unserved('noop', 'default'), '1 worker would run it, and takes no more', 'whoever enqueues is told before');
select is(tow.unserved(queue => 'other'), '1 worker would run it, and takes no more', 'of a queue alone');
select is(tow.unserved('other'), null, 'and not of a kind that another one runs');
update tow_store.worker set leave_at = null;
select is((select slots from tow.workers where id = :w), 1, 'slots that are shared are counted once');
update tow_store.worker set shared = '{0,0}' where id = :w;
select is(pg_temp.why(:k), 'next', 'not so if each has its own');
select is((select slots from tow.workers where id = :w), 2, 'which are counted');
update tow_store.running set band = (select r.band from tow_store.ready r where r.id = :k);
update tow_store.worker set queues = queues[1:1], slots = '{4}', shared = null where id = :w;
select tow.cancel(:o) \g /dev/null
select tow.cancel(:k) \g /dev/null

-- running, and what can be wrong with that
select is(pg_temp.says(:j, 'running'), format('run %s, at worker %s (w, pid 1 on here) since 2031-01-01 00:00:00+00 [%s] ',
	(select run from tow_store.running where job_id = :j), :w, :w), 'it runs');
select tow.cancel(:j, 'enough') \g /dev/null
select is(pg_temp.says(:j, 'cancelling'), format('%s wants it ended: enough [%s] ', session_user, :w), 'somebody wants it ended');
delete from tow_store.cancelling;
select pg_temp.later('10 s');
select is(pg_temp.why(:j), 'no scheduler, silent worker, running', 'its worker is silent, and nobody looks');
select tow.attend('hung', 'h', 1, '0', true) \g /dev/null
select is(pg_temp.why(:j), 'silent worker, running', 'its worker is silent');
select is(pg_temp.says(:j, 'silent worker'), format('worker %s (w, pid 1 on here) fetched it 10 s ago and has not been heard for 10 s [%s] 00:00:06', :w, :w), 'until when it is put back');
update tow_store.worker set seen_at = tow.now(), missing_since = tow.now() where id = :w;
select is(pg_temp.says(:j, 'silent worker'), format('worker %s (w, pid 1 on here) fetched it 10 s ago and has not been heard for 0 s [%s] 00:00:01.5', :w, :w), 'sooner if its session is gone');
update tow_store.worker set missing_since = null, ended_at = tow.now(), leftover = true where id = :w;
select is(pg_temp.why(:j), 'worker gone, running', 'its handler outlives the worker');
update tow_store.worker set ended_at = null, leftover = false where id = :w;
update tow_store.queue set timeout = '1 min' where name = 'default';
select is(pg_temp.says(:j, 'running') ~ '00:00:50$', true, 'its time is limited');
update tow_store.queue set timeout = null where name = 'default';

-- instants
select pg_temp.say(:w, :j, '{"as": "failed", "class": "http.500", "error": "oops", "delay_s": 60}') \g /dev/null
select is(pg_temp.why(:j), 'retrying', 'somebody minds the clock');
update tow_store.scheduler set seen_at = tow.now() - interval '16 s';
select is(pg_temp.says(:j, 'no scheduler'), 'no scheduler has been heard for 16 s, and nobody else makes it ready [] ', 'one that hangs minds nothing');
select matches(hint, 'tow status', 'who that is') from tow.why(:j) where reason = 'no scheduler';
update tow_store.scheduler set ended_at = tow.now();
select is(pg_temp.says(:j, 'no scheduler'), 'no scheduler lives, and nobody else makes it ready [] ', 'nobody minds the clock');
select tow.attend('s', 'h', 1, '0', false) \g /dev/null
select is(pg_temp.says(:j, 'retrying'), 'attempt 1: http.500: oops [] 00:01:00', 'it is tried again later');
select is(tow.run_now(:j), 'ready', 'as the hint says');
select tow.cancel(:j) \g /dev/null
select tow.enqueue('noop', run_at => tow.now() + '2 h') as j \gset
select is(pg_temp.says(:j, 'not due'), 'at 2031-01-01 02:00:10+00 [] 02:00:00', 'it is not due');
select tow.snooze(:j, '1 h') \g /dev/null
select is(pg_temp.says(:j, 'snoozed'), 'at 2031-01-01 03:00:10+00 [] 03:00:00', 'it was put off');
select tow.pause('default') \g /dev/null
select is(pg_temp.why(:j), 'queue paused, snoozed', 'what somebody must do comes first');
select tow.resume('default') \g /dev/null

-- other jobs, signals
select tow.enqueue('noop', after => array[:j]) as a \gset
select is(pg_temp.says(:a, 'predecessors'), format('1 of them have not completed [%s] ', :j), 'predecessors');
select tow.enqueue('noop', after => array[:j], if_failed => 'wait') as a2 \gset
select pg_temp.drain('admit') \g /dev/null
select tow.cancel(:j) \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select is(hint, format('these failed, and it waits until they are retried: %s', :j), 'one that failed and is waited for') from tow.why(:a2);
select is(pg_temp.why(:a), 'cancelled', 'what was to be cancelled with it is');
select tow.enqueue('noop') as p \gset
select tow.enqueue('noop', parent => :p) as c \gset
select tow.cancel(:p) \g /dev/null
select tow.cancel(:c) \g /dev/null
insert into tow_store.waiting (id, reason, since, attempt, flags) values (:j, 'children', tow.now(), 0, 0);
insert into tow_store.need (job_id, on_id, if_failed) values (:j, :a2, 'g');
select is(pg_temp.says(:j, 'children'), format('1 of them have not ended [%s] ', :a2), 'children');
update tow_store.waiting set reason = 'batch' where id = :j;
select is(pg_temp.says(:j, 'batch not sealed'), format('1 of its jobs have not ended, and more may come [%s] ', :a2), 'a batch');
delete from tow_store.waiting where id = :j;
delete from tow_store.need;
select tow.enqueue('noop', run_at => tow.now() + '1 h') as before \gset
select tow.enqueue('noop', after => array[:before], wait_for => 'approval', run_at => tow.now() + '2 h') as later \gset
select is(pg_temp.why(:later), 'predecessors, approval, not due', 'predecessors, and what comes after them');
select is(pg_temp.says(:later, 'approval'), 'later: for somebody''s word [] ', 'an approval later');
select is(pg_temp.says(:later, 'not due'), 'later: at 2031-01-01 02:00:10+00 [] 02:00:00', 'and its instant');
select is((select waits_for from tow.jobs where id = :later), format('jobs %s, then approval, then %s', :before, tow.now() + '2 h'), 'tow.jobs says it in short');
select ok((select bool_or(g like '% noop  waiting for jobs %, then approval, then %') from tow.graph(:later) g), 'tow.graph, too');
select tow.approve(:later) \g /dev/null
select is(pg_temp.why(:later), 'predecessors, not due', 'what has been said already is not waited for');
select tow.enqueue('noop', after => array[:before], wait_for => 'paid') as paid \gset
select is((select waits_for from tow.jobs where id = :paid), format('jobs %s, then signal paid', :before), 'a signal later');
select tow.cancel(:later), tow.cancel(:paid), tow.cancel(:before) \g /dev/null
select tow.enqueue('noop', wait_for => 'paid') as s \gset
select is(pg_temp.says(:s, 'signal'), 'for paid [] ', 'a signal');
update tow_store.waiting set until = tow.now() + '5 min' where id = :s;
select is(pg_temp.says(:s, 'signal'), 'for paid [] 00:05:00', 'with a time limit');
select tow.enqueue('noop', wait_for => 'approval') as s \gset
select is(pg_temp.says(:s, 'approval'), 'for somebody''s word [] ', 'an approval');
select is(hint, format('select tow.approve(%s)', :s), 'how to give it') from tow.why(:s);
select tow.enqueue('noop', priority => 77) as s \gset
select is(pg_temp.why(:s), 'admission', 'a new priority');
select tow.cancel(:s) \g /dev/null
update tow_store.waiting set reason = 'policy', detail = '{"policy": "default"}' where id = :a2;
select is(pg_temp.says(:a2, 'policy'), 'policy default decides when it is tried again [] ', 'a policy that decides');
update tow_store.policy set fn_off_until = tow.now() + '1 min' where name = 'default';
select is(hint, format('its function failed and is asked again at %s', tow.now() + '1 min'), 'but not now') from tow.why(:a2);
update tow_store.policy set fn_off_until = null;

-- limits, rates, lanes
select tow.set_queue('q') \g /dev/null
select id as q from tow_store.queue where name = 'q' \gset
select pg_temp.worker('{q}') as wq \gset
insert into tow_store.gate (what, queue, name, max_running, used_at) values ('q', :q, '', 1, tow.now());
select tow.enqueue('noop', queue => 'q') as h \gset
select tow.enqueue('noop', queue => 'q') as n \gset
select is(pg_temp.claim(:wq), array[:h]::bigint[], 'a queue with a limit');
select is(pg_temp.says(:n, 'queue limit'), format('1 of at most 1 run in queue q [%s] ', :h), 'who holds it');
select is(pg_temp.why(:n), 'queue limit', 'and nothing else');
update tow_store.gate set max_running = 2 where what = 'q';
insert into tow_store.held (gate, run, job_id, place) select g.id, 999999, :n, 999999 from tow_store.gate g where g.what = 'q';
select is(pg_temp.why(:n), 'next', 'what no run holds any more does not count');
delete from tow_store.held where run = 999999;
update tow_store.gate set max_running = null, rate = 0.1, burst = 1 where what = 'q';
insert into tow_store.bucket (gate, tokens, at) select id, 0, tow.now() from tow_store.gate where what = 'q';
select is(pg_temp.says(:n, 'queue rate'), 'queue q may start 0.1 a second [] 00:00:10', 'a rate, until the next token');
delete from tow_store.gate where what = 'q';
insert into tow_store.gate (what, name, max_running, used_at) values ('k', 'noop', 1, tow.now());
insert into tow_store.held (gate, run, job_id, place) select g.id, r.run, r.job_id, r.run from tow_store.gate g, tow_store.running r where g.what = 'k' and r.job_id = :h;
select is(pg_temp.says(:n, 'kind limit'), format('1 of at most 1 run in kind noop [%s] ', :h), 'a kind with a limit');
delete from tow_store.gate where what = 'k';
delete from tow_store.held;
select tow.cancel(:n) \g /dev/null
select tow.enqueue('noop', queue => 'q', lane => 'a') as l1 \gset
select tow.enqueue('noop', queue => 'q', lane => 'a') as l2 \gset
select tow.enqueue('noop', queue => 'q', lane => 'a') as l3 \gset
select pg_temp.drain('admit') \g /dev/null
select pg_temp.drain('sort') \g /dev/null
select is(pg_temp.why(:l1), 'next', 'the head of a lane');
select is(pg_temp.says(:l3, 'lane''s head'), format('2 before it in lane a [%s %s] ', :l1, :l2), 'who is before it in its lane');
select pg_temp.claim(:wq) \g /dev/null
select is(pg_temp.says(:l2, 'lane limit'), format('1 of at most 1 run in lane a [%s] ', :l1), 'a lane at its limit');
select is(pg_temp.why(:l3), 'lane limit, lane''s head', 'both');
update tow_store.gate set paused_at = tow.now() where what = 'l';
select is(pg_temp.why(:l2), 'lane paused, lane limit', 'a paused lane');
update tow_store.gate set paused_at = null, max_running = 1000, rate = 1, burst = 1 where what = 'l';
insert into tow_store.bucket (gate, tokens, at) select id, 0, tow.now() from tow_store.gate where what = 'l';
select is(pg_temp.says(:l2, 'lane rate'), 'lane a may start 1 a second [] 00:00:01', 'a lane''s rate');
update tow_store.gate set rate = null, burst = null where what = 'l';
update tow_store.queue set lane_rate = 0.5, lane_burst = 1 where id = :q;
select is(pg_temp.says(:l2, 'lane rate'), 'lane a may start 0.5 a second [] 00:00:02', 'that of all lanes of its queue');
update tow_store.queue set lane_rate = null, lane_burst = null where id = :q;

-- it has ended
select tow.enqueue('noop', key => 'k') as e \gset
select is(pg_temp.claim(:w) @> array[:e]::bigint[], true, 'it runs');
select pg_temp.say(:w, :e, '{"as": "failed", "final": true, "class": "x", "error": "no"}') \g /dev/null
select is(pg_temp.says(:e, 'failed'), '2031-01-01 00:00:09+00, attempt 1, x: no [] ', 'it failed');
select tow.enqueue('noop', key => 'k') as e2 \gset
select is(pg_temp.why(:e), 'failed, unique key', 'another has its key');
select is(pg_temp.says(:e, 'unique key'), format('job %s has its key k: it cannot be retried meanwhile [%s] ', :e2, :e2), 'which one');
delete from tow_store.ready where id = :e2;
select is(pg_temp.why(:e2), 'lost', 'one that is in no table');

-- Instant beside many: it reads as many pages as beside few, but for the height of indexes.
create function pg_temp.pages(p_job bigint) returns bigint language plpgsql as $$
declare
	v_plan json;
begin
	execute format('explain (analyze, buffers, format json) select * from tow.why(%s)', p_job) into v_plan;
	return (v_plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint + (v_plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint;
end $$;
select tow.set_queue('many') \g /dev/null
select pg_temp.worker('{many}') \g /dev/null
select max(n) as first from tow.enqueue_many('noop', (select array_agg('{}'::jsonb) from generate_series(1, 1100)), queue => 'many') n \gset
select max(n) as later from tow.enqueue_many('noop', array['{}']::jsonb[], queue => 'many', run_at => tow.now() + '1 h') n \gset
select pg_temp.pages(:first), pg_temp.pages(:later) \g /dev/null
select pg_temp.pages(:first) as few, pg_temp.pages(:later) as few_later \gset
select count(*) from tow.enqueue_many('noop', (select array_agg('{}'::jsonb) from generate_series(1, 100000)), queue => 'many') \g /dev/null
select count(*) from tow.enqueue_many('noop', (select array_agg('{}'::jsonb) from generate_series(1, 100000)), queue => 'many', run_at => tow.now() + '1 h') \g /dev/null
select max(n) as last from tow.enqueue_many('noop', array['{}']::jsonb[], queue => 'many') n \gset
select pg_temp.pages(:last), pg_temp.pages(:later) \g /dev/null
select is(pg_temp.says(:last, 'in line') like '%: more than 1000 of its priority%', true, 'it counts to a thousand');
select cmp_ok(pg_temp.pages(:last), '<', 2 * :few::bigint + 100, 'a ready job behind 100,000: as many pages');
select cmp_ok(pg_temp.pages(:later), '<', 2 * :few_later::bigint + 100, 'a scheduled one among 100,000 too');
select * from finish();
rollback;
