-- The plan of an import: what goes where, and what does not, and why. Made of the client's list, of what archives hold, and
-- of what is placed already, which keeps its place; the same files give the same plan.

-- Rows of p_chosen that are placed, each with a target: mains by the template, extras beside the first main, sidecars with
-- their owner. One name is given once; room is left for the longest sidecar.
create or replace function haul_store.targets(l haul_store.library, d haul_store.download, p_chosen jsonb) returns table(source text, owner text, target text, note text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	with c as materialized (
		select x.*, coalesce('.' || haul_store.extension(x.path), '') as ext from jsonb_to_recordset(p_chosen) x(source text, path text, size bigint, role text, why text) where x.why is null
	), o as materialized (
		select x.* from haul_store.owners(p_chosen) x
	), longest as (
		select o.owner, max(octet_length(o.suffix)) as bytes from o group by o.owner
	), m as (
		select c.source, c.ext, haul_store.target_of(l, d, c.path) as target, 239 - 6 - greatest(octet_length(c.ext), x.bytes, 0) as room
		from c left join longest x on x.owner = c.source where c.role = 'main' or l.template ~ '\{path\}'
	), made as (
		select m.source, n.ext, haul_store.parts(haul_store.folder(m.target)) as folder, coalesce(nullif(haul_store.part(haul_store.without(haul_store.base(m.target), n.ext), m.room), ''), '_') as stem
		from m, lateral (select case when lower(right(m.target, length(m.ext))) = m.ext then right(m.target, length(m.ext)) else '' end as ext) n
	), lined as (
		select array_agg(haul_store.not_ours(haul_store.join_path(x.folder, x.stem)) order by x.source) as stems, array_agg(x.ext order by x.source) as exts, array_agg(x.source order by x.source) as sources from made x
	), mains as materialized (
		select u.source, u.stem, u.was, u.stem || u.ext as target from lined t,
			unnest(t.sources, haul_store.tell_apart(t.stems, t.exts, ' (%s)'), t.exts, t.stems) u(source, stem, ext, was)
	), beside as (
		select c.source, o.owner, case when o.suffix is not null then m.stem || haul_store.part(haul_store.without(o.suffix, c.ext), 200)
			else haul_store.join_path(haul_store.folder(m.target), haul_store.parts(haul_store.without(o.inside, c.ext))) end as stem, c.ext
		from c join o using (source) join mains m on m.source = o.owner where c.role = 'sidecar' and l.template !~ '\{path\}'
		union all
		select c.source, null, haul_store.join_path(haul_store.folder(f.target), haul_store.parts(haul_store.without(coalesce(substring(c.path from '[^/]*/[^/]*$'), c.path), c.ext))), c.ext
		from c, (select x.target from mains x join c z using (source) order by z.size desc, x.source limit 1) f where c.role = 'extra' and l.template !~ '\{path\}'
	), lined_beside as (
		select array_agg(haul_store.not_ours(b.stem) order by b.source) as stems, array_agg(b.ext order by b.source) as exts, array_agg(b.source order by b.source) as sources, array_agg(b.owner order by b.source) as owners from beside b
	)
	select m.source, o.owner, m.target, case when m.stem <> m.was then 'told apart from another of its name' end from mains m left join o using (source)
	union all
	select o.source, o.owner, null, null from o where o.owner not in (select m.source from mains m) and l.template !~ '\{path\}'
	union all
	select u.source, u.owner, u.stem || u.ext, case when u.stem <> u.was then 'told apart from another of its name' end
	from lined_beside t, unnest(t.sources, t.owners, haul_store.tell_apart(t.stems, t.exts, '.%s'), t.exts, t.stems) u(source, owner, stem, ext, was)
$$;
comment on function haul_store.targets(haul_store.library, haul_store.download, jsonb) is 'Where the files that were chosen go.';

-- What is at the name came from an earlier download. By quality where both say one that the library knows, else by size.
create or replace function haul_store.compare(l haul_store.library, d haul_store.download, p_target text, p_size bigint) returns table(taken text, note text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select case when x.better then 'replace' else 'skip' end, format(case when x.better then 'better than what is there: %s, not %s' else 'what is there is as good or better: %2$s, this is %1$s' end, x.ours, x.theirs)
	from (select coalesce(q.our > q.their, p_size > f.size) as better,
			case when q.our is not null and q.their is not null then d.meta ->> 'quality' else p_size || ' bytes' end as ours,
			case when q.our is not null and q.their is not null then e.meta ->> 'quality' else f.size || ' bytes' end as theirs
		from haul_store.file f join haul_store.download e on e.id = f.download,
			lateral (select array_position(l.qualities, d.meta ->> 'quality') as our, array_position(l.qualities, e.meta ->> 'quality') as their) q
		where f.target = p_target and f.state = 'placed' and e.library = l.id and e.id <> d.id
		order by f.placed_at desc limit 1) x
	where l.taken = 'better'
$$;
comment on function haul_store.compare(haul_store.library, haul_store.download, text, bigint) is 'Whether a file is better than what an earlier download placed at its name; no row: none did, or the library does not ask.';

-- p_files as the client has them; p_unpacked: [{"archive", "beside", "files": [{"path", "size"}]}].
create or replace function haul_store.all_files(l haul_store.library, d haul_store.download, p_files jsonb, p_unpacked jsonb) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
	with u as (
		select x.* from jsonb_to_recordset(p_unpacked) x(archive text, beside boolean, files jsonb)
	), v as (
		select v.source, case when u.beside then 'what it holds lies beside it' when u.archive is not null or haul_store.is_unpacked(d.id, v.archive) then 'unpacked' else 'not complete yet' end as why
		from haul_store.volumes(p_files) v left join u on u.archive = v.archive where l.unpack
	), f as (
		select x.path, x.size, x.wanted, null::text as archive, v.why from jsonb_to_recordset(p_files) x(path text, size bigint, wanted boolean) left join v on v.source = x.path
		union all
		select u.archive || '/' || x.path, x.size, true, u.archive, null from u, jsonb_to_recordset(u.files) x(path text, size bigint) where not coalesce(u.beside, false)
	)
	select coalesce(jsonb_agg(x), '[]') from (select * from f
		union all select o.source, o.size, true, o.archive, null from haul_store.file o where o.download = d.id and o.state = 'placed' and not exists (select from f where f.path = o.source)) x
$$;
comment on function haul_store.all_files(haul_store.library, haul_store.download, jsonb, jsonb) is 'All that a download holds, in archives too, and what of it is placed.';

create or replace function haul_store.plan(l haul_store.library, d haul_store.download, p_files jsonb, p_unpacked jsonb)
returns table(source text, size bigint, archive text, target text, taken text, why text, state text)
language sql stable set search_path = pg_catalog, pg_temp set jit = off set enable_nestloop = off
as $$
	with chosen as materialized (
		select c.* from haul_store.choose(l, haul_store.all_files(l, d, p_files, p_unpacked)) c
	), t as materialized (
		select t.* from haul_store.targets(l, d, (select jsonb_agg(c) from chosen c)) t
	), b as materialized (
		select c.source, x.taken, x.note from chosen c join t using (source), haul_store.compare(l, d, t.target, c.size) x where c.role <> 'sidecar'
	)
	select c.source, c.size, c.archive, t.target, case when l.taken = 'better' then coalesce(b.taken, ob.taken, 'suffix') end, coalesce(x.why, b.note, t.note),
		case when x.why is null then 'planned' else 'skipped' end
	from chosen c left join t using (source) left join b using (source) left join b ob on ob.source = t.owner left join chosen oc on oc.source = t.owner,
		lateral (select coalesce(c.why, case when c.role <> 'sidecar' then null when ob.taken = 'skip' or oc.why is not null then 'what it goes with is left out'
			when t.source is null then 'it is not clear what it goes with' end) as why) x
$$;
comment on function haul_store.plan(haul_store.library, haul_store.download, jsonb, jsonb) is 'What an import does with each file.';

create or replace function haul_store.check_whole(p_files jsonb) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_short text;
begin
	select f.path into v_short from jsonb_to_recordset(p_files) f(path text, size bigint, done bigint, wanted boolean)
	where coalesce(f.wanted, true) and f.done >= 0 and f.done < f.size limit 1;
	if v_short is not null then
		perform haul_store.fail('TW409', format('%L has not all of its bytes yet', v_short), 'the client says that it is complete, and its files are not: wait, or recheck');
	end if;
end $$;
comment on function haul_store.check_whole(jsonb) is 'Refuse files that are not complete.';

create or replace function haul_store.say_otherwise(d haul_store.download, l haul_store.library, p_whys text[]) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select format('if it is wanted: %stow haul retry %s --library ANOTHER', (select string_agg(format('tow library set %s --%s, then tow haul retry %s; or ', l.name, o.words, d.id), '' order by o.words)
		from (values ('a program', 'refused A,B without its ending'), ('junk', 'junk A,B without its ending'), ('unpacked', 'unpack off'), ('an archive in an archive', 'unpack off'),
			('another kind of file', 'extensions A,B with its ending'), ('too small', 'min-bytes 0')) o(why, words) where o.why = any(p_whys)), d.id)
$$;
comment on function haul_store.say_otherwise(haul_store.download, haul_store.library, text[]) is 'How files that are left out, and why, can be placed all the same, in words.';

-- files: [{"path", "size", "done", "wanted"}], below folder, both as the client says; unpacked: [{"archive", "beside",
-- "files": [{"path", "size"}]}], what archives among them hold. A plan that is there stays, but for files that it did not
-- know; those that are placed are not given out again. held: by another row, that of a file which is placed.
create or replace function haul.plan(download bigint, folder text, files jsonb, unpacked jsonb default '[]')
returns table(source_root text, id bigint, source text, target text, size bigint, taken text, ours boolean, held boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	d constant haul_store.download := haul_store.work_on(plan.download, '{importing}');
	l haul_store.library;
begin
	select o.* into l from haul_store.library o where o.id = d.library;
	perform haul_store.check_whole(plan.files);
	insert into haul_store.file as o (download, source, size, state, target, why, archive, taken)
	select d.id, p.source, p.size, p.state, p.target, p.why, p.archive, p.taken from haul_store.plan(l, d, plan.files, plan.unpacked) p
	on conflict on constraint file_download_source_key do update
		set size = excluded.size, state = excluded.state, target = excluded.target, why = excluded.why, archive = excluded.archive, taken = excluded.taken, class = null, error = null
		where o.state <> 'placed';
	if not exists (select from haul_store.file o where o.download = d.id and o.state in ('planned', 'placed')) then
		perform haul_store.fail('TW422', format('download %s holds nothing to be placed', d.id),
			(select concat_ws('; ', string_agg(format('%s: %s', s.why, s.files), '; ' order by s.why), haul_store.say_otherwise(d, l, array_agg(s.why)))
				from (select o.why, count(*) as files from haul_store.file o where o.download = d.id group by o.why) s));
	end if;
	return query select case when o.archive is null then haul_store.local_path(d.client, plan.folder) else l.root || '/' || haul_store.unpack_folder(d) end, o.id, o.source, o.target, o.size,
			coalesce(o.taken, l.taken), o.archive is not null,
			exists (select from haul_store.file h join haul_store.download e on e.id = h.download where h.target = o.target and h.state = 'placed' and e.library = l.id and h.id <> o.id)
		from haul_store.file o where o.download = d.id and o.state = 'planned' order by o.source;
end $$;
comment on function haul.plan(bigint, text, jsonb, jsonb) is 'For the job that places a download''s files: which of them, where from and where to.';

create or replace function haul_store.unpack_folder(d haul_store.download) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select '.tow-unpack/tow' || d.id
$$;
comment on function haul_store.unpack_folder(haul_store.download) is 'Where a download''s archives are unpacked, below its library''s root.';

create or replace function haul.begin_preview(download bigint)
returns table(driver text, url text, user_name text, secret text, category text, tag text, timeout_ms bigint, key text, who text, root text, modes text,
	inner_links boolean, verify boolean, file_mode int, dir_mode int, owner_name text, group_name text, reserve bigint, unpack_folder text, unpack_bytes bigint, unpack_times int, unpack_files bigint, revision int)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	select c.* from haul_store.import_conf(haul_store.see_download(begin_preview.download)) c
$$;
comment on function haul.begin_preview(bigint) is 'For the job that plans an import without doing it: what haul.begin_import says.';

-- A dry run: the job asks the client, and looks into archives; nothing is written anywhere.
create or replace function haul.preview_import(id bigint) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d constant haul_store.download := haul_store.see_download(id);
begin
	if d.library is null then
		perform haul_store.fail('TW409', format('download %s has no library', d.id), case when exists (select from haul_store.library) then format('tow haul retry %s --library NAME', d.id) else 'add one: tow library add NAME ROOT' end);
	end if;
	perform haul_store.note_verb(d, 'preview');
	return tow.enqueue('haul.preview', jsonb_build_object('download', d.id), queue => 'haul', max_attempts => 1, tags => array['download:' || id]);
end $$;
comment on function haul.preview_import(bigint) is 'Have a job find out what an import would do with a download''s files, without doing it; returns its id. haul.previewed(job) has what it found.';

create or replace function haul.preview(download bigint, files jsonb, unpacked jsonb default '[]') returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c_most constant int := 2000; -- rows of a job's result
	d haul_store.download;
	l haul_store.library;
begin
	select o.* into d from haul_store.download o where o.id = download;
	select o.* into l from haul_store.library o where o.id = d.library;
	return (select jsonb_build_object('files', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('source', x.source, 'size', x.size, 'state', x.state,
				'target', case when x.state <> 'skipped' then haul_store.join_path(l.root, x.target) end, 'taken', coalesce(x.taken, l.taken), 'why', x.why)) order by x.n) filter (where x.n <= c_most), '[]'),
			'more', greatest(count(*) - c_most, 0))
		from (select p.source, p.size, coalesce(o.target, p.target) as target, p.taken, p.why, coalesce(o.state, p.state) as state, row_number() over (order by p.state, p.source) as n
			from haul_store.plan(l, d, files, unpacked) p left join haul_store.file o on o.download = d.id and o.source = p.source and o.state = 'placed') x);
end $$;
comment on function haul.preview(bigint, jsonb, jsonb) is 'For the job that plans an import without doing it: what it would do.';

create or replace function haul.previewed(job bigint) returns table(state text, source text, size bigint, target text, taken text, why text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_result constant jsonb := haul_store.result_of(previewed.job);
begin
	return query
		select f.state, f.source, f.size, f.target, f.taken, f.why
		from jsonb_to_recordset(v_result -> 'files') f(state text, source text, size bigint, target text, taken text, why text)
		union all
		select 'more', format('and %s more', v_result ->> 'more'), null::bigint, null, null, null where (v_result ->> 'more')::bigint > 0;
end $$;
comment on function haul.previewed(bigint) is 'What the job of haul.preview_import found: a row a file, planned, skipped, or placed before; of more than 2000 their number. Raises TW404.';
