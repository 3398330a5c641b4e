-- Signals: anybody may tell a job something by name, before it asks or while it waits for it. The latest of each name
-- is in the job's memory. An approval is the signal of that name.
-- Raises TW404 no such job, TW409 it has finished, or was never to be approved, TW422 a bad name, TW413 a payload that is too large.
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
		perform tow_store.fail('TW403', 'approving is not for producers', format('ask an operator: select tow.approve(%s)', job));
	elsif tow_store.ending(job) is not null then
		perform tow_store.wrong_state(job, 'told anything', 'it has finished already');
	end if;
	perform tow_store.check_producer(j.queue);
	perform tow_store.check_memory(job, coalesce(octet_length(payload::text), 0));
	insert into tow_store.signal (job_id, name, at, who, payload) values (job, name, tow.now(), tow_store.actor(), payload) returning n into v_n;
	perform tow_store.ring_clock('-infinity');
	return v_n;
end $$;
comment on function tow.signal(bigint, text, jsonb) is
'Tell a job something: it goes on if it waits for this name, and else finds it in its memory at its next run. Returns the signal''s number.';

-- A word is refused where nobody would hear it: the job neither waits for one nor will after its predecessors. Its place
-- is shared until we commit: the duty that lets it go on either comes first, and is seen, or hears this word, too.
create or replace function tow_store.say_word(j tow_store.job, p_yes boolean, p_note text) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c_done constant text := case when p_yes then 'approved' else 'rejected' end;
	s tow_store.signal;
	v_n bigint;
begin
	perform from tow_store.waiting w where w.id = j.id and w.reason <> 'policy' and w.detail ->> 'name' = 'approval' for key share;
	if not found then
		select g.* into s from tow_store.signal g where g.job_id = j.id and g.name = 'approval' and not g.timed_out order by g.n desc limit 1;
		perform tow_store.wrong_state(j.id, c_done, case
			when tow_store.ending(j.id) is not null then 'it has finished already'
			when s.n is not null then format('%s %s it at %s, and it has gone on: tow.cancel(%s) ends it', s.who,
				case when s.payload -> 'approved' = 'false' then 'rejected' else 'approved' end, date_trunc('second', s.at), j.id)
			else format('it does not wait for approval: is it the right job? tow.signal(%s, ''approval'', ...) tells it all the same', j.id) end);
	end if;
	v_n := tow.signal(j.id, 'approval', jsonb_build_object('approved', p_yes, 'note', p_note));
	perform tow_store.note('job.' || c_done, j.kind, j.id, jsonb_build_object('note', p_note));
	return v_n;
end $$;
comment on function tow_store.say_word(tow_store.job, boolean, text) is 'Approve or reject a job; raises TW409 if it does not wait for that.';

create or replace function tow.approve(id bigint, note text default null) returns bigint
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	select tow_store.say_word(tow_store.see_job($1), true, $2)
$$;
comment on function tow.approve(bigint, text) is
'Say yes to a job that waits for approval, or will after its predecessors: the signal approval, {"approved": true, "note": ...}. Refused (TW409) where nobody asked.';

create or replace function tow.reject(id bigint, note text default null, reason text default null) returns bigint
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	select tow_store.say_word(tow_store.see_job($1), false, coalesce($3, $2))
$$;
comment on function tow.reject(bigint, text, text) is
'Say no, and why (reason, or note, which is the same), to a job that waits for approval, or will: one that was enqueued with wait_for approval is cancelled, one that asked by itself goes on and finds {"approved": false}. Refused (TW409) where nobody asked, or once an approval was heard.';
