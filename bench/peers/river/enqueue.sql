\set n :n + 1
with j as (insert into river_job (args, kind, max_attempts, priority, queue, state) values (jsonb_build_object('n', :n::int), 'noop', 25, 1, 'default', 'available') returning id) select pg_notify('public.river_insert', '{"queue":"default"}') from j;
