-- Downloads for pages and programs, page by page. Keys are looked for in the table alone; what a row says is put together
-- for those that are shown.
create or replace view haul.listed as select null::text as cursor, d.* from haul.downloads d;
comment on view haul.listed is 'What haul.list_downloads returns: a download, and the cursor with which the list goes on after it.';

create or replace function haul_store.check_list(p_states text[], p_sort text, p_rows int) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_strange constant text := (select u from unnest(p_states) u where not exists (select from haul_store.state s where s.name = u) limit 1);
begin
	if v_strange is not null then
		perform haul_store.fail('TW422', format('no state %L', v_strange), (select string_agg(s.name, ', ' order by s.position) from haul_store.state s));
	elsif p_sort is null or p_sort !~ '^-?(id|title|state|state_at|created_at|completed_at|priority|size|percent)$' then
		perform haul_store.fail('TW422', format('cannot sort by %L', p_sort), 'by id, title, state, state_at, created_at, completed_at, priority, size or percent, with - before it the other way round');
	elsif p_rows is null or p_rows not between 0 and 10000 then
		perform haul_store.fail('TW422', 'bad max_rows', 'use 0 to 10000');
	end if;
end $$;
comment on function haul_store.check_list(text[], text, int) is 'Refuse what no list of downloads can be asked for.';

-- The states of a list, by our names or by those that programs beside ours have, in any case; open: all that are not final.
create or replace function haul_store.states_named(p_names text[]) returns text[]
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select array_agg(coalesce(s.name, case lower(u) when 'found' then 'approved' when 'complete' then 'downloaded' when 'imported' then 'completed' when 'seeding' then 'completed'
		when 'pending' then 'queued' when 'auto_approved' then 'approved' when 'placing' then 'importing' else lower(u) end))
	from unnest(p_names) u left join haul_store.state s on lower(u) = 'open' and not s.final
$$;
comment on function haul_store.states_named(text[]) is 'Our names of states; null: none were named.';

-- What is here and still given to others is SEEDING, what is not IMPORTED; who asks for both, or for completed, makes no difference.
create or replace function haul_store.seeding_named(p_names text[]) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case when 'seeding' = all(n) then true when 'imported' = all(n) then false end
	from (select array_agg(lower(u)) filter (where lower(u) in ('seeding', 'imported', 'completed')) as n from unnest(p_names) u) x where n is not null
$$;
comment on function haul_store.seeding_named(text[]) is 'Whether completed downloads are to be those that seed; null: all of them.';

-- As the column status of haul.downloads has it.
create or replace function haul_store.is_seeding(p_download bigint) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select coalesce((select t.state = 'seeding' from haul_store.transfer t where t.download = p_download order by t.missed, t.id limit 1), false)
$$;
comment on function haul_store.is_seeding(bigint) is 'Whether a download''s client still gives it to others.';

-- By id an index serves; by anything else all keys are sorted, which ten thousands of downloads allow.
create or replace function haul_store.list_keys(p_states text[], p_client text, p_library int, p_title text, p_sort text, p_after jsonb, p_rows int, p_seeding boolean default null, p_failing boolean default null)
returns table(id bigint, cursor text)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	v_down constant boolean := p_sort ^@ '-';
	v_failing constant bigint[] := case when p_failing is not null then array(select t.id from haul_store.tried_downloads(haul_store.too_often()) t) end;
begin
	if p_sort = '-id' then
		return query
			select d.id, jsonb_build_array(d.id, d.id)::text from haul_store.download d
			where d.forgotten_at is null and (p_after is null or d.id < (p_after ->> 1)::bigint) and (p_states is null or d.state = any(p_states)) and (p_client is null or d.client_name = p_client)
				and (p_library is null or d.library = p_library) and (p_title is null or strpos(lower(d.title), lower(p_title)) > 0)
				and (p_seeding is null or d.state <> 'completed' or p_seeding = haul_store.is_seeding(d.id))
				and (p_failing is null or p_failing = (d.id = any(v_failing)))
			order by d.id desc limit p_rows;
		return;
	end if;
	return query
		select k.id, k.key::text
		from (select d.id, jsonb_build_array(case ltrim(p_sort, '-')
				when 'title' then to_jsonb(lower(d.title)) when 'state' then (select to_jsonb(s.position) from haul_store.state s where s.name = d.state)
				when 'state_at' then to_jsonb(extract(epoch from d.state_at)) when 'created_at' then to_jsonb(extract(epoch from d.created_at))
				when 'completed_at' then to_jsonb(extract(epoch from d.completed_at)) when 'priority' then to_jsonb(d.priority)
				when 'size' then (select to_jsonb(max(t.size)) from haul_store.transfer t where t.download = d.id)
				when 'percent' then (select to_jsonb(max(t.percent)) from haul_store.transfer t where t.download = d.id) end, d.id) as key
			from haul_store.download d
			where d.forgotten_at is null and (p_states is null or d.state = any(p_states)) and (p_client is null or d.client_name = p_client)
				and (p_library is null or d.library = p_library) and (p_title is null or strpos(lower(d.title), lower(p_title)) > 0)
				and (p_seeding is null or d.state <> 'completed' or p_seeding = haul_store.is_seeding(d.id))
				and (p_failing is null or p_failing = (d.id = any(v_failing)))) k
		where p_after is null or case when v_down then k.key < p_after else k.key > p_after end
		order by case when v_down then k.key end desc, case when not v_down then k.key end limit p_rows;
end $$;
comment on function haul_store.list_keys(text[], text, int, text, text, jsonb, int, boolean, boolean) is 'The next downloads of a list, in its order.';

create or replace function haul.list_downloads(
	state text[] default null, client text default null, library text default null, title text default null, sort text default '-id', after text default null, max_rows int default 50, failing boolean default null
) returns setof haul.listed
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
	v_library constant int := case when list_downloads.library is not null then (haul_store.see_library(list_downloads.library)).id end;
	v_states constant text[] := haul_store.states_named(list_downloads.state);
	v_ids bigint[];
	v_cursors text[];
begin
	perform haul_store.check_list(v_states, list_downloads.sort, list_downloads.max_rows);
	select array_agg(k.id), array_agg(k.cursor) into v_ids, v_cursors
	from haul_store.list_keys(v_states, list_downloads.client, v_library, list_downloads.title, list_downloads.sort, tow_store.cursor_of(list_downloads.after, 2), list_downloads.max_rows, haul_store.seeding_named(list_downloads.state), list_downloads.failing) k;
	return query select u.cursor, d.* from unnest(v_ids, v_cursors) with ordinality u(id, cursor, n) join haul.downloads d on d.id = u.id order by u.n;
end $$;
comment on function haul.list_downloads(text[], text, text, text, text, text, int, boolean) is
'Downloads, page by page: in any of these states (by the names of the column status, too, in any case: QUEUED, SEEDING; open: all that have not ended), of a client, into a library, with a part of the title. failing: those that jobs of ours try again and again in vain, or all others. sort: by which column, with - before it the other way round; after: the cursor of the last row of the page before.';

create or replace function haul.show_download(id bigint) returns setof haul.downloads
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select d.* from haul.find_downloads(id => show_download.id) d
$$;
comment on function haul.show_download(bigint) is 'A download; raises TW404.';

create or replace function haul.count_downloads() returns table(state text, count bigint, description text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select s.name, count(d.id), s.description from haul_store.state s left join haul_store.download d on d.state = s.name and d.forgotten_at is null group by s.name order by s.position
$$;
comment on function haul.count_downloads() is 'How many downloads are in which state, and what that means.';
