-- Who may call what. Roles exist where the migrating role could make them. Nothing is granted on tables but insert on
-- tow.inbox, and nothing to everybody but the clock. Everything is taken back first, so that these lists are all.
revoke all on all functions in schema tow, tow_store from public;
do $$
declare
	v_role text;
begin
	for v_role in select r.rolname from pg_roles r where r.rolname = any('{tow_viewer,tow_producer,tow_worker,tow_operator,tow_admin,tow_server}') loop
		execute format('revoke all on all functions in schema tow, tow_store from %I', v_role);
		execute format('revoke all on all tables in schema tow from %I', v_role);
	end loop;
end $$;
grant execute on function tow.now(), tow.fake_now() to public;

create or replace function tow_store.grant_all(p_role text, p_names text[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	f regprocedure;
begin
	if not exists (select from pg_roles r where r.rolname = p_role) then
		return;
	end if;
	execute format('grant usage on schema tow to %I', p_role);
	for f in
		select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
		where n.nspname in ('tow', 'tow_store') and n.nspname || '.' || p.proname = any(p_names)
	loop
		execute format('grant execute on function %s to %I', f, p_role);
	end loop;
end $$;
comment on function tow_store.grant_all(text, text[]) is 'Let a role, where it exists, call functions by name.';
revoke all on function tow_store.grant_all(text, text[]) from public;

do $$
declare
	c_see constant text[] := '{tow.state,tow.job,tow.log,tow.outcome,tow.steps,tow.why,tow.graph,tow.progress_of,tow.find_jobs,tow.find_history,tow.find_audit,tow.list_jobs,tow.count_jobs,tow.depth,tow.show_queue,tow.rate,tow.needs,tow.graph_json,
		tow.series_queues,tow.series_durations,tow.series_failures,tow.series_system,tow.prometheus,
		tow.show_schedule,tow.schedule_history,tow.next_runs,tow.cron_next,tow.cron_parse,tow.cron_describe,
		tow.find_daemons,tow.show_daemon,tow.daemon_log,
		tow.retry_preview,tow.status,tow.overview,tow.worker_jobs,tow.worker_troubles,tow.sql_kinds,tow_store.depth,tow_store.counted_to,tow_store.setting,tow_store.tokens,tow_store.scheduler_is_held,tow_store.is_heard,tow_store.slots_of,tow_store.is_silent,
		tow.sees_args,tow_store.sight,tow_store.own_alone,tow_store.in_sight,tow_store.shown,tow_store.end_name,tow.metrics_quantiles,tow_store.quantile,
		tow.me,tow_store.family_of,tow_store.waits_for_what,tow_store.waits_in_lane,tow_store.local_time,tow.unserved,tow.unheard,tow.version,tow.blockers}';
	c_make constant text[] := '{tow.enqueue,tow.made,tow.enqueue_many,tow.batch,tow.seal,tow.depend,tow.signal,tow.state,tow.outcome,tow.progress_of,tow.sees_args,tow.unserved,tow.me,tow_store.sight,tow_store.own_alone}';
	c_work constant text[] := '{tow.attach,tow.detach,tow.heartbeat,tow.reloaded,tow.report,tow.floor,tow.exchange,tow.park,tow.drained,tow.reconcile,tow.holds,tow.save_step,
		tow.sql_kinds,tow.run_sql,tow.daemon_status,
		tow.attend,tow.leave,tow.tick,tow.duty,tow.duty_failed,tow.doze,tow.limit}';
	c_act constant text[] := '{tow.cancel,tow.retry,tow.forget,tow.run_now,tow.snooze,tow.reprioritise,tow.redrive,tow.retry_failed,tow.move,tow.bulk,tow.approve,tow.reject,
		tow.pause,tow.resume,tow.pause_queues,tow.resume_queues,tow.pause_lane,tow.resume_lane,tow.pause_kind,tow.resume_kind,
		tow.pause_schedule,tow.resume_schedule,tow.run_schedule,tow.seen_schedule,
		tow.drain_worker,tow.start_daemon,tow.stop_daemon,tow.enable_daemon,tow.disable_daemon,
		tow.fsck}';
	c_rule constant text[] := '{tow.set_queue,tow.drop_queue,tow.set_lane,tow.set_kind,tow.grant_queue,tow.revoke_queue,
		tow.schedule,tow.set_schedule,tow.unschedule,tow.set_daemon,tow.drop_daemon,
		tow.set_policy,tow.drop_policy,tow.sql_kind,tow.drop_sql_kind,tow.set,tow.reset,tow.add_token,tow.drop_token,tow.add_key,tow.served_at}';
	c_serve constant text[] := '{tow.answer,tow.sign_in,tow.sign_in_refused,tow.sign_out,tow.vouch,tow.add_key,tow.openapi,tow.changes,tow_store.holder,tow_store.note_use,tow_store.route_for,tow_store.call_route,tow_store.name_of_statement,tow_store.preparation,tow_store.given,
		tow_store.check_body,tow_store.check_words,tow_store.has_unit,tow_store.words_of,tow_store.type_in_words,tow_store.is_json,tow_store.json_type,tow_store.miss,tow_store.warn_of,tow_store.warns,tow.unserved,tow.made,tow_store.note_call,tow_store.cursor_of,tow_store.refuse_cursor,
		tow_store.begin_once,tow_store.end_once,tow_store.argument,tow_store.statement_of_argument,tow_store.is_rate,tow_store.json_rate,tow_store.blame,tow_store.fail,tow_store.with_path,tow_store.requests_of,tow_store.request_of,tow_store.most_sorted}';
	v_role text;
begin
	perform tow_store.grant_all('tow_server', c_serve);
	if exists (select from pg_roles r where r.rolname = 'tow_server') then
		grant usage on schema tow_store to tow_server;
		grant select on tow.routes to tow_server;
	end if;
	perform tow_store.grant_all('tow_viewer', c_see);
	perform tow_store.grant_all('tow_producer', c_make);
	perform tow_store.grant_all('tow_worker', c_work);
	perform tow_store.grant_all('tow_operator', c_see || c_make || c_act);
	perform tow_store.grant_all('tow_admin', c_see || c_make || c_act || c_rule || c_work);
	foreach v_role in array '{tow_viewer,tow_operator,tow_admin}'::text[] loop
		continue when not exists (select from pg_roles r where r.rolname = v_role);
		execute format('grant select on tow.jobs, tow.lanes, tow.limits, tow.history, tow.attempts, tow.queues, tow.workers, tow.schedulers, tow.schedules, tow.fires,
			tow.policies, tow.duties, tow.settings, tow.audit, tow.refused, tow.kinds, tow.grants, tow.daemons, tow.daemon_actions,
			tow.metrics_queues, tow.metrics_durations, tow.metrics_failures, tow.metrics_system, tow.metrics_tables,
			tow.batches, tow.routes to %I', v_role);
	end loop;
	if exists (select from pg_roles r where r.rolname = 'tow_producer') then
		grant select on tow.refused to tow_producer;
	end if;
	if exists (select from pg_roles r where r.rolname = 'tow_admin') then
		grant select on tow.tokens to tow_admin;
	end if;
	foreach v_role in array '{tow_producer,tow_operator,tow_admin}'::text[] loop
		continue when not exists (select from pg_roles r where r.rolname = v_role);
		execute format('grant insert (kind, args, queue, priority, run_at, key, max_attempts, tags) on tow.inbox to %I', v_role); -- but who and n
	end loop;
end $$;
