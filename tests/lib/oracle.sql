-- The oracle: one line for each thing that is wrong, none when every job is accounted for, job by job. It may be asked at
-- any moment, also while jobs run. Expects a temporary table acknowledged(id): the jobs whose enqueue was answered.
--
-- A job has one life, and one more for each time it was put back after its end (tow_store.revival). At any moment it is
-- in exactly one membership table, or its last life has ended; every other life has ended exactly once.
begin transaction isolation level repeatable read, read only;
set local search_path = pg_catalog;
set local enable_nestloop = off;
set local jit = off;

with place as (
	select id, 'ready' as name from tow_store.ready
	union all select id, 'scheduled' from tow_store.scheduled
	union all select id, 'waiting' from tow_store.waiting
	union all select id, 'waiting' from tow_store.lined
	union all select job_id, 'running' from tow_store.running
), places as (
	select id, count(*) as n, string_agg(name, ' ') as names from place group by id
), ends as (
	select job_id as id, count(*) as n, string_agg(outcome::text, '' order by run) as outcomes
	from tow_store.history where outcome in ('c', 'f', 'x') group by job_id
), lives as (
	select job_id as id, 1 + count(*) as n from tow_store.revival group by job_id
), account as (
	select j.id, j.kind, coalesce(p.n, 0) as places, p.names, coalesce(e.n, 0) as ends, e.outcomes, coalesce(l.n, 1) as lives
	from tow_store.job j left join places p using (id) left join ends e using (id) left join lives l using (id)
)
select format('job %s (%s): %s lives, ended %s times (%s), is in %s', id, kind, lives, ends, coalesce(outcomes, 'never'), coalesce(names, 'no table'))
from account where places > 1 or places + ends <> lives
union all
select format('job %s was acknowledged, and nobody knows it', a.id)
from acknowledged a left join tow_store.job j using (id) where j.id is null
union all
select format('job %s is in %s without facts', p.id, p.names) from places p left join tow_store.job j using (id) where j.id is null
union all
select format('job %s has ended without facts', e.id) from ends e left join tow_store.job j using (id) where j.id is null
union all
select format('run %s was ended %s times: %s', run, count(*), string_agg(format('%s of job %s', outcome, job_id), ', '))
from tow_store.history group by run having count(*) > 1
union all
select format('run %s has ended (%s), and still holds job %s', h.run, h.outcome, r.job_id)
from tow_store.running r join tow_store.history h on h.run = r.run
union all
select format('job %s is running under worker %s, which has ended', r.job_id, r.worker)
from tow_store.running r left join tow_store.worker w on w.id = r.worker and (w.ended_at is null or w.leftover) where w.id is null
union all
select format('job %s put back after run %s, which did not end it', v.job_id, v.run)
from tow_store.revival v left join tow_store.history h on h.run = v.run and h.job_id = v.job_id and h.outcome in ('c', 'f', 'x') where h.run is null
order by 1 limit 100;

-- Attempts: a completion's number is one more than the attempts that failed before it in the same life.
with life as (
	select h.job_id, h.run, h.outcome, h.attempt,
		count(*) filter (where h.outcome in ('c', 'f', 'x')) over w - case when h.outcome in ('c', 'f', 'x') then 1 else 0 end as life
	from tow_store.history h window w as (partition by h.job_id order by h.run)
)
select format('job %s completed at attempt %s after %s failed ones', c.job_id, c.attempt, coalesce(f.n, 0))
from life c left join (select job_id, life, count(*) as n from life where outcome = 'r' group by 1, 2) f on f.job_id = c.job_id and f.life = c.life
where c.outcome = 'c' and c.attempt <> coalesce(f.n, 0) + 1
order by 1 limit 100;

-- Keys: held by a job that may hold it, and by every live job whose key lasts as long as it lives.
with place as (
	select id, 'ready' as name from tow_store.ready
	union all select id, 'scheduled' from tow_store.scheduled
	union all select id, 'waiting' from tow_store.waiting
	union all select job_id, 'running' from tow_store.running
)
select format('key %s of scope %s is held by job %s, which is %s', k.key, k.scope, k.job_id, coalesce(p.name, 'in no table'))
from tow_store.key k left join place p on p.id = k.job_id left join tow_store.job j on j.id = k.job_id
where j.id is null or j.key is distinct from k.key or (k.scope = 'l' and p.id is null) or (k.scope = 'q' and coalesce(p.name, 'running') = 'running')
union all
select format('job %s is in %s without its key %s', j.id, p.name, j.key)
from tow_store.job j join place p on p.id = j.id left join tow_store.key k on k.job_id = j.id
where j.key is not null and j.key_scope in ('l', 'd') and k.key is null
order by 1 limit 100;

-- Schedules: each instant has one job, each such job one instant.
select format('schedule %s at %s has no job', f.schedule_id, f.at)
from tow_store.fire f left join tow_store.job j on j.id = f.job_id where j.id is null
union all
select format('job %s was fired %s times', f.job_id, count(*)) from tow_store.fire f group by f.job_id having count(*) > 1
order by 1 limit 100;
commit;
