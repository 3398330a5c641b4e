-- Promotion: where its scans start, and that nothing is ever passed over.
begin;
\ir ../lib/fixture.sql
select pg_temp.later('0');
create function pg_temp.low() returns timestamptz language sql as $$ select tow_store.register_at('tow_store.promoted') $$;
create function pg_temp.due() returns double precision language sql as $$
	select wait_ms from tow.tick(null, (select jsonb_object_agg(name, 0) from tow.duties), null) where duty = 'promote'
$$;
create temporary table start as select tow.now() as at;

-- The watermark follows. The steps are so long because transactions of others, in other databases too, hold it down
-- for a minute; tests/e2e/sql_promote.sh has the short ones.
select is(pg_temp.drain('promote'), 0, 'nothing is scheduled');
select pg_temp.later('61 s');
select tow.enqueue('noop', run_at => tow.now() + interval '3 min') as j, tow.enqueue('noop', run_at => tow.now() + interval '5 min') as k \gset
select tow.duty('promote') \g /dev/null
select is(pg_temp.low(), (select at from start), 'the watermark is raised to the time of an earlier turn');
select pg_temp.later('3 min');
set local synchronous_commit = on;
select is(pg_temp.drain('promote'), 1, 'a job is promoted at its instant');
select is(current_setting('synchronous_commit'), 'off', 'and no flush is waited for');
select pg_temp.later('61 s');
select tow.duty('promote') \g /dev/null
select is(pg_temp.low(), (select at + interval '241 s' from start), 'then the watermark passes it');
select pg_temp.later('58.5 s');
select is(pg_temp.due(), 500::double precision, 'the next one is due at its instant');
select pg_temp.later('61 s');
select tow_store.set_register_at('tow_store.promote_full', tow.now()) \g /dev/null
select tow_store.scan_from('promote', tow.now()) \g /dev/null
select pg_temp.later('61 s');
select tow_store.scan_from('promote', tow.now()) \g /dev/null
select is(pg_temp.low(), (select run_at from tow.jobs where id = :k), 'one that is seen is not passed, however late it is');
select is(tow.run_now(:k), 'ready', 'it goes otherwise');

-- Scans start there.
select tow.enqueue('noop', run_at => tow.now() + interval '1 s') as j \gset
select pg_temp.later('100 ms');
select tow_store.set_register_at('tow_store.promote_full', tow.now()) \g /dev/null
update tow_store.scheduled set run_at = tow.now() - interval '1 h';
select tow_store.set_register_at('tow_store.promoted', tow.now() - interval '1 min') \g /dev/null
select is(pg_temp.due(), 60000::double precision, 'what lies below the watermark is not looked at when it is asked what is due');
select is(tow.duty('promote'), 0, 'nor by a turn');
-- Nothing stays below it: a late commit that the rule does not cover is found within ten seconds.
select pg_temp.later('10.1 s');
select is(pg_temp.due(), 20::double precision, 'ten seconds later it is, without a turn that would have found nothing');
select is(tow.duty('promote'), 1, 'but the first turn after ten seconds starts at the very beginning');
select is(tow.state(:j), 'ready', 'and finds it');

-- A clock that steps back.
select pg_temp.later('-5 s');
select tow.enqueue('noop', run_at => tow.now() + interval '10 ms') as j \gset
select pg_temp.later('20 ms');
select is(pg_temp.due(), 20::double precision, 'a clock that has stepped back: what is due is seen at once');
select is(tow.duty('promote'), 1, 'and the first turn starts at the beginning');
select ok(pg_temp.low() <= tow.now(), 'and the watermark never lies ahead');

-- Registers of another server, as in a dump.
select setval('tow_store.promote_xid', 1000000000000), pg_temp.later('11 s') \g /dev/null
select tow.duty('promote'), tow.duty('promote') \g /dev/null
select ok((select last_value < 1000000000000 from tow_store.promote_xid), 'an xid that no transaction can have had is replaced');

-- A queue that does not exist yet: admission's.
select tow.enqueue('noop', queue => 'fresh', run_at => tow.now() + interval '1 s') as j \gset
select pg_temp.later('2 s');
select tow.duty('promote') \g /dev/null
select is(tow.state(:j), 'waiting', 'promotion makes no queue');
select tow.duty('admit') \g /dev/null
select is(tow.state(:j), 'ready', 'admission does');

-- Many for a new queue, of several kinds: a thousand a turn, and in the order in which they came.
select tow.enqueue(case i % 2 when 0 then 'noop' else 'echo' end, queue => 'many', lane => case when i % 5 = 0 then 'l' end) from generate_series(1, 2500) i \g /dev/null
select is(array[tow.duty('admit'), tow.duty('admit'), tow.duty('admit'), tow.duty('admit')], '{1000,1000,500,0}', 'a new queue''s jobs are admitted a thousand a turn');
select results_eq($$ select b.laned, count(*), array_agg(r.id order by r.pos) = array_agg(r.id order by r.id)
	from (select band, pos, id from tow_store.ready union all select band, pos, id from tow_store.lined) r
		join tow_store.band b on b.id = r.band join tow_store.queue q on q.id = b.queue where q.name = 'many' group by b.laned order by b.laned $$,
	$$ values (false, 2000::bigint, true), (true, 500::bigint, true) $$, 'all of them, in order, whatever their kinds');

select * from finish();
rollback;
