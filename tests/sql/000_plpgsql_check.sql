-- Every PL/pgSQL function is read by plpgsql_check: names that do not exist, types that do not fit, dead code,
-- unused variables and unsafe dynamic SQL are found without running it. Trigger functions are read for each of their tables.
-- Let through: our own errors (class TW), raised while the planner folds a call of constants, and parameters that a
-- function does not use, because signatures are a contract.
begin;
select no_plan();

create temporary view subject as
select p.oid as function, coalesce(t.tgrelid, 0) as relation
from pg_proc p
join pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql'
join pg_namespace n on n.oid = p.pronamespace and n.nspname in ('tow', 'tow_store', 'haul', 'haul_store')
left join pg_trigger t on t.tgfoid = p.oid and not t.tgisinternal
where p.prorettype <> 'trigger'::regtype or t.oid is not null;

select ok(exists (select from subject), 'there are functions to look at');

select is(
	(select string_agg(format('line %s: %s: %s', coalesce(c.lineno, 0), c.level, c.message), E'\n' order by c.lineno)
	 from plpgsql_check_function_tb(s.function, s.relation, fatal_errors => false, other_warnings => true,
	                                extra_warnings => true, security_warnings => true) c
	 where c.sqlstate !~ '^TW' and c.message !~ '^unused parameter'),
	null::text,
	s.function::regprocedure::text)
from subject s
order by s.function::regprocedure::text;

select * from finish();
rollback;
