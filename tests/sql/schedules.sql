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
select results_eq($$ select schedule, at, how from tow.fires where schedule in ('d', 's', 'g') and job is not null order by 1 $$,
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

set local tow.fake_now = '2030-01-05 05:31:00+00';
select tow.run_schedule('m'), tow.run_schedule('m') \g /dev/null
select is(pg_temp.drain('fire'), 1, 'by hand at the very instant, twice:');
select results_eq($$ select how, at - '2030-01-05 05:31+00' from tow.fires where schedule = 'm' order by at desc limit 3 $$,
	$$ values ('by hand', interval '2 us'), ('by hand', '1 us'), ('due', '0') $$, 'that takes nothing from the instant');

-- Trouble.
select tow.schedule('broken', '@hourly', 'noop', policy => 'quick') \g /dev/null
update tow_store.schedule set kind = 'bad kind' where name = 'broken';
set local tow.fake_now = '2030-01-05 06:00:00+00';
select is(pg_temp.drain('fire') >= 2, true, 'a schedule that cannot be enqueued holds up nobody');
select is((select next_at from tow.schedules where name = 'broken'), '2030-01-05 07:00+00', 'and goes on with its next instant');
select alike(detail ->> 'error', 'bad kind%', 'it is noted') from tow.audit where what = 'schedule.failed';
select results_eq($$ select how, job, reason like 'bad kind%' from tow.fires where schedule = 'broken' $$, $$ values ('failed', null::bigint, true) $$, 'and so is the instant, without a job');

select tow.schedule('lost zone', '@hourly', 'noop', tz => 'Europe/Paris') \g /dev/null
update tow_store.schedule set tz = 'No/Where' where name = 'lost zone';
set local tow.fake_now = '2030-01-05 07:00:00+00';
select is(pg_temp.drain('fire') >= 2, true, 'one whose zone is gone holds up nobody either');
select is((select state from tow.schedules where name = 'lost zone'), 'paused', 'it is paused');
select is((select max(at) from tow.fires where schedule = 'm'), '2030-01-05 07:00+00', 'the others fire');

-- Changing and dropping one.
select is(tow.schedule('m', '0 0 29 2 *', 'other', tz => 'Europe/Paris'), '2032-02-28 23:00+00', 'the same name changes it, in its time zone');
select is((select row(kind, tz)::text from tow.schedules where name = 'm'), '(other,Europe/Paris)', 'all of it');
select results_eq($$ select run_at from tow.next_runs('m', 2) $$, $$ values ('2032-02-28 23:00+00'::timestamptz), ('2036-02-28 23:00+00') $$, 'next_runs of a schedule');
select results_eq($$ select run_at from tow.next_runs('0 12 * * *', 2, 'Asia/Tokyo') $$, $$ values ('2030-01-06 03:00+00'::timestamptz), ('2030-01-07 03:00+00') $$, 'next_runs of a cron line');
select results_eq($$ select run_at from tow.next_runs(spec => '0 12 * * *', n => 2, tz => 'Asia/Tokyo') $$, $$ select run_at from tow.next_runs('0 12 * * *', 2, 'Asia/Tokyo') $$, 'by the name that it has elsewhere');
select tow.unschedule('m');
select is((select count(*) from tow.schedules where name = 'm'), 0::bigint, 'unschedule: gone');
select ok((select count(*) > 1 from tow_store.job where kind = 'noop'), 'its jobs stay');

-- Some of the settings, the others stay; and back.
select tow.schedule('set', '0 3 * * *', 'noop', '{"a": 1}', tz => 'Asia/Tokyo', tags => '{t}', jitter => '5 min', lane => 'l', description => 'all') \g /dev/null
select is(tow.set_schedule('set', priority => 7, overlap => 'skip', missed_within => '2 days', starts_at => '2030-02-01 00:00+00', ends_at => '2030-02-03 12:00+00'), '2030-02-01 18:00+00', 'what is given is changed');
select is((select row(spec, tz, args, priority, tags, lane, jitter, overlap, missed_within, description)::text from tow.schedules where name = 'set'),
	row('0 3 * * *', 'Asia/Tokyo', '{"a": 1}'::jsonb, 7, '{t}'::text[], 'l', interval '5 min', 'skip', interval '2 days', 'all')::text, 'and the rest stays');
select results_eq($$ select run_at from tow.next_runs('set', 10) $$, $$ values ('2030-02-01 18:00+00'::timestamptz), ('2030-02-02 18:00+00') $$, 'next_runs keeps within its start and end, and leaves jitter out');
select tow.set_schedule('set', reset => '{jitter,lane,overlap,starts_at,ends_at,tz,args,priority,tags,missed_within,description}') \g /dev/null
select is((select row(spec, tz, args, priority, tags, lane, jitter, overlap, missed_within, starts_at, ends_at, description, next_at)::text from tow.schedules where name = 'set'),
	row('0 3 * * *', 'UTC', '{}'::jsonb, 100, null::text[], null, null, 'allow', null, null, null, null, '2030-01-06 03:00+00'::timestamptz)::text, 'reset: back to the defaults');
select results_eq($$ select name, spec from tow.show_schedule('set') $$, $$ values ('set', '0 3 * * *') $$, 'show_schedule');
select tow.set_schedule('set', starts_at => '2030-01-06 03:00+00', ends_at => '2030-01-07 03:00+00') \g /dev/null
set local tow.fake_now = '2030-01-06 03:00+00';
select pg_temp.drain('fire') \g /dev/null
select is((select row(state, next_at, last_at)::text from tow.schedules where name = 'set'), row('ended', null, '2030-01-06 03:00+00'::timestamptz)::text, 'the start counts, the end does not: it has ended');
select is_empty($$ select run_at from tow.next_runs('set') $$, 'no instant follows');
select is(tow.set_schedule('set', description => 'over'), null, 'one that has ended can still be changed');
set local tow.fake_now = '2031-01-06 03:00+00';
select is((select row(state, next_at)::text from tow.schedules where name = 'set'), row('ended', null)::text, 'and stays so');

-- The job is as the schedule says.
set local tow.fake_now = '2030-01-10 11:59:59.5+00';
select tow.schedule('j', '0 12 * * *', 'j', queue => 'elsewhere', lane => 'one', jitter => '10 min', start_within => '1 hour') \g /dev/null
select tow.schedule('j2', '0 12 * * *', 'j', jitter => '10 min') \g /dev/null
set local tow.fake_now = '2030-01-10 12:00+00';
select pg_temp.drain('fire') \g /dev/null
select is((select row(j.queue, j.lane, j.deadline)::text from tow.fires f join tow_store.job j on j.id = f.job where f.schedule = 'j'), row('elsewhere', 'one', '2030-01-10 13:00+00'::timestamptz)::text, 'queue, lane, deadline');
select is((select array_agg(distinct tow.state(f.job)) from tow.fires f where f.schedule in ('j', 'j2') and f.how = 'due'), '{scheduled}', 'jitter: fired at the instant, to start later');
select is((select count(distinct j.run_at) from tow.fires f join tow_store.job j on j.id = f.job where f.schedule in ('j', 'j2')), 2::bigint, 'schedules of one instant are spread');
select is((select j.run_at from tow.fires f join tow_store.job j on j.id = f.job where f.schedule = 'j'), '2030-01-10 12:00+00'::timestamptz + tow_store.jitter_of('j', '2030-01-10 12:00+00', '10 min'), 'as name and instant say');
select is(count(*), 0::bigint, 'jitter is never negative, nor as long as it may be')
from generate_series(timestamptz '2030-01-01', '2030-01-10', '7 min') t, tow_store.jitter_of('j', t, '10 min') d where d < '0' or d >= '10 min';
select cmp_ok(count(distinct width_bucket(extract(epoch from d), 0, 600, 10)), '=', 10::bigint, 'it uses all of it')
from generate_series(timestamptz '2030-01-01', '2030-01-10', '7 min') t, tow_store.jitter_of('j', t, '10 min') d;
set local timezone = 'Asia/Tokyo';
select is(tow_store.jitter_of('j', '2030-01-10 12:00+00', '10 min'), '00:01:02.535974'::interval, 'and is the same everywhere, for ever');
set local timezone = 'UTC';
set local tow.fake_now = '2030-01-11 13:00:01+00';
select tow.set_schedule('j', missed => 'last', grace => '2 h') \g /dev/null
select pg_temp.drain('fire') \g /dev/null
select results_eq($$ select how, job, reason from tow.schedule_history('j', 1) $$, $$ values ('skipped', null::bigint, 'its job was to start within 1 h') $$, 'one that could not start in time is not enqueued');

select pg_temp.refused(format('select tow.%s', call), code, hint, call) from (values
	($$ schedule('x', '* * *', 'noop') $$, 'TW422', 'five fields'), ($$ schedule('x', '0 0 30 2 *', 'noop') $$, 'TW422', 'month'), ($$ schedule('x', '* * * * *', 'noop', tz => 'Mars/North') $$, 'TW422', 'region and a city'),
	($$ schedule('x', '* * * * *', 'a b') $$, 'TW422', 'letters'), ($$ schedule('', '* * * * *', 'noop') $$, 'TW422', 'characters'), ($$ schedule('a/b', '* * * * *', 'noop') $$, 'TW422', 'slash'),
	($$ schedule(null, '* * * * *', 'noop') $$, 'TW422', 'characters'), ($$ schedule('x', '* * * * *', 'noop', missed => 'some') $$, 'TW422', 'skip, last or all'), ($$ schedule('x', '* * * * *', 'noop', grace => '-1 s') $$, 'TW422', '1 minute'),
	($$ schedule('x', null, 'noop') $$, 'TW422', 'five fields'), ($$ schedule('x', '* * * * *', 'noop', policy => 'nope') $$, 'TW404', 'tow.policies'),
	($$ unschedule('x') $$, 'TW404', 'tow.schedules'), ($$ pause_schedule('x') $$, 'TW404', 'tow.schedules'), ($$ resume_schedule('x') $$, 'TW404', 'tow.schedules'), ($$ run_schedule('x') $$, 'TW404', 'tow.schedules'), ($$ seen_schedule('x') $$, 'TW404', 'tow.schedules'),
	($$ schedule('x', '* * * * *', 'noop', overlap => 'maybe') $$, 'TW422', 'allow, skip, queue or replace'), ($$ schedule('x', '* * * * *', 'noop', overlap => null) $$, 'TW422', 'allow, skip'),
	($$ schedule('x', '* * * * *', 'noop', dst_gap => 'before') $$, 'TW422', 'skip or after'), ($$ schedule('x', '* * * * *', 'noop', dst_overlap => 'never') $$, 'TW422', 'once or twice'),
	($$ schedule('x', '* * * * *', 'noop', missed_most => 0) $$, 'TW422', '1 to 1000'), ($$ schedule('x', '* * * * *', 'noop', missed_most => 1001) $$, 'TW422', '1 to 1000'), ($$ schedule('x', '* * * * *', 'noop', missed_most => null) $$, 'TW422', '1 to 1000'),
	($$ schedule('x', '* * * * *', 'noop', missed => 'skip', missed_within => '1 day') $$, 'TW422', 'leave it out'),
	($$ schedule('x', '* * * * *', 'noop', missed => 'last', missed_most => 5) $$, 'TW422', 'missed => ''all'''),
	($$ schedule('x', '@every 1 hour', 'noop', dst_gap => 'skip') $$, 'TW422', 'a cron line'), ($$ schedule('x', '@every 1 hour', 'noop', dst_overlap => 'twice') $$, 'TW422', 'a cron line'),
	($$ schedule('x', '* * * * *', 'noop', missed_within => '-1 day') $$, 'TW422', 'from 00:00:01'), ($$ schedule('x', '* * * * *', 'noop', missed_within => '170000 years') $$, 'TW422', '3660 days'),
	($$ schedule('x', '* * * * *', 'noop', grace => null) $$, 'TW422', '7 days'), ($$ schedule('x', '* * * * *', 'noop', grace => '8 days') $$, 'TW422', '7 days'), ($$ schedule('x', '* * * * *', 'noop', jitter => '-1 s') $$, 'TW422', '1 day'),
	($$ schedule('x', '* * * * *', 'noop', jitter => '25 h') $$, 'TW422', '1 day'), ($$ schedule('x', '* * * * *', 'noop', start_within => '0') $$, 'TW422', 'from 00:00:01'), ($$ schedule('x', '* * * * *', 'noop', start_within => '1 min', jitter => '1 min') $$, 'TW422', 'jitter'),
	($$ schedule('x', '* * * * *', 'noop', starts_at => 'infinity') $$, 'TW422', '9999'), ($$ schedule('x', '* * * * *', 'noop', ends_at => '-infinity') $$, 'TW422', '9999'), ($$ schedule('x', '* * * * *', 'noop', starts_at => '200000-01-01') $$, 'TW422', '9999'),
	($$ schedule('x', '* * * * *', 'noop', starts_at => '2040-01-01', ends_at => '2040-01-01') $$, 'TW422', 'later ends_at'), ($$ schedule('x', '* * * * *', 'noop', ends_at => '2000-01-01') $$, 'TW422', 'starts and ends'),
	($$ schedule('x', '0 0 1 1 *', 'noop', starts_at => '2040-01-02', ends_at => '2040-12-31') $$, 'TW422', 'next_runs'), ($$ schedule('x', '* * * * *', 'noop', lane => '') $$, 'TW422', 'short text'), ($$ schedule('x', '* * * * *', 'noop', tags => '{null}') $$, 'TW422', 'leave it out'), ($$ schedule('x', '* * * * *', 'noop', tags => '{{a,b},{c,d}}') $$, 'TW422', 'list of words'),
	($$ schedule('x', '* * * * *', 'noop', description => repeat('x', 1001)) $$, 'TW422', 'shorten'), ($$ schedule(E'x\ny', '* * * * *', 'noop') $$, 'TW422', 'control'), ($$ schedule(repeat('x', 101), '* * * * *', 'noop') $$, 'TW422', 'characters'),
	($$ schedule('x', repeat('*', 501), 'noop') $$, 'TW422', 'five fields'), ($$ schedule('x', '* * * * *', 'noop', jsonb_build_object('a', repeat(md5('x'), 100000))) $$, 'TW413', 'reference'), ($$ schedule('x', '* * * * *', 'noop', args => null) $$, 'TW422', 'JSON'),
	($$ set_schedule('x', '* * * * *') $$, 'TW404', 'tow.schedules'), ($$ set_schedule('j', reset => '{kind}') $$, 'TW422', 'what has a default'), ($$ set_schedule('j', reset => '{null}') $$, 'TW422', 'what has a default'), ($$ set_schedule('j', tz => 'UTC', reset => '{tz}') $$, 'TW422', 'leave one'), ($$ set_schedule('j', spec => '61 * * * *') $$, 'TW422', 'five fields'),
	($$ set_schedule('j', ends_at => '2000-01-01') $$, 'TW422', 'starts and ends'), ($$ show_schedule('x') $$, 'TW404', 'tow.schedules'), ($$ schedule_history('x') $$, 'TW404', 'tow.schedules'), ($$ schedule_history('j', 0) $$, 'TW422', '10000'), ($$ schedule_history('j', null) $$, 'TW422', '10000'),
	($$ next_runs('* * * * *', 5, 'Mars/North') $$, 'TW422', 'region and a city'), ($$ next_runs('* * * * *', dst_gap => 'no') $$, 'TW422', 'skip or after'), ($$ next_runs(null) $$, 'TW422', 'give one of them'),
	($$ next_runs('x') $$, 'TW404', 'cron line'), ($$ next_runs('x', spec => '@daily') $$, 'TW422', 'one of them'), ($$ next_runs(spec => 'x') $$, 'TW422', 'five fields'), ($$ next_runs('* * * * *', 0) $$, 'TW422', '1000')
) r(call, code, hint);
select is((select count(*) from tow.schedules where name = 'x'), 0::bigint, 'what is refused leaves nothing');

select * from finish();
rollback;
