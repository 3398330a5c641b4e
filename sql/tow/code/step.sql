-- Durable steps: what a job has done once and for all. A handler that starts again after a crash, a wait or a failure
-- finds them in its memory and skips them.

-- False says that the run has lost the job: give up without going on. The row of running is locked until commit, so
-- the step and whatever puts the job back are in one order.
create or replace function tow.save_step(worker bigint, job bigint, run bigint, name text, result text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
#variable_conflict use_variable
declare
	v_result jsonb;
begin
	if name is null or length(name) not between 1 and 200 then
		perform tow_store.fail('TW422', 'a step needs a name of 1 to 200 characters', 'give each step of a job one of its own');
	elsif octet_length(result) > tow_store.setting('max_args_bytes')::int then
		perform tow_store.fail('TW413', format('the result of step %L has %s bytes', name, octet_length(result)),
			'store the data elsewhere and keep a reference; the setting max_args_bytes is the limit');
	end if;
	begin
		v_result := coalesce(result, 'null')::jsonb;
	exception
		when data_exception then
			perform tow_store.fail('TW422', format('the result of step %L is not JSON: %s', name, sqlerrm), 'quote a text: "done"');
	end;
	perform from tow_store.running r where r.job_id = job and r.run = run and r.worker = worker for no key update;
	if not found then
		return false;
	end if;
	perform tow_store.check_memory(job, coalesce(octet_length(result), 0));
	update tow_store.running r set flags = r.flags | 16 where r.job_id = job and r.run = run and r.flags & 16 = 0; -- once, not at each step
	insert into tow_store.step (job_id, name, run, at, result) values (job, name, run, tow.now(), v_result)
	on conflict on constraint step_pkey do update set run = excluded.run, at = excluded.at, result = excluded.result;
	return true;
end $$;
comment on function tow.save_step(bigint, bigint, bigint, text, text) is
'Remember what a step of a running job has come to, as JSON; false if the run does not hold the job any more.';

create or replace function tow.steps(job bigint) returns table(name text, at timestamptz, run bigint, result jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	v_sees constant boolean := tow.sees_args((tow_store.see_job($1)).queue);
begin
	return query select s.name, s.at, s.run, tow_store.shown(s.result, v_sees) from tow_store.step s where s.job_id = $1 order by s.at, s.name;
end $$;
comment on function tow.steps(bigint) is 'The steps that a job has done.';
