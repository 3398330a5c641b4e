-- Signals: anybody may tell a job something by name, before it asks or while it waits for it. The latest of each name
-- is in the job's memory. An approval is the signal of that name.
-- Raises TW404 no such job, TW409 it has finished, TW422 a bad name, TW413 a payload that is too large.
create or replace function tow.signal(job bigint, name text, payload jsonb default null) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	j constant tow_store.job := tow_store.see_job(job);
	v_n bigint;
begin
	if name is null or length(name) not between 1 and 200 then
		perform tow_store.fail('TW422', 'the name of a signal is empty or longer than 200 characters', 'use the word that the job waits for');
	elsif pg_column_size(payload) > tow_store.setting('max_args_bytes')::int then
		perform tow_store.fail('TW413', format('a payload of %s bytes is too large', pg_column_size(payload)), 'store the data elsewhere and pass a reference');
	elsif name = 'approval' and not tow_store.rules(tow_store.caller()) then
		perform tow_store.fail('TW403', 'approving is not for producers', 'ask an operator: select tow.approve(job)');
	elsif tow_store.ending(job) is not null then
		perform tow_store.wrong_state(job, 'told anything', 'it has finished already');
	end if;
	perform tow_store.check_producer(j.queue);
	perform tow_store.check_memory(job, coalesce(octet_length(payload::text), 0));
	insert into tow_store.signal (job_id, name, at, who, payload) values (job, name, tow.now(), session_user, payload) returning n into v_n;
	perform tow_store.ring_clock('-infinity');
	return v_n;
end $$;
comment on function tow.signal(bigint, text, jsonb) is
'Tell a job something: it goes on if it waits for this name, and else finds it in its memory at its next run. Returns the signal''s number.';

create or replace function tow.approve(id bigint, note text default null) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_n constant bigint := tow.signal($1, 'approval', jsonb_build_object('approved', true, 'note', $2));
begin
	perform tow_store.note('job.approved', (tow_store.see_job($1)).kind, $1, jsonb_build_object('note', $2));
	return v_n;
end $$;
comment on function tow.approve(bigint, text) is 'Say yes to a job that waits for approval: the signal approval, {"approved": true, "note": ...}.';

create or replace function tow.reject(id bigint, note text default null) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_n constant bigint := tow.signal($1, 'approval', jsonb_build_object('approved', false, 'note', $2));
begin
	perform tow_store.note('job.rejected', (tow_store.see_job($1)).kind, $1, jsonb_build_object('note', $2));
	return v_n;
end $$;
comment on function tow.reject(bigint, text) is
'Say no to a job that waits for approval: one that was enqueued with wait_for approval is cancelled, one that asked by itself goes on and finds {"approved": false}.';
