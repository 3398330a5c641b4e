-- What a request is answered. The path, the query and the body name the arguments of the route's function, which is called
-- as the role of the request's token: the database itself refuses what that may not. A request that brings a key of its own
-- is answered once; asked again, it gets the same answer and does nothing.
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

create or replace function tow_store.statement_of(r tow_store.route, p_given jsonb) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_from constant text := r.fn || case when r.types = '{}' and r.names = '{}' and to_regclass(r.fn) is not null then '' else format('(%s)',
		(select string_agg(format('%I => %s', a.name, tow_store.argument(a.name, a.type)), ', ' order by a.n)
		from unnest(r.names, r.types) with ordinality a(name, type, n) where p_given ? a.name)) end;
begin
	return case r.gives
		when 'list' then format('select coalesce(json_agg(r), ''[]'')::text, count(*), (array_agg(concat_ws('','', null%s)))[count(*)] from %s r',
			(select string_agg(format(', to_jsonb(r.%I) #>> ''{}''', c), '') from unnest(r.page[2:]) c), v_from)
		when 'ids' then format('select json_build_object(''ids'', coalesce(json_agg(r), ''[]''))::text, 1, null from %s r', v_from)
		when 'one' then format('select row_to_json(r)::text, 1, null from %s r limit 1', v_from)
		when 'json' then format('select %s::text, 1, null', v_from)
		when 'text' then format('select string_agg(r, e''\n'') || e''\n'', count(*), null from %s r', v_from)
		when 'nothing' then format('select null::text, 1, null from (select %s) r', v_from)
		else format('select json_build_object(%L, %s)::text, 1, null', r.gives, v_from)
	end;
end $$;
comment on function tow_store.statement_of(tow_store.route, jsonb) is 'The statement that answers a request.';

-- Raises TW422 with the name of what nobody takes.
create or replace function tow_store.given(r tow_store.route, p_path jsonb, p_body text) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_body jsonb;
	v_all jsonb;
	v_strange text;
	v_missing text;
begin
	if jsonb_typeof(p_path) is distinct from 'object' then
		perform tow_store.fail('TW422', 'what was given is no object', 'name each argument');
	end if;
	begin
		v_body := nullif(p_body, '')::jsonb;
	exception when data_exception or program_limit_exceeded then
		perform tow_store.fail('TW422', format('the body is no JSON: %s', sqlerrm), 'send an object, whose members are the arguments');
	end;
	if jsonb_typeof(v_body) <> 'object' then
		perform tow_store.fail('TW422', 'the body is no object', 'send an object, whose members are the arguments');
	end if;
	v_all := coalesce(v_body, '{}') || p_path;
	if r.page is not null and v_all ->> 'limit' !~ '^([1-9][0-9]{0,2}|1000)$' then
		perform tow_store.fail('TW422', format('bad limit %L', left(v_all ->> 'limit', 100)), 'use 1 to 1000');
	elsif r.page is not null then
		v_all := v_all - array['limit', 'after'] || jsonb_build_object('max_rows', coalesce(v_all ->> 'limit', '50')::int)
			|| case when v_all ? 'after' then jsonb_build_object(r.page[1], v_all -> 'after') else '{}' end;
	end if;
	select k into v_strange from jsonb_object_keys(v_all) k where k <> all(r.names) or r.fixed ? k limit 1;
	if found then
		perform tow_store.fail('TW422', format('nothing here is called %L', v_strange), coalesce('it takes: ' ||
			(select string_agg(n, ', ') from unnest(r.names || case when r.page is not null then '{limit,after}' else '{}'::text[] end) n
			where n <> 'max_rows' and n is distinct from r.page[1] and not r.fixed ? n), 'it takes nothing'));
	end if;
	v_all := v_all || r.fixed;
	select n into v_missing from unnest(r.names[:r.needs]) n where not v_all ? n limit 1;
	if found then
		perform tow_store.fail('TW422', format('%s is missing', v_missing), format('it needs: %s', array_to_string(r.names[:r.needs], ', ')));
	end if;
	return v_all;
end $$;
comment on function tow_store.given(tow_store.route, jsonb, text) is 'The arguments of a request, by name.';

-- Which of the arguments is none of its type; called when some is.
create or replace function tow_store.blame(r tow_store.route, p_given jsonb, p_error text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	for n in 1 .. cardinality(r.names) loop
		begin
			execute tow_store.statement_of_argument(r, n) using p_given;
		exception when others then
			perform tow_store.fail('TW422', format('bad %s: %s', case when r.names[n] = r.page[1] then 'after' else r.names[n] end, sqlerrm),
				format('it takes %s', case r.types[n] when 'bytea' then 'base64' else r.types[n] end));
		end;
	end loop;
	perform tow_store.fail('TW422', p_error, 'look at the values of its arguments');
end $$;
comment on function tow_store.blame(tow_store.route, jsonb, text) is 'Say what is wrong with the arguments of a request.';

-- Locks nothing but its own row. Raises TW409 when the key has been used for something else.
create or replace function tow_store.begin_once(p_who text, p_key text, p_asked text) returns tow_store.answered
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
	c_kept constant interval := interval '1 day';
	v_asked constant bytea := sha256(convert_to(p_asked, 'UTF8'));
	d tow_store.answered;
begin
	if length(p_key) > 200 then
		perform tow_store.fail('TW422', 'the Idempotency-Key is too long', 'use up to 200 characters');
	end if;
	delete from tow_store.answered where ctid = any(array(select a.ctid from tow_store.answered a where a.at < tow.now() - c_kept order by a.at limit 20 for update skip locked));
	insert into tow_store.answered (who, key, asked, at) values (p_who, p_key, v_asked, tow.now()) on conflict (who, key) do nothing;
	if not found then
		select a.* into d from tow_store.answered a where a.who = p_who and a.key = p_key;
		if d.asked <> v_asked then
			perform tow_store.fail('TW409', 'this Idempotency-Key was sent with another request', 'use a key of its own for each thing that is to be done');
		end if;
	end if;
	return d;
end $$;
comment on function tow_store.begin_once(text, text, text) is 'What a request was answered when it came before; nothing when it is new.';

create or replace function tow_store.end_once(p_who text, p_key text, p_status int, p_body text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	update tow_store.answered a set status = p_status, body = p_body where a.who = p_who and a.key = p_key
$$;
comment on function tow_store.end_once(text, text, int, text) is 'Remember what a request was answered.';

create or replace function tow_store.route_of(p_route int) returns tow_store.route
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select r.* from tow_store.route r where r.id = p_route
$$;
comment on function tow_store.route_of(int) is 'A route.';

create or replace function tow_store.check_role(p_has text, p_least text, p_who text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	if array_position('{viewer,operator,admin}', p_has) < array_position('{viewer,operator,admin}', p_least) then
		perform tow_store.fail('TW403', format('%s is %s, and this is for %s', p_who, p_has, case p_least when 'admin' then 'admins' else 'operators and admins' end), 'tow token add NAME --role makes another token');
	end if;
end $$;
comment on function tow_store.check_role(text, text, text) is 'Refuse who may not, in words; the database refuses anyhow.';

create or replace function tow.answer(token text, route int, given jsonb default '{}', body text default null, once text default null)
returns table(status int, type text, content text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	v_before constant text := current_setting('role');
	t constant tow_store.token := tow_store.holder(answer.token);
	r constant tow_store.route := tow_store.route_of(answer.route);
	d tow_store.answered;
	v_given jsonb;
	v_statement text;
	v_text text;
	v_rows bigint;
	v_next text;
	v_status int;
begin
	if r.id is null then
		perform tow_store.fail('TW410', 'the routes have changed', 'ask again');
	end if;
	perform tow_store.check_role(t.role, r.role, t.name);
	v_given := tow_store.given(r, answer.given, answer.body);
	if answer.once is not null then
		d := tow_store.begin_once(t.name, answer.once, format('%s %s %s', r.method, r.path, v_given));
		if d.status is not null and r.gives = 'token' then
			perform tow_store.fail('TW409', 'this was done when it was asked first, and what it gave is kept nowhere', 'drop the token and add it anew, with another Idempotency-Key');
		elsif d.status is not null then
			return query select d.status, 'application/json', d.body;
			return;
		end if;
	end if;
	v_statement := tow_store.statement_of(r, v_given);
	perform set_config('tow.actor', t.name, true), set_config('role', 'tow_' || t.role, true), set_config('tow.next', '', true);
	begin
		execute v_statement into v_text, v_rows, v_next using v_given;
	exception when data_exception then
		perform set_config('role', v_before, true);
		perform tow_store.blame(r, v_given, sqlerrm);
	end;
	perform set_config('role', v_before, true);
	if r.gives = 'one' and v_rows is null then
		perform tow_store.fail('TW404', 'there is no such thing', 'it may have gone meanwhile');
	end if;
	v_status := case when r.gives in ('id', 'ids') then 201 when r.gives = 'nothing' then 204 else 200 end;
	if r.page is not null then
		v_text := format('{"items":%s,"next":%s}', v_text, coalesce(to_json(case when v_rows >= (v_given ->> 'max_rows')::int then v_next else nullif(current_setting('tow.next', true), '') end)::text, 'null'));
	elsif r.gives = 'list' then
		v_text := format('{"items":%s}', v_text);
	end if;
	if answer.once is not null then
		perform tow_store.end_once(t.name, answer.once, v_status, case when r.gives <> 'token' then v_text end); -- a secret is in no row
	end if;
	return query select v_status, case r.gives when 'text' then 'text/plain; version=0.0.4; charset=utf-8' else 'application/json' end, v_text;
end $$;
comment on function tow.answer(text, int, jsonb, text, text) is
'For the server: do what a request asks, as the role of its token (the SHA-256 of it). given: what path and query say; once: the request''s own key, with which it is done once.';
