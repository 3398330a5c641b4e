-- tow.fsck: each invariant is broken, found, left alone by a dry run, and put right; nothing else is found.
begin;
\ir ../lib/fixture.sql
delete from tow_store.daemon; -- what an instance starts with
delete from tow_store.daemon_action;
create function pg_temp.found() returns text language sql as $$
	select string_agg(format('%s %s', f.problem, f.job), ', ' order by f.problem, f.job) from tow.fsck() f
$$;
-- What is found, that a dry run changes nothing, that the repair says done, that nothing is left of it.
create function pg_temp.mends(p_found text, p_what text) returns setof text language plpgsql as $$
declare
	v_done text;
begin
	return next is(pg_temp.found(), p_found, p_what || ': found');
	return next is(pg_temp.found(), p_found, p_what || ': a dry run leaves it');
	select string_agg(distinct coalesce(f.done::text, 'null'), ' ') into v_done from tow.fsck(repair => true) f;
	return next is(v_done, 'true', p_what || ': put right');
	return next is(pg_temp.found(), null, p_what || ': and gone');
end $$;
select pg_temp.worker() as w \gset
select tow.set_queue('q') \g /dev/null
select is(pg_temp.found(), null, 'nothing is wrong at first');

-- jobs
select tow.enqueue('noop', run_at => tow.now() + '1 h') as j \gset
insert into tow_store.waiting (id, reason, since, attempt, flags) values (:j, 'admission', tow.now(), 0, 0);
select pg_temp.mends(format('in two tables %s', :j), 'a job in two tables');
select is(tow.state(:j), 'scheduled', 'is kept where it is further on');
select tow.enqueue('noop') as j \gset
insert into tow_store.ready select r.band, nextval('tow_store.job_id'), r.id, r.attempt, r.flags from tow_store.ready r where r.id = :j;
select pg_temp.mends(format('in two tables %s', :j), 'a job twice in one');
select is(pg_temp.claim(:w), array[:j]::bigint[], 'is claimed once');
insert into tow_store.ready select r.band, nextval('tow_store.job_id'), r.job_id, r.attempt, r.flags from tow_store.running r where r.job_id = :j;
select pg_temp.mends(format('in two tables %s', :j), 'a running job that is ready too');
select is(tow.state(:j), 'running', 'goes on running');
select pg_temp.say(:w, :j, '{"as": "completed"}') \g /dev/null
insert into tow_store.scheduled (run_at, id, attempt, flags) values (tow.now() + '1 h', :j, 0, 0);
select pg_temp.mends(format('has ended %s', :j), 'a job that has ended and waits');
select is(tow.state(:j), 'completed', 'has ended');
select tow.retry(:j) \g /dev/null
select is(pg_temp.found(), null, 'one that was put back by hand is no trouble');
select pg_temp.claim(:w) \g /dev/null
insert into tow_store.history (job_id, run, finished_at, attempt, outcome) select :j, r.run, tow.now(), 1, 'c' from tow_store.running r where r.job_id = :j;
select pg_temp.mends(format('has ended %s', :j), 'a run that has ended and is running');
select tow.enqueue('noop') as j \gset
select pg_temp.claim(:w) \g /dev/null
insert into tow_store.history (job_id, run, finished_at, attempt, outcome) select :j, r.run, tow.now(), 1, 'r' from tow_store.running r where r.job_id = :j;
select pg_temp.mends(format('run has ended %s', :j), 'a run that was to be tried again and is running');
select is(tow.state(:j), 'ready', 'is put back');
select pg_temp.claim(:w) \g /dev/null
update tow_store.running set worker = 999999 where job_id = :j;
select pg_temp.mends(format('no live worker %s', :j), 'a run under no worker');
select is((select h.outcome::text from tow_store.history h where h.job_id = :j order by run desc limit 1), 'l', 'is lost with it');
delete from tow_store.ready where id = :j;
select pg_temp.mends(format('lost %s', :j), 'facts that are in no table');
select is((select state || ' ' || class from tow.history where id = :j), 'failed lost', 'have failed');
select tow.retry(:j) \g /dev/null
select is(pg_temp.claim(:w), array[:j]::bigint[], 'and can be run again');
select pg_temp.say(:w, :j, '{"as": "completed"}') \g /dev/null
insert into tow_store.ready select b.id, 9999999, 9999999, 0, 0 from tow_store.band b limit 1;
select setval('tow_store.job_id', 9999999) \g /dev/null
select pg_temp.mends('no facts 9999999', 'a row without facts');
select tow.enqueue('noop', run_at => tow.now() + '1 h') as j \gset
update tow_store.scheduled set band = 9999 where id = :j;
select pg_temp.mends(format('no such band %s', :j), 'a scheduled job in a band that is not there');
select tow.enqueue('noop') as j \gset
update tow_store.ready set band = 9999 where id = :j;
select pg_temp.mends(format('no such band %s', :j), 'a ready one');
update tow_store.ready set band = (select b.id from tow_store.band b join tow_store.queue q on q.id = b.queue where q.name = 'q') where id = :j;
select pg_temp.mends(format('wrong band %s', :j), 'one in a band of another queue');
select is(pg_temp.claim(:w), array[:j]::bigint[], 'is claimed from its own');
select pg_temp.say(:w, :j, '{"as": "completed"}') \g /dev/null
select tow.enqueue('noop') as j \gset
update tow_store.job set lane = 'l' where id = :j;
select pg_temp.mends(format('wrong band %s', :j), 'one with a lane among plain ones');
select tow.cancel(:j) \g /dev/null

-- keys, deadlines, gates
select tow.enqueue('noop', key => 'k', deadline => tow.now() + '1 h') as j \gset
delete from tow_store.key where job_id = :j;
select pg_temp.mends(format('no key %s', :j), 'a job without its key');
select is(tow.enqueue('noop', key => 'k'), :j::bigint, 'has it again');
delete from tow_store.deadline where id = :j;
select pg_temp.mends(format('no deadline %s', :j), 'a job without its deadline');
select tow.cancel(:j) \g /dev/null
insert into tow_store.key (key, job_id, scope) values ('k', :j, 'l');
select pg_temp.mends(format('stale key %s', :j), 'a key of a job that has ended');
insert into tow_store.key (key, job_id, scope) values ('d', 9999998, 'd');
select pg_temp.mends('stale key 9999998', 'a key of no job');
insert into tow_store.held (gate, run, job_id, place) values (1, 999999, :j, 999999);
select pg_temp.mends(format('held without a run %s', :j), 'a gate held by a run that is over');

-- ties and daemons whose job is not there
insert into tow_store.need (job_id, on_id, if_failed) values (8888888, 7777777, 'x'), (8888888, 7777776, 'x');
select pg_temp.mends('need without a job 8888888, need without a job 8888888', 'needs of a job without facts');
insert into tow_store.edge (job_id, on_id, if_failed) values (8888888, 7777777, 'x');
select pg_temp.mends('edge without a job 8888888', 'an edge of one');
select tow.enqueue('noop', run_at => tow.now() + '1 h') as a \gset
select tow.enqueue('noop', after => array[:a], if_failed => 'wait') as b \gset
select pg_temp.drain('admit') \g /dev/null
with j as (delete from tow_store.job where id = :a) delete from tow_store.scheduled where id = :a;
select pg_temp.mends(format('end not told %s', :b), 'a patient successor of one that is not remembered');
select pg_temp.drain('admit') \g /dev/null
select is(tow.state(:b), 'cancelled', 'waits no more');
select tow.set_daemon('d', 'noop', queue => 'q') \g /dev/null
select tow.start_daemon('d') as turn \gset
select pg_temp.drain('admit') \g /dev/null
update tow_store.daemon set job = 8888888;
select pg_temp.mends('daemon without its job ', 'a daemon that has lost its job');
select is((select job from tow.daemons), :turn::bigint, 'has it again');
select tow.stop_daemon('d'), tow.drop_daemon('d') \g /dev/null

-- needs
select tow.enqueue('noop', run_at => tow.now() + '1 h') as a \gset
select tow.enqueue('noop', after => array[:a]) as b \gset
select is(pg_temp.found(), null, 'what the admit duty has not seen is not wrong');
update tow_store.waiting set fresh = false where id = :b;
update tow_store.scheduled set flags = flags & ~8 where id = :a;
select pg_temp.mends(format('not flagged %s', :b), 'a predecessor that does not know');
select is((select flags & 8 from tow_store.scheduled where id = :a), 8, 'knows');
update tow_store.scheduled set flags = flags & ~8 where id = :a;
select tow.cancel(:a) \g /dev/null
delete from tow_store.released;
select pg_temp.mends(format('end not told %s', :b), 'a predecessor that has ended unheard');
delete from tow_store.need where job_id = :b;
update tow_store.waiting set fresh = false where id = :b;
select pg_temp.mends(format('waits for nothing %s', :b), 'a job that waits for nothing');
select tow.cancel(:b) \g /dev/null
select tow.enqueue('noop', wait_for => 'word') as b \gset
select pg_temp.drain('admit'), tow.signal(:b, 'word') \g /dev/null
select is(pg_temp.found(), null, 'a signal of this moment is nothing wrong');
update tow_store.signal set fresh = false;
select pg_temp.mends(format('signal not heard %s', :b), 'a job that was told');
select pg_temp.drain('admit'), tow.cancel(:b) \g /dev/null

-- lanes
select tow.enqueue('noop', queue => 'q', lane => 'a') as l1 \gset
select tow.enqueue('noop', queue => 'q', lane => 'a') as l2 \gset
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.found(), null, 'arrivals that have not been sorted are not wrong');
select pg_temp.drain('sort') \g /dev/null
select is(pg_temp.found(), null, 'nor is a lane');
delete from tow_store.turn where gate > 0;
select pg_temp.mends(format('no turn %s', :l1), 'a lane without a turn');
insert into tow_store.turn select band, parked, v + 7, gate, why, pos_low, run_low from tow_store.turn where gate > 0;
select pg_temp.mends(format('two turns %s', :l1), 'a lane with two turns');
insert into tow_store.turn select band, true, v + 7, 0, 'c', 0, 0 from tow_store.turn where gate > 0;
select pg_temp.mends(format('turn in the past %s', :l1), 'a turn that has passed');
update tow_store.turn set pos_low = pos_low + 1 where gate > 0;
select pg_temp.mends(format('lane read too late %s', :l1), 'a lane that is read from too late');
-- The tidy duty sees such lanes, too, and comes to all of them in its turn.
create function pg_temp.parks(p_why "char") returns text language sql as $$
	update tow_store.turn set parked = true, why = p_why where gate > 0;
	select tow.duty('tidy');
	select coalesce(string_agg(case when t.parked then 'parked' else 'has its turn' end, ', '), 'none') from tow_store.turn t where t.gate > 0 $$;
select is(pg_temp.parks(w), 'has its turn', format('a lane parked in vain (%s) is freed by the clock''s side', w)) from unnest('{i,p,t,l}'::"char"[]) w;
select is((select count(*) from tow.find_audit() where what = 'lane.mended'), 4::bigint, 'as the audit says');
delete from tow_store.turn where gate > 0;
select is((tow.duty('tidy'), pg_temp.found())::text, '(0,)', 'one that had no turn at all, too');
insert into tow_store.gate (what, queue, name, own, used_at) select 'l', g.queue, 'idle' || i, false, tow.now() from tow_store.gate g, generate_series(1, 20) i where g.what = 'l' limit 20;
update tow_store.turn set parked = true, why = 'i' where gate > 0;
select setval('tow_store.lane_walk', (select g.id from tow_store.gate g where g.name = 'idle1')) \g /dev/null
select is((select array_agg(tow_store.mend_lanes(6)) from generate_series(1, 5)), '{0,0,0,0,1}', 'others are looked at meanwhile');
delete from tow_store.gate where name ~ '^idle';
update tow_store.turn set parked = true, why = x.why::"char" from (values ('i')) x(why) where gate > 0;
select pg_temp.mends(format('parked in vain %s', :l1), 'a lane with jobs that is said to be idle');
update tow_store.turn set parked = true, why = 'p' where gate > 0;
select pg_temp.mends(format('parked in vain %s', :l1), 'one that is said to be paused');
update tow_store.turn set parked = true, why = 't' where gate > 0;
select pg_temp.mends(format('parked in vain %s', :l1), 'one that is said to have no tokens');
update tow_store.turn set parked = true, why = 'l' where gate > 0;
select pg_temp.mends(format('parked in vain %s', :l1), 'one that is said to be at its limit');
update tow_store.lined set gate = 9999 where id = :l1;
select pg_temp.mends(format('no such lane %s', :l1), 'a job in a lane that is not there');
select pg_temp.worker('{q}') as wq \gset
select is(pg_temp.claim(:wq), array[:l2]::bigint[], 'the lane goes on');
select is(pg_temp.found(), null, 'at its limit it waits by right');
delete from tow_store.held;
select pg_temp.mends(format('not counted %s, parked in vain %s', :l2, :l1), 'a run that its lane does not count');
select is((select count(*) from tow_store.held where job_id = :l2), 1::bigint, 'counts');
select is(pg_temp.claim(:wq), '{}', 'and nobody runs beside it');
update tow_store.turn set run_low = 1000000000 where gate > 0;
select pg_temp.mends(format('counted too late %s', :l2), 'a count that begins too late');
select is(pg_temp.claim(:wq), '{}', 'and nobody runs beside it');
select pg_temp.say(:wq, :l2, '{"as": "completed"}') \g /dev/null
select is(pg_temp.claim(:wq), array[:l1]::bigint[], 'the next one comes when it ends');
select pg_temp.say(:wq, :l1, '{"as": "completed"}') \g /dev/null

-- the store
select setval('tow_store.job_id', 5) \g /dev/null
select pg_temp.mends('sequence behind ', 'a sequence that would give out an id twice');
select cmp_ok(tow.enqueue('noop'), '>', 9000000::bigint, 'gives out new ones');
select setval('tow_store.run', 1) \g /dev/null
select pg_temp.mends('sequence behind ', 'the same of runs');
delete from tow_store.job where id > 9000000 and id in (select id from tow_store.ready);
delete from tow_store.ready where id > 9000000;
select count(*) from tow.fsck(true) \g /dev/null
select format('drop sequence %s', arm) from tow_store.queue where name = 'q' \gexec
select pg_temp.mends('no register ', 'a queue without its register');
select tow.enqueue('noop', queue => 'q') as j \gset
select tow.cancel(:j) \g /dev/null
insert into tow_store.history_rest (job_id, run, finished_at, attempt, outcome) values (0, 0, '2001-01-01', 1, 'c');
select pg_temp.mends('rows in the rest ', 'history of a day that has no partition');
select is((select count(*) from tow_store.history where finished_at = '2001-01-01'), 1::bigint, 'is where it belongs');
insert into tow_store.log_rest (job_id, n, run, at, level, line) values (0, 1, 0, '2001-01-01', 'i', 'l');
select pg_temp.mends('rows in the rest ', 'lines of a log');
select is((select count(*) from tow_store.log_20010101), 1::bigint, 'are where they belong');
select setval('tow_store.job_id', 900000000000) \g /dev/null
select tow.enqueue('noop') as far \gset
select pg_temp.mends('rows in the rest ', 'facts beyond all ranges');
select is((select count(*) from tow_store.job where id = :far), 1::bigint, 'have a range of their own');
select format('drop table tow_store.%I', d.name) from tow_store.days d where d.parent = 'log' and d.first <= tow.now() + interval '1 day' and tow.now() + interval '1 day' < d.stop \gexec
select pg_temp.mends('no partition ', 'tomorrow without partitions');
select * from finish();
rollback;
