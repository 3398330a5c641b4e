-- Who keeps tow.status from answering: this reads no table of ours, but what PostgreSQL knows of locks. Whoever reads waits for
-- a lock that shuts out readers, and for one that was asked for earlier: so for whom that one waits is named as well. A prepared
-- transaction has no process (pg_blocking_pids says 0 of it), but whatever it has of that table is in the way. What PostgreSQL does not
-- tell the owner of others' sessions is left out.
create or replace function tow.blockers() returns table(component text, status text, detail text, hint text)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	with shut as (
		select l.pid, l.virtualtransaction as vxid, l.database, l.relation, l.granted
		from pg_locks l join pg_database d on d.oid = l.database and d.datname = current_database()
			join pg_class c on c.oid = l.relation join pg_namespace s on s.oid = c.relnamespace
			join pg_namespace o on o.nspname = 'tow_store' and o.nspowner = s.nspowner
		where l.mode = 'AccessExclusiveLock' and s.nspname ~ '_store$' and l.pid is distinct from pg_backend_pid()
	), holder as (
		select s.pid, s.vxid, min(s.relation::regclass::text) || case when count(distinct s.relation) > 1 then format(' and %s more', count(distinct s.relation) - 1) else '' end as what
		from (
			select s.pid, s.vxid, s.relation from shut s where s.granted
			union all
			select b.pid, null, s.relation from shut s, unnest(pg_blocking_pids(s.pid)) b(pid) where not s.granted and b.pid <> 0
			union all
			select null, x.virtualtransaction, s.relation from shut s join pg_locks x on x.locktype = 'relation' and x.database = s.database and x.relation = s.relation
			where not s.granted and x.granted and x.pid is null
		) s group by s.pid, s.vxid
	)
	select 'lock', 'bad', format('session %s (%s) keeps others from %s', a.pid,
			concat_ws(', ', coalesce(nullif(a.application_name, ''), nullif(a.backend_type, 'client backend'), 'no name'), 'of ' || a.usename, coalesce(a.state, 'state unknown')), h.what)
			|| coalesce(', for ' || tow_store.span(clock_timestamp() - a.xact_start), ''),
		format('end its transaction, or %s: select pg_terminate_backend(%s)', coalesce('as ' || a.usename || ' or a superuser', 'as a superuser'), a.pid)
	from holder h join pg_stat_activity a on a.pid = h.pid
	union all
	select 'lock', 'bad', format('prepared transaction %s keeps others from %s, for %s', p.gid, h.what, tow_store.span(clock_timestamp() - p.prepared)),
		format('rollback prepared %L  -- or commit it; by %s', p.gid, p.owner)
	from holder h join pg_locks x on x.virtualtransaction = h.vxid and x.locktype = 'transactionid' and x.pid is null join pg_prepared_xacts p on p.transaction = x.transactionid
	where h.pid is null
$$;
comment on function tow.blockers() is 'Who has a table of ours locked so that tow.status waits: component, status, detail, hint as tow.status has them; none where nobody has.';
