-- Gates: what limits hold. How many runs hold a gate is counted from held, as far as they are in running; so a run
-- that ends in whatever way has let go. contrib/docs/lanes.md tells the whole.
--
-- Whether a run is in running is asked run by run (offset 0 keeps the planner from joining): where it takes running for
-- empty, a join reads all of it, and that is dead rows while somebody pins the xmin horizon. Gates are looked up one by
-- one likewise: a plan made when there were a few lanes must do for a hundred thousand.
--
-- Locks, in this order, the last three held to the end of the transaction:
--   7630718, queue (0: kinds)  shared, tried only, by whoever claims, sorts or wakes; a setter takes it exclusively, and
--                              so nobody claims while a limit comes into being
--   7630716, queue             turns of lanes, and a limited queue's count and tokens
--   7630717, gate              a limited kind's count
-- Whoever holds one waits for no row, so there is no circle.

create or replace function tow_store.check_lane(p_lane text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_lane is not null and (p_lane = '' or length(p_lane) > 200) then
		perform tow_store.fail('TW422', 'a lane is empty or longer than 200 characters', 'use a short text such as customer:12');
	elsif p_lane in ('.', '..') then
		perform tow_store.fail('TW422', format('bad lane %L', p_lane), 'in an address it would be another place: use a text such as customer:12');
	end if;
end $$;
comment on function tow_store.check_lane(text) is 'Refuse a bad lane.';

-- What has been there for longer stays, and has its rules.
create or replace function tow_store.check_new_lane(p_queue int, p_lane text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	if not exists (select from tow_store.gate g where g.what = 'l' and g.queue = p_queue and g.name = p_lane) then
		perform tow_store.check_lane(coalesce(p_lane, ''));
	end if;
end $$;
comment on function tow_store.check_new_lane(int, text) is 'Refuse a bad lane, unless it is there.';

-- A late outcome's job may run again by now: that run keeps what it holds.
create or replace function tow_store.let_go(p_ids bigint[]) returns bigint[]
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_gates bigint[];
begin
	with d as (
		delete from tow_store.held h where h.job_id = any(p_ids)
			and not exists (select from tow_store.running r where r.job_id = h.job_id and r.run = h.run offset 0)
		returning gate
	)
	select array_agg(distinct d.gate) into v_gates from d;
	return coalesce(v_gates, '{}');
end $$;
comment on function tow_store.let_go(bigint[]) is 'Remove what ended runs of these jobs held; returns the gates that have room now.';

-- For those who hold no queue's lock and shall not wait for one: the wake duty does the rest, at once.
create or replace function tow_store.let_go_later(p_ids bigint[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_gates constant bigint[] := tow_store.let_go(p_ids);
begin
	if v_gates <> '{}' then
		perform tow_store.wake_later(v_gates, tow.now());
	end if;
end $$;
comment on function tow_store.let_go_later(bigint[]) is 'As let_go, and have the gates'' lanes and workers woken.';

-- A kind's gate wakes the queues that have bands of it.
create or replace function tow_store.wake_later(p_gates bigint[], p_at timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	insert into tow_store.wake (at, queue, gate)
	select p_at, g.queue, case when g.what = 'l' then g.id else 0 end from tow_store.gate g where g.id = any(p_gates) and g.what <> 'k'
	union
	select p_at, b.queue, 0 from tow_store.gate g join tow_store.band b on b.kind = g.name where g.id = any(p_gates) and g.what = 'k'
	on conflict do nothing;
	perform tow_store.ring_clock(p_at);
end $$;
comment on function tow_store.wake_later(bigint[], timestamptz) is 'Have the wake duty see to gates at an instant.';

-- How many more may start by the limit and the tokens of a queue's or kind's gate; null: any number. The statements
-- begin under the gate's lock, so they see all that holds it.
create or replace function tow_store.room(g tow_store.gate, p_now timestamptz) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_held bigint;
	v_first bigint;
begin
	if g.max_running is not null then
		select count(distinct h.place), min(h.run) into v_held, v_first
		from tow_store.held h where h.gate = g.id and h.run >= g.run_low
			and exists (select from tow_store.running r where r.job_id = h.job_id and r.run = h.run offset 0);
		if v_first > g.run_low + 1000 then
			update tow_store.gate u set run_low = v_first where u.id = g.id;
		end if;
	end if;
	return least(case when g.max_running is not null then greatest(g.max_running - v_held, 0) end, floor(tow_store.tokens(g.id, g.rate, g.burst, p_now)));
end $$;
comment on function tow_store.room(tow_store.gate, timestamptz) is 'How many more jobs may start by the gate of a queue or kind; null: any number.';

-- Tokens gather at the rate, up to the burst; a clock that steps back adds none.
create or replace function tow_store.tokens(p_gate bigint, p_rate double precision, p_burst int, p_now timestamptz) returns double precision
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
declare
	v_most constant double precision := coalesce(p_burst, greatest(ceil(p_rate), 1));
	b record;
begin
	if p_rate is null then
		return null;
	end if;
	select o.tokens, o.at into b from tow_store.bucket o where o.gate = p_gate order by o.gate desc, o.n desc limit 1;
	return case when found then least(v_most, b.tokens + p_rate * greatest(extract(epoch from p_now - b.at), 0)::double precision) else v_most end;
end $$;
comment on function tow_store.tokens(bigint, double precision, int, timestamptz) is 'How many tokens a gate has; null where it has no rate.';

create or replace function tow_store.is_ahead(p_gate bigint, p_now timestamptz) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
begin
	return coalesce((select o.at > p_now from tow_store.bucket o where o.gate = p_gate order by o.gate desc, o.n desc limit 1), false);
end $$;
comment on function tow_store.is_ahead(bigint, timestamptz) is 'Whether a gate''s bucket bears a time that is to come: the clock has stepped back, and the bucket must be written anew to fill again.';

create or replace function tow_store.spend(p_gate bigint, p_left double precision, p_now timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
begin
	delete from tow_store.bucket b where b.ctid = (select o.ctid from tow_store.bucket o where o.gate = p_gate order by o.gate desc, o.n desc limit 1);
	insert into tow_store.bucket (gate, tokens, at) values (p_gate, p_left, p_now);
end $$;
comment on function tow_store.spend(bigint, double precision, timestamptz) is 'Say how many tokens a gate has now.';

-- A queue's claim is over: what it took from the bucket, and, if that is empty, when somebody shall come back: it need
-- not be the same worker, who may be busy for long.
create or replace function tow_store.pay_queue(g tow_store.gate, p_started int, p_now timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_left constant double precision := tow_store.tokens(g.id, g.rate, g.burst, p_now) - p_started;
begin
	if p_started > 0 or tow_store.is_ahead(g.id, p_now) then
		perform tow_store.spend(g.id, v_left, p_now);
	end if;
	if v_left < 1 then
		perform tow_store.wake_at(g.queue, 0, tow_store.next_token(v_left, g.rate, p_now));
	end if;
end $$;
comment on function tow_store.pay_queue(tow_store.gate, int, timestamptz) is 'Take tokens from a queue with a rate, and have it woken if it has none left.';

-- A lane (0: the queue) is looked at again then, if not before.
create or replace function tow_store.wake_at(p_queue int, p_gate bigint, p_at timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
begin
	insert into tow_store.wake (at, queue, gate)
	select p_at, p_queue, p_gate where not exists (select from tow_store.wake w where w.gate = p_gate and w.queue = p_queue and w.at <= p_at)
	on conflict do nothing;
	perform tow_store.ring_clock(p_at);
end $$;
comment on function tow_store.wake_at(int, bigint, timestamptz) is 'Have the wake duty see to a lane, or a queue, at an instant.';

-- When a gate that is out of tokens has one again; at a high rate several at a time.
create or replace function tow_store.next_token(p_left double precision, p_rate double precision, p_now timestamptz) returns timestamptz
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select p_now + make_interval(secs => least(greatest((1 - p_left) / p_rate, 0.01), 86400))
$$;
comment on function tow_store.next_token(double precision, double precision, timestamptz) is 'When to look at a gate again that is out of tokens.';

create or replace function tow_store.ruled_kinds() returns text[]
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	return (select array_agg(g.name) from tow_store.gate g where g.what = 'k' and (g.max_running is not null or g.paused_at is not null));
end $$;
comment on function tow_store.ruled_kinds() is 'Kinds with a limit, or paused: their jobs stand in bands of their own. Null: there are none.';

-- Rings once for each kind that has bands of its own, and once for the rest; p_except: bands that are seen to already.
create or replace function tow_store.ring_queue(p_queue int, p_except int[] default '{}') returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	perform tow_store.ring_band(k.id)
	from (select min(b.id) as id from tow_store.band b where b.queue = p_queue and not b.id = any(p_except) group by b.kind) k;
end $$;
comment on function tow_store.ring_queue(int, int[]) is 'Wake a worker that is parked on the queue, for each kind of band.';

-- What claims of these queues must have locked, in order: queues with a limit, those with lanes that have something to
-- do, those whose lanes were let go; then limited kinds. open: the queues that may be claimed from; while somebody sets
-- a limit of one, it has to wait. locked: those of them that needed it when they were asked. kinds: tow_store.ruled_kinds
-- under the lock.
create or replace function tow_store.lock_queues(p_queues int[], p_bands int[], p_lows bigint[], p_freed bigint[], out open int[], out locked int[], out kinds text[])
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_freed int[] := array[]::int[];
	v_queue int;
	v_gate bigint;
begin
	open := array[]::int[];
	locked := array[]::int[];
	if not pg_try_advisory_xact_lock_shared(7630718, 0) then
		return;
	end if;
	if p_freed <> '{}' then
		v_freed := array(select distinct g.queue from unnest(p_freed) f(id), lateral (select o.* from tow_store.gate o where o.id = f.id offset 0) g where g.what = 'l');
	end if;
	foreach v_queue in array v_freed || p_queues loop
		if pg_try_advisory_xact_lock_shared(7630718, v_queue) then
			open := open || v_queue;
		end if;
	end loop;
	kinds := tow_store.ruled_kinds();
	if v_freed <> '{}' or exists (select from tow_store.band b where b.id = any(p_bands) and b.laned)
			or exists (select from tow_store.gate g where g.what = 'q' and g.queue = any(p_queues) and (g.max_running is not null or g.rate is not null)) then
		for v_queue in
			select u.q from unnest(p_queues) u(q) join tow_store.gate g on g.what = 'q' and g.queue = u.q and g.name = ''
			where u.q = any(open) and (g.max_running is not null or g.rate is not null)
			union
			select u.q from unnest(v_freed) u(q) where u.q = any(open)
			union
			select b.queue from unnest(p_bands, p_lows) u(band, low) join tow_store.band b on b.id = u.band
			where b.laned and b.queue = any(p_queues) and b.queue = any(open) and tow_store.has_turn(b.id, u.low)
			order by 1
		loop
			perform pg_advisory_xact_lock(7630716, v_queue);
			locked := locked || v_queue;
		end loop;
	end if;
	if kinds is not null then
		for v_gate in
			select distinct g.id from unnest(p_bands) u(band) join tow_store.band b on b.id = u.band join tow_store.gate g on g.what = 'k' and g.name = b.kind
			where b.queue = any(open) and g.max_running is not null order by g.id
		loop
			perform pg_advisory_xact_lock(7630717, v_gate::int);
		end loop;
	end if;
end $$;
comment on function tow_store.lock_queues(int[], int[], bigint[], bigint[]) is 'Lock what claims need locked; returns the queues that may be claimed from, and the kinds with rules.';

create or replace function tow_store.has_turn(p_band int, p_low bigint) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	v_clock constant record := tow_store.lane_clock(p_band);
begin
	return exists (select from tow_store.turn t where t.band = p_band and not t.parked and (t.v, t.gate) >= (v_clock.v, v_clock.gate)
			order by t.band, t.parked, t.v, t.gate limit 1)
		or exists (select from tow_store.ready r where r.band = p_band and r.pos > p_low order by r.band, r.pos limit 1);
end $$;
comment on function tow_store.has_turn(int, bigint) is 'Whether a band has arrivals, or a lane that may run as far as is known.';

-- What an exchange has let go: lanes of queues that it has locked get their turn, the rest is for the wake duty.
create or replace function tow_store.free_gates(p_freed bigint[], p_open int[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	q record;
begin
	for q in
		select g.queue, array_agg(g.id) as gates from unnest(p_freed) f(id), lateral (select o.* from tow_store.gate o where o.id = f.id offset 0) g where g.what = 'l' group by g.queue
	loop
		if q.queue = any(p_open) then
			perform tow_store.unpark(q.queue, q.gates, 'l');
		else
			perform tow_store.wake_later(q.gates, tow.now());
		end if;
	end loop;
end $$;
comment on function tow_store.free_gates(bigint[], int[]) is 'Let lanes go on that were at their limit.';

-- Whoever may take what was let go and was not here to claim it.
create or replace function tow_store.ring_freed(p_freed bigint[], p_queues int[], p_wants int[], p_bands int[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
begin
	perform tow_store.ring_queue(f.queue, case when w.want > 0 then p_bands else '{}' end)
	from (
		select g.queue from unnest(p_freed) u(id), lateral (select o.* from tow_store.gate o where o.id = u.id offset 0) g where g.what <> 'k'
		union
		select b.queue from unnest(p_freed) u(id), lateral (select o.* from tow_store.gate o where o.id = u.id offset 0) g join tow_store.band b on b.kind = g.name where g.what = 'k'
	) f left join unnest(p_queues, p_wants) w(queue, want) on w.queue = f.queue;
end $$;
comment on function tow_store.ring_freed(bigint[], int[], int[], int[]) is 'Wake workers of queues in which a limit has room again.';
