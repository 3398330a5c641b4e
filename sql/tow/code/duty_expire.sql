-- End jobs that can no longer be in time: those whose deadline has passed before they started (failed), and those that
-- have been ready for longer than their queue allows (cancelled, class expired). One that runs is ended by its worker.
-- Bounded: 500 of each a turn. A job that somebody's open transaction holds is looked at again in the next turn.
create or replace function tow_store.duty_expire() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_now constant timestamptz := tow.now();
	d tow_store.deadline;
	v_count int := 0;
begin
	perform tow_store.note_tide(v_now);
	for d in
		delete from tow_store.deadline where ctid = any(array(
			select l.ctid from tow_store.deadline l where l.at <= v_now order by l.at limit 500 for update skip locked))
		returning *
	loop
		if tow.state(d.id) in ('scheduled', 'retrying', 'ready', 'waiting') then
			if not tow_store.hold_unstarted(d.id) then
				insert into tow_store.deadline (at, id) values (d.at, d.id);
				continue;
			end if;
			perform tow_store.expire_job(d.id, v_now);
		end if;
		v_count := v_count + 1;
	end loop;
	return v_count + tow_store.expire_stale(v_now, 500);
end $$;
comment on function tow_store.duty_expire() is 'Duty: end jobs whose deadline has passed before they started, or that have been ready for too long.';

create or replace function tow_store.hold_unstarted(p_id bigint) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
begin
	perform from tow_store.ready r where r.ctid = tow_store.ready_ctid(p_id) and r.id = p_id for update skip locked;
	if not found then
		perform from tow_store.scheduled s where s.id = p_id for update skip locked;
	end if;
	if not found then
		perform from tow_store.waiting w where w.id = p_id for update skip locked;
	end if;
	if not found then
		perform from tow_store.lined l where l.id = p_id for update skip locked;
	end if;
	return found;
end $$;
comment on function tow_store.hold_unstarted(bigint) is 'Lock the place of a job that has not started; false if it has moved, or somebody else has it.';

create or replace function tow_store.expire_job(p_id bigint, p_now timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	t record;
begin
	t := tow_store.take_unstarted(p_id);
	if t.place is not null then
		insert into tow_store.history (job_id, run, finished_at, band, attempt, outcome, class, error)
		values (p_id, nextval('tow_store.run'), p_now, t.band, t.attempt, 'f', 'deadline', format('its deadline passed while it was %s', t.place));
		perform tow_store.drop_needs(p_id);
		perform tow_store.job_ended(array[p_id]);
	end if;
end $$;
comment on function tow_store.expire_job(bigint, timestamptz) is 'Fail a job that has not started and can no longer be in time.';

-- A row every half minute. The own xid comes after the position: whoever has a position up to this one has been given
-- it before this moment, and whoever has an xid below this one began before.
create or replace function tow_store.note_tide(p_now timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
declare
	v_position constant bigint := coalesce(pg_sequence_last_value('tow_store.job_id'::regclass), 0);
	v_last constant timestamptz := (select t.at from tow_store.tide t order by t.at desc limit 1);
begin
	if v_last > p_now - interval '25 s' and v_last <= p_now then
		return;
	end if;
	delete from tow_store.tide t where t.at > p_now; -- the clock has stepped back
	delete from tow_store.tide t
	where t.at < p_now - greatest(interval '2 days', (select max(q.expire_after) from tow_store.queue q) + interval '1 hour');
	insert into tow_store.tide (at, xid, position) values (p_now, pg_current_xact_id()::text::bigint, v_position);
end $$;
comment on function tow_store.note_tide(timestamptz) is 'Remember which xid and which position have been reached now.';

-- A position is given out when a job becomes ready, so the positions that the tide had reached so long ago are those
-- of jobs that have been ready since then, or longer: told to half a minute, and never too early. A job that a worker
-- gave back has a new position: it is as fresh as one that became ready then. In a lane it stands by its id, which may be
-- much older than what it waited for.
create or replace function tow_store.expire_stale(p_now timestamptz, p_limit int) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	s record;
	v_ids bigint[];
	v_count int := 0;
begin
	for s in
		select q.name, q.expire_after, b.id as band, b.laned, (select max(t.position) from tow_store.tide t where t.at <= p_now - q.expire_after) as top
		from tow_store.queue q join tow_store.band b on b.queue = q.id where q.expire_after is not null order by b.id
	loop
		continue when s.top is null;
		exit when v_count >= p_limit;
		with d as (
			delete from tow_store.ready where ctid = any(array(
				select r.ctid from tow_store.ready r where r.band = s.band and r.pos <= s.top
				order by r.band, r.pos limit p_limit - v_count for update skip locked))
			returning id, attempt
		), l as (
			delete from tow_store.lined where ctid = any(array(
				select o.ctid from tow_store.lined o
				where s.laned and o.band = s.band and o.pos <= s.top and (o.pos <> o.id or tow_store.was_ready(o.id, p_now - s.expire_after)) limit p_limit - v_count for update skip locked))
			returning id, attempt
		), h as (
			insert into tow_store.history (job_id, run, finished_at, band, attempt, outcome, class, error)
			select e.id, nextval('tow_store.run'), p_now, s.band, e.attempt, 'x', 'expired', format('it was ready for longer than %s', s.expire_after)
			from (table d union all table l) e
			returning job_id
		)
		select array_agg(h.job_id) into v_ids from h;
		continue when v_ids is null;
		perform tow_store.job_ended(v_ids);
		perform tow_store.note('jobs.expired', s.name, null, jsonb_build_object('jobs', cardinality(v_ids)));
		v_count := v_count + cardinality(v_ids);
	end loop;
	return v_count;
end $$;
comment on function tow_store.expire_stale(timestamptz, int) is 'Cancel jobs that have been ready for longer than their queue''s expire_after.';

create or replace function tow_store.was_ready(p_id bigint, p_at timestamptz) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
begin
	return not exists (select from tow_store.job j where j.id = p_id and j.run_at > p_at)
		and not exists (select from tow_store.history h where h.job_id = p_id and h.finished_at + coalesce(h.delay, '0') > p_at);
end $$;
comment on function tow_store.was_ready(bigint, timestamptz) is 'Whether a job that is ready has neither waited for its instant since then nor had a run.';
