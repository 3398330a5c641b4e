-- Tokens, routes, and what a request is answered: as whom it is done, what is wrong with it, that a key has it done once.
begin;
\ir ../lib/fixture.sql

create function pg_temp.hashed(p_secret text) returns text language sql as $$ select encode(sha256(convert_to(p_secret, 'UTF8')), 'hex') $$;
create function pg_temp.route(p_method text, p_path text) returns int language sql as $$ select r.id from tow.routes r where r.method = p_method and r.path = '/api/v1' || p_path $$;
-- "status content", or "SQLSTATE message".
create function pg_temp.asked(p_token text, p_route text, p_given jsonb default '{}', p_body text default null, p_once text default null) returns text language plpgsql as $$
declare
	v_code text;
	v_text text;
begin
	select a.status || coalesce(' ' || a.content, '') into v_text
	from tow.answer(pg_temp.hashed(p_token), pg_temp.route(split_part(p_route, ' ', 1), split_part(p_route, ' ', 2)), p_given, p_body, p_once) a;
	return v_text;
exception when others then
	get stacked diagnostics v_code = returned_sqlstate, v_text = message_text;
	return v_code || ' ' || v_text;
end $$;

select tow.add_token('vera', 'viewer') as viewer, tow.add_token('otto', 'operator') as operator, tow.add_token('ada', 'admin', '1 hour') as admin \gset

-- Tokens
select alike(:'viewer'::text, 'tow\_' || repeat('_', 64), 'a token is random');
select isnt(:'viewer'::text, :'operator', 'each another');
select is((select count(*)::int from tow_store.token t where t.hash = sha256(convert_to(:'viewer', 'UTF8'))), 1, 'its hash is kept');
select is((select count(*)::int from tow_store.token t where position(:'viewer' in t::text) > 0), 0, 'and not the token');
select is((select string_agg(format('%s %s %s', what, subject, detail ->> 'role'), ', ' order by n) from tow.audit where what like 'token%'), 'token.add vera viewer, token.add otto operator, token.add ada admin', 'who made which is in the audit');
select pg_temp.refused($$select tow.add_token('vera')$$, 'TW409', 'token rm', 'a name is taken once');
select pg_temp.refused($$select tow.add_token('a b')$$, 'TW422', 'letters', 'names are plain');
select pg_temp.refused($$select tow.add_token('x', 'root')$$, 'TW422', 'viewer, operator.*producer', 'roles are four');
select pg_temp.refused($$select tow.add_token('x', lasts => '-1 s')$$, 'TW422', 'above zero', 'a span is one');
select pg_temp.refused($$select tow.drop_token('nobody')$$, 'TW404', 'token ls', 'only what is there can be dropped');

-- As whom
select is(pg_temp.asked('tow_wrong', 'GET /me'), 'TW401 no such token, or it has expired', 'a wrong token is said to be one');
select is(pg_temp.asked(:'viewer', 'GET /me'), '200 {"name":"vera","role":"viewer"}', 'a request is its token''s');
select is(pg_temp.asked(:'admin', 'GET /me'), '200 {"name":"ada","role":"admin"}', 'and so is another');
select is(current_setting('role'), 'none', 'and the session is itself again');
select is(pg_temp.asked(:'viewer', 'POST /jobs', '{}', '{"kind": "noop"}'), 'TW403 vera is viewer, and this is for producers, operators and admins', 'a viewer is refused');
update tow_store.route set role = 'viewer' where path = '/api/v1/jobs' and method = 'POST';
select is(pg_temp.asked(:'viewer', 'POST /jobs', '{}', '{"kind": "noop"}'), '42501 permission denied for function enqueue', 'by the database itself, whatever the route says');
update tow_store.route set role = 'producer' where path = '/api/v1/jobs' and method = 'POST';
select is(current_setting('role'), 'none', 'after an error, too');
select alike(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"kind": "noop", "tags": ["a", "b,c"], "args": {"x": [1]}, "priority": 7}'), '201 {"id": %, "warning": "no worker is running"}', 'an operator is not');
select max(id) as job from tow_store.job \gset
select is((select row(j.kind, j.tags, j.args, j.priority)::text from tow.jobs j where j.id = :job), '(noop,"{a,""b,c""}","{""x"": [1]}",7)', 'and what the body says arrives as it is');
select is(pg_temp.asked(:'operator', 'POST /jobs/{id}/cancel', format('{"id": "%s"}', :job)::jsonb, '{"reason": "no more"}'), '200 {"state" : "cancelled"}', 'a verb');
select is((select string_agg(concat_ws(' ', who, what, subject), ', ' order by n) from tow.audit where job = :job), 'otto job.enqueued noop, otto job.cancelled noop', 'is done in the token''s name');
select is((regexp_match(pg_temp.asked(:'viewer', 'GET /jobs/{id}', format('{"id": "%s"}', :job)::jsonb), '"args":[^,]*'))[1], '"args":"(hidden)"', 'a viewer sees no arguments');
select is(pg_temp.asked(:'operator', 'GET /jobs/{id}', format('{"id": "%s"}', :job)::jsonb) ~ '"args":{"x": \[1\]}', true, 'an operator does');

-- What is wrong with it
select is(pg_temp.asked(:'operator', 'POST /jobs/{id}/snooze', format('{"id": "%s"}', :job)::jsonb, '{"delay": "soon"}'), 'TW422 bad delay ''soon''', 'an argument of another type is named');
select is(tow_store.type_in_words('interval'), 'a length of time, for instance 90 s, 5 minutes or 1 day 12 hours', 'with an example of what it takes');
select is(pg_temp.asked(:'operator', 'GET /jobs/{id}', '{"id": "x"}'), 'TW404 there is no x among jobs', 'what the path names is not there');
select is(pg_temp.asked(:'operator', 'POST /jobs', '{}', b), 'TW422 ' || e, b) from (values
	('{"kind": true}', 'kind is true'), ('{"kind": 5}', 'kind is 5'), ('{"kind": null}', 'kind is null'), ('{"kind": "noop", "tags": "x"}', 'tags is "x"'), ('{"kind": "noop", "tags": ["x", 5]}', 'tags is ["x", 5]'),
	('{"kind": "noop", "priority": "5"}', 'priority is "5"'), ('{"kind": "noop", "priority": 5.5}', 'priority is 5.5'), ('{"kind": "noop", "after": ["1"]}', 'after is ["1"]'), ('{"kind": "noop", "queue": {}}', 'queue is {}')) v(b, e);
select alike(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"kind": "noop", "tags": null, "priority": 5, "args": [1], "after": []}'), '201 %', 'what may be null, a whole number, any JSON for args');
select is(pg_temp.asked(:'operator', 'POST /jobs/{id}/cancel', '{"id": "1", "why": "x"}'), 'TW422 nothing here is called ''why''', 'and one that nobody takes');
select is(pg_temp.asked(:'admin', 'PUT /queues/{name}', '{"name": "paced"}', '{"rate": "100/min", "lane_rate": 2}'), '204', 'a rate as people write it, or as a number');
select is((select round(rate * 60) || ' ' || lane_rate from tow.queues where name = 'paced'), '100 2', 'of which it makes jobs a second');
select is(pg_temp.asked(:'admin', 'PUT /queues/{name}', '{"name": "paced"}', '{"rate": "100 a day"}'), 'TW422 bad rate ''100 a day''', 'what is none');
select alike(pg_temp.asked(:'admin', 'PUT /queues/{name}', '{"name": "paced"}', '{"rate": true}'), 'TW422 %rate%', 'or cannot be one');
select alike(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{'), 'TW422 the body is not JSON%', 'a body that is no JSON');
select is(pg_temp.asked(:'operator', 'POST /jobs', '{}', '[1]'), 'TW422 the body is not an object', 'one that is no object');
select alike(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"kind": "noop", "args": "\u0000"}'), 'TW422 %', 'a NUL');
select alike(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"kind": "noop", "timeout": "30"}'), 'TW422 bad timeout ''30''%', 'a length of time without its unit');
select alike(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"kind": "noop", "timeout": "14.5"}'), 'TW422 bad timeout ''14.5''%', 'nor with a point');
select alike(pg_temp.asked(:'admin', 'PUT /policies/{name}', '{"name": "bare", "shape": "list", "delays": "5,10"}'), 'TW422 bad delays ''5,10''%', 'or a list of such, in one word');
select alike(pg_temp.asked(:'admin', 'PUT /policies/{name}', '{"name": "bare"}', '{"shape": "list", "delays": ["1 min", "10"]}'), 'TW422 bad delays %', 'or in several');
select alike(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"kind": "noop", "run_at": "yesterday noon at"}'), 'TW422 bad run_at ''yesterday noon at''%', 'an instant that is none');
create function pg_temp.hint(p_token text, p_route text, p_given jsonb default '{}', p_body text default null) returns text language plpgsql as $$
declare v_hint text;
begin
	perform pg_temp.asked(p_token, p_route, p_given, p_body);
	perform tow.answer(pg_temp.hashed(p_token), pg_temp.route(split_part(p_route, ' ', 1), split_part(p_route, ' ', 2)), p_given, p_body);
exception when others then
	get stacked diagnostics v_hint = pg_exception_hint;
	return v_hint;
end $$;
select is(pg_temp.hint(:'operator', 'GET /schedules/{name}', '{"name": "x"}'), 'select name from tow.schedules lists them; over HTTP: GET /api/v1/schedules', 'who asks by HTTP hears of the path, too');
select is(pg_temp.hint(:'operator', 'POST /jobs', '{}', '{"kind": "noop", "policy": "x"}') ~ '; over HTTP: GET /api/v1/policies, PUT /api/v1/policies/{name}$', true, 'of whatever is listed, and of what is called');
select is(pg_temp.hint(:'admin', 'PUT /config/{name}', '{"name": "nosuch", "value": "1"}'), 'select name from tow.settings lists them; over HTTP: GET /api/v1/config', 'by whatever name');
select is(pg_temp.hint(:'operator', 'GET /queues/{name}', '{"name": "x"}'), 'GET /api/v1/queues lists them', 'or of that alone');
select set_config('tow.actor', '', true) \g /dev/null
select pg_temp.refused($$ select tow.show_schedule('x') $$, 'TW404', 'lists them$', 'who does not, does not');
select tow.set_daemon('dd', 'noop'), tow.disable_daemon('dd') \g /dev/null
select is(pg_temp.hint(:'operator', 'POST /daemons/{name}/start', '{"name": "dd"}'), 'enable it first: select tow.enable_daemon(''dd''); over HTTP: POST /api/v1/daemons/dd/enable', 'a call is a request there');
select set_config('tow.actor', '', true) \g /dev/null
select pg_temp.refused($$ select tow.start_daemon('dd') $$, 'TW409', 'enable_daemon\(''dd''\)$', 'and of none to who has SQL');
select set_config('tow.actor', 'x', true) \g /dev/null
select is(tow_store.with_path('look at select * from tow.job(7)'), 'look at select * from tow.job(7); over HTTP: GET /api/v1/jobs/7', 'what is read is got');
select is(tow_store.with_path('select ' || c), format('select %s; over HTTP: %s', c, r), 'what is no plain literal is in no path') from (values ('tow.retry(id => 7)', 'POST /api/v1/jobs/{id}/retry'), ('tow.job(id)', 'GET /api/v1/jobs/{id}'), ('tow.enable_daemon(''a/b'')', 'POST /api/v1/daemons/{name}/enable')) v(c, r);
select is(tow_store.with_path('select tow.signal(7, ''it is''), or not'), 'select tow.signal(7, ''it is''), or not; over HTTP: POST /api/v1/jobs/7/signal', 'of its arguments the path has the first');
select is(tow_store.with_path('tow.signal(job, ''x'') or tow.set_queue(..., retention => 7)'), 'tow.signal(job, ''x'') or tow.set_queue(..., retention => 7); over HTTP: POST /api/v1/jobs/{id}/signal, PUT /api/v1/queues/{name}', 'what is no value is not put in');
select is(array(select r.function from tow.routes r where not exists (select from tow.routes o where o.function = r.function
	and tow_store.with_path(format('do %s, then', r.function)) = format('do %s, then; over HTTP: %s %s', r.function, o.method, o.path))), '{}', 'whatever a hint may name that has a request has it told');
select is(tow_store.with_path('select tow.nothing_there(7)'), 'select tow.nothing_there(7)', 'what no request does is left as it is');
select is(tow_store.with_path(null), null, 'no hint is none');
select set_config('tow.actor', '', true) \g /dev/null
select is(pg_temp.asked(:'operator', 'GET /jobs/{id}', '{"id": "99999999"}'), 'TW404 no such job: 99999999', 'what the function says is said');
select is((select a.status from tow.answer(pg_temp.hashed(:'operator'), (select min(r.id) from tow.routes r where r.path = '/api/v1/status')) a), 200, 'a list');
select throws_ok(format($$select * from tow.answer(pg_temp.hashed(%L), -1)$$, :'operator'), 'TW410', null, 'a route of before a migration is told apart');

select is(pg_temp.asked(:'operator', 'GET /jobs', '{"limit": "0"}'), 'TW422 bad limit ''0''', 'a page has rows');
select is(pg_temp.asked(:'operator', 'GET /jobs', '{"limit": "1001"}'), 'TW422 bad limit ''1001''', 'a thousand at most');
select is(pg_temp.asked(:'viewer', 'GET /jobs', '{"limit": "many"}'), 'TW422 bad limit ''many''', 'a limit that is no number');
select is(pg_temp.asked(:'viewer', 'GET /jobs', '{"limit": "99999999999"}'), 'TW422 bad limit ''99999999999''', 'or none of ours');

-- What cannot be meant
select is(pg_temp.asked(:'operator', 'POST /jobs', '{}', format('{"kind": "noop", "run_at": %s}', to_json(w))), format('TW422 bad run_at %L', w), w || ' is no instant')
from unnest('{yesterday,now,infinity,5 Jan 2030,2030-01-31 noon}'::text[]) w;
select alike(pg_temp.asked(:'operator', 'POST /jobs', '{}', format('{"kind": "noop", "run_at": %s}', to_json(w))), '201 %', w || ' is one')
from unnest('{2030-01-31T18:00:00Z,2030-01-31t18:00:00.123z,2030-01-31 18:00+02,2030-01-31T18:00:00-0330,2030-01-31}'::text[]) w;
select alike(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"kind": "noop", "run_at": "2030-13-01T00:00:00Z"}'), 'TW422 bad run_at%', 'a month that is none');
select is(pg_temp.asked(:'viewer', 'GET /jobs', '{"since": "yesterday"}'), 'TW422 bad since ''yesterday''', 'nor in a query');
select alike(pg_temp.asked(:'viewer', 'GET /audit', '{"since": "2 hours"}'), '200 %', 'a length of time is another thing');
select alike(pg_temp.asked(:'operator', 'POST /jobs/many', '{}', '{"kind": "noop", "args": [{}, null]}'), 'TW422 args are null%', 'one of many that has no args');
select is(pg_temp.asked(:'viewer', 'GET /jobs', '{"state": ["ready", "failed"]}'), 'TW422 state is given more than once', 'one word twice');
select is(pg_temp.asked(:'viewer', 'GET /queues', '{"state": "x"}'), 'TW422 bad state ''x''', 'a word that no row has');
select is(pg_temp.hint(:'viewer', 'GET /queues', '{"state": "x"}'), 'it is one of open, paused', 'which are said');
select is(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"kind": "noop"}', ''), 'TW422 the Idempotency-Key is empty', 'a key that says nothing');
select is(pg_temp.asked(:'viewer', 'GET /downloads/queue/{id}', '{"id": "x"}'), 'TW404 there is no x in the queue', 'what is not there, in words');

-- Many at once
select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[3]), queue => 'many') \g /dev/null
select is(regexp_replace(pg_temp.asked(:'operator', 'POST /jobs/bulk', '{}', format('{"verb": "cancel", "queue": "many", "max_jobs": %s}', n)), '"items":.*\]', '"items":[]'), '200 {"items":[],"more":' || m || '}', 'whether more match than ' || n)
from (values (2, 'true'), (3, 'false')) v(n, m);
select is(regexp_replace(pg_temp.asked(:'viewer', 'GET /status'), '"items":.*\]', '"items":[]'), '200 {"items":[]}', 'which other lists do not say');

-- Once
select is(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{}'), 'TW422 kind is missing', 'an argument that is needed');
select is(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"kind": null}'), 'TW422 kind is null', 'and is null');
create function pg_temp.logged(p_token text, p_body text) returns text language plpgsql as $$
declare
	v_context text;
begin
	perform tow.answer(pg_temp.hashed(p_token), pg_temp.route('POST', '/jobs'), body => p_body);
	return null;
exception when others then
	get stacked diagnostics v_context = pg_exception_context;
	return v_context;
end $$;
select ok(c ~ 'call_route' and c !~ 'hunter2', 'and what was given is not in the database''s log') from pg_temp.logged(:'operator', '{"kind": "no kind", "args": {"password": "hunter2"}}') c;
select is(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"kind": "noop"}', repeat('k', 201)), 'TW422 the Idempotency-Key is too long', 'a key that is too long');
select pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"kind": "noop", "key": "one"}', 'k') as first \gset
select is(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"kind": "noop", "key": "one"}', 'k'), :'first'::text, 'the same key is the same answer');
select is(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"key": "one", "kind": "noop"}', 'k'), :'first', 'in whatever order');
select is((select count(*)::int from tow.jobs where key = 'one'), 1, 'and one job');
select is(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"kind": "noop", "key": "one"}'), replace(:'first', '201 ', '200 '), 'asked anew, another job has the key, which is said by the status');
select alike(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"kind": "noop"}', 'k'), 'TW409 %', 'for another request it is refused');
select alike(pg_temp.asked(:'admin', 'POST /jobs', '{}', '{"kind": "noop"}', 'k'), '201 %', 'it is its token''s own');
select alike(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"kind": "bad kind!"}', 'k2'), 'TW422%', 'what failed');
select alike(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"kind": "noop"}', 'k2'), '201 %', 'may be mended with the same key');
update tow_store.answered set at = at - interval '2 days';
select isnt(pg_temp.asked(:'operator', 'POST /jobs', '{}', '{"kind": "noop", "key": "two"}', 'k'), :'first', 'after a day it is forgotten');

select tow.add_token('heir', 'operator') as heir \gset
select pg_temp.asked(:'heir', 'POST /jobs', '{}', '{"kind": "noop", "tags": ["theirs"]}', 'k4') as first \gset
select secret as session from tow.sign_in(pg_temp.hashed(:'heir')) \gset
select is(pg_temp.asked(:'session', 'POST /jobs', '{}', '{"kind": "noop", "tags": ["theirs"]}', 'k4'), :'first', 'who signed in with a token has its keys');
select tow.drop_token('heir');
select tow.add_token('heir', 'operator') as heir \gset
select alike(pg_temp.asked(:'heir', 'POST /jobs', '{}', '{"kind": "noop", "tags": ["theirs"]}', 'k4'), '201 %', 'another token of a name');
select is((select count(*)::int from tow.jobs where tags = '{theirs}'), 2, 'has other keys');
select tow.drop_token('heir');

select alike(pg_temp.asked(:'admin', 'POST /tokens', '{}', '{"name": "tina"}', 'k3'), '201 {"token" : "tow_%', 'a token that is made with a key');
select is((select count(*)::int from tow_store.answered a where a.body ~ 'tow_'), 0, 'is not kept with the answer');
select alike(pg_temp.asked(:'admin', 'POST /tokens', '{}', '{"name": "tina"}', 'k3'), 'TW409 %kept nowhere', 'and not told again');

-- Signing in
select secret as session from tow.sign_in(pg_temp.hashed(:'operator')) \gset
select is(pg_temp.asked(:'session', 'GET /me'), '200 {"name":"otto","role":"operator"}', 'who signs in is who has the token');
select is((select sessions::int from tow.tokens where name = 'otto'), 1, 'it is counted');
select is((select who || ' ' || subject from tow.audit where what = 'sign_in' and who <> 'heir'), 'otto otto', 'and in the audit');
select is((select string_agg(format('%s %s %s', hash = pg_temp.hashed(:'session'), role, owner = pg_temp.hashed(:'operator')), ',') from tow.vouch(array[pg_temp.hashed(:'session'), pg_temp.hashed('x')])), 't operator t', 'and vouched for, as its token''s');
select throws_ok(format('select tow.sign_in(pg_temp.hashed(%L))', :'session'), 'TW401', null, 'a session makes no other');
select tow.sign_out(pg_temp.hashed(:'session')), tow.sign_out(pg_temp.hashed('x')) \g /dev/null
select is((select string_agg(concat_ws(' ', who, subject), ',') from tow.audit where what = 'sign_out'), 'otto otto', 'who signs out is in the audit');
select is(pg_temp.asked(:'session', 'GET /me'), 'TW401 no such token, or it has expired', 'until it signs out');
select secret as session from tow.sign_in(pg_temp.hashed(:'operator')) \gset
select tow.drop_token('otto');
select is(pg_temp.asked(:'session', 'GET /me'), 'TW401 no such token, or it has expired', 'or its token is dropped');
select is(pg_temp.asked(:'operator', 'GET /me'), 'TW401 no such token, or it has expired', 'which is refused itself');
select tow.add_key('viewer', '5 min') as key \gset
select is(pg_temp.asked(:'key', 'GET /me'), 'TW401 no such token, or it has expired', 'a key is no token');
select role as got, secret as session from tow.sign_in(pg_temp.hashed(:'key')) \gset
select is(:'got'::text, 'viewer', 'it signs in');
select throws_ok(format('select tow.sign_in(pg_temp.hashed(%L))', :'key'), 'TW401', null, 'once');
select expires_at <= tow.now() + interval '1 hour' as told from tow.sign_in(pg_temp.hashed(:'admin')) \gset
select ok(:'told', 'who signs in hears how long it lasts: no longer than the token');
select tow.add_key('viewer', '5 min') as key \gset
select secret as late from tow.sign_in(pg_temp.hashed(:'admin')) \gset
select pg_temp.later('10 min');
select throws_ok(format('select tow.sign_in(pg_temp.hashed(%L))', :'key'), 'TW401', null, 'and not for long');
select alike(pg_temp.asked(:'late', 'GET /me'), '200 %', 'a session lasts');
select alike(pg_temp.asked(:'session', 'GET /me'), '200 %', 'so does that of a key, which was good for less');
select pg_temp.later('1 hour');
select is(pg_temp.asked(:'admin', 'GET /me'), 'TW401 no such token, or it has expired', 'a token that was for an hour is over');
select is(pg_temp.asked(:'late', 'GET /me'), 'TW401 no such token, or it has expired', 'and so is who signed in with it');


-- In vain
select tow.sign_in_refused() from generate_series(1, 3) \g /dev/null
select is((select string_agg(detail ->> 'times', ',') from tow.audit where what = 'sign_in.refused'), '3', 'what is tried again and again is one row of the audit');
select pg_temp.later('11 min');
select tow.sign_in_refused();
select is((select string_agg(detail ->> 'times', ',' order by at) from tow.audit where what = 'sign_in.refused'), '3,1', 'another one when it is tried later');
select tow.sign_in_refused('token.refused', 3, '192.0.2.1'), tow.sign_in_refused('token.refused', 4, '192.0.2.2') \g /dev/null
select is((select string_agg(detail ->> 'times', ',') from tow.audit where what = 'token.refused'), '7', 'so is what asks with no token, each time for as many as it says');
select is((select detail ->> 'from' from tow.audit where what = 'token.refused'), '["192.0.2.1", "192.0.2.2"]', 'with where it came from');
select tow.sign_in_refused('token.refused', 1, format('192.0.2.%s', i % 20)) from generate_series(3, 45) i \g /dev/null
select is((select format('%s, the last %s', jsonb_array_length(detail -> 'from'), detail #>> '{from,-1}') from tow.audit where what = 'token.refused'), '10, the last 192.0.2.5', 'ten addresses, each once');

select secret as late, name as maker from tow.sign_in(pg_temp.hashed(tow.add_key())) \gset
select tow.drop_token(:'maker');
select is(pg_temp.asked(:'late', 'GET /me'), 'TW401 no such token, or it has expired', 'who signed in with a key is sent away by the name of who made it');

-- What is over goes by itself
select tow.add_token('brief', 'viewer', '1 hour') as brief \gset
select tow.add_key('viewer', '5 min') \g /dev/null
select tow.sign_in(pg_temp.hashed(:'brief')) \g /dev/null
create function pg_temp.kept() returns text language sql as $$
	select concat_ws(' ', (select count(*) from tow_store.answered), (select count(*) from tow_store.token where name = 'brief'), (select count(*) from tow_store.token where kind = 'key'), (select bool_or(expired) from tow.tokens where name = 'brief')) $$;
select pg_temp.drain('prune') \g /dev/null
select is(pg_temp.kept(), (select count(*) from tow_store.answered) || ' 2 1 f', 'what may be asked for stays');
select cmp_ok((select count(*) from tow_store.answered), '>', 0::bigint, 'answers, too');
select pg_temp.later('2 hours'), pg_temp.drain('prune') \g /dev/null
select is(pg_temp.kept(), (select count(*) from tow_store.answered) || ' 1 0 t', 'keys and sessions that are over go, a token is shown to be');
select pg_temp.later('1 day'), pg_temp.drain('prune') \g /dev/null
select is(pg_temp.kept(), '0 1 0 t', 'answers after a day');
select pg_temp.later('7 days'), pg_temp.drain('prune') \g /dev/null
select is(pg_temp.kept(), '0 0 0', 'and the token after a week');

-- Names are lent to nobody
select set_config('tow.actor', 'somebody', true) \g /dev/null
select is(tow_store.actor(), 'somebody', 'the server says for whom it asks');
do $$ begin create role tow_test_liar in role tow_viewer; exception when duplicate_object then null; end $$;
set local session authorization tow_test_liar;
select set_config('tow.actor', 'somebody', true) \g /dev/null
set local application_name = 'tow jobs by somebody@host';
select is((select name from tow.me()), 'tow_test_liar', 'nobody else can');
reset session authorization;
grant tow_server to tow_test_liar;
set local session authorization tow_test_liar;
select is((select name from tow.me()), 'somebody', 'but one who serves pages');
select set_config('tow.actor', '', true) \g /dev/null
select is((select name from tow.me()), 'tow_test_liar', 'who is nobody''s command');
reset session authorization;
set local application_name = 'psql';
revoke tow_server from tow_test_liar;
select set_config('tow.actor', '', true) \g /dev/null

-- The description
select tow.openapi('1') as api \gset
select is((select string_agg(o.value ->> 'operationId', ', ') from jsonb_each(:'api'::jsonb -> 'paths') p, jsonb_each(p.value) o
	where coalesce(o.value ->> 'summary', '') !~ '^[A-Z][^;]{3,}[^.]$'), null, 'each path has a title in words');
select is((select string_agg(distinct substring(o.value ->> 'summary' from '^\w+'), ', ') from jsonb_each(:'api'::jsonb -> 'paths') p, jsonb_each(p.value) o
	where o.value ->> 'x-function' ~ '\.(drop_|unschedule|forget)'), 'Delete', 'and the same word for the same act');
select is((select count(*)::int from tow.routes r where :'api'::jsonb #> array['paths', r.path, lower(r.method)] is null), 0, 'each route is in it');
select is((select count(*)::int from jsonb_each(:'api'::jsonb -> 'paths') p, jsonb_each(p.value) m where m.value ->> 'description' is null), 0, 'with a description');
select is((select count(*) - count(distinct m.value ->> 'operationId') from jsonb_each(:'api'::jsonb -> 'paths') p, jsonb_each(p.value) m)::int, 0, 'and a name of its own');
select is((select count(*)::int from tow.routes r where r.method <> 'GET' and not :'api'::jsonb #> array['paths', r.path, lower(r.method), 'parameters'] @> '[{"$ref": "#/components/parameters/Once"}]'), 0, 'that a key may be sent');
select is(:'api'::jsonb #> '{paths,/api/v1/health,get,security}', '[]', 'and what the server answers by itself');
select is((select string_agg(p || ' ' || array_to_string(array(select jsonb_array_elements_text(:'api'::jsonb #> array['paths', '/api/v1/' || p, 'get', 'responses', '200', 'content', 'application/json', 'schema', 'required'])), ' '), ', ' order by p)
	from unnest('{health,ready}'::text[]) p), 'health status version, ready status', 'and what that looks like');
select is(:'api'::jsonb #> '{paths,/api/v1/jobs,post,requestBody,content,application/json,schema,required}', '["kind"]', 'what must be given is marked');
select ok(:'api'::jsonb #> '{paths,/api/v1/jobs/many,post,responses}' ? '201', 'what makes something says that it does');
select is(:'api'::jsonb #>> array['paths', '/api/v1/queues', 'get', 'responses', '200', 'content', 'application/json', 'schema', 'properties', 'items', 'items', 'properties', 'ready', 'type'], '["integer", "null"]', 'what comes has its types');

select * from finish();
rollback;
