-- \d+ and \df+ are the manual: everything that people see has a comment.
begin;
\ir ../lib/fixture.sql
select is(string_agg(p.oid::regprocedure::text, ', '), null, 'functions') from pg_proc p
where p.pronamespace in ('tow'::regnamespace, 'tow_store'::regnamespace) and obj_description(p.oid, 'pg_proc') is null;
select is(string_agg(c.oid::regclass::text, ', '), null, 'tables, views, sequences of our own') from pg_class c
where c.relnamespace in ('tow'::regnamespace, 'tow_store'::regnamespace) and c.relkind in ('r', 'p', 'v') and obj_description(c.oid, 'pg_class') is null;
select ok(obj_description('tow'::regnamespace, 'pg_namespace') is not null, 'the schema');
select is(string_agg(format('%s(%s)', p.proname, a), ', '), null, 'arguments of public functions have names') from pg_proc p, unnest(p.proargnames) a
where p.pronamespace = 'tow'::regnamespace and a = '';

-- The columns of the views are an API.
create temporary table public_view (v, c) as values
	('jobs', 'id state kind queue priority attempt max_attempts created_at run_at started_at worker run pct note args key tags reason lane parent waits_for'),
	('batches', 'id name kind queue state total completed failed cancelled pending pct'),
	('history', 'id state kind queue priority attempt created_at started_at finished_at took worker run class error result args key tags revived lane'),
	('attempts', 'job run attempt outcome started_at finished_at took worker class error detail delay'),
	('queues', 'name state ready waiting running oldest_ready workers slots policy max_attempts timeout retention max_args_bytes paused_at pause_reason description max_running rate burst lane_limit lane_rate lane_burst expire_after trouble hint more'),
	('lanes', 'queue lane state waiting running max_running rate burst tokens weight next_job paused_at pause_reason own more'),
	('limits', 'what queue name max_running running rate burst tokens weight paused_at pause_reason'),
	('workers', 'id name host pid state busy slots queues kinds version attached_at seen_at silent lease held listens missing_since pooled clock_ahead memory'),
	('schedulers', 'id name host pid state version attached_at seen_at pooled clock_ahead'),
	('schedules', 'name spec tz kind args queue lane priority state next_at last_at last_job last_how last_reason last_state overlap missed missed_within missed_most grace jitter starts_at ends_at dst_gap dst_overlap start_within max_attempts timeout policy tags paused_at description next_local'),
	('fires', 'schedule at fired_at how job reason'),
	('policies', 'name shape base factor cap jitter max_attempts delays classes fn fn_role fn_off_until description'),
	('duties', 'name every enabled description last_at last_count last_ms last_error error_at'),
	('settings', 'name value description standard'), ('audit', 'n at who what subject job detail'), ('refused', 'n at sqlstate error job'), ('kinds', 'kind queues workers max_running paused_at pause_reason'),
	('daemons', 'name type kind state enabled auto_start status status_job status_kind status_at job next_at heartbeat_at error failures config every queue priority timeout policy since description'),
	('daemon_actions', 'n daemon at action job kind turn detail who'),
	('grants', 'queue role may granted_at who'), ('routes', 'id method path function role gives'), ('tokens', 'name role made_at made_by used_at expires_at sessions expired queues'),
	('metrics_queues', 'time seconds queue ready ready_max oldest_s running running_max slots completed failed cancelled retried lost other wait_p50 wait_p95 wait_p99 run_p50 run_p95 run_p99'),
	('metrics_durations', 'time seconds queue what below_s count'), ('metrics_failures', 'time seconds kind class failed retried lost'),
	('metrics_system', 'time seconds workers slots busy schedulers scheduled waiting xmin_age xmin_s xmin_who wal_bytes notify_usage'), ('metrics_tables', 'time seconds name bytes dead');
select columns_are('tow', v, string_to_array(c, ' '), v) from public_view;
select is(string_agg(viewname, ' '), null, 'no other view is public') from pg_views where schemaname = 'tow' and viewname not in (select v from public_view);
select * from finish();
rollback;
