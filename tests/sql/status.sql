-- tow.status(): each thing that can be wrong is said, with a hint, and only then.
begin;
\ir ../lib/fixture.sql
select pg_temp.later('0');
create function pg_temp.says(p_component text) returns text language sql as $$
	select string_agg(format('%s: %s', s.status, s.detail), '; ') from tow.status() s where s.component ~ p_component
$$;
create function pg_temp.unhinted() returns text language sql as $$
	select string_agg(s.component, ' ') from tow.status() s where s.status = 'bad' and s.hint is null
$$;

select is(pg_temp.says('^scheduler'), 'bad: none lives', 'no scheduler');
select is(pg_temp.says('^workers'), 'bad: none lives', 'no worker');
select is(pg_temp.unhinted(), null, 'what is bad comes with a hint');
select tow.attend('s', 'h', 1, '0', true) \g /dev/null
select is(pg_temp.says('^scheduler'), 'warn: only a stand-by that a worker started', 'only a stand-by');
select * from tow.attend('s', 'h', 1, '0', false) \gset s_
select is(pg_temp.says('^scheduler'), 'ok: 1 running', 'a scheduler');
update tow_store.scheduler set seen_at = tow.now() - interval '14 s';
select is(pg_temp.says('^scheduler'), 'ok: 1 running', 'that was not heard for a moment');
update tow_store.scheduler set seen_at = tow.now() - interval '20 s' where id = :s_scheduler;
select is(pg_temp.says('^scheduler'), format('warn: only a stand-by that a worker started; warn: silent for 20 s', :s_scheduler), 'one that hangs beside a stand-by') from (select) one;
update tow_store.scheduler set seen_at = tow.now() - interval '30 s' where id <> :s_scheduler;
select matches(pg_temp.says('^scheduler'), format('^bad: none is heard: the last one, scheduler %s \(s, pid 1 on h\), was heard at \S+ \S+, 2\d s ago$', :s_scheduler), 'all of them hang: who was heard last, and when');
select is(pg_temp.unhinted(), null, 'with a hint');
select is((select array_agg(state) from tow.schedulers), '{silent,silent}', 'tow.schedulers shows it');
select is((tow.overview() ->> 'schedulers')::int, 0, 'and nobody counts them');
select * from tow.tick(:s_scheduler, '{}', null) \g /dev/null
select alike(pg_temp.says('^scheduler$'), 'ok: 1 running', 'one that goes on is one again');
select is((select array_agg(tow_store.span(i)) from unnest('{59.4 s,00:17:22,02:10:00,2 days 01:00,-1 s}'::interval[]) i), '{59 s,17 min,2 h 10 min,2 days,0 s}', 'how long, in words');

select tow.enqueue('noop') as j \gset
select alike(pg_temp.says('^queue default'), 'bad: 1 ready, 0 running, no worker serves it, the oldest waits for %', 'a queue that nobody serves');
select is(pg_temp.unhinted(), null, 'has a hint');
select pg_temp.worker() as w \gset
select is(pg_temp.says('^workers'), 'ok: 1 with 4 slots, 0 held', 'a worker');
select is(pg_temp.says('^version '), null, 'of whose version nothing is known');
update tow_store.worker set version = '0.1.9' where id = :w;
select is(pg_temp.says('^version 0.1.9$'), format('warn: 1 worker of tow 0.1.9; the database is of tow %s', tow.version()), 'one that is older than the database');
select is((select count(*) from tow.status() s where s.component ^@ 'version '), 1::bigint, 'said once a version');
select is((select s.hint from tow.status() s where s.component = 'version 0.1.9'), format('install tow %s on here and start them again', tow.version()), 'what to do');
update tow_store.worker set version = '99.0.0' where id = :w;
select is((select s.hint from tow.status() s where s.component = 'version 99.0.0'), 'once all are of tow 99.0.0: tow migrate', 'one that is newer');
update tow_store.worker set version = tow.version() where id = :w;
select is(pg_temp.says('^version '), null, 'one that is as the database');
select is(pg_temp.says('^serve$'), 'ok: none runs: the page and the API are nowhere', 'no server, and nobody who would miss it');
select tow.add_token('ada', 'viewer') \g /dev/null
update tow_store.token set used_at = tow.now() - interval '2 h';
select is(pg_temp.says('^serve$'), 'warn: none runs: the page and the API are nowhere', 'somebody has asked one today');
set local application_name = 'tow hub';
select pg_stat_clear_snapshot();
select is(pg_temp.says('^serve$'), 'ok: the page and the API are at an address that an older tow serve does not say', 'one of 0.7.0 runs');
set local application_name = 'tow serve at http://127.0.0.1:7077';
select pg_stat_clear_snapshot();
select is(pg_temp.says('^serve$'), 'ok: the page and the API are at http://127.0.0.1:7077', 'where one is');
select is((select string_agg(s, ',') from tow.served_at() s), 'http://127.0.0.1:7077', 'which is for whoever makes a link to it');
set local application_name = 'tow serve at https://queue.of.the.department.example/and/so/on/and/on';
select pg_stat_clear_snapshot();
select is((select string_agg(s, ',') from tow.served_at() s), null, 'one that is too long for a name is no address');
set local application_name = 'psql';
select alike(pg_temp.says('^queue default'), 'ok: 1 ready, 0 running, the oldest waits for %', 'a queue that is served');
select tow.pause('default', 'repairs');
select alike(pg_temp.says('^queue default'), 'warn: paused: repairs; 1 ready%', 'a paused queue');
select tow.resume('default');
select tow.pause_kind('noop', 'broken'), tow.pause_lane('default', 'acme');
select is(pg_temp.says('^kind noop'), 'warn: paused: broken', 'a paused kind');
select is(pg_temp.says('^lane '), 'warn: paused', 'a paused lane');
select is((select string_agg(hint, ', ' order by component) from tow.status() where component ~ '^(kind noop|lane acme of default)$'), 'select tow.resume_kind(''noop''), select tow.resume_lane(''default'', ''acme'')', 'and how they go on');
select tow.resume_kind('noop'), tow.resume_lane('default', 'acme');
select is(pg_temp.says('^(kind|lane) '), null, 'as they do');
update tow_store.worker set state = 'draining' where id = :w;
select is(pg_temp.says('^workers'), 'warn: 1 with 4 slots, 0 held: no more is claimed, as all are about to go', 'the only worker is about to go');
select alike(pg_temp.says('^worker \d'), 'ok: draining%', 'which it is said to be');
select is(pg_temp.unhinted(), null, 'with a hint');
update tow_store.worker set state = 'running' where id = :w;
update tow_store.worker set missing_since = tow.now() where id = :w;
select is(pg_temp.says('^worker \d'), 'warn: its session is gone', 'a worker whose lock is free');
select alike(pg_temp.says('^workers'), 'bad: none is heard: the last one, w on %', 'is none of those that work');
update tow_store.worker set missing_since = null, seen_at = tow.now() - interval '10 s' where id = :w;
select alike(pg_temp.says('^worker \d'), 'warn: silent for 10 s', 'a worker that is silent');
select alike(pg_temp.says('^workers'), 'ok: 1 %', 'is still one of them');
select is((select array_agg(row(worker, detail)::text) from tow.worker_troubles()), array[format('(%s,"silent for 10 s")', :w)], 'which is said of workers alone, too');
update tow_store.worker set seen_at = tow.now() - lease - interval '1 s' where id = :w;
select alike(pg_temp.says('^workers'), 'bad: none is heard: the last one, w on %', 'until its lease has passed, whoever should take it away');
select is((select state from tow.workers), 'silent', 'and its state says so');
select is(pg_temp.unhinted(), null, 'with a hint');
update tow_store.worker set seen_at = tow.now() where id = :w;
select is(pg_temp.says('^worker \d'), null, 'one that is not');

select tow.cancel(:j) \g /dev/null
select tow.enqueue('rare') as j \gset
select is(pg_temp.says('^kind rare'), 'bad: 1 ready in queue default, and no live worker of it knows the kind', 'a kind that nobody runs');
select is(pg_temp.unhinted(), null, 'has a hint');
select pg_temp.claim(:w) \g /dev/null
select pg_temp.say(:w, :j, '{"as": "unknown"}') \g /dev/null
select tow.enqueue('rare') \g /dev/null
select alike(pg_temp.says('^kind rare'), 'bad: 2 ready in queue default%', 'once it has a band of its own, how many');
select pg_temp.worker(p_kinds => '{rare}') \g /dev/null
select is(pg_temp.says('^kind rare'), null, 'until somebody knows it');

select tow.set_queue('lanes') \g /dev/null
select tow.enqueue('odd', queue => 'lanes', lane => 'a') as l \gset
select pg_temp.drain('admit'), pg_temp.drain('sort') \g /dev/null
select alike(pg_temp.says('^queue lanes'), 'bad: 0 ready, 0 running, 1 in lanes, no worker serves it%', 'lanes that nobody serves');
select pg_temp.worker('{lanes}') \g /dev/null
select is(pg_temp.says('^kind odd'), 'bad: 1 ready in queue lanes, and no live worker of it knows the kind', 'a kind in a lane that nobody knows');
select tow.cancel(:l) \g /dev/null

select tow.schedule('s', '@hourly', 'noop') \g /dev/null
select is(pg_temp.says('^schedule '), null, 'a schedule that is not due');
update tow_store.schedule set next_at = tow.now() - interval '10 min';
select alike(pg_temp.says('^schedule s'), 'bad: was due at % and has not fired', 'one that was');
update tow_store.schedule set kind = 'a b';
select tow.duty('fire') \g /dev/null
select alike(pg_temp.says('^schedule s'), 'warn: could not enqueue: bad kind%', 'one that cannot be enqueued');

select tow.duty_failed('prune', 'no space left');
select alike(pg_temp.says('^duty prune'), 'warn: failed at %: no space left', 'a duty that failed');
update tow_store.duty set error_at = tow.now() - interval '11 min';
select is(pg_temp.says('^duty'), null, 'not for ever');
insert into tow.inbox (kind) values ('');
select tow.duty('inbox') \g /dev/null
select is(pg_temp.says('^inbox'), 'warn: 1 row refused in the last day', 'rows that were refused');

select is(pg_temp.says('^xmin'), 'ok: nobody pins the horizon', 'the horizon');
select is(pg_temp.says('^notify'), 'ok: 0.0 % of the notification queue in use', 'the notification queue');
select is(pg_temp.says('^partitions'), 'ok: 3 days and 2 ranges of ids ahead', 'partitions');
insert into tow_store.history_rest (job_id, run, finished_at, attempt, outcome) values (1, 0, '2001-01-01', 1, 'c');
select is(pg_temp.says('^partitions'), 'bad: rows stand in a partition of the rest: history', 'rows in the rest');
insert into tow_store.log_rest (job_id, n, run, at, level, line) values (1, 1, 0, '2001-01-01', 'i', 'l');
insert into tow_store.job_rest select (jsonb_populate_record(j, '{"id": 900000000000}')).* from tow_store.job j limit 1;
select is(pg_temp.says('^partitions'), 'bad: rows stand in a partition of the rest: job, history, log', 'of each');
delete from tow_store.history_rest;
delete from tow_store.log_rest;
delete from tow_store.job_rest;
select format('drop table tow_store.%I', name) from tow_store.job_ranges where first > 0 \gexec
select is(pg_temp.says('^partitions'), 'bad: 3 days and 0 ranges of ids ahead', 'none ahead');
select is(pg_temp.unhinted(), null, 'has a hint');

select format('drop table tow_store.%I', name) from tow_store.days where parent = 'history' and tow.now() + interval '1 day' between first and stop \gexec
select is(pg_temp.says('^partitions'), format('bad: not made: history of %s', (tow.now() at time zone 'UTC')::date + 1), 'that of tomorrow is missed today');
select format('drop table tow_store.%I', name) from tow_store.days where parent = 'log' and tow.now() between first and stop \gexec
select alike(pg_temp.says('^partitions'), 'bad: not made: history of 2%, log of 2%', 'each day that was not made is named');
select is(pg_temp.unhinted(), null, 'has a hint');

select alike(pg_temp.says('^history'), 'ok: % kB', 'how much is kept');
select tow.set('history_max', '10 kB') \g /dev/null
select alike(pg_temp.says('^history'), 'bad: % kB of at most 10 kB', 'more than it may be');
select is(pg_temp.unhinted(), null, 'has a hint');
select tow.set('history_over', 'drop') \g /dev/null
select alike(pg_temp.says('^history'), 'warn: % kB of at most 10 kB the oldest days are dropped', 'unless the oldest days go');
select pg_temp.refused($$ select tow.set('history_max', 'much') $$, 'TW422', 'a size', 'a bad size');
select pg_temp.refused($$ select tow.set('history_over', 'burn') $$, 'TW422', 'warn or drop', 'a bad word');
select is(array(select s.name from tow_store.setting s where s.name <> 'test' and tow_store.setting_takes(s.name) = 'a whole number, 1 or more' and s.value !~ '^[0-9]+$'), '{}', 'what a setting takes is said of each');

-- The guard drops whole days, oldest first, never today's, and the facts of their jobs are pruned after them.
select tow_store.make_day('history', (now() at time zone 'UTC')::date - d) from generate_series(1, 3) d \g /dev/null
select tow.enqueue('old') as o \gset
update tow_store.job set created_at = now() - interval '3 days' where id = :o;
delete from tow_store.ready where id = :o;
insert into tow_store.history (job_id, run, finished_at, attempt, outcome) values (:o, 0, now() - interval '2 days', 1, 'c');
select count(*) as days from tow_store.days where parent = 'history' \gset
select tow.set('history_max', '0') \g /dev/null
select tow_store.guard_history(now()) \g /dev/null
select is((select count(*) from tow_store.days where parent = 'history'), :days::bigint, 'no limit: all days stay');
select tow.set('history_max', '10 kB') \g /dev/null
select is(pg_temp.drain('prune') >= 3, true, 'the guard drops days');
select is((select min(first) from tow_store.days where parent = 'history') >= date_trunc('day', now() at time zone 'UTC') at time zone 'UTC', true, 'all that have passed');
select is((select count(*) from tow.audit where what = 'history.dropped'), 3::bigint, 'and says so');
select tow_store.prune_window(:o, :o + 1) \g /dev/null
select is((select count(*) from tow_store.job where id = :o), 0::bigint, 'facts that are older than all history go with it');
select is((select count(*) from tow.fsck() where problem = 'lost'), 0::bigint, 'and nothing is missed');
select tow.set('history_max', '0') \g /dev/null

-- duties, schedules, bells
update tow_store.duty set last_at = tow.now() - interval '1 hour' where name = 'tidy';
select alike(pg_temp.says('^duty tidy'), 'warn: has had no turn for 1 h', 'a duty that has no turn');
update tow_store.duty set last_at = tow.now();
select is(pg_temp.says('^duty tidy'), null, 'one that has');
update tow_store.duty set last_at = tow.now() - interval '1 hour' where name in ('inbox', 'decide', 'daemons');
select is(pg_temp.says('^duty'), null, 'those that have a turn only when there is work for them may be idle');
insert into tow.inbox (kind) values ('noop');
select alike(pg_temp.says('^duty'), 'warn: has had no turn for%', 'but not while there is');
delete from tow.inbox;
update tow_store.duty set last_at = tow.now();
delete from tow_store.fire; -- what was missed above goes by the time of day
insert into tow_store.fire (schedule_id, at, fired_at, how) select id, tow.now() - interval '1 h', tow.now(), 'missed' from tow_store.schedule where name = 's';
select alike(pg_temp.says('^schedule s'), '%warn: missed 1 instant in the last day%', 'a schedule that missed an instant');
insert into tow_store.fire (schedule_id, at, fired_at, how, reason) select s.id, tow.now() - i * interval '2 h', tow.now(), 'skipped', r
	from tow_store.schedule s, unnest('{missed,"missed, and so was the one at three",job 7 had not finished,it was paused until four}'::text[]) with ordinality u(r, i) where s.name = 's';
select alike(pg_temp.says('^schedule s'), '%warn: missed 3 instants in the last day%', 'those whose job did not run after all, too');
insert into tow_store.fire (schedule_id, at, fired_at, how, reason) select id, tow.now() - interval '20 h', tow.now(), 'skipped', 'missed, as were all until two' from tow_store.schedule where name = 's';
select alike(pg_temp.says('^schedule s'), '%warn: missed more than 4 instants in the last day%', 'and those that have no row');
select is((select s.hint from tow.status() s where s.component = 'schedule s' and s.detail like 'missed%'), $$was the scheduler or the database away? tow schedule history s; once that is known: select tow.seen_schedule('s')$$, 'what to do');
update tow_store.schedule set kind = 'noop' where name = 's';
select tow.seen_schedule('s');
select is(pg_temp.says('^schedule s') like '%missed%', null, 'until somebody has seen it');
select pg_temp.later('1 s');
insert into tow_store.fire (schedule_id, at, fired_at, how, reason) select id, tow.now() - interval '30 h', tow.now(), 'skipped', 'missed' from tow_store.schedule where name = 's';
select alike(pg_temp.says('^schedule s'), '%warn: missed 1 instant in the last day%', 'what comes later is said again');
select pg_temp.later('1 s');
select tow.run_schedule('s') \g /dev/null
select is(pg_temp.says('^schedule s') like '%missed%', null, 'until it was run by hand');
select pg_temp.later('1 s');
insert into tow_store.fire (schedule_id, at, fired_at, how, job_id, reason) select s.id, tow.now() - i * interval '31 h', tow.now(), h, j, r
	from tow_store.schedule s, (values (1, 'missed', 1, null), (2, 'skipped', null, 'missed, and so was the one at three')) v(i, h, j, r) where s.name = 's';
select alike(pg_temp.says('^schedule s'), '%ok: missed 2 instants in the last day%; it was made up for', 'what the schedule has made up for itself is well');
insert into tow_store.fire (schedule_id, at, fired_at, how, reason) select id, tow.now(), tow.now(), 'skipped', 'missed, and so was the one after' from tow_store.schedule where name = 's';
select alike(pg_temp.says('^schedule s'), '%warn: missed 3 instants in the last day%', 'not where nothing has run since');
select setval(arm, 1::bigint << 61) from tow_store.queue where name = 'default' \g /dev/null
select alike(pg_temp.says('^queue default'), '%warn: its bell rings for 1 that are gone', 'a bell that rings for nobody');
select setval(arm, 0) from tow_store.queue where name = 'default' \g /dev/null

-- schedules whose jobs nobody would run
select tow.schedule('slip', '@yearly', 'nooop') \g /dev/null
select is(pg_temp.says('^schedule slip'), $$warn: no live worker knows kind 'nooop', did you mean 'noop'?$$, 'a schedule of a kind that nobody knows');
select tow.set_schedule('slip', kind => 'noop', queue => 'defalt') \g /dev/null
select is(pg_temp.says('^schedule slip'), $$warn: no live worker serves queue 'defalt', did you mean 'default'?$$, 'for a queue that nobody serves');
select tow.set_schedule('slip', queue => 'default') \g /dev/null
select is(pg_temp.says('^schedule slip'), null, 'not one whose jobs somebody would run');
select tow.set_schedule('slip', kind => 'nooop') \g /dev/null
savepoint living;
update tow_store.worker set ended_at = tow.now();
select is(pg_temp.says('^schedule slip'), null, 'while no worker lives that is said, not this of each schedule');
rollback to living;
select tow.pause_schedule('slip') \g /dev/null
select is(pg_temp.says('^schedule slip'), null, 'nor one that is paused');

select is((select count(*) from tow.overview() o, jsonb_object_keys(o) k where k in ('at', 'claims', 'positions', 'queues', 'workers', 'running', 'trouble')), 7::bigint, 'the overview has its parts');
select * from finish();
rollback;
