-- Jobs of one download: what must not overtake what, and what somebody's change of mind means for those under way.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';

create function pg_temp.t(p_key text, p_state text, p_more jsonb default '{}') returns jsonb language sql as $$
	select jsonb_build_object('key', p_key, 'name', 'name ' || p_key, 'state', p_state, 'percent', 50, 'size', 1000, 'complete', p_state in ('seeding', 'done'),
		'folder', '/dl', 'category', 'tow') || p_more $$;
create function pg_temp.sees(variadic p_of jsonb[]) returns bigint language sql as $$
	select haul.observe(c.id, c.revision, jsonb_build_object('whole', true, 'transfers', to_jsonb(p_of)), 7) from haul_store.client c where c.name = 'c' $$;
create function pg_temp.is_now(p_id bigint) returns text language sql as $$ select concat_ws(' ', state, transfer) from haul.downloads where id = p_id $$;
create function pg_temp.jobs(p_id bigint) returns text language sql as $$
	select pg_temp.drain('admit');
	select string_agg(concat_ws(' ', j.kind, j.args ->> 'act', j.state), ', ' order by j.id) from tow.jobs j
	where j.tags @> array['download:' || p_id] and j.state not in ('completed', 'failed', 'cancelled') $$;
create function pg_temp.grabbed(p_key text, out id bigint) language plpgsql as $$
begin
	id := haul.grab('magnet:?xt=urn:btih:' || case when p_key ~ '^[0-9a-f]{40}$' then p_key else md5(p_key) || '00000000' end);
	perform haul.grabbed(id, p_key);
	perform tow.cancel(j.id) from tow.jobs j where j.key = 'haul.grab:' || grabbed.id;
end $$;

select haul.add_client('c', 'transmission', 'http://127.0.0.1:1', category => 'tow') as c \gset

-- Given up, and wanted after all.
select pg_temp.grabbed('aa') as a \gset
select pg_temp.sees(pg_temp.t('aa', 'downloading')) \g /dev/null
select haul.cancel(:a, 'data') \g /dev/null
select is(pg_temp.jobs(:a), 'haul.act remove_data ready', 'its client is to delete it');
select is((select count(*) from haul.begin_act(:a, 'remove_data')), 1::bigint, 'and would be told so');
select is(haul.retry(:a), 'approved', 'wanted after all');
select is(pg_temp.jobs(:a), 'haul.act remove_data ready, haul.grab waiting', 'it is given to the client after that');
select is((select count(*) from haul.begin_act(:a, 'remove_data')), 0::bigint, 'which deletes nothing any more');

-- Given up while it is given to the client.
select haul.grab('magnet:?xt=urn:btih:21ad0bd836b90d08f4cf640b4c298e7c00000000') as b \gset
select haul.cancel(:b, 'data') \g /dev/null
select is(pg_temp.jobs(:b), null, 'the job that gives it is ended, and there is nothing to delete yet');
select haul.grabbed(:b, 'bb') \g /dev/null
select is(pg_temp.is_now(:b), 'cancelled unknown', 'the client got it all the same');
select pg_temp.sees(pg_temp.t('aa', 'downloading'), pg_temp.t('bb', 'downloading')) \g /dev/null
select is(pg_temp.jobs(:b), 'haul.act remove_data ready', 'and is told to delete it');
select pg_temp.sees(pg_temp.t('aa', 'downloading'), pg_temp.t('bb', 'downloading')) \g /dev/null
select is(pg_temp.jobs(:b), 'haul.act remove_data ready', 'once');

-- In the order in which it was asked for.
select pg_temp.grabbed('cc') as p \gset
select pg_temp.sees(pg_temp.t('cc', 'downloading')) \g /dev/null
select haul.pause(:p) \g /dev/null
select haul.resume(:p) \g /dev/null
select is(pg_temp.jobs(:p), 'haul.act pause ready, haul.act resume waiting', 'resume comes after pause');

-- No library, and then one.
select pg_temp.sees(pg_temp.t('cc', 'seeding')) \g /dev/null
select is(pg_temp.is_now(:p), 'downloaded seeding', 'it is here, and has nowhere to go');
select pg_temp.refused(format('select haul.retry(%s, %L)', :p, 'none'), 'TW404', 'libraries', 'not into a library that is none');
select haul.add_library('main', '/media') \g /dev/null
select is(haul.retry(:p), 'downloaded', 'now it has');
select is((select library from haul.downloads where id = :p), 'main', 'the first one');
select alike(pg_temp.jobs(:p), '%haul.import ready', 'and a job places it');
select haul.cancel(:p) \g /dev/null
select unalike(pg_temp.jobs(:p), '%haul.import%', 'which ends when it is given up');
select is(haul.retry(:p), 'approved', 'wanted after all') ;

-- Undone, and wanted again.
select haul.grab('magnet:?xt=urn:btih:1aabac6d068eef6a7bad3fdf50a05cc800000000') as d \gset
select haul.grabbed(:d, 'dd') \g /dev/null
select pg_temp.sees(pg_temp.t('dd', 'seeding')) \g /dev/null
select count(*) from haul.begin_import(:d) \g /dev/null
select haul.placed(f.id, f.target, 'link', null, 9, 1, 2, null) from haul.plan(:d, '/dl', '[{"path": "a.mkv", "size": 9, "done": 9}]') f \g /dev/null
select haul.imported(:d) \g /dev/null
select tow.cancel(j.id) from tow.jobs j where j.key = 'haul.import:' || :d \g /dev/null
select pg_temp.refused(format('select haul.retry(%s)', :d), 'TW409', 'undone', 'what is completed is not tried again');
select haul.undo(:d) \g /dev/null
select haul.undone(f.id, false) from haul_store.file f where f.download = :d \g /dev/null
select is(haul.retry(:d), 'downloaded', 'what was undone is');
select alike(pg_temp.jobs(:d), '%haul.undo%, haul.import waiting', 'when it is undone');

-- What is no link.
select pg_temp.refused($$ select haul.grab('ftp://h/x.iso') $$, 'TW422', 'magnet:; .*the file that it is', 'what nobody fetches');
select pg_temp.refused($$ select haul.grab('ftp://h/x.iso', type => 'http') $$, 'TW422', 'magnet:; .*the file that it is', 'whatever one says that it is');
select pg_temp.refused(format('select haul.grab(%L, type => %L)', l, 'torrent'), 'TW422', 'magnet', format('%L', l))
from (values (E'http://a\nfile:///etc/passwd'), ('file:///etc/passwd'), ('http://a b'), ('magnet:?')) v(l);

select pg_temp.refused($$ select haul.grab(data => 'root:x:0:0', type => 'torrent') $$, 'TW422', 'holds', 'nor is this a torrent');
select pg_temp.refused($$ select haul.grab(data => 'nonsense', type => 'nzb') $$, 'TW422', 'holds', 'or an nzb');

select pg_temp.refused(format('select haul.grab(%L, options => %L)', 'magnet:?xt=urn:btih:9dd4e461268c8034f5c8564e155c67a600000000', jsonb_build_object('folder', f)), 'TW422', 'whole path', format('the folder %L', f))
from (values ('films'), ('/srv/../etc'), (E'/a\nb'), ('C:\..\x')) v(f);

-- Paused while it was given to its client, and what it is called.
select haul.grab(data => 'd4:infod6:lengthi3e4:name9:An album.12:piece lengthi16384eee', type => 'torrent') as n \gset
select is((select title from haul.downloads where id = :n), 'An album.', 'a torrent says what it is called');
select haul.pause(:n) \g /dev/null
select haul.grabbed(:n, 'ee') \g /dev/null
select alike(pg_temp.jobs(:n), '%haul.act pause%', 'the client is told to pause');
select is(haul.resume(:n), 'downloading', 'and it goes on from there');
select haul.grab('magnet:?xt=urn:btih:633de4b0c14ca52ea2432a3c8a5c4c3100000000') as f \gset
select haul.grabbed(:f, 'ff') \g /dev/null
select pg_temp.sees(pg_temp.t('ff', 'seeding')) \g /dev/null
select count(*) from haul.begin_import(:f) \g /dev/null
select is((select title from haul.downloads where id = :f), 'name ff', 'one that its link did not name is called as its client calls it');
select pg_temp.refused($$ select haul.drop_library('main') $$, 'TW409', 'wait', 'a library in which files are placed stays');

-- One that is disabled is left alone.
select haul.disable_client('c') \g /dev/null
select pg_temp.refused(format('select * from haul.begin_act(%s, %L)', :a, 'pause'), 'TW425', 'well', 'nobody tells a client anything that is disabled');
select haul.enable_client('c') \g /dev/null
select lives_ok(format('select * from haul.begin_act(%s, %L)', :a, 'pause'), 'until it is enabled');

-- Monitors.
select haul.drop_client('c', force => true) \g /dev/null
select is((select count(*) from haul.clients where name = 'c'), 0::bigint, 'a client is gone at once, whatever its monitor does');

-- What its client holds for another download.
select haul.add_client('c', 'transmission', 'http://127.0.0.1:1', category => 'tow') \g /dev/null
create function pg_temp.hash(p_n int) returns text language sql as $$ select lpad(to_hex(p_n), 40, '0') $$;
select pg_temp.grabbed(pg_temp.hash(1)) as g \gset
select pg_temp.sees(pg_temp.t(pg_temp.hash(1), 'downloading')) \g /dev/null
select pg_temp.refused(format('select haul.grab(%L)', 'magnet:?dn=x&xt=urn:btih:' || upper(pg_temp.hash(1))), 'TW409', format('tow haul cancel %s', :g), 'a magnet that the client holds for another is refused');
select haul.grab(data => 'd4:infode', type => 'torrent') as h \gset
select haul.grabbed(:h, pg_temp.hash(1)) \g /dev/null
select is((select concat_ws(' ', state, class, error) from haul.downloads where id = :h), format('failed client.held client c holds it for download %s, which is downloading', :g), 'a file is only known when the client says which it is');
select alike((select hint from haul.downloads where id = :h), 'it comes with that one%', 'what to do is said');
select is(pg_temp.is_now(:g), 'downloading downloading', 'the other one stays as it is');
select pg_temp.sees(pg_temp.t(pg_temp.hash(1), 'seeding')) \g /dev/null
update haul_store.download set state = 'completed' where id = :g;
insert into haul_store.file (download, source, size, state, target, mode) values (:g, 'x', 1, 'placed', 'x', 'symlink');
select haul.retry(:h), haul.grabbed(:h, pg_temp.hash(1)) \g /dev/null
select alike((select hint from haul.downloads where id = :h), format('%%tow haul forget %s%%', :g), 'also of one that has ended');
select haul.forget(:g), haul.retry(:h), haul.grabbed(:h, pg_temp.hash(1)) \g /dev/null
select pg_temp.sees(pg_temp.t(pg_temp.hash(1), 'seeding', format('{"tags": ["tow-%s", "tow-%s"]}', :g, :h)::jsonb)) \g /dev/null
select is(pg_temp.is_now(:h), 'downloaded seeding', 'what is in no list any more gives way, and what is complete is placed at once');
select ok(haul_store.is_linked(:h, null::haul_store.library), 'but what a library''s links for the other lead to is not deleted');
select haul.grab('magnet:?xt=urn:btih:' || pg_temp.hash(2)) as i \gset
select haul.grabbed(:i, null), pg_temp.later('1 minute'), pg_temp.sees(pg_temp.t('other', 'seeding')), pg_temp.later('2 minutes'), pg_temp.sees(pg_temp.t('other', 'seeding')) \g /dev/null
select alike((select trouble from haul.downloads where id = :i), 'client c does not list it%', 'one that its client took and does not list says so');

select * from finish();
rollback;
