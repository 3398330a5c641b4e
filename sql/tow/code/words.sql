-- Lengths of time as people say them, wherever a text has one.
create or replace function tow_store.span(p_for interval) returns text
language plpgsql immutable strict set search_path = pg_catalog, pg_temp
as $$
declare
	s constant bigint := greatest(extract(epoch from p_for), 0)::bigint;
begin
	return case when s >= 172800 then s / 86400 || ' days' when s >= 3600 and s % 3600 >= 60 then format('%s h %s min', s / 3600, s % 3600 / 60)
		when s >= 3600 then s / 3600 || ' h' when s >= 60 then s / 60 || ' min' else s || ' s' end;
end $$;
comment on function tow_store.span(interval) is 'A length of time in words: 2 h 10 min.';
