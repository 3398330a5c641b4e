-- Finished jobs can be deleted before their time: what was asked for, its runs, log, steps, signals and ties. Who puts it
-- back, or ties another one to it, holds a share of its row: the row is locked first, and looked at then. The end stays
-- taken back, so that nobody can put back what is no more. Metrics and the audit stay.
-- Raises TW404 no such job, TW409 it lives, or others need it.
create or replace function tow_store.forget_facts(p_ids bigint[]) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	delete from tow_store.key k where k.job_id = any(p_ids);
	delete from tow_store.revival v where v.job_id = any(p_ids);
	delete from tow_store.step t where t.job_id = any(p_ids);
	delete from tow_store.signal g where g.job_id = any(p_ids);
	delete from tow_store.edge e where e.job_id = any(p_ids);
	insert into tow_store.released (at, job_id) -- who still waits, for somebody to retry it, waits in vain
	select tow.now(), o.id from unnest(p_ids) o(id) where exists (select from tow_store.need n where n.on_id = o.id);
	delete from tow_store.need n where n.job_id = any(p_ids);
	delete from tow_store.family f where f.id = any(p_ids);
	delete from tow_store.job j where j.id = any(p_ids);
$$;
comment on function tow_store.forget_facts(bigint[]) is 'Delete what is known of jobs that are in no other table any more.';

-- Results of what went before are read when a job begins, those of children when their parent goes on.
create or replace function tow_store.needed_by(j tow_store.job) returns bigint
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select n.id from (
		select e.job_id from tow_store.edge e where e.on_id = j.id
		union all select n.job_id from tow_store.need n where n.on_id = j.id
		union all select j.parent where j.parent is not null
		union all select c.id from tow_store.job c where c.parent = j.id
	) n(id)
	where tow.state(n.id) not in ('completed', 'failed', 'cancelled', 'unknown') limit 1
$$;
comment on function tow_store.needed_by(tow_store.job) is 'A live job that needs what a finished one has left; null: none does.';

create or replace function tow.forget(id bigint) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	j constant tow_store.job := tow_store.see_job(id);
	v_state text;
	v_by bigint;
begin
	perform from tow_store.job f where f.id = id for update;
	if not found then
		perform tow_store.fail('TW404', format('no job %s', id), 'somebody has just deleted it');
	end if;
	v_state := tow.state(id);
	if v_state not in ('completed', 'failed', 'cancelled', 'unknown') then
		perform tow_store.wrong_state(id, 'deleted', 'it has not finished: tow.cancel ends it first');
	end if;
	v_by := tow_store.needed_by(j);
	if v_by is not null then
		perform tow_store.fail('TW409', format('job %s needs what job %s has left', v_by, id), format('when that has ended, or is cancelled: select tow.cancel(%s)', v_by));
	end if;
	delete from tow_store.history h where h.job_id = id;
	delete from tow_store.log l where l.job_id = id;
	delete from tow_store.progress g where g.job_id = id;
	delete from tow_store.cancelling c where c.job_id = id;
	perform tow_store.forget_facts(array[id]);
	perform tow_store.note('job.forgotten', j.kind, id, jsonb_strip_nulls(jsonb_build_object('was', v_state, 'queue', j.queue, 'key', j.key)));
	return 'forgotten';
end $$;
comment on function tow.forget(bigint) is 'Delete a finished job, with its runs, log, result, steps and signals; returns forgotten. One that lives is cancelled first; one that a live job needs (its successor, parent or child) stays.';
