-- Jobs that wait for others, for signals, for somebody's word.
begin;
\ir ../lib/fixture.sql
select pg_temp.later('0');
select pg_temp.worker() as w \gset
create function pg_temp.states(p_jobs bigint[]) returns text
language sql as $$ select string_agg(tow.state(j), ' ' order by n) from unnest(p_jobs) with ordinality u(j, n) $$;
create function pg_temp.reason(p_job bigint) returns text language sql as $$ select reason from tow_store.waiting where id = p_job $$;
create function pg_temp.memory(p_worker bigint) returns jsonb
language sql as $$ select e.memory::jsonb from pg_temp.exchange(p_worker, 1) e where e.what = 'job' $$;
-- As ran, and then the admit duty.
create function pg_temp.went(p_worker bigint, p_job bigint, p_outcome jsonb) returns text
language plpgsql as $$
begin
	perform pg_temp.ran(p_worker, p_outcome, p_job);
	perform pg_temp.drain('admit');
	return tow.state(p_job);
end $$;

-- Predecessors.
select tow.enqueue('noop', '"a"') as a \gset
select tow.enqueue('noop', '"b"', after => array[:a]) as b \gset
select tow.enqueue('noop', '"c"', after => array[:a, :b, :a]) as c \gset
select is(pg_temp.states(array[:a, :b, :c]), 'ready waiting waiting', 'successors wait');
select ok(pg_temp.drain('admit') > 0, 'the duty looks at them');
select is((select flags from tow_store.ready where id = :a), 8, 'the first is flagged where it stands');
select is((select flags from tow_store.waiting where id = :b), 8, 'the second too');
select is(tow.duty('admit'), 0, 'and nothing is left to do');
select is(pg_temp.claim(:w), array[:a::bigint], 'only the first is there to claim');
select is(pg_temp.say(:w, :a, '{"as": "completed", "result": {"x": null}}'), false, 'it completes');
select ok(pg_temp.drain('admit') > 0, 'the duty hears of it');
select is(pg_temp.states(array[:a, :b, :c]), 'completed ready waiting', 'its successor goes on, the next one waits for that');
select is(pg_temp.memory(:w) -> 'after', jsonb_build_object(:a::text, '{"x": null}'::jsonb), 'the successor is told the result');
select pg_temp.say(:w, :b, '{"as": "failed"}') \g /dev/null
select is(tow.state(:b), 'retrying', 'a failed attempt');
select is(tow.duty('admit'), 0, 'ends nothing');
select tow.run_now(:b) \g /dev/null
select is(pg_temp.went(:w, :b, '{"as": "completed"}'), 'completed', 'the next attempt');
select is(tow.state(:c), 'ready', 'does');
select is((select count(*) from tow_store.need), 0::bigint, 'no need is left behind');
select is(pg_temp.went(:w, :c, '{"as": "completed"}'), 'completed', 'the last one runs');
select is((select count(*) from tow_store.released), 0::bigint, 'and tells nobody');
select tow.enqueue('noop', after => array[:a, :c], run_at => tow.now() + interval '1 h') as later \gset
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.due_in(:later), '1 h', 'after what has ended already: at once, or at its instant');
select tow.cancel(:later) \g /dev/null

-- When a predecessor fails or is cancelled.
select tow.enqueue('noop') as a \gset
select tow.enqueue('noop', after => array[:a]) as x \gset
select tow.enqueue('noop', after => array[:a], if_failed => 'fail') as f \gset
select tow.enqueue('noop', after => array[:a], if_failed => 'go') as g \gset
select tow.enqueue('noop', after => array[:a], if_failed => 'wait') as p \gset
select tow.enqueue('noop', after => array[:x]) as xx \gset
select tow.enqueue('noop', after => array[:f], if_failed => 'fail') as ff \gset
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.went(:w, :a, '{"as": "failed", "final": true, "class": "x", "error": "no"}'), 'failed', 'it fails:');
select is(pg_temp.states(array[:x, :f, :g, :p, :xx, :ff]), 'cancelled failed ready waiting cancelled failed', 'cancel, fail, go, wait, and so on down the line');
select is((select array[class, error] from tow.history where id = :x), array['predecessor', format('job %s, which it was to run after, failed', :a)], 'with the reason');
select is((select error from tow.history where id = :xx), format('job %s, which it was to run after, was cancelled', :x), 'all along');
select is(pg_temp.went(:w, :g, '{"as": "completed"}'), 'completed', 'the one that goes on without it');
select tow.retry(:a) \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.states(array[:a, :p]), 'ready waiting', 'a retry');
select is(pg_temp.went(:w, :a, '{"as": "completed"}'), 'completed', 'that completes');
select is(tow.state(:p), 'ready', 'is what the patient one waited for');
select is(pg_temp.went(:w, :p, '{"as": "completed"}'), 'completed', 'it runs');
-- a retry of what was cancelled for its predecessor waits for it if that is live again
select tow.enqueue('noop') as a \gset
select tow.enqueue('noop', after => array[:a]) as b \gset
select tow.cancel(:a) \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.states(array[:a, :b]), 'cancelled cancelled', 'cancelled, before the duty had looked at its successor');
select tow.retry(:a) \g /dev/null
select is(tow.retry(:b), 'waiting', 'both are retried: the second waits for the first again');
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.went(:w, :a, '{"as": "completed"}'), 'completed', 'which completes');
select is(tow.state(:b), 'ready', 'and lets it go on');
select is(pg_temp.went(:w, :b, '{"as": "completed"}'), 'completed', 'it runs');
-- ends of other sorts
select tow.enqueue('noop', key => 'k') as a \gset
select tow.enqueue('noop', after => array[:a]) as b \gset
select tow.enqueue('noop', key => 'k', on_conflict => 'replace') as c \gset
select tow.enqueue('noop', after => array[:c]) as d \gset
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.states(array[:a, :b, :c, :d]), 'cancelled cancelled ready waiting', 'replaced');
select tow.cancel(:c) \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.states(array[:c, :d]), 'cancelled cancelled', 'cancelled');
select tow.enqueue('noop', deadline => tow.now() + interval '1 min', run_at => tow.now() + interval '10 s') as a \gset
select tow.enqueue('noop', after => array[:a], if_failed => 'fail') as b \gset
select pg_temp.drain('admit') \g /dev/null
select is((select flags from tow_store.scheduled where id = :a), 8, 'one that is scheduled is flagged there');
select pg_temp.later('2 min') \g /dev/null
select pg_temp.drain('expire') + pg_temp.drain('admit') \g /dev/null
select is(pg_temp.states(array[:a, :b]), 'failed failed', 'its deadline passed');

-- Arguments.
select pg_temp.refused('select tow.enqueue(''noop'', after => array[77777777])', 'TW404', 'remembered', 'a predecessor that is not there');
select pg_temp.refused('select tow.enqueue(''noop'', after => array[null::bigint])', 'TW422', 'leave it out', 'null');
select pg_temp.refused('select tow.enqueue(''noop'', if_failed => ''go'')', 'TW422', 'give after', 'if_failed without after');
select pg_temp.refused('select tow.enqueue(''noop'', if_failed => ''panic'')', 'TW422', 'cancel, fail', 'a bad if_failed');
select pg_temp.refused('select tow.enqueue(''noop'', if_failed => null)', 'TW422', 'cancel, fail', 'null');
select pg_temp.refused('select tow.enqueue(''noop'', wait_for => '''')', 'TW422', 'short word', 'a signal without a name');
select pg_temp.refused(format('select tow.enqueue(''noop'', parent => %s)', :a), 'TW409', 'before their parent ends', 'a parent that has ended');
select pg_temp.refused(format('select tow.enqueue_many(''noop'', ''{"{}"}'', parent => %s)', :a), 'TW409', 'before their parent ends', 'of many');
select pg_temp.refused('select tow.enqueue(''noop'', parent => 77777777)', 'TW404', 'never enqueued', 'that is not there');
select pg_temp.refused(format('select tow.enqueue(''noop'', after => array_fill(%s::bigint, array[1001]))', :a), 'TW422', 'batch', 'too many');
select pg_temp.refused(format('select tow.enqueue(''noop'', after => array[[%s],[%1$s]])', :a), 'TW422', 'list', 'an array of arrays');

-- Circles.
select tow.enqueue('noop', run_at => tow.now() + interval '1 h') as a \gset
select tow.enqueue('noop', after => array[:a]) as b \gset
select tow.enqueue('noop', after => array[:b]) as c \gset
select pg_temp.refused(format('select tow.depend(%s, array[%s])', :a, :c), 'TW409', 'itself', 'depend: a circle of three');
select pg_temp.refused(format('select tow.depend(%s, array[%1$s])', :a), 'TW409', 'itself', 'of one');
select pg_temp.refused(format('select tow.enqueue(''noop'', parent => %s, after => array[%s])', :a, :c), 'TW409', 'leave one', 'a child that waits for who waits for its parent');
select pg_temp.refused(format('select tow.enqueue(''noop'', parent => %s, after => array[%1$s])', :a), 'TW409', 'leave one', 'a child that waits for its parent');
select tow.enqueue('noop') as d \gset
select is(tow.depend(:a, array[:d]), 'waiting', 'depend: a scheduled job waits');
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.went(:w, :d, '{"as": "completed"}'), 'completed', 'until the other has completed');
select is(pg_temp.due_in(:a), '1 h', 'and then for its instant');
select pg_temp.refused(format('select tow.depend(%s, array[%s])', :d, :a), 'TW409', 'started or finished', 'depend: not of a finished job');
select is((select count(*) from tow_store.audit where what = 'job.depends' and job_id = :a), 1::bigint, 'it is in the audit');
select tow.enqueue('noop', run_at => tow.now() + interval '1 h') as e \gset
select tow.depend(:a, array[:e]), tow.depend(:a, array[:e], 'go') \g /dev/null
select is((select n.if_failed from tow_store.need n where n.job_id = :a and n.on_id = :e), 'g', 'depend: what happens when it fails is changed');
select tow.enqueue('noop', parent => :a) as child \gset
select pg_temp.refused(format('select tow.depend(%s, array[%s])', :a, :child), 'TW409', 'once it runs', 'depend: not on one''s own child');
select tow.enqueue('noop', run_at => tow.now() + interval '1 h') as old \gset
select tow.enqueue('noop', parent => :old) as mid \gset
select tow.enqueue('noop', parent => :mid) as new \gset
select tow.depend(:old, array[:new]) \g /dev/null
select is((select array_agg(regexp_replace(g, ', then 2.*', '')) from tow.graph(:mid) g), array[format('*%s  noop  ready', :mid), format('└─ child %s  noop  ready', :new),
	format('   └─ then %s  noop  waiting for jobs %s, %s', :old, :mid, :new), format('      └─ child %s  (above)', :mid)], 'a circle of ties of both sorts is drawn all the same');
select tow.cancel(j) from unnest(array[:e, :child, :old, :mid, :new]) j \g /dev/null
select tow.cancel(:a) \g /dev/null
select pg_temp.drain('admit') \g /dev/null

-- Parents and children.
select tow.enqueue('noop', '"parent"') as p \gset
select pg_temp.claim(:w, 1) \g /dev/null
select tow.enqueue('noop', '"child"', parent => :p) as c1 \gset
select is(pg_temp.say(:w, :p, '{"as": "waits", "for": "children", "spawn": [{"kind": "noop", "args": 2}, {"kind": "noop", "args": 3, "after_spawned": [0], "if_failed": "go"},
	{"kind": "noop", "delay_s": 3600, "child": false}]}'), false, 'it waits for its children, and makes some more');
select is((select array[reason, attempt::text] from tow_store.waiting where id = :p), '{children,0}', 'the attempt is unspent');
select is((select outcome from tow.attempts where job = :p), 'waited', 'the run is in its history');
select array_agg(id order by id) as kids from tow_store.job where parent = :p \gset
select is(pg_temp.states(:'kids'), 'ready ready waiting', 'the children');
select is((select array[queue, parent::text] from tow_store.job where id > :p order by id desc limit 1), '{default,NULL}', 'and one that is none');
select pg_temp.drain('admit') \g /dev/null
select is(tow.state(:p), 'waiting', 'it waits');
select is(pg_temp.claim(:w), (:'kids'::bigint[])[1:2], 'two run');
select pg_temp.say(:w, (:'kids'::bigint[])[1], '{"as": "completed", "result": 1}'), pg_temp.say(:w, (:'kids'::bigint[])[2], '{"as": "failed", "final": true}') \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.states(:'kids'), 'completed failed ready', 'the third comes after the second, which has failed');
select is(tow.state(:p), 'waiting', 'the parent still waits');
select is(pg_temp.went(:w, (:'kids'::bigint[])[3], '{"as": "completed", "result": [3]}'), 'completed', 'the last child');
select is(tow.state(:p), 'ready', 'lets it go on, whatever became of them');
select is(pg_temp.memory(:w) -> 'children', jsonb_build_object('total', 3, 'completed', 2, 'failed', 1, 'cancelled', 0, 'results',
	jsonb_build_object((:'kids'::bigint[])[1]::text, 1, (:'kids'::bigint[])[2]::text, null, (:'kids'::bigint[])[3]::text, '[3]'::jsonb)), 'and it learns it');
select is(pg_temp.say(:w, :p, '{"as": "waits", "for": "children"}'), false, 'to wait again');
select is(tow.state(:p), 'ready', 'where nothing is pending takes no time');
select is(pg_temp.went(:w, :p, '{"as": "completed"}'), 'completed', 'it ends');
-- spawning goes wrong as a whole
select pg_temp.ran(:w, jsonb_build_object('as', 'completed', 'spawn', s::jsonb)) as id, e.expected as expected into temporary bad
from (values ('[{"kind": "noop"}, {"kind": "no op"}]', 'bad kind'), ('{"kind": "noop"}', 'not an array'), ('[{"kind": "noop", "colour": 1}]', 'colour'),
	('[{"kind": "noop", "after_spawned": [0]}]', 'do not come before'), ('[{"kind": "noop", "run_at": "x"}]', 'timestamp'), ('[7]', 'not understood'),
	('[{"kind": "noop", "run_at": "2030-01-01", "delay_s": 1}]', 'two different')) e(s, expected);
select is(array_agg(tow.state(id) || ' ' || (select class from tow.history h where h.id = bad.id) || coalesce((select ': ' || error from tow.history h where h.id = bad.id and error !~ bad.expected), '')),
	array_fill('failed spawn'::text, array[7]), 'a spawned job that cannot be fails the run') from bad;
select is((select count(*) from tow_store.job where parent in (select id from bad)), 0::bigint, 'and none is made');
create temporary table wait as select pg_temp.ran(:w, o::jsonb || '{"as": "waits"}') as id from unnest(array['{"for": "rain"}', '{"for": "signal"}',
	'{"for": "signal", "name": "x", "timeout_s": -1}', '{"for": "approval", "timeout_s": "soon"}', '{"for": "children", "on_timeout": "panic"}', '{}']) o;
select is(array_agg(h.class), array_fill('wait'::text, array[6]), 'a wait that makes no sense fails the run') from wait join tow.history h using (id);
select matches(string_agg(h.error, '; '), 'rain.*name of.*-1 s.*soon s.*panic', 'and says what is wrong') from wait join tow.history h using (id);
-- cancelled while it asks to wait
select tow.enqueue('noop') as p \gset
select pg_temp.claim(:w, 1) \g /dev/null
select tow.cancel(:p) \g /dev/null
select pg_temp.say(:w, :p, '{"as": "waits", "for": "children", "spawn": [{"kind": "noop"}]}') \g /dev/null
select is(tow.state(:p), 'cancelled', 'a job that is to be cancelled does not wait');
select is((select count(*) from tow_store.job where parent = :p), 0::bigint, 'nor spawn');
-- a child that ended twice before anybody heard of it is counted once
select tow.enqueue('noop') as twice \gset
select tow.enqueue('noop', parent => :twice) as kid \gset
select tow.cancel(:kid), tow.retry(:kid), tow.cancel(:kid) \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select is((select array[total, cancelled] from tow.progress_of(:twice)), array[1, 1]::bigint[], 'a child that ended, was retried and ended is one');
select tow.cancel(:twice) \g /dev/null
-- a child that is retried is waited for again
select tow.enqueue('noop') as p \gset
select pg_temp.claim(:w, 1) \g /dev/null
select pg_temp.say(:w, :p, '{"as": "waits", "for": "children", "spawn": [{"kind": "noop"}, {"kind": "noop", "run_at": "2100-01-01"}]}') \g /dev/null
select array_agg(id order by id) as kids from tow_store.job where parent = :p \gset
select pg_temp.went(:w, (:'kids'::bigint[])[1], '{"as": "failed", "final": true}') \g /dev/null
select is((select failed from tow_store.family where id = :p), 1::bigint, 'a failed child is counted');
select tow.retry((:'kids'::bigint[])[1]) \g /dev/null
select is((select array[failed, pending] from tow_store.family_of(:p)), '{0,2}', 'no more when it is retried');
select tow.run_now((:'kids'::bigint[])[2]) \g /dev/null
select pg_temp.claim(:w), pg_temp.say(:w, (:'kids'::bigint[])[2], '{"as": "completed"}'), pg_temp.drain('admit') \g /dev/null
select is(tow.state(:p), 'waiting', 'and waited for');
select pg_temp.say(:w, (:'kids'::bigint[])[1], '{"as": "completed"}'), pg_temp.drain('admit') \g /dev/null
select is(tow.state(:p), 'ready', 'until it has ended');
select is(pg_temp.went(:w, :p, '{"as": "completed"}'), 'completed', 'the parent ends');

-- Signals and approvals.
select tow.enqueue('noop', wait_for => 'paid') as a \gset
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.reason(:a), 'signal', 'waits for a signal');
select tow.signal(:a, 'other', '1') \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.reason(:a), 'signal', 'another one');
select tow.signal(:a, 'paid', '{"sum": 7, "note": null}') \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select is(tow.state(:a), 'ready', 'the signal');
select is((pg_temp.memory(:w) #> '{signals,paid}') - '{who,at}'::text[], '{"payload": {"sum": 7, "note": null}, "timed_out": false}', 'is in its memory');
select is(pg_temp.say(:w, :a, '{"as": "waits", "for": "signal", "name": "more", "timeout_s": 60}'), false, 'it waits for another, a minute');
select pg_temp.drain('admit') \g /dev/null
select is((select until - tow.now() from tow_store.waiting where id = :a), '1 min', 'no longer');
select pg_temp.later('59 s'), pg_temp.drain('admit') \g /dev/null
select is(tow.state(:a), 'waiting', 'not yet');
select pg_temp.later('1 s'), pg_temp.drain('admit') \g /dev/null
select is(tow.state(:a), 'ready', 'nobody has said it in time');
select is(pg_temp.memory(:w) #> '{signals,more,timed_out}', 'true', 'and the job is told so');
select tow.signal(:a, 'early', '1') \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select is((select flags & 16 from tow_store.running where job_id = :a), 16, 'one for a running job');
select pg_temp.say(:w, :a, '{"as": "waits", "for": "signal", "name": "early"}') \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select is(tow.state(:a), 'ready', 'is there when it asks');
select pg_temp.went(:w, :a, '{"as": "waits", "for": "approval", "timeout_s": 1, "on_timeout": "cancel"}') \g /dev/null
select pg_temp.later('2 s'), pg_temp.drain('admit') \g /dev/null
select is((select array[state, class] from tow.history where id = :a), '{cancelled,timeout}', 'a wait that cancels when it times out');
select pg_temp.refused(format('select tow.signal(%s, ''x'')', :a), 'TW409', 'finished', 'a signal to a finished job');
select pg_temp.refused('select tow.signal(77777777, ''x'')', 'TW404', 'never', 'to nobody');
select pg_temp.refused(format('select tow.signal(%s, null)', :a), 'TW422', 'word', 'without a name');
select tow.enqueue('noop') as a \gset
select tow.enqueue('noop', after => array[:a], wait_for => 'approval') as b \gset
select tow.enqueue('noop', wait_for => 'approval') as c \gset
select pg_temp.drain('admit') \g /dev/null
select is(array[pg_temp.reason(:b), pg_temp.reason(:c)], '{predecessors,approval}', 'approval, and after another');
select is(pg_temp.went(:w, :a, '{"as": "completed"}'), 'completed', 'the other ends');
select is(pg_temp.reason(:b), 'approval', 'now for approval');
select tow.approve(:b, 'fine'), tow.reject(:c, reason => 'too dear') \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.states(array[:b, :c]), 'ready cancelled', 'approved, rejected');
select matches((select error from tow.history where id = :c), 'rejected it: too dear', 'with the reason');
select tow.retry(:c) \g /dev/null
select tow.duty('admit') \g /dev/null
select is((select reason from tow.jobs where id = :c), 'approval', 'a retry of what was rejected asks again');
select tow.approve(:c) \g /dev/null
select tow.duty('admit') \g /dev/null
select is(tow.state(:c), 'ready', 'and then it may start');
select tow.cancel(:c), tow.retry(:c) \g /dev/null
select is(tow.state(:c), 'ready', 'what was said is not asked for again');
select is(pg_temp.memory(:w) #> '{signals,approval,payload}', '{"approved": true, "note": "fine"}', 'the approval is in the memory');
select pg_temp.refused(format('select tow.reject(%s)', :c), 'TW409', '^\S+ approved it at .* tow.cancel', 'an approval that was heard is not taken back');
select is((select count(*) from tow_store.signal where job_id = :c), 1::bigint, 'nothing was said');
select pg_temp.went(:w, :b, '{"as": "completed"}') \g /dev/null
select pg_temp.refused(format('select tow.approve(%s)', :b), 'TW409', 'finished', 'nor is one given to who has finished');
select tow.enqueue('noop') as n \gset
select pg_temp.refused(format('select tow.approve(%s)', :n), 'TW409', 'is it the right job\?', 'one that did not ask');
select is(tow.signal(:n, 'approval', '{"approved": true}') > 0, true, 'which can be told all the same');
select is((select count(*) from tow.audit where job = :n), 0::bigint, 'what was refused is not in the audit');
select tow.enqueue('noop', run_at => tow.now() + interval '1 day') as far \gset
select tow.enqueue('noop', after => array[:far], wait_for => 'approval') as later \gset
select tow.duty('admit'), tow.approve(:later) \g /dev/null
select tow.duty('admit') \g /dev/null
select is(tow.reject(:later) > 0, true, 'one that will ask after its predecessors may be told before, and told otherwise');
select tow.enqueue('noop') as asks \gset
select pg_temp.went(:w, :asks, '{"as": "waits", "for": "signal", "name": "approval"}') \g /dev/null
select is(tow.approve(:asks) > 0, true, 'who asks for the signal of that name is told by tow.approve, too');
select tow.cancel(:n), tow.cancel(:asks), tow.cancel(:far), tow.cancel(:later) \g /dev/null
select array_agg(tow.enqueue('noop', wait_for => 'approval')) as ab from generate_series(1, 2) \gset
select tow.approve((:'ab'::bigint[])[1]), tow.reject((:'ab'::bigint[])[1]) \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select tow.approve((:'ab'::bigint[])[2]), tow.reject((:'ab'::bigint[])[2]) \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.states(:'ab'), 'cancelled cancelled', 'of two words that nobody has heard yet the last one counts, whether the duty has seen the job wait or not');

-- A wait that has timed out, and signals at the same time.
select tow.enqueue('noop') as a \gset
select pg_temp.went(:w, :a, '{"as": "waits", "for": "signal", "name": "word", "timeout_s": 5}') \g /dev/null
select pg_temp.later('6 s'), pg_temp.drain('admit') \g /dev/null
select is(pg_temp.went(:w, :a, '{"as": "waits", "for": "signal", "name": "word", "timeout_s": 5}'), 'waiting', 'who waits again for what was not said waits');
select pg_temp.refused(format('select tow.depend(%s, array[%s])', :a, :b), 'TW409', 'started', 'one that has started waits for nothing else');
select pg_temp.later('6 s') \g /dev/null
select tow.signal(:a, 'word', '1') \g /dev/null
select is(tow_store.admit_overdue(tow.now()), 1, 'the duty comes to the timeout first');
select pg_temp.drain('admit') \g /dev/null
select is((pg_temp.memory(:w) #> '{signals,word}') - '{who,at}'::text[], '{"payload": 1, "timed_out": false}', 'what was said before has been said in time');
insert into tow_store.signal (job_id, name, at, who, timed_out, fresh) values (:a, 'word', tow.now(), 'x', true, false);
select is(tow_store.memory_of(:a) #> '{signals,word,payload}', '1', 'a signal whose commit came after that of the timeout is not hidden by it');
select pg_temp.say(:w, :a, '{"as": "completed"}') \g /dev/null
select tow.enqueue('noop') as a \gset
select pg_temp.went(:w, :a, '{"as": "waits", "for": "children", "timeout_s": 5, "on_timeout": "cancel", "spawn": [{"kind": "noop", "delay_s": 60}]}') \g /dev/null
select pg_temp.later('6 s'), pg_temp.drain('admit') \g /dev/null
select is((select error from tow.history where id = :a), 'its children had not ended in time', 'children that take too long');
select tow.cancel(id) from tow.jobs where parent = :a \g /dev/null

select tow.enqueue('noop', key => 'move', wait_for => 'x') as a \gset
select is(tow.enqueue('noop', key => 'move', on_conflict => 'reschedule', run_at => tow.now() + interval '1 h'), :a::bigint, 'reschedule: one that waits');
select is(pg_temp.reason(:a), 'signal', 'goes on waiting');
select tow.signal(:a, 'x'), pg_temp.drain('admit') \g /dev/null
select is(pg_temp.due_in(:a), '1 h', 'and then for the new instant');
select is(tow.cancel(:a), 'cancelled', 'cancel');

-- What a claim has to carry has an end.
select tow.enqueue('noop') as a \gset
select pg_temp.claim(:w, 1) \g /dev/null
select run from tow_store.running where job_id = :a \gset
select bool_and(tow.save_step(:w, :a, :run, 'large ' || n, to_jsonb(repeat('x', 1000000))::text)) from generate_series(1, 10) n \g /dev/null
select count(tow.signal(:a, 'large ' || n, to_jsonb(repeat('y', 1000000)))) from generate_series(1, 6) n \g /dev/null
select pg_temp.refused(format('select tow.save_step(%s, %s, %s, ''one more'', to_jsonb(repeat(''x'', 1000000))::text)', :w, :a, :run), 'TW413', 'references', 'more steps than that');
select pg_temp.refused(format('select tow.signal(%s, ''one more'', to_jsonb(repeat(''x'', 1000000)))', :a), 'TW413', 'references', 'or signals');
select ok(tow.save_step(:w, :a, :run, 'small', '1'), 'a small one has room');
select is(pg_temp.say(:w, :a, '{"as": "completed"}'), false, 'it goes on');
select tow.enqueue('noop') as a \gset
select tow.enqueue('noop') as b \gset
select tow.enqueue('noop', after => array[:a, :b]) as c \gset
select pg_temp.drain('admit') \g /dev/null
select pg_temp.claim(:w, 2) \g /dev/null
select pg_temp.say(:w, j, jsonb_build_object('as', 'completed', 'result', repeat('z', 3000000))) from unnest(array[:a, :b]) j \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select is((select array_agg(length(r.value) order by r.key::bigint) from jsonb_each_text(pg_temp.memory(:w) -> 'after') r), array[3000000, null], 'results, as far as there is room');
select is(pg_temp.say(:w, :c, '{"as": "completed"}'), false, 'the successor ran');

-- Steps.
select tow.enqueue('noop') as a \gset
select pg_temp.claim(:w, 1) \g /dev/null
select run from tow_store.running where job_id = :a \gset
select ok(tow.save_step(:w, :a, :run, 'one', '{"n": null}'), 'a step');
select ok(tow.save_step(:w, :a, :run, 'one', '[1]'), 'done again');
select ok(not tow.save_step(:w, :a, :run + 1, 'two', '1'), 'of a run that is not there');
select ok(not tow.save_step(:w + 1, :a, :run, 'two', '1'), 'of another worker');
select pg_temp.refused(format('select tow.save_step(%s, %s, %s, ''x'', ''{'')', :w, :a, :run), 'TW422', 'quote', 'no JSON');
select pg_temp.refused(format('select tow.save_step(%s, %s, %s, '''', ''1'')', :w, :a, :run), 'TW422', 'one of its own', 'no name');
select pg_temp.say(:w, :a, '{"as": "failed"}'), tow.run_now(:a) \g /dev/null
select is(pg_temp.memory(:w) -> 'steps', '{"one": [1]}', 'the next run has it');
select is((select array_agg(name) from tow.steps(:a)), '{one}', 'tow.steps lists it');
select is(pg_temp.say(:w, :a, '{"as": "failed", "final": true}'), false, 'a failed job');
select is(tow.retry(:a), 'ready', 'that is retried');
select is(pg_temp.memory(:w) -> 'steps', '{"one": [1]}', 'goes on from its steps');
select is(pg_temp.say(:w, :a, '{"as": "completed"}'), false, 'a completed one');
select is(tow.retry(:a), 'ready', 'that is run again');
select is(pg_temp.memory(:w), null, 'starts anew');
select pg_temp.say(:w, :a, '{"as": "snoozed", "delay_s": 2592000}') \g /dev/null
select is(pg_temp.due_in(:a), '30 days', 'a month''s sleep');
select is((select count(*) from tow_store.running where job_id = :a), 0::bigint, 'holds no slot');
select pg_temp.later('30 days'), pg_temp.drain('promote') \g /dev/null
select is(pg_temp.went(:w, :a, '{"as": "completed"}'), 'completed', 'and goes on after it');

-- Batches.
select tow.batch('noop', '"last"', name => 'import') as b \gset
select array_agg(id) as members from tow.enqueue_many('noop', '{1,2}', parent => :b) id \gset
select pg_temp.drain('admit') \g /dev/null
select is((select array[state, total::text, pending::text] from tow.batches where id = :b), '{open,2,2}', 'a batch is open');
select pg_temp.went(:w, (:'members'::bigint[])[1], '{"as": "completed"}') \g /dev/null
select is((select array[reason, waits_for] from tow.jobs where id = :b), '{batch,"the batch to be sealed"}', 'it waits for its seal');
select ok(tow.enqueue('noop', parent => :b, after => :'members') is not null, 'members may run after one another');
select is(tow.seal(:b), 3::bigint, 'three members');
select is((select concat_ws(' ', a.what, a.job = :b, a.detail) from tow.audit a order by a.n desc limit 1), 'job.sealed t {"members": 3}', 'which the audit says');
select pg_temp.refused(format('select tow.seal(%s)', :b), 'TW409', 'sealed already', 'sealed once');
select pg_temp.refused(format('select tow.seal(%s)', (:'members'::bigint[])[1]), 'TW409', 'tow.batch', 'no batch');
select pg_temp.refused('select tow.batch(''noop'', name => '''')', 'TW422', 'short text', 'no name');
select pg_temp.drain('admit') \g /dev/null
select matches((select waits_for from tow.jobs where id = :b), '^children [0-9]+, [0-9]+$', 'it waits for two');
select is((select array[completed, pending] from tow.progress_of(:b)), '{1,2}', 'progress');
select is((select round(pct::numeric, 1) from tow.progress_of(:b)), 33.3, 'in per cent');
select pg_temp.say(:w, (:'members'::bigint[])[2], '{"as": "failed", "final": true}'), pg_temp.drain('admit') \g /dev/null
select is((select array[state, completed::text, failed::text, cancelled::text, pending::text, pct::text] from tow.batches where id = :b), '{ready,1,1,1,0,100}', 'all have ended');
select is(pg_temp.memory(:w) #> '{children,failed}', '1', 'the job learns how');
select pg_temp.say(:w, :b, '{"as": "completed"}') \g /dev/null
select is((select state from tow.batches where id = :b), 'completed', 'the batch has completed');
select tow.batch('noop') as b \gset
select is(tow.seal(:b), 0::bigint, 'a batch without members');
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.went(:w, :b, '{"as": "completed"}'), 'completed', 'runs at once');

-- Cancelling a whole line.
select tow.batch('noop') as b \gset
select tow.enqueue('noop', parent => :b) as m \gset
select tow.enqueue('noop', parent => :m) as mm \gset
select tow.enqueue('noop', after => array[:b]) as s \gset
select tow.enqueue('noop', after => array[:s], if_failed => 'go') as t \gset
select is(tow.cancel(:b, cascade => true), 'cancelled, with 4 others', 'cascade');
select is(pg_temp.states(array[:b, :m, :mm, :s, :t]), 'cancelled cancelled cancelled cancelled cancelled', 'all of them');
select is((select error from tow.history where id = :t), format('cancelled with job %s', :b), 'with the reason');
select pg_temp.refused(format('select tow.cancel(%s, cascade => true)', :b), 'TW409', 'finished', 'nothing is left');
select pg_temp.drain('admit') \g /dev/null
select is((select count(*) from tow_store.need n where n.job_id in (:b, :m, :s, :t)), 0::bigint, 'nor any need');
select is(array[tow.retry(:b), tow.cancel(:b)], '{ready,cancelled}', 'cancel without it');

-- Graphs.
select tow.enqueue('noop') as a \gset
select tow.enqueue('noop', after => array[:a]) as b \gset
select tow.enqueue('noop', after => array[:a]) as c \gset
select tow.enqueue('noop', after => array[:b, :c]) as d \gset
select tow.enqueue('noop', parent => :b) as e \gset
select is((select array_agg(g) from tow.graph(:d) g), array[
	format('%s  noop  ready', :a), format('├─ then %s  noop  waiting for jobs %s, %s', :b, :a, :e), format('│  ├─ child %s  noop  ready', :e),
	format('│  └─ then *%s  noop  waiting for jobs %s, %s', :d, :b, :c), format('└─ then %s  noop  waiting for jobs %s', :c, :a),
	format('   └─ then %s  (above)', :d)], 'as text');
select is((select count(*) filter (where g ~ '->') from tow.graph(:a, 'dot') g), 5::bigint, 'as dot: five ties');
select matches((select string_agg(g, '') from tow.graph(:a, 'dot') g), format('^digraph tow {.*j%s -> j%s \[style = dashed, label = child\].*}$', :b, :e), 'and braces');
select tow.enqueue('noop', parent => :a) as f \gset
select is((select count(*) from tow.graph(:f)), 7::bigint, 'a graph grows');
select pg_temp.refused(format('select tow.graph(%s, ''png'')', :a), 'TW422', 'dot', 'a bad format');
select pg_temp.refused('select tow.graph(77777777)', 'TW404', 'never', 'no such job');
select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[600]), parent => :a) \g /dev/null
select is((select array[count(*)::text, max(g) filter (where g ~ 'more')] from tow.graph(:a) g where g !~ 'above'), array['501', format('(there are more: these are the 500 nearest to job %s)', :a)], 'a large one is cut, and says so');
select is((select array[lane, parent::text, waits_for, after::text] from tow.job(:d)), array[null, null, format('jobs %s, %s', :b, :c), format('{%s,%s}', :b, :c)], 'tow.job shows ties');
select is((select children -> 'pending' from tow.job(:a)), '601', 'and children');

-- What is forgotten.
select tow.set('retention', '1 day') \g /dev/null
select tow.enqueue('noop') as a \gset
select tow.enqueue('noop', after => array[:a], if_failed => 'wait') as b \gset
select tow.reprioritise(:a, 1) \g /dev/null
select pg_temp.drain('admit') \g /dev/null
select pg_temp.claim(:w, 1) \g /dev/null
select run from tow_store.running where job_id = :a \gset
select tow.save_step(:w, :a, :run, 's', '1'), tow.signal(:a, 's') \g /dev/null
select pg_temp.say(:w, :a, '{"as": "failed", "final": true}'), pg_temp.drain('admit') \g /dev/null
select is(pg_temp.states(array[:a, :b]), 'failed waiting', 'one waits for a retry of the other');
delete from tow_store.history where job_id = :a;
select pg_temp.later('2 days') \g /dev/null
select tow_store.prune_window(:a, :a + 1) \g /dev/null
select is(tow.state(:a), null, 'which is forgotten');
select is((select count(*) from tow_store.step where job_id = :a) + (select count(*) from tow_store.signal where job_id = :a), 0::bigint, 'with all it remembered');
select pg_temp.drain('admit') \g /dev/null
select is((select array[state, error] from tow.history where id = :b), array['cancelled', format('job %s, which it was to run after, is not remembered any more', :a)], 'so it waits in vain');
-- A predecessor of whose end nothing is remembered, though its facts are.
select tow.enqueue('noop') as gone \gset
select tow.cancel(:gone) \g /dev/null
delete from tow_store.history where job_id = :gone;
select pg_temp.refused(format($$ select tow.enqueue('noop', after => '{%s}') $$, :gone), 'TW404', 'leave it out', 'after: it would never be known how that ended');

select * from finish();
rollback;
