-- The least that keeps a fact and a state for each job: no attempts, priorities, keys, queues, fences beyond the run.
create sequence position;
create sequence run;
create table job (id bigint primary key, kind text not null, args jsonb not null, created_at timestamptz not null default clock_timestamp());
create table ready (pos bigint primary key, id bigint not null)
	with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
create table running (job_id bigint primary key, run bigint not null, started_at timestamptz not null)
	with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0);
create table history (job_id bigint not null, run bigint not null, started_at timestamptz not null, finished_at timestamptz not null);
create index on history (job_id);

-- What has ended; found by a hash join, as tow_store.complete does.
create function complete(p_jobs bigint[], p_runs bigint[]) returns void language plpgsql
set enable_seqscan = off set enable_nestloop = off set enable_mergejoin = off set enable_hashjoin = on
set jit = off set plan_cache_mode = force_generic_plan
as $$
begin
	with d as (
		delete from running r using unnest(p_runs) u(run) where r.job_id = any(p_jobs) and r.run = u.run
		returning r.job_id, r.run, r.started_at
	)
	insert into history select job_id, run, started_at, clock_timestamp() from d;
end $$;
