-- What becomes of a daemon's jobs: other settings replace one that was never started, a turn takes its memory with it,
-- stop ends what any of its turns has launched.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';
select pg_temp.worker('{default}', '{scan,noop}') as w \gset

create function pg_temp.turn() returns bigint language sql as $$ select d.job from tow_store.daemon d where d.name = 'd' $$;
create function pg_temp.run() returns bigint language sql as $$ select r.run from tow_store.running r where r.job_id = pg_temp.turn() $$;
create function pg_temp.facts() returns text language sql as $$ select concat_ws(' ', j.kind, j.queue, tow.state(j.id)) from tow_store.job j where j.id = pg_temp.turn() $$;

-- Other settings.
select tow.set_daemon('d', 'typo'), tow.start_daemon('d'), pg_temp.drain('admit') \g /dev/null
select pg_temp.turn() as t \gset
select is(pg_temp.facts(), 'typo default ready', 'a turn that nobody can do');
select tow.set_daemon('d', kind => 'scan', queue => 'fresh') \g /dev/null
select is(pg_temp.facts(), 'scan fresh waiting', 'is replaced by one of the right kind');
select is(tow.state(:t), 'cancelled', 'and gone');
select tow.set_daemon('d', queue => 'default'), pg_temp.drain('admit') \g /dev/null
select is(pg_temp.facts(), 'scan default ready', 'so is one whose queue nobody has made');
select is((select count(*) from tow_store.key where key = 'daemon:d'), 1::bigint, 'the last one has the key');
select pg_temp.claim(:w) \g /dev/null
select pg_temp.turn() as t \gset
select tow.set_daemon('d', priority => 7) \g /dev/null
select is(pg_temp.turn(), :t::bigint, 'one that runs goes on');
select pg_temp.say(:w, :t, '{"as": "waits", "for": "signal", "name": "go"}') \g /dev/null
select tow.set_daemon('d', priority => 8) \g /dev/null
select is(pg_temp.turn(), :t::bigint, 'so does one that waits');
select tow.signal(:t, 'go'), pg_temp.drain('admit') \g /dev/null
select is(pg_temp.facts(), 'scan default ready', 'has what it waited for');
select tow.set_daemon('d', priority => 9) \g /dev/null
select is(pg_temp.turn(), :t::bigint, 'and goes on after that');

-- Memory.
select pg_temp.later('1 s'), pg_temp.claim(:w) \g /dev/null
select tow.save_step(:w, :t, pg_temp.run(), 'counted', '7'), tow.daemon_status(:t, pg_temp.run(), 'Counting') \g /dev/null
select pg_temp.later('1 s') \g /dev/null
select tow.signal(:t, 'early'), pg_temp.drain('admit') \g /dev/null
select pg_temp.say(:w, :t, '{"as": "snoozed", "delay_s": 5}') \g /dev/null
select is((select array_agg(name) from tow_store.step where job_id = :t), '{status}', 'a turn''s steps go with it, but for its status');
select is((select array_agg(name) from tow_store.signal where job_id = :t), '{early}', 'so do the signals that it has seen: one that came later is the next turn''s');

-- Settings that came while it ran or waited.
select is((select j.priority from tow_store.job j where j.id = pg_temp.turn()), 100, 'a turn that has begun ends as it began');
select ok((select wait_ms <= 20 from tow.tick(null, '{"daemons": 0}', null) where duty = 'daemons'), 'then there is something to do');
select pg_temp.drain('daemons') \g /dev/null
select is((select row(j.priority, s.run_at - tow.now())::text from tow_store.job j join tow_store.scheduled s on s.id = j.id where j.id = pg_temp.turn()),
	'(9,00:00:05)', 'the next is one with the settings as they are, at the instant that was said');
select is(pg_temp.drain('daemons'), 0, 'once');

-- A signal that the turn was marked with only while it ran is the next turn's, though it was said before.
select pg_temp.turn() as t \gset
select pg_temp.later('5 s'), pg_temp.drain('promote') \g /dev/null
select tow.signal(:t, 'late') \g /dev/null
select pg_temp.later('1 s'), pg_temp.claim(:w) \g /dev/null
select pg_temp.later('1 s'), pg_temp.drain('admit') \g /dev/null
select pg_temp.say(:w, :t, '{"as": "snoozed", "delay_s": 5}') \g /dev/null
select is((select array_agg(name) from tow_store.signal where job_id = :t), '{late}', 'a signal that came before the claim, and was not told to it, stays');
select pg_temp.later('5 s'), pg_temp.drain('promote'), pg_temp.claim(:w) \g /dev/null
select pg_temp.say(:w, :t, '{"as": "snoozed", "delay_s": 5}') \g /dev/null
select is((select array_agg(name) from tow_store.signal where job_id = :t), null, 'until a turn has seen it');

-- Stop.
select pg_temp.later('5 s'), pg_temp.drain('promote'), pg_temp.claim(:w) \g /dev/null
select pg_temp.say(:w, :t, '{"as": "completed", "spawn": [{"kind": "noop", "child": false, "delay_s": 600}]}') \g /dev/null
select max(job) as launched from tow.daemon_actions where action = 'LAUNCHED' \gset
select pg_temp.later('1 min'), pg_temp.drain('daemons'), pg_temp.drain('promote'), pg_temp.claim(:w) \g /dev/null
select isnt(pg_temp.turn(), :t::bigint, 'the next turn is another job''s');
select tow.stop_daemon('d', children => true) \g /dev/null
select is(tow.state(:launched), 'cancelled', 'what an earlier turn launched is cancelled, too');
select tow.start_daemon('d'), tow.retry(:launched), tow.stop_daemon('d', children => true) \g /dev/null
select is(tow.state(:launched), 'cancelled', 'also when somebody has put it back since');
select is((select array_agg(detail) from tow.daemon_actions where action = 'FINISHED' and job = :launched), '{cancelled,cancelled}', 'which is written down');

-- A launched job that is replaced by its key has an end like any other.
select tow.set_daemon('e', 'scan'), tow.start_daemon('e') \g /dev/null
select pg_temp.claim(:w) \g /dev/null
select job as e from tow_store.daemon where name = 'e' \gset
select pg_temp.say(:w, :e, '{"as": "snoozed", "delay_s": 1, "spawn": [{"kind": "noop", "key": "k", "child": false, "delay_s": 600}]}') \g /dev/null
select tow.enqueue('noop', key => 'k', on_conflict => 'replace') \g /dev/null
select is((select array_agg(action order by n) from tow.daemon_actions where daemon = 'e' and action in ('LAUNCHED', 'FINISHED')), '{LAUNCHED,FINISHED}', 'replaced: finished');

select pg_temp.refused($$ select tow.set_daemon('d', type => 'x', reset => '{type}') $$, 'TW422', 'leave one', 'set and reset at once');

select * from finish();
rollback;
