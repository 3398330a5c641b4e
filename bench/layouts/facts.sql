-- What every layout shares: facts that are written once and kept, and the narrow table of what may be claimed.
--
-- psql variables: s      schema to create
--                 parts  range partitions of the facts by id: 0 (a plain table), or so many of span ids and a default
--                 span   ids in each
create schema :s;
set search_path = :s;

select case when :parts > 0 then 'partition by range (id)' else '' end as by_id \gset

create sequence position;  -- one for births and re-entries; a job's first position is its id
create sequence runs;

create table job (
    id         bigint primary key,
    kind       text not null,
    queue      int not null,
    args       jsonb not null,
    created_at timestamptz not null default clock_timestamp(),
    unique_key text,
    parent     bigint,
    timeout    interval,
    tags       text[]
) :by_id;

select format('create table job_%s partition of job for values from (%s) to (%s)', i, (i - 1) * :span, i * :span)
  from generate_series(1, :parts) i
union all
select 'create table job_default partition of job default' where :parts > 0
\gexec

create table ready (
    band    int,
    pos     bigint,
    id      bigint not null,
    attempt int not null,
    flags   int not null,
    primary key (band, pos)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);

-- The xid comes before the first position: STORAGE.md, the pending rule.
create function enqueue_many(p_kind text, p_band int, p_args jsonb[]) returns bigint
language plpgsql set search_path from current as $$
begin
    perform pg_current_xact_id();
    with born as (
        insert into job (id, kind, queue, args)
        select nextval('position'), p_kind, p_band, a from unnest(p_args) a
        returning id, queue)
    insert into ready select queue, id, id, 1, 0 from born;
    return cardinality(p_args);
end $$;

create type outcome as enum ('completed', 'failed', 'cancelled');
