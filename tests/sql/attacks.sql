-- Hostile text in every text argument of every public function, as an admin, who may call them all. What is passed as
-- a value must stay a value: nothing may be read as SQL, no format string expanded, no error be one of PostgreSQL's
-- own about syntax or names. What was accepted is kept, and then run through every duty and view.
begin;
\ir ../lib/fixture.sql
set local statement_timeout = '300s';
set local client_min_messages = error;
select tow.schedule('x', '@daily', 'noop') \g /dev/null
select tow.enqueue('noop') as job \gset
select pg_temp.worker() as w \gset
select set_config('attack.token', tow.add_token('attacker', 'admin'), true) \g /dev/null
create table public.canary as select 1 as alive;

create temporary table hostile (n int, text text);
insert into hostile values
	(1, $h$'$h$), (2, $h$"$h$), (3, $h$'; drop table public.canary; --$h$), (4, $h$"; drop table public.canary; --$h$), (5, $h$$$; drop table public.canary; $$$h$),
	(6, $h$%I %L %s %% %1$s$h$), (7, $h$\'; drop table public.canary; --$h$), (8, $h$' || pg_sleep(600) || '$h$), (9, $h$1); select pg_sleep(600); --$h$),
	(10, E'a\nb\tc\r\x01'), (11, U&'\202E\00E9\+01F600\FFFD\200B'), (12, ''), (13, ' '), (14, repeat('x''"$$%I', 130000)), (15, repeat(U&'\00E9', 524288)),
	(16, 'pg_catalog.now()'), (17, $h${"a": "b"}$h$), (18, $h${{{$h$), (19, 'infinity'), (20, '-1'), (21, '../../etc/passwd'), (22, $h$$1$h$), (23, 'tow_owner');

-- What one would pass for the arguments that a function insists on.
create function pg_temp.usual(p_fn name, p_arg name, p_type name) returns text language sql as $$
	select case when p_arg = 'queue' then quote_literal('default') when p_arg = 'kind' then quote_literal('noop') when p_arg ~ '^(p_)?(id|job)$' then (select max(id)::text from tow_store.job)
		when p_arg ~ '^(p_)?worker$' then (select max(id)::text from tow_store.worker) when p_arg = 'spec' then quote_literal('@daily')
		when p_arg = 'token' then quote_literal(encode(sha256(convert_to(current_setting('attack.token'), 'UTF8')), 'hex'))
		when p_arg = 'route' then (select r.id::text from tow.routes r where r.path = '/api/v1/jobs' and r.method = 'POST')
		when p_arg = 'verb' then quote_literal('cancel') when p_fn = 'set' and p_arg = 'name' then quote_literal('max_losses')
		when p_type in ('text', 'name') then quote_literal('x') when p_type ~ '^(int|float)\d' then '1' when p_type = 'bool' then 'false' when p_type = 'jsonb' then quote_literal('{}')
		when p_type = 'interval' then quote_literal('1 h') when p_type = 'timestamptz' then 'tow.now() + interval ''1 h''' else format('null::%s', p_type) end
$$;

-- One call for each such argument, with %s for the text. Types that are not text (regprocedure and the like) are read
-- by PostgreSQL before the function is called.
create temporary table call as
select p.oid::regprocedure as fn, a.name as arg, a.type, format('select count(*) from (select %s(%s)) c', format('tow.%I', p.proname), (
	select string_agg(format('%I => %s', o.name, case when o.n = a.n then '%s' else pg_temp.usual(p.proname, o.name, o.type) end), ', ' order by o.n)
	from (select u.name, u.n, t.typname as type from unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[]) with ordinality u(name, oid, n) join pg_type t on t.oid = u.oid) o
	where o.n = a.n or o.n <= p.pronargs - p.pronargdefaults)) as sql
from pg_proc p, lateral (select u.name, u.n, t.typname as type
	from unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[]) with ordinality u(name, oid, n) join pg_type t on t.oid = u.oid) a
where p.pronamespace = 'tow'::regnamespace and a.type in ('text', 'name', '_text', 'jsonb', '_jsonb');
select cmp_ok((select count(*) from call), '>', 120::bigint, 'there are arguments to try');

create temporary table outcome (fn regprocedure, arg name, n int, code text, message text);
create function pg_temp.attack() returns void language plpgsql as $$
declare
	c record;
	v_code text;
	v_message text;
	v_hint text;
begin
	for c in select call.*, h.n, h.text as hostile from call, hostile h where has_function_privilege(current_user, call.fn, 'execute') and (current_user = 'tow_admin' or not has_function_privilege('tow_admin', call.fn, 'execute')) order by call.fn::text, call.arg, h.n loop
		v_code := null;
		v_message := null;
		v_hint := null;
		begin
			execute format(c.sql, case c.type when '_text' then format('array[%L]', c.hostile) when 'jsonb' then format('to_jsonb(%L::text)', c.hostile)
				when '_jsonb' then format('array[to_jsonb(%L::text)]', c.hostile) else quote_literal(c.hostile) end);
		exception when others then
			get stacked diagnostics v_code = returned_sqlstate, v_message = message_text, v_hint = pg_exception_hint;
		end;
		insert into outcome values (c.fn, c.arg, c.n, v_code, v_message || coalesce(v_hint, ''));
	end loop;
end $$;
create temporary table roles_before as select rolname, rolsuper, rolcanlogin from pg_roles;
grant select, insert on call, hostile, outcome to public;
set local role tow_admin;
select pg_temp.attack();
set local role tow_server; -- what is its own
select pg_temp.attack();
reset role;

select cmp_ok((select count(*) from outcome), '>', 2500::bigint, 'all of it was tried');
select is((select string_agg(distinct format('%s %s (%s): %s %s', fn, arg, n, code, left(message, 200)), E'\n') from outcome where code !~ '^(TW|22|23)'), null,
	'no text is read as SQL, no limit of PostgreSQL''s is met');
select is((select string_agg(distinct format('%s %s (%s): %s %s', fn, arg, n, code, left(message, 200)), E'\n') from outcome
	where code !~ '^TW' and not has_function_privilege('tow_worker', fn, 'execute')), null, 'people are answered in our own words');
select is((select string_agg(distinct format('%s %s', fn, arg), ', ') from outcome where length(message) > 3000), null, 'and not at length');
select is((select alive from public.canary), 1, 'nothing was dropped');
select results_eq('select rolname, rolsuper, rolcanlogin from pg_roles order by 1', 'select * from roles_before order by 1', 'roles are as they were');

-- What was accepted lies in tables now; duties, views and verbs go over it.
create function pg_temp.goes_well(p_sql text) returns text language plpgsql as $$
begin
	execute p_sql;
	return null;
exception when others then
	return format('%s: %s %s', p_sql, sqlstate, left(sqlerrm, 300));
end $$;
create function pg_temp.turns(p_duty text) returns void language plpgsql as $$
begin
	for i in 1 .. 300 loop
		exit when tow.duty(p_duty) = 0;
	end loop;
end $$;
select cmp_ok((select count(*) from tow_store.job), '>', 50::bigint, 'there are jobs with hostile words');
select is((select string_agg(pg_temp.goes_well(format('select pg_temp.turns(%L)', name)), E'\n') from tow.duties), null, 'duties go over it');
select is((select string_agg(pg_temp.goes_well(format('select string_agg(v::text, %L) from tow.%I v', '', viewname)), E'\n') from pg_views where schemaname = 'tow'), null, 'so do views');
select is((select string_agg(pg_temp.goes_well(format('select count(*) from tow.job(%s), tow.why(%s)', id, id)), E'\n') from (select id from tow_store.job order by id desc limit 300) j), null, 'and what shows one job');
select is(pg_temp.goes_well('select count(*) from tow.status(), tow.overview()'), null, 'and the whole');
select is((select alive from public.canary), 1, 'nothing was dropped');
select results_eq('select rolname, rolsuper, rolcanlogin from pg_roles order by 1', 'select * from roles_before order by 1', 'roles are as they were');
select * from finish();
rollback;
