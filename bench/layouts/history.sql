-- One row per ended attempt, by day. psql variable: by_job, how it is indexed by job (none, or an access method
-- with its column and options). Failures are few and looked at often: two partial indexes everywhere.
create table history (
    job_id      bigint not null,
    run         bigint not null,
    queue       int not null,
    worker      int not null,
    attempt     int not null,
    outcome     outcome not null,
    started_at  timestamptz not null,
    finished_at timestamptz not null,
    error       text,
    result      jsonb
) partition by range (finished_at);

select format('create table history_%s partition of history for values from (%L) to (%L)',
              d, current_date + d, current_date + d + 1)
  from generate_series(0, 3) d
\gexec
create table history_default partition of history default;

create index on history (job_id) where outcome <> 'completed';
create index on history (queue, finished_at) where outcome <> 'completed';
select 'create index history_by_job on history using ' || :'by_job' where :'by_job' <> 'none'
\gexec
