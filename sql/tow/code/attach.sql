-- Workers come, beat and go. A worker is known to live by a session advisory lock on its id and by beats; both are
-- on a connection of its own, so that a lock wait in an exchange does not look like death.

-- Whether a worker is as good as given up: its session is gone (after a restart of the server all are, and come back), or its
-- lease is over. People are not told of it as of one that works, also where no scheduler gives it up; what it holds stays its own
-- until one does.
create or replace function tow_store.is_silent(w tow_store.worker) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select w.missing_since is not null and w.server_start = pg_postmaster_start_time() or tow.now() - w.seen_at > w.lease
$$;
comment on function tow_store.is_silent(tow_store.worker) is 'Whether nothing is heard of a worker any more.';

-- Called first, and after every reconnect with the id it had. Listens on the worker's bell in the same session.
-- p_session: this session is the caller's own. Through a pooler in transaction mode it is not (what the client library
-- calls the backend's pid is not pg_backend_pid()): then nothing is left behind in it, neither lock nor LISTEN.
-- p_clock: the caller's clock, in seconds since 1970. p_shared: of each queue, how many slots those have together that
-- share theirs with it; 0: its slots are its own. p_ticket: of somebody who has no id yet, who may have called before
-- and not had the answer. Locks 7630719 while it looks for a free bit, after its own row.
-- Raises TW410 if the worker was given up meanwhile: its runs are lost.
create or replace function tow.attach(
	p_name text, p_host text, p_pid int, p_version text, p_queues text[], p_slots int[], p_kinds text[], p_lease interval,
	p_worker bigint default null, p_listen boolean default true, p_session boolean default true, p_clock double precision default null,
	p_shared int[] default null, p_ticket text default null
) returns table(worker bigint, bell text, lease_ms int, held boolean, queue_ids int[])
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_queues int[];
	v_id bigint := p_worker;
	v_listens constant boolean := p_listen and p_session;
	v_held boolean;
	v_bit smallint;
begin
	if cardinality(p_queues) is distinct from cardinality(p_slots) or cardinality(p_queues) = 0 or cardinality(p_shared) <> cardinality(p_queues) then
		perform tow_store.fail('TW422', 'queues and slots do not match', 'give each queue its number of slots');
	elsif p_lease is null or p_lease < '1 s' then
		perform tow_store.fail('TW422', format('bad lease %s', p_lease), 'use one second or more; 15 s is usual');
	end if;
	select array_agg(tow_store.open_queue(q) order by n) into v_queues from unnest(p_queues) with ordinality u(q, n);
	if v_id is null then
		insert into tow_store.worker as w (name, host, pid, version, queues, slots, kinds, lease, state, held, listens, server_start, attached_at,
			seen_at, ticket)
		values (p_name, p_host, p_pid, p_version, v_queues, p_slots, p_kinds, p_lease, 'running', false, false,
			pg_postmaster_start_time(), tow.now(), tow.now(), p_ticket)
		on conflict (ticket) where ended_at is null do update set seen_at = excluded.seen_at
		returning w.id into v_id;
		perform tow_store.ring_clock('-infinity'); -- somebody to look after
	else
		perform from tow_store.worker w where w.id = v_id and w.ended_at is null for update;
		if not found then
			perform tow_store.fail('TW410', format('worker %s was given up', v_id), 'attach as a new worker; its runs are lost');
		end if;
		perform tow_store.pass_bell(v_id, array(select u from unnest(w.queues) u where not (v_listens and u = any(v_queues)))) -- what it no longer serves
		from tow_store.worker w where w.id = v_id;
	end if;
	v_held := p_session and pg_try_advisory_lock(7630711, v_id::int);
	v_bit := case when v_listens then tow_store.bit_for(v_id) end;
	update tow_store.worker w set held = v_held, listens = v_listens, bit = v_bit, pooled = not p_session, queues = v_queues, slots = p_slots,
		shared = p_shared, kinds = p_kinds, lease = p_lease, server_start = pg_postmaster_start_time(), seen_at = tow.now(), beats = w.beats + 1,
		clock_ahead = tow_store.clock_ahead(p_clock), missing_since = null
	where w.id = v_id;
	if v_listens then
		execute format('listen tow_bell_%s', v_bit);
		execute format('listen tow_worker_%s', v_id);
	end if;
	return query select v_id, 'tow_worker_' || v_id, (extract(epoch from p_lease) * 1000)::int, v_held, v_queues;
end $$;
comment on function tow.attach(text, text, int, text, text[], int[], text[], interval, bigint, boolean, boolean, double precision, int[], text) is
'A worker introduces itself, or comes back after a lost connection.';

-- By how much a clock of somebody else's is ahead of the database's, give or take the way here.
create or replace function tow_store.clock_ahead(p_clock double precision) returns interval
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	return case when p_clock between 0 and 1e10 then to_timestamp(p_clock) - clock_timestamp() end;
end $$;
comment on function tow_store.clock_ahead(double precision) is 'By how much the clock that says this is ahead of the database''s.';

create or replace function tow.detach(p_worker bigint) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
	perform tow_store.give_up(p_worker, 'stopped');
	if tow_store.lock_is_held(p_worker, pg_backend_pid()) then
		perform pg_advisory_unlock(7630711, p_worker::int);
	end if;
end $$;
comment on function tow.detach(bigint) is 'A worker ends; what it should still hold is put back.';

-- Waits for no flush: after a crash all have a full lease.
-- Prolongs the lease and tells the worker what concerns it: runs it has lost, jobs to end, that somebody asks it to leave, that no scheduler lives,
-- that it was given up.
create or replace function tow.heartbeat(p_worker bigint, p_state text, p_jobs bigint[], p_runs bigint[], p_clock double precision default null, p_memory bigint default null)
returns table(what text, job bigint, run bigint, detail text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_leave timestamptz;
begin
	perform set_config('synchronous_commit', 'off', true);
	update tow_store.worker w set beats = w.beats + 1, seen_at = tow.now(), state = p_state,
		clock_ahead = coalesce(tow_store.clock_ahead(p_clock), w.clock_ahead), memory = coalesce(p_memory, w.memory)
	where w.id = p_worker and w.ended_at is null returning w.leave_at into v_leave;
	if not found then
		return query select 'gone', null::bigint, null::bigint, null::text;
		return;
	end if;
	if p_state = 'draining' then
		perform tow_store.pass_bell(p_worker, array(select q.id from unnest(w.queues) u(id) join tow_store.queue q on q.id = u.id
			where tow_store.is_armed(q.arm, p_worker)))
		from tow_store.worker w where w.id = p_worker;
	end if;
	if p_jobs <> '{}' then
		return query
			select 'lost', h.job, h.run, null::text from unnest(p_jobs, p_runs) h(job, run)
			where not exists (select from tow_store.running r where r.job_id = h.job and r.run = h.run);
		return query
			select 'cancel', c.job_id, c.run, c.reason from tow_store.cancelling c
			where exists (select from unnest(p_jobs, p_runs) h(job, run) where h.job = c.job_id and h.run = c.run);
	end if;
	if v_leave is not null and p_state = 'running' then
		return query select 'leave', null::bigint, null::bigint, null::text;
	end if;
	if not tow_store.clock_is_minded()
		and p_worker = (select min(w.id) from tow_store.worker w -- one that is dead waits for a scheduler to find out
			where w.ended_at is null and w.state = 'running' and w.seen_at > (select tow.now()) - w.lease) then
		return query select 'tick', null::bigint, null::bigint, null::text;
	end if;
end $$;
comment on function tow.heartbeat(bigint, text, bigint[], bigint[], double precision, bigint) is 'A worker''s beat: prolongs its lease, and says what it must know. p_memory: in bytes, with its slots.';

-- What a file has may be secret: of what the mistake quotes, the file's own name is kept.
-- tow.status reads these rows, of a day: a worker tells of a mistake that is not mended once a day.
create or replace function tow.reloaded(p_worker bigint, p_mistake text default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_file constant text := coalesce(substring(p_mistake from '^''[^'']*'''), '');
begin
	if exists (select from tow_store.worker w where w.id = p_worker and w.ended_at is null) then
		perform tow_store.note(case when p_mistake is null then 'worker.reloaded' else 'worker.reload_refused' end, p_worker::text, null,
			case when p_mistake is not null then jsonb_build_object('error', v_file || left(regexp_replace(substr(p_mistake, length(v_file) + 1), '''[^'']*''', '...', 'g'), 1000)) end);
	end if;
end $$;
comment on function tow.reloaded(bigint, text) is 'A worker has read its file again; p_mistake: and goes on as before, for this reason. The audit has it, and tow.status until the file is right.';

-- What it has not started another worker gets at once; what runs may take as long as it does.
create or replace function tow.drain_worker(id bigint) returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_jobs int;
	v_new boolean;
begin
	update tow_store.worker w set leave_at = tow.now() where w.id = id and w.ended_at is null and w.leave_at is null;
	v_new := found;
	if not v_new and not exists (select from tow_store.worker w where w.id = id and w.ended_at is null) then
		perform tow_store.fail('TW404', format('no worker %s lives', id), 'select id, name from tow.workers lists those that do');
	end if;
	select count(*) into v_jobs from tow_store.running r where r.worker = id;
	if v_new then
		perform pg_notify('tow_worker_' || id, 'cancel'); -- it asks at once what there is
		perform tow_store.note('worker.drain', id::text, null, jsonb_build_object('jobs', v_jobs));
	end if;
	return v_jobs;
end $$;
comment on function tow.drain_worker(bigint) is 'Have a worker claim no more, end the jobs that it has, however long they take, and go; returns how many it has. Whoever looks after it starts another in its place: tow up at once, systemd once it has gone, with Restart=always.';

-- Those that wait for a queue to be made, and those that are due, will be ready in the scheduler's next turn.
create or replace function tow.drained(p_worker bigint) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_now constant timestamptz := tow.now();
	v_queues constant text[] := array(select q.name from tow_store.worker w, unnest(w.queues) u(id) join tow_store.queue q on q.id = u.id where w.id = p_worker);
begin
	return not exists (select from (select o.id from tow_store.waiting o where o.reason = 'admission' offset 0) w,
			lateral (select from tow_store.job f where f.id = w.id and f.queue = any(v_queues) offset 0) j)
		and not exists (select from (select o.id from tow_store.scheduled o where o.run_at <= v_now offset 0) s,
			lateral (select from tow_store.job f where f.id = s.id and f.queue = any(v_queues) offset 0) j);
end $$;
comment on function tow.drained(bigint) is
'Whether no job is about to become ready in the queues of a worker that has found none: one who drains them asks before he leaves.';

create or replace function tow.report(p_worker bigint, p_progress jsonb, p_log jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_now constant timestamptz := tow.now();
begin
	insert into tow_store.progress as g (job_id, run, pct, done, total, note, at)
	select p.job, p.run, least(greatest(p.pct, 0), 100), p.done, p.total, left(p.note, 500), v_now
	from jsonb_to_recordset(coalesce(p_progress, '[]')) p(job bigint, run bigint, pct real, done bigint, total bigint, note text)
	where exists (select from tow_store.running r where r.job_id = p.job and r.run = p.run)
	on conflict (job_id) do update set run = excluded.run, pct = excluded.pct, done = excluded.done, total = excluded.total,
		note = excluded.note, at = excluded.at
	where g.run <= excluded.run;
	insert into tow_store.log (job_id, run, at, level, line)
	select l.job, l.run, v_now - coalesce(l.ago_us, 0) * interval '1 us',
		case l.level when 'stdout' then 'o' when 'stderr' then 's' else left(l.level, 1) end::"char", l.line
	from rows from (jsonb_to_recordset(coalesce(p_log, '[]')) as (job bigint, run bigint, ago_us bigint, level text, line text))
		with ordinality l(job, run, ago_us, level, line, ord)
	where l.level in ('error', 'warn', 'info', 'debug', 'stdout', 'stderr')
	order by l.ord;
end $$;
comment on function tow.report(bigint, jsonb, jsonb) is 'Progress and log lines of running jobs. Progress of a run that was lost is left out; its log lines are kept under its run.';

-- After a lost connection a claim may have been committed whose answer nobody got. What this worker is said to
-- hold and does not is put back.
create or replace function tow.reconcile(p_worker bigint, p_jobs bigint[], p_runs bigint[]) returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_jobs bigint[];
begin
	with d as (
		delete from tow_store.running r where r.worker = p_worker and not r.run = any(coalesce(p_runs, '{}')) returning r.*
	), b as (
		select d.job_id, tow_store.settle_one(d, tow.now(), '{"as": "returned"}') from d
	)
	select array_agg(b.job_id) into v_jobs from b;
	perform tow_store.let_go_later(v_jobs);
	return coalesce(cardinality(v_jobs), 0);
end $$;
comment on function tow.reconcile(bigint, bigint[], bigint[]) is 'Puts back runs that this worker is said to hold and does not; returns how many.';

-- For a handler's own transaction: true while the run is still the job's, and until this transaction ends nobody
-- can take it away. Raises TW410 otherwise, so that a zombie's writes are undone with it.
create or replace function tow.holds(job bigint, run bigint) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
	perform from tow_store.running r where r.job_id = holds.job and r.run = holds.run for key share;
	if not found then
		perform tow_store.fail('TW410', format('run %s no longer holds job %s', holds.run, holds.job),
			'somebody else has it, or it has ended: give up without writing');
	end if;
	return true;
end $$;
comment on function tow.holds(bigint, bigint) is 'Assert, in your own transaction, that this run still holds the job; raises TW410 if not.';
