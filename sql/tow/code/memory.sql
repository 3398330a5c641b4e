-- What a job remembers from its earlier runs and learns from others, handed to its handler with each run (flag 16).
-- Bounded: it is read in the worker's exchange.
create or replace function tow_store.memory_of(p_id bigint) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off
as $$
	select jsonb_build_object(
		'steps', coalesce((select jsonb_object_agg(s.name, s.result) from tow_store.step s where s.job_id = p_id), '{}'),
		'signals', coalesce((select jsonb_object_agg(g.name, jsonb_build_object('payload', g.payload, 'who', g.who, 'at', g.at, 'timed_out', g.timed_out))
			from (select distinct on (s.name) s.* from tow_store.signal s where s.job_id = p_id order by s.name, s.timed_out, s.n desc) g), '{}'),
		'after', coalesce((select jsonb_object_agg(e.on_id, tow_store.result_of(e.on_id))
			from (select d.on_id from tow_store.edge d where d.job_id = p_id order by d.on_id limit 100) e), '{}'),
		'children', (select jsonb_build_object('total', f.total, 'completed', f.completed, 'failed', f.failed, 'cancelled', f.cancelled,
				'results', coalesce((select jsonb_object_agg(c.id, tow_store.result_of(c.id))
					from (select j.id from tow_store.job j where f.total > 0 and j.parent = p_id and j.id >= f.since order by j.parent, j.id limit 100) c), '{}'))
			from tow_store.family_of(p_id) f))
$$;
comment on function tow_store.memory_of(bigint) is 'What a handler is told beside its arguments: steps, signals, predecessors, children.';

create or replace function tow_store.result_of(p_id bigint) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select h.result from tow_store.history h where h.job_id = p_id and h.outcome in ('c', 'f', 'x') order by h.run desc limit 1
$$;
comment on function tow_store.result_of(bigint) is 'The result of a completed job, null if there is none.';

-- Those that have ended are counted already; of those that have not, a million is the most that is counted.
create or replace function tow_store.family_of(p_id bigint, out total bigint, out completed bigint, out failed bigint, out cancelled bigint, out pending bigint,
	out since bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off
as $$
	select c.completed + c.failed + c.cancelled + c.pending, c.completed, c.failed, c.cancelled, c.pending, c.since
	from (
		select coalesce(f.completed, 0) as completed, coalesce(f.failed, 0) as failed, coalesce(f.cancelled, 0) as cancelled, coalesce(f.since, 0) as since,
			(select count(*) from (select from tow_store.need n where n.job_id = p_id
				and not exists (select from tow_store.edge e where e.job_id = n.job_id and e.on_id = n.on_id) limit 1000000) l) as pending
		from (select) one left join tow_store.family f on f.id = p_id
	) c
$$;
comment on function tow_store.family_of(bigint) is 'How many children of a job, or members of a batch, have ended and how, and how many have not; since: the first child that it remembers.';
