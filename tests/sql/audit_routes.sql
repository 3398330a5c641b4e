-- Whatever is changed through the server is in the audit, with who did it: every route that is there or will be.
begin;
\ir ../lib/fixture.sql
select encode(tow_store.secret_hash(tow.add_token('ada', 'admin')), 'hex') as hash \gset
create function pg_temp.noted(p_path text) returns text language sql as $$
	select coalesce(string_agg(concat_ws(' ', a.who, a.what, a.subject, a.job, a.detail), ', ' order by a.n), 'nothing') from tow.audit a where a.n > current_setting('t.n')::bigint $$;
create function pg_temp.call(p_hash text, p_method text, p_path text, p_given jsonb default '{}', p_body text default null, p_once text default null) returns text language plpgsql as $$
declare v_id constant int := (select r.id from tow_store.route r where r.method = p_method and r.path = p_path);
begin
	perform set_config('t.n', (select coalesce(max(a.n), 0) from tow.audit a)::text, true);
	perform from tow.answer(p_hash, v_id, p_given, p_body, p_once);
	return pg_temp.noted(p_path);
end $$;

-- What does and notes nothing is noted all the same, whichever it is.
create temporary table kept as select id, statement from tow_store.route;
update tow_store.route set statement = $s$ select case when $1 ? 'never' then '' else '{"id": 1}' end, 1, null $s$;
create temporary table called as select r.method, r.path, r.names, pg_temp.call(:'hash', r.method, r.path,
	(select coalesce(jsonb_object_agg(n, case when r.types[o] = 'timestamp with time zone' then '2030-01-01' when r.types[o] = 'interval' then '1 s' else '1' end), '{}') from unnest(r.names) with ordinality u(n, o) where (o <= r.needs or r.path like '%{' || n || '}%') and not r.fixed ? n)) as noted from tow_store.route r;
select ok(count(*) > 80, 'there are many routes that change something') from called where method <> 'GET';
select is((select string_agg(format('%s %s: %s', method, path, noted), e'\n') from called where method <> 'GET' and noted !~ ('^ada called ' || method || ' ' || regexp_replace(path, '([{}])', '\\\1', 'g') || '( 1)? \{.*\}$')), null, 'each is in the audit, once, by its token');
select is((select string_agg(path || ': ' || noted, e'\n') from called where method = 'GET' and noted <> 'nothing'), null, 'who only reads is not');
update tow_store.route r set statement = k.statement from kept k where k.id = r.id;
deallocate all;

-- What notes is noted once; the job and what the path names are said, and nothing of what may be secret.
select tow.enqueue('noop') as j \gset
select pg_temp.call(:'hash', 'POST', '/api/v1/jobs', '{}', '{"kind": "noop", "args": {"secret": "hunter2"}}') as noted \gset
select is(:'noted', format('ada job.enqueued noop %s {"queue": "default"}', (select max(id) from tow_store.job)), 'a job that was enqueued');
select pg_temp.call(:'hash', 'POST', '/api/v1/jobs/many', '{}', '{"kind": "noop", "args": [1, 2]}') as noted \gset
select is(:'noted', format('ada job.enqueued noop {"jobs": 2, "last": %s, "first": %s, "queue": "default"}', (select max(id) from tow_store.job), (select max(id) - 1 from tow_store.job)), 'many');
select pg_temp.call(:'hash', 'POST', '/api/v1/jobs', '{}', '{"kind": "noop", "key": "k"}') as noted \gset
select alike(pg_temp.call(:'hash', 'POST', '/api/v1/jobs', '{}', '{"kind": "noop", "key": "k"}'), 'ada called POST /api/v1/jobs %', 'one that was there is not made by who asks for it');
select pg_temp.call(:'hash', 'POST', '/api/v1/jobs/{id}/signal', jsonb_build_object('id', :j), '{"name": "paid", "payload": "hunter2"}') as noted \gset
select is(:'noted', format('ada called POST /api/v1/jobs/{id}/signal %s {"id": %1$s, "signal": %s}', :j, (select max(n) from tow_store.signal)), 'a word to a job');
select is(pg_temp.call(:'hash', 'POST', '/api/v1/jobs/{id}/cancel', jsonb_build_object('id', :j)), format('ada job.cancelled noop %s {"was": "ready", "reason": null}', :j), 'what has a row of its own gets no other');
select is(regexp_replace(pg_temp.call(:'hash', 'POST', '/api/v1/jobs/bulk', '{}', '{"verb": "retry", "kind": "noop", "state": "cancelled", "dry_run": false}'), ' \{[^}]*\}', '', 'g'), format('ada job.retried noop %s, ada bulk.retry', :j), 'nor does a verb on many');
select pg_temp.call(:'hash', 'POST', '/api/v1/jobs', '{}', '{"kind": "noop"}', 'once') as noted \gset
select is(:'noted', format('ada job.enqueued noop %s {"queue": "default"}', (select max(id) from tow_store.job)), 'what is asked with a key');
select is(pg_temp.call(:'hash', 'POST', '/api/v1/jobs', '{}', '{"kind": "noop"}', 'once'), 'nothing', 'is done, and noted, once');
select is((select count(*) from tow.audit where what in ('called', 'job.enqueued') and who = session_user), 0::bigint, 'tow.enqueue itself notes nothing');
select set_config('tow.actor', '', true) \g /dev/null
select tow.enqueue('noop'), tow.enqueue_many('noop', '{1}') \g /dev/null
select is((select count(*) from tow.audit where what = 'job.enqueued' and who = session_user), 0::bigint, 'nor after it was called in somebody''s name');
set local application_name = 'tow enqueue by anna@host';
select is(tow_store.actor(), 'anna@host', 'who says whose command it is');
select tow.enqueue('noop', queue => 'hers', key => 'hers') as hers \gset
select is(tow.enqueue('noop', key => 'hers'), :hers::bigint, 'what is there is not made anew');
select array_agg(id) as many from tow.enqueue_many('noop', '{1,2,3}') id \gset
select count(*) from tow.enqueue_many('noop', '{}') \g /dev/null
select is((select string_agg(concat_ws(' ', subject, job, detail), ', ' order by n) from tow.audit where who = 'anna@host'),
	format('noop %s {"queue": "hers"}, noop {"jobs": 3, "last": %s, "first": %s, "queue": "default"}', :hers, (:'many'::bigint[])[3], (:'many'::bigint[])[1]), 'what a person''s command makes is there, once, and nothing else');
set local application_name = 'psql';

-- What is set is said with what it was; what a handler is given is hidden.
create function pg_temp.last() returns text language sql as $$ select concat_ws(' ', a.what, a.subject, a.detail) from tow.audit a order by a.n desc limit 1 $$;
select tow.set('metrics_retention', '7 days');
select is(pg_temp.last(), format('setting.set metrics_retention {"is": "7 days", "was": "%s"}', standard), 'a setting') from tow_store.setting where name = 'metrics_retention';
select tow.set_queue('q', max_running => 3), tow.set_queue('q', timeout => '1 min', reset => '{max_running}') \g /dev/null
select is(pg_temp.last(), 'queue.set q {"timeout": {"is": "00:01:00", "was": null}, "max_running": {"is": null, "was": 3}}', 'a queue');
select tow.set_lane('q', 'l', weight => 2), tow.set_lane('q', 'l', weight => 3) \g /dev/null
select is(pg_temp.last(), 'lane.set q/l {"weight": {"is": 3, "was": 2}}', 'a lane');
select tow.set_kind('k', 2), tow.set_kind('k', reset => '{max_running}') \g /dev/null
select is(pg_temp.last(), 'kind.set k {"max_running": {"is": null, "was": 2}}', 'a kind');
select tow.set_policy('p', 'fixed', base => '1 s');
select alike(pg_temp.last(), 'policy.set p {%"base": "00:00:01"%', 'a new policy');
select tow.set_policy('p', base => '2 s');
select is(pg_temp.last(), 'policy.set p {"base": {"is": "00:00:02", "was": "00:00:01"}}', 'a changed one');
select tow.schedule('s', '@daily', 'noop', '{"x": "hunter2"}') \g /dev/null
select alike(pg_temp.last(), 'schedule.set s {%"args": "(hidden)"%"spec": "@daily"%', 'a new schedule');
select tow.set_schedule('s', spec => '@hourly', args => '{"x": "hunter2 too"}') \g /dev/null
select is(pg_temp.last(), 'schedule.set s {"args": "(hidden)", "spec": {"is": "@hourly", "was": "@daily"}}', 'a changed one');
select tow.set_daemon('d', 'noop', '{"x": "hunter2"}'), tow.set_daemon('d', config => '{"y": "hunter2"}', every => '5 min') \g /dev/null
select is(pg_temp.last(), 'daemon.set d {"every": {"is": "00:05:00", "was": "00:01:00"}, "config": "(hidden)"}', 'a daemon');

-- Downloads, and who downloads.
select haul.add_client('c', 'transmission', 'http://127.0.0.1:1', secret => 'secret:sesame') \g /dev/null
select haul.add_library('main', '/media/main'), haul.add_target('m', 'mpd', 'mpd://127.0.0.1:3'), haul.add_channel('ch', 'ntfy', 'http://127.0.0.1:4', options => '{"topic": "t"}') \g /dev/null
create function pg_temp.haul(p_hash text, p_method text, p_path text, p_given jsonb default '{}', p_body text default null) returns text language sql as $$
	select split_part(pg_temp.call(p_hash, p_method, '/api/v1/' || p_path, p_given, p_body), ', ada ', 1) $$; -- what follows from it is in the audit, too
select is(pg_temp.haul(:'hash', 'POST', 'downloads', '{}', '{"link": "magnet:?xt=urn:btih:4124bc0a9335c27f086f24ba207a491200000000&dn=one&tr=https://me:hunter2@tracker/"}'), 'ada download.add 1 {"title": "one", "client": "c"}', 'a download');
select is(pg_temp.haul(:'hash', 'POST', 'downloads/queue', '{}', '{"link": "magnet:?xt=urn:btih:21ad0bd836b90d08f4cf640b4c298e7c00000000&dn=two"}'), 'ada download.add 2 {"title": "two", "client": "c"}', 'as others have it');
select is(pg_temp.haul(:'hash', 'POST', 'search/manual/download', '{}', '{"title": "B", "download_url": "magnet:?xt=urn:btih:e0323a9039add2978bf5b49550572c7c00000000", "type": "torrent"}'), 'ada download.add 3 {"title": "B", "client": "c"}', 'a result');
select is(pg_temp.haul(:'hash', 'POST', 'downloads/{id}/pause', '{"id": "1"}'), 'ada download.pause 1 {"title": "one"}', 'is paused');
select is(pg_temp.haul(:'hash', 'POST', 'downloads/{id}/resume', '{"id": "1"}'), 'ada download.resume 1 {"title": "one"}', 'and goes on');
select is(pg_temp.haul(:'hash', 'POST', 'downloads/{id}/act', '{"id": "1"}', '{"what": "recheck"}'), 'ada download.act 1 {"what": "recheck", "title": "one"}', 'its client is told something');
select is(pg_temp.haul(:'hash', 'POST', 'downloads/{id}/preview', '{"id": "1"}'), 'ada download.preview 1 {"title": "one"}', 'it is tried');
select is(pg_temp.haul(:'hash', 'POST', 'downloads/{id}/cancel', '{"id": "1"}', '{"remove": "data"}'), 'ada download.cancel 1 {"title": "one", "remove": "data"}', 'it is cancelled, with its data');
select is(pg_temp.haul(:'hash', 'POST', 'downloads/{id}/retry', '{"id": "1"}'), 'ada download.retry 1 {"title": "one"}', 'and tried again');
select is(pg_temp.haul(:'hash', 'DELETE', 'downloads/{id}', '{"id": "2"}'), 'ada download.cancel 2 {"title": "two", "remove": "no"}', 'or left to its client');
update haul_store.download set state = 'completed' where id = 3;
insert into haul_store.file (download, source, target, size, state) values (3, 's', 't', 1, 'placed');
select is(pg_temp.haul(:'hash', 'POST', 'downloads/{id}/undo', '{"id": "3"}'), 'ada download.undo 3 {"title": "B"}', 'what was placed is taken back');
select is(pg_temp.haul(:'hash', 'POST', 'clients/{name}/test', '{"name": "c"}'), 'ada client.test c', 'a client is tried');
select is(pg_temp.haul(:'hash', 'POST', 'clients/{name}/retry', '{"name": "c"}'), 'ada client.retry c', 'and asked again');
select is(pg_temp.haul(:'hash', 'POST', 'libraries/{name}/test', '{"name": "main"}'), 'ada library.test main', 'a library is tried');
select is(pg_temp.haul(:'hash', 'POST', 'targets/{name}/test', '{"name": "m"}'), 'ada target.test m', 'a target is tried');
select is(pg_temp.haul(:'hash', 'POST', 'targets/{name}/scan', '{"name": "m"}'), 'ada target.scan m', 'and told to look');
select is(pg_temp.haul(:'hash', 'POST', 'channels/{name}/test', '{"name": "ch"}'), 'ada channel.test ch', 'a channel is tried');
select is(pg_temp.haul(:'hash', 'POST', 'downloads/service/stop') ~ 'called', false, 'all are stopped');
select is((select string_agg(n::text, ' ') from tow.audit where detail::text ~ 'hunter2|sesame[^"]'), null, 'no secret is there');
select * from finish();
rollback;
