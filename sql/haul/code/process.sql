-- The download processor: what is complete in a category of any client, and is neither done nor somebody's, is taken as
-- it is, placed, and told; by turns of a daemon, for whoever wants that rather than adopt.

create or replace function haul_store.to_process(p_category text, p_tag text)
returns setof haul_store.transfer
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select t.* from haul_store.transfer t join haul_store.client c on c.id = t.client left join haul_store.download d on d.id = t.download
	where c.enabled and t.complete and t.missed = 0 and (t.category = p_category or t.category ^@ (p_category || '/')) and not p_tag = any(t.tags)
		and not haul_store.is_put_away(t, p_category)
		and (d.id is null and t.leaving is null or d.state = 'failed' and d.class ^@ 'local.' and d.state_at < tow.now() - interval '5 minutes')
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

create or replace function haul.process(category text, library text default null) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	l constant haul_store.library := haul_store.see_library(library);
	v_tag constant text := coalesce(l.done_tag, 'synced');
	v_jobs jsonb := jsonb '[]';
	t haul_store.transfer;
	d haul_store.download;
begin
	if l.id is null then
		perform haul_store.fail('TW404', 'there is no library', 'add one: tow library add NAME ROOT');
	end if;
	perform from haul_store.health h where h.client in (select o.client from haul_store.to_process(category, v_tag) o) order by h.client for update; -- as haul.observe: nobody adopts meanwhile
	for t in select o.* from haul_store.to_process(category, v_tag) o loop
		perform from haul_store.transfer o where o.id = t.id and o.download is not distinct from t.download and (t.download is not null or o.leaving is null) for update;
		continue when not found;
		if t.download is not null then
			d := haul_store.move_to(haul_store.see_download(t.download), 'downloaded', 'tried again');
		else
			d := haul_store.adopt(t, l.id, 'downloaded');
		end if;
		v_jobs := v_jobs || jsonb_build_object('kind', 'haul.import', 'args', jsonb_build_object('download', d.id), 'queue', 'haul',
			'key', 'haul.import:' || d.id, 'policy', 'haul.work', 'max_attempts', 2, 'tags', array['download:' || d.id]);
	end loop;
	return v_jobs;
end $$;
comment on function haul.process(text, text) is 'Take the complete transfers of a category as downloads of a library; returns the jobs that are to place them, as tow_job_spawn takes them.';

create or replace function haul.processed(jobs jsonb, out open bigint, out said jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	with d as (
		select o.id, o.title, o.state, concat_ws(': ', o.class, o.error) as error, count(f.id) as files,
			count(f.id) filter (where f.mode in ('link', 'reflink', 'symlink')) as linked, count(f.id) filter (where f.mode in ('copy', 'move')) as copied
		from jsonb_array_elements(processed.jobs) j join haul_store.download o on o.id = (j -> 'args' ->> 'download')::bigint
			left join haul_store.file f on f.download = o.id and f.state = 'placed'
		group by o.id)
	select count(*) filter (where d.state in ('downloaded', 'importing')),
		jsonb_build_object('processed', count(*) filter (where d.state = 'completed'), 'failed', count(*) filter (where d.state <> 'completed'),
			'files', coalesce(sum(d.files), 0), 'linked', coalesce(sum(d.linked), 0), 'copied', coalesce(sum(d.copied), 0),
			'items', coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('download', d.id, 'title', d.title, 'files', d.files, 'linked', d.linked, 'copied', d.copied,
				'error', case when d.state <> 'completed' then coalesce(nullif(d.error, ''), d.state) end)) order by d.id) filter (where d.id is not null), '[]'))
	from d
$$;
comment on function haul.processed(jsonb) is 'How many of the downloads that haul.process has taken are still being placed, and how it went with each.';

create or replace function haul.listeners(library text default null, target text default null) returns setof text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	l constant haul_store.library := haul_store.see_library(library);
begin
	return query select t.name from haul_store.announce a join haul_store.target t on t.id = a.target
		where a.library = l.id and t.enabled and (target is null or t.name = target) order by t.name;
	if not found and target is not null then
		perform haul_store.fail('TW404', format('library %s does not announce to an enabled target %L', l.name, target), format('tow library announce %s %s, or select haul.announce(%L, %L)', l.name, target, l.name, target));
	end if;
end $$;
comment on function haul.listeners(text, text) is 'The enabled targets that a library (null: the first) announces to; target: only this one.';
