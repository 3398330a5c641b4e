-- What `tow top` and a dashboard's first page show, in one document, at a bounded cost: no history is read. Rates
-- are differences of two calls' counters: claims (runs given out) and positions (jobs that came to wait).
create or replace function tow_store.rows_of_overview(p_max int) returns int
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_max is null or p_max not between 0 and 1000 then
		perform tow_store.fail('TW422', 'bad max_running', 'use 0 to 1000');
	end if;
	return p_max;
end $$;
comment on function tow_store.rows_of_overview(int) is 'How many running jobs an overview has; refuses what is too many.';

create or replace function tow.overview(max_running int default 50) returns jsonb
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	with q as materialized (select coalesce(jsonb_agg(to_jsonb(v) order by v.name), '[]') as all from tow.queues v)
	select jsonb_build_object(
		'at', tow.now(), 'database', current_database(), 'server', current_setting('server_version'),
		'claims', coalesce(pg_sequence_last_value('tow_store.run'::regclass), 0),
		'positions', coalesce(pg_sequence_last_value('tow_store.job_id'::regclass), 0),
		'scheduled', s.scheduled, 'retrying', s.retrying,
		'waiting', s.waiting + (select coalesce(sum((v ->> 'waiting')::bigint), 0) from jsonb_array_elements(q.all) v),
		'more', array(select m.state from unnest('{ready,scheduled,retrying,waiting}'::text[]) m(state)
			where m.state = any(s.more) or exists (select from jsonb_array_elements(q.all) v where v -> 'more' ? m.state)),
		'schedulers', (select count(*) from tow.schedulers s where s.state <> 'silent'),
		'trouble', (select coalesce(jsonb_agg(to_jsonb(t)), '[]') from (select * from tow_store.status_of(q.all) s where s.status <> 'ok' limit 20) t),
		'queues', (select coalesce(jsonb_agg(jsonb_build_object('name', v -> 'name', 'state', v -> 'state', 'ready', v -> 'ready', 'running', v -> 'running',
			'oldest_ready', v -> 'oldest_ready', 'workers', v -> 'workers', 'slots', v -> 'slots', 'waiting', v -> 'waiting', 'max_running', v -> 'max_running',
			'rate', v -> 'rate', 'pause_reason', v -> 'pause_reason', 'more', v -> 'more', 'growth', g.growth) order by n), '[]')
			from jsonb_array_elements(q.all) with ordinality e(v, n) left join tow_store.growth() g on g.queue = v ->> 'name'),
		'running', (select coalesce(jsonb_agg(to_jsonb(r) order by r.started_at), '[]') from
			(select j.id, j.kind, j.queue, j.attempt, j.started_at, j.worker, j.pct, j.note from tow_store.jobs_at(array(select p from tow_store.newest_places('running', tow_store.rows_of_overview(max_running), 9223372036854775807) p)) j) r),
		'workers', (select coalesce(jsonb_agg(to_jsonb(w) order by w.id), '[]') from
			(select id, name, host, pid, state, busy, slots, queues, seen_at from tow.workers) w))
	from q, tow_store.put_off() s
$$;
comment on function tow.overview(int) is 'A picture of the whole for dashboards: counters, queues, running jobs, workers, and what is not well. more: states of which there are more than were counted (to 10,000; ready and waiting jobs so far in each queue and priority); of a queue: which of ready and waiting has others. growth of a queue: by how many jobs a second both grew in the last minute that was counted; null: nobody knows.';
