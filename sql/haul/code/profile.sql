-- Setting up profiles and seeding goals. Raises TW404 no such profile, TW409 there is one, or it is needed, TW422 bad argument.

create or replace function haul_store.see_profile(p_name text) returns haul_store.profile
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	p haul_store.profile;
begin
	select o.* into p from haul_store.profile o where o.name = p_name;
	if not found then
		perform haul_store.fail('TW404', format('no profile %L', p_name), 'tow profile ls lists them, or select name from haul.profiles');
	end if;
	return p;
end $$;
comment on function haul_store.see_profile(text) is 'A profile by its name; raises TW404.';

create or replace function haul_store.profile_of(d haul_store.download) returns haul_store.profile
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	p haul_store.profile;
begin
	select o.* into p from haul_store.profile o
	where o.id = coalesce(d.profile, (select l.profile from haul_store.library l where l.id = d.library), (select x.id from haul_store.profile x where x.name = 'default'));
	return p;
end $$;
comment on function haul_store.profile_of(haul_store.download) is 'A download''s own profile, else its library''s, else the default.';

-- [{"after": "30 min", "do": "reannounce"}, ...]: what is done about one trouble, as a whole; null: as it is.
create or replace function haul_store.set_steps(p_profile int, p_trouble text, p_steps jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c_hint constant text := 'for instance [{"after": "30 min", "do": "reannounce"}, {"after": "6 h", "do": "fail"}]; do: reannounce, recheck, resume, retry, fail, swap, nothing';
begin
	if p_steps is null then
		return;
	elsif jsonb_typeof(p_steps) <> 'array' then
		perform haul_store.fail('TW422', format('the steps for %s are no list', p_trouble), c_hint);
	end if;
	if exists (select from jsonb_array_elements(p_steps) s where not tow_store.has_unit(s ->> 'after')) then
		perform haul_store.fail('TW422', format('bad steps for %s: after what?', p_trouble), 'after is a length of time with its unit: 6 h, 30 min');
	end if;
	delete from haul_store.step o where o.profile = p_profile and o.trouble = p_trouble;
	begin
		insert into haul_store.step (profile, trouble, n, after, act)
		select p_profile, p_trouble, s.ordinality, (s.value ->> 'after')::interval, s.value ->> 'do' from jsonb_array_elements(p_steps) with ordinality s;
	exception when invalid_datetime_format or datetime_field_overflow or interval_field_overflow or check_violation or not_null_violation then
		perform haul_store.fail('TW422', format('bad steps for %s', p_trouble), c_hint);
	end;
	if exists (select from haul_store.step a join haul_store.step b on b.profile = a.profile and b.trouble = a.trouble and b.n = a.n + 1
		where a.profile = p_profile and a.trouble = p_trouble and b.after < a.after) then
		perform haul_store.fail('TW422', format('the steps for %s are not in order', p_trouble), 'after counts from the trouble''s beginning: each as long as the one before, or longer');
	end if;
end $$;
comment on function haul_store.set_steps(int, text, jsonb) is 'Replace what a profile does about a trouble.';

create or replace function haul_store.check_profile(p haul_store.profile) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	if p.name is null or p.name !~ '^(?!\.{1,2}$)[a-zA-Z0-9_.-]{1,64}$' then
		perform haul_store.fail('TW422', format('bad profile name %L', left(p.name, 70)), 'use 1 to 64 letters, digits, and any of _ . -, but not . or .. alone');
	elsif p.retries is null or p.retries not between 0 and 100 then
		perform haul_store.fail('TW422', format('bad retries %s', coalesce(p.retries::text, 'null')), 'use 0 to 100');
	elsif p.min_free is null or p.min_free < 0 then
		perform haul_store.fail('TW422', format('bad min_free %s', coalesce(p.min_free::text, 'null')), 'how many bytes stay free, 0 for none');
	elsif p.max_active < 1 then
		perform haul_store.fail('TW422', format('bad max_active %s', p.max_active), 'use 1 or more, or reset it: as many as there are');
	end if;
end $$;
comment on function haul_store.check_profile(haul_store.profile) is 'Refuse bad settings of a profile with a clear error.';

create or replace function haul.add_profile(
	name text, stalled jsonb default '[]', metadata jsonb default '[]', error jsonb default '[]', local jsonb default '[]', missing_files jsonb default '[]',
	missing jsonb default '[]', retries int default 2, min_free bigint default 0, max_active int default null
) returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	p haul_store.profile;
begin
	p.name := name; p.retries := retries; p.min_free := min_free; p.max_active := max_active;
	perform haul_store.check_profile(p);
	insert into haul_store.profile (name, retries, min_free, max_active, created_at) values (p.name, p.retries, p.min_free, p.max_active, tow.now())
	on conflict on constraint profile_name_key do nothing returning * into p;
	if p.id is null then
		perform haul_store.fail('TW409', format('there is a profile %L already', name), format('change it: tow profile set %s, or select haul.set_profile(%L, ...)', name, name));
	end if;
	perform haul_store.set_steps(p.id, s.trouble, s.steps)
	from (values ('stalled', stalled), ('metadata', metadata), ('error', error), ('local', local), ('missing_files', missing_files), ('missing', missing)) s(trouble, steps);
	return p.id;
end $$;
comment on function haul.add_profile(text, jsonb, jsonb, jsonb, jsonb, jsonb, jsonb, int, bigint, int) is
'Set up a profile: what is done about a download that is in trouble, step by step, as [{"after": "30 min", "do": "reannounce"}, {"after": "6 h", "do": "fail"}]. after counts while we look and nothing moves. do: reannounce, recheck, resume, retry (removed from its client and given to it anew), fail, swap (fails for the release''s sake), nothing. stalled: gets nothing; metadata: a magnet that finds nothing; error: the client gave it up; local: for its own disk; missing_files; missing: the client does not hold it any more. retries: of each stage, by itself; min_free: bytes below which a client is given nothing; max_active: how many at once in one client.';

create or replace function haul.set_profile(
	name text, stalled jsonb default null, metadata jsonb default null, error jsonb default null, local jsonb default null, missing_files jsonb default null,
	missing jsonb default null, retries int default null, min_free bigint default null, max_active int default null, reset text[] default null
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	p haul_store.profile := haul_store.see_profile(name);
begin
	if not coalesce(reset, '{}') <@ '{max_active}' or max_active is not null and 'max_active' = any(reset) then
		perform haul_store.fail('TW422', format('cannot reset %s', array_to_string(reset, ', ')), 'only max_active, and not when it is set');
	end if;
	p.retries := coalesce(retries, p.retries); p.min_free := coalesce(min_free, p.min_free);
	p.max_active := case when coalesce(reset, '{}') = '{}' then coalesce(max_active, p.max_active) end;
	perform haul_store.check_profile(p);
	update haul_store.profile o set retries = p.retries, min_free = p.min_free, max_active = p.max_active where o.id = p.id;
	perform haul_store.set_steps(p.id, s.trouble, s.steps)
	from (values ('stalled', stalled), ('metadata', metadata), ('error', error), ('local', local), ('missing_files', missing_files), ('missing', missing)) s(trouble, steps);
end $$;
comment on function haul.set_profile(text, jsonb, jsonb, jsonb, jsonb, jsonb, jsonb, int, bigint, int, text[]) is
'Change a profile; what is left out stays, the steps for a trouble are replaced as a whole, [] for none. reset takes back max_active.';

create or replace function haul.drop_profile(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	p constant haul_store.profile := haul_store.see_profile(name);
begin
	if p.name = 'default' then
		perform haul_store.fail('TW409', 'the default profile stays', 'change it: tow profile set default, or select haul.set_profile(''default'', ...)');
	end if;
	delete from haul_store.profile o where o.id = p.id;
end $$;
comment on function haul.drop_profile(text) is 'Delete a profile; who had it goes by the default one.';

--- seeding goals

create or replace function haul.set_goal(tracker text default null, library text default null, ratio real default null, seed_time interval default null, need text default 'either') returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_library constant int := case when library is not null then (haul_store.see_library(library)).id end;
begin
	if tracker !~ '^[^\s/@:]+$' then
		perform haul_store.fail('TW422', format('bad tracker %L', left(tracker, 100)), 'a host, or the end of one: example.org');
	elsif ratio is null and seed_time is null or ratio < 0 or seed_time < '0' then
		perform haul_store.fail('TW422', 'no goal', 'give a ratio, a seed_time, or both');
	elsif need is null or need not in ('either', 'both') then
		perform haul_store.fail('TW422', format('bad need %L', need), 'use either or both');
	end if;
	insert into haul_store.seed_goal (tracker, library, ratio, seed_time, need) values (lower(tracker), v_library, ratio, seed_time, need)
	on conflict on constraint seed_goal_tracker_library_key do update set ratio = excluded.ratio, seed_time = excluded.seed_time, need = excluded.need;
end $$;
comment on function haul.set_goal(text, text, real, interval, text) is
'How long torrents that are placed seed before they are removed, where their library removes them: to a ratio, for a time, by need either of them or both. For a tracker (a host, or the end of one), a library, or all: the one of the longest tracker counts, then the library''s own. Without a goal a torrent goes when its client has stopped it.';

create or replace function haul.drop_goal(tracker text default null, library text default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_library constant int := case when library is not null then (haul_store.see_library(library)).id end;
begin
	delete from haul_store.seed_goal g where g.tracker is not distinct from lower(tracker) and g.library is not distinct from v_library;
	if not found then
		perform haul_store.fail('TW404', 'there is no such goal', 'tow goal ls lists them, or select * from haul.goals');
	end if;
end $$;
comment on function haul.drop_goal(text, text) is 'Delete a seeding goal.';
