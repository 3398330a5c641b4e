-- tow.enqueue: what a job is made of, where it waits, what is refused.
begin;
\ir ../lib/fixture.sql
select pg_temp.later('0');

select tow.enqueue('resize') as id \gset
select results_eq(format('select kind, args, queue, priority, run_at, deadline, timeout, policy, key, max_attempts, tags, created_at from tow_store.job where id = %s', :id),
	$$ values ('resize', '{}'::jsonb, 'default', 100, null::timestamptz, null::timestamptz, null::interval, null, null, null::int, null::text[], tow.now()) $$, 'defaults');
select is(tow.state(:id), 'ready', 'a plain job is born ready');
select is((select pos from tow_store.ready where id = :id), :id::bigint, 'at the position that is its id');

select tow.enqueue('mail/send:x.y-z', '[1, {"a": null}]', queue => 'default', priority => 100, run_at => tow.now() - '1 s'::interval, key => 'k', on_conflict => 'error',
	key_scope => 'done', max_attempts => 3, timeout => '2 min', deadline => tow.now() + '1 h'::interval, policy => 'quick', tags => '{a,b}') as id \gset
select results_eq(format('select kind, args, queue, priority, run_at, deadline, timeout, policy, key, key_scope::text, max_attempts, tags from tow_store.job where id = %s', :id),
	$$ values ('mail/send:x.y-z', '[1, {"a": null}]'::jsonb, 'default', 100, tow.now() - '1 s'::interval, tow.now() + '1 h'::interval, '2 min'::interval, 'quick', 'k', 'd', 3, '{a,b}'::text[]) $$,
	'every argument is kept');
select is(tow.state(:id), 'ready', 'an instant that has passed is now');
select is(tow.enqueue('x', '"text"') is null, false, 'args may be any JSON value');

select tow.enqueue('x', run_at => tow.now() + '1 min'::interval) as id \gset
select is(tow.state(:id), 'scheduled', 'a later one is scheduled');
select is(pg_temp.drain('promote'), 0, 'and not promoted before its instant');
select pg_temp.later('1 min');
select is(pg_temp.drain('promote'), 1, 'but at it');
select is(tow.state(:id), 'ready', 'when it is ready');

-- New queues and priorities.
select tow.enqueue('x', queue => 'new') as new_queue, tow.enqueue('x', priority => 7) as new_priority, tow.enqueue('x', queue => 'newer', run_at => tow.now() + '1 s'::interval) as later \gset
select is(array[tow.state(:new_queue), tow.state(:new_priority), tow.state(:later)], '{waiting,waiting,scheduled}', 'a queue or priority never used before waits');
select is((select reason from tow.jobs where id = :new_queue), 'admission', 'for admission');
select ok((select wait_ms <= 0 from tow.tick(null, '{"admit": 30}', null) where duty = 'admit'), 'which is due at once');
select is(pg_temp.drain('admit'), 2, 'and admitted');
select is(array[tow.state(:new_queue), tow.state(:new_priority)], '{ready,ready}', 'when it is ready');
select is((select priority from tow.jobs where id = :new_priority), 7, 'in its own band');
select pg_temp.later('1 s');
select is(pg_temp.drain('promote'), 1, 'a scheduled one for a new queue is promoted');
select is(pg_temp.drain('admit'), 1, 'and admitted');
select is(array[tow.state(:later), (select name from tow.queues where name = 'newer')], '{ready,newer}', 'and its queue made');

-- Refusals.
select pg_temp.refused(format('select tow.enqueue(%s)', args), code, hint, args) from (values
	($$ null $$, 'TW422', 'letters'), ($$ '' $$, 'TW422', 'letters'), ($$ 'a b' $$, 'TW422', 'letters'), ($$ repeat('x', 101) $$, 'TW422', '100'),
	($$ 'x', null $$, 'TW422', 'JSON'), ($$ 'x', queue => null $$, 'TW422', 'letters'), ($$ 'x', queue => 'a/b' $$, 'TW422', 'letters'),
	($$ 'x', queue => repeat('q', 65) $$, 'TW422', '64'), ($$ 'x', priority => -1 $$, 'TW422', 'smaller'), ($$ 'x', priority => 1000001 $$, 'TW422', 'smaller'),
	($$ 'x', priority => null $$, 'TW422', 'smaller'), ($$ 'x', max_attempts => 0 $$, 'TW422', '1 or more'), ($$ 'x', timeout => '0' $$, 'TW422', 'above zero'),
	($$ 'x', timeout => '-1 s' $$, 'TW422', 'above zero'), ($$ 'x', tags => '{a,null}' $$, 'TW422', 'leave it out'), ($$ 'x', policy => 'nope' $$, 'TW404', 'tow.policies'),
	($$ 'x', key => '' $$, 'TW422', 'short'), ($$ 'x', key => repeat('k', 501) $$, 'TW422', 'hash'), ($$ 'x', key => 'q', key_scope => 'ever' $$, 'TW422', 'queued'),
	($$ 'x', key => 'q', key_scope => null $$, 'TW422', 'queued'), ($$ 'x', key => 'q', on_conflict => 'merge' $$, 'TW422', 'reschedule'),
	($$ 'x', key => 'q', on_conflict => null $$, 'TW422', 'reschedule'), ($$ 'x', key => 'k', on_conflict => 'error' $$, 'TW409', 'on_conflict')
) r(args, code, hint);
select is((select count(*) from tow_store.job where kind = 'x' and priority = -1), 0::bigint, 'what is refused leaves nothing');

-- Size.
select lives_ok($$ select tow.enqueue('x', jsonb_build_object('a', repeat('x', 1000000))) $$, 'a megabyte, nearly');
select pg_temp.refused($$ select tow.enqueue('x', jsonb_build_object('a', repeat('x', 1100000))) $$, 'TW413', 'reference.*max_args_bytes', 'more than a megabyte');
select tow.set_queue('small', max_args_bytes => 500);
select pg_temp.refused($$ select tow.enqueue('x', jsonb_build_object('a', repeat('x', 600)), queue => 'small') $$, 'TW413', 'limit is 500', 'a queue''s own limit, smaller');
select tow.set_queue('large', max_args_bytes => 2000000);
select lives_ok($$ select tow.enqueue('x', jsonb_build_object('a', repeat('x', 1100000)), queue => 'large') $$, 'a queue''s own limit, larger');
select tow.set('max_args_bytes', '2000');
select pg_temp.refused($$ select tow.enqueue('x', jsonb_build_object('a', repeat('x', 3000))) $$, 'TW413', 'limit is 2000', 'the instance''s limit');
select lives_ok($$ select tow.enqueue('x', jsonb_build_object('a', repeat('x', 3000)), queue => 'large') $$, 'which a queue overrides');

-- Instants that no job can have.
select pg_temp.refused($$ select tow.enqueue('noop', run_at => 'infinity') $$, 'TW422', 'leave run_at out', 'run_at: infinity');
select pg_temp.refused($$ select tow.enqueue('noop', deadline => 'infinity') $$, 'TW422', 'leave run_at out', 'deadline: infinity');
select pg_temp.refused($$ select tow.enqueue_many('noop', '{1}', run_at => '-infinity') $$, 'TW422', 'leave run_at out', 'enqueue_many: run_at: -infinity');
select pg_temp.refused($$ select tow.enqueue('noop', deadline => tow.now() - '1 s'::interval) $$, 'TW422', 'later', 'a deadline that has passed');
select pg_temp.refused($$ select tow.enqueue('noop', deadline => tow.now() + '1 s'::interval, run_at => tow.now() + '1 h'::interval) $$, 'TW422', 'later', 'a deadline before run_at');

-- A deadline that passes before the job has started ends it.
select tow.enqueue('noop', deadline => tow.now() + '1 h'::interval) as late \gset
select tow.enqueue('noop', deadline => tow.now() + '1 h'::interval, run_at => tow.now() + '30 min'::interval, key => 'late') as later \gset
select is(tow.duty('expire'), 0, 'not before it');
select pg_temp.later('2 h');
select ok(tow.duty('expire') >= 2, 'both are over');
select is(array[tow.state(:late), tow.state(:later)], '{failed,failed}', 'they have failed');
select is((select row(class, error)::text from tow.history where id = :late), '(deadline,"its deadline passed while it was ready")', 'with a reason');
select isnt(tow.enqueue('noop', key => 'late'), :later::bigint, 'and without their keys');

-- What makes no sense is refused, whether or not it would be used.
select pg_temp.refused($$ select tow.enqueue('noop', on_conflict => 'nonsense') $$, 'TW422', 'reschedule', 'on_conflict without a key');
select pg_temp.refused($$ select tow.enqueue('noop', key_scope => null) $$, 'TW422', 'queued', 'key_scope without a key');

select * from finish();
rollback;
