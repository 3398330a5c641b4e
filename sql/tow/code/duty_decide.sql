-- Ask a policy's own function about a failed job: one job a turn, as the role that registered the function, within
-- a second. Null, an error or a timeout says: no more attempts. Whatever it does concerns its own job only.
create or replace function tow_store.duty_decide() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	w tow_store.waiting;
	j tow_store.job;
	p tow_store.policy;
	v_answer record;
	r tow_store.running;
begin
	delete from tow_store.waiting where id = (select tow_store.next_to_decide()) returning * into w;
	if not found then
		return 0;
	end if;
	select f.* into j from tow_store.job f where f.id = w.id;
	select o.* into p from tow_store.policy o where o.name = w.detail ->> 'policy';
	v_answer := tow_store.ask(p, j, w);
	perform set_config('tow.bell', 'on', true); -- it may have left it off, and the job would wait for a poll
	if v_answer.delay is not null then
		perform tow_store.put_back(w.id, w.band, w.attempt, w.flags, tow.now() + v_answer.delay, 'r');
	else
		r := row(w.id, nextval('tow_store.run'), null, 0, w.band, w.attempt, w.flags, null);
		perform tow_store.end_run(r, tow.now(), jsonb_build_object('class', w.detail -> 'class', 'error', w.detail -> 'error',
			'detail', coalesce(v_answer.error, 'the policy gave up')), 'f');
	end if;
	return 1;
end $$;
comment on function tow_store.duty_decide() is 'Duty: ask policies'' own functions about failed jobs.';

-- The function is security definer and owned by the role that registered it (tow.set_policy insists), so PostgreSQL
-- itself keeps it to what that role may do.
create or replace function tow_store.ask(p tow_store.policy, j tow_store.job, w tow_store.waiting, out delay interval, out error text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if p.fn is null then
		delay := tow_store.delay(p, w.attempt, true);
		return;
	end if;
	perform tow_store.check_owned(p.fn::regprocedure, p.fn_role); -- it may have been altered since
	execute format('select %s($1, $2)', p.fn::regprocedure::regproc) into delay
	using jsonb_build_object('id', j.id, 'kind', j.kind, 'queue', j.queue, 'args', j.args, 'attempt', w.attempt, 'tags', j.tags),
		w.detail - 'policy';
exception when others then
	delay := null;
	error := format('policy %s: %s', p.name, sqlerrm);
end $$;
comment on function tow_store.ask(tow_store.policy, tow_store.job, tow_store.waiting) is 'What a policy says about a failed job.';

-- The function slept past the session's statement_timeout (see tow.limit): its job gets no more attempts, and
-- the policy is left alone for a minute, so that the scheduler is not held up again at once.
create or replace function tow_store.decide_failed(p_error text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	w tow_store.waiting;
	r tow_store.running;
begin
	delete from tow_store.waiting where id = (select tow_store.next_to_decide()) returning * into w;
	if found then
		update tow_store.policy p set fn_off_until = tow.now() + interval '1 min' where p.name = w.detail ->> 'policy';
		r := row(w.id, nextval('tow_store.run'), null, 0, w.band, w.attempt, w.flags, null);
		perform tow_store.end_run(r, tow.now(), jsonb_build_object('class', w.detail -> 'class', 'error', w.detail -> 'error',
			'detail', 'the policy''s function failed: ' || p_error), 'f');
	end if;
end $$;
comment on function tow_store.decide_failed(text) is 'A policy''s function ran out of time: fail its job.';

create or replace function tow_store.next_to_decide() returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	return (
		select a.id from tow_store.waiting a left join tow_store.policy p on p.name = a.detail ->> 'policy'
		where a.reason = 'policy' and coalesce(p.fn_off_until < tow.now(), true)
		order by a.since, a.id limit 1 for update of a skip locked
	);
end $$;
comment on function tow_store.next_to_decide() is 'The failed job whose policy''s function is asked next.';
