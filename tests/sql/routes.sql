-- Every route: its function is there, its least role is who may call it, GET ones answer, and lists end where they end.
begin;
\ir ../lib/fixture.sql
create temporary table caller as select r.role, encode(tow_store.secret_hash(tow.add_token('a-' || r.role, r.role)), 'hex') as hash from unnest('{viewer,operator,admin}'::text[]) r(role);
create function pg_temp.ask(p_role text, p_route int, p_given jsonb default '{}', p_body text default null, out status text, out type text, out content text) language plpgsql as $$
begin
	select a.status, a.type, a.content into ask.status, ask.type, ask.content from tow.answer((select c.hash from caller c where c.role = p_role), p_route, p_given, p_body) a;
exception when others then
	ask.status := sqlstate;
	ask.content := sqlerrm;
end $$;
create function pg_temp.call(p_role text, p_method text, p_path text, p_given jsonb default '{}', p_body text default null, out status text, out type text, out content text) language sql as $$
	select * from pg_temp.ask(p_role, (select r.id from tow_store.route r where r.method = p_method and r.path = p_path), p_given, p_body) $$;

-- The rows.
create temporary table seen as
select r.*, to_regclass(r.fn) as v, case when to_regclass(r.fn) is null then (select p.oid from pg_proc p where p.oid = to_regproc(r.fn)) end as f from tow_store.route r where r.fn not in ('tow.openapi');
select ok(count(*) > 150, 'there are routes') from seen;
select is((select string_agg(s.path, ' ') from seen s where s.v is null and s.f is null), null, 'each has a function or a view');
create function pg_temp.may(p_role text, s seen) returns boolean language sql as $$
	select case when s.v is not null then has_table_privilege('tow_' || p_role, s.v, 'select') else has_function_privilege('tow_' || p_role, s.f, 'execute') end $$;
select is((select string_agg(format('%s %s: %s', s.method, s.path, s.role), ', ') from seen s
	where s.role is distinct from case when pg_temp.may('viewer', s) and pg_temp.may('producer', s) then null when pg_temp.may('viewer', s) then 'viewer' when pg_temp.may('producer', s) and s.fn <> 'tow.signal' then 'producer' when pg_temp.may('operator', s) then 'operator' when pg_temp.may('admin', s) then 'admin' end
		and not (s.path in ('/api/v1/config', '/api/v1/config/{name}') and s.method = 'GET' and s.role = 'admin')), null, 'the least role is who may, but for settings, which are no secret, and signals'); -- on a page settings are for who can change them; a producer''s token has not to do with jobs once they are made
select is((select string_agg(s.method || ' ' || s.path, ', ') from seen s where s.method = 'GET' and s.role <> 'viewer' and s.path !~ '^/api/v1/(config|tokens)'), null, 'viewers read all but what is for admins');
select is((select string_agg(s.method || ' ' || s.path, ', ') from seen s where s.method <> 'GET' and s.role = 'viewer'), null, 'and change nothing');
select is((select string_agg(s.path, ', ') from seen s where s.page is not null and not ('max_rows' = any(s.names) and s.page[1] = any(s.names))), null, 'what comes in pages can go on');
select is((select string_agg(s.path, ' ' order by s.path) from seen s where s.method = 'GET' and s.gives = 'list' and s.page is null),
	'/api/v1/config /api/v1/cron/next /api/v1/daemons/{name}/log /api/v1/downloads/counts /api/v1/downloads/health /api/v1/downloads/previews/{job} /api/v1/downloads/tests/{job} /api/v1/drivers /api/v1/duties /api/v1/jobs/counts /api/v1/jobs/{id}/why /api/v1/metrics/durations /api/v1/metrics/failures /api/v1/metrics/quantiles /api/v1/metrics/queues /api/v1/metrics/system /api/v1/needs /api/v1/occasions /api/v1/policies/{name}/preview /api/v1/schedules/{name}/history /api/v1/schedules/{name}/next /api/v1/status /api/v1/workers/jobs',
	'and all does, but what is as long as it is, or says how many it takes');
select is((select string_agg(s.path, ', ') from seen s where (s.page[1] in ('up', 'down')) is distinct from (s.statement ~ 'order by .* limit') and s.page is not null), null, 'the server cuts what its function does not');
select is((select string_agg(s.path || ' ' || n, ', ') from seen s, unnest(s.names, s.types) u(n, t) where t ~ '^reg' and not s.fixed ? n), null, 'no function is named by who asks');
select is((select string_agg(s.path, ', ') from seen s where s.gives in ('id', 'ids') and s.method <> 'POST'), null, 'only POST makes something');

select is((select string_agg(p, ', ') from (select regexp_replace(s.path, '\{[a-z_]+\}', '{}', 'g') as p from seen s group by 1 having count(distinct s.path) > 1) x), null, 'no two paths differ by a name alone');
select is((select string_agg(p, ', ') from (select m[1] as p from seen s, regexp_match(s.path, '^([^{]*)\{([a-z_]+)\}[^{]*$') m group by m[1] having count(distinct m[2]) > 1) x), null, 'a thing has one name in all paths of it');

-- Some of everything.
select tow.enqueue('noop') as j \gset
select tow.set_queue('other'), tow.schedule('s', '@daily', 'noop'), tow.set_daemon('d', 'noop') \g /dev/null
select haul.add_client('c', 'transmission', 'http://127.0.0.1:1', secret => 'secret:sesame') \g /dev/null
select haul.add_library('main', '/media/main'), haul.add_target('m', 'mpd', 'mpd://127.0.0.1:3'), haul.add_channel('ch', 'ntfy', 'http://127.0.0.1:4', options => '{"topic": "t"}') \g /dev/null
select haul.grab('magnet:?xt=urn:btih:' || md5(n::text) || '00000000' || '&tr=https://me:hunter2@tracker/') from generate_series(1, 7) n \g /dev/null
select haul.grab('magnet:?xt=urn:btih:25ed1bcb423b0b7200f485fc5ff71c8e00000000&dn=last') as d \gset

create temporary table answered as select s.path, s.gives, s.page, a.* from seen s, lateral pg_temp.ask('admin', s.id,
	case s.path when '/api/v1/cron/next' then '{"spec": "@daily"}' when '/api/v1/cron/words' then '{"spec": "@daily"}'
		when '/api/v1/metrics/quantiles' then '{"since": "2030-01-01", "until": "2030-01-02", "step": "1 hour"}' else '{}' end::jsonb) a where s.method = 'GET' and s.path !~ '\{';
select is((select string_agg(concat_ws(' ', path, status, content), e'\n') from answered where status <> '200'), null, 'all that needs no name answers');
select ok(bool_and(content::jsonb ? 'items'), 'lists have items') from answered where gives = 'list' and status = '200';
select ok(bool_and(content::jsonb ? 'next'), 'pages say where they go on') from answered where page is not null and status = '200';
select is((select string_agg(path, ' ') from answered where content ~ 'hunter2|sesame[^"]'), null, 'nothing secret');
select is((select type from answered where path = '/metrics'), 'text/plain; version=0.0.4; charset=utf-8', 'lines are text');
select is((select string_agg(path || ' ' || status, ', ') from seen s, lateral pg_temp.ask('viewer', s.id) a where s.role <> 'viewer' and a.status <> 'TW403'), null, 'a viewer is refused what is not for viewers');
select is((select string_agg(path || ' ' || status, ', ') from seen s, lateral pg_temp.ask('operator', s.id) a where s.role = 'admin' and a.status <> 'TW403'), null, 'an operator what is for admins');
update tow_store.route set role = 'viewer' where fn in ('tow.cancel', 'haul.cancel', 'haul.add_client');
select is((select string_agg(distinct a.status, ' ') from tow_store.route r, lateral pg_temp.ask('viewer', r.id, case when r.path ~ '\{id\}' then '{"id": 1}' when r.fn = 'haul.add_client' then '{"name": "x", "driver": "web"}' else '{}' end::jsonb) a
	where r.fn in ('tow.cancel', 'haul.cancel', 'haul.add_client')), '42501', 'and whatever a row says, by the database');

select is((select a.content from pg_temp.call('viewer', 'GET', '/api/v1/cron/next', '{"schedule": "@daily"}') a), (select content from answered where path = '/api/v1/cron/next'), 'a cron line by its other name');
select is((select jsonb_array_length(content::jsonb -> 'items') from pg_temp.call('viewer', 'GET', '/api/v1/cron/next', '{"spec": "@daily", "n": "100"}')), 100, 'a hundred of its instants');
select is((select status || ' ' || content from pg_temp.call('viewer', 'GET', '/api/v1/cron/next', '{"spec": "@daily", "n": "101"}')), $$TW422 bad n '101'$$, 'and no more');
select is((select status from pg_temp.call('viewer', 'GET', '/api/v1/cron/next', '{"schedule": "@daily", "spec": "@daily"}')), 'TW422', 'not by both');
select is((select status || ' ' || content from pg_temp.call('viewer', 'GET', '/api/v1/cron/next')), 'TW422 spec is missing', 'nor by none');
select is((select status || ' ' || content from pg_temp.call('viewer', 'GET', '/api/v1/clients', '{"state": "x"}')), 'TW422 bad state ''x''', 'a state that no client can be in');
select is((select status || ' ' || content from pg_temp.call('viewer', 'GET', '/api/v1/' || p, '{"state": "x"}')), 'TW422 bad state ''x''', p) from unnest('{targets,channels,queues}'::text[]) p;
select is((select string_agg(s.path, ', ') from seen s, tow_store.columns_of(s.fn) c where s.method = 'GET' and c.name in ('state', 'shape', 'what') and c.name = any(s.names) and to_regclass(s.fn) is not null
	and not (select r.words ? c.name from tow_store.route r where r.id = s.id)), null, 'of each column of a view that has some words, they are known');
select is((select count(*) from haul.clients c where c.state <> all((select tow_store.words_of(r, 'state') from tow_store.route r where r.path = '/api/v1/clients' and r.method = 'GET')::text[])), 0::bigint, 'and those that clients have are among them');
select is((select status || ' ' || jsonb_array_length(content::jsonb -> 'items') from pg_temp.call('viewer', 'GET', '/api/v1/schedules/{name}/next', '{"name": "s", "n": "2"}')), '200 2', 'a schedule by its own');
select is((select status from pg_temp.call('viewer', 'GET', '/api/v1/schedules/{name}/next', '{"name": "s", "spec": "@daily"}')), 'TW422', 'alone');

-- A name in the path.
select is((select status || ' ' || (content::jsonb ->> 'kind') from pg_temp.call('viewer', 'GET', '/api/v1/jobs/{id}', jsonb_build_object('id', :j))), '200 noop', 'a job');
select is((select status from pg_temp.call('viewer', 'GET', '/api/v1/jobs/{id}', '{"id": 0}')), 'TW404', 'no such job');
select is((select string_agg(s.path || ' ' || concat_ws(' ', a.status, a.content), ', ' order by s.path) from seen s, lateral (select jsonb_object_agg(m[1], case when m[1] in ('id', 'job') then '99999999' else 'nobody' end) as names from regexp_matches(s.path, '\{([a-z_]+)\}', 'g') m) n,
	lateral pg_temp.ask('admin', s.id, n.names) a
	where s.method = 'GET' and s.path ~ '\{' and a.status <> 'TW404'), null, 'no path finds what is not there');
create function pg_temp.same(p_list text, p_key text) returns setof text language sql as $$
	select is((select string_agg(i ->> p_key, ' ') from pg_temp.call('admin', 'GET', '/api/v1/' || p_list) l, jsonb_array_elements(l.content::jsonb -> 'items') i,
			lateral pg_temp.call('admin', 'GET', format('/api/v1/%s/{%s}', p_list, p_key), jsonb_build_object(p_key, i ->> p_key)) o where o.content::jsonb - 'silent' is distinct from i - 'silent'), null, p_list || ': one as in the list')
	union all
	select isnt((select jsonb_array_length(l.content::jsonb -> 'items') from pg_temp.call('admin', 'GET', '/api/v1/' || p_list) l), 0, p_list || ': there are some') $$;
select pg_temp.worker() \g /dev/null
select haul.add_profile('pp'), tow.batch('noop', name => 'b'), haul.add_rule('r', 'ch', '{download.completed}') \g /dev/null
select pg_temp.same(l, k) from (values ('config', 'name'), ('queues', 'name'), ('kinds', 'kind'), ('policies', 'name'), ('workers', 'id'), ('batches', 'id'), ('tokens', 'name'),
	('clients', 'name'), ('targets', 'name'), ('libraries', 'name'), ('profiles', 'name'), ('channels', 'name'), ('rules', 'name')) v(l, k);
select is((select content::jsonb -> 'items' -> 0 ->> 'name' || jsonb_array_length(content::jsonb -> 'items') from pg_temp.call('viewer', 'GET', '/api/v1/queues', '{"name": "other", "state": "open"}')), 'other1', 'a list by what its rows say');
select is((select jsonb_array_length(content::jsonb -> 'items') from pg_temp.call('viewer', 'GET', '/api/v1/queues', '{"name": "other", "state": "paused"}')), 0, 'all of it');
select is((select status from pg_temp.call('viewer', 'GET', '/api/v1/queues', '{"depth": "1"}')), 'TW422', 'and by nothing else');
create function pg_temp.lane(p_method text, p_body text default null) returns text language sql as $$
	select concat_ws(' ', a.status, o.c ->> 'max_running', o.c ->> 'weight') from pg_temp.call('admin', p_method, '/api/v1/queues/{queue}/lanes/{lane}', '{"queue": "other", "lane": "a/b"}', p_body) a,
		lateral (select case when a.status = '200' then a.content::jsonb end as c) o $$;
select is(pg_temp.lane('GET'), 'TW404', 'no such lane');
select is(pg_temp.lane('PUT', '{"max_running": 2, "weight": 3}'), '204', 'a lane is limited');
select is(pg_temp.lane('GET'), '200 2 3', 'it says so');
select is(pg_temp.lane('DELETE'), '204', 'not any more');
select is((select coalesce(string_agg(concat_ws(' ', l.max_running, l.weight, l.own), ','), '') from tow.lanes l where l.queue = 'other' and l.lane = 'a/b'), '1 1 f', 'it is as its queue says');
select is(pg_temp.lane('DELETE', '{"weight": 3}'), 'TW422', 'and is not told anything meanwhile');
select is((select status || ' ' || (content::jsonb -> 'nodes' -> 0 ->> 'id') from pg_temp.call('viewer', 'GET', '/api/v1/jobs/{id}/graph', jsonb_build_object('id', :j))), format('200 %s', :j), 'what it belongs to');
select is((select status || ' ' || (content::jsonb ->> 'status') from pg_temp.call('viewer', 'GET', '/api/downloads/queue/{id}', jsonb_build_object('id', :d))), '200 FOUND', 'a download');
select is((select status || ' ' || (content::jsonb ->> 'title') from pg_temp.call('viewer', 'GET', '/api/v1/downloads/{id}', jsonb_build_object('id', :d))), '200 last', 'the same');
select is((select status || ' ' || jsonb_array_length(content::jsonb -> 'items') from pg_temp.call('viewer', 'GET', '/api/v1/downloads/{id}/events', jsonb_build_object('id', :d))), '200 2', 'its events');

-- Things are made and unmade.
select is((select status || ' ' || jsonb_array_length(content::jsonb -> 'ids') from pg_temp.call('operator', 'POST', '/api/v1/jobs/many', '{}', '{"kind": "noop", "args": [{}, {"a": 1}, {}]}')), '201 3', 'many jobs');
select is((select status from pg_temp.call('operator', 'DELETE', '/api/v1/jobs/{id}', jsonb_build_object('id', :j))), 'TW409', 'a live job stays');
select is((select status from pg_temp.call('operator', 'POST', '/api/v1/jobs/{id}/cancel', jsonb_build_object('id', :j))), '200', 'it is cancelled');
select is((select status from pg_temp.call('operator', 'DELETE', '/api/v1/jobs/{id}', jsonb_build_object('id', :j))), '204', 'and deleted');
select content::jsonb ->> 'id' as batch, status as made from pg_temp.call('operator', 'POST', '/api/v1/batches', '{}', '{"kind": "noop", "name": "all"}') \gset
select is(:'made'::text, '201', 'a batch');
select is((select status from pg_temp.call('operator', 'POST', '/api/v1/jobs', '{}', format('{"kind": "noop", "parent": %s}', :batch))), '201', 'a job of it');
select is((select i ->> 'hint' from pg_temp.call('viewer', 'GET', '/api/v1/jobs/{id}/why', format('{"id": "%s"}', :batch)::jsonb) w, jsonb_array_elements(w.content::jsonb -> 'items') i where i ->> 'reason' = 'batch not sealed'),
	format('select tow.seal(%s) when all its jobs are enqueued; over HTTP: POST /api/v1/batches/%1$s/seal', :batch), 'what it waits for, and how that is said');
select is((select status || ' ' || content from pg_temp.call('operator', 'POST', '/api/v1/batches/{id}/seal', format('{"id": "%s"}', :batch)::jsonb)), '200 {"jobs" : 1}', 'it is sealed');
select is((select status from pg_temp.call('operator', 'POST', '/api/v1/batches/{id}/seal', format('{"id": "%s"}', :batch)::jsonb)), 'TW409', 'once');
select is((select status || ' ' || (content::jsonb - 'id') || (content::jsonb ? 'id') from pg_temp.call('admin', 'POST', '/api/v1/libraries', '{}', '{"name": "shelf", "root": "/srv/shelf"}')), '201 {"name": "shelf"}true', 'what is known by its name is answered with it');
select is((select status from pg_temp.call('operator', 'POST', '/api/search/manual/download', '{}', '{"title": "B", "author": "A", "download_url": "magnet:?xt=urn:btih:e0323a9039add2978bf5b49550572c7c00000000", "type": "torrent", "indexer": "i", "quality": "high", "size": 12}')), '201', 'a result');
select is((select status from pg_temp.call('operator', 'POST', p, '{}', '{"book_title": "C", "book_author": "A", "download_url": "magnet:?xt=urn:btih:6865aeb3a9ed28f9a79ec454b259e5d000000000", "download_type": "torrent", "quality_score": 8.5, "match_score": 90, "file_format": "m4b", "seeders": 4}')), '201', p || ', by names that others have')
from unnest('{/api/downloads/queue,/api/v1/downloads/queue,/api/search/manual/download,/api/v1/search/manual/download}'::text[]) p;
select is((select concat_ws(' ', status, content::jsonb ->> 'book_title', content::jsonb ->> 'download_progress', content::jsonb ? 'download_client_id') from pg_temp.call('viewer', 'GET', '/api/downloads/queue/{id}', (select jsonb_build_object('id', max(id)) from haul.downloads))), '200 C 0 t', 'which its row has, too');
select is((select concat_ws(' ', status, content::jsonb -> 'items' -> 0 ->> 'book_title', content::jsonb ->> 'next' is null) from pg_temp.call('viewer', 'GET', '/api/downloads/queue', '{"status": "FOUND", "limit": "1"}')), '200 C f', 'in lists, too');
select is((select status from pg_temp.call('operator', 'POST', '/api/downloads/queue', '{}', format('{"type": "torrent", "data": "%s"}', translate(encode('d4:infod4:name4:drope', 'base64'), e'\n', '')))), '201', 'a file that was dropped on the page');
select is((select title from haul.downloads order by id desc limit 1), 'drop', 'is what it was');
select is((select status || ' ' || content from pg_temp.call('operator', 'POST', '/api/downloads/queue', '{}', '{"type": "torrent", "data": "***"}')), 'TW422 bad data: invalid symbol "*" found while decoding base64 sequence', 'or is not');
select is((select status || ' ' || (content::jsonb ->> 'state') from pg_temp.call('operator', 'POST', '/api/downloads/service/stop')), '200 stopped', 'monitoring stops');
select is((select content::jsonb ->> 'running' from pg_temp.call('viewer', 'GET', '/api/downloads/status')), 'false', 'it is said');
select is((select status || ' ' || (content::jsonb ->> 'running') from pg_temp.call('operator', 'POST', '/api/downloads/service/start')), '200 true', 'and starts');
create function pg_temp.scheduled(p_method text, p_path text, p_given jsonb) returns text language sql as $$
	select status from pg_temp.call('admin', p_method, p_path, p_given, (jsonb_build_object('name', 'made', 'spec', '@daily', 'kind', 'noop') - case when p_given ? 'name' then 'name' else '' end)::text) $$;
select is(pg_temp.scheduled('POST', '/api/v1/schedules', '{}'), '201', 'a schedule that is made');
select is(pg_temp.scheduled('POST', '/api/v1/schedules', '{}'), '200', 'and set anew');
select is(pg_temp.scheduled('PATCH', '/api/v1/schedules/{name}', '{"name": "made"}'), '200', 'or changed');
select is((select status from pg_temp.call('admin', 'PUT', '/api/v1/policies/{name}', '{"name": "slow"}', '{"shape": "fixed", "base": "1 min"}')), '204', 'a policy');
select is((select status from pg_temp.call('admin', 'PUT', '/api/v1/policies/{name}', '{"name": "slow"}', '{"fn": "pg_sleep"}')), 'TW422', 'but not by a function');

-- What would wait for a worker is enqueued, and told.
create function pg_temp.warned(p_path text, p_body text) returns text language sql as $$
	select concat_ws(' ', a.status, a.content::jsonb ? 'id' or a.content::jsonb ? 'ids', a.content::jsonb ->> 'warning') from pg_temp.call('operator', 'POST', p_path, '{}', p_body) a $$;
select is(pg_temp.warned('/api/v1/jobs', '{"kind": "noop"}'), '201 t', 'a kind that is known');
select is(pg_temp.warned('/api/v1/jobs', '{"kind": "nop"}'), '201 t no live worker knows kind ''nop'', did you mean ''noop''?', 'one that is not');
select is(pg_temp.warned('/api/v1/jobs/many', '{"kind": "nop", "queue": "other", "args": [{}]}'), '201 t no live worker knows kind ''nop'', did you mean ''noop''?; no live worker serves queue ''other''', 'for many, and of a queue, too');

select is((select status || ' ' || (content::jsonb ->> 'warning') from pg_temp.call('admin', 'POST', '/api/v1/schedules', '{}', '{"name": "slip", "spec": "@daily", "kind": "nop"}')),
	'201 no live worker knows kind ''nop'', did you mean ''noop''?', 'of a schedule''s, too');
create function pg_temp.patched(p_body text) returns text language sql as $$
	select content::jsonb ->> 'warning' from pg_temp.call('admin', 'PATCH', '/api/v1/schedules/{name}', '{"name": "slip"}', p_body) $$;
select is(pg_temp.patched('{"spec": "@hourly"}'), 'no live worker knows kind ''nop'', did you mean ''noop''?', 'of one that is changed, whatever is');
select is(pg_temp.patched('{"kind": "noop"}'), null, 'and not when it is mended');

-- Page by page.
create function pg_temp.walk(p_path text, p_more text, p_given jsonb default '{}') returns jsonb[] language plpgsql as $$
declare v_page jsonb; v_all jsonb[]; v_after text; v_n int := 0;
begin
	loop
		select a.content::jsonb into v_page from pg_temp.call('viewer', 'GET', p_path, '{"limit": 3}' || p_given || jsonb_strip_nulls(jsonb_build_object('after', v_after))) a;
		v_all := v_all || array(select i from jsonb_array_elements(v_page -> 'items') i);
		v_after := v_page ->> 'next';
		exit when v_after is null;
		if v_n < 5 then execute p_more; end if;
		v_n := v_n + 1;
	end loop;
	return v_all;
end $$;
create function pg_temp.walks(p_path text, p_key text, p_more text, p_all text[], p_given jsonb default '{}') returns text language sql as $$
	select is((select string_agg(w, ' ') from (select w from unnest(v.all) w group by w having count(*) > 1 union all (select unnest(p_all) except select unnest(v.all))) x), null, p_path || ': each once')
	from (select array(select i ->> p_key from unnest(pg_temp.walk(p_path, p_more, p_given)) i) as all) v $$;
select pg_temp.walks('/api/v1/jobs', 'id', $$ select tow.enqueue('noop') $$, (select array_agg(id::text) from tow.jobs));
select pg_temp.walks('/api/v1/downloads', 'id', $$ select haul.grab('magnet:?xt=urn:btih:9dd4e461268c8034f5c8564e155c67a600000000') $$, (select array_agg(id::text) from haul.downloads));
select pg_temp.walks('/api/downloads/queue', 'id', $$ select haul.grab('magnet:?xt=urn:btih:9dd4e461268c8034f5c8564e155c67a600000000') $$, (select array_agg(id::text) from haul.downloads), '{"sort": "title"}');
select pg_temp.walks('/api/v1/audit', 'n', $$ select tow.pause('other') $$, (select array_agg(n::text) from tow.audit));
select tow.set_queue('lanes', lane_limit => 1), tow.set_queue('more', lane_limit => 1) \g /dev/null
select tow.set_lane(q, q || i, max_running => 2) from generate_series(1, 4) i, unnest('{lanes,more}'::text[]) q \g /dev/null
select tow.set_kind(k, max_running => 2) from unnest('{aa,bb}'::text[]) k \g /dev/null
select tow.batch('noop', name => 'b' || i) from generate_series(1, 7) i \g /dev/null
select tow.schedule('s' || i, '@daily', 'noop') from generate_series(1, 7) i \g /dev/null
select haul.add_client('c' || i, 'transmission', 'http://127.0.0.1:1') from generate_series(1, 4) i \g /dev/null
select haul.set_goal(tracker => 't' || i, ratio => 1) from generate_series(1, 4) i \g /dev/null
select pg_temp.walks('/api/v1/schedules', 'name', $$ select tow.schedule('z' || clock_timestamp(), '@daily', 'noop') $$, (select array_agg(name) from tow.schedules));
select pg_temp.walks('/api/v1/clients', 'name', 'select 1', (select array_agg(name) from haul.clients));
select pg_temp.walks('/api/v1/batches', 'id', $$ select tow.batch('noop') $$, (select array_agg(id::text) from tow.batches));
select pg_temp.walks('/api/v1/lanes', 'lane', $$ select tow.set_lane('more', 'z' || clock_timestamp(), max_running => 1) $$, (select array_agg(lane) from tow.lanes));
select pg_temp.walks('/api/v1/limits', 'name', 'select 1', (select array_agg(name) from tow.limits where name is not null));
select pg_temp.walks('/api/v1/goals', 'tracker', 'select 1', (select array_agg(tracker) from haul.goals));
select tow.enqueue('noop') as j \gset
insert into tow_store.log (job_id, at, run, level, line) select :j, tow.now(), 1, 'o', 'line' from generate_series(1, 7) n;
select pg_temp.walks('/api/v1/jobs/{id}/log', 'n', 'select 1', (select array_agg(n::text) from tow.log(:j)), jsonb_build_object('id', :j));
insert into haul_store.file (download, source, size, state) select :d, 'f, ' || n, 1, 'planned' from generate_series(1, 7) n;
select pg_temp.walks('/api/v1/downloads/{id}/files', 'source', 'select 1', (select array_agg(source) from haul.find_files(:d)), jsonb_build_object('id', :d));

-- In an order that is asked for: pages that follow each other have each row once, in that order, and those that have nothing there last.
select tow.set_queue('t' || i, description => case when i % 2 = 0 then 'said ' || i % 3 end, max_running => nullif(i % 3, 0)) from generate_series(1, 7) i \g /dev/null
select tow.set_daemon('d' || i, 'noop', description => 'it') from generate_series(1, 4) i \g /dev/null
select tow.pause('other') from generate_series(1, 60) \g /dev/null
select pg_temp.worker() from generate_series(1, 4) \g /dev/null
select haul.add_target('m' || i, 'mpd', 'mpd://127.0.0.1:' || 9 - i), haul.add_library('l' || i, '/media/' || 9 - i) from generate_series(1, 4) i \g /dev/null
create temporary table sorting as
select s.path, d || c as sort, g.given, array(select i ->> k.key from unnest(w.rows) with ordinality r(i, n) order by n) as keys, array(select i ->> c from unnest(w.rows) with ordinality r(i, n) order by n) as vals,
	(select array_agg(i ->> k.key) from pg_temp.call('viewer', 'GET', s.path, g.given || '{"limit": 1000}') a, jsonb_array_elements(a.content::jsonb -> 'items') i) as whole
from seen s, unnest(s.sorts) c, unnest('{"",-}'::text[]) d,
	lateral (select coalesce((select n from unnest('{n,id,name,kind,lane,source,tracker}'::text[]) with ordinality o(n, p) where n = any(s.sorts) order by p limit 1), s.sorts[1]) as key) k,
	lateral (select case when s.path ~ '^/api/v1/jobs/\{id}' then jsonb_build_object('id', :j) when s.path ~ '\{id}' then jsonb_build_object('id', :d) else '{}' end as given) g,
	lateral (select pg_temp.walk(s.path, 'select 1', g.given || jsonb_build_object('sort', d || c, 'limit', case when s.path ~ '/(audit|events)$' then 50 else 4 end)) as rows offset 0) w
where s.sorts is not null and s.role = 'viewer';
select ok(count(*) > 300, 'many orders') from sorting;
select ok(array['/api/v1/schedules', '/api/v1/queues', '/api/v1/workers', '/api/v1/events', '/api/v1/audit', '/api/v1/daemons', '/api/v1/clients', '/api/v1/targets', '/api/v1/libraries'] <@ array_agg(path) filter (where cardinality(keys) > 3), 'lists of several pages') from sorting;
select is((select string_agg(path || ' ' || sort, ', ') from sorting where (select array_agg(x order by x) from unnest(keys) x) is distinct from (select array_agg(x order by x) from unnest(whole) x)), null, 'in each order a walk has each row once');
select is((select string_agg(path || ' ' || sort, ', ') from sorting where exists (select from unnest(vals) with ordinality a(v, n) where v is null and n <= (select count(v) from unnest(vals) v))), null, 'what has nothing there comes last');
select is((select string_agg(path || ' ' || sort, ', ') from sorting join seen s using (path) join lateral tow_store.columns_of(s.fn) c on c.name = ltrim(sort, '-')
	where s.method = 'GET' and case when c.type in ('bigint'::regtype, 'int'::regtype)
		then (select array_agg(v::bigint) from unnest(vals) v where v is not null) is distinct from (select array_agg(v::bigint order by v::bigint * case when sort ^@ '-' then -1 else 1 end) from unnest(vals) v where v is not null) end), null, 'numbers are in their order');
select is((select vals from sorting where path = '/api/v1/queues' and sort = '-name'), (select array_agg(name order by name desc) from tow.queues), 'and names');
select is((select array_agg(v::timestamptz) from sorting, unnest(vals) v where path = '/api/v1/workers' and sort = '-attached_at'), (select array_agg(attached_at order by attached_at desc) from tow.workers), 'and instants');
select is((select (a.content::jsonb -> 'items' -> 0 ->> 'name') || (a.content::jsonb -> 'items' -> 1 ->> 'name') from pg_temp.call('viewer', 'GET', '/api/v1/queues', '{"sort": "-description", "state": "open", "limit": "2"}') a), 't2t4', 'beside filters; of equals the list''s own order');
select is((select jsonb_array_length(a.content::jsonb -> 'items') from pg_temp.call('viewer', 'GET', '/api/v1/audit', '{"sort": "who", "what": "queue", "limit": "60"}') a), 60, 'a function that cuts its list itself gives more than its own page');
select is((select status || ' ' || content from pg_temp.call('viewer', 'GET', '/api/v1/queues', format('{"sort": "%s"}', v)::jsonb)), format('TW422 cannot sort by ''%s''', v), v || ' is no order') from unnest('{depth,--name,name desc,kinds}'::text[]) v;
select is((select status || ' ' || content from pg_temp.call('viewer', 'GET', '/api/v1/queues', '{}', '{"sort": "x1"}')), 'TW422 cannot sort by ''x1''', 'nor when a body says so');
select is((select string_agg(name, ' ') from pg_prepared_statements where statement ~ 'nulls last'), null, 'of orders the session keeps nothing');
select pg_temp.walks('/api/v1/audit', 'n', $$ select tow.pause('other'), tow.resume('other') $$, (select array_agg(n::text) from tow.audit), format('{"sort": "%s"}', s)::jsonb) from unnest('{who,-what}'::text[]) s;
select is((select status || ' ' || content from pg_temp.call('viewer', 'GET', '/api/v1/queues', '{"sort": "ready", "after": "[\"a\"]"}')), 'TW422 bad after ''["a"]''', 'a cursor of another order');
select is((select status from pg_temp.call('viewer', 'GET', '/api/v1/queues/{name}', '{"name": "t1", "sort": "name"}')), 'TW422', 'one thing has no order');
select is((select string_agg(s.path, ' ') from seen s, lateral (select tow.openapi('0') -> 'paths' -> s.path -> 'get' -> 'parameters' as p offset 0) o
	where s.sorts is not null and s.path in ('/api/v1/queues', '/api/v1/audit') and (select count(*) from jsonb_array_elements(o.p) e where e ->> 'name' = 'sort' and e -> 'schema' -> 'enum' ? ('-' || s.sorts[1])) <> 1), null, 'the description has the orders');

select is((select jsonb_array_length(content::jsonb -> 'items') from pg_temp.call('viewer', 'GET', '/api/v1/lanes')), (select count(*)::int from tow.lanes), 'what is set up comes whole where nobody says how much');
update tow_store.route set path = '/api/v1/lines' where path = '/metrics';
select is((select type from pg_temp.call('viewer', 'GET', '/api/v1/lines')), 'text/plain; charset=utf-8', 'other text has no version');
select is((select status || ' ' || content from pg_temp.call('viewer', 'GET', '/api/v1/schedules', '{"after": "x"}')), 'TW422 bad after ''x''', 'a cursor that is none');
select is((select status || ' ' || content from pg_temp.call('viewer', 'GET', '/api/v1/lanes', '{"after": "[1]"}')), 'TW422 bad after ''[1]''', 'or of another list');
select is((select status || ' ' || content from pg_temp.call('viewer', 'GET', '/api/v1/clients', '{"up": "[\"a\"]"}')), 'TW422 nothing here is called ''up''', 'or under its own name');
select is((select status || ' ' || content from pg_temp.call('viewer', 'GET', '/api/v1/batches', '{"after": "[\"x\"]"}')), $$TW422 bad after '["x"]'$$, 'or of other columns');
select is((select status || ' ' || content from pg_temp.call('viewer', 'GET', '/api/v1/jobs', '{"sort": "kind"}')), 'TW422 jobs of all states are not sorted by ''kind''', 'what no index serves is refused in words');
select is((select status || ' ' || content from pg_temp.call('viewer', 'GET', '/api/v1/downloads', '{"sort": "url"}')), 'TW422 cannot sort by ''url''', 'of downloads, too');
-- What has no end is not sorted whole.
insert into tow_store.audit (at, who, what) select tow.now(), 'many', 'noise' from generate_series(1, tow_store.most_sorted() + 1) n;
select is((select status || ' ' || content from pg_temp.call('viewer', 'GET', '/api/v1/audit', '{"sort": "who", "who": "many"}')), format('TW422 there are more than %s rows: too many to sort', tow_store.most_sorted()), 'what is too long is not sorted');
select is((select status from pg_temp.call('viewer', 'GET', '/api/v1/audit', '{"sort": "who", "what": "queue"}')), '200', 'fewer of it are');
select is((select jsonb_array_length(content::jsonb -> 'items') from pg_temp.call('viewer', 'GET', '/api/v1/audit', '{"who": "many", "limit": "3"}')), 3, 'and its own order has no end');

select * from finish();
rollback;
