-- What our own workers fetch: the client web, its downloads from link to import, held, given up, tried again; whose job it is.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';

create function pg_temp.web() returns text language sql as $$ select concat_ws(' ', name, driver, quote_literal(url), state, transfers, priority) from haul.clients where driver = 'web' $$;
create function pg_temp.is_now(p_id bigint) returns text language sql as $$
	select concat_ws(' ', state, transfer, percent, size, left_bytes, down, eta, error) from haul.downloads where id = p_id $$;
create function pg_temp.job(p_id bigint) returns bigint language sql as $$ select jobs[cardinality(jobs)] from haul_store.fetch where download = p_id $$;
create function pg_temp.jobs(p_id bigint) returns text language sql as $$
	select string_agg(concat_ws(' ', j.kind, j.args ->> 'act', j.state), ', ' order by j.id) from tow.jobs j where (j.args ->> 'download')::bigint = p_id $$;

select pg_temp.worker('{haul}', '{haul.fetch}') as w \gset

-- The client.
select is(pg_temp.web(), 'web web '''' ok 0 1000', 'is there, and well');
select is((select count(*) from tow.daemons where name = 'client-web'), 0::bigint, 'nobody watches it');
select haul.set_client('web', url => 'file:///srv/tow/') \g /dev/null
select is((select url from haul.clients), 'file:///srv/tow', 'with a folder of its own');
select pg_temp.refused(format('select haul.set_client(%L, url => %L)', 'web', u), 'TW422', 'file:///srv', 'not ' || u)
from (values ('http://x'), ('file://srv'), ('file:///a/../b'), ('file:///a//b'), ('/srv'), ('file:///')) v(u);
select pg_temp.refused($$ select haul.add_client('x', 'aria2', 'file:///srv') $$, 'TW422', 'HOST:PORT', 'nor one for another driver');
select pg_temp.refused($$ select haul.set_client('web', secret => 'secret:x') $$, 'TW422', 'leave out', 'it logs in nowhere');
select haul.drop_client('web') \g /dev/null
select pg_temp.refused($$ select haul.grab('https://x/file.iso') $$, 'TW409', 'add one', 'dropped');
select haul.add_client('web', 'web', priority => 1000) \g /dev/null
select is(pg_temp.web(), 'web web '''' ok 0 1000', 'added again');

-- A download.
select haul.add_library('main', '/media') \g /dev/null
select haul.grab('https://x/a%20file.iso?key=1', options => '{"checksum": "md5:d41d8cd98f00b204e9800998ecf8427e", "down_limit": 5e5}') as d \gset
select is((select concat_ws(' ', state, client, type, library) from haul.downloads where id = :d), 'approved web http main', 'a plain link');
select is(pg_temp.jobs(:d), 'haul.fetch waiting', 'is fetched by a job');
select is((select concat_ws(' ', quote_literal(root), key, own, link, name, checksum, down_limit, stall_ms) from haul.begin_fetch(:d)),
	format(''''' tow-%s %1$s 1893456000.000000 https://x/a%%20file.iso?key=1 a file.iso md5:d41d8cd98f00b204e9800998ecf8427e 500000 30000', :d), 'that is told what, and where to');
select is(pg_temp.is_now(:d), 'downloading downloading 0', 'it is under way');
select is((select trouble from haul.downloads where id = :d), null, 'its server may take a moment');
select is(pg_temp.jobs(:d), 'haul.fetch waiting', 'by that job alone');
select is((select key from haul.transfers where download = :d), format('tow-%s?', :d), 'nobody knows its folder yet');
select haul.fetching(:d, '{"key": "tow-9", "name": "a file.iso", "folder": "/dl/tow-9", "size": 1000, "at": 250, "down": 50}') \g /dev/null
select is(pg_temp.is_now(:d), 'downloading downloading 25 1000 750 50 00:00:15', 'how far it is');
select haul.fetching(:d, '{"key": "tow-9", "folder": "/dl/tow-9", "at": 260, "error": "refused"}') \g /dev/null
select is(pg_temp.is_now(:d), 'downloading stalled 0 refused', 'a size that is not known, and what is wrong');
select is((select concat_ws(' ', name, key, folder) from haul.transfers where download = :d), 'a file.iso tow-9 /dl/tow-9', 'its name, and its folder');
select is(pg_temp.web(), 'web web '''' ok 1 1000', 'the client has it');
select haul.fetched(:d, 'tow-9', 'a file.iso', '/dl/tow-9', 1000) \g /dev/null
select is(pg_temp.is_now(:d), 'downloaded done 100 1000 0', 'all of it is here');
select is(pg_temp.jobs(:d), 'haul.fetch waiting, haul.import ready', 'and will be placed');
select is((select concat_ws(' ', key, root) from haul.begin_import(:d)), 'tow-9 /media', 'from where it is');
select pg_temp.refused(format('select haul.fetching(%s, ''{}'')', :d), 'TW410', 'nothing', 'who is late is told so');
select is((select key from haul.begin_act(:d, 'done')), 'tow-9', 'whoever tells the client knows which');
select haul.acted(:d, 'done'), haul.acted(:d, 'remove_data') \g /dev/null
select is((select count(*) from haul.transfers where download = :d), 0::bigint, 'what is removed is gone at once');

-- Where it comes from, without what may be a secret; and who is at it.
select is((select concat_ws(' ', source, (select kind from tow.jobs j where j.id = d.job)) from haul.downloads d where id = :d), 'https://x/a%20file.iso?… haul.import', 'nothing that follows a ?, and the job that came last');
select is(haul_store.shown_link(l), said, 'nor a key in a folder: ' || said) from (values
	('https://anna:pw@t.example/download/12/0123456789abcdef0123456789abcdef/film.torrent', 'https://t.example/download/12/…/film.torrent'),
	('https://t.example/a-long-name-of-a-file-that-is-no-key.iso;passkey=abc?x=1', 'https://t.example/a-long-name-of-a-file-that-is-no-key.iso/…?…'),
	('magnet:?xt=urn:btih:b4b147bc522828731f1a016bfa72c07300000000&dn=x&tr=https://t.example/key', 'magnet:?xt=urn:btih:b4b147bc522828731f1a016bfa72c07300000000&dn=x')) v(l, said);
select is(haul_store.shown_link(l), s, 'the link ' || s) from (values ('https://ada:secret@host/a@b.iso?key=1#2', 'https://host/a@b.iso?…'), ('HTTP://host/x', 'HTTP://host/x'),
	('magnet:?xt=urn:btih:4124bc0a9335c27f086f24ba207a491200000000&tr=http://t/passkey/announce&dn=A+film&ws=x', 'magnet:?xt=urn:btih:4124bc0a9335c27f086f24ba207a491200000000&dn=A+film'), ('magnet:?dn=a&xt.1=urn:btih:21ad0bd836b90d08f4cf640b4c298e7c00000000', 'magnet:?dn=a&xt.1=urn:btih:21ad0bd836b90d08f4cf640b4c298e7c00000000')) v(l, s);

-- As browsers take them.
select haul.grab('http://h/Film (2001).mkv ', client => 'web') as film \gset
select is((select concat_ws(': ', title, source) from haul.downloads where id = :film), 'Film (2001).mkv: http://h/Film%20(2001).mkv', 'blanks in a link are its file''s');
select pg_temp.refused($$ select haul.grab('http://h/a.mkv http://h/b.mkv') $$, 'TW422', 'one link', 'two links are none');
select haul.cancel(:film) \g /dev/null

-- What cannot be.
select pg_temp.refused(format('select haul.grab(%L, options => %L)', 'https://x/f', jsonb_build_object('checksum', s)), 'TW422', 'sha256', 'checksum ' || s)
from (values ('md5:12'), ('crc:12345678'), ('d41d8cd98f00b204e9800998ecf8427e'), ('sha1:d41d8cd98f00b204e9800998ecf8427e')) v(s);
select pg_temp.refused($$ select haul.grab('magnet:?xt=urn:btih:9dd4e461268c8034f5c8564e155c67a600000000', options => '{"checksum": "md5:d41d8cd98f00b204e9800998ecf8427e"}') $$, 'TW422', 'file', 'of a torrent');
select pg_temp.refused($$ select haul.grab('https://x/f', options => '{"folder": "/etc"}') $$, 'TW422', 'set web --url', 'a folder of its own');
select haul.add_client('aria', 'aria2', 'http://127.0.0.1:1') \g /dev/null
select haul.grab('https://x/f') as plain, haul.grab('https://x/f', options => '{"checksum": "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709"}') as sure \gset
select is((select string_agg(client, ' ' order by id) from haul.downloads where id in (:plain, :sure)), 'aria web', 'others come first, unless they cannot check it');
select pg_temp.refused($$ select haul.grab('https://x/f', client => 'aria', options => '{"checksum": "sha1:da39a3ee5e6b4b0d3255bfef95601890afd80709"}') $$, 'TW409', 'another', 'as is said where they are named');

-- Held, and let go on: the job that runs ends, and the next one comes after it.
select haul.grab('https://x/g', client => 'web') as g, pg_temp.drain('admit') \gset
select pg_temp.claim(:w) \g /dev/null
select pg_temp.job(:g) as first, tow.state(pg_temp.job(:g)) as was \gset
select is(:'was'::text, 'running', 'a worker is at it');
select count(*) from haul.begin_fetch(:g) \g /dev/null
select haul.fetching(:g, '{"key": "tow-8", "name": "g", "folder": "/dl/tow-8", "size": 1000, "at": 250, "down": 50}') \g /dev/null
select haul.pause(:g) \g /dev/null
select is(pg_temp.is_now(:g), 'paused paused 25 1000 750', 'held');
select is((select count(*) from tow_store.cancelling where job_id = :first), 1::bigint, 'its job is told to end');
select pg_temp.refused(format('select haul.fetching(%s, ''{}'')', :g), 'TW410', 'nothing', 'twice');
select is(haul.resume(:g), 'downloading', 'let go on');
select isnt(pg_temp.job(:g), :first::bigint, 'by another job');
select is(tow.state(pg_temp.job(:g)), 'waiting', 'which waits for the end of the first');
select haul.pause(:g) \g /dev/null
select is(tow.state(pg_temp.job(:g)), 'cancelled', 'held again');
select haul.cancel(:g, 'data') \g /dev/null
select is(pg_temp.jobs(:g), 'haul.fetch running, haul.act remove_data waiting', 'given up: its data goes when nobody is at it any more');
select is(haul.retry(:g), 'approved', 'wanted again');
select haul.grab('https://x/h', client => 'web', options => '{"paused": true}') as h \gset
select is(pg_temp.is_now(:h) || pg_temp.jobs(:h), null, 'one that is held from the beginning has no job');
select is(haul.resume(:h), 'approved', 'and gets it');
select is(pg_temp.jobs(:h), 'haul.fetch waiting', 'then');
select pg_temp.refused(format('select haul.act(%s, ''recheck'')', :h), 'TW409', 'haul.retry', 'nothing to recheck');

-- Failed, and tried again.
select count(*) from haul.begin_fetch(:h) \g /dev/null
select haul.give_up(:h, 'release.gone', 'the server answered 404', '') \g /dev/null
select is(pg_temp.is_now(:h), 'failed error 0 the server answered 404', 'given up by its job');
select tow.cancel(pg_temp.job(:h)) \g /dev/null
select is(haul.retry(:h), 'downloading', 'tried again');
select is(pg_temp.jobs(:h), 'haul.fetch waiting', 'by another job');
select haul.retry(:h) \g /dev/null
select is(pg_temp.jobs(:h), 'haul.fetch waiting', 'once');

select haul.grab('https://x/j', client => 'web') as j \gset
select count(*) from haul.begin_fetch(:j) \g /dev/null
select haul.fetching(:j, '{"size": 1000, "at": 940, "down": 50}'), haul.give_up(:j, 'release.checksum', 'its checksum is another', '') \g /dev/null
select is(pg_temp.is_now(:j), 'failed error 0 1000 1000 its checksum is another', 'of what was refused nothing is here');
select haul.forget(:j) \g /dev/null

-- Another link: what was fetched goes first.
select haul.grab('https://x/wrong.iso', client => 'web') as wrong \gset
select count(*) from haul.begin_fetch(:wrong) \g /dev/null
select haul.give_up(:wrong, 'release.gone', 'the server answered 404', '') \g /dev/null
select tow.cancel(pg_temp.job(:wrong)) \g /dev/null
select is((select hint from haul.downloads where id = :wrong), format('for another link: tow haul relink %s LINK', :wrong), 'a link that leads nowhere can be corrected');
select is(haul.relink(:wrong, 'http://y/right one.iso'), 'approved', 'by another one');
select is((select concat_ws(' ', title, source) from haul.downloads where id = :wrong), 'right one.iso http://y/right%20one.iso', 'by whose name it goes');
select is(pg_temp.jobs(:wrong), 'haul.act remove_data ready, haul.fetch waiting', 'which is fetched when nothing of the first is left');
select haul.pause(:wrong) \g /dev/null
select is(haul.relink(:wrong, 'http://y/c.iso'), 'paused', 'one that is held stays so');
select pg_temp.refused(format('select haul.relink(%s, %L)', :wrong, l), 'TW422', 'file itself', 'not by ' || l) from unnest('{magnet:?xt=urn:btih:9dd4e461268c8034f5c8564e155c67a600000000,http://y/a.torrent,ftp://y/a,http://y/a http://y/b}'::text[]) l;
select pg_temp.refused(format('select haul.relink(%s, %L)', :plain, 'http://y/a.iso'), 'TW409', 'tow haul add', 'nor of what another client fetches');
select haul.cancel(:wrong) \g /dev/null
select pg_temp.refused(format('select haul.relink(%s, %L)', :wrong, 'http://y/a.iso'), 'TW409', 'tow haul add', 'nor of what was given up');

-- And what was planned of it goes with it.
create function pg_temp.comes(p_id bigint) returns void language plpgsql as $$
begin
	perform haul.begin_fetch(p_id);
	perform haul.fetched(p_id, 'tow-7', 'a.zip', '/dl', 9);
	perform haul.begin_import(p_id);
end $$;
create function pg_temp.planned(p_id bigint, p_unpacked jsonb) returns table(id bigint, source text, target text) language sql as $$
	select p.id, p.source, p.target from haul.plan(p_id, '/dl', '[{"path": "a.zip", "size": 9, "done": 9}]', jsonb_build_array(jsonb_build_object('archive', 'a.zip', 'files', p_unpacked))) p $$;
select haul.grab('https://x/a.zip', client => 'web') as zip \gset
select pg_temp.comes(:zip) \g /dev/null
select haul.placed(p.id, p.target, 'link', null, 1, 1, 2, null) from pg_temp.planned(:zip, '[{"path": "one.mkv", "size": 1}, {"path": "two.mkv", "size": 2}]') p where p.source = 'a.zip/one.mkv' \g /dev/null
select haul.give_up(:zip, 'local.denied', 'no permission', '') \g /dev/null
update haul_store.download set library = null where id = :zip; -- there was none when it was asked for
select haul.relink(:zip, 'https://y/a.zip') \g /dev/null
select is((select library from haul.downloads where id = :zip), (select l.name from haul_store.library l order by l.id limit 1), 'one that had no library gets the first');
select pg_temp.comes(:zip) \g /dev/null
select is((select archive from haul.archives(:zip, '/dl', '[{"path": "a.zip", "size": 9, "done": 9}]')), 'a.zip', 'an archive by another link is unpacked, though one of its name was');
select is((select string_agg(source, ' ') from pg_temp.planned(:zip, '[{"path": "three.mkv", "size": 3}]')), 'a.zip/three.mkv', 'and what the first held is not looked for in it');
select is((select string_agg(concat_ws(' ', state, source), ', ' order by source) from haul.files where download = :zip), 'skipped a.zip, placed a.zip/one.mkv, planned a.zip/three.mkv', 'what was placed stays');
select haul.cancel(:zip) \g /dev/null

-- A job that is gone is made anew: nobody else comes back to it.
select haul.grab('https://x/i', client => 'web') as i \gset
select count(*) from haul.begin_fetch(:i) \g /dev/null
select tow.cancel(pg_temp.job(:h)) \g /dev/null
select haul.tend() \g /dev/null
select is(pg_temp.jobs(:h), null, 'a job that is gone is left alone for a minute');
select pg_temp.later('2 minutes') \g /dev/null
select is(haul.tend(), 60000::bigint, 'while anything is to be fetched it is looked after each minute');
select is(pg_temp.jobs(:h), 'haul.fetch waiting', 'then it is made anew');
select haul.tend() \g /dev/null
select is(pg_temp.jobs(:h), 'haul.fetch waiting', 'once');

-- Disabled and dropped.
select haul.disable_client('web') \g /dev/null
select is(pg_temp.is_now(:i), 'downloading queued 0 client web is disabled', 'disabled');
select is(pg_temp.jobs(:i), null, 'it rests');
select pg_temp.refused(format('select haul.begin_fetch(%s)', :i), 'TW410', 'nothing', 'whoever comes');
select haul.enable_client('web') \g /dev/null
select is(pg_temp.jobs(:i), 'haul.fetch waiting', 'and goes on');
select haul.drop_client('web', force => true) \g /dev/null
select is((select concat_ws(' ', state, error) from haul.downloads where id = :i), 'downloading client web is not configured', 'dropped');
select haul.add_client('web', 'web') \g /dev/null
select is(pg_temp.jobs(:i), 'haul.fetch waiting', 'it goes on with one of that name');
-- What it cannot is said.
select haul.grab('http://h/odd.iso', client => 'web', category => 'x', options => '{"sequential": true, "down_limit": 5, "ratio_limit": 1}') as odd \gset
select is((select detail from haul.events where download = :odd and what = 'refused'), 'client web: options: it cannot be told category, sequential, ratio_limit', 'options of others are said to mean nothing here');

-- Slow links leave a slot of four for what else is to be done; one that waits says so.
select pg_temp.worker('{haul}', '{haul.fetch,haul.test}') as slots \gset
update haul_store.download set state = 'completed' where state in ('approved', 'downloading');
select tow.cancel(j.id) from tow.jobs j where j.kind like 'haul.%' and j.state in ('ready', 'running', 'scheduled', 'waiting', 'retrying') \g /dev/null
select pg_temp.say(:w, r.job_id, '{"as": "cancelled"}') from tow_store.running r \g /dev/null
select haul.grab('https://slow/' || n, client => 'web') from generate_series(1, 4) n \g /dev/null
select max(id) as fifth from haul.downloads \gset
select is((select count(*) from haul.downloads where source like 'https://slow/%' and trouble is not null), 0::bigint, 'what has just been asked for is not said to wait');
select tow.enqueue('haul.test', queue => 'haul') as trial \gset
select pg_temp.claim(:slots) \g /dev/null
select is((select count(*) from tow.jobs j where j.kind = 'haul.fetch' and j.state = 'running'), 3::bigint, 'three are begun');
select is(tow.state(:trial), 'running', 'and what else there is');
select is((select trouble from haul.downloads where id = :fifth), 'waits for a free slot (3 of 3)', 'the fourth says that it waits');
select tow.pause_queues('a new disk') \g /dev/null
select tow.pause_kind('haul.fetch'), tow.pause_lane('haul', 'fetch', 'a slow line') \g /dev/null
select is((select trouble from haul.downloads where id = :fifth), 'waits: queue haul is paused: a new disk (tow queue resume haul); kind haul.fetch is paused (tow kind resume haul.fetch); lane haul fetch is paused: a slow line (tow lane resume haul fetch)', 'or that somebody has paused it, and why');
select is((select trouble from haul.downloads where id = :fifth - 3), null, 'which one that is begun does not');
select tow.resume_queues() \g /dev/null
select tow.resume_kind('haul.fetch'), tow.resume_lane('haul', 'fetch') \g /dev/null
select tow.set_lane('haul', 'fetch', max_running => 5) \g /dev/null
select is((select trouble from haul.downloads where id = :fifth), null, 'where more may be begun it does not');
select haul.grab('https://slow/5', client => 'web') \g /dev/null
select is((select max_running from tow.lanes where queue = 'haul' and lane = 'fetch'), 5, 'which stays as somebody has set it');
delete from haul_store.first where name = 'lane fetch';
select haul.grab('https://slow/6', client => 'web') \g /dev/null
select is((select max_running from tow.lanes where queue = 'haul' and lane = 'fetch'), 5, 'who had set it before the first was fetched, too');
select pg_temp.later('1 min') \g /dev/null
select is((select trouble from haul.downloads where id = :fifth), 'no worker is running', 'unless nobody comes');
select count(*) from haul.begin_fetch(:fifth - 3) \g /dev/null
select pg_temp.later('20 s') \g /dev/null
select is((select trouble from haul.downloads where id = :fifth - 3), 'nothing has come from slow for 20 s', 'a server that does not answer is named');
select haul.fetching(:fifth - 3, '{"size": 1000, "at": 10, "down": 5}') \g /dev/null
select is((select trouble from haul.downloads where id = :fifth - 3), null, 'until it does');

select * from finish();
rollback;
