-- What a client's monitor calls: who to ask and how, what it has seen, or why it has seen nothing. Each call says when to
-- look again. A client's health row is locked first, so that two monitors of one client (the one before is not quite
-- over) cannot mix their listings.

-- What must not be asked again as it is: a password that is wrong would ban us.
create or replace function haul_store.is_latched(h haul_store.health, p_revision int) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select h.state in ('auth failed', 'misconfigured') and h.revision = p_revision
$$;
comment on function haul_store.is_latched(haul_store.health, int) is 'Whether a client is left alone until somebody changes it.';

-- The longest pause before a client that is down is asked again is five minutes, an hour where it has banned us; a random part less.
create or replace function haul_store.pause_of(h haul_store.health) returns interval
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select (0.75 + random() / 4) * case when h.state = 'banned' then interval '1 hour'
		else least(interval '2 s' * 2 ^ least(h.failures, 20), interval '5 minutes') end
$$;
comment on function haul_store.pause_of(haul_store.health) is 'How long to leave a client alone that did not answer.';

-- A client that is down stays backed off.
create or replace function haul_store.look_now(p_client int) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	update haul_store.health h set next_at = case when h.state = 'ok' and h.next_at > tow.now() then tow.now() else h.next_at end where h.client = p_client;
	perform pg_notify('haul_client_' || p_client, '');
end $$;
comment on function haul_store.look_now(int) is 'Have a client that is well looked at without waiting for its turn.';

-- Those of all libraries, and where what we watch is since before that was changed. And those that somebody gave a download of
-- its own: before it is seen there, and while it is; one that was cancelled meanwhile is still to be removed.
create or replace function haul_store.done_categories(p_client int, p_category text) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select jsonb_agg(u.category order by u.category)
	from (select l.done_category from haul_store.library l
		union select t.category from haul_store.transfer t join haul_store.download d on d.id = t.download
			where t.client = p_client and (d.state = 'completed' or t.missed < 3 and not (d.adopted and t.category ^@ (p_category || '/')))
		union select d.category from haul_store.download d
			where d.client = p_client and not d.adopted and (haul_store.is_open(d.state) or d.gone is not null and d.state_at > tow.now() - interval '1 hour')) u(category)
	where u.category <> '' and u.category <> p_category
$$;
comment on function haul_store.done_categories(int, text) is 'The categories, beside the client''s own, in which what is placed may be, or what was given another one; null: none, or its listings are not narrowed to a category.';

create or replace function haul_store.ring_clients() returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select pg_notify('haul_client_' || c.id, '') from haul_store.client c where c.enabled and c.category is not null
$$;
comment on function haul_store.ring_clients() is 'Have the monitors of all clients ask anew what their listings are narrowed to.';

create or replace function haul.watch(name text, listen boolean default false)
returns table(id int, driver text, url text, user_name text, secret text, category text, tag text, timeout_ms bigint, revision int, wait_ms bigint, done jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c haul_store.client;
	h haul_store.health;
begin
	select o.* into c from haul_store.client o where o.name = name and o.enabled;
	if not found then
		perform haul_store.fail('TW404', format('no client %L is to be watched', name), 'it was dropped or disabled');
	end if;
	if listen then
		unlisten *;
		execute format('listen %I', 'haul_client_' || c.id);
	end if;
	select o.* into h from haul_store.health o where o.client = c.id;
	return query select c.id, c.driver, c.url, c.user_name, c.secret, c.category, c.tag, (extract(epoch from c.timeout) * 1000)::bigint, c.revision,
		case when haul_store.is_latched(h, c.revision) then null
			when h.revision <> c.revision then 0
			when h.state = 'ok' and exists (select from haul_store.download d where d.client = c.id and d.state = 'downloading' and d.state_at > h.listed_at) then 0
			else greatest(coalesce(extract(epoch from h.next_at - tow.now()) * 1000, 0), 0)::bigint end,
		haul_store.done_categories(c.id, c.category);
end $$;
comment on function haul.watch(text, boolean) is 'For a client''s monitor: how to reach it, and in how many ms; null: not before it is changed, whereupon haul_client_<id> is notified. listen: this session listens to that, and to nothing else, once the call is committed. done: what else its listings are to have, a list of categories.';

-- How its downloads are is not touched: nothing is known of them.
create or replace function haul.unreachable(p_client int, p_revision int, p_class text, p_error text, p_hint text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
	h haul_store.health;
	v_was haul_store.health;
	v_now constant timestamptz := tow.now();
begin
	select o.* into h from haul_store.health o where o.client = p_client for update;
	if not found then
		return null;
	end if;
	v_was := h;
	h.state := case when p_class = 'client.auth' then 'auth failed' when p_class = 'client.banned' then 'banned'
		when p_class in ('client.old', 'http.url', 'secret', 'driver') then 'misconfigured' else 'down' end;
	h.failures := case when h.state = v_was.state then h.failures + 1 else 1 end;
	h.revision := p_revision;
	h.next_at := case when not haul_store.is_latched(h, p_revision) then v_now + haul_store.pause_of(h) end;
	update haul_store.health o set state = h.state, failures = h.failures, revision = h.revision, next_at = h.next_at,
		since = case when h.state = v_was.state then o.since else v_now end, class = p_class, error = left(p_error, 1000), hint = left(p_hint, 500)
	where o.client = p_client;
	perform haul_store.tell_client(p_client, v_was);
	perform haul_store.remind();
	return (extract(epoch from h.next_at - v_now) * 1000)::bigint;
end $$;
comment on function haul.unreachable(int, int, text, text, text) is 'For a client''s monitor: a cycle without a listing. In how many ms to try again; null: not before it is changed.';

-- The monitor's session may live on with the password of before: it ends, and what was seen by it is no longer believed. What
-- settings of before were refused says nothing of those of now.
create or replace function haul.put_off(download bigint, class text, error text, hint text, revision int default null) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	select haul.unreachable(c.id, c.revision, put_off.class, put_off.error, put_off.hint), pg_notify('haul_client_' || c.id, '')
	from haul_store.download d join haul_store.client c on c.id = d.client where d.id = put_off.download and c.revision = coalesce(put_off.revision, c.revision)
$$;
comment on function haul.put_off(bigint, text, text, text, int) is 'For a job of a download: its client does not let us in, by the settings that the job was given, and is not asked again before it is changed, or the ban is over. Nothing where it was changed since.';
