-- Make due jobs ready, at most 1,000 at a time, the most urgent instants first. One whose queue or band does not
-- exist yet goes on to wait for admission.
--
-- While somebody pins the xmin horizon, dead index entries stay at the head of tow_store.scheduled; so scans start at
-- a watermark, tow_store.promoted. That must not pass a job that is committed late or that is put back by a rollback:
--
--   A job is inserted only while its instant lies ahead, by a transaction that has its xid by then. A turn notes its
--   time T, then takes its own xid X: whoever inserts an instant up to T has an xid below X. Once all of those have
--   ended, every such job can be seen, or is gone for good; what is locked or being promoted can still be seen. So
--   the watermark is then raised to T, or to the first job that is seen if that is earlier.
--
-- A writer that stays open for long holds it down for a minute and no longer, and a clock that steps, or a producer
-- that looked at the clock before it had its xid, is not covered by the rule: every ten seconds a turn starts at the
-- very beginning and lowers the watermark to what it finds there.
create or replace function tow_store.duty_promote() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_now constant timestamptz := tow.now();
	v_from constant timestamptz := tow_store.promote_from(v_now);
	v_count int;
	v_band int;
	v_bands int[];
begin
	with d as (
		delete from tow_store.scheduled where ctid = any(array(
			select s.ctid from tow_store.scheduled s where s.run_at >= v_from and s.run_at <= v_now
			order by s.run_at, s.id limit 1000 for update skip locked))
		returning run_at, id, band, attempt, flags
	), m as (
		select d.id, d.attempt, d.flags, coalesce(d.band, tow_store.find_band(q.id, j.priority, j.kind, j.lane is not null)) as band
		from d join tow_store.job j on j.id = d.id left join tow_store.queue q on q.name = j.queue
		order by d.run_at, d.id
	), r as (
		insert into tow_store.ready (band, pos, id, attempt, flags)
		select m.band, nextval('tow_store.job_id'), m.id, m.attempt, m.flags from m where m.band is not null
	), w as (
		insert into tow_store.waiting (id, reason, since, attempt, flags)
		select m.id, 'admission', v_now, m.attempt, m.flags from m where m.band is null
	)
	select count(*), array_agg(distinct m.band) into v_count, v_bands from m;
	foreach v_band in array coalesce(array_remove(v_bands, null), '{}') loop
		perform tow_store.ring_band(v_band);
	end loop;
	if v_count = 0 then
		perform set_config('synchronous_commit', 'off', true); -- only registers were written
	end if;
	return v_count;
end $$;
comment on function tow_store.duty_promote() is 'Duty: make due jobs ready.';

-- Where this turn's scan starts; looks after the registers.
create or replace function tow_store.promote_from(p_now timestamptz) returns timestamptz
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
declare
	v_own constant bigint := pg_current_xact_id()::text::bigint;
	v_low constant timestamptz := tow_store.register_at('tow_store.promoted');
	v_at timestamptz := tow_store.register_at('tow_store.promote_at');
	v_xid constant bigint := coalesce(pg_sequence_last_value('tow_store.promote_xid'::regclass), 0);
	v_full constant timestamptz := tow_store.register_at('tow_store.promote_full');
	v_from timestamptz := v_low;
	v_over boolean;
	v_first timestamptz;
begin
	if p_now not between greatest(v_full, v_low) and v_full + interval '10 s' then
		v_from := 'epoch';
		perform tow_store.set_register_at('tow_store.promote_full', p_now);
	end if;
	-- one statement: one snapshot
	select pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= v_xid,
		(select s.run_at from tow_store.scheduled s where s.run_at >= v_from order by s.run_at limit 1)
	into v_over, v_first;
	if v_xid > v_own then -- of another server: this one was restored from a dump
		v_at := v_low;
		v_over := true;
	end if;
	v_over := v_over or v_at not between p_now - interval '1 min' and p_now;
	perform tow_store.set_register_at('tow_store.promoted', least(case when v_over then v_at else v_low end, v_first, p_now));
	if v_over then
		perform tow_store.set_register_at('tow_store.promote_at', p_now);
		perform setval('tow_store.promote_xid', v_own);
	end if;
	return v_from;
end $$;
comment on function tow_store.promote_from(timestamptz) is 'From which instant scheduled jobs are scanned; raises the watermark where that is safe.';

create or replace function tow_store.register_at(p_register regclass) returns timestamptz
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select timestamptz 'epoch' + coalesce(pg_sequence_last_value(p_register), 0) * interval '1 us'
$$;
comment on function tow_store.register_at(regclass) is 'The instant in a sequence that is used as a register.';

create or replace function tow_store.set_register_at(p_register regclass, p_at timestamptz) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select setval(p_register, greatest(floor(extract(epoch from p_at) * 1000000), 0)::bigint)
$$;
comment on function tow_store.set_register_at(regclass, timestamptz) is 'Put an instant into a register.';

-- Admit jobs whose queue or band was new when they were enqueued. Where somebody's open transaction is making the
-- queue or the band, theirs wait for it, and nobody else's do: a turn looks past them, but not without end.
create or replace function tow_store.duty_admit() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	w record;
	v_band int;
	v_home jsonb;
	v_stuck jsonb[] := array[]::jsonb[];
	v_after bigint := 0;
	v_count int := 0;
begin
	for i in 1 .. 5 loop
		for w in
			select a.id, a.band, a.attempt, a.flags, j.queue, j.priority, j.kind, j.lane is not null as laned
			from tow_store.waiting a join tow_store.job j on j.id = a.id
			where a.reason = 'admission' and a.id > v_after order by a.id limit 1000
		loop
			v_after := w.id;
			v_home := jsonb_build_array(w.queue, w.priority, w.laned);
			continue when w.band is null and (v_home = any(v_stuck) or cardinality(v_stuck) >= 10);
			v_band := coalesce(w.band, tow_store.try_home_band(w.queue, w.priority, w.kind, w.laned));
			if v_band is null then
				v_stuck := v_stuck || v_home;
				continue;
			end if;
			delete from tow_store.waiting where ctid = (select l.ctid from tow_store.waiting l where l.id = w.id for update skip locked);
			continue when not found; -- it is being cancelled
			perform tow_store.put_back(w.id, v_band, w.attempt, w.flags, null, 's');
			v_count := v_count + 1;
		end loop;
		exit when not found or v_count > 0;
	end loop;
	return v_count;
end $$;
comment on function tow_store.duty_admit() is 'Duty: make new queues and bands, and make the jobs that waited for them ready.';
