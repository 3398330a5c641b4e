-- Plans hold from empty tables, never analyzed, to 100,000 jobs: no statement of the hot path ever reads a whole table.
-- One transaction, so that autovacuum cannot help, and pg_stat_xact_* counts what was done.
begin;
\ir ../lib/fixture.sql
create function pg_temp.scans(p_tables text) returns text language sql as $$
	select string_agg(format('%s: %s', relname, seq_scan), ', ' order by relname) from pg_stat_xact_user_tables
	where schemaname = 'tow_store' and relname ~ p_tables and seq_scan > 0
$$;
select pg_temp.worker() as w \gset

-- What a dispatcher does: 500 at a time, from where the last claim ended; one in fifty fails.
create function pg_temp.drained(p_worker bigint) returns bigint language plpgsql as $$
declare
	v_band int;
	v_queue int;
	v_low bigint := 0;
	v_jobs bigint[];
	v_runs bigint[];
	v_bad jsonb;
	v_zero bigint[];
	v_all bigint := 0;
begin
	select b.id, b.queue into v_band, v_queue from tow_store.band b join tow_store.queue q on q.id = b.queue where q.name = 'default' and b.priority = 100;
	loop
		v_zero := array_fill(1000::bigint, array[coalesce(cardinality(v_jobs), 0)]);
		select array_agg(e.job) filter (where e.job % 50 > 0 and e.what = 'job'), array_agg(e.run) filter (where e.job % 50 > 0 and e.what = 'job'),
			coalesce(jsonb_agg(jsonb_build_object('job', e.job, 'run', e.run, 'as', 'failed', 'class', 'x', 'delay_s', 3600)) filter (where e.job % 50 = 0 and e.what = 'job'), '[]'),
			coalesce(max(e.pos) filter (where e.what = 'low'), v_low)
		into v_jobs, v_runs, v_bad, v_low
		from tow.exchange(p_worker, 0, nextval('seq'), false, v_jobs, v_runs, v_zero, v_zero, v_bad, array[v_band], array[v_low], array[v_queue], '{500}') e;
		exit when v_jobs is null and v_bad = '[]';
		v_all := v_all + coalesce(cardinality(v_jobs), 0) + jsonb_array_length(v_bad);
	end loop;
	return v_all;
end $$;

select is(cardinality(pg_temp.claim(:w)), 0, 'planned on empty tables');
select count(*) from tow.enqueue_many('noop', array(select to_jsonb(i) from generate_series(1, 100000) i)) \g /dev/null
select is(pg_temp.scans('.'), pg_temp.scans('^(policy|queue|band|setting|worker|running|duty)$'), 'enqueueing reads no large table whole');
select is(pg_temp.drained(:w), 100000::bigint, '100,000 jobs are claimed and ended');
select is(pg_temp.scans('^(ready|running|job|history|scheduled|waiting|key|cancelling|revival)'), null, 'no table of jobs was ever read whole');
select is((select count(*) from tow_store.history), 100000::bigint, 'each has its row');

-- Where any kind has a limit, a claim looks up the kind of each job that it takes, once.
create function pg_temp.lookups() returns bigint language sql volatile as $$
	select sum(idx_scan) from pg_stat_xact_user_tables where schemaname = 'tow_store' and relname ~ '^job(_|$)'
$$;
create function pg_temp.looked_up(p_worker bigint) returns bigint language plpgsql volatile as $$
declare
	v_before constant bigint := pg_temp.lookups();
begin
	perform from pg_temp.exchange(p_worker, 500);
	return pg_temp.lookups() - v_before;
end $$;
select count(*) from tow.enqueue_many('noop', array(select to_jsonb(i) from generate_series(1, 1000) i)) \g /dev/null
select pg_temp.looked_up(:w) as without \gset
select tow.set_kind('other', max_running => 1);
select is(pg_temp.looked_up(:w) - :without, 500::bigint, 'another kind''s limit costs each job one look');
select tow.set_kind('other', reset => '{max_running}');
select pg_temp.say(:w, r.job_id, '{"as": "completed"}') from tow_store.running r \g /dev/null

-- The same holds for what is done one job at a time, with all of them lying there.
select tow.cancel(id) from tow.find_jobs(state => 'retrying', max_rows => 5) \g /dev/null
select count(*) from tow.enqueue_many('noop', array(select to_jsonb(i) from generate_series(1, 20000) i)) \g /dev/null
update tow_store.scheduled set run_at = now() - interval '1 h';
create temporary table scanned as select relname, seq_scan from pg_stat_xact_user_tables where schemaname = 'tow_store';
select min(id) as first, max(id) as last from tow_store.job \gset
select tow.state(:first), tow.state(:last), tow.cancel(:last), tow.snooze(:last - 1, '1 s'), tow.reprioritise(:last - 2, 100), tow.retry(:first), tow.run_now(:last - 1), tow.enqueue('noop', key => 'k'),
	tow.enqueue('noop', key => 'k', on_conflict => 'replace') \g /dev/null
select count(*) from pg_temp.exchange(:w, 1000) \g /dev/null
select count(*) from tow.heartbeat(:w, 'running', array(select job_id from tow_store.running), array(select run from tow_store.running)) \g /dev/null
select pg_temp.drain('promote') \g /dev/null
select is((select string_agg(format('%s: %s', s.relname, s.seq_scan - b.seq_scan), ', ') from pg_stat_xact_user_tables s join scanned b using (relname)
	where s.schemaname = 'tow_store' and s.relname ~ '^(ready|job|history|scheduled)' and s.seq_scan > b.seq_scan), null, 'nor by verbs, a heartbeat, promotion');
-- Once it is analyzed, one table of two queues looks best read whole to find that one of them has nothing.
select is((select string_agg(f::text, ', ') from unnest('{tow.exchange,tow.floor,tow.heartbeat,tow.drained,tow.tick}'::regproc[]) f join pg_proc p on p.oid = f where not p.proconfig @> '{enable_seqscan=off}'),
	null, 'what workers and schedulers ask all the time reads none whole, whatever is known of the tables');

-- What asks for a time looks only at the days of that time: tow.now() is volatile, and must be asked once for that.
set local max_parallel_workers_per_gather = 0; -- a parallel scan is counted when it is set up, executed or not
select tow_store.make_day('history', current_date - 40) \g /dev/null
create function pg_temp.looks(p_day date) returns bigint language sql volatile as $$
	select coalesce(sum(seq_scan + coalesce(idx_scan, 0)), 0)::bigint from pg_stat_xact_user_tables where relname = 'history_' || to_char(p_day, 'YYYYMMDD')
$$;
select pg_temp.looks(current_date - 40) as looks \gset
select tow.redrive(dry_run => true) \g /dev/null
select count(*) from tow.find_history() \g /dev/null
select is(pg_temp.looks(current_date - 40), :looks::bigint, 'redrive and find_history never look at a day that is too old');
select tow.set_queue('default', retention => '2 days');
select pg_temp.looks(current_date) as looks \gset
select tow_store.prune_history(10) \g /dev/null
select is(pg_temp.looks(current_date), :looks::bigint, 'prune never looks at a day that is too young');

-- Nor are small tables that grow read whole for what is recent, or for what is old. Index scans are forced where they
-- are possible at all, as these tables are empty here.
set local enable_seqscan = off;
create temporary table small as select relname, seq_scan from pg_stat_xact_user_tables where relname = any('{audit,refused,fire}');
select count(*) from tow_store.status_schedules(), tow_store.status_duties(), tow.find_audit() a, tow.find_audit(job => 1) b \g /dev/null
select tow_store.duty_tidy(), tow_store.duty_prune() \g /dev/null
select is((select string_agg(relname, ', ' order by relname) from pg_stat_xact_user_tables u join small using (relname) where u.seq_scan > small.seq_scan), null,
	'status, find_audit, tidy and prune find what they compare with the time by index');
reset enable_seqscan;
create function pg_temp.prune_plan() returns text language plpgsql as $$
declare
	v_line text;
	v_plan text := '';
begin
	for v_line in execute 'explain ' || replace(replace((select p.prosrc from pg_proc p where p.oid = 'tow_store.prune_window'::regproc), 'p_from', '1'), 'p_to', '20000') loop
		v_plan := v_plan || v_line || E'\n';
	end loop;
	return v_plan;
end $$;
select unalike(pg_temp.prune_plan(), '%IS DISTINCT FROM%', 'prune looks each job''s queue up, not each queue for each job');

-- Jobs of a new queue are admitted a thousand a turn: each turn reads those, not all that wait, nor all that ever were.
create function pg_temp.turn_reads() returns bigint language plpgsql as $$
declare
	v_before constant bigint := (select sum(seq_tup_read + idx_tup_fetch) from pg_stat_xact_user_tables where schemaname = 'tow_store' and relname ~ '^(job|waiting)');
begin
	perform tow.duty('admit');
	return (select sum(seq_tup_read + idx_tup_fetch) from pg_stat_xact_user_tables where schemaname = 'tow_store' and relname ~ '^(job|waiting)') - v_before;
end $$;
select pg_temp.drain('admit') \g /dev/null
select count(*) from tow.enqueue_many('noop', array(select to_jsonb(i) from generate_series(1, 10000) i), queue => 'new') \g /dev/null
select cmp_ok(pg_temp.turn_reads(), '<', 5000::bigint, 'a turn of admission reads what it admits');
select is((select count(*) from tow_store.waiting where reason = 'admission'), 9000::bigint, 'a thousand');

-- Whoever is told of what waits for approval reads what is new, however much lies there.
insert into tow_store.waiting (id, reason, since, attempt, flags) select -i, 'approval', tow.now() - interval '1 day', 0, 0 from generate_series(1, 20000) i;
create function pg_temp.told_reads() returns bigint language plpgsql as $$
declare
	v_before constant bigint := (select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where schemaname = 'tow_store' and relname = 'waiting');
begin
	perform from tow.troubles(tow.now() - interval '10 s', tow.now());
	return (select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where schemaname = 'tow_store' and relname = 'waiting') - v_before;
end $$;
select cmp_ok(pg_temp.told_reads(), '<', 100::bigint, 'and no old approvals');
analyze tow_store.waiting;
select cmp_ok(pg_temp.told_reads(), '<', 100::bigint, 'nor once the table is analyzed');

-- A disabled plan node has a price at which the JIT compiler would set to work, at each call.
select is(string_agg(p.oid::regprocedure::text, ', '), null, 'plans that are pinned are not compiled') from pg_proc p
where p.pronamespace in ('tow'::regnamespace, 'tow_store'::regnamespace) and p.proconfig::text ~ 'enable_\w+=off' and not p.proconfig @> '{jit=off}';

select * from finish();
rollback;
