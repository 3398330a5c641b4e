-- What people do with daemons. Each verb locks the daemon's row, then, where it ends a turn, the place of that job;
-- workers never lock the row. Every verb is in the audit, and in tow.daemon_actions.
-- Raises TW404 no such daemon, TW409 not in a state that allows it, TW422 bad argument.

create or replace function tow_store.see_daemon(p_name text) returns tow_store.daemon
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	d tow_store.daemon;
begin
	select o.* into d from tow_store.daemon o where o.name = p_name for no key update;
	if not found then
		perform tow_store.fail('TW404', format('no such daemon %L', p_name), 'select name from tow.daemons lists them; tow.set_daemon makes one');
	end if;
	return d;
end $$;
comment on function tow_store.see_daemon(text) is 'A daemon, locked; raises TW404.';

create or replace function tow_store.act(p_daemon int, p_action text, p_job bigint default null, p_detail text default null, p_parent bigint default null)
returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	insert into tow_store.daemon_action (daemon, at, action, job, kind, parent, detail, who)
	values (p_daemon, tow.now(), p_action, p_job, (select j.kind from tow_store.job j where j.id = p_job), p_parent, p_detail, tow_store.actor())
$$;
comment on function tow_store.act(int, text, bigint, text, bigint) is 'Write down what became of a daemon.';

create or replace function tow_store.check_daemon(d tow_store.daemon) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	if d.type = '' or length(d.type) > 100 then
		perform tow_store.fail('TW422', 'the type is empty or longer than 100 characters', 'use a word, or leave it out');
	elsif jsonb_typeof(d.config) <> 'object' then
		perform tow_store.fail('TW422', format('the config is %s, not a JSON object',
			case jsonb_typeof(d.config) when 'array' then 'an array' when 'null' then 'null' else 'a ' || jsonb_typeof(d.config) end), 'its keys are what the handler gets, for instance ''{"folder": "/in"}''');
	elsif d.every not between '100 ms' and '10 years' then
		perform tow_store.fail('TW422', format('bad every %s', d.every), 'use an interval between 100 ms and 10 years');
	end if;
	perform tow_store.check_job(d.kind, d.config, d.queue, d.priority, null, d.timeout, d.policy, null, null);
end $$;
comment on function tow_store.check_daemon(tow_store.daemon) is 'Refuse bad settings of a daemon with a clear error.';

create or replace function tow.set_daemon(
	name text, kind text default null, config jsonb default null, type text default null, every interval default null,
	queue text default null, priority int default null, timeout interval default null, policy text default null,
	auto_start boolean default null, description text default null, reset text[] default null
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c_reset constant text[] := array['type', 'timeout', 'policy', 'description'];
	c_state constant text[] := '{id,name,enabled,wanted,halted,since,job,ending,failures,error,launch_at,created_at}'::text[];
	v_reset constant text[] := coalesce(reset, '{}');
	o tow_store.daemon;
	d tow_store.daemon;
	v_new boolean := false;
begin
	if not v_reset <@ c_reset then
		perform tow_store.fail('TW422', format('cannot reset %s', array_to_string(reset, ', ')), 'use any of ' || array_to_string(c_reset, ', '));
	elsif num_nonnulls(case when 'type' = any(v_reset) then type end, case when 'timeout' = any(v_reset) then timeout end,
			case when 'policy' = any(v_reset) then policy end, case when 'description' = any(v_reset) then description end) > 0 then
		perform tow_store.fail('TW422', 'a setting is both set and reset', 'leave one of the two out');
	elsif name is null or name !~ '^(?!\.{1,2}$)[a-zA-Z0-9_.-]([a-zA-Z0-9_. -]{0,62}[a-zA-Z0-9_.-])?$' then
		perform tow_store.fail('TW422', format('bad daemon name %L', left(name, 70)), 'use 1 to 64 letters, digits, and any of _ . - with blanks only between them, but not . or .. alone');
	end if;
	if kind is not null then
		insert into tow_store.daemon (name, type, kind, config, every, queue, priority, since, created_at)
		values (name, kind, kind, '{}', '1 minute', 'default', 100, tow.now(), tow.now()) on conflict on constraint daemon_name_key do nothing;
		v_new := found;
	end if;
	o := tow_store.see_daemon(name);
	d := o;
	d.kind := coalesce(kind, o.kind);
	d.config := coalesce(config, o.config);
	d.type := coalesce(type, case when 'type' = any(v_reset) or o.type = o.kind then d.kind else o.type end);
	d.every := coalesce(every, o.every);
	d.queue := coalesce(queue, o.queue);
	d.priority := coalesce(priority, o.priority);
	d.timeout := coalesce(timeout, case when 'timeout' <> all(v_reset) then o.timeout end);
	d.policy := coalesce(policy, case when 'policy' <> all(v_reset) then o.policy end);
	d.auto_start := coalesce(auto_start, o.auto_start);
	d.description := coalesce(description, case when 'description' <> all(v_reset) then o.description end);
	perform tow_store.check_daemon(d);
	update tow_store.daemon s set kind = d.kind, config = d.config, type = d.type, every = d.every, queue = d.queue, priority = d.priority,
		timeout = d.timeout, policy = d.policy, auto_start = d.auto_start, description = d.description
	where s.id = d.id;
	if (d.kind, d.queue, d.priority, d.timeout, d.policy) is distinct from (o.kind, o.queue, o.priority, o.timeout, o.policy) then
		perform tow_store.renew(d);
	end if;
	perform tow_store.note('daemon.set', name, null, tow_store.changed(case when not v_new then to_jsonb(o) - c_state end, jsonb_strip_nulls(to_jsonb(d)) - c_state));
	perform tow_store.ring_clock('-infinity');
end $$;
comment on function tow.set_daemon(text, text, jsonb, text, interval, text, int, interval, text, boolean, text, text[]) is
'Make a daemon, or change one; what is left out stays (config is replaced as a whole), reset takes back type, timeout, policy, description. kind: the kind of job that does its turns, whose handler gets config as its arguments, at each turn as it is then. every: how long after a turn that completed the next one comes; one that snoozes says itself when. policy: how a turn that fails is tried again. auto_start: it is started without anybody, unless somebody stopped it, and again after it failed for good: as late as the policy says of so many attempts, or every where that is no time at all, but a second at least. A turn that runs ends as it began.';

create or replace function tow.start_daemon(name text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d tow_store.daemon := tow_store.see_daemon(name);
begin
	if not d.enabled then
		perform tow_store.fail('TW409', format('daemon %L is disabled: it cannot be started', name), format('enable it first: select tow.enable_daemon(%L)', name));
	elsif d.wanted then
		return d.job;
	end if;
	perform tow_store.note('daemon.started', name);
	return tow_store.begin_daemon(d);
end $$;
comment on function tow.start_daemon(text) is
'Start a daemon: its first turn comes at once. Returns the job whose runs are its turns; null while the last turn before is still ending, or its job cannot be made yet (tow.daemons says why). One that was started already goes on.';

create or replace function tow.stop_daemon(name text, children boolean default false) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d constant tow_store.daemon := tow_store.see_daemon(name);
begin
	if d.wanted or d.job is not null then
		perform tow_store.halt(d, children);
		perform tow_store.note('daemon.stopped', name, d.job);
	end if;
	update tow_store.daemon s set halted = true where s.id = d.id;
	return (select v.state from tow.find_daemons(name) v);
end $$;
comment on function tow.stop_daemon(text, boolean) is
'Stop a daemon: its status is gone at once, its turn is cancelled (the state is stopping until that has ended), and auto_start leaves it alone. Jobs that its turns made, this one''s and earlier ones'', go on, unless children.';

create or replace function tow.enable_daemon(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d constant tow_store.daemon := tow_store.see_daemon(name);
begin
	if not d.enabled then
		update tow_store.daemon s set enabled = true, halted = false where s.id = d.id;
		perform tow_store.act(d.id, 'ENABLED');
		perform tow_store.note('daemon.enabled', name);
		perform tow_store.ring_clock('-infinity');
	end if;
end $$;
comment on function tow.enable_daemon(text) is 'Allow a daemon to be started; one with auto_start is, even if it had been stopped.';

create or replace function tow.disable_daemon(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d constant tow_store.daemon := tow_store.see_daemon(name);
begin
	if d.enabled then
		perform tow.stop_daemon(name);
		update tow_store.daemon s set enabled = false where s.id = d.id;
		perform tow_store.act(d.id, 'DISABLED');
		perform tow_store.note('daemon.disabled', name);
	end if;
end $$;
comment on function tow.disable_daemon(text) is 'Stop a daemon, and refuse to start it until tow.enable_daemon.';

create or replace function tow.drop_daemon(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d tow_store.daemon := tow_store.see_daemon(name);
begin
	d.ending := tow_store.unended(d.ending);
	if d.wanted or d.ending is not null then
		perform tow_store.fail('TW409', format('daemon %L %s', name, case when d.wanted then 'is started' else 'is stopping: its last turn has not ended' end),
			case when d.wanted then format('stop it first: select tow.stop_daemon(%L)', name) else format('try again, or look at tow.job(%s)', d.ending) end);
	end if;
	delete from tow_store.daemon_action a where a.daemon = d.id;
	delete from tow_store.daemon s where s.id = d.id;
	perform tow_store.note('daemon.dropped', name);
end $$;
comment on function tow.drop_daemon(text) is 'Delete a stopped daemon and its actions; its jobs stay in history.';

-- A handler's word. It takes no lock that a verb holds: what a stopped daemon's handler still says is kept with a job
-- that no daemon has any more.
create or replace function tow.daemon_status(job bigint, run bigint, status text, status_job bigint default null, status_kind text default null) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	if status is null or status = '' then
		perform tow_store.fail('TW422', 'the status is empty', 'say in a few words what the daemon is doing');
	end if;
	perform from tow_store.daemon d where d.job = job;
	if found then
		perform from tow_store.running r where r.job_id = job and r.run = run for key share;
	end if;
	if not found then
		return false;
	end if;
	insert into tow_store.step (job_id, name, run, at, result)
	values (job, 'status', run, tow.now(), jsonb_strip_nulls(jsonb_build_object('text', left(status, 500), 'job', status_job, 'kind', status_kind)))
	on conflict on constraint step_pkey do update set run = excluded.run, at = excluded.at, result = excluded.result;
	return true;
end $$;
comment on function tow.daemon_status(bigint, bigint, text, bigint, text) is
'A daemon''s turn says what it is doing, and which job that is about. False if the daemon was stopped, or this run does not hold the job any more: nothing was written.';
