-- What people do to jobs. Each verb takes the job out of where it waits and puts it where it should be, in one
-- transaction; a job that a worker claims this moment is the worker's. Every verb is in the audit.
-- Raises TW404 no such job, TW409 not in a state that allows it.

create or replace function tow_store.see_job(p_id bigint) returns tow_store.job
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	j tow_store.job;
begin
	select f.* into j from tow_store.job f where f.id = p_id;
	if not found or tow_store.is_barred(j.queue) then
		perform tow_store.fail('TW404', format('no such job: %s', coalesce(p_id::text, 'null')), 'it was never enqueued here, or it is older than its queue''s retention');
	end if;
	return j;
end $$;
comment on function tow_store.see_job(bigint) is 'The facts of a job; raises TW404.';

create or replace function tow_store.wrong_state(p_id bigint, p_verb text, p_hint text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	perform tow_store.fail('TW409', format('job %s is %s: it cannot be %s', p_id, tow.state(p_id), p_verb), p_hint);
end $$;
comment on function tow_store.wrong_state(bigint, text, text) is 'Raise TW409 for a job that is not in the right state.';

create or replace function tow.cancel(id bigint, reason text default null, cascade boolean default false) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_state constant text := tow_store.cancel_one(tow_store.see_job(id), reason);
	v_others int := 0;
begin
	if cascade then
		v_others := tow_store.cancel_line(id, reason);
	end if;
	if v_state is null and v_others = 0 then
		perform tow_store.wrong_state(id, 'cancelled', 'it has finished already');
	end if;
	return coalesce(v_state, tow.state(id)) || case when v_others > 0 then format(', with %s others', v_others) else '' end
		|| case when v_others >= 10000 then '; call again for the rest' else '' end;
end $$;
comment on function tow.cancel(bigint, text, boolean) is
'End a job: at once if it waits (cancelled), by its worker if it runs (cancelling). cascade: with it its children, what was to run after it, and so on, 10,000 jobs a call.';

-- It may move while we look: a retry, a run that ends. Nothing that a worker could wait for is locked.
create or replace function tow_store.cancel_one(j tow_store.job, p_reason text) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	t record;
	r tow_store.running;
begin
	for i in 1 .. 10 loop
		t := tow_store.take_unstarted(j.id);
		if t.place is not null then
			insert into tow_store.history (job_id, run, finished_at, band, attempt, outcome, class, error)
			values (j.id, nextval('tow_store.run'), tow.now(), t.band, t.attempt, 'x', 'cancelled', coalesce(p_reason, format('cancelled by %s', tow_store.actor())));
			perform tow_store.drop_needs(j.id);
			perform tow_store.job_ended(array[j.id]);
			perform tow_store.note('job.cancelled', j.kind, j.id, jsonb_build_object('was', t.place, 'reason', p_reason));
			return 'cancelled';
		end if;
		select o.* into r from tow_store.running o where o.job_id = j.id;
		exit when found or tow.state(j.id) in ('completed', 'failed', 'cancelled');
	end loop;
	if r.run is null then
		return null;
	end if;
	insert into tow_store.cancelling (job_id, run, reason, who, at) values (j.id, r.run, p_reason, tow_store.actor(), tow.now())
	on conflict (job_id) do update set run = excluded.run, reason = excluded.reason, who = excluded.who, at = excluded.at;
	perform pg_notify('tow_worker_' || r.worker, 'cancel');
	perform tow_store.note('job.cancelling', j.kind, j.id, jsonb_build_object('run', r.run, 'reason', p_reason));
	return 'cancelling';
end $$;
comment on function tow_store.cancel_one(tow_store.job, text) is 'Cancel one job, null if it has finished.';

create or replace function tow_store.cancel_line(p_id bigint, p_reason text) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_id bigint;
	v_count int := 0;
begin
	for v_id in
		with recursive down(id) as (
			select p_id
			union
			select x.id from down, lateral (
				select j.id from tow_store.job j where j.parent = down.id
				union all
				select e.job_id from tow_store.edge e where e.on_id = down.id) x
		), live as (
			select d.id from down d where d.id <> p_id and tow_store.ending(d.id) is null limit 10000
		)
		select l.id from live l order by l.id
	loop
		if tow_store.cancel_one(tow_store.see_job(v_id), coalesce(p_reason, format('cancelled with job %s', p_id))) is not null then
			v_count := v_count + 1;
		end if;
	end loop;
	return v_count;
end $$;
comment on function tow_store.cancel_line(bigint, text) is 'Cancel the children of a job, its successors, and theirs; returns how many.';

create or replace function tow.retry(id bigint) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	j constant tow_store.job := tow_store.see_job(id);
	v_state constant text := tow.state(id);
begin
	if v_state = 'retrying' then
		return tow.run_now(id);
	elsif v_state not in ('failed', 'cancelled', 'completed') then
		perform tow_store.wrong_state(id, 'retried', 'it has not finished; tow.run_now starts a scheduled one at once');
	elsif j.key ^@ 'daemon:' then
		perform tow_store.wrong_state(id, 'retried', format('it was a turn of a daemon: select tow.start_daemon(%L) begins another', substr(j.key, 8)));
	elsif j.deadline <= tow.now() then
		perform tow_store.wrong_state(id, 'retried', format('its deadline was %s: enqueue it anew, with a later one', j.deadline));
	end if;
	if not tow_store.revive(j) then
		perform tow_store.fail('TW409', format('job %s cannot run again now', id),
			format('somebody retries it this moment, or another job has its key%s: look at tow.job(%s)', coalesce(' ' || j.key, ''), id));
	end if;
	perform tow_store.note('job.retried', j.kind, id, jsonb_build_object('was', v_state));
	return tow.state(id);
end $$;
comment on function tow.retry(bigint) is 'Run a finished job again, with all its attempts; start a retrying one at once.';

-- Put a finished job back; false if somebody else does, another job has its key, its deadline is over, or it was a
-- daemon's. The primary key of revival makes it happen once; the lock on the facts keeps the prune duty from taking them
-- meanwhile.
create or replace function tow_store.revive(j tow_store.job) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_band int;
	v_flags int;
	v_other bigint;
	v_needs bigint[];
	v_signal text;
begin
	perform from tow_store.job f where f.id = j.id for key share;
	if not found or j.key ^@ 'daemon:' or j.deadline <= tow.now() then
		return false;
	end if;
	if j.key is not null then
		v_other := tow_store.hold_key(j.id, j.key, 'ignore', case j.key_scope when 'l' then 'live' when 'q' then 'queued' else 'done' end, null);
		if v_other <> j.id then
			return false;
		end if;
	end if;
	insert into tow_store.revival (run, job_id, at, who)
	select h.run, h.job_id, tow.now(), tow_store.actor() from tow_store.history h
	where h.job_id = j.id and h.outcome in ('c', 'f', 'x') order by h.run desc limit 1
	on conflict do nothing;
	if not found then
		return false;
	end if;
	v_band := tow_store.home_band(j.queue, j.priority, j.kind, j.lane is not null);
	v_flags := case j.key_scope when 'l' then 1 when 'q' then 2 else 0 end | tow_store.relink(j);
	v_needs := array(select n.on_id from tow_store.need n join tow_store.edge e on e.job_id = n.job_id and e.on_id = n.on_id where n.job_id = j.id);
	v_signal := tow_store.unheard(j);
	if v_needs <> '{}' or v_signal is not null then
		perform tow_store.await(j.id, v_needs, v_signal, v_band, v_flags);
	else
		perform tow_store.put_back(j.id, v_band, 0, v_flags, null, 's');
	end if;
	return true;
end $$;
comment on function tow_store.revive(tow_store.job) is 'Put a finished job back, once: ready, or waiting for those of its predecessors that live again, and for a signal that it never had.';

-- False where it does not wait for an instant, or no longer: the scheduler may be promoting it this moment.
create or replace function tow_store.start_early(p_id bigint) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	s tow_store.scheduled;
begin
	delete from tow_store.scheduled d where d.id = p_id returning d.* into s;
	if not found then
		return false;
	end if;
	perform tow_store.put_back(p_id, coalesce(s.band, tow_store.home_band(j.queue, j.priority, j.kind, j.lane is not null)), s.attempt, s.flags, null, 's')
	from tow_store.job j where j.id = p_id;
	return true;
end $$;
comment on function tow_store.start_early(bigint) is 'Make a scheduled or retrying job ready at once, with no word in the audit.';

create or replace function tow.run_now(id bigint) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	j constant tow_store.job := tow_store.see_job(id);
begin
	if not tow_store.start_early(id) then
		perform tow_store.wrong_state(id, 'run now', 'only a scheduled or retrying job waits for an instant; tow.retry runs a finished one again');
	end if;
	perform tow_store.note('job.run_now', j.kind, id);
	return 'ready';
end $$;
comment on function tow.run_now(bigint) is 'Make a scheduled or retrying job ready at once.';

create or replace function tow.snooze(id bigint, delay interval) returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	j constant tow_store.job := tow_store.see_job(id);
	t record;
	v_run_at timestamptz;
begin
	if delay is null or delay <= '0' or delay > '10 years' then
		perform tow_store.fail('TW422', format('bad delay %s', coalesce(delay::text, 'null')), 'use an interval above zero, at most 10 years');
	end if;
	if exists (select from tow_store.waiting w where w.id = id) then
		perform tow_store.wrong_state(id, 'snoozed', 'it waits for something other than an instant; tow.job shows for what');
	end if;
	t := tow_store.take_unstarted(id);
	if t.place is null then
		perform tow_store.wrong_state(id, 'snoozed', 'only a job that waits for its turn or its instant can be moved');
	end if;
	v_run_at := greatest(coalesce(t.run_at, tow.now()), tow.now()) + delay;
	perform tow_store.put_back(id, t.band, t.attempt, t.flags, v_run_at, case t.place when 'retrying' then 'r' else 'z' end::"char");
	perform tow_store.note('job.snoozed', j.kind, id, jsonb_build_object('run_at', v_run_at));
	return v_run_at;
end $$;
comment on function tow.snooze(bigint, interval) is 'Put off a job that has not started; returns its new instant.';

create or replace function tow.reprioritise(id bigint, priority int) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	j constant tow_store.job := tow_store.see_job(id);
	t record;
	v_band int;
begin
	perform tow_store.check_job('any', '{}', 'default', priority, null, null, null, null, null);
	v_band := tow_store.home_band(j.queue, priority, j.kind, j.lane is not null);
	update tow_store.waiting w set band = v_band where w.id = id and w.reason not in ('admission', 'policy');
	if found then
		perform tow_store.note('job.reprioritised', j.kind, id, jsonb_build_object('priority', priority));
		return 'waiting';
	elsif exists (select from tow_store.waiting w where w.id = id) then
		perform tow_store.wrong_state(id, 'given another priority', 'it is about to be admitted, or its policy to decide: try again');
	end if;
	t := tow_store.take_unstarted(id);
	if t.place is null then
		perform tow_store.wrong_state(id, 'given another priority', 'it has started or finished');
	end if;
	perform tow_store.put_back(id, v_band, t.attempt, t.flags, t.run_at, case t.place when 'retrying' then 'r' else 's' end::"char");
	perform tow_store.note('job.reprioritised', j.kind, id, jsonb_build_object('priority', priority));
	return tow.state(id);
end $$;
comment on function tow.reprioritise(bigint, int) is 'Give a job that has not started another priority; smaller runs first.';

-- The dead-letter set is the failed jobs of the last days; this puts many back, oldest first. Whose keys are taken are passed
-- over, else they would stand at the head of each call and keep it from the others.
create or replace function tow.redrive(
	queue text default null, kind text default null, since interval default '7 days', class text default null,
	max_jobs int default 1000, dry_run boolean default false, before timestamptz default null, refused boolean default false
) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	j tow_store.job;
	v_most constant int := case when dry_run then 100000 else 10000 end;
	v_count bigint := 0;
begin
	perform tow_store.check_dry_run(dry_run);
	if refused and not dry_run then
		perform tow_store.fail('TW422', 'refused without dry_run', 'those that could not run again can only be counted');
	elsif max_jobs is null or max_jobs not between 1 and v_most then
		perform tow_store.fail('TW422', 'bad max_jobs', 'use 1 to 10000, and call again for more; to count, 100000 at most');
	end if;
	for j in
		select f.* from tow_store.history h join tow_store.job f on f.id = h.job_id
		where h.finished_at >= (select tow.now()) - since and h.finished_at < coalesce(before, 'infinity') and h.outcome = 'f'
			and (queue is null or f.queue = queue) and (kind is null and tow_store.area_of(f.kind) is null or f.kind = kind) and (class is null or starts_with(h.class, class))
			and not exists (select from tow_store.revival v where v.run = h.run) and not coalesce(f.deadline <= tow.now(), false)
			and coalesce(f.key ^@ 'daemon:' or tow_store.key_is_taken(f.id, f.key), false) = coalesce(refused, false)
		order by h.finished_at limit max_jobs
	loop
		if dry_run or tow_store.revive(j) then
			v_count := v_count + 1;
			if not dry_run then
				perform tow_store.note('job.retried', j.kind, j.id, '{"was": "failed", "by": "redrive"}');
			end if;
		end if;
	end loop;
	if not dry_run and v_count > 0 then
		perform tow_store.note('redrive', queue, null, jsonb_build_object('jobs', v_count, 'kind', kind, 'class', class, 'since', since));
	end if;
	return v_count;
end $$;
comment on function tow.redrive(text, text, interval, text, int, boolean, timestamptz, boolean) is
'Run failed jobs again, by queue, kind, and beginning of the error class; returns how many. Those whose keys other jobs have, and turns of daemons, are passed over. With dry_run it says how many it would be, or, with refused, how many are passed over (max_jobs may be 100,000 then, to count them). before: only what failed before that instant, so that who calls again and again takes none twice. What works for an area (haul.fetch) is left out unless its kind is named: it does not go on so.';
