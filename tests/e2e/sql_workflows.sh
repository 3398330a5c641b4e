#!/usr/bin/env bash
# Workflows when several sessions are at them: whichever of a successor's enqueue and its predecessor's end commits
# first, nothing is stranded and nothing starts too early. Then graphs by chance, judged at every claim and at the end.
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/sessions.sh

# shellcheck disable=SC2119
instance_start
instance_psql -c "
	select tow.set_policy('default', 'fixed', base => '2 ms', max_attempts => 3), tow.set('max_losses', '1000');
	select tow.attach('w' || n, 'h', 1, '0', '{default}', '{4}', '{noop}', '1 h') from generate_series(1, 4) n;
	create table public.early (job bigint, why text);
	-- What must not be so when a job has just been claimed. What was put back is no witness, nor is it judged.
	create function public.judge(p_jobs bigint[]) returns void language sql as \$\$
		insert into public.early
		select e.job_id, format('after %s (%s), if it failed %s', e.on_id, tow.state(e.on_id), e.if_failed)
		from unnest(p_jobs) j join tow_store.edge e on e.job_id = j
		where not exists (select from tow_store.revival v where v.job_id in (e.job_id, e.on_id))
			and case tow.state(e.on_id) when 'completed' then false when 'failed' then e.if_failed <> 'g' when 'cancelled' then e.if_failed <> 'g' else true end;
		insert into public.early
		select c.parent, format('its child %s is %s', c.id, tow.state(c.id))
		from unnest(p_jobs) j join tow_store.job c on c.parent = j
		where (select h.outcome from tow_store.history h where h.job_id = j order by h.run desc limit 1) = 'w'
			and not exists (select from tow_store.revival v where v.job_id in (c.id, j)) and tow.state(c.id) not in ('completed', 'failed', 'cancelled') \$\$;
	-- A worker ends a run, or claims a few.
	create function public.say(p_worker bigint, p_job bigint, p_outcome text) returns text language sql as \$\$
		select coalesce(string_agg(e.what, ' '), 'said') from tow.exchange(p_worker, 0, (random() * 1e15)::bigint, false, null, null, null, null,
			jsonb_build_array(jsonb_build_object('job', p_job, 'run', (select run from tow_store.running where job_id = p_job), 'ago_us', 2, 'took_us', 1) || p_outcome::jsonb),
			'{}', '{}', '{}', '{}') e where e.what = 'late' \$\$;
	create function public.claim(p_worker bigint, p_want int) returns bigint[] language plpgsql as \$\$
	declare
		v_jobs bigint[];
	begin
		select coalesce(array_agg(e.job), '{}') into v_jobs from
			(select array_agg(b.id order by b.id) ids, array_agg(0::bigint) lows from tow_store.band b) b,
			tow.exchange(p_worker, 0, (random() * 1e15)::bigint, false, null, null, null, null, null, b.ids, b.lows,
				array(select id from tow_store.queue), array[p_want]) e where e.what = 'job';
		perform public.judge(v_jobs);
		return v_jobs;
	end \$\$;
	create function public.drain() returns int language plpgsql as \$\$
	declare
		v_all int := 0;
		v_one int;
	begin
		loop
			v_one := tow.duty('admit');
			v_all := v_all + v_one;
			exit when v_one = 0 or v_all > 1000;
		end loop;
		return v_all;
	end \$\$" >/dev/null

sql() {
	instance_psql -c "set lock_timeout = '60s'" -c "$1" | tail -n 1
}
drain() { # each turn in a transaction of its own, or it would pass what others have not committed yet
	until [ "$(sql "select tow.duty('admit')")" = 0 ]; do :; done
}
state() {
	sql "select tow.state($1)"
}
running() { # a job that worker 1 runs
	local job
	job=$(sql "select tow.enqueue('noop')")
	sql "select public.claim(1, 100)" >/dev/null
	echo "$job"
}
for name in a b d; do session_open $name; done

#--- the end of a predecessor and the enqueue of its successor

p=$(running)
s=$(session_do a "begin; select tow.enqueue('noop', after => array[$p])")
is "$(sql "select public.say(1, $p, '{\"as\": \"completed\"}')")" said "a predecessor completes while its successor's enqueue is open"
drain
session_do a commit >/dev/null
drain
is "$(state "$s")" ready "the successor goes on when it is there"

for end in commit rollback; do
	p=$(running)
	session_do b "begin; select public.say(1, $p, '{\"as\": \"completed\"}')" >/dev/null
	s=$(sql "select tow.enqueue('noop', after => array[$p])")
	drain
	is "$(state "$s")" waiting "$end: a successor that is there before its predecessor's end waits"
	session_do b $end >/dev/null
	drain
	[ $end = commit ] || sql "select public.say(1, $p, '{\"as\": \"completed\"}')" >/dev/null
	drain
	is "$(state "$s")" ready "$end: and goes on after it"

	p=$(sql "select tow.enqueue('noop', run_at => now() + interval '1 h')")
	session_do b "begin; select tow.cancel($p)" >/dev/null
	s=$(sql "select tow.enqueue('noop', after => array[$p])")
	drain
	is "$(state "$s")" waiting "$end: a predecessor's cancelling is under way"
	session_do b $end >/dev/null
	drain
	[ $end = commit ] || sql "select tow.cancel($p)" >/dev/null
	drain
	is "$(state "$s")" cancelled "$end: its successor is cancelled after it"

	p=$(sql "select tow.enqueue('noop', priority => 1)")
	sql "select tow.duty('admit')" >/dev/null
	session_do b "begin; select public.claim(1, 100)" >/dev/null
	s=$(sql "select tow.enqueue('noop', after => array[$p])")
	drain
	session_do b $end >/dev/null
	drain
	[ $end = commit ] || sql "select public.claim(1, 100)" >/dev/null
	sql "select public.say(1, $p, '{\"as\": \"completed\"}')" >/dev/null
	drain
	is "$(state "$s")" ready "$end: a claim of the predecessor was under way"

	p=$(running)
	s=$(sql "select tow.enqueue('noop', after => array[$p])")
	drain
	session_do b "begin; select tow.cancel($s)" >/dev/null
	sql "select public.say(1, $p, '{\"as\": \"completed\"}')" >/dev/null
	drain
	session_do b $end >/dev/null
	drain
	is "$(state "$s")" "$([ $end = commit ] && echo cancelled || echo ready)" "$end: the successor was being cancelled when its predecessor ended"
	is "$(sql "select count(*) from tow_store.need where job_id = $s")" 0 "$end: no need is left of it"

	p=$(running)
	session_do b "begin; select public.say(1, $p, '{\"as\": \"waits\", \"for\": \"signal\", \"name\": \"go\"}')" >/dev/null
	sql "select tow.signal($p, 'go')" >/dev/null
	drain
	session_do b $end >/dev/null
	drain
	[ $end = commit ] || sql "select public.say(1, $p, '{\"as\": \"waits\", \"for\": \"signal\", \"name\": \"go\"}')" >/dev/null
	drain
	is "$(state "$p")" ready "$end: a signal comes while the job begins to wait for it"
done

# A handler's own transaction holds its run, and nobody up.
p=$(running)
session_do b "begin; select tow.holds($p, (select run from tow_store.running where job_id = $p))" >/dev/null
s=$(sql "select tow.enqueue('noop', after => array[$p])")
drain
is "$(sql "select fresh from tow_store.waiting where id = $s")" f "a handler's transaction does not keep the duty from its predecessor"
session_do b commit >/dev/null
sql "select public.say(1, $p, '{\"as\": \"completed\"}')" >/dev/null

#--- retries of failed predecessors, with if_failed wait

for end in commit rollback; do
	p=$(running)
	sql "select public.say(1, $p, '{\"as\": \"failed\", \"final\": true}')" >/dev/null
	session_do b "begin; select tow.retry($p)" >/dev/null
	s=$(sql "select tow.enqueue('noop', after => array[$p], if_failed => 'wait')")
	drain
	session_do b $end >/dev/null
	drain
	[ $end = commit ] || sql "select tow.retry($p)" >/dev/null
	is "$(state "$s")" waiting "$end: enqueued while somebody retries its predecessor"
	sql "select public.claim(1, 100)" >/dev/null
	sql "select public.say(1, $p, '{\"as\": \"completed\"}')" >/dev/null
	drain
	is "$(state "$s")" ready "$end: it goes on after the retry"
done
p=$(running)
sql "select public.say(1, $p, '{\"as\": \"failed\", \"final\": true}')" >/dev/null
s=$(sql "select tow.enqueue('noop', after => array[$p], if_failed => 'wait')")
session_do d "begin; select public.drain()" >/dev/null
session_send b "select tow.retry($p)"
ok "a retry waits for the duty that sees the failure" wait_until 'session_waits b'
session_do d commit >/dev/null
is "$(session_take b)" ready "then it is done"
sql "select public.claim(1, 100)" >/dev/null
sql "select public.say(1, $p, '{\"as\": \"completed\"}')" >/dev/null
drain
is "$(state "$s")" ready "and the successor goes on after it"

#--- circles by two at once

p=$(sql "select tow.enqueue('noop', run_at => now() + interval '1 h')")
s=$(sql "select tow.enqueue('noop', run_at => now() + interval '1 h')")
session_do a "begin; select tow.depend($p, array[$s])" >/dev/null
session_send b "select tow.depend($s, array[$p])"
ok "two that would close a circle take turns" wait_until 'session_waits b'
is "$(sql "select held from tow.attach('late', 'h', 1, '0', '{default}', '{4}', '{noop}', '1 h')")" t "a worker that comes meanwhile does not wait for them"
session_do a commit >/dev/null
like "$(session_take b)" TW409 "and the second is refused"
session_do a "begin; select tow.depend($p, array[$(sql "select tow.enqueue('noop', run_at => now() + interval '1 h')")])" >/dev/null
b=$(sql "select tow.enqueue('noop', run_at => now() + interval '1 h')")
session_do a "select tow.depend($p, array[$b])" >/dev/null
session_send b "select tow.enqueue('noop', after => array[$p], parent => $b)"
ok "so do who makes a child that waits for who may come to wait for its parent" wait_until 'session_waits b'
session_do a commit >/dev/null
like "$(session_take b)" TW409 "and is refused"
p=$(sql "select tow.batch('noop')")
s=$(sql "select tow.batch('noop')")
a=$(session_do a "begin; select tow.enqueue('noop', after => array[$p], parent => $s)")
session_send b "select tow.enqueue('noop', after => array[$s], parent => $p)"
ok "two enqueues that would close one take turns" wait_until 'session_waits b'
session_do a commit >/dev/null
like "$(session_take b)" TW409 "and the second is refused"
c=$(session_do a "begin; select tow.enqueue('noop', after => array[$a], parent => $p)")
like "$(session_do b "select tow.enqueue('noop', after => array[tow.enqueue('noop')], parent => $p)")" '^[0-9]+$' "nobody waits who ties new jobs only"
session_do a rollback >/dev/null

#--- a batch is sealed while members are added

p=$(sql "select tow.batch('noop')")
a=$(session_do a "begin; select tow.enqueue('noop', parent => $p)")
is "$(sql "select count(*) from tow.enqueue_many('noop', '{1,2}', parent => $p)")" 2 "two add members at once"
session_send b "select tow.seal($p)"
ok "sealing waits for who adds a member" wait_until 'session_waits b'
session_do a commit >/dev/null
is "$(session_take b)" 3 "and counts it"
drain
is "$(sql "select waits_for ~ '$a' from tow.jobs where id = $p")" t "the batch waits for it"
is "$(sql "select count(*) from public.early")" 0 "nothing started too early"

#--- graphs by chance

instance_psql -c "
	select tow.cancel(id) from tow.jobs where state <> 'running';
	-- Some jobs with up to three predecessors each, among the last sixty.
	create function public.make() returns void language sql as \$\$
		select tow.enqueue('noop', after => a.a, if_failed => case when a.a is null then 'cancel' else ('{cancel,fail,go,wait}'::text[])[1 + floor(random() * 4)::int] end)
		from generate_series(1, 3) n, lateral (
			select array_agg(l.id) as a from (select j.id, n from tow_store.job j order by j.id desc limit 60) l where random() < 0.04) a \$\$;
	create function public.work(p_worker bigint, p_chance boolean) returns bigint language plpgsql as \$\$
	declare
		r record;
		v_out text;
	begin
		for r in select job_id, parent from tow_store.running u join tow_store.job j on j.id = u.job_id where worker = p_worker loop
			v_out := case when not p_chance then 'completed' else ('{completed,completed,completed,failed,final,waits,returned,spawn}'::text[])[1 + floor(random() * 8)::int] end;
			perform public.say(p_worker, r.job_id, case
				when v_out = 'final' then '{\"as\": \"failed\", \"final\": true}'
				when v_out = 'waits' then '{\"as\": \"waits\", \"for\": \"children\"}'
				when v_out = 'spawn' and r.parent is null then '{\"as\": \"waits\", \"for\": \"children\", \"spawn\": [{\"kind\": \"noop\"}, {\"kind\": \"noop\", \"after_spawned\": [0], \"if_failed\": \"wait\"}, {\"kind\": \"noop\"}]}'
				when v_out = 'spawn' then '{\"as\": \"completed\"}' else jsonb_build_object('as', v_out)::text end);
		end loop;
		return cardinality(public.claim(p_worker, (random() * 8)::int));
	end \$\$;
	create function public.try(p_call text) returns void language plpgsql as \$\$
	begin
		execute 'select tow.' || p_call;
	exception when others then
		if sqlstate not like 'TW4%' then raise; end if;
	end \$\$;
	create view public.stranded as
	select w.id, w.reason, w.fresh from tow_store.waiting w
	where not exists (select from tow_store.need n where n.job_id = w.id and n.if_failed = 'w' and tow.state(n.on_id) in ('failed', 'cancelled'))
		and not exists (select from tow_store.need n where n.job_id = w.id and n.on_id in (select id from tow_store.waiting))" >/dev/null
top="(select max(id) from tow_store.job)"
before=$(sql "select coalesce(max(id), 0) from tow_store.job") # those above were made to wait for hours, some of them
# By chance, so again while there are few of them yet.
found=''
for _ in {1..10}; do
	found+=$(race 6 '4:select public.work(:client_id + 1, true)' '2:\sleep 15 ms
select public.make()' "1:select tow.duty('admit');
select tow.duty('promote')" \
		"1:\\sleep 10 ms
select public.try(format('cancel(%s)', coalesce($top, 0) - (random() * 60)::int))" \
		"1:\\sleep 20 ms
select public.try(format('retry(%s)', coalesce((select h.job_id from tow_store.history h where h.outcome in ('f', 'x') and h.job_id > $before order by h.job_id desc offset (random() * 20)::int limit 1), 0)))")
	if [ "$found" != '' ] || [ "$(sql "select count(*) > 300 from tow_store.job")" = t ]; then break; fi
done
is "$found" "" "producers, workers, the duty, people: no error, no deadlock"
# Rounds until one of them finds nothing to do, each in its own transaction as the duties need.
rounds() {
	instance_psql -c "do \$\$
		declare
			v_n bigint;
			v_one int;
			v_idle int := 0;
		begin
			for i in 1 .. 3000 loop
				v_n := tow.duty('promote');
				commit;
				for t in 1 .. 1000 loop
					v_one := tow.duty('admit');
					commit;
					exit when v_one = 0;
					v_n := v_n + v_one;
				end loop;
				v_n := v_n + (select sum(public.work(w, false)) from generate_series(1, 4) w) + (select count(*) from tow_store.running);
				commit;
				v_idle := case when v_n > 0 or exists (select from tow_store.scheduled) or exists (select from tow_store.ready) then 0 else v_idle + 1 end;
				exit when v_idle > 2;
			end loop;
		end \$\$" -c "select count(*) from tow.jobs where state <> 'waiting'"
}
is "$(rounds)" 0 "all that can end comes to an end"
diag "$(instance_psql -c "select format('%s: %s', state, count(*)) from tow.history group by state order by state" -c "select format('%s edges, %s revivals, %s waited', (select count(*) from tow_store.edge), (select count(*) from tow_store.revival), (select count(*) from tow_store.history where outcome = 'w'))")"
is "$(sql "select count(*) > 300 from tow_store.job")" t "some hundreds of jobs"
is "$(instance_psql -c "select * from public.early limit 5")" "" "none started before what it runs after had ended well, or its children at all"
is "$(instance_psql -c "select * from public.stranded limit 5")" "" "none is stranded: who still waits, waits for a retry, or for one that does"
is "$(sql "select count(*) from tow_store.released")" 0 "nobody's end is still to be told"
is "$(sql "select count(*) from tow_store.need n join tow_store.edge e using (job_id, on_id) where tow.state(n.job_id) <> 'waiting'")" 0 \
	"no job that has ended needs a predecessor" # a child that waits for a retry may outlive its parent
is "$(sql "select count(*) from (select job_id from tow_store.history where outcome in ('c', 'f', 'x') group by 1) h(id) join tow_store.family f using (id)
	where (select count(*) from tow_store.job j where j.parent = f.id) < f.completed + f.failed + f.cancelled")" 0 "no child is counted twice"
[ "$tap_failed" = 0 ] || diag "$(instance_psql -c "select f, array(select (j.id, array(select (h.outcome, h.run, h.finished_at, exists (select from tow_store.revival v where v.run = h.run)) from tow_store.history h where h.job_id = j.id order by h.run)) from tow_store.job j where j.parent = f.id)
	from tow_store.family f where (select count(*) from tow_store.job j where j.parent = f.id) < f.completed + f.failed + f.cancelled")"
for _ in {1..20}; do
	instance_psql -c "select tow.retry(n.on_id) from (select distinct on_id from tow_store.need) n where tow.state(n.on_id) in ('failed', 'cancelled')" >/dev/null
	rounds >/dev/null
	[ "$(sql "select count(*) from tow.jobs")" != 0 ] || break
done
is "$(instance_psql -c "select id, state, reason, attempt, run_at - tow.now(), worker, waits_for from tow.jobs order by state limit 5")" "" "what waits for a retry goes on when there is one"
done_testing
