-- Jobs page by page: all states, each once though jobs come meanwhile, and what is found in a bounded look.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';
set local client_min_messages = error;
set local tow.list_time = '1 min'; -- a slow machine is not what is tested
delete from tow_store.worker;
select pg_temp.worker('{default,other}', '{noop,late}') as w \gset
create function pg_temp.walk(p_state text, p_sort text, p_kind text default null, p_rows int default 3, p_tag text default null, p_queue text default null, p_worker text default null, p_since timestamptz default null, p_until timestamptz default null) returns bigint[] language plpgsql as $$
declare v_after text; v_ids bigint[]; v_all bigint[]; v_n int := 0;
begin
	loop
		perform set_config('tow.next', '', true);
		select array_agg(l.id), (array_agg(l.cursor))[count(*)] into v_ids, v_after from tow.list_jobs(p_state, kind => p_kind, tag => p_tag, queue => p_queue, sort => p_sort, after => v_after, max_rows => p_rows, worker => p_worker, since => p_since, until => p_until) l;
		v_all := v_all || v_ids;
		v_n := v_n + 1;
		if coalesce(cardinality(v_ids), 0) < p_rows then
			v_after := nullif(current_setting('tow.next', true), '');
			exit when v_after is null;
		end if;
		perform tow.enqueue('late');
		exit when v_n > 100;
	end loop;
	return v_all;
end $$;

-- Six of each state; the waiting ones wait for one that is scheduled.
create temporary table made as select s, n, tow.enqueue('noop', queue => case when n % 2 = 0 then 'other' else 'default' end, tags => case when n % 2 = 0 then '{even}'::text[] end, key => s || n,
	max_attempts => case s when 'failed' then 1 else 9 end, run_at => case s when 'scheduled' then '2030-01-02'::timestamptz - n * interval '1 min' end) as id
from unnest('{completed,failed,retrying,running,cancelled,scheduled}'::text[]) s, generate_series(1, 6) n order by n;
select pg_temp.later('1 second'), tow.duty('admit') \g /dev/null
select tow.pause('other'), tow.pause('default') \g /dev/null
select tow.cancel(id) from made where s = 'cancelled' \g /dev/null
select tow.resume('other'), tow.resume('default') \g /dev/null
create temporary table got as select unnest(pg_temp.claim(:w, 12)) as id;
insert into got select unnest(pg_temp.claim(:w, 4));
select is((select string_agg(distinct m.s, ' ' order by m.s) from got join made m using (id)), 'completed failed retrying running', 'the worker has some');
select pg_temp.say(:w, id, case s when 'completed' then '{"as": "completed"}' else format('{"as": "failed", "class": "c.%s", "error": "no"}', n) end::jsonb) from got join made using (id) where s <> 'running' order by n \g /dev/null
insert into made select 'ready', n, tow.enqueue('noop', queue => case when n % 2 = 0 then 'other' else 'default' end, tags => case when n % 2 = 0 then '{even}'::text[] end) from generate_series(1, 6) n;
insert into made select 'waiting', n, tow.enqueue('noop', after => array[(select id from made where s = 'scheduled' limit 1)]) from generate_series(1, 6) n;
select is((select string_agg(m.s || ' ' || c, ', ' order by m.s) from (select s, count(*) filter (where tow.state(id) = s) as c from made group by s) m),
	'cancelled 6, completed 6, failed 6, ready 6, retrying 6, running 6, scheduled 6, waiting 6', 'they are what they are to be');

select results_eq(format($$ select id, state from tow.list_jobs(max_rows => 1000) $$), $$ select id, s from made order by id desc $$, 'all of them, the newest first');
select set_eq(format('select unnest(pg_temp.walk(%L, null))', s), format('select id from made where s = %L', s), s || ': each once') from (select distinct s from made where s not in ('ready', 'waiting')) m;
select ok(not exists (select from unnest(w) i group by i having count(*) > 1) and not exists (select id from made where s = x except select unnest(w)), x || ': each once, though others come')
from unnest('{ready,waiting}'::text[]) x, pg_temp.walk(x, null) w;
select ok(not exists (select from unnest(w) i group by i having count(*) > 1) and not exists (select id from made except select unnest(w)), 'all of all states once, though others come') from pg_temp.walk(null, null) w;
select is(pg_temp.walk('scheduled', 'run_at'), (select array_agg(id order by n desc) from made where s = 'scheduled'), 'by when they are due');
select is(pg_temp.walk('running', 'started_at') @> (select array_agg(id) from made where s = 'running'), true, 'by when they began');
select is((select array_agg(i order by o desc) from unnest(pg_temp.walk('running', '-started_at')) with ordinality u(i, o)), pg_temp.walk('running', 'started_at'), 'and the other way round');
select set_eq($$ select unnest(pg_temp.walk('failed', '-finished_at')) $$, $$ select id from made where s = 'failed' $$, 'by when they ended');

-- Of several states, each once and in one order, though others come.
select is(pg_temp.walk(x, '-id'), (select array_agg(id order by id desc) from made where s = any(string_to_array(x, ','))), x || ': each once, the newest first')
from unnest('{"failed,retrying","completed,failed,cancelled","retrying,scheduled","running,completed,scheduled","failed,cancelled,running,retrying"}'::text[]) x;
select is(pg_temp.walk('failed,cancelled', null), (select array_agg(h.job_id order by h.finished_at desc, h.run desc) from tow_store.history h where h.outcome in ('f', 'x')), 'those that ended badly by when they ended');
select is(pg_temp.walk('completed,failed,cancelled', null), (select array_agg(h.job_id order by h.finished_at desc, h.run desc) from tow_store.history h where h.outcome in ('c', 'f', 'x')), 'all that ended, too');
select is(pg_temp.walk('scheduled, retrying', 'run_at'), (select array_agg(c.id order by c.run_at, c.id) from tow_store.scheduled c join made m on m.id = c.id), 'by when they are due, with a space');
select is(pg_temp.walk('completed', '-finished_at', p_rows => 1), (select array_agg(h.job_id order by h.finished_at desc, h.run desc) from tow_store.history h where h.outcome = 'c'), 'completed ones by when they ended');

-- Of a worker: what runs there, and what ended there.
select is(pg_temp.walk(null, null, p_worker => :w::text), (select array_agg(u.id order by u.at desc, u.run desc) from (
	select job_id, 'infinity', run from tow_store.running union all select h.job_id, h.finished_at, h.run from tow_store.history h where h.outcome in ('c', 'f', 'x') and h.worker = :w) u(id, at, run)), 'a worker''s: what runs, then what ended last');
select set_eq($$ select unnest(pg_temp.walk('failed,completed', null, p_worker => (select name from tow_store.worker))) $$, $$ select id from made where s in ('failed', 'completed') $$, 'by its name, in two states');
select is(pg_temp.walk('completed', '-id', p_worker => :w::text), (select array_agg(id order by id desc) from made where s = 'completed'), 'in another order');
insert into tow_store.worker (id, name, host, pid, version, queues, slots, kinds, lease, state, held, listens, server_start, attached_at, seen_at, ended_at) overriding system value
	select 4711, 'idle', 'h', 1, '0', '{1}', '{1}', '{noop}', '30 s', 'stopped', false, false, tow.now(), tow.now() - interval '1 hour', tow.now(), tow.now();
select is(pg_temp.walk(null, null, p_worker => 'idle'), null, 'one that had none');
select is(pg_temp.walk(null, null, p_worker => '4712'), null, 'one of whom nothing is known any more');
delete from tow_store.worker where id = 4711;

select is((select to_jsonb(l) - '{id,cursor,worker,run,created_at,started_at,finished_at,run_at,max_attempts}'::text[] from tow.list_jobs('failed', key => 'failed2') l),
	'{"state": "failed", "kind": "noop", "queue": "other", "priority": 100, "attempt": 1, "pct": null, "note": null, "class": "c.2", "error": "no", "key": "failed2", "tags": ["even"], "lane": null, "parent": null, "reason": null, "waits_for": null, "args_start": null}', 'one that failed');
select is((select to_jsonb(l) - '{id,cursor,worker,run,created_at,started_at,finished_at,run_at,max_attempts,waits_for}'::text[] from tow.list_jobs('waiting') l limit 1),
	'{"state": "waiting", "kind": "noop", "queue": "default", "priority": 100, "attempt": 0, "pct": null, "note": null, "class": null, "error": null, "key": null, "tags": null, "lane": null, "parent": null, "reason": "predecessors", "waits_for": null, "args_start": null}'::jsonb - 'waits_for', 'one that waits');
update tow_store.job set created_at = created_at - interval '3 days' where id = (select id from made where s = 'failed' and n = 2);
select is((select concat_ws(' ', l.state, l.attempt, l.class, l.error, l.worker = :w, l.run is not null, l.started_at is not null, l.finished_at - l.created_at > interval '3 days') from tow.list_jobs('failed', key => 'failed2') l),
	'failed 1 c.2 no t t t t', 'one that failed days after it was made');
select is((select count(*) from tow.list_jobs(tag => 'even')), 21::bigint, 'with a tag');
select is((select count(*) from tow.list_jobs(queue => 'other', kind => 'noop')), 21::bigint, 'of a queue and kind');
select is((select count(*) from tow.list_jobs(class => 'c.3')), 1::bigint, 'whose error is of a class');
select is((select count(*) from tow.list_jobs(lane => 'x')), 0::bigint, 'in a lane');
select tow.enqueue('haul.fetch', key => 'sys') as sys, tow.enqueue('haulage', key => 'own') as own \gset
select is((select array_agg(l.id) from tow.list_jobs(system => true) l), array[:sys::bigint], 'the system''s own');
select is((select array_agg(l.id) from tow.list_jobs(system => false, max_rows => 1) l), array[:own::bigint], 'those of others, though a name begins alike');
select is((select array_agg(l.key) from tow.list_jobs(system => false, queue => 'default', kind => 'haul.fetch') l), null, 'with other filters');
select is((select concat_ws(' | ', l.state, l.waits_for, l.args_start) from tow.list_jobs(kind => 'haulage') l), 'ready | a worker: ' || tow.unserved('haulage', 'default'), 'why no worker would run it');
select is((select j.waits_for from tow.find_jobs(kind => 'haulage') j), 'a worker: ' || tow.unserved('haulage', 'default'), 'of live ones, too');
select tow.enqueue('noop', jsonb_build_object('text', repeat('x', 100))) as long \gset
select is((select concat_ws(' | ', l.waits_for, l.args_start) from tow.list_jobs(max_rows => 1) l), '{"text": "' || repeat('x', 70), 'how its arguments begin, of one that a worker would run');
select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[20])) \g /dev/null
set local track_functions = 'pl';
set local enable_material = off; -- as is planned where there are few or none
discard plans;
select count(*) from tow.list_jobs(max_rows => 20) \g /dev/null
reset enable_material;
discard plans;
select is((select f.calls from pg_stat_xact_user_functions f where f.schemaname = 'tow' and f.funcname = 'unserved'), 1::bigint, 'whether somebody would is asked once for jobs of one kind and queue');
set local track_functions = 'none';
select tow.cancel(l.id), tow.forget(l.id) from tow.list_jobs(max_rows => 20) l \g /dev/null
select tow.cancel(:long), tow.forget(:long) \g /dev/null
select tow.set_daemon('turns', 'scan'), tow.start_daemon('turns') \g /dev/null
select is((select array_agg(l.key order by l.key) from tow.list_jobs(system => true) l), '{daemon:turns,sys}', 'turns of daemons are the system''s, too');
select is((select array_agg(l.id) from tow.list_jobs(system => false, max_rows => 1) l), array[:own::bigint], 'and not among those of others');
select tow.stop_daemon('turns'), tow.forget(id) from tow_store.job where key = 'daemon:turns' \g /dev/null
select tow.cancel(:sys), tow.cancel(:own) \g /dev/null
select is((select string_agg(l.key, ' ' order by l.key) from tow.list_jobs('cancelled', system => true) l), 'sys', 'in a state');
select tow.forget(:sys), tow.forget(:own) \g /dev/null
select tow.retry(id) from made where s = 'failed' and n = 1 \g /dev/null
select is((select count(*) from tow.list_jobs('failed')), 5::bigint, 'one that was put back has not failed');
select is((select array_agg(state) from tow.list_jobs(key => 'failed1')), array[tow.state(id)], 'it is where it is') from made where s = 'failed' and n = 1;

-- Few of many: it ends early, and goes on.
select count(*) from generate_series(1, 5) g, tow.enqueue_many('noop', array_fill('{}'::jsonb, array[5000]), priority => 100 + g) \g /dev/null
select set_config('tow.next', '', true) \g /dev/null
select count(*) as n from tow.list_jobs(tag => 'nobody', max_rows => 10) \gset
select is(:n, 0, 'nothing was found');
select ok(current_setting('tow.next') <> '', 'but it is said where it goes on');
select is((select min(id) from unnest(pg_temp.walk(null, null, p_rows => 10, p_tag => 'nobody')) id), null, 'to the end');
select tow.enqueue('late') as late from (select) x \gset
select ok(:late = any(pg_temp.walk(null, null, 'late', 2)) and (select min(id) from made) > 0, 'a walk finds what is rare');

-- A queue or a kind is found however far behind the others it stands, all at once; of many, each once and in order.
select set_config('tow.next', '', true) \g /dev/null
select is((select array_agg(l.id) from tow.list_jobs(queue => 'other') l), (select array_agg(j.id order by j.id desc) from tow_store.job j where j.queue = 'other'), 'a queue behind many');
select is((select count(*) from tow.list_jobs(kind => 'nobody')), 0::bigint, 'a kind that none is of');
select is((select count(*) from tow.list_jobs(queue => 'other', kind => 'late')), 0::bigint, 'a kind that none of the queue is of');
select is(nullif(current_setting('tow.next'), ''), null, 'and there is no more');
select is(pg_temp.walk(null, null, 'noop', 900), (select array_agg(j.id order by j.id desc) from tow_store.job j where j.kind = 'noop'), 'of many of a kind each once, the newest first');
set local tow.list_time = '0 s';
select is((select count(*) from tow.list_jobs(queue => 'other', kind => 'late')), 0::bigint, 'who looks too long');
select ok(current_setting('tow.next') <> '', 'is told where it goes on');
set local tow.list_time = '1 min';
select set_config('tow.next', '', true) \g /dev/null
select is((select array_agg(l.id) from tow.list_jobs(parent => :late) l), null, 'one without children');
select tow.enqueue('noop', parent => :late) as child from (select) x \gset
select is((select array_agg(l.id) from tow.list_jobs(parent => :late) l), array[:child::bigint], 'and with one');
select ok((select array_agg(distinct l.queue) = '{other}' from tow.list_jobs(x, queue => 'other') l) and (select count(*) from tow.list_jobs(x, queue => 'other')) > 0, x || ': those of a queue')
from unnest('{scheduled,ready,running,retrying,completed,failed,cancelled}'::text[]) x;
select is((select count(*) from tow.list_jobs('waiting', queue => 'nobody')), 0::bigint, 'none of a queue that is not there');

select pg_temp.refused($$ select * from tow.list_jobs('gone') $$, 'TW422', 'scheduled, ready', 'no such state');
select pg_temp.refused($$ select * from tow.list_jobs(sort => 'kind') $$, 'TW422', '-id', 'no index is in that order');
select pg_temp.refused($$ select * from tow.list_jobs('ready', sort => '-finished_at') $$, 'TW422', '-id', 'nor in that');
select pg_temp.refused($$ select * from tow.list_jobs('failed,scheduled', sort => '-finished_at') $$, 'TW422', '-id', 'nor those of two states, of which one has no such order');
select pg_temp.refused($$ select * from tow.list_jobs('failed,gone') $$, 'TW422', 'comma', 'one of several is no state');
select pg_temp.refused($$ select * from tow.list_jobs(worker => 'nobody') $$, 'TW404', 'tow.workers', 'no such worker');
select pg_temp.refused($$ select * from tow.list_jobs('failed,ready', worker => 'x') $$, 'TW422', 'completed', 'no worker has what is ready');
select pg_temp.refused($$ select * from tow.list_jobs(max_rows => 0) $$, 'TW422', '1 to 1000', 'none');
select pg_temp.refused($$ select * from tow.list_jobs(after => '{}') $$, 'TW422', 'cursor', 'no cursor');
select is((select string_agg(state || ' ' || count, ', ') from tow.count_jobs() where state in ('failed', 'cancelled', 'retrying', 'scheduled', 'running')), 'running 6, scheduled 6, retrying 6, failed 5, cancelled 6', 'how many there are');
select is((select count || ' ' || coalesce(since::text, '-') from tow.count_jobs() where state = 'completed'), '0 -', 'none are counted that no metric has');
insert into tow_store.metric_queue (at, minutes, queue, completed) values (tow.now() - interval '2 days', 60, 'default', 1000), (tow.now() - interval '5 hours', 60, 'default', 30), (tow.now() - interval '1 minute', 1, 'default', 4), (tow.now() - interval '1 minute', 1, 'other', 3);
select is((select concat_ws(' ', count, more, tow.now() - since) from tow.count_jobs() where state = 'completed'), '37 f 05:00:00', 'completed ones of the last day, as the metrics have them');

-- The audit, page by page.
create temporary table all_notes as select n from tow.find_audit(since => null, max_rows => 100000);
create function pg_temp.audit_walk() returns bigint[] language plpgsql as $$
declare v_n bigint; v_ids bigint[]; v_all bigint[];
begin
	loop
		select array_agg(a.n), (array_agg(a.n))[count(*)] into v_ids, v_n from tow.find_audit(since => null, max_rows => 2, before => v_n) a;
		exit when v_ids is null;
		v_all := v_all || v_ids;
		perform tow.pause('default');
	end loop;
	return v_all;
end $$;
select set_eq($$ select unnest(pg_temp.audit_walk()) $$, $$ select n from all_notes $$, 'each note is met once');
select is((select count(*) from tow.find_audit(who => 'nobody')), 0::bigint, 'by nobody');
select is((select count(*) from tow.find_audit(who => session_user::text, max_rows => 3)), 3::bigint, 'by somebody');

-- Kin, for a page.
select is((select jsonb_array_length(g -> 'nodes') || ' ' || jsonb_array_length(g -> 'ties') || ' ' || (g ->> 'more') from tow.graph_json((select min(id) from made where s = 'waiting')) g), '7 6 false', 'nodes and ties');
select pg_temp.refused($$ select tow.graph_json(0) $$, 'TW404', '', 'of no job');
select pg_temp.refused($$ select * from tow.series_queues(since => null) $$, 'TW422', 'instants', 'no span');
select is((select count(*) from tow.series_system()), 0::bigint, 'nothing was sampled');

-- What ran in a queue that was dropped is found by its name, whether there is another of that name by now or not.
select tow.set_queue('gone'), tow.enqueue('noop', queue => 'gone') as gone \gset g_
select tow.cancel(:g_gone), tow.drop_queue('gone') \g /dev/null
select is((select array_agg(l.id) from tow.list_jobs('cancelled', queue => 'gone') l), array[:g_gone::bigint], 'of a queue that was dropped');
select tow.set_queue('gone') \g /dev/null
select is((select array_agg(l.id) from tow.list_jobs('cancelled', queue => 'gone') l), array[:g_gone::bigint], 'and is another now');
select is((select count(*) from tow.list_jobs('cancelled', queue => 'other')), 3::bigint, 'and no other queue''s');
select tow.drop_queue('gone') \g /dev/null

-- From when, and up to when, of what the order goes by. The clock may be behind what has ended.
update tow_store.job set created_at = '2029-12-01'::timestamptz + (id - b.first) * interval '1 s' from (select min(id) from tow_store.job) b(first);
update tow_store.history h set finished_at = '2029-12-31 18:00'::timestamptz + r.n * interval '1 min' from (select run, row_number() over (order by run) from tow_store.history) r(run, n) where h.run = r.run;
select id as first from tow_store.job order by id limit 1 \gset
select is(pg_temp.walk(null, null, p_since => '2029-12-01 00:00:10', p_until => '2029-12-01 00:00:20'), (select array_agg(id order by id desc) from tow_store.job where id between :first + 10 and :first + 19), 'those made in ten seconds');
select is(pg_temp.walk(x, '-id', p_since => '2029-12-01 00:00:04', p_until => '2029-12-01 00:00:30'), (select array_agg(id order by id desc) from made join tow_store.job using (id)
	where tow.state(id) = any(string_to_array(x, ',')) and id between :first + 4 and :first + 29), x || ': those made in a span')
from unnest('{failed,completed,"failed,completed","scheduled,running,cancelled"}'::text[]) x;
select is(pg_temp.walk(null, null, p_kind => 'late', p_since => '2031-01-01'), null, 'none was made later');
select is(pg_temp.walk(null, null, p_until => '2029-12-01'), null, 'none was made before');
select is(pg_temp.walk(x, '-finished_at', p_since => '2029-12-31 18:03', p_until => '2029-12-31 18:09'), (select array_agg(h.job_id order by h.finished_at desc) from tow_store.history h
	where tow_store.end_name(h.outcome) = any(string_to_array(x, ',')) and h.finished_at >= '2029-12-31 18:03' and h.finished_at < '2029-12-31 18:09' and tow.state(h.job_id) = any(string_to_array(x, ','))), x || ': those that ended in a span')
from unnest('{failed,completed,cancelled,"failed,completed"}'::text[]) x;
select is(pg_temp.walk('scheduled', 'run_at', p_since => '2030-01-01 23:55', p_until => '2030-01-01 23:58'), (select array_agg(id order by n desc) from made where s = 'scheduled' and n in (3, 4, 5)), 'those due in a span');
select set_eq($$ select unnest(pg_temp.walk('running', 'started_at', p_until => '2030-01-02')) $$, $$ select job_id from tow_store.running $$, 'begun before');
select is(pg_temp.walk('running', '-started_at', p_since => '2030-01-02'), null, 'none began later');

-- Of many that completed, each once, the last first: in a span, of a worker, and as far as there is time to look.
insert into tow_store.history (job_id, run, finished_at, worker, attempt, outcome)
	select j.id, 1000000000 + j.id, '2029-12-31 20:00'::timestamptz + (j.id / 3) * interval '10 ms', j.id % 7, 1, 'c' from tow_store.job j where j.kind = 'noop' and not exists (select from made m where m.id = j.id) order by j.id limit 5000;
create function pg_temp.completed(p_worker bigint default null, p_since timestamptz default null) returns bigint[] language sql as $$
	select array_agg(h.job_id order by h.finished_at desc, h.run desc) from tow_store.history h
	where h.outcome = 'c' and (p_worker is null or h.worker = p_worker) and (p_since is null or h.finished_at >= p_since) and not exists (select from tow_store.revival v where v.run = h.run)
$$;
select is(pg_temp.walk('completed', '-finished_at', p_rows => 900), pg_temp.completed(), 'all that completed');
select is(pg_temp.walk('completed', null, p_rows => 90, p_worker => '5'), pg_temp.completed(5), 'at a worker');
select is(pg_temp.walk('completed', '-finished_at', p_rows => 100, p_since => max(finished_at) - interval '2 s'), pg_temp.completed(p_since => max(finished_at) - interval '2 s'), 'of late') from tow_store.history;
select set_config('tow.next', '', true) \g /dev/null
set local tow.list_time = '0 s';
select is((select count(*) from tow.list_jobs('completed,failed', sort => '-finished_at')), 0::bigint, 'who looks too long for one of two states has neither');
select is((select array_agg(l.id) from tow.list_jobs('failed', sort => '-finished_at', after => current_setting('tow.next')) l), (select array_agg(l.id) from tow.list_jobs('failed', max_rows => 5) l), 'and goes on before both');
set local tow.list_time = '1 min';

-- What has a class is found behind any number of jobs that have none.
select cardinality(array(select tow.enqueue_many('late', array_fill('{}'::jsonb, array[7000])) from generate_series(1, 3))) \g /dev/null
select set_config('tow.next', '', true) \g /dev/null
select is((select array_agg(l.id) from tow.list_jobs(class => 'c.') l), (select array_agg(id order by id desc) from made where s = 'failed' and tow.state(id) = 'failed'), 'by class: the newest first');
select is((select array_agg(l.id) from tow.list_jobs(class => 'c.3') l), (select array_agg(id) from made where s = 'failed' and n = 3), 'one of them');
select is((select array_agg(l.id) from tow.list_jobs(class => 'c.', kind => 'noop', queue => 'other') l), (select array_agg(id order by id desc) from made where s = 'failed' and n % 2 = 0 and tow.state(id) = 'failed'), 'of a queue');
select is((select array_agg(l.id order by l.id) from tow.list_jobs('failed', class => 'c.') l), (select array_agg(id order by id) from made where s = 'failed' and tow.state(id) = 'failed'), 'of those that failed');
select is(current_setting('tow.next', true), '', 'without a second call');

-- A queue whose newest are behind thousands, ready or ended, in any order.
create temporary table rare (n serial, id bigint);
create function pg_temp.more(p_n int) returns void language sql as $$ select from tow.enqueue_many('late', array_fill('{}'::jsonb, array[p_n])) $$;
insert into rare (id) select tow.enqueue('noop', queue => 'other') from generate_series(1, 2);
select pg_temp.more(5000) \g /dev/null
insert into rare (id) select tow.enqueue('noop', queue => 'other');
select pg_temp.more(9000) \g /dev/null
insert into rare (id) select tow.enqueue('noop', queue => 'other') from generate_series(1, 2);
select tow.cancel(id) from rare where n in (2, 5) \g /dev/null
select pg_temp.more(9000) \g /dev/null
select is(tow_store.newest_ready('other', 9223372036854775807), (select id from rare where n = 4), 'a ready one is found');
update tow_store.ready r set pos = nextval('tow_store.job_id') from rare where rare.n = 4 and r.id = rare.id;
select is(tow_store.newest_ready('other', max(j.id)), (select id from rare where n = 4), 'one that came to its place after all that were made since') from tow_store.job j;
select is(tow_store.newest_ready('other', (select id from rare where n = 4)), (select id from rare where n = 3), 'before an id');
select is((select array_agg(l.id) from tow.list_jobs(queue => 'other', max_rows => 5) l), (select array_agg(id order by id desc) from rare), 'those of a queue');
select is((select array_agg(l.id) from tow.list_jobs(queue => 'other', max_rows => 2) l), (select array_agg(id order by id desc) from rare where n > 3), 'the newest of it, though it is over');
select is((select array_agg(l.id) from tow.list_jobs(queue => 'other', kind => 'noop', max_rows => 5) l), (select array_agg(id order by id desc) from rare), 'of a kind, too');
select is((select array_agg(l.id) from tow.list_jobs(queue => 'other', max_rows => 3, after => (select cursor from tow.list_jobs(queue => 'other', max_rows => 2) order by id limit 1)) l), (select array_agg(id order by id desc) from rare where n < 4), 'the page behind them');
select is((select array_agg(l.id) from tow.list_jobs(queue => 'others') l), null, 'none of one that is not there');

select * from finish();
rollback;
