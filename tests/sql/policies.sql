-- Retry policies: the shapes, the cap, jitter within its bounds, what is refused.
begin;
\ir ../lib/fixture.sql
create function pg_temp.delays(p_name text, p_n int) returns text[] language sql as $$
	select array_agg(extract(epoch from delay)::numeric(12,3)::float8::text order by attempt) from tow.retry_preview(p_name, p_n)
$$;

select tow.set_policy('t', 'fixed', base => '5 s');
select is(pg_temp.delays('t', 3), '{5,5,5}', 'fixed');
select tow.set_policy('t', 'linear');
select is(pg_temp.delays('t', 3), '{5,10,15}', 'linear, what is left out stays');
select tow.set_policy('t', 'exponential', factor => 3);
select is(pg_temp.delays('t', 4), '{5,15,45,135}', 'exponential');
select tow.set_policy('t', 'polynomial');
select is(pg_temp.delays('t', 3), '{5,40,135}', 'polynomial');
select tow.set_policy('t', 'list', delays => '{1 s,1 min}');
select is(pg_temp.delays('t', 4), '{1,60,60,60}', 'list, the last one again and again');
select tow.set_policy('t', 'exponential', base => '1 s', cap => '10 s', factor => 2);
select is(pg_temp.delays('t', 6), '{1,2,4,8,10,10}', 'capped');
select tow.set_policy('zero', 'exponential', base => '0');
select is(pg_temp.delays('zero', 3), '{0,0,0}', 'from nothing comes nothing');
select tow.set_policy('far', 'exponential', base => '1 day', factor => 100);
select is((select extract(epoch from delay) from tow.retry_preview('far', 1000) order by attempt desc limit 1), 31536000::numeric, 'never more than a year');

select results_eq($$ select attempt, delay, cumulative from tow.retry_preview('t', 3) $$, $$ values (1, interval '1 s', interval '1 s'), (2, '2 s', '3 s'), (3, '4 s', '7 s') $$, 'preview');
select is((select count(*) from tow.retry_preview()), 11::bigint, 'preview of the default policy: a delay before each attempt but the first');
select is((select cumulative from tow.retry_preview('patient') order by attempt desc limit 1) > '24 h', true, 'patient spans more than a day');

-- Jitter goes to both sides, and no further.
select tow.set_policy('t', 'fixed', base => '100 s', cap => '1 h', jitter => 0.2);
create temporary table j as select tow_store.delay(p, 1, true) as d from tow_store.policy p, generate_series(1, 1000) where name = 't';
select ok((select min(d) >= '80 s' and max(d) <= '120 s' from j), 'jitter within its bounds');
select ok((select min(d) < '85 s' and max(d) > '115 s' and count(distinct d) > 900 from j), 'and over all of them');

select pg_temp.refused(format('select tow.set_policy(%s)', args), code, hint, args) from (values
	($$ 'new' $$, 'TW422', 'fixed, linear'), ($$ 'new', 'wavy' $$, 'TW422', 'fixed, linear'), ($$ 'new', 'list' $$, 'TW422', '1 min, 10 min'), ($$ 'new', 'function' $$, 'TW422', 'give it as fn'),
	($$ 'new', 'fixed', base => '-1 s' $$, 'TW422', 'first delay'), ($$ 'new', 'fixed', jitter => 2 $$, 'TW422', '0 to 1'), ($$ 'new', 'fixed', factor => 0 $$, 'TW422', 'above 0'),
	($$ 'new', 'fixed', max_attempts => 0 $$, 'TW422', '1 to 1000000'), ($$ 'Bad Name', 'fixed' $$, 'TW422', 'small letters'), ($$ null, 'fixed' $$, 'TW422', 'letters'),
	($$ 'new', 'list', delays => '{}' $$, 'TW422', 'at least one'), ($$ 'new', 'list', delays => '{1 s,null}' $$, 'TW422', 'at least one'), ($$ 'new', 'list', delays => '{-1 s}' $$, 'TW422', 'at least one'),
	($$ 'new', 'fixed', classes => '{"x": "nope"}' $$, 'TW404', 'never'), ($$ 'new', 'fixed', classes => '{"x": 1}' $$, 'TW404', 'never'), ($$ 'new', 'fixed', classes => '[]' $$, 'TW422', 'never'),
	($$ 'new', 'function', fn => 'pg_catalog.now()' $$, 'TW422', 'give up')
) r(args, code, hint);
select is((select count(*) from tow.policies where name = 'new'), 0::bigint, 'what is refused leaves nothing');

select pg_temp.refused($$ select tow.drop_policy('default') $$, 'TW409', 'set_policy', 'default cannot be dropped');
select pg_temp.refused($$ select tow.drop_policy('nope') $$, 'TW404', 'tow.policies', 'nor what is not there');
select tow.set_queue('default', policy => 't');
select pg_temp.refused($$ select tow.drop_policy('t') $$, 'TW409', 'set_queue', 'nor a queue''s');
select lives_ok($$ select tow.drop_policy('zero') $$, 'another one can');
select pg_temp.refused($$ select tow.retry_preview('nope') $$, 'TW404', 'tow.policies', 'no preview of what is not there');
select is((select count(*) from tow.audit where what in ('policy.set', 'policy.dropped') and subject = 'zero'), 2::bigint, 'changes are in the audit');

select * from finish();
rollback;
