-- What the sample duty writes: see schema/0006_metrics.sql. A minute is counted once, ten seconds after it has ended,
-- from the rows of history that ended in it: what a turn costs depends on that minute, not on how much there is. A run
-- that was reported more than ten seconds late is in tow.history, but not in the metrics.
create or replace function tow_store.duty_sample() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_now constant timestamptz := tow.now();
	v_at constant timestamptz := tow_store.minute_to_sample(v_now);
	v_count int;
begin
	if v_at + interval '70 s' <= v_now then
		perform tow_store.summarize_day(v_at);
		perform tow_store.sample_runs(v_at);
		perform tow_store.add_totals(v_at);
		perform tow_store.sample_failures(v_at);
		perform tow_store.add_failures(v_at);
		perform tow_store.sample_state(v_at, v_now, v_at + interval '130 s' > v_now);
		return 1;
	end if;
	v_count := tow_store.fold_hour(v_now);
	if v_count = 0 then
		perform tow_store.forget_metrics(v_now - tow_store.setting('metrics_retention')::interval, true);
	end if;
	return v_count;
end $$;
comment on function tow_store.duty_sample() is 'Duty: count a minute for tow.metrics_*, fold old ones into hours, remove what is too old.';

-- The minute after the newest; the last one where there is none. What nobody counted for six hours is left out. A
-- clock that was ahead has left minutes that are still to come: they are removed.
create or replace function tow_store.minute_to_sample(p_now timestamptz) returns timestamptz
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_at timestamptz;
begin
	select m.at + m.minutes * interval '1 min' into v_at from tow_store.metric m order by m.at desc limit 1;
	if v_at > p_now + interval '5 min' then
		perform tow_store.forget_metrics(p_now, false);
		v_at := null;
	end if;
	return date_bin('1 min', greatest(coalesce(v_at, p_now - interval '70 s'), p_now - interval '6 hours'), 'epoch');
end $$;
comment on function tow_store.minute_to_sample(timestamptz) is 'When the next minute to be counted begins.';

create or replace function tow_store.next_sample() returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	return (
		select m.at + m.minutes * interval '1 min' + interval '70 s' from tow_store.metric m order by m.at desc limit 1
	);
end $$;
comment on function tow_store.next_sample() is 'When the sample duty is due.';

-- The brin index on history is what makes a minute cheap to find, once its newest pages are in it; nobody else may
-- have seen to that. Each page is summarized once. Whoever has the partition locked is not waited for.
create or replace function tow_store.summarize_day(p_at timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	perform set_config('lock_timeout', '100ms', true);
	perform brin_summarize_new_values(i.indexrelid)
	from tow_store.days d
		join pg_class t on t.relname = d.name and t.relnamespace = 'tow_store'::regnamespace
		join pg_index i on i.indrelid = t.oid
		join pg_class x on x.oid = i.indexrelid join pg_am m on m.oid = x.relam and m.amname = 'brin'
	where d.parent = 'history' and d.first <= p_at and d.stop > p_at;
exception
	when lock_not_available then
		null;
end $$;
comment on function tow_store.summarize_day(timestamptz) is 'Bring the index by which a day''s history is found by time up to date.';

create or replace function tow_store.bin(p_took interval) returns int
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
	select greatest(0, least(41, floor(ln(greatest(extract(epoch from p_took)::double precision * 1e6, 1)) / ln(2::double precision) + 1e-9)))::int
$$;
comment on function tow_store.bin(interval) is 'The bin of a histogram that a duration is counted in.';

-- Counts and histograms of one minute, by queue. Waits need the jobs' facts: they are looked up for every k-th run
-- (chosen by a hash, so that no rhythm of the work matters), and count k times. Who was told to run now did not wait for
-- its time; a clock may have been set back: nothing took less than nothing.
create or replace function tow_store.sample_runs(p_at timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off set enable_partition_pruning = on
as $$
declare
	c_most constant int := 4000;
	v_to constant timestamptz := p_at + interval '1 min';
	v_every bigint;
begin
	insert into tow_store.metric_queue (at, minutes, queue, completed, failed, cancelled, retried, lost, other, run_bins, run_shortest, run_longest)
	select p_at, 1, s.name, s.completed, s.failed, s.cancelled, s.retried, s.lost, s.other, b.bins, b.shortest, b.longest
	from (
		select c.name, coalesce(sum(c.n) filter (where c.outcome = 'c'), 0) as completed, coalesce(sum(c.n) filter (where c.outcome = 'f'), 0) as failed,
			coalesce(sum(c.n) filter (where c.outcome = 'x'), 0) as cancelled, coalesce(sum(c.n) filter (where c.outcome = 'r'), 0) as retried,
			coalesce(sum(c.n) filter (where c.outcome = 'l'), 0) as lost, coalesce(sum(c.n) filter (where c.bin is null and c.outcome not in ('x', 'l')), 0) as other,
			array_agg((c.bin, c.n, c.shortest, c.longest)::tow_store.bin_part) filter (where c.bin is not null) as parts
		from (
			select coalesce(q.name, '(none)') as name, r.outcome, r.bin, sum(r.n)::bigint as n, extract(epoch from greatest(min(r.shortest), '0'))::real as shortest, extract(epoch from greatest(max(r.longest), '0'))::real as longest
			from (
				select h.band, h.outcome, case when h.outcome in ('c', 'f', 'r') then -- tow_store.bin, written out: for millions of rows a call is dear
						greatest(0, least(41, floor(ln(greatest(extract(epoch from h.finished_at - h.started_at)::double precision * 1e6, 1))
							/ ln(2::double precision) + 1e-9)))::int end as bin, count(*) as n, min(h.finished_at - h.started_at) as shortest, max(h.finished_at - h.started_at) as longest
				from tow_store.history h where h.finished_at >= p_at and h.finished_at < v_to group by 1, 2, 3
			) r left join tow_store.band b on b.id = r.band left join tow_store.queue q on q.id = b.queue
			group by 1, 2, 3
		) c group by c.name
	) s, lateral tow_store.bins(s.parts) b;
	if not found then
		return;
	end if;

	select greatest(1, sum(m.completed + m.failed + m.retried) / c_most) into v_every from tow_store.metric_queue m where m.at = p_at;
	update tow_store.metric_queue m set wait_bins = w.bins, wait_shortest = w.shortest, wait_longest = w.longest
	from (
		select c.name, b.*
		from (
			select r.name, array_agg((r.bin, r.n * v_every, r.shortest, r.longest)::tow_store.bin_part) as parts
			from (
				select q.name, tow_store.bin(x.wait) as bin, count(*) as n, extract(epoch from min(x.wait)) as shortest, extract(epoch from max(x.wait)) as longest
				from tow_store.history h
					join tow_store.job j on j.id = h.job_id
					join tow_store.band b on b.id = h.band join tow_store.queue q on q.id = b.queue,
					lateral (select greatest(h.started_at - greatest(j.created_at, j.run_at), '0') as wait) x
				where h.finished_at >= p_at and h.finished_at < v_to and h.outcome in ('c', 'f', 'r') and h.attempt = 1
					and (hashint8(h.run) & 2147483647) % v_every = 0
					and not exists (select from tow_store.history o where o.job_id = h.job_id and o.run < h.run)
				group by 1, 2
			) r group by r.name
		) c, lateral tow_store.bins(c.parts) b
	) w where m.at = p_at and m.queue = w.name;
end $$;
comment on function tow_store.sample_runs(timestamptz) is 'Count the runs that ended in a minute.';

create or replace function tow_store.bins(p_parts tow_store.bin_part[], out bins bigint[], out shortest real[], out longest real[])
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select array_agg(coalesce(c.n, 0) order by i), array_agg(c.shortest order by i), array_agg(c.longest order by i)
	from generate_series(0, 41) i left join (select u.bin, sum(u.n)::bigint as n, min(u.shortest) as shortest, max(u.longest) as longest from unnest(p_parts) u group by u.bin) c on c.bin = i
	where p_parts is not null
$$;
comment on function tow_store.bins(tow_store.bin_part[]) is 'A histogram of parts of bins, and the shortest and the longest of each bin; nulls of nothing.';

-- Failures are found by an index of their own, but there may be as many as there are runs: then every k-th is looked up.
create or replace function tow_store.sample_failures(p_at timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
declare
	c_most constant int := 4000;
	v_to constant timestamptz := p_at + interval '1 min';
	v_failed constant numeric := (select sum(m.failed + m.retried + m.lost) from tow_store.metric_queue m where m.at = p_at);
	v_every constant bigint := greatest(1, v_failed / c_most);
begin
	if coalesce(v_failed, 0) = 0 then
		return;
	end if;
	insert into tow_store.metric_failure (at, minutes, kind, class, failed, retried, lost)
	select p_at, 1, case when f.place <= 100 then f.kind else '(others)' end, case when f.place <= 100 then f.class else '(others)' end,
		sum(f.failed) * v_every, sum(f.retried) * v_every, sum(f.lost) * v_every
	from (
		select j.kind, coalesce(left(h.class, 100), '') as class, count(*) filter (where h.outcome = 'f') as failed,
			count(*) filter (where h.outcome = 'r') as retried, count(*) filter (where h.outcome = 'l') as lost,
			row_number() over (order by count(*) desc, j.kind) as place
		from tow_store.history h join tow_store.job j on j.id = h.job_id
		where h.finished_at >= p_at and h.finished_at < v_to and h.outcome <> 'c' and h.outcome in ('f', 'r', 'l')
			and (hashint8(h.run) & 2147483647) % v_every = 0
		group by 1, 2
	) f group by 3, 4;
end $$;
comment on function tow_store.sample_failures(timestamptz) is 'Count the runs that failed in a minute, by kind and class.';

create or replace function tow_store.sampled_to() returns int
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select 1000000
$$;
comment on function tow_store.sampled_to() is 'How far metrics count the jobs of a priority.';

-- p_present: the minute has just ended, so that what is seen now may stand for it. At most 500 queues are kept.
create or replace function tow_store.sample_state(p_at timestamptz, p_now timestamptz, p_present boolean) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_last pg_lsn;
begin
	if not p_present then
		insert into tow_store.metric (at, minutes) values (p_at, 1);
		return;
	end if;
	insert into tow_store.metric_queue as m (at, minutes, queue, ready, ready_max, oldest_s, running, running_max, slots)
	select p_at, 1, q.name, d.n, d.n, extract(epoch from p_now - q.oldest_ready), q.running, q.running, q.slots
	from (select * from tow.queues o order by o.ready + o.waiting + o.running desc, o.name limit 500) q, tow_store.queue o,
		lateral (select case when q.more <> '{}' then (select sum(c.n) from tow_store.band b, tow_store.depth(b.id, tow_store.sampled_to()) c where b.queue = o.id) else q.ready + q.waiting end as n) d
	where o.name = q.name
	on conflict (at, queue) do update set ready = excluded.ready, ready_max = excluded.ready_max, oldest_s = excluded.oldest_s,
		running = excluded.running, running_max = excluded.running_max, slots = excluded.slots;
	select m.wal_at into v_last from tow_store.metric m where m.wal_at is not null order by m.at desc limit 1;
	insert into tow_store.metric (at, minutes, workers, slots, busy, schedulers, scheduled, waiting, xmin_age, xmin_s, xmin_who, wal_at, wal_bytes, notify_usage)
	select p_at, 1, w.workers, w.slots, w.busy, (select count(*) from tow.schedulers s where s.state <> 'silent'),
		(select count(*) from (select from tow_store.scheduled limit 100000) c), (select count(*) from (select from tow_store.waiting limit 100000) c),
		coalesce(x.age, 0), coalesce(x.s, 0), x.who, pg_current_wal_lsn(), pg_current_wal_lsn() - v_last, pg_notification_queue_usage()
	from (select count(*) as workers, coalesce(sum(o.slots), 0) as slots, coalesce(sum(o.busy), 0) as busy from tow.workers o where o.state <> 'silent') w
		left join tow_store.oldest_holder() x on true;
	if extract(minute from p_at)::int % 5 = 0 or not exists (select from tow_store.metric_table t where t.at > p_at - interval '5 min') then
		perform tow_store.sample_tables(p_at);
	end if;
end $$;
comment on function tow_store.sample_state(timestamptz, timestamptz, boolean) is 'Look at queues, workers and the server, for a minute.';

-- Nothing is said of a queue that may have been counted to its end no more, nor where nobody has looked lately.
create or replace function tow_store.growth() returns table(queue text, growth double precision)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select n.queue, (n.ready - b.ready) / 60
	from tow_store.metric_queue n join tow_store.metric_queue b on b.queue = n.queue and b.at = n.at - interval '1 min' and b.minutes = 1
	where n.minutes = 1 and n.at = (select m.at from tow_store.metric m order by m.at desc limit 1) and n.at > (select tow.now()) - interval '4 min'
		and greatest(n.ready, b.ready) < tow_store.sampled_to()
$$;
comment on function tow_store.growth() is 'By how many jobs a second each queue grew in the last minute that was counted.';

create or replace function tow_store.sample_tables(p_at timestamptz) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	insert into tow_store.metric_table (at, minutes, name, bytes, dead)
	select p_at, 1, case when t.relname in ('job', 'ready', 'scheduled', 'waiting', 'lined', 'running', 'history', 'log', 'key', 'step') then t.relname else '(others)' end,
		sum(pg_total_relation_size(c.oid)), sum(pg_stat_get_dead_tuples(c.oid))
	from pg_class c join pg_class t on t.oid = coalesce(pg_partition_root(c.oid), c.oid)
	where c.relnamespace in ('tow'::regnamespace, 'tow_store'::regnamespace) and c.relkind = 'r'
	group by 3
$$;
comment on function tow_store.sample_tables(timestamptz) is 'Note how large the tables are.';

-- The worst of those that tow.status names.
create or replace function tow_store.oldest_holder() returns table(who text, age bigint, s double precision)
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select format('%s %s%s', p.what, p.who, ' (' || coalesce(nullif(a.application_name, ''), a.usename) || ')'), p.xids::bigint,
		extract(epoch from clock_timestamp() - p.since)::double precision
	from tow_store.pinned() p left join pg_stat_activity a on p.what = 'session' and a.pid::text = p.who
	order by p.xids desc, p.since limit 1
$$;
comment on function tow_store.oldest_holder() is 'Who holds the oldest snapshot or transaction: by how many transactions, for how many seconds.';

-- One hour a turn. The index on minutes finds the oldest; nothing is read that is not folded.
create or replace function tow_store.fold_hour(p_now timestamptz) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_at timestamptz;
	v_to timestamptz;
begin
	select date_bin('1 hour', m.at, 'epoch') into v_at from tow_store.metric m where m.minutes = 1 order by m.at limit 1;
	v_to := v_at + interval '1 hour';
	if v_at is null or v_to > p_now - tow_store.setting('metrics_minute_retention')::interval
		or not exists (select from tow_store.metric m where m.at >= v_to) then -- the hour has not been counted to its end
		return 0;
	end if;
	with d as (
		delete from tow_store.metric m where m.at >= v_at and m.at < v_to returning m.*
	)
	insert into tow_store.metric
	select v_at, 60, avg(d.workers), avg(d.slots), avg(d.busy), avg(d.schedulers), avg(d.scheduled), avg(d.waiting), max(d.xmin_age), max(d.xmin_s),
		(array_agg(d.xmin_who order by d.xmin_age desc nulls last))[1], max(d.wal_at), sum(d.wal_bytes), max(d.notify_usage) from d;
	perform tow_store.fold_queues(v_at, v_to);
	with d as (
		delete from tow_store.metric_failure m where m.at >= v_at and m.at < v_to returning m.*
	), f as (
		select d.kind, d.class, sum(d.failed) as failed, sum(d.retried) as retried, sum(d.lost) as lost,
			row_number() over (order by sum(d.failed + d.retried + d.lost) desc, d.kind, d.class) as place from d group by d.kind, d.class
	)
	insert into tow_store.metric_failure
	select v_at, 60, case when f.place <= 100 then f.kind else '(others)' end, case when f.place <= 100 then f.class else '(others)' end,
		sum(f.failed), sum(f.retried), sum(f.lost) from f group by 3, 4;
	with d as (
		delete from tow_store.metric_table m where m.at >= v_at and m.at < v_to returning m.*
	)
	insert into tow_store.metric_table select v_at, 60, d.name, max(d.bytes), max(d.dead) from d group by d.name;
	return 1;
end $$;
comment on function tow_store.fold_hour(timestamptz) is 'Add the oldest hour of minutes up, once it is old enough; 0 if there is none.';

create or replace function tow_store.fold_queues(p_at timestamptz, p_to timestamptz) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	with d as (
		delete from tow_store.metric_queue m where m.at >= p_at and m.at < p_to returning m.*
	), r as (
		select c.queue, array_agg(c.n order by c.i) as bins, array_agg(c.shortest order by c.i) as shortest, array_agg(c.longest order by c.i) as longest
		from (select d.queue, u.i, sum(u.n)::bigint as n, min(u.shortest) as shortest, max(u.longest) as longest
			from d, unnest(d.run_bins, d.run_shortest, d.run_longest) with ordinality u(n, shortest, longest, i) group by 1, 2) c group by 1
	), w as (
		select c.queue, array_agg(c.n order by c.i) as bins, array_agg(c.shortest order by c.i) as shortest, array_agg(c.longest order by c.i) as longest
		from (select d.queue, u.i, sum(u.n)::bigint as n, min(u.shortest) as shortest, max(u.longest) as longest
			from d, unnest(d.wait_bins, d.wait_shortest, d.wait_longest) with ordinality u(n, shortest, longest, i) group by 1, 2) c group by 1
	), q as (
		select d.queue, avg(d.ready) as ready, max(d.ready_max) as ready_max, max(d.oldest_s) as oldest_s, avg(d.running) as running,
			max(d.running_max) as running_max, avg(d.slots) as slots, sum(d.completed) as completed, sum(d.failed) as failed,
			sum(d.cancelled) as cancelled, sum(d.retried) as retried, sum(d.lost) as lost, sum(d.other) as other
		from d group by d.queue
	)
	insert into tow_store.metric_queue
	select p_at, 60, q.*, r.bins, w.bins, r.shortest, r.longest, w.shortest, w.longest from q left join r using (queue) left join w using (queue)
$$;
comment on function tow_store.fold_queues(timestamptz, timestamptz) is 'Add an hour of minutes up, by queue.';

create or replace function tow_store.forget_metrics(p_at timestamptz, p_before boolean) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if p_before then
		delete from tow_store.metric m where m.at < p_at;
		delete from tow_store.metric_queue m where m.at < p_at;
		delete from tow_store.metric_failure m where m.at < p_at;
		delete from tow_store.metric_table m where m.at < p_at;
	else
		delete from tow_store.metric m where m.at > p_at;
		delete from tow_store.metric_queue m where m.at > p_at;
		delete from tow_store.metric_failure m where m.at > p_at;
		delete from tow_store.metric_table m where m.at > p_at;
	end if;
end $$;
comment on function tow_store.forget_metrics(timestamptz, boolean) is 'Remove metrics from before, or after, an instant.';
