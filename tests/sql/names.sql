-- Names are steps of addresses, where . and .. lead elsewhere: nothing new is called so, and what is there already goes on.
begin;
\ir ../lib/fixture.sql
create function pg_temp.dots(p_sql text, p_what text, p_hint text default 'not . or .. alone') returns setof text language sql as $$
	select pg_temp.refused(format(p_sql, n), 'TW422', p_hint, format('%s %s', p_what, n)) from unnest(array['.', '..']) n $$;
select pg_temp.dots($$ select tow.enqueue('noop', lane => %L) $$, 'no lane of a job is', 'another place');
select pg_temp.dots($$ select tow.enqueue_many('noop', '{}', lane => %L) $$, 'nor of many', 'another place');
select pg_temp.dots($$ select tow.set_lane('default', %L, 3) $$, 'nor one with limits', 'another place');
select pg_temp.dots($$ select tow.pause_lane('default', %L) $$, 'nor a paused one', 'another place');
select pg_temp.dots($$ select tow.enqueue('noop', queue => %L) $$, 'no queue of a job is');
select pg_temp.dots($$ select tow.set_queue(%L) $$, 'nor one that is set up');
select pg_temp.dots($$ select tow.enqueue(%L) $$, 'no kind is');
select pg_temp.dots($$ select tow.pause_kind(%L) $$, 'nor a paused one');
select pg_temp.dots($$ select tow.schedule(%L, '@daily', 'noop') $$, 'no schedule is');
select pg_temp.dots($$ select tow.set_daemon(%L, 'noop', '{}') $$, 'no daemon is');
select pg_temp.dots($$ select tow.set_policy(%L, 'fixed', base => '1 s') $$, 'no policy is');
select pg_temp.dots($$ select tow.add_token(%L, 'viewer') $$, 'no token is');
select pg_temp.dots($$ select haul.add_client(%L, 'transmission', 'http://127.0.0.1:1') $$, 'no client is');
select pg_temp.dots($$ select haul.add_library(%L, '/srv/films') $$, 'no library is');
select pg_temp.dots($$ select haul.add_target(%L, 'mpd', 'mpd://127.0.0.1:6600') $$, 'no target is');
select pg_temp.dots($$ select haul.add_profile(%L) $$, 'no profile is');
select pg_temp.dots($$ select haul.add_channel(%L, 'webhook', 'http://127.0.0.1:1/') $$, 'no channel is');
select haul.add_channel('hook', 'webhook', 'http://127.0.0.1:1/') \g /dev/null
select pg_temp.dots($$ select haul.add_rule(%L, 'hook', '{*}') $$, 'no rule is');
select tow.enqueue('noop', lane => '...', queue => '.a') as c \gset
select is(tow.state(:c), 'waiting', 'what only begins with one is well');

-- One of an older version.
select tow.enqueue('noop', lane => 'old') as a, tow.enqueue('noop', lane => 'old') as b \gset
select pg_temp.worker(p_kinds => '{noop,..}') as w \gset
select pg_temp.drain('admit') \g /dev/null
update tow_store.job set lane = '..', kind = '..' where id in (:a, :b);
update tow_store.gate set name = '..' where name = 'old';
select is(pg_temp.claim(:w), array[:a]::bigint[], 'a job of such a lane and kind is claimed');
select is(pg_temp.say(:w, :a, '{"as": "failed"}'), false, 'it fails');
select pg_temp.later('1 hour') \g /dev/null
select tow.retry(:a) \g /dev/null
select tow.pause_lane('default', '..'), tow.resume_lane('default', '..'), tow.set_lane('default', '..', 2) \g /dev/null
select tow.reprioritise(:b, 7) \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select pg_temp.claim(:w) as first, pg_temp.claim(:w) as second \gset
select pg_temp.claim(:w) as third \gset
select set_eq(format($$ select unnest(%L::bigint[] || %L::bigint[] || %L::bigint[]) $$, :'first', :'second', :'third'), array[:a, :b]::bigint[], 'it is tried again, and its lane and what follows have other rules');
select * from finish();
rollback;
