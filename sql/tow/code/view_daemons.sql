-- Daemons as people see them. State, status and heartbeat are not kept but follow from where the daemon's job is.

-- Turns that failed since the last good one, and how the last of them did. The daemon's row has that of jobs before, which
-- a good turn of the present one takes back; p_counted: this one has ended, and the row has it, too.
create or replace function tow_store.daemon_trouble(d tow_store.daemon, p_counted boolean, out failures int, out error text)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	h record;
	n int := 0;
begin
	if p_counted then
		failures := d.failures;
		error := d.error;
		return;
	end if;
	for h in
		select o.outcome, concat_ws(': ', o.class, o.error) as error from tow_store.history o
		where o.job_id = d.job and o.outcome in ('r', 'f', 's', 'w', 'c') order by o.run desc limit 1000
	loop
		exit when h.outcome not in ('r', 'f');
		n := n + 1;
		error := coalesce(error, h.error);
	end loop;
	if h.outcome in ('s', 'w', 'c') then
		failures := n;
	else
		failures := d.failures + n;
		error := coalesce(error, d.error);
	end if;
end $$;
comment on function tow_store.daemon_trouble(tow_store.daemon, boolean) is 'How many turns of a daemon failed in a row, and why.';

create or replace function tow_store.daemon_state(d tow_store.daemon, p_state text, p_error text) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select case
		when not d.wanted and d.job is not null then 'failed'
		when not d.wanted and tow_store.unended(d.ending) is not null then 'stopping'
		when not d.enabled then 'disabled'
		when not d.wanted then 'stopped'
		when p_error is not null and p_state is distinct from 'running' or p_state in ('retrying', 'failed') then 'failing'
		when p_state = 'scheduled' then 'sleeping'
		when p_state in ('running', 'waiting') and not exists (select from tow_store.waiting w where w.id = d.job and w.reason = 'admission') then p_state
		else 'starting' end
$$;
comment on function tow_store.daemon_state(tow_store.daemon, text, text) is 'The state of a daemon whose job has this state.';

-- What it said last. Of one that runs only what this very turn said; one that sleeps says for how long, one that fails
-- how, and one that nobody would run says that.
create or replace function tow_store.daemon_says(d tow_store.daemon, p_state text, p_error text, out status text, out job bigint, out kind text, out at timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	s tow_store.step;
	v_sleep int;
begin
	if d.job is null and not d.wanted then
		return;
	end if;
	select o.* into s from tow_store.step o where o.job_id = d.job and o.name = 'status';
	if p_state <> 'running' or s.run = (select r.run from tow_store.running r where r.job_id = d.job) then
		status := left(case when jsonb_typeof(s.result) = 'object' then s.result ->> 'text' else s.result #>> '{}' end, 500);
		job := case when (s.result ->> 'job') ~ '^\d{1,18}$' then (s.result ->> 'job')::bigint end;
		kind := s.result ->> 'kind';
		at := s.at;
	end if;
	if p_state = 'waiting' and job is null then
		select max(n.on_id) into job from tow_store.need n where n.job_id = d.job;
	elsif p_state = 'sleeping' and (status ~* '\msleep') is not true then
		select round(extract(epoch from c.run_at - coalesce(
			(select h.finished_at from tow_store.history h where h.job_id = d.job order by h.run desc limit 1),
			(select j.created_at from tow_store.job j where j.id = d.job))))
		into v_sleep from tow_store.scheduled c where c.id = d.job;
		status := coalesce(status || ', s', 'S') || format('leeping for %s seconds', v_sleep);
	elsif p_state in ('failing', 'failed') then
		status := left(concat_ws(': ', coalesce(status || ', failed', 'Failed'), p_error), 500);
	elsif p_state = 'starting' then
		status := coalesce('Cannot start: ' || tow.unserved(d.kind, d.queue), status);
	end if;
	status := coalesce(status, case p_state when 'running' then 'Working' when 'waiting' then 'Waiting' else 'Starting' end);
	kind := coalesce(kind, (select j.kind from tow_store.job j where j.id = daemon_says.job));
end $$;
comment on function tow_store.daemon_says(tow_store.daemon, text, text) is 'The status of a daemon in this state.';

create or replace function tow.find_daemons(name text default null) returns table(
	name text, type text, kind text, state text, enabled boolean, auto_start boolean, status text, status_job bigint, status_kind text,
	status_at timestamptz, job bigint, next_at timestamptz, heartbeat_at timestamptz, error text, failures int, config jsonb, every interval,
	queue text, priority int, timeout interval, policy text, since timestamptz, description text
)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select d.name, d.type, d.kind, t.state, d.enabled, d.auto_start,
		s.status, s.job, s.kind,
		coalesce(s.at, case when d.wanted then d.since end), case when d.wanted then d.job end,
		(select c.run_at from tow_store.scheduled c where c.id = d.job and d.wanted),
		greatest((select w.seen_at from tow_store.running r join tow_store.worker w on w.id = r.worker where r.job_id = d.job),
			(select h.finished_at from tow_store.history h where h.job_id = d.job order by h.run desc limit 1), s.at),
		e.error, b.failures, tow_store.shown(d.config, v.sees), d.every, d.queue, d.priority, d.timeout,
		d.policy, d.since, d.description
	from tow_store.daemon d
		cross join lateral (select tow.sees_args(d.queue) as sees offset 0) v
		cross join lateral (select tow.state(d.job) as state offset 0) j
		cross join lateral tow_store.daemon_trouble(d, coalesce(j.state in ('completed', 'failed', 'cancelled'), true)) b
		cross join lateral (select tow_store.shown(b.error, v.sees) as error offset 0) e
		cross join lateral (select tow_store.daemon_state(d, j.state, b.error) as state offset 0) t
		cross join lateral tow_store.daemon_says(d, t.state, e.error) s
	where $1 is null or d.name = $1
	order by d.name
$$;
comment on function tow.find_daemons(text) is 'Daemons, or one of them.';

create or replace view tow.daemons as select * from tow.find_daemons();
comment on view tow.daemons is
'Daemons: stopped, disabled, starting, running (a turn), waiting (for jobs that a turn made), sleeping (until next_at), failing (to be tried again), failed, stopping. status is what the handler said last, how it failed, or that no worker would run it; failures: how many turns failed in a row; status_job what that is about; heartbeat_at when it was heard of last.';

create or replace function tow.show_daemon(name text) returns setof tow.daemons
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	return query select * from tow.find_daemons(name);
	if not found then
		perform tow_store.fail('TW404', format('no such daemon %L', name), 'select name from tow.daemons lists them; tow.set_daemon makes one');
	end if;
end $$;
comment on function tow.show_daemon(text) is 'One daemon, as tow.daemons shows it; raises TW404.';

create or replace view tow.daemon_actions as
select a.n, d.name as daemon, a.at, a.action, a.job, coalesce(a.kind, (select j.kind from tow_store.job j where j.id = a.job)) as kind, a.parent as turn,
	tow_store.shown(a.detail, a.action <> 'FAILED' or tow.sees_args(d.queue)) as detail, a.who
from tow_store.daemon_action a join tow_store.daemon d on d.id = a.daemon;
comment on view tow.daemon_actions is
'What became of daemons: STARTED, STOPPED, ENABLED, DISABLED, TURN (a job for its turns was made), LAUNCHED and FINISHED (a job that a turn made; detail: how it ended), FAILED (a turn; detail: its class and error).';

-- Actions, and the log lines of its jobs, merged; the latest max_lines of both, of the latest hundred jobs.
create or replace function tow.daemon_log(name text, max_lines int default 200, since timestamptz default null)
returns table(at timestamptz, job bigint, what text, line text, n bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d tow_store.daemon;
	v_sees boolean;
begin
	if max_lines is null or max_lines not between 1 and 10000 then
		perform tow_store.fail('TW422', 'bad max_lines', 'use 1 to 10000');
	end if;
	select o.* into d from tow_store.daemon o where o.name = name;
	if not found then
		perform tow_store.fail('TW404', format('no such daemon %L', name), 'select name from tow.daemons lists them');
	end if;
	v_sees := tow.sees_args(d.queue);
	return query
		with turns as (
			select a.job from tow_store.daemon_action a where a.daemon = d.id and a.action = 'TURN' order by a.n desc limit 100
		), lines as (
			select l.at, l.job_id, tow_store.level_name(l.level) as what,
				tow_store.shown(l.line, v_sees) as line, l.n, 1 as rank
			from turns t cross join lateral (select o.* from tow_store.log o where o.job_id = t.job and (since is null or o.at > since) order by o.n desc limit max_lines) l
		), merged as (
			select * from lines
			union all
			(select a.at, a.job, a.action, concat_ws(' ', coalesce(a.kind, (select j.kind from tow_store.job j where j.id = a.job)),
				tow_store.shown(a.detail, a.action <> 'FAILED' or v_sees)), a.n, 0
			from tow_store.daemon_action a where a.daemon = d.id and (since is null or a.at > since) order by a.n desc limit max_lines)
		), latest as (
			select * from merged b order by b.at desc, b.rank desc, b.n desc limit max_lines
		)
		select b.at, b.job_id, b.what, b.line, b.n from latest b order by b.at, b.rank, b.n;
end $$;
comment on function tow.daemon_log(text, int, timestamptz) is
'What a daemon did and said, oldest first: its actions (in capitals) and the log lines of its turns, the latest max_lines; since: only what came after. n: an action''s number, or a line''s in its job''s log.';
