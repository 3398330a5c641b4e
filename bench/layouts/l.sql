-- L: a running row per batch; a done row per batch, and a row of its own only for an attempt that failed.
-- The jobs of a batch share its run number.
create table done (
    run         bigint not null,
    worker      int not null,
    queue       int not null,
    started_at  timestamptz not null,
    finished_at timestamptz not null,
    ids         bigint[] not null,
    attempts    int[] not null
);
alter table done alter ids set storage main, alter attempts set storage main;

create table failed (
    job_id      bigint not null,
    run         bigint not null,
    queue       int not null,
    worker      int not null,
    attempt     int not null,
    started_at  timestamptz not null,
    finished_at timestamptz not null,
    error       text
);
create index on failed (job_id);
create index on failed (queue, finished_at);

create table running (
    run        bigint primary key,
    worker     int not null,
    queue      int not null,
    started_at timestamptz not null,
    ids        bigint[] not null,
    attempts   int[] not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
alter table running alter ids set storage main, alter attempts set storage main;  -- no toast table on the hot path

create function exchange(p_worker int, p_done bigint[], p_done_runs bigint[], p_failed bigint[],
                         p_failed_runs bigint[], p_errors text[], p_band int, p_low bigint, p_want int)
returns table (pos bigint, id bigint, run bigint, attempt int, args jsonb)
language plpgsql set search_path from current
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    if p_done_runs <> '{}' or p_failed_runs <> '{}' then
        with batch as (
            delete from running where run = any(p_done_runs || p_failed_runs) returning *),
        member as (
            select run, worker, queue, started_at, id, attempt,
                   case when id = any(p_done) then 'completed' when id = any(p_failed) then 'failed' end as outcome
              from batch, unnest(ids, attempts) as m (id, attempt)),
        rest as (
            insert into running
            select run, worker, queue, started_at, array_agg(id), array_agg(attempt)
              from member where outcome is null group by run, worker, queue, started_at),
        again as (
            insert into ready
            select queue, nextval('position'), id, attempt + 1, 0 from member where outcome = 'failed'),
        wrong as (
            insert into failed
            select id, run, queue, worker, attempt, started_at, clock_timestamp(),
                   p_errors[array_position(p_failed, id)]
              from member where outcome = 'failed')
        insert into done
        select run, worker, queue, started_at, clock_timestamp(), array_agg(id), array_agg(attempt)
          from member where outcome = 'completed' group by run, worker, queue, started_at;
    end if;

    return query
    with claimed as (
        delete from ready where ctid = any(array(
            select ctid from ready where band = p_band and pos > p_low
             order by band, pos limit p_want for update skip locked))
        returning *),
    started as (
        insert into running
        select nextval('runs'), p_worker, p_band, clock_timestamp(), array_agg(id), array_agg(attempt)
          from claimed having count(*) > 0
        returning run)
    select c.pos, c.id, s.run, c.attempt, j.args from started s, claimed c join job j on j.id = c.id;
end $$;

-- Nought in a drained queue unless jobs were lost or ended twice.
create view unaccounted as
select (select count(*) from job) - (select coalesce(sum(cardinality(ids)), 0) from done)
     + (select count(*) from ready) + (select count(*) from running) as jobs;
