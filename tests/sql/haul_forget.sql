-- haul.forget: what has ended leaves the lists, and is deleted when nothing needs it. haul.bulk: a verb on many.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';

create function pg_temp.t(p_key text, p_more jsonb default '{}') returns jsonb language sql as $$
	select jsonb_build_object('key', p_key, 'name', 'name ' || p_key, 'state', 'seeding', 'percent', 100, 'size', 1000, 'left', 0, 'complete', true, 'folder', '/dl', 'category', 'tow') || p_more $$;
create function pg_temp.sees(variadic p_of jsonb[] default '{}') returns bigint language sql as $$
	select haul.observe(c.id, c.revision, jsonb_build_object('whole', true, 'transfers', to_jsonb(p_of)), 7) from haul_store.client c where c.name = 'c' $$;
create function pg_temp.known() returns text language sql as $$ select string_agg(d.title || case when d.forgotten_at is not null then ' (forgotten)' else '' end, ', ' order by d.id) from haul_store.download d $$;
create function pg_temp.listed() returns text language sql as $$ select string_agg(d.title, ', ' order by d.id) from haul.list_downloads() d $$;
create function pg_temp.bulk(p_verb text, p_more text default '') returns text language plpgsql as $$
declare v text; begin
	execute format('select string_agg(b.done, '', '' order by b.download) from haul.bulk(%L %s) b', p_verb, p_more) into v;
	return v;
end $$;

select haul.drop_client('web') \g /dev/null
select haul.add_client('c', 'qbittorrent', 'http://127.0.0.1:1', category => 'tow', adopt => true) \g /dev/null
select haul.add_library('main', '/media/main') \g /dev/null
select pg_temp.sees(pg_temp.t('a'), pg_temp.t('b')) \g /dev/null
select id as a from haul.downloads where title = 'name a' \gset
select id as b from haul.downloads where title = 'name b' \gset

-- Under way.
select pg_temp.refused(format('select haul.forget(%s)', :a), 'TW409', 'tow haul cancel', 'what is under way stays');
select pg_temp.refused('select haul.forget(0)', 'TW404', 'tow haul ls', 'there must be one');

-- While its client holds it.
select haul.cancel(:a) \g /dev/null
select is((select e.detail from haul.events e where e.download = :a order by e.n desc limit 1), 'its client keeps it', 'which is said');
select pg_temp.refused(format('select haul.forget(%s, remove => %L)', :a, 'all'), 'TW422', 'transfer', 'a client can be told some things');
select haul.forget(:a) \g /dev/null
select is(pg_temp.listed(), 'name b', 'it is in no list');
select is((select count(*) from haul.events e where e.download = :a), 0::bigint, 'nor what happened to it');
select is((select sum(c.count) from haul.count_downloads() c), 1::numeric, 'it does not count');
select throws_ok(format('select * from haul.show_download(%s)', :a), 'TW404', null, 'nor is it shown');
select pg_temp.refused(format('select haul.forget(%s)', :a), 'TW404', 'taken out', 'nor forgotten twice');
select pg_temp.sees(pg_temp.t('a'), pg_temp.t('b')) \g /dev/null
select is(pg_temp.known(), 'name a (forgotten), name b', 'what its client holds of it is not taken for something new');
select is((select a.detail ->> 'was' from tow.audit a where a.what = 'download.forget'), 'cancelled', 'the audit has it');
select haul.retry(:a) \g /dev/null
select is(pg_temp.listed(), 'name a, name b', 'tried again, it is back');
select haul.cancel(:a) \g /dev/null
select haul.forget(:a, 'data') \g /dev/null
select is((select j.args ->> 'act' from tow.jobs j where j.kind = 'haul.act' and (j.args ->> 'download')::bigint = :a), 'remove_data', 'its client is told to delete it');
select tow.cancel(j.id) from tow.jobs j \g /dev/null
select haul.acted(:a, 'remove_data') \g /dev/null
select haul.tend() \g /dev/null
select is(pg_temp.known(), 'name b', 'and has: nothing is known of it any more');

-- What is placed is compared with what comes.
update haul_store.download set state = 'completed' where id = :b;
insert into haul_store.file (download, source, size, state, target) values (:b, 'x', 1, 'placed', 'x');
select is(haul_store.is_all_placed(:b), true, 'one is placed');
select haul.forget(:b, 'transfer') \g /dev/null
select tow.cancel(j.id) from tow.jobs j \g /dev/null
select haul.acted(:b, 'remove') \g /dev/null
select haul.tend() \g /dev/null
select is(pg_temp.known(), 'name b (forgotten)', 'it stays known, though no client has it');
update haul_store.file set state = 'undone' where download = :b;
select haul.tend() \g /dev/null
select is(pg_temp.known(), null, 'until nothing of it is in place');

-- What failed is tried again by itself, unless it is forgotten.
select haul.grab('magnet:?xt=urn:btih:' || md5(g::text) || '00000000' || '&dn=' || g) from unnest('{one,two,three,four}'::text[]) g \g /dev/null
select id as one from haul.downloads where title = 'one' \gset
select id as two from haul.downloads where title = 'two' \gset
update haul_store.download set state = 'failed', class = 'transfer.error', error = 'no' where id = :one;
select tow.cancel(j.id) from tow.jobs j where j.state in ('ready', 'scheduled') \g /dev/null
select haul.forget(:one) \g /dev/null
select is(pg_temp.known(), 'two, three, four', 'what no client holds goes at once');

-- Many.
select is(pg_temp.bulk('pause', ', title => ''t'''), 'would pause, would pause', 'a dry run is the default');
select is((select count(*) from haul.downloads d where d.state = 'paused'), 0::bigint, 'and does nothing');
select is(pg_temp.bulk('pause', format(', ids => array[%s], dry_run => false', :two)), 'done', 'by id');
select is((select d.state from haul.downloads d where d.id = :two), 'paused', 'it is done');
select is(pg_temp.bulk('pause', ', client => ''c'', dry_run => false'), 'done, done', 'what it does not fit is left out');
select is(pg_temp.bulk('resume', ', state => ''{paused}'', max_rows => 2, dry_run => false'), 'done, done', 'so many at a time');
select is(current_setting('tow.more'), 'true', 'and there are more');
select is(pg_temp.bulk('cancel', ', library => ''main'', remove => ''data'', dry_run => false'), 'done, done, done', 'all of a library');
select is(current_setting('tow.more'), 'false', 'now there are none');
select is(pg_temp.bulk('retry', format(', ids => array[%s], dry_run => false', :two)), 'done', 'tried again');
select is(pg_temp.bulk('delete', ', client => ''c'', remove => ''data'''), pg_temp.bulk('forget', ', client => ''c'', remove => ''data'''), 'delete is forget');
select is(pg_temp.bulk('delete', ', client => ''c''') ~ 'would forget', true, 'and says so');
update haul_store.download d set state = 'completed' from haul.downloads v where v.id = d.id and v.title = 'three';
select is(pg_temp.bulk('forget', ', client => ''c'', remove => ''data'', dry_run => false'), 'not done: not all of download ' || (select id from haul.downloads where title = 'three') || ' is in a library, done',
	'one refusal stops nobody');
select pg_temp.refused('select haul.bulk(' || h || ')', 'TW422', w, h) from (values ('''forget''', 'give ids'), ('''drop'', client => ''c''', 'pause, resume'), ('''pause'', client => ''c'', remove => ''no''', 'cancel and forget'),
	('''pause'', state => ''{gone}''', 'queued'), ('''pause'', client => ''c'', dry_run => null', 'true'), ('''forget'', client => ''c'', remove => ''all''', 'transfer'), ('''pause'', client => ''c'', max_rows => 20000', '10000'), ('''pause'', ids => ''{1,2}'', max_rows => 1', 'give fewer')) v(h, w);

-- What our own workers fetched goes with its download: no client looks after it.
create function pg_temp.acts(p_id bigint) returns text language sql as $$
	select string_agg(j.args ->> 'act', ' ' order by j.id) from tow.jobs j where j.kind = 'haul.act' and (j.args ->> 'download')::bigint = p_id $$;
create function pg_temp.fetched(p_name text) returns bigint language plpgsql as $$
declare v_id constant bigint := haul.grab('https://x/' || p_name, client => 'ours'); begin
	perform haul.begin_fetch(v_id);
	perform haul.fetched(v_id, 'tow-' || p_name, p_name, '/dl/' || p_name, 1000);
	perform haul.begin_import(v_id);
	return v_id;
end $$;
create function pg_temp.completed(p_name text, p_state text, p_mode text) returns bigint language plpgsql as $$
declare v_id constant bigint := pg_temp.fetched(p_name); begin
	insert into haul_store.file (download, source, size, state, target, mode) values (v_id, p_name, 1000, p_state, p_name, p_mode);
	perform haul.imported(v_id);
	return v_id;
end $$;
create function pg_temp.removes(p_id bigint) returns text language sql as $$ select removes from haul.downloads where id = p_id $$;
select haul.add_client('ours', 'web') \g /dev/null
select haul.grab('https://x/u', client => 'ours') as u, pg_temp.fetched('n') as n, pg_temp.completed('p', 'placed', 'link') as p, pg_temp.completed('l', 'placed', 'symlink') as l,
	pg_temp.completed('s', 'skipped', null) as s, pg_temp.completed('k', 'placed', 'link') as k \gset
select count(*) from haul.begin_fetch(:u) \g /dev/null
select haul.give_up(:u, 'release.gone', 'nobody has it', ''), haul.cancel(:n) \g /dev/null
select tow.cancel(j.id) from tow.jobs j \g /dev/null
select is((select transfers from haul.clients where name = 'ours'), 6, 'all of it is held');
select is(pg_temp.removes(:b), null, 'what is in no list says nothing');
select is(array[pg_temp.removes(:u), pg_temp.removes(:n), pg_temp.removes(:p), pg_temp.removes(:l), pg_temp.removes(:s)], '{data,data,data,transfer,transfer}', 'it is said before what will go');
select haul.forget(f) from unnest(array[:u, :n, :p, :l, :s]) f \g /dev/null
select haul.forget(:k, 'no') \g /dev/null
select is(pg_temp.acts(:u), 'remove_data', 'half of it goes');
select is(pg_temp.acts(:n), 'remove_data', 'so does all of it, that was never placed');
select is(concat_ws(' ', pg_temp.acts(:p), (select count(*) from haul.begin_act(:p, 'remove_data'))), 'remove_data 1', 'and what is placed: the library has it');
select is(concat_ws(' ', pg_temp.acts(:l), (select count(*) from haul.begin_act(:l, 'remove'))), 'remove 1', 'not what a library links to');
select is(pg_temp.acts(:s), 'remove', 'nor what may be the only one');
select is(pg_temp.acts(:k), null, 'who says so keeps it');
select is((select transfers from haul.clients where name = 'ours'), 0, 'none of it is held as far as anybody sees');

select * from finish();
rollback;
