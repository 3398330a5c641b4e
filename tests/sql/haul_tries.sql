-- What a job of ours tries in vain: what is wrong, which try it is of how many, when the next one is, and when somebody should look.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';

create function pg_temp.job(p_id bigint) returns bigint language sql as $$ select max(j.id) from tow.jobs j where (j.args ->> 'download')::bigint = p_id $$;
create function pg_temp.tries(p_id bigint) returns text language sql as $$
	select concat_ws(' ', d.state, d.tries, d.max_tries, round(extract(epoch from d.next_try_at - tow.now())) || ' s', d.failing) from haul.downloads d where d.id = p_id $$;
create function pg_temp.trouble(p_id bigint) returns text language sql as $$ select d.trouble from haul.downloads d where d.id = p_id $$;
create function pg_temp.needed() returns text language sql as $$ select string_agg(s.detail, ' | ') from haul.status() s where s.component = 'downloads' and s.status <> 'ok' $$;
-- A worker's attempt, and its end.
create function pg_temp.begins(p_worker bigint, p_id bigint) returns void language plpgsql as $$
begin
	if tow.state(pg_temp.job(p_id)) = 'retrying' then
		perform tow.run_now(pg_temp.job(p_id));
	end if;
	perform pg_temp.drain('promote');
	perform pg_temp.drain('admit');
	perform pg_temp.claim(p_worker);
end $$;
create function pg_temp.fails(p_worker bigint, p_id bigint, p_error text) returns void language plpgsql as $$
begin
	perform pg_temp.begins(p_worker, p_id);
	perform pg_temp.say(p_worker, pg_temp.job(p_id), jsonb_build_object('as', 'failed', 'class', 'http.connect', 'error', p_error));
end $$;

select pg_temp.worker('{haul}', '{haul.fetch,haul.import}') as w \gset
select haul.add_library('main', '/media') \g /dev/null

-- A host that never answers.
select haul.grab('https://x/never.iso') as d \gset
select is(pg_temp.tries(:d), 'approved f', 'nothing was tried');
select pg_temp.begins(:w, :d) \g /dev/null
select count(*) from haul.begin_fetch(:d) \g /dev/null
select is(pg_temp.tries(:d), 'downloading f', 'the first try is no trouble');
select haul.fetching(:d, '{"at": 0, "error": "nobody answers"}') \g /dev/null
select pg_temp.fails(:w, :d, 'nobody answers') \g /dev/null
select is(pg_temp.tries(:d), 'downloading 1 12 5 s f', 'one in vain, of how many, and when it is next');
select alike(pg_temp.trouble(:d), 'nobody answers; tried 1 of 12 times, again at 2030-01-01 00:00:0%+00', 'in words');
create function pg_temp.told() returns text language sql as $$ select f.message ->> 'next_try_at' from haul_store.feed_progress(null, '{downloads}') f where f.message ->> 'type' = 'progress' $$;
select alike(pg_temp.told(), '2030-01-01T00:00:0%', 'whoever watches is told of that, too');
select is(pg_temp.needed(), null, 'once is nothing');
create function pg_temp.doing(p_id bigint) returns text language sql as $$ select concat_ws(' ', d.doing, d.state, d.status, d.down) from haul.downloads d where d.id = p_id $$;
select is(pg_temp.doing(:d), 'waiting downloading DOWNLOADING', 'between two tries it waits');
select pg_temp.begins(:w, :d) \g /dev/null
select count(*) from haul.begin_fetch(:d) \g /dev/null
select is(pg_temp.trouble(:d), 'nobody answers; tried 1 of 12 times, and now again', 'while it is tried again it is said still');
select is(pg_temp.told(), null, 'and that there is nothing to wait for');
select is(pg_temp.doing(:d), 'waiting downloading DOWNLOADING', 'and that it waits, as nobody has answered yet');
savepoint midway;
select haul.fetching(:d, '{"size": 1000, "at": 10, "down": 5}') \g /dev/null
select is(pg_temp.doing(:d) || coalesce(pg_temp.trouble(:d), ''), 'downloading downloading DOWNLOADING 5', 'what answers is no trouble');
select pg_temp.fails(:w, :d, 'the line was cut') from generate_series(1, 2) \g /dev/null
select is(pg_temp.doing(:d), 'waiting downloading DOWNLOADING', 'one that broke off midway waits, too, and is not said to be fast');
select alike(pg_temp.trouble(:d), 'the line was cut; tried 3 of 12 times, again at %', 'and says why, and until when');
select is((select string_agg(l.id::text, ' ') from haul.list_downloads(failing => true) l), :'d', 'and is found');
rollback to midway;
select pg_temp.fails(:w, :d, 'nobody answers'), pg_temp.fails(:w, :d, 'nobody answers') \g /dev/null
select alike(pg_temp.tries(:d), 'downloading 3 12 % s t', 'three times');
select is(pg_temp.needed(), '1 fails again and again, one of them ' || :d || ' (never.iso): ' || pg_temp.trouble(:d), 'somebody should look');
select is((select string_agg(l.id::text, ' ') from haul.list_downloads(failing => true) l), :'d', 'and finds it');
select is((select string_agg(l.id::text, ' ') from haul.list_downloads(failing => true, sort => 'title') l), :'d', 'in any order');
select is((select count(*) from haul.list_downloads(failing => false)), 0::bigint, 'not among the others');
select pg_temp.begins(:w, :d) \g /dev/null
select count(*) from haul.begin_fetch(:d) \g /dev/null
select haul.fetching(:d, '{"size": 1000, "at": 0, "down": 0}') \g /dev/null
select is(pg_temp.tries(:d) || coalesce(pg_temp.trouble(:d), ''), 'downloading f', 'it answers: that is over');
select haul.fetched(:d, 'tow-1', 'never.iso', '/dl/tow-1', 1000), pg_temp.say(:w, pg_temp.job(:d) - 1, '{"as": "completed"}') \g /dev/null

-- A library that cannot be written.
select pg_temp.begins(:w, :d) \g /dev/null
select count(*) from haul.begin_import(:d) \g /dev/null
select pg_temp.fails(:w, :d, 'permission denied') \g /dev/null
select is(pg_temp.tries(:d), 'importing 1 12 5 s f', 'an import counts anew');
select alike(pg_temp.trouble(:d), 'permission denied; tried 1 of 12 times, again at %', 'and says why');
select pg_temp.fails(:w, :d, 'permission denied') from generate_series(1, 10) \g /dev/null
select alike(pg_temp.trouble(:d), 'permission denied; tried 11 of 12 times, again at %', 'to the last try');

-- What has ended in failure is not tried, and says itself what is wrong.
select haul.give_up(:d, 'local.denied', 'permission denied', 'mend it'), tow.cancel(pg_temp.job(:d)) \g /dev/null
select is(pg_temp.tries(:d), 'failed f', 'at the end');
select alike(pg_temp.needed(), '1 failed, the last one % (never.iso): permission denied', 'it needs somebody');
select haul.disable_client('web') \g /dev/null
select is((select concat_ws(', ', error, trouble, hint) from haul.downloads where id = :d), 'permission denied, permission denied, mend it', 'also where its client is disabled');
select haul.forget(:d) \g /dev/null
select is((select string_agg(s.detail, ' | ') from haul.status() s where s.component = 'downloads'), null, 'what is in no list is not counted');

-- Many that are well cost nothing, however often a page asks: jobs are looked at of those alone that fail.
select haul.enable_client('web') \g /dev/null
select haul.grab('https://x/many-' || i || '.iso', client => 'web') from generate_series(1, 500) i \g /dev/null
select haul.grab('https://x/bad.iso') as d \gset
select tow.reprioritise(pg_temp.job(:d), 1) \g /dev/null
select pg_temp.fails(:w, :d, 'nobody answers') from generate_series(1, 3) \g /dev/null
set local track_functions = 'all';
create function pg_temp.asked() returns bigint language sql as $$
	select coalesce(sum(f.calls), 0)::bigint from pg_stat_xact_user_functions f where f.schemaname = 'tow_store' and f.funcname in ('tried', 'place_of') $$;
create function pg_temp.read_whole() returns bigint language sql as $$
	select coalesce(sum(t.seq_tup_read), 0)::bigint from pg_stat_xact_user_tables t where t.schemaname = 'tow_store' and t.relname ~ '^(job|history)' $$;
select pg_temp.asked() as asked, pg_temp.read_whole() as had_read \gset
select is((select string_agg(l.id::text, ' ') from haul.list_downloads(failing => true) l), :'d', 'the one that fails is found among many');
select is(pg_temp.needed(), '1 fails again and again, one of them ' || :d || ' (bad.iso): ' || pg_temp.trouble(:d), 'and told of');
select cmp_ok(pg_temp.asked() - :asked, '<', 20::bigint, 'without a look at every other');
select is(pg_temp.read_whole(), :had_read::bigint, 'or at all jobs');
select count(*) from haul.downloads where trouble is not null \g /dev/null
select is(pg_temp.read_whole(), :had_read::bigint, 'also where each is looked at');

-- What a row says is put together for those that are shown, and for no other.
create function pg_temp.looked() returns bigint language sql as $$
	select coalesce(sum(f.calls), 0)::bigint from pg_stat_xact_user_functions f where f.schemaname = 'haul_store' and f.funcname = 'trying' $$;
select pg_temp.looked() as looked \gset
select is((select string_agg(f.id::text, ' ') from haul.find_downloads(title => 'bad', state => 'approved', client => 'web', max_rows => 2) f), :'d', 'one is found by what it is called');
select is((select count(*) from haul.find_downloads(library => 'nowhere') f), 0::bigint, 'none in a library that there is not');
select is((select array_agg(f.id) from haul.find_downloads(max_rows => 2) f), array[:d, :d - 1]::bigint[], 'the latest first');
select is((select string_agg(l.id::text, ' ') from haul.list_downloads(failing => true) l), :'d', 'and one that fails');
select is((select t.tries from haul_store.tried_downloads(3) t), 3, 'which says how often');
select is(pg_temp.looked() - :looked, 4::bigint, 'without a look at others');

-- What a job said is hidden from those who do not see what it was given.
set local role tow_viewer;
select alike((select trouble from haul.downloads where id = :d), '(hidden); tried 3 of 12 times%', 'not what its job said, but how often');
reset role;

-- Nor is it told when that was the last try; what was wrong with others stays.
select haul.give_up(:d, 'http.403', 'GET https://x/bad.iso?key=hunter2: 403 forbidden for ada', null) \g /dev/null
select haul.add_client('c', 'transmission', 'http://127.0.0.1:1'), haul.grab('magnet:?xt=urn:btih:4124bc0a9335c27f086f24ba207a491200000000&dn=m') as m, haul.grab('https://x/y.torrent', client => 'c') as y \gset
select haul.give_up(:m, 'local.space', 'the disk is full', null), haul.give_up(:y, 'http.403', 'GET https://x/y.torrent?key=hunter2: 403', null) \g /dev/null
create function pg_temp.says() returns text language sql as $$
	select string_agg(concat_ws(' | ', d.error, d.trouble, l.error, l.trouble, (select e.detail from haul.find_events(d.id) e order by e.n desc limit 1), (select e.detail from haul.list_events(d.id) e limit 1)), e'\n' order by d.id)
	from haul.downloads d join haul.list_downloads(array['failed']) l on l.id = d.id $$;
grant execute on function pg_temp.says(), pg_temp.needed() to tow_viewer;
select format('grant usage on schema %s to tow_viewer', pg_my_temp_schema()::regnamespace) \gexec
select unalike(pg_temp.says(), '%hidden%', 'who set it up reads what the server said');
select alike(pg_temp.says(), '%hunter2%the disk is full%hunter2%', 'all of it');
set local role tow_viewer;
select is(pg_temp.says(), concat_ws(e'\n', rtrim(repeat('(hidden) | ', 6), '| '), rtrim(repeat('the disk is full | ', 6), '| '), rtrim(repeat('(hidden) | ', 6), '| ')), 'who may not see what jobs say reads neither what a server said nor addresses');
select unalike((select string_agg(s::text, ' ') from haul.status() s), '%hunter2%', 'nor in the status');
reset role;
select tow.set('viewer_sees_args', 'on') \g /dev/null
set local role tow_viewer;
select alike(pg_temp.says(), '%hunter2%the disk is full%hunter2%', 'unless that is allowed');
reset role;

select * from finish();
rollback;
