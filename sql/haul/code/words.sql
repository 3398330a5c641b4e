-- Numbers of things, and lengths of time, as people say them.
create or replace function haul_store.some(p_n bigint, p_one text, p_many text default null) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select p_n || ' ' || case when p_n = 1 then p_one else coalesce(p_many, p_one || 's') end
$$;
comment on function haul_store.some(bigint, text, text) is 'A number of things, in words: 1 file, 2 files.';

create or replace function haul_store.say_interval(p_for interval) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
	s constant bigint := greatest(extract(epoch from p_for), 0)::bigint;
begin
	return case when s >= 172800 then s / 86400 || ' days' when s >= 3600 and s % 3600 >= 60 then format('%s h %s min', s / 3600, s % 3600 / 60)
		when s >= 3600 then s / 3600 || ' h' when s >= 60 then s / 60 || ' min' else s || ' s' end;
end $$;
comment on function haul_store.say_interval(interval) is 'A length of time in words: 2 h 10 min.';
