-- tow.why: every reason that a job is not running now, the weightiest first: what somebody has to do, then what it waits
-- for, then limits and whoever is before it. Index probes only, each bounded, so that it answers at once beside a million
-- jobs; what it counts it counts to a thousand. Reads, locks nothing. Raises TW404 no such job.
create or replace function tow.why(id bigint) returns table(reason text, detail text, ids bigint[], until timestamptz, hint text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
#variable_conflict use_column
declare
	j constant tow_store.job := tow_store.see_job($1);
	p constant record := tow_store.why_place(j);
begin
	if p.place = 'running' then
		return query select w.reason, w.detail, w.ids, w.until, tow_store.with_path(w.hint) from tow_store.why_running(j) w order by w.rank;
	elsif p.place is null then
		return query select w.reason, w.detail, w.ids, w.until, tow_store.with_path(w.hint) from tow_store.why_finished(j) w order by w.rank;
	else
		return query
			select w.reason, w.detail, w.ids, w.until, tow_store.with_path(w.hint) from (
				select * from tow_store.why_closed(j, p.queue, p.gate)
				union all select * from tow_store.why_unserved(j, p.queue, p.place)
				union all select * from tow_store.why_waiting(j, p.place)
				union all select * from tow_store.why_held(p.band) where p.place = 'ready'
				union all select * from tow_store.why_limited(j, p.queue, p.gate) where p.place in ('ready', 'lined')
				union all select * from tow_store.why_full(j, p.queue) where p.place in ('ready', 'lined')
				union all select * from tow_store.why_behind(j, p.queue, p.band, p.gate, p.pos, p.place) where p.place in ('ready', 'lined')
			) w order by w.rank;
		if not found then
			return query select 'next', 'nothing holds it: a worker takes it at its next turn', null::bigint[], null::timestamptz, null::text;
		end if;
	end if;
end $$;
comment on function tow.why(bigint) is
'Every reason that a job is not running now, the weightiest first, with the ids that hold it (jobs; workers where the reason is about workers), until when, and what to do. What it will wait for only then is marked later. A job that runs, or has finished, says so in one row.';

-- Where it stands, and the gate of its lane, if it has one.
create or replace function tow_store.why_place(j tow_store.job, out place text, out queue int, out band int, out pos bigint, out gate bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
begin
	select 'running' into place from tow_store.running r where r.job_id = j.id;
	if place is null then
		select 'scheduled' into place from tow_store.scheduled s where s.id = j.id;
	end if;
	if place is null then
		select 'waiting' into place from tow_store.waiting w where w.id = j.id;
	end if;
	if place is null then
		select 'lined', l.band, l.pos into place, band, pos from tow_store.lined l where l.id = j.id;
	end if;
	if place is null then
		select 'ready', r.band, r.pos into place, band, pos from tow_store.ready r where r.ctid = tow_store.ready_ctid(j.id) and r.id = j.id;
	end if;
	select q.id into queue from tow_store.queue q where q.name = j.queue;
	select g.id into gate from tow_store.gate g where j.lane is not null and g.what = 'l' and g.queue = why_place.queue and g.name = j.lane;
end $$;
comment on function tow_store.why_place(tow_store.job) is 'Where a job stands, for tow.why; place is null if it has ended.';

create or replace function tow_store.why_finished(j tow_store.job)
returns table(rank int, reason text, detail text, ids bigint[], until timestamptz, hint text)
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select 1, coalesce(tow_store.end_name(h.outcome), 'lost'),
		case when h.outcome is null then 'it is in no table'
			else concat_ws(', ', date_trunc('second', h.finished_at), 'attempt ' || nullif(h.attempt, 0), h.class || coalesce(': ' || tow_store.shown(h.error, tow.sees_args(j.queue)), '')) end,
		null::bigint[], null::timestamptz,
		case when h.outcome is null then 'tow.fsck(repair => true) puts it right' when h.outcome <> 'c' and not coalesce(j.deadline <= tow.now(), false) then format('select tow.retry(%s)', j.id) end
	from (select) one
		left join (select * from tow_store.history o where o.job_id = j.id and o.outcome in ('c', 'f', 'x') order by o.run desc limit 1) h on true
	union all
	select 2, 'unique key', format('job %s has its key %s: it cannot be retried meanwhile', k.job_id, k.key), array[k.job_id], null, format('select * from tow.job(%s)', k.job_id)
	from tow_store.key k where k.key = j.key and k.job_id <> j.id and not tow_store.key_is_stale(k.job_id, k.scope)
$$;
comment on function tow_store.why_finished(tow_store.job) is 'Part of tow.why: it has ended, and how.';

create or replace function tow_store.why_running(j tow_store.job)
returns table(rank int, reason text, detail text, ids bigint[], until timestamptz, hint text)
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	with r as (
		select o.run, o.claimed_at, coalesce(j.timeout, q.timeout) as timeout, w.*
		from tow_store.running o left join tow_store.worker w on w.id = o.worker left join tow_store.queue q on q.name = j.queue
		where o.job_id = j.id
	)
	select 1, 'silent worker', format('worker %s (%s, pid %s on %s) fetched it %s ago and has not been heard for %s', r.id, r.name, r.pid, r.host,
			tow_store.span(tow.now() - r.claimed_at), tow_store.span(tow.now() - r.seen_at)),
		array[r.id], case when r.missing_since is not null then r.missing_since + interval '1.5 s' else r.seen_at + r.lease + interval '1 s' end,
		'it is put back by then if the worker stays silent'
	from r where r.ended_at is null and (r.missing_since is not null or r.seen_at < tow.now() - r.lease / 2)
	union all
	select 0, 'no scheduler', n.detail || ', and nobody else puts it back', null, null, n.hint
	from r, tow_store.why_unminded() n where r.ended_at is not null or r.missing_since is not null or r.seen_at < tow.now() - r.lease / 2
	union all
	select 2, 'worker gone', format('worker %s has ended, but a transaction of its handler still holds the run', r.id), array[r.id], null,
		'look for that session in pg_stat_activity: its end lets the job go'
	from r where r.ended_at is not null
	union all
	select 3, 'cancelling', format('%s wants it ended%s', c.who, coalesce(': ' || c.reason, '')), array[r.id], null, null
	from r join tow_store.cancelling c on c.job_id = j.id and c.run = r.run
	union all
	select 4, 'running', format('run %s, at worker %s (%s, pid %s on %s) since %s', r.run, r.id, r.name, r.pid, r.host, date_trunc('second', r.claimed_at)),
		array[r.id], least(r.claimed_at + r.timeout, j.deadline), null
	from r
$$;
comment on function tow_store.why_running(tow_store.job) is 'Part of tow.why: a worker has it.';

-- Paused by somebody: the queue, the kind, the lane.
create or replace function tow_store.why_closed(j tow_store.job, p_queue int, p_gate bigint)
returns table(rank int, reason text, detail text, ids bigint[], until timestamptz, hint text)
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select 10, 'queue paused', concat_ws(': ', 'since ' || date_trunc('second', q.paused_at), q.pause_reason), null::bigint[], null::timestamptz,
		format('select tow.resume(%L)', q.name)
	from tow_store.queue q where q.id = p_queue and q.paused_at is not null
	union all
	select 11, 'kind paused', concat_ws(': ', 'since ' || date_trunc('second', g.paused_at), g.pause_reason), null, null, format('select tow.resume_kind(%L)', g.name)
	from tow_store.gate g where g.what = 'k' and g.name = j.kind and g.paused_at is not null
	union all
	select 12, 'lane paused', concat_ws(': ', 'since ' || date_trunc('second', g.paused_at), g.pause_reason), null, null,
		format('select tow.resume_lane(%L, %L)', j.queue, g.name)
	from tow_store.gate g where g.id = p_gate and g.paused_at is not null
$$;
comment on function tow_store.why_closed(tow_store.job, int, bigint) is 'Part of tow.why: somebody paused it.';

create or replace function tow_store.say_paused(p_queue text, p_kind text, p_lane text default null) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select string_agg(format('%s is paused%s (tow %s resume %s)', p.what || ' ' || p.name, ': ' || p.why, p.what, p.name), '; ' order by p.n)
	from (
		select 1, 'queue', q.name, q.pause_reason from tow_store.queue q where q.name = p_queue and q.paused_at is not null
		union all
		select 2, 'kind', g.name, g.pause_reason from tow_store.gate g where g.what = 'k' and g.name = p_kind and g.paused_at is not null
		union all
		select 3, 'lane', q.name || ' ' || g.name, g.pause_reason from tow_store.queue q join tow_store.gate g on g.queue = q.id
		where q.name = p_queue and g.what = 'l' and g.name = p_lane and g.paused_at is not null) p(n, what, name, why)
$$;
comment on function tow_store.say_paused(text, text, text) is 'That somebody paused a queue, a kind or a lane of the queue, in words, with what ends that; null: none of them.';

create or replace function tow_store.why_unserved(j tow_store.job, p_queue int, p_place text)
returns table(rank int, reason text, detail text, ids bigint[], until timestamptz, hint text)
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	with w as (
		select l.id, j.kind = any(l.kinds) as knows from tow_store.worker l where l.ended_at is null and not tow_store.is_silent(l) and p_queue = any(l.queues)
	)
	select 20, 'no worker', format('no worker serves queue %s', j.queue), null::bigint[], null::timestamptz, format('tow worker --queue %s', j.queue)
	where not exists (select from w)
	union all
	select 21, 'kind unknown', format('no worker of queue %s knows kind %s', j.queue, j.kind), array_agg(w.id), null,
		'start a worker that has this kind: an [exec], [http] or C kind, or a function of the database (in SQL)'
	from w having count(*) > 0 and not bool_or(w.knows)
	union all
	select 22, 'no scheduler', n.detail || ', and nobody else makes it ready', null, null, n.hint
	from tow_store.why_unminded() n where p_place in ('scheduled', 'waiting')
$$;
comment on function tow_store.why_unserved(tow_store.job, int, text) is 'Part of tow.why: nobody would run it.';

create or replace function tow_store.why_unminded() returns table(detail text, hint text)
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select case when count(*) = 0 then 'no scheduler lives'
			else 'no scheduler has been heard for ' || tow_store.span((select tow.now()) - max(s.seen_at)) end,
		case when count(*) = 0 then 'start one: tow scheduler' else 'one hangs: tow status says which' end
	from tow.schedulers s having not tow_store.clock_is_minded()
$$;
comment on function tow_store.why_unminded() is 'Part of tow.why: nobody minds the clock; no row if somebody does.';

-- What it waits for: an instant, other jobs, somebody's word.
create or replace function tow_store.why_waiting(j tow_store.job, p_place text)
returns table(rank int, reason text, detail text, ids bigint[], until timestamptz, hint text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	s tow_store.scheduled;
	w tow_store.waiting;
begin
	if p_place = 'scheduled' then
		select o.* into s from tow_store.scheduled o where o.id = j.id;
		return query select 40, case s.reason when 'r' then 'retrying' when 'z' then 'snoozed' else 'not due' end,
			case when s.run_at <= tow.now() then 'its instant has come' || case when tow_store.clock_is_minded() then ': it is made ready at any moment' else '' end
				when s.reason = 'r' then (select format('attempt %s: %s', h.attempt, concat_ws(': ', h.class, tow_store.shown(h.error, tow.sees_args(j.queue))))
					from tow_store.history h where h.job_id = j.id order by h.run desc limit 1)
				else 'at ' || date_trunc('second', s.run_at) end,
			null::bigint[], s.run_at, format('select tow.run_now(%s)', j.id);
	elsif p_place = 'waiting' then
		select o.* into w from tow_store.waiting o where o.id = j.id;
		return query select 30, case w.reason when 'batch' then 'batch not sealed' else w.reason end, d.detail, d.ids, w.until, d.hint
			from tow_store.why_reason(j, w) d;
		return query select 31 + l.n, l.reason, 'later: ' || l.detail, null::bigint[], l.until, l.hint from tow_store.why_later(j, w) l;
	end if;
end $$;
comment on function tow_store.why_waiting(tow_store.job, text) is 'Part of tow.why: it waits for an instant, for other jobs, or for somebody.';

create or replace function tow_store.why_held(p_band int) returns table(rank int, reason text, detail text, ids bigint[], until timestamptz, hint text)
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select 30, 'admission', 'its queue''s lanes are new: those that came before it are being admitted', null::bigint[], null::timestamptz,
		(select n.hint from tow_store.why_unminded() n)
	from tow_store.band b where b.id = (tow_store.bands_beside(p_band)).home and b.opening = 0
$$;
comment on function tow_store.why_held(int) is 'Part of tow.why: jobs that came before it to a new band wait for admission.';

-- What tow_store.go_on will let it wait for, in that order.
create or replace function tow_store.why_later(j tow_store.job, w tow_store.waiting)
returns table(n int, reason text, detail text, until timestamptz, hint text)
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select 1, r.reason, d.detail, null::timestamptz, d.hint
	from (select case w.detail ->> 'name' when 'approval' then 'approval' else 'signal' end as reason) r,
		tow_store.why_reason(j, jsonb_populate_record(w, jsonb_build_object('reason', r.reason))) d
	where w.reason = 'predecessors' and w.detail ? 'name' and (tow_store.last_word(w)).n is null
	union all
	select 2, 'not due', 'at ' || date_trunc('second', i.run_at), i.run_at, null
	from (select coalesce((w.detail ->> 'run_at')::timestamptz, j.run_at) as run_at) i where i.run_at > tow.now()
$$;
comment on function tow_store.why_later(tow_store.job, tow_store.waiting) is 'Part of tow.why: what a job waits for when it has what it waits for now.';

create or replace function tow_store.why_reason(j tow_store.job, w tow_store.waiting, out detail text, out ids bigint[], out hint text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
begin
	case w.reason
	when 'admission' then
		detail := 'its queue or priority is new: it is admitted at any moment';
	when 'policy' then
		detail := format('policy %s decides when it is tried again', w.detail ->> 'policy');
		hint := (select format('its function failed and is asked again at %s', p.fn_off_until) from tow_store.policy p
			where p.name = w.detail ->> 'policy' and p.fn_off_until > tow.now());
	when 'signal' then
		detail := format('for %s', w.detail ->> 'name');
		hint := format('select tow.signal(%s, %L)', j.id, w.detail ->> 'name');
	when 'approval' then
		detail := 'for somebody''s word';
		hint := format('select tow.approve(%s)', j.id);
	else
		select (array_agg(n.on_id order by n.on_id))[1:1000], tow_store.at_most(count(*)::int) || case w.reason when 'predecessors' then ' of them have not completed' when 'batch' then ' of its jobs have not ended, and more may come' else ' of them have not ended' end,
			'these failed, and it waits until they are retried: ' || string_agg(n.on_id::text, ', ' order by n.on_id)
				filter (where n.if_failed = 'w' and tow.state(n.on_id) in ('failed', 'cancelled'))
		into ids, detail, hint
		from (select o.* from tow_store.need o where o.job_id = j.id order by o.on_id limit 1001) n;
		if w.reason = 'batch' then
			hint := format('select tow.seal(%s) when all its jobs are enqueued', j.id);
		end if;
	end case;
end $$;
comment on function tow_store.why_reason(tow_store.job, tow_store.waiting) is 'What a waiting job waits for, in words.';
