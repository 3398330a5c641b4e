-- Whose turn it is. A download is given to its client at once, unless its profile says how much may be under way: then by the
-- client's next listing, one after the other, the most urgent first.

create or replace function haul_store.is_limited(d haul_store.download) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select p.max_active is not null or p.min_free > 0 from haul_store.profile_of(d) p
$$;
comment on function haul_store.is_limited(haul_store.download) is 'Whether a download may have to wait before it is given to its client.';

create or replace function haul_store.held_back(d haul_store.download) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	if d.let or not haul_store.is_limited(d) then
		return null; -- mostly
	end if;
	return (select case when h.free_bytes < p.min_free
			then format('waits for room: client %s has %s free, and %s are to stay', d.client_name, pg_size_pretty(h.free_bytes), pg_size_pretty(p.min_free))
		when p.max_active <= (select count(*) from haul_store.download o where o.client = d.client and o.id <> d.id and (o.state = 'downloading' or o.state = 'approved' and o.let))
			then format('waits its turn: client %s may be at %s at once', d.client_name, p.max_active) end
		from haul_store.profile_of(d) p left join haul_store.health h on h.client = d.client);
end $$;
comment on function haul_store.held_back(haul_store.download) is 'Why a download is not given to its client yet; null: nothing is in the way.';
