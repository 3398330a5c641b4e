-- Who may call what, as for the queue: viewers see, operators act, admins set up, workers report. Everything is taken
-- back first, so that these lists are all.
revoke all on all functions in schema haul, haul_store from public;
do $$
declare
	c_see constant text[] := '{client,target,library,local_path,path_map,announced,previewed,status,find_downloads,find_files,find_events,list_downloads,list_queue,list_files,list_events,show_download,count_downloads,left_there,tested}'::text[];
	c_work constant text[] := '{watch,observe,unreachable,put_off,begin_grab,keep_source,held,grabbed,give_up,begin_import,made,source_root,archives,plan,begin_preview,preview,placed,unplaced,imported,begin_act,acted,begin_fetch,fetching,fetched,begin_scan,scanned,begin_undo,undone,needed,measured,begin_notify,notified,pending,process,processed,listeners,tend,begin_empty}'::text[];
	c_act constant text[] := '{enable_client,disable_client,retry_client,grab,preview_import,undo,bulk,cancel,forget,retry,relink,pause,resume,approve,reject,act,scan,test_channel,test_rule,test_client,test_target,test_library,grab_result,start_service,stop_service}'::text[];
	c_rule constant text[] := '{add_client,set_client,drop_client,add_library,set_library,drop_library,announce,unannounce,add_target,set_target,drop_target,add_profile,set_profile,drop_profile,set_goal,drop_goal,add_channel,set_channel,drop_channel,add_rule,set_rule,drop_rule}'::text[];
	c_shown constant text[] := '{book_of,unwatched,local_path,trouble_of,shown_words,trying,say_tries,is_failing,is_coming,too_often,remove_by_default,shown_link,shown_address,say_interval,to_octal}'::text[]; -- what views call is called by whoever looks
	g record;
begin
	for g in
		select r.role, r.names from (values ('tow_viewer', c_see), ('tow_worker', c_work), ('tow_operator', c_see || c_act), ('tow_admin', c_see || c_act || c_rule)) r(role, names)
		where exists (select from pg_roles o where o.rolname = r.role)
	loop
		execute format('revoke all on all functions in schema haul, haul_store from %I', g.role);
		execute format('revoke all on all tables in schema haul from %I', g.role);
		execute format('grant usage on schema haul to %I', g.role);
		execute coalesce((select string_agg(format('grant execute on function %s to %I', p.oid::regprocedure, g.role), '; ')
			from pg_proc p where p.pronamespace = 'haul'::regnamespace and p.proname = any(g.names)), 'select');
		if g.role <> 'tow_worker' then
			execute format('grant select on all tables in schema haul to %I', g.role);
			execute (select string_agg(format('grant execute on function %s to %I', p.oid::regprocedure, g.role), '; ')
				from pg_proc p where p.pronamespace = 'haul_store'::regnamespace and p.proname = any(c_shown));
		end if;
	end loop;
end $$;
