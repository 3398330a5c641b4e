-- Partitions: made stand-alone and attached (attaching passes readers), dropped under a short lock_timeout and tried
-- again by the next turn, so that an hour of pg_dump never makes a claim wait behind a waiting drop.
--   history, log: one a day       job: ranges of ids, each about as long as a day fills

create or replace function tow_store.duty_partition() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_day date;
	v_count int := 0;
begin
	perform set_config('lock_timeout', '200ms', true);
	for v_day in select d::date from generate_series((tow.now() at time zone 'UTC')::date,
		(tow.now() at time zone 'UTC')::date + tow_store.setting('partition_days')::int, '1 day') d loop
		v_count := v_count + tow_store.make_day('history', v_day) + tow_store.make_day('log', v_day);
	end loop;
	return v_count + tow_store.make_ranges();
end $$;
comment on function tow_store.duty_partition() is 'Duty: make partitions ahead.';

create or replace function tow_store.make_day(p_table text, p_day date) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_name constant text := format('%s_%s', p_table, to_char(p_day, 'YYYYMMDD'));
begin
	if to_regclass('tow_store.' || v_name) is not null then
		return 0;
	end if;
	execute format('create table tow_store.%I (like tow_store.%I including defaults including indexes including storage)', v_name, p_table);
	execute format('comment on table tow_store.%I is %L', v_name, 'One day (UTC) of tow_store.' || p_table || '.');
	perform tow_store.move_rest(p_table, v_name, p_day);
	execute format('alter table tow_store.%I attach partition tow_store.%I for values from (%L) to (%L)', p_table, v_name,
		p_day::timestamp at time zone 'UTC', (p_day + 1)::timestamp at time zone 'UTC');
	return 1;
exception
	when lock_not_available then
		execute format('drop table if exists tow_store.%I', v_name);
		return 0;
end $$;
comment on function tow_store.make_day(text, date) is 'Make the partition of a day unless it is there; returns how many were made.';

-- A day that was not made in time has its rows in the partition of the rest, which keeps the day from being attached.
create or replace function tow_store.move_rest(p_table text, p_name text, p_day date) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_within constant text := format('%1$I >= %2$L and %1$I < %3$L', case p_table when 'history' then 'finished_at' else 'at' end,
		p_day::timestamp at time zone 'UTC', (p_day + 1)::timestamp at time zone 'UTC');
	v_found boolean;
begin
	execute format('select exists (select from tow_store.%I where %s)', p_table || '_rest', v_within) into v_found;
	if v_found then
		execute format('lock table tow_store.%I in access exclusive mode', p_table || '_rest');
		execute format('with d as (delete from tow_store.%I where %s returning *) insert into tow_store.%I select * from d',
			p_table || '_rest', v_within, p_name);
	end if;
end $$;
comment on function tow_store.move_rest(text, text, date) is 'Move the rows of a day that is about to be attached out of the rest.';

create or replace view tow_store.job_ranges as
select c.oid, c.relname as name, (m.b)[1]::bigint as first, (m.b)[2]::bigint as stop
from pg_catalog.pg_inherits i
	join pg_catalog.pg_class c on c.oid = i.inhrelid,
	lateral regexp_match(pg_catalog.pg_get_expr(c.relpartbound, c.oid), 'FROM \(''?(\d+)''?\) TO \(''?(\d+)''?\)') m(b)
where i.inhparent = 'tow_store.job'::regclass and m.b is not null;
comment on view tow_store.job_ranges is 'The partitions of tow_store.job: ids from first to below stop.';

-- Two empty ranges lie ahead always. The next one doubles if the last was filled within a day, halves if it took
-- more than four, between 1 and 256 million.
create or replace function tow_store.make_ranges() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_now constant bigint := coalesce(pg_sequence_last_value('tow_store.job_id'::regclass), 0);
	v_stop bigint;
	v_size bigint;
	v_count int := 0;
begin
	loop
		select r.stop, r.stop - r.first into v_stop, v_size from tow_store.job_ranges r order by r.stop desc limit 1;
		-- ids that outran the ranges stand in the rest: begin well above what may be given out meanwhile
		v_stop := greatest(coalesce(v_stop, 0), coalesce((select v_now + 1000000 from tow_store.job_rest j limit 1), 0));
		exit when v_count >= 4 or (select count(*) from tow_store.job_ranges r where r.first > v_now) >= 2;
		perform tow_store.make_range(v_stop, tow_store.next_size(coalesce(v_size, 16000000)));
		v_count := v_count + 1;
	end loop;
	return v_count;
exception
	when lock_not_available or check_violation then
		return 0;
end $$;
comment on function tow_store.make_ranges() is 'Make ranges of ids ahead; returns how many were made.';

create or replace function tow_store.next_size(p_size bigint) returns bigint
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select greatest(1000000, least(256000000, case
		when j.created_at > tow.now() - interval '1 day' then p_size * 2
		when j.created_at < tow.now() - interval '4 days' then p_size / 2
		else p_size end))
	from (select (select j.created_at from tow_store.job j where j.id >=
		(select r.first from tow_store.job_ranges r where r.first <= coalesce(pg_sequence_last_value('tow_store.job_id'::regclass), 0)
			and r.first >= 1000000 order by r.first desc limit 1)
		order by j.id limit 1) as created_at) j
$$;
comment on function tow_store.next_size(bigint) is 'How long the next range shall be, from how fast the present one was reached.';

create or replace function tow_store.make_range(p_first bigint, p_size bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_name constant text := format('job_%s', p_first);
begin
	execute format('create table tow_store.%I (like tow_store.job including defaults including indexes including storage)', v_name);
	execute format('comment on table tow_store.%I is %L', v_name, format('Jobs from %s to below %s.', p_first, p_first + p_size));
	execute format('alter table tow_store.job attach partition tow_store.%I for values from (%s) to (%s)', v_name, p_first, p_first + p_size);
end $$;
comment on function tow_store.make_range(bigint, bigint) is 'Make one range of ids.';
