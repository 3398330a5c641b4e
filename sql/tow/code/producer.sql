-- Who may enqueue where, and who reads what. It is asked of the role that the session logged in as, or went over to by
-- SET ROLE: inside a security definer function nobody can change that, so a function cannot lend its owner's rights.
-- Operators and admins may enqueue anywhere and read everything. A restricted queue takes jobs of the roles that it
-- was granted to, and of nobody else. Raises TW403.
create or replace function tow_store.caller() returns name
language sql stable parallel safe
return coalesce(nullif(current_setting('role'), 'none'), session_user)::name;
comment on function tow_store.caller() is 'The role that asks: who logged in, or what SET ROLE made of them.';

create or replace function tow_store.rules(p_who name) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	return (
		select coalesce(pg_has_role(w, to_regrole('tow_operator'), 'usage') or pg_has_role(w, to_regrole('tow_admin'), 'usage')
			or pg_has_role(w, (select n.nspowner from pg_namespace n where n.nspname = 'tow_store'), 'usage'), false)
		from to_regrole(quote_ident(p_who)) w
	);
end $$;
comment on function tow_store.rules(name) is 'Whether a role is operator, admin, or the owner.';

create or replace function tow_store.has_grant(p_who name, p_queue int, p_may text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select exists (
		select from tow_store.queue_grant g join pg_roles r on r.oid = g.role join pg_roles w on w.rolname = p_who
		where g.queue = p_queue and g.may = p_may and pg_has_role(w.oid, r.oid, 'usage'))
$$;
comment on function tow_store.has_grant(name, int, text) is 'Whether a role, or one that it is a member of, was granted a queue.';

-- A token may be held to queues: tow.answer says so for as long as it asks, and to that request there are no others. Whoever
-- says so himself holds himself.
create or replace function tow_store.is_barred(p_queue text) returns boolean
language sql stable
return coalesce(p_queue <> all (nullif(current_setting('tow.held_to', true), '')::text[]), false);
comment on function tow_store.is_barred(text) is 'Whether a queue is none of those that whoever asks is held to.';

create or replace function tow_store.check_producer(p_queue text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_queue int;
	v_who name := tow_store.caller();
	a tow_store.acting;
begin
	if tow_store.is_barred(p_queue) then
		perform tow_store.fail('TW403', format('%s may not enqueue in queue %L', tow_store.actor(), p_queue), format('it may in: %s', array_to_string(current_setting('tow.held_to')::text[], ', ')));
	end if;
	select q.id into v_queue from tow_store.queue q where q.name = p_queue and q.restricted;
	if not found then
		return;
	end if;
	select o.* into a from tow_store.acting o where o.xid = pg_current_xact_id_if_assigned();
	if found and a.who is null then
		return;
	end if;
	v_who := coalesce(a.who, v_who);
	if not tow_store.has_grant(v_who, v_queue, 'enqueue') and not tow_store.rules(v_who) then
		perform tow_store.fail('TW403', format('queue %L is restricted, and %s may not enqueue there', p_queue, quote_ident(v_who)),
			format('an admin can let it: select tow.grant_queue(%L, %L)', p_queue, v_who));
	end if;
end $$;
comment on function tow_store.check_producer(text) is 'Refuse whoever may not enqueue in a queue.';

-- For duties, which enqueue later, in a session of the scheduler's, what somebody else asked for.
create or replace function tow_store.act_as(p_queue text, p_who name) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if exists (select from tow_store.queue q where q.name = p_queue and q.restricted) then
		insert into tow_store.acting as a (xid, who) values (pg_current_xact_id(), p_who) on conflict (xid) do update set who = excluded.who;
	end if;
end $$;
comment on function tow_store.act_as(text, name) is 'What this transaction enqueues in this queue, until tow_store.act_no_more(), is asked for by a role; null: by the instance.';

create or replace function tow_store.act_no_more() returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	delete from tow_store.acting a where a.xid = pg_current_xact_id_if_assigned()
$$;
comment on function tow_store.act_no_more() is 'From here on this transaction speaks for itself.';

create or replace function tow_store.see_grantee(p_role name, p_may text) returns regrole
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_role oid;
begin
	if p_may is null or p_may not in ('enqueue', 'read') then
		perform tow_store.fail('TW422', format('bad privilege %L', p_may), 'use enqueue or read');
	end if;
	select r.oid into v_role from pg_roles r where r.rolname = p_role;
	if not found then
		perform tow_store.fail('TW404', format('no such role %L', p_role), 'create role ... login in role tow_producer makes one');
	end if;
	return v_role;
end $$;
comment on function tow_store.see_grantee(name, text) is 'A role that something is granted to; raises TW404, TW422.';

create or replace function tow.grant_queue(queue text, role name, may text default 'enqueue') returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_role constant regrole := tow_store.see_grantee(role, may);
	v_queue constant int := tow_store.see_queue(queue);
begin
	insert into tow_store.queue_grant (queue, role, may, granted_at, who) values (v_queue, v_role, may, tow.now(), tow_store.actor())
	on conflict do nothing;
	update tow_store.queue q set restricted = true where q.id = v_queue and may = 'enqueue' and not q.restricted;
	perform tow_store.note('queue.granted', queue, null, jsonb_build_object('role', role, 'may', may));
end $$;
comment on function tow.grant_queue(text, name, text) is
'Let a role, and its members, use a queue. may enqueue: from the first such grant on only those whom it was granted to, operators and admins enqueue there (they need tow_producer as well). may read: the role, a tow_viewer or tow_producer, sees arguments, results, errors and log lines of the queue''s jobs.';

create or replace function tow.revoke_queue(queue text, role name default null, may text default 'enqueue') returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_queue constant int := tow_store.see_queue(queue);
	v_role regrole;
begin
	v_role := tow_store.see_grantee(coalesce(role, current_user), may);
	delete from tow_store.queue_grant g where g.queue = v_queue and g.may = may and (role is null or g.role = v_role);
	if not found and role is not null then
		perform tow_store.fail('TW404', format('%s was not granted queue %L', quote_ident(role), queue), 'select * from tow.grants shows who was');
	end if;
	update tow_store.queue q set restricted = false where q.id = v_queue and role is null and may = 'enqueue';
	perform tow_store.note('queue.revoked', queue, null, jsonb_build_object('role', role, 'may', may));
end $$;
comment on function tow.revoke_queue(text, name, text) is
'Take back what tow.grant_queue gave. A queue stays restricted when its last grant to enqueue is taken back: then only operators and admins enqueue there. Without a role all grants are taken back, and every producer may enqueue there again.';

create or replace view tow.grants as
select q.name as queue, r.rolname as role, g.may, g.granted_at, g.who
from tow_store.queue_grant g join tow_store.queue q on q.id = g.queue join pg_catalog.pg_roles r on r.oid = g.role
order by q.name, r.rolname, g.may;
comment on view tow.grants is 'Which roles may enqueue in restricted queues, and which may read the arguments of a queue''s jobs.';

-- What views ask once a query. Null: everything.
create or replace function tow_store.sight() returns text[]
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_who constant name := tow_store.caller();
begin
	if tow_store.rules(v_who) or (tow_store.setting('viewer_sees_args') = 'on'
		and exists (select from pg_roles r where r.rolname = 'tow_viewer' and pg_has_role(v_who, r.oid, 'usage'))) then
		return null;
	end if;
	return array(select q.name from tow_store.queue q where tow_store.has_grant(v_who, q.id, 'read'));
end $$;
comment on function tow_store.sight() is 'The queues whose arguments the caller may see; null: all of them.';

create or replace function tow_store.own_alone() returns name
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_who constant name := tow_store.caller();
begin
	return case when not tow_store.rules(v_who) and not exists (select from pg_roles r where r.rolname = 'tow_viewer' and pg_has_role(v_who, r.oid, 'usage')) then v_who end;
end $$;
comment on function tow_store.own_alone() is 'Who asks, if what he wrote himself is all that he may see; null: others'' too.';

-- Parsed when they are made, and without a search_path, so that views inline them: there the sight is asked for once.
create or replace function tow_store.in_sight(p_queue text, p_sight text[]) returns boolean
language sql immutable parallel safe
return coalesce(coalesce(p_queue, '') = any(p_sight), true);
comment on function tow_store.in_sight(text, text[]) is 'Whether who has this sight may see what belongs to a queue; null: to none.';

create or replace function tow_store.shown(p_value text, p_sees boolean) returns text
language sql immutable parallel safe
return case when p_value is null or p_sees then p_value else '(hidden)' end;
comment on function tow_store.shown(text, boolean) is 'A text, for those who may see it.';

create or replace function tow_store.shown(p_value jsonb, p_sees boolean) returns jsonb
language sql immutable parallel safe
return case when p_value is null or p_sees then p_value else '"(hidden)"' end;
comment on function tow_store.shown(jsonb, boolean) is 'A document, for those who may see it.';

create or replace function tow.sees_args(queue text default null) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select tow_store.in_sight(queue, tow_store.sight())
$$;
comment on function tow.sees_args(text) is
'Whether you see arguments, results, errors, notes and log lines of a queue''s jobs (without a queue: of all). Operators and admins do, others if tow.grant_queue(queue, role, ''read'') or, for viewers, the setting viewer_sees_args says so; what is not for you reads (hidden).';
