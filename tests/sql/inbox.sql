-- tow.inbox: rows become jobs in order; what cannot be one is kept with the reason.
begin;
\ir ../lib/fixture.sql

insert into tow.inbox (kind) values ('plain');
select ok((select wait_ms <= 0 from tow.tick(null, '{"inbox": 20}', null) where duty = 'inbox'), 'a row makes the duty due');
select is(pg_temp.drain('inbox'), 1, 'which takes it');
select is((select row(state, args, queue, priority)::text from tow.jobs where kind = 'plain'), '(ready,{},default,100)', 'only kind is needed');

insert into tow.inbox (kind, args, queue, priority, run_at, key, max_attempts, tags) values
	('a', '{"i": 1}', null, null, null, null, null, null), ('a', '{"i": 2}', null, null, null, null, null, null),
	('b', '[]', 'default', 100, now() + '1 h'::interval, 'k1', 3, '{t}'), ('b', null, null, null, null, 'k1', null, null);
select is(pg_temp.drain('inbox'), 4, 'rows of several shapes');
select results_eq($$ select args from tow.jobs where kind = 'a' order by id $$, $$ values ('{"i": 1}'::jsonb), ('{"i": 2}') $$, 'keep their order');
select results_eq($$ select state, args, key, max_attempts, tags from tow.jobs where kind = 'b' $$, $$ values ('scheduled', '[]'::jsonb, 'k1', 3, '{t}'::text[]) $$,
	'a key is unique, the second one is ignored');
select is((select count(*) from tow.refused), 0::bigint, 'nothing was refused');

insert into tow.inbox (kind, args, priority) values ('good', '1', null), ('', '2', null), ('good', '3', -5), ('good', '4', null), (null, '5', null);
select is(pg_temp.drain('inbox'), 5, 'bad rows beside good ones');
select results_eq($$ select args from tow.jobs where kind = 'good' order by id $$, $$ values ('1'::jsonb), ('4') $$, 'the good ones are jobs');
select results_eq($$ select sqlstate, error, job ->> 'args' from tow.refused order by n $$,
	$$ values ('TW422', 'bad kind ''''', '2'), ('TW422', 'bad priority -5', '3'), ('TW422', 'bad kind NULL', '5') $$, 'the bad ones are kept, each with its reason');
select is((select count(*) from tow.inbox), 0::bigint, 'and the inbox is empty');

insert into tow.inbox (kind, args) select 'lots', to_jsonb(i) from generate_series(1, 5000) i;
select is(tow.duty('inbox'), 2000, 'a turn is bounded');
select is(pg_temp.drain('inbox'), 3000, 'the rest follows');
select ok((select bool_and(args = to_jsonb(n)) from (select args, row_number() over (order by id) n from tow_store.job where kind = 'lots') o), 'all in order');

-- Not sorted as a whole: that would be done again at each turn.
delete from tow_store.job where kind = 'lots';
insert into tow.inbox (kind, args, n) overriding system value select 'back', to_jsonb(i), 1000000 - i from generate_series(1, 3000) i;
select is(tow.duty('inbox'), 2000, 'a turn');
select is((select min(n) from tow.inbox), 1000000 - 3000::bigint, 'takes what lies first in the table');
select ok((select bool_and(args = to_jsonb(2001 - n)) from (select args, row_number() over (order by id) n from tow_store.job where kind = 'back') o), 'and enqueues that in order');
select is(pg_temp.drain('inbox'), 1000, 'the rest follows');

-- Bad rows, many of them: a turn has a bound in savepoints too.
insert into tow.inbox (kind, args) select case when i % 2 = 0 then 'half' end, to_jsonb(i) from generate_series(1, 500) i;
select is(tow.duty('inbox'), 200, 'where there are bad rows a turn is shorter');
select is(pg_temp.drain('inbox'), 300, 'the rest follows');
select is((select count(*) from tow.jobs where kind = 'half'), 250::bigint, 'all good rows are jobs');
select is((select count(*) from tow.refused), 3 + 250::bigint, 'all bad ones are kept');

select * from finish();
rollback;
