-- tow.fsck: where jobs stand. A job is in one table, or has ended.

create or replace function tow_store.fsck_jobs(p_job bigint) returns table(problem text, job bigint, detail text, remedy text)
language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off set plan_cache_mode = force_custom_plan
as $$
begin
	return query
		with p as materialized (
			select * from tow_store.fsck_places(p_job)
		), ended as ( -- ends that nobody has taken back
			select h.job_id, h.run, h.outcome from tow_store.history h
			where h.outcome in ('c', 'f', 'x') and (p_job is null or h.job_id = p_job)
				and not exists (select from tow_store.revival v where v.run = h.run)
		)
		select 'in two tables', p.id, string_agg(p.place, ', ' order by tow_store.fsck_rank(p.place)),
			format('keep it in %s', (array_agg(p.place order by tow_store.fsck_rank(p.place)))[1])
		from p group by p.id having count(*) > 1
		union all
		select 'no facts', p.id, p.place, 'delete it there: nobody knows what it was' from p
		where not exists (select from tow_store.job j where j.id = p.id)
		union all
		select distinct 'has ended', p.id, format('run %s ended it, and it is in %s', e.run, p.place), 'delete it there'
		from p join ended e on e.job_id = p.id
		union all
		select 'no such band', p.id, format('band %s, in %s', p.band, p.place), 'give it the band of its queue and priority'
		from p join tow_store.job j on j.id = p.id
		where p.place <> 'running' and p.band is not null and not exists (select from tow_store.band b where b.id = p.band)
		union all
		select 'wrong band', p.id, format('band %s, in %s', p.band, p.place), 'give it the band of its queue and priority'
		from p join tow_store.job j on j.id = p.id join tow_store.band b on b.id = p.band left join tow_store.queue q on q.id = b.queue
		where p.place in ('ready', 'lined') and (q.name is distinct from j.queue or b.laned <> (j.lane is not null) or b.kind <> j.kind)
		union all
		select 'no live worker', r.job_id, format('run %s is held by worker %s, which has ended', r.run, r.worker), 'put it back'
		from tow_store.running r
		where (p_job is null or r.job_id = p_job)
			and not exists (select from tow_store.worker w where w.id = r.worker and (w.ended_at is null or w.leftover))
		union all
		select 'run has ended', r.job_id, format('run %s', r.run), 'put it back'
		from tow_store.running r join tow_store.history h on h.job_id = r.job_id and h.run = r.run
		where (p_job is null or r.job_id = p_job) and h.outcome not in ('c', 'f', 'x')
		union all
		-- what was made before the oldest history, or is older than it is kept, may have lost its end by right
		select 'lost', j.id, format('%s in %s, made %s, is in no table', j.kind, j.queue, date_trunc('second', j.created_at)), 'fail it, class lost: tow.retry runs it'
		from tow_store.job j left join tow_store.queue q on q.name = j.queue
		where (p_job is null or j.id = p_job) 
			and j.created_at > greatest((select tow.now()) - coalesce(q.retention, (select tow_store.setting('retention')::interval)), (select tow_store.oldest_history()))
			and not exists (select from p where p.id = j.id)
			and not exists (select from tow_store.history h where h.job_id = j.id and h.outcome in ('c', 'f', 'x')
				and not exists (select from tow_store.revival v where v.run = h.run));
end $$;
comment on function tow_store.fsck_jobs(bigint) is 'Part of tow.fsck: jobs in two tables or none, without facts, after their end, in a wrong band, under no worker.';

create or replace function tow_store.fsck_rank(p_place text) returns int
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select array_position('{running,ready,lined,scheduled,waiting}'::text[], p_place)
$$;
comment on function tow_store.fsck_rank(text) is 'Which of two places of a job is kept: the smaller.';

create or replace function tow_store.fsck_mend_job(p_problem text, p_job bigint) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	j tow_store.job;
	p record;
	v_done boolean := true;
	v_first boolean := true;
begin
	select f.* into j from tow_store.job f where f.id = p_job;
	if p_problem = 'lost' then
		insert into tow_store.history (job_id, run, finished_at, attempt, outcome, class, error)
		values (p_job, nextval('tow_store.run'), tow.now(), 0, 'f', 'lost', 'tow.fsck found it in no table');
		perform tow_store.job_ended(array[p_job]);
		return true;
	end if;
	for p in select * from tow_store.fsck_places(p_job) o order by tow_store.fsck_rank(o.place), o.at loop
		case
			when p_problem = 'in two tables' and v_first then
				v_first := false;
			when p_problem in ('in two tables', 'no facts', 'has ended') then
				v_done := tow_store.fsck_delete(p.place, p.at, p_job) and v_done;
			when p_problem in ('no live worker', 'run has ended') and p.place = 'running' then
				v_done := tow_store.fsck_lose(p_job, p.at) and v_done;
			when p_problem in ('no such band', 'wrong band') and p.place <> 'running' then
				v_done := tow_store.fsck_rehome(j, p.place, p.at, p.attempt, p.flags) and v_done;
			else
				null;
		end case;
	end loop;
	return v_done;
end $$;
comment on function tow_store.fsck_mend_job(text, bigint) is 'Put right where a job stands.';

create or replace function tow_store.fsck_lose(p_job bigint, p_at tid) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	r tow_store.running;
begin
	if not tow_store.fsck_lock('running', p_at, p_job) then
		return false;
	end if;
	delete from tow_store.running u where u.ctid = p_at returning u.* into r;
	perform tow_store.lose_run(r);
	perform tow_store.let_go_later(array[p_job]);
	return true;
end $$;
comment on function tow_store.fsck_lose(bigint, tid) is 'Put back a run that nobody holds.';

create or replace function tow_store.fsck_rehome(j tow_store.job, p_place text, p_at tid, p_attempt int, p_flags int) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if not tow_store.fsck_lock(p_place, p_at, j.id) then
		return false;
	end if;
	case p_place
		when 'scheduled' then update tow_store.scheduled s set band = null where s.ctid = p_at;
		when 'waiting' then update tow_store.waiting w set band = null where w.ctid = p_at;
		else
			perform tow_store.fsck_delete(p_place, p_at, j.id);
			perform tow_store.put_back(j.id, tow_store.home_band(j.queue, j.priority, j.kind, j.lane is not null), p_attempt, p_flags, null, 's');
	end case;
	return true;
end $$;
comment on function tow_store.fsck_rehome(tow_store.job, text, tid, int, int) is 'Give a job that has not started the band of its queue and priority.';
