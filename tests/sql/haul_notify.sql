-- Notifications: which rules want what, what is gathered into one message, what is kept from people, and what becomes of a
-- message whose channel does not take it.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';

create function pg_temp.sees(p_free bigint, variadic p_of jsonb[] default '{}') returns bigint language sql as $$
	select haul.observe(c.id, c.revision, jsonb_build_object('whole', true, 'free', p_free, 'transfers', to_jsonb(p_of)), 7) from haul_store.client c where c.name = 'c' $$;
create function pg_temp.fails(p_class text, p_error text) returns bigint language sql as $$
	select haul.unreachable(c.id, c.revision, p_class, p_error, 'look at it') from haul_store.client c where c.name = 'c' $$;
create function pg_temp.news(p_rule text) returns text language sql as $$
	select string_agg(n.event, ' ' order by n.id) from haul_store.news n join haul_store.rule r on r.id = n.rule where r.name = p_rule $$;
create function pg_temp.jobs() returns text language sql as $$
	select string_agg(format('%s in %s', j.args ->> 'channel', coalesce(s.run_at - tow.now(), '0')), ', ' order by j.id) from tow.jobs j left join tow_store.scheduled s on s.id = j.id
	where j.kind = 'haul.notify' and j.state in ('ready', 'scheduled', 'retrying') $$;
-- What a job of the channel would send, and says that it did.
create function pg_temp.sent(p_channel text, p_job bigint default 1) returns table(event text, count int, level text, title text, body text) language sql as $$
	select b.event, b.count, b.level, b.title, b.body from haul.begin_notify(p_channel, p_job) b, lateral (select haul.notified(b.message)) n $$;
create function pg_temp.wants(p_title text, p_library text default null, p_category text default null) returns bigint language plpgsql as $$
declare v_id bigint := haul.grab('magnet:?xt=urn:btih:4124bc0a9335c27f086f24ba207a491200000000&dn=x', title => p_title, library => p_library, category => p_category);
begin perform haul.grabbed(v_id, null); return v_id; end $$;

select haul.add_client('c', 'transmission', 'http://127.0.0.1:1') as c \gset
select haul.add_library('films', '/media/films') \g /dev/null
select haul.add_library('music', '/media/music') \g /dev/null
select haul.add_target('m', 'mpd', 'mpd://127.0.0.1:3') \g /dev/null

-- Nobody wants to know anything.
select pg_temp.wants('quiet') \g /dev/null
select pg_temp.fails('http.connect', 'refused'), pg_temp.sees(5) \g /dev/null
select is((select count(*) from haul_store.news), 0::bigint, 'without rules nothing is told');
select is(pg_temp.jobs(), null, 'and there is no job');

-- Channels and rules.
select haul.add_channel('phone', 'ntfy', 'https://ntfy.sh/', options => '{"topic": "t"}') \g /dev/null
select haul.add_channel('post', 'mail', 'smtp://127.0.0.1:25', options => '{"from": "a@b", "to": "c@d,e@f"}') \g /dev/null
select pg_temp.refused(format('select haul.add_channel(%L, %L, %L, options => %L)', v[1], v[2], v[3], v[4]), v[5], v[6], 'a channel: ' || v[7]) from (values
	(array['x y', 'ntfy', 'http://h', '{}', 'TW422', 'letters', 'its name']), (array['x', 'ntfy', 'ftp://h', '{}', 'TW422', 'https', 'its address']),
	(array['x', 'ntfy', 'http://u:p@h', '{}', 'TW422', 'settings', 'with a password']), (array['x', 'ntfy', 'http://h?token=1', '{}', 'TW422', 'https', 'with a token']),
	(array['x', 'ntfy', 'http://h', '[]', 'TW422', 'topic', 'options that are none']), (array['x', 'ntfy', 'http://h', '{"nonsense": "1"}', 'TW422', 'topic', 'unknown ones']),
	(array['x', 'ntfy', 'http://h', '{"topic": "a/b"}', 'TW422', 'topic', 'a topic that leads elsewhere']), (array['x', 'mail', 'smtp://h', E'{"to": "a@b\\r\\nBcc: x@y"}', 'TW422', 'text', 'a header smuggled in']),
	(array['x', 'mail', 'smtp://h', '{"from": "nobody"}', 'TW422', 'name@host', 'no address']), (array['phone', 'ntfy', 'http://h', '{}', 'TW409', 'set_channel', 'there is one'])) w(v);
select pg_temp.refused($$ select haul.add_channel('x', 'ntfy', 'http://h', secret => 'hunter2') $$, 'TW422', 'tow secret set', 'a secret is named');
select pg_temp.refused($$ select haul.set_channel('phone') $$, 'TW422', 'name what', 'nothing to set');
select pg_temp.refused($$ select haul.set_channel('zz', url => 'http://h') $$, 'TW404', 'haul.channels', 'no such channel');
select haul.set_channel('phone', options => '{"priority": "5"}'), haul.set_channel('phone', url => 'http://ntfy.local/') \g /dev/null
select is((select url || ' ' || options from haul.channels where name = 'phone'), 'http://ntfy.local {"topic": "t", "priority": "5"}', 'what is left out stays');
select haul.set_channel('phone', reset => '{priority}') \g /dev/null
select is((select options from haul.channels where name = 'phone'), '{"topic": "t"}', 'and is taken back');
select haul.add_rule('done', 'phone', '{download.completed,download.failed}', libraries => '{films}', delay => '10 min') \g /dev/null
select haul.add_rule('ill', 'post', '{client.*,target.*}', delay => '1 min') \g /dev/null
select haul.add_rule('disks', 'post', '{*.disk_*}', below => '10 GB', delay => '0') \g /dev/null
select pg_temp.refused(format('select haul.add_rule(%L, %L, %L, title => %L)', v[1], v[2], v[3], v[4]), v[5], v[6], 'a rule: ' || v[7]) from (values
	(array['x', 'zz', '{download.*}', null, 'TW404', 'haul.channels', 'no such channel']), (array['x', 'post', '{download.nonsense}', null, 'TW422', 'haul.occasions', 'no such event']),
	(array['x', 'post', '{}', null, 'TW422', 'haul.occasions', 'none']), (array['x', 'post', '{*.disk_low}', null, 'TW422', 'below', 'a disk without a measure']),
	(array['x', 'post', '{download.*}', '{title', 'TW422', 'fields', 'a template that is none']), (array['done', 'post', '{download.*}', null, 'TW409', 'set_rule', 'there is one'])) w(v);
select haul.set_rule('ill', title => '{client}', reset => '{}'), haul.set_rule('ill', reset => '{title}', events => '{client.*,target.*}') \g /dev/null
select is((select concat_ws(' ', channel, events::text, title) from haul.rules where name = 'ill'), 'post {client.*,target.*}', 'set and reset');

-- Downloads.
select pg_temp.wants('A film', 'films') as a, pg_temp.wants('A song', 'music') as b \gset
select haul.give_up(:a, 'x', 'no room', 'make some'), haul.give_up(:b, 'x', 'no room', null) \g /dev/null
select is(pg_temp.news('done'), 'download.failed', 'of this library only');
select is(pg_temp.jobs(), 'phone in 00:10:00', 'one job, after the delay');
select count(haul.give_up(pg_temp.wants('Film ' || n, 'films'), 'x', 'no room', null)) from generate_series(1, 11) n \g /dev/null
select is(pg_temp.jobs(), 'phone in 00:10:00', 'which does for all that comes meanwhile');
select is((select count(*) from haul.begin_notify('phone', 1)), 0::bigint, 'not before');
select pg_temp.later('10 min') \g /dev/null
select is((select concat_ws(' | ', event, count, level, title) from haul.begin_notify('phone', 1)), 'download.failed | 12 | bad | 12 failed: A film, Film 1, Film 2, Film 3, Film 4 and 7 more', 'gathered into one');
select is((select split_part(body, E'\n', 1) || ' / ' || split_part(body, E'\n', 12) from haul.begin_notify('phone', 1)), 'A film: no room (make some) / Film 11: no room', 'with a line for each');
select is((select jsonb_array_length(data) from haul.begin_notify('phone', 1)), 12, 'and all of it for programs');
select is((select gathered from haul.rules where name = 'done'), 0::bigint, 'nothing is left');
select is((select count(*) from pg_temp.sent('phone')), 1::bigint, 'it is sent');
select is((select count(*) from pg_temp.sent('phone')), 0::bigint, 'once');
select is((select concat_ws(' ', state, tries, rule) from haul.messages), 'sent 1 done', 'and shown');
set local role tow_viewer;
select title || ' / ' || body as seen from haul.messages \gset
reset role;
select is(:'seen'::text, '12 failed: A film, Film 1, Film 2, Film 3, Film 4 and 7 more / (hidden)', 'to viewers without what a server said');
select haul.set_rule('done', body => '{title}{ in |library|}: {detail} {nonsense}', title => 'Hello {count}') \g /dev/null
select haul.give_up(pg_temp.wants('B', 'films'), 'x', 'no', null), pg_temp.later('10 min') \g /dev/null
select is((select title || ' | ' || body from pg_temp.sent('phone')), 'Hello 1 | B in films: no ', 'in words of its own');
select pg_temp.wants('c', 'films', 'tow/4k') as e, pg_temp.wants('c', 'films', 'towel') as f \gset
select haul.set_rule('done', categories => '{tow}'), haul.give_up(:e, 'x', 'no', null), haul.give_up(:f, 'x', 'no', null), pg_temp.later('10 min') \g /dev/null
select is((select count from pg_temp.sent('phone')), 1, 'a category, and those below it');
select haul.set_rule('done', reset => '{categories,title,body}') \g /dev/null

-- Clients.
select pg_temp.fails('http.connect', 'refused'), pg_temp.fails('http.connect', 'refused') \g /dev/null
select is(pg_temp.news('ill'), 'client.down', 'down is told once');
select pg_temp.sees(50000000000) \g /dev/null
select is(pg_temp.news('ill'), null, 'a moment that nobody was told of is none');
select pg_temp.fails('http.connect', 'refused'), pg_temp.later('1 min') \g /dev/null
select is((select title || ' | ' || body from pg_temp.sent('post')), 'client c is down | c: refused (look at it)', 'one that lasts');
select pg_temp.fails('client.auth', 'wrong password') \g /dev/null
select is(pg_temp.news('ill'), 'client.auth_failed', 'it is ill in another way');
select pg_temp.sees(50000000000) \g /dev/null
select is(pg_temp.news('ill'), 'client.back', 'and back: that has to be said');
select pg_temp.fails('http.connect', 'refused') \g /dev/null
select is(pg_temp.news('ill'), null, 'but not when it is down again before');
select pg_temp.sees(50000000000), pg_temp.later('1 min') \g /dev/null
select is((select title || ' | ' || body from pg_temp.sent('post')), 'client c is back | c after 00:00:00', 'back');

-- Disks.
select pg_temp.sees(10737418239), pg_temp.sees(10737418238) \g /dev/null
select is((select title || ' | ' || count from pg_temp.sent('post')), 'client c: 10 GB left | 1', 'a disk is low, once');
select pg_temp.sees(10737418241) \g /dev/null
select is((select count(*) from pg_temp.sent('post')), 0::bigint, 'a little more is not enough');
select pg_temp.sees(12737418241) \g /dev/null
select is((select event from pg_temp.sent('post')), 'client.disk_ok', 'a tenth is');
select haul.measured(:a, 5) \g /dev/null
select is((select title from pg_temp.sent('post')), 'library films: 5 bytes left', 'a library''s');
select is((select free_bytes from haul.libraries where name = 'films'), 5::bigint, 'which shows it');

-- Targets.
select haul.scanned('m', 1), haul.scanned('m', 1, 'http.connect', 'refused', null), haul.scanned('m', 1, 'http.connect', 'refused', null), pg_temp.later('1 min') \g /dev/null
select is((select title || ' ' || count from pg_temp.sent('post')), 'target m fails 1', 'a target');
select haul.scanned('m', 1), pg_temp.later('1 min') \g /dev/null
select is((select title from pg_temp.sent('post')), 'target m is back', 'and back');

-- What is nobody's business.
select is(haul_store.mask(t), r, 'masked: ' || translate(t, E'\r\n', '  ')) from (values
	('GET http://t.example/announce?passkey=abc: 403', 'GET http://t.example/announce?... 403'), ('https://me:pw@h/x', 'https://h/x'), ('magnet:?xt=urn:btih:4124bc0a9335c27f086f24ba207a491200000000&tr=http://x/k', 'magnet:...'),
	('http://t.example/0123456789abcdef0123456789abcdef/announce', 'http://t.example/.../announce'), (E'one\r\ntwo', 'one two'), ('C:/films/Heat (1995)', 'C:/films/Heat (1995)')) v(t, r);
select haul.give_up(pg_temp.wants(E'x\nSubject: y', 'films'), 'x', 'http://t/a?passkey=hunter2 said no', null), pg_temp.later('10 min') \g /dev/null
select is((select title || ' | ' || body from pg_temp.sent('phone')), 'failed: x Subject: y | x Subject: y: http://t/a?... said no', 'on its way, too');
select ok(not exists (select from haul_store.message m where m::text ~ 'hunter2'), 'and nowhere kept');

-- A channel that does not take it.
select haul.give_up(pg_temp.wants('late', 'films'), 'x', 'no', null), pg_temp.later('10 min') \g /dev/null
select message as m from haul.begin_notify('phone', 77) \gset
select is(haul.notified(:m, 'http.connect', 'refused', 'look'), 'pending', 'it is kept');
select is((select concat_ws(' ', state, error, pending) from haul.channels where name = 'phone'), 'failing refused 1', 'and the channel says why');
select alike((select concat_ws(' ', status, detail) from haul.status() where component = 'channel phone'), 'bad fails, 1 message waits, last tried %: refused', 'and it needs somebody');
select is((select message from haul.begin_notify('phone', 78)), :m::bigint, 'another job takes it over from one that does not run');
select pg_temp.worker('{haul}', '{haul.notify}') as w \gset
select is((select count(*) from tow.jobs where kind = 'haul.notify' and state in ('ready', 'scheduled')) > 0, true, 'there are jobs');
select pg_temp.later('1 day'), pg_temp.drain('promote') \g /dev/null
select (pg_temp.claim(:w))[1] as j \gset
select is((select message from haul.begin_notify('phone', :j)), :m::bigint, 'by one that does');
select is((select count(*) from haul.begin_notify('phone', 79)), 0::bigint, 'it is not taken from');
select is(haul.notified(:m, 'http.connect', 'refused', 'look'), 'failed', 'after a day it is given up');
select is((select count(*) from pg_temp.sent('phone')), 0::bigint, 'and not tried again');
-- What nobody cares for is found.
select haul.cancel(d.id) from haul.downloads d where d.title = 'quiet' \g /dev/null
delete from haul_store.news;
select tow.cancel(j.id) from tow.jobs j where j.kind = 'haul.notify' and j.state in ('ready', 'scheduled', 'retrying', 'running') \g /dev/null
select haul.give_up(pg_temp.wants('lost', 'films'), 'x', 'no', null) \g /dev/null
select tow.cancel(j.id) from tow.jobs j where j.kind = 'haul.notify' and j.state = 'scheduled' \g /dev/null
select pg_temp.later('9 min'), pg_temp.sees(50000000000) \g /dev/null
select is(pg_temp.jobs(), null, 'what waits is not late yet');
select pg_temp.later('2 min'), pg_temp.sees(50000000000), pg_temp.sees(50000000000) \g /dev/null
select is(pg_temp.jobs(), 'phone in 00:00:00', 'news that has lost its job gets another');
select tow.cancel(j.id) from tow.jobs j where j.kind = 'haul.notify' and j.state = 'ready' \g /dev/null
select message as m from haul.begin_notify('phone', 80) \gset
select is(haul.notified(:m, 'http.503', 'later', null, 60), 'pending', 'a channel that asks for a minute');
select is((select count(*) from haul.begin_notify('phone', 81)), 0::bigint, 'has it');
select pg_temp.later('59 s'), pg_temp.sees(50000000000) \g /dev/null
select is(pg_temp.jobs(), null, 'from all');
select pg_temp.later('2 s'), pg_temp.sees(50000000000), pg_temp.sees(50000000000) \g /dev/null
select is(pg_temp.jobs(), 'phone in 00:00:00', 'and no longer: a message that has lost its job gets another, too');
select is((select title from pg_temp.sent('phone', 82)), 'failed: lost', 'and is sent');

select haul.give_up(pg_temp.wants('again', 'films'), 'x', 'no', null), pg_temp.later('10 min') \g /dev/null
select is((select title from pg_temp.sent('phone')), 'failed: again', 'the next one is');
select is((select concat_ws(' ', state, error) from haul.channels where name = 'phone'), 'ok', 'and the channel is well');
select is_empty($$ select from haul.status() where component ^@ 'channel' $$, 'and needs nobody');
select pg_temp.later('15 days'), pg_temp.sent('phone') \g /dev/null
select is((select count(*) from haul.messages where channel = 'phone'), 0::bigint, 'what is old is forgotten');

-- On and off, tests, the end.
select haul.set_channel('phone', enabled => false), haul.give_up(pg_temp.wants('off', 'films'), 'x', 'no', null) \g /dev/null
select is(pg_temp.news('done'), null, 'a channel that is off hears nothing');
select pg_temp.refused($$ select * from haul.begin_notify('phone', 1) $$, 'TW410', 'nobody', 'nor does its job send');
select haul.set_channel('phone', enabled => true), haul.set_rule('done', enabled => false), haul.give_up(pg_temp.wants('off', 'films'), 'x', 'no', null) \g /dev/null
select is(pg_temp.news('done'), null, 'nor does a rule that is off');
select haul.test_channel('phone') as t \gset
select is((select title from haul.begin_notify('phone', :t)), 'Towpath can reach you', 'a test');
select is((select haul.notified(message, 'http.connect', 'refused') from haul.begin_notify('phone', :t)), 'failed', 'is not tried again');
-- Jobs, workers, schedules: by a duty, all of a sort together.
select haul.set_channel('phone', reset => '{priority}'), haul.add_rule('jobs', 'phone', '{job.failed queue=mail class=http.*,worker.lost}', delay => '0') \g /dev/null
select pg_temp.refused($$ select haul.add_rule('x', 'phone', '{job.failed nonsense=1}') $$, 'TW422', 'queue=mail', 'what is no field of an event');
create function pg_temp.job_fails(p_kind text, p_queue text, p_class text, p_outcome "char" default 'f') returns bigint language sql as $$
	with j as (select tow.enqueue(p_kind, queue => p_queue) as id)
	insert into tow_store.history (job_id, run, finished_at, attempt, outcome, class, error) select j.id, nextval('tow_store.run'), tow.now(), 1, p_outcome, p_class, 'it broke' from j returning job_id $$;
select tow.set('viewer_sees_args', 'on');
select tow.duty('tell') \g /dev/null
select pg_temp.job_fails('a', 'mail', 'http.503') as f \gset
select pg_temp.job_fails('a', 'mail', 'http.503'), pg_temp.job_fails('a', 'mail', 'exit'), pg_temp.job_fails('a', 'default', 'http.503'), pg_temp.job_fails('a', 'mail', 'http.4', 'r') \g /dev/null
select tow.duty('tell') \g /dev/null
select is(pg_temp.news('jobs'), null, 'what is only just noted is not told yet: others may be under way');
select pg_temp.later('10 s'), tow.duty('tell') \g /dev/null
select is(pg_temp.news('jobs'), 'job.failed', 'jobs that failed for good, of the queue and class that the rule wants, are one piece of news');
select pg_temp.later('10 s'), tow.duty('tell') \g /dev/null
select is(pg_temp.news('jobs'), 'job.failed', 'once');
select is((select title || ' / ' || body from pg_temp.sent('phone')), format('failed: a (2 jobs) / a in mail, job %s (of 2): http.503: it broke', :f), 'how it reads');
select tow.set('viewer_sees_args', 'off');
select pg_temp.job_fails('b', 'mail', 'http.404') \g /dev/null
insert into tow_store.audit (at, who, what, subject, detail) values (tow.now(), 'x', 'worker.dead', '77', '{"jobs": 3}');
select pg_temp.later('10 s'), tow.duty('tell') \g /dev/null
select is((select string_agg(body, ' / ') from pg_temp.sent('phone')) ~ 'it broke', false, 'errors that viewers do not see are in no message');
select tow.set_queue('mail'), tow.grant_queue('mail', 'tow_viewer', 'read'), pg_temp.job_fails('c', 'mail', 'http.404'), pg_temp.later('10 s'), tow.duty('tell') \g /dev/null
select matches((select string_agg(body, ' / ') from pg_temp.sent('phone')), '^c in mail, job \d+: http.404: it broke$', 'those of a queue that all viewers may read are');
select tow.revoke_queue('mail', 'tow_viewer', 'read') \g /dev/null
select is(pg_temp.news('jobs'), null, 'all is sent');
select haul.set_rule('jobs', events => '{download.failed}'), pg_temp.job_fails('b', 'mail', 'http.404'), pg_temp.later('2 min'), tow.duty('tell') \g /dev/null
select haul.set_rule('jobs', events => '{job.*}'), tow.duty('tell') \g /dev/null
select is(pg_temp.news('jobs'), null, 'what nobody wanted to know then is not told later');
select haul.set_rule('jobs', events => '{job.needs_approval queue=mail}') \g /dev/null
select tow.enqueue('deploy', queue => 'mail', wait_for => 'approval', key => 'v7') as w, tow.enqueue('deploy', wait_for => 'approval') as other \gset
select pg_temp.later('10 s'), tow.duty('tell') \g /dev/null
select is((select title || ' / ' || body from pg_temp.sent('phone')), format('to be approved: deploy / deploy v7 in mail, job %s: tow approve, or tow reject', :w), 'a job that waits for a word, in the queue that the rule wants');
select pg_temp.later('10 s'), tow.duty('tell') \g /dev/null
select is(pg_temp.news('jobs'), null, 'once');
select tow.enqueue('a', queue => 'mail') as first \gset
select tow.enqueue('deploy', queue => 'mail', wait_for => 'approval', after => array[:first], if_failed => 'go') as w, tow.enqueue('deploy', queue => 'mail', wait_for => 'approval', after => array[:first], if_failed => 'go') as v \gset
select pg_temp.later('10 s'), tow.duty('tell') \g /dev/null
select is(pg_temp.news('jobs'), null, 'not before it is its turn');
select tow.cancel(:first), pg_temp.drain('admit'), pg_temp.later('10 s'), tow.duty('tell') \g /dev/null
select is((select title || ' / ' || body from pg_temp.sent('phone')), format('to be approved: deploy (2 jobs) / deploy in mail, job %s (of 2): tow approve, or tow reject', :w), 'and then all of a kind together');
select haul.set_rule('jobs', events => '{*}'), haul.give_up(pg_temp.wants('twice'), 'exit', 'no', null) \g /dev/null
delete from haul_store.news where event = 'download.queued';
select pg_temp.job_fails('haul.grab', 'haul', 'exit'), pg_temp.job_fails('haul.import', 'haul', 'lost'), pg_temp.job_fails('haul.empty', 'haul', 'exit'), pg_temp.job_fails('haul.notify', 'haul', 'exit'), pg_temp.later('10 s'), tow.duty('tell') \g /dev/null
select is((select string_agg(concat_ws(' ', n.event, n.said ->> 'kind'), ', ' order by n.id) from haul_store.news n join haul_store.rule r on r.id = n.rule where r.name = 'jobs' and n.event like '%.failed'),
	'download.failed, job.failed haul.empty, job.failed haul.import', 'who wants to hear all hears of a download that failed once, and of what kills its workers');
select is((select count(*) from tow.troubles(tow.now() - interval '1 min', tow.now()) where said ->> 'kind' in ('haul.grab', 'haul.empty')), 2::bigint, 'others may ask for all');
select haul.set_rule('jobs', events => '{job.*}') \g /dev/null
delete from haul_store.news n using haul_store.rule r where r.id = n.rule and r.name = 'jobs';
select haul.test_rule('jobs') as t \gset
select is((select title || ' / ' || body from haul.begin_notify('phone', :t)), 'test: failed: a.kind / a.kind in a queue, job 7: a.class: what went wrong', 'a rule is tried in its own words');
select haul.set_rule('jobs', events => '{worker.lost,*.failed}'), haul.test_rule('jobs') \g /dev/null
select is((select title from haul_store.message order by id desc limit 1), 'test: worker a worker is lost', 'the one that it names first');
select haul.set_rule('jobs', events => '{*.disk_low,download.failed}', below => '1 GB'), haul.test_rule('jobs') \g /dev/null
select is((select title from haul_store.message order by id desc limit 1), 'test: client a client: 9 GB left', 'or the first in order');
update haul_store.rule set events = '{gone.away}' where name = 'jobs';
select pg_temp.refused($$ select haul.test_rule('jobs') $$, 'TW409', 'haul.occasions', 'where nothing fits nothing is sent, and that is said');
select haul.set_rule('jobs', events => '{job.*}', enabled => false) \g /dev/null

select haul.drop_rule('ill'), haul.drop_channel('phone') \g /dev/null
select is((select string_agg(name, ' ' order by name) from haul.rules), 'disks', 'a channel goes with its rules');
select pg_temp.refused($$ select haul.drop_rule('ill') $$, 'TW404', 'haul.rules', 'gone');
select ok(bool_and(haul_store.bad_text(o.title) is false and haul_store.bad_text(o.many) is false and haul_store.bad_text(o.line) is false), 'the words of occasions are templates') from haul.occasions o;
select is((select string_agg(s.name, ' ') from haul_store.state s where s.name <> all('{searching,matching,approved,converting,converted,importing}')
	and not exists (select from haul.occasions o where o.event = 'download.' || s.name)), null, 'every state that matters to people can be told');
select * from finish();
rollback;
