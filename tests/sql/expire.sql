-- Jobs that have been ready for too long: told by their position, whichever way they became ready; and no others.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2031-01-01 00:00+00';
create function pg_temp.turn(p_by interval) returns int language sql as $$
	select pg_temp.later(p_by);
	select pg_temp.drain('expire');
$$;
create function pg_temp.end_of(p_job bigint) returns text language sql as $$
	select concat_ws(' ', h.state, h.class) from tow.history h where h.id = p_job
$$;
select tow.set_queue('q') \g /dev/null
update tow_store.queue set expire_after = '10 min' where name = 'q';
select pg_temp.turn('0') \g /dev/null

select tow.enqueue('noop', queue => 'q', key => 'k') as old \gset
select tow.enqueue('noop', queue => 'q', run_at => tow.now() + '9 min') as later \gset
select tow.enqueue('noop') as other \gset
select is(pg_temp.turn('1 min'), 0, 'a job that is young stays');
select is(pg_temp.turn('8 min'), 0, 'one that is nearly old too');
select pg_temp.drain('promote') \g /dev/null
select tow.enqueue('noop', queue => 'q', priority => 101) as young \gset
select tow.enqueue('noop', queue => 'q', lane => 'a') as laned \gset
select pg_temp.drain('admit') \g /dev/null
select pg_temp.turn('30 s') \g /dev/null
select is(pg_temp.turn('2 min'), 1, 'one that has been ready for longer goes');
select is(pg_temp.end_of(:old), 'cancelled expired', 'cancelled, and why');
select is(tow.state(:later), 'ready', 'one that became ready later is counted from then');
select is(tow.state(:young), 'ready', 'so is one that was made later');
select is(tow.state(:other), 'ready', 'a queue without the setting keeps its jobs');
select isnt(tow.enqueue('noop', queue => 'q', key => 'k', priority => 101), :old::bigint, 'its key is free');
select is((select detail ->> 'jobs' from tow.audit where what = 'jobs.expired' and subject = 'q'), '1', 'the audit says how many');

-- Retries count from when they became ready again.
select pg_temp.worker('{q}') as w \gset
select is((select array_agg(j order by j) from unnest(pg_temp.claim(:w, 2)) j), array[:later, :laned]::bigint[], 'two are claimed');
select pg_temp.say(:w, :later, '{"as": "returned"}') \g /dev/null
select pg_temp.say(:w, :laned, '{"as": "returned"}') \g /dev/null
select pg_temp.drain('sort') \g /dev/null
select pg_temp.turn('30 s') \g /dev/null
select is(pg_temp.turn('8 min'), 1, 'the young one goes');
select is(tow.state(:later), 'ready', 'what was given back is as fresh as that');
select is(tow.state(:laned), 'waiting', 'in a lane too');
select is(pg_temp.turn('3 min'), 3, 'and they expire in their turn, with the one that took the key');

-- A lane keeps what was given back where it stood, by its id; it counts from its instant and its runs all the same.
select tow.enqueue('noop', queue => 'q', lane => 'b', run_at => tow.now() + '1 hour') as dated \gset
select pg_temp.turn('1 hour 1 s'), pg_temp.drain('promote') \g /dev/null
select is(pg_temp.claim(:w, 1), array[:dated]::bigint[], 'claimed at its instant');
select pg_temp.say(:w, :dated, '{"as": "returned"}'), pg_temp.drain('sort') \g /dev/null
select pg_temp.turn('1 min') \g /dev/null
select is(tow.state(:dated), 'waiting', 'a job that waited for its instant and was given back is not old');
select pg_temp.turn('5 min'), pg_temp.claim(:w, 1), pg_temp.say(:w, :dated, '{"as": "returned", "took_us": 1000}'), pg_temp.drain('sort') \g /dev/null
select pg_temp.turn('6 min') \g /dev/null
select is(tow.state(:dated), 'waiting', 'nor is one that ran since');
select pg_temp.turn('6 min') \g /dev/null
select is(pg_temp.end_of(:dated), 'cancelled expired', 'it expires in its turn');

-- A clock that steps back forgets what it said of the future.
select pg_temp.turn('-1 hour') \g /dev/null
select tow.enqueue('noop', queue => 'q') as j \gset
select is(pg_temp.turn('9 min'), 0, 'the clock steps back: nothing expires early');
select is((select count(*) from tow_store.tide where at > tow.now()), 0::bigint, 'no tide is ahead');
update tow_store.queue set expire_after = null;
select is(pg_temp.turn('1 day'), 0, 'nothing expires without the setting');
select pg_temp.turn('3 days') \g /dev/null
select is((select count(*) from tow_store.tide), 1::bigint, 'the tide is kept two days');
select * from finish();
rollback;
