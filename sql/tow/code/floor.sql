-- Where a dispatcher's claims begin. Dead index entries at the head of ready are what makes a queue slow while
-- somebody pins the xmin horizon, so each dispatcher scans a band from a watermark, its low, and never looks below.
-- But a job can be committed late, with a position below the low. No such job may be overlooked:
--
--   An enqueue takes its xid before it takes a position. A look notes the lows first, then reads the unfinished
--   xids and X, the next xid to be given out; the window (X, lows) and those xids are remembered. Whoever still
--   holds a position below a noted low took its xid before that position, hence below X: it has finished (then a
--   scan that starts now sees it) or it is among those remembered. Whoever took its xid at X or later has all its
--   positions above the noted lows.
--
-- So a look lowers the lows to those of the window before it, and, for each remembered xid that has finished, to
-- those of the last window whose X was at or below that xid. Scans then sweep upward again. An open writer costs
-- nothing until it ends, a reader never does. Undone claims (a worker died) raise tow_store.sweep: scan from 0.
-- Once a minute everything is scanned from 0 anyway.
--
-- Must be called in a transaction of its own that has written nothing: age() answers the own xid once there is one.
-- memory: {"x": X, "lows": {band: low}, "open": [{"lows": {...}, "xids": [...]}], "sweep": n, "full_at": epoch}
create or replace function tow.floor(
	p_worker bigint, p_memory text, p_bands int[], p_lows bigint[], p_woken boolean, p_parked text
) returns table(memory text, bands int[], queues int[], lows bigint[], safe boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $$
declare
	v_old constant jsonb := p_memory::jsonb;
	v_noted constant jsonb := coalesce((select jsonb_object_agg(b, l) from unnest(p_bands, p_lows) u(b, l)), '{}');
	v_snapshot constant pg_snapshot := pg_current_snapshot();
	v_x constant numeric := tow_store.next_xid(v_snapshot);
	v_sweep constant bigint := coalesce(pg_sequence_last_value('tow_store.sweep'::regclass), 0);
	v_full boolean := v_old is null or (v_old ->> 'sweep')::bigint <> v_sweep
		or (v_old ->> 'full_at')::double precision < extract(epoch from clock_timestamp()) - 60;
	v_from jsonb := v_old -> 'lows';
	v_open jsonb := jsonb_build_array();
	v_window jsonb;
	v_left jsonb;
	v_fresh jsonb;
	v_queue record;
begin
	for v_window in select value from jsonb_array_elements(coalesce(v_old -> 'open', '[]')) loop
		select coalesce(jsonb_agg(x), '[]') into v_left from jsonb_array_elements_text(v_window -> 'xids') x
		where not tow_store.has_finished(x::xid8, v_snapshot);
		if v_left <> v_window -> 'xids' or v_window ? 'until' then
			v_from := tow_store.lower(v_from, v_window -> 'lows');
		end if;
		if pg_snapshot_xmin(v_snapshot) >= (v_window ->> 'until')::xid8 then
			v_window := v_window - 'until';
		end if;
		if v_left <> '[]' or v_window ? 'until' then
			v_open := v_open || jsonb_build_array(v_window || jsonb_build_object('xids', v_left));
		end if;
	end loop;

	v_fresh := tow_store.unfinished(v_snapshot, coalesce((v_old ->> 'x')::numeric, 0), v_x);
	if v_fresh <> '{"xids": []}' then
		v_open := v_open || jsonb_build_array(v_fresh || jsonb_build_object('lows', coalesce(v_old -> 'lows', '{}')));
	end if;

	memory := jsonb_build_object('x', v_x, 'lows', v_noted, 'open', v_open, 'sweep', v_sweep,
		'full_at', case when v_full then extract(epoch from clock_timestamp()) else (v_old ->> 'full_at')::double precision end)::text;
	select array_agg(s.id order by s.place, s.priority, s.kind nulls first), array_agg(s.queue order by s.place, s.priority, s.kind nulls first),
		array_agg(case when v_full then 0
			else least(coalesce((v_noted ->> s.id::text)::bigint, 0), coalesce((v_from ->> s.id::text)::bigint, 0)) end
			order by s.place, s.priority, s.kind nulls first)
	into bands, queues, lows
	from (
		select b.*, u.place
		from tow_store.worker w, unnest(w.queues) with ordinality u(queue, place) join tow_store.band b on b.queue = u.queue
		where w.id = p_worker and (b.kind is null or b.kind = any(w.kinds))
	) s;
	safe := p_parked is not null and pg_snapshot_xmin(v_snapshot) >= p_parked::xid8;

	if p_woken then
		perform set_config('synchronous_commit', 'off', true);
		for v_queue in
			select q.id, w.bit from tow_store.worker w, unnest(w.queues) u(id) join tow_store.queue q on q.id = u.id
			where w.id = p_worker and tow_store.is_armed(q.arm, p_worker) order by q.id
		loop
			perform tow_store.arm_bit(v_queue.id, v_queue.bit, false); -- who shares it was rung, too
		end loop;
		-- It may have been rung for more than it can take: what is still there is another's.
		perform tow_store.ring_more(l.queue, p_worker)
		from (select distinct u.queue from unnest(bands, queues, lows) u(band, queue, low)
			where tow_store.has_turn(u.band, u.low)
				and not exists (select from tow_store.gate g where g.what = 'q' and g.queue = u.queue and (g.max_running is not null or g.rate is not null))) l;
	end if;
	return next;
end $$;
comment on function tow.floor(bigint, text, int[], bigint[], boolean, text) is
'Where a worker''s next claims begin: its bands in order, and from which position each is scanned.';

-- The next xid to be given out, as 64 bits. A snapshot's xmax will not do: it is the latest *completed* xid + 1.
create or replace function tow_store.next_xid(p_snapshot pg_snapshot) returns numeric
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	return (
		select case when n.epoch + n.low >= n.xmax then n.epoch + n.low else n.epoch + n.low + 4294967296 end
		from (select (age('3'::xid)::bigint + 3) & 4294967295 as low, x.xmax, x.xmax - x.xmax % 4294967296 as epoch
			from (select pg_snapshot_xmax(p_snapshot)::text::numeric as xmax) x) n
	);
end $$;
comment on function tow_store.next_xid(pg_snapshot) is 'The next xid that will be given out; only right in a transaction that has none.';

create or replace function tow_store.has_finished(p_xid xid8, p_snapshot pg_snapshot) returns boolean
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	return pg_visible_in_snapshot(p_xid, p_snapshot);
end $$;
comment on function tow_store.has_finished(xid8, pg_snapshot) is 'Whether a transaction had ended, either way, when the snapshot was taken.';

-- The xids in [from, next) that may be unfinished: those in the snapshot, and all it is too old to know of. When
-- those are very many (one transaction with thousands of savepoints) they are not listed: until says that every
-- look must sweep, until no snapshot knows anything older.
create or replace function tow_store.unfinished(p_snapshot pg_snapshot, p_from numeric, p_next numeric) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	return (
		with b as (
			select greatest(pg_snapshot_xmax(p_snapshot)::text::numeric, p_from) as first, p_next - 1 as last
		), u as (
			select s::text as x from pg_snapshot_xip(p_snapshot) s where s::text::numeric >= p_from
			union all
			select g::text from b, generate_series(b.first, b.last) g where b.last - b.first < 256
		)
		select jsonb_build_object('xids', coalesce((select jsonb_agg(u.x) from u), '[]'))
			|| case when b.last - b.first < 256 then '{}' else jsonb_build_object('until', p_next::text) end
		from b
	);
end $$;
comment on function tow_store.unfinished(pg_snapshot, numeric, numeric) is 'Transactions from an xid on that may still be open.';

create or replace function tow_store.lower(p_a jsonb, p_b jsonb) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	return (
		select coalesce(jsonb_object_agg(k, least(coalesce((p_a ->> k)::bigint, 0), coalesce((p_b ->> k)::bigint, 0))), '{}')
		from (select jsonb_object_keys(p_a) union select jsonb_object_keys(p_b)) u(k)
	);
end $$;
comment on function tow_store.lower(jsonb, jsonb) is 'The lower of two maps from band to position; a band that is missing in one counts as 0.';
