-- What needs somebody, at a bounded cost: what is not well, jobs that wait for a word, jobs that failed, in groups. Locks nothing.

-- A kind that is called after an area (haul.fetch) is a means of that area, which says itself what is wrong: to retry the
-- job does nothing for what it was to do.
create or replace function tow_store.area_of(p_kind text) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select r.area from tow_store.route r where p_kind ^@ (r.area || '.') and r.area <> 'tow' limit 1
$$;
comment on function tow_store.area_of(text) is 'The area whose job a job of this kind is; null: it is its own.';

-- Messages that differ in numbers, names in quotes, ids and paths alone say the same.
create or replace function tow_store.gist(p_error text) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
	select regexp_replace(left(p_error, 200), '''[^'']*''|"[^"]*"|[^\s]*/[^\s]*|\m[[:xdigit:]]{6,}\M|[[:digit:]]+', '*', 'g')
$$;
comment on function tow_store.gist(text) is 'A message without what is of one job only: numbers, ids, quoted names, paths.';

create or replace function tow_store.went_wrong(p_most int) returns table(job_id bigint, run bigint, finished_at timestamptz, outcome "char", class text)
language sql stable rows 5000 set search_path = pg_catalog, pg_temp
as $$
	select h.job_id, h.run, h.finished_at, h.outcome, h.class from tow_store.history h where h.outcome <> 'c' order by h.finished_at desc limit p_most
$$;
comment on function tow_store.went_wrong(int) is 'The last runs that did not complete.';

-- Among the last runs that went wrong, so many and no more; whose job was put back needs nobody. What they say is read of the
-- last ones alone, of each group as many: to tell messages apart takes longer than all else.
create or replace function tow_store.failed_groups(p_ids int)
returns table(kind text, class text, count bigint, more boolean, jobs bigint[], since timestamptz, last_at timestamptz, detail text, messages bigint, says text[], read bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
	c_most constant int := 5000;
	c_read constant int := 300;
	c_says constant int := 10;
	v_sight constant text[] := tow_store.sight();
begin
	return query with t as materialized (
		select * from tow_store.went_wrong(c_most)
	), f as materialized (
		select j.kind collate "C" as kind, t.class collate "C" as class, j.queue, t.job_id, t.run, t.finished_at,
			row_number() over (partition by j.kind collate "C", t.class collate "C" order by t.finished_at desc, t.run desc) as nth
		from t join tow_store.job j on j.id = t.job_id
		where t.outcome = 'f' and not exists (select from tow_store.revival v where v.run = t.run)
	), g as materialized (
		select f.kind, f.class, count(*) as count, min(f.finished_at) as since, max(f.finished_at) as last_at, array_agg(f.job_id order by f.nth) filter (where f.nth <= p_ids) as jobs
		from f group by f.kind, f.class
	), l as (
		select o.kind, o.class, o.nth, tow_store.shown(h.error, tow_store.in_sight(o.queue, v_sight)) as error
		from (select f.* from f order by f.nth, f.finished_at desc limit (select greatest(c_read, count(*)) from g)) o
		join tow_store.history h on h.job_id = o.job_id and h.run = o.run and h.finished_at = o.finished_at
	), s as (
		select o.*, row_number() over (partition by o.kind, o.class, o.gist order by o.nth) as newest, count(*) over (partition by o.kind, o.class, o.gist) as alike
		from (select l.*, coalesce(tow_store.gist(l.error), '') collate "C" as gist from l) o
	), m as (
		select s.kind, s.class, count(*) as read, count(*) filter (where s.newest = 1) as messages, left(min(s.error) filter (where s.nth = 1), 1000) as detail,
			(array_agg(case when s.alike > 1 then s.alike || ' × ' else '' end || left(s.error, 300) order by s.alike desc, s.nth) filter (where s.newest = 1))[:c_says] as says
		from s group by s.kind, s.class
	)
	select g.kind, g.class, g.count, (select count(*) = c_most from t), coalesce(g.jobs, '{}'), g.since, g.last_at, m.detail, m.messages, m.says, m.read
	from g join m on m.kind = g.kind and m.class is not distinct from g.class;
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

-- As the rows of tow.queues, which count all; more than a thousand is null.
create or replace function tow_store.glanced() returns jsonb
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select jsonb_agg(to_jsonb(g) || jsonb_build_object('pause_reason', q.pause_reason, 'ready', case when g.ready <= 1000 then g.ready end, 'waiting', case when g.waiting <= 1000 then g.waiting end) order by g.name)
	from tow_store.glance() g join tow_store.queue q on q.name = g.name
$$;
comment on function tow_store.glanced() is 'Queues for tow_store.status_of, at a bounded cost.';

create or replace function tow.needs(max_ids int default 5)
returns table(what text, subject text, kind text, class text, count bigint, more boolean, jobs bigint[], since timestamptz, last_at timestamptz, detail text, hint text, of text, messages bigint, says text[], read bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
	if needs.max_ids is null or needs.max_ids not between 0 and 100 then
		perform tow_store.fail('TW422', 'bad max_ids', 'use 0 to 100');
	end if;
	return query
		select s.status, s.component, null::text, null::text, null::bigint, false, null::bigint[], null::timestamptz, null::timestamptz, s.detail, s.hint, null::text, null::bigint, null::text[], null::bigint
		from tow_store.status_of(tow_store.glanced()) s where s.status <> 'ok' order by s.status, s.component;
	return query
		select 'approval', null::text, a.kind, null::text, a.count, a.more, a.jobs, a.since, a.last_at, null::text, 'say yes or no to each: tow approve, or tow reject', tow_store.area_of(a.kind), null::bigint, null::text[], null::bigint
		from tow_store.asking_groups(needs.max_ids) a order by a.since, a.kind;
	return query
		select 'failed', null::text, f.kind, f.class, f.count, f.more, f.jobs, f.since, f.last_at, f.detail, case when tow_store.area_of(f.kind) is null then 'retry or forget them: tow bulk' end, tow_store.area_of(f.kind), f.messages, f.says, f.read
		from tow_store.failed_groups(needs.max_ids) f order by f.last_at desc, f.kind, f.class;
end $$;
comment on function tow.needs(int) is
'What needs somebody. what: bad or warn (subject: a component of tow.status that is not well), approval (jobs that wait for a word, by kind), failed (jobs that failed, by kind and class, and were not put back). count: how many, among the last 5,000 runs that went wrong and the first 1,000 jobs that wait; more: there may be others. jobs: max_ids of them, those that failed last, or wait longest. of: the area whose business they are: it says itself what is wrong, and does not go on when its jobs are retried. messages: how many different ones those that failed have, where numbers, ids, quoted names and paths do not count; says: the last of each, the most frequent first, ten at most, with how many there are; read: of how many of them these two tell, the last ones: three hundred of all groups are read, of each as many.';
