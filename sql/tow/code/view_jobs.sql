create or replace view tow_store.places as
select r.id, 'ready' as state, r.band, r.attempt, null::timestamptz as run_at, null::timestamptz as started_at, null::bigint as worker,
	null::bigint as run, null::text as reason, r.pos
from tow_store.ready r where not (select b.laned from tow_store.band b where b.id = r.band)
union all
select r.id, 'waiting', r.band, r.attempt, null, null, null, null, 'arrival', r.pos
from tow_store.ready r where (select b.laned from tow_store.band b where b.id = r.band)
union all
select s.id, case s.reason when 'r' then 'retrying' else 'scheduled' end, s.band, s.attempt, s.run_at, null, null, null, null, null
from tow_store.scheduled s
union all
select w.id, 'waiting', w.band, w.attempt, null, null, null, null, w.reason, null from tow_store.waiting w
union all
select l.id, 'waiting', l.band, l.attempt, null, null, null, null, 'lane', l.pos from tow_store.lined l
union all
select u.job_id, 'running', u.band, u.attempt, null, u.claimed_at, u.worker, u.run, null, null from tow_store.running u;
comment on view tow_store.places is 'Where live jobs are.';

-- The view would read ready whole: it has no index on the id.
create or replace function tow_store.place_of(p_id bigint) returns setof tow_store.places
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
begin
	return query
		select r.id, case when b.laned then 'waiting' else 'ready' end, r.band, r.attempt, null::timestamptz, null::timestamptz, null::bigint,
			null::bigint, case when b.laned then 'arrival' end, r.pos
		from tow_store.ready r join tow_store.band b on b.id = r.band where r.ctid = tow_store.ready_ctid(p_id) and r.id = p_id
		union all
		select s.id, case s.reason when 'r' then 'retrying' else 'scheduled' end, s.band, s.attempt, s.run_at, null, null, null, null, null
		from tow_store.scheduled s where s.id = p_id
		union all
		select w.id, 'waiting', w.band, w.attempt, null, null, null, null, w.reason, null from tow_store.waiting w where w.id = p_id
		union all
		select l.id, 'waiting', l.band, l.attempt, null, null, null, null, 'lane', l.pos from tow_store.lined l where l.id = p_id
		union all
		select u.job_id, 'running', u.band, u.attempt, null, u.claimed_at, u.worker, u.run, null, null from tow_store.running u where u.job_id = p_id;
end $$;
comment on function tow_store.place_of(bigint) is 'Where a live job is, as in tow_store.places.';

create or replace view tow.jobs as
select m.id, m.state, j.kind, j.queue, coalesce(b.priority, j.priority) as priority, m.attempt, j.max_attempts, j.created_at,
	coalesce(m.run_at, j.run_at) as run_at, m.started_at, m.worker, m.run, g.pct,
	tow_store.shown(g.note, tow_store.in_sight(j.queue, (select tow_store.sight()))) as note,
	tow_store.shown(j.args, tow_store.in_sight(j.queue, (select tow_store.sight()))) as args,
	j.key, j.tags, case when m.reason = 'arrival' then 'lane' else m.reason end as reason, j.lane, j.parent,
	case when m.reason in ('lane', 'arrival') then tow_store.waits_in_lane(j.queue, j.lane) when m.state = 'waiting' then tow_store.waits_for_what(m.id) end as waits_for
from tow_store.places m
	join tow_store.job j on j.id = m.id
	left join tow_store.band b on b.id = m.band
	left join tow_store.progress g on g.job_id = m.id and g.run = m.run;
comment on view tow.jobs is 'Jobs that have not finished: scheduled, ready, running, retrying or waiting. Never looks at history.';
comment on column tow.jobs.attempt is 'Attempts spent; of a running job the present one is counted.';
comment on column tow.jobs.reason is 'Why a waiting job waits: admission (its queue or priority is new), policy (a function decides whether it is tried again), predecessors, children, batch (its members are still being added), signal, approval.';
comment on column tow.jobs.waits_for is 'The jobs, the signal or the lane that a waiting job waits for, and then what it will wait for after that.';

create or replace view tow.attempts as
select h.job_id as job, h.run, h.attempt,
	case h.outcome when 'c' then 'completed' when 'f' then 'failed' when 'x' then 'cancelled' when 'r' then 'retried'
		when 's' then 'snoozed' when 'w' then 'waited' when 'b' then 'given back' else 'lost' end as outcome,
	h.started_at, h.finished_at, h.finished_at - h.started_at as took, h.worker, h.class,
	tow_store.shown(h.error, tow_store.in_sight(q.name, (select tow_store.sight()))) as error,
	tow_store.shown(h.detail, tow_store.in_sight(q.name, (select tow_store.sight()))) as detail,
	h.delay
from tow_store.history h
	left join tow_store.band b on b.id = h.band
	left join tow_store.queue q on q.id = b.queue;
comment on view tow.attempts is 'Every run that ended, however it ended. Filter on job, or on finished_at: that prunes partitions.';

create or replace view tow.history as
select h.job_id as id, tow_store.end_name(h.outcome) as state,
	j.kind, j.queue, coalesce(b.priority, j.priority) as priority, h.attempt, j.created_at, h.started_at, h.finished_at,
	h.finished_at - h.started_at as took, h.worker, h.run, h.class,
	tow_store.shown(h.error, tow_store.in_sight(j.queue, (select tow_store.sight()))) as error,
	tow_store.shown(h.result, tow_store.in_sight(j.queue, (select tow_store.sight()))) as result,
	tow_store.shown(j.args, tow_store.in_sight(j.queue, (select tow_store.sight()))) as args,
	j.key, j.tags,
	exists (select from tow_store.revival v where v.run = h.run) as revived, j.lane
from tow_store.history h
	join tow_store.job j on j.id = h.job_id
	left join tow_store.band b on b.id = h.band
where h.outcome in ('c', 'f', 'x');
comment on view tow.history is 'Jobs that finished. Filter on finished_at: that prunes partitions.';
comment on column tow.history.revived is 'It was put back since, by tow.retry or tow.redrive.';

-- And 0, which is none: null = any of nothing would be false, but what has no band yet may be of any queue.
create or replace function tow_store.bands_of(p_queue text) returns int[]
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select array(select b.id from tow_store.queue q join tow_store.band b on b.queue = q.id where q.name = p_queue) || 0
$$;
comment on function tow_store.bands_of(text) is 'The bands of a queue, for = any, which is null for what is in none yet.';

-- The newest live jobs, so many of each state, found from the ends of indexes; no table is read whole. Of a band of
-- ready jobs the last thousand positions (and max_rows) are looked at, and those that re-entered at any: newer jobs
-- behind more than a thousand that re-entered after them are not shown.
create or replace function tow_store.newest_places(p_state text, p_rows int, p_before bigint, p_bands int[] default null) returns setof tow_store.places
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_sort = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
begin
	return query with born as (
		select m.*, b.laned from tow_store.band b, lateral (
				select * from (select r.* from tow_store.ready r where r.band = b.id and r.pos < p_before
					order by r.band desc, r.pos desc limit p_rows + 1000) l
				where l.pos = l.id limit p_rows) m
		where (p_bands is null or b.id = any(p_bands)) and (p_state is null or p_state = case when b.laned then 'waiting' else 'ready' end)
	), moved as (
		select * from (select r.*, (select b.laned from tow_store.band b where b.id = r.band) as laned from tow_store.ready r
				where r.pos <> r.id and r.id < p_before and (p_bands is null or r.band = any(p_bands)) order by r.id desc limit p_rows + 1000) l
		where p_state is null or p_state = case when l.laned then 'waiting' else 'ready' end limit p_rows
	), ready as ( -- not from places: the planner would not see that the end of an index is enough
		select r.id, case when r.laned then 'waiting' else 'ready' end, r.band, r.attempt, null::timestamptz, null::timestamptz, null::bigint,
			null::bigint, case when r.laned then 'arrival' end, r.pos
		from (table born union all table moved) r
	), lined as (
		select p.* from tow_store.places p where p.reason = 'lane' and p.id < p_before
			and coalesce(p_state, 'waiting') = 'waiting' and coalesce(p.band = any(p_bands), true) order by p.id desc limit p_rows
	), scheduled as (
		select p.* from tow_store.places p where p.state in ('scheduled', 'retrying') and p.id < p_before
			and (p_state is null or p_state in ('scheduled', 'retrying')) and coalesce(p_state, p.state) = p.state and coalesce(p.band = any(p_bands), true) order by p.id desc limit p_rows
	), waiting as (
		select p.* from tow_store.places p where p.state = 'waiting' and p.reason not in ('lane', 'arrival') and p.id < p_before
			and coalesce(p_state, 'waiting') = 'waiting' and coalesce(p.band = any(p_bands), true) order by p.id desc limit p_rows
	), running as (
		select p.* from tow_store.places p where p.state = 'running' and p.run is not null and p.id < p_before
			and coalesce(p_state, 'running') = 'running' and coalesce(p.band = any(p_bands), true) order by p.id desc limit p_rows
	)
	select * from (table lined union all table ready union all table scheduled union all table waiting union all table running) u
	order by u.id desc limit p_rows;
end $$;
comment on function tow_store.newest_places(text, int, bigint, int[]) is 'Where the newest live jobs are, the newest first, at a bounded cost; p_bands: those in these bands, and what is in none yet.';

-- All live jobs are read before their facts, of which there may be a thousand times as many; no limit tempts the planner to begin with those.
create or replace function tow_store.all_places(p_state text, p_rows int, p_before bigint, p_fits jsonb) returns tow_store.places[]
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = on set enable_hashjoin = on set enable_nestloop = on set enable_mergejoin = off set jit = off
as $$
begin
	return (with live as materialized (
			select m.id, m as place from tow_store.places m where m.id < p_before and (p_state is null or m.state = p_state)
		)
		select coalesce((array_agg(l.place order by l.id desc))[:coalesce(p_rows, 2147483647)], '{}') from live l join tow_store.job j on j.id = l.id
		where (not p_fits ? 'queue' or j.queue = p_fits ->> 'queue') and (not p_fits ? 'kind' or j.kind = p_fits ->> 'kind') and (not p_fits ? 'tag' or p_fits ->> 'tag' = any(j.tags))
			and (not p_fits ? 'key' or j.key = p_fits ->> 'key') and (not p_fits ? 'lane' or j.lane = p_fits ->> 'lane'));
end $$;
comment on function tow_store.all_places(text, int, bigint, jsonb) is 'Where the newest live jobs are that fit, however far behind others they are.';

create or replace function tow_store.jobs_at(p_places tow_store.places[]) returns setof tow.jobs
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	v_sight constant text[] := tow_store.sight();
begin
	return query with unserved as materialized (
			select u.* from (select array_agg(j.kind), array_agg(j.queue) from unnest(p_places) m join tow_store.job j on j.id = m.id where m.state = 'ready') r(kinds, queues),
				lateral tow_store.unserved_among(r.kinds, r.queues) u
		)
		select m.id, m.state, j.kind, j.queue, coalesce(b.priority, j.priority), m.attempt, j.max_attempts, j.created_at,
			coalesce(m.run_at, j.run_at), m.started_at, m.worker, m.run, g.pct, -- as tow.jobs
			tow_store.shown(g.note, tow_store.in_sight(j.queue, v_sight)), tow_store.shown(j.args, tow_store.in_sight(j.queue, v_sight)),
			j.key, j.tags, case when m.reason = 'arrival' then 'lane' else m.reason end,
			j.lane, j.parent, case when m.reason in ('lane', 'arrival') then tow_store.waits_in_lane(j.queue, j.lane) when m.state = 'waiting' then tow_store.waits_for_what(m.id) else u.why end
		from unnest(p_places) with ordinality m(id, state, band, attempt, run_at, started_at, worker, run, reason, pos, n)
			join tow_store.job j on j.id = m.id
			left join tow_store.band b on b.id = m.band
			left join tow_store.progress g on g.job_id = m.id and g.run = m.run
			left join unserved u on m.state = 'ready' and u.kind = j.kind and u.queue = j.queue
		order by m.n;
end $$;
comment on function tow_store.jobs_at(tow_store.places[]) is 'What tow.jobs has of jobs at these places, in their order, and of ready ones why no worker would run them.';

-- Mostly the newest have enough of them.
create or replace function tow.find_jobs(
	state text default null, queue text default null, kind text default null, tag text default null, key text default null,
	max_rows int default 50, before bigint default null, lane text default null
) returns setof tow.jobs
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
#variable_conflict use_variable
declare
	c_newest constant int := 1000;
	v_before constant bigint := coalesce(before, 9223372036854775807);
	v_fits constant jsonb := jsonb_strip_nulls(jsonb_build_object('queue', queue, 'kind', kind, 'tag', tag, 'key', key, 'lane', lane));
	v_bands constant int[] := case when queue is not null then tow_store.bands_of(queue) end;
	v_newest tow_store.places[];
	v_places tow_store.places[];
begin
	if state is not null and state not in ('scheduled', 'ready', 'running', 'retrying', 'waiting') then
		perform tow_store.fail('TW422', format('bad state %L', state), tow_store.meant_state(state) || 'live jobs are scheduled, ready, running, retrying or waiting; finished ones are in tow.history');
	end if;
	v_newest := array(select m from tow_store.newest_places(state, case when v_fits = '{}' then coalesce(max_rows, 0) else c_newest end, v_before, v_bands) m);
	v_places := array(
		select m from unnest(v_newest) m join tow_store.job j on j.id = m.id
		where (queue is null or j.queue = queue) and (kind is null or j.kind = kind) and (tag is null or tag = any(j.tags)) and (key is null or j.key = key) and (lane is null or j.lane = lane)
		order by m.id desc limit max_rows);
	if max_rows is null or cardinality(v_newest) = c_newest and cardinality(v_places) < max_rows then
		v_places := tow_store.all_places(state, max_rows, v_before, v_fits);
	end if;
	return query select j.* from tow_store.jobs_at(v_places) j;
end $$;
comment on function tow.find_jobs(text, text, text, text, text, int, bigint, text) is 'Live jobs that match, newest first; waits_for says of a ready one why no worker would run it. before: only older ids (for paging).';
