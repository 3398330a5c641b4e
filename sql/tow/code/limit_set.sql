-- Setting limits while jobs run. A setter has the lock that every claim of the queue (of any queue, for a kind) tries
-- to share: nobody is claiming, and whoever comes finds nothing until this transaction has ended. So what runs now can
-- be written into held, and the limit counts it from the first claim on. Keep the transaction short: the queue's jobs
-- wait for it, and outcomes of runs that had no limit before.

-- Set one gate; what is null stays, what p_reset names goes back. Returns it as it is now.
create or replace function tow_store.set_gate(
	p_what "char", p_queue int, p_name text, p_max_running int, p_rate double precision, p_burst int, p_weight real, p_reset text[]
) returns tow_store.gate
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	g tow_store.gate;
begin
	perform from tow_store.queue q where q.id = p_queue for key share;
	if p_queue is not null and not found then
		perform tow_store.fail('TW404', 'the queue is being dropped', 'tow.queues lists them');
	end if;
	insert into tow_store.gate as o (what, queue, name, used_at) values (p_what, p_queue, p_name, tow.now())
	on conflict (what, queue, name) do update set used_at = excluded.used_at returning o.* into g;
	g.max_running := coalesce(p_max_running, case when not 'max_running' = any(p_reset) then g.max_running end);
	g.rate := coalesce(p_rate, case when not 'rate' = any(p_reset) then g.rate end);
	g.burst := coalesce(p_burst, case when not p_reset && '{rate,burst}' then g.burst end);
	g.weight := coalesce(p_weight, case when not 'weight' = any(p_reset) then g.weight end, 1);
	if g.burst is not null and g.rate is null then
		perform tow_store.fail('TW422', 'a burst without a rate', 'give the rate, too: how many may start in a second');
	end if;
	update tow_store.gate o set max_running = g.max_running, rate = g.rate, burst = g.burst, weight = g.weight,
		run_low = case when p_what = 'l' then o.run_low else 0 end,
		own = p_what <> 'l' or g.max_running is not null or g.rate is not null or g.weight <> 1 or o.paused_at is not null
	where o.id = g.id returning o.* into g;
	return g;
end $$;
comment on function tow_store.set_gate("char", int, text, int, double precision, int, real, text[]) is 'Make or change a gate.';

create or replace function tow_store.gate_settings(p_what "char", p_queue int, p_name text) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select jsonb_build_object('max_running', g.max_running, 'rate', g.rate, 'burst', g.burst, 'weight', g.weight)
	from tow_store.gate g where g.what = p_what and g.queue is not distinct from p_queue and g.name = p_name
$$;
comment on function tow_store.gate_settings("char", int, text) is 'What can be set of a lane or a kind, as it is.';

-- What people write of how many may start: 5, 5/min, 100/60s, 3/10 min.
create or replace function tow.rate(spec text) returns double precision
language plpgsql stable strict security definer set search_path = pg_catalog, pg_temp
as $$
declare
	c_number constant text := '(\d+\.?\d*(?:e-?\d+)?|\.\d+)';
	v constant text[] := regexp_match(spec, '^\s*(-?)' || c_number || '\s*(?:/\s*(?=\S)' || c_number || '?\s*([a-z]+)?)?\s*$', 'i');
begin
	if v is null then
		raise invalid_text_representation;
	end if;
	return (v[1] || v[2])::double precision / extract(epoch from (coalesce(v[3], '1') || coalesce(v[4], 's'))::interval)::double precision;
exception
	when invalid_text_representation or invalid_datetime_format or interval_field_overflow or datetime_field_overflow or numeric_value_out_of_range or division_by_zero then
		perform tow_store.fail('TW422', format('bad rate %L', left(spec, 100)), 'so many a second (5, or 0.5), or in another time: 5/min, 1000/h, 100/60s, 3/10min');
		return null;
end $$;
comment on function tow.rate(text) is 'A rate as jobs a second: of 5, 5/min, 1000/h, 100/60s, 3/10min. tow queue and tow lane, the page and the API take rates as this does: tow.set_queue(''api'', rate => tow.rate(''100/min'')).';

create or replace function tow_store.is_rate(p_name text, p_type text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select p_type = 'double precision' and p_name in ('rate', 'lane_rate')
$$;
comment on function tow_store.is_rate(text, text) is 'Whether an argument of a request is a rate, which may be given as tow.rate takes it.';

create or replace function tow_store.check_limit(p_max_running int, p_least int, p_rate double precision, p_burst int, p_reset text[], p_names text[], p_given jsonb) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_name text;
begin
	if p_max_running not between p_least and 1000000 then
		perform tow_store.fail('TW422', format('bad limit %s', p_max_running), format('use %s to 1000000; tow.pause, tow.pause_lane and tow.pause_kind let nothing start', p_least));
	elsif not p_rate between 0.00001 and 1000000 or p_rate = 'NaN' then
		perform tow_store.fail('TW422', format('bad rate %s', p_rate), 'jobs a second: 0.00001 to 1000000; tow.rate(''1/min'') is one a minute');
	elsif p_burst not between 1 and 1000000 then
		perform tow_store.fail('TW422', format('bad burst %s', p_burst), 'use 1 to 1000000: how many may start at once after a pause');
	end if;
	foreach v_name in array coalesce(p_reset, '{}') loop
		if v_name is null or not v_name = any(p_names) then
			perform tow_store.fail('TW422', format('cannot reset %L', v_name), 'reset takes names of settings: ' || array_to_string(p_names, ', '));
		elsif p_given ->> v_name is not null then
			perform tow_store.fail('TW422', format('%s is both set and reset', v_name), 'leave one of the two out');
		end if;
	end loop;
end $$;
comment on function tow_store.check_limit(int, int, double precision, int, text[], text[], jsonb) is 'Refuse a bad limit, rate, burst or reset.';

-- Have the runs that there are hold their gates: by now nobody can start another one.
create or replace function tow_store.hold_runs(g tow_store.gate) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
begin
	with u as (
		update tow_store.running r set flags = r.flags | 4
		from tow_store.band b, tow_store.job j
		where b.id = r.band and j.id = r.job_id and case g.what when 'q' then b.queue = g.queue when 'k' then j.kind = g.name
			else b.queue = g.queue and b.laned and j.lane = g.name end
			and not exists (select from tow_store.held h where h.gate = g.id and h.run = r.run)
		returning r.run, r.job_id
	)
	insert into tow_store.held (gate, run, job_id, place) select g.id, u.run, u.job_id, u.run from u on conflict do nothing;
end $$;
comment on function tow_store.hold_runs(tow_store.gate) is 'Let the runs of a queue, kind or lane hold its gate.';

-- The same for all lanes of a queue, whose common limit is new.
create or replace function tow_store.hold_lanes(p_queue int) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
begin
	perform tow_store.open_lanes(p_queue, array(select distinct j.lane from tow_store.running r
		join tow_store.band b on b.id = r.band join tow_store.job j on j.id = r.job_id where b.queue = p_queue and b.laned), tow.now());
	with u as (
		update tow_store.running r set flags = r.flags | 4
		from tow_store.band b, tow_store.job j, lateral (
			select o.id from tow_store.gate o where o.what = 'l' and o.queue = p_queue and o.name = j.lane offset 0) g
		where b.id = r.band and b.queue = p_queue and b.laned and j.id = r.job_id
			and not exists (select from tow_store.held h where h.gate = g.id and h.run = r.run)
		returning g.id, r.run, r.job_id
	)
	insert into tow_store.held (gate, run, job_id, place) select u.id, u.run, u.job_id, u.run from u on conflict do nothing;
end $$;
comment on function tow_store.hold_lanes(int) is 'Let the runs of a queue''s lanes hold them.';

-- All lanes of a queue (or one) are looked at anew by the next claim, and somebody is rung who makes it.
create or replace function tow_store.reopen(p_queue int, p_gate bigint default null) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	perform pg_current_xact_id(); -- a worker that looked in vain meanwhile, and parks, must see that we had not ended
	perform tow_store.unpark(p_queue, case when p_gate is not null then array[p_gate] else array(
		select t.gate from tow_store.band b join tow_store.turn t on t.band = b.id where b.queue = p_queue and t.parked and t.why in ('l', 't', 'p')) end, 'ltp');
	perform tow_store.ring_queue(p_queue);
end $$;
comment on function tow_store.reopen(int, bigint) is 'After a change of limits: whoever was held up may try again.';

create or replace function tow.set_lane(
	queue text, lane text, max_running int default null, rate double precision default null, burst int default null,
	weight real default null, reset text[] default null
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_queue constant int := tow_store.see_queue(queue);
	v_was constant jsonb := tow_store.gate_settings('l', v_queue, lane);
	g tow_store.gate;
begin
	perform tow_store.check_new_lane(v_queue, lane);
	if num_nonnulls(max_running, rate, burst, weight) = 0 and coalesce(reset, '{}') = '{}' then
		perform tow_store.fail('TW422', 'nothing to set', 'give max_running, rate, burst, weight or reset');
	end if;
	if max_running = 0 then
		perform tow_store.fail('TW422', 'bad limit 0', format('tow.pause_lane(%L, %L) lets nothing start; a large number, such as 1000000, lifts the queue''s limit from it', queue, lane));
	end if;
	perform tow_store.check_limit(max_running, 1, rate, burst, reset, '{max_running,rate,burst,weight}',
		jsonb_build_object('max_running', max_running, 'rate', rate, 'burst', burst, 'weight', weight));
	if not weight between 0.001 and 1000 or weight = 'NaN' then
		perform tow_store.fail('TW422', format('bad weight %s', weight), 'use 0.001 to 1000; 1 is usual, and a lane of weight 2 gets twice the share');
	end if;
	perform pg_advisory_xact_lock(7630718, v_queue);
	g := tow_store.set_gate('l', v_queue, lane, max_running, rate, burst, weight, coalesce(reset, '{}'));
	perform tow_store.hold_runs(g);
	perform tow_store.reopen(v_queue, g.id);
	perform tow_store.note('lane.set', queue || '/' || lane, null, tow_store.changed(v_was, tow_store.gate_settings('l', v_queue, lane)));
end $$;
comment on function tow.set_lane(text, text, int, double precision, int, real, text[]) is
'Limit one lane of a queue, at once: max_running (how many at a time; a large number lifts the queue''s limit from it, tow.pause_lane stops it), rate (starts a second) with burst, weight (its share among lanes, where they may run more than one at a time). What is left out stays; reset names what goes back to the queue''s.';

create or replace function tow_store.pause_lane(p_queue text, p_lane text, p_at timestamptz, p_reason text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_queue constant int := tow_store.see_queue(p_queue);
	g tow_store.gate;
begin
	perform tow_store.check_new_lane(v_queue, p_lane);
	perform pg_advisory_xact_lock(7630718, v_queue);
	g := tow_store.set_gate('l', v_queue, p_lane, null, null, null, null, '{}');
	update tow_store.gate o set paused_at = case when p_at is not null then coalesce(o.paused_at, p_at) end, pause_reason = p_reason,
		own = p_at is not null or o.max_running is not null or o.rate is not null or o.weight <> 1
	where o.id = g.id;
	perform tow_store.reopen(v_queue, g.id);
end $$;
comment on function tow_store.pause_lane(text, text, timestamptz, text) is 'Pause a lane, or resume it (null).';

create or replace function tow.pause_lane(queue text, lane text, reason text default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	perform tow_store.pause_lane(queue, lane, tow.now(), reason);
	perform tow_store.note('lane.paused', queue || '/' || lane, null, jsonb_build_object('reason', reason));
end $$;
comment on function tow.pause_lane(text, text, text) is 'No job of this lane is claimed until tow.resume_lane; those that run go on, and so do those that a worker has claimed to run them within some 20 ms (or as many as its --prefetch says).';

create or replace function tow.resume_lane(queue text, lane text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_queue constant int := tow_store.see_queue(queue);
begin
	if not exists (select from tow_store.gate g where g.what = 'l' and g.queue = v_queue and g.name = lane) then
		perform tow_store.fail('TW404', format('queue %L has no lane %L', queue, lane), 'select * from tow.lanes lists those that have jobs or rules');
	end if;
	perform tow_store.pause_lane(queue, lane, null, null);
	perform tow_store.note('lane.resumed', queue || '/' || lane);
end $$;
comment on function tow.resume_lane(text, text) is 'Start jobs of a paused lane again.';

-- A kind with a rule has bands of its own, wherever there is a band that it would share: claims skip or limit them as a
-- whole. Jobs in ready are moved by claims, those in lanes here; as nobody claims meanwhile, it does not wait for long.
create or replace function tow_store.part_kind(p_kind text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp set lock_timeout = '2s'
as $$
declare
	l record;
begin
	perform tow_store.open_band(b.queue, b.priority, p_kind, b.laned) from tow_store.band b where b.kind is null;
	for l in
		with d as (
			delete from tow_store.lined d using tow_store.band b, tow_store.job j
			where b.id = d.band and b.kind is null and j.id = d.id and j.kind = p_kind
			returning d.*
		)
		select d.band, array_agg(d.id order by d.id) as ids, array_agg(d.attempt order by d.id) as attempts, array_agg(d.flags | 32 order by d.id) as flags
		from d group by d.band
	loop
		perform tow_store.to_kind_bands(l.band, l.ids, array_fill(p_kind, array[cardinality(l.ids)]), l.attempts, l.flags);
	end loop;
exception
	when lock_not_available then
		perform tow_store.fail('TW409', format('an open transaction holds a job of kind %L', p_kind), 'try again when it has ended');
end $$;
comment on function tow_store.part_kind(text) is 'Give a kind bands of its own.';

create or replace function tow_store.rule_kind(p_kind text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	perform tow_store.check_job(p_kind, '{}', 'default', 100, null, null, null, null, null);
	perform pg_current_xact_id(); -- a worker that looks in vain meanwhile, and parks, must see that we had not ended
	perform pg_advisory_xact_lock(7630718, 0);
	perform tow_store.part_kind(p_kind);
end $$;
comment on function tow_store.rule_kind(text) is 'Before a rule for a kind is written.';

create or replace function tow_store.ring_kind(p_kind text) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select tow_store.ring_band(b.id) from (select min(id) as id from tow_store.band where kind = p_kind group by queue) b
$$;
comment on function tow_store.ring_kind(text) is 'Wake those who may run a kind.';

create or replace function tow.set_kind(kind text, max_running int default null, reset text[] default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_was constant jsonb := tow_store.gate_settings('k', null, kind);
begin
	if max_running is null and coalesce(reset, '{}') = '{}' then
		perform tow_store.fail('TW422', 'nothing to set', 'give max_running, or reset what was set before: max_running');
	end if;
	perform tow_store.check_limit(max_running, 1, null, null, reset, '{max_running}', jsonb_build_object('max_running', max_running));
	perform tow_store.rule_kind(kind);
	perform tow_store.hold_runs(tow_store.set_gate('k', null, kind, max_running, null, null, null, coalesce(reset, '{}')));
	perform tow_store.ring_kind(kind);
	perform tow_store.note('kind.set', kind, null, tow_store.changed(v_was, tow_store.gate_settings('k', null, kind)));
end $$;
comment on function tow.set_kind(text, int, text[]) is 'Limit how many jobs of a kind run at once, over all queues, at once; reset => ''{max_running}'' lifts it. In a lane other kinds pass those that wait: jobs of a kind that has a rule of its own have an order of their own.';

create or replace function tow_store.pause_kind(p_kind text, p_at timestamptz, p_reason text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	g tow_store.gate;
begin
	perform tow_store.rule_kind(p_kind);
	g := tow_store.set_gate('k', null, p_kind, null, null, null, null, '{}');
	update tow_store.gate o set paused_at = case when p_at is not null then coalesce(o.paused_at, p_at) end, pause_reason = p_reason where o.id = g.id;
	perform tow_store.ring_kind(p_kind);
end $$;
comment on function tow_store.pause_kind(text, timestamptz, text) is 'Pause a kind, or resume it (null).';

create or replace function tow.pause_kind(kind text, reason text default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	perform tow_store.pause_kind(kind, tow.now(), reason);
	perform tow_store.note('kind.paused', kind, null, jsonb_build_object('reason', reason));
end $$;
comment on function tow.pause_kind(text, text) is 'No job of this kind is claimed, in any queue, until tow.resume_kind; those that run, or were claimed a moment ago, go on. In a lane other kinds pass it: jobs of a kind that has a rule of its own have an order of their own.';

create or replace function tow.resume_kind(kind text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	if not exists (select from tow_store.gate g where g.what = 'k' and g.name = kind) then
		perform tow_store.fail('TW404', format('kind %L was never paused', kind), 'select * from tow.limits lists kinds with rules');
	end if;
	perform tow_store.pause_kind(kind, null, null);
	perform tow_store.note('kind.resumed', kind);
end $$;
comment on function tow.resume_kind(text) is 'Start jobs of a paused kind again.';
