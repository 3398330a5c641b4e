-- What the server answers, for programs: OpenAPI 3.1, made from the routes, the functions that they call, and what is said
-- of these in their comments. Nothing of it is written down a second time.
create or replace function tow_store.json_type(p_type regtype) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select case
		when p_type = any('{bigint,integer,smallint,numeric,double precision,real}'::regtype[])
			then jsonb_build_object('type', case when p_type = any('{bigint,integer,smallint}'::regtype[]) then 'integer' else 'number' end)
		when p_type = 'boolean'::regtype then '{"type": "boolean"}'
		when p_type = any('{json,jsonb}'::regtype[]) then '{}'
		when p_type = 'timestamptz'::regtype then '{"type": "string", "format": "date-time"}'
		when p_type = 'interval'::regtype then '{"type": "string", "description": "a length of time with its unit, as 90 s or 1 day"}'
		when t.typelem <> 0 and t.typcategory = 'A' then jsonb_build_object('type', 'array', 'items', tow_store.json_type(t.typelem::regtype))
		else '{"type": "string"}'
	end from pg_type t where t.oid = p_type
$$;
comment on function tow_store.json_type(regtype) is 'How values of a type look as JSON.';

create or replace function tow_store.json_or_null(p_type regtype) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select case when t ? 'type' then t || jsonb_build_object('type', jsonb_build_array(t -> 'type', 'null')) else t end from tow_store.json_type(p_type) t
$$;
comment on function tow_store.json_or_null(regtype) is 'The same where there may be none.';

create or replace function tow_store.json_columns(p_fn text) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select jsonb_object_agg(c.name, tow_store.json_or_null(c.type) || jsonb_strip_nulls(jsonb_build_object('description', c.said))) from tow_store.columns_of(p_fn) c
$$;
comment on function tow_store.json_columns(text) is 'The columns of what a function or view gives.';

create or replace function tow_store.json_rate() returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select '{"type": ["number", "string", "null"], "description": "so many a second, or, as a string, in another time: 5/min, 100/60s"}'::jsonb
$$;
comment on function tow_store.json_rate() is 'How a rate that is asked for looks as JSON.';

-- "id integer, note string?, nodes []": what may be null has a question mark, a list's rows are among p_rows.
create or replace function tow_store.json_members(p_members text, p_rows jsonb default '{}') returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select jsonb_build_object('type', 'object', 'required', jsonb_agg(m[1]), 'properties', jsonb_object_agg(m[1], case
		when m[2] = '[]' then jsonb_build_object('type', 'array', 'items', p_rows -> m[1])
		when m[2] ~ '\?$' then jsonb_build_object('type', jsonb_build_array(rtrim(m[2], '?'), 'null'))
		else jsonb_build_object('type', m[2]) end))
	from regexp_matches(p_members, '(\w+) ([a-z?\[\]]+)', 'g') m
$$;
comment on function tow_store.json_members(text, jsonb) is 'How an object looks as JSON.';

create or replace function tow_store.json_document(p_fn text) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case p_fn
		when 'tow.graph_json' then tow_store.json_members('more boolean, nodes [], ties []', jsonb_build_object(
			'nodes', tow_store.json_members('id integer, kind string?, queue string?, state string, waits_for string?'),
			'ties', tow_store.json_members('above integer, below integer, how string')))
		when 'tow.overview' then tow_store.json_members('at string, database string, server string, claims integer, positions integer, scheduled integer, retrying integer, waiting integer, more [], schedulers integer, trouble [], queues [], running [], workers []', jsonb_build_object(
			'more', '{"type": "string"}'::jsonb,
			'trouble', tow_store.json_members('component string, status string, detail string, hint string?'),
			'queues', tow_store.json_members('name string, state string, ready integer, running integer, oldest_ready string?, workers integer, slots integer, waiting integer, max_running integer?, rate number?, pause_reason string?, more [], growth number?', jsonb_build_object('more', '{"type": "string"}'::jsonb)),
			'running', tow_store.json_members('id integer, kind string, queue string, attempt integer, started_at string, worker integer, pct number?, note string?'),
			'workers', tow_store.json_members('id integer, name string, host string, pid integer, state string, busy integer, slots integer, queues string?, seen_at string'))) end
$$;
comment on function tow_store.json_document(text) is 'What a function gives that gives one document, and no rows.';

create or replace function tow_store.json_answer(r tow_store.route) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select case
		when r.gives = 'nothing' then jsonb_build_object('204', '{"description": "done"}'::jsonb)
		when r.gives = 'text' then jsonb_build_object('200', '{"description": "lines", "content": {"text/plain": {"schema": {"type": "string"}}}}'::jsonb)
		else jsonb_build_object(case when r.gives in ('id', 'id,name', 'ids', 'token') then '201' else '200' end, jsonb_build_object('description', 'done', 'content', jsonb_build_object('application/json', jsonb_build_object('schema', case r.gives
			when 'list' then jsonb_build_object('type', 'object', 'required', array['items'], 'properties',
				jsonb_build_object('items', jsonb_build_object('type', 'array', 'items', row)) || case
					when r.fn in ('tow.bulk', 'haul.bulk') then '{"more": {"type": "boolean", "description": "more match: call again"}}' when r.page is null then '{}'::jsonb else '{"next": {"type": ["string", "null"], "description": "after this; null at the end"}}' end)
			when 'one' then row
			when 'json' then tow_store.json_document(r.fn)
			else jsonb_build_object('type', 'object', 'properties', jsonb_build_object(split_part(r.gives, ',', 1),
				(select case when p.proretset then '{}' else tow_store.json_or_null(p.prorettype::regtype) end from pg_proc p where p.oid = tow_store.fn_of(r.fn)))
				|| case when tow_store.warns(r) then '{"warning": {"type": "string", "description": "why it waits for a worker, if it does: none lives, none knows the kind or serves the queue, or all who would run it are about to go"}}'::jsonb else '{}' end || case when r.gives = 'id,name' then '{"name": {"type": "string", "description": "by which paths know it"}}'::jsonb else '{}' end) end))))
	end || case when r.fn = 'tow.enqueue' then '{"200": {"description": "another job has the key: its id, answered as 201 is"}}'::jsonb else '{}' end || case when r.fn = 'tow.schedule' then '{"201": {"description": "made; answered as 200 is"}}'::jsonb else '{}' end || '{"default": {"$ref": "#/components/responses/Problem"}}'
	from coalesce((select jsonb_build_object('type', 'object', 'properties', c) from tow_store.json_columns(r.fn) c where c is not null), '{}') row
$$;
comment on function tow_store.json_answer(tow_store.route) is 'What a route answers.';

create or replace function tow_store.json_arguments(r tow_store.route) returns table(name text, type regtype, required boolean, of_path boolean)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select a.name, a.type::regtype, a.n <= r.needs, r.path like '%{' || a.name || '}%'
	from unnest(r.names, r.types) with ordinality a(name, type, n)
	where not r.fixed ? a.name and (r.page is null or a.name not in ('max_rows', r.page[1]))
	union all
	select v.name, v.type::regtype, false, false from (values ('limit', 'int'), ('after', 'text')) v(name, type) where r.page is not null
$$;
comment on function tow_store.json_arguments(tow_store.route) is 'What a route takes.';

-- An order is of the function's own words, or one of those that the server has.
create or replace function tow_store.json_of_argument(r tow_store.route, p_name text, p_type regtype) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select tow_store.json_type(p_type) || case when p_name = 'sort' then coalesce((
		select jsonb_build_object('enum', jsonb_agg(d || s order by s, d), 'description', 'in this order; with - before it the other way round. Rows that have nothing there come last')
		from unnest(r.sorts) s, unnest('{"",-}'::text[]) d having count(*) > 0), '{}') else jsonb_strip_nulls(jsonb_build_object('enum', to_jsonb(tow_store.words_of(r, p_name)))) end
$$;
comment on function tow_store.json_of_argument(tow_store.route, text, regtype) is 'How an argument of a route looks as JSON.';

create or replace function tow_store.json_operation(r tow_store.route) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
	with said as (
		select coalesce(obj_description(tow_store.fn_of(r.fn), 'pg_proc'), obj_description(to_regclass(r.fn), 'pg_class')) as text
	), a as materialized (
		select * from tow_store.json_arguments(r)
	)
	select jsonb_strip_nulls(jsonb_build_object(
		'operationId', lower(r.method) || translate(regexp_replace(r.path, '^/api/v1', ''), '/{}.-', '____'),
		'summary', regexp_replace(said.text, '([.;:] .*|\.)$', ''), 'description', said.text, 'x-function', r.fn, 'tags', jsonb_build_array(coalesce(substring(r.path from '^/api/v1/([a-z_]+)'), r.area)), 'x-least-role', r.role,
		'parameters', coalesce((select jsonb_agg(jsonb_build_object('name', a.name, 'in', case when a.of_path then 'path' else 'query' end, 'required', a.of_path or a.required, 'schema', tow_store.json_of_argument(r, a.name, a.type)))
			from a where a.of_path or r.method in ('GET', 'DELETE')), '[]') || case when r.method <> 'GET' then '[{"$ref": "#/components/parameters/Once"}]'::jsonb else '[]' end,
		'requestBody', case when r.method not in ('GET', 'DELETE') then (select jsonb_build_object('required', bool_or(a.required), 'content', jsonb_build_object('application/json', jsonb_build_object('schema',
				jsonb_strip_nulls(jsonb_build_object('type', 'object', 'additionalProperties', false, 'required', jsonb_agg(a.name) filter (where a.required),
					'properties', jsonb_object_agg(a.name, case when a.required then tow_store.json_type(a.type) when tow_store.is_rate(a.name, a.type::text) then tow_store.json_rate() else tow_store.json_or_null(a.type) end))))))
			from a where not a.of_path having count(*) > 0) end,
		'responses', tow_store.json_answer(r)))
	from said
$$;
comment on function tow_store.json_operation(tow_store.route) is 'A route, as OpenAPI has it.';

-- What the server answers by itself: src/serve/desk.c has these paths.
create or replace function tow_store.json_own() returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select jsonb_object_agg(o.path, (select jsonb_object_agg(m.method, jsonb_strip_nulls(jsonb_build_object('operationId', m.method || translate(o.path, '/.', '__'), 'summary', rtrim(m.said, '.'), 'description', m.said,
		'tags', array['server'], 'security', case when m.open then '[]'::jsonb end, 'requestBody', m.body, 'responses', jsonb_build_object(m.status, jsonb_strip_nulls(jsonb_build_object('description', m.gives, 'content', case when m.members is not null then
				jsonb_build_object('application/json', jsonb_build_object('schema', tow_store.json_members(m.members))) end)), 'default', '{"$ref": "#/components/responses/Problem"}'::jsonb))))
		from jsonb_to_recordset(o.methods) m(method text, said text, status text, gives text, members text, open boolean, body jsonb)))
	from (values
		('/api/v1/health', '[{"method": "get", "said": "Whether the server is alive.", "status": "200", "gives": "it is", "members": "status string, version string", "open": true}]'::jsonb),
		('/api/v1/ready', '[{"method": "get", "said": "Whether it has its database.", "status": "200", "gives": "it has", "members": "status string", "open": true}]'),
		('/api/v1/openapi.json', '[{"method": "get", "said": "This description.", "status": "200", "gives": "OpenAPI 3.1", "members": "openapi string, info object, paths object, components object", "open": true}]'),
		('/api/v1/session', '[{"method": "post", "said": "Sign a browser in, with a token or the key of an address.", "status": "200", "gives": "name and role, and a cookie", "members": "name string, role string", "open": true,
				"body": {"required": true, "content": {"application/json": {"schema": {"type": "object", "required": ["token"], "properties": {"token": {"type": "string"}}}}}}},
			{"method": "delete", "said": "Sign it out.", "status": "204", "gives": "done"}]'),
		('/api/v1/ws', '[{"method": "get", "said": "A WebSocket that tells what changes.", "status": "101", "gives": "it is one now"}]')
	) o(path, methods)
$$;
comment on function tow_store.json_own() is 'The paths that are no call of a function, as OpenAPI has them.';

create or replace function tow.openapi(version text, cookie text default 'tow_session') returns jsonb
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select jsonb_build_object('openapi', '3.1.0',
		'info', jsonb_build_object('title', 'Towpath', 'version', version, 'description', 'Each path is a call of one function of the schemas tow and haul, as the role of the token.'),
		'servers', '[{"url": "../.."}]'::jsonb,
		'security', '[{"bearer": []}, {"cookie": []}]'::jsonb,
		'paths', (select jsonb_object_agg(p.path, p.methods) from (
			select r.path, jsonb_object_agg(lower(r.method), tow_store.json_operation(r)) as methods from tow_store.route r group by r.path) p) || tow_store.json_own(),
		'components', jsonb_set('{
			"securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}, "cookie": {"type": "apiKey", "in": "cookie"}},
			"parameters": {"Once": {"name": "Idempotency-Key", "in": "header", "required": false, "schema": {"type": "string", "maxLength": 200}, "description": "sent again with it within a day, it is done once"}},
			"responses": {"Problem": {"description": "what is wrong, and what to do about it", "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}},
			"schemas": {"Problem": {"type": "object", "required": ["title", "status", "detail"], "properties": {
				"type": {"type": "string"}, "title": {"type": "string"}, "status": {"type": "integer"}, "detail": {"type": "string"},
				"hint": {"type": "string"}, "code": {"type": "string", "description": "the SQLSTATE: TW404, TW409, TW422 and so on"}}}}}'::jsonb, '{securitySchemes,cookie,name}', to_jsonb(cookie)))
$$;
comment on function tow.openapi(text, text) is 'The description of the API; cookie: what that is called by which a browser is known.';
