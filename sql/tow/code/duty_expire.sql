-- End jobs whose deadline has passed before they started; one that runs is ended by its worker. Bounded: 500 a turn.
create or replace function tow_store.duty_expire() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_now constant timestamptz := tow.now();
	d tow_store.deadline;
	v_count int := 0;
begin
	for d in
		delete from tow_store.deadline where ctid = any(array(
			select l.ctid from tow_store.deadline l where l.at <= v_now order by l.at limit 500 for update skip locked))
		returning *
	loop
		v_count := v_count + 1;
		if tow.state(d.id) in ('scheduled', 'retrying', 'ready', 'waiting') then
			perform tow_store.expire_job(d.id, v_now);
		end if;
	end loop;
	return v_count;
end $$;
comment on function tow_store.duty_expire() is 'Duty: fail jobs whose deadline has passed before they started.';

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
		perform tow_store.job_ended(array[p_id]);
	end if;
end $$;
comment on function tow_store.expire_job(bigint, timestamptz) is 'Fail a job that has not started and can no longer be in time.';
