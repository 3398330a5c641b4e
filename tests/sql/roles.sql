-- Roles: what each may call, tried as that role; the tables are nobody's.
begin;
\ir ../lib/fixture.sql
set local client_min_messages = error; -- detach of a worker whose lock is not ours warns
set local tow.fake_now = '2031-01-01 00:00+00';
create temporary table role as select unnest('{tow_viewer,tow_producer,tow_worker,tow_operator,tow_admin}'::text[]) as name;

-- Runs a call as a role; the SQLSTATE, null if it went well.
create function pg_temp.as_role(p_role text, p_call text) returns text language plpgsql as $$
declare
	v_state text;
begin
	perform set_config('role', p_role, true);
	begin
		execute p_call;
	exception when others then
		v_state := sqlstate;
	end;
	perform set_config('role', 'none', true);
	return v_state;
end $$;

create temporary table call (roles text, call text);
insert into call values
	('viewer operator admin', $$ select tow.job(1) $$), ('viewer operator admin', $$ select tow.log(1) $$), ('viewer operator admin', $$ select tow.find_jobs() $$),
	('viewer operator admin', $$ select tow.find_history() $$), ('viewer operator admin', $$ select tow.find_audit() $$), ('viewer operator admin', $$ select tow.next_runs('* * * * *') $$),
	('viewer operator admin', $$ select tow.show_schedule('x') $$), ('viewer operator admin', $$ select tow.schedule_history('x') $$),
	('viewer operator admin', $$ select tow.retry_preview() $$), ('viewer operator admin', $$ select tow.status() $$), ('viewer operator admin', $$ select tow.overview() $$), ('viewer operator admin', $$ select tow.depth('default') $$), ('viewer operator admin', $$ select tow.show_queue('default') $$), ('viewer operator admin', $$ select tow.rate('5/min') $$), ('viewer operator admin', $$ select tow.worker_jobs() $$), ('viewer operator admin', $$ select tow.worker_troubles() $$),
	('viewer operator admin', $$ select tow.cron_next('* * * * *', tow.now()) $$), ('viewer operator admin', $$ select tow.cron_parse('0 3 * * fri#2') $$), ('viewer operator admin', $$ select tow.cron_describe('0 3 * * *') $$),
	('viewer producer operator admin', $$ select tow.state(1) $$), ('viewer producer operator admin', $$ select tow.outcome(1) $$), ('viewer worker operator admin', $$ select tow.sql_kinds() $$),
	('viewer producer worker operator admin', $$ select tow.now() $$), ('viewer operator admin', $$ select tow.version() $$), ('viewer operator admin', $$ select tow.blockers() $$), ('admin', $$ select tow.served_at() $$),
	('producer operator admin', $$ select tow.enqueue('noop', run_at => tow.now() + '1 s') $$), ('producer operator admin', $$ select tow.enqueue_many('noop', '{1,2}') $$),
	('producer operator admin', $$ insert into tow.inbox (kind, args) values ('noop', '{}') $$),
	('operator admin', $$ select tow.cancel(1) $$), ('operator admin', $$ select tow.retry(1) $$), ('operator admin', $$ select tow.run_now(1) $$), ('operator admin', $$ select tow.snooze(1, '1 s') $$),
	('operator admin', $$ select tow.reprioritise(1, 5) $$), ('operator admin', $$ select tow.redrive() $$), ('operator admin', $$ select tow.retry_failed() $$), ('operator admin', $$ select tow.pause('default') $$), ('operator admin', $$ select tow.resume('default') $$), ('operator admin', $$ select tow.pause_queues() $$), ('operator admin', $$ select tow.resume_queues() $$),
	('operator admin', $$ select tow.pause_lane('default', 'l') $$), ('operator admin', $$ select tow.resume_lane('default', 'l') $$), ('operator admin', $$ select tow.pause_kind('k') $$), ('operator admin', $$ select tow.resume_kind('k') $$),
	('operator admin', $$ select tow.pause_schedule('x') $$), ('operator admin', $$ select tow.seen_schedule('x') $$), ('operator admin', $$ select tow.resume_schedule('x') $$), ('operator admin', $$ select tow.run_schedule('x') $$),
	('admin', $$ select tow.set_queue('q') $$), ('admin', $$ select tow.set_lane('default', 'l') $$), ('admin', $$ select tow.set_kind('k') $$), ('admin', $$ select tow.drop_queue('q') $$), ('admin', $$ select tow.set_policy('p', 'fixed') $$), ('admin', $$ select tow.drop_policy('p') $$),
	('admin', $$ select tow.schedule('x', '@daily', 'noop') $$), ('admin', $$ select tow.set_schedule('x', '@hourly') $$), ('admin', $$ select tow.unschedule('x') $$), ('admin', $$ select tow.sql_kind('k', 'pg_catalog.now()') $$), ('admin', $$ select tow.drop_sql_kind('k') $$),
	('admin', $$ select tow.set('max_losses', '4') $$), ('admin', $$ select tow.reset('max_losses') $$), ('admin', $$ select tow.grant_queue('granted', 'tow_worker') $$), ('admin', $$ select tow.revoke_queue('granted') $$),
	('viewer producer operator admin', $$ select tow.sees_args() $$), ('producer operator admin', $$ select tow.made(1) $$), ('viewer producer operator admin', $$ select tow.unserved('noop', 'default') $$), ('viewer operator admin', $$ select tow.unheard('noop', 'default') $$),
	('viewer operator admin', $$ select tow.show_schedule('x') $$), ('viewer operator admin', $$ select tow.schedule_history('x') $$), ('viewer operator admin', $$ select tow.steps(1) $$),
	('producer operator admin', $$ select tow.signal(1, 'x') $$), ('producer operator admin', $$ select tow.depend(1, '{1}') $$),
	('operator admin', $$ select tow.approve(1) $$), ('operator admin', $$ select tow.reject(1) $$), ('operator admin', $$ select tow.bulk('cancel', tag => 'none') $$), ('operator admin', $$ select tow.move(1, 'default') $$),
	('admin', $$ select tow.set_schedule('x', description => 'x') $$), ('worker admin', $$ select tow.save_step(1, 1, 1, 'x', '1') $$),
	('producer operator admin', $$ select tow.batch('noop') $$), ('producer operator admin', $$ select tow.seal(1) $$), ('viewer producer operator admin', $$ select tow.progress_of(1) $$),
	('viewer operator admin', $$ select tow.graph(1) $$), ('viewer operator admin', $$ select tow.graph_json(1) $$), ('viewer operator admin', $$ select tow.list_jobs() $$), ('viewer operator admin', $$ select tow.count_jobs() $$),
	('viewer operator admin', $$ select tow.prometheus() $$), ('viewer operator admin', $$ select tow.series_queues() $$), ('viewer operator admin', $$ select tow.series_durations() $$),
	('viewer operator admin', $$ select tow.series_failures() $$), ('viewer operator admin', $$ select tow.series_system() $$), ('operator admin', $$ select tow.forget(1) $$), ('operator admin', $$ select tow.fsck() $$),
	('viewer operator admin', $$ select tow.find_daemons() $$), ('viewer operator admin', $$ select tow.daemon_log('x') $$), ('worker admin', $$ select tow.daemon_status(1, 1, 'x') $$),
	('operator admin', $$ select tow.start_daemon('x') $$), ('operator admin', $$ select tow.stop_daemon('x') $$), ('operator admin', $$ select tow.enable_daemon('x') $$),
	('operator admin', $$ select tow.disable_daemon('x') $$), ('admin', $$ select tow.set_daemon('x') $$), ('admin', $$ select tow.drop_daemon('x') $$),
	('viewer operator admin', $$ select tow.why(1) $$), ('viewer operator admin', $$ select tow.needs() $$),
	('viewer operator admin', $$ select tow.metrics_quantiles(tow.now() - interval '1 h', tow.now(), '1 min') $$),
	('worker admin', $$ select tow.attach('w', 'h', 1, '0', '{default}', '{1}', '{noop}', '15 s') $$), ('worker admin', $$ select tow.heartbeat(1, 'running', null, null) $$),
	('worker admin', $$ select tow.report(1, '[]', '[]') $$), ('worker admin', $$ select tow.floor(1, null, null, null, true, '3') $$), ('worker admin', $$ select tow.park(1, null) $$), ('worker admin', $$ select tow.drained(1) $$), ('worker admin', $$ select tow.reloaded(1) $$),
	('worker admin', $$ select tow.exchange(1, 0, 1, false, null, null, null, null, null, null, null, null, null) $$), ('worker admin', $$ select tow.reconcile(1, null, null) $$),
	('viewer operator admin', $$ select tow.show_daemon('x') $$),
	('worker admin', $$ select tow.holds(1, 1) $$), ('worker admin', $$ select tow.run_sql(1, 1, 'k', '{}') $$), ('worker admin', $$ select tow.attend('s', 'h', 1, '0', false) $$),
	('worker admin', $$ select tow.tick(1, '{}', null) $$), ('worker admin', $$ select tow.doze(1, 10) $$), ('worker admin', $$ select tow.limit(60000) $$), ('worker admin', $$ select tow.leave(1) $$), ('worker admin', $$ select tow.detach(1) $$),
	('worker admin', $$ select tow.duty_failed('prune', 'x') $$);
insert into call values ('', $$ select tow.changes() $$), ('', $$ select tow.answer('x', 1) $$), ('', $$ select tow.openapi('1') $$), ('', $$ select tow.note('x') $$), ('', $$ select tow.vouch('{}') $$),
	('', $$ select tow.sign_in('x') $$), ('', $$ select tow.sign_in_refused() $$), ('', $$ select * from tow.troubles(tow.now(), tow.now()) $$), ('operator admin', $$ select tow.drain_worker(0) $$), ('', $$ select tow.sign_out('x') $$), ('viewer producer operator admin', $$ select tow.me() $$),
	('admin', $$ select tow.add_token('x') $$), ('admin', $$ select tow.drop_token('x') $$), ('admin', $$ select tow.add_key() $$), ('admin', $$ select * from tow.tokens $$);
insert into call select 'worker admin', format('select tow.duty(%L)', name) from tow.duties;
insert into call select 'viewer operator admin', format('select * from tow.%I', viewname) from pg_views where schemaname = 'tow' and viewname not in ('tokens', 'refused');
insert into call values ('viewer producer operator admin', $$ select * from tow.refused $$);

select tow.enqueue('noop') \g /dev/null
select tow.schedule('x', '@daily', 'noop') \g /dev/null
select tow.set_queue('granted'), tow.grant_queue('granted', 'tow_worker') \g /dev/null
select is(string_agg(r.name, ' ' order by r.name), null, 'may:' || c.call)
from call c left join role r on replace(r.name, 'tow_', '') = any(string_to_array(c.roles, ' ')) and pg_temp.as_role(r.name, c.call) ~ '^42' group by c.call order by c.call;
select is(string_agg(r.name, ' ' order by r.name), null, 'others may not:' || c.call)
from call c left join role r on replace(r.name, 'tow_', '') <> all(string_to_array(c.roles, ' ')) and pg_temp.as_role(r.name, c.call) is distinct from '42501' group by c.call order by c.call;

-- Nothing was forgotten above, and what is not there is for nobody.
select is(string_agg(p.oid::regprocedure::text, ' '), null, 'every public function is tried here')
from pg_proc p where p.pronamespace = 'tow'::regnamespace and p.proname <> 'fake_now' and not exists (select from call c where c.call ~ format('tow\.%s\M', p.proname));
select is(string_agg(r.name, ' '), null, 'nobody looks into tow_store') from role r where has_schema_privilege(r.name, 'tow_store', 'usage');
select is(string_agg(format('%s on %s', r.name, c.oid::regclass), ', '), null, 'nobody has a right on a table but to put rows into the inbox')
from role r, pg_class c where c.relnamespace in ('tow'::regnamespace, 'tow_store'::regnamespace) and c.relkind in ('r', 'p') and (
	has_any_column_privilege(r.name, c.oid, 'select, update, references') or has_table_privilege(r.name, c.oid, 'delete, truncate, trigger')
	or c.relname <> 'inbox' and has_any_column_privilege(r.name, c.oid, 'insert'));
select is(string_agg(p.oid::regprocedure::text, ', '), null, 'everybody may ask for the time, and nothing else')
from pg_proc p where p.pronamespace in ('tow'::regnamespace, 'tow_store'::regnamespace) and has_function_privilege('public', p.oid, 'execute') and p.proname not in ('now', 'fake_now');
select is(string_agg(p.oid::regprocedure::text, ', '), null, 'what runs as the owner pins its search path, temporary objects last')
from pg_proc p where p.pronamespace in ('tow'::regnamespace, 'tow_store'::regnamespace) and p.prosecdef and not coalesce(p.proconfig, '{}') @> '{"search_path=pg_catalog, pg_temp"}';
select is(string_agg(p.oid::regprocedure::text, ', '), null, 'what people call runs as the owner')
from pg_proc p where p.pronamespace = 'tow'::regnamespace and not p.prosecdef and p.proname not in ('now', 'answer'); -- answer becomes whom it asks for
select ok(not r.rolsuper and not r.rolcanlogin, 'who is no superuser and cannot log in') from pg_roles r where r.rolname = 'tow_owner';
select is(string_agg(c.oid::regclass::text, ', '), null, 'and owns everything') from pg_class c
where c.relnamespace in ('tow'::regnamespace, 'tow_store'::regnamespace) and c.relkind in ('r', 'p', 'v', 'S') and c.relowner <> 'tow_owner'::regrole;

-- The audit says who it was, not as whom it was done.
select is((select distinct who from tow.audit), session_user::text, 'the audit names the session''s user');
select * from finish();
rollback;
