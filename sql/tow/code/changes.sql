-- What has changed, for the server's hub, which asks a few times a second, and nothing while nobody listens. What a feed
-- says is read by whoever may look: no arguments, errors, results, notes. Its function is called when somebody asks for its
-- sort of things, or for one of them. It takes the mark that it gave last (null: it gave none) and all topics that are asked
-- for, and gives rows:
--
--   topic  key   n     message
--   set    set   set   an event: it is told once
--   set    any   null  a state: the hub tells it when it is not what it was, so all of them are said each time
--   null   what  null  the mark. what: of states that are not said any more, 'gone' is told and of what is 'over' nothing;
--                      null: it has not looked this time, they stay
--
-- Each is bounded (to as many jobs as the hub asks for at most: TOPICS_ALL), and no history is read. Locks nothing.
create or replace function tow.changes(since jsonb default '{}', topics text[] default '{}')
returns table(feed text, topic text, key text, n bigint, message jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_fn regproc;
begin
	for feed, v_fn in select f.name, to_regproc(f.fn) from tow_store.feed f where tow_store.is_asked(topics, f.topic) order by f.name loop
		continue when v_fn is null;
		for topic, key, n, message in execute format('select c.topic, c.key, c.n, c.message from %s($1, $2) c', v_fn) using since -> feed, topics loop
			return next;
		end loop;
	end loop;
end $$;
comment on function tow.changes(jsonb, text[]) is 'For the server''s hub: what has changed of these topics. since: the marks that were given last, by feed.';

create or replace function tow_store.add_feeds(p_area text, p_feeds text[][]) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	delete from tow_store.feed f where f.area = p_area;
	insert into tow_store.feed (name, area, topic, fn) select p_feeds[i][1], p_area, p_feeds[i][2], p_feeds[i][3] from generate_subscripts(p_feeds, 1) i;
$$;
comment on function tow_store.add_feeds(text, text[]) is 'The feeds of an area, in place of those that it had: name, topic, function.';

create or replace function tow_store.is_asked(p_topics text[], p_all text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select exists (select from unnest(p_topics) t(topic) where t.topic = p_all or t.topic ^@ (rtrim(p_all, 's') || ':'))
$$;
comment on function tow_store.is_asked(text[], text) is 'Whether anybody asks for all things of a sort (queues), or for one (queue:default).';

-- Whoever asks for one that is not there is told so, and how it is when it comes.
create or replace function tow_store.missing(p_topics text[], p_all text, p_there text[]) returns table(topic text, key text, n bigint, message jsonb)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select p_all, k.key, null::bigint, jsonb '{"type": "gone"}'
	from (select distinct substr(t.topic, length(p_all) + 1) as key from unnest(p_topics) t(topic) where t.topic ^@ (rtrim(p_all, 's') || ':')) k where k.key <> all(p_there)
$$;
comment on function tow_store.missing(text[], text, text[]) is 'The rows of a feed for what is asked for by name and not among those that are there.';

create or replace function tow_store.looked(p_rest text default 'gone', p_mark jsonb default null) returns table(topic text, key text, n bigint, message jsonb)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select null::text, p_rest, null::bigint, p_mark
$$;
comment on function tow_store.looked(text, jsonb) is 'The row of a feed that says how far it has got.';

-- Jobs are watched one by one; of all of them it is only said that something happened, so that a page looks anew. How a job
-- ended is looked for once: the mark remembers it, and it stands as long as nobody has put the job back.
create or replace function tow_store.watched_jobs(p_ended jsonb, p_topics text[]) returns table(id bigint, state text, attempt int, run_at timestamptz, pct real)
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
	return query
		with w as materialized (
			select substr(o.topic, 5)::bigint as id from (select distinct t.topic from unnest(p_topics) t(topic) where t.topic ~ '^job:\d{1,18}$' limit 4000) o
		), born as materialized (
			select w.id, b.id as band, b.laned from w join tow_store.job j on j.id = w.id join tow_store.queue q on q.name = j.queue join tow_store.band b on b.queue = q.id and b.priority = j.priority
		), l as materialized (
			select r.job_id as id, 'running' as state, r.attempt, null::timestamptz as run_at, r.run from w join tow_store.running r on r.job_id = w.id
			union all
			select s.id, case s.reason when 'r' then 'retrying' else 'scheduled' end, s.attempt, s.run_at, null from w join tow_store.scheduled s on s.id = w.id
			union all
			select o.id, 'waiting', o.attempt, null, null from w join tow_store.waiting o on o.id = w.id
			union all
			select o.id, 'waiting', o.attempt, null, null from w join tow_store.lined o on o.id = w.id
			union all
			select r.id, case when born.laned then 'waiting' else 'ready' end, r.attempt, null, null from born join tow_store.ready r on r.band = born.band and r.pos = born.id where r.id = born.id
			union all
			select r.id, case when b.laned then 'waiting' else 'ready' end, r.attempt, null, null from w join tow_store.ready r on r.id = w.id and r.pos <> r.id join tow_store.band b on b.id = r.band
		), e as materialized (
			select w.id from w except select l.id from l
		)
		select distinct on (l.id) l.id, l.state, l.attempt, l.run_at, g.pct from l left join tow_store.progress g on g.job_id = l.id and g.run = l.run
		union all
		select e.id, s.state, s.attempt, null, null
		from e left join lateral (
			select p_ended -> e.id::text ->> 0 as state, (p_ended -> e.id::text ->> 1)::int as attempt
			where p_ended ? e.id::text and not exists (select from tow_store.revival v where v.job_id = e.id)
			union all
			select tow.state(e.id), (select d.attempt from tow_store.last_end(e.id) d)
			limit 1) s on true;
end $$;
comment on function tow_store.watched_jobs(jsonb, text[]) is 'Jobs that somebody watches. p_ended: how some had ended, and at which attempt, when they were last looked at. state is null: there is no such job.';

create or replace function tow_store.feed_jobs(p_since jsonb, p_topics text[]) returns table(topic text, key text, n bigint, message jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
declare
	v_watched jsonb;
begin
	select jsonb_agg(case when w.state is null then jsonb_build_object('type', 'gone', 'job_id', w.id)
		else jsonb_build_object('type', 'change', 'job_id', w.id, 'state', w.state, 'attempt', w.attempt, 'run_at', w.run_at, 'progress_pct', w.pct) end)
	into v_watched from tow_store.watched_jobs(p_since, p_topics) w;
	return query
		select 'job:' || (m ->> 'job_id'), m ->> 'job_id', null::bigint, m from jsonb_array_elements(v_watched) m
		union all
		select 'jobs', null, null, jsonb_build_object('type', 'change', 'claims', coalesce(pg_sequence_last_value('tow_store.run'::regclass), 0),
			'positions', coalesce(pg_sequence_last_value('tow_store.job_id'::regclass), 0), 'running', (select count(*) from tow_store.running),
			'actions', (select max(a.n) from tow_store.audit a))
		where 'jobs' = any(p_topics)
		union all
		select * from tow_store.looked('over', (select jsonb_object_agg(m ->> 'job_id', jsonb_build_array(m -> 'state', m -> 'attempt')) from jsonb_array_elements(v_watched) m where m ->> 'state' in ('completed', 'failed', 'cancelled')));
end $$;
comment on function tow_store.feed_jobs(jsonb, text[]) is 'Feed: jobs that are watched, and counters that move whenever any job comes, starts, ends or is acted upon.';

-- How far those are that are watched and run, and say so; the hub asks at most four times a second. When it was said stands there, so
-- that a new note, which only some may read, is told to be one.
create or replace function tow_store.feed_progress(p_since jsonb, p_topics text[]) returns table(topic text, key text, n bigint, message jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off set plan_cache_mode = force_generic_plan
as $$
declare
	c_most constant int := 4000;
begin
	return query
		with w as materialized (
			select distinct substr(t.topic, 5)::bigint as id from unnest(p_topics) t(topic) where t.topic ~ '^job:\d{1,18}$' limit c_most
		)
		select 'job:' || w.id, w.id::text, null::bigint, jsonb_build_object('type', 'progress', 'job_id', w.id, 'progress_pct', round(g.pct::numeric, 1), 'at', g.at)
		from w join tow_store.running r on r.job_id = w.id join tow_store.progress g on g.job_id = r.job_id and g.run = r.run
		union all
		select * from tow_store.looked('over');
end $$;
comment on function tow_store.feed_progress(jsonb, text[]) is 'Feed: how far jobs are that are watched.';

-- Jobs that wait for a word: each is told once, when it begins to wait, and again when it asks anew. Of all of them those that asked
-- last, and that there are others; of those that are watched each. What there is to choose from is among a job's arguments or what it
-- remembers, which are for those who may see them.
create or replace function tow_store.feed_approvals(p_since jsonb, p_topics text[]) returns table(topic text, key text, n bigint, message jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_sort = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	c_most constant int := 500;
	c_watched constant int := 4000;
begin
	return query
		with newest as materialized (
			select o.id, o.since, row_number() over (order by o.since desc) as n from (
				select w.id, w.since from tow_store.waiting w where w.reason = 'approval' and 'jobs' = any(p_topics) order by w.since desc limit c_most + 1) o
		), watched as (
			select w.id, w.since from (select distinct substr(t.topic, 5)::bigint as id from unnest(p_topics) t(topic) where t.topic ~ '^job:\d{1,18}$' limit c_watched) o
				join tow_store.waiting w on w.id = o.id where w.reason = 'approval'
		)
		select 'jobs', w.id::text, null::bigint, jsonb_build_object('type', 'needs_approval', 'job_id', w.id, 'kind', j.kind, 'queue', j.queue, 'title', concat_ws(' ', j.kind, j.key), 'since', w.since)
		from (select o.id, o.since from newest o where o.n <= c_most union select * from watched) w join tow_store.job j on j.id = w.id
		union all
		select 'jobs', null, null, jsonb_build_object('type', 'more_approvals', 'told', c_most) from newest o where o.n > c_most
		union all
		select * from tow_store.looked('over');
end $$;
comment on function tow_store.feed_approvals(jsonb, text[]) is 'Feed: jobs that wait for approval.';

-- Each queue's jobs are counted so far and no further: whoever wants more asks tow.queues.
create or replace function tow_store.glance() returns table(name text, state text, ready bigint, waiting bigint, running bigint, workers bigint, slots bigint)
language sql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
	with w as (
		select s.queue, count(*) as workers, sum(s.slots)::bigint as slots from tow_store.worker l, unnest(l.queues, l.slots) s(queue, slots) where l.ended_at is null and not tow_store.is_silent(l) group by s.queue
	), u as (
		select b.queue, count(*) as n from tow_store.running o join tow_store.band b on b.id = o.band group by b.queue
	)
	select q.name, case when q.paused_at is null then 'open' else 'paused' end, coalesce(r.ready, 0), coalesce(r.laned, 0), coalesce(u.n, 0),
		coalesce(w.workers, 0), coalesce(w.slots, 0)
	from tow_store.queue q left join w on w.queue = q.id left join u on u.queue = q.id
		left join lateral (
			select (sum(c.n) filter (where not b.laned))::bigint as ready, (sum(c.n) filter (where b.laned))::bigint as laned
			from tow_store.band b, lateral (select count(*) as n from
				(select from tow_store.ready o where o.band = b.id union all select from tow_store.lined o where o.band = b.id limit 1001) j) c
			where b.queue = q.id
		) r on true
$$;
comment on function tow_store.glance() is 'Queues, their jobs counted to a thousand a priority and no further.';

create or replace function tow_store.feed_queues(p_since jsonb, p_topics text[]) returns table(topic text, key text, n bigint, message jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	return query
		select 'queues', g.name, null::bigint, jsonb_build_object('type', 'change', 'state', g.state, 'ready', case when g.ready <= 1000 then g.ready end,
			'waiting', case when g.waiting <= 1000 then g.waiting end, 'running', g.running, 'workers', g.workers, 'slots', g.slots)
		from tow_store.glance() g
		union all
		select * from tow_store.missing(p_topics, 'queues', array(select q.name from tow_store.queue q))
		union all
		select * from tow_store.looked();
end $$;
comment on function tow_store.feed_queues(jsonb, text[]) is 'Feed: queues. ready and waiting are null where there are more than a thousand.';

create or replace function tow_store.feed_workers(p_since jsonb, p_topics text[]) returns table(topic text, key text, n bigint, message jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	return query
		select 'workers', w.id::text, null::bigint, jsonb_build_object('type', 'change', 'name', w.name, 'host', w.host, 'state', w.state,
			'busy', w.busy, 'slots', w.slots, 'queues', w.queues, 'missing', w.missing_since is not null)
		from tow.workers w
		union all
		select * from tow_store.missing(p_topics, 'workers', array(select w.id::text from tow_store.worker w where w.ended_at is null))
		union all
		select * from tow_store.looked();
end $$;
comment on function tow_store.feed_workers(jsonb, text[]) is 'Feed: workers that live.';

-- Which were told the mark remembers: one that others have pushed out of the first is there still, and nothing is said of it.
create or replace function tow_store.feed_schedules(p_since jsonb, p_topics text[]) returns table(topic text, key text, n bigint, message jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c_most constant int := 500;
	v_names constant text[] := array(
		(select s.name from tow_store.schedule s order by s.name limit c_most)
		union
		select s.name from unnest(p_topics) t(topic) join tow_store.schedule s on s.name = substr(t.topic, length('schedule:') + 1) where t.topic ^@ 'schedule:');
begin
	return query
		select 'schedules', s.name, null::bigint, jsonb_build_object('type', 'change', 'state', s.state, 'next_at', s.next_at, 'last_at', s.last_at,
			'last_how', s.last_how, 'last_job', s.last_job, 'last_state', s.last_state)
		from tow.schedules s where s.name = any(v_names)
		union all
		select * from tow_store.missing(p_topics, 'schedules', v_names)
		union all
		select 'schedules', o.name, null, jsonb '{"type": "gone"}'
		from jsonb_array_elements_text(case jsonb_typeof(p_since) when 'array' then p_since end) o(name) where 'schedule:' || o.name <> all(p_topics) and not exists (select from tow_store.schedule s where s.name = o.name)
		union all
		select * from tow_store.looked('over', to_jsonb(v_names));
end $$;
comment on function tow_store.feed_schedules(jsonb, text[]) is 'Feed: schedules, the first 500 by name, and those that are asked for by it.';

-- A daemon that fails says its error: that is for those who may see it, who ask tow.daemons.
create or replace function tow_store.feed_daemons(p_since jsonb, p_topics text[]) returns table(topic text, key text, n bigint, message jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	return query
		select 'daemons', d.name, null::bigint, jsonb_build_object('type', 'change', 'state', d.state, 'enabled', d.enabled,
			'status', case when d.state not in ('failing', 'failed') then d.status end, 'status_job', d.status_job, 'status_kind', d.status_kind,
			'job', d.job, 'next_at', d.next_at, 'failures', d.failures)
		from tow.find_daemons() d
		union all
		select * from tow_store.missing(p_topics, 'daemons', array(select d.name from tow_store.daemon d))
		union all
		select * from tow_store.looked();
end $$;
comment on function tow_store.feed_daemons(jsonb, text[]) is 'Feed: daemons, each with what it says it does.';

-- What is not well, every few seconds: the mark is when the last look was.
create or replace function tow_store.feed_status(p_since jsonb, p_topics text[]) returns table(topic text, key text, n bigint, message jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_mark constant jsonb := tow_store.rare_look();
begin
	if v_mark = p_since then
		return query select * from tow_store.looked(null, v_mark);
	else
		return query
			select 'status', s.component, null::bigint, jsonb_build_object('type', 'change', 'status', case when bool_or(s.status = 'bad') then 'bad' else 'warn' end)
			from tow_store.status_of((select jsonb_agg(to_jsonb(g) order by g.name) from tow_store.glance() g)) s where s.status <> 'ok' group by s.component
			union all
			select * from tow_store.looked('gone', v_mark);
	end if;
end $$;
comment on function tow_store.feed_status(jsonb, text[]) is 'Feed: components of tow.status that are not ok, and how bad it is.';

create or replace function tow_store.rare_look() returns jsonb
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select to_jsonb(floor(extract(epoch from tow.now()) / 10))
$$;
comment on function tow_store.rare_look() is 'The mark of feeds that cost more: it changes every ten seconds, and only then they look.';

select tow_store.add_feeds('tow', array[
	['jobs', 'jobs', 'tow_store.feed_jobs'],
	['progress', 'jobs', 'tow_store.feed_progress'],
	['approvals', 'jobs', 'tow_store.feed_approvals'],
	['queues', 'queues', 'tow_store.feed_queues'],
	['workers', 'workers', 'tow_store.feed_workers'],
	['schedules', 'schedules', 'tow_store.feed_schedules'],
	['daemons', 'daemons', 'tow_store.feed_daemons'],
	['status', 'status', 'tow_store.feed_status']
]);
