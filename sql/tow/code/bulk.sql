-- One verb on all jobs that match, each with the verb's own rules and audit: first as a dry run, which is the default.
-- A job that moves on meanwhile, so that the verb no longer applies, says so in its row and stops nobody. What a call
-- does is one transaction: max_jobs keeps it short; call again for more (finished and moved jobs, and those that were asked to stop, no longer match). The server
-- is told whether there are more.
-- Raises TW422 for a verb, a filter or an argument that does not fit.
create or replace function tow.bulk(
	verb text, state text default null, queue text default null, kind text default null, lane text default null,
	tag text default null, class text default null, priority int default null, older_than interval default null,
	newer_than interval default null, ids bigint[] default null,
	delay interval default null, to_priority int default null, to_queue text default null, reason text default null,
	max_jobs int default 1000, dry_run boolean default true
) returns table(job bigint, done text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_verb constant text := case verb when 'delete' then 'forget' else verb end; -- as DELETE has it
	v_finished constant boolean := v_verb = 'forget' or v_verb = 'retry' and coalesce(state, 'failed') <> 'retrying';
	-- whom the verb cannot touch must not fill up max_jobs; who is named is told so
	v_states constant text[] := case when state is not null then array[state] when ids is not null or v_verb = 'cancel' then null
		when v_verb = 'run_now' then '{scheduled,retrying}' else '{scheduled,retrying,ready,waiting}' end;
	v_count int := 0;
	v_more boolean := false;
begin
	perform tow_store.check_bulk(v_verb, state, class, delay, to_priority, to_queue, reason, max_jobs);
	perform tow_store.check_dry_run(dry_run);
	if num_nonnulls(state, queue, kind, lane, tag, class, priority, older_than, newer_than, ids) = 0 then
		perform tow_store.fail('TW422', 'which jobs?', 'give state, queue, kind, lane, tag, class, priority, older_than, newer_than or ids');
	elsif cardinality(ids) > max_jobs then
		perform tow_store.fail('TW422', format('%s ids, and max_jobs is %s', cardinality(ids), max_jobs), 'give fewer, or a larger max_jobs');
	end if;
	for job in
		select c.id from tow_store.bulk_live(v_states, queue, kind, lane, tag, priority, older_than, newer_than, ids, v_verb = 'cancel' and ids is null, max_jobs + 1) c where not v_finished
		union all
		select c.id from tow_store.bulk_finished(v_verb, coalesce(state, case when v_verb = 'retry' or ids is null then 'failed' end), queue, kind, lane, tag, class, priority, older_than, newer_than, ids, max_jobs + 1) c
		where v_finished
		order by 1
	loop
		v_more := v_count = max_jobs;
		exit when v_more;
		v_count := v_count + 1;
		done := case when dry_run then format('%s: would %s', tow.state(job), replace(v_verb, '_', ' '))
			else tow_store.bulk_one(v_verb, job, delay, to_priority, to_queue, reason) end;
		return next;
	end loop;
	perform set_config('tow.more', v_more::text, true);
	if v_count > 0 and not dry_run then
		perform tow_store.note('bulk.' || v_verb, queue, null, jsonb_strip_nulls(jsonb_build_object('jobs', v_count, 'state', state, 'kind', kind, 'lane', lane,
			'tag', tag, 'class', class, 'priority', priority, 'older_than', older_than, 'newer_than', newer_than,
			'delay', delay, 'to_priority', to_priority, 'to_queue', to_queue)));
	end if;
end $$;
comment on function tow.bulk(text, text, text, text, text, text, text, int, interval, interval, bigint[], interval, int, text, text, int, boolean) is
'A verb on all jobs that match: cancel (reason), retry and forget, or delete (finished jobs: failed ones where no state is given), run_now, snooze (delay), reprioritise (to_priority), move (to_queue). older_than and newer_than count from when a job was made, of finished ones from when they finished. dry_run is the default: it only says which it would be.';

create or replace function tow_store.check_dry_run(p_dry_run boolean) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_dry_run is null then
		perform tow_store.fail('TW422', 'dry_run is null', 'use true to see what would be done, false to do it');
	end if;
end $$;
comment on function tow_store.check_dry_run(boolean) is 'Refuse a dry run that is neither: nothing is done by mistake.';

create or replace function tow_store.check_bulk(
	p_verb text, p_state text, p_class text, p_delay interval, p_to_priority int, p_to_queue text, p_reason text, p_max_jobs int
) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	c_finished constant text[] := array['completed', 'failed', 'cancelled'];
	v_extra text;
begin
	if p_verb is null or p_verb not in ('cancel', 'retry', 'forget', 'run_now', 'snooze', 'reprioritise', 'move') then
		perform tow_store.fail('TW422', format('bad verb %L', p_verb), 'use cancel, retry, forget, run_now, snooze, reprioritise or move');
	elsif p_max_jobs is null or p_max_jobs not between 1 and 10000 then
		perform tow_store.fail('TW422', 'bad max_jobs', 'use 1 to 10000, and call again for more');
	elsif p_state <> all('{scheduled,ready,running,retrying,waiting}'::text[] || c_finished) then
		perform tow_store.fail('TW422', format('bad state %L', p_state), tow_store.meant_state(p_state) || 'scheduled, ready, running, retrying, waiting, completed, failed or cancelled');
	elsif p_verb = 'retry' and p_state <> all(c_finished || '{retrying}'::text[]) or p_verb = 'forget' and p_state <> all(c_finished)
		or p_verb not in ('retry', 'forget') and p_state = any(c_finished) then
		perform tow_store.fail('TW422', format('%s does not fit jobs that are %s', p_verb, p_state),
			'retry and forget are for completed, failed and cancelled jobs (retry for retrying ones, too), the other verbs for live ones');
	elsif p_class is not null and (p_verb not in ('retry', 'forget') or p_state = 'retrying') then
		perform tow_store.fail('TW422', 'class is of finished jobs', 'use it with retry or forget');
	end if;
	foreach v_extra in array array['delay', 'to_priority', 'to_queue', 'reason'] loop
		if (case v_extra when 'delay' then p_delay is null when 'to_priority' then p_to_priority is null when 'to_queue' then p_to_queue is null else p_reason is null end)
			= (v_extra = case p_verb when 'snooze' then 'delay' when 'reprioritise' then 'to_priority' when 'move' then 'to_queue' else '' end)
			and not (v_extra = 'reason' and (p_reason is null or p_verb = 'cancel')) then
			perform tow_store.fail('TW422', format('%s and %s do not go together, or it is missing', p_verb, v_extra),
				'snooze needs delay, reprioritise to_priority, move to_queue; cancel may have a reason; the others have none of them');
		end if;
	end loop;
	if p_verb = 'move' then -- a dry run, too, says what tow.move would
		perform tow_store.check_job('any', '{}', p_to_queue, 100, null, null, null, null, null);
		perform tow_store.check_producer(p_to_queue);
	end if;
end $$;
comment on function tow_store.check_bulk(text, text, text, interval, int, text, text, int) is 'Refuse bad arguments of tow.bulk.';

-- Streams through live jobs, each with a probe for its facts, so that it ends as soon as it has enough. p_unasked: who runs and
-- was asked to stop is left out; it goes on running for a while, and would keep others from their turn.
create or replace function tow_store.bulk_live(
	p_states text[], p_queue text, p_kind text, p_lane text, p_tag text, p_priority int, p_older interval, p_newer interval, p_ids bigint[], p_unasked boolean, p_limit int
) returns table(id bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_custom_plan
as $$
declare
	v_now constant timestamptz := tow.now();
begin
	return query
		select m.id from tow_store.places m
			join tow_store.job j on j.id = m.id
			left join tow_store.band b on b.id = m.band
		where (p_ids is null or m.id = any(p_ids)) and (p_states is null or m.state = any(p_states))
			and (p_queue is null or j.queue = p_queue) and (p_kind is null or j.kind = p_kind) and (p_lane is null or j.lane = p_lane)
			and (p_tag is null or p_tag = any(j.tags)) and (p_priority is null or coalesce(b.priority, j.priority) = p_priority)
			and (p_older is null or j.created_at < v_now - p_older) and (p_newer is null or j.created_at >= v_now - p_newer)
			and not (p_unasked and exists (select from tow_store.cancelling a join tow_store.running r on r.job_id = a.job_id and r.run = a.run where a.job_id = m.id))
		limit p_limit;
end $$;
comment on function tow_store.bulk_live(text[], text, text, text, text, int, interval, interval, bigint[], boolean, int) is 'Live jobs that match, for tow.bulk.';

create or replace function tow_store.bulk_finished(
	p_verb text, p_state text, p_queue text, p_kind text, p_lane text, p_tag text, p_class text, p_priority int, p_older interval, p_newer interval, p_ids bigint[], p_limit int
) returns table(id bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_custom_plan
as $$
declare
	v_now constant timestamptz := tow.now();
	v_outcomes constant "char"[] := case p_state when 'completed' then '{c}' when 'failed' then '{f}' when 'cancelled' then '{x}' else '{c,f,x}' end::"char"[];
begin
	return query
		select h.job_id from tow_store.history h
			join tow_store.job j on j.id = h.job_id
			left join tow_store.band b on b.id = h.band
		where h.outcome = any(v_outcomes) and (p_ids is null or h.job_id = any(p_ids))
			and (p_queue is null or j.queue = p_queue) and (p_kind is null or j.kind = p_kind) and (p_lane is null or j.lane = p_lane)
			and (p_tag is null or p_tag = any(j.tags)) and (p_class is null or starts_with(h.class, p_class))
			and (p_priority is null or coalesce(b.priority, j.priority) = p_priority)
			and (p_older is null or h.finished_at < v_now - p_older) and (p_newer is null or h.finished_at >= v_now - p_newer)
			and not exists (select from tow_store.revival v where v.run = h.run)
			and (p_ids is not null or p_verb <> 'retry' or not coalesce(j.deadline <= v_now, false)) -- could not be run again
		limit p_limit;
end $$;
comment on function tow_store.bulk_finished(text, text, text, text, text, text, text, int, interval, interval, bigint[], int) is 'Finished jobs that match, for tow.bulk.';

create or replace function tow_store.bulk_one(p_verb text, p_job bigint, p_delay interval, p_to_priority int, p_to_queue text, p_reason text) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	return case p_verb
		when 'cancel' then tow.cancel(p_job, p_reason)
		when 'retry' then tow.retry(p_job)
		when 'forget' then tow.forget(p_job)
		when 'run_now' then tow.run_now(p_job)
		when 'snooze' then format('until %s', tow.snooze(p_job, p_delay))
		when 'reprioritise' then tow.reprioritise(p_job, p_to_priority)
		else tow.move(p_job, p_to_queue) end;
exception
	when sqlstate 'TW404' or sqlstate 'TW409' then
		return 'not done: ' || sqlerrm;
end $$;
comment on function tow_store.bulk_one(text, bigint, interval, int, text, text) is 'One job of tow.bulk: what came of it, or why nothing did.';
