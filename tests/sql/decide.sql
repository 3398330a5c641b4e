-- Policies that ask a user's own function: what it may answer, and that it hurts nobody but its own job.
begin;
\ir ../lib/fixture.sql
select pg_temp.later('0');
select pg_temp.worker() as w \gset
create role t_owner;
create schema t_fn;
grant usage, create on schema t_fn to public;
create function t_fn.decide(job jsonb, error jsonb) returns interval language plpgsql security definer as $$
begin
	case job -> 'args' ->> 'do'
	when 'wait' then return make_interval(secs => (job ->> 'attempt')::int * 10);
	when 'null' then return null;
	when 'class' then return case error ->> 'class' when 'soft' then interval '7 s' end;
	when 'who' then return make_interval(secs => case current_user when 't_owner' then 1 else 0 end);
	when 'peek' then perform from tow_store.job; return '1 s';
	when 'sleep' then perform pg_sleep(60); return '1 s';
	else raise 'no idea';
	end case;
end $$;
alter function t_fn.decide(jsonb, jsonb) owner to t_owner;

select pg_temp.refused($$ select tow.set_policy('ask', 'function', fn => 't_fn.decide(jsonb, jsonb)') $$, 'TW422', 'owner to', 'somebody else''s function is refused');
alter function t_fn.decide(jsonb, jsonb) security invoker;
grant tow_admin to t_owner;
set local session authorization t_owner;
select pg_temp.refused($$ select tow.set_policy('ask', 'function', fn => 't_fn.decide(jsonb, jsonb)') $$, 'TW422', 'security definer', 'one that would run as the queue''s owner is refused');
alter function t_fn.decide(jsonb, jsonb) security definer;
select lives_ok($$ select tow.set_policy('ask', 'function', fn => 't_fn.decide(jsonb, jsonb)', max_attempts => 5) $$, 'one''s own is taken');
reset session authorization;
select is((select fn_role from tow.policies where name = 'ask'), 't_owner', 'in the name of who registered it');
select pg_temp.refused($$ select tow.retry_preview('ask') $$, 'TW409', 'depend', 'no preview');

create function pg_temp.asked(p_worker bigint, p_do text, p_class text default 'x') returns bigint language plpgsql as $$
declare
	v_job constant bigint := tow.enqueue('noop', jsonb_build_object('do', p_do), policy => 'ask');
begin
	perform pg_temp.ran(p_worker, jsonb_build_object('as', 'failed', 'class', p_class, 'error', 'own words'), v_job);
	return v_job;
end $$;
select pg_temp.asked(:w, 'wait') as j \gset
select is(array[tow.state(:j), (select reason from tow.jobs where id = :j)], '{waiting,policy}', 'a failed job waits for the answer');
select ok((select wait_ms <= 0 from tow.tick(null, '{}', null) where duty = 'decide') is not true, 'which is not asked for beside other duties');
select ok((select wait_ms <= 0 from tow.tick(null, (select jsonb_object_agg(name, 20) from tow.duties), null) where duty = 'decide'), 'but when nothing else is due');
select ok((select apart from tow.tick(null, (select jsonb_object_agg(name, 20) from tow.duties), null) where duty = 'decide'), 'in a session of its own');
select is(tow.duty('decide'), 1, 'asked');
select is(array[tow.state(:j), pg_temp.due_in(:j)::text], '{retrying,00:00:10}', 'an interval: tried again after it');
select is(tow.duty('decide'), 0, 'one answer a job');

select pg_temp.asked(:w, 'class', 'soft') as soft, pg_temp.asked(:w, 'class', 'hard') as hard, pg_temp.asked(:w, 'who') as who \gset
select is(pg_temp.drain('decide'), 3, 'others');
select is(array[pg_temp.due_in(:soft)::text, tow.state(:hard), pg_temp.due_in(:who)::text], '{00:00:07,failed,00:00:01}', 'it knows the error, and runs as its owner');
select results_eq(format('select class, error, detail from tow.attempts where job = %s order by run desc limit 1', :hard), $$ values ('hard', 'own words', 'the policy gave up') $$,
	'null: failed, with the handler''s own words');
select pg_temp.asked(:w, 'error') as j \gset
select pg_temp.drain('decide') \g /dev/null
select is(tow.state(:j), 'failed', 'an error: failed');
select alike(detail, '%no idea%', 'with the function''s error') from tow.attempts where job = :j order by run desc limit 1;
select pg_temp.asked(:w, 'peek') as j \gset
select pg_temp.drain('decide') \g /dev/null
select alike(detail, '%permission denied%', 'it may not look where its owner may not') from tow.attempts where job = :j order by run desc limit 1;

-- One that sleeps past the time it is given.
select pg_temp.asked(:w, 'sleep') as sleeper, pg_temp.asked(:w, 'wait') as next \gset
set local statement_timeout = '2s';
create function pg_temp.times_out() returns boolean language plpgsql as $$
begin
	perform tow.duty('decide');
	return false;
exception when query_canceled then -- which others does not catch
	return true;
end $$;
select ok(pg_temp.times_out(), 'a function that sleeps is cancelled');
set local statement_timeout = 0;
select tow.duty_failed('decide', 'canceling statement due to statement timeout');
select is(array[tow.state(:sleeper), tow.state(:next)], '{failed,waiting}', 'its job fails, no other');
select is(tow.duty('decide'), 0, 'and the policy is left alone');
select is((select last_error from tow.duties where name = 'decide'), 'canceling statement due to statement timeout', 'which the duty shows');
select pg_temp.later('61 s');
select is(tow.duty('decide'), 1, 'for a minute');
select is(tow.state(:next), 'retrying', 'then it is asked again');

drop function t_fn.decide(jsonb, jsonb);
select pg_temp.asked(:w, 'wait') as j \gset
select pg_temp.drain('decide') \g /dev/null
select is(tow.state(:j), 'failed', 'a function that was dropped: failed');

select * from finish();
rollback;
