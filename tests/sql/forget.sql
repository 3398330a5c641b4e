-- Finished jobs are deleted whole; live ones, and what live ones need, are not.
begin;
\ir ../lib/fixture.sql
select pg_temp.worker() as w \gset
create function pg_temp.traces(p_job bigint) returns text language plpgsql as $$
declare
	c record;
	v_n int;
	v_all text[] := '{}';
begin
	for c in select a.attrelid::regclass as t, a.attname as col from pg_attribute a join pg_class o on o.oid = a.attrelid
		where o.relnamespace = 'tow_store'::regnamespace and o.relkind in ('r', 'p') and not o.relispartition and a.atttypid = 'bigint'::regtype and a.attnum > 0
			and (a.attname in ('job_id', 'on_id') or o.relname in ('job', 'ready', 'scheduled', 'waiting', 'lined', 'family') and a.attname = 'id') and o.relname not in ('audit', 'released') order by 1
	loop
		execute format('select count(*) from %s where %I = %s', c.t, c.col, p_job) into v_n;
		v_all := v_all || case when v_n > 0 then format('%s %s', c.t, v_n) end;
	end loop;
	return array_to_string(v_all, ', ');
end $$;
create function pg_temp.completes(p_worker bigint, p_job bigint) returns void language sql as $$
	select pg_temp.claim(p_worker, 10);
	select pg_temp.say(p_worker, p_job, '{"as": "completed", "result": 7}') $$;

select tow.enqueue('noop', key => 'k') as j \gset
select tow.duty('admit') \g /dev/null
select pg_temp.refused(format('select tow.forget(%s)', :j), 'TW409', 'tow.cancel', 'a live one stays');
select pg_temp.claim(:w, 1) \g /dev/null
select tow.save_step(:w, :j, r.run, 'one', '1') from tow_store.running r where r.job_id = :j \g /dev/null
select tow.signal(:j, 'paid', '{}') \g /dev/null
insert into tow_store.log (job_id, run, at, level, line) select :j, 1, tow.now(), 'i', 'x';
select pg_temp.refused(format('select tow.forget(%s)', :j), 'TW409', 'tow.cancel', 'as does one that runs');
select pg_temp.say(:w, :j, '{"as": "failed", "error": "no", "final": true}') \g /dev/null
select tow.retry(:j), tow.duty('admit') \g /dev/null
select pg_temp.completes(:w, :j) \g /dev/null
select isnt(pg_temp.traces(:j), '', 'it has left something');
select is(tow.forget(:j), 'forgotten', 'deleted');
select is(pg_temp.traces(:j), '', 'and nothing of it is left');
select is(tow.state(:j), null, 'nobody knows of it');
select pg_temp.refused(format('select tow.forget(%s)', :j), 'TW404', '', 'it cannot be deleted twice');
select pg_temp.refused(format('select tow.retry(%s)', :j), 'TW404', '', 'nor tried again');
select is((select detail - 'queue' from tow.audit where what = 'job.forgotten' and job = :j), '{"was": "completed", "key": "k"}', 'the audit has it');
select is((select count(*) from tow.list_jobs()), 0::bigint, 'lists do not');

-- Kin.
select tow.enqueue('noop') as p \gset
select tow.enqueue('noop', after => array[:p::bigint]) as s \gset
select tow.enqueue('noop', parent => :s) as c \gset
select tow.duty('admit') \g /dev/null
select pg_temp.completes(:w, :p), pg_temp.say(:w, :c, '{"as": "completed"}') \g /dev/null
select is(tow.state(:p) || ' ' || tow.state(:c), 'completed completed', 'they have ended');
select pg_temp.refused(format('select tow.forget(%s)', :p), 'TW409', 'tow.cancel', 'its successor lives');
select pg_temp.refused(format('select tow.forget(%s)', :c), 'TW409', 'tow.cancel', 'its parent lives');
select tow.cancel(:s) \g /dev/null
select is((select string_agg(done, ' ') from tow.bulk('forget', ids => array[:p, :s, :c], dry_run => false)), 'forgotten forgotten forgotten', 'all of them, whatever became of them');
select is(concat(pg_temp.traces(:p), pg_temp.traces(:s), pg_temp.traces(:c)), '', 'nothing is left');

select tow.cancel(tow.enqueue('noop', key => 'x' || n)) from generate_series(1, 3) n \g /dev/null
select is((select count(*) from tow.bulk('forget', state => 'cancelled')), 3::bigint, 'a dry run says which');
select is((select count(*) from tow.bulk('forget', state => 'completed', kind => 'noop')), 0::bigint, 'of a state');
select is((select count(*) from tow.bulk('forget', state => 'cancelled', dry_run => false)), 3::bigint, 'by what they are');
select pg_temp.refused($$ select * from tow.bulk('forget', state => 'ready') $$, 'TW422', 'finished|completed', 'live ones do not fit');
select is(tow.enqueue('noop', key => 'x1', key_scope => 'done') > 0, true, 'its key is free');
select is((select string_agg(f.problem, ', ') from tow.fsck() f), null, 'nothing is broken');
select * from finish();
rollback;
