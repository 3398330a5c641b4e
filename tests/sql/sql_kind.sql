-- sql kinds: functions as handlers, run as their owner, for a run that holds its job.
begin;
\ir ../lib/fixture.sql
create role t_kind_owner;
grant tow_admin to t_kind_owner;
create schema t_fn;
grant usage, create on schema t_fn to public;
create function t_fn.handle(args jsonb) returns jsonb language plpgsql security definer as $$
begin
	if args ? 'peek' then perform from tow_store.job; end if;
	if args ? 'fail' then raise exception using errcode = '40001', message = 'again'; end if;
	return jsonb_build_object('who', current_user, 'args', args);
end $$;
create function t_fn.plain(args jsonb) returns jsonb language sql as $$ select args $$;
alter function t_fn.handle(jsonb) owner to t_kind_owner;

select pg_temp.refused(format('select tow.sql_kind(%s)', args), code, hint, args) from (values
	($$ 'h', 't_fn.plain(jsonb)' $$, 'TW422', 'security definer'), ($$ 'h', 't_fn.handle(jsonb)' $$, 'TW422', 'owner to'), ($$ 'a b', 't_fn.handle(jsonb)' $$, 'TW422', 'letters'),
	($$ 'h', 'pg_catalog.now()' $$, 'TW422', 'result'), ($$ 'h', null $$, 'TW422', 'result'), ($$ 'h', 't_fn.handle(jsonb)', 't_kind_owner', '0' $$, 'TW422', 'above zero')
) r(args, code, hint);
select lives_ok($$ select tow.sql_kind('h', 't_fn.handle(jsonb)', 't_kind_owner', '90 s') $$, 'registered for its owner');
select is((select row(k.*)::text from tow.sql_kinds() k), '(h,90000,"t_fn.handle(jsonb)",t_kind_owner)', 'workers learn it');

select pg_temp.worker(p_kinds => '{h,g}') as w \gset
select tow.enqueue('h', '{"x": 1}') as j \gset
select pg_temp.claim(:w) \g /dev/null
select run from tow_store.running where job_id = :j \gset
select is((select result::jsonb from tow.run_sql(:j, :run, 'nope', '{"y": 1}')), '{"who": "t_kind_owner", "args": {"x": 1}}',
	'it runs as its owner, with the job''s own kind and arguments; its answer is the result');
select tow.enqueue('h', '{"peek": 1}') as peek, tow.enqueue('h', '{"fail": 1}') as fail, tow.enqueue('g') as other \gset
select pg_temp.claim(:w) \g /dev/null
create function pg_temp.run_of(p_job bigint) returns text language sql as $$
	select format('select tow.run_sql(%s, %s, null, null)', r.job_id, r.run) from tow_store.running r where r.job_id = p_job $$;
select throws_ok(pg_temp.run_of(:peek), '42501', null, 'it may not look where its owner may not');
select throws_ok(pg_temp.run_of(:fail), '40001', 'again', 'its error is passed on');
select pg_temp.refused(format($$ select tow.run_sql(%s, %s, 'h', '{}') $$, :j, :run - 1), 'TW410', 'give up', 'a run that holds the job no longer');
select pg_temp.refused(pg_temp.run_of(:other), 'TW404', 'tow.sql_kind', 'no such kind');
alter function t_fn.handle(jsonb) owner to tow_owner;
select pg_temp.refused(format($$ select tow.run_sql(%s, %s, 'h', '{}') $$, :j, :run), 'TW422', 'owner to', 'a function that has changed hands since');
select tow.drop_sql_kind('h');
select is((select count(*) from tow.sql_kinds()), 0::bigint, 'dropped');
select pg_temp.refused($$ select tow.drop_sql_kind('h') $$, 'TW404', 'sql_kinds', 'once');

select * from finish();
rollback;
