-- Choices: which files of a download are placed, and with which of them a sidecar goes. Pure functions.
--
-- What is said by an extension, a size or the client holds. What is said by a name alone (a sample, an extra, a hidden
-- file) does not where a name may have been mistaken: if nothing of its kind would be left, it is what was wanted.

-- Left behind by systems and programs, whatever it looks like.
create or replace function haul_store.is_litter(p_path text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select p_path ~* '(^|/)(\.ds_store|thumbs\.db|desktop\.ini|\._[^/]*|\.directory|\.fuse_hidden[^/]*|\.nfs[^/]*|[^/]*padding_file[^/]*)$'
		or p_path ~* '(^|/)(@eadir|__macosx|\.@__thumb|#recycle|\$recycle\.bin|\.trash[^/]*|\.appledouble|\.pad|system volume information|lost\+found)/'
$$;
comment on function haul_store.is_litter(text) is 'Whether a file is none that anybody made.';

create or replace function haul_store.kind_of(p_extension text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case when p_extension = any('{mkv,mp4,m4v,avi,mov,wmv,mpg,mpeg,m2ts,ts,vob,webm,flv,ogv,divx,iso}') then 'video'
		when p_extension = any('{flac,mp3,m4a,m4b,aac,ogg,opus,wav,wv,ape,alac,aiff,dsf,wma}') then 'audio'
		when p_extension = any('{jpg,jpeg,png,gif,webp,tif,tiff,bmp}') then 'image'
		when p_extension = any('{epub,pdf,mobi,azw3,cbz,cbr,djvu,fb2}') then 'book' else 'other' end
$$;
comment on function haul_store.kind_of(text) is 'What a file holds, by its extension: video, audio, image, book, other.';

create or replace function haul_store.is_subtitle(p_extension text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select coalesce(p_extension = any('{srt,sub,idx,ass,ssa,vtt,sup,smi}'), false)
$$;
comment on function haul_store.is_subtitle(text) is 'Whether a file is a subtitle, by its extension.';

-- A folder that says so, or a name; extra_folder: by a folder.
create or replace function haul_store.looks_like(p_path text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case when p_path ~ '(^|/)\.[^./]' then 'hidden'
		when haul_store.base(p_path) ~* '^(rarbg|etrg|yify|yts|ahashare|\[tgx\]|(torrent )?downloaded from|www[ ._-].*[ ._-](com|net|org|to|mx|lt|ag|am|se|info)\.[a-z0-9]+$)' then 'a site''s stamp'
		when p_path ~* '(^|/)(featurettes?|extras?|behind[ ._-]the[ ._-]scenes|deleted[ ._-]scenes|interviews?|trailers?|bonus|bonus[ ._-](features|dis[ck])|making[ ._-]of|shorts)/' then 'an extra'
		when haul_store.stem(p_path) ~* '(-(trailer|behindthescenes|deleted|featurette|interview|scene|short)|^(official |theatrical )?trailer( ?\d+)?)$'
			and haul_store.base(p_path) !~* 's\d+e\d+' then 'an extra' end
$$;
comment on function haul_store.looks_like(text) is 'What a file''s name says of it; null: nothing.';

-- role: main, extra (goes beside a main), sidecar (goes with one); why: it is left out.
-- p_files: [{"path", "size", "wanted", "archive" (that it was in), "why" (it is left out, whatever it is)}]
create or replace function haul_store.choose(l haul_store.library, p_files jsonb)
returns table(source text, path text, size bigint, archive text, kind text, role text, why text)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	with f as (
		select x.path as source, haul_store.path_beside(x.path, x.archive) as path, coalesce(x.size, -1) as size, x.archive, x.why, coalesce(x.wanted, true) as wanted,
			haul_store.extension(x.path) as ext
		from jsonb_to_recordset(p_files) x(path text, size bigint, wanted boolean, archive text, why text)
	), ruled as materialized (
		select f.*, haul_store.kind_of(f.ext) as kind, coalesce(f.ext = any(l.sidecars), false) as goes_with, haul_store.looks_like(f.path) as looks,
			regexp_count(f.path, '(?<![[:alnum:]])samples?(?![[:alnum:]])', 1, 'i') as samples,
			case when f.why is not null then f.why
				when not f.wanted then 'not chosen in the client'
				when haul_store.is_litter(f.path) then 'litter'
				when f.ext = any(l.refused) then 'a program'
				when (select count(*) from f) > 1 and f.ext = any(l.junk) and not coalesce(f.ext = any(l.extensions), false) then 'junk'
				when l.unpack and f.archive is not null and f.ext = any('{rar,zip,7z,tar,tgz,gz,xz}') then 'an archive in an archive'
				when f.ext = any(l.sidecars) then null
				when l.extensions is not null and coalesce(f.ext, '') <> all(l.extensions) then 'another kind of file'
				when f.size < l.min_bytes then 'too small' end as rule
		from f
	), plain as (
		select r.kind, min(r.samples) as samples, max(r.size) as largest from ruled r
		where r.rule is null and r.looks is null and not r.goes_with group by r.kind
	), fewest as (
		select r.kind, max(r.size) as largest from ruled r join plain p on p.kind = r.kind
		where r.rule is null and r.looks is null and not r.goes_with and r.samples = p.samples group by r.kind
	), judged as (
		select r.*, coalesce(r.rule, case
			when r.looks is null or not exists (select from plain) then null
			when r.looks in ('hidden', 'a site''s stamp') then r.looks
			when l.extras or r.goes_with then null
			when r.path ~* '/' and haul_store.looks_like(haul_store.folder(r.path) || '/') = 'an extra' and p.kind is not null then r.looks
			when r.size * 4 <= p.largest then r.looks end,
			case when not l.samples and r.samples > p.samples and r.size * 2 <= e.largest then 'a sample' end) as judgement,
			bool_or(not r.goes_with and coalesce(r.rule in ('not chosen in the client', 'another kind of file', 'too small'), true)) over () as has_main
		from ruled r left join plain p on p.kind = r.kind left join fewest e on e.kind = r.kind
	)
	select j.source, j.path, j.size, j.archive, j.kind,
		case when j.goes_with and j.has_main then 'sidecar' when l.extras and j.looks = 'an extra' and exists (select from plain) then 'extra' else 'main' end, j.judgement
	from judged j
$$;
comment on function haul_store.choose(haul_store.library, jsonb) is 'Which files of a download are placed in a library, and why the others are not.';

create or replace function haul_store.folders_of(p_folder text) returns setof text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select array_to_string(p[1:n], '/') from string_to_array(p_folder, '/') p, generate_series(0, cardinality(p)) n
$$;
comment on function haul_store.folders_of(text) is 'A folder and all those above it, '''' at last.';

-- By name: of all files whose stem its own begins with (up to a dot or the like), or whose stem is one of its folders, the
-- longest; else the only one that is placed. What is no subtitle may also just lie among files, and stays so.
create or replace function haul_store.owners(p_chosen jsonb) returns table(source text, owner text, suffix text, inside text)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	with c as materialized (
		select x.*, haul_store.folder(x.path) as folder, haul_store.base(x.path) as base, haul_store.stem(x.path) as stem, haul_store.extension(x.path) as ext
		from jsonb_to_recordset(p_chosen) x(source text, path text, kind text, role text, why text)
	), m as materialized (
		select c.*, lower(c.stem) as low from c where c.role = 'main'
	), placed as materialized (
		select m.* from m where m.why is null
	), s as materialized (
		select c.* from c where c.role = 'sidecar' and c.why is null
	), beginnings as materialized (
		select s.source, f as folder, lower(left(s.stem, n)) as low, n, s.base from s, generate_series(1, length(s.stem)) n, haul_store.folders_of(s.folder) f
		where n = length(s.stem) or substr(s.stem, n + 1, 1) !~ '[[:alnum:]]'
	), folders as materialized (
		select s.source, g as folder, lower(haul_store.base(f)) as low, s.base from s, haul_store.folders_of(s.folder) f, haul_store.folders_of(haul_store.folder(f)) g where f <> ''
	), named as (
		select b.source, m.source as owner, b.n, substr(b.base, b.n + 1) as suffix from beginnings b join m using (folder, low)
		union all
		select f.source, m.source, length(m.stem), '.' || regexp_replace(f.base, '^\d+_', '') from folders f join m using (folder, low)
	), only_one as (
		select p.source, p.stem from placed p
		where (select count(*) from placed o where o.kind = 'video' or not exists (select from placed v where v.kind = 'video')) = 1
			and (p.kind = 'video' or not exists (select from placed v where v.kind = 'video'))
	), above as (
		select f as folder, min(p.source) as source from placed p, haul_store.folders_of(p.folder) f group by f
	)
	select distinct on (x.source) x.source, x.owner, x.suffix, x.inside
	from (select n.source, n.owner, n.suffix, null::text as inside, 1 as rank, n.n from named n
		union all select s.source, o.source, '.' || case when s.ext = 'nfo' then 'nfo' else regexp_replace(s.base, '^\d+_', '') end, null, 2, 0 from s, only_one o
			where haul_store.is_subtitle(s.ext) or s.ext = 'nfo'
		union all select s.source, a.source, null, substr(s.path, case f when '' then 1 else length(f) + 2 end), 3, length(f)
			from s, haul_store.folders_of(s.folder) f join above a on a.folder = f where not haul_store.is_subtitle(s.ext)) x
	order by x.source, x.rank, x.n desc, x.owner
$$;
comment on function haul_store.owners(jsonb) is 'With which file each sidecar goes, and what its own name adds to that file''s, or where it lies beside it.';
