-- A daemon's turns: which job they are runs of, and when it is replaced. See schema/0005_daemons.sql.

-- The job, unless it has ended.
create or replace function tow_store.unended(p_job bigint) returns bigint
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select p_job where tow.state(p_job) not in ('completed', 'failed', 'cancelled')
$$;
comment on function tow_store.unended(bigint) is 'The job, null if it has ended or is forgotten.';

create or replace function tow_store.begin_daemon(d tow_store.daemon) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	d.ending := tow_store.unended(d.ending);
	d.job := null;
	update tow_store.daemon s set wanted = true, halted = false, since = tow.now(), job = null, ending = d.ending, failures = 0, error = null, launch_at = null
	where s.id = d.id;
	perform tow_store.act(d.id, 'STARTED');
	return case when d.ending is null then tow_store.launch(d, null) end;
end $$;
comment on function tow_store.begin_daemon(tow_store.daemon) is 'Start a daemon; returns its job, if that could be made.';

-- The next job of a daemon. It inherits what the last one said. What is refused is tried again in five seconds: its key
-- is still held, its policy is gone. Nobody's open transaction is waited for. Until it ends launch_at is infinite, which
-- nobody else can see: so tow_store.hold_key knows who asks for the key.
create or replace function tow_store.launch(d tow_store.daemon, p_run_at timestamptz) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp set lock_timeout = '100ms'
as $$
declare
	v_job bigint;
begin
	update tow_store.daemon s set launch_at = 'infinity' where s.id = d.id;
	perform tow_store.act_as(d.queue, null);
	v_job := tow.enqueue(d.kind, d.config, queue => d.queue, priority => d.priority, run_at => p_run_at, timeout => d.timeout, policy => d.policy,
		key => 'daemon:' || d.name, on_conflict => 'error');
	perform tow_store.act_no_more();
	insert into tow_store.step (job_id, name, run, at, result)
	select v_job, s.name, 0, s.at, s.result from tow_store.step s where s.job_id = d.job and s.name = 'status';
	update tow_store.daemon s set job = v_job, launch_at = null, error = case when s.failures > 0 then s.error end where s.id = d.id;
	perform tow_store.act(d.id, 'TURN', v_job);
	return v_job;
exception when others then
	update tow_store.daemon s set error = left(sqlerrm, 500), launch_at = tow.now() + interval '5 s' where s.id = d.id;
	perform tow_store.ring_clock(tow.now() + interval '5 s');
	return null;
end $$;
comment on function tow_store.launch(tow_store.daemon, timestamptz) is 'Make the job for a daemon''s next turns; null if it was refused.';

create or replace function tow_store.is_launching(p_key text) returns boolean
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select exists (select from tow_store.daemon d where 'daemon:' || d.name = p_key and d.launch_at = 'infinity')
$$;
comment on function tow_store.is_launching(text) is 'Whether this transaction makes the job of the daemon whose key this is.';

-- Its job goes, and with it its status. A turn that runs is told to end; no other begins before it has.
create or replace function tow_store.halt(d tow_store.daemon, p_children boolean) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_job constant bigint := tow_store.unended(d.job);
begin
	update tow_store.daemon s set wanted = false, since = tow.now(), job = null, ending = coalesce(v_job, d.ending), error = null, failures = 0, launch_at = null
	where s.id = d.id;
	perform tow_store.act(d.id, 'STOPPED', d.job);
	if p_children then
		perform tow_store.end_turn(c.job)
		from (select a.job from tow_store.daemon_action a where a.daemon = d.id and a.action = 'LAUNCHED'
			except select a.job from tow_store.daemon_action a where a.daemon = d.id and a.action = 'FINISHED'
				and not exists (select from tow_store.revival v where v.job_id = a.job)) c
		where tow_store.unended(c.job) is not null;
	end if;
	perform tow_store.end_turn(v_job);
	update tow_store.daemon s set ending = null where s.id = d.id and tow_store.unended(s.ending) is null;
	perform tow_store.ring_clock('-infinity');
end $$;
comment on function tow_store.halt(tow_store.daemon, boolean) is 'Stop a daemon.';

create or replace function tow_store.end_turn(p_job bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if p_job is not null then
		perform tow.cancel(p_job, 'its daemon was stopped');
	end if;
exception when sqlstate 'TW404' or sqlstate 'TW409' then
	null; -- it has ended meanwhile
end $$;
comment on function tow_store.end_turn(bigint) is 'Cancel a job of a daemon, if it has not ended.';

-- Settings that a job has for good have changed: one that sleeps is replaced, with its instant, and so is one that was
-- never started, for want of a worker perhaps. A turn that has begun ends as it began; if it then sleeps it is outdated.
create or replace function tow_store.renew(d tow_store.daemon) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_run_at constant timestamptz := (select s.run_at from tow_store.scheduled s where s.id = d.job);
	v_begun constant boolean := exists (select from tow_store.history h where h.job_id = d.job) or exists (select from tow_store.running r where r.job_id = d.job);
begin
	if d.wanted and (v_run_at is not null or not v_begun) and tow_store.end_unstarted(d.job, 'its daemon was given other settings') then
		delete from tow_store.key k where k.key = 'daemon:' || d.name and k.job_id = d.job;
		perform tow_store.launch(d, v_run_at);
	end if;
end $$;
comment on function tow_store.renew(tow_store.daemon) is 'Let other settings of a daemon count for a turn that has not begun.';

create or replace function tow_store.is_outdated(d tow_store.daemon) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select d.wanted and exists (select from tow_store.scheduled s join tow_store.job j on j.id = s.id
		where s.id = d.job and s.reason = 'z' and (j.kind, j.queue, j.priority, j.timeout, j.policy) is distinct from (d.kind, d.queue, d.priority, d.timeout, d.policy))
$$;
comment on function tow_store.is_outdated(tow_store.daemon) is 'Whether a daemon sleeps as a job that has settings of before.';

-- Called when a job has been made for another. Appends only: whoever makes the job waits for nobody.
create or replace function tow_store.daemon_launched(p_parent bigint, p_ids bigint[]) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	insert into tow_store.daemon_action (daemon, at, action, job, parent, who)
	select d.id, tow.now(), 'LAUNCHED', i, p_parent, tow_store.actor()
	from tow_store.daemon d, unnest(p_ids) i where d.job = p_parent or d.ending = p_parent
$$;
comment on function tow_store.daemon_launched(bigint, bigint[]) is 'Write down the jobs that a daemon''s turn made.';

-- Called when jobs have ended that have a key, or that others wait for: a daemon's own, or its children.
create or replace function tow_store.daemon_heard(p_ids bigint[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
begin
	if not exists (select from tow_store.daemon) then
		return;
	end if;
	insert into tow_store.daemon_action (daemon, at, action, job, parent, detail, who)
	select a.daemon, tow.now(), 'FINISHED', a.job, a.parent, tow.state(a.job), tow_store.actor()
	from tow_store.daemon_action a where a.action = 'LAUNCHED' and a.job = any(p_ids);
	if exists (select from tow_store.daemon d where d.job = any(p_ids)) or exists (select from tow_store.daemon d where d.ending = any(p_ids)) then
		perform tow_store.ring_clock('-infinity');
	end if;
end $$;
comment on function tow_store.daemon_heard(bigint[]) is 'Write down which jobs of daemons have ended, and call the duty.';

-- Called when a turn has failed, whether it is tried again or not. Appends only, too.
create or replace function tow_store.daemon_failed(p_job bigint, p_class text, p_error text) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	insert into tow_store.daemon_action (daemon, at, action, job, detail, who)
	select d.id, tow.now(), 'FAILED', p_job, left(concat_ws(': ', p_class, p_error), 500), tow_store.actor()
	from tow_store.daemon d where d.job = p_job
$$;
comment on function tow_store.daemon_failed(bigint, text, text) is 'Write down that a daemon''s turn failed.';

create or replace function tow_store.is_turn(p_job bigint) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select exists (select from tow_store.daemon d where d.job = p_job) or exists (select from tow_store.daemon d where d.ending = p_job)
$$;
comment on function tow_store.is_turn(bigint) is 'Whether the runs of a job are a daemon''s turns.';

-- A daemon that sleeps may come back as the same job for ever: its memory must not grow. Children below the first one
-- that has not ended are forgotten, at most 2,000 a turn. In the worker's exchange, so it waits for nobody: while the
-- admit duty counts the job's children nothing is forgotten.
create or replace function tow_store.forget_children(p_job bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off
as $$
declare
	c_most constant int := 2000;
	f tow_store.family;
	v_live bigint;
	o record;
begin
	select a.* into f from tow_store.family a where a.id = p_job for update skip locked;
	if not found then
		return;
	end if;
	v_live := (select n.on_id from tow_store.need n where n.job_id = p_job and n.on_id >= f.since order by n.job_id, n.on_id limit 1);
	select count(*) as n, max(c.id) as last, count(*) filter (where c.ended = 'completed') as completed,
		count(*) filter (where c.ended = 'failed') as failed, count(*) filter (where c.ended = 'cancelled') as cancelled
	into o
	from (select j.id, tow_store.ending(j.id) as ended from (
		select i.id from tow_store.job i where i.parent = p_job and i.id >= f.since and (v_live is null or i.id < v_live)
		order by i.parent, i.id limit c_most) j) c;
	if v_live is null and o.n < c_most then
		o.completed := f.completed; -- of some nothing may be remembered
		o.failed := f.failed;
		o.cancelled := f.cancelled;
	end if;
	update tow_store.family a set since = coalesce(o.last + 1, f.since), completed = greatest(f.completed - o.completed, 0),
		failed = greatest(f.failed - o.failed, 0), cancelled = greatest(f.cancelled - o.cancelled, 0)
	where a.id = p_job and o.n > 0;
end $$;
comment on function tow_store.forget_children(bigint) is 'A daemon''s turn is over: let its job''s memory begin with the first child that has not ended.';

-- Likewise its steps and signals: those that the turn has seen go with it, but for its status.
create or replace function tow_store.forget_turn(r tow_store.running) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
begin
	delete from tow_store.step s where s.job_id = r.job_id and s.name <> 'status';
	delete from tow_store.signal s where s.job_id = r.job_id and s.told_at < r.claimed_at;
end $$;
comment on function tow_store.forget_turn(tow_store.running) is 'A daemon''s turn is over: its steps, and the signals that it has seen, go with it.';

-- What a turn's handler gets as arguments: the config as it is now.
create or replace function tow_store.daemon_args(p_job bigint, p_args jsonb) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select coalesce((select d.config from tow_store.daemon d where d.job = p_job), p_args)
$$;
comment on function tow_store.daemon_args(bigint, jsonb) is 'The arguments of a job whose key says that it is a daemon''s.';

-- A cancel that met the end of a run came too late to stop the job, which slept or waits since.
create or replace function tow_store.has_slipped(d tow_store.daemon) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select tow_store.unended(d.ending) is not null
		and not exists (select from tow_store.cancelling c join tow_store.running r on r.job_id = c.job_id and r.run = c.run where c.job_id = d.ending)
$$;
comment on function tow_store.has_slipped(tow_store.daemon) is 'Whether the last turn of a daemon that was stopped is to be told to end once more.';

create or replace function tow_store.daemon_needs(d tow_store.daemon, p_now timestamptz) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select case
		when d.ending is not null then tow_store.unended(d.ending) is null
		when d.wanted then coalesce(d.launch_at <= p_now, true) and (tow_store.unended(d.job) is null or tow_store.is_outdated(d))
		else d.enabled and d.auto_start and not d.halted end
$$;
comment on function tow_store.daemon_needs(tow_store.daemon, timestamptz) is 'Whether there is something to do for a daemon.';

-- The same, asked at each tick: while its job has the key it has not ended, and that is all that is looked at.
create or replace function tow_store.daemons_are_due(p_now timestamptz) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	return exists (select from tow_store.daemon d
		where (d.wanted or d.ending is not null or d.auto_start)
			and (tow_store.is_outdated(d) or not exists (select from tow_store.key k where k.key = 'daemon:' || d.name and k.job_id = coalesce(d.ending, d.job)))
			and tow_store.daemon_needs(d, p_now))
		or exists (select from tow_store.daemon d where d.ending is not null and tow_store.has_slipped(d));
end $$;
comment on function tow_store.daemons_are_due(timestamptz) is 'Whether the daemons duty has work.';

-- A hundred daemons a turn. A row that somebody has locked is left for the next.
create or replace function tow_store.duty_daemons() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_now constant timestamptz := tow.now();
	d tow_store.daemon;
	v_count int := 0;
begin
	for d in
		select o.* from tow_store.daemon o where o.ending is not null or tow_store.daemon_needs(o, v_now)
		order by o.id limit 100 for no key update skip locked
	loop
		v_count := v_count + tow_store.mind(d, v_now)::int;
	end loop;
	delete from tow_store.daemon_action where ctid = any(array(
		select a.ctid from tow_store.daemon_action a where a.at < v_now - tow_store.setting('audit_retention')::interval order by a.at limit 1000));
	return v_count;
end $$;
comment on function tow_store.duty_daemons() is 'Duty: start daemons, let their next turns come, and end those that were stopped.';

-- One daemon. True if something was done.
create or replace function tow_store.mind(d tow_store.daemon, p_now timestamptz) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if tow_store.unended(d.ending) is not null then
		if tow_store.has_slipped(d) then
			perform tow_store.end_turn(d.ending);
		end if;
		return false;
	elsif d.ending is not null then
		update tow_store.daemon s set ending = null where s.id = d.id;
	end if;
	if d.wanted and d.job is null then
		return coalesce(d.launch_at <= p_now, true) and tow_store.launch(d, null) is not null;
	elsif d.wanted and tow_store.unended(d.job) is null then
		return tow_store.next_turn(d, p_now);
	elsif tow_store.is_outdated(d) then
		perform from tow_store.scheduled s where s.id = d.job for update skip locked; -- somebody moves it: the next time
		if not found then
			return false;
		end if;
		perform tow_store.renew(d);
	elsif not d.wanted and d.enabled and d.auto_start and not d.halted then
		perform tow_store.begin_daemon(d);
	end if;
	return true;
end $$;
comment on function tow_store.mind(tow_store.daemon, timestamptz) is 'See to one daemon.';

-- Its job has ended: the next one comes every later; after a failure for good, of one with auto_start, as late as the
-- policy says of so many attempts (every later where it says nothing), a second at least. Another one has failed, and keeps its status.
create or replace function tow_store.next_turn(d tow_store.daemon, p_now timestamptz) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	h tow_store.history;
	p tow_store.policy;
	v_failed boolean;
	v_delay interval := d.every;
begin
	select o.* into h from tow_store.history o where o.job_id = d.job and o.outcome in ('c', 'f', 'x') order by o.run desc limit 1;
	v_failed := coalesce(h.outcome = 'f', false);
	if v_failed and d.launch_at is null then -- else it has been counted
		d.failures := (tow_store.daemon_trouble(d, false)).failures;
		perform tow_store.daemon_failed(d.job, h.class, h.error);
	elsif not v_failed then
		d.failures := 0;
	end if;
	if v_failed then
		select o.* into p from tow_store.policy o
		where o.name = coalesce(d.policy, (select q.policy from tow_store.queue q where q.name = d.queue), 'default');
		v_delay := greatest(coalesce(nullif(tow_store.delay(p, d.failures, true), '0'), d.every), '1 s');
	end if;
	update tow_store.daemon s set failures = d.failures, error = case when v_failed then left(concat_ws(': ', h.class, h.error), 500) end,
		wanted = not v_failed or d.auto_start, since = case when v_failed and not d.auto_start then p_now else s.since end
	where s.id = d.id and (v_failed or s.failures > 0 or s.error is not null);
	if v_failed and not d.auto_start then
		return true;
	end if;
	return tow_store.launch(d, coalesce(h.finished_at, p_now) + v_delay) is not null;
end $$;
comment on function tow_store.next_turn(tow_store.daemon, timestamptz) is 'What follows the end of a daemon''s job.';
