-- tow.exchange: claims in order, the fence, a lost answer asked for again.
begin;
\ir ../lib/fixture.sql
select pg_temp.later('0');
select tow.set_queue('other', timeout => '7 s'), tow.set_queue('third');
select pg_temp.worker('{default,other}', '{noop,known}') as w \gset
select pg_temp.worker('{default}', '{noop,rare}') as w2 \gset

-- Order: smaller priorities first, then as they came.
select tow.enqueue('noop') as a, tow.enqueue('noop') as b, tow.enqueue('noop', priority => 200) as late, tow.enqueue('noop', priority => 5) as early \gset
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.claim(:w, 3), array[:early, :a, :b]::bigint[], 'priorities before the order of arrival');
select is(pg_temp.claim(:w, 3), array[:late]::bigint[], 'then what is left');
select is(pg_temp.claim(:w, 3), '{}', 'and nothing twice');
select ok((select count(distinct run) = 4 and bool_and(worker = :w and attempt = 1) from tow_store.running), 'each under a run of its own');

-- What the rows say.
select tow.enqueue('noop', '{"x": 1}', queue => 'other', tags => '{t,u}', key => 'k', deadline => tow.now() + '10 s'::interval, max_attempts => 4, timeout => '3 s') as full_job,
	tow.enqueue('noop', queue => 'other') as plain, tow.enqueue('noop', queue => 'other', policy => 'never') as never \gset
create temporary table e as select * from pg_temp.exchange(:w, p_wants => '{2,3}');
select results_eq(format('select kind, attempt, max_attempts, timeout_ms, deadline_ms, args, tags, key from e where job = %s', :full_job),
	$$ values ('noop', 1, 4, 3000::bigint, 10000::bigint, '{"x": 1}', '{t,u}', 'k') $$, 'a job''s own settings');
select results_eq(format('select kind, attempt, max_attempts, timeout_ms, deadline_ms, args, tags, key from e where job = %s', :plain),
	$$ values ('noop', 1, 12, 7000::bigint, null::bigint, '{}', null, null) $$, 'its queue''s and policy''s where it has none');
select is((select max_attempts from e where job = :never), 1, 'its own policy''s where it names one');
select results_eq($$ select q.name from e join tow_store.queue q on q.id = e.queue where what = 'short' $$, $$ values ('default'::text) $$, 'short: the queue that gave less than wanted');
select ok((select bool_and(l.pos >= (select max(r.pos) from e r where r.what = 'job' and r.band = l.band)) from e l where l.what = 'low' and l.band in (select band from e where what = 'job')),
	'low: every band''s new watermark lies behind what was claimed');
select ok((select bool_and(pos >= :never) from e where what = 'low' and queue = (select id from tow_store.queue where name = 'default')), 'and behind all positions given out, where it was scanned to its end');
select is((select count(*) from pg_temp.exchange(:w, p_wants => '{0,0}')), 0::bigint, 'nothing wanted, nothing said');

-- A watermark is believed.
select tow.enqueue('noop') as c, tow.enqueue('noop') as d \gset
select is((select array_agg(x.job) from tow_store.queue q, tow_store.band b, tow.exchange(:w, 1, 1, false, null, null, null, null, null, array[b.id], array[:c]::bigint[], array[q.id], '{5}') x
	where q.name = 'default' and b.queue = q.id and b.priority = 100 and x.what = 'job'), array[:d]::bigint[], 'nothing at or below the watermark is looked at');
select is(pg_temp.claim(:w), array[:c]::bigint[], 'until it is lowered');

-- Want per queue, pause.
select tow.enqueue_many('noop', '{1,2,3}') \g /dev/null
select tow.enqueue_many('noop', '{1,2,3}', queue => 'other') \g /dev/null
select results_eq(format($$ select q.name, count(*) from pg_temp.exchange(%s, p_wants => '{2,1}') e join tow_store.queue q on q.id = e.queue where what = 'job' group by 1 order by 1 $$, :w),
	$$ values ('default', 2::bigint), ('other', 1) $$, 'want is per queue');
select tow.pause('other', 'because');
select results_eq(format($$ select distinct q.name from pg_temp.exchange(%s, 10) e join tow_store.queue q on q.id = e.queue where what = 'job' $$, :w), $$ values ('default'::text) $$, 'a paused queue gives nothing');
select is((select count(*) from pg_temp.exchange(:w, p_wants => '{0,1}') where what = 'short'), 1::bigint, 'and is short, so that nobody asks again at once');
select results_eq($$ select state, pause_reason from tow.queues where name = 'other' $$, $$ values ('paused', 'because') $$, 'and says why');
select tow.resume('other');
select is(cardinality(pg_temp.claim(:w)), 2, 'until it is resumed');

-- The fence.
select pg_temp.claim(:w2) \g /dev/null
select tow.enqueue('noop') as f \gset
select pg_temp.claim(:w) \g /dev/null
select run as f_run from tow_store.running where job_id = :f \gset
select tow_store.lose_runs(:w) \g /dev/null
select is(tow.state(:f), 'ready', 'a run is lost');
select results_eq(format($$ select what, run from pg_temp.exchange(%s, 0, null, '{%s}', '{%s}') $$, :w, :f, :f_run), format($$ values ('late', %s::bigint) $$, :f_run), 'completed too late: told so');
select results_eq(format($$ select what, run from pg_temp.exchange(%s, 0, '[{"job": %s, "run": %s, "as": "failed", "final": true}]') $$, :w, :f, :f_run),
	format($$ values ('late', %s::bigint) $$, :f_run), 'failed too late: told so');
select is(tow.state(:f), 'ready', 'neither changed anything');
select is((select count(*) from tow_store.history where job_id = :f and outcome <> 'l'), 0::bigint, 'nor left a trace');
select pg_temp.claim(:w2) \g /dev/null
select results_eq(format($$ select what, run from pg_temp.exchange(%s, 0, null, '{%s}', '{%s}') $$, :w, :f, :f_run), format($$ values ('late', %s::bigint) $$, :f_run),
	'nor does it count for the run that another worker holds now');
select is(tow.state(:f), 'running', 'which goes on');
select pg_temp.refused($$ select tow.exchange(0, 0, 1, false, null, null, null, null, null, null, null, null, null) $$, 'TW410', 'attach', 'an unknown worker is told to attach');

-- A lost answer: the same sequence number again.
select pg_temp.claim(:w) \g /dev/null
select tow.enqueue('noop') as g, tow.enqueue('noop') as h \gset
select count(*) from pg_temp.exchange(:w, 1) \g /dev/null
create temporary table once as select * from pg_temp.exchange(:w, 1, '[]', array[:g]::bigint[], array(select run from tow_store.running where job_id = :g), 777);
create temporary table again as select * from pg_temp.exchange(:w, 1, '[]', array[:g]::bigint[], array(select run from tow_store.history where job_id = :g), 777, true);
select results_eq($$ select job, run, attempt, max_attempts, args from again where what = 'job' $$, $$ select job, run, attempt, max_attempts, args from once where what = 'job' $$, 'a repeat gives the same claims');
select is((select array_agg(job) from once where what = 'job'), array[:h]::bigint[], 'which are there');
select is((select count(*) from again where what = 'late'), 0::bigint, 'and calls nothing late');
select is((select count(*) from tow_store.history where job_id = :g), 1::bigint, 'and counts no outcome twice');
select tow.enqueue('noop') as i \gset
select is((select array_agg(job) from pg_temp.exchange(:w, 1, p_seq => 778, p_repeat => true) where what = 'job'), array[:i]::bigint[], 'a repeat of what was never done does it');

-- A kind that the worker does not know.
select pg_temp.say(:w, :h, '{"as": "completed"}'), pg_temp.say(:w, :i, '{"as": "completed"}') \g /dev/null
select tow.enqueue('rare') as r \gset
select is(pg_temp.claim(:w), array[:r]::bigint[], 'an unknown kind is claimed');
select pg_temp.say(:w, :r, '{"as": "unknown"}') \g /dev/null
select is(tow.state(:r), 'ready', 'and put back');
select is(pg_temp.claim(:w), '{}', 'and never seen again by that worker');
select tow.enqueue('rare') as r2 \gset
select is(pg_temp.claim(:w), '{}', 'nor is the next of its kind');
select is(pg_temp.claim(:w2), array[:r, :r2]::bigint[], 'but by one that knows it');
select is((select max(attempt) from tow_store.running where job_id = :r), 1, 'with its attempt unspent');

select * from finish();
rollback;
