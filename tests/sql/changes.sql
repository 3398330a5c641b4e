-- tow.changes: each feed says its states while somebody asks, events once, and nothing that a viewer may not see.
begin;
\ir ../lib/fixture.sql
delete from tow_store.daemon;
set local tow.fake_now = '2030-01-01 00:00:00+00';
create temporary table w as select pg_temp.worker('{default}', '{noop,scan}') as id;
update tow_store.worker set lease = '100 years'; -- it is heard, whatever time it is
create temporary table mark (since jsonb);
insert into mark values ('{}');

-- One call, as the hub makes it: the marks of the last one are given back. What was said is in said.
create temporary table said (feed text, topic text, key text, n bigint, message jsonb);
create function pg_temp.look(variadic p_topics text[]) returns void language sql as $$
	truncate said;
	insert into said select c.* from mark, tow.changes(mark.since, p_topics) c;
	update mark set since = coalesce((select jsonb_object_agg(s.feed, s.message) from said s where s.topic is null), '{}');
$$;
create function pg_temp.of(p_topic text, p_key text, variadic p_members text[]) returns text language sql as $$
	select string_agg((select string_agg(coalesce(s.message ->> m, '-'), ' ' order by o) from unnest(p_members) with ordinality u(m, o)), ', ' order by s.n)
	from said s where s.topic = p_topic and s.key is not distinct from p_key $$;
create function pg_temp.feeds() returns text language sql as $$ select string_agg(distinct feed, ' ' order by feed) from said $$;

-- Nobody, or what is not there.
select is((select count(*) from tow.changes()), 0::bigint, 'nobody asks, nothing is said');
select pg_temp.look('nonsense', 'queued', 'job:', 'job:x', 'x''y', 'a"b\c', '', 'statuses') \g /dev/null
select is((select string_agg(concat_ws(' ', topic, key), ', ') from said where topic is not null), null, 'topics that are none');
select is((select string_agg(f.name, ' ' order by f.name) from tow_store.feed f where f.area = 'tow'), 'approvals daemons jobs progress queues schedules status workers', 'the queue''s feeds');

-- Jobs.
select tow.enqueue('noop', '{"secret": 1}') as job \gset
select pg_temp.look('job:' || :'job', 'jobs', 'job:999999') \g /dev/null
select is(pg_temp.of('job:' || :'job', :'job', 'type', 'job_id', 'state', 'attempt'), format('change %s ready 0', :'job'), 'a watched job');
select is(pg_temp.feeds(), 'approvals jobs progress', 'others do not look');
select is((select count(*) from said where n is not null), 0::bigint, 'which is a state');
select is(pg_temp.of('job:999999', '999999', 'type', 'job_id', 'state'), 'gone 999999 -', 'that a job is not there is said');
create temporary table counters as select message as of from said where topic = 'jobs';
create function pg_temp.moved() returns boolean language plpgsql as $$
declare
	v_moved boolean;
begin
	perform pg_temp.look('jobs');
	v_moved := (select message from said where topic = 'jobs') is distinct from (select of from counters);
	update counters set of = (select message from said where topic = 'jobs');
	return v_moved;
end $$;
select ok(not pg_temp.moved(), 'counters stand still');
select pg_temp.claim(w.id) from w \g /dev/null
select ok(pg_temp.moved(), 'until a job starts');
select pg_temp.look('job:' || :'job') \g /dev/null
select is(pg_temp.of('job:' || :'job', :'job', 'state', 'attempt'), 'running 1', 'it runs');
insert into tow_store.progress (job_id, run, pct, note, at) select r.job_id, r.run, 45.25, 'secret', tow.now() from tow_store.running r where r.job_id = :job;
select pg_temp.look('job:' || :'job') \g /dev/null
create function pg_temp.far(p_job bigint) returns text language sql as $$
	select string_agg(concat_ws(' ', s.topic, s.key, s.message - '{job_id,at}'::text[]), ', ') from said s where s.message ->> 'type' = 'progress' and s.message ->> 'job_id' = p_job::text and s.n is null $$;
select is(pg_temp.far(:job), format('job:%s %1$s {"type": "progress", "progress_pct": 45.3}', :job), 'and says how far it is');
select isnt(message -> 'at', null, 'and when it said so') from said where feed = 'progress' and topic is not null;
update tow_store.progress p set pct = null where p.job_id = :job;
select pg_temp.look('job:' || :'job') \g /dev/null
select is(pg_temp.far(:job), format('job:%s %1$s {"type": "progress", "progress_pct": null}', :job), 'or that it says something else');
update tow_store.progress p set run = p.run - 1 where p.job_id = :job;
select pg_temp.look('job:' || :'job') \g /dev/null
select is(pg_temp.far(:job), null, 'not what another run of it said');
select pg_temp.say(w.id, :job, '{"as": "completed", "result": {"secret": 2}}') from w \g /dev/null
select ok(pg_temp.moved(), 'or ends');
select pg_temp.look('job:' || :'job') \g /dev/null
select is(pg_temp.of('job:' || :'job', :'job', 'state', 'attempt'), 'completed 1', 'it has ended, at its first attempt');
select pg_temp.look('job:' || :'job') \g /dev/null
select is(pg_temp.of('job:' || :'job', :'job', 'state', 'attempt'), 'completed 1', 'as it was remembered');
select tow.retry(:job), pg_temp.look('job:' || :'job') \g /dev/null
select is(pg_temp.of('job:' || :'job', :'job', 'state', 'attempt'), 'ready 0', 'until somebody puts it back');
select pg_temp.claim(w.id), pg_temp.say(w.id, :job, '{"as": "completed"}') from w \g /dev/null
select tow.enqueue('noop') as job \gset
select ok(pg_temp.moved(), 'or comes');
select tow.cancel(:job) \g /dev/null
select ok(pg_temp.moved(), 'or somebody does something');
-- One that begins to wait for a word: enqueued so, after another, or by its handler; told once as long as it is the same wait.
create function pg_temp.asks(variadic p_topics text[]) returns text language sql as $$
	select pg_temp.look(variadic p_topics);
	select string_agg(concat_ws(' ', s.topic, s.key, s.message ->> 'type', s.message ->> 'job_id', s.message ->> 'kind', s.message ->> 'queue', s.message ->> 'title', s.message ->> 'since', s.n), ', ' order by s.key::bigint)
	from said s where s.feed = 'approvals' and s.topic is not null $$;
select is(pg_temp.asks('jobs'), null, 'nobody waits for a word');
select tow.enqueue('noop', key => 'album:7', wait_for => 'approval') as ask \gset
select tow.enqueue('noop') as first \gset
select tow.enqueue('noop', after => array[:first], wait_for => 'approval') as later \gset
select is(pg_temp.asks('jobs'), format('jobs %s needs_approval %1$s noop default noop album:7 2030-01-01T00:00:00+00:00', :ask), 'one that was enqueued to wait for one, in words, without its arguments');
select is(pg_temp.asks('job:' || :'ask', 'job:' || :'later') ~ :'later', false, 'not one that waits for another first');
select pg_temp.claim(w.id), pg_temp.say(w.id, :first, '{"as": "completed"}'), pg_temp.drain('admit') from w \g /dev/null
select is(pg_temp.asks('job:' || :'later') ~ ('^jobs ' || :'later' || ' needs_approval [^,]*$'), true, 'until it has ended; of whom is watched, and no other');
select tow.approve(:ask), pg_temp.drain('admit') \g /dev/null
select is(pg_temp.asks('jobs') ~ format('jobs %s ', :ask), false, 'who has heard a word is not said any more');
select pg_temp.claim(w.id), pg_temp.later('1 minute'), pg_temp.say(w.id, :ask, '{"as": "waits", "for": "approval"}') from w \g /dev/null
select is(pg_temp.asks('job:' || :'ask'), format('jobs %s needs_approval %1$s noop default noop album:7 2030-01-01T00:01:00+00:00', :ask), 'one whose handler asks, at another instant: it is told anew');
select tow.cancel(:ask) \g /dev/null
-- Of many those that asked last, and that there are others.
create function pg_temp.told() returns text language sql as $$
	select pg_temp.look('jobs');
	select concat_ws(' ', count(*) filter (where message ->> 'type' = 'needs_approval'), string_agg(concat_ws(' ', message ->> 'type', message ->> 'told'), ', ') filter (where message ->> 'type' <> 'needs_approval'))
	from said where feed = 'approvals' and topic is not null $$;
select pg_temp.later('1 minute') \g /dev/null
select count(tow.enqueue('noop', wait_for => 'approval')) from generate_series(1, 499) \g /dev/null
select is(pg_temp.told(), '500', 'five hundred are told');
select tow.enqueue('noop', wait_for => 'approval') as last \gset
select is(pg_temp.told(), '500 more_approvals 500', 'of more it is said that there are others');
select is((select array_agg(exists (select from said where key = k.id) order by k.n) from unnest(array[:'later', :'last']) with ordinality k(id, n)), '{f,t}', 'which have asked for longer');
select is(pg_temp.asks('jobs', 'job:' || :'later') ~ ('jobs ' || :'later' || ' '), true, 'who watches one of these is told of it');
select pg_temp.look(variadic array(select 'job:' || i from generate_series(1, 5000) i)) \g /dev/null
select is((select count(*) from said where topic ^@ 'job:'), 4000::bigint, 'as many as the hub asks for, and no more');

-- Queues: counted so far and no further.
select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[30]), queue => 'other') \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select pg_temp.look('queues') \g /dev/null
select is(pg_temp.of('queues', 'other', 'state', 'ready', 'running', 'waiting', 'workers'), 'open 30 0 0 0', 'a queue');
select is(pg_temp.of('queues', 'default', 'workers', 'slots'), '1 4', 'and who serves it');
select is((select key from said where topic is null), 'gone', 'what is not said is gone');
select tow.pause('other', 'a secret reason') \g /dev/null
select pg_temp.look('queue:other') \g /dev/null
select is(pg_temp.of('queues', 'other', 'state'), 'paused', 'who asks for one gets it among others');
select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[1001]), queue => 'other') \g /dev/null
select pg_temp.look('queues') \g /dev/null
select is(pg_temp.of('queues', 'other', 'ready'), '-', 'many are not counted');

-- Workers, schedules, daemons.
select tow.schedule('x', '@daily', 'noop', '{"secret": 3}') \g /dev/null
select tow.set_daemon('d', 'scan', '{"secret": 4}') \g /dev/null
select tow.start_daemon('d'), pg_temp.drain('admit'), pg_temp.claim(w.id) from w \g /dev/null
create function pg_temp.turn() returns bigint language sql as $$ select d.job from tow_store.daemon d where d.name = 'd' $$;
select tow.daemon_status(pg_temp.turn(), (select r.run from tow_store.running r where r.job_id = pg_temp.turn()), 'Looking', 7, 'noop') \g /dev/null
select pg_temp.look('workers', 'schedules', 'daemons') \g /dev/null
select is(pg_temp.feeds(), 'daemons schedules workers', 'three feeds');
select is(pg_temp.of('workers', (select id::text from w), 'name', 'state', 'slots', 'busy', 'queues'), 'w running 4 1 default:4', 'a worker');
select is(pg_temp.of('schedules', 'x', 'state', 'next_at', 'last_how'), 'active 2030-01-02T00:00:00+00:00 -', 'a schedule');
select is(pg_temp.of('daemons', 'd', 'state', 'status', 'status_job', 'status_kind'), 'running Looking 7 noop', 'a daemon says what it does');
select tow.run_schedule('x') \g /dev/null
select pg_temp.look('schedules') \g /dev/null
select is(pg_temp.of('schedules', 'x', 'last_how', 'last_state'), 'by hand ready', 'what became of its last instant');
select pg_temp.say(w.id, pg_temp.turn(), '{"as": "failed", "class": "x", "error": "a secret error"}') from w \g /dev/null
select pg_temp.look('daemons') \g /dev/null
select is(pg_temp.of('daemons', 'd', 'state', 'status', 'failures'), 'failing - 1', 'and how it fails is for those who may see it');

-- One of which there is none is said to be gone, until it is there; no other is.
create function pg_temp.gone() returns text language sql as $$
	select pg_temp.look('queue:q', 'queue:default', 'worker:77', 'schedule:y', 'schedule:x', 'daemon:e', 'daemon:d');
	select string_agg(concat_ws(' ', s.topic, s.key, s.n), ', ' order by s.topic) from said s where s.message ->> 'type' = 'gone' $$;
select is(pg_temp.gone(), 'daemons e, queues q, schedules y, workers 77', 'what is not there');
select tow.set_queue('q'), tow.schedule('y', '@daily', 'noop'), tow.set_daemon('e', 'scan') \g /dev/null
select is(pg_temp.gone(), 'workers 77', 'and then is');
select is(pg_temp.of('queues', 'q', 'type', 'state'), 'change open', 'it is told how it is');
select pg_temp.look('queues', 'workers', 'schedules', 'daemons') \g /dev/null
select is((select count(*) from said where message ->> 'type' = 'gone'), 0::bigint, 'who asks for all misses none');

-- Schedules: one that others push out of the first is not said to be gone, which it is not; who asks for it by name hears of it.
create function pg_temp.schedules_gone() returns text language sql as $$
	select pg_temp.look('schedules', 'schedule:z');
	select string_agg(s.key, ' ' order by s.key) from said s where s.topic = 'schedules' and s.message ->> 'type' = 'gone' $$;
select tow.schedule(format('m%s', i), '@daily', 'noop') from generate_series(1, 498) i \g /dev/null
select is(pg_temp.schedules_gone(), 'z', 'five hundred are there');
select tow.schedule('a', '@daily', 'noop'), tow.schedule('z', '@daily', 'noop') \g /dev/null
select is(pg_temp.schedules_gone(), null, 'one more');
select is(concat_ws(' ', count(*), count(*) filter (where key = 'y'), pg_temp.of('schedules', 'z', 'type')), '501 0 change', 'pushes the last one out, but not what is asked for') from said where topic = 'schedules';
select is((select key from said where feed = 'schedules' and topic is null), 'over', 'and what is not said is not gone for that');
select tow.unschedule('a'), tow.unschedule('z'), tow.unschedule('m7') \g /dev/null
select is(pg_temp.schedules_gone(), 'a m7 z', 'what is dropped is');

-- What is not well, now and then.
select pg_temp.look('status') \g /dev/null
select is(pg_temp.of('status', 'daemon d', 'status'), 'warn', 'a component that is not well');
select is((select count(*) from said where topic = 'status' and message ->> 'status' = 'ok'), 0::bigint, 'others are not named');
select pg_temp.later('1 s'), pg_temp.look('status') \g /dev/null
select is((select string_agg(feed || coalesce(key, '-'), ' ' order by feed) from said), 'haul_status- status-', 'it does not look again at once');
select tow.stop_daemon('d') \g /dev/null
select pg_temp.later('10 s'), pg_temp.look('status') \g /dev/null
select is(pg_temp.of('status', 'daemon d', 'status'), null, 'but soon');
select isnt(pg_temp.of('status', 'scheduler', 'status'), null, 'and says all of it');

-- Nothing that not everybody may see.
select pg_temp.look('jobs', 'job:' || :'job', 'queues', 'workers', 'schedules', 'daemons', 'status', 'downloads', 'clients') \g /dev/null
select cmp_ok((select count(distinct feed) from said), '>=', 6::bigint, 'all say something');
select is((select string_agg(message::text, ', ') from said where message::text ~ 'secret'), null, 'and nobody a secret');
select is((select string_agg(message::text, ', ') from said where topic is not null and (jsonb_typeof(message) <> 'object' or message ->> 'type' is null)), null, 'each message has a type');
select is((select string_agg(distinct m, ' ') from said, jsonb_object_keys(said.message) m where topic is not null and m in ('seq', 'topic', 'key')), null, 'and no member that is the hub''s');
select * from finish();
rollback;
