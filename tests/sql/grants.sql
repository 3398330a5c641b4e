-- Restricted queues: who may enqueue there, by every way in. Arguments, results, errors: who sees them.
begin;
\ir ../lib/fixture.sql
create role t_mail login in role tow_producer;
create role t_team nologin;
create role t_member login in role tow_producer, t_team;
create role t_other login in role tow_producer;
create role t_boss login in role tow_operator;
create role t_eye login in role tow_viewer;
create role t_worker login in role tow_worker;

-- What a role gets from a query: its first column, or the SQLSTATE.
create function pg_temp.as_role(p_role text, p_sql text) returns text language plpgsql as $$
declare
	v_text text;
begin
	perform set_config('role', p_role, true);
	begin
		if p_sql ~ '^ *insert' then
			execute p_sql;
		else
			execute p_sql into v_text;
		end if;
	exception when others then
		v_text := sqlstate;
	end;
	perform set_config('role', 'none', true);
	return v_text;
end $$;
create function pg_temp.may(p_role text, p_sql text) returns boolean language sql as $$ select pg_temp.as_role(p_role, p_sql) is distinct from 'TW403' $$;

-- enqueue and enqueue_many
select ok(pg_temp.may('t_other', $$ select tow.enqueue('noop', queue => 'mail') $$), 'anybody may enqueue in a queue without grants');
select pg_temp.refused($$ select tow.grant_queue('mial', 't_mail') $$, 'TW404', 'tow.set_queue', 'a grant of a queue that is not there');
select tow.set_queue('mail'), tow.set_queue('mails'), tow.set_queue('other') \g /dev/null
select pg_temp.refused($$ select tow.grant_queue('mial', 't_mail') $$, 'TW404', '^did you mean ''mail''\?', 'which says what is meant');
select is((select count(*) from tow.queues where name = 'mial'), 0::bigint, 'and makes none');
select lives_ok($$ select tow.grant_queue('mail', 't_mail') $$, 'a grant');
select ok(pg_temp.may('t_mail', $$ select tow.enqueue('noop', queue => 'mail') $$), 'who was granted it may enqueue');
select ok(not pg_temp.may('t_other', $$ select tow.enqueue('noop', queue => 'mail') $$), 'others may not any more');
select ok(not pg_temp.may('t_other', $$ select tow.enqueue('noop', queue => 'mail', priority => 4711) $$), 'not at a priority that is new either');
select ok(not pg_temp.may('t_other', $$ select tow.enqueue('noop', queue => 'mail', lane => 'x') $$), 'nor in a lane');
select ok(not pg_temp.may('t_other', $$ select count(*) from tow.enqueue_many('noop', '{1,2}', queue => 'mail') $$), 'nor many');
select ok(pg_temp.may('t_mail', $$ select count(*) from tow.enqueue_many('noop', '{1,2}', queue => 'mail') $$), 'who was granted it may');
select ok(pg_temp.may('t_other', $$ select tow.enqueue('noop') $$), 'other queues are as they were');
select ok(pg_temp.may('t_boss', $$ select tow.enqueue('noop', queue => 'mail') $$), 'operators may always');
select ok(pg_temp.may('tow_admin', $$ select tow.enqueue('noop', queue => 'mail') $$), 'so may admins');
select pg_temp.refused($$ set local role t_other; select tow.enqueue('noop', queue => 'mail') $$, 'TW403', 'tow.grant_queue\(''mail'', ''t_other''\)', 'the hint says what an admin does');
reset role;
select tow.grant_queue('mail', 't_team') \g /dev/null
select ok(pg_temp.may('t_member', $$ select tow.enqueue('noop', queue => 'mail') $$), 'a grant to a role is one to its members');
select is(pg_temp.as_role('t_team', $$ select tow.enqueue('noop', queue => 'mail') $$), '42501', 'but makes nobody a producer');

-- unique keys know no queues
select tow.enqueue('noop', queue => 'mail', key => 'k') as id \gset
select ok(not pg_temp.may('t_other', $$ select tow.enqueue('noop', key => 'k', on_conflict => 'replace') $$), 'nobody replaces a job of such a queue from outside');
select ok(not pg_temp.may('t_other', $$ select tow.enqueue('noop', key => 'k', on_conflict => 'reschedule', run_at => tow.now() + '1 h') $$), 'or moves it');
select is(tow.state(:id), 'ready', 'it stays');

-- the inbox: a duty enqueues, on behalf of whoever wrote the row
select pg_temp.drain('inbox') \g /dev/null
select pg_temp.as_role('t_mail', $$ insert into tow.inbox (kind, args, queue) values ('noop', '{"by": "mail"}', 'mail') $$) \g /dev/null
select pg_temp.as_role('t_other', $$ insert into tow.inbox (kind, args, queue) values ('noop', '{"by": "other"}', 'mail'), ('noop', '{"by": "other"}', 'default') $$) \g /dev/null
select pg_temp.as_role('t_other', $$ insert into tow.inbox (kind, args, queue, key) values ('noop', '{"by": "other"}', 'mail', 'i') $$) \g /dev/null
select is(pg_temp.as_role('t_other', $$ insert into tow.inbox (kind, queue, who) values ('noop', 'mail', 't_mail') $$), '42501', 'nobody writes in another''s name');
select is(pg_temp.as_role('t_other', $$ insert into tow.inbox (kind, queue, n) overriding system value values ('noop', 'mail', 1) $$), '42501', 'or chooses his place');
select is(pg_temp.as_role('t_worker', $$ select tow.duty('inbox') $$), '4', 'a scheduler that may enqueue nowhere takes the rows in');
select is((select array_agg(queue || ' ' || (args ->> 'by') order by id) from tow.jobs where args ? 'by'), '{mail mail,default other}', 'what may be enqueued is');
select is((select array_agg(distinct sqlstate || ' ' || (job ->> 'who')) from tow.refused), '{TW403 t_other}', 'the rest is refused, and says whose it was');
select is(pg_temp.as_role('t_other', $$ select array_agg(sqlstate || ' ' || (job -> 'args' ->> 'by') order by n) from tow.refused $$), '{"TW403 other","TW403 other"}', 'to him, too');
select is(pg_temp.as_role('t_mail', $$ select count(*) from tow.refused $$), '0', 'and to no other producer');
select is(pg_temp.as_role('t_eye', $$ select distinct job ->> 'args' from tow.refused $$), '(hidden)', 'a viewer reads none of the arguments');
create function public.peep(text) returns boolean language plpgsql cost 0.0001 as $$ begin perform set_config('test.peeped', concat(current_setting('test.peeped', true), $1), false); return true; end $$;
select is(pg_temp.as_role('t_mail', $$ select count(*) from tow.refused where peep(error) $$), '0', 'whatever he asks it by');
select is(coalesce(current_setting('test.peeped', true), ''), '', 'his functions are not shown them either');
grant tow_worker to t_other;
select ok(not pg_temp.may('t_other', $$ select tow.enqueue('noop', queue => 'mail') from tow.duty('inbox') $$), 'after a duty a session speaks for itself again');
select is_empty($$ select * from tow_store.acting $$, 'nothing is left of it');
insert into tow.inbox (kind, queue, who) values ('noop', 'mail', 'nobody_of_that_name');
select pg_temp.drain('inbox') \g /dev/null
select is((select sqlstate from tow.refused order by n desc limit 1), 'TW403', 'a role that is gone may nothing');

-- schedules are made by admins, fired by a duty, run by operators
select tow.schedule('s', '@hourly', 'noop', '{"by": "schedule"}', queue => 'mail') \g /dev/null
select pg_temp.later('1 h 1 s');
select is(pg_temp.as_role('t_worker', $$ select tow.duty('fire') $$), '1', 'a scheduler that may enqueue nowhere fires');
select ok(tow.state(job) is not null, 'the job is there') from tow.fires where schedule = 's';
select ok(pg_temp.as_role('t_boss', $$ select tow.run_schedule('s') $$)::bigint > 0, 'an operator runs the schedule');
select is_empty($$ select * from tow_store.acting $$, 'and nothing is left of it');

-- what a run spawns is made by its worker, who may enqueue nowhere
select tow.grant_queue('other', 't_other') \g /dev/null
create function pg_temp.spawns(p_job bigint, p_queue text) returns boolean language sql security definer as $$
	select tow_store.spawns(r, tow.now(), jsonb_build_object('as', 'completed', 'spawn', jsonb_build_array('{"kind": "noop"}'::jsonb,
		jsonb_build_object('kind', 'noop', 'queue', p_queue, 'after_spawned', '[0]'::jsonb)))) from tow_store.running r where r.job_id = p_job
$$;
create function pg_temp.spawned(p_queue text) returns text language plpgsql as $$
declare
	v_job constant bigint := tow.enqueue('noop', queue => 'mail', priority => 1);
begin
	perform pg_temp.drain('admit');
	perform pg_temp.claim(pg_temp.worker('{mail}'), 1);
	perform pg_temp.as_role('t_worker', format('select pg_temp.spawns(%s, %L)', v_job, p_queue));
	delete from tow_store.running r where r.job_id = v_job;
	return coalesce((select h.error from tow_store.history h where h.job_id = v_job), (select string_agg(j.queue, ' ') from tow_store.job j where j.parent = v_job));
end $$;
select is(pg_temp.spawned('mail'), 'mail mail', 'children in the queue of their parent are made');
select is(pg_temp.spawned('default'), 'mail default', 'also in a queue that is everybody''s');
select matches(pg_temp.spawned('other'), 'other.*t_worker may not', 'in another restricted queue only where the worker may');
select is_empty($$ select * from tow_store.acting $$, 'and nothing is left of it');
select tow.revoke_queue('other') \g /dev/null

-- taking back
select is((select array_agg(concat_ws(' ', queue, role, may)) from tow.grants), '{mail t_mail enqueue,mail t_team enqueue}', 'the view shows them');
select tow.revoke_queue('mail', 't_team') \g /dev/null
select ok(not pg_temp.may('t_member', $$ select tow.enqueue('noop', queue => 'mail') $$), 'a grant is taken back');
select pg_temp.refused($$ select tow.revoke_queue('mail', 't_team') $$, 'TW404', 'tow.grants', 'once');
drop role t_mail;
create role t_mail login in role tow_producer;
select ok(not pg_temp.may('t_mail', $$ select tow.enqueue('noop', queue => 'mail') $$), 'a later role of the same name was granted nothing');
select is_empty('select * from tow.grants', 'a role that is gone is not shown');
select ok(not pg_temp.may('t_other', $$ select tow.enqueue('noop', queue => 'mail') $$), 'the queue stays closed without any grant');
select tow.revoke_queue('mail') \g /dev/null
select ok(pg_temp.may('t_other', $$ select tow.enqueue('noop', queue => 'mail') $$), 'until it is opened again');
select pg_temp.refused($$ select tow.grant_queue('mail', 'no_such_role') $$, 'TW404', 'create role', 'no such role');
select pg_temp.refused($$ select tow.grant_queue('mail', null) $$, 'TW404', 'create role', 'no role');
select pg_temp.refused($$ select tow.grant_queue('a b', 't_mail') $$, 'TW404', 'tow.queues', 'no such name of a queue');
select pg_temp.refused($$ select tow.grant_queue('mail', 't_mail', 'write') $$, 'TW422', 'enqueue or read', 'no such privilege');
select pg_temp.refused($$ select tow.grant_queue('mail', 't_mail', null) $$, 'TW422', 'enqueue or read', 'no privilege');
select pg_temp.refused($$ select tow.revoke_queue('maill') $$, 'TW404', '^did you mean ''mail''\?.*tow.queues', 'no such queue');
select is((select array_agg(what || ' ' || subject order by n) from tow.audit where what in ('queue.granted', 'queue.revoked') and subject = 'mail'),
	'{queue.granted mail,queue.granted mail,queue.revoked mail,queue.revoked mail}', 'the audit has it');

-- Who sees what a job is about. The secret is in everything that a handler is given or says.
select tow.cancel(id) from tow.find_jobs(max_rows => 1000) where state <> 'running' \g /dev/null
select pg_temp.worker() as w \gset
select tow.enqueue('noop', '{"x": "secret"}') as done \gset
select pg_temp.ran(:w, '{"as": "completed", "result": "secret"}', :done) \g /dev/null
select tow.enqueue('noop', '{"x": "secret"}') as failed \gset
select pg_temp.ran(:w, '{"as": "failed", "error": "secret", "detail": "secret", "class": "boom", "final": true}', :failed) \g /dev/null
select tow.enqueue('noop', '{"x": "secret"}') as retried \gset
select pg_temp.ran(:w, '{"as": "failed", "error": "secret", "detail": "secret", "class": "boom"}', :retried) \g /dev/null
select tow.enqueue('noop', '{"x": "secret"}') as live \gset
select pg_temp.claim(:w) \g /dev/null
insert into tow_store.progress (job_id, run, pct, note, at) select job_id, run, 5, 'secret', tow.now() from tow_store.running;
insert into tow_store.log (job_id, run, at, level, line) select :done, 1, tow.now(), 'i', 'secret';
insert into tow_store.refused (n, at, job, sqlstate, error) values (-1, tow.now(), '{"kind": "noop", "args": "secret"}', 'TW422', 'x');
select tow.schedule('s', '@hourly', 'noop', '"secret"') \g /dev/null
select tow.set_daemon('d', kind => 'noop', config => '{"password": "secret"}') \g /dev/null
insert into tow_store.step (job_id, name, run, at, result) values (:live, 'one', 1, tow.now(), '"secret"');
select tow.signal(:live, 'word', '"secret"') \g /dev/null
create temporary table place as
select format('select string_agg(v::text, %L) from (select * from tow.%I) v', ' ', viewname) as sql from pg_views where schemaname = 'tow' and viewname <> 'tokens' -- which is for admins
union all
select format('select string_agg(v::text, %L) from (select * from %s) v', ' ', f)
from unnest(array[format('tow.job(%s)', :live), format('tow.job(%s)', :done), format('tow.job(%s)', :failed), format('tow.log(%s)', :done), 'tow.find_jobs()',
	'tow.find_jobs(queue => ''default'')', 'tow.find_history()', 'tow.find_audit()', 'tow.overview()', format('tow.outcome(%s)', :done),
	format('tow.outcome(%s)', :failed), format('tow.outcome(%s)', :live), 'tow.status()',
	format('tow.steps(%s)', :live), format('tow.graph(%s)', :live), format('tow.why(%s)', :live), 'tow.find_daemons()', 'tow.show_daemon(''d'')', 'tow.daemon_log(''d'')', 'tow.show_schedule(''s'')',
	'tow.schedule_history(''s'')', format('tow.why(%s)', :failed), format('tow.why(%s)', :retried)]) f;
grant select on place to public;

select cmp_ok((select count(*) from place where pg_temp.as_role('tow_operator', sql) ~ 'secret'), '>=', 18::bigint, 'operators see what jobs are about');
select is((select string_agg(sql, '; ') from place where pg_temp.as_role('t_eye', sql) ~ 'secret'), null, 'viewers do not, anywhere');
select is((select string_agg(sql, '; ') from place where pg_temp.as_role('t_eye', sql) ~ '^42'), null, 'though they may look everywhere');
select is((select string_agg(sql, '; ') from place where pg_temp.as_role('t_other', sql) ~ 'secret'), null, 'nor do producers');
select ok(pg_temp.as_role('t_other', format('select (o.state, o.class) from tow.outcome(%s) o', :failed)) = '(failed,boom)', 'who see how it ended');
select is(pg_temp.as_role('t_eye', format('select args from tow.jobs where id = %s', :live)), '"(hidden)"', 'it is said that something is hidden');
select is(pg_temp.as_role('t_eye', format('select args_start from tow.list_jobs() where id = %s', :live)), '(hidden)', 'in a list, too');
select is(pg_temp.as_role('t_eye', format('select error from tow.history where id = %s', :done)), null, 'not where nothing is');
select is(pg_temp.as_role('t_eye', 'select tow.sees_args()'), 'false', 'one can ask');

-- a function that tells what it is shown
create function public.tells(p_text text) returns boolean language plpgsql cost 0.0000001 as $$ begin
	if p_text ~ 'secret' then raise exception 'seen'; end if; return true; end $$;
select is(pg_temp.as_role('t_eye', 'select count(*) > 1 from tow.history where public.tells(args::text) and public.tells(error) and public.tells(result::text)'), 'true', 'a leaky function is shown nothing more, in history');
select is(pg_temp.as_role('t_eye', 'select count(*) from tow.jobs where public.tells(args::text) and public.tells(note)'), '2', 'in jobs');
select is(pg_temp.as_role('t_eye', 'select count(*) > 0 from tow.attempts where public.tells(error) and public.tells(detail)'), 'true', 'in attempts');
select is(pg_temp.as_role('t_eye', 'select count(*) > 0 from tow.refused where public.tells(job::text)'), 'true', 'in refused');
select is(pg_temp.as_role('t_boss', 'select count(*) from tow.history where public.tells(args::text)'), 'P0001', 'it tells what an operator may see');

-- settings and grants say otherwise
select tow.grant_queue('default', 't_eye', 'read') \g /dev/null
select ok(pg_temp.as_role('t_eye', format('select args from tow.jobs where id = %s', :live)) ~ 'secret', 'a grant opens a queue');
select ok(pg_temp.as_role('t_eye', format('select error from tow.attempts where job = %s', :failed)) ~ 'secret', 'its errors too');
select is(pg_temp.as_role('t_eye', 'select tow.sees_args(''default'')'), 'true', 'one can ask for it');
select is(pg_temp.as_role('t_eye', 'select tow.sees_args()'), 'false', 'not all');
select ok(pg_temp.may('t_other', $$ select tow.enqueue('noop') $$), 'and restricts nobody');
select tow.revoke_queue('default', 't_eye', 'read') \g /dev/null
select is(pg_temp.as_role('t_eye', format('select args from tow.jobs where id = %s', :live)), '"(hidden)"', 'until it is taken back');
select tow.grant_queue('default', 't_other', 'read') \g /dev/null
select is(pg_temp.as_role('t_other', format('select result from tow.outcome(%s)', :done)), '"secret"', 'a producer can be let see results');
select tow.revoke_queue('default', null, 'read') \g /dev/null
select tow.set('viewer_sees_args', 'on') \g /dev/null
select ok(pg_temp.as_role('t_eye', format('select args from tow.jobs where id = %s', :live)) ~ 'secret', 'a setting opens all to viewers');
select is(pg_temp.as_role('t_other', format('select result from tow.outcome(%s)', :done)), '"(hidden)"', 'not to producers');
select pg_temp.refused($$ select tow.set('viewer_sees_args', 'maybe') $$, 'TW422', '^it takes on or off$', 'it is on or off');
select * from finish();
rollback;
