-- What a job remembers from its earlier runs and learns from others, handed to its handler with each run (flag 16).

create or replace function tow_store.memory_of(p_id bigint) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select jsonb_build_object('steps', (select jsonb_object_agg(s.name, s.result) from tow_store.step s where s.job_id = p_id))
$$;
comment on function tow_store.memory_of(bigint) is 'What a handler is told beside its arguments: steps, signals, predecessors, children.';
