-- What a client has made that does not list its files: one folder or one file, which must be the job's alone. With a folder
-- of others' jobs all that they have made would be placed, too.

create or replace function haul_store.plain_path(p_path text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case when p_path ~ '^([a-zA-Z]:|\\\\)' then rtrim(lower(replace(p_path, '\', '/')), '/') else rtrim(regexp_replace(p_path, '/+', '/', 'g'), '/') end
$$;
comment on function haul_store.plain_path(text) is 'A client''s path, to be compared: that of Windows in lower case, and with slashes.';

create or replace function haul_store.holds(p_folder text, p_path text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select p_path = p_folder or p_path ^@ (p_folder || '/')
$$;
comment on function haul_store.holds(text, text) is 'Whether a path is that folder, or below it.';

-- A job that was downloaded twice has its folder twice, under the same name.
create or replace function haul_store.why_not_own(t haul_store.transfer, p_path text) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select case when p.path !~ '^(/|[a-z]:/)' or p.path ~ '(^|/)\.\.?(/|$)' then 'that is no whole path'
		when p.path !~ '^([a-z]:|//[^/]+)?/[^/]+/' then 'all of its files may be there'
		when exists (select from haul_store.path_map m where m.client = t.client and haul_store.holds(p.path, haul_store.plain_path(m.remote))) then 'the path map has it for all jobs'
		when exists (select from haul_store.library l where haul_store.holds(haul_store.local_path(t.client, p.path), l.root)) then 'a library is there'
		when lower(haul_store.base(p.path)) = lower(t.category) and lower(t.category) <> lower(t.name) then 'that is all of its category'
		else (select format('%L is there, too', o.name) from haul_store.transfer o
			where o.client = t.client and o.id <> t.id and o.name <> t.name and o.missed < 3 and haul_store.holds(p.path, haul_store.plain_path(coalesce(o.content, o.folder))) limit 1) end
	from (select haul_store.plain_path(p_path) as path) p
$$;
comment on function haul_store.why_not_own(haul_store.transfer, text) is 'Why a path cannot be that of one job alone; null: nothing speaks against it.';

create or replace function haul.made(download bigint, path text) returns table(root text, folder text, name text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	v_path constant text := rtrim(case when made.path ~ '^([a-zA-Z]:|\\\\)' then replace(made.path, '\', '/') else made.path end, '/');
	t haul_store.transfer;
	v_why text;
begin
	select o.* into t from haul_store.transfer o where o.download = made.download order by o.missed, o.id limit 1;
	v_why := haul_store.why_not_own(t, made.path);
	if v_why is not null then
		perform haul_store.fail('TW422', format('download %s would be all of %L: %s', made.download, made.path, v_why), 'have the client give each job a folder of its own, then retry');
	end if;
	return query select haul_store.local_path(t.client, haul_store.folder(v_path)), haul_store.folder(v_path), haul_store.base(v_path);
end $$;
comment on function haul.made(bigint, text) is 'For the job that places a download''s files: where what its client has made is, the folder above it here and there, and its name; raises TW422 where that is not its own.';
