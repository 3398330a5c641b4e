-- A handler in SQL: a function(args jsonb) returns jsonb, security definer, owned by the role that it runs as.
-- Its work and the proof that the job is still ours are one transaction: both happen, or neither.
create table if not exists public.rollup_example (day date primary key, n bigint not null);

create or replace function public.rollup_example(args jsonb) returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	insert into public.rollup_example as r (day, n) values ((args ->> 'day')::date, (args ->> 'n')::bigint)
	on conflict (day) do update set n = r.n + excluded.n
	returning jsonb_build_object('day', r.day, 'n', r.n)
$$;

select tow.sql_kind('rollup', 'public.rollup_example(jsonb)');

-- Then, from anywhere:  select tow.enqueue('rollup', '{"day": "2026-01-01", "n": 5}');
