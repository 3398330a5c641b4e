-- Queues, for people. A queue comes into being when it is first used; settings that are null are the instance's.
create or replace function tow.set_queue(
	name text, retention interval default null, policy text default null, max_attempts int default null,
	timeout interval default null, max_args_bytes int default null, description text default null
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_id constant int := tow_store.open_queue(name);
begin
	if policy is not null and not exists (select from tow_store.policy p where p.name = policy) then
		perform tow_store.fail('TW404', format('no such policy %L', policy), 'select name from tow.policies lists them');
	end if;
	update tow_store.queue q set retention = coalesce(set_queue.retention, q.retention), policy = coalesce(set_queue.policy, q.policy),
		max_attempts = coalesce(set_queue.max_attempts, q.max_attempts), timeout = coalesce(set_queue.timeout, q.timeout),
		max_args_bytes = coalesce(set_queue.max_args_bytes, q.max_args_bytes), description = coalesce(set_queue.description, q.description)
	where q.id = v_id;
	perform tow_store.note('queue.set', name);
exception
	when check_violation then
		perform tow_store.fail('TW422', format('queue %L: a value is out of range', name), 'intervals and numbers must be above zero');
end $$;
comment on function tow.set_queue(text, interval, text, int, interval, int, text) is 'Make or change a queue; what is left out stays.';

create or replace function tow_store.see_queue(p_name text) returns int
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_id int;
begin
	select q.id into v_id from tow_store.queue q where q.name = p_name;
	if not found then
		perform tow_store.fail('TW404', format('no such queue %L', p_name), 'select name from tow.queues lists them; tow.set_queue makes one');
	end if;
	return v_id;
end $$;
comment on function tow_store.see_queue(text) is 'The id of a queue; raises TW404.';

create or replace function tow.pause(queue text, reason text default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	update tow_store.queue q set paused_at = coalesce(q.paused_at, tow.now()), pause_reason = reason where q.id = tow_store.see_queue(queue);
	perform tow_store.note('queue.paused', queue, null, jsonb_build_object('reason', reason));
end $$;
comment on function tow.pause(text, text) is 'No job of this queue is started until tow.resume; those that run go on.';

create or replace function tow.resume(queue text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	update tow_store.queue q set paused_at = null, pause_reason = null where q.id = tow_store.see_queue(queue);
	perform tow_store.ring(pg_sequence_last_value(q.arm)) from tow_store.queue q where q.name = queue and pg_sequence_last_value(q.arm) > 0;
	perform tow_store.note('queue.resumed', queue);
end $$;
comment on function tow.resume(text) is 'Start jobs of a paused queue again.';

-- The register goes first: that waits for every enqueue under way, and only then it is seen whether jobs are left.
create or replace function tow.drop_queue(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_id constant int := tow_store.see_queue(name);
begin
	execute format('drop sequence tow_store.arm_%s', v_id);
	if exists (select from tow_store.ready r join tow_store.band b on b.id = r.band where b.queue = v_id)
		or exists (select from tow_store.running r join tow_store.band b on b.id = r.band where b.queue = v_id)
		or exists (select from tow_store.scheduled s join tow_store.job j on j.id = s.id where j.queue = name)
		or exists (select from tow_store.waiting w join tow_store.job j on j.id = w.id where j.queue = name) then
		perform tow_store.fail('TW409', format('queue %L has jobs', name), 'cancel them, or let them finish, first');
	elsif exists (select from tow_store.worker w where w.ended_at is null and v_id = any(w.queues)) then
		perform tow_store.fail('TW409', format('a worker serves queue %L', name), 'stop it, or take the queue out of its settings, first');
	end if;
	delete from tow_store.band b where b.queue = v_id;
	delete from tow_store.queue q where q.id = v_id;
	perform tow_store.note('queue.dropped', name);
end $$;
comment on function tow.drop_queue(text) is 'Remove an empty queue that no worker serves; its history stays.';

create or replace function tow.set(name text, value text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	if name = 'test' then
		perform tow_store.fail('TW422', 'an instance is marked for tests when it is made, not later', 'tow migrate --test');
	elsif not tow_store.setting_is_good(name, value) then
		perform tow_store.fail('TW422', format('bad value %L for %s', value, name), 'select * from tow.settings says what each is; ' ||
			'a retention is an interval, at most 100 years; max_args_bytes is 1000 or more; history_max a size such as 50 GB; the others are 1 or more');
	end if;
	update tow_store.setting s set value = set.value where s.name = set.name;
	if not found then
		perform tow_store.fail('TW404', format('no such setting %L', name), 'select name from tow.settings lists them');
	end if;
	perform tow_store.note('setting.set', name, null, jsonb_build_object('value', value));
exception
	when invalid_text_representation or invalid_datetime_format or datetime_field_overflow or numeric_value_out_of_range or invalid_parameter_value then
		perform tow_store.fail('TW422', format('bad value %L for %s', value, name), 'a retention is an interval, history_max a size such as 50 GB, the others are whole numbers');
end $$;
comment on function tow.set(text, text) is 'Change a setting of the instance, see tow.settings.';

create or replace function tow_store.depth(p_band int) returns table(n bigint, oldest timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select (select count(*) from (select from tow_store.ready r where r.band = p_band limit 100000) c),
		(select j.created_at from tow_store.job j where j.id = (select r.id from tow_store.ready r where r.band = p_band order by r.band, r.pos limit 1))
$$;
comment on function tow_store.depth(int) is 'How many jobs of a band are ready (at most 100,000 are counted), and since when the first one exists.';
