-- A run that ends in order to wait: the job holds no slot meanwhile, its attempt is unspent, and it goes on with a run
-- of its own and what it has heard in its memory. A wait that makes no sense fails the job, class 'wait'.
create or replace function tow_store.wait_run(r tow_store.running, p_now timestamptz, o jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_for constant text := o ->> 'for';
	v_name constant text := case v_for when 'approval' then 'approval' when 'signal' then o ->> 'name' end;
	v_wrong constant text := tow_store.wrong_wait(o);
begin
	if v_wrong is not null then
		perform tow_store.end_run(r, p_now, o || jsonb_build_object('class', 'wait', 'error', v_wrong), 'f');
		return;
	end if;
	perform tow_store.write_history(r, p_now, o, 'w', null);
	if v_for = 'children' and not exists (select from tow_store.need n where n.job_id = r.job_id) then
		perform tow_store.put_back(r.job_id, r.band, r.attempt - 1, r.flags | 16, null, 's');
		return;
	end if;
	insert into tow_store.waiting (id, reason, since, band, attempt, flags, until, detail)
	values (r.job_id, v_for, tow.now(), r.band, r.attempt - 1, r.flags, tow.now() + make_interval(secs => (o ->> 'timeout_s')::double precision),
		jsonb_strip_nulls(jsonb_build_object('name', v_name, 'on_timeout', o -> 'on_timeout')));
	perform tow_store.ring_clock('-infinity');
end $$;
comment on function tow_store.wait_run(tow_store.running, timestamptz, jsonb) is 'The outcome waits: the job waits for its children, a signal or an approval.';

create or replace function tow_store.wrong_wait(o jsonb) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case
		when coalesce(o ->> 'for', '') not in ('children', 'signal', 'approval')
			then format('waits for %L: it can wait for children, a signal or an approval', o ->> 'for')
		when o ->> 'for' = 'signal' and (jsonb_typeof(o -> 'name') is distinct from 'string' or length(o ->> 'name') not between 1 and 200)
			then 'waits for a signal without a name of 1 to 200 characters'
		when o ->> 'timeout_s' is not null and (jsonb_typeof(o -> 'timeout_s') <> 'number' or (o ->> 'timeout_s')::numeric not between 0 and 315360000)
			then format('waits for %s s: from 0 to ten years are possible', o ->> 'timeout_s')
		when coalesce(o ->> 'on_timeout', 'go') not in ('go', 'cancel')
			then format('does %L when its wait times out: go or cancel are possible', o ->> 'on_timeout')
	end
$$;
comment on function tow_store.wrong_wait(jsonb) is 'What is wrong with a wait, null if nothing is.';

-- Jobs that a run makes as it ends, in the transaction of its end, so once: [{"kind", "args", "queue", "priority",
-- "run_at" or "delay_s", "key", "lane", "max_attempts", "timeout_s", "policy", "tags", "after_spawned": [index, ...],
-- "if_failed", "child"}]. All or none: false says that none could be, and that the run has failed, class 'spawn'.
create or replace function tow_store.spawns(r tow_store.running, p_now timestamptz, o jsonb) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if o ->> 'as' not in ('completed', 'waits', 'snoozed') then
		return true; -- of a run that did not get there nothing is made
	end if;
	perform set_config('tow.spawning', r.job_id::text, true);
	perform tow_store.spawn(r.job_id, o -> 'spawn');
	perform set_config('tow.spawning', '', true);
	return true;
exception
	when others then
		if sqlstate !~ '^(TW|22|23|P0)' then -- not the spawned jobs' fault
			raise;
		end if;
		perform tow_store.end_run(r, p_now, o || jsonb_build_object('class', 'spawn', 'error', sqlerrm), 'f');
		return false;
end $$;
comment on function tow_store.spawns(tow_store.running, timestamptz, jsonb) is 'Make the jobs that an outcome asks for, or fail the run.';

create or replace function tow_store.spawn(p_job bigint, p_jobs jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c_keys constant text[] := '{kind,args,queue,priority,run_at,delay_s,key,lane,max_attempts,timeout_s,policy,tags,after_spawned,if_failed,child}'::text[];
	v_queue constant text := (select j.queue from tow_store.job j where j.id = p_job);
	s jsonb;
	v_ids bigint[] := array[]::bigint[];
	v_n int := 0;
	v_child boolean;
	v_top bigint;
begin
	if jsonb_typeof(p_jobs) <> 'array' or jsonb_array_length(p_jobs) > 1000 then
		perform tow_store.fail('TW422', 'spawn is not an array of at most 1000 jobs', 'children can spawn more, or enqueue them with tow.enqueue_many and parent');
	end if;
	-- a job may spawn in its own queue, whoever its worker is; in others that are restricted its worker must have been let
	perform tow_store.check_producer(e ->> 'queue') from jsonb_array_elements(p_jobs) e where e ->> 'queue' <> v_queue;
	perform tow_store.act_as(v_queue, null);
	for s in select value from jsonb_array_elements(p_jobs) loop
		if jsonb_typeof(s) <> 'object' or s - c_keys <> '{}' then
			perform tow_store.fail('TW422', format('spawned job %s: not understood: %s', v_n, left((case jsonb_typeof(s) when 'object' then s - c_keys else s end)::text, 200)),
				'give an object with these keys: ' || array_to_string(c_keys, ' '));
		elsif s ? 'run_at' and s ? 'delay_s' then
			perform tow_store.fail('TW422', format('spawned job %s: run_at and delay_s say two different things', v_n), 'give one of them');
		elsif exists (select from jsonb_array_elements(s -> 'after_spawned') a where jsonb_typeof(a) <> 'number' or a::numeric not between 0 and v_n - 1) then
			perform tow_store.fail('TW422', format('spawned job %s: after_spawned names jobs that do not come before it', v_n), 'give indexes from 0 on');
		end if;
		v_child := coalesce((s ->> 'child')::boolean, true);
		v_top := pg_sequence_last_value('tow_store.job_id'::regclass);
		v_ids := v_ids || tow.enqueue(
			s ->> 'kind', coalesce(s -> 'args', '{}'), coalesce(s ->> 'queue', v_queue),
			priority => coalesce((s ->> 'priority')::int, 100),
			run_at => coalesce((s ->> 'run_at')::timestamptz, tow.now() + make_interval(secs => (s ->> 'delay_s')::double precision)),
			key => s ->> 'key', lane => s ->> 'lane', max_attempts => (s ->> 'max_attempts')::int,
			timeout => make_interval(secs => (s ->> 'timeout_s')::double precision), policy => s ->> 'policy',
			tags => (select array_agg(t) from jsonb_array_elements_text(s -> 'tags') t),
			after => (select array_agg(v_ids[a::int + 1]) from jsonb_array_elements_text(s -> 'after_spawned') a),
			if_failed => coalesce(s ->> 'if_failed', 'cancel'),
			parent => case when v_child then p_job end);
		v_n := v_n + 1;
		if not v_child and v_ids[v_n] > v_top and tow_store.is_turn(p_job) then -- a new one, which nobody had under its key
			perform tow_store.mark(v_ids[v_n], 8); -- its end is told
			perform tow_store.daemon_launched(p_job, v_ids[v_n:v_n]);
		end if;
	end loop;
	perform tow_store.act_no_more();
end $$;
comment on function tow_store.spawn(bigint, jsonb) is 'Enqueue what a run of a job has spawned.';
