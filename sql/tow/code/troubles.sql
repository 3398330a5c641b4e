-- What went wrong, and what waits for somebody, for areas that tell people. A duty looks back every few seconds, so that a failure costs no more than its row of
-- history, and a storm of them is one piece of news for each kind, queue and class. It looks no nearer than some seconds, for
-- transactions that are under way; what is committed later than that is not told, nor what is older than an hour.

-- Errors are left out where not all viewers see them: a message is read by more people than the job is.
create or replace function tow.troubles(since timestamptz, until timestamptz, leave_out text[] default '{}') returns table(event text, subject text, said jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	c_groups constant int := 100;
	v_sight constant text[] := case when tow_store.setting('viewer_sees_args') <> 'on' then array(select q.name from tow_store.queue q where tow_store.has_grant('tow_viewer', q.id, 'read')) end;
begin
	return query
	select 'job.failed', format('job:%s', min(h.job_id)), jsonb_build_object('id', min(h.job_id), 'kind', j.kind, 'queue', j.queue, 'class', h.class,
		'error', case when tow_store.in_sight(j.queue, v_sight) then left((array_agg(h.error order by h.finished_at desc))[1], 500) end, 'jobs', case when count(*) > 1 then count(*) end)
	from tow_store.history h join tow_store.job j on j.id = h.job_id
	where h.outcome = 'f' and h.finished_at > since and h.finished_at <= until and (j.kind <> all(leave_out) or h.class = 'lost')
	group by j.kind, j.queue, h.class order by count(*) desc limit c_groups;
	return query
	select 'worker.lost', 'worker:' || a.subject, jsonb_build_object('id', a.subject, 'worker', w.name, 'host', w.host, 'jobs', nullif(a.detail ->> 'jobs', '0'))
	from tow_store.audit a left join tow_store.worker w on w.id = a.subject::bigint
	where a.what = 'worker.dead' and a.at > since and a.at <= until order by a.n limit c_groups;
	return query
	select 'schedule.failed', 'schedule:' || a.subject, jsonb_build_object('schedule', a.subject, 'error', a.detail ->> 'error')
	from tow_store.audit a where a.what = 'schedule.failed' and a.at > since and a.at <= until order by a.n limit c_groups;
	return query
	select 'job.needs_approval', format('job:%s', min(w.id)), jsonb_build_object('id', min(w.id), 'kind', j.kind, 'queue', j.queue,
		'key', case when count(*) = 1 then min(j.key) end, 'jobs', case when count(*) > 1 then count(*) end)
	from tow_store.waiting w join tow_store.job j on j.id = w.id
	where w.reason = 'approval' and w.since > troubles.since and w.since <= troubles.until and j.kind <> all(leave_out)
	group by j.kind, j.queue order by count(*) desc limit c_groups;
end $$;
comment on function tow.troubles(timestamptz, timestamptz, text[]) is
'What went wrong after since, until then, and what waits for a word since: job.failed (for good; all of a kind, queue and class are one row: jobs, id of the first), worker.lost, schedule.failed, job.needs_approval (as job.failed; key where it is one). leave_out: kinds of jobs that are told of otherwise, but for those that are lost with their workers again and again.';

create or replace function tow_store.add_ear(p_area text, p_fn text) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	insert into tow_store.ear (area, fn, told_to) values (p_area, p_fn, tow.now()) on conflict on constraint ear_pkey do update set fn = excluded.fn
$$;
comment on function tow_store.add_ear(text, text) is 'Have a function (from, to) of an area told of trouble.';

-- What an idle instance writes: a row a minute.
create or replace function tow_store.duty_tell() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c_lag constant interval := interval '3 s';
	v_to constant timestamptz := tow.now() - c_lag;
	e tow_store.ear;
	v_fn regproc;
	v_n int;
begin
	for e in select o.* from tow_store.ear o order by o.area for update loop
		v_fn := to_regproc(e.fn);
		continue when v_fn is null or e.told_to >= v_to and e.told_to < v_to + interval '1 min';
		execute format('select %s($1, $2)', v_fn) into v_n using greatest(least(e.told_to, v_to), v_to - interval '1 hour'), v_to;
		if v_n > 0 or e.told_to not between v_to - interval '1 min' and v_to then
			update tow_store.ear o set told_to = v_to where o.area = e.area;
		end if;
	end loop;
	return 0;
end $$;
comment on function tow_store.duty_tell() is 'Tell areas of what went wrong since they were told last.';
