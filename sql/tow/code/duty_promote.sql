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
	v_from constant timestamptz := tow_store.scan_from('promote', v_now);
	v_count int;
	v_band int;
	v_bands int[];
begin
	-- A worker that claims what was promoted flushes both; what a crash undoes is promoted anew.
	perform set_config('synchronous_commit', 'off', true);
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
		select m.id, 'admission', tow.now(), m.attempt, m.flags from m where m.band is null
	)
	select count(*), array_agg(distinct m.band) into v_count, v_bands from m;
	foreach v_band in array coalesce(array_remove(v_bands, null), '{}') loop
		perform tow_store.ring_band(v_band);
	end loop;
	return v_count;
end $$;
comment on function tow_store.duty_promote() is 'Duty: make due jobs ready.';

-- Where this turn's scan starts; looks after the registers. The admit duty's rows bear the instant at which they were
-- written, by a transaction that had its xid by then: the same rule holds. p_now must come before the own xid,
-- so each turn needs a transaction of its own: a second one in it would pass what others have written meanwhile, until all
-- is looked at again.
create or replace function tow_store.scan_from(p_duty text, p_now timestamptz) returns timestamptz
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
declare
	c_low constant regclass := case p_duty when 'promote' then 'tow_store.promoted' else 'tow_store.admitted' end;
	c_at constant regclass := format('tow_store.%s_at', p_duty);
	c_xid constant regclass := format('tow_store.%s_xid', p_duty);
	c_full constant regclass := format('tow_store.%s_full', p_duty);
	v_own constant bigint := pg_current_xact_id()::text::bigint;
	v_low constant timestamptz := tow_store.register_at(c_low);
	v_at timestamptz := tow_store.register_at(c_at);
	v_xid constant bigint := coalesce(pg_sequence_last_value(c_xid), 0);
	v_from constant timestamptz := tow_store.look_from(c_low, c_full, p_now);
	v_over boolean;
	v_first timestamptz;
begin
	if v_from = 'epoch' then
		perform tow_store.set_register_at(c_full, p_now);
	end if;
	-- one statement: one snapshot
	select pg_snapshot_xmin(pg_current_snapshot())::text::bigint >= v_xid,
		case p_duty when 'promote' then (select s.run_at from tow_store.scheduled s where s.run_at >= v_from order by s.run_at limit 1)
		else tow_store.first_to_admit(v_from) end
	into v_over, v_first;
	if v_xid > v_own then -- of another server: this one was restored from a dump
		v_at := v_low;
		v_over := true;
	end if;
	v_over := v_over or v_at not between p_now - interval '1 min' and p_now;
	perform tow_store.set_register_at(c_low, least(case when v_over then v_at else v_low end, v_first, p_now));
	if v_over then
		perform tow_store.set_register_at(c_at, p_now);
		perform setval(c_xid, v_own);
	end if;
	return v_from;
end $$;
comment on function tow_store.scan_from(text, timestamptz) is 'From which instant a duty (promote, admit) scans its rows; raises its watermark where that is safe.';

create or replace function tow_store.first_to_admit(p_from timestamptz) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
begin
	return (
		select least(
			(select w.since from tow_store.waiting w where w.fresh and w.reason not in ('admission', 'policy') and w.since >= p_from order by w.since, w.id limit 1),
			(select w.since from tow_store.waiting w where w.reason = 'admission' and w.since >= p_from order by w.since, w.id limit 1),
			(select r.at from tow_store.released r where r.at >= p_from order by r.at, r.n limit 1))
	);
end $$;
comment on function tow_store.first_to_admit(timestamptz) is 'The earliest of what the admit duty has not looked at, from an instant on.';

create or replace function tow_store.register_at(p_register regclass) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	return timestamptz 'epoch' + coalesce(pg_sequence_last_value(p_register), 0) * interval '1 us';
end $$;
comment on function tow_store.register_at(regclass) is 'The instant in a sequence that is used as a register.';

-- Where the next turn's scan would start: so a duty that has nothing to do need not have a turn to find that out.
create or replace function tow_store.look_from(p_watermark regclass, p_full regclass, p_now timestamptz) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_at constant timestamptz := tow_store.register_at(p_watermark);
	v_full_at constant timestamptz := tow_store.register_at(p_full);
begin
	return case when p_now between greatest(v_full_at, v_at) and v_full_at + interval '9 s' then v_at else timestamptz 'epoch' end;
end $$;
comment on function tow_store.look_from(regclass, regclass, timestamptz) is 'From where on a look for what is due begins.';

-- A look from the start that finds nothing is as good as a turn of the duty, which comes rarely then: the next one begins at the
-- watermark.
create or replace function tow_store.looked_in_vain(p_duty text, p_now timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c_full constant regclass := format('tow_store.%s_full', p_duty);
begin
	if tow_store.look_from(case p_duty when 'promote' then 'tow_store.promoted' else 'tow_store.admitted' end::regclass, c_full, p_now) = 'epoch' then
		perform set_config('synchronous_commit', 'off', true);
		perform tow_store.set_register_at(c_full, p_now);
	end if;
end $$;
comment on function tow_store.looked_in_vain(text, timestamptz) is 'Note that a duty (promote, admit) has nothing to do, wherever one looks.';

create or replace function tow_store.set_register_at(p_register regclass, p_at timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	perform setval(p_register, greatest(floor(extract(epoch from p_at) * 1000000), 0)::bigint);
end $$;
comment on function tow_store.set_register_at(regclass, timestamptz) is 'Put an instant into a register.';
