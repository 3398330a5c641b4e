-- The doorbell. NOTIFY takes a database-wide lock at commit, so it is rung only when somebody sleeps. A queue's
-- register (a sequence, because its value is seen by every snapshot at once and leaves no dead rows) holds the
-- parked workers as bits; a ring goes to the channel of one bit. A worker that listens has a bit of its own for its
-- life; when there are more than 62, some share one, and are rung together. Whoever is woken clears the bit. A register
-- is changed under an advisory lock of its queue; a lost ring costs one poll interval.

create or replace function tow_store.ring(p_mask bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_bit int;
begin
	if current_setting('tow.bell', true) = 'off' then
		return;
	end if;
	select i into v_bit from generate_series(0, 61) i where (p_mask >> i) & 1 = 1 order by random() limit 1;
	if found then
		perform pg_notify('tow_bell_' || v_bit, 'work');
	end if;
end $$;
comment on function tow_store.ring(bigint) is 'Wake one of the workers in a register. set tow.bell = off keeps a transaction that will be prepared free of NOTIFY.';

create or replace function tow_store.ring_band(p_band int) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_mask bigint;
begin
	select pg_sequence_last_value(q.arm) & case when b.kind is null then -1 else tow_store.who_knows(b.kind) end into v_mask
	from tow_store.band b join tow_store.queue q on q.id = b.queue where b.id = p_band;
	if v_mask <> 0 then
		perform tow_store.ring(v_mask);
	end if;
end $$;
comment on function tow_store.ring_band(int) is 'Wake a worker that is parked on the band''s queue and scans the band.';

-- A ring that reaches somebody else would leave the job to wait for a poll.
create or replace function tow_store.who_knows(p_kind text) returns bigint
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select coalesce(bit_or(1::bigint << w.bit), 0) from tow_store.worker w where w.ended_at is null and p_kind = any(w.kinds)
$$;
comment on function tow_store.who_knows(text) is 'The live workers that know a kind, as bits of a register.';

-- The scheduler sleeps until the instant in tow_store.clock; who needs it before that rings.
create or replace function tow_store.ring_clock(p_at timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if extract(epoch from p_at) * 1000000 < coalesce(pg_sequence_last_value('tow_store.clock'::regclass), 0)
		and current_setting('tow.bell', true) is distinct from 'off' then
		perform pg_notify('tow_clock', '');
	end if;
end $$;
comment on function tow_store.ring_clock(timestamptz) is 'Wake the scheduler if it would sleep past this instant.';

-- The bit it has, or the lowest that nobody has, or, when all are taken, the one that the fewest share. The lock keeps
-- two workers that come at once from taking the same.
create or replace function tow_store.bit_for(p_worker bigint) returns smallint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_bit smallint := (select w.bit from tow_store.worker w where w.id = p_worker);
begin
	if v_bit is null then
		perform pg_advisory_xact_lock(7630719, 0);
		select b into v_bit from generate_series(0, 61) b
		order by (select count(*) from tow_store.worker w where w.ended_at is null and w.bit = b), b limit 1;
	end if;
	return v_bit;
end $$;
comment on function tow_store.bit_for(bigint) is 'Which bit of the registers a worker that listens shall have.';

-- Somebody else who has the same bit may be parked: then it is left, and rings both.
create or replace function tow_store.arm(p_queue int, p_worker bigint, p_on boolean) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select tow_store.arm_bit(p_queue, w.bit, p_on) from tow_store.worker w
	where w.id = p_worker and w.bit is not null and (p_on or not exists (
		select from tow_store.worker o where o.ended_at is null and o.bit = w.bit and o.id <> w.id))
$$;
comment on function tow_store.arm(int, bigint, boolean) is 'Set or clear a worker''s bit in a queue''s register.';

create or replace function tow_store.arm_bit(p_queue int, p_bit smallint, p_on boolean) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_bit constant bigint := 1::bigint << p_bit;
	v_arm regclass;
	v_mask bigint;
begin
	perform pg_advisory_xact_lock(7630713, p_queue);
	select q.arm, coalesce(pg_sequence_last_value(q.arm), 0) into v_arm, v_mask from tow_store.queue q where q.id = p_queue;
	if found and (v_mask & v_bit <> 0) <> p_on then
		perform setval(v_arm, case when p_on then v_mask | v_bit else v_mask & ~v_bit end);
	end if;
end $$;
comment on function tow_store.arm_bit(int, smallint, boolean) is 'Set or clear a bit in a queue''s register.';

-- A worker that claims no more from these queues: what it was rung for, and did not take, is another's.
create or replace function tow_store.pass_bell(p_worker bigint, p_queues int[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_queue int;
begin
	for v_queue in select u from unnest(p_queues) u order by u loop
		perform tow_store.arm(v_queue, p_worker, false);
		perform tow_store.ring_queue(v_queue);
	end loop;
end $$;
comment on function tow_store.pass_bell(bigint, int[]) is 'Clear a worker''s bits in queues that it leaves, and wake others of each.';

create or replace function tow_store.is_armed(p_arm regclass, p_worker bigint) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	return (
		select (coalesce(pg_sequence_last_value(p_arm), 0) >> w.bit) & 1 = 1 from tow_store.worker w where w.id = p_worker and w.bit is not null
	);
end $$;
comment on function tow_store.is_armed(regclass, bigint) is 'Whether a worker''s bit is set in a register: only registers that must change are locked.';

-- Promises that an enqueue that starts after this commits rings for these queues. One that looked at the register
-- earlier may still commit without a ring: the answer is the xid from which on nobody can have, for tow.floor. Only for
-- a worker that listens: a ring to another would be lost, and somebody who could have heard one would not.
create or replace function tow.park(p_worker bigint, p_queues int[]) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_queue int;
begin
	perform set_config('synchronous_commit', 'off', true);
	for v_queue in
		select q.id from tow_store.worker w, unnest(w.queues) u(id) join tow_store.queue q on q.id = u.id
		where w.id = p_worker and w.listens and tow_store.is_armed(q.arm, p_worker) <> (q.id = any(p_queues)) order by q.id
	loop
		perform tow_store.arm(v_queue, p_worker, v_queue = any(p_queues));
	end loop;
	return pg_current_xact_id()::text;
end $$;
comment on function tow.park(bigint, int[]) is 'A worker arms the doorbell of these of its queues and clears its others; the answer goes into tow.floor(p_parked).';
