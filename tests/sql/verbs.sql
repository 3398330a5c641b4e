-- The verbs that people use on jobs, in each state a job can be in.
begin;
\ir ../lib/fixture.sql
select pg_temp.later('0');
select pg_temp.worker() as w \gset
select tow.set_policy('hour', 'fixed', base => '1 h', jitter => 0);

-- A job in a given state.
create function pg_temp.made(p_worker bigint, p_state text) returns bigint language plpgsql as $$
declare
	v_job bigint;
begin
	v_job := case p_state
		when 'scheduled' then tow.enqueue('noop', run_at => tow.now() + interval '1 h')
		when 'waiting' then tow.enqueue('noop', queue => 'nowhere' || nextval('seq'))
		when 'retrying' then pg_temp.ran(p_worker, '{"as": "failed"}', tow.enqueue('noop', policy => 'hour'))
		when 'failed' then pg_temp.ran(p_worker, '{"as": "failed", "final": true, "class": "boom.1"}')
		when 'completed' then pg_temp.ran(p_worker, '{"as": "completed"}')
		when 'none' then 0
		else tow.enqueue('noop')
	end;
	if p_state = 'running' then perform pg_temp.claim(p_worker); end if;
	if p_state = 'cancelled' then perform tow.cancel(v_job); end if;
	return v_job;
end $$;

-- Calls a verb on a job in that state: the answer, or the error and a word of its hint.
create function pg_temp.tried(p_worker bigint, p_verb text, p_state text) returns text language plpgsql as $$
declare
	v_job bigint := pg_temp.made(p_worker, p_state);
	v_answer text;
	v_code text;
	v_hint text;
begin
	if p_state <> 'none' and tow.state(v_job) <> p_state then return 'made ' || tow.state(v_job); end if;
	begin
		execute format('select %s', format(p_verb, v_job)) into v_answer;
	exception when others then
		get stacked diagnostics v_code = returned_sqlstate, v_hint = pg_exception_hint;
		if v_hint = '' then return 'no hint'; end if;
	end;
	perform tow.cancel(v_job) where tow.state(v_job) in ('ready', 'scheduled');
	return coalesce(v_code, case when p_verb ~ 'snooze' then (v_answer::timestamptz - tow.now())::text else v_answer end);
end $$;

select is((select string_agg(format('%s %s', state, pg_temp.tried(:w, verb, state)), ', ' order by n)
	from unnest('{ready,scheduled,retrying,waiting,running,completed,failed,cancelled,none}'::text[]) with ordinality s(state, n)), want, verb)
from (values
	('tow.cancel(%s, ''why'')', 'ready cancelled, scheduled cancelled, retrying cancelled, waiting cancelled, running cancelling, completed TW409, failed TW409, cancelled TW409, none TW404'),
	('tow.retry(%s)', 'ready TW409, scheduled TW409, retrying ready, waiting TW409, running TW409, completed ready, failed ready, cancelled ready, none TW404'),
	('tow.run_now(%s)', 'ready TW409, scheduled ready, retrying ready, waiting TW409, running TW409, completed TW409, failed TW409, cancelled TW409, none TW404'),
	('tow.snooze(%s, ''5 min'')', 'ready 00:05:00, scheduled 01:05:00, retrying 01:05:00, waiting TW409, running TW409, completed TW409, failed TW409, cancelled TW409, none TW404'),
	('tow.reprioritise(%s, 9)', 'ready ready, scheduled scheduled, retrying retrying, waiting TW409, running TW409, completed TW409, failed TW409, cancelled TW409, none TW404')
) v(verb, want);

-- Cancel.
select pg_temp.made(:w, 'ready') as j \gset
select tow.cancel(:j, 'not needed') \g /dev/null
select is((select error from tow.history where id = :j), 'not needed', 'cancel: the reason is kept');
select is((select row(what, subject, detail ->> 'was', detail ->> 'reason')::text from tow.audit where job = :j), '(job.cancelled,noop,ready,"not needed")', 'and is in the audit');
select pg_temp.made(:w, 'running') as j \gset
select is(tow.cancel(:j, 'first') || tow.cancel(:j, 'second'), 'cancellingcancelling', 'cancel twice while it runs');
select results_eq(format('select what, job, detail from tow.heartbeat(%s, %L, %L, (select array[run] from tow_store.running where job_id = %s)) where what = %L', :w, 'running', array[:j::bigint], :j, 'cancel'),
	format($$ values ('cancel', %s::bigint, 'second') $$, :j), 'the worker is told, with the last reason');

-- Retry.
select pg_temp.made(:w, 'failed') as j \gset
select is(tow.retry(:j), 'ready', 'retry: once');
select pg_temp.refused(format('select tow.retry(%s)', :j), 'TW409', 'run_now', 'retry: not twice');
select is((select revived from tow.history where id = :j), true, 'the history says that it was put back');
select pg_temp.ran(:w, '{"as": "failed", "final": true}', :j) \g /dev/null
select is((select array_agg(revived order by run) from tow.history where id = :j), '{t,f}', 'and which of its ends that was');
select is((select max(attempt) from tow.history where id = :j), 1, 'it starts with all its attempts');
select is(tow.retry(:j), 'ready', 'it may be put back again after it failed again');
select tow.cancel(:j) \g /dev/null

-- Snooze and reprioritise.
select pg_temp.refused(format('select tow.snooze(%s, %s)', :j, delay), 'TW422', 'above zero', 'snooze ' || delay) from unnest('{"null",$$0$$,$$-1 s$$,$$11 years$$}'::text[]) delay;
select pg_temp.refused(format('select tow.reprioritise(%s, %s)', :j, priority), 'TW422', 'smaller', 'reprioritise ' || priority) from unnest('{"null",-1,1000001}'::text[]) priority;
select tow.enqueue('noop') as a, tow.enqueue('noop') as b \gset
select tow.reprioritise(:b, 3) \g /dev/null
select is((select priority from tow.jobs where id = :b), 3, 'reprioritise: what the job says now');
select is(pg_temp.claim(:w), array[:b, :a]::bigint[], 'and in which order it is claimed');
select is((select priority from tow.job(:b)), 3, 'while it runs, too');
select pg_temp.say(:w, :b, '{"as": "failed"}'), tow.run_now(:b) \g /dev/null
select is((select priority from tow.jobs where id = :b), 3, 'and when it is tried again');

-- Redrive.
select tow.redrive() \g /dev/null
select tow.cancel(id) from tow.jobs where state = 'ready' \g /dev/null
delete from tow_store.audit;
select pg_temp.made(:w, 'failed') from generate_series(1, 3) \g /dev/null
select pg_temp.ran(:w, '{"as": "failed", "final": true, "class": "http.500"}', tow.enqueue('other')) as other \gset
select is(tow.redrive(dry_run => true), 4::bigint, 'redrive: how many it would be');
select is(tow.redrive(dry_run => true, before => tow.now() - interval '1 day'), 0::bigint, 'none that failed later than is said');
select is((select count(*) from tow.history where state = 'failed' and not revived), 4::bigint, 'dry: nothing has changed');
select is(tow.redrive(kind => 'nope') + tow.redrive(queue => 'nope') + tow.redrive(class => 'nope') + tow.redrive(since => '0'), 0::bigint, 'filters that match nothing');
select is(tow.redrive(class => 'http.'), 1::bigint, 'by the beginning of the class');
select is(tow.state(:other), 'ready', 'that one');
select is(tow.redrive(queue => 'default', kind => 'noop', max_jobs => 2), 2::bigint, 'by queue and kind, no more than asked for');
select is(tow.redrive(), 1::bigint, 'the rest');
select is(tow.redrive(), 0::bigint, 'once');
select pg_temp.ran(:w, '{"as": "failed", "final": true}', tow.enqueue('haul.fetch')) as hauls \gset
select is(tow.redrive(), 0::bigint, 'what works for downloads does not go on so');
select is(tow.redrive(kind => 'haul.fetch'), 1::bigint, 'unless its kind is named');
select tow.cancel(:hauls) \g /dev/null
select is(tow.redrive(max_jobs => 100000, dry_run => true), 0::bigint, 'to count, it may be more than to run');
select pg_temp.refused('select tow.redrive(max_jobs => 10001)', 'TW422', '1 to 10000', 'too many at once');
select pg_temp.refused('select tow.redrive(max_jobs => 0)', 'TW422', '1 to 10000', 'none at all');
select is((select sum((detail ->> 'jobs')::int) from tow.audit where what = 'redrive'), 5::bigint, 'all of it in the audit');
select is((select count(*) from tow.audit where what = 'job.retried' and detail ->> 'by' = 'redrive' and job is not null), 5::bigint, 'and each job has its own trace, those that were only counted none');

-- Neither a dry run nor none.
select pg_temp.refused('select tow.redrive(dry_run => null)', 'TW422', 'true', 'redrive: dry_run null does nothing');
select pg_temp.refused($$ select tow.bulk('cancel', queue => 'default', dry_run => null) $$, 'TW422', 'true', 'bulk: nor does it here');

-- A deadline that is over.
set local tow.fake_now = '2030-01-01 00:00:00+00';
select tow.enqueue('noop', deadline => tow.now() + interval '1 min') as d \gset
select pg_temp.ran(:w, '{"as": "failed", "class": "late", "final": true}', :d) \g /dev/null
select tow.enqueue('noop', deadline => tow.now() + interval '1 h') as e \gset
select pg_temp.ran(:w, '{"as": "failed", "class": "late", "final": true}', :e) \g /dev/null
select pg_temp.later('2 min') \g /dev/null
select pg_temp.refused(format('select tow.retry(%s)', :d), 'TW409', 'enqueue it anew', 'retry: it could not run any more');
select is((select array_agg(job) from tow.bulk('retry', class => 'late')), array[:e::bigint], 'bulk: nor is it one of those that match');
select is(tow.redrive(class => 'late', dry_run => true), 1::bigint, 'redrive: nor does that count it');
select is(tow.redrive(class => 'late'), 1::bigint, 'or put it back');
select is(tow.state(:d) || ' ' || tow.state(:e), 'failed ready', 'but those with time left');

-- Who cancelled last is who is named.
select tow.enqueue('noop') as c \gset
select pg_temp.claim(:w) \g /dev/null
select tow.cancel(:c, 'first') \g /dev/null
select pg_temp.later('1 min'), tow.cancel(:c, 'second') \g /dev/null
select is((select row(reason, at = tow.now())::text from tow_store.cancelling where job_id = :c), '(second,t)', 'with the time and the reason that go with it');

-- To another queue, with the priority it was given meanwhile.
select tow.enqueue('noop', wait_for => 'go') as p \gset
select tow.reprioritise(:p, 5), tow.move(:p, 'elsewhere'), tow.signal(:p, 'go') \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select is((select row(b.priority, q.name)::text from tow_store.ready r join tow_store.band b on b.id = r.band join tow_store.queue q on q.id = b.queue where r.id = :p),
	'(5,elsewhere)', 'move: a job that waits keeps its new priority');

select * from finish();
rollback;
