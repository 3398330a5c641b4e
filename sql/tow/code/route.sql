-- Routes: one row each, and one function. What a function takes is read when its row is written, which is at each migration.
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

create or replace function tow_store.add_route(p_area text, p_method text, p_path text, p_fn text, p_role text, p_gives text, p_page text[] default null, p_fixed jsonb default '{}') returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	f pg_proc;
	v_missing text;
begin
	if to_regclass(p_fn) is null then
		select p.* into strict f from pg_proc p where p.oid = p_fn::regproc;
	end if;
	insert into tow_store.route (area, method, path, fn, role, gives, page, fixed, names, types)
	values (p_area, p_method, p_path, p_fn, p_role, p_gives, p_page, p_fixed,
		coalesce(f.proargnames[1:f.pronargs], '{}'), array(select format_type(a.type, null) from unnest(f.proargtypes::oid[]) with ordinality a(type, n) order by a.n));
	select m[1] into v_missing from regexp_matches(p_path, '\{([a-z_]+)\}', 'g') m where m[1] <> all(coalesce(f.proargnames[1:f.pronargs], '{}'));
	if found then
		raise exception '% %: % has no argument %', p_method, p_path, p_fn, v_missing;
	end if;
end $$;
comment on function tow_store.add_route(text, text, text, text, text, text, text[], jsonb) is 'One route, by the name of its function or view.';

create or replace view tow.routes as
select r.id, r.method, r.path, r.fn as function, r.role, r.gives from tow_store.route r order by r.path collate "C", r.method;
comment on view tow.routes is 'What the server answers: each is a call of a function, or a view. /api/v1/openapi.json has it all.';
comment on column tow.routes.role is 'The least that a token must be; null: anybody''s.';
