-- Who may call what of downloads: the lists are all. Tables are nobody's, secrets of rows are names.
begin;
\ir ../lib/fixture.sql
create function pg_temp.may(p_role text) returns text language sql as $$
	select string_agg(distinct p.proname, ' ' order by p.proname) from pg_proc p
	where p.pronamespace = 'haul'::regnamespace and has_function_privilege(p_role, p.oid, 'execute') $$;

select is(pg_temp.may('tow_producer'), null, 'producers: nothing');
select is(pg_temp.may('tow_viewer'), 'announced client count_downloads find_downloads find_events find_files left_there library list_downloads list_events list_files list_queue local_path path_map previewed show_download status target tested', 'viewers see');
select is(pg_temp.may('tow_worker'),
	'acted archives begin_act begin_empty begin_fetch begin_grab begin_import begin_notify begin_preview begin_scan begin_undo fetched fetching give_up grabbed held imported keep_source listeners made measured needed notified observe pending placed plan preview process processed put_off scanned source_root tend undone unplaced unreachable watch',
	'workers report');
select is(pg_temp.may('tow_operator'),
	'act announced approve bulk cancel client count_downloads disable_client enable_client find_downloads find_events find_files forget grab grab_result left_there library list_downloads list_events list_files list_queue local_path path_map pause preview_import previewed reject relink resume retry retry_client scan show_download start_service status stop_service target test_channel test_client test_library test_rule test_target tested undo',
	'operators act');
select is(pg_temp.may('tow_admin'),
	'act add_channel add_client add_library add_profile add_rule add_target announce announced approve bulk cancel client count_downloads disable_client drop_channel drop_client drop_goal drop_library drop_profile drop_rule drop_target enable_client find_downloads find_events find_files forget grab grab_result left_there library list_downloads list_events list_files list_queue local_path path_map pause preview_import previewed reject relink resume retry retry_client scan set_channel set_client set_goal set_library set_profile set_rule set_target show_download start_service status stop_service target test_channel test_client test_library test_rule test_target tested unannounce undo',
	'admins set up');
select is((select string_agg(p.proname, ' ' order by p.proname) from pg_proc p where p.pronamespace = 'haul_store'::regnamespace
	and exists (select from unnest('{tow_viewer,tow_producer,tow_worker,tow_operator,tow_admin}'::text[]) r where has_function_privilege(r, p.oid, 'execute'))), 'book_of is_coming is_failing local_path remove_by_default say_interval say_tries shown_address shown_link shown_words to_octal too_often trouble_of trying unwatched', 'what is private is nobody''s, but for what views call');
select is((select string_agg(c.relname, ' ') from pg_class c where c.relnamespace = 'haul_store'::regnamespace and c.relkind = 'r'
	and exists (select from unnest('{tow_viewer,tow_producer,tow_worker,tow_operator,tow_admin}'::text[]) r where has_table_privilege(r, c.oid, 'select, insert, update, delete'))), null, 'nor are tables anybody''s');
select is((select string_agg(c.relname, ' ') from pg_class c where c.relnamespace = 'haul'::regnamespace and c.relkind = 'v' and not has_table_privilege('tow_viewer', c.oid, 'select')), null, 'viewers see all views');
select is((select string_agg(c.relname, ' ') from pg_class c where c.relnamespace = 'haul'::regnamespace and c.relkind = 'v'
	and (has_table_privilege('tow_worker', c.oid, 'select') or has_table_privilege('tow_admin', c.oid, 'insert, update, delete'))), null, 'workers none, and nobody writes to one');
select is((select string_agg(p.oid::regprocedure::text, ' ') from pg_proc p where p.pronamespace = 'haul'::regnamespace and obj_description(p.oid, 'pg_proc') is null), null, 'every function is explained');
select is((select string_agg(c.relname, ' ') from pg_class c where c.relnamespace in ('haul'::regnamespace, 'haul_store'::regnamespace) and c.relkind in ('r', 'v') and obj_description(c.oid, 'pg_class') is null), null, 'every table and view');
select is((select string_agg(p.oid::regprocedure::text, ' ') from pg_proc p where p.pronamespace = 'haul'::regnamespace and not (p.prosecdef and p.proconfig @> '{"search_path=pg_catalog, pg_temp"}')), null, 'every function runs as its owner, in a path of its own');

-- Whoever knows some addresses can write there.
select haul.add_channel('hook', 'webhook', 'https://hooks.example/services/T1/B2/hush'), haul.add_channel('ntfy', 'ntfy', 'https://ntfy.example', options => '{"topic": "hush", "tags": "x"}'),
	haul.add_target('wh', 'webhook', 'https://me.example/hush') \g /dev/null
update haul_store.channel set error = 'https://hooks.example/services/T1/B2/hush: no';
set local role tow_viewer;
select is((select string_agg(c.url || coalesce(' ' || c.options::text, ''), ', ' order by c.name) from haul.channels c), 'https://hooks.example/… {}, https://ntfy.example {"tags": "x", "topic": "…"}', 'a viewer reads the hosts of channels');
select is((select t.url || ' ' || x.url from haul.targets t, haul.target('wh') x), 'https://me.example/… https://me.example/…', 'and of targets');
select is((select string_agg(v, ' ') from (select (c::text) as v from haul.channels c union all select t::text from haul.targets t union all select a::text from tow.audit a) x where v ~ 'hush'), null, 'and nowhere the rest');
set local role tow_operator;
select is((select string_agg(c.url, ' ' order by c.name) from haul.channels c), 'https://hooks.example/services/T1/B2/hush https://ntfy.example', 'an operator all of it');
reset role;

-- They do, as somebody who is logged in as such a role.
set local role tow_viewer;
select lives_ok(format('select * from haul.%I', v.viewname), 'a viewer looks at ' || v.viewname) from pg_views v where v.schemaname = 'haul' order by 1;
select lives_ok($$ select * from haul.status() $$, 'and asks');
select throws_ok($$ select haul.add_client('c', 'mpd', 'http://x') $$, '42501', null, 'but sets nothing up');
select throws_ok($$ select * from haul_store.client $$, '42501', null, 'nor reads tables');
set local role tow_admin;
select lives_ok($$ select haul.add_client('c', 'transmission', 'http://127.0.0.1:1', secret => 'secret:c') $$, 'an admin does');
set local role tow_operator;
select lives_ok($$ select haul.grab('magnet:?xt=urn:btih:4124bc0a9335c27f086f24ba207a491200000000') $$, 'an operator has it download');
reset role;

select * from finish();
rollback;
