-- tow.move, and tow.bulk: which jobs it takes, that a dry run changes nothing, that one refusal stops nobody.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2031-01-01 00:00+00';
create function pg_temp.bulk(p_call text) returns text language plpgsql as $$
declare
	v_all text;
begin
	execute format('select string_agg(b.done, '', '' order by b.job) from tow.bulk(%s) b', p_call) into v_all;
	return v_all;
end $$;
select tow.set_queue(q) from unnest('{a,b}'::text[]) q \g /dev/null

-- move
select tow.enqueue('noop', '{"n": 1}', queue => 'a', priority => 100, key => 'k') as j \gset
select is(tow.move(:j, 'b'), 'ready', 'a ready job moves');
select is((select queue from tow.jobs where id = :j), 'b', 'to its new queue');
select pg_temp.worker('{a}') as wa \gset
select pg_temp.worker('{b}') as wb \gset
select is(pg_temp.claim(:wa), '{}', 'whose workers get it');
select is(pg_temp.claim(:wb), array[:j]::bigint[], 'and no others');
select pg_temp.refused(format('select tow.move(%s, ''a'')', :j), 'TW409', 'not started', 'one that runs stays');
select pg_temp.say(:wb, :j, '{"as": "failed", "class": "x", "error": "no"}') \g /dev/null
select is(tow.move(:j, 'a'), 'retrying', 'one that will be tried again goes');
select is((select s.reason::text || s.attempt from tow_store.scheduled s where s.id = :j), 'r1', 'with its attempts');
select is((select tow.enqueue('noop', queue => 'a', key => 'k')), :j::bigint, 'and its key');
select tow.run_now(:j) \g /dev/null
select is(pg_temp.claim(:wa), array[:j]::bigint[], 'it runs there');
select pg_temp.say(:wa, :j, '{"as": "completed"}') \g /dev/null
select pg_temp.refused(format('select tow.move(%s, ''b'')', :j), 'TW409', 'tow.retry', 'one that has finished stays');
select tow.enqueue('noop', queue => 'a', run_at => tow.now() + '1 h', priority => 7) as s \gset
select is(tow.move(:s, 'never.seen'), 'scheduled', 'a scheduled job moves to a queue that is new');
select is((select format('%s %s %s', queue, priority, run_at - tow.now()) from tow.jobs where id = :s), 'never.seen 7 01:00:00', 'with its priority and instant');
select tow.enqueue('noop', queue => 'a', wait_for => 'go') as w \gset
select is(tow.move(:w, 'b'), 'waiting', 'one that waits goes on waiting');
select is((select reason from tow.jobs where id = :w), 'signal', 'for the same');
select is(tow.move(:w, 'b'), 'waiting', 'to where it is: nothing');
select is((select count(*) from tow.audit where what = 'job.moved' and job = :w), 1::bigint, 'and noted once');
select pg_temp.refused('select tow.move(999999999, ''b'')', 'TW404', 'never enqueued', 'no such job');
select pg_temp.refused(format('select tow.move(%s, ''b d'')', :s), 'TW422', 'letters', 'a bad name');
select tow.set_queue('b', max_args_bytes => 1000);
select tow.enqueue('noop', to_jsonb((select string_agg(md5(i::text), '') from generate_series(1, 60) i)), queue => 'a') as big \gset
select pg_temp.refused(format('select tow.move(%s, ''b'')', :big), 'TW413', 'limit is 1000', 'one that is too large for the other queue stays');
select tow.cancel(j) from unnest(array[:s, :w, :big]) j \g /dev/null

-- bulk
select tow.enqueue('noop', queue => 'a', tags => '{red}') as r \gset
select tow.enqueue('noop', queue => 'a', lane => 'l') as l \gset
select tow.enqueue('other', queue => 'b', priority => 5) as o \gset
select tow.enqueue('noop', queue => 'b', run_at => tow.now() + '1 h') as t \gset
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.bulk($$ 'cancel', queue => 'a' $$), 'ready: would cancel, ' || tow.state(:l) || ': would cancel', 'a dry run is the default');
select is((select count(*) from tow.jobs), 4::bigint, 'and changes nothing');
select is((select array_agg(job) from tow.bulk('cancel', tag => 'red')), array[:r]::bigint[], 'by tag');
select is((select array_agg(job) from tow.bulk('cancel', kind => 'other')), array[:o]::bigint[], 'by kind');
select is((select array_agg(job) from tow.bulk('cancel', priority => 5)), array[:o]::bigint[], 'by priority');
select is((select array_agg(job) from tow.bulk('cancel', state => 'scheduled')), array[:t]::bigint[], 'by state');
select is((select array_agg(job) from tow.bulk('cancel', ids => array[:r, :o])), array[:r, :o]::bigint[], 'by id');
select is((select array_agg(job) from tow.bulk('cancel', ids => array[:r, :o], queue => 'b')), array[:o]::bigint[], 'filters go together');
select is((select array_agg(job) from tow.bulk('cancel', newer_than => '1 min', max_jobs => 10)), array[:r, :l, :o, :t]::bigint[], 'by age: younger');
select pg_temp.later('1 h');
select is((select count(*) from tow.bulk('cancel', newer_than => '1 min')), 0::bigint, 'none is');
select is((select count(*) from tow.bulk('cancel', older_than => '59 min', max_jobs => 3)), 3::bigint, 'older, no more than so many');
select is((select array_agg(job) from tow.bulk('cancel', lane => 'l')), array[:l]::bigint[], 'by lane, wherever it stands');

select is(pg_temp.bulk($$ 'snooze', kind => 'other', delay => '5 min', dry_run => false $$), 'until 2031-01-01 01:05:00+00', 'snooze');
select is(pg_temp.bulk($$ 'run_now', queue => 'b', state => 'scheduled', dry_run => false $$), 'ready, ready', 'run now');
select is(pg_temp.bulk($$ 'reprioritise', queue => 'b', to_priority => 50, dry_run => false $$), 'ready, ready', 'reprioritise');
select is((select array_agg(priority) from tow.jobs where queue = 'b'), '{50,50}'::int[], 'did it');
select is(pg_temp.bulk($$ 'run_now', ids => array[$$ || :r || ',' || :t || $$], dry_run => false $$),
	format('not done: job %s is ready: it cannot be run now, not done: job %s is ready: it cannot be run now', :r, :t), 'one that it does not fit says so');
select is(pg_temp.bulk($$ 'move', queue => 'b', to_queue => 'a', dry_run => false $$), 'ready, ready', 'move');
select is(pg_temp.bulk($$ 'cancel', queue => 'a', reason => 'spring', dry_run => false $$), 'cancelled, cancelled, cancelled, cancelled', 'cancel');
select is((select distinct error from tow.history where id in (:r, :l, :o, :t)), 'spring', 'with the reason');
select is(pg_temp.bulk($$ 'retry', ids => array[$$ || :r || $$] $$), null, 'retry is for failed jobs');
select is(pg_temp.bulk($$ 'retry', state => 'cancelled', class => 'canc', newer_than => '1 min', kind => 'other' $$), 'cancelled: would retry', 'unless told otherwise');
select is(pg_temp.bulk($$ 'retry', state => 'cancelled', kind => 'other', dry_run => false $$), 'ready', 'retry');
select is(pg_temp.bulk($$ 'retry', state => 'cancelled', kind => 'other' $$), null, 'once');
select is(pg_temp.bulk($$ 'delete', state => 'cancelled', ids => array[$$ || :l || $$] $$), 'cancelled: would forget', 'delete is forget');
select is((select detail ->> 'jobs' from tow.audit where what = 'bulk.cancel'), '4', 'the audit has the whole');
select is((select count(*) from tow.audit where what = 'job.cancelled' and at >= tow.now()), 4::bigint, 'and each job');

select pg_temp.refused(c, 'TW422', '.', c) from (values
	($$ select tow.bulk('burn', queue => 'a') $$), ($$ select tow.bulk(null, queue => 'a') $$), ($$ select tow.bulk('cancel') $$),
	($$ select tow.bulk('cancel', state => 'lost') $$), ($$ select tow.bulk('cancel', state => 'failed') $$), ($$ select tow.bulk('retry', state => 'ready') $$),
	($$ select tow.bulk('cancel', class => 'x') $$), ($$ select tow.bulk('cancel', queue => 'a', max_jobs => 0) $$), ($$ select tow.bulk('cancel', queue => 'a', max_jobs => 10001) $$),
	($$ select tow.bulk('move', queue => 'a', to_queue => 'b d') $$),
	($$ select tow.bulk('snooze', queue => 'a') $$), ($$ select tow.bulk('move', queue => 'a') $$), ($$ select tow.bulk('reprioritise', queue => 'a') $$),
	($$ select tow.bulk('cancel', queue => 'a', delay => '1 s') $$), ($$ select tow.bulk('retry', queue => 'a', reason => 'x') $$)) v(c);
-- Whom a verb cannot touch.
select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[3]), queue => 'full') \g /dev/null
select tow.enqueue('noop', queue => 'full', run_at => tow.now() + '1 h') as far \gset
select pg_temp.drain('admit') \g /dev/null
select is(pg_temp.bulk($$ 'run_now', queue => 'full', max_jobs => 1, dry_run => false $$), 'ready', 'jobs that are ready already do not fill up max_jobs');
select is(tow.state(:far), 'ready', 'the scheduled one is found among them');

-- Whether there are more, for the server.
create function pg_temp.more(p_max int, p_dry boolean) returns text language plpgsql as $$
declare
	v_n int;
begin
	select count(*) into v_n from tow.bulk('cancel', queue => 'full', max_jobs => p_max, dry_run => p_dry);
	return v_n || ' ' || current_setting('tow.more');
end $$;
select is(pg_temp.more(3, true), '3 true', 'three of four, and more');
select is(pg_temp.more(4, true), '4 false', 'all four');
select is(pg_temp.more(3, false), '3 true', 'done');
select is(pg_temp.more(3, false), '1 false', 'the last');
select is((select detail ->> 'jobs' from tow.audit where what = 'bulk.cancel' order by n desc limit 1), '1', 'so many are in the audit');

-- Who runs and was asked to stop keeps nobody from his turn.
select tow.set_queue('held');
select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[3]), queue => 'held') \g /dev/null
select pg_temp.worker('{held}') as wh \gset
select is(cardinality(pg_temp.claim(:wh, 3)), 3, 'three run');
select is(pg_temp.bulk($$ 'cancel', queue => 'held', max_jobs => 2, dry_run => false $$), 'cancelling, cancelling', 'two of them are asked to stop');
select is(pg_temp.bulk($$ 'cancel', queue => 'held', max_jobs => 2, dry_run => false $$), 'cancelling', 'then the third');
select is(pg_temp.bulk($$ 'cancel', queue => 'held' $$), null, 'then there is nobody to ask');
select is((select count(*) from tow.bulk('cancel', queue => 'held', ids => array(select r.job_id from tow_store.running r), dry_run => false)), 3::bigint, 'but who is named, as often as one wants');

select pg_temp.refused($$ select * from tow.bulk('cancel', ids => '{1,2}', max_jobs => 1) $$, 'TW422', 'give fewer', 'more ids than may be');
select * from finish();
rollback;
