-- Who does what is done: whoever logged in, but for the server of pages and programs, which says for whom it asks.
-- A command says who called it (anna@host), which counts for a superuser alone: where the database is somebody's own all log in
-- by that name. Nobody else can lend himself one.
create or replace function tow_store.actor() returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_for constant text := nullif(current_setting('tow.actor', true), '');
	v_by constant text := substring(current_setting('application_name') from '^tow \S+ by (\S+)$');
begin
	return case
		when v_for is not null and exists (select from pg_roles r where r.rolname = 'tow_server' and pg_has_role(session_user, r.oid, 'member')) then v_for
		when v_by is not null and (select r.rolsuper from pg_roles r where r.rolname = session_user) then v_by
		else session_user end;
end $$;
comment on function tow_store.actor() is 'Who is to be named in the audit.';

create or replace function tow.me() returns table(name text, role text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select tow_store.actor(), case tow_store.caller() when 'tow_admin' then 'admin' when 'tow_operator' then 'operator' when 'tow_producer' then 'producer' when 'tow_viewer' then 'viewer' else tow_store.caller() end
$$;
comment on function tow.me() is 'Who you are here, and what you may be: viewer, producer, operator, admin, or the role that you logged in as.';
