-- Views and the functions that look: what they show of a job, and what they never read.
begin;
\ir ../lib/fixture.sql
select pg_temp.later('0');
create function pg_temp.plan(p_query text) returns text language plpgsql as $$
declare
	v_line text;
	v_plan text := '';
begin
	for v_line in execute 'explain ' || p_query loop
		v_plan := v_plan || v_line || E'\n';
	end loop;
	return v_plan;
end $$;

-- Plans.
select unalike(pg_temp.plan('select * from tow.jobs'), '%history%', 'tow.jobs never looks at history');
select unalike(pg_temp.plan($$ select * from tow.jobs where state = 'running' $$), '%on ready%', 'nor, asked for one state, at the tables of the others');
select unalike(pg_temp.plan('select * from tow.queues'), '%history%', 'nor does tow.queues');
select alike(pg_temp.plan(format('select * from tow.history where finished_at >= %L', current_date)), '%history_' || to_char(current_date, 'YYYYMMDD') || '%', 'history of today looks at today''s partition');
select is((select count(distinct m[1]) from regexp_matches(pg_temp.plan(format($$ select * from tow.history where finished_at >= '%s' and finished_at < '%s' $$,
	(now() at time zone 'UTC')::date::timestamp at time zone 'UTC', ((now() at time zone 'UTC')::date + 1)::timestamp at time zone 'UTC')), 'on (history_\w+)', 'g') m), 1::bigint,
	'and at no other, but the filter says so');
select alike(pg_temp.plan('select * from tow.attempts where job = 1'), '%Index%job_id = 1%', 'attempts of one job are found by index');
set local enable_seqscan = off;
select alike(pg_temp.plan('select * from tow_store.history where job_id = 1'), '%history_rest_job_id_idx%', 'in every partition');
reset enable_seqscan;

-- One job, everything about it.
select pg_temp.worker() as w \gset
select tow.enqueue('noop', '{"a": 1}', priority => 100, key => 'k', tags => '{x}', policy => 'quick', timeout => '5 s', deadline => tow.now() + '1 h'::interval) as j \gset
select results_eq(format('select id, state, kind, queue, priority, attempt, max_attempts, created_at, run_at, args, key, tags from tow.jobs where id = %s', :j),
	format($$ values (%s::bigint, 'ready'::text, 'noop', 'default', 100, 0, null::int, tow.now(), null::timestamptz, '{"a": 1}'::jsonb, 'k', '{x}'::text[]) $$, :j), 'jobs: ready');
select pg_temp.claim(:w) \g /dev/null
select is((select row(state, attempt, worker, run is not null, started_at)::text from tow.jobs where id = :j), row('running', 1, :w, true, tow.now())::text, 'jobs: running');
select pg_temp.say(:w, :j, '{"as": "failed", "class": "c", "error": "e", "detail": "d"}') \g /dev/null
select is((select row(state, attempt, run_at > tow.now())::text from tow.jobs where id = :j), '(retrying,1,t)', 'jobs: retrying');
select is((select row(state, attempt, max_attempts, error, policy, timeout, finished_at)::text from tow.job(:j)), '(retrying,1,8,e,quick,00:00:05,)', 'job: the last error, what its policy grants');
select is((select (attempts -> 0) - 'run' - 'delay' - 'started_at' - 'finished_at' - 'worker' from tow.job(:j)),
	'{"took": "00:00:00.001", "class": "c", "error": "e", "detail": "d", "attempt": 1, "outcome": "retried"}', 'its attempts');
select tow.run_now(:j) \g /dev/null
select pg_temp.ran(:w, '{"as": "completed", "result": [1]}', :j) \g /dev/null
select is((select row(state, attempt, result, error, priority)::text from tow.job(:j)), '(completed,2,[1],,100)', 'job: its result');
select is((select jsonb_array_length(attempts) from tow.job(:j)), 2, 'and both attempts');
select :j as old \gset
select is((select count(*) from tow.jobs where id = :j), 0::bigint, 'jobs: no more');
select is((select row(state, attempt, kind, queue, result, took, revived)::text from tow.history where id = :j), '(completed,2,noop,default,[1],00:00:00.001,f)', 'history: instead');
select is((select (audit -> 0) ->> 'what' from tow.job(:j)), 'job.run_now', 'what people did to it');
select is((select row(state, attempt, result)::text from tow.outcome(:j)), '(completed,2,[1])', 'outcome');
select is((select count(*) from tow.outcome(0)), 0::bigint, 'outcome of no job: no row');
select is(tow.state(0), null, 'state of no job: null');
select pg_temp.refused('select tow.job(0)', 'TW404', 'retention', 'job: no such job');

-- Looking for some.
select tow.enqueue('a', tags => '{x,y}') as a, tow.enqueue('b', key => 'kb') as b, tow.enqueue('b', run_at => tow.now() + '1 h'::interval) as c \gset
create function pg_temp.found(p_where text) returns bigint[] language plpgsql as $$
declare
	v_ids bigint[];
begin
	execute format('select array_agg(id) from tow.find_jobs(%s)', p_where) into v_ids;
	return v_ids;
end $$;
select is(pg_temp.found(''), array[:c, :b, :a]::bigint[], 'find_jobs: newest first');
select is(pg_temp.found($$ state => 'ready' $$), array[:b, :a]::bigint[], 'by state');
select is(pg_temp.found($$ kind => 'b' $$), array[:c, :b]::bigint[], 'by kind');
select is(pg_temp.found($$ tag => 'y' $$), array[:a]::bigint[], 'by tag');
select is(pg_temp.found($$ key => 'kb' $$), array[:b]::bigint[], 'by key');
select is(pg_temp.found($$ queue => 'none' $$), null, 'by queue');
select is(pg_temp.found($$ max_rows => 1 $$), array[:c]::bigint[], 'so many');
select is(pg_temp.found(format('before => %s', :c)), array[:b, :a]::bigint[], 'the next page');
select pg_temp.refused($$ select tow.find_jobs(state => 'completed') $$, 'TW422', 'tow.history', 'a state that is history');

-- Queues.
select tow.pause('default', 'why'), tow.set_queue('default', retention => '1 day', policy => 'quick', max_attempts => 3, timeout => '1 s', max_args_bytes => 5000, description => 'd') \g /dev/null
select is((select row(state, ready, running, workers, slots, policy, max_attempts, timeout, retention, max_args_bytes, pause_reason, description)::text from tow.queues where name = 'default'),
	'(paused,2,0,1,4,quick,3,00:00:01,"1 day",5000,why,d)', 'queues');
select tow.enqueue('noop', queue => 'unserved'), pg_temp.drain('admit') \g /dev/null
select results_eq($$ select name, workers, trouble, hint from tow.queues where name in ('default', 'unserved') $$,
	$$ values ('default', 1::bigint, null, null), ('unserved', 0, 'nobody serves it', 'tow worker --queue unserved') $$, 'who serves them');
select pg_temp.refused(format('select tow.%s', call), code, hint, call) from (values
	($$ drop_queue('default') $$, 'TW409', 'cancel|finish'), ($$ drop_queue('none') $$, 'TW404', 'tow.queues'), ($$ pause('none') $$, 'TW404', 'tow.queues'), ($$ resume('none') $$, 'TW404', 'tow.queues'),
	($$ set_queue('a b') $$, 'TW422', 'letters'), ($$ set_queue(null) $$, 'TW422', 'letters'), ($$ set_queue('q', policy => 'none') $$, 'TW404', 'tow.policies'), ($$ set_queue('q', max_attempts => 0) $$, 'TW422', 'above zero'),
	($$ set_queue('q', retention => '-1 s') $$, 'TW422', 'zero'), ($$ set_queue('q', timeout => '0') $$, 'TW422', 'above zero'),
	($$ set('retention', '-1 day') $$, 'TW422', 'a length of time'), ($$ set('retention', 'soon') $$, 'TW422', 'a length of time'), ($$ set('max_losses', '0') $$, 'TW422', '1 or more'), ($$ set('max_losses', '99999999999') $$, 'TW422', 'number|more'),
	($$ set('max_args_bytes', '10') $$, 'TW422', '1000'), ($$ set('nope', '1') $$, 'TW404', 'tow.settings'), ($$ set('retention', null) $$, 'TW422', 'a length of time')
) r(call, code, hint);
select tow.cancel(id) from tow.jobs \g /dev/null
select pg_temp.refused($$ select tow.drop_queue('default') $$, 'TW409', 'stop it', 'a queue that a worker serves');
select tow.detach(:w);
select tow.set_lane('default', 'gone', max_running => 1) \g /dev/null
select lives_ok($$ select tow.drop_queue('default') $$, 'one that nobody needs');
select is((select count(*) from tow_store.gate where name = 'gone'), 0::bigint, 'what was set of its lanes goes with it');
select is((select row(state, kind, queue)::text from tow.history where id = :j), '(completed,noop,default)', 'its history stays');
select tow.enqueue('noop') as j \gset
select is(tow.state(:j), 'waiting', 'and it comes back when it is used');

-- One that goes on for weeks.
insert into tow_store.history select (jsonb_populate_record(h, jsonb_build_object('run', h.run + 1000000 * i))).* from tow_store.history h, generate_series(1, 300) i where h.job_id = :old and h.outcome = 'r';
select tow_store.note('tried', 'x', :old) from generate_series(1, 250) \g /dev/null
insert into tow_store.step (job_id, name, at, run, result) select :old, 's' || i, tow.now() + i * interval '1 s', 1, '1' from generate_series(1, 201) i;
insert into tow_store.log (job_id, run, at, level, line) select :old, 1, tow.now(), 'i', 'line ' || i from generate_series(1, 201) i;
select is((select row(jsonb_array_length(attempts), jsonb_array_length(audit), jsonb_array_length(steps), jsonb_array_length(log))::text from tow.job(:old)), '(200,200,200,200)', 'job: the newest of its attempts, of what was done to it, of its steps, and of its lines');
select is((select row(attempts -> 199 ->> 'run' = (select max(h.run)::text from tow_store.history h where h.job_id = :old), steps -> 199 ->> 'name')::text from tow.job(:old)), '(t,s201)', 'the last of all is the last');
select is((select counts from tow.job(:old)), jsonb_build_object('attempts', 302, 'audit', (select count(*) from tow_store.audit a where a.job_id = :old), 'steps', 201, 'log', 201), 'and how many there are');

select * from finish();
rollback;
