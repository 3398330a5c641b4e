-- Targets: who is told of new files.
create or replace function haul_store.see_target(p_name text) returns haul_store.target
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	t haul_store.target;
begin
	select o.* into t from haul_store.target o where o.name = p_name for update;
	if not found then
		perform haul_store.fail('TW404', format('no target %L', p_name), 'tow target ls lists them, or select name from haul.targets');
	end if;
	return t;
end $$;
comment on function haul_store.see_target(text) is 'A target, locked; raises TW404.';

create or replace function haul_store.check_target(t haul_store.target) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	if t.name is null or t.name !~ '^(?!\.{1,2}$)[a-zA-Z0-9_.-]{1,64}$' then
		perform haul_store.fail('TW422', format('bad target name %L', left(t.name, 70)), 'use 1 to 64 letters, digits, and any of _ . -, but not . or .. alone');
	elsif t.driver is null or t.driver !~ '^[a-z0-9_]{1,32}$' then
		perform haul_store.fail('TW422', format('bad driver %L', left(t.driver, 40)), 'tow target drivers lists them');
	elsif t.url is null or t.url !~ '^(https?|mpd)://[^?#\s]+$' or t.url ~ '^[a-z]+://[^/]*@' then
		perform haul_store.fail('TW422', format('bad address %L', left(t.url, 200)), 'write http://HOST:PORT or mpd://HOST:PORT; the user and the secret are settings of their own');
	elsif t.secret !~ '^secret:[a-zA-Z0-9_.-]{1,64}$' then
		perform haul_store.fail('TW422', 'a secret is given by its name', 'write it with: tow secret set NAME; then say secret:NAME');
	elsif t.delay is null or t.delay not between '0' and '1 day' or t.timeout is null or t.timeout not between '1 s' and '10 minutes' then
		perform haul_store.fail('TW422', format('bad delay %s or timeout %s', t.delay, t.timeout), 'a delay is 0 to a day, a timeout one second to ten minutes');
	end if;
end $$;
comment on function haul_store.check_target(haul_store.target) is 'Refuse bad settings of a target with a clear error.';

create or replace function haul.add_target(
	name text, driver text, url text, user_name text default null, secret text default null, section text default null, delay interval default '10 s', timeout interval default '30 s'
) returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	t haul_store.target;
begin
	t := jsonb_populate_record(null::haul_store.target, '{}');
	t.name := name; t.driver := driver; t.url := rtrim(url, '/'); t.user_name := user_name; t.secret := secret; t.section := section; t.delay := delay; t.timeout := timeout;
	perform haul_store.check_target(t);
	insert into haul_store.target (name, driver, url, user_name, secret, section, delay, timeout, created_at)
	values (t.name, t.driver, t.url, t.user_name, t.secret, t.section, t.delay, t.timeout, tow.now())
	on conflict on constraint target_name_key do nothing returning * into t;
	if t.id is null then
		perform haul_store.fail('TW409', format('there is a target %L already', name), format('change it: tow target set %s, or select haul.set_target(%L, ...)', name, name));
	end if;
	return t.id;
end $$;
comment on function haul.add_target(text, text, text, text, text, text, interval, interval) is
'Set up a media server that is told of new files; haul.announce says of which libraries. secret: secret:NAME, a file in the worker''s secrets. section: the server''s own name of its library, where it needs one. delay: how long changes are gathered.';

create or replace function haul.set_target(
	name text, url text default null, user_name text default null, secret text default null, section text default null, delay interval default null,
	timeout interval default null, enabled boolean default null, reset text[] default null
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c_reset constant text[] := '{user_name,secret,section}'::text[];
	t haul_store.target := haul_store.see_target(name);
	v_new constant jsonb := jsonb_strip_nulls(jsonb_build_object('url', rtrim(url, '/'), 'user_name', user_name, 'secret', secret, 'section', section,
		'delay', delay, 'timeout', timeout, 'enabled', enabled));
begin
	if not coalesce(reset, '{}') <@ c_reset then
		perform haul_store.fail('TW422', format('cannot reset %s', array_to_string(reset, ', ')), 'use any of ' || array_to_string(c_reset, ', '));
	elsif v_new ?| reset then
		perform haul_store.fail('TW422', 'a setting is both set and reset', 'leave one of the two out');
	elsif v_new = '{}' and coalesce(reset, '{}') = '{}' then
		perform haul_store.fail('TW422', 'nothing to set', 'name what is to change');
	end if;
	t := jsonb_populate_record(t, (select coalesce(jsonb_object_agg(r, null), '{}') from unnest(reset) r) || v_new);
	perform haul_store.check_target(t);
	update haul_store.target o set url = t.url, user_name = t.user_name, secret = t.secret, section = t.section, delay = t.delay, timeout = t.timeout, enabled = t.enabled
	where o.id = t.id;
end $$;
comment on function haul.set_target(text, text, text, text, text, interval, interval, boolean, text[]) is 'Change a target; what is left out stays, reset takes back user_name, secret, section.';

create or replace function haul.drop_target(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	t constant haul_store.target := haul_store.see_target(name);
begin
	delete from haul_store.target o where o.id = t.id;
end $$;
comment on function haul.drop_target(text) is 'Delete a target.';

create or replace function haul.scan(target text, paths text[] default null) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	t constant haul_store.target := haul_store.see_target(target);
begin
	insert into haul_store.change as o (target, path, since) select t.id, p, tow.now() from unnest(coalesce(paths, '{""}')) p
	on conflict on constraint change_pkey do update set job = null, since = excluded.since;
	perform tow.note('target.scan', t.name);
	return tow.enqueue('haul.scan', jsonb_build_object('target', t.name), queue => 'haul', key => 'haul.scan:' || t.id, key_scope => 'queued', policy => 'haul.work');
end $$;
comment on function haul.scan(text, text[]) is 'Tell a target of these folders, as they are called there, or to look at all that it has; returns the job''s id.';
