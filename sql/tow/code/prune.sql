-- Retention. Whole days of history and log are dropped once nothing in them is to be kept; a queue that keeps less
-- than the longest has its rows deleted, and facts whose job has ended and is in no history any more, in bounded
-- batches. Every turn does one thing; 0 says that nothing is left.
create or replace function tow_store.duty_prune() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_count int;
begin
	perform set_config('lock_timeout', '50ms', true);
	v_count := tow_store.drop_day('history', tow.now() - (select max(r.keep) from tow_store.retentions r))
		+ tow_store.drop_day('log', tow.now() - tow_store.setting('log_retention')::interval);
	if v_count = 0 then
		v_count := tow_store.prune_history(2000);
	end if;
	if v_count = 0 then
		v_count := tow_store.prune_facts(2000);
	end if;
	if v_count = 0 then
		delete from tow_store.audit where n = any(array(
			select a.n from tow_store.audit a where a.at < tow.now() - tow_store.setting('audit_retention')::interval order by a.at limit 1000));
		get diagnostics v_count = row_count;
	end if;
	return v_count;
end $$;
comment on function tow_store.duty_prune() is 'Duty: drop and delete what is older than its retention.';

create or replace view tow_store.retentions as
select q.id as queue, coalesce(q.retention, tow_store.setting('retention')::interval) as keep from tow_store.queue q
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
			where h.finished_at < tow.now() - k.keep and h.band = any(k.bands) limit p_limit
		)
		delete from tow_store.history h using d where h.tableoid = d.tableoid and h.ctid = d.ctid;
		get diagnostics v_count = row_count;
		exit when v_count > 0;
	end loop;
	return v_count;
end $$;
comment on function tow_store.prune_history(int) is 'Delete finished jobs of queues that keep less than the longest.';

-- Facts: the oldest ids first, those that no table refers to any more. A range without any row is dropped.
create or replace function tow_store.prune_facts(p_limit int) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	r record;
	v_count int;
begin
	for r in select g.* from tow_store.job_ranges g
		where g.first <= coalesce(pg_sequence_last_value('tow_store.job_id'::regclass), 0) order by g.first
	loop
		with old as (
			select j.id from tow_store.job j
			where j.id >= r.first and j.id < r.stop and j.created_at < tow.now() - (select min(k.keep) from tow_store.retentions k)
				and not exists (select from tow_store.history h where h.job_id = j.id)
				and tow.state(j.id) = 'unknown'
			order by j.id limit p_limit
		), k as (
			delete from tow_store.key k using old where k.job_id = old.id
		)
		delete from tow_store.job j using old where j.id = old.id;
		get diagnostics v_count = row_count;
		if v_count > 0 then
			return v_count;
		elsif r.stop <= coalesce(pg_sequence_last_value('tow_store.job_id'::regclass), 0)
			and not exists (select from tow_store.job j where j.id >= r.first and j.id < r.stop)
			and not tow_store.is_recent(r.stop) then
			execute format('drop table tow_store.%I', r.name);
			return 1;
		elsif exists (select from tow_store.job j where j.id >= r.first and j.id < r.stop) then
			return 0;
		end if;
	end loop;
	return 0;
exception
	when lock_not_available then
		return 0;
end $$;
comment on function tow_store.prune_facts(int) is 'Delete facts of jobs that are in no other table any more, and drop ranges that are empty.';

-- A range may be dropped only when no open transaction can still hold an id of it: some job behind it is a day old.
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
	v_queue record;
begin
	delete from tow_store.progress g where not exists (select from tow_store.running r where r.job_id = g.job_id);
	delete from tow_store.cancelling c where not exists (select from tow_store.running r where r.job_id = c.job_id and r.run = c.run);
	delete from tow_store.worker w where w.ended_at < tow.now() - interval '7 days';
	update tow_store.scheduler s set ended_at = tow.now() where s.ended_at is null and not tow_store.scheduler_is_held(s.id);
	delete from tow_store.scheduler s where s.ended_at < tow.now() - interval '7 days';
	delete from tow_store.refused f where f.at < tow.now() - tow_store.setting('audit_retention')::interval;
	delete from tow_store.fire f where f.at < tow.now() - tow_store.setting('audit_retention')::interval;
	for v_queue in
		select q.id, bit from tow_store.queue q, generate_series(0, 61) bit
		where (coalesce(pg_sequence_last_value(q.arm), 0) >> bit) & 1 = 1
			and not exists (select from tow_store.worker w where w.ended_at is null and w.id % 62 = bit)
	loop
		perform tow_store.arm(v_queue.id, v_queue.bit, false);
	end loop;
	return 0;
end $$;
comment on function tow_store.duty_tidy() is 'Duty: remove small rows whose job or worker is gone.';

create or replace function tow_store.scheduler_is_held(p_id bigint) returns boolean
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select exists (select from pg_locks l where l.locktype = 'advisory' and l.classid = 7630714 and l.objid = p_id and l.objsubid = 2 and l.granted
		and l.database = (select d.oid from pg_database d where d.datname = current_database()))
$$;
comment on function tow_store.scheduler_is_held(bigint) is 'Whether a scheduler''s session lives.';
