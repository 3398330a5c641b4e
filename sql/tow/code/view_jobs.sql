create or replace view tow.jobs as
select m.id, m.state, j.kind, j.queue, coalesce(b.priority, j.priority) as priority, m.attempt, j.max_attempts, j.created_at,
	coalesce(m.run_at, j.run_at) as run_at, m.started_at, m.worker, m.run, g.pct, g.note, j.args, j.key, j.tags, m.reason
from (
	select r.id, 'ready' as state, r.band, r.attempt, null::timestamptz as run_at, null::timestamptz as started_at, null::bigint as worker,
		null::bigint as run, null::text as reason
	from tow_store.ready r
	union all
	select s.id, case s.reason when 'r' then 'retrying' else 'scheduled' end, s.band, s.attempt, s.run_at, null, null, null, null
	from tow_store.scheduled s
	union all
	select w.id, 'waiting', w.band, w.attempt, null, null, null, null, w.reason from tow_store.waiting w
	union all
	select u.job_id, 'running', u.band, u.attempt, null, u.claimed_at, u.worker, u.run, null from tow_store.running u
) m
	join tow_store.job j on j.id = m.id
	left join tow_store.band b on b.id = m.band
	left join tow_store.progress g on g.job_id = m.id and g.run = m.run;
comment on view tow.jobs is 'Jobs that have not finished: scheduled, ready, running, retrying or waiting. Never looks at history.';
comment on column tow.jobs.attempt is 'Attempts spent; of a running job the present one is counted.';
comment on column tow.jobs.reason is 'Why a waiting job waits: admission (its queue or priority is new), policy (a function decides whether it is tried again).';

create or replace view tow.attempts as
select h.job_id as job, h.run, h.attempt,
	case h.outcome when 'c' then 'completed' when 'f' then 'failed' when 'x' then 'cancelled' when 'r' then 'retried'
		when 's' then 'snoozed' when 'b' then 'given back' else 'lost' end as outcome,
	h.started_at, h.finished_at, h.finished_at - h.started_at as took, h.worker, h.class, h.error, h.detail, h.delay
from tow_store.history h;
comment on view tow.attempts is 'Every run that ended, however it ended. Filter on job, or on finished_at: that prunes partitions.';

create or replace view tow.history as
select h.job_id as id, case h.outcome when 'c' then 'completed' when 'f' then 'failed' else 'cancelled' end as state,
	j.kind, j.queue, coalesce(b.priority, j.priority) as priority, h.attempt, j.created_at, h.started_at, h.finished_at,
	h.finished_at - h.started_at as took, h.worker, h.run, h.class, h.error, h.result, j.args, j.key, j.tags,
	exists (select from tow_store.revival v where v.run = h.run) as revived
from tow_store.history h
	join tow_store.job j on j.id = h.job_id
	left join tow_store.band b on b.id = h.band
where h.outcome in ('c', 'f', 'x');
comment on view tow.history is 'Jobs that finished. Filter on finished_at: that prunes partitions.';
comment on column tow.history.revived is 'It was put back since, by tow.retry or tow.redrive.';

create or replace function tow.find_jobs(
	state text default null, queue text default null, kind text default null, tag text default null, key text default null,
	max_rows int default 50, before bigint default null
) returns setof tow.jobs
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	if state is not null and state not in ('scheduled', 'ready', 'running', 'retrying', 'waiting') then
		perform tow_store.fail('TW422', format('bad state %L', state), 'live jobs are scheduled, ready, running, retrying or waiting; finished ones are in tow.history');
	end if;
	return query
		select j.* from tow.jobs j
		where (state is null or j.state = state) and (queue is null or j.queue = queue) and (kind is null or j.kind = kind)
			and (tag is null or tag = any(j.tags)) and (key is null or j.key = key) and (before is null or j.id < before)
		order by j.id desc limit max_rows;
end $$;
comment on function tow.find_jobs(text, text, text, text, text, int, bigint) is 'Live jobs that match, newest first; before: only older ids (for paging).';
