-- Which job waits for which. See schema/0003_workflows.sql; what is written here is taken away by the admit duty alone.

-- A circle could only be closed through something that exists already: a new job waits for others, but only its
-- parent waits for it. Who may be closing the same one from the other side, by this or by tow.depend, is waited for
-- (7630719 1). Through jobs of one's own transaction nobody can: where a run spawns, after names those only.
create or replace function tow_store.check_links(p_after bigint[], p_if_failed text, p_parent bigint, p_wait_for text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_id bigint;
begin
	if p_if_failed is null or p_if_failed not in ('cancel', 'fail', 'go', 'wait') then
		perform tow_store.fail('TW422', format('bad if_failed %L', p_if_failed), 'use cancel, fail, go or wait');
	elsif p_if_failed <> 'cancel' and coalesce(p_after, '{}') = '{}' then
		perform tow_store.fail('TW422', 'if_failed says what happens when a predecessor fails, and there is none', 'give after too, or leave if_failed out');
	elsif length(p_wait_for) not between 1 and 200 then
		perform tow_store.fail('TW422', 'the name of a signal is empty or longer than 200 characters', 'use a short word, or approval');
	end if;
	perform tow_store.check_after(p_after);
	if p_parent is not null then
		perform tow_store.check_parent(p_parent);
		if tow_store.is_seen(p_parent) and exists (select from unnest(p_after) a where tow_store.is_seen(a)) then
			perform pg_advisory_xact_lock(7630719, 1);
		end if;
		v_id := tow_store.waits_for(p_after, p_parent);
		if v_id is not null then
			perform tow_store.fail('TW409', format('job %s waits for job %s, whose child this would be: a circle', v_id, p_parent),
				'leave one of parent and after out');
		end if;
	end if;
end $$;
comment on function tow_store.check_links(bigint[], text, bigint, text) is 'Refuse what no job can wait for.';

create or replace function tow_store.check_after(p_after bigint[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	a record;
begin
	if array_ndims(p_after) > 1 then
		perform tow_store.fail('TW422', 'after is an array of arrays', 'use a list of ids');
	elsif array_position(p_after, null) is not null then
		perform tow_store.fail('TW422', 'a predecessor is null', 'leave it out');
	elsif cardinality(p_after) > 1000 then
		perform tow_store.fail('TW422', format('%s predecessors are too many', cardinality(p_after)), 'name at most 1000; wait for more by making them a batch, tow.batch');
	end if;
	for a in
		select u.id, j.id is not null and not tow_store.is_barred(j.queue) as known, j.queue, q.restricted
		from unnest(p_after) u(id) left join tow_store.job j on j.id = u.id left join tow_store.queue q on q.name = j.queue
	loop
		if not a.known then
			perform tow_store.fail('TW404', format('no such job: %s', a.id), 'after names jobs that are here; one that has ended is all right as long as it is remembered');
		elsif a.restricted then
			perform tow_store.check_producer(a.queue); -- its result can be read by who comes after it
		end if;
		if tow_store.ending(a.id) = 'unknown' then
			perform tow_store.fail('TW404', format('how job %s ended is no longer remembered', a.id), 'leave it out: nothing is left to wait for');
		end if;
	end loop;
end $$;
comment on function tow_store.check_after(bigint[]) is 'Refuse predecessors that are not there, or of whose end nothing is remembered.';

create or replace function tow_store.is_seen(p_id bigint) returns boolean
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select exists (select from tow_store.job j where j.id = p_id and j.xmin <> pg_current_xact_id()::xid)
$$;
comment on function tow_store.is_seen(bigint) is 'Whether others may see a job: it was not made by this very transaction.';

-- Locks: 7630722 of a batch, shared, so that tow.seal waits for who adds members.
-- tow.spawning: a run of the parent ends this moment, so it is nowhere; to set it by hand lets orphans be made, no more.
create or replace function tow_store.check_parent(p_parent bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	j constant tow_store.job := tow_store.see_job(p_parent);
begin
	if exists (select from tow_store.waiting w where w.id = p_parent and w.reason = 'batch') then
		perform pg_advisory_xact_lock_shared(7630722, hashint8(p_parent));
	end if;
	if current_setting('tow.spawning', true) is distinct from p_parent::text and tow_store.ending(p_parent) is not null then
		perform tow_store.fail('TW409', format('job %s is %s: it can have no more children', p_parent, tow.state(p_parent)), 'children are made before their parent ends');
	elsif (select q.restricted from tow_store.queue q where q.name = j.queue) then
		perform tow_store.check_producer(j.queue);
	end if;
end $$;
comment on function tow_store.check_parent(bigint) is 'Refuse a parent that is not there any more.';

-- From the job upward: those that wait for it, and so on; usually a few.
create or replace function tow_store.waits_for(p_jobs bigint[], p_on bigint) returns bigint
language sql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
	with recursive up(id) as (
		select p_on where p_jobs <> '{}'
		union
		select n.job_id from up join tow_store.need n on n.on_id = up.id
	)
	select up.id from up where up.id = any(p_jobs) limit 1
$$;
comment on function tow_store.waits_for(bigint[], bigint) is 'One of some jobs that is, or waits for, directly or through others, a job; null if none does.';

create or replace function tow_store.link(p_id bigint, p_after bigint[], p_if_failed text, p_parent bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_if_failed constant "char" := case p_if_failed when 'cancel' then 'x' when 'fail' then 'f' when 'go' then 'g' when 'wait' then 'w' end;
begin
	insert into tow_store.need (job_id, on_id, if_failed) select distinct p_id, a, v_if_failed from unnest(p_after) a
	on conflict (on_id, job_id) do update set if_failed = excluded.if_failed;
	insert into tow_store.edge (job_id, on_id, if_failed) select distinct p_id, a, v_if_failed from unnest(p_after) a
	on conflict (job_id, on_id) do update set if_failed = excluded.if_failed;
	if p_parent is not null then
		insert into tow_store.need (job_id, on_id, if_failed) values (p_parent, p_id, 'g');
		perform tow_store.daemon_launched(p_parent, array[p_id]);
	end if;
end $$;
comment on function tow_store.link(bigint, bigint[], text, bigint) is 'Write down what a new job waits for, and who waits for it.';

create or replace function tow_store.adopt(p_parent bigint, p_ids bigint[], p_if_failed "char") returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	perform tow_store.check_parent(p_parent);
	insert into tow_store.need (job_id, on_id, if_failed) select p_parent, i, p_if_failed from unnest(p_ids) i;
	perform tow_store.daemon_launched(p_parent, p_ids);
end $$;
comment on function tow_store.adopt(bigint, bigint[], "char") is 'Make new jobs children of a job or batch that has not ended.';

-- By whoever ends a job that waits, and so has its place: the admit duty keeps off its needs then.
create or replace function tow_store.drop_needs(p_id bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
begin
	delete from tow_store.need where ctid = any(array(
		select n.ctid from (select o.on_id from tow_store.edge o where o.job_id = p_id offset 0) e,
			lateral (select o.ctid from tow_store.need o where o.on_id = e.on_id and o.job_id = p_id offset 0) n)); -- probe by probe
end $$;
comment on function tow_store.drop_needs(bigint) is 'A job that has ended waits for its predecessors no more.';

create or replace function tow_store.await(p_id bigint, p_after bigint[], p_signal text, p_band int, p_flags int) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	insert into tow_store.waiting (id, reason, since, band, attempt, flags, detail)
	values (p_id, case when p_after <> '{}' then 'predecessors' when p_signal = 'approval' then 'approval' else 'signal' end,
		tow.now(), p_band, 0, p_flags,
		jsonb_strip_nulls(jsonb_build_object('name', p_signal, 'rejected', case p_signal when 'approval' then 'cancel' end)));
	perform tow_store.ring_clock('-infinity');
end $$;
comment on function tow_store.await(bigint, bigint[], text, int, int) is 'Let a new job wait for others, or for a signal.';

create or replace function tow_store.unheard(j tow_store.job) returns text
language sql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
	select j.wait_for
	where not exists (select from tow_store.signal g where g.job_id = j.id and g.name = j.wait_for)
		and not exists (select from tow_store.family f where f.id = j.id and f.batch)
$$;
comment on function tow_store.unheard(tow_store.job) is 'The signal without which a job shall not start, if it was never sent; a batch waits for its seal only once.';

-- Locks: 7630719 1, so that two calls cannot close a circle together, then the job's place. A job with no place of its own
-- in waiting is taken out of where it is and waits like one that has just been enqueued.
create or replace function tow.depend(job bigint, after bigint[], if_failed text default 'cancel') returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	j constant tow_store.job := tow_store.see_job(job);
	t record;
	v_reason text;
	v_id bigint;
begin
	perform tow_store.check_links(after, if_failed, null, null);
	if coalesce(after, '{}') = '{}' then
		perform tow_store.fail('TW422', 'after names no job', 'give the ids of the jobs that it shall run after');
	end if;
	perform tow_store.check_producer(j.queue);
	perform pg_advisory_xact_lock(7630719, 1);
	select c.id into v_id from tow_store.job c where c.id = any(after) and c.parent = job order by c.id limit 1;
	if found then
		perform tow_store.fail('TW409', format('job %s is a child of job %s', v_id, job), 'it can wait for its children once it runs: they are made for it');
	end if;
	v_id := tow_store.waits_for(after, job);
	if v_id is not null then
		perform tow_store.fail('TW409', format('job %s %s job %s: a circle', v_id, case v_id when job then 'is' else 'waits for' end, job), 'a job cannot wait for itself');
	end if;
	select w.reason into v_reason from tow_store.waiting w where w.id = job for update;
	if v_reason = 'predecessors' or v_reason in ('signal', 'approval') and not exists (select from tow_store.history h where h.job_id = job) then
		update tow_store.waiting w set reason = 'predecessors', since = tow.now(), fresh = true where w.id = job;
	else
		if tow.state(job) = 'retrying' or v_reason <> 'admission' then
			perform tow_store.wrong_state(job, 'made to wait for others', 'it has started, or is a batch: give after when it is enqueued');
		end if;
		t := tow_store.take_unstarted(job);
		if t.place is null then
			perform tow_store.wrong_state(job, 'made to wait for others', 'it has started or finished');
		end if;
		insert into tow_store.waiting (id, reason, since, band, attempt, flags, detail)
		values (job, 'predecessors', tow.now(), t.band, t.attempt, t.flags, jsonb_strip_nulls(jsonb_build_object('run_at', t.run_at)));
	end if;
	perform tow_store.link(job, after, if_failed, null);
	perform tow_store.ring_clock('-infinity');
	perform tow_store.note('job.depends', j.kind, job, jsonb_build_object('after', after, 'if_failed', if_failed));
	return tow.state(job);
end $$;
comment on function tow.depend(bigint, bigint[], text) is 'Let a job that has not started run after others; if_failed as for tow.enqueue, of one that it waits for already it is changed. Refuses circles.';

-- A finished job is put back: its parent waits for it again, and it waits for those of its predecessors that live
-- again. One that had completed starts anew, any other goes on from its steps. Returns its flags.
create or replace function tow_store.relink(j tow_store.job) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_end constant "char" := (select h.outcome from tow_store.history h where h.job_id = j.id and h.outcome in ('c', 'f', 'x') order by h.run desc limit 1);
begin
	delete from tow_store.step s where s.job_id = j.id and v_end = 'c';
	delete from tow_store.signal g where g.job_id = j.id
		and (g.timed_out or v_end = 'c' or (g.name = j.wait_for and g.name = 'approval' and g.payload -> 'approved' = 'false')); -- a no is asked again
	if j.parent is not null and tow_store.ending(j.parent) is null
		and not exists (select from tow_store.family f where f.id = j.parent and f.since > j.id) then -- else it was forgotten
		insert into tow_store.need (job_id, on_id, if_failed) values (j.parent, j.id, 'g') on conflict do nothing;
		if found then -- its end was counted
			update tow_store.family f set completed = f.completed - (v_end = 'c')::int, failed = f.failed - (v_end = 'f')::int,
				cancelled = f.cancelled - (v_end = 'x')::int
			where f.id = j.parent;
		end if;
	end if;
	insert into tow_store.need (job_id, on_id, if_failed)
	select e.job_id, e.on_id, e.if_failed from tow_store.edge e
	where e.job_id = j.id and tow_store.ending(e.on_id) is null and tow_store.waits_for(array[e.on_id], j.id) is null
	on conflict do nothing;
	return case when exists (select from tow_store.need n where n.on_id = j.id) then 8 else 0 end
		| case when exists (select from tow_store.step s where s.job_id = j.id) or exists (select from tow_store.signal g where g.job_id = j.id)
			or exists (select from tow_store.edge e where e.job_id = j.id) or exists (select from tow_store.family f where f.id = j.id) then 16 else 0 end;
end $$;
comment on function tow_store.relink(tow_store.job) is 'Tie a job that is put back to its parent and predecessors again; returns its flags 8 and 16.';
