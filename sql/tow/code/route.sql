-- Routes: one row each, and one function. What a function takes is read when its row is written, which is at each migration.
create or replace function tow_store.fn_of(p_fn text) returns oid
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select max(p.oid) from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = split_part(p_fn, '.', 1) and p.proname = split_part(p_fn, '.', 2)
$$;
comment on function tow_store.fn_of(text) is 'A function by its name; while a migration has two of a name, the one that it has made.';

create or replace function tow_store.argument(p_name text, p_type text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select format(case
		when p_type in ('jsonb', 'json') then 'nullif($1 -> %1$L, ''null'')::%2$s'
		when p_type = 'bytea' then 'decode($1 ->> %1$L, ''base64'')'
		when p_type = 'jsonb[]' then 'array(select jsonb_array_elements($1 -> %1$L))'
		when p_type like '%[]' then 'case jsonb_typeof($1 -> %1$L) when ''array'' then array(select jsonb_array_elements_text($1 -> %1$L)) else string_to_array($1 ->> %1$L, '','') end::%2$s'
		else '($1 ->> %1$L)::%2$s'
	end, p_name, p_type)
$$;
comment on function tow_store.argument(text, text) is 'How an argument is taken from what was given.';

create or replace function tow_store.statement_of_argument(r tow_store.route, p_n int) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select 'select ' || tow_store.argument(r.names[p_n], r.types[p_n])
$$;
comment on function tow_store.statement_of_argument(tow_store.route, int) is 'A statement that fails where an argument is none of its type.';

-- What is not given is as the function has it. Of a view, arguments are columns: those that the path names, and others as filters.
create or replace function tow_store.statement_of(r tow_store.route, p_fn oid) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_from constant text := case when p_fn is null then format('(select v.* from %s v where %s)', r.fn, (
		select string_agg(format(case when u.n <= r.needs then 'v.%1$I = %3$s' else '(not $1 ? %2$L or v.%1$I = %3$s)' end, u.name, u.name, tow_store.argument(u.name, u.type)), ' and ' order by u.n)
		from unnest(r.names, r.types) with ordinality u(name, type, n))) else format('%s(%s)', r.fn, (
		select string_agg(format(case when a.missing is null then '%1$I => %4$s' else '%1$I => case when $1 ? %2$L then %4$s else %3$s end' end, a.own, a.name, a.missing, a.value), ', ' order by a.n)
		from (select u.n, u.name, f.proargnames[u.n] as own, pg_get_function_arg_default(p_fn, u.n::int) as missing, tow_store.argument(u.name, u.type) as value
			from unnest(r.names, r.types) with ordinality u(name, type, n), pg_proc f where f.oid = p_fn) a)) end;
begin
	return case r.gives
		when 'list' then format('select coalesce(json_agg(r), ''[]'')::text, count(*), concat_ws('','', null%s) from %s r',
			(select string_agg(format(', to_jsonb((array_agg(r.%I))[count(*)]) #>> ''{}''', c), '') from unnest(r.page[2:]) c), v_from)
		when 'ids' then format('select json_build_object(''ids'', coalesce(json_agg(r), ''[]''))::text, 1, null from %s r', v_from)
		when 'one' then format('select row_to_json(r)::text, 1, null from %s r limit 1', v_from)
		when 'json' then format('select %s::text, 1, null', v_from)
		when 'text' then format('select string_agg(r, e''\n'') || e''\n'', count(*), null from %s r', v_from)
		when 'nothing' then format('select null::text, 1, null from (select %s) r', v_from)
		else format('select json_build_object(%L, %s)::text, 1, null', r.gives, v_from)
	end;
end $$;
comment on function tow_store.statement_of(tow_store.route, oid) is 'The statement that answers a request for a route, with what was given as $1.';

create or replace function tow_store.add_routes(p_area text, p_routes text[][]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v text[];
begin
	delete from tow_store.route r where r.area = p_area;
	foreach v slice 1 in array p_routes loop
		perform tow_store.add_route(p_area, v[1], v[2], v[3], v[4], v[5], v[6]::text[], coalesce(v[7], '{}')::jsonb);
	end loop;
end $$;
comment on function tow_store.add_routes(text, text[]) is 'The routes of an area, in place of those that it had: method, path, fn, role, gives, page, fixed.';

-- A function's arguments, or the columns of a view, by which it may be asked: those that the path names come first, and are needed.
create or replace function tow_store.arguments_of(p_fn text, p_path text) returns table(names text[], types text[], needs int)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select coalesce(p.proargnames[1:p.pronargs], '{}'), array(select format_type(a.type, null) from unnest(p.proargtypes::oid[]) with ordinality a(type, n) order by a.n), p.pronargs - p.pronargdefaults
	from pg_proc p where to_regclass(p_fn) is null and p.oid = tow_store.fn_of(p_fn)
	union all
	select coalesce(array_agg(a.attname::text order by c.named desc, a.attnum), '{}'), coalesce(array_agg(format_type(a.atttypid, null) order by c.named desc, a.attnum), '{}'), (count(*) filter (where c.named))::int
	from pg_attribute a, lateral (select p_path like '%{' || a.attname || '}%' as named) c
	where to_regclass(p_fn) is not null and a.attrelid = to_regclass(p_fn) and a.attnum > 0 and not a.attisdropped and (c.named or p_path !~ '\{' and a.atttypid = any('{text,boolean}'::regtype[]))
	having to_regclass(p_fn) is not null
$$;
comment on function tow_store.arguments_of(text, text) is 'What a route''s function or view takes.';

-- A name in the path that its function does not have is the function's first argument: so that a thing has one name in all paths.
create or replace function tow_store.add_route(p_area text, p_method text, p_path text, p_fn text, p_role text, p_gives text, p_page text[] default null, p_fixed jsonb default '{}') returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_names text[];
	v_types text[];
	v_needs int;
	r tow_store.route;
	v_other text[];
begin
	select a.names, a.types, a.needs into strict v_names, v_types, v_needs from tow_store.arguments_of(p_fn, p_path) a;
	v_other := array(select m[1] from regexp_matches(p_path, '\{([a-z_]+)\}', 'g') m where m[1] <> all(v_names));
	if v_other <> '{}' and (cardinality(v_other) > 1 or to_regclass(p_fn) is not null or v_names = '{}' or p_path ~ format('\{%s\}', v_names[1])) then
		raise exception '% %: % has no argument %', p_method, p_path, p_fn, v_other;
	elsif v_other <> '{}' then
		v_names[1] := v_other[1];
	end if;
	insert into tow_store.route (area, method, path, fn, role, gives, page, fixed, names, types, needs)
	values (p_area, p_method, p_path, p_fn, p_role, p_gives, p_page, p_fixed, v_names, v_types, v_needs)
	returning * into r;
	update tow_store.route o set statement = tow_store.statement_of(r, case when to_regclass(p_fn) is null then tow_store.fn_of(p_fn) end) where o.id = r.id;
end $$;
comment on function tow_store.add_route(text, text, text, text, text, text, text[], jsonb) is 'One route, by the name of its function or view.';

create or replace view tow.routes as
select r.id, r.method, r.path, r.fn as function, r.role, r.gives from tow_store.route r order by r.path collate "C", r.method;
comment on view tow.routes is 'What the server answers: each is a call of a function, or a view. /api/v1/openapi.json has it all.';
comment on column tow.routes.role is 'The least that a token must be; null: anybody''s.';
