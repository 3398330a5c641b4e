-- tow.enqueue: append the job's facts and put it where it waits for its turn. A plain job is born ready; one with
-- a later run_at is scheduled; one for a queue or priority never used before waits until the admit duty has made it.
-- Takes no lock that another producer or a worker could wait for, but for the key itself.
-- Raises TW422 on a bad argument, TW413 when args are too large, TW409 on a key conflict with on_conflict 'error'.
-- The xid must be taken before the position: tow.floor depends on it.
create or replace function tow.enqueue(
	kind text, args jsonb default '{}', queue text default 'default', priority int default 100,
	run_at timestamptz default null, key text default null, on_conflict text default 'ignore',
	key_scope text default 'live', max_attempts int default null, timeout interval default null,
	deadline timestamptz default null, policy text default null, tags text[] default null, lane text default null,
	after bigint[] default null, if_failed text default 'cancel', parent bigint default null, wait_for text default null
) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_id bigint;
	v_other bigint;
	v_band int;
	v_arm regclass;
	v_max_bytes int;
	v_restricted boolean;
	v_flags int := 0;
begin
	select b.id, q.arm, q.max_args_bytes, q.restricted into v_band, v_arm, v_max_bytes, v_restricted
	from tow_store.queue q join tow_store.band b on b.queue = q.id
	where q.name = queue and b.priority = priority and b.laned = (lane is not null) and not b.crowd and (b.kind is null or b.kind = kind)
	order by b.kind nulls last limit 1;
	if v_band is null or not tow_store.is_kind(kind) or args is null or pg_column_size(args) > least(v_max_bytes, 1000)
		or num_nonnulls(run_at, deadline, max_attempts, timeout, policy, tags, lane) > 0
		or on_conflict is distinct from 'ignore' or key_scope is distinct from 'live' then -- else nothing can be wrong
		perform tow_store.check_job(kind, args, queue, priority, max_attempts, timeout, policy, tags, v_max_bytes);
		perform tow_store.check_instants(run_at, deadline);
		perform tow_store.check_lane(lane);
		perform tow_store.check_key(key, on_conflict, key_scope);
	end if;
	if v_restricted is not false or tow_store.is_barred(queue) then -- or it is not known here yet
		perform tow_store.check_producer(queue);
	end if;

	-- In this order, at the price of an assignment: the xid, the queue's register (from here on tow.drop_queue waits for us).
	v_id := case when pg_current_xact_id() > '0' and coalesce(pg_sequence_last_value(v_arm), 0) >= 0 then nextval('tow_store.job_id') end;
	if key is not null then
		v_other := tow_store.hold_key(v_id, key, on_conflict, key_scope, run_at);
		if v_other is not null then
			return v_other;
		end if;
		v_flags := case key_scope when 'live' then 1 when 'queued' then 2 else 0 end;
	end if;
	if after is not null or parent is not null or wait_for is not null or if_failed is distinct from 'cancel' then
		perform tow_store.check_links(after, if_failed, parent, wait_for);
		perform tow_store.link(v_id, after, if_failed, parent);
		v_flags := v_flags | case when parent is not null then 8 else 0 end;
	end if;
	insert into tow_store.job (id, created_at, priority, max_attempts, kind, queue, args, run_at, deadline, timeout, policy, key, key_scope, tags, lane, parent, wait_for)
	values (v_id, tow.now(), priority, max_attempts, kind, queue, args, run_at, deadline, timeout, policy,
		key, case when key is not null then left(key_scope, 1) end::"char", tags, lane, parent, wait_for);

	if deadline is not null then
		insert into tow_store.deadline (at, id) values (deadline, v_id);
		perform tow_store.ring_clock(deadline);
	end if;
	if after <> '{}' or wait_for is not null then
		perform tow_store.await(v_id, after, wait_for, v_band, v_flags);
	elsif run_at > tow.now() then
		insert into tow_store.scheduled (run_at, id, band, attempt, flags) values (run_at, v_id, v_band, 0, v_flags);
		perform tow_store.ring_clock(run_at);
	elsif v_band is null then
		insert into tow_store.waiting (id, reason, since, attempt, flags) values (v_id, 'admission', tow.now(), 0, v_flags | 32); -- its place is by its id
		perform tow_store.ring_clock('-infinity');
	else
		insert into tow_store.ready (band, pos, id, attempt, flags) values (v_band, v_id, v_id, 0, v_flags);
		if pg_sequence_last_value(v_arm) > 0 then
			perform tow_store.ring_band(v_band);
		end if;
	end if;
	if tow_store.in_person() then
		perform tow_store.note('job.enqueued', kind, v_id, jsonb_build_object('queue', queue));
	end if;
	return v_id;
end $$;
comment on function tow.enqueue(text, jsonb, text, int, timestamptz, text, text, text, int, interval, timestamptz, text, text[], text, bigint[], text, bigint, text) is
'Add a job and return its id. priority: smaller runs first. key: at most one job in scope holds it; key_scope queued (until it starts), live (until it has finished), done (as long as it is remembered); on_conflict ignore (return the other''s id: tow.made tells), replace (cancel the other if it has not started), reschedule (move the other to run_at), error. One that has started goes on, and replace and reschedule then add this job beside it. lane: jobs of a lane start in order, one at a time where tow.set_lane or tow.set_queue do not say otherwise (those of a kind with a limit of its own have an order of their own). after: starts when these have completed; if_failed, should one of them fail or be cancelled: cancel, fail, go (on without it) or wait (until somebody retries it). parent: the job or batch that this one is made for. wait_for: starts after tow.signal(id, name) with this name, or tow.approve(id) for the name approval. A kind or queue that no worker knows is no error, as its worker may come later: tow.unserved tells.';

-- A number is drawn before the key is looked at, and none is drawn twice.
create or replace function tow.made(id bigint) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
	return coalesce(id = currval('tow_store.job_id'), false);
exception
	when object_not_in_prerequisite_state then -- this session has drawn none
		return false;
end $$;
comment on function tow.made(bigint) is
'Whether the last tow.enqueue of this session made the job whose id it returned; false: another job has the key, and it is that one''s. Ask in the same transaction.';

-- What programs enqueue leaves no row: there may be thousands a second. A person asks by tow.answer, which says so, or by the
-- command, which says so where the session is its own, and whose name the session has, where the address gives it no other; so
-- only what was made here and now is said to be somebody's. Inlined, as each enqueue asks.
create or replace function tow_store.in_person() returns boolean
language sql stable
return coalesce(current_setting('tow.in_person', true) = 'on', false) or starts_with(current_setting('application_name'), 'tow enqueue by ');
comment on function tow_store.in_person() is 'Whether it is a person who enqueues, so that it is in the audit.';

create or replace function tow_store.check_instants(p_run_at timestamptz, p_deadline timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if not coalesce(isfinite(p_run_at), true) or not coalesce(isfinite(p_deadline), true) then
		perform tow_store.fail('TW422', 'run_at and deadline cannot be infinite', 'leave run_at out for now, deadline for none');
	elsif p_deadline <= greatest(tow.now(), p_run_at) then
		perform tow_store.fail('TW422', format('the deadline %s comes before the job could start', p_deadline), 'use a later one');
	end if;
end $$;
comment on function tow_store.check_instants(timestamptz, timestamptz) is 'Refuse a run_at or deadline that no job can have.';

create or replace function tow_store.is_kind(p_name text) returns boolean
language sql immutable parallel safe
return coalesce(p_name ~ '^[a-zA-Z0-9_.:/-]{1,100}$' and p_name not in ('.', '..'), false);
comment on function tow_store.is_kind(text) is 'Whether a kind may be called so.';

create or replace function tow_store.check_job(
	p_kind text, p_args jsonb, p_queue text, p_priority int, p_max_attempts int, p_timeout interval, p_policy text, p_tags text[], p_max_bytes int
) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	if not tow_store.is_kind(p_kind) then
		perform tow_store.fail('TW422', format('bad kind %L', left(p_kind, 110)), 'use 1 to 100 letters, digits, and any of _ . : / -, but not . or .. alone');
	elsif p_args is null then
		perform tow_store.fail('TW422', 'args are null', 'pass a JSON value, for instance ''{}''');
	elsif p_queue is null or p_queue !~ '^(?!\.{1,2}$)[a-zA-Z0-9_.:-]{1,64}$' then
		perform tow_store.fail('TW422', format('bad queue name %L', left(p_queue, 70)), 'use 1 to 64 letters, digits, and any of _ . : -, but not . or .. alone');
	elsif p_priority is null or p_priority not between 0 and 1000000 then
		perform tow_store.fail('TW422', format('bad priority %s', coalesce(p_priority::text, 'null')), 'use 0 to 1000000; smaller runs first, 100 is usual');
	elsif p_max_attempts not between 1 and 1000000 then
		perform tow_store.fail('TW422', format('bad max_attempts %s', p_max_attempts), 'use 1 or more');
	elsif p_timeout <= '0' then
		perform tow_store.fail('TW422', format('bad timeout %s', p_timeout), 'use an interval above zero, or null for the queue''s');
	elsif array_ndims(p_tags) > 1 then
		perform tow_store.fail('TW422', 'tags are an array of arrays', 'use a list of words');
	elsif array_position(p_tags, null) is not null then
		perform tow_store.fail('TW422', 'a tag is null', 'leave it out');
	elsif pg_column_size(p_args) > coalesce(p_max_bytes, 1000)
		and pg_column_size(p_args) > coalesce(p_max_bytes, tow_store.setting('max_args_bytes')::int) then
		perform tow_store.fail('TW413', format('args of %s bytes are too large', pg_column_size(p_args)),
			format('the limit is %s bytes: store the data elsewhere and pass a reference, or raise it with tow.set_queue(%L, max_args_bytes => ...)',
				coalesce(p_max_bytes, tow_store.setting('max_args_bytes')::int), p_queue));
	elsif p_policy is not null and not exists (select from tow_store.policy p where p.name = p_policy) then
		perform tow_store.fail('TW404', format('no such policy %L', p_policy), 'select name from tow.policies lists them; tow.set_policy makes one');
	end if;
end $$;
comment on function tow_store.check_job(text, jsonb, text, int, int, interval, text, text[], int) is 'Refuse a bad argument of tow.enqueue with a clear error.';

-- All of one kind, in order, at the cost of one. The same promises as tow.enqueue; no keys.
create or replace function tow.enqueue_many(
	kind text, args jsonb[], queue text default 'default', priority int default 100, run_at timestamptz default null,
	max_attempts int default null, timeout interval default null, policy text default null, tags text[] default null,
	lane text default null, parent bigint default null
) returns setof bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
#variable_conflict use_variable
declare
	c_crowd constant int := 1000;
	v_band int;
	v_crowd int;
	v_arm regclass;
	v_max_bytes int;
	v_restricted boolean;
	v_flags constant int := case when parent is not null then 8 else 0 end;
	v_ids bigint[];
	v_now timestamptz;
	v_largest jsonb;
begin
	if args is null or array_position(args, null) is not null then
		perform tow_store.fail('TW422', 'args are null, or one of them is', 'pass an array of JSON values');
	end if;
	select b.id, q.arm, q.max_args_bytes, q.restricted into v_band, v_arm, v_max_bytes, v_restricted
	from tow_store.queue q join tow_store.band b on b.queue = q.id
	where q.name = queue and b.priority = priority and b.laned = (lane is not null) and not b.crowd and (b.kind is null or b.kind = kind)
	order by b.kind nulls last limit 1;
	perform tow_store.check_instants(run_at, null);
	perform tow_store.check_lane(lane);
	if v_restricted is not false or tow_store.is_barred(queue) then
		perform tow_store.check_producer(queue);
	end if;
	if (select max(pg_column_size(a)) from unnest(args) a) > least(v_max_bytes, 1000) then
		v_largest := (select a from unnest(args) a order by pg_column_size(a) desc limit 1);
	end if;
	perform tow_store.check_job(kind, coalesce(v_largest, '{}'), queue, priority, max_attempts, timeout, policy, tags, v_max_bytes);

	if lane is not null and cardinality(args) >= c_crowd then
		v_crowd := (select c.id from tow_store.band b join tow_store.band c on c.queue = b.queue and c.priority = b.priority and c.crowd
			where b.id = v_band and b.kind is null);
	end if;

	perform pg_current_xact_id();
	v_now := tow.now(); -- after the xid: see tow_store.duty_promote
	perform pg_sequence_last_value(v_arm);
	with j as (
		insert into tow_store.job (id, created_at, priority, max_attempts, kind, queue, args, run_at, timeout, policy, tags, lane, parent)
		select nextval('tow_store.job_id'), v_now, priority, max_attempts, kind, queue, a, run_at, timeout, policy, tags, lane, parent
		from unnest(args) a
		returning id
	), r as (
		insert into tow_store.ready (band, pos, id, attempt, flags)
		select coalesce(v_crowd, v_band), j.id, j.id, 0, v_flags from j where v_band is not null and not coalesce(run_at > v_now, false)
	), c as (
		insert into tow_store.crowd (band, lane, first, last)
		select v_crowd, lane, min(j.id), max(j.id) from j where v_crowd is not null and not coalesce(run_at > v_now, false) having count(*) > 0
	), s as (
		insert into tow_store.scheduled (run_at, id, band, attempt, flags)
		select run_at, j.id, v_band, 0, v_flags from j where run_at > v_now
	), w as (
		insert into tow_store.waiting (id, reason, since, attempt, flags)
		select j.id, 'admission', tow.now(), 0, v_flags | 32 from j -- each its own instant: the watermark of the admit duty is one
		where v_band is null and not coalesce(run_at > v_now, false)
	)
	select array_agg(j.id) into v_ids from j;
	if parent is not null then
		perform tow_store.adopt(parent, v_ids, 'g');
	end if;

	if run_at > v_now then
		perform tow_store.ring_clock(run_at);
	elsif v_band is null then
		perform tow_store.ring_clock('-infinity');
	elsif pg_sequence_last_value(v_arm) > 0 then
		perform tow_store.ring_band(v_band);
	end if;
	if v_ids is not null and tow_store.in_person() then
		perform tow_store.note('job.enqueued', kind, case when cardinality(v_ids) = 1 then v_ids[1] end, jsonb_build_object('queue', queue)
			|| case when cardinality(v_ids) > 1 then jsonb_build_object('jobs', cardinality(v_ids), 'first', v_ids[1], 'last', v_ids[cardinality(v_ids)]) else '{}' end);
	end if;
	return query select unnest(v_ids);
end $$;
comment on function tow.enqueue_many(text, jsonb[], text, int, timestamptz, int, interval, text, text[], text, bigint) is
'Add many jobs of one kind at once; returns their ids in the order of args. lane, parent: as for tow.enqueue.';
