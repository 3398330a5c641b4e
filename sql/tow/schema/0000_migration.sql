-- What `tow migrate` stands on: the roles, the schemas, and which files of sql/ this database has.
--
-- This file alone may change after it was applied, and is then run again: every statement in it must be harmless the
-- second time. Every other schema file runs once, in order. Code files run all together whenever one of them differs;
-- `create or replace` is tried first, and only what it refuses is dropped, by name and never with cascade. What no
-- file defines any more is dropped at the end. Schemas tow, haul and their stores are ours: an object that somebody
-- else puts there is retired with the rest; an object elsewhere that depends on one of ours is never touched.

-- Everything belongs to tow_owner, which nobody can log in as, where the migrating role may arrange that; else to the
-- migrating role. The others are granted functions, and meant to be granted to people.
do $roles$
declare
	v_role name;
	v_may_create constant boolean := (select r.rolsuper or r.rolcreaterole from pg_catalog.pg_roles r where r.rolname = session_user);
	v_owner name := (select n.nspowner::regrole::name from pg_catalog.pg_namespace n where n.nspname = 'tow_store');
	v_taken constant name := (select min(n.nspname) from pg_catalog.pg_namespace n where n.nspname in ('tow', 'haul', 'haul_store'));
begin
	if v_owner is null and v_taken is not null then
		raise exception using errcode = 'TW409', message = pg_catalog.format('this database has a schema %I that is not Towpath''s', v_taken),
			hint = 'tow, tow_store, haul and haul_store are Towpath''s alone: rename yours, or give Towpath a database of its own';
	end if;
	foreach v_role in array '{tow_owner,tow_admin,tow_operator,tow_producer,tow_worker,tow_viewer,tow_server}'::name[] loop
		if not v_may_create or exists (select from pg_catalog.pg_roles r where r.rolname = v_role) then
			continue;
		end if;
		begin -- another database's migration may make it at the same moment
			execute pg_catalog.format('create role %I nologin', v_role);
			if not (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = session_user) then
				execute pg_catalog.format('grant %I to %I', v_role, session_user);
			end if;
		exception
			when duplicate_object or unique_violation then
				null;
		end;
	end loop;
	-- The server of pages and programs becomes, for one request, what the request's token may be.
	begin
		grant tow_admin, tow_operator, tow_producer, tow_viewer to tow_server;
	exception
		when insufficient_privilege or undefined_object then
			null;
	end;
	-- tow.status() names whoever hurts the queue; without this it sees only sessions of its own role.
	begin
		grant pg_read_all_stats to tow_owner;
	exception
		when insufficient_privilege or undefined_object then
			null;
	end;
	if v_owner is null and exists (select from pg_catalog.pg_roles r where r.rolname = 'tow_owner') then
		begin
			if not pg_catalog.has_database_privilege('tow_owner', pg_catalog.current_database(), 'create') then
				execute pg_catalog.format('grant create on database %I to tow_owner', pg_catalog.current_database());
			end if;
			if pg_catalog.has_database_privilege('tow_owner', pg_catalog.current_database(), 'create') then
				perform pg_catalog.set_config('role', 'tow_owner', false);
			end if;
		exception
			when insufficient_privilege then
				null;
		end;
	elsif v_owner is not null then
		perform pg_catalog.set_config('role', v_owner, false);
	end if;
end $roles$;

create schema if not exists tow_store;
comment on schema tow_store is 'Tables of the queue. Nothing here is public: use the functions and views of schema tow.';
create schema if not exists tow;
comment on schema tow is 'The job queue: start with tow.enqueue, tow.jobs, tow.job(id), tow.status().';

create table if not exists tow_store.migration (
	area text not null,
	number int not null,
	name text not null,
	checksum text not null,
	at timestamptz not null,
	primary key (area, number)
);
comment on table tow_store.migration is 'Schema files that were applied, and when.';

create table if not exists tow_store.code_file (
	area text not null,
	name text not null,
	checksum text not null,
	at timestamptz not null,
	primary key (area, name)
);
comment on table tow_store.code_file is 'Code files as they were last run.';

-- A copy that a superuser has restored belongs to him, and functions would run as him.
do $owner$
declare
	v_command text;
begin
	if not (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = session_user) or not exists (select from pg_catalog.pg_roles r where r.rolname = 'tow_owner')
		or not (select r.rolsuper from pg_catalog.pg_namespace n join pg_catalog.pg_roles r on r.oid = n.nspowner where n.nspname = 'tow_store') then
		return;
	end if;
	perform pg_catalog.set_config('role', session_user, false);
	execute pg_catalog.format('grant create on database %I to tow_owner', pg_catalog.current_database());
	foreach v_command in array array(
		with ours as (
			select n.oid, n.nspname from pg_catalog.pg_namespace n where exists (select from tow_store.migration m where n.nspname in (m.area, m.area || '_store'))
		)
		select pg_catalog.format('schema %I', o.nspname) from ours o
		union all
		select pg_catalog.format('table %s', c.oid::regclass) from pg_catalog.pg_class c where c.relnamespace in (select o.oid from ours o) and (c.relkind in ('r', 'p', 'v')
			or c.relkind = 'S' and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')))
		union all
		select pg_catalog.format('type %s', c.reltype::regtype) from pg_catalog.pg_class c where c.relnamespace in (select o.oid from ours o) and c.relkind = 'c'
		union all
		select pg_catalog.format('routine %s', p.oid::regprocedure) from pg_catalog.pg_proc p where p.pronamespace in (select o.oid from ours o)) -- all of them, before the first is changed
	loop
		execute pg_catalog.format('alter %s owner to tow_owner', v_command);
	end loop;
	perform pg_catalog.set_config('role', 'tow_owner', false);
end $owner$;

-- Roles belong to the cluster: a copy that was restored elsewhere may have none of them, nor what was granted to them, and
-- neither has a database that was migrated by who may make no roles, until somebody migrates it who may.
create or replace function tow_store.migrate_lacks_roles() returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select (i.rolsuper or i.rolcreaterole) and (select count(*) from pg_roles r where r.rolname in ('tow_owner', 'tow_admin', 'tow_operator', 'tow_producer', 'tow_worker', 'tow_viewer', 'tow_server')) < 7
		or i.rolsuper and exists (select from pg_roles r where r.rolname = 'tow_owner') and (select r.rolsuper from pg_namespace n join pg_roles r on r.oid = n.nspowner where n.nspname = 'tow_store')
	from pg_roles i where i.rolname = session_user
$$;
comment on function tow_store.migrate_lacks_roles() is 'Whether there are roles to be made, or everything is to be given to tow_owner, and whoever asks may do that.';

create or replace function tow_store.migrate_lacks_grants(p_area text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select exists (select from pg_namespace n, pg_roles r where n.nspname = p_area and not has_schema_privilege(r.oid, n.oid, 'usage')
		and (r.rolname in ('tow_admin', 'tow_operator', 'tow_worker', 'tow_viewer') or p_area = 'tow' and r.rolname in ('tow_producer', 'tow_server')))
$$;
comment on function tow_store.migrate_lacks_grants(text) is 'Whether a role is there that has not been granted what it is for.';

-- p_files: [{"path": "sql/tow/code/now.sql", "text": "..."}]
create or replace function tow_store.migrate_files(p_files jsonb)
returns table(n int, area text, part text, name text, number int, checksum text)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select f.n::int - 1, p[1], p[2], p[3], substring(p[3] from '^\d+')::int, encode(sha256(convert_to(f.file->>'text', 'UTF8')), 'hex')
	from jsonb_array_elements(p_files) with ordinality f(file, n),
		regexp_match(f.file->>'path', '^sql/([a-z]+)/(schema|code)/([a-z0-9_]+\.sql)$') p
	where p is not null
$$;
comment on function tow_store.migrate_files(jsonb) is 'The files that a program brings: where each belongs, and its checksum.';

-- Raises TW409 if an applied schema file has changed since, or if the database is ahead of the program.
create or replace function tow_store.migrate_plan(p_files jsonb)
returns table(n int, area text, part text, name text, state text)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_name text;
begin
	select format('%s/%s', f.area, f.name) into v_name
	from tow_store.migrate_files(p_files) f join tow_store.migration m on m.area = f.area and m.number = f.number
	where f.part = 'schema' and f.number > 0 and m.checksum <> f.checksum
	order by f.number limit 1;
	if found then
		raise exception using errcode = 'TW409', message = format('schema file %s has changed since it was applied here', v_name),
			hint = 'a program that was never released has migrated it: a new database can take its jobs over (to whoever changed the file: what was applied stays as it is, a change is a new file with the next number)';
	end if;
	select format('%s/%s', m.area, m.name) into v_name
	from tow_store.migration m
	where m.area in (select f.area from tow_store.migrate_files(p_files) f)
		and not exists (select from tow_store.migrate_files(p_files) f where f.part = 'schema' and f.area = m.area and f.number = m.number)
	order by m.number limit 1;
	if found then
		raise exception using errcode = 'TW409', message = format('the database is newer than this program: it has schema file %s', v_name),
			hint = 'use the program that migrated it, or a later one';
	end if;
	return query
	select f.n, coalesce(f.area, c.area), coalesce(f.part, 'code'), coalesce(f.name, c.name),
		case
			when f.n is null then 'gone'
			when coalesce(m.checksum, c.checksum) is null then 'new'
			when coalesce(m.checksum, c.checksum) <> f.checksum then 'changed'
			when f.number = 0 and f.area = 'tow' and tow_store.migrate_lacks_roles() then 'changed'
			when f.name = 'zz_grants.sql' and tow_store.migrate_lacks_grants(f.area) then 'changed'
			else 'same'
		end
	from tow_store.migrate_files(p_files) f
	left join tow_store.migration m on f.part = 'schema' and m.area = f.area and m.number = f.number
	full join tow_store.code_file c on f.part = 'code' and c.area = f.area and c.name = f.name
	where coalesce(f.area, c.area) in (select a.area from tow_store.migrate_files(p_files) a)
	order by coalesce(f.area, c.area) <> 'tow', 2, coalesce(f.part, 'code') = 'code', f.name like 'zz\_%', f.name like 'view\_%', f.name;
end $$;
comment on function tow_store.migrate_plan(jsonb) is
'What a migration would do, in order: schema files that are new (the bootstrap may be changed), code files that are new, changed, gone; same where nothing is to be done.';

create or replace function tow_store.migrate_record_schema(p_files jsonb, p_n int) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	insert into tow_store.migration as m (area, number, name, checksum, at)
	select f.area, f.number, f.name, f.checksum, clock_timestamp() from tow_store.migrate_files(p_files) f where f.n = p_n
	on conflict (area, number) do update set name = excluded.name, checksum = excluded.checksum, at = excluded.at
$$;
comment on function tow_store.migrate_record_schema(jsonb, int) is 'A schema file was applied.';

create or replace function tow_store.migrate_record_code(p_files jsonb) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	delete from tow_store.code_file c where c.area in (select f.area from tow_store.migrate_files(p_files) f)
		and not exists (select from tow_store.migrate_files(p_files) f where f.part = 'code' and f.area = c.area and f.name = c.name);
	insert into tow_store.code_file as c (area, name, checksum, at)
	select f.area, f.name, f.checksum, clock_timestamp() from tow_store.migrate_files(p_files) f where f.part = 'code'
	on conflict (area, name) do update set checksum = excluded.checksum, at = excluded.at where c.checksum <> excluded.checksum
$$;
comment on function tow_store.migrate_record_code(jsonb) is 'All code files were run.';

-- Everything is done as the owner of what is there. Raises 42501 when the session may not.
create or replace function tow_store.migrate_become_owner() returns text
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select set_config('role', n.nspowner::regrole::name::text, false) from pg_namespace n where n.nspname = 'tow_store'
$$;
comment on function tow_store.migrate_become_owner() is 'Go on as the role that owns the schema; returns its name.';

-- A row of a catalog that this transaction, or a part of it, has written: age() counts from the transaction's own xid.
create or replace function tow_store.migrate_is_fresh(p_xmin xid) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	perform pg_current_xact_id();
	return age(p_xmin) <= 0;
end $$;
comment on function tow_store.migrate_is_fresh(xid) is 'Whether the running transaction wrote that row.';

create or replace function tow_store.migrate_objects()
returns table(class oid, object oid, schema name, name name, fresh boolean)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	with ours as (
		select n.oid, n.nspname from pg_namespace n
		where exists (select from tow_store.migration m where n.nspname in (m.area, m.area || '_store'))
	)
	select 'pg_class'::regclass::oid, c.oid, o.nspname, c.relname, tow_store.migrate_is_fresh(r.xmin)
	from ours o join pg_class c on c.relnamespace = o.oid and c.relkind = 'v' join pg_rewrite r on r.ev_class = c.oid and r.rulename = '_RETURN'
	union all
	select 'pg_proc'::regclass::oid, p.oid, o.nspname, p.proname, tow_store.migrate_is_fresh(p.xmin)
	from ours o join pg_proc p on p.pronamespace = o.oid
	where not (o.nspname = 'tow_store' and p.proname like 'migrate\_%')
$$;
comment on function tow_store.migrate_objects() is 'Functions and views in our schemas, and whether this migration has written them already.';

-- Dependents of ours go with it, because they are defined again in the same transaction; with p_last nothing is
-- defined any more, and one that is fresh is an error. Raises TW409 naming somebody else's object that depends on it.
create or replace function tow_store.migrate_drop(p_class oid, p_object oid, p_last boolean) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	d record;
	v_what constant text := pg_describe_object(p_class, p_object, 0);
	v_detail text;
begin
	if v_what is null then
		return; -- it went with another one
	end if;
	for d in
		with target(class, object) as (
			values (p_class, p_object)
			union all
			select 'pg_type'::regclass, t.oid from pg_type t join pg_class c on t.oid = c.reltype or t.typelem = c.reltype
			where p_class = 'pg_class'::regclass and c.oid = p_object
		), dependent(class, object) as (
			select case when r.oid is null then o.classid else 'pg_class'::regclass end, coalesce(r.ev_class, o.objid)
			from target t join pg_depend o on o.refclassid = t.class and o.refobjid = t.object
			left join pg_rewrite r on o.classid = 'pg_rewrite'::regclass and r.oid = o.objid
			where o.deptype = 'n'
		)
		select distinct p.class, p.object, m.schema is not null and not (m.fresh and p_last) as may
		from dependent p left join tow_store.migrate_objects() m on m.class = p.class and m.object = p.object
		where (p.class, p.object) <> (p_class, p_object)
	loop
		if not d.may then
			raise exception using errcode = 'TW409',
				message = format('%s depends on %s, which this migration must drop', pg_describe_object(d.class, d.object, 0), v_what),
				hint = 'drop it, migrate again, then create it anew; the functions and views are as they were before';
		end if;
		perform tow_store.migrate_drop(d.class, d.object, p_last);
	end loop;
	execute format(case when p_class = 'pg_class'::regclass then 'drop view %s' else 'drop routine %s' end,
		case when p_class = 'pg_class'::regclass then p_object::regclass::text else p_object::regprocedure::text end);
exception
	when dependent_objects_still_exist then
		get stacked diagnostics v_detail = pg_exception_detail;
		raise exception using errcode = 'TW409', message = format('%s must be dropped, but %s', v_what, v_detail),
			hint = 'remove what depends on it, migrate again, then make it anew';
end $$;
comment on function tow_store.migrate_drop(oid, oid, boolean) is 'Drop a function or view of ours, and what of ours depends on it, but nothing of anybody else''s.';

create or replace function tow_store.migrate_defines(p_text text) returns table(schema name, name name)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select r[1], r[2] from regexp_matches(p_text, '^\s*create\s+or\s+replace\s+(?:function|procedure|view)\s+([a-z_]+)\.([a-z0-9_]+)', 'gin') r
$$;
comment on function tow_store.migrate_defines(text) is 'The functions and views that a code file defines.';

-- Called when `create or replace` of a file was refused: another return type, other columns, or a call that fits an
-- old signature and a new one.
create or replace function tow_store.migrate_make_room(p_text text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	o record;
begin
	for o in
		select m.class, m.object from tow_store.migrate_objects() m
		where (m.schema, m.name) in (select d.schema, d.name from tow_store.migrate_defines(p_text) d) or not m.fresh and exists (
			select from tow_store.migrate_objects() w where w.fresh and w.class = m.class and w.schema = m.schema and w.name = m.name
		)
	loop
		perform tow_store.migrate_drop(o.class, o.object, false);
	end loop;
end $$;
comment on function tow_store.migrate_make_room(text) is 'Drop what a code file defines, and old signatures of what is defined anew already.';

-- Kept for the length of the transaction, so that what make_room dropped for good can be told in the end.
create or replace function tow_store.migrate_remember() returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select set_config('tow.migrate_before', coalesce(array_agg(pg_describe_object(m.class, m.object, 0))::text, '{}'), true) from tow_store.migrate_objects() m
$$;
comment on function tow_store.migrate_remember() is 'Note which functions and views there are before a migration.';

-- Called before the files zz_*, because grants write the rows of all functions; what those files define is spared.
create or replace function tow_store.migrate_retire(p_files jsonb) returns setof text
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	o record;
begin
	for o in
		select m.class, m.object from tow_store.migrate_objects() m
		where not m.fresh and exists (select from tow_store.migrate_files(p_files) f where m.schema in (f.area, f.area || '_store'))
			and not exists (
				select from jsonb_array_elements(p_files) f, tow_store.migrate_defines(f->>'text') d
				where f->>'path' like '%/code/zz\_%' and d.schema = m.schema and d.name = m.name
			)
		order by m.schema, m.name
	loop
		perform tow_store.migrate_drop(o.class, o.object, true);
	end loop;
	return query
		select b.what from unnest(current_setting('tow.migrate_before', true)::text[]) b(what)
		where b.what not in (select pg_describe_object(m.class, m.object, 0) from tow_store.migrate_objects() m)
		order by b.what;
end $$;
comment on function tow_store.migrate_retire(jsonb) is 'Drop what no code file defines any more; returns all that is gone since migrate_remember.';

create or replace function tow_store.migrate_mark_test() returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if exists (select from tow_store.job) then
		raise exception using errcode = 'TW409', message = 'this instance has jobs: it cannot be marked for tests any more',
			hint = 'make a new database for tests';
	end if;
	update tow_store.setting s set value = 'on' where s.name = 'test';
end $$;
comment on function tow_store.migrate_mark_test() is 'From now on tow.fake_now is honoured here; only where no job is.';
