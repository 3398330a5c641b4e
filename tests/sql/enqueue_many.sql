-- tow.enqueue_many: the promises of tow.enqueue for many jobs of one kind.
begin;
\ir ../lib/fixture.sql
select pg_temp.later('0');

create temporary table got as select id, n from tow.enqueue_many('many', array['{"i": 1}', '{"i": 2}', '3']::jsonb[], max_attempts => 2, timeout => '1 s', policy => 'quick', tags => '{t}')
	with ordinality g(id, n);
select results_eq('select j.args from got join tow_store.job j using (id) order by n', $$ values ('{"i": 1}'::jsonb), ('{"i": 2}'), ('3') $$, 'ids come in the order of args');
select ok((select bool_and(kind = 'many' and queue = 'default' and priority = 100 and max_attempts = 2 and timeout = '1 s' and policy = 'quick' and tags = '{t}' and key is null)
	from got join tow_store.job using (id)), 'with every argument');
select ok((select bool_and(tow.state(id) = 'ready') from got), 'and are ready');
select ok((select bool_and(r.pos = r.id) from got join tow_store.ready r using (id)), 'at positions that are their ids');

select is((select count(*) from tow.enqueue_many('many', '{}')), 0::bigint, 'none at all');
create function pg_temp.states(p_ids bigint[]) returns text[] language sql as $$ select array_agg(distinct tow.state(id)) from unnest(p_ids) id $$;
select is(pg_temp.states(array(select tow.enqueue_many('many', '{1,2}', run_at => tow.now() + '1 s'::interval))), '{scheduled}', 'later: scheduled');
select is(pg_temp.states(array(select tow.enqueue_many('many', '{1,2}', queue => 'fresh'))), '{waiting}', 'a new queue: waiting');
select is(pg_temp.states(array(select tow.enqueue_many('many', '{1,2}', queue => 'fresh', run_at => tow.now() + '1 s'::interval))), '{scheduled}', 'later for a new queue: scheduled');
select is(pg_temp.drain('admit'), 2, 'those that wait are admitted');
select pg_temp.later('1 s');
select is(pg_temp.drain('promote'), 4, 'those that are scheduled are promoted');
select is((select ready from tow.queues where name = 'fresh'), 4::bigint, 'to their queue');

select is((select count(*) from tow.enqueue_many('many', array(select to_jsonb(i) from generate_series(1, 3000) i))), 3000::bigint, 'thousands');
select ok((select bool_and(args = to_jsonb(n)) from (select j.args, row_number() over (order by j.id) n from
	(select * from tow_store.job where kind = 'many' order by id desc limit 3000) j) o), 'in order');

select pg_temp.refused(format('select tow.enqueue_many(%s)', args), code, hint, args) from (values
	($$ 'many', null $$, 'TW422', 'array'), ($$ 'many', '{1,null}' $$, 'TW422', 'array'), ($$ '', '{1}' $$, 'TW422', 'letters'),
	($$ 'many', '{1}', queue => ' ' $$, 'TW422', 'letters'), ($$ 'many', '{1}', priority => -1 $$, 'TW422', 'smaller'),
	($$ 'many', '{1}', max_attempts => 0 $$, 'TW422', '1 or more'), ($$ 'many', '{1}', policy => 'nope' $$, 'TW404', 'tow.policies'),
	($$ 'many', array['1', to_jsonb(repeat('x', 1100000))] $$, 'TW413', 'reference')
) r(args, code, hint);

select * from finish();
rollback;
