-- Retention. Whole days of history and log are dropped once nothing in them is to be kept; a queue that keeps less
-- than the longest has its rows deleted, and facts whose job has ended and is in no history any more, in bounded
-- batches. Every turn does one thing; 0 says that nothing is left. What is compared with the time compares with a
-- value that was asked for once: tow.now() itself is volatile, and neither prunes partitions nor uses an index.
create or replace function tow_store.duty_prune() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_now constant timestamptz := tow.now();
	v_count int;
begin
	perform set_config('lock_timeout', '50ms', true);
	v_count := tow_store.drop_day('history', v_now - (select max(r.keep) from tow_store.retentions r))
		+ tow_store.drop_day('log', v_now - tow_store.setting('log_retention')::interval);
	if v_count = 0 then
		v_count := tow_store.guard_history(v_now);
	end if;
	if v_count = 0 then
		v_count := tow_store.prune_history(2000);
	end if;
	if v_count = 0 then
		v_count := tow_store.prune_facts();
	end if;
	if v_count = 0 then
		delete from tow_store.audit where n = any(array(
			select a.n from tow_store.audit a where a.at < v_now - tow_store.setting('audit_retention')::interval order by a.at limit 1000));
		get diagnostics v_count = row_count;
	end if;
	if v_count = 0 then
		v_count := tow_store.prune_server(v_now);
	end if;
	return v_count;
end $$;
comment on function tow_store.duty_prune() is 'Duty: drop and delete what is older than its retention.';

-- What the server has remembered for long enough. A token that is over is shown for a week; whoever signed in with it goes with it.
create or replace function tow_store.prune_server(p_now timestamptz) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c_most constant int := 1000;
	v_answers int;
	v_tokens int;
begin
	delete from tow_store.answered where ctid = any(array(
		select a.ctid from tow_store.answered a where a.at < p_now - tow_store.answers_last() order by a.at limit c_most for update skip locked));
	get diagnostics v_answers = row_count;
	delete from tow_store.token where ctid = any(array(
		select t.ctid from tow_store.token t where t.expires_at < p_now - case t.kind when 'token' then interval '7 days' else '0' end limit c_most for update skip locked));
	get diagnostics v_tokens = row_count;
	return v_answers + v_tokens;
end $$;
comment on function tow_store.prune_server(timestamptz) is 'Delete answers that nobody may ask for again, and tokens, keys and sessions that are over.';

create or replace view tow_store.retentions as
select q.id as queue, coalesce(q.retention, (select tow_store.setting('retention')::interval)) as keep from tow_store.queue q
union all
select null, tow_store.setting('retention')::interval;
comment on view tow_store.retentions is 'How long each queue''s finished jobs are kept; null is for queues that are no more.';

create or replace view tow_store.days as
select p.relname::text as parent, c.relname::text as name, (m.b)[1]::timestamptz as first, (m.b)[2]::timestamptz as stop
from pg_catalog.pg_inherits i
	join pg_catalog.pg_class c on c.oid = i.inhrelid
	join pg_catalog.pg_class p on p.oid = i.inhparent,
	lateral regexp_match(pg_catalog.pg_get_expr(c.relpartbound, c.oid), 'FROM \(''([^'']+)''\) TO \(''([^'']+)''\)') m(b)
where i.inhparent in ('tow_store.history'::regclass, 'tow_store.log'::regclass) and m.b is not null;
comment on view tow_store.days is 'The daily partitions.';

-- drop takes the parent's strongest lock: with lock_timeout it gives up at once when somebody reads.
create or replace function tow_store.drop_day(p_table text, p_before timestamptz) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_name text;
begin
	select d.name into v_name from tow_store.days d where d.parent = p_table and d.stop <= p_before order by d.stop limit 1;
	if not found then
		return 0;
	end if;
	execute format('drop table tow_store.%I', v_name);
	return 1;
exception
	when lock_not_available then
		return 0;
end $$;
comment on function tow_store.drop_day(text, timestamptz) is 'Drop the oldest day that lies wholly before an instant; 0 if there is none, or if it is in use.';

create or replace function tow_store.prune_history(p_limit int) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_now constant timestamptz := tow.now();
	k record;
	v_count int := 0;
begin
	for k in
		select r.keep, array_agg(b.id) as bands from tow_store.retentions r join tow_store.band b on b.queue = r.queue
		where r.keep < (select max(m.keep) from tow_store.retentions m)
		group by r.keep order by r.keep
	loop
		with d as (
			select h.tableoid, h.ctid from tow_store.history h
			where h.finished_at < v_now - k.keep and h.band = any(k.bands) limit p_limit
		)
		delete from tow_store.history h using d where h.tableoid = d.tableoid and h.ctid = d.ctid;
		get diagnostics v_count = row_count;
		exit when v_count > 0;
	end loop;
	return v_count;
end $$;
comment on function tow_store.prune_history(int) is 'Delete finished jobs of queues that keep less than the longest.';

-- Facts go range by range where all of a range has gone, and else one by one, on a walk through the old ones that
-- looks at 20,000 ids a turn, rests every ten turns, and starts again when it meets facts that are too young.
create or replace function tow_store.prune_facts() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	c_step constant int := 20000;
	v_from bigint := coalesce(pg_sequence_last_value('tow_store.walk'::regclass), 0);
	r record;
	v_first record;
begin
	select g.name, g.first, g.stop into r from tow_store.job_ranges g where tow_store.range_is_dead(g.first, g.stop) order by g.first limit 1;
	if found then
		execute format('drop table tow_store.%I', r.name);
		delete from tow_store.key k where k.job_id >= r.first and k.job_id < r.stop;
		delete from tow_store.revival v where v.job_id >= r.first and v.job_id < r.stop;
		perform tow_store.forget_ties(r.first, r.stop);
		return 1;
	end if;
	select j.id, j.created_at into v_first from tow_store.job j where j.id >= v_from order by j.id limit 1;
	if not found or v_first.created_at > greatest(tow.now() - (select min(k.keep) from tow_store.retentions k), tow_store.oldest_history()) then
		perform setval('tow_store.walk', 0);
		return 0;
	end if;
	perform tow_store.prune_window(v_first.id, v_first.id + c_step);
	perform setval('tow_store.walk', v_first.id + c_step);
	return case when (v_first.id + c_step) / c_step % 10 = 0 then 0 else 1 end;
exception
	when lock_not_available then
		return 0;
end $$;
comment on function tow_store.prune_facts() is 'Delete facts of jobs that are in no other table any more, and drop ranges of them; 0 when it rests.';

create or replace function tow_store.prune_window(p_from bigint, p_to bigint) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select tow_store.forget_facts(array(
		select j.id from tow_store.job j
			left join tow_store.queue q on q.name = j.queue
		where j.id >= p_from and j.id < p_to
			and j.created_at < greatest((select tow.now()) - coalesce(q.retention, (select tow_store.setting('retention')::interval)), (select tow_store.oldest_history()))
			and not exists (select from tow_store.history h where h.job_id = j.id)
			and not exists (select from tow_store.running r where r.job_id = j.id)
			and not exists (select from tow_store.scheduled s where s.id = j.id)
			and not exists (select from tow_store.waiting w where w.id = j.id)
			and not exists (select from tow_store.lined l where l.id = j.id)
			and not exists (select from tow_store.ready m where m.id = j.id and m.pos <> m.id)
			and not exists (select from tow_store.band b join tow_store.ready m on m.band = b.id and m.pos = j.id and m.id = j.id
				where b.queue = q.id and b.priority = j.priority)))
$$;
comment on function tow_store.prune_window(bigint, bigint) is 'Delete what nobody needs of a window of ids.';

create or replace function tow_store.forget_ties(p_first bigint, p_stop bigint) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	delete from tow_store.step t where t.job_id >= p_first and t.job_id < p_stop;
	delete from tow_store.signal g where g.job_id >= p_first and g.job_id < p_stop;
	delete from tow_store.edge e where e.job_id >= p_first and e.job_id < p_stop;
	delete from tow_store.need n where n.job_id >= p_first and n.job_id < p_stop;
	delete from tow_store.family f where f.id >= p_first and f.id < p_stop;
	insert into tow_store.released (at, job_id)
	select tow.now(), n.on_id from tow_store.need n where n.on_id >= p_first and n.on_id < p_stop group by n.on_id;
$$;
comment on function tow_store.forget_ties(bigint, bigint) is 'Delete what jobs of a range remember; who still waits for one of them is told.';

-- All of a range may go: its last fact is older than anything is kept, and no table refers to it. Index probes only.
create or replace function tow_store.range_is_dead(p_first bigint, p_stop bigint) returns boolean
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select p_stop <= coalesce(pg_sequence_last_value('tow_store.job_id'::regclass), 0)
		and coalesce((select j.created_at < greatest(tow.now() - (select max(k.keep) from tow_store.retentions k), (select tow_store.oldest_history()))
			from tow_store.job j where j.id >= p_first and j.id < p_stop order by j.id desc limit 1), not tow_store.is_recent(p_stop))
		and not exists (select from tow_store.history h where h.job_id >= p_first and h.job_id < p_stop)
		and not exists (select from tow_store.running r where r.job_id >= p_first and r.job_id < p_stop)
		and not exists (select from tow_store.scheduled s where s.id >= p_first and s.id < p_stop)
		and not exists (select from tow_store.waiting w where w.id >= p_first and w.id < p_stop)
		and not exists (select from tow_store.lined l where l.id >= p_first and l.id < p_stop)
		and not exists (select from tow_store.ready m where m.id >= p_first and m.id < p_stop and m.pos <> m.id)
		and not exists (select from tow_store.band b, lateral
			(select from tow_store.ready m where m.band = b.id and m.pos >= p_first and m.pos < p_stop and m.id = m.pos limit 1) x)
$$;
comment on function tow_store.range_is_dead(bigint, bigint) is 'Whether nothing of a range of ids is needed any more.';

-- While ids of a range were given out lately, an open transaction may still hold one.
create or replace function tow_store.is_recent(p_stop bigint) returns boolean
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select coalesce((select j.created_at > tow.now() - interval '1 day' from tow_store.job j where j.id >= p_stop order by j.id limit 1), true)
$$;
comment on function tow_store.is_recent(bigint) is 'Whether ids below this one were given out less than a day ago.';

create or replace function tow_store.duty_tidy() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_now constant timestamptz := tow.now();
	v_queue record;
begin
	delete from tow_store.progress g where not exists (select from tow_store.running r where r.job_id = g.job_id);
	delete from tow_store.cancelling c where not exists (select from tow_store.running r where r.job_id = c.job_id and r.run = c.run);
	delete from tow_store.worker w where w.ended_at < v_now - interval '7 days';
	update tow_store.scheduler s set ended_at = v_now where s.ended_at is null and not tow_store.scheduler_is_held(s.id);
	delete from tow_store.scheduler s where s.ended_at < v_now - interval '7 days';
	delete from tow_store.refused f where f.at < v_now - tow_store.setting('audit_retention')::interval;
	delete from tow_store.fire f where f.at < v_now - tow_store.setting('audit_retention')::interval
		and f.at < (select s.last_at from tow_store.schedule s where s.id = f.schedule_id);
	for v_queue in
		select q.id, i::smallint as bit from tow_store.queue q, generate_series(0, 61) i
		where (coalesce(pg_sequence_last_value(q.arm), 0) >> i) & 1 = 1
			and not exists (select from tow_store.worker w where w.ended_at is null and w.bit = i)
		order by q.id
	loop
		perform tow_store.arm_bit(v_queue.id, v_queue.bit, false);
	end loop;
	perform tow_store.tidy_lanes(v_now);
	perform tow_store.mend_lanes(500);
	return 0;
end $$;
comment on function tow_store.duty_tidy() is 'Duty: remove small rows whose job or worker is gone.';

create or replace function tow_store.scheduler_is_held(p_id bigint) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
	return tow_store.is_locked_by_others(7630714, p_id::int)
		or exists (select from pg_locks l where l.locktype = 'advisory' and l.classid = 7630714 and l.objid = p_id and l.objsubid = 2 and l.granted
			and l.database = (select d.oid from pg_database d where d.datname = current_database()))
		or exists (select from tow_store.scheduler s where s.id = p_id and s.pooled and tow_store.is_heard(s));
end $$;
comment on function tow_store.scheduler_is_held(bigint) is 'Whether a scheduler''s session lives, or, behind a pooler, it was seen lately.';
