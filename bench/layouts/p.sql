-- P: a running row per job, a history row per ended attempt.
\ir history.sql

create table running (
    job_id     bigint primary key,
    run        bigint not null,
    worker     int not null,
    queue      int not null,
    attempt    int not null,
    started_at timestamptz not null,
    flags      int not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

create function exchange(p_worker int, p_done bigint[], p_done_runs bigint[], p_failed bigint[],
                         p_failed_runs bigint[], p_errors text[], p_band int, p_low bigint, p_want int)
returns table (pos bigint, id bigint, run bigint, attempt int, args jsonb)
language plpgsql set search_path from current
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
    if p_done <> '{}' then
        with ended as (
            delete from running where job_id = any(p_done) and run = any(p_done_runs) returning *)
        insert into history
        select job_id, run, queue, worker, attempt, 'completed', started_at, clock_timestamp() from ended;
    end if;

    if p_failed <> '{}' then
        with ended as (
            delete from running where job_id = any(p_failed) and run = any(p_failed_runs) returning *),
        again as (
            insert into ready select queue, nextval('position'), job_id, attempt + 1, flags from ended)
        insert into history
        select job_id, run, queue, worker, attempt, 'failed', started_at, clock_timestamp(),
               p_errors[array_position(p_failed, job_id)]
          from ended;
    end if;

    return query
    with claimed as (
        delete from ready where ctid = any(array(
            select ctid from ready where band = p_band and pos > p_low
             order by band, pos limit p_want for update skip locked))
        returning *),
    numbered as (
        select *, nextval('runs') as run from claimed),
    started as (
        insert into running select id, run, p_worker, band, attempt, clock_timestamp(), flags from numbered)
    select n.pos, n.id, n.run, n.attempt, j.args from numbered n join job j on j.id = n.id;
end $$;

-- Nought in a drained queue unless jobs were lost or ended twice.
create view unaccounted as
select (select count(*) from job) - (select count(*) from history where outcome = 'completed')
     + (select count(*) from ready) + (select count(*) from running) as jobs;
