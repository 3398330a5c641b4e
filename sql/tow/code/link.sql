-- Which job waits for which. See schema/0003_workflows.sql.

-- The edges of a job that is being enqueued. It is not there yet, so it closes no circle but through its parent.
create or replace function tow_store.link(p_id bigint, p_after bigint[], p_if_failed text, p_parent bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	insert into tow_store.need (job_id, on_id, if_failed)
	select p_id, a, case p_if_failed when 'cancel' then 'x' when 'fail' then 'f' when 'go' then 'g' when 'wait' then 'w' end::"char"
	from unnest(p_after) a;
	insert into tow_store.edge (job_id, on_id) select p_id, a from unnest(p_after) a;
	if p_parent is not null then
		perform tow_store.adopt(p_parent, array[p_id], 'g');
	end if;
end $$;
comment on function tow_store.link(bigint, bigint[], text, bigint) is 'Write down what a new job waits for, and who waits for it.';

create or replace function tow_store.adopt(p_parent bigint, p_ids bigint[], p_if_failed "char") returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	insert into tow_store.need (job_id, on_id, if_failed) select p_parent, i, p_if_failed from unnest(p_ids) i;
end $$;
comment on function tow_store.adopt(bigint, bigint[], "char") is 'Make jobs children of a job or batch that has not ended.';

create or replace function tow_store.await(p_id bigint, p_after bigint[], p_signal text, p_band int, p_flags int) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	insert into tow_store.waiting (id, reason, since, band, attempt, flags, detail)
	values (p_id, case when p_after <> '{}' then 'predecessors' when p_signal = 'approval' then 'approval' else 'signal' end,
		tow.now(), p_band, 0, p_flags, jsonb_build_object('name', p_signal));
	perform tow_store.ring_clock('-infinity');
end $$;
comment on function tow_store.await(bigint, bigint[], text, int, int) is 'Let a new job wait for others, or for a signal.';
