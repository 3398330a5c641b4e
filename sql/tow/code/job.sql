-- Everything about one job, in one row. One that snoozes for weeks has tens of thousands of attempts: of what is a list the newest are given.
create or replace function tow.job(job bigint) returns table(
	id bigint, state text, kind text, queue text, priority int, attempt int, max_attempts int, args jsonb, result jsonb, error text,
	created_at timestamptz, run_at timestamptz, started_at timestamptz, finished_at timestamptz, worker bigint, run bigint,
	progress jsonb, attempts jsonb, log jsonb, key text, tags text[], policy text, timeout interval, deadline timestamptz, audit jsonb,
	lane text, parent bigint, waits_for text, after bigint[], children jsonb, steps jsonb, signals jsonb, counts jsonb
)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	j constant tow_store.job := tow_store.see_job($1);
	p constant tow_store.policy := tow_store.policy_for(j, null);
	v_sees constant boolean := tow.sees_args(j.queue);
	c_most constant int := 200;
begin
	return query
	select j.id, tow.state(j.id), j.kind, j.queue, coalesce(l.priority, j.priority), coalesce(l.attempt, h.attempt, 0), tow_store.max_attempts(j, p),
		tow_store.shown(j.args, v_sees), tow_store.shown(h.result, v_sees),
		tow_store.shown(coalesce(h.error, e.error), v_sees), j.created_at, coalesce(l.run_at, j.run_at), coalesce(l.started_at, h.started_at),
		case when l.id is null then h.finished_at end, coalesce(l.worker, h.worker), coalesce(l.run, h.run),
		(select to_jsonb(g) - 'job_id' || case when g.note is null or v_sees then '{}' else '{"note": "(hidden)"}' end::jsonb from tow_store.progress g where g.job_id = j.id and g.run = l.run),
		(select jsonb_agg(to_jsonb(a) - 'job' order by a.run) from (select * from tow.attempts o where o.job = j.id order by o.run desc limit c_most) a),
		(select jsonb_agg(to_jsonb(o) order by o.n) from (select * from tow.log(j.id) order by n desc limit c_most) o),
		j.key, j.tags, p.name, j.timeout, j.deadline,
		(select jsonb_agg(to_jsonb(a) - 'job_id' order by a.n) from (select * from tow_store.audit o where o.job_id = j.id order by o.n desc limit c_most) a),
		j.lane, j.parent, l.waits_for, (select array_agg(e.on_id order by e.on_id) from tow_store.edge e where e.job_id = j.id),
		(select to_jsonb(f) - 'since' from tow_store.family_of(j.id) f where f.total > 0),
		(select jsonb_agg(to_jsonb(t) order by t.at, t.name) from (select * from tow.steps(j.id) o order by o.at desc, o.name desc limit c_most) t),
		(select jsonb_agg(to_jsonb(g) - 'job_id' - 'fresh' || case when v_sees then '{}' else '{"payload": "(hidden)"}' end::jsonb order by g.n)
			from (select * from tow_store.signal o where o.job_id = j.id order by o.n desc limit 100) g),
		jsonb_build_object('attempts', (select count(*) from tow_store.history o where o.job_id = j.id), 'audit', (select count(*) from tow_store.audit o where o.job_id = j.id),
			'steps', (select count(*) from tow_store.step o where o.job_id = j.id), 'log', (select count(*) from tow_store.log o where o.job_id = j.id))
	from (select) one
		left join (select p.*, b.priority, case when p.reason in ('lane', 'arrival') then tow_store.waits_in_lane(j.queue, j.lane) else tow_store.waits_for_what(p.id) end as waits_for
			from tow_store.place_of(j.id) p left join tow_store.band b on b.id = p.band) l on true
		left join (select * from tow_store.history o where o.job_id = j.id and o.outcome in ('c', 'f', 'x') order by o.run desc limit 1) h on l.id is null
		left join (select o.error from tow_store.history o where o.job_id = j.id and o.outcome in ('r', 'l') order by o.run desc limit 1) e on l.id is not null;
end $$;
comment on function tow.job(bigint) is 'Everything about one job: facts, state, attempts with their errors, progress, log, result, what people did to it, what it waits for and remembers. Of attempts, log, audit and steps the newest 200; counts: how many there are.';

-- Most jobs have failed at nothing: how the last run ended is asked first, and where the job is only of those that failed.
create or replace function tow_store.tried(p_job bigint) returns table(tries int, most int, next_at timestamptz, error text)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	v_outcome "char";
	v_error text;
begin
	select h.outcome, h.error into v_outcome, v_error from tow_store.history h where h.job_id = p_job order by h.run desc limit 1;
	if v_outcome in ('r', 'l') then
		return query
			select p.attempt - (p.state = 'running')::int, tow_store.max_attempts(j, tow_store.policy_for(j, null)), case when p.state in ('retrying', 'scheduled') then p.run_at end,
				coalesce(tow_store.shown(v_error, tow_store.in_sight(j.queue, tow_store.sight())), 'its worker was lost')
			from tow_store.place_of(p_job) p join tow_store.job j on j.id = p.id;
	end if;
end $$;
comment on function tow_store.tried(bigint) is 'Of a job whose last attempt failed and that is not over: how often it was tried, of how many times, when it is next (null: now), and what was wrong.';

-- Those that wait for another try have an index; ready ones are looked for in that queue alone, as they may be millions.
create or replace function tow_store.tried_often(p_queue text, p_least int) returns table(id bigint, tries int)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
begin
	return query
		select o.id, o.tries
		from (
			select s.id, s.attempt as tries from tow_store.scheduled s where s.reason = 'r' and s.attempt >= p_least
			union all
			select w.id, w.attempt from tow_store.waiting w where w.reason in ('admission', 'policy') and w.attempt >= p_least
			union all
			select r.id, r.attempt from tow_store.queue q join tow_store.band b on b.queue = q.id join tow_store.ready r on r.band = b.id where q.name = p_queue and r.attempt >= p_least
			union all
			select u.job_id, u.attempt - 1 from tow_store.running u where u.attempt > p_least) o
			cross join lateral (select h.outcome from tow_store.history h where h.job_id = o.id order by h.run desc limit 1) l
		where l.outcome in ('r', 'l');
end $$;
comment on function tow_store.tried_often(text, int) is 'Jobs that have been tried in vain so often and are not over (tow_store.tried), and how often; of those that are ready, only a queue''s.';

create or replace function tow_store.level_name(p_level "char") returns text
language sql immutable parallel safe
return case p_level when 'e' then 'error' when 'w' then 'warn' when 'i' then 'info' when 'd' then 'debug' when 'o' then 'stdout' else 'stderr' end;
comment on function tow_store.level_name("char") is 'What a log line is: how grave, or from which stream.';

create or replace function tow.log(id bigint, after bigint default 0, max_rows int default null)
returns table(n bigint, at timestamptz, run bigint, level text, line text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_sees constant boolean := tow.sees_args((tow_store.see_job($1)).queue);
begin
	return query
		select l.n, l.at, l.run, tow_store.level_name(l.level), tow_store.shown(l.line, v_sees)
		from tow_store.log l where l.job_id = $1 and l.n > $2 order by l.n limit $3;
end $$;
comment on function tow.log(bigint, bigint, int) is 'The log lines of a job, of all its runs; after: only those with a larger n; max_rows: so many and no more.';

-- What somebody who waits for a job wants to know, cheaply.
create or replace function tow.outcome(id bigint) returns table(
	state text, attempt int, pct real, done bigint, total bigint, note text, class text, error text, result jsonb
)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select s.state, coalesce(r.attempt, h.attempt, 0), g.pct, g.done, g.total, tow_store.shown(g.note, s.sees),
		h.class, tow_store.shown(h.error, s.sees), tow_store.shown(h.result, s.sees)
	from (select tow.state($1) as state, tow.sees_args(q.name) as sees from (select (select j.queue from tow_store.job j where j.id = $1) as name offset 0) q where not tow_store.is_barred(q.name) offset 0) s
		left join tow_store.running r on r.job_id = $1
		left join tow_store.progress g on g.job_id = $1 and g.run = r.run
		left join lateral (select o.* from tow_store.history o where o.job_id = $1 and s.state in ('completed', 'failed', 'cancelled', 'retrying')
			order by o.run desc limit 1) h on true
	where s.state is not null
$$;
comment on function tow.outcome(bigint) is 'State and progress of a job, and its note, error and result for those who may see them (tow.sees_args); no row if there is no such job.';
