-- Numbers of things, and lengths of time, as people say them.
create or replace function haul_store.some(p_n bigint, p_one text, p_many text default null) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select p_n || ' ' || case when p_n = 1 then p_one else coalesce(p_many, p_one || 's') end
$$;
comment on function haul_store.some(bigint, text, text) is 'A number of things, in words: 1 file, 2 files.';

-- Its own, because views call it as whoever looks.
create or replace function haul_store.say_interval(p_for interval) returns text
language sql immutable security definer set search_path = pg_catalog, pg_temp
as $$
	select tow_store.span(coalesce(p_for, '0'))
$$;
comment on function haul_store.say_interval(interval) is 'A length of time in words: 2 h 10 min.';
