-- Duty: lanes that may go on get their turn, and a worker of the queue is rung. Takes the queues' locks by trying: what
-- it cannot do now it does 20 ms later. While somebody pins the xmin horizon dead index entries stay at the head of
-- tow_store.wake; so a turn looks back ten seconds, and every ten seconds one looks at all.
create or replace function tow_store.duty_wake() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_now constant timestamptz := tow.now();
	v_from timestamptz := v_now - interval '10 s';
	q record;
	v_count int := 0;
begin
	if v_now not between tow_store.register_at('tow_store.wake_full') and tow_store.register_at('tow_store.wake_full') + interval '10 s' then
		v_from := 'epoch';
		if v_now < tow_store.register_at('tow_store.wake_full') then -- the clock has stepped back: whoever waits looks anew
			with d as (delete from tow_store.wake w where w.at > v_now returning w.queue, w.gate)
			insert into tow_store.wake (at, queue, gate) select distinct v_now, d.queue, d.gate from d on conflict do nothing;
		end if;
		perform tow_store.set_register_at('tow_store.wake_full', v_now);
	end if;
	for q in
		select w.queue, array_agg(distinct w.gate) as gates from (
			select o.queue, o.gate from tow_store.wake o where o.at >= v_from and o.at <= v_now order by o.at limit 1000) w
		group by w.queue order by w.queue
	loop
		continue when not pg_try_advisory_xact_lock_shared(7630718, q.queue) or not pg_try_advisory_xact_lock(7630716, q.queue);
		delete from tow_store.wake o where o.at >= v_from and o.at <= v_now and o.queue = q.queue and o.gate = any(q.gates);
		perform tow_store.unpark(q.queue, q.gates, 'lt');
		perform tow_store.ring_queue(q.queue);
		v_count := v_count + 1;
	end loop;
	return v_count;
end $$;
comment on function tow_store.duty_wake() is 'Duty: wake lanes and queues that may go on.';

-- Give lanes their turn again; p_why: which of those that are parked (see tow_store.turn). Under the queue's lock.
create or replace function tow_store.unpark(p_queue int, p_gates bigint[], p_why text) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off
as $$
declare
	v_count int;
begin
	with b as materialized (
		select b.id, (tow_store.lane_clock(b.id)).v + 1 as next from tow_store.band b where b.queue = p_queue and b.laned
	), o as (
		select t.*, t.ctid as at, b.next from b, unnest(p_gates) g(id), lateral (
			select r.ctid, r.* from tow_store.turn r where r.gate = g.id and r.band = b.id order by r.gate desc, r.band desc, r.v desc limit 1) t
		where g.id <> 0 and strpos(p_why, t.why::text) > 0
	), d as (
		delete from tow_store.turn where ctid = any(array(select o.at from o))
	)
	insert into tow_store.turn (band, parked, v, gate, why, pos_low, run_low)
	select o.band, false, greatest(o.v + 1, o.next), o.gate, null, o.pos_low, o.run_low from o;
	get diagnostics v_count = row_count;
	return v_count;
end $$;
comment on function tow_store.unpark(int, bigint[], text) is 'Let lanes have their turn again; returns how many.';
