-- tow.fsck: keys, deadlines, gates that runs hold. Also, what waiting jobs wait for.

create or replace function tow_store.fsck_keys(p_job bigint) returns table(problem text, job bigint, detail text, remedy text)
language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off set plan_cache_mode = force_custom_plan
as $$
begin
	return query
		with p as materialized (select * from tow_store.fsck_places(p_job))
		select 'stale key', k.job_id, k.key, 'free it: its job has ended or started, or is no more'
		from tow_store.key k left join p on p.id = k.job_id left join tow_store.job j on j.id = k.job_id
		where (p_job is null or k.job_id = p_job)
			and (j.id is null or k.scope = 'l' and p.id is null or k.scope = 'q' and coalesce(p.place, 'running') = 'running')
		union all
		-- one that has run may have lost it to a job that replaced it; one that has not would have been replaced
		select 'no key', j.id, j.key, 'give it its key'
		from p join tow_store.job j on j.id = p.id
		where j.key_scope in ('l', 'd') and p.place <> 'running' and not exists (select from tow_store.key k where k.key = j.key)
			and not exists (select from tow_store.history h where h.job_id = j.id)
		union all
		select 'no deadline', j.id, j.deadline::text, 'write it down for the expire duty'
		from p join tow_store.job j on j.id = p.id
		where p.place <> 'running' and j.deadline > (select tow.now()) and not exists (select from tow_store.deadline d where d.at = j.deadline and d.id = j.id)
		union all
		select 'held without a run', h.job_id, format('gate %s, run %s', h.gate, h.run), 'let it go'
		from tow_store.held h
		where (p_job is null or h.job_id = p_job) and not exists (select from tow_store.running r where r.job_id = h.job_id and r.run = h.run);
end $$;
comment on function tow_store.fsck_keys(bigint) is 'Part of tow.fsck: keys, deadlines and gates of jobs.';

create or replace function tow_store.fsck_mend_key(p_problem text, p_job bigint, p_detail text) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	case p_problem
	when 'stale key' then
		delete from tow_store.key where ctid = any(array(
			select k.ctid from tow_store.key k where k.key = p_detail and k.job_id = p_job for update skip locked));
	when 'no key' then
		insert into tow_store.key (key, job_id, scope)
		select j.key, j.id, j.key_scope from tow_store.job j where j.id = p_job on conflict do nothing;
	when 'no deadline' then
		insert into tow_store.deadline (at, id) select j.deadline, j.id from tow_store.job j where j.id = p_job on conflict do nothing;
	else
		delete from tow_store.held where ctid = any(array(
			select h.ctid from tow_store.held h where h.job_id = p_job
				and not exists (select from tow_store.running r where r.job_id = h.job_id and r.run = h.run) for update skip locked));
	end case;
	return found;
end $$;
comment on function tow_store.fsck_mend_key(text, bigint, text) is 'Put right a key, a deadline or a gate of a job.';

-- Each job is looked for once, however many wait for it; p_on: only what is needed of that one, as one job may need
-- a hundred thousand.
create or replace function tow_store.fsck_needs(p_job bigint, p_on bigint) returns table(problem text, job bigint, detail text, remedy text)
language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off set plan_cache_mode = force_custom_plan
as $$
begin
	return query
		with n as materialized ( -- what the admit duty has still to look at is not wrong yet
			select o.job_id, o.on_id, o.if_failed from tow_store.need o
			where (p_job is null or o.job_id = p_job) and (p_on is null or o.on_id = p_on)
				and not exists (select from tow_store.waiting w where w.id = o.job_id and w.fresh)
				and exists (select from tow_store.job j where j.id = o.job_id)
		), p as materialized (
			select f.id, f.flags from tow_store.fsck_places(null) f where p_job is null
			union all
			select f.id, f.flags from (select distinct n.on_id from n where p_job is not null) d, tow_store.fsck_places(d.on_id) f
		)
		select 'end not told', n.job_id, format('it waits for job %s, which has ended', n.on_id), 'tell the admit duty'
		from n
		where not exists (select from p where p.id = n.on_id) and not exists (select from tow_store.released l where l.job_id = n.on_id)
			and not (n.if_failed = 'w' and coalesce(tow.state(n.on_id) in ('failed', 'cancelled'), false))
		union all
		select 'need without a job', o.job_id, format('it waits for job %s', o.on_id), 'delete it: nobody knows what waits'
		from tow_store.need o
		where (p_job is null or o.job_id = p_job) and (p_on is null or o.on_id = p_on) and not exists (select from tow_store.job j where j.id = o.job_id)
		union all
		select 'edge without a job', e.job_id, format('it was to run after job %s', e.on_id), 'delete it: nobody knows what came after'
		from tow_store.edge e
		where (p_job is null or e.job_id = p_job) and p_on is null and not exists (select from tow_store.job j where j.id = e.job_id)
		union all
		select 'not flagged', n.job_id, format('it waits for job %s, which does not know', n.on_id), 'flag that one'
		from n join p on p.id = n.on_id where p.flags & 8 = 0
		union all
		select 'waits for nothing', w.id, w.reason, 'let the admit duty look again'
		from tow_store.waiting w
		where (p_job is null or w.id = p_job) and w.reason in ('predecessors', 'children') and not w.fresh
			and not exists (select from tow_store.need o where o.job_id = w.id)
		union all
		select 'signal not heard', w.id, w.detail ->> 'name', 'let the admit duty look again'
		from tow_store.waiting w
		where (p_job is null or w.id = p_job) and w.reason in ('signal', 'approval') and not w.fresh
			and exists (select from tow_store.last_word(w) s where not s.fresh);
end $$;
comment on function tow_store.fsck_needs(bigint, bigint) is 'Part of tow.fsck: jobs that wait for others in vain.';

create or replace function tow_store.fsck_mend_need(p_problem text, p_job bigint, p_detail text) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_on constant bigint := substring(p_detail from 'job (\d+)')::bigint;
	p record;
	v_done boolean := false;
begin
	case p_problem
	when 'end not told' then
		insert into tow_store.released (at, job_id) values (tow.now(), v_on);
		v_done := true;
	when 'need without a job' then
		delete from tow_store.need n where n.job_id = p_job and n.on_id = v_on;
		v_done := found;
	when 'edge without a job' then
		delete from tow_store.edge e where e.job_id = p_job and e.on_id = v_on;
		v_done := found;
	when 'waits for nothing', 'signal not heard' then
		update tow_store.waiting w set fresh = true where w.id = p_job;
		v_done := found;
	else
		for p in select * from tow_store.fsck_places(v_on) loop
			v_done := tow_store.fsck_lock(p.place, p.at, v_on);
			exit when not v_done;
			case p.place
				when 'ready' then update tow_store.ready r set flags = r.flags | 8 where r.ctid = p.at;
				when 'lined' then update tow_store.lined l set flags = l.flags | 8 where l.ctid = p.at;
				when 'scheduled' then update tow_store.scheduled s set flags = s.flags | 8 where s.ctid = p.at;
				when 'waiting' then update tow_store.waiting w set flags = w.flags | 8 where w.ctid = p.at;
				else update tow_store.running u set flags = u.flags | 8 where u.ctid = p.at;
			end case;
		end loop;
	end case;
	perform tow_store.ring_clock('-infinity');
	return v_done;
end $$;
comment on function tow_store.fsck_mend_need(text, bigint, text) is 'Put right what a job waits for.';
