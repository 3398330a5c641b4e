-- Jobs for pages and programs, live and finished in one list, page by page. Keys are found from the ends of indexes, in
-- steps that grow, and what a key's own row says is looked at first; where few of the many that are looked at fit, the list
-- ends early and says where it goes on: a call never costs more than c_most of them, or list_time.
create or replace view tow_store.listed as
select null::text as cursor, j.id, null::text as state, j.kind, j.queue, j.priority, null::int as attempt, j.max_attempts, j.created_at, j.run_at, null::timestamptz as started_at, null::timestamptz as finished_at,
	null::bigint as worker, null::bigint as run, null::real as pct, null::text as note, null::text as class, null::text as error, j.key, j.tags, j.lane, j.parent, null::text as reason, null::text as waits_for, null::text as args_start
from tow_store.job j;
comment on view tow_store.listed is 'What tow.list_jobs returns: cursor is where the list goes on after the job; waits_for says of a ready job why no worker would run it; args_start is how its arguments begin.';

-- A glance at job_names, which says nothing of the order: each of its ranges holds thousands of ids. The key's own index looks as cheap
-- to the planner, and would read them all.
create or replace function tow_store.has_named(p_queue text, p_kind text, p_first bigint, p_before bigint) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_bitmapscan = on set enable_seqscan = off set enable_indexscan = off set enable_indexonlyscan = off set cpu_index_tuple_cost = 1000000 set max_parallel_workers_per_gather = 0 set jit = off set plan_cache_mode = force_generic_plan
as $$
begin
	return case
		when p_kind is null then exists (select from tow_store.job j where j.id >= p_first and j.id < p_before and j.queue = p_queue)
		when p_queue is null then exists (select from tow_store.job j where j.id >= p_first and j.id < p_before and j.kind = p_kind)
		else exists (select from tow_store.job j where j.id >= p_first and j.id < p_before and j.queue = p_queue and j.kind = p_kind)
	end;
end $$;
comment on function tow_store.has_named(text, text, bigint, bigint) is 'Whether any of the ids from p_first on and before p_before is of a queue, of a kind, or of both.';

-- A position is given with the id, or later: the end itself is looked at, too, for those that came to their place long after they were made.
create or replace function tow_store.newest_ready(p_queue text, p_before bigint) returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
begin
	return (select max(l.id) from tow_store.queue q join tow_store.band b on b.queue = q.id, unnest(array[p_before, 9223372036854775807]) e(pos),
			lateral (select r.id from tow_store.ready r where r.band = b.id and r.pos < e.pos order by r.band desc, r.pos desc limit 1) l
		where q.name = p_queue and l.id < p_before);
end $$;
comment on function tow_store.newest_ready(text, bigint) is 'One of the newest ready jobs of a queue before an id; null: none is found by a look at the end of each priority.';

-- A few ids are read one by one, from the newest on. Ranges of more that have none are passed by a glance: first the one that ends
-- at a ready job of the queue, then ever wider ones; one that has some is halved until few are left; where its newer half has
-- none, the other is halved at once. Where both names are there and no job has both, the glance does not help: who has had his
-- time is told from where it goes on, by a key without an id.
create or replace function tow_store.newest_named(p_queue text, p_kind text, p_first bigint, p_before bigint, p_rows int) returns table(id bigint, tie bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set max_parallel_workers_per_gather = 0 set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	c_few constant int := 2000;
	c_factor constant int := 8;
	-- Each glance reads all of a partition's index, so wide ones are cheaper; where both names are looked for it may have to read jobs, too.
	v_widest constant int := case when p_queue is null or p_kind is null then 2000000 else 500000 end;
	v_until constant timestamptz := clock_timestamp() + tow_store.list_time();
	v_width bigint := c_few;
	v_halves boolean := false; -- some are among the ids that come next
	v_before bigint := p_before;
	v_from bigint;
	v_ready bigint;
	v_left int := p_rows;
	n int;
begin
	while v_before > p_first and v_left > 0 loop
		if clock_timestamp() > v_until then
			return query select null::bigint, v_before;
			return;
		end if;
		v_from := greatest(v_before - v_width, p_first);
		n := 0;
		if v_width = c_few then
			return query select j.id, j.id from tow_store.job j
				where j.id >= v_from and j.id < v_before and (p_queue is null or j.queue = p_queue) and (p_kind is null or j.kind = p_kind) order by j.id desc limit v_left;
			get diagnostics n = row_count;
			v_left := v_left - n;
			v_ready := case when n = 0 and not v_halves and p_kind is null then tow_store.newest_ready(p_queue, v_from) end;
			if v_ready >= p_first and not tow_store.has_named(p_queue, p_kind, v_ready + 1, v_from) then
				v_before := v_ready + 1;
				continue;
			end if;
		elsif tow_store.has_named(p_queue, p_kind, v_from, v_before) then
			v_halves := true;
			v_width := greatest(v_width / 2, c_few);
			continue;
		end if;
		v_before := v_from;
		v_halves := v_halves and n = 0;
		v_width := case when n > 0 then c_few when v_halves then greatest(v_width / 2, c_few) else least(v_width * c_factor, v_widest) end;
	end loop;
end $$;
comment on function tow_store.newest_named(text, text, bigint, bigint, int) is 'The newest jobs of a queue, of a kind, or of both, among the ids from p_first on and before p_before; id is null for where the look goes on that took too long.';

-- No index has completed jobs in the order in which they ended: their end writes to none. Spans of time are looked through
-- by history_finished, ever wider ones; one that has too many is halved until its newer half has few. What ended in one instant cannot be narrowed: it is read whole.
create or replace function tow_store.newest_completed(p_workers bigint[], p_bands int[], p_since timestamptz, p_at timestamptz, p_tie bigint, p_rows int) returns table(id bigint, at timestamptz, tie bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_bitmapscan = on set enable_seqscan = off set enable_indexscan = off set enable_indexonlyscan = off set max_parallel_workers_per_gather = 0 set jit = off set plan_cache_mode = force_custom_plan
as $$
declare
	v_few constant int := greatest(500, p_rows);
	c_factor constant int := 8;
	c_narrowest constant interval := interval '1 ms';
	v_until constant timestamptz := clock_timestamp() + tow_store.list_time();
	v_now constant timestamptz := tow.now();
	v_width interval := interval '1 s';
	v_halves boolean := false; -- the time that comes next, as much as the width, has too many
	v_before timestamptz := p_at + interval '1 us';
	v_from timestamptz;
	v_found int := 0;
	v_ids bigint[];
	v_ats timestamptz[];
	v_runs bigint[];
begin
	while v_before > p_since and v_found < p_rows loop
		if clock_timestamp() > v_until then
			return query select null::bigint, v_before, -1::bigint;
			return;
		end if;
		v_from := greatest(least(v_before, v_now) - v_width, p_since);
		select array_agg(f.job_id order by f.finished_at desc, f.run desc), array_agg(f.finished_at order by f.finished_at desc, f.run desc), array_agg(f.run order by f.finished_at desc, f.run desc)
		into v_ids, v_ats, v_runs from (
			select h.job_id, h.finished_at, h.run from tow_store.history h
			where h.finished_at >= v_from and h.finished_at < v_before and (h.finished_at, h.run) < (p_at, p_tie) and h.outcome = 'c' and (p_workers is null or h.worker = any(p_workers))
				and (p_bands is null or h.band = any(p_bands) or not exists (select from tow_store.band b where b.id = h.band))
				and not exists (select from tow_store.revival v where v.run = h.run) limit case when v_width > c_narrowest then v_few + 1 end) f;
		if cardinality(v_ids) > v_few and v_width > c_narrowest then
			v_halves := true;
			v_width := greatest((v_before - v_from) / 2, c_narrowest);
			continue;
		end if;
		return query select u.* from unnest(v_ids, v_ats, v_runs) u limit p_rows - v_found;
		v_found := v_found + coalesce(cardinality(v_ids), 0);
		v_halves := v_halves and v_ids is null;
		v_before := v_from;
		v_width := case when v_halves then greatest(v_width / 2, c_narrowest) else v_width * c_factor end;
	end loop;
end $$;
comment on function tow_store.newest_completed(bigint[], int[], timestamptz, timestamptz, bigint, int) is 'The jobs that completed last, since p_since and before (p_at, p_tie), of workers and bands if any are given; id is null for where the look goes on that took too long.';

-- Ids are given in the order in which jobs are made, but for those that are made at the same moment.
create or replace function tow_store.first_made(p_since timestamptz) returns bigint
language plpgsql stable strict set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	v_low bigint;
	v_high bigint;
	v_middle bigint;
	v_id bigint;
	v_at timestamptz;
begin
	select min(j.id), max(j.id) + 1 into v_low, v_high from tow_store.job j;
	while v_low < v_high loop
		v_middle := v_low + (v_high - v_low) / 2;
		select j.id, j.created_at into v_id, v_at from tow_store.job j where j.id >= v_middle order by j.id limit 1;
		if v_at < p_since then
			v_low := v_id + 1;
		else
			v_high := v_middle;
		end if;
	end loop;
	return v_low;
end $$;
comment on function tow_store.first_made(timestamptz) is 'From which id on jobs were made since an instant; null: there are none.';

create or replace function tow_store.list_time() returns interval
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select coalesce(nullif(current_setting('tow.list_time', true), ''), '500 ms')::interval
$$;
comment on function tow_store.list_time() is 'How long a list may look for what few jobs are; the setting tow.list_time is for tests.';

-- Ended jobs have been taken back, some of them: not these ends. A queue that was dropped has left its history, not its bands:
-- whose band there is not may be of any queue.
create or replace function tow_store.list_keys(p_state text, p_sort text, p_after jsonb, p_end jsonb, p_fits jsonb, p_rows int) returns table(id bigint, at timestamptz, tie bigint, fits boolean)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
	v_down constant boolean := p_sort ^@ '-';
	v_tie constant bigint := coalesce((p_after ->> 1)::bigint, case when v_down then 9223372036854775807 else -1 end);
	v_at constant timestamptz := coalesce((p_after ->> 0)::timestamptz, case when v_down then 'infinity' else '-infinity' end::timestamptz);
	v_last constant bigint := coalesce((p_end ->> 1)::bigint, -1);
	v_stop constant timestamptz := coalesce((p_end ->> 0)::timestamptz, case when v_down then '-infinity' else 'infinity' end::timestamptz);
	v_outcome constant "char" := case p_state when 'completed' then 'c' when 'failed' then 'f' else 'x' end;
	v_bands constant int[] := case when p_fits ? 'queue' then tow_store.bands_of(p_fits ->> 'queue') end;
	v_class constant text := p_fits ->> 'class';
	v_workers constant bigint[] := case when p_fits ? 'workers' then array(select w::bigint from jsonb_array_elements_text(p_fits -> 'workers') w) end;
begin
	case
		when p_state is null and p_fits ? 'parent' then
			return query select j.id, null::timestamptz, j.id, true from tow_store.job j where j.parent = (p_fits ->> 'parent')::bigint and j.id < v_tie and j.id >= v_last order by j.id desc limit p_rows;
		when p_state is null and p_fits ?| '{queue,kind}' then
			return query select n.id, null::timestamptz, n.tie, n.id is not null
				from (select min(j.id), max(j.id) + 1 from tow_store.job j) b(first, last), tow_store.newest_named(p_fits ->> 'queue', p_fits ->> 'kind', greatest(b.first, v_last), least(b.last, v_tie), p_rows) n;
		when p_state is null then
			return query select j.id, null::timestamptz, j.id, true from tow_store.job j where j.id < v_tie and j.id >= v_last order by j.id desc limit p_rows;
		when p_sort = 'run_at' and p_state = 'retrying' then
			return query select s.id, s.run_at, s.id, coalesce(s.band = any(v_bands), true) from tow_store.scheduled s
				where s.reason = 'r' and (s.run_at, s.id) > (v_at, v_tie) and s.run_at < v_stop order by s.run_at, s.id limit p_rows;
		when p_sort = 'run_at' then
			return query select s.id, s.run_at, s.id, s.reason <> 'r' and coalesce(s.band = any(v_bands), true) from tow_store.scheduled s
				where (s.run_at, s.id) > (v_at, v_tie) and s.run_at < v_stop order by s.run_at, s.id limit p_rows;
		when p_state = 'retrying' then
			return query select s.id, null::timestamptz, s.id, coalesce(s.band = any(v_bands), true) from tow_store.scheduled s
				where s.reason = 'r' and s.id < v_tie and s.id >= v_last order by s.id desc limit p_rows;
		when p_state = 'scheduled' then
			return query select s.id, null::timestamptz, s.id, s.reason <> 'r' and coalesce(s.band = any(v_bands), true) from tow_store.scheduled s
				where s.id < v_tie and s.id >= v_last order by s.id desc limit p_rows;
		when p_state = 'running' and (p_sort <> '-id' or p_fits ? 'workers') then
			return query select * from tow_store.list_running(p_sort, v_at, v_tie, v_stop, v_last, v_bands, v_workers, p_rows);
		when p_state = 'completed' and p_sort = '-finished_at' then
			return query select n.id, n.at, n.tie, n.id is not null
				from (select coalesce((select j.created_at from tow_store.job j order by j.id limit 1), 'infinity')) b(first), tow_store.newest_completed(v_workers, v_bands, greatest(b.first, v_stop), v_at, v_tie, p_rows) n;
		when p_state = 'completed' then
			return query select h.job_id, null::timestamptz, h.job_id, (coalesce(h.band = any(v_bands), true) or not exists (select from tow_store.band b where b.id = h.band)) and coalesce(h.worker = any(v_workers), v_workers is null)
				from tow_store.history h where h.outcome = 'c' and h.job_id < v_tie and h.job_id >= v_last and not exists (select from tow_store.revival v where v.run = h.run) order by h.job_id desc limit p_rows;
		when p_sort = '-finished_at' then
			return query select h.job_id, h.finished_at, h.run, (coalesce(h.band = any(v_bands), true) or not exists (select from tow_store.band b where b.id = h.band)) and coalesce(h.worker = any(v_workers), v_workers is null) and coalesce(h.class ^@ v_class, v_class is null)
				from tow_store.history h where h.outcome <> 'c' and h.outcome = v_outcome and h.finished_at <= v_at and (h.finished_at, h.run) < (v_at, v_tie) and h.finished_at >= v_stop
					and not exists (select from tow_store.revival v where v.run = h.run) order by h.finished_at desc, h.run desc limit p_rows;
		when p_state in ('failed', 'cancelled') then
			return query select h.job_id, null::timestamptz, h.job_id, (coalesce(h.band = any(v_bands), true) or not exists (select from tow_store.band b where b.id = h.band)) and coalesce(h.worker = any(v_workers), v_workers is null) and coalesce(h.class ^@ v_class, v_class is null)
				from tow_store.history h where h.outcome in ('f', 'x') and h.outcome = v_outcome and h.job_id < v_tie and h.job_id >= v_last
					and not exists (select from tow_store.revival v where v.run = h.run) order by h.job_id desc limit p_rows;
		else
			return query select p.id, null::timestamptz, p.id, coalesce(p.band = any(v_bands), true) from tow_store.newest_places(p_state, p_rows, v_tie, v_bands) p where p.id >= v_last order by p.id desc;
	end case;
end $$;
comment on function tow_store.list_keys(text, text, jsonb, jsonb, jsonb, int) is 'The next jobs of a state in a list, with what its order goes by, up to where it ends, and whether they can fit as far as their own rows say.';

-- Running ones are few: as many as there are slots, and those that were claimed for them. They end after all that have.
create or replace function tow_store.list_running(p_sort text, p_at timestamptz, p_tie bigint, p_stop timestamptz, p_last bigint, p_bands int[], p_workers bigint[], p_rows int) returns table(id bigint, at timestamptz, tie bigint, fits boolean)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
begin
	return query
		select o.id, o.at, o.tie, o.fits from (
			select r.job_id, case p_sort when '-id' then null when '-finished_at' then 'infinity' else r.claimed_at end::timestamptz, case p_sort when '-finished_at' then r.run else r.job_id end,
				coalesce(r.band = any(p_bands), true) and coalesce(r.worker = any(p_workers), true)
			from tow_store.running r) o(id, at, tie, fits)
		where case p_sort when 'started_at' then (o.at, o.tie) > (p_at, p_tie) and o.at < p_stop when '-id' then o.tie < p_tie and o.tie >= p_last else (o.at, o.tie) < (p_at, p_tie) and o.at >= p_stop end
		order by case when p_sort = 'started_at' then o.at end, case when p_sort = 'started_at' then o.tie end, o.at desc, o.tie desc limit p_rows;
end $$;
comment on function tow_store.list_running(text, timestamptz, bigint, timestamptz, bigint, int[], bigint[], int) is 'As tow_store.list_keys, of running jobs.';

-- Each state has its keys in the same order: the next of all are among the next of each. A retrying job is among the keys of
-- scheduled ones, too, as one that does not fit: it comes behind itself. What lies behind where one of them
-- goes on that took too long is left for then.
create or replace function tow_store.merge_keys(p_states text[], p_sort text, p_after jsonb, p_end jsonb, p_fits jsonb, p_rows int) returns table(id bigint, at timestamptz, tie bigint, fits boolean)
language plpgsql stable set search_path = pg_catalog, pg_temp
set jit = off set plan_cache_mode = force_generic_plan
as $$
begin
	if coalesce(cardinality(p_states), 1) = 1 then
		return query select k.* from tow_store.list_keys(p_states[1], p_sort, p_after, p_end, p_fits, p_rows) k;
		return;
	end if;
	return query select m.id, m.at, m.tie, m.fits from (
			select k.*, row_number() over n as n, count(*) filter (where k.id is null) over (n rows between unbounded preceding and 1 preceding) as behind
			from unnest(p_states) s, tow_store.list_keys(s, p_sort, p_after, p_end, p_fits, p_rows) k
			window n as (order by case when not p_sort ^@ '-' then k.at end, case when not p_sort ^@ '-' then k.tie end, k.at desc, k.tie desc, k.fits desc)) m
		where m.behind = 0 order by m.n limit p_rows;
end $$;
comment on function tow_store.merge_keys(text[], text, jsonb, jsonb, jsonb, int) is 'As tow_store.list_keys, of several states; of all as one, if p_states is null.';

create or replace function tow_store.list_rows(p_ids bigint[], p_ats timestamptz[], p_ties bigint[], p_fits jsonb, p_rows int) returns setof tow_store.listed
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	v_sight constant text[] := tow_store.sight();
	v_means constant text := case when p_fits ? 'system' then tow_store.means() end;
begin
	return query with fit as materialized (
		select j.*, jsonb_build_array(u.at, u.tie)::text as cursor, u.n from unnest(p_ids, p_ats, p_ties) with ordinality u(id, at, tie, n) join tow_store.job j on j.id = u.id
		where (not p_fits ? 'queue' or j.queue = p_fits ->> 'queue') and (not p_fits ? 'kind' or j.kind = p_fits ->> 'kind')
			and (not p_fits ? 'system' or (j.kind ~ v_means or coalesce(j.key ^@ 'daemon:', false)) = (p_fits ->> 'system')::boolean)
			and (not p_fits ? 'tag' or p_fits ->> 'tag' = any(j.tags)) and (not p_fits ? 'key' or j.key = p_fits ->> 'key')
			and (not p_fits ? 'lane' or j.lane = p_fits ->> 'lane') and (not p_fits ? 'parent' or j.parent = (p_fits ->> 'parent')::bigint)
			and (not p_fits ? 'class' or (tow_store.last_end(j.id)).class ^@ (p_fits ->> 'class'))
		order by u.n limit p_rows
	), said(n, cursor, id, state, kind, queue, priority, attempt, max_attempts, created_at, run_at, started_at, finished_at, worker, run, pct, note, class, error, key, tags, lane, parent, reason, waits_for, args_start) as materialized (
		select j.n, j.cursor, j.id, coalesce(p.state, tow_store.end_name(h.outcome), 'unknown'), j.kind, j.queue, coalesce(b.priority, j.priority), coalesce(p.attempt, h.attempt, 0), j.max_attempts, j.created_at,
			coalesce(p.run_at, j.run_at), coalesce(p.started_at, h.started_at), h.finished_at, coalesce(p.worker, h.worker), coalesce(p.run, h.run), g.pct, tow_store.shown(g.note, tow_store.in_sight(j.queue, v_sight)), h.class, tow_store.shown(h.error, tow_store.in_sight(j.queue, v_sight)),
			j.key, j.tags, j.lane, j.parent, case when p.reason = 'arrival' then 'lane' else p.reason end,
			case when p.reason in ('lane', 'arrival') then tow_store.waits_in_lane(j.queue, j.lane) when p.state = 'waiting' then tow_store.waits_for_what(j.id) end,
			tow_store.shown(left(nullif(j.args, '{}')::text, 80), tow_store.in_sight(j.queue, v_sight))
		from fit j
			left join lateral ( -- most have ended, within a day; then they are nowhere else
				select o.outcome, o.run, o.finished_at, o.started_at, o.worker, o.band, o.attempt, o.class, o.error from tow_store.history o
				where o.job_id = j.id and o.finished_at >= j.created_at and o.finished_at < j.created_at + interval '24 hours' and o.outcome in ('c', 'f', 'x')
					and not exists (select from tow_store.revival v where v.run = o.run)
				limit 1) e on true
			left join lateral ( -- as tow_store.place_of, without a call for each, and not of what has ended
				select u.* from (select where e.run is null) living, lateral (
					select r.id, case when o.laned then 'waiting' else 'ready' end as state, r.band, r.attempt, null::timestamptz as run_at, null::timestamptz as started_at, null::bigint as worker, null::bigint as run, case when o.laned then 'arrival' end as reason
					from tow_store.queue q join tow_store.band o on o.queue = q.id and o.priority = j.priority join tow_store.ready r on r.band = o.id and r.pos = j.id where q.name = j.queue and r.id = j.id
					union all
					select r.id, case when o.laned then 'waiting' else 'ready' end, r.band, r.attempt, null, null, null, null, case when o.laned then 'arrival' end
					from tow_store.ready r join tow_store.band o on o.id = r.band where r.id = j.id and r.pos <> r.id
					union all
					select s.id, case s.reason when 'r' then 'retrying' else 'scheduled' end, s.band, s.attempt, s.run_at, null, null, null, null from tow_store.scheduled s where s.id = j.id
					union all
					select w.id, 'waiting', w.band, w.attempt, null, null, null, null, w.reason from tow_store.waiting w where w.id = j.id
					union all
					select l.id, 'waiting', l.band, l.attempt, null, null, null, null, 'lane' from tow_store.lined l where l.id = j.id
					union all
					select r.job_id, 'running', r.band, r.attempt, null, r.claimed_at, r.worker, r.run, null from tow_store.running r where r.job_id = j.id) u
				limit 1) p on true
			left join lateral (
				select e.* where e.run is not null
				union all
				select l.* from tow_store.last_end(j.id) l where e.run is null and p.id is null
				limit 1) h on true
			left join tow_store.band b on b.id = coalesce(p.band, h.band)
			left join tow_store.progress g on g.job_id = case when p.run is not null then j.id end and g.run = p.run -- what does not run is not looked for
	), unserved as materialized (
		select o.* from (select array_agg(s.kind), array_agg(s.queue) from said s where s.state = 'ready') r(kinds, queues), lateral tow_store.unserved_among(r.kinds, r.queues) o
	)
	select s.cursor, s.id, s.state, s.kind, s.queue, s.priority, s.attempt, s.max_attempts, s.created_at, s.run_at, s.started_at, s.finished_at, s.worker, s.run, s.pct, s.note, s.class, s.error, s.key, s.tags, s.lane, s.parent, s.reason, coalesce(s.waits_for, u.why), s.args_start
	from said s
		left join unserved u on s.state = 'ready' and u.kind = s.kind and u.queue = s.queue
	order by s.n;
end $$;
comment on function tow_store.list_rows(bigint[], timestamptz[], bigint[], jsonb, int) is 'What a list says of jobs, of those that fit.';

create or replace function tow_store.list_states(p_state text, p_worker text) returns text[]
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
	c_states constant text[] := '{scheduled,ready,running,retrying,waiting,completed,failed,cancelled}'::text[];
	c_held constant text[] := '{running,completed,failed,cancelled}'::text[];
	v_given constant text[] := regexp_split_to_array(p_state, '\s*,\s*');
	v_bad constant text := (select g from unnest(v_given) g where g <> all(c_states) limit 1);
begin
	if v_bad is not null then
		perform tow_store.fail('TW422', format('bad state %L', v_bad), tow_store.meant_state(v_bad) || 'jobs are scheduled, ready, running, retrying, waiting, completed, failed or cancelled; a comma is between several');
	elsif p_worker is not null and not v_given <@ c_held then
		perform tow_store.fail('TW422', 'no worker has jobs that are ' || (select g from unnest(v_given) g where g <> all(c_held) limit 1), 'a worker has those that run, and those that it ended: completed, failed or cancelled ones');
	end if;
	return case when v_given is not null then array(select s from unnest(c_states) s where s = any(v_given)) when p_worker is not null then c_held end;
end $$;
comment on function tow_store.list_states(text, text) is 'Which states a list is of, in their order; null: all, as one. Raises TW422 for what is none.';

create or replace function tow_store.list_sort(p_states text[], p_sort text, p_worker text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
	c_sorts constant jsonb := '{"scheduled": ["-id", "run_at"], "retrying": ["-id", "run_at"], "running": ["-id", "started_at", "-started_at", "-finished_at"], "ready": ["-id"], "waiting": ["-id"],
		"completed": ["-id", "-finished_at"], "failed": ["-finished_at", "-id"], "cancelled": ["-finished_at", "-id"]}'::jsonb;
	v_sorts constant text[] := case when p_states is null then '{-id}'
		else array(select f.sort from jsonb_array_elements_text(c_sorts -> p_states[1]) with ordinality f(sort, n) where not exists (select from unnest(p_states) s where not c_sorts -> s ? f.sort) order by f.n) end;
begin
	if p_sort <> all(v_sorts) then
		perform tow_store.fail('TW422', format('%s are not sorted by %L', coalesce(array_to_string(p_states, ', ') || ' jobs', 'jobs of all states'), p_sort), format('no index is in that order; these can be sorted by %s', array_to_string(v_sorts, ', ')));
	end if;
	return coalesce(p_sort, case when (p_worker is not null or cardinality(p_states) > 1) and '-finished_at' = any(v_sorts) and p_states <> '{running}' then '-finished_at' end, v_sorts[1]);
end $$;
comment on function tow_store.list_sort(text[], text, text) is 'By what jobs in states are listed; raises TW422 for what no index serves.';

-- What a worker that died has left is taken back, and may fail for good, only then.
create or replace function tow_store.workers_called(p_worker text, out ids bigint[], out since timestamptz, out until timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	select array_agg(w.id), min(w.attached_at), max(coalesce(w.ended_at + interval '10 min', 'infinity')) into ids, since, until
	from tow_store.worker w where w.id::text = p_worker or w.name = p_worker;
	if ids is null and p_worker ~ '^[0-9]{1,18}$' then
		ids := array[p_worker::bigint]; -- its jobs may be kept for longer than its row
	elsif ids is null then
		perform tow_store.fail('TW404', format('no worker %L', p_worker), coalesce('did you mean ' || quote_literal((select tow_store.nearest(p_worker, array_agg(distinct w.name)) from tow_store.worker w)) || '? ', '') || 'a worker is named as in tow.workers, by its name or its id; those that ended are known for a week');
	end if;
end $$;
comment on function tow_store.workers_called(text) is 'The workers of a name or an id, and when they had jobs to end. Raises TW404.';

-- since and until are of what the list is sorted by, and of when jobs were made where that is their id.
create or replace function tow_store.list_span(p_sort text, p_since timestamptz, p_until timestamptz, out start jsonb, out stop jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	case
		when p_sort = '-id' then
			start := jsonb_build_array(null, tow_store.first_made(p_until));
			stop := jsonb_build_array(null, tow_store.first_made(p_since));
		when p_sort ^@ '-' then
			start := jsonb_build_array(p_until, case when p_until is not null then -1 end);
			stop := jsonb_build_array(p_since, null);
		else
			start := jsonb_build_array(p_since, null);
			stop := jsonb_build_array(p_until, null);
	end case;
end $$;
comment on function tow_store.list_span(text, timestamptz, timestamptz) is 'Behind which key a list begins, and where it ends.';

-- Kinds that are called after an area (haul.fetch, tow.tick) are its means, and nobody's own work.
create or replace function tow_store.means() returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select format('^(%s)\.', string_agg(distinct r.area, '|')) from tow_store.route r
$$;
comment on function tow_store.means() is 'What the kinds of the areas'' own jobs match.';

-- Where the list goes on when it ends early is in the setting tow.next, for the server, and said.
create or replace function tow.list_jobs(
	state text default null, queue text default null, kind text default null, tag text default null, key text default null, lane text default null, class text default null,
	parent bigint default null, sort text default null, after text default null, max_rows int default 50, system boolean default null,
	worker text default null, since timestamptz default null, until timestamptz default null
) returns setof tow_store.listed
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c_most constant int := 20000;
	v_asked constant text[] := tow_store.list_states(state, worker);
	v_sort constant text := tow_store.list_sort(v_asked, sort, worker);
	-- what ended badly is in an index, and little else has a class
	v_states constant text[] := case when v_asked is null and class is not null and parent is null then '{failed,cancelled}' else v_asked end;
	v_fits jsonb := jsonb_strip_nulls(jsonb_build_object('queue', queue, 'kind', kind, 'tag', tag, 'key', key, 'lane', lane, 'class', class, 'parent', parent, 'system', system));
	v_look jsonb;
	v_after jsonb := tow_store.cursor_of(after, 2);
	v_step int;
	v_named constant boolean := v_states is null and v_fits - '{queue,kind}'::text[] = '{}'; -- what is found by names fits
	v_seen int := 0;
	v_found int := 0;
	v_all int;
	v_tired boolean;
	v_ids bigint[];
	v_ats timestamptz[];
	v_ties bigint[];
	w record;
	v_span record;
	n int;
begin
	if max_rows is null or max_rows not between 1 and 1000 then
		perform tow_store.fail('TW422', 'bad max_rows', 'use 1 to 1000');
	end if;
	if worker is not null then
		w := tow_store.workers_called(worker);
		v_fits := v_fits || jsonb_build_object('workers', w.ids);
		since := case when v_sort = '-finished_at' then greatest(since, w.since) else since end;
		until := case when v_sort = '-finished_at' and w.until < 'infinity' then least(until, w.until) else until end;
	end if;
	v_span := tow_store.list_span(v_sort, since, until);
	v_after := coalesce(v_after, v_span.start);
	v_look := case when v_states is null and not v_named then v_fits - '{queue,kind}'::text[] else v_fits end; -- mostly the newest are of them
	v_step := case when v_named then max_rows else 4 * max_rows end;
	loop
		select array_agg(case when k.fits then k.id end), array_agg(k.at), array_agg(k.tie), coalesce(bool_or(k.id is null), false) into v_ids, v_ats, v_ties, v_tired
		from tow_store.merge_keys(v_states, v_sort, v_after, v_span.stop, v_look, v_step) k;
		return query select * from tow_store.list_rows(v_ids, v_ats, v_ties, v_fits, max_rows - v_found);
		get diagnostics n = row_count;
		v_found := v_found + n;
		v_all := coalesce(cardinality(v_ids), 0);
		exit when v_found >= max_rows or v_all < v_step and not v_tired;
		v_seen := v_seen + v_all;
		v_look := v_fits;
		v_after := jsonb_build_array(v_ats[v_all], v_ties[v_all]);
		if v_seen >= c_most or v_tired then
			raise notice 'looked at % jobs: it goes on with after => %', v_seen, quote_literal(v_after::text);
			perform set_config('tow.next', v_after::text, true);
			exit;
		end if;
		v_step := case when v_named then max_rows - v_found else least(4 * v_step, c_most - v_seen) end;
	end loop;
end $$;
comment on function tow.list_jobs(text, text, text, text, text, text, text, bigint, text, text, int, boolean, text, timestamptz, timestamptz) is
'Jobs, live and finished, page by page, the newest first (failed and cancelled ones, and those in several states that have all ended or run: what runs, then what ended last): in a state, or in several with commas between them; of a queue, kind, tag, key, lane or parent; class: how the error''s class begins, where no state is given of failed and cancelled jobs; system: those that are means of an area (haul.fetch) and turns of daemons, or, if false, all others; worker: those that a worker, by its id or name, runs or has ended. sort: run_at for scheduled and retrying ones, started_at or -started_at for running ones, -finished_at for what ended; what no index serves is refused. since and until: from when and up to when, of what the list is sorted by, which for -id is when jobs were made. after: the cursor of the last row of the page before. Those of all states that are of a queue, a kind or a parent are found wherever they are; otherwise it looks at 20,000 jobs at most, and says with what cursor it goes on when few of them fit.';

create or replace function tow_store.put_off(out scheduled bigint, out retrying bigint, out waiting bigint, out more text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select least(c.scheduled, m.most), least(c.retrying, m.most), least(c.waiting, m.most),
		array_remove(array[case when c.scheduled > m.most then 'scheduled' end, case when c.retrying > m.most then 'retrying' end, case when c.waiting > m.most then 'waiting' end], null)
	from (select tow_store.counted_to() as most) m, lateral (select
		(select count(*) from (select from tow_store.scheduled s where s.reason <> 'r' limit m.most + 1) o) as scheduled,
		(select count(*) from (select from tow_store.scheduled s where s.reason = 'r' limit m.most + 1) o) as retrying,
		(select count(*) from (select from tow_store.waiting limit m.most + 1) o) as waiting) c
$$;
comment on function tow_store.put_off() is 'How many jobs wait for an instant, or for something else, counted so far and no further; those in lanes do not count. more: of which there are others.';

create or replace function tow.count_jobs() returns table(state text, count bigint, more boolean, since timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_sort = off set jit = off
as $$
	with b as materialized (
		select b.laned, d.n, d.more from tow_store.band b, lateral tow_store.depth(b.id) d
	), t as materialized (
		select h.outcome, h.run from tow_store.history h where h.outcome <> 'c' order by h.finished_at desc limit 100000
	), s as (
		select * from tow_store.put_off()
	), m as (
		select coalesce(sum(q.completed), 0)::bigint as n, min(q.at) as since from tow_store.metric_queue q where q.at > (select tow.now()) - interval '1 day'
	), n(position, state, count, more) as (
		select 1, 'running', count(*), false from tow_store.running
		union all select 2, 'ready', coalesce(sum(b.n), 0)::bigint, coalesce(bool_or(b.more), false) from b where not b.laned
		union all select 3, 'scheduled', s.scheduled, 'scheduled' = any(s.more) from s
		union all select 4, 'retrying', s.retrying, 'retrying' = any(s.more) from s
		union all select 5, 'waiting', s.waiting + coalesce(sum(b.n), 0)::bigint, 'waiting' = any(s.more) or coalesce(bool_or(b.more), false) from s left join b on b.laned group by s.waiting, s.more
		union all select 6, 'failed', count(*) filter (where t.outcome = 'f' and not exists (select from tow_store.revival v where v.run = t.run)), count(*) = 100000 from t
		union all select 7, 'cancelled', count(*) filter (where t.outcome = 'x' and not exists (select from tow_store.revival v where v.run = t.run)), count(*) = 100000 from t
	)
	select u.state, u.count, u.more, u.since from (
		select n.position, n.state, n.count, n.more, null::timestamptz as since from n
		union all
		select 8, 'completed', m.n, false, m.since from m) u order by u.position
$$;
comment on function tow.count_jobs() is
'How many jobs are in each state, counted to 10,000 (ready ones, and those in lanes, so far in each queue and priority), and whether there are more; all that run; failed and cancelled ones among the last 100,000 runs that went wrong. Of completed ones it says how many runs the metrics have of the last day, to the minute, and since when.';
