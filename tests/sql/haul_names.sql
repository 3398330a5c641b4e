-- What an import does with which file: choices, sidecars, names, what is better, archives.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';

select haul.add_client('c', 'transmission', 'http://127.0.0.1:1', category => 'tow', adopt => true) \g /dev/null
select haul.add_library('l', '/lib', '{title}{ (|year|)} - {quality}.{ext}') \g /dev/null
select haul.add_library('names', '/names', '{name}.{ext}') \g /dev/null
select haul.add_library('paths', '/paths') \g /dev/null

-- "path" or "path=size", a kind and a size for each; the plan as "path -> target" and "path: why".
create function pg_temp.files(variadic p_of text[]) returns jsonb language sql as $$
	select jsonb_agg(jsonb_build_object('path', split_part(f, '=', 1), 'size', coalesce(nullif(split_part(f, '=', 2), '')::bigint, 1000))) from unnest(p_of) f $$;
create function pg_temp.library(p_name text) returns haul_store.library language sql as $$ select l from haul_store.library l where l.name = p_name $$;
create function pg_temp.download(p_meta jsonb default '{"year": 1999, "quality": "1080p"}') returns haul_store.download language sql as $$
	select jsonb_populate_record(null::haul_store.download, jsonb_build_object('id', -1, 'title', 'Film', 'meta', p_meta)) $$;
create function pg_temp.plan(p_library haul_store.library, p_files jsonb, p_meta jsonb default '{"year": 1999, "quality": "1080p"}') returns text language sql as $$
	select string_agg(p.source || case p.state when 'planned' then ' -> ' || p.target else ': ' || p.why end, ', ' order by p.source collate "C")
	from haul_store.plan(p_library, pg_temp.download(p_meta), p_files, '[]') p $$;
create function pg_temp.chosen(variadic p_of text[]) returns text language sql as $$
	select string_agg(c.path || coalesce(': ' || c.why, ''), ', ' order by c.path collate "C") from haul_store.choose(pg_temp.library('names'), pg_temp.files(variadic p_of)) c $$;

-- Chosen or not.
select is(pg_temp.chosen('F/f.mkv=9000', 'F/Sample/f.mkv=90', 'F/f-sample.mkv=90', 'F/f.txt', 'F/F.URL', 'F/x.sfv', 'F/x.exe', 'F/x.nzb', 'F/.DS_Store', 'F/@eaDir/f.mkv', 'F/Thumbs.db', 'F/.hidden.mkv', 'F/RARBG.mp4=9000', 'F/www.site.com.mp4=9000'),
	'F/.DS_Store: litter, F/.hidden.mkv: hidden, F/@eaDir/f.mkv: litter, F/F.URL: junk, F/RARBG.mp4: a site''s stamp, F/Sample/f.mkv: a sample, F/Thumbs.db: litter, F/f-sample.mkv: a sample, F/f.mkv, F/f.txt: junk, F/www.site.com.mp4: a site''s stamp, F/x.exe: a program, F/x.nzb: junk, F/x.sfv: junk',
	'what comes along is left out');
select is(pg_temp.chosen(variadic f), r, w) from (values
	('{Sample.mkv}'::text[], 'Sample.mkv', 'a film called Sample'),
	('{The.Sample/The.Sample.mkv=9000,The.Sample/Sample/the.sample-sample.mkv=90}', 'The.Sample/Sample/the.sample-sample.mkv: a sample, The.Sample/The.Sample.mkv', 'and a sample of it'),
	('{a/one.mp3=900,a/Sample.mp3=800}', 'a/Sample.mp3, a/one.mp3', 'a track of that name among others'),
	('{Samples/1.mkv,Samples/2.mkv}', 'Samples/1.mkv, Samples/2.mkv', 'a folder of nothing else'),
	('{Sample.mkv=90,cover.pdf=9000}', 'Sample.mkv, cover.pdf', 'the only one of its kind'),
	('{resample.mkv=90,f.mkv=9000}', 'f.mkv, resample.mkv', 'a word that only holds it'),
	('{.hack/1.mkv,.hack/2.mkv}', '.hack/1.mkv, .hack/2.mkv', 'a series whose name begins with a dot'),
	('{...And.Justice/1.mp3,x.mp3}', '...And.Justice/1.mp3, x.mp3', 'and an album'),
	('{F/f.mkv=9000,F/Featurettes/a.mkv=5000,F/f-trailer.mkv=90,F/Trailer.mp4=90}', 'F/Featurettes/a.mkv: an extra, F/Trailer.mp4: an extra, F/f-trailer.mkv: an extra, F/f.mkv', 'extras'),
	('{Extras/s01e01.mkv,Extras/s01e02.mkv}', 'Extras/s01e01.mkv, Extras/s01e02.mkv', 'a series called Extras'),
	('{S.s01e01.mkv,S.s01e02-interview.mkv=90}', 'S.s01e01.mkv, S.s01e02-interview.mkv', 'an episode'),
	('{a-short.mkv=900,b.mkv=1000}', 'a-short.mkv, b.mkv', 'a film as long as the other'),
	('{a/b.mkv,a/.pad/12,a/_____padding_file_1}', 'a/.pad/12: litter, a/_____padding_file_1: litter, a/b.mkv', 'padding')) v(f, r, w);
select is((select string_agg(concat_ws(' ', c.path, c.role, c.why), ', ' order by c.path) from haul_store.choose(jsonb_populate_record(pg_temp.library('names'), '{"extensions": ["mkv", "txt"], "min_bytes": 500}'),
	'[{"path": "a.mkv", "size": 900}, {"path": "a.srt", "size": 10}, {"path": "b.mkv", "size": 90}, {"path": "c.avi", "size": 900}, {"path": "d.txt", "size": 900}, {"path": "e.mkv", "size": 900, "wanted": false}]') c),
	'a.mkv main, a.srt sidecar, b.mkv main too small, c.avi main another kind of file, d.txt main, e.mkv main not chosen in the client', 'the library''s own rules; a subtitle may be small');
select is(pg_temp.chosen('1.jpg', '2.jpg', '3.jpg'), '1.jpg, 2.jpg, 3.jpg', 'pictures go with a film, or are what was wanted');
select is((select string_agg(c.role, ',') from haul_store.choose(pg_temp.library('names'), pg_temp.files('1.jpg', '2.jpg')) c), 'main,main', 'and then are no sidecars');

-- Sidecars.
select is(pg_temp.plan(pg_temp.library('l'), pg_temp.files(variadic f)), r, w) from (values
	('{M/Movie.mkv,M/Movie.en.forced.srt,M/Movie.SRT}'::text[], 'M/Movie.SRT -> Film (1999) - 1080p.srt, M/Movie.en.forced.srt -> Film (1999) - 1080p.en.forced.srt, M/Movie.mkv -> Film (1999) - 1080p.mkv', 'a sidecar keeps its own suffix'),
	('{M/Movie.mkv,M/Subs/2_English.srt,M/Subs/German.idx,M/Subs/German.sub}', 'M/Movie.mkv -> Film (1999) - 1080p.mkv, M/Subs/2_English.srt -> Film (1999) - 1080p.English.srt, M/Subs/German.idx -> Film (1999) - 1080p.German.idx, M/Subs/German.sub -> Film (1999) - 1080p.German.sub', 'subtitles of the only film'),
	('{M/Movie.mkv,M/Subs/2_English.srt,M/Subs/3_English.srt}', 'M/Movie.mkv -> Film (1999) - 1080p.mkv, M/Subs/2_English.srt -> Film (1999) - 1080p.English.srt, M/Subs/3_English.srt -> Film (1999) - 1080p.English.2.srt', 'two of one language'),
	('{M/x.mkv,M/grp-x.nfo,M/poster.jpg}', 'M/grp-x.nfo -> Film (1999) - 1080p.nfo, M/poster.jpg -> poster.jpg, M/x.mkv -> Film (1999) - 1080p.mkv', 'what is known by its own name keeps it'),
	('{M/Sample/x-sample.mkv=9,M/Sample/x-sample.srt,M/x.mkv}', 'M/Sample/x-sample.mkv: a sample, M/Sample/x-sample.srt: what it goes with is left out, M/x.mkv -> Film (1999) - 1080p.mkv', 'one whose file is left out')) v(f, r, w);
select is(pg_temp.plan(pg_temp.library('names'), pg_temp.files(variadic f)), r, w) from (values
	('{P/a.mkv,P/a b.mkv,P/a b.en.srt,P/a.b.srt,P/ab.srt}'::text[], 'P/a b.en.srt -> a b.en.srt, P/a b.mkv -> a b.mkv, P/a.b.srt -> a.b.srt, P/a.mkv -> a.mkv, P/ab.srt: it is not clear what it goes with', 'the longest stem, and whole words'),
	('{S/e1.mkv,S/e2.mkv,S/Subs/e1/2_English.srt,S/Subs/e2/English.srt,S/Subs/French.srt}', 'S/Subs/French.srt: it is not clear what it goes with, S/Subs/e1/2_English.srt -> e1.English.srt, S/Subs/e2/English.srt -> e2.English.srt, S/e1.mkv -> e1.mkv, S/e2.mkv -> e2.mkv', 'by the name of a folder'),
	('{A/1.flac,A/2.flac,A/cover.jpg,A/Scans/back.jpg,A/1.lrc}', 'A/1.flac -> 1.flac, A/1.lrc -> 1.lrc, A/2.flac -> 2.flac, A/Scans/back.jpg -> Scans/back.jpg, A/cover.jpg -> cover.jpg', 'of an album')) v(f, r, w);
select is(pg_temp.plan(pg_temp.library('paths'), pg_temp.files('a/F.MKV', 'a/Subs/x.srt', 'a/Featurettes/b.mkv')), 'a/F.MKV -> a/F.MKV, a/Featurettes/b.mkv: an extra, a/Subs/x.srt -> a/Subs/x.srt', 'as it is: everything stays where it is');
select is(pg_temp.plan(jsonb_populate_record(pg_temp.library('l'), '{"extras": true, "template": "{title}/{title}.{ext}"}'), pg_temp.files('M/m.mkv=9000', 'M/Featurettes/How.mkv', 'M/m-trailer.mkv=9')),
	'M/Featurettes/How.mkv -> Film/Featurettes/How.mkv, M/m-trailer.mkv -> Film/M/m-trailer.mkv, M/m.mkv -> Film/Film.mkv', 'extras beside the film');

-- Names.
select is(haul_store.expand(t, '{"title": "T", "episode": 5, "season": "12", "quality": "", "part": "x1"}'), r, 'template ' || t) from (values
	('{title} ({year})/{title} - {quality}.{ext}', 'T/T'), ('{title} [{quality}] x', 'T x'), ('S{season:2}E{episode:02}', 'S12E05'), ('{title}{ - E|episode:3|}', 'T - E005'), ('{part:4}', 'x1'),
	('{artist} - {title}', 'T'), ('{artist}/{album}/{title}', 'T'), ('{title}_{quality}_x', 'T_x'), ('a () {title}', 'a () T')) v(t, r);
select pg_temp.refused(format('select haul.add_library(%L, %L, %L)', 'x', '/m', t), 'TW422', h, 'template ' || t) from (values
	('{title}', 'end it'), ('{name} {ext} x', 'end it'), ('{season:100}.{ext}', 'for instance'), ('{season:}.{ext}', 'for instance')) v(t, h);
select is(haul_store.bare_title(jsonb_populate_record(null::haul_store.download, jsonb_build_object('type', t, 'title', n, 'link', 'http://h/' || n))), r, format('%s of type %s', n, t))
	from (values ('http', 'film.mkv', 'film'), ('http', 'Mr. Who', 'Mr. Who'), ('http', 'Who 2.0', 'Who 2.0'), ('torrent', 'film.mkv', 'film.mkv')) v(t, n, r);
select lives_ok($$ select haul.add_library('tidy', '/tidy', '{title} ({year})/{title} - {quality}.{ext}') $$, 'a template without the file''s own name');
select is(pg_temp.plan(pg_temp.library('tidy'), pg_temp.files('a.mkv', 'b.mkv', 'b.en.srt', 'c.mp4'), '{}'), 'a.mkv -> Film/Film.mkv, b.en.srt -> Film/Film (2).en.srt, b.mkv -> Film/Film (2).mkv, c.mp4 -> Film/Film.mp4',
	'several of one name are told apart, each with its sidecars');
select is((select string_agg(p.why, ',') from haul_store.plan(pg_temp.library('tidy'), pg_temp.download('{}'), pg_temp.files('a.mkv', 'b.mkv'), '[]') p), 'told apart from another of its name', 'and the plan says so');
select is(haul_store.tell_apart('{x,X,"x (2)",y}', '{.a,.a,.a,.a}', ' (%s)'), '{x,"X (2)","x (2) (2)",y}', 'whatever their case, and whatever they are called by themselves');
select is(pg_temp.plan(pg_temp.library('tidy'), pg_temp.files('a.mkv'), '{"year": "../..", "quality": "a:b?"}'), 'a.mkv -> Film (.._..)/Film - a_b_.mkv', 'a value stays one part of a path');
select is(pg_temp.plan(pg_temp.library('names'), pg_temp.files('x/what? . .mkv', 'x/...')), 'x/... -> _, x/what? . .mkv -> what_.mkv', 'ends that no name may have');
select is(pg_temp.plan(pg_temp.library('names'), pg_temp.files(U&'x/e\0301\+00EFE9.mkv')), U&'x/e\0301\+00EFE9.mkv -> \00E9\+00EFE9.mkv', 'composed letters; what stands for a byte stays');
select is(count(*) filter (where octet_length(p.target) between 100 and 239), 4::bigint, 'long names are cut') from haul_store.plan(pg_temp.library('names'), pg_temp.download(),
	pg_temp.files(repeat('é', 150) || '.mkv', repeat('é', 150) || '.en.forced.srt', repeat('é', 149) || 'x.mkv', repeat('日', 100) || '.mp4'), '[]') p;
select is(max(haul_store.stem(p.target)) filter (where p.target ~ 'mkv$') || '.en.forced.srt', max(p.target) filter (where p.target ~ 'srt$'), 'and a sidecar''s as its file''s') from haul_store.plan(pg_temp.library('names'), pg_temp.download(),
	pg_temp.files(repeat('é', 150) || '.mkv', repeat('é', 150) || '.en.forced.srt'), '[]') p;
select is(pg_temp.plan(jsonb_populate_record(pg_temp.library('names'), '{"template": "{path}", "unpack": false}'), pg_temp.files('.tow-unpack/tow1/a.mkv', './.Tow-Recycle/b.mkv', 'x/.tow-unpack/c.mkv', '.tow-d.mkv', '.tower/e.mkv')),
	'./.Tow-Recycle/b.mkv -> _.Tow-Recycle/b.mkv, .tow-d.mkv -> _.tow-d.mkv, .tow-unpack/tow1/a.mkv -> _.tow-unpack/tow1/a.mkv, .tower/e.mkv -> .tower/e.mkv, x/.tow-unpack/c.mkv -> x/.tow-unpack/c.mkv', 'nothing goes into the hidden folders of the root');
select is(pg_temp.plan(pg_temp.library('names'), pg_temp.files('.h.mkv', '.tow-unpack/x.jpg')), '.h.mkv -> .h.mkv, .tow-unpack/x.jpg -> _.tow-unpack/x.jpg', 'nor a sidecar');

-- Archives.
select is((select string_agg(concat_ws(' ', v.archive, v.n, v.source, v.missing), ', ' order by v.archive, v.n, v.source) from haul_store.volumes(pg_temp.files(variadic f)) v), r, w) from (values
	('{a/x.r01,a/x.rar,a/x.r00,a/y.zip}'::text[], 'a/x.rar 0 a/x.rar, a/x.rar 1 a/x.r00, a/x.rar 2 a/x.r01, a/y.zip 0 a/y.zip', 'rar as it was'),
	('{x.part01.rar,x.part02.rar,x.part10.rar}', 'x.part01.rar 1 x.part01.rar lacks its volume 3, x.part01.rar 2 x.part02.rar lacks its volume 3, x.part01.rar 10 x.part10.rar lacks its volume 3', 'one that is missing'),
	('{x.part2.rar}', 'x.part2.rar 2 x.part2.rar lacks its volume 1', 'the first'),
	('{x.r00,x.r01}', 'x.r00 1 x.r00 lacks its volume 0, x.r00 2 x.r01 lacks its volume 0', 'the .rar'),
	('{x.7z.001,x.7z.002,y.tar.GZ}', 'x.7z.001 1 x.7z.001, x.7z.001 2 x.7z.002, y.tar.GZ 0 y.tar.GZ', 'split'),
	('{x.zip,x.z02,x.z01}', format('x.zip 0 x.zip %1$s, x.zip 1 x.z01 %1$s, x.zip 2 x.z02 %1$s', 'is a zip in parts, which cannot be unpacked here'), 'a zip in parts'),
	('{x.z01,movie.s01,c.cbz,r.mkv}', null, 'what is none')) v(f, r, w);
set local statement_timeout = '30 s';
select is((select concat_ws(' ', count(*), min(v.missing), max(v.missing)) from haul_store.volumes((select jsonb_agg(jsonb_build_object('path', format('x.part%s.rar', n), 'size', 1)) from generate_series(1, 9999) n where n <> 9990)) v),
	'9998 lacks its volume 9990 lacks its volume 9990', 'one of many');
reset statement_timeout;
select is(string_agg(concat_ws(' ', p.source, p.archive, p.target, p.why), ', ' order by p.source), 'a/notes.rar a/notes.rar what it holds lies beside it, a/x.r00 a/x.r00 unpacked, a/x.rar a/x.rar unpacked, a/x.rar/Movie.en.srt a/x.rar Film (1999) - 1080p.en.srt, a/x.rar/Movie.mkv a/x.rar Film (1999) - 1080p.mkv, a/x.rar/in.rar a/x.rar an archive in an archive',
	'what is in an archive is placed as if it lay beside it')
from (select p.source, case when p.why = 'an archive in an archive' or p.archive is not null then 'a/x.rar' else p.source end as archive, p.target, p.why from haul_store.plan(pg_temp.library('l'), pg_temp.download(), pg_temp.files('a/x.rar', 'a/x.r00', 'a/notes.rar'),
	'[{"archive": "a/x.rar", "files": [{"path": "Movie.mkv", "size": 900}, {"path": "Movie.en.srt", "size": 9}, {"path": "in.rar", "size": 9}]}, {"archive": "a/notes.rar", "beside": true}]') p) p;
select is(pg_temp.plan(pg_temp.library('names'), '[{"path": "x.rar", "size": 9, "done": 3}, {"path": "x.r00", "size": 9, "done": 9}, {"path": "y.zip", "size": 9, "done": 9}]'), 'x.r00: not complete yet, x.rar: not complete yet, y.zip: not complete yet', 'one that has not come yet');
select is((select count(*) from haul_store.volumes('[{"path": "x.rar", "size": 9, "done": 3}, {"path": "x.r00", "size": 9, "done": 9}, {"path": "y.zip", "size": 9, "done": 9}]') v where v.whole), 1::bigint, 'and is not looked into');
select is(pg_temp.plan(jsonb_populate_record(pg_temp.library('names'), '{"unpack": false}'), pg_temp.files('x.rar', 'x.r00')), 'x.r00 -> x.r00, x.rar -> x.rar', 'a library that keeps archives');

-- Better.
select haul.set_library('l', taken => 'better', qualities => '{480p,720p,1080p}', template => '{title}.{ext}') \g /dev/null
create function pg_temp.import(p_key text, p_quality text, p_size bigint, p_more jsonb default '[]') returns text language plpgsql as $$
declare
	d bigint;
	r record;
begin
	insert into haul_store.download (title, state, state_at, type, client, client_name, library, meta, who, created_at)
	select 'Film', 'importing', tow.now(), 'torrent', c.id, c.name, l.id, jsonb_build_object('quality', p_quality), 'me', tow.now() from haul_store.client c, haul_store.library l where c.name = 'c' and l.name = 'l' returning id into d;
	for r in select * from haul.plan(d, '/dl', jsonb_build_array(jsonb_build_object('path', p_key || '.mkv', 'size', p_size)) || p_more) loop
		if r.taken = 'skip' then
			perform haul.placed(r.id, r.target, '', null, r.size, 1, 1, null, false);
		else
			perform haul.placed(r.id, r.target, 'link', null, r.size, 1, d, case r.taken when 'replace' then '.tow-recycle/x' end, false, 10, 11);
		end if;
		perform tow.fake_now_step();
	end loop;
	return (select string_agg(concat_ws(' ', f.source, f.state, f.why), ', ' order by f.source) from haul_store.file f where f.download = d);
end $$;
create function tow.fake_now_step() returns text language sql as $$ select set_config('tow.fake_now', (tow.now() + interval '1 s')::text, true) $$;
select is(pg_temp.import(k, q, s, m), r, w) from (values
	('a', '720p', 1000::bigint, '[]'::jsonb, 'a.mkv placed', 'the first of its name'),
	('b', '480p', 9000, '[]', 'b.mkv skipped what is there is as good or better: 720p, this is 480p', 'a worse one stays out'),
	('c', '1080p', 500, '[{"path": "c.srt", "size": 9}]', 'c.mkv placed better than what is there: 1080p, not 720p, c.srt placed', 'a better one replaces it'),
	('d', '1080p', 500, '[{"path": "d.srt", "size": 9}]', 'd.mkv skipped what is there is as good or better: 1080p, this is 1080p, d.srt skipped what it goes with is left out', 'one as good does not, and its sidecar stays out, too'),
	('e', 'cam', 600, '[]', 'e.mkv placed better than what is there: 600 bytes, not 500 bytes', 'by size, where a quality is not known')) v(k, q, s, m, r, w);
select is((select string_agg(concat_ws(' ', f.source, f.state, f.why), ', ' order by f.source) from haul.files f where f.state = 'replaced'),
	(select format('a.mkv replaced replaced by download %s, c.mkv replaced replaced by download %s', max(f.download) filter (where f.source = 'c.mkv'), max(f.download) filter (where f.source = 'e.mkv')) from haul_store.file f), 'what was replaced is known');
select haul.undone(f.id, false, true) from haul_store.file f where f.source = 'e.mkv' \g /dev/null
select is((select string_agg(concat_ws(' ', f.source, f.state), ', ' order by f.source) from haul.files f where f.source in ('a.mkv', 'c.mkv', 'e.mkv')), 'a.mkv replaced, c.mkv placed, e.mkv undone', 'and back when that is undone');
select is((select former_size || ' ' || former_ino from haul.begin_undo((select download from haul_store.file where source = 'c.mkv')) where target = 'Film.mkv'), '10 11', 'who takes it back is told what it was');
select is(haul_store.is_all_placed(f.download), f.source = 'c.mkv', 'all of it is placed: ' || f.source) from haul_store.file f where f.source in ('c.mkv', 'd.mkv');
update haul_store.file set state = 'placed' where source = 'e.mkv';
insert into haul_store.file (download, source, size, state, why) select f.download, w, 1, 'skipped', w from haul_store.file f, unnest('{"a sample",junk}'::text[]) w where f.source = 'e.mkv';
select ok(haul_store.is_all_placed(f.download), 'what a rule leaves out is not missed') from haul_store.file f where f.source = 'e.mkv';
update haul_store.file set why = 'it is not clear what it goes with' where source = 'junk';
select ok(not haul_store.is_all_placed(f.download), 'what has no place is') from haul_store.file f where f.source = 'e.mkv';
delete from haul_store.file where source in ('a sample', 'junk');

-- A name that a placed file of the library has.
update haul_store.file set state = 'planned' where source = 'e.mkv';
update haul_store.download set state = 'importing' where id = (select download from haul_store.file where source = 'e.mkv');
select is((select concat_ws(' ', p.source, p.held) from haul.plan(f.download, '/dl', '[{"path": "e.mkv", "size": 600}]') p), 'e.mkv t', 'it is known to be another''s') from haul_store.file f where f.source = 'e.mkv';
update haul_store.file set state = 'undone' where source = 'c.mkv';
select is((select concat_ws(' ', p.source, p.held) from haul.plan(f.download, '/dl', '[{"path": "e.mkv", "size": 600}]') p), 'e.mkv f', 'and not to be when that was taken back') from haul_store.file f where f.source = 'e.mkv';
update haul_store.file set state = 'placed' where source = 'c.mkv';
update haul_store.file set state = 'undone' where source = 'e.mkv';

-- One that was there already.
select haul.placed(f.id, f.target, '', 'aa', 1, 1, 1, null, true) from haul_store.file f where f.source = 'zz' \g /dev/null
update haul_store.file set state = 'planned' where source = 'e.mkv';
select haul.placed(f.id, f.target, '', 'aa', 1, 1, 1, null, true) from haul_store.file f where f.source = 'e.mkv' \g /dev/null
select is((select concat_ws(' ', state, mode, why) from haul.files where source = 'e.mkv'), 'placed adopted it was there already', 'the very file');
select haul.undone(f.id, true) from haul_store.file f where f.source = 'e.mkv' \g /dev/null
select is((select concat_ws(' ', state, why) from haul.files where source = 'e.mkv'), 'undone it was there before, and stays', 'which an undo leaves');
update haul_store.file set state = 'planned' where source = 'e.mkv';
select haul.placed(f.id, f.target, 'same', null, 1, 1, 1, null, true) from haul_store.file f where f.source = 'e.mkv' \g /dev/null
select is((select concat_ws(' ', state, mode, why) from haul.files where source = 'e.mkv'), 'placed same it is the client''s own', 'the client''s own file');
select is(haul_store.is_linked(f.download, pg_temp.library('l')), f.source = 'e.mkv', 'data that is all there is: ' || f.source) from haul_store.file f where f.source in ('e.mkv', 'c.mkv');
select haul.undone(f.id, true) from haul_store.file f where f.source = 'e.mkv' \g /dev/null
select is((select concat_ws(' ', state, why) from haul.files where source = 'e.mkv'), 'undone it was there before, and stays', 'and an undo leaves it, too');

-- A plan that touches nothing.
select pg_temp.refused('select haul.preview_import(-1)', 'TW404', 'haul.downloads', 'a download that is none');
select is((select j.kind || ' ' || (j.args ->> 'download') from tow.jobs j where j.id = haul.preview_import(d.id)), 'haul.preview ' || d.id, 'a job plans') from haul_store.file d where false;
select is(haul.preview((select max(id) from haul_store.download), '[{"path": "n.mkv", "size": 1}, {"path": "n.txt", "size": 1}]') #>> '{files,0,target}', '/lib/Film.mkv', 'what would be placed');
select is(jsonb_path_query_array(haul.preview(f.download, '[{"path": "c.mkv", "size": 500}, {"path": "c2.srt", "size": 9}]'), '$.files[*].state'), '["placed", "placed", "planned"]', 'and what is placed already') from haul_store.file f where f.source = 'c.mkv';
select is(haul.preview(f.download, jsonb_agg(jsonb_build_object('path', n || '.mkv', 'size', 1))) ->> 'more', '2', 'many are counted') from haul_store.file f, generate_series(1, 2000) n where f.source = 'c.mkv' group by f.download;
select is((select count(*) from haul_store.file where source = 'n.mkv'), 0::bigint, 'and nothing is written down');
select is((select concat_ws(' ', qualities, unpack, unpack_times, extras) from haul.libraries where name = 'l'), '{480p,720p,1080p} t 50 f', 'settings are seen');
select pg_temp.refused($$ select haul.set_library('l', unpack_times => 0) $$, 'TW422', 'unpack => false', 'a limit of none');
-- What is all that there is was asked for.
select is((select concat_ws(' ', c.role, c.why) from haul_store.library l, haul_store.choose(l, '[{"path": "notes.txt", "size": 3}]') c where l.name = 'l'), 'main', 'a text by itself is placed');
select is((select string_agg(concat_ws(' ', c.path, c.why), ', ' order by c.path) from haul_store.library l, haul_store.choose(l, '[{"path": "a.mkv", "size": 9}, {"path": "notes.txt", "size": 3}]') c where l.name = 'l'),
	'a.mkv, notes.txt junk', 'one beside a film is not');

-- Modes, as chmod takes them.
select haul.set_library('l', file_mode => '0640', dir_mode => '2775') \g /dev/null
select is((select concat_ws(' ', file_mode, dir_mode) from haul.libraries where name = 'l'), '0640 2775', 'modes are octal');
select is((select concat_ws(' ', file_mode, dir_mode) from haul_store.library where name = 'l'), '416 1533', 'and numbers for workers');
select pg_temp.refused($$ select haul.set_library('l', file_mode => '648') $$, 'TW422', 'octal', 'what is no mode');
select pg_temp.refused($$ select haul.set_library('l', file_mode => '') $$, 'TW422', 'octal', 'nor this');

select * from finish();
rollback;
