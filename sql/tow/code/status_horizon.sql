-- Part of tow.status: who keeps dead rows from being removed, and since when. The queue itself stays fast; everything
-- else in the database does not. Only sessions of this database, prepared transactions of it, standbys and slots count.
-- Of a standby or a slot PostgreSQL says which transaction it pins, not since when: the tide tells.

create or replace function tow_store.pinned() returns table(what text, who text, xids int, since timestamptz, todo text)
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select 'session', a.pid::text, greatest(age(a.backend_xmin), age(a.backend_xid)), a.xact_start,
		format('select pg_terminate_backend(%s)  -- %s, %s', a.pid, coalesce(nullif(a.application_name, ''), 'no name'), coalesce(a.state, 'state unknown'))
	from pg_stat_activity a
	where (a.backend_xmin is not null or a.backend_xid is not null) and a.pid <> pg_backend_pid() and a.datname = current_database()
		and a.backend_type not in ('walsender', 'autovacuum worker')
	union all
	select 'prepared transaction', p.gid, age(p.transaction), p.prepared, format('rollback prepared %L  -- or commit it; by %s', p.gid, p.owner)
	from pg_prepared_xacts p where p.database = current_database()
	union all
	select 'standby', format('%s (%s, pid %s)', r.application_name, coalesce(host(r.client_addr), 'local'), r.pid), age(r.backend_xmin), tow_store.tide_at(r.backend_xmin),
		'end its long query there, or set hot_standby_feedback = off on it'
	from pg_stat_replication r where r.backend_xmin is not null
	union all
	select 'replication slot', s.slot_name || case when s.active then format(' (of %s, pid %s)', r.application_name, s.active_pid) else ' (not in use)' end,
		greatest(age(s.xmin), age(s.catalog_xmin)), tow_store.tide_at(case when age(s.xmin) >= coalesce(age(s.catalog_xmin), 0) then s.xmin else s.catalog_xmin end),
		case when s.active then 'end the long query on that standby, or set hot_standby_feedback = off on it'
			else format('select pg_drop_replication_slot(%L)  -- if nobody needs it', s.slot_name) end
	from pg_replication_slots s left join pg_stat_replication r on r.pid = s.active_pid
	where (s.xmin is not null or s.catalog_xmin is not null) and coalesce(s.database, current_database()) = current_database()
$$;
comment on function tow_store.pinned() is 'Everybody whose transaction, or whose word, keeps dead rows: how far back, since when, and what to do.';

-- The last moment of the tide at which this transaction had not begun; if it is older than that, the first one.
create or replace function tow_store.tide_at(p_xid xid) returns timestamptz
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select coalesce((select t.at from tow_store.tide t where t.xid <= pg_snapshot_xmax(pg_current_snapshot())::text::bigint - age(p_xid)
		order by t.at desc limit 1), (select min(t.at) from tow_store.tide t))
	where p_xid is not null
$$;
comment on function tow_store.tide_at(xid) is 'When a transaction of so long ago was the next one, to half a minute.';

create or replace function tow_store.status_horizon() returns table(component text, status text, detail text, hint text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
	return query
		with h as (
			select p.* from tow_store.pinned() p where p.since < clock_timestamp() - tow_store.setting('pinned_after')::interval
		)
		select 'xmin', 'warn', format('%s %s pins the horizon %s transactions back, for %s', h.what, h.who, h.xids,
			tow_store.span(clock_timestamp() - h.since)), h.todo from h
		union all
		select 'xmin', 'ok', 'nobody pins the horizon', null where not exists (select from h);
end $$;
comment on function tow_store.status_horizon() is 'Part of tow.status: who pins the xmin horizon.';
