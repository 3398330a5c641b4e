-- Move a job that has not started to another queue, with its priority, instant, lane and whatever it waits for. The one
-- place where facts are changed: what a job's queue is decides its policy, timeout and retention too.
-- Locks the job's place, like every verb. Raises TW404 no such job, TW409 it has started or finished, TW422 bad queue.
create or replace function tow.move(job bigint, queue text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	j constant tow_store.job := tow_store.see_job(job);
	v_waits boolean;
	t record;
begin
	perform tow_store.check_job('any', j.args, queue, j.priority, null, null, null, null,
		(select q.max_args_bytes from tow_store.queue q where q.name = queue));
	perform tow_store.check_producer(queue);
	if queue = j.queue then
		return tow.state(job);
	end if;
	-- what it waits for stays as it is: it goes on to its new queue from there
	update tow_store.waiting w set band = (
		select tow_store.home_band(queue, b.priority, j.kind, j.lane is not null) from tow_store.band b where b.id = w.band)
	where w.id = job;
	v_waits := found;
	select u.* into t from tow_store.take_unstarted(job) u where not v_waits;
	if not v_waits and t.place is null then
		perform tow_store.wrong_state(job, 'moved', 'only a job that has not started can be moved; tow.retry a finished one first');
	end if;
	update tow_store.job f set queue = queue where f.id = job;
	if not v_waits then
		perform tow_store.put_back(job, tow_store.home_band(queue, coalesce((select b.priority from tow_store.band b where b.id = t.band), j.priority),
			j.kind, j.lane is not null), t.attempt, t.flags, t.run_at, case t.place when 'retrying' then 'r' else 's' end::"char");
	end if;
	perform tow_store.note('job.moved', j.kind, job, jsonb_build_object('from', j.queue, 'to', queue));
	return tow.state(job);
end $$;
comment on function tow.move(bigint, text) is 'Move a job that has not started to another queue; returns its state.';
