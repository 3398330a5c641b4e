-- What a job remembers from its earlier runs and learns from others, handed to its handler with each run (flag 16).
-- Bounded, because a worker's exchange reads it, and one job must not be the end of that: what is told takes 16 MiB at
-- most (tow_store.check_memory), and of results the first hundred that are 4 MiB together; in the place of others is null.
create or replace function tow_store.memory_of(p_id bigint) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off
set plan_cache_mode = force_generic_plan
as $$
begin
	return jsonb_build_object(
		'steps', coalesce((select jsonb_object_agg(s.name, s.result) from tow_store.step s where s.job_id = p_id), '{}'),
		'signals', coalesce((select jsonb_object_agg(g.name, jsonb_build_object('payload', g.payload, 'who', g.who, 'at', g.at, 'timed_out', g.timed_out))
			from (select distinct on (s.name) s.* from tow_store.signal s where s.job_id = p_id order by s.name, s.timed_out, s.n desc) g), '{}'),
		'after', coalesce((select jsonb_object_agg(e.id, case when e.bytes <= 4194304 then e.result end)
			from (select r.id, r.result, sum(octet_length(r.result::text)) over (order by r.id) as bytes
				from (select d.on_id as id, tow_store.result_of(d.on_id) as result
					from tow_store.edge d where d.job_id = p_id order by d.on_id limit 100) r) e), '{}'),
		'children', (select jsonb_build_object('total', f.total, 'completed', f.completed, 'failed', f.failed, 'cancelled', f.cancelled,
				'results', coalesce((select jsonb_object_agg(c.id, case when c.bytes <= 4194304 then c.result end)
					from (select r.id, r.result, sum(octet_length(r.result::text)) over (order by r.id) as bytes
						from (select j.id, tow_store.result_of(j.id) as result from tow_store.job j
							where f.total > 0 and j.parent = p_id and j.id >= f.since order by j.parent, j.id limit 100) r) c), '{}'))
			from tow_store.family_of(p_id) f));
end $$;
comment on function tow_store.memory_of(bigint) is 'What a handler is told beside its arguments: steps, signals, predecessors, children.';

-- May so much be added to what a job is told? The size of what is compressed is only known when it is taken apart.
create or replace function tow_store.check_memory(p_id bigint, p_more bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_bitmapscan = off set jit = off
as $$
declare
	c_most constant bigint := 16777216;
	v_bytes constant numeric := (select coalesce(sum(case when pg_column_compression(m.what) is null then pg_column_size(m.what) else octet_length(m.what::text) end
			+ length(m.name)), 0)
		from (select s.name, s.result as what from tow_store.step s where s.job_id = p_id
			union all select g.name, g.payload from tow_store.signal g where g.job_id = p_id) m);
begin
	if v_bytes + p_more > c_most then
		perform tow_store.fail('TW413', format('job %s would have more than 16 MiB to remember', p_id),
			'store the data elsewhere and keep references; or let a child do a part, with a memory of its own');
	end if;
end $$;
comment on function tow_store.check_memory(bigint, bigint) is 'Refuses what would make a job''s steps and signals more than 16 MiB.';

create or replace function tow_store.result_of(p_id bigint) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	e constant record := tow_store.last_end(p_id);
begin
	return (select h.result from tow_store.history h where h.finished_at = e.finished_at and h.job_id = p_id and h.run = e.run);
end $$;
comment on function tow_store.result_of(bigint) is 'The result of a completed job, null if there is none.';

-- Those that have ended are counted already; of those that have not, a million is the most that is counted.
create or replace function tow_store.family_of(p_id bigint, out total bigint, out completed bigint, out failed bigint, out cancelled bigint, out pending bigint,
	out since bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off
set plan_cache_mode = force_generic_plan
as $$
begin
	select coalesce(f.completed, 0), coalesce(f.failed, 0), coalesce(f.cancelled, 0), coalesce(f.since, 0),
		case when not exists (select from tow_store.job j where j.parent = p_id) then 0
			else (select count(*) from (select from tow_store.need n where n.job_id = p_id order by n.job_id, n.on_id limit 1000000) l)
				- (select count(*) from (select o.on_id from tow_store.edge o where o.job_id = p_id offset 0) e, -- predecessors, a few
					lateral (select from tow_store.need o where o.on_id = e.on_id and o.job_id = p_id offset 0) n) end
	into completed, failed, cancelled, since, pending
	from (select) one left join tow_store.family f on f.id = p_id;
	total := completed + failed + cancelled + pending;
end $$;
comment on function tow_store.family_of(bigint) is 'How many children of a job, or members of a batch, have ended and how, and how many have not; since: the first child that it remembers.';
