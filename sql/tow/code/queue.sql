-- Queues, for people. A queue comes into being when it is first used; settings that are null are the instance's.
-- Limits take effect at once, for what runs already, too: see limit_set.sql.
create or replace function tow.set_queue(
	name text, retention interval default null, policy text default null, max_attempts int default null,
	timeout interval default null, max_args_bytes int default null, description text default null,
	max_running int default null, rate double precision default null, burst int default null,
	lane_limit int default null, lane_rate double precision default null, lane_burst int default null,
	expire_after interval default null, reset text[] default null
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c_limits constant text[] := array['max_running', 'rate', 'burst', 'lane_limit', 'lane_rate', 'lane_burst'];
	v_id constant int := tow_store.open_queue(name);
	v_set constant jsonb := jsonb_strip_nulls(jsonb_build_object('retention', retention, 'policy', policy, 'max_attempts', max_attempts, 'timeout', timeout,
		'max_args_bytes', max_args_bytes, 'description', description, 'max_running', max_running, 'rate', rate, 'burst', burst,
		'lane_limit', lane_limit, 'lane_rate', lane_rate, 'lane_burst', lane_burst, 'expire_after', expire_after));
	v_was constant jsonb := tow_store.queue_settings(v_id);
begin
	perform tow_store.check_limit(max_running, 1, rate, burst, reset,
		'{retention,policy,max_attempts,timeout,max_args_bytes,description,expire_after}' || c_limits, v_set);
	perform tow_store.check_limit(lane_limit, 0, lane_rate, lane_burst, null, null, null);
	if policy is not null and not exists (select from tow_store.policy p where p.name = policy) then
		perform tow_store.fail('TW404', format('no such policy %L', policy), 'select name from tow.policies lists them');
	end if;
	if v_set ?| c_limits or reset && c_limits then
		perform pg_advisory_xact_lock(7630718, v_id);
	end if;
	perform tow_store.write_queue(v_id, jsonb_object_agg(r, null) || v_set) from unnest(coalesce(reset, '{}') || array['']) r;
	if v_set ?| c_limits or reset && c_limits then
		perform tow_store.limit_queue(v_id, max_running, rate, burst, coalesce(reset, '{}'));
	end if;
	perform tow_store.note('queue.set', name, null, tow_store.changed(v_was, tow_store.queue_settings(v_id)));
exception
	when check_violation then
		perform tow_store.fail('TW422', format('queue %L: a value is out of range', name), 'intervals and numbers must be above zero');
end $$;
comment on function tow.set_queue(text, interval, text, int, interval, int, text, int, double precision, int, int, double precision, int, interval, text[]) is
'Make or change a queue; what is left out stays, and reset names settings that go back to the instance''s. max_running: how many of its jobs run at once; rate: how many start in a second, with burst at once after a pause. lane_limit (1 unless set, 0 any number), lane_rate, lane_burst: the same for each of its lanes. expire_after: jobs that have been ready for longer are cancelled, within a minute.';

create or replace function tow_store.queue_settings(p_id int) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select jsonb_build_object('retention', q.retention, 'policy', q.policy, 'max_attempts', q.max_attempts, 'timeout', q.timeout, 'max_args_bytes', q.max_args_bytes,
		'description', q.description, 'max_running', g.max_running, 'rate', g.rate, 'burst', g.burst,
		'lane_limit', q.lane_limit, 'lane_rate', q.lane_rate, 'lane_burst', q.lane_burst, 'expire_after', q.expire_after)
	from tow_store.queue q left join tow_store.gate g on g.what = 'q' and g.queue = q.id where q.id = p_id
$$;
comment on function tow_store.queue_settings(int) is 'What set_queue can set of a queue, as it is.';

-- What p_set has is written, null where it is to be reset.
create or replace function tow_store.write_queue(p_id int, p_set jsonb) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	update tow_store.queue q set retention = s.retention, policy = s.policy, max_attempts = s.max_attempts, timeout = s.timeout,
		max_args_bytes = s.max_args_bytes, description = s.description, lane_limit = coalesce(s.lane_limit, 1), lane_rate = s.lane_rate,
		lane_burst = s.lane_burst, expire_after = s.expire_after
	from (select (jsonb_populate_record(o, p_set)).* from tow_store.queue o where o.id = p_id) s
	where q.id = p_id
$$;
comment on function tow_store.write_queue(int, jsonb) is 'Write a queue''s settings.';

create or replace function tow_store.limit_queue(p_id int, p_max_running int, p_rate double precision, p_burst int, p_reset text[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if p_max_running is not null or p_rate is not null or p_burst is not null
		or exists (select from tow_store.gate g where g.what = 'q' and g.queue = p_id) then
		perform tow_store.hold_runs(tow_store.set_gate('q', p_id, '', p_max_running, p_rate, p_burst, null, p_reset));
	end if;
	if exists (select from tow_store.queue q where q.id = p_id and q.lane_burst is not null and q.lane_rate is null) then
		perform tow_store.fail('TW422', 'a lane_burst without a lane_rate', 'give the rate, too: how many jobs of a lane may start in a second');
	end if;
	perform tow_store.hold_lanes(p_id);
	perform tow_store.reopen(p_id);
end $$;
comment on function tow_store.limit_queue(int, int, double precision, int, text[]) is 'Change what a queue may run, under its lock.';

create or replace function tow_store.see_queue(p_name text) returns int
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_id int;
begin
	select q.id into v_id from tow_store.queue q where q.name = p_name;
	if not found then
		perform tow_store.fail('TW404', format('no such queue %L', p_name),
			coalesce('did you mean ' || quote_literal(tow_store.nearest(p_name, array(select q.name from tow_store.queue q order by q.name))) || '? ', '') ||
			'select name from tow.queues lists them; tow.set_queue makes one');
	end if;
	return v_id;
end $$;
comment on function tow_store.see_queue(text) is 'The id of a queue; raises TW404.';

create or replace function tow.pause(queue text, reason text default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	update tow_store.queue q set paused_at = coalesce(q.paused_at, tow.now()), pause_reason = reason, paused_with_all = false where q.id = tow_store.see_queue(queue);
	perform tow_store.note('queue.paused', queue, null, jsonb_build_object('reason', reason));
end $$;
comment on function tow.pause(text, text) is 'No job of this queue is started until tow.resume; those that run go on.';

create or replace function tow.resume(queue text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	update tow_store.queue q set paused_at = null, pause_reason = null, paused_with_all = false where q.id = tow_store.see_queue(queue);
	perform tow_store.ring(pg_sequence_last_value(q.arm)) from tow_store.queue q where q.name = queue and pg_sequence_last_value(q.arm) > 0;
	perform tow_store.note('queue.resumed', queue);
end $$;
comment on function tow.resume(text) is 'Start jobs of a paused queue again.';

-- A maintenance window. What somebody has paused before, or pauses again meanwhile, has a reason of its own: it stays paused until
-- it is resumed by name. Locks queues in the order of their ids. A queue that is made meanwhile is open.
create or replace function tow.pause_queues(reason text default null) returns table(queue text, state text, pause_reason text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	q tow_store.queue;
begin
	for q in select o.* from tow_store.queue o order by o.id for no key update loop
		queue := q.name;
		state := case when q.paused_at is null then 'paused' else 'was paused' end;
		pause_reason := case when q.paused_at is null then reason else q.pause_reason end;
		if q.paused_at is null then
			perform tow.pause(q.name, reason);
			update tow_store.queue o set paused_with_all = true where o.id = q.id;
		end if;
		return next;
	end loop;
end $$;
comment on function tow.pause_queues(text) is 'Pause all queues that are not paused, until tow.resume_queues; state: paused, or was paused (and stays so then).';

create or replace function tow.resume_queues() returns table(queue text, state text, pause_reason text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	q tow_store.queue;
begin
	for q in select o.* from tow_store.queue o where o.paused_at is not null order by o.id for no key update loop
		queue := q.name;
		state := case when q.paused_with_all then 'resumed' else 'stays paused' end;
		pause_reason := case when not q.paused_with_all then q.pause_reason end;
		if q.paused_with_all then
			perform tow.resume(q.name);
		end if;
		return next;
	end loop;
end $$;
comment on function tow.resume_queues() is 'Start jobs again of the queues that tow.pause_queues has paused; state: resumed, or stays paused, as somebody paused it by its name.';

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
		or exists (select from tow_store.waiting w join tow_store.job j on j.id = w.id where j.queue = name)
		or exists (select from tow_store.lined l join tow_store.band b on b.id = l.band where b.queue = v_id) then
		perform tow_store.fail('TW409', format('queue %L has jobs', name), 'cancel them, or let them finish, first');
	elsif exists (select from tow_store.worker w where w.ended_at is null and v_id = any(w.queues)) then
		perform tow_store.fail('TW409', format('a worker serves queue %L', name), 'stop it, or take the queue out of its settings, first');
	end if;
	delete from tow_store.wake w where w.queue = v_id;
	delete from tow_store.turn t using tow_store.band b where b.id = t.band and b.queue = v_id;
	delete from tow_store.sorting s using tow_store.band b where b.id = s.band and b.queue = v_id;
	delete from tow_store.bucket u using tow_store.gate g where g.id = u.gate and g.queue = v_id;
	delete from tow_store.gate g where g.queue = v_id;
	delete from tow_store.crowd c using tow_store.band b where b.id = c.band and b.queue = v_id;
	delete from tow_store.band b where b.queue = v_id;
	delete from tow_store.queue q where q.id = v_id;
	perform tow_store.note('queue.dropped', name);
end $$;
comment on function tow.drop_queue(text) is 'Delete an empty queue that no worker serves; its history stays.';

create or replace function tow.set(name text, value text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	if name = 'test' then
		perform tow_store.fail('TW422', 'an instance is marked for tests when it is made, not later', 'tow migrate --test');
	elsif not exists (select from tow_store.setting s where s.name = set.name) then
		perform tow_store.fail('TW404', format('no such setting %L', left(name, 110)),
			coalesce('did you mean ' || quote_literal(tow_store.nearest(name, array(select s.name from tow_store.setting s order by s.name))) || '?',
				'select name from tow.settings lists them'));
	elsif not tow_store.setting_is_good(name, value) then
		perform tow_store.fail('TW422', format('bad value %L for %s', value, name), 'it takes ' || tow_store.setting_takes(name));
	end if;
	perform tow_store.note('setting.set', name, null, jsonb_build_object('was', s.value, 'is', value)) from tow_store.setting s where s.name = set.name;
	update tow_store.setting s set value = set.value where s.name = set.name;
exception
	when invalid_text_representation or invalid_datetime_format or datetime_field_overflow or numeric_value_out_of_range or invalid_parameter_value then
		perform tow_store.fail('TW422', format('bad value %L for %s', value, name), 'it takes ' || tow_store.setting_takes(name));
end $$;
comment on function tow.set(text, text) is 'Change a setting of the instance, see tow.settings.';

create or replace function tow.reset(name text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	select tow.set(name, (select s.standard from tow_store.setting s where s.name = reset.name))
$$;
comment on function tow.reset(text) is 'Give a setting of the instance the value again that a new one starts with.';

-- Lists are asked for often, and a job that is counted costs a quarter of a microsecond: beyond some thousands people want to
-- know only that there are more. Metrics count further, once a minute.
create or replace function tow_store.counted_to() returns int
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select 10000
$$;
comment on function tow_store.counted_to() is 'How far lists count jobs.';

create or replace function tow_store.depth(p_band int, p_most int default tow_store.counted_to()) returns table(n bigint, oldest timestamptz, more boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $$
begin
	return query
		select least(c.n, p_most), (select j.created_at from tow_store.job j where j.id = least(
				(select r.id from tow_store.ready r where r.band = p_band order by r.band, r.pos limit 1),
				(select min(h.id) from (select o.gate, o.pos_low from tow_store.turn o where o.band = p_band and o.why is distinct from 'i' limit 1000) t, lateral (
					select l.id from tow_store.lined l where l.band = p_band and l.gate = t.gate and l.pos >= t.pos_low order by l.band, l.gate, l.pos limit 1) h))),
			c.n > p_most
		from (select count(*) as n from (
			select from tow_store.ready r where r.band = p_band
			union all
			select from tow_store.lined l where l.band = p_band
			limit p_most + 1) o) c;
end $$;
comment on function tow_store.depth(int, int) is 'How many jobs of a band are ready or stand in lanes, counted so far and no further; since when the first one exists (of a thousand lanes); more: that there are others.';

create or replace function tow_store.or_more(p_n bigint, p_more boolean) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select p_n || case when p_more then ' or more' else '' end
$$;
comment on function tow_store.or_more(bigint, boolean) is 'A number that was counted so far and no further, in words.';

create or replace function tow.depth(queue text, out ready bigint, out waiting bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_id constant int := tow_store.see_queue(queue);
begin
	select coalesce(sum(d.n) filter (where not b.laned), 0), coalesce(sum(d.n) filter (where b.laned), 0) into ready, waiting
	from tow_store.band b, tow_store.depth(b.id, 2147483646) d where b.queue = v_id;
end $$;
comment on function tow.depth(text) is 'How many jobs of a queue are ready, and how many wait in lanes, to the last one, where tow.queues stops at some thousands. A million takes a fraction of a second.';
