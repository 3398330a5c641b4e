-- Who is dead, and what becomes of what it held. Clocks do not move here: the rows say how long ago things were, and a
-- lease of an hour leaves the test its time.
begin;
\ir ../lib/fixture.sql
create function pg_temp.age(p_worker bigint, p_watched interval, p_missing interval default null) returns void language sql as $$
	update tow_store.worker set watched_at = clock_timestamp() - p_watched, missing_since = clock_timestamp() - p_missing where id = p_worker
$$;
create function pg_temp.lives(p_worker bigint) returns boolean language sql as $$ select ended_at is null from tow_store.worker where id = p_worker $$;

select pg_temp.worker() as w \gset
update tow_store.worker set lease = '1 h' where id = :w;
select tow.enqueue('noop') as j \gset
select pg_temp.claim(:w) \g /dev/null
select ok((select wait_ms <= 0 from tow.tick(null, '{}', null) where duty = 'rescue'), 'a worker makes the duty due');
select is(tow.duty('rescue'), 0, 'a worker that holds its lock and beats');
select ok(pg_temp.lives(:w), 'lives');

-- Beats: a whole lease without one, counted from when they were seen first.
select is((select watched_beats = beats from tow_store.worker where id = :w), true, 'its beats are watched');
select pg_temp.age(:w, '59 min');
select is(tow.duty('rescue'), 0, 'silent for a lease, nearly');
select pg_temp.age(:w, '2 h');
select tow.heartbeat(:w, 'running', null, null) \g /dev/null
select is(tow.duty('rescue'), 0, 'one beat starts it anew');
select ok((select watched_at > clock_timestamp() - interval '5 min' from tow_store.worker where id = :w), 'from now');
select pg_temp.age(:w, '-1 h');
select is(tow.duty('rescue'), 0, 'a clock that was set back kills nobody');
select pg_temp.age(:w, '61 min');
select coalesce(pg_sequence_last_value('tow_store.sweep'), 0) as sweep \gset
select is(tow.duty('rescue'), 2, 'silent for more than a lease, though its lock is held');
select is(pg_temp.lives(:w), false, 'dead');
select is(tow.state(:j), 'ready', 'its job is put back');
select is((select row(outcome, class)::text from tow.attempts where job = :j), '(lost,lost)', 'the attempt was lost');
select is((select attempt from tow.jobs where id = :j), 0, 'and is unspent');
select isnt(pg_sequence_last_value('tow_store.sweep'), :sweep::bigint, 'everybody scans from the start once');
select is((select (detail ->> 'jobs')::int from tow.audit where what = 'worker.dead'), 1, 'it is in the audit');
select is((select status || ': ' || regexp_replace(detail, '[0-9]+ s ', '0 s ') from tow.status() where component = 'worker ' || :w), 'ok: w on here died 0 s ago; 1 job of it began anew', 'tow.status says it');
select pg_temp.later('61 min');
select is((select count(*) from tow.status() where component = 'worker ' || :w), 0::bigint, 'for an hour');
select set_config('tow.fake_now', '', true) \g /dev/null
select pg_temp.refused(format($$ select tow.attach('w', 'h', 1, '0', '{default}', '{1}', '{}', '15 s', %s) $$, :w), 'TW410', 'new worker', 'it cannot come back');

-- The lock: free on the same server for a second and a half.
select pg_temp.worker() as w \gset
select pg_temp.claim(:w) \g /dev/null
select pg_advisory_unlock(7630711, :w) \g /dev/null
select is(tow.duty('rescue'), 1, 'a lock that is free');
select ok((select missing_since is not null from tow_store.worker where id = :w), 'is noted');
select is((select tow.duty('rescue') from pg_temp.age(:w, '1 s', '0.3 s')), 0, 'for a moment');
select pg_try_advisory_lock(7630711, :w) \g /dev/null
select is(tow.duty('rescue'), 0, 'when it is held again');
select ok((select missing_since is null from tow_store.worker where id = :w), 'that is forgotten');
select pg_advisory_unlock(7630711, :w) \g /dev/null
select pg_temp.age(:w, '1 s', '-1 h');
select is(tow.duty('rescue'), 1, 'a clock that was set back starts it anew');
select pg_temp.age(:w, '1 s', '1.6 s');
select is(tow.duty('rescue'), 2, 'free for more than a second and a half');
select is(tow.state(:j), 'ready', 'dead');

-- A worker that never had its lock is known by its beats only.
select pg_temp.worker() as w \gset
update tow_store.worker set held = false where id = :w;
select pg_advisory_unlock(7630711, :w) \g /dev/null
update tow_store.worker set lease = '1 h' where id = :w;
select pg_temp.age(:w, '50 min', '50 min');
select is(tow.duty('rescue'), 0, 'behind a pooler the lock says nothing');
select pg_temp.age(:w, '2 h');
update tow_store.worker set watched_beats = beats where id = :w;
select is(tow.duty('rescue'), 1, 'the lease does');

-- A server that was restarted, or promoted: a full lease from its first look.
select pg_temp.worker() as w \gset
select tow.duty('rescue') \g /dev/null
update tow_store.worker set lease = '1 h', server_start = server_start - interval '1 day', watched_at = pg_postmaster_start_time() - interval '1 h', watched_beats = beats where id = :w;
select pg_advisory_unlock(7630711, :w) \g /dev/null
select is(tow.duty('rescue'), 0, 'after a restart, however long the server was down');
select ok((select watched_at > clock_timestamp() - interval '5 min' from tow_store.worker where id = :w), 'the lease begins');
update tow_store.worker set watched_at = watched_at - interval '50 min', missing_since = missing_since - interval '50 min' where id = :w;
select is(tow.duty('rescue'), 0, 'a free lock is no sign then');
select ok(pg_temp.lives(:w), 'it has its time');
select tow.attach('w', 'here', 1, '0', '{default}', '{4}', '{noop}', '15 s', :w) \g /dev/null
select is((select row(missing_since is null, server_start = pg_postmaster_start_time())::text from tow_store.worker where id = :w), '(t,t)', 'it comes back');
update tow_store.worker set server_start = server_start - interval '1 day' where id = :w;
select pg_temp.age(:w, '1 h');
select is(tow.duty('rescue'), 0, 'another server, which saw the same rows as a standby: the same');
select ok(pg_temp.lives(:w), 'it lives');
-- (a lease so short that it ends within the life of the youngest server)
update tow_store.worker set lease = '-0.9 s', watched_at = watched_at - interval '0.2 s' where id = :w;
select is(tow.duty('rescue'), 1, 'but not for ever');

-- A job that is lost again and again.
create function pg_temp.lose(p_job bigint) returns text language plpgsql as $$
declare
	v_worker constant bigint := pg_temp.worker();
begin
	perform pg_temp.claim(v_worker);
	perform tow_store.give_up(v_worker, 'dead');
	return tow.state(p_job);
end $$;
select tow.cancel(id) from tow.jobs \g /dev/null
select tow.enqueue('noop') as j \gset
select is((select string_agg(pg_temp.lose(:j), ' ') from generate_series(1, 5)), 'ready ready ready ready failed', 'lost five times: failed');
select is((select error from tow.history where id = :j), 'lost with its worker too often', 'with a reason');
select tow.retry(:j) \g /dev/null
select is((select string_agg(pg_temp.lose(:j), ' ') from generate_series(1, 5)), 'ready ready ready ready failed', 'a retry counts anew');
select tow.enqueue('noop') as j \gset
select pg_temp.worker() as w \gset
select pg_temp.claim(:w) \g /dev/null
select tow.cancel(:j) \g /dev/null
select tow_store.give_up(:w, 'dead') \g /dev/null
select is(tow.state(:j), 'cancelled', 'one that somebody wants ended is not run again');
select pg_temp.refused(format('select pg_temp.exchange(%s, 1)', :w), 'TW410', 'attach', 'a worker that was given up claims nothing');

select * from finish();
rollback;
