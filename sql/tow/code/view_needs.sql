-- What needs somebody, at a bounded cost: what is not well, jobs that wait for a word, jobs that failed, in groups. Locks nothing.

-- A kind that is called after an area (haul.fetch) is a means of that area, which says itself what is wrong: to retry the
-- job does nothing for what it was to do.
create or replace function tow_store.area_of(p_kind text) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select r.area from tow_store.route r where p_kind ^@ (r.area || '.') and r.area <> 'tow' limit 1
$$;
comment on function tow_store.area_of(text) is 'The area whose job a job of this kind is; null: it is its own.';

-- Among the last runs that went wrong, so many and no more; whose job was put back needs nobody.
create or replace function tow_store.failed_groups(p_ids int)
returns table(kind text, class text, count bigint, more boolean, jobs bigint[], since timestamptz, last_at timestamptz, detail text)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
	c_most constant int := 5000;
	v_sight constant text[] := tow_store.sight();
begin
	return query with t as materialized (
		select h.job_id, h.run, h.finished_at, h.outcome, h.class, h.error from tow_store.history h where h.outcome <> 'c' order by h.finished_at desc limit c_most
	), f as (
		select j.kind, j.queue, t.* from t join tow_store.job j on j.id = t.job_id
		where t.outcome = 'f' and not exists (select from tow_store.revival v where v.run = t.run)
	)
	select f.kind, f.class, count(*), (select count(*) = c_most from t), (array_agg(f.job_id order by f.finished_at desc, f.run desc))[:p_ids], min(f.finished_at), max(f.finished_at),
		left((array_agg(tow_store.shown(f.error, tow_store.in_sight(f.queue, v_sight)) order by f.finished_at desc, f.run desc))[1], 1000)
	from f group by f.kind, f.class;
end $$;
comment on function tow_store.failed_groups(int) is 'Part of tow.needs: jobs that failed, by kind and class of error.';

create or replace function tow_store.asking_groups(p_ids int) returns table(kind text, count bigint, more boolean, jobs bigint[], since timestamptz, last_at timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
	c_most constant int := 1000;
begin
	return query with w as materialized (
		select o.id, o.since from tow_store.waiting o where o.reason = 'approval' order by o.reason, o.id limit c_most
	)
	select j.kind, count(*), (select count(*) = c_most from w), (array_agg(w.id order by w.id))[:p_ids], min(w.since), max(w.since)
	from w join tow_store.job j on j.id = w.id group by j.kind;
end $$;
comment on function tow_store.asking_groups(int) is 'Part of tow.needs: jobs that wait for approval, by kind.';

create or replace function tow.needs(max_ids int default 5)
returns table(what text, subject text, kind text, class text, count bigint, more boolean, jobs bigint[], since timestamptz, last_at timestamptz, detail text, hint text, of text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
	if needs.max_ids is null or needs.max_ids not between 0 and 100 then
		perform tow_store.fail('TW422', 'bad max_ids', 'use 0 to 100');
	end if;
	return query
		select s.status, s.component, null::text, null::text, null::bigint, false, null::bigint[], null::timestamptz, null::timestamptz, s.detail, s.hint, null::text
		from tow.status() s where s.status <> 'ok' order by s.status, s.component;
	return query
		select 'approval', null::text, a.kind, null::text, a.count, a.more, a.jobs, a.since, a.last_at, null::text, 'say yes or no to each: tow approve, or tow reject', tow_store.area_of(a.kind)
		from tow_store.asking_groups(needs.max_ids) a order by a.since, a.kind;
	return query
		select 'failed', null::text, f.kind, f.class, f.count, f.more, f.jobs, f.since, f.last_at, f.detail, case when tow_store.area_of(f.kind) is null then 'retry or forget them: tow bulk' end, tow_store.area_of(f.kind)
		from tow_store.failed_groups(needs.max_ids) f order by f.last_at desc, f.kind, f.class;
end $$;
comment on function tow.needs(int) is
'What needs somebody. what: bad or warn (subject: a component of tow.status that is not well), approval (jobs that wait for a word, by kind), failed (jobs that failed, by kind and class, and were not put back). count: how many, among the last 5,000 runs that went wrong and the first 1,000 jobs that wait; more: there may be others. jobs: max_ids of them, those that failed last, or wait longest. of: the area whose business they are: it says itself what is wrong, and does not go on when its jobs are retried.';
