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
