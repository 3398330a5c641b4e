-- The download processor: what is complete in a category of any client, and is neither done nor somebody's, is taken as
-- it is, placed, and told; by turns of a daemon, for whoever wants that rather than adopt.

create or replace function haul_store.to_process(p_category text, p_tag text)
returns setof haul_store.transfer
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select t.* from haul_store.transfer t join haul_store.client c on c.id = t.client left join haul_store.download d on d.id = t.download
	where c.enabled and t.complete and t.missed = 0 and (t.category = p_category or t.category ^@ (p_category || '/')) and not p_tag = any(t.tags)
		and (d.id is null or d.state = 'failed' and d.class ^@ 'local.' and d.state_at < tow.now() - interval '5 minutes')
	order by t.id
$$;
comment on function haul_store.to_process(text, text) is 'Complete transfers of a category that nobody has placed.';

create or replace function haul.pending(category text, library text default null) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	l constant haul_store.library := haul_store.see_library(library);
begin
	return (select count(*) from haul_store.to_process(category, coalesce(l.done_tag, 'synced')) t);
end $$;
comment on function haul.pending(text, text) is 'How many complete transfers of a category wait to be processed.';

create or replace function haul.process(category text, library text default null) returns setof bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	l constant haul_store.library := haul_store.see_library(library);
	t haul_store.transfer;
	d haul_store.download;
begin
	if l.id is null then
		perform haul_store.fail('TW404', 'there is no library', 'add one: tow library add NAME ROOT');
	end if;
	for t in select o.* from haul_store.to_process(category, coalesce(l.done_tag, 'synced')) o loop
		if t.download is not null then
			d := haul_store.move_to(haul_store.see_download(t.download), 'downloaded', 'tried again');
		else
			d := haul_store.adopt(t, l.id, 'downloaded');
		end if;
		return next d.id;
	end loop;
end $$;
comment on function haul.process(text, text) is 'Take the complete transfers of a category as downloads of a library; returns their ids, for jobs that place them.';
