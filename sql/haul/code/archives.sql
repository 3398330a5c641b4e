-- Archives among the files of a download: which they are, by their names, and what belongs to each.
-- x.part1.rar; x.rar, x.r00, ... x.s00; x.7z.001 (and zip, rar); x.zip, x.z01, ..., which cannot be read; else one file.
create or replace function haul_store.volumes(p_files jsonb) returns table(archive text, n int, source text, size bigint, whole boolean, missing text)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	with f as (
		select x.path, lower(x.path) as low, coalesce(x.size, -1) as size, coalesce(x.done, -1) as done from jsonb_to_recordset(p_files) x(path text, size bigint, done bigint, wanted boolean, archive text)
		where coalesce(x.wanted, true) and x.archive is null
	), z as materialized ( -- zips in parts
		select left(f.low, -4) as base from f where f.low ~ '\.z(ip|01)$' group by 1 having count(distinct f.low) > 1
	), v as (
		select f.path, f.size, v.*, bool_and(f.done < 0 or f.done >= f.size) over k as whole, first_value(f.path) over (partition by v.key order by v.n, f.path) as archive,
			min(v.n) over k as lowest, lead(v.n) over (partition by v.key order by v.n) as next
		from f, lateral (
			select substring(f.low from '^(.*\.part)\d{1,4}\.rar$') as key, substring(f.low from '\.part(\d{1,4})\.rar$')::int as n, 1 as starts where f.low ~ '\.part\d{1,4}\.rar$'
			union all select left(f.low, -3), right(f.low, 3)::int, 1 where f.low ~ '\.(7z|zip|rar)\.\d{3}$'
			union all select left(f.low, -4) || '.r', 0, 0 where f.low ~ '\.rar$' and f.low !~ '\.part\d{1,4}\.rar$'
			union all select left(f.low, -4) || '.r', 1 + (ascii(left(right(f.low, 3), 1)) - ascii('r')) * 100 + right(f.low, 2)::int, 0 where f.low ~ '\.[rst]\d\d$'
			union all select left(f.low, -4) || '.z', case when f.low ~ '\d$' then right(f.low, 2)::int else 0 end, 0 where f.low ~ '\.z(ip|\d\d)$' and left(f.low, -4) in (select z.base from z)
			union all select f.low, 0, 0 where f.low ~ '\.(zip|7z|tar|tgz|tbz2?|txz|tzst|tar\.(gz|bz2|xz|zst|lz4|lzma))$' and (f.low !~ '\.zip$' or left(f.low, -4) not in (select z.base from z))
		) v
		window k as (partition by v.key)
	)
	select v.archive, v.n, v.path, v.size, v.whole, case when v.key ~ '\.z$' then 'is a zip in parts, which cannot be unpacked here'
			else 'lacks its volume ' || min(case when v.lowest > v.starts then v.starts when v.next > v.n + 1 then v.n + 1 end) over (partition by v.key) end
	from v
	where v.key !~ '\.r$' or v.lowest <= 1
$$;
comment on function haul_store.volumes(jsonb) is 'Files that are archives, by the first volume of each; whole: its bytes are here; missing: what is not there of it, or why it cannot be read.';

-- The path that a file of an archive would have beside it.
create or replace function haul_store.path_beside(p_source text, p_archive text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case when p_archive is null then p_source else haul_store.join_path(haul_store.folder(p_archive), substr(p_source, length(p_archive) + 2)) end
$$;
comment on function haul_store.path_beside(text, text) is 'Where a file would be if its archive had been unpacked in its place.';

-- What is placed needs no unpacking again.
create or replace function haul_store.is_unpacked(p_download bigint, p_archive text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select coalesce(bool_and(o.state not in ('planned', 'undone')), false) from haul_store.file o where o.download = p_download and o.archive = p_archive
$$;
comment on function haul_store.is_unpacked(bigint, text) is 'Whether all of an archive''s files are where they go.';

create or replace function haul.archives(download bigint, folder text, files jsonb) returns table(source_root text, archive text, source text, size bigint, missing text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select haul_store.local_path(d.client, archives.folder), v.archive, v.source, v.size, v.missing
	from haul_store.download d join haul_store.library l on l.id = d.library and l.unpack, haul_store.volumes(archives.files) v
	where d.id = archives.download and v.whole and not haul_store.is_unpacked(d.id, v.archive)
	order by v.archive, v.n
$$;
comment on function haul.archives(bigint, text, jsonb) is 'For the job that places a download''s files: which of them are archives, complete and not unpacked yet, a volume a row.';

-- known: it is in the client's path map, or there is none.
create or replace function haul.source_root(download bigint, folder text) returns table(root text, known boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select r.path, coalesce((select bool_or(r.path || '/' ^@ (rtrim(m.local, '/') || '/')) from haul_store.path_map m where m.client = d.client), true)
	from haul_store.download d, lateral (select haul_store.local_path(d.client, source_root.folder) as path) r where d.id = source_root.download
$$;
comment on function haul.source_root(bigint, text) is 'For the job that places a download''s files: where the client''s folder is here.';
