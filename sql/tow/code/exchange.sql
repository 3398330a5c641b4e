-- tow.exchange: the one round trip of a worker. Reports outcomes and claims the next jobs in one transaction.
-- Fence: an outcome counts only if (job, run) is in running; 'late' says which did not. Claims scan each band from
-- the watermark that the worker passes, and skip what others have locked. Locks: the line's advisory lock, rows of
-- running by the worker's own runs, keys of jobs that it holds; then, where there are limits or lanes, what
-- tow_store.lock_queues locks; rows of ready (skipping locked ones).
-- The settings pin the plans: statements planned on empty tables must not change their shape later, and a plan that
-- "disabled" nodes make look dear must not be compiled (jit) at each call.
create or replace function tow.exchange(
	p_worker bigint, p_line int, p_seq bigint, p_repeat boolean,
	p_jobs bigint[], p_runs bigint[], p_ago_us bigint[], p_took_us bigint[], p_outcomes jsonb,
	p_bands int[], p_lows bigint[], p_queues int[], p_wants int[], p_relays int[] default null
) returns table(what text, job bigint, run bigint, queue int, kind text, attempt int, max_attempts int, timeout_ms bigint,
	deadline_ms bigint, args text, band int, pos bigint, tags text, key text, memory text, place bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
declare
	v_now constant timestamptz := tow.now();
	v_batch constant bigint := p_seq * 16 + p_line;
	v_late bigint[];
	v_holders bigint[];
	v_freed bigint[] := array[]::bigint[];
	v_open int[];
	v_locked int[];
	v_kinds text[];
	v_at timestamptz;
	v_top bigint;
	v_queue record;
	v_gate tow_store.gate;
	b record;
	s record;
	t record;
	v_gates bigint[];
	v_room int;
	v_want int;
	v_most int;
	v_more boolean;
	v_again boolean;
	v_mixed boolean;
	v_got bigint;
begin
	if p_line not in (0, 1) then
		perform tow_store.fail('TW422', format('bad line %s', p_line), 'a worker has lines 0 and 1');
	end if;
	perform pg_advisory_xact_lock(7630720 + p_line, p_worker::int);
	if not exists (select from tow_store.worker w where w.id = p_worker and w.ended_at is null) then
		perform tow_store.fail('TW410', format('worker %s was given up', p_worker), 'attach as a new worker; its runs are lost');
	end if;

	if cardinality(p_jobs) > 0 then
		select c.late, c.holders into v_late, v_holders from tow_store.complete(p_worker, v_now, p_jobs, p_runs, p_ago_us, p_took_us) c;
	end if;
	if p_outcomes <> '[]' then
		v_late := v_late || tow_store.settle(p_worker, v_now, p_outcomes);
		v_holders := v_holders || array(select (o ->> 'job')::bigint from jsonb_array_elements(p_outcomes) o);
	end if;
	if v_holders <> '{}' then
		v_freed := tow_store.let_go(v_holders);
	end if;
	if v_late <> '{}' then
		return query select 'late', l.job, l.run, null::int, null::text, null::int, null::int, null::bigint,
			null::bigint, null::text, null::int, null::bigint, null::text, null::text, null::text, null::bigint
			from (select null::bigint as job, unnest(v_late) as run) l;
	end if;

	if p_repeat then
		return query select c.* from tow_store.claims_of(p_worker, v_batch, v_now) c;
		if found then
			return;
		end if;
	end if;

	select l.open, l.locked, l.kinds into v_open, v_locked, v_kinds from tow_store.lock_queues(p_queues, p_bands, p_lows, v_freed) l;
	if v_freed <> '{}' then
		perform tow_store.free_gates(v_freed, v_open);
	end if;
	v_at := tow.now(); -- under the locks: tokens are counted by it, one claim after the other
	-- Positions up to here have been given out before any of the claims below looks.
	v_top := coalesce(pg_sequence_last_value('tow_store.job_id'::regclass), 0);
	for v_queue in
		select u.id, u.want, greatest(u.relay, 1) as relay, q.timeout, coalesce(q.policy, 'default') as policy, coalesce(q.max_attempts, p.max_attempts) as max_attempts,
			g.id as gate, u.id = any(v_open) as open, q.paused_at is null and u.id = any(v_open) as claimable
		from unnest(p_queues, p_wants, p_relays) u(id, want, relay)
			left join tow_store.queue q on q.id = u.id
			left join tow_store.policy p on p.name = coalesce(q.policy, 'default')
			left join tow_store.gate g on g.what = 'q' and g.queue = u.id and g.name = '' and (g.max_running is not null or g.rate is not null)
		where u.want > 0
	loop
		v_want := v_queue.want;
		v_more := false;
		v_gate := null;
		v_room := null;
		if v_queue.gate is not null then
			select g.* into v_gate from tow_store.gate g where g.id = v_queue.gate;
			v_room := case when v_queue.open then tow_store.room(v_gate, v_at) end;
		end if;
		v_again := v_gate.max_running is not null;
		-- none of a queue that is paused or gone, or of which somebody sets a limit: it is short
		-- bands of one priority in an order that changes, so that none starves the others
		for b in
			select b.id as band, u.low, b.kind, b.laned, b.opening,
				g.id as gate, c.id as crowd, w.low as crowd_low
			from unnest(p_bands, p_lows) u(band, low)
				join tow_store.band b on b.id = u.band
				left join tow_store.band c on c.crowd and b.laned and b.kind is null and b.opening is distinct from 0 and c.queue = b.queue and c.priority = b.priority
				left join unnest(p_bands, p_lows) w(band, low) on w.band = c.id
				left join tow_store.gate g on b.kind = any(v_kinds) and g.what = 'k' and g.name = b.kind
			where b.queue = v_queue.id and v_queue.claimable and g.paused_at is null and not b.crowd
			order by b.priority, hashint8extended(b.id, v_batch)
		loop
			v_again := v_again or b.laned or b.gate is not null;
			v_most := least(v_want, v_room);
			if b.gate is not null then
				v_most := least(v_most, (select tow_store.room(g, v_at) from tow_store.gate g where g.id = b.gate));
			end if;
			continue when v_most <= 0;
			v_mixed := v_kinds is not null and b.kind is null and not b.laned;
			v_gates := array_remove(array[case when v_gate.max_running is not null then v_gate.id end, b.gate], null);
			if b.laned then
				continue when not tow_store.has_turn(b.band, b.low) and (b.crowd_low is null or not tow_store.has_turn(b.crowd, b.crowd_low));
				if v_queue.id <> all(v_locked) then -- it had nothing to do when the locks were taken: the next time
					v_more := true;
					continue;
				end if;
				s := tow_store.sort_lanes(v_queue.id, b.band, b.low, 9223372036854775807, 5000, v_at, coalesce(b.opening = 0, false));
				if not s.dry then -- fewer while some are not sorted yet: whoever came last shall not wait for all that came before it
					v_most := least(v_most, greatest(10, v_most / 8));
				elsif b.crowd_low is not null and tow_store.has_turn(b.crowd, b.crowd_low) and tow_store.is_short_of_crowd(v_queue.id, b.band, b.crowd, v_most) then
					t := tow_store.sort_lanes(v_queue.id, b.crowd, b.crowd_low, v_top, greatest(2 * v_most, 100), v_at, false);
					v_more := v_more or not t.dry;
					return query select 'low', null::bigint, null::bigint, v_queue.id, null::text, null::int, null::int, null::bigint, null::bigint, null::text,
						b.crowd, case when t.dry then greatest(v_top, t.low) else t.low end, null::text, null::text, null::text, null::bigint;
				end if;
				continue when b.opening > 0 and tow_store.is_awaited(b.band); -- by somebody who came before what has been sorted
				t := tow_store.claim_lanes(p_worker, v_batch, v_at, v_queue.id, b.band, v_most, case when v_gates = '{}' then v_queue.relay else 1 end, v_gates);
				v_more := v_more or t.more or not s.dry;
				return query select c.* from tow_store.claim_rows(b.band, t.claimed, v_at) c
					union all
					select 'low', null, null, v_queue.id, null, null, null, null, null, null, b.band,
						case when s.dry and b.opening is distinct from 0 then greatest(v_top, s.low) else s.low end, null, null, null, null;
			else
				return query
					with l as materialized (
						select f.at, f.pos, case when v_mixed then (select j.kind = any(v_kinds) from tow_store.job j where j.id = f.id) end as away from (
							select r.ctid as at, r.pos, r.id from tow_store.ready r where r.band = b.band and r.pos > b.low
							order by r.band, r.pos limit v_most for update skip locked) f
					), d as (
						delete from tow_store.ready where ctid = any(array(select l.at from l where l.away is not true)) returning id, pos, attempt, flags
					), m as (
						select d.id, d.pos, d.attempt + 1 as attempt, d.flags, nextval('tow_store.run') as run from d
					), n as (
						insert into tow_store.running (job_id, run, worker, batch, band, attempt, flags, claimed_at)
						select m.id, m.run, p_worker, v_batch, b.band, m.attempt, m.flags | case when v_gates <> '{}' then 4 else 0 end, v_at from m
					), h as (
						insert into tow_store.held (gate, run, job_id, place) select g, m.run, m.id, m.run from unnest(v_gates) g, m
					), k as (
						delete from tow_store.key where ctid = any(array(
							select k.ctid from m join tow_store.key k on k.job_id = m.id
							where m.flags & 2 <> 0 and k.scope = 'q' for update of k skip locked))
					)
					select 'job', m.id, m.run, v_queue.id, j.kind, m.attempt,
						case when j.policy is null and v_queue.policy <> 'never' then coalesce(j.max_attempts, v_queue.max_attempts)
							else tow_store.max_attempts(j, tow_store.policy_for(j, null)) end,
						(extract(epoch from coalesce(j.timeout, v_queue.timeout)) * 1000)::bigint,
						(extract(epoch from j.deadline - v_at) * 1000)::bigint,
						case when j.key ^@ 'daemon:' then tow_store.daemon_args(j.id, j.args) else j.args end::text, b.band, m.pos, j.tags::text, j.key,
						case when m.flags & 16 <> 0 then tow_store.memory_of(m.id)::text end, null::bigint
					from m join tow_store.job j on j.id = m.id
					union all
					select 'low', null, null, v_queue.id, null, null, null, null, null, null, b.band,
						least(case when count(*) < v_most then greatest(v_top, max(l.pos), b.low) else max(l.pos) end, min(l.pos) filter (where l.away) - 1), null, null, null, null
					from l;
			end if;
			get diagnostics v_got = row_count;
			v_want := v_want - (v_got - 1);
			v_room := v_room - (v_got - 1);
			if v_mixed and v_got <= v_most and tow_store.sift(b.band, b.low, v_most, v_kinds) then
				v_more := true;
			end if;
			exit when v_want <= 0;
		end loop;
		if v_gate.rate is not null and v_queue.open then
			perform tow_store.pay_queue(v_gate, v_queue.want - v_want, v_at);
		end if;
		if v_want > 0 and not v_more then
			-- again: what ends lets others start, and whoever reports it may ask for them at once
			return query select u.what, null::bigint, null::bigint, v_queue.id, null::text, null::int, null::int, null::bigint,
				null::bigint, null::text, null::int, null::bigint, null::text, null::text, null::text, null::bigint
				from unnest(case when v_again then array['short', 'again'] else array['short'] end) u(what);
		elsif v_room is null or v_room > 0 then
			perform tow_store.ring_more(v_queue.id, p_worker);
		end if;
	end loop;
	if v_freed <> '{}' then
		perform tow_store.ring_freed(v_freed, p_queues, p_wants, p_bands);
	end if;
end $$;
comment on function tow.exchange(bigint, int, bigint, boolean, bigint[], bigint[], bigint[], bigint[], jsonb, int[], bigint[], int[], int[], int[]) is
'A worker reports outcomes and claims jobs, in one transaction. p_relays: how many jobs of each queue a slot of it may be given to run in turn for one place in their lane; those that share a place come one after the other.';

-- Plain completions, the hot half: one statement for the whole batch. Returns the runs that were not ours any more,
-- and the jobs that held gates.
-- A hash join on purpose: runs that are looked for in an array, or by nested loops, would be quadratic.
create or replace function tow_store.complete(
	p_worker bigint, p_now timestamptz, p_jobs bigint[], p_runs bigint[], p_ago_us bigint[], p_took_us bigint[],
	out late bigint[], out holders bigint[]
)
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_nestloop = off set enable_mergejoin = off set enable_hashjoin = on set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	v_count bigint;
	v_noted bigint[];
begin
	with d as (
		delete from tow_store.running r using unnest(p_runs, p_ago_us, p_took_us) u(run, ago, took)
		where r.job_id = any(p_jobs) and r.run = u.run
		returning r.job_id, r.run, r.band, r.attempt, r.flags, u.ago, u.took
	), h as (
		insert into tow_store.history (job_id, run, finished_at, started_at, worker, band, attempt, outcome)
		select d.job_id, d.run, p_now - (d.ago - d.took) * interval '1 us', p_now - d.ago * interval '1 us', p_worker, d.band, d.attempt, 'c' from d
	)
	select count(*), array_agg(d.job_id) filter (where d.flags & 9 <> 0), array_agg(d.job_id) filter (where d.flags & 4 <> 0)
	into v_count, v_noted, holders from d;
	if v_noted is not null then
		perform tow_store.job_ended(v_noted);
	end if;
	late := array[]::bigint[];
	if v_count < cardinality(p_jobs) then
		-- rare: those that history does not show as ended by this very worker
		late := array(select u.run from unnest(p_jobs, p_runs) u(job, run)
			where not exists (select from tow_store.history h where h.job_id = u.job and h.run = u.run and h.worker = p_worker and h.outcome = 'c'));
	end if;
end $$;
comment on function tow_store.complete(bigint, timestamptz, bigint[], bigint[], bigint[], bigint[]) is 'Move plainly completed runs to history; returns those that came late.';

-- The claims that an exchange made whose answer was lost.
create or replace function tow_store.claims_of(p_worker bigint, p_batch bigint, p_now timestamptz)
returns table(what text, job bigint, run bigint, queue int, kind text, attempt int, max_attempts int, timeout_ms bigint,
	deadline_ms bigint, args text, band int, pos bigint, tags text, key text, memory text, place bigint)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select c.*
	from (
		select o.band, array_agg((o.job_id, o.run, o.attempt, o.flags, o.place)::tow_store.claimed) as claimed
		from (select r.*, h.place from tow_store.running r
			left join lateral (select e.place from tow_store.held e where e.job_id = r.job_id and e.run = r.run order by e.place limit 1) h on true
			where r.worker = p_worker and r.batch = p_batch order by coalesce(h.place, r.run), r.run) o
		group by o.band) b,
		lateral tow_store.claim_rows(b.band, b.claimed, p_now) c
$$;
comment on function tow_store.claims_of(bigint, bigint, timestamptz) is 'What one exchange of a worker claimed and has not ended.';

create or replace function tow_store.claim_rows(p_band int, p_claimed tow_store.claimed[], p_now timestamptz)
returns table(what text, job bigint, run bigint, queue int, kind text, attempt int, max_attempts int, timeout_ms bigint,
	deadline_ms bigint, args text, band int, pos bigint, tags text, key text, memory text, place bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
	return query
	select 'job', m.job, m.run, s.queue, j.kind, m.attempt,
		case when j.policy is null and s.policy is distinct from 'never' then coalesce(j.max_attempts, s.max_attempts)
			else tow_store.max_attempts(j, tow_store.policy_for(j, null)) end,
		(extract(epoch from coalesce(j.timeout, s.timeout)) * 1000)::bigint, (extract(epoch from j.deadline - p_now) * 1000)::bigint,
		case when j.key ^@ 'daemon:' then tow_store.daemon_args(j.id, j.args) else j.args end::text, p_band, 0::bigint, j.tags::text, j.key,
		case when m.flags & 16 <> 0 then tow_store.memory_of(m.job)::text end, m.place
	from (select b.queue, q.policy, q.timeout, coalesce(q.max_attempts, p.max_attempts) as max_attempts
			from tow_store.band b join tow_store.queue q on q.id = b.queue left join tow_store.policy p on p.name = coalesce(q.policy, 'default')
			where b.id = p_band offset 0) s,
		unnest(p_claimed) m join tow_store.job j on j.id = m.job;
end $$;
comment on function tow_store.claim_rows(int, tow_store.claimed[], timestamptz) is 'What a worker is told of jobs that it claimed.';

-- A worker that got all it asked for leaves more behind, perhaps: wake one of the parked others.
create or replace function tow_store.ring_more(p_queue int, p_worker bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_mask bigint;
begin
	select pg_sequence_last_value(q.arm) & ~coalesce((select 1::bigint << w.bit from tow_store.worker w where w.id = p_worker), 0) into v_mask
	from tow_store.queue q where q.id = p_queue;
	if v_mask > 0 then
		perform tow_store.ring(v_mask);
	end if;
end $$;
comment on function tow_store.ring_more(int, bigint) is 'Wake another worker of the queue.';
