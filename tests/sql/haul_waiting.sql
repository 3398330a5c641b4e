-- Downloads that wait for a library: a new one takes them, and one whose categories become theirs.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';

create function pg_temp.sees(p_state text) returns bigint language sql as $$
	select haul.observe(c.id, c.revision, jsonb_build_object('whole', true, 'transfers', jsonb_build_array(
		jsonb_build_object('key', 'k', 'name', 'a film', 'state', p_state, 'percent', 100, 'size', 1000, 'complete', p_state = 'seeding', 'folder', '/dl', 'category', 'tow'))), 7)
	from haul_store.client c where c.name = 'c' $$;
create function pg_temp.is_now(p_id bigint) returns text language sql as $$ select concat_ws(' ', state, library) from haul.downloads where id = p_id $$;
create function pg_temp.imports(p_id bigint) returns bigint language sql as $$ select count(*) from tow.jobs where kind = 'haul.import' and args ->> 'download' = p_id::text and state <> 'cancelled' $$;

select haul.drop_client('web') \g /dev/null
select haul.add_client('c', 'transmission', 'http://127.0.0.1:1', category => 'tow', adopt => true) \g /dev/null
select pg_temp.sees('seeding') \g /dev/null
select id as here from haul.downloads \gset
select haul.grab('magnet:?xt=urn:btih:21ad0bd836b90d08f4cf640b4c298e7c00000000&dn=asked') as asked \gset
select haul.grab('magnet:?xt=urn:btih:e0323a9039add2978bf5b49550572c7c00000000&dn=gone') as gone, haul.cancel(:asked + 1) \g /dev/null
select is(pg_temp.is_now(:here) || ', ' || pg_temp.imports(:here), 'downloaded, 0', 'what is here waits for a library');
select alike((select trouble from haul.downloads where id = :here), '%tow library add NAME ROOT', 'and says so');

select haul.add_library('main', '/media/main') \g /dev/null
select is(pg_temp.is_now(:here) || ', ' || pg_temp.imports(:here), 'downloaded main, 1', 'a new one takes it');
select is(pg_temp.is_now(:asked) || ', ' || pg_temp.imports(:asked), 'approved main, 0', 'and what is still to come');
select is(pg_temp.is_now(:asked + 1), 'cancelled', 'not what was given up');
select haul.add_library('second', '/media/second') \g /dev/null
select is(pg_temp.is_now(:here) || ', ' || pg_temp.imports(:here), 'downloaded main, 1', 'what has one stays with it');

update haul_store.download set library = null where id = :here; -- as of a library that was deleted
select alike((select trouble from haul.downloads where id = :here), '%tow haul retry ' || :here || ' --library NAME', 'where there are others, one can be chosen');
select haul.set_library('second', categories => '{films}') \g /dev/null
select is(pg_temp.is_now(:here), 'downloaded', 'a library that is changed takes nothing of other categories');
select haul.set_library('second', categories => '{films,tow}') \g /dev/null
select is(pg_temp.is_now(:here) || ', ' || pg_temp.imports(:here), 'downloaded second, 1', 'but what is of one that it has now');

update haul_store.download set library = null where id = :here;
select haul.add_library('third', '/media/third', categories => '{books}') \g /dev/null
select is(pg_temp.is_now(:here), 'downloaded', 'a new one does not take what is of the category of another');
update haul_store.download set category = 'books' where id = :here;
select haul.set_library('third', categories => '{books,comics}') \g /dev/null
select is(pg_temp.is_now(:here), 'downloaded third', 'and what is of its own goes to it');
-- What downloads under way need is not dropped by the way.
select pg_temp.refused($$ select haul.drop_library('third') $$, 'TW409', 'tow library rm third --yes', 'a library that something is on its way to stays');
select throws_ok($$ select haul.drop_client('c') $$, 'TW409', format('client c has 2 downloads under way: %s, %s', :here, :asked), 'and a client that is at something');
select lives_ok($$ select haul.drop_library('third', force => true) $$, 'unless somebody says so');
select is(pg_temp.is_now(:here), 'downloaded', 'and then they wait for another');
select lives_ok($$ select haul.drop_client('c', force => true) $$, 'a client, too');
update haul_store.download set state = 'completed', library = (select l.id from haul_store.library l where l.name = 'second') where id = :here;
insert into haul_store.file (download, source, size, state, target) values (:here, 'a', 1, 'placed', 'a') returning id as file \gset
select throws_ok($$ select haul.drop_library('second') $$, 'TW409', 'library second has files of 1 download', 'nor a library that files are in');
update haul_store.file set state = 'undone' where id = :file;
select lives_ok($$ select haul.drop_library('second') $$, 'what nothing needs goes');
update haul_store.file set state = 'placed' where id = :file;
select pg_temp.refused(format('select haul.undo(%s)', :here), 'TW409', 'by hand', 'files whose library is gone are not taken back');
select * from finish();
rollback;
