-- What haul-tend does where there is no monitor: lost jobs, what failed for our own disk, what is done with, what was not told.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';

create function pg_temp.jobs(p_id bigint) returns text language sql as $$
	select pg_temp.drain('admit');
	select string_agg(concat_ws(' ', j.kind, j.state), ', ' order by j.id) from tow.jobs j where (j.args ->> 'download')::bigint = p_id $$;
create function pg_temp.lose(p_id bigint) returns void language sql as $$
	select tow.cancel(j.id) from tow.jobs j where (j.args ->> 'download')::bigint = p_id $$;
create function pg_temp.state_of(p_id bigint) returns text language sql as $$ select concat_ws(' ', state, class) from haul.downloads where id = p_id $$;
create function pg_temp.says() returns text language sql as $$ select concat_ws(': ', s.status, s.detail) || ', ' || s.hint from haul.status() s where s.component = 'tending' $$;

-- The daemon.
select haul.add_library('main', '/media') \g /dev/null
select is((select count(*) from tow.daemons where name = 'haul-tend'), 0::bigint, 'nothing to tend: no daemon');
select is(haul.tend(), 600000::bigint, 'there is nothing to do');
select haul.grab('https://x/a') as a \gset
select is((select concat_ws(' ', kind, queue, auto_start, state) from tow.daemons where name = 'haul-tend'), 'haul.tend haul t stopped', 'the first download makes it');
select tow.duty('daemons') \g /dev/null
select is((select state from tow.daemons where name = 'haul-tend'), 'starting', 'it starts by itself');
select is(pg_temp.says(), null, 'which is well');
select tow.stop_daemon('haul-tend') \g /dev/null
select is(pg_temp.says(), 'warn: nobody looks after what our workers fetch: the daemon haul-tend is stopped, tow daemon start haul-tend', 'one that was stopped is told of');
select tow.disable_daemon('haul-tend') \g /dev/null
select alike(pg_temp.says(), '%is disabled, tow daemon enable haul-tend', 'one that was disabled');
select tow.drop_daemon('haul-tend') \g /dev/null
select alike(pg_temp.says(), '%was dropped, tow daemon add haul-tend%', 'and one that was dropped');
select haul.grab('https://x/b') as b \gset
select is((select count(*) from tow.daemons where name = 'haul-tend'), 0::bigint, 'which stays so');

-- A fetch, and an import, whose job is lost for good.
select count(*) from haul.begin_fetch(:a) \g /dev/null
select pg_temp.lose(:a) \g /dev/null
select pg_temp.later('30 s') \g /dev/null
select haul.tend() \g /dev/null
select is(pg_temp.jobs(:a), null, 'a job that is gone is nobody''s at first: it may be just beginning');
select pg_temp.later('31 s') \g /dev/null
select is(haul.tend(), 60000::bigint, 'while anything is under way somebody looks each minute');
select is(pg_temp.jobs(:a), 'haul.fetch waiting', 'then it is made anew');
select haul.tend() \g /dev/null
select is(pg_temp.jobs(:a), 'haul.fetch waiting', 'once');
select haul.fetched(:a, 'tow-1', 'a', '/dl/tow-1', 1000) \g /dev/null
select pg_temp.lose(:a) \g /dev/null
select pg_temp.later('2 min') \g /dev/null
select haul.tend() \g /dev/null
select is(pg_temp.jobs(:a), 'haul.import ready', 'so is the one that places it');

-- An import that failed for our own disk: again in ten minutes, so often.
select count(*) from haul.begin_import(:a) \g /dev/null
select haul.give_up(:a, 'local.denied', 'permission denied', 'mend it') \g /dev/null
select pg_temp.lose(:a) \g /dev/null
select pg_temp.lose(:b), haul.cancel(:b) \g /dev/null
select pg_temp.later('9 min') \g /dev/null
select is(haul.tend(), 60000::bigint, 'what failed for our own disk is waited for');
select is(pg_temp.state_of(:a), 'failed local.denied', 'for ten minutes');
select pg_temp.later('2 min') \g /dev/null
select haul.tend() \g /dev/null
select is(pg_temp.state_of(:a) || ': ' || pg_temp.jobs(:a), 'downloaded: haul.import ready', 'and then tried again');
select haul.begin_import(:a), haul.give_up(:a, 'place.mode', 'no mode works', '') \g /dev/null
select pg_temp.lose(:a) \g /dev/null
select pg_temp.later('1 hour') \g /dev/null
select is(haul.tend(), 600000::bigint, 'what failed for its own sake is not waited for');
select is(pg_temp.state_of(:a), 'failed place.mode', 'nor tried again');
select is(pg_temp.says(), null, 'and nobody has to look after it');

-- What is placed and done with goes, and what nobody was told is told.
select haul.retry(:a) \g /dev/null
select count(*) from haul.begin_import(:a) \g /dev/null
select count(*) from haul.plan(:a, '/dl/tow-1', '[{"path": "a", "size": 1000}]') \g /dev/null
select haul.placed(f.id, 'a', 'link', null, 1000, 1, 2, null) from haul_store.file f where f.download = :a \g /dev/null
select haul.imported(:a) \g /dev/null
select pg_temp.lose(:a) \g /dev/null
select haul.set_library('main', done_remove => 'data') \g /dev/null
select haul.tend() \g /dev/null
select is(pg_temp.jobs(:a), 'haul.act ready', 'what is placed goes when the library says so later');
select haul.add_channel('c', 'ntfy', 'http://127.0.0.1:1', options => '{"topic": "t"}') \g /dev/null
select haul.add_rule('r', 'c', '{download.completed}') \g /dev/null
select haul_store.tell_download(:a, 'completed', 'done') \g /dev/null
select tow.cancel(j.id) from tow.jobs j where j.kind = 'haul.notify' \g /dev/null
select pg_temp.later('10 min') \g /dev/null
select is(haul.tend(), 60000::bigint, 'news that wait');
select is((select count(*) from tow.jobs j where j.kind = 'haul.notify'), 1::bigint, 'are told');

-- Recycle bins, once a day.
create function pg_temp.empties() returns text language sql as $$ select string_agg(j.args ->> 'library', ' ' order by j.id) from tow.jobs j where j.kind = 'haul.empty' $$;
create function pg_temp.end_empties() returns void language sql as $$ select tow.cancel(j.id) from tow.jobs j where j.kind = 'haul.empty' $$;
select pg_temp.end_empties() \g /dev/null
select haul.add_library('kept', '/kept'), haul.set_library('kept', recycle_days => 0) \g /dev/null
select haul.add_library('young', '/young'), haul.tend() \g /dev/null
select is(pg_temp.empties(), null, 'a bin is not emptied twice a day, nor that of a new library');
select pg_temp.later('25 hours') \g /dev/null
select haul.tend(), haul.tend() \g /dev/null
select is(pg_temp.empties(), 'main young', 'each that is not to keep all, once');
select is((select string_agg(name || ' ' || recycle_days, ', ' order by name) from haul.libraries), 'kept 0, main 30, young 30', 'thirty days, unless somebody says otherwise');
select is((select concat_ws(' ', e.root, e.before) from haul.begin_empty('young') e), '/young ' || to_char((tow.now() - interval '30 days') at time zone 'UTC', 'YYYYMMDD"T"HH24MISS"Z"'), 'what is older than that goes, by our clock');
select is((select count(*) from haul.begin_empty('kept')) + (select count(*) from haul.begin_empty('none')), 0::bigint, 'where all is kept nothing goes');
select pg_temp.refused(format('select haul.set_library(%L, recycle_days => %s)', 'main', d), 'TW422', 'for ever', d || ' days') from unnest('{-1,99999}'::int[]) d;

-- What it replaced is gone: that is said.
update haul_store.file f set replaced = '.tow-recycle/20300101T000000Z.a' where f.download = :a;
select haul.undone(f.id, false, false) from haul_store.file f where f.download = :a \g /dev/null
select is((select why from haul.files where download = :a), 'taken back: what it had replaced is not in .tow-recycle any more, or was changed there, and does not come back', 'a file that was taken back says what does not come back');
select alike((select detail from haul.events where download = :a and what = 'undone'), 'a: what it had replaced is not in .tow-recycle%', 'and its download');

select * from finish();
rollback;
