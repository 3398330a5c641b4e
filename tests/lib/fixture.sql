-- What the pgTAP files share: \ir ../lib/fixture.sql right after begin. Everything is undone by the rollback.
set local search_path = public, pg_catalog;
set local client_min_messages = warning;
update tow_store.setting set value = 'on' where name = 'test';
select * from no_plan();
create temporary sequence seq;

-- Runs a statement that must be refused with this SQLSTATE, and a hint that matches.
create function pg_temp.refused(p_sql text, p_code text, p_hint text, p_what text) returns text
language plpgsql as $$
declare
	v_code text;
	v_hint text;
	v_text text;
begin
	begin
		execute p_sql;
	exception when others then
		get stacked diagnostics v_code = returned_sqlstate, v_hint = pg_exception_hint, v_text = message_text;
	end;
	if v_code = p_code and v_hint ~ p_hint then
		return ok(true, p_what);
	end if;
	return ok(false, p_what) || E'\n' || diag(format('got %s: %s (hint: %s)', coalesce(v_code, 'no error'), v_text, v_hint));
end $$;

-- The clock moves on by so much; from the first call on it stands still between calls.
create function pg_temp.later(p_by interval) returns void
language sql as $$ select set_config('tow.fake_now', (tow.now() + p_by)::text, true) $$;

create function pg_temp.worker(p_queues text[] default '{default}', p_kinds text[] default '{noop}') returns bigint
language sql as $$
	select worker from tow.attach('w', 'here', 1, '0', p_queues, array_fill(4, array[cardinality(p_queues)]), p_kinds, '15 s')
$$;

-- One exchange over all bands the worker may scan, from their start.
create function pg_temp.exchange(
	p_worker bigint, p_want int default 0, p_outcomes jsonb default null, p_jobs bigint[] default null, p_runs bigint[] default null,
	p_seq bigint default null, p_repeat boolean default false, p_wants int[] default null, p_relay int default null
) returns table(what text, job bigint, run bigint, queue int, kind text, attempt int, max_attempts int, timeout_ms bigint,
	deadline_ms bigint, args text, band int, pos bigint, tags text, key text, memory text, place bigint)
language sql as $$
	select e.* from
		(select array_agg(b.id order by u.n, b.priority, b.kind nulls first) as ids
			from tow_store.worker w, unnest(w.queues) with ordinality u(id, n), tow_store.band b
			where w.id = p_worker and b.queue = u.id and (b.kind is null or b.kind = any(w.kinds))) bands,
		(select w.queues as ids from tow_store.worker w where w.id = p_worker) queues,
		tow.exchange(p_worker, 0, coalesce(p_seq, nextval('seq')), p_repeat, p_jobs, p_runs,
			(select array_agg(2000::bigint) from unnest(p_runs)), (select array_agg(1000::bigint) from unnest(p_runs)), p_outcomes,
			bands.ids, array_fill(0::bigint, array[cardinality(bands.ids)]), queues.ids,
			coalesce(p_wants, array_fill(p_want, array[cardinality(queues.ids)])),
			array_fill(p_relay, array[cardinality(queues.ids)])) e
$$;

-- Claims, and says which jobs it got.
create function pg_temp.claim(p_worker bigint, p_want int default 10) returns bigint[]
language sql as $$ select coalesce(array_agg(e.job), '{}') from pg_temp.exchange(p_worker, p_want) e where e.what = 'job' $$;

-- Reports one outcome of the job's present run; says whether it came late.
create function pg_temp.say(p_worker bigint, p_job bigint, p_outcome jsonb) returns boolean
language sql as $$
	select coalesce(bool_or(e.what = 'late'), false)
	from pg_temp.exchange(p_worker, 0, jsonb_build_array(
		jsonb_build_object('job', p_job, 'run', (select r.run from tow_store.running r where r.job_id = p_job), 'ago_us', 2000, 'took_us', 1000) || p_outcome)) e
$$;

-- Enqueues, claims (from a queue where nothing else is ready), reports.
create function pg_temp.ran(p_worker bigint, p_outcome jsonb, p_job bigint default null) returns bigint
language plpgsql as $$
declare
	v_job constant bigint := coalesce(p_job, tow.enqueue('noop'));
begin
	perform pg_temp.claim(p_worker);
	perform pg_temp.say(p_worker, v_job, p_outcome);
	return v_job;
end $$;

create function pg_temp.due_in(p_job bigint) returns interval
language sql as $$ select s.run_at - tow.now() from tow_store.scheduled s where s.id = p_job $$;

create function pg_temp.drain(p_duty text) returns int
language plpgsql as $$
declare
	v_all int := 0;
	v_one int;
begin
	loop
		v_one := tow.duty(p_duty);
		exit when v_one = 0;
		v_all := v_all + v_one;
	end loop;
	return v_all;
end $$;
