-- Downloads as pages and programs beside ours ask for them: lists page by page, the service, a chosen result, tests.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';
select haul.drop_client('web') \g /dev/null
select haul.add_client('c', 'transmission', 'http://127.0.0.1:1', category => 'tow') as c \gset
select haul.add_client('n', 'nzbget', 'http://127.0.0.1:2') \g /dev/null
select haul.add_library('main', '/media/main') \g /dev/null
select haul.add_library('other', '/media/other') \g /dev/null

-- Each page goes on where the last one ended, though downloads come meanwhile; nothing is shown twice, nothing is left out.
select count(haul.grab('magnet:?xt=urn:btih:' || md5(n::text) || '00000000', 'Film ' || (n * 7) % 25, case when n % 5 = 0 then 'other' else 'main' end, priority => n % 3)) from generate_series(1, 25) n \g /dev/null
create temporary table first_ones as select id from haul.list_downloads(max_rows => 1000);
create function pg_temp.walk(p_sort text, out ids bigint[]) language plpgsql as $$
declare v_after text; v_ids bigint[];
begin
	loop
		select array_agg(l.id order by l.n), (array_agg(l.cursor order by l.n desc))[1] into v_ids, v_after
		from haul.list_downloads(sort => p_sort, after => v_after, max_rows => 4) with ordinality l(cursor, id, title, state, percent, down, up, eta, size, left_bytes, seeders, leechers, ratio, transfer, client, error,
			trouble, hint, class, library, category, type, adopted, who, folder, tracker, tracker_host, tags, profile, priority, meta, options, created_at, added_at, completed_at, state_at, seen_at, tag, status, downloaded, tries, max_tries, next_try_at, failing, removes, driver, source, job, doing, hash, n);
		exit when v_ids is null;
		ids := ids || v_ids;
		perform haul.grab('magnet:?xt=urn:btih:633de4b0c14ca52ea2432a3c8a5c4c3100000000', 'Late one') where cardinality(ids) < 25;
	end loop;
	delete from haul_store.download where title = 'Late one';
end $$;
select ok(not exists (select from unnest(w.ids) i group by i having count(*) > 1) and not exists (select id from first_ones except select unnest(w.ids)), 'each is met once, sorted by ' || s)
from unnest('{id,-id,title,-title,state,state_at,-created_at,completed_at,priority,-priority,size,-percent}'::text[]) s, pg_temp.walk(s) w(ids);
select is((select array_agg(priority) from haul.list_downloads(sort => 'priority', max_rows => 3)), '{0,0,0}', 'the smallest first');
select is((select max(priority) from haul.list_downloads(sort => '-priority', max_rows => 1)), 2, 'and the other way round');
create temporary table kept as select id, state from haul_store.download;
update haul_store.download d set state = s.name from haul_store.state s where s.position = d.id % 15 + 1;
insert into haul_store.transfer (client, key, download, name, state, first_at, changed_at, pulse_at, moved, added_at)
select d.client, 'k' || d.id, d.id, 'n', case when d.id % 2 = 0 then 'seeding' else 'done' end, tow.now(), tow.now(), tow.now(), '0', tow.now() from haul_store.download d where d.state = 'completed' and not exists (select from haul_store.transfer t where t.download = d.id);
select is((select string_agg(x.s, ' ') from (select distinct d.status as s from haul.downloads d) x, unnest('{-id,title}'::text[]) o
	where (select array_agg(l.id order by l.id) from haul.list_downloads(state => array[case when length(x.s) % 2 = 0 then x.s else lower(x.s) end], sort => o, max_rows => 1000) l)
		is distinct from (select array_agg(d.id order by d.id) from haul.downloads d where d.status = x.s)), null, 'by what other programs call their state, in any case');
select is((select array_agg(l.id) from haul.list_downloads(state => '{Open}', max_rows => 1000) l), (select array_agg(d.id order by d.id desc) from haul.downloads d where d.state not in ('completed', 'rejected', 'failed', 'cancelled')), 'all that have not ended');
select is((select count(*) from haul.list_downloads(state => '{open,SEEDING,Imported}', max_rows => 1000)), (select count(*) from haul.downloads where state not in ('rejected', 'failed', 'cancelled')), 'and others');
select is((select count(*) from haul.list_downloads(state => '{SEEDING,Imported}', max_rows => 1000)), (select count(*) from haul.downloads where state = 'completed'), 'by several');
select is((select count(*) from haul.list_downloads(state => '{PENDING,PLACING}', max_rows => 1000)), (select count(*) from haul.downloads where state in ('queued', 'importing')), 'or those of yet others');
update haul_store.download d set state = k.state from kept k where k.id = d.id;
delete from haul_store.transfer t where t.key ^@ 'k';
select is((select count(*) from haul.list_downloads(library => 'other')), 5::bigint, 'of a library');
select is((select count(*) from haul.list_downloads(title => 'film 1', client => 'c', state => '{approved,failed}')), 11::bigint, 'of a client, in a state, with a part of the title');
select is((select count(*) from haul.list_downloads(client => 'n')), 0::bigint, 'none of another client');
select pg_temp.refused($$ select * from haul.list_downloads(sort => 'link') $$, 'TW422', 'by id, title', 'it is not sorted by anything');
select pg_temp.refused($$ select * from haul.list_downloads(state => '{gone}') $$, 'TW422', 'queued, ', 'no such state');
select pg_temp.refused($$ select * from haul.list_downloads(after => '7') $$, 'TW422', 'cursor', 'no cursor');
select pg_temp.refused($$ select * from haul.list_downloads(after => '{{') $$, 'TW422', 'cursor', 'nor is that one');
select pg_temp.refused($$ select * from haul.list_downloads(library => 'zz') $$, 'TW404', 'haul.libraries', 'no such library');
select pg_temp.refused($$ select * from haul.show_download(0) $$, 'TW404', 'tow haul ls', 'no such download');
select is((select count from haul.count_downloads() where state = 'approved'), (select count(*) from haul.downloads where state = 'approved'), 'how many are in a state');
select is((select count(*) from haul.count_downloads() where count = 0), 14::bigint, 'and in the others none');

-- States as others call them.
select is((select string_agg(distinct d.status, ' ') from haul.downloads d), 'FOUND', 'approved is FOUND');
create function pg_temp.called(p_id bigint, p_state text, p_transfer text) returns text language plpgsql as $$
begin
	update haul_store.download set state = p_state where id = p_id;
	update haul_store.transfer set state = p_transfer where download = p_id;
	return (select d.status from haul.downloads d where d.id = p_id);
end $$;
select min(id) as d from haul.downloads \gset
select haul.observe(:c, 0, jsonb_build_object('whole', true, 'transfers', jsonb_build_array(jsonb_build_object('key', 'k', 'name', 'x', 'state', 'downloading', 'percent', 25, 'size', 1000, 'left', 750, 'tags', jsonb_build_array('tow-' || :d)))), 1) \g /dev/null
select is((select concat_ws(' ', status, percent, downloaded, size) from haul.show_download(:d)), 'DOWNLOADING 25 250 1000', 'how far it is');
select pg_temp.refused(format('select haul.retry(%s)', :d), 'TW409', '', 'what moves is not tried again');
select is(pg_temp.called(:d, s, t), n, format('%s, %s', s, t)) from (values ('queued', 'queued', 'QUEUED'), ('searching', 'queued', 'SEARCHING'), ('downloaded', 'done', 'COMPLETE'), ('converting', 'done', 'CONVERTING'),
	('converted', 'done', 'CONVERTED'), ('importing', 'done', 'IMPORTING'), ('completed', 'done', 'IMPORTED'), ('completed', 'seeding', 'SEEDING'), ('failed', 'error', 'FAILED')) v(s, t, n);

-- A result that somebody chose.
select haul.grab_result('A book', author => 'Someone', download_url => 'https://x/get?id=7', type => 'torrent', indexer => 'idx', quality => '320', size => 5000, library => 'main') as r \gset
select is((select concat_ws(' ', title, status, type, client, library, meta) from haul.downloads where id = :r), 'A book FOUND torrent c main {"size": 5000, "author": "Someone", "indexer": "idx", "quality": "320"}', 'it is found already');
select is((select string_agg(to_state, ' ' order by n) from haul.events where download = :r), 'queued approved', 'nothing is searched');
select pg_temp.refused($$ select haul.grab_result('x') $$, 'TW422', 'magnet', 'it needs a link');
select pg_temp.refused($$ select haul.grab_result('x', link => 'magnet:?xt=urn:btih:9dd4e461268c8034f5c8564e155c67a600000000', download_url => 'magnet:?xt=urn:btih:415290769594460e2e485922904f345d00000000') $$, 'TW422', 'one of them', 'one');
select pg_temp.refused($$ select haul.grab_result('x', link => 'https://x/y', type => 'nzb', download_type => 'torrent') $$, 'TW422', 'one of them', 'of one kind');
select haul.grab_result(book_title => 'Another', book_author => 'Her', book_asin => 'B0', download_url => 'magnet:?xt=urn:btih:28dd2c7955ce926456240b2ff0100bde00000000', download_type => 'torrent', quality_score => 8.5, match_score => 90, file_format => 'm4b', file_size => 7, seeders => 3) as b \gset
select is((select concat_ws(' ', title, status, type, meta) from haul.downloads where id = :b), 'Another FOUND torrent {"asin": "B0", "size": 7, "author": "Her", "format": "m4b", "seeders": 3, "match_score": 90, "quality_score": 8.5}', 'by names that others have');
select is((select concat_ws(' ', book_title, book_author, book_asin, download_client, download_type, download_progress, quality_score, match_score, file_format, status) from haul.queue where id = :b), 'Another Her B0 c torrent 0 8.5 90 m4b FOUND', 'and so it is shown');
select is((select concat_ws(' ', book_title, download_client_id, download_progress, file_size) from haul.queue where id = :d), (select concat_ws(' ', d.title, t.key, d.percent, d.size) from haul.downloads d join haul.transfers t on t.download = d.id where d.id = :d), 'what its client calls it, and how far it is');
select is((select array_agg(l.id) from haul.list_queue(status => '{FOUND}', state => '{failed}', sort => 'title', max_rows => 1000) l), (select array_agg(l.id) from haul.list_downloads(state => '{FOUND,failed}', sort => 'title', max_rows => 1000) l), 'status is state');
select is((select count(distinct l.cursor) from haul.list_queue(status => '{Found}', max_rows => 3) l), 3::bigint, 'and each row says where the list goes on');


-- Where it is, and that it is given to others.
insert into haul_store.file (download, source, size, state, target) values (:d, 'b.m4b', 1, 'placed', 'A/b.m4b'), (:d, 'a.m4b', 1, 'placed', 'A/a.m4b'), (:d, '0.nfo', 1, 'skipped', null);
update haul_store.download set library = (select id from haul_store.library where name = 'main') where id = :d;
update haul_store.transfer set folder = '/there/x' where download = :d;
select is((select concat_ws(' ', temp_file_path = folder, converted_file_path, final_file_path) from haul.queue where id = :d), 't ' || (select root from haul.libraries where name = 'main') || '/A/a.m4b', 'where its client has it, and the first of its files in the library');
select is((select concat_ws(' ', count(*), count(final_file_path)) from haul.list_queue(max_rows => 1000)), (select concat_ws(' ', count(*), 1) from haul.downloads), 'where there is one');
select pg_temp.called(:d, 'completed', 'seeding') \g /dev/null
select is((select concat_ws(' ', doing, state) from haul.downloads where id = :d), 'seeding completed', 'what its client still gives to others says so');
select pg_temp.called(:d, 'completed', 'done') \g /dev/null
select is((select concat_ws(' ', doing, state) from haul.downloads where id = :d), 'completed completed', 'until it has given enough');

-- Who logs in at a link's host is nobody's to see.
select haul.add_client('web', 'web') \g /dev/null
create temporary table linked as select haul.grab(l) as id, l, t from (values ('https://me:pass@host/', 'host'), ('https://me:pass@host', 'host'), ('https://me:pass@host/a/b.iso', 'b.iso'), ('https://host/me@b.iso', 'me@b.iso')) v(l, t);
select is(d.title, l.t, l.l) from linked l join haul.downloads d using (id);
select is((select count(*) from haul.downloads d where to_jsonb(d)::text ~ 'pass@'), 0::bigint, 'no row has it');
select is((select count(*) from haul.events e where to_jsonb(e)::text ~ 'pass@'), 0::bigint, 'no event');
select is((select count(*) from tow.jobs j where to_jsonb(j)::text ~ 'pass@'), 0::bigint, 'no job');

-- The service: stopped it stays so, also for a client that comes meanwhile.
select is((select concat_ws(' ', state, running, clients) from haul.service), 'running t 2', 'it runs');
select is((select concat_ws(' ', state, running, reason, monitors) from haul.stop_service('moving house')), 'stopped f moving house 0', 'it is stopped');
select is((select string_agg(d.state, ' ') from tow.daemons d where d.type = 'haul.monitor'), 'stopped stopped', 'no monitor runs');
select tow.duty('daemons') \g /dev/null
select is((select string_agg(d.state, ' ') from tow.daemons d where d.type = 'haul.monitor'), 'stopped stopped', 'nor is one started by itself');
select haul.add_client('late', 'deluge', 'http://127.0.0.1:3') \g /dev/null
select is((select concat_ws(': ', state, error) from haul.clients where name = 'late'), 'unwatched: nobody looks: moving house', 'why nobody looks at a client');
select is((select state from tow.queues where name = 'haul.watch'), 'paused', 'a monitor that is asked for waits');
select is((select concat_ws(' ', state, running, monitors) from haul.start_service()), 'running t 3', 'started');
select is((select count(*) from tow.jobs j where j.kind = 'haul.monitor'), 3::bigint, 'all are watched again');
select is((select state from tow.queues where name = 'haul.watch'), 'open', 'nothing waits');
select lives_ok($$ select haul.start_service() $$, 'started twice is started');

-- Tests are jobs.
select haul.test_client('c') as t \gset
select is((select concat_ws(' ', kind, queue, args, max_attempts) from tow.jobs where id = :t), 'haul.trial haul {"client": "c"} 1', 'a worker tries a client');
select is((select count(*) from haul.tested(:t)), 0::bigint, 'it has not said anything yet');
select pg_temp.worker('{default}') as w \gset
select pg_temp.ran(:w, '{"as": "completed", "result": [{"component": "url", "status": "ok"}]}') as found \gset
select is((select component || ' ' || status from haul.tested(:found)), 'url ok', 'what it found is said');
set local role tow_viewer;
select is((select count(*) from haul.tested(:found)), 0::bigint, 'and to those who may not see results nothing');
reset role;
select pg_temp.refused($$ select haul.test_client('zz') $$, 'TW404', 'haul.clients', 'no such client');
select pg_temp.refused($$ select haul.test_target('zz') $$, 'TW404', 'haul.targets', 'nor target');
select pg_temp.refused($$ select haul.test_library('zz') $$, 'TW404', 'haul.libraries', 'nor library');
select pg_temp.refused($$ select haul.library('zz') $$, 'TW404', 'haul.libraries', 'nor its folder');
select is((select root from haul.library('other')), (select root from haul.libraries where name = 'other'), 'of one that is there it is said where it is');
select haul.test_library('other') as looks \gset
select is((select j.args ->> 'library' from tow.jobs j where j.id = :looks), 'other', 'a worker is to look at it');
select * from finish();
rollback;
