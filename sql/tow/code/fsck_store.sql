-- tow.fsck: what belongs to no job: daemons that have lost theirs, sequences that are behind what they have given out (a
-- restored dump), registers that are missing, partitions that were not made in time.

create or replace function tow_store.fsck_store(p_job bigint) returns table(problem text, job bigint, detail text, remedy text)
language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off
as $$
begin
	return query
		select 'sequence behind', null::bigint, s.name, 'raise it'
		from tow_store.fsck_highest() s where p_job is null and coalesce(pg_sequence_last_value(s.name::regclass), 0) < s.highest
		union all
		select 'no register', null, q.name, 'make it anew'
		from tow_store.queue q where p_job is null and not exists (select from pg_class c where c.oid = q.arm and c.relkind = 'S')
		union all
		select 'daemon without its job', null, d.name, 'give it the job that has its key, or let it begin another'
		from tow_store.daemon d where p_job is null and d.wanted and d.job is not null and not exists (select from tow_store.job j where j.id = d.job)
		union all
		select 'rows in the rest', null, r.name, 'make partitions for them'
		from (values ('history', exists (select from tow_store.history_rest)), ('log', exists (select from tow_store.log_rest)),
			('job', exists (select from tow_store.job_rest))) r(name, filled)
		where p_job is null and r.filled
		union all
		select 'no partition', null, format('%s of %s', t.name, d::date), 'make it'
		from (values ('history'), ('log')) t(name), generate_series(date_trunc('day', tow.now() at time zone 'UTC'), tow.now() at time zone 'UTC' + interval '1 day', '1 day') d
		where p_job is null and not exists (select from tow_store.days y where y.parent = t.name and y.first <= d at time zone 'UTC' and d at time zone 'UTC' < y.stop);
end $$;
comment on function tow_store.fsck_store(bigint) is 'Part of tow.fsck: daemons, sequences, registers, partitions.';

create or replace function tow_store.fsck_highest() returns table(name text, highest bigint)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select 'tow_store.job_id', greatest((select max(j.id) from tow_store.job j), (select max(r.pos) from tow_store.ready r), (select max(l.pos) from tow_store.lined l))
	union all
	select 'tow_store.run', greatest((select max(r.run) from tow_store.running r), (select max(h.run) from tow_store.history h))
$$;
comment on function tow_store.fsck_highest() is 'The highest number in use of each sequence that must never give one out twice.';

create or replace function tow_store.fsck_mend_store(p_problem text, p_detail text) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_table text;
	v_id int;
begin
	case p_problem
	when 'sequence behind' then
		perform setval(s.name::regclass, greatest(s.highest, coalesce(pg_sequence_last_value(s.name::regclass), 0))) from tow_store.fsck_highest() s where s.name = p_detail;
		perform nextval('tow_store.sweep');
	when 'no register' then
		select q.id into v_id from tow_store.queue q where q.name = p_detail for update;
		v_table := format('tow_store.arm_%s', v_id);
		execute format('create sequence %s as bigint minvalue 0 start 0', v_table);
		execute format('comment on sequence %s is %L', v_table, 'Who is parked on queue ' || p_detail || '.');
		update tow_store.queue q set arm = v_table::regclass where q.id = v_id;
	when 'daemon without its job' then
		update tow_store.daemon d set launch_at = null, job = (
			select k.job_id from tow_store.key k join tow_store.job j on j.id = k.job_id where k.key = 'daemon:' || d.name and j.key = k.key limit 1)
		where d.name = p_detail;
		perform tow_store.ring_clock('-infinity');
	when 'rows in the rest' then
		perform set_config('lock_timeout', '200ms', true);
		if p_detail = 'job' then
			perform tow_store.range_the_rest();
		else
			perform tow_store.make_day(p_detail, d) from (
				select distinct (h.finished_at at time zone 'UTC')::date as d from tow_store.history_rest h where p_detail = 'history'
				union select distinct (l.at at time zone 'UTC')::date from tow_store.log_rest l where p_detail = 'log') r;
		end if;
	else
		perform tow_store.duty_partition();
	end case;
	return not exists (select from tow_store.fsck_store(null) f where f.problem = p_problem and f.detail = p_detail);
end $$;
comment on function tow_store.fsck_mend_store(text, text) is 'Put right a daemon, a sequence, a register or partitions.';

-- Ids that outran the ranges: the gap between two ranges in which they lie becomes a range.
create or replace function tow_store.range_the_rest() returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_name text;
	v_id bigint;
	v_first bigint;
	v_stop bigint;
begin
	lock table tow_store.job_rest in access exclusive mode;
	loop
		select j.id into v_id from tow_store.job_rest j order by j.id limit 1;
		exit when not found;
		select coalesce(max(r.stop), 0) into v_first from tow_store.job_ranges r where r.stop <= v_id;
		select coalesce(min(r.first), (v_id / 1000000 + 2) * 1000000) into v_stop from tow_store.job_ranges r where r.first > v_id;
		v_name := format('job_%s', v_first);
		execute format('create table tow_store.%I (like tow_store.job including defaults including indexes including storage)', v_name);
		execute format('comment on table tow_store.%I is %L', v_name, format('Jobs from %s to below %s.', v_first, v_stop));
		execute format('with d as (delete from tow_store.job_rest where id < %s returning *) insert into tow_store.%I select * from d', v_stop, v_name);
		execute format('alter table tow_store.job attach partition tow_store.%I for values from (%s) to (%s)', v_name, v_first, v_stop);
	end loop;
exception
	when lock_not_available then
		null;
end $$;
comment on function tow_store.range_the_rest() is 'Make ranges of ids for facts that stand in the rest.';
