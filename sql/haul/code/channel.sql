-- Setting up channels and rules. Raise TW404 not there, TW409 there is one, TW422 bad argument.
create or replace function haul_store.see_channel(p_name text) returns haul_store.channel
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c haul_store.channel;
begin
	select o.* into c from haul_store.channel o where o.name = p_name for update;
	if not found then
		perform haul_store.fail('TW404', format('no channel %L', p_name), 'tow channel ls lists them, or select name from haul.channels');
	end if;
	return c;
end $$;
comment on function haul_store.see_channel(text) is 'A channel, locked; raises TW404.';

create or replace function haul_store.check_channel(c haul_store.channel) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
	c_known constant text[] := '{topic,priority,tags,from,to,starttls}'::text[];
	c_address constant text := '[^\s<>,;:"()[:cntrl:]]+@[^\s<>,;:"()[:cntrl:]]+';
begin
	if c.name is null or c.name !~ '^(?!\.{1,2}$)[a-zA-Z0-9_.-]{1,64}$' then
		perform haul_store.fail('TW422', format('bad channel name %L', left(c.name, 70)), 'use 1 to 64 letters, digits, and any of _ . -, but not . or .. alone');
	elsif c.driver is null or c.driver !~ '^[a-z0-9_]{1,32}$' then
		perform haul_store.fail('TW422', format('bad driver %L', left(c.driver, 40)), 'tow channel drivers lists them');
	elsif c.url is null or c.url !~ '^(https?|smtps?)://[^?#\s]+$' or c.url ~ '^[a-z]+://[^/]*@' then
		perform haul_store.fail('TW422', format('bad address %L', left(c.url, 200)), 'write https://HOST/PATH or smtp://HOST:PORT; the user and the secret are settings of their own');
	elsif c.secret !~ '^secret:[a-zA-Z0-9_.-]{1,64}$' then
		perform haul_store.fail('TW422', 'a secret is given by its name', 'write it with: tow secret set NAME; then say secret:NAME');
	elsif c.timeout is null or c.timeout not between '1 s' and '10 minutes' or c.keep is null or c.keep not between '1 hour' and '10 years' then
		perform haul_store.fail('TW422', format('bad timeout %s or keep %s', c.timeout, c.keep), 'a timeout is one second to ten minutes, keep an hour to ten years');
	elsif exists (select from jsonb_each(c.options) o where o.key <> all(c_known) or jsonb_typeof(o.value) <> 'string' or o.value #>> '{}' ~ '[[:cntrl:]]') then
		perform haul_store.fail('TW422', 'bad options', 'a text each of ' || array_to_string(c_known, ', '));
	elsif c.options ->> 'from' !~ ('^' || c_address || '$') or c.options ->> 'to' !~ format('^%s(,%1$s)*$', c_address) then
		perform haul_store.fail('TW422', 'bad from or to', 'name@host; to may name several, between commas');
	elsif c.options ->> 'topic' !~ '^[a-zA-Z0-9_-]{1,64}$' or c.options ->> 'priority' !~ '^[1-5]$' or c.options ->> 'starttls' not in ('on', 'off') then
		perform haul_store.fail('TW422', 'bad topic, priority or starttls', 'a topic is letters, digits, _ and -, a priority 1 to 5, starttls on or off');
	end if;
end $$;
comment on function haul_store.check_channel(haul_store.channel) is 'Refuse bad settings of a channel with a clear error.';

create or replace function haul.add_channel(
	name text, driver text, url text, user_name text default null, secret text default null, options jsonb default '{}', timeout interval default '30 s', keep interval default '14 days'
) returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c haul_store.channel;
begin
	c := jsonb_populate_record(null::haul_store.channel, '{}');
	c.name := name; c.driver := driver; c.url := rtrim(url, '/'); c.user_name := user_name; c.secret := secret; c.options := options; c.timeout := timeout; c.keep := keep;
	if jsonb_typeof(options) is distinct from 'object' then
		perform haul_store.fail('TW422', 'options are not an object', 'for instance {"topic": "downloads"}');
	end if;
	perform haul_store.check_channel(c);
	insert into haul_store.channel (name, driver, url, user_name, secret, options, timeout, keep, created_at)
	values (c.name, c.driver, c.url, c.user_name, c.secret, c.options, c.timeout, c.keep, tow.now())
	on conflict on constraint channel_name_key do nothing returning * into c;
	if c.id is null then
		perform haul_store.fail('TW409', format('there is a channel %L already', name), format('change it: tow channel set %s, or select haul.set_channel(%L, ...)', name, name));
	end if;
	return c.id;
end $$;
comment on function haul.add_channel(text, text, text, text, text, jsonb, interval, interval) is
'Set up a way to tell people something; haul.add_rule says what. secret: secret:NAME, a file in the worker''s secrets. options: topic, priority (1 to 5), tags for ntfy; from, to (a,b), starttls (on, off) for mail. keep: how long messages are shown that were sent.';

create or replace function haul.set_channel(
	name text, url text default null, user_name text default null, secret text default null, options jsonb default null, timeout interval default null,
	keep interval default null, enabled boolean default null, reset text[] default null
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c_reset constant text[] := '{user_name,secret,topic,priority,tags,from,to,starttls}'::text[];
	c haul_store.channel := haul_store.see_channel(name);
	v_new constant jsonb := jsonb_strip_nulls(jsonb_build_object('url', rtrim(url, '/'), 'user_name', user_name, 'secret', secret,
		'options', c.options - coalesce(reset, '{}') || options, 'timeout', timeout, 'keep', keep, 'enabled', enabled));
begin
	if not coalesce(reset, '{}') <@ c_reset then
		perform haul_store.fail('TW422', format('cannot reset %s', array_to_string(reset, ', ')), 'use any of ' || array_to_string(c_reset, ', '));
	elsif v_new ?| reset or options ?| reset then
		perform haul_store.fail('TW422', 'a setting is both set and reset', 'leave one of the two out');
	elsif v_new = '{}' and coalesce(reset, '{}') = '{}' then
		perform haul_store.fail('TW422', 'nothing to set', 'name what is to change');
	end if;
	c.options := c.options - coalesce(reset, '{}');
	c := jsonb_populate_record(c, (select coalesce(jsonb_object_agg(r, null), '{}') from unnest(reset) r where r in ('user_name', 'secret')) || v_new);
	perform haul_store.check_channel(c);
	update haul_store.channel o set url = c.url, user_name = c.user_name, secret = c.secret, options = c.options, timeout = c.timeout, keep = c.keep, enabled = c.enabled, next_at = null
	where o.id = c.id;
	perform haul_store.wake_channel(c, 'replace');
end $$;
comment on function haul.set_channel(text, text, text, text, jsonb, interval, interval, boolean, text[]) is
'Change a channel; what is left out stays, options that are named replace those of their names, reset takes back user_name, secret and options. What waits for it is tried at once.';

-- What waits is tried anew: a job of the channel's own, beside those of its rules.
create or replace function haul_store.wake_channel(c haul_store.channel, p_on_conflict text default 'ignore') returns bigint
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select tow.enqueue('haul.notify', jsonb_build_object('channel', c.name), queue => 'haul', key => 'haul.notify:c' || c.id, key_scope => 'queued',
		on_conflict => p_on_conflict, policy => 'haul.notify')
	where exists (select from haul_store.message m where m.channel = c.id and m.state = 'pending')
$$;
comment on function haul_store.wake_channel(haul_store.channel, text) is 'Have what waits for a channel sent now; null: there is nothing.';

create or replace function haul.drop_channel(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c constant haul_store.channel := haul_store.see_channel(name);
begin
	delete from haul_store.channel o where o.id = c.id;
end $$;
comment on function haul.drop_channel(text) is 'Delete a channel, with its rules and messages.';

create or replace function haul.test_channel(name text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c constant haul_store.channel := haul_store.see_channel(name);
begin
	insert into haul_store.message (channel, event, count, level, title, body, data, made_at)
	values (c.id, 'test', 1, 'good', 'Towpath can reach you', format('This is what channel %s looks like.', c.name), '[]', tow.now());
	update haul_store.channel o set next_at = null where o.id = c.id;
	perform tow.note('channel.test', c.name);
	return tow.enqueue('haul.notify', jsonb_build_object('channel', c.name), queue => 'haul', max_attempts => 1);
end $$;
comment on function haul.test_channel(text) is 'Send a message by a channel, to see whether it arrives; returns the job''s id.';

create or replace function haul_store.see_rule(p_name text) returns haul_store.rule
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	r haul_store.rule;
begin
	select o.* into r from haul_store.rule o where o.name = p_name for update;
	if not found then
		perform haul_store.fail('TW404', format('no rule %L', p_name), 'tow notify ls lists them, or select name from haul.rules');
	end if;
	return r;
end $$;
comment on function haul_store.see_rule(text) is 'A rule, locked; raises TW404.';

create or replace function haul_store.check_rule(r haul_store.rule) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_bad text;
begin
	select e into v_bad from unnest(r.events) e
	where e !~ '^[a-z_.*]+( (kind|queue|class|worker|host|schedule|client|target|library|category)=[^ =]+)*$' or not exists (select from haul.occasions o where haul_store.event_fits(o.event, array[e]));
	if r.name is null or r.name !~ '^(?!\.{1,2}$)[a-zA-Z0-9_.-]{1,64}$' then
		perform haul_store.fail('TW422', format('bad rule name %L', left(r.name, 70)), 'use 1 to 64 letters, digits, and any of _ . -, but not . or .. alone');
	elsif coalesce(r.events, '{}') = '{}' or v_bad is not null then
		perform haul_store.fail('TW422', format('no event is like %L', coalesce(v_bad, '')), 'tow notify events lists them, or select event from haul.occasions; * stands for anything: download.failed, client.*, job.failed queue=mail class=http.*');
	elsif r.delay is null or r.delay not between '0' and '1 day' then
		perform haul_store.fail('TW422', format('bad delay %s', r.delay), 'it is 0 to a day');
	elsif r.below <= 0 then
		perform haul_store.fail('TW422', 'bad below', 'how much must be free: 10 GB');
	elsif r.below is null and exists (select from unnest(r.events) e where e like '%.disk\_%') then
		perform haul_store.fail('TW422', 'the rule does not say when a disk is low', 'say below => ''10 GB''');
	elsif haul_store.bad_text(r.title) or haul_store.bad_text(r.body) then
		perform haul_store.fail('TW422', 'bad title or body', 'text with fields: {title}, {error}, {hint}, {client}, {library}, {count}; { (|hint|)} is left out as a whole where there is none');
	end if;
end $$;
comment on function haul_store.check_rule(haul_store.rule) is 'Refuse bad settings of a rule with a clear error.';

create or replace function haul_store.bad_text(p_template text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select p_template = '' or length(p_template) > 1000
		or regexp_replace(regexp_replace(p_template, '\{\{|\}\}', '', 'g'), '\{[a-z_]+\}|\{[^{}|]*\|[a-z_]+\|[^{}|]*\}', '', 'g') ~ '[{}]'
$$;
comment on function haul_store.bad_text(text) is 'Whether a template of a message is none.';

create or replace function haul.add_rule(
	name text, channel text, events text[], libraries text[] default null, categories text[] default null, below text default null, delay interval default '10 s',
	title text default null, body text default null
) returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c constant haul_store.channel := haul_store.see_channel(channel);
	r haul_store.rule;
begin
	r := jsonb_populate_record(null::haul_store.rule, '{}');
	r.name := name; r.events := events; r.libraries := libraries; r.categories := categories; r.below := pg_size_bytes(below); r.delay := delay; r.title := title; r.body := body;
	perform haul_store.check_rule(r);
	insert into haul_store.rule (name, channel, events, libraries, categories, below, delay, title, body, created_at)
	values (r.name, c.id, r.events, r.libraries, r.categories, r.below, r.delay, r.title, r.body, tow.now())
	on conflict on constraint rule_name_key do nothing returning * into r;
	if r.id is null then
		perform haul_store.fail('TW409', format('there is a rule %L already', name), format('change it: tow notify set %s, or select haul.set_rule(%L, ...)', name, name));
	end if;
	return r.id;
end $$;
comment on function haul.add_rule(text, text, text[], text[], text[], text, interval, text, text) is
'Have a channel told of events (haul.occasions; * stands for anything; more may be said of one: job.failed queue=mail class=http.*, by kind, queue, class, worker, host, schedule, client, target, library, category). libraries, categories: only what is of these. below: a disk with less free is low (10 GB). delay: what comes together within it is one message. title, body: templates, with fields such as {title}, {error}, {hint}, {client}, {library}, {count}.';

create or replace function haul.set_rule(
	name text, channel text default null, events text[] default null, libraries text[] default null, categories text[] default null, below text default null,
	delay interval default null, title text default null, body text default null, enabled boolean default null, reset text[] default null
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c_reset constant text[] := '{libraries,categories,below,title,body}'::text[];
	r haul_store.rule := haul_store.see_rule(name);
	v_new constant jsonb := jsonb_strip_nulls(jsonb_build_object('channel', case when channel is not null then (haul_store.see_channel(channel)).id end, 'events', events,
		'libraries', libraries, 'categories', categories, 'below', pg_size_bytes(below), 'delay', delay, 'title', title, 'body', body, 'enabled', enabled));
begin
	if not coalesce(reset, '{}') <@ c_reset then
		perform haul_store.fail('TW422', format('cannot reset %s', array_to_string(reset, ', ')), 'use any of ' || array_to_string(c_reset, ', '));
	elsif v_new ?| reset then
		perform haul_store.fail('TW422', 'a setting is both set and reset', 'leave one of the two out');
	elsif v_new = '{}' and coalesce(reset, '{}') = '{}' then
		perform haul_store.fail('TW422', 'nothing to set', 'name what is to change');
	end if;
	r := jsonb_populate_record(r, (select coalesce(jsonb_object_agg(o, null), '{}') from unnest(reset) o) || v_new);
	perform haul_store.check_rule(r);
	update haul_store.rule o set channel = r.channel, events = r.events, libraries = r.libraries, categories = r.categories, below = r.below, delay = r.delay,
		title = r.title, body = r.body, enabled = r.enabled
	where o.id = r.id;
	perform haul_store.notify(r, r.delay, 'replace') where exists (select from haul_store.news n where n.rule = r.id); -- the job may be for another channel
end $$;
comment on function haul.set_rule(text, text, text[], text[], text[], text, interval, text, text, boolean, text[]) is 'Change a rule; what is left out stays, reset takes back libraries, categories, below, title, body.';

-- In the words of the rule, so that these can be looked at, too. The events that a rule wants were known when it was made; a
-- later version may know them no more.
create or replace function haul.test_rule(name text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c_said constant jsonb := jsonb '{"id": "7", "title": "a title", "client": "a client", "library": "a library", "category": "a category", "target": "a target", "free": "9 GB",
		"kind": "a.kind", "queue": "a queue", "class": "a.class", "worker": "a worker", "schedule": "a schedule", "error": "what went wrong", "hint": "what to do about it", "count": "1"}';
	r constant haul_store.rule := haul_store.see_rule(name);
	v_channel text;
begin
	select c.name into v_channel from haul_store.channel c where c.id = r.channel;
	insert into haul_store.message (channel, rule, event, count, level, title, body, data, made_at)
	select r.channel, r.name, 'test', 1, o.level, left('test: ' || haul_store.expand(coalesce(r.title, o.title), c_said, false), 250),
		left(haul_store.expand(coalesce(r.body, o.line), c_said, false), 2000), jsonb_build_array(c_said || jsonb_build_object('event', o.event)), tow.now()
	from unnest(r.events) with ordinality e(pattern, n) join haul.occasions o on haul_store.event_fits(o.event, array[e.pattern]) order by e.n, o.event limit 1;
	if not found then
		perform haul_store.fail('TW409', format('rule %L would never send anything: no event is %s', r.name, array_to_string(r.events, ', ')), format('tow notify events lists what does, or select event from haul.occasions; change it: tow notify set %s, or select haul.set_rule(%L, ...)', r.name, r.name));
	end if;
	update haul_store.channel o set next_at = null where o.id = r.channel;
	perform tow.note('rule.test', r.name);
	return tow.enqueue('haul.notify', jsonb_build_object('channel', v_channel), queue => 'haul', max_attempts => 1);
end $$;
comment on function haul.test_rule(text) is 'Send what a rule would say of the first of its events, with made-up names, as a test; returns the job''s id.';

create or replace function haul.drop_rule(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	r constant haul_store.rule := haul_store.see_rule(name);
begin
	delete from haul_store.rule o where o.id = r.id;
end $$;
comment on function haul.drop_rule(text) is 'Delete a rule; what it has not told yet goes, too.';
