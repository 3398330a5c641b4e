-- sql kinds: a function in this database as the handler of a kind. It is function(args jsonb) returns jsonb, security
-- definer, and owned by the role that it shall run as: PostgreSQL itself keeps it to what that role may do.
create or replace function tow.sql_kind(name text, fn regprocedure, role name default null, timeout interval default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_role constant name := coalesce(role, session_user);
begin
	perform tow_store.check_job(name, '{}', 'default', 100, null, timeout, null, null, null);
	if not exists (select from pg_proc f where f.oid = fn and f.prorettype = 'jsonb'::regtype and f.proargtypes::text = ('jsonb'::regtype::oid)::text) then
		perform tow_store.fail('TW422', format('%s is not a function(args jsonb) returns jsonb', coalesce(fn::text, 'null')), 'its answer becomes the job''s result');
	end if;
	perform tow_store.check_owned(fn, v_role);
	insert into tow_store.sql_kind as k (name, fn, role, timeout, created_at, who) values (name, fn::text, v_role, timeout, tow.now(), session_user)
	on conflict on constraint sql_kind_pkey do update set fn = excluded.fn, role = excluded.role, timeout = excluded.timeout;
	perform tow_store.note('sql_kind.set', name, null, jsonb_build_object('fn', fn::text, 'role', v_role));
end $$;
comment on function tow.sql_kind(text, regprocedure, name, interval) is
'Register a function as the handler of a kind; it runs as its owner, which must be role. Workers look for new ones every half minute.';

create or replace function tow.drop_sql_kind(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	delete from tow_store.sql_kind k where k.name = name;
	if not found then
		perform tow_store.fail('TW404', format('no such sql kind %L', name), 'select * from tow.sql_kinds() lists them');
	end if;
	perform tow_store.note('sql_kind.dropped', name);
end $$;
comment on function tow.drop_sql_kind(text) is 'Forget an sql kind.';

create or replace function tow.sql_kinds() returns table(name text, timeout_ms bigint, fn text, role name)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select k.name, (extract(epoch from k.timeout) * 1000)::bigint, k.fn, k.role from tow_store.sql_kind k order by k.name
$$;
comment on function tow.sql_kinds() is 'The kinds that are functions in this database.';

-- Called by a worker's slot; kind and arguments are the job's own, whatever the caller says. The job must still be ours when the function has done its work: both stand or fall
-- together, so a zombie's writes are undone.
create or replace function tow.run_sql(job bigint, run bigint, kind text, args jsonb) returns table(result text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	k tow_store.sql_kind;
	j tow_store.job;
	v_result jsonb;
begin
	perform tow.holds(job, run);
	select f.* into j from tow_store.job f where f.id = job;
	select o.* into k from tow_store.sql_kind o where o.name = j.kind;
	if not found then
		perform tow_store.fail('TW404', format('no such sql kind %L', j.kind), 'register it with tow.sql_kind');
	end if;
	perform tow_store.check_owned(k.fn::regprocedure, k.role);
	execute format('select %s($1)', k.fn::regprocedure::regproc) into v_result using case when j.key ^@ 'daemon:' then tow_store.daemon_args(j.id, j.args) else j.args end;
	return query select v_result::text;
end $$;
comment on function tow.run_sql(bigint, bigint, text, jsonb) is 'Run an sql kind''s function for a job that this run holds.';
