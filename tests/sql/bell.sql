-- Bits of the doorbell: one for each worker that listens; who has no session of its own leaves nothing behind in it.
begin;
\ir ../lib/fixture.sql

create function pg_temp.bit(p_worker bigint) returns int language sql as $$ select bit from tow_store.worker where id = p_worker $$;
create function pg_temp.register() returns bigint language sql as $$
	select coalesce(pg_sequence_last_value(arm), 0) from tow_store.queue where name = 'default'
$$;
create function pg_temp.park(p_worker bigint, p_on boolean) returns void language sql as $$
	select tow.park(p_worker, case when p_on then array(select id from tow_store.queue where name = 'default') else '{}' end)
$$;
create function pg_temp.hears() returns bigint language sql as $$ select count(*) from pg_listening_channels() $$;
create function pg_temp.locks() returns bigint language sql as $$
	select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory' and classid in (7630711, 7630714)
$$;
select tow.set_queue('default') \g /dev/null

-- Through a pooler.
select worker as p, held from tow.attach('p', 'h', 1, '0', '{default}', '{1}', '{noop}', '15 s', null, true, false) \gset
select is(:'held'::boolean, false, 'through a pooler: no lock');
select is(pg_temp.locks(), 0::bigint, 'none at all');
select is((select array[listens, pooled] from tow.workers where id = :p), '{f,t}', 'no bell, and it shows');
select is(pg_temp.bit(:p), null, 'no bit');
select pg_temp.park(:p, true);
select is(pg_temp.register(), 0::bigint, 'parking promises nothing that nobody would hear');
select tow.detach(:p);
select scheduler as s from tow.attend('s', 'h', 1, '0', false, false) \gset
select is(pg_temp.locks(), 0::bigint, 'a scheduler: no lock, either');
select is((select array_agg(pooled) from tow.schedulers where id = :s), '{t}', 'it is seen');
select is(tow_store.clock_is_minded(true), true, 'and counts');
select pg_temp.later('16 s');
select is(tow_store.clock_is_minded(), false, 'but not for long');
select tow.duty('tidy') \g /dev/null
select * from tow.tick(:s, '{}', null) \g /dev/null
select is(tow_store.clock_is_minded(true), true, 'a look says that it lives, though somebody wrote it off');
select tow.leave(:s);

-- A bit each.
select pg_temp.worker() as a, pg_temp.worker() as b \gset
select is(array[pg_temp.bit(:a), pg_temp.bit(:b)], '{0,1}', 'a bit each, the lowest that is free');
select tow.detach(:a);
select pg_temp.worker() as a \gset
select is(pg_temp.bit(:a), 0, 'that of one that is gone is given again');
select worker from tow.attach('a', 'h', 1, '0', '{default}', '{1}', '{noop}', '15 s', :b) \g /dev/null
select is(pg_temp.bit(:b), 1, 'who comes back has its own');
select pg_temp.park(:a, true), pg_temp.park(:b, true) \g /dev/null
select is(pg_temp.register(), 3::bigint, 'both are parked');
select worker from tow.attach('a', 'h', 1, '0', '{default}', '{1}', '{noop}', '15 s', :b, false) \g /dev/null
select is(array[pg_temp.register(), pg_temp.bit(:b)], '{1,null}', 'who comes back and does not listen is not rung for');

-- More than there are bits.
select pg_temp.worker() as w from generate_series(1, 61) \g /dev/null
select is((select count(distinct bit) from tow_store.worker where ended_at is null), 62::bigint, 'sixty-two have one each');
select pg_temp.worker() as c \gset
select is(pg_temp.bit(:c), 0, 'one more shares');
select pg_temp.park(:c, true), pg_temp.park(:a, false) \g /dev/null
select is(pg_temp.register() & 1, 1::bigint, 'one of two that goes to work leaves the other parked');
select tow.floor(:a, null, null, null, true, null) \g /dev/null
select is(pg_temp.register() & 1, 0::bigint, 'a ring wakes both, and clears the bit');
select pg_temp.park(:c, true), tow.detach(:a) \g /dev/null
select is(pg_temp.register() & 1, 1::bigint, 'nor does its end');
select tow.detach(:c);
select is(pg_temp.register() & 1, 0::bigint, 'that of the last does');

-- Clocks.
select worker as d from tow.attach('d', 'h', 1, '0', '{default}', '{1}', '{noop}', '15 s', null, true, true, extract(epoch from clock_timestamp())::float8 + 100) \gset
select ok((select clock_ahead between '99 s' and '101 s' from tow.workers where id = :d), 'a clock that is ahead is noted');
select ok(exists (select from tow.status() where component = 'worker ' || :d and status = 'warn' and detail ~ '100 s ahead'), 'and status tells');
select tow.heartbeat(:d, 'running', '{}', '{}', extract(epoch from clock_timestamp())::float8 - 50) \g /dev/null
select ok(exists (select from tow.status() where component = 'worker ' || :d and status = 'warn' and detail ~ 'of its host, h, is 50 s behind the database'), 'behind, too');
select scheduler as t from tow.attend('t', 'far', 1, '0', false, false, extract(epoch from clock_timestamp())::float8 + 100) \gset
select is((select array_agg(status order by status) from tow.status() where component = 'scheduler ' || :t and detail ~ 'of its host, far, is 100 s ahead|comes through a pooler'), '{ok,warn}', 'and that of a scheduler, which comes through a pooler besides');
select tow.leave(:t) \g /dev/null
select tow.heartbeat(:d, 'running', '{}', '{}', extract(epoch from clock_timestamp())::float8) \g /dev/null
select ok(not exists (select from tow.status() where component = 'worker ' || :d), 'until it is right');
select tow.heartbeat(:d, 'running', '{}', '{}') \g /dev/null
select ok((select clock_ahead is not null from tow.workers where id = :d), 'who does not say keeps what was said');
select is(tow_store.clock_ahead('NaN'), null, 'nonsense is none');
select * from finish();
rollback;
