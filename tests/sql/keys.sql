-- Unique keys: who gets one, what happens to the other job, when it is free again.
begin;
\ir ../lib/fixture.sql
select pg_temp.later('0');
select pg_temp.worker() as w \gset
create function pg_temp.holder(p_key text) returns bigint language sql as $$ select job_id from tow_store.key where key = p_key $$;

-- Conflicts with a job that has not started.
select tow.enqueue('noop', key => 'a') as first \gset
select is(tow.enqueue('noop', key => 'a'), :first::bigint, 'ignore: the other''s id');
select is((select count(*) from tow_store.job where key = 'a'), 1::bigint, 'and no new job');
select pg_temp.refused($$ select tow.enqueue('noop', key => 'a', on_conflict => 'error') $$, 'TW409', 'replace', 'error: refused');
select is(tow.enqueue('noop', key => 'a', on_conflict => 'reschedule', run_at => tow.now() + '1 h'::interval), :first::bigint, 'reschedule: the other''s id');
select is(pg_temp.due_in(:first), '1 h', 'at the new instant');
select is(tow.enqueue('noop', key => 'a', on_conflict => 'reschedule'), :first::bigint, 'reschedule without an instant');
select is(tow.state(:first), 'ready', 'means now');
select tow.enqueue('noop', '{"new": 1}', key => 'a', on_conflict => 'replace') as second \gset
select isnt(:second::bigint, :first::bigint, 'replace: a new job');
select is(tow.state(:first), 'cancelled', 'the other is cancelled');
select is((select error from tow.history where id = :first), 'replaced by a job with the same key', 'with a reason');
select is(pg_temp.holder('a'), :second::bigint, 'and the new one has the key');
select is(pg_temp.claim(:w), array[:second::bigint], 'only the new one is there to claim');

-- Conflicts with one that runs.
select is(tow.enqueue('noop', key => 'a'), :second::bigint, 'ignore: a running job counts (scope live)');
select tow.enqueue('noop', '{"last": 1}', key => 'a', on_conflict => 'reschedule', run_at => tow.now() + '1 h'::interval) as later \gset
select is(array[tow.state(:second), tow.state(:later)], '{running,scheduled}', 'reschedule: what has started goes on, and a new job comes at the instant');
select is(pg_temp.holder('a'), :later::bigint, 'which has the key');
select tow.enqueue('noop', key => 'a', on_conflict => 'replace') as third \gset
select is(tow.state(:second), 'running', 'replace: what has started goes on');
select is(pg_temp.holder('a'), :third::bigint, 'beside the new one, which has the key');
select is(pg_temp.say(:w, :second, '{"as": "completed"}'), false, 'it ends');
select is(pg_temp.holder('a'), :third::bigint, 'without freeing the other''s key');

-- Scope live: free when the job has finished, however, and not before.
select pg_temp.ran(:w, '{"as": "failed", "class": "x"}', :third) = :third as x \gset
select is(tow.state(:third), 'retrying', 'live: a failed attempt');
select is(tow.enqueue('noop', key => 'a'), :third::bigint, 'does not free it');
select is(tow.run_now(:third), 'ready', 'the next attempt');
select is(pg_temp.ran(:w, '{"as": "failed", "final": true}', :third), :third::bigint, 'fails for good');
select is(pg_temp.holder('a'), null, 'that frees it');
select tow.enqueue('noop', key => 'b') as b \gset
select tow.cancel(:b);
select is(pg_temp.holder('b'), null, 'so does a cancel');
select tow.enqueue('noop', key => 'c') as c \gset
select count(*) from pg_temp.claim(:w) \g /dev/null
select count(*) from pg_temp.exchange(:w, 0, null, array[:c::bigint], array(select run from tow_store.running where job_id = :c)) \g /dev/null
select is(tow.state(:c), 'completed', 'a plain completion');
select is(pg_temp.holder('c'), null, 'frees it too');

-- Scope queued: free when it starts.
select tow.enqueue('noop', key => 'q', key_scope => 'queued') as q \gset
select is(tow.enqueue('noop', key => 'q', key_scope => 'queued'), :q::bigint, 'queued: held while it waits');
select is(pg_temp.claim(:w), array[:q::bigint], 'it starts');
select is(pg_temp.holder('q'), null, 'and the key is free');
select tow.enqueue('noop', key => 'q', key_scope => 'queued') as q2 \gset
select pg_temp.say(:w, :q, '{"as": "failed"}') \g /dev/null
select is(tow.state(:q), 'retrying', 'the first one is tried again without it');
select is(pg_temp.holder('q'), :q2::bigint, 'the second one keeps it');
select pg_temp.say(:w, :q2, '{"as": "completed"}') from pg_temp.claim(:w) \g /dev/null

-- A producer learns whether a job was made.
select tow.enqueue('noop', key => 'm') as m \gset
select ok(tow.made(:m), 'made: it was');
select is(tow.made(id), false, 'the key is the other''s: it was not') from tow.enqueue('noop', key => 'm') id where id = :m;
select is(tow.made(id), false, 'nor where that is moved') from tow.enqueue('noop', key => 'm', on_conflict => 'reschedule', run_at => tow.now() + '1 h'::interval) id where id = :m;
select ok(tow.made(id), 'replace makes one') from tow.enqueue('noop', key => 'm', on_conflict => 'replace') id;
select ok(tow.made(id), 'and so does enqueue without a key') from tow.enqueue('noop') id;
select is(array[tow.made(:m), tow.made(null), tow.made(0)], '{f,f,f}', 'what was not the last');
select tow.cancel(id) from tow.jobs where id > :m \g /dev/null

-- Scope done: as long as the job is remembered.
select pg_temp.ran(:w, '{"as": "completed"}', tow.enqueue('noop', key => 'd', key_scope => 'done')) as d \gset
select is(tow.state(:d), 'completed', 'done: it has finished');
select is(tow.enqueue('noop', key => 'd', key_scope => 'done'), :d::bigint, 'and still holds the key');
select is(tow.retry(:d), 'ready', 'retry: it may run again with its own key');
select tow.cancel(:d);
select is(pg_temp.holder('d'), :d::bigint, 'and holds it still');

-- Retry when another one has the key meanwhile.
select tow.enqueue('noop', key => 'b', run_at => tow.now() + '1 h'::interval) as b2 \gset
select pg_temp.refused(format('select tow.retry(%s)', :b), 'TW409', 'another job has its key', 'retry: refused while another job has the key');
select is(tow.state(:b), 'cancelled', 'and nothing has changed');
select pg_temp.ran(:w, '{"as": "failed", "final": true}', tow.enqueue('noop', key => 'e')) as e \gset
select tow.enqueue('noop', key => 'e', run_at => tow.now() + '1 h'::interval) as e2 \gset
select pg_temp.later('1 s');
select pg_temp.ran(:w, '{"as": "failed", "final": true}', tow.enqueue('noop')) as behind \gset
select is(tow.redrive(max_jobs => 1), 1::bigint, 'redrive takes the oldest one');
select is(tow.redrive(max_jobs => 1), 1::bigint, 'then it passes over such a job and takes the next one');
select is(tow.state(:behind), 'ready', 'which is that behind it');
select is(tow.redrive(), 0::bigint, 'there are no others');
select is(tow.redrive(dry_run => true), 0::bigint, 'nor does a dry run count it');
select is(tow.redrive(dry_run => true, refused => true), 1::bigint, 'what was passed over can be counted');
select pg_temp.refused('select tow.redrive(refused => true)', 'TW422', 'counted', 'and not be put back');
select is(array[tow.state(:e), tow.state(:third)], '{failed,ready}', 'as their states say');
select tow.cancel(:b2);
select is(tow.retry(:b), 'ready', 'retry: allowed when that one has finished');
select is(pg_temp.holder('b'), :b::bigint, 'it has the key again');

-- A key of one that waits for its queue, or is scheduled.
select tow.enqueue('noop', queue => 'nowhere', key => 'w') as w1 \gset
select tow.enqueue('noop', queue => 'nowhere', key => 'w', on_conflict => 'replace', run_at => tow.now() + '1 h'::interval) as w2 \gset
select is(array[tow.state(:w1), tow.state(:w2)], '{cancelled,scheduled}', 'one that waits for admission is replaced');
select tow.enqueue('noop', key => 'w', on_conflict => 'replace') as w3 \gset
select is(array[tow.state(:w2), tow.state(:w3)], '{cancelled,ready}', 'one that is scheduled is replaced');

-- One that is replaced while it runs is not tried again beside its successor.
select tow.enqueue('noop', key => 'r') as r1 \gset
select pg_temp.claim(:w) \g /dev/null
select tow.enqueue('noop', key => 'r', on_conflict => 'replace') as r2 \gset
select pg_temp.say(:w, :r1, '{"as": "failed", "class": "x"}') \g /dev/null
select is(array[tow.state(:r1), tow.state(:r2)], '{cancelled,ready}', 'replaced while it ran, it failed: its successor only is left');

-- A key that was left behind when its job ended (somebody had it locked then) is taken over.
select tow.enqueue('noop', key => 's') as s1 \gset
select tow.cancel(:s1) \g /dev/null
insert into tow_store.key (key, job_id, scope) values ('s', :s1, 'l');
select isnt(tow.enqueue('noop', key => 's'), :s1::bigint, 'a stale key holds up nobody');

select * from finish();
rollback;
