-- Routes: one row each, and one function. What a function takes is read when its row is written, which is at each migration.
create or replace function tow_store.fn_of(p_fn text) returns oid
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select max(p.oid) from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = split_part(p_fn, '.', 1) and p.proname = split_part(p_fn, '.', 2)
$$;
comment on function tow_store.fn_of(text) is 'A function by its name; while a migration has two of a name, the one that it has made.';

-- What else is asked for finds nothing, ever: it is refused.
create or replace function tow_store.set_words(p_fn text, p_name text, p_words text[]) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	update tow_store.route r set words = r.words || jsonb_build_object(p_name, p_words) where r.fn = p_fn and p_name = any(r.names)
$$;
comment on function tow_store.set_words(text, text, text[]) is 'Say what an argument of a function or view takes, where that is some words and no other.';

create or replace function tow_store.words_of(r tow_store.route, p_name text) returns text[]
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select array_agg(w) from jsonb_array_elements_text(r.words -> p_name) w
$$;
comment on function tow_store.words_of(tow_store.route, text) is 'The words that an argument takes, and no other; null: anything.';

create or replace function tow_store.argument(p_name text, p_type text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select format(case
		when p_type in ('jsonb', 'json') then 'nullif($1 -> %1$L, ''null'')::%2$s'
		when tow_store.is_rate(p_name, p_type) then 'tow.rate($1 ->> %1$L)'
		when p_type = 'bytea' then 'decode($1 ->> %1$L, ''base64'')'
		when p_type = 'jsonb[]' then 'array(select nullif(e, ''null'') from jsonb_array_elements($1 -> %1$L) e)'
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

-- The columns of a function's rows, or of a view.
create or replace function tow_store.columns_of(p_fn text) returns table(name text, type regtype, said text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	with f as (
		select p.* from pg_proc p where p.oid = tow_store.fn_of(p_fn)
	), relation as (
		select coalesce(to_regclass(p_fn)::oid, (select t.typrelid from f join pg_type t on t.oid = f.prorettype where t.typrelid <> 0)) as oid
	)
	select a.attname::text, a.atttypid::regtype, col_description(a.attrelid, a.attnum) from relation r join pg_attribute a on a.attrelid = r.oid where a.attnum > 0 and not a.attisdropped
	union all
	select o.name, o.type::regtype, null from f, unnest(f.proargnames, f.proallargtypes, f.proargmodes) o(name, type, mode) where o.mode in ('t', 'o')
$$;
comment on function tow_store.columns_of(text) is 'The columns of what a function or view gives.';

-- What has an order of its own, but how long a worker has been silent: that grows from page to page (seen_at does not). A function that has an argument sort sorts its rows itself.
create or replace function tow_store.sorts_of(p_fn text) returns text[]
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select array_agg(c.name order by c.name) from tow_store.columns_of(p_fn) c join pg_type t on t.oid = c.type
	where t.typcategory = any('{S,N,D,T,B}'::"char"[]) and c.name <> 'silent'
		and not exists (select from pg_proc f where to_regclass(p_fn) is null and f.oid = tow_store.fn_of(p_fn) and 'sort' = any(f.proargnames[:f.pronargs]))
$$;
comment on function tow_store.sorts_of(text) is 'The columns by which the server can sort what a function or view gives; null: none.';

-- A text that is null stands as '', or the rows after it could not be told. These columns together are another for each row.
-- A column by which it is sorted stands before them; rows that have nothing there come last, either way.
create or replace function tow_store.cut_of(p_fn text, p_page text[], p_sort text default null) returns text[]
language sql stable set search_path = pg_catalog, pg_temp
as $$
	with k as (
		select k.n, c.type, format(case c.type when 'text'::regtype then 'coalesce(%%s.%I, '''')' else '%%s.%I' end, c.name) as key
		from unnest(p_page[2:]) with ordinality k(name, n) join tow_store.columns_of(p_fn) c on c.name = k.name
	), t as (
		select format('(%s) %s (%s)', string_agg(format(k.key, 'v'), ', ' order by k.n), case when p_page[1] in ('up', 'after') then '>' else '<' end,
				string_agg(format('(($1 ->> %L)::jsonb ->> %s)::%s', p_page[1], k.n - 1 + (p_sort is not null)::int, k.type), ', ' order by k.n)) as later,
			string_agg(format(k.key, 'v') || case when p_page[1] in ('up', 'after') then '' else ' desc' end, ', ' order by k.n) as key_order,
			string_agg(format(k.key, 'r'), ', ' order by k.n) as keys
		from k having count(*) = cardinality(p_page) - 1
	), s as (
		select c.name, format('(($1 ->> %L)::jsonb ->> 0)::%s', p_page[1], c.type) as was, p_sort ^@ '-' as down from tow_store.columns_of(p_fn) c where c.name = ltrim(p_sort, '-')
	)
	select array[t.later, t.key_order, format('json_build_array(%s)::text', t.keys)] from t where p_sort is null and p_page[1] in ('up', 'down')
	union all
	select array[format('(v.%1$I %2$s %3$s or v.%1$I is null and %3$s is not null or v.%1$I is not distinct from %3$s and %4$s)', s.name, case when s.down then '<' else '>' end, s.was, t.later),
		format('v.%I %s nulls last, %s', s.name, case when s.down then 'desc' else 'asc' end, t.key_order), format('json_build_array(r.%I, %s)::text', s.name, t.keys)]
	from s, t
$$;
comment on function tow_store.cut_of(text, text[], text) is 'What the server cuts a list with; null: its function does that.';

-- No index is in the order that is asked for, so each page reads the whole list. What has no end, such as the audit, is not sorted whole.
create or replace function tow_store.most_sorted() returns int
language sql immutable set search_path = pg_catalog, pg_temp
return 50000;
comment on function tow_store.most_sorted() is 'How many rows the server sorts for a page.';

-- What is not given is as the function has it. Of a view, arguments are columns: those that the path names, and others as filters.
-- What the server sorts, it cuts: a function gives all of it, but no more than one row more than are sorted. Then it says no number of rows.
create or replace function tow_store.statement_of(r tow_store.route, p_fn oid, p_sort text default null) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_cut constant text[] := tow_store.cut_of(r.fn, r.page, p_sort);
	v_own constant int := coalesce((select f.pronargs from pg_proc f where f.oid = p_fn), cardinality(r.names) - case when r.page is null then 0 else 3 end);
	v_called constant text := case when p_fn is null then format('(select v.* from %s v where %s)', r.fn, coalesce((
		select string_agg(format(case when u.n <= r.needs then 'v.%1$I = %3$s' else '(not $1 ? %2$L or v.%1$I = %3$s)' end, u.name, u.name, tow_store.argument(u.name, u.type)), ' and ' order by u.n)
		from unnest(r.names[:v_own], r.types[:v_own]) with ordinality u(name, type, n)), 'true')) else format('%s(%s)', r.fn, (
		select string_agg(format(case when p_sort is not null and a.name = 'max_rows' then '%1$I => ' || tow_store.most_sorted() + 1 when a.missing is null then '%1$I => %4$s' else '%1$I => case when $1 ? %2$L then %4$s else %3$s end' end, a.own, a.name, a.missing, a.value), ', ' order by a.n)
		from (select u.n, u.name, f.proargnames[u.n] as own, pg_get_function_arg_default(p_fn, u.n::int) as missing, tow_store.argument(u.name, u.type) as value
			from unnest(r.names[:v_own], r.types[:v_own]) with ordinality u(name, type, n), pg_proc f where f.oid = p_fn and (p_sort is null or u.name <> r.page[1])) a)) end;
	v_from constant text := case when v_cut is null then v_called
		else format('(select v.* from %s v where not $1 ? %L or %s order by %s limit ($1 ->> ''max_rows'')::int)', case when p_sort is null then v_called else 's' end, r.page[1], v_cut[1], v_cut[2]) end;
begin
	return case r.gives
		when 'list' then format('%sselect coalesce(json_agg(r), ''[]'')::text, %s, %s from %s r',
			case when p_sort is not null then format('with s as materialized (select v.* from %s v limit %s) ', v_called, tow_store.most_sorted() + 1) else '' end,
			case when p_sort is not null then format('case when (select count(*) from s) <= %s then count(*) end', tow_store.most_sorted()) else 'count(*)' end, case when v_cut is not null then format('(array_agg(%s))[count(*)]', v_cut[3]) else
			(select 'concat_ws('','', null' || coalesce(string_agg(format(', to_jsonb((array_agg(r.%I))[count(*)]) #>> ''{}''', c), ''), '') || ')' from unnest(r.page[2:]) c) end, v_from)
		when 'ids' then format('select json_build_object(''ids'', coalesce(json_agg(r), ''[]''))::text, 1, null from %s r', v_from)
		when 'one' then format('select row_to_json(r)::text, 1, null from %s r limit 1', v_from)
		when 'json' then format('select %s::text, 1, null', v_from)
		when 'text' then format('select string_agg(r, e''\n'') || e''\n'', count(*), null from %s r', v_from)
		when 'nothing' then format('select null::text, 1, null from (select %s) r', v_from)
		when 'id,name' then format('select json_build_object(''id'', %s, ''name'', $1 ->> ''name'')::text, 1, null', v_from)
		else format('select json_build_object(%L, %s)::text, 1, null', r.gives, v_from)
	end;
end $$;
comment on function tow_store.statement_of(tow_store.route, oid, text) is 'The statement that answers a request for a route, with what was given as $1; sort: in an order of the server''s.';

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

-- As the function has it; a thousand where it does not say.
create or replace function tow_store.rows_of(p_fn text) returns int
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select coalesce((select substring(pg_get_function_arg_default(f.oid, array_position(f.proargnames, 'max_rows')) from '^\d+$')::int from pg_proc f where to_regclass(p_fn) is null and f.oid = tow_store.fn_of(p_fn)), 1000)
$$;
comment on function tow_store.rows_of(text) is 'How many rows a page of a function''s, or a view''s, has unless told.';

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
	v_sorts constant text[] := case when p_page is not null then tow_store.sorts_of(p_fn) end;
begin
	select a.names, a.types, a.needs into strict v_names, v_types, v_needs from tow_store.arguments_of(p_fn, p_path) a;
	v_other := array(select m[1] from regexp_matches(p_path, '\{([a-z_]+)\}', 'g') m where m[1] <> all(v_names));
	if v_other <> '{}' and (cardinality(v_other) > 1 or to_regclass(p_fn) is not null or v_names = '{}' or p_path ~ format('\{%s\}', v_names[1])) then
		raise exception '% %: % has no argument %', p_method, p_path, p_fn, v_other;
	elsif v_other <> '{}' then
		v_names[1] := v_other[1];
	end if;
	if p_page[1] in ('up', 'down') and tow_store.cut_of(p_fn, p_page) is null then
		raise exception '% %: % has not the columns %', p_method, p_path, p_fn, p_page[2:];
	end if;
	if v_sorts is not null then
		v_names := v_names || 'sort'::text;
		v_types := v_types || 'text'::text;
	end if;
	if p_page[1] in ('up', 'down') then
		v_names := v_names || array[p_page[1], 'max_rows'];
		v_types := v_types || '{text,int}'::text[];
	end if;
	insert into tow_store.route (area, method, path, fn, role, gives, page, max_rows, fixed, names, types, needs, sorts)
	values (p_area, p_method, p_path, p_fn, p_role, p_gives, p_page, tow_store.rows_of(p_fn), p_fixed, v_names, v_types, v_needs, v_sorts)
	returning * into r;
	update tow_store.route o set statement = tow_store.statement_of(r, case when to_regclass(p_fn) is null then tow_store.fn_of(p_fn) end) where o.id = r.id;
end $$;
comment on function tow_store.add_route(text, text, text, text, text, text, text[], jsonb) is 'One route, by the name of its function or view.';

create or replace view tow.routes as
select r.id, r.method, r.path, r.fn as function, r.role, r.gives from tow_store.route r order by r.path collate "C", r.method;
comment on view tow.routes is 'What the server answers: each is a call of a function, or a view. /api/v1/openapi.json has it all.';
comment on column tow.routes.role is 'The least that a token must be; null: anybody''s.';
