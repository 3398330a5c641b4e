-- Downloads: their states, what a listing means for them, the plan of an import, and its end.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';

create function pg_temp.t(p_key text, p_state text, p_more jsonb default '{}') returns jsonb language sql as $$
	select jsonb_build_object('key', p_key, 'name', 'name ' || p_key, 'state', p_state, 'percent', case when p_state in ('seeding', 'done') then 100 else 50 end, 'size', 1000,
		'complete', p_state in ('seeding', 'done'), 'folder', '/dl', 'category', 'tow') || p_more $$;
create function pg_temp.sees(variadic p_of jsonb[]) returns bigint language sql as $$
	select haul.observe(c.id, c.revision, jsonb_build_object('whole', true, 'transfers', to_jsonb(p_of)), 7) from haul_store.client c where c.name = 'c' $$;
create function pg_temp.is_now(p_id bigint) returns text language sql as $$ select concat_ws(': ', state, error) from haul.downloads where id = p_id $$;
create function pg_temp.jobs() returns text language sql as $$
	select string_agg(concat_ws(' ', j.kind, j.args ->> 'act'), ', ' order by j.id) from tow.jobs j where j.kind in ('haul.grab', 'haul.import', 'haul.act', 'haul.scan') and j.state <> 'cancelled' $$;

select haul.drop_client('web') \g /dev/null
select haul.add_client('c', 'transmission', 'http://127.0.0.1:1', category => 'tow', adopt => true, paths => '{"/dl": "/srv/dl"}') as c \gset
select haul.add_client('n', 'nzbget', 'http://127.0.0.1:2') as n \gset
select haul.add_library('main', '/media/main/', '{title}{ (|year|)}/{name}.{ext}') \g /dev/null
select haul.add_library('music', '/media/music', categories => '{music}') \g /dev/null
select haul.add_target('m', 'mpd', 'mpd://127.0.0.1:3') \g /dev/null
select haul.announce('main', 'm', '') \g /dev/null

-- Grabbed.
select haul.grab('magnet:?xt=urn:btih:4124bc0a9335c27f086f24ba207a491200000000&dn=A+film', library => 'main', meta => '{"year": 1999}') as d \gset
select is((select concat_ws(' ', title, type, state, client, library, tag) from haul.downloads), format('A film torrent approved c main tow-%s', :d), 'by the client that can, with the name that the link gives');
select is(pg_temp.jobs(), 'haul.grab', 'a job gives it to the client');
select is((select concat_ws(' ', driver, link, own_tag) from haul.begin_grab(:d)), format('transmission magnet:?xt=urn:btih:4124bc0a9335c27f086f24ba207a491200000000&dn=A+film tow-%s', :d), 'which is told so');
select haul.grab('https://x/y.nzb?key=1') as z \gset
select is((select client || ' ' || title from haul.downloads where id = :z), 'n y', 'an nzb goes to another');
select pg_temp.refused($$ select haul.grab('https://x/file.iso') $$, 'TW409', 'tow client add', 'who takes a file?');
select pg_temp.refused($$ select haul.grab('nonsense') $$, 'TW422', 'type', 'what is that?');
select pg_temp.refused($$ select haul.grab('magnet:?xt=urn:btih:9dd4e461268c8034f5c8564e155c67a600000000', client => 'n') $$, 'TW409', 'another', 'a client that cannot');
select pg_temp.refused($$ select haul.grab('magnet:?xt=urn:btih:9dd4e461268c8034f5c8564e155c67a600000000', client => 'zz') $$, 'TW404', 'haul.clients', 'none of that name');
select pg_temp.refused($$ select haul.grab('magnet:?xt=urn:btih:9dd4e461268c8034f5c8564e155c67a600000000', library => 'zz') $$, 'TW404', 'haul.libraries', 'nor a library');
select pg_temp.refused($$ select haul.grab('magnet:?xt=urn:btih:9dd4e461268c8034f5c8564e155c67a600000000', options => '{"paused": 1}') $$, 'TW422', 'paused is a boolean', 'options are looked at');
select pg_temp.refused(format('select haul.grab(%L)', l), 'TW422', m, l) from (values ('magnet:?foo', 'btih'), ('magnet:?xt=urn:sha1:aa', 'btih'), ('magnet:?xt=urn:btih:zz.', '32 of base32'), ('magnet:?xt=urn:btmh:1220aa', '64 hex'), ('magnet:?dn=x&xt=urn:btih:', 'btih')) r(l, m);
select is(haul_store.title_of(l), t, l) from (values
	('magnet:?xt=urn:btih:4124bc0a9335c27f086f24ba207a491200000000&dn=B%C3%BCcher+%2B%20more', 'Bücher + more'), ('magnet:?dn=100%&xt=urn:btih:4124bc0a9335c27f086f24ba207a491200000000', '100%'), ('magnet:?dn=%zz%4', '%zz%4'),
	('magnet:?dn=%ff%fe', '%ff%fe'), ('magnet:?dn=a%0a%00%07b%C2%85c', 'abc'), ('magnet:?dn=%00', null), ('magnet:?dn=&x', null), ('magnet:?xt=urn:btih:4124bc0a9335c27f086f24ba207a491200000000', null),
	('https://me:pw@h/d/An%20album%2Etorrent?k=1', 'An album'), ('https://h/a+b%2fc', 'a+b/c'), ('https://h/folder/', 'folder')) r(l, t);
select pg_temp.refused($$ select haul.grab() $$, 'TW422', 'link', 'nothing');
select haul.grabbed(:d, null) \g /dev/null
select is(pg_temp.is_now(:d), 'downloading', 'the client has it');
select pg_temp.refused(format('select haul.begin_grab(%s)', :d), 'TW410', 'nothing', 'it is not given twice');
select pg_temp.sees(pg_temp.t('h', 'downloading', format('{"tags": ["tow-%s"], "category": "other"}', :d)::jsonb)) \g /dev/null
select is((select concat_ws(' ', state, percent, transfer) from haul.downloads where id = :d), 'downloading 50 downloading', 'found by its tag');
select is((select count(*) from haul.downloads), 2::bigint, 'and not adopted besides');

-- A job that is gone is made anew.
select haul.grab('magnet:?xt=urn:btih:21ad0bd836b90d08f4cf640b4c298e7c00000000') as e \gset
select tow.cancel(j.id) from tow.jobs j where j.kind = 'haul.grab' and j.args ->> 'download' = :'e' \g /dev/null
select pg_temp.later('2 minutes'), pg_temp.sees(pg_temp.t('h', 'downloading', format('{"tags": ["tow-%s"]}', :d)::jsonb)), pg_temp.sees(pg_temp.t('h', 'downloading')) \g /dev/null
select is((select count(*) from tow.jobs j where j.kind = 'haul.grab' and j.args ->> 'download' = :'e' and j.state <> 'cancelled'), 1::bigint, 'a job that is gone is made anew, once');
select haul.cancel(:e) \g /dev/null

-- Complete, planned, placed.
select pg_temp.sees(pg_temp.t('h', 'seeding', format('{"tags": ["tow-%s"]}', :d)::jsonb)) \g /dev/null
select is(pg_temp.is_now(:d), 'downloaded', 'all bytes are here');
select is(pg_temp.jobs(), 'haul.grab, haul.grab, haul.import', 'a job places them');
select pg_temp.sees(pg_temp.t('h', 'seeding', format('{"tags": ["tow-%s"]}', :d)::jsonb)) \g /dev/null
select is(pg_temp.jobs(), 'haul.grab, haul.grab, haul.import', 'once');
select is((select concat_ws(' ', key, root, modes, who) from haul.begin_import(:d)), format('h /media/main reflink,link,copy tow%s', :d), 'it is told how');
select is((select concat_ws(' ', m, '->', array_to_string(haul_store.modes_of(d, jsonb_populate_record(l, jsonb_build_object('modes', m)), jsonb_populate_record(t, s)), ','))
	from haul_store.download d, haul_store.library l, haul_store.transfer t where d.id = :d and t.download = d.id and l.id = d.library), r, 'how ' || coalesce(w, s ->> 'state') || ' may be placed')
from (values ('{move,copy}'::text[], '{"state": "seeding", "complete": true}'::jsonb, null, '{move,copy} -> copy'), ('{move}', '{"state": "stalled", "complete": true}', null, '{move} -> '),
	('{move,copy}', '{"state": "paused", "complete": true}', null, '{move,copy} -> move,copy'), ('{move}', '{"state": "done", "complete": true}', null, '{move} -> move'),
	('{move,link}', '{"state": "paused", "complete": false}', 'one that is not complete', '{move,link} -> link')) v(m, s, w, r);
select haul.set_library('main', modes => '{move}') \g /dev/null
select is((select modes from haul.begin_import(:d)), '', 'what seeds is not moved');
update haul_store.download set type = 'nzb' where id = :d;
select is((select modes from haul.begin_import(:d)), 'move', 'usenet gives nothing back');
update haul_store.download set type = 'torrent' where id = :d;
select haul.set_library('main', modes => '{reflink,link,copy}') \g /dev/null
select pg_temp.refused(format($$ select * from haul.plan(%s, '/dl', '[{"path": "a/x.mkv", "size": 9, "done": 8}]') $$, :d), 'TW409', 'wait', 'a file that is short');
select is((select string_agg(concat_ws(' ', f, r.root, r.known), ', ' order by f) from unnest('{/dl/a,/srv/dl/b,/srv/dl,/srv/dlx,/etc}'::text[]) f, haul.source_root(:d, f) r),
	'/dl/a /srv/dl/a t, /etc /etc f, /srv/dl /srv/dl t, /srv/dl/b /srv/dl/b t, /srv/dlx /srv/dlx f', 'a client that has a path map names folders of it');
select is((select string_agg(concat_ws(' ', source_root, source, '->', target), ', ' order by source) from haul.plan(:d, '/dl', '[
	{"path": "a/x.mkv", "size": 9, "done": 9, "wanted": true}, {"path": "a/x.en.srt", "size": 1}, {"path": "a/sample/x.sample.mkv", "size": 3},
	{"path": "a/run.EXE", "size": 3}, {"path": "a/y.mkv", "size": 3, "wanted": false}]')),
	'/srv/dl a/x.en.srt -> A film (1999)/x.en.srt, /srv/dl a/x.mkv -> A film (1999)/x.mkv', 'by the template, and only what belongs there');
select is((select string_agg(source || ': ' || why, ', ' order by source) from haul.files where state = 'skipped'),
	'a/run.EXE: a program, a/sample/x.sample.mkv: a sample, a/y.mkv: not chosen in the client', 'with the reason for what does not');
select pg_temp.refused(format('select haul.imported(%s)', :d), 'TW409', 'rest', 'it is not over yet');
select haul.placed(f.id, f.source, 'link', null, 9, 1, 2, null) from haul.files f where f.source = 'a/x.mkv' \g /dev/null
select is((select string_agg(source, ' ') from haul.plan(:d, '/dl', '[{"path": "a/x.mkv", "size": 9}, {"path": "a/x.en.srt", "size": 1}]')), 'a/x.en.srt', 'another attempt does the rest');
select haul.placed(f.id, 'A film (1999)/x.en.srt', 'copy', 'aa', 1, 1, 3, null) from haul.files f where f.source = 'a/x.en.srt' \g /dev/null
select is(haul.imported(:d), '{"files": 2, "title": "A film", "copied": 1, "linked": 1}', 'the end');
select is(pg_temp.is_now(:d), 'completed', 'it is here');
select is(pg_temp.jobs(), 'haul.grab, haul.grab, haul.import, haul.scan, haul.act done', 'the server and the client will be told');
select is((select string_agg(path, ', ' order by path) from haul_store.change), 'A film (1999)/, a/', 'of what changed');
update haul_store.target set driver = 'webhook' where name = 'm';
select is((select section from haul.begin_scan('m', 99)), 'main', 'a program that is told of one library is told which');
update haul_store.target set driver = 'mpd' where name = 'm';
select is((select concat_ws(' ', jsonb_array_length(paths), event, data -> 'downloads' -> 0 ->> 'title', section) from haul.begin_scan('m', 99)), '2 import A film', 'all at once, and of what');
select haul.scanned('m', 99, 'http.connect', 'refused', null) \g /dev/null
select is((select concat_ws(' ', state, pending, error) from haul.targets), 'failing 2 refused', 'a server that is down');
select haul.scanned('m', 99) \g /dev/null
select is((select concat_ws(' ', state, pending, error) from haul.targets), 'ok 0', 'and back');
select is((select string_agg(what, ' ' order by n) from haul.events where download = :d), 'queued approved downloading downloaded importing completed scanned scanned', 'all of it is written down');
select haul.acted(:d, 'done'), haul.acted(:d, 'done', null, 'tag synced') \g /dev/null
select is((select string_agg(detail, ', ' order by n) from haul.events where download = :d and what = 'told'), 'client c: tag synced', 'and what its client was told, if it was');

-- Adopted.
select pg_temp.sees(pg_temp.t('h', 'seeding'), pg_temp.t('i', 'downloading', '{"category": "tow/sub"}'), pg_temp.t('j', 'seeding', '{"tags": ["synced"]}'), pg_temp.t('k', 'downloading', '{"category": "towel"}')) \g /dev/null
select is((select string_agg(concat_ws(' ', title, state, library, adopted), ', ') from haul.downloads where adopted), 'name i downloading main t', 'what is in the category or below it, and not what is done');
select id as i from haul.downloads where title = 'name i' \gset
select pg_temp.sees(pg_temp.t('h', 'seeding'), pg_temp.t('i', 'error', '{"category": "tow/sub", "error": "disk full", "local": true}')) \g /dev/null
select is(pg_temp.is_now(:i), 'failed: disk full', 'an error of the client''s disk');
select pg_temp.sees(pg_temp.t('h', 'seeding'), pg_temp.t('i', 'downloading', '{"category": "tow/sub"}')) \g /dev/null
select is(pg_temp.is_now(:i), 'downloading', 'is over when it goes on');
select count(pg_temp.sees(pg_temp.t('h', 'seeding'))) from generate_series(1, 3) \g /dev/null
select is(pg_temp.is_now(:i), 'failed: not found in client', 'missing');
select pg_temp.sees(pg_temp.t('h', 'seeding'), pg_temp.t('i', 'seeding', '{"category": "tow/sub"}')) \g /dev/null
select is(pg_temp.is_now(:i), 'downloaded', 'and back');

-- Moves.
select pg_temp.refused(format('select haul.pause(%s)', :d), 'TW409', 'until all of it is here', 'what has ended cannot be paused');
select pg_temp.refused(format('select haul.cancel(%s)', d.id), 'TW409', format('tow haul forget %s, or POST /api/v1/downloads/%1$s/forget', d.id), 'what has ended is forgotten, not cancelled') from haul_store.download d where d.state = 'completed' order by d.id limit 1;
select pg_temp.refused('select haul.cancel(-1)', 'TW404', 'haul.downloads', 'nor what is not there be cancelled');
select haul.give_up(:i, 'place.taken', 'no room', 'move it') \g /dev/null
select is((select concat_ws(' ', state, class, error, hint) from haul.downloads where id = :i), 'failed place.taken no room move it', 'given up');
select is(haul.retry(:i), 'downloaded', 'tried again from where it was good');
select haul.cancel(:i, 'data') \g /dev/null
select is(pg_temp.is_now(:i), 'cancelled', 'given up by somebody');
select ok(pg_temp.jobs() like '%haul.act remove_data%', 'with its data');
select is(haul.retry(:i), 'approved', 'and wanted again');

-- What was just given to a client is looked for at once, and soon again until it is there.
select count(pg_temp.sees(pg_temp.t('h', 'paused'))) from generate_series(1, 3) \g /dev/null
select pg_temp.later('2 minutes') \g /dev/null
select is(pg_temp.sees(pg_temp.t('h', 'paused')), 30000::bigint, 'nothing moves');
select haul.grab('magnet:?xt=urn:btih:e0323a9039add2978bf5b49550572c7c00000000') as q \gset
select pg_temp.later('1 s'), haul.grabbed(:q, null) \g /dev/null
select is((select wait_ms from haul.watch('c')), 0::bigint, 'what was given to it is looked for at once');
select is(pg_temp.sees(pg_temp.t('h', 'paused')), 2000::bigint, 'and soon again where it is not there yet');
select is(pg_temp.sees(pg_temp.t('h', 'paused'), pg_temp.t('q', 'stalled', format('{"tags": ["tow-%s"]}', :q)::jsonb)), 2000::bigint, 'or has not begun to run');
select pg_temp.later('61 s') \g /dev/null
select is(pg_temp.sees(pg_temp.t('h', 'paused'), pg_temp.t('q', 'stalled', format('{"tags": ["tow-%s"]}', :q)::jsonb)), 30000::bigint, 'but not for ever');

-- A client without tags: its key tells whose it is, and what a job is just giving to it is not adopted besides.
select haul.grab('magnet:?xt=urn:btih:1aabac6d068eef6a7bad3fdf50a05cc800000000') as k \gset
select haul.grabbed(:k, 'kk') \g /dev/null
select is((select concat_ws(' ', state, transfer) from haul.downloads where id = :k), 'downloading unknown', 'its key is known before it is listed');
select haul.grab('magnet:?xt=urn:btih:08a4415e9d594ff960030b921d42b91e00000000') as m \gset
select pg_temp.sees(pg_temp.t('h', 'paused'), pg_temp.t('kk', 'downloading'), pg_temp.t('mm', 'seeding')) \g /dev/null
select is((select concat_ws(' ', state, transfer) from haul.downloads where id = :k), 'downloading downloading', 'and found by it');
select haul.grabbed(:m, 'mm') \g /dev/null
select pg_temp.sees(pg_temp.t('h', 'paused'), pg_temp.t('kk', 'downloading'), pg_temp.t('mm', 'seeding')) \g /dev/null
select is(pg_temp.is_now(:m), 'downloaded', 'so is what was listed before the job could say so');
select is((select count(*) from haul.downloads where title in ('name kk', 'name mm')), 0::bigint, 'neither is adopted');
delete from haul_store.path_map;
select is((select concat_ws(' ', r.root, r.known) from haul.source_root(:k, '/etc') r), '/etc t', 'one without a map is taken at its word');
select haul.drop_client('c', force => true) \g /dev/null
select is((select error from haul.downloads where id = :i), 'client c is not configured', 'a client that is gone is named');

-- Somebody acts between the look at all downloads and that at one of them: it is left alone, the others go on.
select haul.add_client('r', 'transmission', 'http://127.0.0.1:4', category => 'race') as r \gset
create function pg_temp.saw(variadic p_of jsonb[]) returns bigint language sql as $$
	select haul.observe(c.id, c.revision, jsonb_build_object('whole', true, 'transfers', to_jsonb(p_of)), 7) from haul_store.client c where c.name = 'r' $$;
select haul.grab('magnet:?xt=urn:btih:' || md5(k) || '00000000&dn=' || k, client => 'r') as id, k from unnest('{r1,r2,r3}'::text[]) k \g /dev/null
select haul.grabbed(d.id, right(d.link, 2)) from haul_store.download d where d.client = :r \g /dev/null
create function pg_temp.faster() returns trigger language plpgsql as $$
begin
	update haul_store.download set state = 'cancelled' where right(link, 2) = 'r2';
	return new;
end $$;
create trigger faster after update on haul_store.download for each row when (right(new.link, 2) = 'r1' and new.state in ('downloaded', 'failed')) execute function pg_temp.faster();
select pg_temp.saw(pg_temp.t('r1', 'seeding'), pg_temp.t('r2', 'seeding'), pg_temp.t('r3', 'seeding')) \g /dev/null
select is((select string_agg(state, ' ' order by id) from haul.downloads where client = 'r'), 'downloaded cancelled downloaded', 'one that was cancelled this moment stays so');
update haul_store.download set state = 'downloading' where client = :r;
select count(pg_temp.saw(pg_temp.t('r1', 'missing files'), pg_temp.t('r2', 'missing files'), pg_temp.t('r3', 'missing files'))) from generate_series(1, 2) \g /dev/null
select is((select string_agg(state, ' ' order by id) from haul.downloads where client = 'r'), 'failed cancelled failed', 'also where a step is due');
update haul_store.download set state = 'failed', class = 'client.auth', back = 'downloaded', state_at = tow.now() - interval '11 minutes' where client = :r;
select pg_temp.saw(pg_temp.t('r1', 'seeding'), pg_temp.t('r2', 'seeding'), pg_temp.t('r3', 'seeding')) \g /dev/null
select is((select string_agg(state, ' ' order by id) from haul.downloads where client = 'r'), 'downloaded cancelled downloaded', 'and where it is tried again, as what failed for its client is');
drop trigger faster on haul_store.download;

-- While its client is known to be ill nobody asks it for a download; a job whose login fails makes that known.
select haul.grab('magnet:?xt=urn:btih:5b54c0a045f179bcbbbc9abcb8b5cd4c00000000', client => 'r') as l \gset
select is((select link from haul.begin_grab(:l)), 'magnet:?xt=urn:btih:5b54c0a045f179bcbbbc9abcb8b5cd4c00000000', 'a job begins');
select haul.set_client('r', user_name => 'other') \g /dev/null
select haul.put_off(:l, 'client.auth', 'wrong password', 'mend it', (select revision - 1 from haul_store.client where name = 'r')) \g /dev/null
select is((select concat_ws(' ', state, error) from haul.clients where name = 'r'), 'ok', 'what was refused before somebody changed it says nothing');
select is((select wait_ms from haul.watch('r')), 0::bigint, 'and what it is now is tried');
select haul.put_off(:l, 'client.auth', 'wrong password', 'mend it', (select revision from haul.begin_grab(:l))) \g /dev/null
select is((select concat_ws(' ', state, error) from haul.clients where name = 'r'), 'auth failed wrong password', 'and is not let in');
select is((select wait_ms from haul.watch('r')), null, 'which nobody tries again');
select pg_temp.refused(format('select haul.begin_grab(%s)', :l), 'TW425', 'well', 'no job that gives');
select pg_temp.refused(format($$ select haul.begin_act(%s, 'pause') $$, :l), 'TW425', 'well', 'none that tells');
select pg_temp.refused(format('select haul.begin_import(%s)', id), 'TW425', 'well', 'none that asks for files') from haul.downloads where client = 'r' and state = 'downloaded' limit 1;
select is((select state from haul.downloads where id = :l), 'approved', 'the download is not to blame');
select haul.retry_client('r') \g /dev/null
select pg_temp.refused(format('select haul.begin_grab(%s)', :l), 'TW425', 'well', 'nor before its monitor has seen it well');
select pg_temp.saw(pg_temp.t('r1', 'seeding')) \g /dev/null
select is((select link from haul.begin_grab(:l)), 'magnet:?xt=urn:btih:5b54c0a045f179bcbbbc9abcb8b5cd4c00000000', 'then it goes on');
select haul.cancel(:l) \g /dev/null

-- What cannot go on is in nobody's way; one of several that bear a download's tag is its.
insert into haul_store.download (title, state, state_at, type, client, client_name, who, created_at)
select 'stuck ' || i, 'downloaded', tow.now() - interval '1 day', 'torrent', :r, 'r', 'somebody', tow.now() from generate_series(1, 30) i;
update haul_store.download set let = true where title ^@ 'stuck';
select haul.set_profile('default', max_active => 5) \g /dev/null
select haul.grab('magnet:?xt=urn:btih:ad57484016654da87125db86f4227ea300000000', client => 'r') as w \gset
select is((select count(*) from tow.jobs where kind = 'haul.grab' and args ->> 'download' = :'w'), 0::bigint, 'one that waits its turn');
select pg_temp.saw(pg_temp.t('r1', 'seeding')) \g /dev/null
select is((select count(*) from tow.jobs where kind = 'haul.grab' and args ->> 'download' = :'w'), 1::bigint, 'has it, whatever lies about');
select tow.cancel(id) from tow.jobs where kind = 'haul.grab' and args ->> 'download' = :'w' \g /dev/null
select pg_temp.later('2 minutes'), pg_temp.saw(pg_temp.t('r1', 'seeding')) \g /dev/null
select is((select count(*) from tow.jobs where kind = 'haul.grab' and args ->> 'download' = :'w' and state <> 'cancelled'), 1::bigint, 'so has a job that was lost');
select haul.grabbed(:w, null) \g /dev/null
select pg_temp.saw(pg_temp.t('r1', 'seeding'), pg_temp.t('w1', 'downloading', format('{"tags": ["tow-%s"]}', :w)::jsonb), pg_temp.t('w2', 'downloading', format('{"tags": ["tow-%s"]}', :w)::jsonb)) \g /dev/null
select is((select string_agg(key, ' ') from haul_store.transfer where download = :w), 'w1', 'one transfer of two');
select haul.set_profile('default', reset => '{max_active}') \g /dev/null

-- haul.process takes each transfer once, and none that is on its way out.
select pg_temp.saw(pg_temp.t('r1', 'seeding'), pg_temp.t('p1', 'seeding', '{"category": "pile"}'), pg_temp.t('p2', 'seeding', '{"category": "pile"}'), pg_temp.t('p3', 'seeding', '{"category": "pile"}')) \g /dev/null
update haul_store.transfer set leaving = 'done' where key = 'p3';
create function pg_temp.first() returns trigger language plpgsql as $$
begin
	update haul_store.transfer set download = (select min(id) from haul_store.download) where key = 'p2';
	return new;
end $$;
create trigger first after insert on haul_store.download for each row execute function pg_temp.first();
select haul.process('pile') as taken \gset
select is((select string_agg(d.title, ' ' order by d.id) from haul_store.download d join jsonb_array_elements(:'taken') j on (j -> 'args' ->> 'download')::bigint = d.id), 'name p1', 'what somebody else has taken this moment is left to that one');
drop trigger first on haul_store.download;

-- A server is told in the end, also when a job has used up its attempts, or was lost.
insert into haul_store.change (target, path, since, job) select id, 'late/', tow.now() - interval '1 hour', -1 from haul_store.target;
select tow.cancel(id) from tow.jobs where kind = 'haul.scan' and state in ('ready', 'scheduled') \g /dev/null
select pg_temp.saw(pg_temp.t('r1', 'seeding')), pg_temp.saw(pg_temp.t('r1', 'seeding')) \g /dev/null
select is((select count(*) from tow.jobs where kind = 'haul.scan' and state in ('ready', 'scheduled')), 1::bigint, 'a job tells what was left lying');

-- Templates.
select is(haul_store.expand(t, '{"a": "x/y", "path": "p/q", "e": ""}'), r, 'template ' || t) from (values ('{a}', 'x_y'), ('{path}', 'p/q'), ('-{ (|a|)}', '- (x_y)'), ('-{ (|b|)}', '-'),
	('-{ (|e|)}', '-'), ('{{a}}', '{a}'), ('{b}x', 'x')) v(t, r);
select pg_temp.refused(format('select haul.add_library(%L, %L, %L)', 'l', '/m', t), 'TW422', '', 'template ' || t)
from (values ('/{name}'), ('../{name}'), ('{name'), ('{title}'), ('{na me}'), ('a//{name}'), ('')) v(t);
select pg_temp.refused($$ select haul.add_library('l', 'relative') $$, 'TW422', 'root', 'a root that is none');
select pg_temp.refused($$ select haul.add_library('l', '/m', modes => '{link,teleport}') $$, 'TW422', 'reflink', 'a mode that is none');
select pg_temp.refused($$ select haul.set_library('main') $$, 'TW422', 'name what', 'nothing to set');
select haul.set_library('main', done_remove => 'data', reset => '{done_tag}') \g /dev/null
select is((select concat_ws(' ', done_tag, done_remove) from haul.libraries where name = 'main'), 'data', 'set and reset');
-- Taken back: the server is told that, too, and so is whoever looks.
delete from haul_store.change;
select is((select concat_ws(' ', state, trouble) from haul.downloads where id = :d), 'completed', 'of what is in place nothing is wrong');
select haul.undone(f.id, f.target ^@ 'a/') from haul_store.file f where f.download = :d and f.state = 'placed' order by f.id \g /dev/null
select is((select string_agg(path, ', ' order by path) from haul_store.change), 'A film (1999)/', 'of the folder that a file was taken from, and not of one that stays');
select alike((select concat_ws(' ', state, trouble) from haul.downloads where id = :d), 'completed undone in part: % of its % files were taken back', 'what was taken back in part');
update haul_store.file set state = 'undone' where download = :d and state = 'placed';
select is((select concat_ws(' ', state, trouble) from haul.downloads where id = :d), 'completed undone: its files were taken back', 'and as a whole');
select is((select concat_ws(' ', event, data -> 'downloads' -> 0 -> 'id') from haul.begin_scan('m', 100)), 'delete ' || :d, 'and why');

select * from finish();
rollback;
