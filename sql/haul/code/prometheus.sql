-- Downloads as Prometheus reads them.
create or replace function haul_store.expose() returns table(family text, type text, help text, suffix text, labels jsonb, value double precision)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	return query with t as materialized (
		select t.client, count(*) as n, sum(t.down) as down, sum(t.up) as up from haul_store.transfer t where t.download is not null group by t.client
	)
	select 'haul_downloads', 'gauge', 'Downloads, by state.', '', jsonb_build_object('state', s.name), count(d.id)::double precision
		from haul_store.state s left join haul_store.download d on d.state = s.name and d.forgotten_at is null group by s.name
	union all select 'haul_client_up', 'gauge', 'Whether a client answers.', '', jsonb_build_object('client', c.name), (h.state in ('ok', 'new'))::int
		from haul_store.client c join haul_store.health h on h.client = c.id where c.enabled
	union all select 'haul_client_transfers', 'gauge', 'Transfers of downloads, by client.', '', jsonb_build_object('client', c.name), coalesce(t.n, 0) from haul_store.client c left join t on t.client = c.id
	union all select 'haul_client_down_bytes_per_second', 'gauge', 'What comes in, by client.', '', jsonb_build_object('client', c.name), coalesce(t.down, 0) from haul_store.client c left join t on t.client = c.id
	union all select 'haul_client_up_bytes_per_second', 'gauge', 'What goes out, by client.', '', jsonb_build_object('client', c.name), coalesce(t.up, 0) from haul_store.client c left join t on t.client = c.id
	union all select 'haul_client_free_bytes', 'gauge', 'Room where a client downloads to.', '', jsonb_build_object('client', c.name), h.free_bytes
		from haul_store.client c join haul_store.health h on h.client = c.id
	union all select 'haul_library_free_bytes', 'gauge', 'Room in a library.', '', jsonb_build_object('library', l.name), l.free_bytes from haul_store.library l;
end $$;
comment on function haul_store.expose() is 'Of tow.prometheus: downloads.';
