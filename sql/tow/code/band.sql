-- Queues and bands come into being here, in short transactions of workers, the scheduler and admins: an enqueue
-- never creates one, because two producers would then wait for each other.
create or replace function tow_store.open_queue(p_name text) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_id int;
begin
	select q.id into v_id from tow_store.queue q where q.name = p_name;
	if found then
		return v_id;
	end if;
	if p_name is null or p_name !~ '^(?!\.{1,2}$)[a-zA-Z0-9_.:-]{1,64}$' then
		perform tow_store.fail('TW422', format('bad queue name %L', p_name), 'use 1 to 64 letters, digits, and any of _ . : -, but not . or .. alone');
	end if;
	perform pg_advisory_xact_lock(7630710, 0);
	select q.id into v_id from tow_store.queue q where q.name = p_name;
	if found then
		return v_id;
	end if;
	v_id := nextval('tow_store.queue_id_seq');
	execute format('create sequence tow_store.arm_%s as bigint minvalue 0 start 0', v_id);
	execute format('comment on sequence tow_store.arm_%s is %L', v_id, 'Who is parked on queue ' || p_name || '.');
	insert into tow_store.queue (id, name, arm, created_at) overriding system value
	values (v_id, p_name, format('tow_store.arm_%s', v_id)::regclass, tow.now());
	insert into tow_store.band (queue, priority) values (v_id, 100);
	return v_id;
end $$;
comment on function tow_store.open_queue(text) is 'The id of a queue, made if it is new.';

create or replace function tow_store.open_band(p_queue int, p_priority int, p_kind text default null, p_laned boolean default false) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_id int;
begin
	select b.id into v_id from tow_store.band b
	where b.queue = p_queue and b.priority = p_priority and b.kind is not distinct from p_kind and b.laned = p_laned and not b.crowd;
	if not found then
		insert into tow_store.band (queue, priority, kind, laned, opening) values (p_queue, p_priority, p_kind, p_laned,
			case when p_laned then (select case when count(*) = 0 then 0 else min(b.opening) end from tow_store.band b -- a kind's: as that beside it
				where b.queue = p_queue and b.priority = p_priority and b.kind is null and b.laned and not b.crowd) end)
		on conflict (queue, priority, kind, laned, crowd) do update set queue = excluded.queue
		returning id into v_id;
		if p_laned then
			perform tow_store.ring_clock('-infinity'); -- the admit duty opens it
		end if;
		if p_laned and p_kind is null then
			insert into tow_store.band (queue, priority, laned, crowd) values (p_queue, p_priority, true, true) on conflict do nothing;
		end if;
	end if;
	return v_id;
end $$;
comment on function tow_store.open_band(int, int, text, boolean) is 'The id of a band, made if it is new.';

-- The band that a job of this queue, priority and kind goes to: the kind's own where there is one (which one with a
-- limit has, see limit_set.sql); apart if it has a lane.
create or replace function tow_store.find_band(p_queue int, p_priority int, p_kind text, p_laned boolean) returns int
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select b.id from tow_store.band b
	where b.queue = p_queue and b.priority = p_priority and b.laned = p_laned and not b.crowd and (b.kind is null or b.kind = p_kind)
	order by b.kind nulls last limit 1
$$;
comment on function tow_store.find_band(int, int, text, boolean) is 'The band a job goes to, null if it is not made yet.';

create or replace function tow_store.home_band(p_queue text, p_priority int, p_kind text, p_laned boolean) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_queue int := tow_store.open_queue(p_queue);
begin
	if p_kind = any(tow_store.ruled_kinds()) then
		return tow_store.open_band(v_queue, p_priority, p_kind, p_laned);
	end if;
	return coalesce(tow_store.find_band(v_queue, p_priority, p_kind, p_laned), tow_store.open_band(v_queue, p_priority, null, p_laned));
end $$;
comment on function tow_store.home_band(text, int, text, boolean) is 'The band a job goes to, made if need be.';

-- As home_band, but null where somebody's open transaction makes a queue or this band: duties wait for nobody.
create or replace function tow_store.try_home_band(p_queue text, p_priority int, p_kind text, p_laned boolean) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp set lock_timeout = '50ms'
as $$
begin
	if not exists (select from tow_store.queue q where q.name = p_queue) and not pg_try_advisory_xact_lock(7630710, 0) then
		return null;
	end if;
	return tow_store.home_band(p_queue, p_priority, p_kind, p_laned);
exception
	when lock_not_available then
		return null;
end $$;
comment on function tow_store.try_home_band(text, int, text, boolean) is 'The band a job goes to, made if need be; null if it cannot be made now.';
