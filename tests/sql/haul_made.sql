-- Clients that list no files: what a job has made is its own folder or file, here and there; what may be others', too, is refused.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';
select haul.add_client('c', 'sabnzbd', 'http://127.0.0.1:1', category => 'films', adopt => true, paths => '{"/downloads/complete": "/srv/done", "D:\\Done": "/mnt/d"}') as c \gset
select haul.add_library('main', '/srv/done/films/library') \g /dev/null

-- What the client lists: name, where.
create function pg_temp.sees(p_of jsonb) returns bigint language sql as $$
	select haul.observe(c.id, c.revision, jsonb_build_object('whole', true, 'transfers', (select jsonb_agg(jsonb_build_object('key', o.key, 'name', regexp_replace(o.key, '\d$', ''), 'state', 'done',
		'complete', true, 'percent', 100, 'folder', o.value, 'content', o.value, 'category', 'films')) from jsonb_each_text(p_of) o)), 7) from haul_store.client c where c.name = 'c' $$;
select pg_temp.sees('{"film": "/downloads/complete/films/film", "twice1": "/downloads/complete/films/twice", "twice2": "/downloads/complete/films/twice",
	"one": "/downloads/complete/films/shared", "other": "/downloads/complete/films/shared", "Films": "/downloads/complete/films/Films", "file": "/downloads/complete/films/apart/file.mkv"}') \g /dev/null
create function pg_temp.id(p_name text) returns bigint language sql as $$ select min(d.id) from haul.downloads d where d.title = p_name $$;
create function pg_temp.made(p_name text, p_path text) returns text language sql as $$ select concat_ws(' ', root, folder, name) from haul.made(pg_temp.id(p_name), p_path) $$;
create function pg_temp.not_own(p_name text, p_path text, p_why text) returns text language plpgsql as $$
begin
	perform haul.made(pg_temp.id(p_name), p_path);
	return fail('refused: ' || p_path);
exception when sqlstate 'TW422' then
	return ok(sqlerrm like '%' || p_why, format('not its own: %s: %s', p_path, sqlerrm));
end $$;

select is(pg_temp.made('film', '/downloads/complete/films/film'), '/srv/done/films /downloads/complete/films film', 'the folder above it, here and there, and its name');
select is(pg_temp.made('film', '/downloads/complete/films//film//'), '/srv/done/films/ /downloads/complete/films/ film', 'slashes are no names');
select is(pg_temp.made('file', '/downloads/complete/films/apart/file.mkv'), '/srv/done/films/apart /downloads/complete/films/apart file.mkv', 'one file');
select is(pg_temp.made('film', '/elsewhere/films/a\b'), '/elsewhere/films /elsewhere/films a\b', 'not mapped; a backslash is a letter there');
select is(pg_temp.made('film', 'd:\done\Films\film\'), '/mnt/d/Films d:/done/Films film', 'Windows');
select is(pg_temp.made('twice', '/downloads/complete/films/twice'), '/srv/done/films /downloads/complete/films twice', 'downloaded again, it is in the same folder');
select is(pg_temp.made('Films', '/downloads/complete/films/Films'), '/srv/done/films /downloads/complete/films Films', 'a job may be named like its category');

select pg_temp.not_own('one', '/downloads/complete/films/shared', '''other'' is there, too');
select pg_temp.not_own('film', '/downloads/complete/films/apart', '''file'' is there, too');
select pg_temp.not_own('film', '/downloads/complete/films', 'a library is there');
select pg_temp.not_own('film', '/other/Films', 'all of its category');
select pg_temp.not_own('film', '/downloads/complete', 'the path map has it for all jobs');
select pg_temp.not_own('film', '/downloads', 'all of its files may be there');
select pg_temp.not_own('film', 'D:\DONE\', 'all of its files may be there');
select pg_temp.not_own('film', p, 'all of its files may be there') from unnest('{/x,//x//,C:\\x}'::text[]) p;
select pg_temp.not_own('film', p, 'no whole path') from unnest('{films/film,film,/a/b/..,/a/./b,/a/../b/c}'::text[]) p;
select pg_temp.not_own('film', p, 'no whole path') from unnest('{/,""}'::text[]) p;

select * from finish();
rollback;
