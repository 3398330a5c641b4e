-- Schedules: each instant fires once, missed ones as asked, trouble stays with the schedule that has it.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:30+00';

select is(tow.schedule('m', '* * * * *', 'noop', '{"a": 1}', priority => 50, max_attempts => 2, timeout => '1 min', policy => 'quick', tags => '{t}'), '2030-01-01 00:01+00', 'the next instant');
select is((select row(state, next_at)::text from tow.schedules where name = 'm'), row('active', '2030-01-01 00:01+00'::timestamptz)::text, 'as the view shows');
select is(pg_temp.drain('fire'), 0, 'not before it');
set local tow.fake_now = '2030-01-01 00:01:00+00';
select ok((select wait_ms <= 0 from tow.tick(null, '{"fire": 0}', null) where duty = 'fire'), 'due at it');
select is(tow.duty('fire'), 1, 'it fires');
select is(tow.duty('fire'), 0, 'once');
select results_eq($$ select kind, args, priority, max_attempts, timeout, policy, tags from tow_store.job $$, $$ values ('noop', '{"a": 1}'::jsonb, 50, 2, interval '1 min', 'quick', '{t}'::text[]) $$, 'a job as it was asked for');
select results_eq($$ select schedule, at, how, job from tow.fires $$, $$ select 'm'::text, '2030-01-01 00:01+00'::timestamptz, 'due'::text, id from tow_store.job $$, 'the instant is kept with its job');
select is((select row(next_at, last_at, last_how, last_state)::text from tow.schedules), row('2030-01-01 00:02+00'::timestamptz, '2030-01-01 00:01+00'::timestamptz, 'due', 'waiting')::text, 'and the next one follows');

-- A second scheduler that still believes in the instant.
update tow_store.schedule set next_at = '2030-01-01 00:01+00';
select tow.duty('fire') \g /dev/null
select is((select count(*) from tow_store.job), 1::bigint, 'two firings of one instant are one job');

-- Late, and missed.
set local tow.fake_now = '2030-01-01 00:02:30+00';
select is(pg_temp.drain('fire'), 1, 'half a minute late');
select is((select how from tow.fires order by at desc limit 1), 'late', 'within the grace');
set local tow.fake_now = '2030-01-01 05:30:45+00';
select is(pg_temp.drain('fire'), 1, 'hours later');
select results_eq($$ select at, how from tow.fires order by at desc limit 1 $$, $$ values ('2030-01-01 05:30+00'::timestamptz, 'late') $$, 'the last instant only');
select tow.schedule('d', '0 3 * * *', 'noop', missed => 'last', grace => '1 min') \g /dev/null
select tow.schedule('s', '0 3 * * *', 'noop', missed => 'skip', grace => '1 min') \g /dev/null
select tow.schedule('g', '0 3 * * *', 'noop', missed => 'skip', grace => '6 h') \g /dev/null
select tow.pause_schedule('m');
set local tow.fake_now = '2030-01-05 05:30:45+00';
select pg_temp.drain('fire') \g /dev/null
select results_eq($$ select schedule, at, how from tow.fires where schedule in ('d', 's', 'g') order by 1 $$,
	$$ values ('d', '2030-01-05 03:00+00'::timestamptz, 'missed'), ('g', '2030-01-05 03:00+00', 'late') $$, 'last runs the last one, skip none, a grace counts as in time');
select is((select array_agg(next_at order by name) from tow.schedules where name in ('d', 's', 'g')), array_fill('2030-01-06 03:00+00'::timestamptz, '{3}'), 'and all go on tomorrow');

-- Pause, resume, by hand.
select is((select row(state, next_at)::text from tow.schedules where name = 'm'), '(paused,)', 'paused: nothing is next');
select is((select count(*) from tow.fires where schedule = 'm' and at > '2030-01-02'), 0::bigint, 'nor has it fired');
select is(tow.resume_schedule('m'), '2030-01-05 05:31+00', 'resumed: from now on');
select is((select count(*) from tow.fires where schedule = 'm' and at > '2030-01-02'), 0::bigint, 'what passed meanwhile is not missed');
select tow.run_schedule('m') as hand \gset
select is((select row(how, job)::text from tow.fires order by at desc limit 1), format('("by hand",%s)', :hand), 'by hand: beside its instants');
select is((select next_at from tow.schedules where name = 'm'), '2030-01-05 05:31+00', 'which stay');

-- Trouble.
select tow.schedule('broken', '@hourly', 'noop', policy => 'quick') \g /dev/null
update tow_store.schedule set kind = 'bad kind' where name = 'broken';
set local tow.fake_now = '2030-01-05 06:00:00+00';
select is(pg_temp.drain('fire') >= 2, true, 'a schedule that cannot be enqueued holds up nobody');
select is((select next_at from tow.schedules where name = 'broken'), '2030-01-05 07:00+00', 'and goes on with its next instant');
select alike(detail ->> 'error', 'bad kind%', 'it is noted') from tow.audit where what = 'schedule.failed';
select is((select count(*) from tow.fires where schedule = 'broken'), 0::bigint, 'and has not fired');

select tow.schedule('lost zone', '@hourly', 'noop', tz => 'Europe/Paris') \g /dev/null
update tow_store.schedule set tz = 'No/Where' where name = 'lost zone';
set local tow.fake_now = '2030-01-05 07:00:00+00';
select is(pg_temp.drain('fire') >= 2, true, 'one whose zone is gone holds up nobody either');
select is((select state from tow.schedules where name = 'lost zone'), 'paused', 'it is paused');
select is((select max(at) from tow.fires where schedule = 'm'), '2030-01-05 07:00+00', 'the others fire');

-- Changing and dropping one.
select is(tow.schedule('m', '0 0 29 2 *', 'other', tz => 'Europe/Paris'), '2032-02-28 23:00+00', 'the same name changes it, in its time zone');
select is((select row(kind, tz)::text from tow.schedules where name = 'm'), '(other,Europe/Paris)', 'all of it');
select results_eq($$ select * from tow.next_runs('m', 2) $$, $$ values ('2032-02-28 23:00+00'::timestamptz), ('2036-02-28 23:00+00') $$, 'next_runs of a schedule');
select results_eq($$ select * from tow.next_runs('0 12 * * *', 2, 'Asia/Tokyo') $$, $$ values ('2030-01-06 03:00+00'::timestamptz), ('2030-01-07 03:00+00') $$, 'next_runs of a cron line');
select tow.unschedule('m');
select is((select count(*) from tow.schedules where name = 'm'), 0::bigint, 'unschedule: gone');
select ok((select count(*) > 1 from tow_store.job where kind = 'noop'), 'its jobs stay');

select pg_temp.refused(format('select tow.%s', call), code, hint, call) from (values
	($$ schedule('x', '* * *', 'noop') $$, 'TW422', 'five fields'), ($$ schedule('x', '0 0 30 2 *', 'noop') $$, 'TW422', 'month'), ($$ schedule('x', '* * * * *', 'noop', tz => 'Mars/North') $$, 'TW422', 'pg_timezone_names'),
	($$ schedule('x', '* * * * *', 'a b') $$, 'TW422', 'letters'), ($$ schedule('', '* * * * *', 'noop') $$, 'TW422', 'characters'), ($$ schedule('a/b', '* * * * *', 'noop') $$, 'TW422', 'slash'),
	($$ schedule(null, '* * * * *', 'noop') $$, 'TW422', 'characters'), ($$ schedule('x', '* * * * *', 'noop', missed => 'all') $$, 'TW422', 'skip or last'), ($$ schedule('x', '* * * * *', 'noop', grace => '-1 s') $$, 'TW422', '1 minute'),
	($$ schedule('x', null, 'noop') $$, 'TW422', 'five fields'), ($$ schedule('x', '* * * * *', 'noop', policy => 'nope') $$, 'TW404', 'tow.policies'),
	($$ unschedule('x') $$, 'TW404', 'tow.schedules'), ($$ pause_schedule('x') $$, 'TW404', 'tow.schedules'), ($$ resume_schedule('x') $$, 'TW404', 'tow.schedules'), ($$ run_schedule('x') $$, 'TW404', 'tow.schedules'),
	($$ next_runs('x') $$, 'TW404', 'cron line'), ($$ next_runs('* * * * *', 0) $$, 'TW422', '1000')
) r(call, code, hint);
select is((select count(*) from tow.schedules where name = 'x'), 0::bigint, 'what is refused leaves nothing');

select * from finish();
rollback;
