-- What `tow client test`, `tow target test` and `tow library test` ask for before they speak to a program themselves. Nothing is written, and
-- nothing is locked: a trial leaves no trace. Raise TW404 for a name that is not there.
create or replace function haul.client(name text)
returns table(driver text, url text, user_name text, secret text, category text, tag text, timeout_ms bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_id int;
begin
	select c.id into v_id from haul_store.client c where c.name = name;
	if not found then
		perform haul_store.fail('TW404', format('no such client %L', name), 'tow client ls lists them; one that is not added yet: tow client test NAME --driver D --url URL');
	end if;
	return query select o.driver, o.url, o.user_name, o.secret, o.category, o.tag, o.timeout_ms from haul_store.client_conf(v_id) o;
end $$;
comment on function haul.client(text) is 'How to reach a client. Its secret is named, never shown.';

create or replace function haul.target(name text)
returns table(driver text, url text, user_name text, secret text, section text, timeout_ms bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	return query select t.driver, haul_store.shown_address(t.url, tow.sees_args('haul')), t.user_name, t.secret, t.section, (extract(epoch from t.timeout) * 1000)::bigint from haul_store.target t where t.name = name;
	if not found then
		perform haul_store.fail('TW404', format('no target %L', name), 'tow target ls lists them; one that is not added yet: tow target test NAME --driver D --url URL');
	end if;
end $$;
comment on function haul.target(text) is 'How to reach a target. Its secret is named, never shown.';

create or replace function haul.library(name text) returns table(root text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select l.root from haul_store.see_library(coalesce(library.name, '')) l
$$;
comment on function haul.library(text) is 'Where a library is; raises TW404.';

-- A client that is not added yet has no map.
create or replace function haul.local_path(client text, path text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select haul_store.local_path((select c.id from haul_store.client c where c.name = local_path.client), local_path.path)
$$;
comment on function haul.local_path(text, text) is 'Where a client''s path is on the workers'' hosts, by its path map.';

create or replace function haul.announced(target text) returns table(library text, root text, known_as text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select l.name, l.root, coalesce(a.root, l.root)
	from haul_store.announce a join haul_store.target t on t.id = a.target join haul_store.library l on l.id = a.library
	where t.name = announced.target order by l.name
$$;
comment on function haul.announced(text) is 'The libraries that a target is told of, and what their roots are called there.';

create or replace function haul.path_map(client text) returns table(remote text, local text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select m.remote, m.local from haul_store.path_map m join haul_store.client c on c.id = m.client where c.name = path_map.client order by m.remote
$$;
comment on function haul.path_map(text) is 'Where a client''s folders are on the workers'' hosts.';

-- The same by a worker, for pages: what counts is how it looks from there.
create or replace function haul.test_client(name text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_name constant text := (haul_store.see_client(name)).name;
begin
	perform tow.note('client.test', v_name);
	return tow.enqueue('haul.trial', jsonb_build_object('client', v_name), queue => 'haul', max_attempts => 1);
end $$;
comment on function haul.test_client(text) is 'Have a worker find out what is wrong on the way to a client, as tow client test does; returns the job''s id. haul.tested(job) has what it found.';

create or replace function haul.test_target(name text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_name constant text := (haul_store.see_target(name)).name;
begin
	perform tow.note('target.test', v_name);
	return tow.enqueue('haul.trial', jsonb_build_object('target', v_name), queue => 'haul', max_attempts => 1);
end $$;
comment on function haul.test_target(text) is 'Have a worker find out what is wrong on the way to a media server, as tow target test does; returns the job''s id. haul.tested(job) has what it found.';

create or replace function haul.test_library(name text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_name constant text := (haul_store.see_library(coalesce(name, ''))).name;
begin
	perform tow.note('library.test', v_name);
	return tow.enqueue('haul.trial', jsonb_build_object('library', v_name), queue => 'haul', max_attempts => 1);
end $$;
comment on function haul.test_library(text) is 'Have a worker find out whether a library''s folder takes files, as tow library test does; returns the job''s id. haul.tested(job) has what it found.';

create or replace function haul_store.result_of(p_job bigint) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_result jsonb;
begin
	select o.result into v_result from tow.outcome(p_job) o;
	if not found then
		perform haul_store.fail('TW404', format('no job %s', coalesce(p_job::text, 'null')), 'it may have been forgotten: ask anew');
	end if;
	return v_result;
end $$;
comment on function haul_store.result_of(bigint) is 'What a job of ours found, as far as who asks may see it; raises TW404.';

create or replace function haul.tested(job bigint) returns table(component text, status text, detail text, hint text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_result constant jsonb := haul_store.result_of(tested.job);
begin
	return query
		select f.* from jsonb_to_recordset(case jsonb_typeof(v_result) when 'array' then v_result end) f(component text, status text, detail text, hint text);
end $$;
comment on function haul.tested(bigint) is 'What the job of haul.test_client, test_target or test_library found: component, status (ok, warn, bad), detail, hint; nothing while it has not ended, or to who may not see results. Raises TW404.';
