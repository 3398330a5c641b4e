-- A token of a program that enqueues: what it may, which is little, that the database refuses the rest, and the queues that it is held to.
begin;
\ir ../lib/fixture.sql

create function pg_temp.hashed(p_secret text) returns text language sql as $$ select encode(sha256(convert_to(p_secret, 'UTF8')), 'hex') $$;
-- "status content", or "SQLSTATE message (hint)".
create function pg_temp.ask(p_token text, p_route int, p_given jsonb default '{}', p_body text default null) returns text language plpgsql as $$
declare
	v_hint text;
begin
	return (select a.status || coalesce(' ' || a.content, '') from tow.answer(pg_temp.hashed(p_token), p_route, p_given, p_body) a);
exception when others then
	get stacked diagnostics v_hint = pg_exception_hint;
	return sqlstate || ' ' || sqlerrm || coalesce(' (' || nullif(v_hint, '') || ')', '');
end $$;
create function pg_temp.asked(p_token text, p_route text, p_given jsonb default '{}', p_body text default null) returns text language sql as $$
	select pg_temp.ask(p_token, (select r.id from tow.routes r where format('%s %s', r.method, substr(r.path, 8)) = p_route), p_given, p_body) $$;
create function pg_temp.id_of(p_answer text) returns bigint language sql as $$ select (substr(p_answer, 5)::jsonb ->> 'id')::bigint $$;

select tow.set_queue('mail'), tow.set_queue('images'), tow.set_queue('vault') \g /dev/null
select tow.add_token('shop', 'producer') as shop, tow.add_token('other', 'producer') as other, tow.add_token('held', 'producer', queues => '{mail,images,mail}') as held,
	tow.add_token('vera', 'viewer') as viewer, tow.add_token('otto', 'operator') as operator \gset

-- Tokens
select is((select string_agg(concat_ws(' ', name, role, queues), ', ' order by name) from tow.tokens where role = 'producer'), 'held producer {images,mail}, other producer, shop producer', 'who is held to queues is seen, each once');
select is((select detail ->> 'queues' from tow.audit where what = 'token.add' and subject = 'held'), '["mail", "images", "mail"]', 'and in the audit');
select pg_temp.refused($$ select tow.add_token('x', 'viewer', queues => '{mail}') $$, 'TW422', 'only a producer', 'others are not held to any');
select pg_temp.refused($$ select tow.add_token('x', 'producer', queues => '{}') $$, 'TW422', 'leave the list out', 'to none is to nothing');
select pg_temp.refused($$ select tow.add_token('x', 'producer', queues => '{mial}') $$, 'TW404', 'mail', 'a queue that is not there');
select pg_temp.refused($$ select tow.add_key('producer') $$, 'TW422', 'viewer', 'no address signs a producer in');
select pg_temp.refused(format('select tow.sign_in(%L)', pg_temp.hashed(:'shop')), 'TW403', 'tow token link', 'nor does its token');
select is_empty($$ select from tow_store.token where kind <> 'token' $$, 'no session was made');
create function pg_temp.without_membership() returns text language plpgsql as $$
begin
	revoke tow_producer from tow_server;
	perform tow.add_token('x', 'producer');
	return null;
exception when sqlstate 'TW409' then
	return sqlerrm;
end $$;
select is(pg_temp.without_membership(), 'tow_server is no member of tow_producer, as which the server would ask', 'where the server could not become one, no token is made');

-- What it may
select is(pg_temp.asked(:'shop', 'GET /me'), '200 {"name":"shop","role":"producer"}', 'it is told who it is');
select pg_temp.id_of(pg_temp.asked(:'shop', 'POST /jobs', '{}', '{"kind": "noop", "args": {"card": 4711}}')) as job \gset
select is((select who from tow.audit where what = 'job.enqueued' and job = :job), 'shop', 'it makes jobs, in its name');
select alike(pg_temp.asked(:'shop', 'POST /jobs/many', '{}', '{"kind": "noop", "args": [1, 2]}'), '201 {"ids": [%', 'and many');
select pg_temp.id_of(pg_temp.asked(:'shop', 'POST /batches', '{}', '{"kind": "noop"}')) as batch \gset
select alike(pg_temp.asked(:'shop', 'POST /jobs', '{}', format('{"kind": "noop", "parent": %s}', :batch)), '201 %', 'a batch, with its members');
select alike(pg_temp.asked(:'shop', 'GET /jobs/{id}/progress', format('{"id": %s}', :batch)::jsonb), '200 {"total":1,"completed":0,%', 'it is told how far that is');
select is(pg_temp.asked(:'other', 'POST /batches/{id}/seal', format('{"id": %s}', :batch)::jsonb), format('TW403 other has begun no batch %s (who has begun it seals it, or an operator)', :batch), 'another seals it not');
select is(pg_temp.asked(:'shop', 'POST /batches/{id}/seal', format('{"id": %s}', :batch)::jsonb), '200 {"jobs" : 1}', 'who has begun it does');
select pg_temp.id_of(pg_temp.asked(:'shop', 'POST /batches', '{}', '{"kind": "noop"}')) as batch \gset
select is(pg_temp.asked(:'operator', 'POST /batches/{id}/seal', format('{"id": %s}', :batch)::jsonb), '200 {"jobs" : 0}', 'or an operator');
select tow.batch('noop') as batch \gset
set local role tow_admin;
select is(tow.seal(:batch), 0::bigint, 'who logs in seals any');
reset role;
select is(pg_temp.asked(:'shop', 'GET /unserved', '{"kind": "noop"}'), '200 {"warning" : "no worker is running"}', 'whether anybody would run one');


-- What became of a job: as a producer's database role is told.
select pg_temp.drain('admit') \g /dev/null
select pg_temp.worker() as worker \gset
select pg_temp.id_of(pg_temp.asked(:'shop', 'POST /jobs', '{}', '{"kind": "noop", "priority": 1}')) as job \gset
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.asked(:'shop', 'GET /jobs/{id}/outcome', format('{"id": %s}', :job)::jsonb)::text, '200 {"state":"ready","attempt":0,"pct":null,"done":null,"total":null,"note":null,"class":null,"error":null,"result":null}', 'what became of a job');
select pg_temp.claim(:worker, 1), pg_temp.say(:worker, :job, '{"as": "completed", "result": {"paid": true}}') \g /dev/null
select matches(pg_temp.asked(:'shop', 'GET /jobs/{id}/outcome', format('{"id": %s}', :job)::jsonb), '^200 {"state":"completed",.*"result":"\(hidden\)"}$', 'that it is done, but not with what');
select tow.grant_queue('default', 'tow_producer', 'read') \g /dev/null
select matches(pg_temp.asked(:'shop', 'GET /jobs/{id}/outcome', format('{"id": %s}', :job)::jsonb), '"result":{"paid": true}}$', 'unless an admin lets producers read in the queue');
select is(pg_temp.asked(:'shop', 'GET /jobs/{id}/outcome', '{"id": 99999999}'), 'TW404 there is no 99999999 among jobs (it may have gone meanwhile)', 'of none, nothing, nor is it sent where it may not look');
select matches(pg_temp.asked(:'viewer', 'GET /jobs/{id}/outcome', format('{"id": %s}', :job)::jsonb), '"result":"\(hidden\)"}$', 'a viewer is told as much, and sees what viewers see');

-- What it may not, whatever it is asked with: by its route, and where the route would let it, by the database.
create function pg_temp.some(r tow_store.route) returns jsonb language sql as $$
	select coalesce(jsonb_object_agg(u.n, case when u.t ~ '\[\]$' then '["1"]' when u.t ~ 'json' then '{}' when u.t = 'boolean' then 'true' when u.t ~ 'timestamp' then '"2030-01-01"' when u.t = 'interval' then '"1 s"' else '"1"' end::jsonb), '{}')
	from unnest(r.names, r.types) u(n, t) where (r.path like '%{' || u.n || '}%' or u.n = any(r.names[:r.needs])) and not r.fixed ? u.n $$;
create temporary table may as select unnest('{tow.me,tow.unserved,tow.progress_of,tow.outcome,tow.enqueue,tow.enqueue_many,tow.batch,tow.seal}'::text[]) as fn;
select is((select string_agg(format('%s %s: %s', r.method, r.path, a), e'\n') from tow_store.route r, pg_temp.ask(:'shop', r.id, pg_temp.some(r)) a
	where a !~ '^TW403 shop is producer, and this is for .*\(tow token add NAME --role' and r.fn not in (select fn from may)), null, 'whatever else there is, it is refused');
select is((select count(*) from tow_store.route r, pg_temp.ask(:'shop', r.id, pg_temp.some(r)) a
	where r.fn not in (select fn from may) and position(format('tow token add NAME --role %s makes', r.role) in a) = 0), 0::bigint, 'with the least role that would do');
select is((select string_agg(r.method || ' ' || r.path, ', ' order by r.method, r.path collate "C") from tow_store.route r, pg_temp.ask(:'shop', r.id, pg_temp.some(r)) a where a !~ '^TW403 shop is producer'),
	'GET /api/v1/jobs/{id}/outcome, GET /api/v1/jobs/{id}/progress, GET /api/v1/me, GET /api/v1/unserved, POST /api/v1/batches, POST /api/v1/batches/{id}/seal, POST /api/v1/jobs, POST /api/v1/jobs/many', 'but for these');
create temporary table was as select id, role from tow_store.route;
update tow_store.route set role = 'producer';
select is((select string_agg(format('%s %s: %s', r.method, r.path, a), e'\n') from tow_store.route r, pg_temp.ask(:'shop', r.id, pg_temp.some(r)) a
	where a !~ '^42501 ' and r.fn not in (select fn from may) and r.fn <> 'tow.signal'), null, 'and if its route let it, by the database');
select is((select string_agg(r.path, ', ') from tow_store.route r, pg_temp.ask(:'viewer', r.id, pg_temp.some(r)) a where a !~ '^TW403 '), null, 'a producer''s are no viewer''s');
update tow_store.route r set role = w.role from was w where w.id = r.id;
select is(current_setting('role') || current_setting('tow.held_to', true), 'none', 'the session is itself again');

-- Held to queues
select is(pg_temp.asked(:'held', 'POST /jobs', '{}', '{"kind": "noop"}'), 'TW403 held may not enqueue in queue ''default'' (it may in: images, mail)', 'who is held to queues enqueues in no other, nor in the usual one');
select alike(pg_temp.asked(:'held', 'POST ' || p, '{}', b), 'TW403 held may not enqueue in queue ''vault'' %', p) from (values
	('/jobs', '{"kind": "noop", "queue": "vault"}'), ('/jobs', '{"kind": "noop", "queue": "vault", "key": "k", "lane": "l", "priority": 4711}'), ('/jobs/many', '{"kind": "noop", "args": [1], "queue": "vault"}'),
	('/batches', '{"kind": "noop", "queue": "vault"}')) v(p, b);
select alike(pg_temp.asked(:'held', 'POST /jobs', '{}', '{"kind": "noop", "queue": "nosuch"}'), 'TW403 %', 'nor makes it one');
select pg_temp.id_of(pg_temp.asked(:'held', 'POST /jobs', '{}', '{"kind": "noop", "queue": "mail"}')) as mine \gset
select ok(:mine > 0, 'in its own it does');
select alike(pg_temp.asked(:'held', 'POST /jobs/many', '{}', '{"kind": "noop", "args": [1, 2], "queue": "images"}'), '201 %', 'in each');
select alike(pg_temp.asked(:'held', 'GET /jobs/{id}/outcome', format('{"id": %s}', :mine)::jsonb), '200 {"state":%', 'and asks what became of it');
select tow.enqueue('noop', queue => 'vault', key => 'theirs') as theirs, tow.batch('noop', queue => 'vault') as batch \gset
select alike(pg_temp.asked(:'held', 'GET /jobs/{id}/' || w, format('{"id": %s}', :theirs)::jsonb), 'TW404 %', 'a job of another queue is not there: ' || w) from unnest('{outcome,progress}'::text[]) w;
update tow_store.family set who = 'held' where id = :batch;
select alike(pg_temp.asked(:'held', 'POST /batches/{id}/seal', format('{"id": %s}', :batch)::jsonb), 'TW404 %', 'nor is a batch');
select alike(pg_temp.asked(:'held', 'POST /jobs', '{}', format('{"kind": "noop", "queue": "mail", "%s": %s}', w, i)), 'TW404 %', 'nor is it there as ' || w) from (values ('parent', :'batch'), ('parent', :'theirs'), ('after', format('[%s]', :theirs))) v(w, i);
select alike(pg_temp.asked(:'held', 'POST /jobs/many', '{}', format('{"kind": "noop", "queue": "mail", "args": [1], "parent": %s}', :batch)), 'TW404 %', 'of many either');
select is(pg_temp.asked(:'held', 'POST /jobs', '{}', format('{"kind": "noop", "queue": "mail", "key": "theirs", "on_conflict": "%s", "run_at": "2099-01-01"}', w)), 'TW409 the key ''theirs'' is taken (keys are one namespace for all queues: begin yours with what is your own, as in shop:order:7)', 'its key is taken, and no more is said: ' || w) from unnest('{ignore,error,replace,reschedule}'::text[]) w;
select isnt(tow.state(:theirs), 'cancelled', 'it stays as it is');
select pg_temp.id_of(pg_temp.asked(:'held', 'POST /jobs', '{}', '{"kind": "noop", "queue": "images", "key": "ours"}')) as ours \gset
select is(pg_temp.id_of(pg_temp.asked(:'held', 'POST /jobs', '{}', '{"kind": "noop", "queue": "mail", "key": "ours"}')), :ours::bigint, 'of a key in one of its queues it is told whose it is, as ever');
select alike(pg_temp.asked(:'shop', 'POST /jobs', '{}', '{"kind": "noop", "queue": "vault"}'), '201 %', 'who is not held is not');
select tow.grant_queue('mail', 'tow_worker') \g /dev/null
select alike(pg_temp.asked(:'held', 'POST /jobs', '{}', '{"kind": "noop", "queue": "mail"}'), 'TW403 queue ''mail'' is restricted, and tow_producer may not enqueue there %', 'nobody is let into a restricted queue by being held to it');
select tow.grant_queue('mail', 'tow_producer') \g /dev/null
select alike(pg_temp.asked(:'held', 'POST /jobs', '{}', '{"kind": "noop", "queue": "mail"}'), '201 %', 'but by a grant');
select set_config('tow.held_to', '{mail}', true) \g /dev/null
select pg_temp.refused($$ select tow.enqueue('noop') $$, 'TW403', 'mail', 'it is the functions that refuse');
select set_config('tow.held_to', '', true) \g /dev/null
select * from finish();
rollback;
