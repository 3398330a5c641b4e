-- What a request is answered. The path, the query and the body name the arguments of the route's function, which is called
-- as the role of the request's token: the database itself refuses what that may not. A request that brings a key of its own
-- is answered once; asked again, it gets the same answer and does nothing.
-- Raises TW422 with the name of what nobody takes.

-- As the description has it (tow_store.json_type), so that what it forbids is refused.
create or replace function tow_store.is_json(p_value jsonb, p_schema jsonb, p_null boolean) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
	v_type constant text := jsonb_typeof(p_value);
	v_want constant text := p_schema ->> 'type';
begin
	return case when v_want is null then true
		when v_type = 'null' then p_null
		when v_want = 'integer' then v_type = 'number' and p_value::numeric = trunc(p_value::numeric)
		when v_want = 'array' and v_type = 'array' then not exists (select from jsonb_array_elements(p_value) e where not tow_store.is_json(e, p_schema -> 'items', false))
		else v_type = v_want end;
end $$;
comment on function tow_store.is_json(jsonb, jsonb, boolean) is 'Whether a value is of a type of the description.';

create or replace function tow_store.check_body(r tow_store.route, p_body jsonb) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_value jsonb;
	v_want jsonb;
begin
	if jsonb_typeof(p_body) <> 'object' then
		perform tow_store.fail('TW422', 'the body is not an object', 'send an object, whose members are the arguments');
	end if;
	for n in 1 .. cardinality(r.names) loop
		v_value := p_body -> r.names[n];
		continue when v_value is null or r.types[n] = 'jsonb' or (r.types[n] = 'text' or tow_store.is_rate(r.names[n], r.types[n])) and jsonb_typeof(v_value) = 'string'; -- mostly
		v_want := tow_store.json_type(r.types[n]::regtype);
		if not tow_store.is_json(v_value, v_want, n > r.needs) then
			perform tow_store.fail('TW422', format('%s is %s', r.names[n], left(v_value::text, 100)), format('it takes JSON of the type %s%s', v_want ->> 'type', ' of ' || (v_want -> 'items' ->> 'type')));
		end if;
	end loop;
end $$;
comment on function tow_store.check_body(tow_store.route, jsonb) is 'Refuse a body that is not as the description has it.';

-- What PostgreSQL would take and a program cannot mean: "yesterday" for an instant, one value twice. And what a list can never have.
create or replace function tow_store.check_words(r tow_store.route, p_given jsonb) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	c_instant constant text := '^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d([.,]\d+)?)?( ?([Zz]|[+-]\d\d(:?\d\d)?))?)?$';
	v_name text;
	v_type text;
	v_words text[];
begin
	for v_name, v_type in select u.name, u.type from unnest(r.names, r.types) u(name, type) where p_given ? u.name loop
		v_words := tow_store.words_of(r, v_name);
		if v_type = 'timestamp with time zone' and p_given ->> v_name !~ c_instant then
			perform tow_store.fail('TW422', format('bad %s %L', v_name, left(p_given ->> v_name, 100)), 'it takes ' || tow_store.type_in_words(v_type));
		elsif v_type in ('interval', 'interval[]') and not (select bool_and(tow_store.has_unit(i)) from unnest(case when jsonb_typeof(p_given -> v_name) = 'array' then array(select e from jsonb_array_elements_text(p_given -> v_name) e) else string_to_array(btrim(p_given ->> v_name, '{}'), ',') end) i) then
			perform tow_store.fail('TW422', format('bad %s %L', v_name, left(p_given ->> v_name, 100)), 'it takes ' || tow_store.type_in_words(v_type) || ': a number alone has no unit');
		elsif v_type !~ '^json|\[\]$' and jsonb_typeof(p_given -> v_name) = 'array' then
			perform tow_store.fail('TW422', format('%s is given more than once', v_name), 'send it once; where it takes several values, commas are between them');
		elsif p_given ->> v_name <> all (v_words) then
			perform tow_store.fail('TW422', format('bad %s %L', v_name, left(p_given ->> v_name, 100)), format('it is one of %s', array_to_string(v_words, ', ')));
		end if;
	end loop;
end $$;
comment on function tow_store.check_words(tow_store.route, jsonb) is 'Refuse values of arguments that cannot be meant.';

create or replace function tow_store.given(r tow_store.route, p_path jsonb, p_body text) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_body jsonb;
	v_all jsonb;
	v_strange text;
	v_missing text;
	v_sorts text[];
begin
	if jsonb_typeof(p_path) is distinct from 'object' then
		perform tow_store.fail('TW422', 'what was given is not an object', 'name each argument');
	end if;
	begin
		v_body := nullif(p_body, '')::jsonb;
	exception
		when data_exception then
			perform tow_store.fail('TW422', format('the body is not JSON: %s', sqlerrm), 'send an object, whose members are the arguments');
		when program_limit_exceeded then
			perform tow_store.fail('TW422', format('the body is too deep, or has too much in one place: %s', sqlerrm), 'nest less; what is deep or large is better kept elsewhere, and a reference to it sent');
	end;
	if v_body is not null then
		perform tow_store.check_body(r, v_body);
	end if;
	v_all := coalesce(v_body, '{}') || p_path;
	v_sorts := case when v_all ->> 'sort' is not null then r.sorts end;
	if r.page is not null and v_all ->> 'limit' !~ '^([1-9][0-9]{0,2}|1000)$' then
		perform tow_store.fail('TW422', format('bad limit %L', left(v_all ->> 'limit', 100)), 'use 1 to 1000');
	elsif r.page is not null then
		if r.page[1] in ('up', 'down') and v_all ? r.page[1] then
			perform tow_store.fail('TW422', format('nothing here is called %L', r.page[1]), 'where a list goes on is sent as after');
		elsif ltrim(v_all ->> 'sort', '-') <> all(v_sorts) or v_all ->> 'sort' ^@ '--' then
			perform tow_store.fail('TW422', format('cannot sort by %L', left(v_all ->> 'sort', 100)), format('by %s, with - before it the other way round', array_to_string(v_sorts, ', ')));
		elsif r.page[1] in ('up', 'down') or v_sorts is not null then
			perform tow_store.cursor_of(v_all ->> 'after', cardinality(r.page) - case when v_sorts is null then 1 else 0 end);
		end if;
		v_all := v_all - array['limit', 'after'] || jsonb_build_object('max_rows', coalesce((v_all ->> 'limit')::int, r.max_rows))
			|| case when v_all ? 'after' then jsonb_build_object(r.page[1], v_all -> 'after') else '{}' end;
	end if;
	select k into v_strange from jsonb_object_keys(v_all) k where k <> all(r.names) or r.fixed ? k limit 1;
	if found then
		perform tow_store.fail('TW422', format('nothing here is called %L', v_strange), coalesce('it takes: ' ||
			(select string_agg(n, ', ') from unnest(r.names || case when r.page is not null then '{limit,after}' else '{}'::text[] end) n
			where n <> 'max_rows' and n is distinct from r.page[1] and not r.fixed ? n), 'it takes nothing'));
	end if;
	if r.fn = 'tow.next_runs' and v_all ->> 'n' !~ '^([1-9][0-9]?|100)$' then -- a thousand that are rare take seconds
		perform tow_store.fail('TW422', format('bad n %L', left(v_all ->> 'n', 100)), 'use 1 to 100');
	end if;
	perform tow_store.check_words(r, v_all);
	v_all := v_all || r.fixed;
	select n into v_missing from unnest(r.names[:r.needs]) n where not v_all ? n limit 1;
	if found then
		perform tow_store.fail('TW422', format('%s is missing', v_missing), format('it needs: %s', array_to_string(r.names[:r.needs], ', ')));
	end if;
	return v_all;
end $$;
comment on function tow_store.given(tow_store.route, jsonb, text) is 'The arguments of a request, by name.';

-- The thing that a path names is not there. Where anybody may ask for it, it is not said where things are listed: that is for some.
create or replace function tow_store.miss(r tow_store.route, p_given jsonb) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_name constant text[] := regexp_match(r.path, '^(.*/([a-z_]+))/\{([a-z_]+)\}');
begin
	perform tow_store.fail('TW404', format('there is no %s %s', left(p_given ->> v_name[3], 100), case v_name[2] when 'queue' then 'in the queue' else 'among ' || v_name[2] end),
		coalesce((select format('GET %s lists them', o.path) from tow.routes o where o.method = 'GET' and o.path = v_name[1] and r.role is not null limit 1), 'it may have gone meanwhile'));
end $$;
comment on function tow_store.miss(tow_store.route, jsonb) is 'Raise TW404 for what a path names.';

create or replace function tow_store.type_in_words(p_type text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case p_type
		when 'interval' then 'a length of time, for instance 90 s, 5 minutes or 1 day 12 hours'
		when 'interval[]' then 'lengths of time, for instance 10 s, 1 minute, 1 hour'
		when 'timestamp with time zone' then 'an instant, for instance 2030-01-31T18:00:00Z'
		when 'integer' then 'a whole number' when 'bigint' then 'a whole number' when 'smallint' then 'a whole number'
		when 'double precision' then 'a number' when 'real' then 'a number'
		when 'boolean' then 'true or false' when 'bytea' then 'base64' else p_type end
$$;
comment on function tow_store.type_in_words(text) is 'What an argument of a type takes, for people.';

-- Which of the arguments is none of its type; called when some is.
create or replace function tow_store.blame(r tow_store.route, p_given jsonb, p_error text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	for n in 1 .. cardinality(r.names) loop
		begin
			execute tow_store.statement_of_argument(r, n) using p_given;
		exception when others then
			if r.path like '%{' || r.names[n] || '}%' then
				perform tow_store.miss(r, p_given);
			end if;
			-- What it takes is in the hint: names of types say nothing to people.
			perform tow_store.fail('TW422', 'bad ' || case when r.names[n] = r.page[1] then 'after' else r.names[n] end
					|| case when sqlerrm ~ '^invalid input (syntax|value) for ' then ' ' || quote_literal(left(p_given ->> r.names[n], 100)) else ': ' || sqlerrm end,
				format('it takes %s', tow_store.type_in_words(r.types[n])));
		end;
	end loop;
	if p_given ? r.page[1] then
		perform tow_store.refuse_cursor(p_given ->> r.page[1]); -- what its members are is the list's alone to know
	end if;
	perform tow_store.fail('TW422', left(p_error, 200), 'look at the values of its arguments');
end $$;
comment on function tow_store.blame(tow_store.route, jsonb, text) is 'Say what is wrong with the arguments of a request.';

create or replace function tow_store.answers_last() returns interval
language sql immutable set search_path = pg_catalog, pg_temp
return interval '1 day';
comment on function tow_store.answers_last() is 'How long an answer is remembered for who asks again.';

-- Locks nothing but its own row. Raises TW409 when the key has been used for something else.
create or replace function tow_store.begin_once(p_who text, p_key text, p_asked text) returns tow_store.answered
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_asked constant bytea := sha256(convert_to(p_asked, 'UTF8'));
	d tow_store.answered;
begin
	if p_key = '' then
		perform tow_store.fail('TW422', 'the Idempotency-Key is empty', 'send what names this request and no other, or leave it out');
	elsif length(p_key) > 200 then
		perform tow_store.fail('TW422', 'the Idempotency-Key is too long', 'use up to 200 characters');
	end if;
	delete from tow_store.answered a where a.who = p_who and a.key = p_key and a.at < tow.now() - tow_store.answers_last();
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

-- Raises TW401.
create or replace function tow_store.holder(p_hash text) returns tow_store.token
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
	t tow_store.token;
begin
	select o.* into t from tow_store.token o where o.hash = tow_store.hash_of(p_hash) and o.kind <> 'key' and coalesce(o.expires_at > tow.now(), true);
	if not found then
		perform tow_store.fail('TW401', 'no such token, or it has expired', 'tow token add NAME makes another, tow token link an address that signs in');
	end if;
	return t;
end $$;
comment on function tow_store.holder(text) is 'Whose token this is.';

create or replace function tow_store.may_ask(p_role text, p_least text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select p_least is null or p_role = p_least or p_role = 'admin' or p_role = 'operator' and p_least <> 'admin'
$$;
comment on function tow_store.may_ask(text, text) is 'Whether a token of this role may ask a route that is for those of another, and above; null: for all.';

-- Once a minute at most, so that reading stays reading. Last of all that a call does, so that no other waits for it as long as it takes;
-- and nobody waits for who notes the same.
create or replace function tow_store.note_use(t tow_store.token) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_now constant timestamptz := tow.now();
begin
	if coalesce(t.used_at < v_now - interval '1 min', true) then
		update tow_store.token o set used_at = v_now where o.hash = (select f.hash from tow_store.token f where f.hash = t.hash for no key update skip locked);
	end if;
end $$;
comment on function tow_store.note_use(tow_store.token) is 'Remember when a token was used.';

-- Raises TW410, TW403.
create or replace function tow_store.route_for(t tow_store.token, p_route int) returns tow_store.route
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
	r tow_store.route;
begin
	select o.* into r from tow_store.route o where o.id = p_route;
	if not found then
		perform tow_store.fail('TW410', 'the routes have changed', 'ask again');
	elsif not tow_store.may_ask(t.role, r.role) then
		perform tow_store.fail('TW403', format('%s is %s, and this is for %s', t.name, t.role, case r.role when 'admin' then 'admins' when 'operator' then 'operators and admins' else r.role || 's, operators and admins' end), format('tow token add NAME --role %s makes another token', r.role));
	end if;
	return r;
end $$;
comment on function tow_store.route_for(tow_store.token, int) is 'A route, for who may ask it; refuses in words: the database refuses anyhow.';

create or replace function tow_store.name_of_statement(r tow_store.route, t tow_store.token, p_sort text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select concat_ws('_', 'tow', r.id, t.role, p_sort)
$$;
comment on function tow_store.name_of_statement(tow_store.route, tow_store.token, text) is 'What a session calls the statement of a route in an order, for a role.';

create or replace function tow_store.preparation(r tow_store.route, t tow_store.token, p_sort text) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
	return format('prepare %I(jsonb) as %s', tow_store.name_of_statement(r, t, p_sort),
		case when p_sort is null then r.statement else tow_store.statement_of(r, case when to_regclass(r.fn) is null then tow_store.fn_of(r.fn) end, p_sort) end);
end $$;
comment on function tow_store.preparation(tow_store.route, tow_store.token, text) is 'What prepares the statement of a route.';

-- A session prepares a route's statement once, for each role: to plan it costs more than to run a short one. Those in an order of the
-- server's are too many to be kept. What was given is a setting meanwhile: in the statement's text it would be in the database's log when the call fails, a client's password too.
create or replace function tow_store.call_route(r tow_store.route, t tow_store.token, p_given jsonb, out content text, out n bigint, out next text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_before constant text := current_setting('role');
	v_sort constant text := case when r.sorts is not null then p_given ->> 'sort' end;
	v_name constant name := tow_store.name_of_statement(r, t, v_sort);
begin
	perform set_config('tow.actor', t.name, true), set_config('role', 'tow_' || t.role, true), set_config('tow.next', '', true), set_config('tow.more', '', true), set_config('tow.given', p_given::text, true), set_config('tow.held_to', coalesce(t.queues::text, ''), true),
		set_config('tow.in_person', case when r.fn in ('tow.enqueue', 'tow.enqueue_many', 'tow.batch') then 'on' else '' end, true);
	for v_again in 0 .. 1 loop
		begin
			execute format('execute %I(current_setting(''tow.given'')::jsonb)', v_name) into content, n, next;
			exit;
		exception
			when invalid_sql_statement_name then
				perform set_config('role', v_before, true);
				execute tow_store.preparation(r, t, v_sort);
				perform set_config('role', 'tow_' || t.role, true);
			when data_exception then
				perform set_config('role', v_before, true);
				perform tow_store.blame(r, p_given, sqlerrm);
		end;
	end loop;
	perform set_config('role', v_before, true), set_config('tow.given', '', true), set_config('tow.held_to', '', true), set_config('tow.in_person', '', true);
	if v_sort is not null then
		execute format('deallocate %I', v_name);
	end if;
	if v_sort is not null and n is null then
		perform tow_store.fail('TW422', format('there are more than %s rows: too many to sort', tow_store.most_sorted()), 'ask for fewer (its other arguments choose among them), or for its own order: leave sort out');
	end if;
end $$;
comment on function tow_store.call_route(tow_store.route, tow_store.token, jsonb) is 'What the function of a route gives, called as the role of a token; n: its rows; next: where a list goes on.';

-- Whatever changes something is in the audit: a function that leaves no row of its own gets one here, which names the route,
-- what its path names and what it gave; other arguments may be secret. So no route is forgotten.
create or replace function tow_store.note_call(r tow_store.route, t tow_store.token, p_given jsonb, p_content text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_gave constant jsonb := case when r.gives in ('id', 'id,name', 'job', 'state', 'signal', 'count') then p_content::jsonb end;
	v_path constant jsonb := (select jsonb_object_agg(m[1], p_given -> m[1]) from regexp_matches(r.path, '\{([a-z_]+)\}', 'g') m);
begin
	perform set_config('tow.actor', t.name, true);
	perform tow_store.note('called', format('%s %s', r.method, r.path),
		case when r.path ~ '^/api/v1/(jobs|batches)' then coalesce(v_path ->> 'id', v_gave ->> 'id')::bigint end, coalesce(v_path, '{}') || coalesce(v_gave, '{}'));
end $$;
comment on function tow_store.note_call(tow_store.route, tow_store.token, jsonb, text) is 'Write down that a route was called that writes nothing down itself.';

create or replace function tow_store.warns(r tow_store.route) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select r.fn in ('tow.enqueue', 'tow.enqueue_many', 'tow.batch', 'tow.schedule', 'tow.set_schedule')
$$;
comment on function tow_store.warns(tow_store.route) is 'Whether a request that makes jobs is told when they would wait for a worker.';

-- A job whose kind nobody knows, or whose queue nobody serves, is enqueued, since its worker may come later; but it is told. What of a
-- schedule was changed need not have been one of the two.
create or replace function tow_store.warn_of(r tow_store.route, p_given jsonb, p_content text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_of constant jsonb := case when r.fn = 'tow.set_schedule' then (select to_jsonb(s) from tow.schedules s where s.name = p_given ->> 'name') else p_given end;
	v_warning constant text := case when tow_store.warns(r) then tow.unserved(v_of ->> 'kind', coalesce(v_of ->> 'queue', 'default')) end;
begin
	return case when v_warning is null then p_content else (p_content::jsonb || jsonb_build_object('warning', v_warning))::text end;
end $$;
comment on function tow_store.warn_of(tow_store.route, jsonb, text) is 'What a request is answered, and why what was enqueued would wait for a worker.';

-- What one snapshot of the database gave is what it gives as long as nothing has been committed: an equal snapshot shows the
-- same rows, the token's and the route's, too: it was given to the same. It is taken before anything is looked at, so what is
-- answered is never older than what it says.
create or replace function tow.answer(token text, route int, given jsonb default '{}', body text default null, once text default null, seen text default null)
returns table(status int, type text, content text, seen_now text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	t tow_store.token;
	r tow_store.route;
	d tow_store.answered;
	v_given jsonb;
	v record;
	v_seen text := case when pg_current_xact_id_if_assigned() is null then pg_current_snapshot()::text end; -- what we wrote ourselves is in none
	v_text text;
	v_status int;
	v_owner text;
begin
	if answer.seen = v_seen then
		return query select 304, null::text, null::text, v_seen;
		return;
	end if;
	t := tow_store.holder(answer.token);
	r := tow_store.route_for(t, answer.route);
	v_seen := case when r.method = 'GET' and pg_current_xact_id_if_assigned() is null then v_seen end;
	v_given := tow_store.given(r, answer.given, answer.body);
	if answer.once is not null then
		v_owner := encode(coalesce(t.of, t.hash), 'hex'); -- the name may be another token's later
		d := tow_store.begin_once(v_owner, answer.once, format('%s %s %s', r.method, r.path, v_given));
		if d.status is not null and r.gives = 'token' then
			perform tow_store.fail('TW409', 'this was done when it was asked first, and what it gave is kept nowhere', 'drop the token and add it anew, with another Idempotency-Key');
		elsif d.status is not null then
			perform tow_store.note_use(t);
			return query select d.status, 'application/json', d.body, null::text;
			return;
		end if;
	end if;
	if r.method <> 'GET' then
		perform set_config('tow.noted', '', true), set_config('tow.made', '', true);
	end if;
	v := tow_store.call_route(r, t, v_given);
	if r.method <> 'GET' and current_setting('tow.noted', true) = '' then
		perform tow_store.note_call(r, t, v_given, v.content);
	end if;
	if r.gives = 'one' and v.n is null then
		perform tow_store.miss(r, v_given);
	end if;
	v_text := tow_store.warn_of(r, v_given, v.content);
	v_status := case when r.gives = 'nothing' then 204 when r.fn = 'tow.enqueue' and not tow.made((v.content::jsonb ->> 'id')::bigint) then 200 when r.gives in ('id', 'id,name', 'ids', 'token') or r.method = 'POST' and current_setting('tow.made', true) = 'on' then 201 else 200 end;
	if r.page is not null then
		v_text := format('{"items":%s,"next":%s}', v_text, coalesce(to_json(case when v.n >= (v_given ->> 'max_rows')::int then v.next else nullif(current_setting('tow.next', true), '') end)::text, 'null'));
	elsif r.gives = 'list' then
		v_text := format('{"items":%s%s}', v_text, ',"more":' || nullif(current_setting('tow.more', true), ''));
	end if;
	if answer.once is not null then
		perform tow_store.end_once(v_owner, answer.once, v_status, case when r.gives <> 'token' then v_text end); -- a secret is in no row
	end if;
	perform tow_store.note_use(t);
	return query select v_status, case when r.path = '/metrics' then 'text/plain; version=0.0.4; charset=utf-8' when r.gives = 'text' then 'text/plain; charset=utf-8' else 'application/json' end, v_text, v_seen;
end $$;
comment on function tow.answer(text, int, jsonb, text, text, text) is
'For the server: do what a request asks, as the role of its token (the SHA-256 of it). given: what path and query say; once: the request''s own key, with which it is done once; seen: seen_now of an answer to the same that is at hand: 304 when nothing has been committed since. Of what was read alone.';
