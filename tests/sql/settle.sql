-- How a run ends otherwise than by plain completion, and what becomes of its job.
begin;
\ir ../lib/fixture.sql
select pg_temp.later('0');
select pg_temp.worker() as w \gset
create function pg_temp.ending(p_job bigint) returns text language sql as $$
	select format('%s %s %s %s', h.outcome, h.attempt, coalesce(h.class, '-'), coalesce(h.error, '-')) from tow_store.history h where h.job_id = p_job order by h.run desc limit 1
$$;
select tow.set_policy('steps', 'list', delays => '{10 s,20 s}', jitter => 0, max_attempts => 3);

select pg_temp.ran(:w, '{"as": "completed", "result": {"n": [1]}}') as j \gset
select results_eq(format('select state, result, took, worker from tow.history where id = %s', :j), format($$ values ('completed', '{"n": [1]}'::jsonb, interval '1 ms', %s::bigint) $$, :w),
	'completed, with a result');
select ok((select started_at = tow.now() - interval '2 ms' and finished_at = tow.now() - interval '1 ms' from tow.history where id = :j), 'at the times that the worker says');

-- Many at once: those with results, one of them null, beside one that fails, one that makes a job, and one that is not ours.
select (select array_agg(j order by j) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[5])) j) as js \gset
select pg_temp.claim(:w) \g /dev/null
select tow.cancel((:'js'::bigint[])[1]) \g /dev/null
select set_eq(format($$ select e.what, e.run from pg_temp.exchange(%s, 0, (select jsonb_agg(jsonb_build_object('job', r.job_id, 'run', r.run, 'ago_us', 2, 'took_us', 1) || o.said::jsonb)
		from unnest(%L::bigint[], array['{"as": "completed", "result": 1}', '{"as": "completed", "result": null}', '{"as": "failed", "class": "x", "final": true}',
			'{"as": "completed", "result": [], "spawn": [{"kind": "noop", "args": {}}]}', '{"as": "completed"}']) o(job, said) join tow_store.running r on r.job_id = o.job)
		|| '[{"as": "completed", "result": 7, "job": 1, "run": 999}]') e where e.what = 'late' $$, :w, :'js'), $$ values ('late', 999::bigint) $$, 'many outcomes at once: one comes late');
select results_eq(format($$ select outcome, result::text from tow_store.history where job_id = any(%L) order by job_id $$, :'js'),
	$$ values ('c'::"char", '1'), ('c', 'null'), ('f', null), ('c', '[]'), ('c', null) $$, 'each of the others ends as it says');
select is((select count(*) from tow_store.running) + (select count(*) from tow_store.cancelling), 0::bigint, 'none of them is held any more, nor to be cancelled');
select is((select count(*) from tow.jobs), 1::bigint, 'and one has made another');
select tow.cancel(id) from tow.jobs \g /dev/null

-- Failures.
select tow.enqueue('noop', policy => 'steps') as j \gset
select pg_temp.ran(:w, '{"as": "failed", "class": "exit.1", "error": "no", "detail": "long"}', :j) \g /dev/null
select is(array[tow.state(:j), pg_temp.due_in(:j)::text, pg_temp.ending(:j)], '{retrying,00:00:10,r 1 exit.1 no}', 'failed: retried after the policy''s first delay');
select is((select attempts -> 0 ->> 'delay' from tow.job(:j)), '00:00:10', 'which the attempt shows');
select tow.run_now(:j);
select pg_temp.ran(:w, '{"as": "failed", "class": "exit.2", "error": "again"}', :j) \g /dev/null
select is(pg_temp.due_in(:j), '20 s', 'then after its second');
select pg_temp.later('20 s');
select is(pg_temp.drain('promote'), 1, 'its instant comes');
select pg_temp.ran(:w, '{"as": "failed", "class": "exit.3", "error": "enough"}', :j) \g /dev/null
select is(array[tow.state(:j), pg_temp.ending(:j)], '{failed,f 3 exit.3 enough}', 'then no attempts are left');
select is((select string_agg(a.outcome, ' ' order by a.run) from tow.attempts a where a.job = :j), 'retried retried failed', 'every attempt is kept');

select pg_temp.ran(:w, '{"as": "failed", "final": true, "class": "x"}') as j \gset
select is(array[tow.state(:j), pg_temp.ending(:j)], '{failed,f 1 x -}', 'final: no retry, whatever the policy says');
select pg_temp.ran(:w, '{"as": "failed", "delay_s": 12.5}') as j \gset
select is(pg_temp.due_in(:j), '12.5 s', 'delay_s: the handler''s own wish');
select is(pg_temp.ending(:j), 'r 1 - -', 'costs an attempt');
select pg_temp.ran(:w, '{"as": "failed", "delay_s": 1}', tow.enqueue('noop', max_attempts => 1)) as j \gset
select is(tow.state(:j), 'failed', 'but grants none');
select pg_temp.ran(:w, '{"as": "failed"}', tow.enqueue('noop', policy => 'steps', max_attempts => 1)) as j \gset
select is(tow.state(:j), 'failed', 'a job''s own max_attempts before its policy''s');
select tow.set_queue('default', max_attempts => 1);
select pg_temp.ran(:w, '{"as": "failed"}', tow.enqueue('noop', policy => 'steps')) as j \gset
select is(tow.state(:j), 'failed', 'and its queue''s');
update tow_store.queue set max_attempts = null;
select tow.set_queue('default', policy => 'steps');
select pg_temp.ran(:w, '{"as": "failed"}') as j \gset
select is(pg_temp.due_in(:j), '10 s', 'a queue''s policy where the job names none');
update tow_store.queue set policy = null;

-- Error classes: the longest beginning wins.
select tow.set_policy('classes', 'fixed', base => '1 h', jitter => 0, classes => '{"http.": "steps", "http.404": "never", "http.4": "quick"}');
select tow.set_policy('quick', base => '3 s', jitter => 0);
select pg_temp.ran(:w, jsonb_build_object('as', 'failed', 'class', class), tow.enqueue('noop', policy => 'classes', args => to_jsonb(class)))
from unnest('{http.503,http.404,http.429,timeout,http}'::text[]) class \g /dev/null
select results_eq($$ select j.args #>> '{}', tow.state(j.id), pg_temp.due_in(j.id) from tow_store.job j where j.policy = 'classes' order by 1 $$,
	$$ values ('http', 'retrying', '1 h'::interval), ('http.404', 'failed', null), ('http.429', 'retrying', '3 s'), ('http.503', 'retrying', '10 s'), ('timeout', 'retrying', '1 h') $$,
	'class policies');

-- What leaves the attempt unspent.
select pg_temp.ran(:w, '{"as": "snoozed", "delay_s": 30}') as j \gset
select is(array[tow.state(:j), pg_temp.due_in(:j)::text, pg_temp.ending(:j)], '{scheduled,00:00:30,s 1 - -}', 'snoozed');
select is((select attempt from tow.jobs where id = :j), 0, 'spends no attempt');
select pg_temp.ran(:w, '{"as": "snoozed"}') as j \gset
select is(tow.state(:j), 'ready', 'snoozed without a delay');
select pg_temp.ran(:w, '{"as": "returned"}', :j) \g /dev/null
select is(array[tow.state(:j), pg_temp.ending(:j)], '{ready,b 1 - -}', 'given back');
select pg_temp.claim(:w) \g /dev/null
select is((select attempt from tow_store.running where job_id = :j), 1, 'spends no attempt either');
select pg_temp.say(:w, :j, '{"as": "cancelled"}') \g /dev/null
select is(array[tow.state(:j), pg_temp.ending(:j)], '{cancelled,x 1 - -}', 'cancelled');

-- A cancel wins over every ending but a completion.
create function pg_temp.cancelled(p_worker bigint, p_as text) returns text language plpgsql as $$
declare
	v_job constant bigint := tow.enqueue('noop');
begin
	perform pg_temp.claim(p_worker);
	if tow.cancel(v_job, 'enough') <> 'cancelling' then return 'not cancelling'; end if;
	perform pg_temp.say(p_worker, v_job, jsonb_build_object('as', p_as));
	return tow.state(v_job);
end $$;
select is(pg_temp.cancelled(:w, v_as), case v_as when 'completed' then 'completed' else 'cancelled' end, format('cancelled while it runs, then %s', v_as))
from unnest('{completed,failed,snoozed,returned,cancelled,unknown}'::text[]) v_as;
select is((select count(*) from tow_store.cancelling), 0::bigint, 'the requests are gone');

-- A request that came too late has nothing to say about the next run.
select tow.enqueue('noop', policy => 'steps') as j \gset
select pg_temp.claim(:w) \g /dev/null
select tow.cancel(:j);
select count(*) from pg_temp.exchange(:w, 0, null, array[:j::bigint], array(select run from tow_store.running)) \g /dev/null
select is(tow.state(:j), 'completed', 'it completed before the cancel reached it');
select tow.retry(:j);
select pg_temp.ran(:w, '{"as": "failed"}', :j) \g /dev/null
select is(tow.state(:j), 'retrying', 'and fails when run again: not cancelled');

-- A policy that is no more.
select tow.set_policy('gone', 'fixed', base => '1 h');
select tow.enqueue('noop', policy => 'gone') as j \gset
select tow.drop_policy('gone');
select pg_temp.ran(:w, '{"as": "failed"}', :j) \g /dev/null
select ok(pg_temp.due_in(:j) between '4.5 s' and '5.5 s', 'a dropped policy: the default one');

-- Poison.
select tow.enqueue('noop') as j \gset
select pg_temp.claim(:w) \g /dev/null
select pg_temp.refused(format('select pg_temp.say(%s, %s, %L)', :w, :j, '{"as": "perfect"}'), 'TW422', 'completed, failed', 'an unknown outcome');
select throws_ok(format('select pg_temp.say(%s, %s, %L)', :w, :j, outcome), code, null, outcome) from (values
	('{"as": "failed", "delay_s": "soon"}', '22P02'), ('{"as": "failed", "delay_s": 1e300}', '22008'), ('{"as": "failed", "final": 7.5}', '22P02'), ('{"as": "failed", "ago_us": "x"}', '22P02')) p(outcome, code);
select is(tow.state(:j), 'running', 'nothing has changed');
select is(pg_temp.say(:w, :j, '{"as": "failed", "class": "poisoned", "error": "its outcome could not be stored"}'), false, 'a safe word about it is taken');

select * from finish();
rollback;
