-- Daemons: turns of one job at a time, states and statuses that follow from it, and what a late handler cannot do.
begin;
\ir ../lib/fixture.sql
delete from tow_store.daemon; -- what an instance starts with
delete from tow_store.daemon_action;
set local tow.fake_now = '2030-01-01 00:00:00+00';
create temporary table w as select pg_temp.worker('{default}', '{scan,noop}') as id;
update tow_store.worker set lease = '100 years'; -- it is heard, whatever time it is

create function pg_temp.show(p_name text default 'd') returns text language sql as $$
	select concat_ws(' | ', d.state, d.status, d.status_job, d.error) from tow.daemons d where d.name = p_name $$;
create function pg_temp.turn() returns bigint language sql as $$ select d.job from tow_store.daemon d where d.name = 'd' $$;
create function pg_temp.run() returns bigint language sql as $$ select r.run from tow_store.running r where r.job_id = pg_temp.turn() $$;
create function pg_temp.begun() returns text language sql as $$
	select string_agg(e.args, ' ') from w, pg_temp.exchange(w.id, 1) e where e.what = 'job' $$;
create function pg_temp.ends(p_outcome jsonb) returns boolean language sql as $$ select pg_temp.say(w.id, pg_temp.turn(), p_outcome) from w $$;
create function pg_temp.actions() returns text language sql as $$ select string_agg(a.action, ' ' order by a.n) from tow.daemon_actions a $$;

-- Settings.
select tow.set_daemon('d', 'scan', '{"a": 1}', every => '30 s', policy => 'quick') \g /dev/null
select is(pg_temp.show(), 'stopped', 'a new daemon is stopped');
select is((select row(type, every, config)::text from tow.daemons), '(scan,00:00:30,"{""a"": 1}")', 'with its settings');
select tow.set_daemon('d', type => 'watcher', description => 'x') \g /dev/null
select is((select row(type, kind, config, description)::text from tow.daemons), '(watcher,scan,"{""a"": 1}",x)', 'what is left out stays');
select tow.set_daemon('d', reset => '{type,description}') \g /dev/null
select is((select row(type, description)::text from tow.daemons), '(scan,)', 'what is reset is not there');
select pg_temp.refused($$ select tow.set_daemon('e') $$, 'TW404', 'tow.set_daemon', 'a new one needs a kind');
select pg_temp.refused(format('select tow.set_daemon(%L, %L)', n, 'scan'), 'TW422', 'letters', format('the name %L', n)) from (values ('a/b'), (' a'), ('a '), (''), (E'a\nb'), (repeat('a', 65))) v(n);
select pg_temp.refused($$ select tow.set_daemon(null, 'scan') $$, 'TW422', 'letters', 'no name');
select pg_temp.refused($$ select tow.set_daemon('e', 'a b') $$, 'TW422', 'letters', 'a bad kind');
select pg_temp.refused($$ select tow.set_daemon('e', 'scan', '[]') $$, 'TW422', 'keys', 'a config that is no object');
select throws_ok($$ select tow.set_daemon('e', 'scan', '[]') $$, 'TW422', 'the config is an array, not a JSON object', 'which reads well');
select pg_temp.refused($$ select tow.set_daemon('e', 'scan', every => '0 s') $$, 'TW422', 'between', 'turns without a pause');
select pg_temp.refused($$ select tow.set_daemon('e', 'scan', policy => 'nonsuch') $$, 'TW404', 'policies', 'an unknown policy');
select pg_temp.refused($$ select tow.set_daemon('e', 'scan', timeout => '0 s') $$, 'TW422', 'above zero', 'a bad timeout');
select pg_temp.refused($$ select tow.set_daemon('d', reset => '{kind}') $$, 'TW422', 'type, timeout', 'what cannot be reset');
select pg_temp.refused($$ select tow.start_daemon('e') $$, 'TW404', 'lists them', 'no such daemon');
select pg_temp.refused($$ select tow.show_daemon('e') $$, 'TW404', 'lists them', 'to be shown');
select pg_temp.refused($$ select * from tow.daemon_log('e') $$, 'TW404', 'lists them', 'or read of');
select is((select count(*) from tow.daemons), 1::bigint, 'what was refused is not there');

select lives_ok($$ select tow.set_daemon('Two Words', 'scan') $$, 'a name of words');
select tow.drop_daemon('Two Words') \g /dev/null

-- A turn, and the next one.
select ok(tow.start_daemon('d') is not null, 'started');
select is(tow.start_daemon('d'), pg_temp.turn(), 'once');
select is(pg_temp.show(), 'starting | Starting', 'it says so at once');
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.begun(), '{"a": 1}', 'the config is the arguments');
select is(pg_temp.show(), 'running | Working', 'a turn that says nothing');
select ok(tow.daemon_status(pg_temp.turn(), pg_temp.run(), 'Checking', 4711, 'noop'), 'one that says something');
select is(pg_temp.show(), 'running | Checking | 4711', 'is heard');
select pg_temp.refused($$ select tow.daemon_status(1, 1, '') $$, 'TW422', 'few words', 'not with nothing');
select ok(not tow.daemon_status(pg_temp.turn(), pg_temp.run() + 1, 'Zombie'), 'a run that does not hold the job is not heard');
select ok(tow.daemon_status(pg_temp.turn(), pg_temp.run(), 'Nothing to do'), 'its last word');
create temporary table first as select pg_temp.turn() as id;
select pg_temp.ends('{"as": "completed", "result": {}}') \g /dev/null
select ok((select wait_ms <= 20 from tow.tick(null, '{"daemons": 0}', null) where duty = 'daemons'), 'the end of a turn is the duty''s work');
select is(tow.duty('daemons'), 1, 'it makes the next job');
select is(tow.duty('daemons'), 0, 'once');
select isnt(pg_temp.turn(), (select id from first), 'a new one');
select is(pg_temp.show(), 'sleeping | Nothing to do, sleeping for 30 seconds', 'whose status is the last one''s, with the seconds');
select ok((select next_at - tow.now() between '29.9 s' and '30 s' from tow.daemons), 'until then');

-- The same job, with another config.
select tow.set_daemon('d', config => '{"a": 2}') \g /dev/null
select pg_temp.later('30 s') \g /dev/null
select pg_temp.drain('promote') \g /dev/null
select is(pg_temp.begun(), '{"a": 2}', 'the next turn sees the config as it is now');
select is(pg_temp.show(), 'running | Working', 'and what the last one said is over');
select pg_temp.ends('{"as": "snoozed", "delay_s": 90}') \g /dev/null
select is(pg_temp.drain('daemons'), 0, 'one that snoozes comes back as the same job');
select is(pg_temp.show(), 'sleeping | Nothing to do, sleeping for 90 seconds', 'and says how long it sleeps');
select tow.set_daemon('d', priority => 5) \g /dev/null
select is((select row(j.priority, s.run_at - tow.now())::text from tow_store.job j join tow_store.scheduled s on s.id = j.id where j.id = pg_temp.turn()), '(5,00:01:30)', 'a job that sleeps is replaced by one with other settings');
select pg_temp.later('90 s') \g /dev/null
select pg_temp.drain('promote') + pg_temp.drain('admit') \g /dev/null

-- Failures keep the status; sleep forgets them.
select pg_temp.begun() \g /dev/null
select tow.daemon_status(pg_temp.turn(), pg_temp.run(), 'Asking') \g /dev/null
select pg_temp.ends('{"as": "failed", "error": "no route"}') \g /dev/null
select is(pg_temp.show(), 'failing | Asking, failed: no route | no route', 'a turn that fails');
select is((select row(failures, (select string_agg(a.detail, ' ') from tow.daemon_actions a where a.action = 'FAILED'))::text from tow.daemons), '(1,"no route")', 'is counted, and written down');
select pg_temp.later('1 s') \g /dev/null
select pg_temp.drain('promote') \g /dev/null
select pg_temp.begun() \g /dev/null
select is((select attempt from tow_store.running where job_id = pg_temp.turn()), 2, 'is tried again');
select pg_temp.ends('{"as": "failed", "class": "http.500", "error": "no answer"}') \g /dev/null
select is(pg_temp.show(), 'failing | Asking, failed: http.500: no answer | http.500: no answer', 'the next failure, with its class');
select is((select failures from tow.daemons), 2, 'two in a row');
select is((select string_agg(l.line, '; ' order by n) from tow.daemon_log('d') l where l.what = 'FAILED'), 'scan no route; scan http.500: no answer', 'both are in its log');
select pg_temp.later('1 min') \g /dev/null
select pg_temp.drain('promote') \g /dev/null
select is(pg_temp.show(), 'failing | Asking, failed: http.500: no answer | http.500: no answer', 'until it is tried');
select pg_temp.begun() \g /dev/null
select pg_temp.ends('{"as": "snoozed", "delay_s": 1}') \g /dev/null
select is((select row(state, failures, error)::text from tow.daemons), '(sleeping,0,)', 'a turn that sleeps was a good one');
select pg_temp.later('1 s') \g /dev/null
select pg_temp.drain('promote') \g /dev/null
select pg_temp.begun() \g /dev/null
select is((select attempt from tow_store.running where job_id = pg_temp.turn()), 1, 'and one that slept begins anew');

-- Stop: at once, and nothing comes back.
select ok(tow.daemon_status(pg_temp.turn(), pg_temp.run(), 'Working hard'), 'in the middle of a turn');
create temporary table late as select pg_temp.turn() as job, pg_temp.run() as run;
select is(tow.stop_daemon('d'), 'stopping', 'it is stopped');
select is((select row(status, status_job, status_at, job)::text from tow.daemons), '(,,,)', 'its status is gone at once');
select ok(not tow.daemon_status(job, run, 'Still here'), 'a late handler is not heard') from late;
select ok(tow.save_step((select id from w), job, run, 'status', '"Still here"'), 'nor by another way') from late;
select is(pg_temp.show(), 'stopping', 'nothing stale comes back');
select pg_temp.refused($$ select tow.drop_daemon('d') $$, 'TW409', 'tow.job', 'it cannot be dropped before its turn has ended');
select is(tow.start_daemon('d'), null, 'started again, no turn begins before that');
select is(pg_temp.show(), 'starting | Starting', 'as it says');
select is(pg_temp.drain('daemons'), 0, 'not by the duty either');
select pg_temp.say(w.id, late.job, '{"as": "failed", "error": "killed"}') from w, late \g /dev/null
select is(tow.state(job), 'cancelled', 'the turn has ended') from late;
select is(pg_temp.drain('daemons'), 1, 'now');
select isnt(pg_temp.turn(), null, 'there is a job');
select is(pg_temp.show(), 'starting | Starting', 'without the old status');
select is(tow.stop_daemon('d'), 'stopped', 'one that has not begun is stopped at once');
select is(tow.stop_daemon('d'), 'stopped', 'twice is once');
select is((select count(*) from tow_store.key), 0::bigint, 'no key is left');

-- A cancel that met the end of the run: the job sleeps on, until the duty sees it.
select tow.start_daemon('d') \g /dev/null
select pg_temp.begun() \g /dev/null
create temporary table slept as select pg_temp.turn() as job;
select tow.stop_daemon('d') \g /dev/null
select ok(not tow_store.daemons_are_due(tow.now()), 'while its turn is told to end there is nothing to do');
delete from tow_store.cancelling;
select pg_temp.say(w.id, slept.job, '{"as": "snoozed", "delay_s": 1000}') from w, slept \g /dev/null
select ok(tow_store.daemons_are_due(tow.now()), 'one that was not told has the duty come');
select is(tow.state(job), 'scheduled', 'a stopped daemon''s job that slipped through') from slept;
select pg_temp.drain('daemons') \g /dev/null
select is(tow.state(job), 'cancelled', 'is cancelled') from slept;
select pg_temp.drain('daemons') \g /dev/null
select is(pg_temp.show(), 'stopped', 'and the daemon has stopped');

-- Children.
select tow.start_daemon('d') \g /dev/null
select pg_temp.begun() \g /dev/null
delete from tow_store.daemon_action;
select pg_temp.ends('{"as": "waits", "for": "children", "spawn": [{"kind": "noop"}, {"kind": "noop"}]}') \g /dev/null
select is(pg_temp.actions(), 'LAUNCHED LAUNCHED', 'what a turn launches is written down');
select is((select row(array_agg(kind), bool_and(turn = pg_temp.turn()))::text from tow.daemon_actions), '("{noop,noop}",t)', 'with its kind and turn');
select is((select row(state, status_kind, status_job = (select max(id) from tow_store.job))::text from tow.daemons), '(waiting,noop,t)', 'a waiting daemon names a job that it waits for');
select pg_temp.drain('admit') \g /dev/null
create temporary table child as select unnest(pg_temp.claim(w.id)) as id from w;
select pg_temp.say(w.id, min(child.id), '{"as": "completed", "result": {}}'), pg_temp.say(w.id, max(child.id), '{"as": "failed", "final": true, "error": "x"}') from w, child group by w.id \g /dev/null
select is((select array_agg(detail order by n) from tow.daemon_actions where action = 'FINISHED'), '{completed,failed}', 'and what became of it');
select pg_temp.drain('admit') \g /dev/null
select ok(pg_temp.begun() is not null, 'then the turn goes on');
select pg_temp.ends('{"as": "waits", "for": "children", "spawn": [{"kind": "noop"}]}') \g /dev/null
select is(tow.stop_daemon('d', children => true), 'stopped', 'stopped with its children');
select is(tow.state(max(job)), 'cancelled', 'which are cancelled') from tow.daemon_actions where action = 'LAUNCHED';
select is((select array_agg(what order by at, what) from tow.daemon_log('d') where what = 'STOPPED'), '{STOPPED}', 'the log has it');

-- Jobs that are no children are written down, too.
select tow.start_daemon('d') \g /dev/null
select pg_temp.begun() \g /dev/null
delete from tow_store.daemon_action;
select pg_temp.ends('{"as": "snoozed", "delay_s": 1, "spawn": [{"kind": "noop", "child": false}, {"kind": "noop", "child": false, "delay_s": 5}]}') \g /dev/null
select is(pg_temp.actions(), 'LAUNCHED LAUNCHED', 'jobs that are no children of the turn are launched, too');
select is((select count(*) from tow_store.need where job_id = pg_temp.turn()), 0::bigint, 'and not waited for');
select pg_temp.later('5 s') \g /dev/null
select pg_temp.drain('promote') \g /dev/null
select pg_temp.claim(w.id) from w \g /dev/null
select pg_temp.say(w.id, a.job, '{"as": "completed"}') from w, tow_store.daemon_action a where a.action = 'LAUNCHED' \g /dev/null
select is((select array_agg(detail) from tow.daemon_actions where action = 'FINISHED'), '{completed,completed}', 'nor is their end forgotten');

-- A daemon that snoozes for ever forgets.
create function pg_temp.memory() returns jsonb language sql as $$ select tow_store.memory_of(pg_temp.turn()) -> 'children' $$;
create function pg_temp.results() returns bigint language sql as $$ select count(*) from jsonb_object_keys(pg_temp.memory() -> 'results') $$;
create function pg_temp.finish_children(p_most int) returns bigint language sql as $$
	select pg_temp.claim(w.id) from w;
	select count(pg_temp.say(w.id, c.id, '{"as": "completed", "result": 1}')) from w, (select r.job_id as id from tow_store.running r join tow_store.job j on j.id = r.job_id
		where j.parent = pg_temp.turn() order by 1 limit p_most) c;
	select pg_temp.drain('admit');
$$;
select pg_temp.ends('{"as": "waits", "for": "children", "spawn": [{"kind": "noop"}, {"kind": "noop"}]}') \g /dev/null
select pg_temp.finish_children(2) \g /dev/null
select is((select row(pg_temp.memory() ->> 'completed', pg_temp.results())::text), '(2,2)', 'a turn that goes on knows its children');
select pg_temp.begun() \g /dev/null
select pg_temp.ends('{"as": "snoozed", "delay_s": 0, "spawn": [{"kind": "noop"}, {"kind": "noop"}, {"kind": "noop"}]}') \g /dev/null
select is((select row(pg_temp.memory() ->> 'total', pg_temp.results())::text), '(3,3)', 'once it has slept it does not, but for those that have not ended');
select pg_temp.finish_children(2) \g /dev/null
select pg_temp.begun() \g /dev/null
select is((select row(pg_temp.memory() ->> 'total', pg_temp.memory() ->> 'completed', pg_temp.results())::text), '(3,2,3)', 'the next turn hears how they end');
select pg_temp.ends('{"as": "snoozed", "delay_s": 0}') \g /dev/null
select is((select row(pg_temp.memory() ->> 'total', pg_temp.memory() ->> 'completed', pg_temp.results())::text), '(1,0,1)', 'the one that runs is left');
select is((select tow.retry(min(j.id)) from tow_store.job j where j.parent = pg_temp.turn()), 'ready', 'one that was forgotten may be retried');
select is(pg_temp.memory() ->> 'total', '1', 'and is its own affair');
do $$ begin for i in 1 .. 20 loop
	perform pg_temp.finish_children(100);
	perform pg_temp.begun();
	perform pg_temp.ends('{"as": "snoozed", "delay_s": 0, "spawn": [{"kind": "noop"}, {"kind": "noop"}]}');
end loop; end $$;
select is((select row(pg_temp.memory() ->> 'total', pg_temp.results())::text), '(2,2)', 'after many turns it remembers no more than after one');
select pg_temp.finish_children(100) \g /dev/null
select is((select row(pg_temp.memory() ->> 'total', pg_temp.memory() ->> 'completed', pg_temp.results())::text), '(2,2,2)', 'and knows those');
select tow.stop_daemon('d') \g /dev/null
select pg_temp.say(w.id, d.ending, '{"as": "completed"}') from w, tow_store.daemon d \g /dev/null
select pg_temp.drain('daemons') \g /dev/null

-- Disabled, auto_start, failed for good.
select tow.disable_daemon('d') \g /dev/null
select is(pg_temp.show(), 'disabled', 'disabled');
select pg_temp.refused($$ select tow.start_daemon('d') $$, 'TW409', 'enable', 'it cannot be started');
select tow.set_daemon('d', auto_start => true, reset => '{policy}'), tow.set_queue('default', policy => 'never') \g /dev/null
select is(pg_temp.drain('daemons'), 0, 'not even by itself');
select tow.enable_daemon('d') \g /dev/null
select is(pg_temp.drain('daemons'), 1, 'enabled, it starts by itself');
select pg_temp.begun() \g /dev/null
select tow.daemon_status(pg_temp.turn(), pg_temp.run(), 'Trying') \g /dev/null
select pg_temp.ends('{"as": "failed", "final": true, "error": "bad disk"}') \g /dev/null
select pg_temp.drain('daemons') \g /dev/null
select is(pg_temp.show(), 'failing | Trying, failed: bad disk | bad disk', 'failed for good, it keeps its status, and says what failed');
select is((select s.status || ' ' || s.detail from tow.status() s where s.component = 'daemon d'), 'warn failing: bad disk', 'tow.status says so');
select is((select row(failures, job is not null)::text from tow.daemons), '(1,t)', 'and will be tried again');
select is((select detail from tow.daemon_actions where action = 'FAILED' order by n desc limit 1), 'bad disk', 'which is written down');
select is((select date_trunc('second', next_at - tow.now() + interval '10 ms') from tow.daemons), (select every from tow.daemons), 'by its queue''s policy, which never tries again: as after a turn that went well');
select pg_temp.later((select next_at - tow.now() from tow.daemons)) \g /dev/null
select pg_temp.drain('promote') \g /dev/null
select pg_temp.begun() \g /dev/null
select pg_temp.ends('{"as": "snoozed", "delay_s": 1}') \g /dev/null
select is((select row(state, failures, error)::text from tow.daemons), '(sleeping,0,)', 'a good turn that sleeps forgets it');
select pg_temp.later('1 s') \g /dev/null
select pg_temp.drain('promote') \g /dev/null
select pg_temp.begun() \g /dev/null
select pg_temp.ends('{"as": "completed", "result": {}}') \g /dev/null
select pg_temp.drain('daemons') \g /dev/null
select is((select row(state, failures, error)::text from tow.daemons), '(sleeping,0,)', 'a good turn forgets it');
select tow.stop_daemon('d') \g /dev/null
select is(pg_temp.drain('daemons'), 0, 'stopped by somebody, it stays so');
select tow.set_daemon('d', auto_start => false) \g /dev/null
select tow.start_daemon('d') \g /dev/null
select pg_temp.begun() \g /dev/null
select pg_temp.ends('{"as": "failed", "final": true, "error": "bad disk"}') \g /dev/null
select pg_temp.drain('daemons') \g /dev/null
select is(pg_temp.show(), 'failed | Failed: bad disk | bad disk', 'one without auto_start has failed');
select is((select concat_ws(' ', s.status, s.detail, s.hint) from tow.status() s where s.component = 'daemon d'), 'bad failed: bad disk start it again: tow daemon start d', 'which tow.status says');
select is(pg_temp.drain('daemons'), 0, 'and stays so');
select ok(tow.start_daemon('d') is not null, 'until it is started');
select is(pg_temp.show(), 'starting | Starting', 'anew');
update tow_store.worker set kinds = '{scam}';
select is(pg_temp.show(), 'starting | Cannot start: no live worker knows kind ''scan'', did you mean ''scam''?', 'a kind that no worker knows');
update tow_store.worker set kinds = '{scan,noop}';
select is(pg_temp.show(), 'starting | Starting', 'and that one knows again');

-- Its key is its own.
select tow.stop_daemon('d') \g /dev/null
select pg_temp.refused(format('select tow.enqueue(''noop'', key => %L)', k), 'TW422', 'tow.start_daemon', 'nobody else may take the key ' || k)
from unnest('{daemon:d,daemon:nobody,daemon:}'::text[]) k;
select pg_temp.refused($$ select tow.enqueue('noop', key => 'daemon:d', on_conflict => 'replace', key_scope => 'queued') $$, 'TW422', 'something else', 'nor replace its job');
select ok(tow.enqueue('noop', key => 'daemons:d') is not null, 'others are free');
select tow.cancel(max(id)) from tow_store.job \g /dev/null
insert into tow.inbox (kind, key) values ('noop', 'daemon:d');
select pg_temp.drain('inbox') \g /dev/null
select is((select error from tow_store.refused), 'the key ''daemon:d'' is a daemon''s', 'nor by way of the inbox');
create temporary table turned as select max(j.id) as id from tow_store.job j where j.key = 'daemon:d';
select pg_temp.refused(format('select tow.retry(%s)', id), 'TW409', 'tow.start_daemon', 'nor is a turn that has ended retried by hand') from turned;
select tow.redrive(kind => 'scan') \g /dev/null
select is(tow.state(id), 'cancelled', 'or with others') from turned;
select tow.enqueue('noop') as id \gset spawner_
select pg_temp.claim(w.id) from w \g /dev/null
select pg_temp.say(w.id, :spawner_id, '{"as": "completed", "spawn": [{"kind": "noop", "key": "daemon:d"}]}') from w \g /dev/null
select is((select class || ': ' || error from tow_store.history where job_id = :spawner_id), 'spawn: the key ''daemon:d'' is a daemon''s', 'nor spawned');

-- A key that is still held, by a job from before it was reserved.
select tow.enqueue('noop', key => 'old') \g /dev/null
update tow_store.key set key = 'daemon:d' where key = 'old';
select is(tow.start_daemon('d'), null, 'its key is taken: no second turn');
select ok(pg_temp.show() like 'failing | Failed: job % has the key%', 'and it says why');
select is(tow.duty('daemons'), 0, 'it is not tried all the time');
select pg_temp.claim(w.id) from w \g /dev/null
select pg_temp.say(w.id, max(r.job_id), '{"as": "completed", "result": {}}') from w, tow_store.running r group by w.id \g /dev/null
select pg_temp.later('5 s') \g /dev/null
select is(tow.duty('daemons'), 1, 'but once it is free');
select is(pg_temp.show(), 'starting | Starting', 'it starts');
select pg_temp.refused($$ select tow.drop_daemon('d') $$, 'TW409', 'stop_daemon', 'a started daemon is not dropped');
select tow.stop_daemon('d') \g /dev/null
select tow.drop_daemon('d') \g /dev/null
select is((select count(*) from tow_store.daemon) + (select count(*) from tow_store.daemon_action), 0::bigint, 'a stopped one is');
select * from finish();
rollback;
