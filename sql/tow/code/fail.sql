-- Errors that a client must act on have an SQLSTATE of their own, class TW, and a hint that says what to do:
--   TW403 not for you   TW404 no such thing   TW409 not in a state that allows it
--   TW410 given up, no longer yours   TW413 too large       TW422 bad argument
--
-- Whoever asks by the server has no SQL: he hears which path lists what a hint has from a view, or is the call that it
-- has. Lists are called after their views; what a path names are the function's first arguments, where they are literals that stand
-- in a path as they are.
create or replace function tow_store.with_path(p_hint text) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select case when nullif(current_setting('tow.actor', true), '') is null then p_hint else p_hint || coalesce(tow_store.path_of_list(p_hint), tow_store.path_of_call(p_hint), '') end
$$;
comment on function tow_store.with_path(text) is 'A hint, with the path of the list or the call that it names.';

create or replace function tow_store.path_of_list(p_hint text) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select format('; over HTTP: GET %s', r.path) from regexp_match(p_hint, '\m(tow|haul)\.([a-z_]+)\M(?!\()') m join tow.routes r on r.method = 'GET' and r.path = '/api/v1/' || m[2] limit 1
$$;
comment on function tow_store.path_of_list(text) is 'Where the view is listed that a hint names; null: it names none.';

create or replace function tow_store.path_of_call(p_hint text) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	with c as (
		select m[1] as fn, array(select case when a[1] ~ '^[a-zA-Z0-9_.:-]+$' then a[1] when a[2] ~ '^\d+$' then a[2] end from regexp_matches(m[2], '''([^'']*)''|([^\s,'']+)', 'g') a) as args
		from regexp_match(p_hint, 'select (?:\* from )?([a-z]+\.[a-z_]+)\(([^()]*)\)') m
	), r as (
		select o.method, o.path, c.args from c join tow.routes o on o.function = c.fn order by o.method = 'POST' desc, o.id limit 1
	)
	select '; over HTTP: ' || r.method || ' ' || (select string_agg(s.step, '/' order by s.n) from (
		select case when u.step ^@ '{' then r.args[count(*) filter (where u.step ^@ '{') over (order by u.n)] else u.step end as step, u.n from string_to_table(r.path, '/') with ordinality u(step, n)) s having bool_and(s.step is not null))
	from r
$$;
comment on function tow_store.path_of_call(text) is 'The request that is the call in a hint; null: there is none.';

create or replace function tow_store.fail(p_code text, p_message text, p_hint text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	raise exception using errcode = p_code, message = left(p_message, 1000), hint = left(tow_store.with_path(p_hint), 1000); -- somebody's words may be long
end $$;
comment on function tow_store.fail(text, text, text) is 'Raise one of our own errors.';

create or replace function tow_store.setting(p_name text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	return (
		select s.value from tow_store.setting s where s.name = p_name
	);
end $$;
comment on function tow_store.setting(text) is 'A setting of the instance.';

create or replace function tow_store.note(p_what text, p_subject text default null, p_job bigint default null, p_detail jsonb default null)
returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	insert into tow_store.audit (at, who, what, subject, job_id, detail)
	values (tow.now(), tow_store.actor(), p_what, p_subject, p_job, p_detail);
	perform set_config('tow.noted', p_what, true);
end $$;
comment on function tow_store.note(text, text, bigint, jsonb) is 'Write an audit row. The setting tow.noted tells tow.answer that there is one.';

-- What is new is said as it is, of what was there before only what is another now. What handlers are given is for few eyes.
create or replace function tow_store.changed(p_was jsonb, p_is jsonb) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select coalesce(jsonb_object_agg(k.name, case
		when k.name in ('args', 'config') then '"(hidden)"'
		when p_was is null then p_is -> k.name
		else jsonb_build_object('was', p_was -> k.name, 'is', p_is -> k.name) end), '{}')
	from (select jsonb_object_keys(p_was) union select jsonb_object_keys(p_is)) k(name)
	where nullif(p_was -> k.name, 'null') is distinct from nullif(p_is -> k.name, 'null')
$$;
comment on function tow_store.changed(jsonb, jsonb) is 'What an audit row says of settings that were set.';

-- For what stands on the queue, and is owned by the same role: nobody else may call it.
create or replace function tow.note(what text, subject text default null, detail jsonb default null) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	select tow_store.note(what, subject, p_detail => detail)
$$;
comment on function tow.note(text, text, jsonb) is 'Write an audit row, for areas that are owned by the queue''s owner.';
