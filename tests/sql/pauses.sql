-- All queues are paused for a while, and resumed: what somebody has paused by its name stays so.
begin;
\ir ../lib/fixture.sql
set local client_min_messages = error;
select tow.pause(q.name) from tow.queues q \g /dev/null
delete from tow_store.audit;
select tow.set_queue('a'), tow.set_queue('b'), tow.set_queue('c'), tow.set_queue('d') \g /dev/null
select tow.pause('b', 'the relay is down') \g /dev/null

select results_eq($$ select * from tow.pause_queues('repairs') p where queue in ('a', 'b', 'c', 'd') $$, $$ values ('a', 'paused', 'repairs'), ('b', 'was paused', 'the relay is down'), ('c', 'paused', 'repairs'), ('d', 'paused', 'repairs') $$, 'all are paused, and it is said of each');
select set_eq($$ select name, state, pause_reason from tow.queues where name in ('a', 'b', 'c', 'd') $$, $$ values ('a', 'paused', 'repairs'), ('b', 'paused', 'the relay is down'), ('c', 'paused', 'repairs'), ('d', 'paused', 'repairs') $$, 'which lists have, too');
select results_eq($$ select queue, state from tow.pause_queues('again') p where queue in ('a', 'b', 'c', 'd') $$, $$ values ('a', 'was paused'), ('b', 'was paused'), ('c', 'was paused'), ('d', 'was paused') $$, 'once');
select tow.pause('c', 'its own'), tow.resume('d'), tow.set_queue('e') \g /dev/null
select results_eq($$ select * from tow.resume_queues() r where queue in ('a', 'b', 'c', 'd') $$, $$ values ('a', 'resumed', null), ('b', 'stays paused', 'the relay is down'), ('c', 'stays paused', 'its own') $$, 'those go on that have no reason of their own');
select is((select string_agg(name || ' ' || state, ', ' order by name) from tow.queues where name in ('a', 'b', 'c', 'd', 'e')), 'a open, b paused, c paused, d open, e open', 'and no others');
select tow.pause('a', 'later') \g /dev/null
select is((select count(*) from tow.resume_queues() where state = 'resumed'), 0::bigint, 'a window is over once');
select is((select count(*) from tow.audit where what = 'queue.paused'), 6::bigint, 'all of it is in the audit');
select is((select count(*) from tow.audit where what = 'queue.resumed'), 2::bigint, 'so are they that go on');

-- One queue as the list has it, and counted to the end.
select is((select to_jsonb(s) from tow.show_queue('b') s), (select to_jsonb(q) from tow.queues q where name = 'b'), 'one of the list');
select is((select count(*) from tow.show_queue('b')), 1::bigint, 'alone');
select pg_temp.refused($$ select tow.show_queue('bb') $$, 'TW404', 'did you mean', 'one that is none');
select * from finish();
rollback;
