-- How the system is: one row a component, and what to do where it is not well. Bounded cost: never scans history.
create or replace function tow.status() returns table(component text, status text, detail text, hint text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
	return query select * from tow_store.status_of((select jsonb_agg(to_jsonb(q) order by q.name) from tow.queues q));
end $$;
comment on function tow.status() is 'What a healthy system looks like, or what is wrong: component, status (ok, warn, bad), detail, and a hint where something should be done.';

-- p_queues: the rows of tow.queues, which are dear, so that tow.overview asks for them once.
create or replace function tow_store.status_of(p_queues jsonb) returns table(component text, status text, detail text, hint text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	return query select * from tow_store.status_scheduler();
	return query select * from tow_store.status_workers();
	return query select * from tow_store.status_versions();
	return query select * from tow_store.status_serve();
	return query select * from tow_store.status_queues(p_queues);
	return query select * from tow_store.status_kinds();
	return query select * from tow_store.status_pauses();
	return query select * from tow_store.status_schedules();
	return query select * from tow_store.status_daemons();
	return query select * from tow_store.status_duties();
	return query select * from tow_store.status_horizon();
	return query select * from tow_store.status_storage();
	return query select * from tow_store.status_bells();
end $$;
comment on function tow_store.status_of(jsonb) is 'What tow.status says, given the queues.';

create or replace function tow_store.status_scheduler() returns table(component text, status text, detail text, hint text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
	return query
		with l as (
			select s.*, format('scheduler %s (%s, pid %s on %s)', s.id, s.name, s.pid, s.host) as who, tow_store.span((select tow.now()) - s.seen_at) as silent from tow.schedulers s
		), n as (
			select count(*) filter (where l.state = 'running') as own, count(*) filter (where l.state = 'stand-by') as standby,
				(array_agg(format('the last one, %s, was heard at %s, %s ago', l.who, date_trunc('second', l.seen_at), l.silent) order by l.seen_at desc))[1] as last,
				(array_agg(format('it hangs: kill -KILL %s on %s, then tow scheduler, if nobody starts it', l.pid, l.host) order by l.seen_at desc))[1] as kill
			from l
		)
		select 'scheduler', case when n.own > 0 then 'ok' when n.standby > 0 then 'warn' else 'bad' end,
			case when n.own > 0 then format('%s running', n.own) when n.standby > 0 then 'only a stand-by that a worker started'
				when n.last is not null then 'none is heard: ' || n.last else 'none lives' end,
			case when n.own > 0 then null when n.standby = 0 and n.kill is not null then n.kill else 'start one: tow scheduler' end
		from n
		union all
		select 'scheduler ' || l.id, 'warn', format('silent for %s', l.silent), format('if %s still runs, it hangs: kill -KILL %s there', l.who, l.pid)
		from l, n where l.state = 'silent' and n.own + n.standby > 0;
end $$;
comment on function tow_store.status_scheduler() is 'Part of tow.status: schedulers.';

-- Its last word counts. A day of the audit is all that is looked at: see tow.reloaded.
create or replace function tow_store.files_refused() returns table(id bigint, host text, pid int, error text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select w.id, w.host, w.pid, a.detail ->> 'error'
	from (
		select distinct on (a.subject) a.subject, a.what, a.detail from tow_store.audit a
		where a.what in ('worker.reloaded', 'worker.reload_refused') and a.at > (select tow.now()) - interval '1 day'
		order by a.subject, a.n desc
	) a join tow.workers w on w.id::text = a.subject
	where a.what = 'worker.reload_refused'
	order by w.id
$$;
comment on function tow_store.files_refused() is 'Workers that live whose file was wrong when they last read it again, and why.';

create or replace function tow_store.status_workers() returns table(component text, status text, detail text, hint text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	c_deaths constant int := 10;
begin
	return query
		select 'workers', case when n.workers = 0 then 'bad' when n.workers = n.leave then 'warn' else 'ok' end,
			case when n.workers = 0 and n.silent > 0 then format('none is heard: the last one, %s, was at %s', n.last, date_trunc('second', n.seen_at)) when n.workers = 0 then 'none lives'
				else format('%s with %s slots, %s held%s', n.workers, n.slots, n.busy, case when n.workers = n.leave then ': no more is claimed, as all are about to go' end) end,
			case when n.workers = n.leave then 'start one: tow worker' end
		from (
			select count(*) filter (where w.state <> 'silent') as workers, count(*) filter (where w.state = 'silent') as silent, count(*) filter (where w.state = 'draining') as leave,
				coalesce(sum(w.slots) filter (where w.state <> 'silent'), 0) as slots, coalesce(sum(w.busy) filter (where w.state <> 'silent'), 0) as busy,
				max(w.seen_at) as seen_at, (array_agg(format('%s on %s', w.name, w.host) order by w.seen_at desc))[1] as last
			from tow.workers w
		) n
		union all
		select 'worker ' || w.id, 'ok', format('draining: it claims no more, and goes when it has ended what it has (%s)', w.busy), null
		from tow.workers w where w.state = 'draining'
		union all
		select 'worker ' || w.id, 'warn', case when w.missing_since is not null then 'its session is gone' else format('silent for %s', tow_store.span(w.silent)) end,
			format('%s on %s, pid %s', w.name, w.host, w.pid)
		from tow.workers w where w.state = 'silent' or w.silent > w.lease / 2
		union all
		select 'worker ' || r.id, 'warn', format('goes on as before, as its file was refused when it was read again: %s', r.error),
			format('mend the file (tow worker --config FILE --check tries it), and on %s: kill -HUP %s', r.host, r.pid)
		from tow_store.files_refused() r
		union all
		select p.what, 'ok', p.how, 'start it with --direct or TOW_DIRECT_URL: an address past the pooler'
		from (
			select 'worker ' || w.id as what, format('comes through a pooler: it polls, and if it dies its jobs wait for its lease of %s', tow_store.span(w.lease)) as how
			from tow.workers w where w.pooled
			union all
			select 'scheduler ' || s.id, 'comes through a pooler: it looks every second' from tow.schedulers s where s.pooled and s.state <> 'silent'
		) p
		union all
		select p.what, 'warn', format('the clock of its host, %s, is %s s %s', p.host, round(abs(extract(epoch from p.clock_ahead))),
			case when p.clock_ahead > '0' then 'ahead of the database''s' else 'behind the database''s' end),
			'run an NTP client on both hosts; jobs are not affected, logs are'
		from (
			select 'worker ' || w.id as what, w.host, w.clock_ahead from tow.workers w
			union all
			select 'scheduler ' || s.id, s.host, s.clock_ahead from tow.schedulers s where s.state <> 'silent'
		) p
		where p.clock_ahead not between interval '-2 s' and interval '2 s';
	return query
		select 'worker ' || w.id, 'ok', format('%s on %s died %s ago%s', w.name, w.host, tow_store.span((select tow.now()) - a.at), '; ' || tow_store.so_many(nullif((a.detail ->> 'jobs')::bigint, 0), 'job') || ' of it began anew'), null::text
		from tow_store.audit a join tow_store.worker w on w.id = a.subject::bigint
		where a.what = 'worker.dead' and a.at > (select tow.now()) - interval '1 hour' order by a.at desc limit c_deaths;
end $$;
comment on function tow_store.status_workers() is 'Part of tow.status: workers, whose file is wrong, who died within the hour, who comes through a pooler, whose clock is off.';

-- Reads what workers say and the audit of them alone, so that nobody's lock on another table keeps it from an answer.
create or replace function tow.worker_troubles() returns table(worker bigint, detail text, hint text)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	select substring(s.component from '^worker (\d+)$')::bigint, s.detail, s.hint
	from tow_store.status_workers() s
	where s.component ^@ 'worker ' and s.status <> 'ok'
$$;
comment on function tow.worker_troubles() is 'Workers that live and are not as they should be, and why, as tow.status says it: worker, detail, and a hint where something should be done.';

-- They go on, as what they call stays; what is new they do not do. Who calls himself otherwise is none of ours.
create or replace function tow_store.status_versions() returns table(component text, status text, detail text, hint text)
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select 'version ' || p.version, 'warn', format('%s; the database is of tow %s', concat_ws(' and ', tow_store.so_many(count(*) filter (where p.works), 'worker'), tow_store.so_many(count(*) filter (where not p.works), 'scheduler')) || ' of tow ' || p.version, tow.version()),
		case when string_to_array(p.version, '.')::int[] < string_to_array(tow.version(), '.')::int[] then format('install tow %s on %s and start them again', tow.version(), string_agg(distinct p.host, ', '))
			else format('once all are of tow %s: tow migrate', p.version) end
	from (
		select true as works, w.host, w.version from tow.workers w
		union all
		select false, s.host, s.version from tow.schedulers s where s.state <> 'silent'
	) p
	where p.version <> tow.version() and p.version ~ '^\d{1,4}\.\d{1,4}\.\d{1,4}$'
	group by p.version
$$;
comment on function tow_store.status_versions() is 'Part of tow.status: workers and schedulers of another version than the database.';

create or replace function tow_store.so_many(p_n bigint, p_what text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case when p_n > 0 then format('%s %s%s', p_n, p_what, case when p_n > 1 then 's' end) end
$$;
comment on function tow_store.so_many(bigint, text) is '2 workers; null of none.';

-- Whole addresses alone: a session's name has 63 bytes.
create or replace function tow.served_at() returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select distinct p.place from pg_stat_activity a, lateral substring(a.application_name from '^tow serve at (http.*)$') p(place)
	where a.datname = current_database() and octet_length(a.application_name) < 63 and p.place is not null
	order by p.place
$$;
comment on function tow.served_at() is 'The addresses of tow serve, as far as the names of sessions may be seen.';

-- Each server has a session that says where it is reached, as far as 63 bytes go; those of 0.7.0 do not. Where nobody has asked one for a day, none is missed; and where
-- the names of others' sessions may not be seen, nothing is known.
create or replace function tow_store.status_serve() returns table(component text, status text, detail text, hint text)
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	with s as (
		select coalesce(string_agg(distinct substring(a.application_name from '^tow serve at (.*)$') || case when octet_length(a.application_name) = 63 then '…' else '' end, ', '),
			max('an address that an older tow serve does not say') filter (where a.application_name in ('tow tow serve', 'tow hub'))) as places
		from pg_stat_activity a where a.datname = current_database()
	), t as (
		select exists (select from tow_store.token o where o.used_at > (select tow.now()) - interval '1 day') as used
	)
	select 'serve', case when s.places is null and t.used then 'warn' else 'ok' end,
		coalesce('the page and the API are at ' || s.places, 'none runs: the page and the API are nowhere'), case when s.places is null then 'start one: tow serve' end
	from s, t where s.places is not null or pg_has_role('pg_read_all_stats', 'usage')
$$;
comment on function tow_store.status_serve() is 'Part of tow.status: whether tow serve runs, and where.';

create or replace function tow_store.status_queues(p_queues jsonb) returns table(component text, status text, detail text, hint text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
	return query
		select 'queue ' || q.name, case when q.workers = 0 and q.used then 'bad' when q.state = 'paused' then 'warn' else 'ok' end,
			concat_ws('; ', case when q.state = 'paused' then 'paused' || coalesce(': ' || q.pause_reason, '') end, concat_ws(', ',
				format('%s ready, %s running', coalesce(tow_store.or_more(q.ready, 'ready' = any(q.more)), 'more than 1000'), q.running), coalesce(tow_store.or_more(nullif(q.waiting, 0), 'waiting' = any(q.more)), case when q.waiting is null then 'more than 1000' end) || ' in lanes', case when q.workers = 0 then 'no worker serves it' end,
				'the oldest waits for ' || tow_store.span(tow.now() - q.oldest_ready))),
			case when q.workers = 0 and q.used then format('tow worker --queue %s', q.name) when q.state = 'paused' then format('tow queue resume %s', q.name) end
		from (select o.*, coalesce(o.ready, 1) + coalesce(o.waiting, 1) > 0 as used
			from jsonb_to_recordset(p_queues) o(name text, state text, pause_reason text, ready bigint, waiting bigint, running bigint, workers bigint, oldest_ready timestamptz, more text[])) q;
end $$;
comment on function tow_store.status_queues(jsonb) is 'Part of tow.status: queues; null is more than a thousand.';

-- Looks at the head of each band only: a kind nobody knows either has a band of its own, or is about to get one.
create or replace function tow_store.status_kinds() returns table(component text, status text, detail text, hint text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
#variable_conflict use_column
begin
	return query
		select 'kind ' || k.kind, 'bad', format('%s ready in queue %s, and no live worker of it knows the kind', tow_store.or_more(sum(k.n)::bigint, bool_or(k.more)), k.queue),
			'start a worker that has this kind: an [exec], [http] or C kind, or a function of the database (in SQL)'
		from (
			select j.kind, j.queue, coalesce(d.n, 1) as n, coalesce(d.more, false) as more
			from tow_store.band b
				left join lateral (select * from tow_store.depth(b.id)) d on b.kind is not null
				join lateral (select coalesce((select r.id from tow_store.ready r where r.band = b.id order by r.band, r.pos limit 1),
					(select l.id from tow_store.lined l where l.band = b.id order by l.band, l.gate, l.pos limit 1)) as id) h on true
				join tow_store.job j on j.id = h.id
			where not exists (select from tow_store.worker w where w.ended_at is null and not tow_store.is_silent(w) and b.queue = any(w.queues) and j.kind = any(w.kinds))
				and exists (select from tow_store.worker w where w.ended_at is null and not tow_store.is_silent(w) and b.queue = any(w.queues))
		) k group by k.kind, k.queue;
end $$;
comment on function tow_store.status_kinds() is 'Part of tow.status: kinds that nobody runs.';

-- Queues say it themselves. Lanes may be many: the first so many are named.
create or replace function tow_store.status_pauses() returns table(component text, status text, detail text, hint text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
#variable_conflict use_column
declare
	c_most constant int := 20;
begin
	return query
		select 'kind ' || g.name, 'warn', 'paused' || coalesce(': ' || g.pause_reason, ''), format('select tow.resume_kind(%L)', g.name)
		from tow_store.gate g where g.what = 'k' and g.paused_at is not null;
	return query
		select format('lane %s of %s', g.name, q.name), 'warn', 'paused' || coalesce(': ' || g.pause_reason, ''), format('select tow.resume_lane(%L, %L)', q.name, g.name)
		from tow_store.gate g join tow_store.queue q on q.id = g.queue where g.what = 'l' and g.paused_at is not null order by g.name, q.name limit c_most;
	return query
		select 'lanes', 'warn', format('%s more are paused', o.n - c_most), 'select queue, lane from tow.lanes where state = ''paused'''
		from (select count(*) as n from (select from tow_store.gate g where g.what = 'l' and g.paused_at is not null limit 10000) l) o where o.n > c_most;
end $$;
comment on function tow_store.status_pauses() is 'Part of tow.status: kinds and lanes that somebody has paused.';

-- While no worker lives at all that is said, not this of each. tow.unserved is dear, and for few.
create or replace function tow_store.unserved_schedules() returns table(name text, kind text, queue text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	c_most constant int := 100;
begin
	return query
		with w as materialized (
			select l.kinds, l.queues from tow_store.worker l where l.ended_at is null and not tow_store.is_silent(l)
		)
		select s.name, s.kind, s.queue from tow_store.schedule s left join tow_store.queue q on q.name = s.queue
		where s.paused_at is null and s.next_at is not null and exists (select from w) and not exists (select from w where s.kind = any(w.kinds) and q.id = any(w.queues))
		order by s.name limit c_most;
end $$;
comment on function tow_store.unserved_schedules() is 'Schedules whose jobs no live worker would run, the first hundred.';

-- A missed instant is missed whether its job ran after all or not; one row may stand for many that have none of their own. It
-- is well where the schedule's own rule has made up for it, and quiet once somebody has said that he saw it, or ran it by hand.
create or replace function tow_store.status_schedules() returns table(component text, status text, detail text, hint text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	v_since constant timestamptz := (select tow.now()) - interval '1 day';
begin
	return query
		with a as materialized (
			select o.what, o.subject, o.at, o.detail from tow_store.audit o where o.what in ('schedule.failed', 'schedule.seen', 'schedule.run') and o.at > v_since
		), n as (
			select a.subject, max(a.at) as at from a where a.what <> 'schedule.failed' group by a.subject
		), f as (
			select s.name, o.at, o.reason, coalesce(o.how = 'missed' and o.job_id is not null or o.reason ^@ 'missed, and so was'
					and exists (select from tow_store.fire l where l.schedule_id = o.schedule_id and l.era = o.era and l.at > o.at and l.job_id is not null), false) as made_up
			from tow_store.fire o join tow_store.schedule s on s.id = o.schedule_id left join n on n.subject = s.name
			where (o.how = 'missed' or o.how = 'skipped' and o.reason ^@ 'missed') and o.fired_at > greatest(v_since, n.at)
		)
		select 'schedule ' || s.name, 'bad', format('was due at %s and has not fired', s.next_at), 'is the scheduler alive? tow status'
		from tow_store.schedule s where s.paused_at is null and s.next_at < (select tow.now()) - greatest(s.grace, interval '1 min')
		union all
		select 'schedule ' || a.subject, 'warn', format('could not enqueue: %s', a.detail ->> 'error'), 'look at its kind, arguments and policy; once that is done: ' || format('select tow.seen_schedule(%L)', a.subject)
		from a left join n on n.subject = a.subject where a.what = 'schedule.failed' and a.at > coalesce(n.at, '-infinity')
		union all
		select 'schedule ' || f.name, case when bool_and(f.made_up) then 'ok' else 'warn' end,
			format('missed %s%s in the last day, the last one %s%s', case when bool_or(f.reason ^@ 'missed, as were all until') then 'more than ' end, tow_store.some(count(*), 'instant'), max(f.at), case when bool_and(f.made_up) then '; it was made up for' end),
			case when not bool_and(f.made_up) then 'was the scheduler or the database away? tow schedule history ' || f.name || '; once that is known: ' || format('select tow.seen_schedule(%L)', f.name) end
		from f group by f.name
		union all
		select 'schedule ' || u.name, 'warn', u.why, format('its jobs will wait: start a worker for them, or tow schedule set %s --kind NAME', u.name)
		from (select o.name, tow.unserved(o.kind, o.queue) as why from tow_store.unserved_schedules() o) u where u.why is not null;
end $$;
comment on function tow_store.status_schedules() is 'Part of tow.status: schedules that missed, and those whose jobs nobody would run.';

create or replace function tow_store.status_daemons() returns table(component text, status text, detail text, hint text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
	return query
		select 'daemon ' || d.name, case d.state when 'failed' then 'bad' else 'warn' end, concat_ws(': ', d.state, d.error),
			case d.state when 'failed' then 'start it again: tow daemon start ' else 'tow daemon log ' end || d.name
		from tow.find_daemons() d where d.state in ('failed', 'failing');
end $$;
comment on function tow_store.status_daemons() is 'Part of tow.status: daemons that fail.';

create or replace function tow_store.status_duties() returns table(component text, status text, detail text, hint text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
	return query
		select 'duty ' || d.name, 'warn', format('failed at %s: %s', date_trunc('second', d.error_at), d.last_error), null::text
		from tow_store.duty d where d.error_at > (select tow.now()) - interval '10 min'
		union all
		select 'duty ' || d.name, 'warn', format('has had no turn for %s', tow_store.span((select tow.now()) - d.last_at)), 'somebody is at it, or holds what it needs: look at pg_stat_activity and at the scheduler''s log'
		from tow_store.duty d join tow_store.dues((select tow.now())) u on u.name = d.name and (u.every is not null or u.at <= (select tow.now()))
		where d.last_at < (select tow.now()) - greatest(d.every * 10, interval '2 min') and tow_store.clock_is_minded()
		union all
		select 'inbox', 'warn', tow_store.some(count(*), 'row') || ' refused in the last day', 'select * from tow.refused'
		from tow_store.refused r where r.at > (select tow.now()) - interval '1 day' having count(*) > 0;
end $$;
comment on function tow_store.status_duties() is 'Part of tow.status: duties that failed, rows refused.';
