-- Where a job stands, or how it has ended: asked so often, of one job at a time, that each of these keeps its plan and
-- looks at no more days of history than it must.

-- In the order of what moves a job, all in one snapshot. A job that is in none of these has ended, or is no more.
create or replace function tow.state(id bigint) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	v_state text;
begin
	select coalesce(
		(select 'running' from tow_store.running r where r.job_id = $1),
		(select case when s.reason = 'r' then 'retrying' else 'scheduled' end from tow_store.scheduled s where s.id = $1),
		(select 'waiting' from tow_store.waiting w where w.id = $1),
		(select 'waiting' from tow_store.lined l where l.id = $1),
		(select case when b.laned then 'waiting' else 'ready' end from tow_store.ready r join tow_store.band b on b.id = r.band where r.ctid = tow_store.ready_ctid($1)))
	into v_state;
	return coalesce(v_state, tow_store.end_name((tow_store.last_end($1)).outcome), (select 'unknown' from tow_store.job j where j.id = $1));
end $$;
comment on function tow.state(bigint) is 'The state of a job: scheduled ready running retrying waiting completed failed cancelled; null if there is no such job.';

-- As tow.state, for duties. How it ended is asked after it was seen to have ended, so it is known by then.
create or replace function tow_store.ending(p_id bigint) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	v_lives boolean;
begin
	select exists (select from tow_store.running r where r.job_id = p_id) or exists (select from tow_store.scheduled s where s.id = p_id)
		or exists (select from tow_store.waiting w where w.id = p_id) or exists (select from tow_store.lined l where l.id = p_id)
		or tow_store.ready_ctid(p_id) is not null
	into v_lives;
	if v_lives then
		return null;
	end if;
	return coalesce(tow_store.end_name((tow_store.last_end(p_id)).outcome), 'unknown');
end $$;
comment on function tow_store.ending(bigint) is 'How a job has ended, unknown if nothing is remembered of it; null while it lives.';

create or replace function tow_store.end_name(p_outcome "char") returns text
language sql immutable parallel safe
return case p_outcome when 'c' then 'completed' when 'f' then 'failed' when 'x' then 'cancelled' end;
comment on function tow_store.end_name("char") is 'The state of a job that ended so.';

-- The end that nobody has taken back, else the last that somebody has. There is at most one of the former, and it came
-- after the job was made, or put back: so days are looked at from there, ever more at a time, which finds most jobs'
-- at once. All of them only where a clock was turned back or the facts are gone.
create or replace function tow_store.last_end(
	p_id bigint, out outcome "char", out run bigint, out finished_at timestamptz, out started_at timestamptz, out worker bigint, out band int, out attempt int, out class text, out error text
)
language plpgsql stable strict set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	v_now constant timestamptz := tow.now();
	v_from timestamptz;
	v_until timestamptz;
	v_days int := 1;
	v_run bigint;
begin
	select coalesce(v.at, j.created_at), coalesce(v.run, -1) into v_from, v_run
	from tow_store.job j left join lateral (select o.run, o.at from tow_store.revival o where o.job_id = j.id order by o.run desc limit 1) v on true
	where j.id = p_id;
	loop
		v_until := v_from + v_days * interval '1 day';
		if v_from < v_now + interval '1 day' is not true then
			v_from := '-infinity';
			v_until := 'infinity';
			v_run := -1;
		end if;
		select h.outcome, h.run, h.finished_at, h.started_at, h.worker, h.band, h.attempt, h.class, h.error into outcome, run, finished_at, started_at, worker, band, attempt, class, error from tow_store.history h
		where h.job_id = p_id and h.finished_at >= v_from and h.finished_at < v_until and h.run > v_run and h.outcome in ('c', 'f', 'x') order by h.run desc limit 1;
		exit when found or v_until = 'infinity';
		v_from := v_until;
		v_days := v_days * 4;
	end loop;
end $$;
comment on function tow_store.last_end(bigint) is 'The last run of a job that ended it; all null if none is remembered.';

-- A ready row by its job's id: born rows stand at pos = id in a band of the job's queue and priority, moved ones
-- have an index of their own.
create or replace function tow_store.ready_ctid(p_id bigint) returns tid
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	v_ctid tid;
begin
	select r.ctid into v_ctid
	from tow_store.job j
		join tow_store.queue q on q.name = j.queue
		join tow_store.band b on b.queue = q.id and b.priority = j.priority
		join tow_store.ready r on r.band = b.id and r.pos = j.id
	where j.id = p_id and r.id = p_id limit 1;
	if not found then
		select r.ctid into v_ctid from tow_store.ready r where r.id = p_id and r.pos <> r.id limit 1;
	end if;
	return v_ctid;
end $$;
comment on function tow_store.ready_ctid(bigint) is 'Where in tow_store.ready a job stands, null if it is not there.';
