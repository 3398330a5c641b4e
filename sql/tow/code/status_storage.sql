-- Parts of tow.status: partitions, how much is kept, who does not hear the bell.

create or replace function tow_store.status_storage() returns table(component text, status text, detail text, hint text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
	return query
		select 'partitions', case when r.rest is not null or m.missing is not null or d.ahead < 1 or g.ahead < 1 then 'bad' else 'ok' end,
			concat_ws(', ', 'rows stand in a partition of the rest: ' || r.rest, 'not made: ' || m.missing, case when coalesce(r.rest, m.missing) is null then
				format('%s days and %s ranges of ids ahead', d.ahead, g.ahead) end),
			case when r.rest is not null then 'select * from tow.fsck(repair => true)'
				when m.missing is not null or d.ahead < 1 or g.ahead < 1 then 'the partition duty does not run: tow status, tow.duties' end
		from (select nullif(concat_ws(', ', case when exists (select from tow_store.job_rest) then 'job' end, case when exists (select from tow_store.history_rest) then 'history' end,
				case when exists (select from tow_store.log_rest) then 'log' end), '') as rest) r,
			(select string_agg(format('%s of %s', t.name, x.at::date), ', ') as missing
				from (values ('history'), ('log')) t(name), (values (clock_timestamp() at time zone 'UTC'), (clock_timestamp() at time zone 'UTC' + interval '1 day')) x(at)
				where not exists (select from tow_store.days y where y.parent = t.name and x.at at time zone 'UTC' >= y.first and x.at at time zone 'UTC' < y.stop)) m,
			(select count(*) as ahead from tow_store.days x where x.parent = 'history' and x.first > clock_timestamp()) d,
			(select count(*) as ahead from tow_store.job_ranges x where x.first > coalesce(pg_sequence_last_value('tow_store.job_id'::regclass), 0)) g
		union all
		select 'history', case when s.most = 0 or s.bytes <= s.most then 'ok' when s.over = 'drop' then 'warn' else 'bad' end,
			concat_ws(' ', pg_size_pretty(s.bytes), case when s.most > 0 then 'of at most ' || pg_size_pretty(s.most) end,
				case when s.most > 0 and s.bytes > s.most and s.over = 'drop' then 'the oldest days are dropped' end),
			case when s.most > 0 and s.bytes > s.most and s.over <> 'drop'
				then 'keep less: tow.set(''retention'', ...) or tow.set_queue(..., retention => ...); or tow.set(''history_over'', ''drop''); or raise history_max' end
		from (select tow_store.history_bytes() as bytes, pg_size_bytes(tow_store.setting('history_max')) as most, tow_store.setting('history_over') as over) s;
end $$;
comment on function tow_store.status_storage() is 'Part of tow.status: partitions, and how much is kept.';

create or replace function tow_store.history_bytes() returns bigint
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select coalesce(sum(pg_total_relation_size(i.inhrelid)), 0)::bigint from pg_inherits i
	where i.inhparent in ('tow_store.history'::regclass, 'tow_store.log'::regclass, 'tow_store.job'::regclass)
$$;
comment on function tow_store.history_bytes() is 'How large history, logs and facts are together, with their indexes.';

-- The size guard, a step of the prune duty: drops the oldest day that is over, if that is what history_over says. The
-- facts of its jobs go after it, see prune_facts.
create or replace function tow_store.guard_history(p_now timestamptz) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_most constant bigint := pg_size_bytes(tow_store.setting('history_max'));
	v_day constant timestamptz := (select min(d.first) from tow_store.days d where d.stop <= p_now);
	v_count int;
begin
	if v_most = 0 or tow_store.setting('history_over') <> 'drop' or v_day is null or tow_store.history_bytes() <= v_most then
		return 0;
	end if;
	v_count := tow_store.drop_day('history', v_day + interval '1 day') + tow_store.drop_day('log', v_day + interval '1 day');
	if v_count > 0 then
		perform tow_store.note('history.dropped', v_day::date::text, null, jsonb_build_object('why', 'larger than history_max'));
	end if;
	return v_count;
end $$;
comment on function tow_store.guard_history(timestamptz) is 'Drop the oldest day if history is larger than it may be and the settings say so.';

-- Facts made before this have lost their history, if they had any.
create or replace function tow_store.oldest_history() returns timestamptz
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select min(d.first) from tow_store.days d where d.parent = 'history'
$$;
comment on function tow_store.oldest_history() is 'When the oldest day of history begins that is left.';

-- A session hears its bell between transactions only; a ring for a worker that is gone wakes nobody.
create or replace function tow_store.status_bells() returns table(component text, status text, detail text, hint text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
	return query
		select case l.classid when 7630711 then 'worker ' else 'scheduler ' end || l.objid, 'warn',
			format('its session, pid %s, has been in one transaction for %s: it hears no bell', a.pid, tow_store.span(clock_timestamp() - a.xact_start)),
			format('what does it wait for? select * from pg_stat_activity where pid = %s; tow ends and comes back after pg_terminate_backend(%s)', a.pid, a.pid)
		from pg_locks l join pg_stat_activity a on a.pid = l.pid
		where l.locktype = 'advisory' and l.classid in (7630711, 7630714) and l.objsubid = 2 and l.granted
			and l.database = (select d.oid from pg_database d where d.datname = current_database())
			and a.pid <> pg_backend_pid() and a.xact_start < clock_timestamp() - interval '10 s'
		union all
		select 'queue ' || q.name, 'warn', format('its bell rings for %s that are gone', count(*)), 'the tidy duty clears that within half a minute: does the scheduler live?'
		from tow_store.queue q, generate_series(0, 61) g(bit)
		where (coalesce(pg_sequence_last_value(q.arm), 0) >> bit) & 1 = 1 and not exists (select from tow_store.worker w where w.ended_at is null and w.bit = g.bit)
		group by q.name
		union all
		select 'notify', case when n.used > 0.1 then 'warn' else 'ok' end, format('%s %% of the notification queue in use', round((n.used * 100)::numeric, 1)),
			case when n.used > 0.1 then 'a session that listens has been in one transaction for long' || coalesce((
				select format(': perhaps pid %s, the oldest transaction; pg_terminate_backend ends it', a.pid) from pg_stat_activity a
				where a.pid <> pg_backend_pid() and a.xact_start is not null order by a.xact_start limit 1), '') end
		from (select pg_notification_queue_usage() as used) n;
end $$;
comment on function tow_store.status_bells() is 'Part of tow.status: who does not hear the bell, the notification queue.';
