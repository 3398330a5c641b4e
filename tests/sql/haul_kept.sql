-- What stays known of a download: what its link led to, and its hash. And what it says while its queue is paused, its client drops it, or
-- leaves its files where they are.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';

create function pg_temp.sees(variadic p_of jsonb[] default '{}') returns bigint language sql as $$
	select haul.observe(c.id, c.revision, jsonb_build_object('whole', true, 'transfers', to_jsonb(p_of)), 7) from haul_store.client c where c.name = 'c' $$;
create function pg_temp.t(p_key text, p_state text, p_more jsonb default '{}') returns jsonb language sql as $$
	select jsonb_build_object('key', p_key, 'name', 'name', 'state', p_state, 'percent', 50, 'size', 1000, 'left', 500, 'folder', '/dl') || p_more $$;
create function pg_temp.hash(p_n int) returns text language sql as $$ select lpad(to_hex(p_n), 40, '0') $$;
create function pg_temp.given(p_id bigint) returns text language sql as $$
	select concat_ws(' ', 'link ' || g.link, 'data ' || convert_from(decode(g.data, 'hex'), 'UTF8')) from haul.begin_grab(p_id) g $$;
create function pg_temp.trouble(p_id bigint) returns text language sql as $$ select d.trouble from haul.downloads d where d.id = p_id $$;
create function pg_temp.known(p_id bigint) returns text language sql as $$ select d.hash from haul.downloads d where d.id = p_id $$;

select haul.add_client('c', 'rtorrent', 'scgi://127.0.0.1:1'), pg_temp.worker('{haul}', '{haul.grab,haul.import,haul.act}') \g /dev/null
select haul.add_library('main', '/media/main') \g /dev/null

-- What a link led to.
select haul.grab('https://x/a.torrent', client => 'c') as d, haul.grab('https://x/get?id=1', type => 'torrent', client => 'c') as m \gset
select is(pg_temp.given(:d), 'link https://x/a.torrent', 'at first there is the link alone');
select haul.keep_source(:d, 'd4:infoe'), haul.keep_source(:m, 'magnet:?xt=urn:btih:x') \g /dev/null
select is(pg_temp.given(:d), 'data d4:infoe', 'another attempt gets what it led to');
select is(pg_temp.given(:m), 'link magnet:?xt=urn:btih:x', 'also where that was a magnet');
select haul.keep_source(:d, 'another') \g /dev/null
select is(pg_temp.given(:d), 'data d4:infoe', 'the first word counts');
select is((select d.source from haul.downloads d where d.id = :d), 'https://x/a.torrent', 'people see the link');
select haul.cancel(:d), haul.keep_source(:d, 'late'), haul.retry(:d) \g /dev/null
select is(pg_temp.given(:d), 'data d4:infoe', 'it stays when it was given up');
select haul.held(:d, pg_temp.hash(1)), haul.grabbed(:d, null) \g /dev/null
select pg_temp.sees(pg_temp.t(pg_temp.hash(1), 'seeding', format('{"tags": ["tow-%s"], "complete": true, "percent": 100, "left": 0}', :d)::jsonb)) \g /dev/null
select count(*) from haul.begin_import(:d) \g /dev/null
insert into haul_store.file (download, source, size, state, target, mode) values (:d, 'x', 1, 'placed', 'x', 'link');
select haul.imported(:d) \g /dev/null
select is((select d.data from haul_store.download d where d.id = :d), null, 'at the end nobody needs it');

-- Its hash.
select is(pg_temp.known(:d), pg_temp.hash(1), 'it is known by its hash');
select haul.forget(:d, 'transfer'), haul.acted(:d, 'remove'), pg_temp.sees(), pg_temp.sees(), pg_temp.sees() \g /dev/null
delete from haul_store.transfer;
update haul_store.download set forgotten_at = null;
select is(pg_temp.known(:d), pg_temp.hash(1), 'also when its client has forgotten it');
select haul.grab('magnet:?xt=urn:btih:' || upper(pg_temp.hash(2)), client => 'c') as n \gset
select is(pg_temp.known(:n), pg_temp.hash(2), 'a magnet says it at once');
select haul.grab('https://x/file.iso', client => 'web') as w \gset
select is(pg_temp.known(:w), null, 'what is no torrent has none');

-- Its queue is paused.
select tow.cancel(j.id) from tow.jobs j where j.kind = 'haul.act' and j.state in ('ready', 'waiting') \g /dev/null
select is(pg_temp.trouble(:n), null, 'one that is to be given to its client is well');
select tow.pause('haul', 'a new disk') \g /dev/null
select is(pg_temp.trouble(:n), 'waits: queue haul is paused: a new disk (tow queue resume haul)', 'where the queue is paused it says so, and what ends that');
select haul.held(:n, pg_temp.hash(2)), haul.grabbed(:n, null) \g /dev/null
select is(pg_temp.trouble(:n), null, 'what its client has does not wait for the queue');
select pg_temp.sees(pg_temp.t(pg_temp.hash(2), 'seeding', format('{"tags": ["tow-%s"], "complete": true, "percent": 100, "left": 0}', :n)::jsonb)) \g /dev/null
select is(pg_temp.trouble(:n), 'waits: queue haul is paused: a new disk (tow queue resume haul)', 'its import does');
select tow.resume('haul'), tow.pause_kind('haul.import') \g /dev/null
select is(pg_temp.trouble(:n), 'waits: kind haul.import is paused (tow kind resume haul.import)', 'also where the kind is');
select tow.resume_kind('haul.import') \g /dev/null
select is(pg_temp.trouble(:n), null, 'and then it goes on');

-- What its client was given and never lists.
select haul.grab('magnet:?xt=urn:btih:' || pg_temp.hash(3), client => 'c') as l \gset
select haul.grabbed(:l, null), pg_temp.sees() \g /dev/null
select pg_temp.later('9 minutes'), pg_temp.sees() \g /dev/null
select is((select d.state from haul.downloads d where d.id = :l), 'downloading', 'it may be listed later');
select haul.unreachable(c.id, c.revision, 'http.connect', 'nobody listens', null) from haul_store.client c where c.name = 'c' \g /dev/null
select pg_temp.later('2 minutes'), pg_temp.sees(), pg_temp.sees() \g /dev/null
select is((select d.state from haul.downloads d where d.id = :l), 'downloading', 'the time counts in which the client was well');
select pg_temp.later('11 minutes'), pg_temp.sees() \g /dev/null
select is((select concat_ws(' ', d.state, d.class, d.error) from haul.downloads d where d.id = :l), 'failed transfer.missing client c took it, and does not list it', 'not for ever');
select alike((select d.hint from haul.downloads d where d.id = :l), '%tow haul retry ' || :l || ' %', 'with what to do');
select pg_temp.sees(pg_temp.t(pg_temp.hash(3), 'downloading', format('{"tags": ["tow-%s"]}', :l)::jsonb)) \g /dev/null
select is((select d.state from haul.downloads d where d.id = :l), 'downloading', 'one that is seen after all goes on');

-- What a client leaves on disk.
select is(haul.left_there(:l), 'client c deletes no files: those of download ' || :l || ' stay in /dl', 'of one that deletes none it is said beforehand');
select is((select b.done from haul.bulk('cancel', ids => array[:l], remove => 'data', dry_run => false) b), 'done: ' || 'client c deletes no files: those of download ' || :l || ' stay in /dl', 'also of many');
select is(haul.left_there(:w), null, 'of others nothing');
select is(haul.left_there(0), null, 'nor of none');


-- Tried again after its client failed.
create function pg_temp.acts(p_id bigint) returns text language sql as $$
	select string_agg(j.args ->> 'act', ' ' order by j.id) from tow.jobs j where j.kind = 'haul.act' and (j.args ->> 'download')::bigint = p_id $$;
create function pg_temp.tagged(p_n int, p_id bigint, p_state text) returns jsonb language sql as $$
	select pg_temp.t(pg_temp.hash(p_n), p_state, jsonb_build_object('tags', array['tow-' || p_id], 'local', true, 'error', 'the disk is full')) $$;
select haul.grab('magnet:?xt=urn:btih:' || pg_temp.hash(4), client => 'c') as f \gset
select haul.held(:f, pg_temp.hash(4)), haul.grabbed(:f, null), pg_temp.sees(pg_temp.tagged(4, :f, 'error')) \g /dev/null
select is((select concat_ws(' ', d.state, d.class) from haul.downloads d where d.id = :f), 'failed transfer.local', 'a disk that is full');
select is(haul.retry(:f) || ' ' || pg_temp.acts(:f), 'downloading recheck resume', 'tried again its client checks it, and goes on');
select pg_temp.sees(pg_temp.tagged(4, :f, 'error')) \g /dev/null
select is((select d.state from haul.downloads d where d.id = :f), 'downloading', 'that what it lists is of before is no failure');
select pg_temp.later('20 s'), pg_temp.sees(pg_temp.tagged(4, :f, 'error')) \g /dev/null
select is((select d.state from haul.downloads d where d.id = :f), 'failed', 'unless it stays so');
select pg_temp.refused(format('select haul.pause(%s)', :f), 'TW409', 'until all of it is here', 'what failed is not held');
select haul.add_client('u', 'nzbget', 'http://127.0.0.1:1'), haul.grab('http://127.0.0.1:1/x.nzb', client => 'u') as x \gset
select haul.grabbed(:x, '7'), tow.cancel((select max(j.id) from tow.jobs j where j.kind = 'haul.grab' and j.args ->> 'download' = :'x')), haul.observe(c.id, c.revision, '{"whole": true, "transfers": [{"key": "7", "name": "x", "state": "error", "percent": 50, "error": "health"}]}', 7) from haul_store.client c where c.name = 'u' \g /dev/null
select is(pg_temp.trouble(:x), format('health; client u has given it up: tow haul retry %s gives it to it anew', :x), 'what has failed for good there says so');
savepoint before;
select pg_temp.later('2 minutes'), haul.observe(c.id, c.revision, '{"whole": true, "transfers": [{"key": "7", "name": "x", "state": "error", "percent": 50, "error": "health"}]}', 7) from haul_store.client c, generate_series(1, 2) where c.name = 'u' \g /dev/null
select is((select concat_ws(' ', d.state, d.class, d.error) from haul.downloads d where d.id = :x), 'failed transfer.error health', 'nobody waits for it for long');
select is(haul.retry(:x), 'approved', 'it can be tried again then');
rollback to before;
select is(haul.retry(:x) || ' ' || pg_temp.acts(:x), 'approved remove_data', 'or before: it is given to it anew');
select is((select count(*) from tow.jobs j where j.kind = 'haul.grab' and j.args ->> 'download' = :'x' and j.state = 'waiting'), 1::bigint, 'when it has forgotten that');

-- Another Towpath has the same client.
select haul.grab('magnet:?xt=urn:btih:' || pg_temp.hash(5), client => 'c') as o \gset
select haul.held(:o, pg_temp.hash(5)), haul.grabbed(:o, null) \g /dev/null
select pg_temp.sees(pg_temp.tagged(4, :f, 'error'), pg_temp.tagged(6, :o, 'downloading')) \g /dev/null
select is((select d.transfer from haul.downloads d where d.id = :o), null, 'a tag like ours on another torrent is not ours');
select haul.grab('magnet:?xt=urn:btih:' || pg_temp.hash(6), client => 'c') as p \gset
select is(haul.held(:p, pg_temp.hash(6)), true, 'that torrent is somebody else''s');
select is((select d.error from haul.downloads d where d.id = :p), 'client c holds it already, and not for this Towpath', 'and that is said');
select is((select concat_ws(' ', haul_store.is_our_tag('tow-' || (:p + 1), array[pg_temp.hash(7)]), haul_store.is_our_tag('tow-' || :f, array[pg_temp.hash(4)]), haul_store.is_our_tag('tow-x', '{}'))), 'f t f', 'nor is a tag that was never given here');

select * from finish();
rollback;
