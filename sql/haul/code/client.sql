-- Setting up download clients. Each has a daemon of the queue, client-NAME, whose turns are its monitor: it is started,
-- stopped and seen like any other.
-- Raises TW404 no such client, TW409 there is one, TW422 bad argument.

create or replace function haul_store.see_client(p_name text) returns haul_store.client
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c haul_store.client;
begin
	select o.* into c from haul_store.client o where o.name = p_name for no key update;
	if not found then
		perform haul_store.fail('TW404', format('no such client %L', p_name), 'tow client ls lists them, or select name from haul.clients; tow client add makes one');
	end if;
	return c;
end $$;
comment on function haul_store.see_client(text) is 'A client, locked; raises TW404.';

create or replace function haul_store.check_client(c haul_store.client) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if c.name is null or c.name !~ '^(?!\.{1,2}$)[a-zA-Z0-9_.-]{1,57}$' then
		perform haul_store.fail('TW422', format('bad client name %L', left(c.name, 70)), 'use 1 to 57 letters, digits, and any of _ . -, but not . or .. alone');
	elsif c.driver is null or c.driver !~ '^[a-z0-9_]{1,32}$' then
		perform haul_store.fail('TW422', format('bad driver %L', left(c.driver, 40)), 'tow client drivers lists them');
	elsif c.driver = 'web' then
		if c.url !~ '^(file://(/[^/[:cntrl:]]+)+)?$' or c.url ~ '/\.\.?(/|$)' then
			perform haul_store.fail('TW422', format('bad address %L', left(c.url, 200)), 'a web client has a folder on the workers'' hosts: file:///srv/downloads; nothing for downloads in their $TOW_HOME');
		elsif c.adopt or num_nonnulls(c.user_name, c.secret, c.cron) > 0 then
			perform haul_store.fail('TW422', 'a web client logs in nowhere, and is not watched', 'leave out user, secret, adopt and cron');
		end if;
	elsif c.url is null or c.url !~ '^(https?|scgi)://[^/?#\s]' or c.url ~ '[?#\s]' or c.url ~ '^[a-z]+://[^/]*@' then
		perform haul_store.fail('TW422', format('bad address %L', left(c.url, 200)),
			'write http://HOST:PORT, perhaps with a path; the user and the secret are settings of their own');
	elsif c.secret !~ '^secret:[a-zA-Z0-9_.-]{1,64}$' then
		perform haul_store.fail('TW422', 'a secret is given by its name', 'write it with: tow secret set NAME; then say secret:NAME');
	elsif c.category = '' or length(c.category) > 200 or c.tag = '' or c.tag ~ ',' or length(c.tag) > 200 then
		perform haul_store.fail('TW422', 'bad category or tag', 'use a word or path of at most 200 characters, a tag without commas; leave out what is not wanted');
	elsif c.adopt and c.category is null and c.tag is null then
		perform haul_store.fail('TW422', 'adopt would take everything that the client holds', 'say which category or tag is ours');
	elsif c.fast not between '200 ms' and '1 day' or c.slow not between c.fast and '1 day' then
		perform haul_store.fail('TW422', format('bad cycle: fast %s, slow %s', c.fast, c.slow), 'fast is 200 ms to a day, slow as long or longer');
	elsif c.timeout not between '1 s' and '10 minutes' then
		perform haul_store.fail('TW422', format('bad timeout %s', c.timeout), 'use one second to ten minutes');
	elsif c.cron is not null and tow.cron_next(c.cron, tow.now(), coalesce(c.tz, 'UTC')) is null then
		perform haul_store.fail('TW422', format('the schedule %L never comes', c.cron), 'for instance: @every 90s, or */5 * * * *');
	end if;
end $$;
comment on function haul_store.check_client(haul_store.client) is 'Refuse bad settings of a client with a clear error.';

-- {"/remote/folder": "/local/folder", ...}: the map of a client, as a whole.
create or replace function haul_store.set_paths(p_client int, p_paths jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if jsonb_typeof(p_paths) <> 'object' or exists (select from jsonb_each(p_paths) e
		where jsonb_typeof(e.value) <> 'string' or e.key = '' or e.value #>> '{}' !~ '^/') then
		perform haul_store.fail('TW422', 'bad path map', 'an object of the client''s folders and where they are here: {"/downloads": "/mnt/nas/downloads"}');
	end if;
	delete from haul_store.path_map m where m.client = p_client;
	insert into haul_store.path_map (client, remote, local)
	select p_client, e.key, e.value from jsonb_each_text(p_paths) e;
end $$;
comment on function haul_store.set_paths(int, jsonb) is 'Replace a client''s path map.';

-- Its monitor, as a daemon of the queue.
create or replace function haul_store.watch_client(c haul_store.client) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_name constant text := 'client-' || c.name;
begin
	if c.driver = 'web' then
		perform haul_store.serve_web(c);
		return;
	end if;
	perform tow.set_daemon(v_name, 'haul.monitor', jsonb_build_object('client', c.name), type => 'haul.monitor', every => '100 ms',
		queue => 'haul.watch', priority => 50, timeout => '1 hour', policy => 'haul.monitor', auto_start => true, description => format('watches the client %s', c.name));
	if c.enabled then
		perform tow.enable_daemon(v_name);
		perform tow.start_daemon(v_name);
	else
		perform tow.stop_daemon(v_name);
		perform tow.disable_daemon(v_name);
	end if;
	perform pg_notify('haul_client_' || c.id, '');
end $$;
comment on function haul_store.watch_client(haul_store.client) is 'Have a client''s monitor run, or not.';

-- Downloads of a client that was dropped go on with the next one of its name, if that takes what they are. What was
-- measured by the other one's clock is void.
create or replace function haul_store.relink(c haul_store.client) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	d haul_store.download;
begin
	for d in
		update haul_store.download o set client = c.id where o.client is null and o.client_name = c.name and c.driver = any(haul_store.drivers_of(o.type, o.options)) returning o.*
	loop
		perform haul_store.start_afresh(d);
		perform haul_store.note_event(d.id, 'relinked', format('a client %s is configured again', c.name));
	end loop;
end $$;
comment on function haul_store.relink(haul_store.client) is 'Give a new client the downloads of the one before of its name.';

create or replace function haul.add_client(
	name text, driver text, url text default null, user_name text default null, secret text default null, category text default null, tag text default null,
	adopt boolean default false, priority int default 100, paths jsonb default '{}', fast interval default '2 s', slow interval default '30 s',
	cron text default null, tz text default null, timeout interval default '30 s', enabled boolean default true
) returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c haul_store.client;
begin
	c := jsonb_populate_record(null::haul_store.client, '{}');
	c.name := name; c.driver := driver; c.url := coalesce(rtrim(url, '/'), case when driver = 'web' then '' end); c.user_name := user_name; c.secret := secret; c.category := category; c.tag := tag;
	c.adopt := adopt; c.priority := priority; c.fast := fast; c.slow := slow; c.cron := cron; c.tz := tz; c.timeout := timeout; c.enabled := enabled;
	perform haul_store.check_client(c);
	insert into haul_store.client (name, driver, url, user_name, secret, category, tag, adopt, priority, fast, slow, cron, tz, timeout, enabled, created_at)
	values (c.name, c.driver, c.url, c.user_name, c.secret, c.category, c.tag, c.adopt, c.priority, c.fast, c.slow, c.cron, c.tz, c.timeout, c.enabled, tow.now())
	on conflict on constraint client_name_key do nothing returning * into c;
	if c.id is null then
		perform haul_store.fail('TW409', format('there is a client %L already', name), format('change it: tow client set %s, or select haul.set_client(%L, ...)', name, name));
	end if;
	insert into haul_store.health (client, since) values (c.id, tow.now());
	perform haul_store.relink(c);
	perform haul_store.sweep_monitors();
	perform haul_store.set_paths(c.id, paths);
	perform haul_store.watch_client(c);
	return c.id;
end $$;
comment on function haul.add_client(text, text, text, text, text, text, text, boolean, int, jsonb, interval, interval, text, text, interval, boolean) is
'Set up a download client, and watch it from now on; downloads of one of that name that was dropped go on. driver: the program it is. url: where it is; web, which is our own workers, needs none, or takes file:///FOLDER. secret: secret:NAME, a file in the worker''s secrets. category, tag: what is ours in it; adopt: also what others put there. paths: where its folders are on the workers'' hosts. fast, slow: how long after a listing the next one comes, while something moves and while nothing does; cron (in tz) instead.';

create or replace function haul.set_client(
	name text, url text default null, user_name text default null, secret text default null, category text default null, tag text default null,
	adopt boolean default null, priority int default null, paths jsonb default null, fast interval default null, slow interval default null,
	cron text default null, tz text default null, timeout interval default null, reset text[] default null
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c_reset constant text[] := '{user_name,secret,category,tag,cron,tz}'::text[];
	c haul_store.client := haul_store.see_client(name);
	v_old constant haul_store.client := c;
	v_new constant jsonb := jsonb_strip_nulls(jsonb_build_object('url', rtrim(url, '/'), 'user_name', user_name, 'secret', secret, 'category', category,
		'tag', tag, 'adopt', adopt, 'priority', priority, 'fast', fast, 'slow', slow, 'cron', cron, 'tz', tz, 'timeout', timeout));
begin
	if not coalesce(reset, '{}') <@ c_reset then
		perform haul_store.fail('TW422', format('cannot reset %s', array_to_string(reset, ', ')), 'use any of ' || array_to_string(c_reset, ', '));
	elsif v_new ?| reset then
		perform haul_store.fail('TW422', 'a setting is both set and reset', 'leave one of the two out');
	elsif v_new = '{}' and paths is null and coalesce(reset, '{}') = '{}' then
		perform haul_store.fail('TW422', 'nothing to set', 'name what is to change');
	end if;
	c := jsonb_populate_record(c, (select coalesce(jsonb_object_agg(r, null), '{}') from unnest(reset) r) || v_new);
	perform haul_store.check_client(c);
	c.revision := c.revision + ((c.url, c.user_name, c.secret, c.category, c.tag, c.timeout)
		is distinct from (v_old.url, v_old.user_name, v_old.secret, v_old.category, v_old.tag, v_old.timeout))::int;
	update haul_store.client o set url = c.url, user_name = c.user_name, secret = c.secret, category = c.category, tag = c.tag, adopt = c.adopt,
		priority = c.priority, fast = c.fast, slow = c.slow, cron = c.cron, tz = c.tz, timeout = c.timeout, revision = c.revision
	where o.id = c.id;
	if paths is not null then
		perform haul_store.set_paths(c.id, paths);
	end if;
	perform pg_notify('haul_client_' || c.id, '');
end $$;
comment on function haul.set_client(text, text, text, text, text, text, boolean, int, jsonb, interval, interval, text, text, interval, text[]) is
'Change a client; what is left out stays (paths are replaced as a whole), reset takes back user_name, secret, category, tag, cron, tz. One whose login failed is tried again when its address, user or secret has changed, or by haul.retry_client.';

create or replace function haul.enable_client(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c haul_store.client := haul_store.see_client(name);
begin
	update haul_store.client o set enabled = true where o.id = c.id returning o.* into c;
	perform haul_store.watch_client(c);
end $$;
comment on function haul.enable_client(text) is 'Watch a client again.';

create or replace function haul.disable_client(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c haul_store.client := haul_store.see_client(name);
begin
	update haul_store.client o set enabled = false where o.id = c.id returning o.* into c;
	perform haul_store.watch_client(c);
end $$;
comment on function haul.disable_client(text) is 'Leave a client alone; what it holds is shown as it was last seen.';

-- A new revision: whatever was latched is forgotten.
create or replace function haul.retry_client(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c constant haul_store.client := haul_store.see_client(name);
begin
	update haul_store.client o set revision = o.revision + 1 where o.id = c.id;
	update haul_store.health h set next_at = tow.now() where h.client = c.id;
	perform pg_notify('haul_client_' || c.id, '');
	perform tow.note('client.retry', c.name);
end $$;
comment on function haul.retry_client(text) is 'Ask a client anew that was not asked any more because its login failed, or that is backed off.';

-- One whose turn has not ended yet cannot be dropped; it goes later.
create or replace function haul_store.sweep_monitors() returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_name text;
begin
	for v_name in
		select d.name from tow.daemons d
		where d.type = 'haul.monitor' and d.state in ('stopped', 'disabled') and not exists (select from haul_store.client c where d.name = 'client-' || c.name)
	loop
		begin
			perform tow.drop_daemon(v_name);
		exception when sqlstate 'TW404' or sqlstate 'TW409' then
			null; -- somebody else has, or it is ending still
		end;
	end loop;
end $$;
comment on function haul_store.sweep_monitors() is 'Drop the monitors of clients that are not configured any more.';

create or replace function haul.drop_client(name text, force boolean default false) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c constant haul_store.client := haul_store.see_client(name);
begin
	if force is not true then
		perform haul_store.check_needless('client', c.name, array(select d.id from haul_store.download d where d.client = c.id and haul_store.is_open(d.state) order by d.id), 'they go on when a client of that name is configured');
	end if;
	if c.driver = 'web' then
		perform haul_store.stop_fetch(d, 'queued') from haul_store.download d where d.client = c.id and d.state in ('approved', 'downloading');
	else
		perform tow.stop_daemon('client-' || name);
		perform tow.disable_daemon('client-' || name);
	end if;
	delete from haul_store.client o where o.id = c.id;
	perform haul_store.sweep_monitors();
end $$;
comment on function haul.drop_client(text, boolean) is 'Delete a client. Nothing changes in it; its downloads say that it is not configured any more, and go on when one of that name is. While any are under way it is refused, unless force is true.';
