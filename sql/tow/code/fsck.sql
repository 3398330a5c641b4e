-- tow.fsck: what must be true of the tables, looked at as a whole, and put right if asked. Each family of checks is one
-- function that finds, for all jobs or for one; stable, like all it calls, so that it looks by one snapshot, in which a
-- job on its way is where it was or where it is. A repair takes the job's rows first, skipping those that somebody moves
-- this moment, then asks the same function once more: what is no longer wrong is left alone. So it may run beside
-- workers, and doing it twice is harmless.
--
--   jobs    where a job stands: once, with facts, in a band that is its own, under a live worker, not after its end
--   keys    unique keys, deadlines, gates held by runs
--   needs   who waits for whom
--   lanes   lanes, their turns, and where scans of them begin
--   store   daemons, sequences, registers, partitions

create or replace function tow.fsck(repair boolean default false) returns table(problem text, job bigint, detail text, remedy text, done boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	v_family text;
	v_done int := 0;
begin
	foreach v_family in array '{store,jobs,keys,needs,lanes}'::text[] loop
		for problem, job, detail, remedy in select f.problem, f.job, f.detail, f.remedy from tow_store.fsck_find(v_family, null, null) f loop
			done := null;
			if fsck.repair then
				done := tow_store.fsck_mend(v_family, problem, job, detail);
				v_done := v_done + done::int;
			end if;
			return next;
		end loop;
	end loop;
	if v_done > 0 then
		perform tow_store.note('fsck', null, null, jsonb_build_object('repaired', v_done));
	end if;
end $$;
comment on function tow.fsck(boolean) is
'Broken invariants of the storage, and what repair => true does about each (done: it did; null: it was not asked; false: somebody was at it, or it had gone). At most 1,000 of a family at a time. Reads everything: not for every minute.';

create or replace function tow_store.fsck_find(p_family text, p_job bigint, p_on bigint) returns table(problem text, job bigint, detail text, remedy text)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	case p_family
		when 'jobs' then return query select * from tow_store.fsck_jobs(p_job) limit 1000;
		when 'keys' then return query select * from tow_store.fsck_keys(p_job) limit 1000;
		when 'needs' then return query select * from tow_store.fsck_needs(p_job, p_on) limit 1000;
		when 'lanes' then return query select * from tow_store.fsck_lanes(p_job) limit 1000;
		else return query select * from tow_store.fsck_store(p_job) limit 1000;
	end case;
end $$;
comment on function tow_store.fsck_find(text, bigint, bigint) is 'What one family of checks finds, of all jobs (null) or one; p_on: of what that one waits for.';

create or replace function tow_store.fsck_mend(p_family text, p_problem text, p_job bigint, p_detail text) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	perform from tow_store.job j where j.id = p_job for update skip locked;
	perform tow_store.fsck_lock(p.place, p.at, p_job) from tow_store.fsck_places(p_job) p where p_job is not null;
	if not exists (select from tow_store.fsck_find(p_family, p_job, substring(p_detail from 'it waits for job (\d+)')::bigint) f where f.problem = p_problem and f.detail = p_detail) then
		return false;
	end if;
	case p_family
		when 'jobs' then return tow_store.fsck_mend_job(p_problem, p_job);
		when 'keys' then return tow_store.fsck_mend_key(p_problem, p_job, p_detail);
		when 'needs' then return tow_store.fsck_mend_need(p_problem, p_job, p_detail);
		when 'lanes' then return tow_store.fsck_mend_lane(p_problem, p_job, p_detail);
		else return tow_store.fsck_mend_store(p_problem, p_detail);
	end case;
end $$;
comment on function tow_store.fsck_mend(text, text, bigint, text) is 'Put one finding right, if it is still there.';

-- Every row that a live job has, whatever band it is in: of one job by index probes, band by band as they are in use.
create or replace function tow_store.fsck_places(p_job bigint) returns table(id bigint, place text, at tid, band int, attempt int, flags int, run bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_job is null then
		return query select r.id, 'ready', r.ctid, r.band, r.attempt, r.flags, null::bigint from tow_store.ready r;
	else
		return query
			with recursive b(band) as (
				select min(r.band) from tow_store.ready r
				union all
				select (select min(r.band) from tow_store.ready r where r.band > b.band) from b where b.band is not null
			)
			select r.id, 'ready', r.ctid, r.band, r.attempt, r.flags, null::bigint
			from b join tow_store.ready r on r.band = b.band and r.pos = p_job and r.id = p_job
			union all
			select r.id, 'ready', r.ctid, r.band, r.attempt, r.flags, null from tow_store.ready r where r.id = p_job and r.pos <> r.id;
	end if;
	return query
		select l.id, 'lined', l.ctid, l.band, l.attempt, l.flags, null::bigint from tow_store.lined l where p_job is null or l.id = p_job
		union all
		select s.id, 'scheduled', s.ctid, s.band, s.attempt, s.flags, null from tow_store.scheduled s where p_job is null or s.id = p_job
		union all
		select w.id, 'waiting', w.ctid, w.band, w.attempt, w.flags, null from tow_store.waiting w where p_job is null or w.id = p_job
		union all
		select u.job_id, 'running', u.ctid, u.band, u.attempt, u.flags, u.run from tow_store.running u where p_job is null or u.job_id = p_job;
end $$;
comment on function tow_store.fsck_places(bigint) is 'Where live jobs (null: all) stand, for tow.fsck.';

create or replace function tow_store.fsck_lock(p_place text, p_at tid, p_job bigint) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	case p_place
		when 'ready' then perform from tow_store.ready r where r.ctid = p_at and r.id = p_job for update skip locked;
		when 'lined' then perform from tow_store.lined l where l.ctid = p_at and l.id = p_job for update skip locked;
		when 'scheduled' then perform from tow_store.scheduled s where s.ctid = p_at and s.id = p_job for update skip locked;
		when 'waiting' then perform from tow_store.waiting w where w.ctid = p_at and w.id = p_job for update skip locked;
		else perform from tow_store.running u where u.ctid = p_at and u.job_id = p_job for update skip locked;
	end case;
	return found;
end $$;
comment on function tow_store.fsck_lock(text, tid, bigint) is 'Take a row where a job stands; false if somebody else has it, or it has moved.';

create or replace function tow_store.fsck_delete(p_place text, p_at tid, p_job bigint) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if not tow_store.fsck_lock(p_place, p_at, p_job) then
		return false;
	end if;
	case p_place
		when 'ready' then delete from tow_store.ready r where r.ctid = p_at;
		when 'lined' then delete from tow_store.lined l where l.ctid = p_at;
		when 'scheduled' then delete from tow_store.scheduled s where s.ctid = p_at;
		when 'waiting' then delete from tow_store.waiting w where w.ctid = p_at;
		else
			delete from tow_store.running u where u.ctid = p_at;
			perform tow_store.let_go_later(array[p_job]);
	end case;
	return true;
end $$;
comment on function tow_store.fsck_delete(text, tid, bigint) is 'Delete a row where a job stands, unless somebody has it.';
