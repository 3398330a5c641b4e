-- What becomes of missed instants, of a clock that is set, and of schedules that are changed meanwhile.
begin;
\ir ../lib/fixture.sql
set local timezone = 'UTC';

-- The history of a schedule, oldest first: "03:00 due, 03:01 skipped".
create function pg_temp.told(p_name text, p_format text default 'DD HH24:MI') returns text
language sql as $$
	select coalesce(string_agg(to_char(f.at, p_format) || ' ' || f.how, ', ' order by f.era, f.at), '') from tow_store.fire f join tow_store.schedule s on s.id = f.schedule_id where s.name = p_name
$$;
create function pg_temp.at(p_now text) returns void
language sql as $$ select set_config('tow.fake_now', p_now || '+00', true); select pg_temp.drain('fire') $$;
create function pg_temp.next(p_name text) returns text
language sql as $$ select to_char(s.next_at, 'DD HH24:MI') from tow.schedules s where s.name = p_name $$;

-- skip, last, all; by age and by number.
select pg_temp.at('2030-01-01 00:30:00') \g /dev/null
select tow.schedule(m, '0 * * * *', 'noop', missed => m) from unnest('{skip,last,all}'::text[]) m \g /dev/null
select tow.schedule('two', '0 * * * *', 'noop', missed => 'all', missed_most => 2) \g /dev/null
select tow.schedule('within', '0 * * * *', 'noop', missed => 'all', missed_within => '2 h') \g /dev/null
select tow.schedule('too old', '0 */2 * * *', 'noop', missed => 'last', missed_within => '30 min') \g /dev/null
select pg_temp.at('2030-01-01 04:45:00') \g /dev/null
select is(pg_temp.told('skip', 'HH24'), '01 skipped, 02 skipped, 03 skipped, 04 skipped', 'skip: none runs');
select is(pg_temp.told('last', 'HH24'), '01 skipped, 02 skipped, 03 skipped, 04 missed', 'last: the last one runs');
select is(pg_temp.told('all', 'HH24'), '01 missed, 02 missed, 03 missed, 04 missed', 'all of them');
select is(pg_temp.told('two', 'HH24'), '01 skipped, 03 missed, 04 missed', 'all, but not more than a number: the latest');
select is(pg_temp.told('within', 'HH24'), '01 skipped, 02 skipped, 03 missed, 04 missed', 'all, but not older than so');
select is(pg_temp.told('too old', 'HH24'), '02 skipped, 04 skipped', 'nor is the last one, if it is too old');
select results_eq($$ select distinct reason from tow.fires where schedule = 'skip' $$, $$ values ('missed') $$, 'the reason: missed');
select results_eq($$ select distinct reason from tow.fires where schedule = 'last' and how = 'skipped' $$, $$ values ('missed, and so was the one at 2030-01-01 04:00:00+00') $$, 'a later one runs');
select results_eq($$ select reason from tow.fires where schedule = 'two' and how = 'skipped' $$, $$ values ('missed, as were all until 2030-01-01 03:00:00+00') $$, 'too many');
select results_eq($$ select distinct reason from tow.fires where schedule = 'within' and how = 'skipped' $$, $$ values ('missed by more than 02:00:00') $$, 'too old');
select is((select count(*) from tow.fires f where (f.job is null) <> (f.how = 'skipped')), 0::bigint, 'what was not skipped has a job');
select ok((select bool_and(j.id > p.id) from (select job, lag(job) over (order by at) as before from tow.fires where schedule = 'all') f join tow_store.job j on j.id = f.job join tow_store.job p on p.id = f.before), 'the oldest came first');
select is((select array_agg(distinct next_at) from tow.schedules where name <> 'too old'), '{2030-01-01 05:00+00}', 'and all go on with the next');
select pg_temp.at('2030-01-01 05:00:00'), pg_temp.at('2030-01-01 06:01:00') \g /dev/null
select is((select array_agg(distinct x) from unnest('{skip,last,all}'::text[]) n, lateral (select right(pg_temp.told(n, 'HH24'), 15) as x) t), '{"05 due, 06 late"}', 'as before: one in time, one late but within the grace');

-- Long gaps cost no more than short ones, whether instants lie densely or not.
select tow.unschedule(name) from tow.schedules \g /dev/null
select tow.schedule('dense', '* * * * * *', 'noop', missed => 'all', missed_most => 50) \g /dev/null
select tow.schedule('lumps', '* * * 2 1 *', 'noop', missed => 'all', missed_most => 50) \g /dev/null
select tow.schedule('rare', '0 0 29 2 *', 'noop', missed => 'all') \g /dev/null
select clock_timestamp() as t \gset
select pg_temp.at('2041-12-01 12:00:00') \g /dev/null
select cmp_ok(extract(epoch from clock_timestamp() - :'t'), '<', 60.0, 'twelve years of seconds are no burden');
select is((select string_agg(format('%s %s %s', schedule, n, l), ', ' order by schedule) from (select schedule, count(*) filter (where job is not null) as n, to_char(max(at), 'YYYY-MM-DD HH24:MI:SS') as l from tow.fires group by 1) x),
	'dense 50 2041-12-01 12:00:00, lumps 50 2041-01-02 23:59:59, rare 3 2040-02-29 00:00:00', 'the latest of each');
select tow.unschedule(name) from tow.schedules \g /dev/null

-- Everything restarts daily: the machine is on from 9 to 17, the job is for Sunday night. 2030-01-06 is a Sunday.
select pg_temp.at('2030-01-01 10:00:00') \g /dev/null
select tow.schedule('weekly', '0 3 * * sun', 'noop') \g /dev/null
do $$
begin
	for i in 2 .. 29 loop
		perform set_config('tow.fake_now', format('2030-01-%s 09:00+00', i), true);
		perform tow.schedule('weekly', '0 3 * * sun', 'noop'); -- the program sets it at each of its starts
		for h in 9 .. 17 loop
			perform set_config('tow.fake_now', format('2030-01-%s %s:00+00', i, h), true);
			if exists (select from tow.tick(null, '{"fire": 0}', null) where duty = 'fire' and wait_ms <= 0) or h = 9 then
				perform pg_temp.drain('fire');
			end if;
		end loop;
	end loop;
end $$;
select is(pg_temp.told('weekly'), '06 03:00 missed, 13 03:00 missed, 20 03:00 missed, 27 03:00 missed', 'a weekly job fires although everything restarts daily');
select is((select array_agg(date_trunc('minute', fired_at) order by at) from tow.fires), '{2030-01-06 09:00+00,2030-01-13 09:00+00,2030-01-20 09:00+00,2030-01-27 09:00+00}', 'as soon as somebody lives');
select tow.unschedule(name) from tow.schedules \g /dev/null

-- The clock steps a little, back and forth: no instant twice, none lost.
select pg_temp.at('2030-03-01 12:00:00') \g /dev/null
select tow.schedule('tick', '* * * * * *', 'noop', missed => 'skip') \g /dev/null
select pg_temp.at('2030-03-01 12:00:' || s) from unnest('{00.5,01,01.2,00.9,02.01,01.99,02.02,05,04.2,03,06.5,05.9,07,30,12,31}'::text[]) with ordinality u(s, n) order by n \g /dev/null
select is((select string_agg(to_char(at, 'SS'), ' ' order by at) from tow.fires where job is not null), (select string_agg(to_char(s, 'FM00'), ' ') from generate_series(1, 31) s), 'small steps: each second once');
select tow.unschedule(name) from tow.schedules \g /dev/null

-- Back by up to three hours: not again until the time has come again; the present instant is kept.
select pg_temp.at('2030-03-01 12:00:00') \g /dev/null
select tow.schedule('h', '30 * * * *', 'noop', missed => 'all') \g /dev/null
select pg_temp.at('2030-03-01 12:30:00'), pg_temp.at('2030-03-01 13:30:00') \g /dev/null
select pg_temp.at('2030-03-01 10:30:00'), pg_temp.at('2030-03-01 11:30:00'), pg_temp.at('2030-03-01 12:30:00'), pg_temp.at('2030-03-01 13:30:00') \g /dev/null
select is(pg_temp.told('h', 'HH24'), '12 due, 13 due', 'back by three hours: nothing fires twice');
select pg_temp.at('2030-03-01 11:00:00') \g /dev/null
select tow.schedule('h', '30 * * * *', 'noop', missed => 'all') \g /dev/null
select is(pg_temp.next('h'), '01 14:30', 'nor when it is set anew meanwhile');
select is(tow.set_schedule('h', spec => '15,30 * * * *'), '2030-03-01 14:15+00', 'nor with another rule');
select is(tow.set_schedule('h', spec => '30 * * * *'), '2030-03-01 14:30+00', 'or the first again');
select results_eq($$ select to_char(run_at, 'DD HH24:MI') from tow.next_runs('h', 1) $$, $$ values ('01 14:30') $$, 'next_runs says so');
select tow.pause_schedule('h'), tow.resume_schedule('h') \g /dev/null
select is(pg_temp.next('h'), '01 14:30', 'nor after a pause');
select pg_temp.at('2030-03-01 14:30:00') \g /dev/null
select is(pg_temp.told('h', 'HH24'), '12 due, 13 due, 14 due', 'then it goes on');

-- Back by more: the new time counts.
select pg_temp.at('2030-03-01 11:00:00') \g /dev/null
select is(pg_temp.next('h'), '01 11:30', 'back by more: the new time counts');
select is((select count(*) from tow.audit where what = 'schedule.clock' and subject = 'h'), 1::bigint, 'it is noted');
select pg_temp.at('2030-03-01 12:30:00') \g /dev/null
select is(pg_temp.told('h', 'HH24'), '12 due, 13 due, 14 due, 11 missed, 12 due', 'instants that it shows again are new ones');
select pg_temp.at('2030-03-01 09:29:00') \g /dev/null
select pg_temp.at('2030-06-01 00:00:00'), pg_temp.at('2030-03-01 09:29:00') \g /dev/null
select pg_temp.at('2030-03-01 09:30:00') \g /dev/null
select is((select right(pg_temp.told('h'), 12)), '01 09:30 due', 'far ahead and back again: as if nothing had been');
set local tow.fake_now = '2030-03-01 04:00:00+00';
select ok((select wait_ms <= 0 from tow.tick(null, '{"fire": 1000}', null) where duty = 'fire'), 'the scheduler is told at once');
select tow.pause_schedule('h') \g /dev/null
select is(tow.resume_schedule('h'), '2030-03-01 04:30+00', 'resuming sees the new time by itself');
set local tow.fake_now = '2030-02-01 04:00:00+00';
select is(tow.set_schedule('h', spec => '45 * * * *'), '2030-02-01 04:45+00', 'so does changing it');
select tow.unschedule(name) from tow.schedules \g /dev/null

-- Changing a schedule neither fires an instant again nor loses one.
select pg_temp.at('2030-04-01 02:59:00') \g /dev/null
select tow.schedule('e', '0 3 * * *', 'noop', '{"v": 1}') \g /dev/null
set local tow.fake_now = '2030-04-01 03:00:10+00';
select is(tow.schedule('e', '0 3 * * *', 'noop', '{"v": 2}'), '2030-04-01 03:00+00', 'set anew while an instant is due: it stays due');
select pg_temp.drain('fire') \g /dev/null
select is(pg_temp.told('e'), '01 03:00 late', 'and fires');
select tow.schedule('e', '0 3 * * *', 'noop', '{"v": 3}') \g /dev/null
select is(pg_temp.drain('fire'), 0, 'set anew after that: not again');
set local tow.fake_now = '2030-04-02 03:00:10+00';
select is(tow.set_schedule('e', spec => '0 4 * * *'), '2030-04-02 04:00+00', 'another rule while an instant of the old is due');
select is(pg_temp.told('e'), '01 03:00 late, 02 03:00 late', 'that fires by the old rule');
select is(tow.set_schedule('e', spec => '0 3 * * *'), '2030-04-03 03:00+00', 'and back');
select is(pg_temp.drain('fire'), 0, 'it does not fire again');
set local tow.fake_now = '2030-04-09 03:30:00+00';
select is(tow.set_schedule('e', tz => 'Asia/Tokyo', kind => 'newer'), '2030-04-09 18:00+00', 'another zone, after days without a scheduler');
select is((select f.how || ' ' || j.kind from tow.fires f join tow_store.job j on j.id = f.job order by at desc limit 1), 'missed noop', 'what was missed by the old rule is decided by it');
select tow.unschedule(name) from tow.schedules \g /dev/null

-- A pause is told, too; resuming what is not paused takes nothing away.
select pg_temp.at('2030-05-01 02:00:00') \g /dev/null
select tow.schedule('p', '0 * * * *', 'noop', missed => 'all') \g /dev/null
set local tow.fake_now = '2030-05-01 03:00:00+00';
select is(tow.resume_schedule('p'), '2030-05-01 03:00+00', 'one that was not paused keeps its instant');
select pg_temp.drain('fire'), tow.pause_schedule('p') \g /dev/null
select pg_temp.at('2030-05-01 05:30:00') \g /dev/null
select tow.resume_schedule('p') \g /dev/null
select results_eq($$ select to_char(at, 'HH24'), how, reason from tow.schedule_history('p') $$, $$ values ('04', 'skipped', 'it was paused until 2030-05-01 05:30:00+00'), ('03', 'due', null) $$, 'instants of a pause');
select tow.unschedule(name) from tow.schedules \g /dev/null

-- Both edges of daylight saving time, as the schedule says. Berlin: 31 March and 27 October 2030.
select pg_temp.at('2030-03-30 12:00:00') \g /dev/null
select tow.schedule(g || ' ' || o, '30 2 * * *', 'noop', tz => 'Europe/Berlin', dst_gap => g, dst_overlap => o) from unnest('{skip,after}'::text[]) g, unnest('{once,twice}'::text[]) o \g /dev/null
select pg_temp.at(to_char(t, 'YYYY-MM-DD HH24:MI:SS')) from generate_series(timestamp '2030-03-30 20:00', '2030-04-01 04:00', '30 min') t \g /dev/null
select is(pg_temp.told('skip once'), '01 00:30 due', 'a gap: skipped');
select is(pg_temp.told('after twice'), '31 01:00 due, 01 00:30 due', 'or where it ends');
select tow.schedule(name, spec, kind, tz => tz, dst_gap => dst_gap, dst_overlap => dst_overlap, missed => 'skip') from tow.schedules \g /dev/null
select pg_temp.at('2030-10-26 12:00:00') \g /dev/null
select pg_temp.at(to_char(t, 'YYYY-MM-DD HH24:MI:SS')) from generate_series(timestamp '2030-10-26 20:00', '2030-10-28 04:00', '30 min') t \g /dev/null
select is(right(pg_temp.told('skip once'), 26), '27 00:30 due, 28 01:30 due', 'an overlap: once');
select is(right(pg_temp.told('after twice'), 40), '27 00:30 due, 27 01:30 due, 28 01:30 due', 'or twice');

select * from finish();
rollback;
