-- Into another category when it is placed: the setting, what the job and the monitor are told, and that what was put away is
-- still ours, neither lost nor taken for something new.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';

create function pg_temp.t(p_key text, p_category text, p_more jsonb default '{}') returns jsonb language sql as $$
	select jsonb_build_object('key', p_key, 'name', 'name ' || p_key, 'state', 'seeding', 'percent', 100, 'size', 1000, 'left', 0, 'complete', true, 'folder', '/dl', 'category', p_category) || p_more $$;
create function pg_temp.sees(variadic p_of jsonb[] default '{}') returns bigint language sql as $$
	select haul.observe(c.id, c.revision, jsonb_build_object('whole', true, 'transfers', to_jsonb(p_of)), 7) from haul_store.client c where c.name = 'c' $$;
create function pg_temp.done(p_client text default 'c') returns text language sql as $$ select w.done::text from haul.watch(p_client) w $$;
create function pg_temp.acts(p_id bigint) returns text language sql as $$
	select string_agg(j.args ->> 'act', ' ' order by j.id) from tow.jobs j where j.kind = 'haul.act' and (j.args ->> 'download')::bigint = p_id $$;

select haul.drop_client('web') \g /dev/null
select haul.add_client('c', 'qbittorrent', 'http://127.0.0.1:1', category => 'tow', adopt => true) as c \gset
select haul.add_client('all', 'qbittorrent', 'http://127.0.0.1:2') \g /dev/null
select haul.add_library('main', '/media/main', done_category => 'tow/done') \g /dev/null
select haul.add_library('music', '/media/music', categories => '{music}') \g /dev/null

-- The setting.
select is((select string_agg(concat_ws(' ', name, done_category), ', ' order by name) from haul.libraries), 'main tow/done, music', 'set where a library is added');
select pg_temp.refused(format('select haul.set_library(%L, done_category => %L)', 'music', d), 'TW422', h, format('not %L', d))
from (values ('', 'commas'), ('a,b', 'commas'), ('/a', 'commas'), ('a/', 'commas'), ('a//b', 'commas'), ('a\b', 'commas'), (E'a\nb', 'commas'), (repeat('a', 201), 'commas'), ('music', 'music-done')) v(d, h);
select pg_temp.refused($$ select haul.add_library('x', '/x', categories => '{films}', done_category => 'films') $$, 'TW422', 'films-done', 'where it would be placed again');

-- What the monitor is told: its listings are to have what is put away.
select is(pg_temp.done(), '["tow/done"]', 'listings have that category too');
select is(pg_temp.done('all'), null, 'what is not narrowed has it anyway');
select haul.set_library('music', done_category => 'Heard') \g /dev/null
select is(pg_temp.done(), '["Heard", "tow/done"]', 'those of all libraries');
select haul.set_library('music', done_category => 'tow') \g /dev/null
select is(pg_temp.done(), '["tow/done"]', 'but its own it has');
select haul.set_library('music', reset => '{done_category}') \g /dev/null
select is((select done_category from haul.libraries where name = 'music'), null, 'taken back');

-- Placed, and what the job is told.
select pg_temp.sees(pg_temp.t('a', 'tow')) \g /dev/null
select id as a from haul.downloads where title = 'name a' \gset
select count(*) from haul.begin_import(:a) \g /dev/null
select count(*) from haul.plan(:a, '/dl', '[{"path": "x", "size": 1}]') \g /dev/null
select haul.placed(f.id, 'x', 'link', null, 1, 1, 2, null) from haul_store.file f where f.download = :a \g /dev/null
select haul.imported(:a) \g /dev/null
select is(pg_temp.acts(:a), 'done', 'its client will be told');
select is((select concat_ws(' ', category, key, done_tag, done_category) from haul.begin_act(:a, 'done')), 'tow a synced tow/done', 'the tag, and the category to put it into');
select haul.acted(:a, 'done', 'it cannot') \g /dev/null
select is((select detail from haul.events where download = :a and what = 'refused'), 'client c: done: it cannot', 'one that cannot is written down');

-- It is still ours.
select pg_temp.sees(pg_temp.t('a', 'tow/done')) \g /dev/null
select is((select concat_ws(' ', state, transfer) from haul.downloads where id = :a), 'completed seeding', 'seen where it is now');
select haul.set_library('main', done_category => 'later', done_remove => 'transfer') \g /dev/null
select is(pg_temp.done(), '["later", "tow/done"]', 'also when what is placed is put elsewhere from now on');
select haul.set_goal(ratio => 2) \g /dev/null
select pg_temp.later('11 minutes'), pg_temp.sees(pg_temp.t('a', 'tow/done', '{"ratio": 1}')) \g /dev/null
select is(pg_temp.acts(:a), 'done', 'it seeds until its goal');
select pg_temp.later('11 minutes'), pg_temp.sees(pg_temp.t('a', 'tow/done', '{"ratio": 2}')) \g /dev/null
select is(pg_temp.acts(:a), 'done remove', 'and is removed then');

-- What was put away is nothing new, also when nobody remembers it any more.
select haul.set_library('main', done_category => 'tow/done', done_remove => 'no', reset => '{done_tag}'), pg_temp.later('2 minutes') \g /dev/null
select pg_temp.sees(pg_temp.t('a', 'tow/done'), pg_temp.t('b', 'tow/done'), pg_temp.t('d', 'tow/new'), pg_temp.t('e', 'tow')) \g /dev/null
select is((select string_agg(title, ', ' order by title) from haul.downloads), 'name a, name d, name e', 'neither adopted');
select is(haul.pending('tow'), 0::bigint, 'nor processed');
update haul_store.transfer set download = null where key in ('b', 'd');
delete from haul_store.download where title = 'name d';
select is(haul.pending('tow'), 1::bigint, 'as what is beside it would be');
select is(haul.pending('tow/done'), 1::bigint, 'unless somebody asks for just that');
select haul.set_library('main', done_category => 'tow'), pg_temp.sees(pg_temp.t('a', 'tow/done'), pg_temp.t('g', 'tow')) \g /dev/null
select is((select string_agg(title, ', ' order by title) from haul.downloads), 'name a, name e, name g', 'the category that a client is looked through for goes on meaning what it did');

-- What somebody gave a category of its own is listed with the client's: before it is seen there, and as long as it is.
select haul.set_library('main', reset => '{done_category}'), pg_temp.worker('{haul}', '{haul.grab,haul.act}') \g /dev/null
select pg_temp.sees(pg_temp.t('e', 'tow'), pg_temp.t('g', 'tow')) from generate_series(1, 3) \g /dev/null
delete from haul_store.download where title = 'name a';
select is(pg_temp.done(), null, 'nothing but its own');
select haul.grab('magnet:?xt=urn:btih:c4ca4238a0b923820dcc509a6f75849b00000000', client => 'c', category => 'films') as own \gset
select is(pg_temp.done(), '["films"]', 'before its client has it');
select haul.grabbed(:own, null) \g /dev/null
select is(pg_temp.done(), '["films"]', 'and when it is given to it');
select pg_temp.sees(pg_temp.t('e', 'tow'), pg_temp.t('g', 'tow'), pg_temp.t('o', 'films', format('{"tags": ["tow-%s"], "state": "stalled", "complete": false}', :own)::jsonb), pg_temp.t('x', 'films')) \g /dev/null
select is((select transfer from haul.downloads where id = :own), 'stalled', 'so it is seen');
select is((select count(*) from haul.downloads where category = 'films'), 1::bigint, 'what is beside it is none of ours');
select haul.cancel(:own) \g /dev/null
select is(pg_temp.done(), '["films"]', 'cancelled, it is not called missing');
select haul.grab('magnet:?xt=urn:btih:c81e728d9d4c2f636f067f89cc14862c00000000', client => 'c', category => 'books') as late \gset
select haul.grabbed(:late, null), haul.cancel(:late, 'data') \g /dev/null
select is(pg_temp.done(), '["books", "films"]', 'one that is to be removed is still looked for');
select pg_temp.sees(pg_temp.t('e', 'tow'), pg_temp.t('g', 'tow'), pg_temp.t('l', 'books', format('{"tags": ["tow-%s"]}', :late)::jsonb)) \g /dev/null
select is(pg_temp.acts(:late), 'remove_data', 'and removed when it is found');
select haul.set_client('c', category => 'new') \g /dev/null
select is(pg_temp.done(), '["books", "films", "tow"]', 'what was adopted from the category before is seen to its end');
select haul.set_client('c', category => 'tow') \g /dev/null

-- Our own workers have no categories.
select haul.add_client('web', 'web', priority => 1000), pg_temp.worker('{haul}', '{haul.fetch}') \g /dev/null
select haul.grab('https://x/file.iso', library => 'main') as w \gset
select count(*) from haul.begin_fetch(:w) \g /dev/null
select haul.fetching(:w, '{"key": "tow-9", "name": "file.iso", "folder": "/dl/tow-9", "size": 1000, "at": 250}'), haul.fetched(:w, 'tow-9', 'file.iso', '/dl/tow-9', 1000) \g /dev/null
select is((select concat_ws(' ', key, done_category) from haul.begin_act(:w, 'done')), 'tow-9', 'and are not told one');
select * from finish();
rollback;
