-- Which programs can be spoken to. Only the program knows, and tells it at each migration: an older worker beside it may know
-- fewer.
create or replace function haul_store.know_drivers(p_drivers jsonb) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	delete from haul_store.driver d where not exists (select from jsonb_array_elements(p_drivers) o where o ->> 'what' = d.what and o ->> 'name' = d.name);
	insert into haul_store.driver as d (what, name, title, help, url, takes, needs)
	select o.what, o.name, o.title, o.help, o.url, string_to_array(o.takes, ' '), o.needs
	from jsonb_to_recordset(p_drivers) o(what text, name text, title text, help text, url text, takes text, needs text[])
	on conflict on constraint driver_pkey do update set title = excluded.title, help = excluded.help, url = excluded.url, takes = excluded.takes, needs = excluded.needs
	where (d.title, d.help, d.url, d.takes, d.needs) is distinct from (excluded.title, excluded.help, excluded.url, excluded.takes, excluded.needs)
$$;
comment on function haul_store.know_drivers(jsonb) is 'What drivers there are, instead of those that were known: [{"what", "name", "title", "help", "url", "takes": "a b", "needs": []}].';

create or replace view haul.drivers as
select d.what, d.name, d.title, d.help, d.url, d.takes, d.needs from haul_store.driver d order by d.what, lower(d.title), d.name;
comment on view haul.drivers is 'Programs that can be clients, targets and channels, as the program that migrated last knows them. url: what an address looks like; takes: settings that mean something to it; needs: those without which it cannot.';
