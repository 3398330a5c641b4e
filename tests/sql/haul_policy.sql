-- Between "given to its client" and "removed from it": steps against what stands still, by the observed clock, and in words; whose turn it
-- is; clients that are gone and back; what is placed leaves when its goal is met.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';

create function pg_temp.t(p_key text, p_state text, p_more jsonb default '{}') returns jsonb language sql as $$
	select jsonb_build_object('key', p_key, 'name', 'name ' || p_key, 'state', p_state, 'percent', case when p_state in ('seeding', 'done') then 100 else 50 end, 'size', 1000,
		'left', case when p_state in ('seeding', 'done') then 0 else 500 end, 'complete', p_state in ('seeding', 'done'), 'folder', '/dl', 'category', 'tow') || p_more $$;
create function pg_temp.sees(p_free bigint, variadic p_of jsonb[] default '{}') returns bigint language sql as $$
	select haul.observe(c.id, c.revision, jsonb_build_object('whole', true, 'free', p_free, 'transfers', to_jsonb(p_of)), 7) from haul_store.client c where c.name = 'c' $$;
-- So long, a listing every five minutes and one at its end, always the same.
create function pg_temp.lasts(p_for interval, variadic p_of jsonb[]) returns void language plpgsql as $$
declare
	v_end constant timestamptz := tow.now() + p_for;
begin
	while tow.now() < v_end loop
		perform pg_temp.later(least(interval '5 min', v_end - tow.now())), pg_temp.sees(null, variadic p_of);
	end loop;
end $$;
create function pg_temp.trouble(p_id bigint) returns text language sql as $$ select concat_ws(': ', state, trouble) from haul.downloads where id = p_id $$;
create function pg_temp.steps(p_id bigint) returns text language sql as $$
	select string_agg(what, ' ' order by n) from haul.events where download = p_id and what not in ('queued', 'approved', 'downloading', 'adopted') $$;
create function pg_temp.acts(p_id bigint) returns text language sql as $$
	select string_agg(j.args ->> 'act', ' ' order by j.id) from tow.jobs j where j.kind = 'haul.act' and (j.args ->> 'download')::bigint = p_id $$;
-- Given to client c, which has it under that name.
create function pg_temp.given(p_key text, p_library text default null, p_profile text default null) returns bigint language plpgsql as $$
declare
	v_id constant bigint := haul.grab('magnet:?xt=urn:btih:' || md5(p_key::text) || '00000000', library => p_library, profile => p_profile);
begin
	perform haul.grabbed(v_id, p_key), tow.cancel(j.id) from tow.jobs j where j.kind = 'haul.grab' and (j.args ->> 'download')::bigint = v_id;
	return v_id;
end $$;

-- Settings.
select is((select concat_ws('; ', stalled, metadata, error, local, missing_files, missing, retries) from haul.profiles where name = 'default'),
	'reannounce after 30 min, recheck after 2 h, fail after 6 h; reannounce after 10 min, fail after 1 h; resume after 1 min, fail after 30 min; fail after 0 s; fail after 0 s; fail after 0 s; 2', 'there is a default');
select haul.add_profile('quick', stalled => '[{"after": "10 min", "do": "retry"}]', error => '[{"after": "0", "do": "swap"}]', missing => '[{"after": "0", "do": "retry"}]', retries => 1) \g /dev/null
select pg_temp.refused($$ select haul.add_profile('quick') $$, 'TW409', 'set_profile', 'twice');
select pg_temp.refused($$ select haul.add_profile('a b') $$, 'TW422', 'letters', 'a bad name');
select pg_temp.refused(format('select haul.set_profile(%L, stalled => %L)', 'quick', s), 'TW422', 'after', 'steps ' || s)
from (values ('{}'), ('[1]'), ('[{"after": "soon", "do": "fail"}]'), ('[{"after": "1 h"}]'), ('[{"after": "6", "do": "fail"}]'), ('[{"after": "1 h", "do": "dance"}]'), ('[{"after": "1 h", "do": "fail"}, {"after": "1 min", "do": "fail"}]')) v(s);
select pg_temp.refused($$ select haul.set_profile('nobody', retries => 1) $$, 'TW404', 'haul.profiles', 'of nobody');
select pg_temp.refused($$ select haul.set_profile('quick', retries => 101) $$, 'TW422', '100', 'too many retries');
select pg_temp.refused($$ select haul.drop_profile('default') $$, 'TW409', 'set_profile', 'the default stays');
select is((select concat_ws('; ', stalled, error) from haul.profiles where name = 'quick'), 'retry after 10 min; swap after 0 s', 'what is refused changes nothing');

select haul.add_client('c', 'transmission', 'http://127.0.0.1:1', category => 'tow') as c \gset
select haul.add_library('main', '/media/main') \g /dev/null
select haul.add_library('quick', '/media/quick') \g /dev/null
select haul.set_library('quick', profile => 'quick') \g /dev/null
select is((select string_agg(concat_ws(' ', name, profile), ', ' order by name) from haul.libraries), 'main default, quick quick', 'libraries name theirs');

-- Standing still: step by step, each once.
select pg_temp.given('a') as a \gset
select pg_temp.sees(null, pg_temp.t('a', 'stalled')) \g /dev/null
select pg_temp.lasts('25 min', pg_temp.t('a', 'stalled')) \g /dev/null
select is(pg_temp.trouble(:a), 'downloading: stalled for 25 min (observed), fails in 5 h 35 min', 'said before anything is done');
select is((select count(*) from haul_store.spell), 0::bigint, 'nor written');
select pg_temp.lasts('10 min', pg_temp.t('a', 'stalled')) \g /dev/null
select is(pg_temp.trouble(:a), 'downloading: stalled for 35 min (observed), re-announced once, fails in 5 h 25 min', 'the first step');
select is(pg_temp.acts(:a), 'reannounce', 'is a job');
select pg_temp.lasts('1 h 20 min', pg_temp.t('a', 'stalled')) \g /dev/null
select is(pg_temp.steps(:a), 'reannounce', 'and taken once');
select is((select detail from haul.events where what = 'reannounce'), 'stalled for 30 min (observed)', 'with its reason');

-- Nobody looks: no time goes by.
select haul.unreachable(:c, 1, 'http.connect', 'connection refused', null) \g /dev/null
select is(pg_temp.trouble(:a), 'downloading: client c is down since 2030-01-01 01:55:00+00: connection refused; the download is left as it is', 'a client that is down');
select pg_temp.later('1 day'), pg_temp.sees(null, pg_temp.t('a', 'stalled')) \g /dev/null
select is(pg_temp.trouble(:a), 'downloading: stalled for 1 h 55 min (observed), re-announced once, fails in 4 h 5 min', 'a day without it is no time');
select pg_temp.later('1 day'), pg_temp.sees(null, pg_temp.t('a', 'stalled')) \g /dev/null
select is(pg_temp.steps(:a), 'reannounce', 'nor one in which nobody looked');

-- What we have done to it is no progress; bytes are.
select pg_temp.lasts('5 min', pg_temp.t('a', 'stalled')) \g /dev/null
select is(pg_temp.acts(:a), 'reannounce recheck', 'the second step');
select pg_temp.lasts('10 min', pg_temp.t('a', 'checking', '{"percent": 10, "left": 900}')), pg_temp.lasts('10 min', pg_temp.t('a', 'checking', '{"percent": 40, "left": 600}')) \g /dev/null
select pg_temp.lasts('5 min', pg_temp.t('a', 'stalled')) \g /dev/null
select is(pg_temp.trouble(:a), 'downloading: stalled for 2 h 25 min (observed), re-announced once, rechecked once, fails in 3 h 35 min', 'a check that finds what was there is not progress');
select pg_temp.lasts('1 min', pg_temp.t('a', 'downloading', '{"left": 499}')) \g /dev/null
select is(pg_temp.trouble(:a), 'downloading', 'a byte is');
select is((select count(*) from haul_store.spell), 0::bigint, 'and ends it');
select pg_temp.lasts('35 min', pg_temp.t('a', 'stalled', '{"left": 499}')) \g /dev/null
select is(pg_temp.steps(:a), 'reannounce recheck reannounce', 'then it begins anew');
select pg_temp.lasts('5 h 30 min', pg_temp.t('a', 'stalled', '{"left": 499}')) \g /dev/null
select is(pg_temp.trouble(:a), 'failed: stalled for 6 h (observed)', 'the last step');
select is((select class from haul.downloads where id = :a), 'transfer.stalled', 'of its class');
select pg_temp.lasts('10 min', pg_temp.t('a', 'stalled', '{"left": 499}')) \g /dev/null
select is(pg_temp.trouble(:a), 'failed: stalled for 6 h (observed)', 'it stays so');
select pg_temp.lasts('10 min', pg_temp.t('a', 'downloading', '{"left": 400}')) \g /dev/null
select is(pg_temp.trouble(:a), 'downloading: stalled for 5 min (observed), fails in 5 h 55 min', 'until bytes come');
select pg_temp.lasts('6 h', pg_temp.t('a', 'stalled', '{"left": 400}')) \g /dev/null
select is(haul.retry(:a), 'downloading', 'a person waits for it once more');
select pg_temp.lasts('10 min', pg_temp.t('a', 'stalled', '{"left": 400}')) \g /dev/null
select is(pg_temp.trouble(:a), 'downloading: stalled for 10 min (observed), fails in 5 h 50 min', 'from the start');
select haul.cancel(:a) \g /dev/null

-- A magnet, and errors.
select pg_temp.given('m') as m \gset
select pg_temp.sees(null, pg_temp.t('m', 'metadata', '{"left": -1, "size": -1}')), pg_temp.lasts('10 min', pg_temp.t('m', 'metadata', '{"left": -1, "size": -1}')) \g /dev/null
select is(pg_temp.trouble(:m), 'downloading: looking for metadata for 10 min, re-announced once, fails in 50 min', 'a magnet');
select pg_temp.lasts('5 min', pg_temp.t('m', 'stalled')) \g /dev/null
select is(pg_temp.trouble(:m), 'downloading', 'that has found it');
select pg_temp.sees(null, pg_temp.t('m', 'error', '{"error": "unregistered", "tracker": "gone"}')) \g /dev/null
select is(pg_temp.trouble(:m), 'downloading: unregistered, fails in 30 min', 'an error');
select is((select tracker from haul.downloads where id = :m), 'gone', 'and what the tracker says');
select pg_temp.lasts('5 min', pg_temp.t('m', 'error', '{"error": "unregistered"}')), pg_temp.lasts('1 min', pg_temp.t('m', 'stalled')),
	pg_temp.lasts('25 min', pg_temp.t('m', 'error', '{"error": "unregistered"}')) \g /dev/null
select is(pg_temp.steps(:m), 'reannounce resume failed', 'that is back after it was resumed, with no byte more, is the same');
select is(pg_temp.trouble(:m), 'failed: unregistered', 'it failed');
select pg_temp.sees(null, pg_temp.t('m', 'downloading')) \g /dev/null
select is(pg_temp.trouble(:m), 'downloading', 'and goes on when the client does');
select pg_temp.sees(null, pg_temp.t('m', 'missing files', '{"error": "lost", "local": true}')) \g /dev/null
select is((select concat_ws(' ', state, class, error) from haul.downloads where id = :m), 'failed transfer.missing_files lost', 'missing files are said at once');
select haul.cancel(:m) \g /dev/null

-- Given anew, so often.
select pg_temp.given('r', p_profile => 'quick') as r \gset
select pg_temp.sees(null, pg_temp.t('r', 'stalled')), pg_temp.lasts('10 min', pg_temp.t('r', 'stalled')) \g /dev/null
select is(pg_temp.trouble(:r), 'approved', 'removed');
select is((select string_agg(concat_ws(' ', j.kind, j.args ->> 'act', (select 'waits for one' from tow.why(j.id) w where w.reason = 'predecessors')), ', ' order by j.id) from tow.jobs j where (j.args ->> 'download')::bigint = :r and j.state <> 'cancelled'),
	'haul.act remove, haul.grab waits for one', 'and given when that is done');
select pg_temp.sees(null, pg_temp.t('r', 'stalled')) \g /dev/null
select is(pg_temp.trouble(:r), 'approved', 'what a late listing says of it counts no more');
select haul.acted(:r, 'remove'), haul.grabbed(:r, 'r') \g /dev/null
select pg_temp.sees(null, pg_temp.t('r', 'stalled')) \g /dev/null
select is((select concat_ws(' ', state, transfer) from haul.downloads where id = :r), 'downloading stalled', 'given anew');
select is(pg_temp.trouble(:r), 'downloading', 'its time counts from there');
select pg_temp.lasts('10 min', pg_temp.t('r', 'stalled')) \g /dev/null
select is((select concat_ws(' ', state, class, error) from haul.downloads where id = :r), 'failed retries.transfer.stalled stalled for 10 min (observed); all retries are used up', 'so often, and no more');
select pg_temp.lasts('5 min', pg_temp.t('r', 'downloading', '{"left": 1}')) \g /dev/null
select is((select state from haul.downloads where id = :r), 'failed', 'for good');
select is(haul.retry(:r), 'downloading', 'but for a person');
select count(pg_temp.sees(null)) from generate_series(1, 3) \g /dev/null
select is((select concat_ws(' ', state, (select times from haul_store.retried where download = :r)) from haul.downloads where id = :r), 'approved 1', 'who starts the count anew; what is not found is given again');
select haul.cancel(:r) \g /dev/null

-- A stage that may work by now, so often.
select pg_temp.given('i') as i \gset
select pg_temp.sees(null, pg_temp.t('i', 'seeding')), (select count(*) from haul.begin_import(:i)), haul.give_up(:i, 'local.denied', 'no permission', 'mend it') \g /dev/null
select pg_temp.lasts('9 min', pg_temp.t('i', 'seeding')) \g /dev/null
select is(pg_temp.trouble(:i), 'failed: no permission', 'our own disk');
select pg_temp.lasts('5 min', pg_temp.t('i', 'seeding')) \g /dev/null
select is((select state from haul.downloads where id = :i), 'downloaded', 'is tried again by itself');
select (select count(*) from haul.begin_import(:i)), haul.give_up(:i, 'local.denied', 'no permission', 'mend it'), pg_temp.lasts('15 min', pg_temp.t('i', 'seeding')) \g /dev/null
select (select count(*) from haul.begin_import(:i)), haul.give_up(:i, 'local.denied', 'no permission', 'mend it'), pg_temp.lasts('30 min', pg_temp.t('i', 'seeding')) \g /dev/null
select is((select concat_ws(' ', state, class, hint) from haul.downloads where id = :i), 'failed retries.local.denied mend it; it is not tried again by itself: tow haul retry ' || :i, 'twice, and then for good');
select is(haul.retry(:i), 'downloaded', 'but for a person');
select is((select count(*) from haul_store.retried where download = :i), 0::bigint, 'who starts the count anew');
select is((select haul_store.is_mendable(jsonb_populate_record(d, '{"state": "failed", "back": "downloaded", "class": "http.url"}')) from haul_store.download d where d.id = :i), true, 'a client''s address may be corrected');
select haul.give_up(:i, 'place.taken', 'taken', null), pg_temp.lasts('15 min', pg_temp.t('i', 'seeding')) \g /dev/null
select is(pg_temp.trouble(:i), 'failed: taken', 'what will not heal is not tried again');
select haul.cancel(:i) \g /dev/null

-- Room for another release.
select pg_temp.given('s', 'quick') as s \gset
select pg_temp.sees(null, pg_temp.t('s', 'error', '{"error": "damaged"}')) \g /dev/null
select is((select concat_ws(' ', state, class, error) from haul.downloads where id = :s), 'failed release.error damaged', 'the release is to blame');
select pg_temp.sees(null, pg_temp.t('s', 'downloading')) \g /dev/null
select is((select state from haul.downloads where id = :s), 'failed', 'and not taken up again');

-- Whose turn it is.
select haul.add_profile('few', min_free => 1000000, max_active => 1) \g /dev/null
select haul.grab('magnet:?xt=urn:btih:83f1535f99ab0bf4e9d02dfd85d3e3f700000000&dn=t1', profile => 'few', priority => 50) as t1, haul.grab('magnet:?xt=urn:btih:0f826a89cf68c399c5f4cf320c1a584200000000&dn=t2', profile => 'few') as t2, haul.grab('magnet:?xt=urn:btih:0b8854ad38f0a6c65807928d2819560900000000&dn=t3', profile => 'few', priority => 10) as t3 \gset
create function pg_temp.grabs() returns text language sql as $$
	select string_agg((select substring(d.link from '..$') from haul_store.download d where d.id = (j.args ->> 'download')::bigint), ' ' order by j.id) from tow.jobs j where j.kind = 'haul.grab' and j.state = 'waiting' $$;
select tow.cancel(j.id) from tow.jobs j where j.kind = 'haul.grab' and (j.args ->> 'download')::bigint < :t1 and j.state <> 'cancelled' \g /dev/null
select pg_temp.sees(10) \g /dev/null
select is(pg_temp.trouble(:t1), 'approved: waits for room: client c has 10 bytes free, and 977 kB are to stay', 'no room');
select is(pg_temp.grabs(), null, 'nobody is given');
select pg_temp.sees(2000000) \g /dev/null
select is(pg_temp.grabs(), 't3', 'the most urgent first');
select is(pg_temp.trouble(:t1), 'approved: waits its turn: client c may be at 1 at once', 'one at once');
select haul.grabbed(:t3, 't3'), pg_temp.sees(2000000, pg_temp.t('t3', 'downloading')), pg_temp.sees(2000000, pg_temp.t('t3', 'seeding')) \g /dev/null
select pg_temp.sees(2000000, pg_temp.t('t3', 'seeding')) \g /dev/null
select is(pg_temp.grabs(), 't3 t1', 'then the next');
select haul.cancel(x) from unnest(array[:t1, :t2, :t3]::bigint[]) x \g /dev/null

-- Its client is dropped, and back.
select pg_temp.given('b') as b \gset
select pg_temp.sees(null, pg_temp.t('b', 'stalled')), pg_temp.lasts('40 min', pg_temp.t('b', 'stalled')) \g /dev/null
select haul.drop_client('c', force => true) \g /dev/null
select is(pg_temp.trouble(:b), 'downloading: client c is not configured any more; it goes on when one of that name is', 'no client');
select haul.add_client('c', 'nzbget', 'http://127.0.0.1:1') \g /dev/null
select is(pg_temp.trouble(:b), 'downloading: client c is not configured any more; it goes on when one of that name is', 'one that takes no torrents is not it');
select haul.drop_client('c', force => true), haul.add_client('c', 'deluge', 'http://127.0.0.1:1', category => 'tow', adopt => true) \g /dev/null
select pg_temp.sees(null, pg_temp.t('b', 'stalled')) \g /dev/null
select is((select concat_ws(' ', state, client, transfer, trouble) from haul.downloads where id = :b), 'downloading c stalled', 'back, and known by what it called it');
select is((select count(*) from haul.downloads where adopted), 0::bigint, 'not adopted besides');
select pg_temp.lasts('35 min', pg_temp.t('b', 'stalled')) \g /dev/null
select is(pg_temp.steps(:b), 'reannounce relinked reannounce', 'its time counts by the new one''s clock');
select haul.cancel(:b), haul.set_client('c', adopt => false) \g /dev/null

-- Goals.
create function pg_temp.goal(p_host text, p_library text) returns text language sql as $$
	select concat_ws(' ', g.tracker, g.ratio, g.seed_time, g.need) from haul_store.goal_of(p_host, (select l.id from haul_store.library l where l.name = p_library)) g $$;
select haul.set_goal(ratio => 1), haul.set_goal(library => 'quick', ratio => 2), haul.set_goal('example.org', ratio => 3, seed_time => '1 day', need => 'both'), haul.set_goal('t.Example.org', 'quick', ratio => 4) \g /dev/null
select is(pg_temp.goal(h, l), g, format('goal of %s in %s', h, l)) from (values (null, 'main', '1 either'), ('x.net', 'quick', '2 either'), ('example.org', 'quick', 'example.org 3 1 day both'), ('t.example.org', 'main', 'example.org 3 1 day both'),
	('a.t.example.org', 'quick', 't.example.org 4 either'), ('notexample.org', 'main', '1 either')) v(h, l, g);
select haul.set_goal('t.example.org', 'quick', ratio => 5) \g /dev/null
select is(pg_temp.goal('t.example.org', 'quick'), 't.example.org 5 either', 'set again');
select haul.drop_goal('t.example.org', 'quick') \g /dev/null
select is((select count(*) from haul.goals), 3::bigint, 'dropped');
select pg_temp.refused($$ select haul.drop_goal('t.example.org', 'quick') $$, 'TW404', 'haul.goals', 'once');
select pg_temp.refused($$ select haul.set_goal('http://x/announce', ratio => 1) $$, 'TW422', 'host', 'a host, not an address');
select pg_temp.refused($$ select haul.set_goal('x') $$, 'TW422', 'ratio', 'a goal that is none');

-- What is placed leaves.
select haul.set_library('main', done_remove => 'data') \g /dev/null
-- A download whose one file is so, in a client that says so of it: what the client is told.
create function pg_temp.placed(p_key text, p_library text default 'main') returns bigint language plpgsql as $$
declare
	v_id constant bigint := pg_temp.given(p_key, p_library);
begin
	perform pg_temp.sees(null, pg_temp.t(p_key, 'seeding')), (select count(*) from haul.begin_import(v_id)), (select count(*) from haul.plan(v_id, '/dl', '[{"path": "x", "size": 1}]'));
	perform haul.placed(f.id, 'x', 'link', null, 1, 1, 2, null) from haul_store.file f where f.download = v_id;
	perform haul.imported(v_id);
	return v_id;
end $$;
create function pg_temp.tells(p_id bigint) returns text language sql as $$ select string_agg(a, ' ') from regexp_split_to_table(pg_temp.acts(p_id), ' ') a where a <> 'done' $$;
select pg_temp.placed('p') as p \gset
select pg_temp.sees(null, pg_temp.t('p', 'seeding', '{"ratio": 0.9, "tracker_host": "x.net"}')) \g /dev/null
select is(pg_temp.tells(:p), null, 'not before its goal');
select pg_temp.later('11 minutes'), pg_temp.sees(null, pg_temp.t('p', 'seeding', '{"ratio": 1, "tracker_host": "x.net"}')) \g /dev/null
select is(pg_temp.tells(:p), 'remove_data', 'at its goal, though nothing else has changed');
select is((select tracker_host from haul.downloads where id = :p), 'x.net', 'its tracker is known');
select pg_temp.sees(null, pg_temp.t('p', 'seeding', '{"ratio": 2}')), pg_temp.later('2 minutes'), pg_temp.sees(null, pg_temp.t('p', 'seeding', '{"ratio": 2.5}')) \g /dev/null
select is(pg_temp.tells(:p), 'remove_data', 'once');
select pg_temp.later('1 h'), pg_temp.sees(null, pg_temp.t('p', 'seeding', '{"ratio": 2.5}')) \g /dev/null
select is(pg_temp.tells(:p), 'remove_data remove_data', 'again where it did not come to it for an hour');
select haul.acted(:p, 'remove_data') \g /dev/null
select is((select concat_ws(' ', state, transfer, trouble) from haul.downloads where id = :p), 'completed removed', 'gone');
select count(pg_temp.sees(null)) from generate_series(1, 4) \g /dev/null
select is((select concat_ws(' ', state, transfer, error) from haul.downloads where id = :p), 'completed removed', 'and never missing');
select is((select string_agg(what, ' ' order by n) from haul.events where download = :p and n > (select max(n) from haul.events where download = :p and what = 'completed')), 'seeded removed', 'written down');
select pg_temp.placed('q') as q \gset
select pg_temp.sees(null, pg_temp.t('q', 'seeding', '{"ratio": 3, "seeding": 3600, "tracker_host": "a.example.org"}')) \g /dev/null
select is(pg_temp.tells(:q), null, 'both are needed');
select pg_temp.later('1 day'), pg_temp.sees(null, pg_temp.t('q', 'seeding', '{"ratio": 3, "seeding": 90000, "tracker_host": "a.example.org"}')) \g /dev/null
select is(pg_temp.tells(:q), 'remove_data', 'and met');
select haul.acted(:q, 'remove_data', 'it never deletes what it has downloaded'), pg_temp.later('2 h'), pg_temp.sees(null, pg_temp.t('q', 'seeding', '{"ratio": 9, "seeding": 999999}')) \g /dev/null
select is(pg_temp.tells(:q), 'remove_data', 'one that cannot is not told again');
select is((select detail from haul.events where download = :q and what = 'refused'), 'client c: remove_data: it never deletes what it has downloaded', 'and that is written down');
select pg_temp.placed('u') as u, pg_temp.placed('v') as v, pg_temp.placed('w') as w, pg_temp.placed('y', 'quick') as y \gset
update haul_store.file f set state = 'undone' where f.download = :u;
update haul_store.file f set mode = 'symlink' where f.download = :v;
insert into haul_store.file (download, source, size, state) values (:w, 'z', 1, 'planned');
select pg_temp.later('11 minutes'), pg_temp.sees(null, pg_temp.t('u', 'seeding', '{"ratio": 9}'), pg_temp.t('v', 'seeding', '{"ratio": 9}'), pg_temp.t('w', 'seeding', '{"ratio": 9}'), pg_temp.t('y', 'seeding', '{"ratio": 9}')) \g /dev/null
select is(pg_temp.tells(:u), null, 'never when a file was taken back');
select is(pg_temp.tells(:v), 'remove', 'nor the data that the library links to');
select is(pg_temp.tells(:w), null, 'nor when a file is not in place');
select is(pg_temp.tells(:y), null, 'nor where the library does not ask for it');
select haul.drop_goal(), haul.drop_goal(library => 'quick'), haul.set_library('quick', done_remove => 'transfer') \g /dev/null
select pg_temp.sees(null, pg_temp.t('y', 'seeding', '{"ratio": 9}')) \g /dev/null
select is(pg_temp.tells(:y), null, 'without a goal the client says when');
select pg_temp.sees(null, pg_temp.t('y', 'done', '{"ratio": 9}')) \g /dev/null
select is(pg_temp.tells(:y), 'remove', 'and it has');

-- A viewer sees all of it.
set local role tow_viewer;
select lives_ok('select * from haul.downloads, haul.transfers, haul.profiles, haul.goals', 'views are for viewers');
reset role;
select * from finish();
rollback;
