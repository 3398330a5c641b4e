-- All of a group of tow.needs, back at once: what it looks at, and in which groups, is as there, so that the numbers agree.
-- What cannot run again (a deadline, a key that another job has, a daemon's turn) stays, and is counted: it
-- is passed over, else it would stand at the head of each call and keep it from the others. Raises TW422.
create or replace function tow.retry_failed(kind text default null, class text default null, queue text default null, max_jobs int default 1000)
returns table(retried bigint, refused bigint, remain bigint, more boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_variable
declare
	c_most constant int := 5000;
	j tow_store.job;
	v_jobs bigint[];
	v_id bigint;
begin
	if max_jobs is null or max_jobs not between 1 and c_most then
		perform tow_store.fail('TW422', 'bad max_jobs', 'use 1 to 5000, and call again for more');
	end if;
	with t as materialized (
		select h.job_id, h.run, h.finished_at, h.outcome, h.class from tow_store.history h where h.outcome <> 'c' order by h.finished_at desc limit c_most
	)
	select coalesce(array_agg(f.id order by t.finished_at, t.run) filter (where f.id is not null), '{}'), count(*) = c_most into v_jobs, more
	from t left join lateral (
		select o.id from tow_store.job o
		where o.id = t.job_id and t.outcome = 'f' and (retry_failed.kind is null and tow_store.area_of(o.kind) is null or o.kind = retry_failed.kind) and (retry_failed.queue is null or o.queue = retry_failed.queue)
			and (retry_failed.class is null or coalesce(t.class, '') = retry_failed.class) and not exists (select from tow_store.revival v where v.run = t.run)) f on true;
	retried := 0;
	refused := 0;
	foreach v_id in array v_jobs loop
		exit when retried = max_jobs;
		select o.* into j from tow_store.job o where o.id = v_id;
		if tow_store.revive(j) then
			retried := retried + 1;
			perform tow_store.note('job.retried', j.kind, j.id, '{"was": "failed", "by": "retry_failed"}');
		else
			refused := refused + 1;
		end if;
	end loop;
	remain := cardinality(v_jobs) - retried;
	if retried > 0 then
		perform tow_store.note('retry_failed', retry_failed.kind, null, jsonb_build_object('jobs', retried, 'class', retry_failed.class, 'queue', retry_failed.queue));
	end if;
	return next;
end $$;
comment on function tow.retry_failed(text, text, text, int) is
'Run failed jobs again, of a kind and class of error as tow.needs groups them (class: the whole word; '''': those that have none), oldest first, max_jobs a call. It looks at the last 5,000 runs that went wrong: remain of those still fit; refused could not run again and were passed over; more: there may be older ones. What works for an area (haul.fetch) is left out unless its kind is named.';
