-- tow.now(): the clock, and who may set it. What the scheduler is told.
begin;
\ir ../lib/fixture.sql

set local tow.fake_now = '2040-01-01 00:00+00';
select is(tow.now(), '2040-01-01 00:00+00', 'an instance for tests: tow.fake_now');
update tow_store.setting set value = 'off' where name = 'test';
select ok(tow.now() between clock_timestamp() - interval '1 min' and clock_timestamp(), 'any other: the clock, whatever the setting says');
select pg_temp.refused($$ select tow.set('test', 'on') $$, 'TW422', 'tow migrate', 'it cannot be marked later');
set local tow.fake_now = 'nonsense';
select lives_ok('select tow.now()', 'nonsense is not even read');
set local tow.fake_now = '';
select ok(tow.now() <> (select tow.now() from pg_sleep(0.001)), 'clock time, not the transaction''s');
update tow_store.setting set value = 'on' where name = 'test';
select ok(tow.now() between clock_timestamp() - interval '1 min' and clock_timestamp(), 'an instance for tests without the setting: the clock');

-- Tick.
create function pg_temp.wait(p_duty text, p_ago jsonb default '{}') returns double precision language sql as $$
	select wait_ms from tow.tick(null, p_ago, null) where duty is not distinct from p_duty
$$;
select pg_temp.later('0');
select set_eq($$ select duty from tow.tick(null, '{}', null) where wait_ms <= 0 $$, $$ values ('promote'), ('fire'), ('partition'), ('prune'), ('tidy'), ('expire'), ('wake'), ('admit'), ('sample'), ('tell') $$, 'what never ran is due, but for what has nothing to do');
select is((select count(*) from tow.tick(null, (select jsonb_object_agg(name, 0) from tow.duties), null) where wait_ms <= 0), 0::bigint, 'what just ran is not');
select is(pg_temp.wait('prune', '{"prune": 1000}'), 59000::double precision, 'in how long it will be');
select tow.enqueue('noop', run_at => tow.now() + interval '12.5 ms') \g /dev/null
select is(pg_temp.wait('promote', '{"promote": 0}'), 12.5::double precision, 'promote: at the next instant, to the fraction of a millisecond');
select is((select pg_temp.wait('promote', '{"promote": 0}') from pg_temp.later('12.5 ms')), 0::double precision, 'at once when it has come');
select pg_temp.later('5 ms');
select is(pg_temp.wait('promote', '{"promote": 10}'), -5::double precision, 'though the last turn was just before');
select is(pg_temp.wait('promote', '{"promote": 2}'), 18::double precision, 'what a turn could not take is looked at 20 ms after it');
select pg_temp.later('1 s');
select is(array[pg_temp.wait('promote', '{"promote": 5}'), pg_temp.wait('promote', '{"promote": 21}')], '{15,0}', 'however long ago its instant was');
create function pg_temp.wait_after(p_vain text[]) returns double precision language sql as $$
	select wait_ms from tow.tick(null, '{"promote": 5}', null, p_vain) where duty = 'promote'
$$;
select is(pg_temp.wait_after('{admit,promote}'), 15::double precision, 'where that turn found nothing to do');
select ok(pg_temp.wait_after('{admit}') <= 0, 'and at once where it did: what came meanwhile may be what is left');
select tow.enqueue('noop', deadline => tow.now() + interval '3 ms') \g /dev/null
select is(pg_temp.wait('expire', '{"expire": 0}'), 3::double precision, 'expire: at the next deadline');
select tow.enqueue('noop', queue => 'unheard-of') \g /dev/null
insert into tow.inbox (kind) values ('noop');
select is(array[pg_temp.wait('admit', '{"admit": 5}'), pg_temp.wait('inbox', '{"inbox": 5}')], '{15,15}', 'the same for what has no instant');
select is(array[pg_temp.wait('admit') <= 0, pg_temp.wait('inbox') <= 0], '{t,t}', 'which is due at once otherwise');
delete from tow.inbox;
select tow.duty('promote'), tow.duty('admit') \g /dev/null
select tow.schedule('s', '@every 1s', 'noop') \g /dev/null
select ok(pg_temp.wait('fire', '{"fire": 0}') between 0 and 1000, 'fire: at the next instant');
update tow_store.duty set enabled = false where name = 'prune';
select is((select count(*) from tow.tick(null, '{}', null) where duty = 'prune'), 0::bigint, 'a duty that is off is not listed');
select is((select count(*) from tow.tick(null, '{}', null) where duty is null), 1::bigint, 'and how long to sleep at most');
select tow.tick(null, (select jsonb_object_agg(name, 0) from tow.duties), null) \g /dev/null
-- What is waited for is counted from the answer, whatever the look took.
savepoint slow;
set local tow.fake_now = '';
create or replace function tow_store.next_sample() returns timestamptz language sql as $$ select null::timestamptz from pg_sleep(0.1) $$;
select tow.enqueue('noop', run_at => clock_timestamp() + interval '900 ms') as j, clock_timestamp() as began \gset
select ok((select wait_ms from tow.tick(null, '{"promote": 0}', null, '{}') where duty = 'promote')
	<= (select extract(epoch from run_at - :'began') * 1000 - 100 from tow_store.scheduled where id = :j), 'a look that took long leaves less to sleep');
rollback to slow;
select tow.limit(60000);
select is(current_setting('statement_timeout'), '1min', 'tow.limit bounds what follows');
set local statement_timeout = 0;

-- Stand-bys leave when a real one lives.
select * from tow.attend('standby', 'h', 1, '0', true) \gset b_
select is((select count(*) from tow.tick(:b_scheduler, '{}', null) where duty = 'exit'), 0::bigint, 'a stand-by goes on while it is alone');
select is(:'b_bell'::text, 'tow_clock', 'and listens to the clock''s bell');
select tow.attend('real', 'h', 1, '0', false) \g /dev/null
select is((select count(*) from tow.tick(:b_scheduler, '{}', null) where duty = 'exit'), 1::bigint, 'and leaves when a real one lives');
select is((select array_agg(state order by id) from tow.schedulers), '{stand-by,running}', 'both show');
select pg_temp.later('16 s');
select is((select count(*) from tow.tick(:b_scheduler, '{}', null) where duty = 'exit'), 0::bigint, 'but not when that one hangs, though its session holds its lock');
select tow.leave(:b_scheduler);
select is((select array_agg(state order by id) from tow.schedulers), '{silent}', 'until one has left');

-- Duty.
select pg_temp.refused($$ select tow.duty('sleep') $$, 'TW404', 'tow.duties', 'no such duty');
select tow.duty('tidy') \g /dev/null
select is((select last_at from tow.duties where name = 'tidy'), tow.now(), 'a turn is noted');
select pg_temp.later('5 s');
select tow.duty('tidy') \g /dev/null
select is((select tow.now() - last_at from tow.duties where name = 'tidy'), '5 s', 'but not every one');

select * from finish();
rollback;
