-- A worker's life: attach, beats, reports, reconcile, detach.
begin;
\ir ../lib/fixture.sql

-- Attach.
select * from tow.attach('one', 'host', 7, '1.0', '{default,fresh}', '{2,3}', '{noop,x}', '15 s') \gset a_
select is(:a_lease_ms, 15000, 'attach: the lease in milliseconds');
select ok(:'a_held', 'the lock is had');
select is(:'a_bell', 'tow_worker_' || :a_worker, 'its bell');
select is((select array_agg(q.name order by n) from unnest(:'a_queue_ids'::int[]) with ordinality u(id, n) join tow_store.queue q using (id)), '{default,fresh}', 'queues that do not exist are made');
select results_eq(format('select name, host, pid, state, slots, queues, kinds, version, held from tow.workers where id = %s', :a_worker),
	$$ values ('one', 'host', 7, 'running', 5, 'default:2 fresh:3', '{noop,x}'::text[], '1.0', true) $$, 'and shows in tow.workers');
select is((select worker from tow.attach('one', 'host', 7, '1.0', '{default}', '{1}', '{noop}', '15 s', :a_worker)), :a_worker::bigint, 'attach again: the same worker');
select is((select queues from tow.workers where id = :a_worker), 'default:1', 'with what it serves now');
select is((select queues from tow.kinds where kind = 'noop'), '{default}', 'its kinds are known');
select pg_temp.refused(format('select tow.attach(%s)', args), code, hint, args) from (values
	($$ 'w', 'h', 1, '0', '{a,b}', '{1}', '{}', '15 s' $$, 'TW422', 'slots'), ($$ 'w', 'h', 1, '0', '{}', '{}', '{}', '15 s' $$, 'TW422', 'slots'),
	($$ 'w', 'h', 1, '0', '{default}', '{1}', '{}', '15 s', p_shared => '{1,1}' $$, 'TW422', 'slots'),
	($$ 'w', 'h', 1, '0', '{default}', '{1}', '{}', '0.5 s' $$, 'TW422', 'second'), ($$ 'w', 'h', 1, '0', '{default}', '{1}', '{}', null $$, 'TW422', 'second'),
	($$ 'w', 'h', 1, '0', '{a b}', '{1}', '{}', '15 s' $$, 'TW422', 'letters'), ($$ 'w', 'h', 1, '0', '{default}', '{1}', '{}', '15 s', 999 $$, 'TW410', 'new worker')
) r(args, code, hint);

-- Who had no answer asks again.
prepare first_come(text) as select worker from tow.attach('lost', 'h', 1, '0', '{default}', '{1}', '{noop}', '15 s', p_ticket => $1);
execute first_come('t1') \gset l_
select is((select worker from tow.attach('lost', 'h', 1, '0', '{fresh}', '{1}', '{noop}', '15 s', p_ticket => 't1')), :l_worker::bigint, 'the ticket makes it the same worker');
select is((select queues from tow.workers where id = :l_worker), 'fresh:1', 'as it is now');
execute first_come('t2') \gset m_
select isnt(:m_worker, :l_worker, 'another ticket is another worker''s');
select tow.detach(:l_worker), tow.detach(:m_worker) \g /dev/null
execute first_come('t1') \gset n_
select isnt(:n_worker, :l_worker, 'one that has ended does not come back');
select tow.detach(:n_worker) \g /dev/null

-- Heartbeat.
select :a_worker as w \gset
select tow.enqueue('noop') as j \gset
select pg_temp.claim(:w) \g /dev/null
select run from tow_store.running where job_id = :j \gset
set local synchronous_commit = on;
select is((select count(*) from tow.heartbeat(:w, 'running', array[:j], array[:run]) where what <> 'tick'), 0::bigint, 'heartbeat: nothing to tell');
select is(current_setting('synchronous_commit'), 'off', 'and no flush is waited for');
set local synchronous_commit = on;
select results_eq(format($$ select what, job, run from tow.heartbeat(%s, 'running', '{%s,99}', '{%s,98}') where what <> 'tick' $$, :w, :j, :run), $$ values ('lost', 99::bigint, 98::bigint) $$, 'a run that is not its own');
select is((select busy from tow.workers where id = :w), 1, 'it counts what the worker holds');
select results_eq(format($$ select worker, id, kind from tow.worker_jobs() where worker = %s $$, :w), format($$ select %s::bigint, j.id, j.kind from tow.jobs j where j.id = %s $$, :w, :j), 'and which that is');
select throws_ok($$ select tow.worker_jobs(0) $$, 'TW422', null, 'so many of each');
select is((select memory from tow.workers where id = :w), null, 'an older worker does not say how large it is');
select count(*) from tow.heartbeat(:w, 'running', null, null, null, 12345678) \g /dev/null
select is((select memory from tow.workers where id = :w), 12345678::bigint, 'one that does is shown so');
select count(*) from tow.heartbeat(:w, 'running', null, null) \g /dev/null
select is((select memory from tow.workers where id = :w), 12345678::bigint, 'until it says something else');
select tow.cancel(:j, 'why') \g /dev/null
select results_eq(format($$ select what, job, run, detail from tow.heartbeat(%s, 'draining', '{%s}', '{%s}') where what <> 'tick' $$, :w, :j, :run), format($$ values ('cancel', %s::bigint, %s::bigint, 'why') $$, :j, :run),
	'a job to end');
select is((select state from tow.workers where id = :w), 'draining', 'its state');
select is((select count(*) from tow.heartbeat(:w, 'draining', null, null) where what = 'cancel'), 0::bigint, 'only of jobs that it holds');
select is((select count(*) from tow.heartbeat(:w, 'draining', null, null) where what = 'tick'), 0::bigint, 'a draining worker minds no clock');
select is((select count(*) from tow.heartbeat(:w, 'running', null, null) where what = 'tick'), 1::bigint, 'a running one does when no scheduler lives');
select pg_temp.worker() as w2 \gset
select is((select count(*) from tow.heartbeat(:w2, 'running', null, null) where what = 'tick'), 0::bigint, 'but one of them only');
update tow_store.worker set seen_at = tow.now() - interval '16 s' where id = :w;
select is((select count(*) from tow.heartbeat(:w2, 'running', null, null) where what = 'tick'), 1::bigint, 'the next one, if that one is silent');
select * from tow.attend('s', 'h', 1, '0', false) \gset s_
select is((select count(*) from tow.heartbeat(:w, 'running', null, null) where what = 'tick'), 0::bigint, 'and not when one lives');
select results_eq($$ select what from tow.heartbeat(999, 'running', null, null) $$, $$ values ('gone'::text) $$, 'a worker that was given up is told');

-- Report.
select tow.report(:w, format('[{"job": %s, "run": %s, "pct": 40.5, "note": "first"}]', :j, :run)::jsonb, null);
select is((select row(pct, note)::text from tow.jobs where id = :j), '(40.5,first)', 'report: progress');
select tow.report(:w, format('[{"job": %s, "run": %s, "pct": 140, "done": 3, "total": 10}]', :j, :run)::jsonb, '[]');
select is((select progress - 'at' - 'run' from tow.job(:j)), '{"pct": 100, "done": 3, "note": null, "total": 10}', 'the last word counts, within 0 and 100');
select is((select row(pct, done, total)::text from tow.outcome(:j)), '(100,3,10)', 'and whoever waits sees it');
select tow.report(:w, format('[{"job": %s, "run": %s, "pct": 1}]', :j, :run - 1)::jsonb, null);
select is((select pct from tow.jobs where id = :j), 100::real, 'progress of another run is left out');
select tow.report(:w, null, (select jsonb_agg(jsonb_build_object('job', :j, 'run', :run, 'ago_us', 1000000, 'level', l, 'line', l || ' line')) from unnest('{error,warn,info,debug,stdout,stderr,shout}'::text[]) l));
select is((select array_agg(level order by n) from tow.log(:j)), '{error,warn,info,debug,stdout,stderr}', 'log lines of every level, in order');
select ok((select bool_and(line = level || ' line' and run = :run and at between clock_timestamp() - interval '1 min' and clock_timestamp() - interval '1 s') from tow.log(:j)), 'as they were said, when they were said');
select is((select count(*) from tow.log(:j, (select n from tow.log(:j) order by n offset 3 limit 1))), 2::bigint, 'after: only later ones');

-- Reconcile: claims whose answer was lost.
select tow.enqueue('noop') as kept, tow.enqueue('noop') as forgotten, tow.enqueue('noop') as cancelled \gset
select pg_temp.claim(:w) \g /dev/null
select tow.cancel(:cancelled) \g /dev/null
select is(tow.reconcile(:w, array[:j, :kept]::bigint[], array(select run from tow_store.running where job_id in (:j, :kept))), 2, 'reconcile: what the worker does not hold');
select is(array[tow.state(:kept), tow.state(:forgotten), tow.state(:cancelled)], '{running,ready,cancelled}', 'goes back, or ends where somebody wants that');
select is((select attempt from tow.jobs where id = :forgotten), 0, 'with its attempt unspent');
select is(tow.reconcile(:w2, null, null), 0, 'others'' runs are not touched');

-- Holds.
select is(tow.holds(:kept, run), true, 'holds: its run') from tow_store.running where job_id = :kept;
select pg_temp.refused(format('select tow.holds(%s, 1)', :kept), 'TW410', 'give up', 'holds: another run');

-- Parking locks only the registers that must change.
select tow.set_queue('r' || i) from generate_series(1, 20) i \g /dev/null
select pg_temp.worker(array(select 'r' || i from generate_series(1, 20) i)) as p \gset
create function pg_temp.locked() returns bigint language sql as $$
	select count(*) from pg_locks where locktype = 'advisory' and classid = 7630713 and pid = pg_backend_pid()
$$;
create function pg_temp.armed(p_worker bigint) returns bigint language sql as $$
	select count(*) from tow_store.queue q where tow_store.is_armed(q.arm, p_worker)
$$;
select pg_temp.locked() as locked \gset
select tow.park(:p, '{}') \g /dev/null
select is(pg_temp.locked() - :locked, 0::bigint, 'park: nothing to change, nothing is locked');
select tow.park(:p, array(select id from tow_store.queue where name in ('r1', 'r2'))) \g /dev/null
select is(array[pg_temp.locked() - :locked, pg_temp.armed(:p)], '{2,2}', 'two queues: two registers');
select tow.floor(:p, null, null, null, true, null) \g /dev/null
select is(array[pg_temp.locked() - :locked, pg_temp.armed(:p)], '{2,0}', 'floor: whoever was woken clears those two');
select tow.park(:p, array(select id from tow_store.queue where name in ('r1', 'r2'))) \g /dev/null
select worker from tow.attach('w', 'here', 1, '0', '{r2,r3}', '{1,1}', '{noop}', '15 s', :p) \g /dev/null
select is((select array_agg(q.name) from tow_store.queue q where tow_store.is_armed(q.arm, :p)), '{r2}', 'attach again with other queues: those that were dropped do not ring for it');
select tow.detach(:p);

-- Detach.
select tow.detach(:w);
select is((select count(*) from tow.workers where id = :w), 0::bigint, 'detach: the worker is gone');
select is((select state from tow_store.worker where id = :w), 'stopped', 'as one that stopped');
select is(tow.state(:kept), 'ready', 'what it held is put back');
select is((select outcome from tow.attempts where job = :kept), 'lost', 'and says so');
select is(tow_store.lock_is_held(:w2), true, 'one that lives has its lock');
select tow.detach(:w2);
select is(tow_store.lock_is_held(:w2), false, 'one that has left has not');

select * from finish();
rollback;
