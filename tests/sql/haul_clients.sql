-- Download clients: settings, what a monitor is told, what its listings become, and what is believed.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';

create function pg_temp.t(p_key text, p_state text, p_percent real, p_more jsonb default '{}') returns jsonb language sql as $$
	select jsonb_build_object('key', p_key, 'name', 'name ' || p_key, 'state', p_state, 'percent', p_percent, 'size', 1000, 'left', (1000 - p_percent * 10)::int,
		'complete', p_state in ('seeding', 'done'), 'folder', '/downloads') || p_more $$;
create function pg_temp.sees(p_whole boolean, variadic p_of jsonb[] default '{}') returns bigint language sql as $$
	select haul.observe(c.id, c.revision, jsonb_build_object('whole', p_whole, 'version', '1.0', 'free', 5, 'transfers', to_jsonb(array_remove(p_of, null))), 7)
	from haul_store.client c where c.name = 'c' $$;
create function pg_temp.fails(p_class text) returns bigint language sql as $$
	select haul.unreachable(c.id, c.revision, p_class, 'it says no', 'do this') from haul_store.client c where c.name = 'c' $$;
create function pg_temp.client() returns text language sql as $$ select concat_ws(' ', state, transfers, error) from haul.clients where name = 'c' $$;
create function pg_temp.written() returns int language sql as $$ select written from haul_store.health $$;

select haul.drop_client('web') \g /dev/null

-- Settings.
select haul.add_client('c', 'qbittorrent', 'http://127.0.0.1:8080/', 'admin', 'secret:qb', category => 'tow', paths => '{"/downloads": "/mnt/nas/downloads/", "/downloads/films": "/films", "D:\\Torrents": "/mnt/win"}') as c \gset
select is((select concat_ws(' ', driver, url, state, secret, paths) from haul.clients), 'qbittorrent http://127.0.0.1:8080 new secret:qb {"/downloads": "/mnt/nas/downloads/", "D:\\Torrents": "/mnt/win", "/downloads/films": "/films"}', 'a client');
select is((select concat_ws(' ', name, kind, queue, config) from tow.daemons where name = 'client-c'), 'client-c haul.monitor haul.watch {"client": "c"}', 'has a monitor');
select pg_temp.refused($$ select haul.add_client('c', 'qbittorrent', 'http://x') $$, 'TW409', 'set_client', 'twice');
select pg_temp.refused($$ select haul.add_client('a b', 'qbittorrent', 'http://x') $$, 'TW422', 'letters', 'a bad name');
select pg_temp.refused($$ select haul.add_client('d', 'qbittorrent', 'ftp://x') $$, 'TW422', 'HOST:PORT', 'a bad address');
select pg_temp.refused($$ select haul.add_client('d', 'qbittorrent', 'http://a:b@x') $$, 'TW422', 'settings of their own', 'a password in it');
select pg_temp.refused($$ select haul.add_client('d', 'qbittorrent', 'http://x', secret => 'hunter2') $$, 'TW422', 'tow secret set', 'a secret that is one');
select pg_temp.refused($$ select haul.add_client('d', 'qbittorrent', 'http://x', adopt => true) $$, 'TW422', 'which category', 'to adopt everything');
select pg_temp.refused($$ select haul.add_client('d', 'qbittorrent', 'http://x', cron => '61 * * * *') $$, 'TW422', '', 'a bad schedule');
select pg_temp.refused($$ select haul.set_client('c') $$, 'TW422', 'name what', 'nothing to set');
select pg_temp.refused($$ select haul.set_client('x', url => 'http://y') $$, 'TW404', '', 'of nobody');
select is(haul_store.local_path(:c, p), l, 'path of ' || p) from (values ('/downloads/a', '/mnt/nas/downloads/a'), ('/downloads', '/mnt/nas/downloads'), ('/downloads/films/x', '/films/x'),
	('/downloadsfoo/a', '/downloadsfoo/a'), ('d:\torrents\a\b', '/mnt/win/a/b'), ('/other/a', '/other/a')) v(p, l);

-- What a monitor is told.
select is((select concat_ws(' ', driver, url, user_name, secret, wait_ms) from haul.watch('c')), 'qbittorrent http://127.0.0.1:8080 admin secret:qb 0', 'at once');
select is(pg_temp.sees(true), 30000::bigint, 'nothing there: slow');
select is(pg_temp.client(), 'ok 0', 'and that is well');
select is((select wait_ms from haul.watch('c')), 30000::bigint, 'the next one');
select is(pg_temp.sees(true, pg_temp.t('a', 'downloading', 10), pg_temp.t('b', 'seeding', 100), pg_temp.t('d', 'queued', 0)), 2000::bigint, 'something moves: fast');
select is(pg_temp.written(), 3, 'three rows');
select is((select concat_ws(' ', name, state, percent, folder, complete) from haul.transfers where key = 'a'), 'name a downloading 10 /mnt/nas/downloads f', 'as the client says, with our path');
select pg_temp.later('2 s') \g /dev/null
select pg_temp.sees(true, pg_temp.t('a', 'downloading', 10.5), pg_temp.t('b', 'seeding', 100), pg_temp.t('d', 'queued', 0)) \g /dev/null
select is(pg_temp.written(), 0, 'half a percent writes nothing');
select pg_temp.later('2 s') \g /dev/null
select pg_temp.sees(true, pg_temp.t('a', 'downloading', 11.5, '{"down": 5}'), pg_temp.t('b', 'seeding', 100, '{"up": 7}'), pg_temp.t('d', 'queued', 0)) \g /dev/null
select is(pg_temp.written(), 1, 'one percent does, a speed alone does not');
select pg_temp.later('10 s') \g /dev/null
select pg_temp.sees(true, pg_temp.t('a', 'downloading', 11.5, '{"down": 6}'), pg_temp.t('b', 'seeding', 100, '{"up": 7}'), pg_temp.t('d', 'queued', 0)) \g /dev/null
select is((select string_agg(concat_ws(' ', key, down, up), ', ' order by key) from haul.transfers), 'a 6, b 7, d', 'but now and then');

-- Missing, and back.
select pg_temp.sees(true, pg_temp.t('a', 'downloading', 11.5)) \g /dev/null
select pg_temp.sees(false, pg_temp.t('a', 'downloading', 11.5)) \g /dev/null
select pg_temp.sees(true, pg_temp.t('a', 'downloading', 11.5)) \g /dev/null
select is((select string_agg(state, ' ' order by key) from haul.transfers), 'downloading seeding queued', 'twice not in a whole listing, once not in a part');
select pg_temp.sees(true, pg_temp.t('a', 'downloading', 11.5)) \g /dev/null
select is((select string_agg(state, ' ' order by key) from haul.transfers), 'downloading missing missing', 'three times');
select pg_temp.sees(true, pg_temp.t('a', 'downloading', 11.5), pg_temp.t('b', 'seeding', 100), pg_temp.t('d', 'queued', 0)) \g /dev/null
select is((select string_agg(state, ' ' order by key) from haul.transfers), 'downloading seeding queued', 'and back');

-- Nothing all at once is not believed.
select is(pg_temp.sees(true), 30000::bigint, 'it says that it holds nothing');
select is(pg_temp.client(), 'suspect 3 it says that it holds nothing; a moment ago that was 3', 'suspected');
select is((select count(*) from haul.transfers where state = 'missing'), 0::bigint, 'not believed');
select pg_temp.sees(true, pg_temp.t('a', 'downloading', 12), pg_temp.t('b', 'seeding', 100), pg_temp.t('d', 'queued', 0)) \g /dev/null
select is(pg_temp.client(), 'ok 3', 'it had not loaded them yet');
select count(pg_temp.sees(true)) from generate_series(1, 13) \g /dev/null
select is((select count(*) from haul.transfers where state = 'missing'), 3::bigint, 'ten times, and three whole listings: it is so');

-- One that says what cannot be does not cost the others, and what it says of a tracker holds no key.
select pg_temp.sees(true, pg_temp.t('a', 'downloading', 13, '{"seeders": 3000000000, "leechers": 9223372036854775807, "ratio": 1e42, "seeding": 9223372036854775807}'),
	pg_temp.t('b', 'seeding', 100, '{"percent": 1e300, "added_at": 100000000000000, "completed_at": 9223372036854775807}'), pg_temp.t(repeat(md5('k'), 100), 'queued', 0),
	pg_temp.t('d', 'queued', 0, jsonb_build_object('ids', jsonb_build_array((select string_agg(md5(i::text), '') from generate_series(1, 300) i)))),
	pg_temp.t('e', 'error', 0, '{"error": "no answer of https://t.example/a0123456789012345678901234567890/announce", "tracker": "udp://t.example/announce?passkey=hunter2"}')) \g /dev/null
select is((select string_agg(concat_ws(' ', key, state, percent), ', ' order by key) from haul.transfers), 'a downloading 13, b seeding 100, d queued 0, e error 0', 'what cannot be is cut, or left out');
select is((select concat_ws(' ', seeders, leechers) from haul_store.transfer where key = 'a'), '2147483647 2147483647', 'to the most there is');
select is((select concat_ws('; ', error, tracker) from haul_store.transfer where key = 'e'), 'no answer of https://t.example/.../announce; udp://t.example/announce?...', 'an address without its passkey');
select count(pg_temp.sees(true, pg_temp.t('x', 'queued', 0))) from generate_series(1, 3) \g /dev/null
select pg_temp.sees(true) \g /dev/null

-- Down, wrong, banned.
select pg_temp.fails('http.connect') as down \gset
select is(:down between 1500 and 4000, true, 'a client that is down: ' || :down);
select is(pg_temp.client(), 'down 0 it says no', 'with what was wrong');
select is((select max(pg_temp.fails('http.connect')) from generate_series(1, 12)) between 225000 and 300000, true, 'asked more and more seldom');
select is(pg_temp.fails('client.auth'), null, 'a wrong password is never asked again');
select is((select wait_ms from haul.watch('c')), null, 'by nobody');
select haul.set_client('c', user_name => 'root') \g /dev/null
select is((select wait_ms from haul.watch('c')), 0::bigint, 'until somebody changes it');
select is(pg_temp.fails('client.auth'), null, 'wrong again');
select haul.retry_client('c') \g /dev/null
select is((select wait_ms from haul.watch('c')), 0::bigint, 'or asks for it');
select is(pg_temp.fails('client.banned') between 2700000 and 3600000, true, 'banned: for an hour');

-- Disabled, dropped.
select haul.disable_client('c') \g /dev/null
select pg_temp.refused($$ select haul.watch('c') $$, 'TW404', 'disabled', 'nobody watches it');
select is((select state from tow.daemons where name = 'client-c'), 'disabled', 'not even a daemon');
select haul.enable_client('c') \g /dev/null
select is((select state from haul.clients), 'banned', 'enabled');
select haul.drop_client('c', force => true) \g /dev/null
select is((select count(*) from haul.clients) + (select count(*) from haul.transfers) + (select count(*) from tow.daemons where name = 'client-c'), 0::bigint, 'dropped, with all that was seen');
select * from finish();
rollback;
