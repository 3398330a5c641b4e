#!/usr/bin/env bash
# Lanes and limits with real sessions: two claims at once never pass a limit, claims wait for nobody who sets one, a
# tenant of many does not delay another's single job, and jobs that are blocked cost a claim nothing.
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/sessions.sh

# shellcheck disable=SC2119
instance_start
instance_psql -c "alter system set autovacuum = off" -c "select pg_reload_conf()" -c "
	create table public.crew (slot int primary key, worker bigint);
	insert into public.crew select n, (select w.worker from tow.attach('w' || n, 'h', 1, '0', '{default}', '{4}', '{noop}', '1 h') w) from generate_series(1, 4) n;
	create function public.bands() returns int[] language sql as \$\$ select array_agg(id order by id) from tow_store.band \$\$;
	create function public.claim(p_slot int, p_want int, p_done boolean default false) returns bigint[] language sql as \$\$
		select coalesce(array_agg(e.job) filter (where e.what = 'job'), '{}') from public.crew c,
			lateral (select array_agg(r.job_id) as jobs, array_agg(r.run) as runs, array_agg(1::bigint) as us
				from tow_store.running r where r.worker = c.worker and p_done) r,
			tow.exchange(c.worker, 0, (random() * 1e15)::bigint, false, r.jobs, r.runs, r.us, r.us, '[]', public.bands(),
				array_fill(0::bigint, array[cardinality(public.bands())]), '{1}', array[p_want]) e
		where c.slot = p_slot \$\$;
	select tow.set_queue('default', lane_limit => 1), tow.enqueue('noop', lane => 'a'), tow.enqueue('noop', lane => 'a'), tow.duty('admit')" >/dev/null

# Two sessions at one lane: the second waits for the first, and then sees its run.
session_open one
session_open two
session_do one "begin; select public.claim(1, 5)" >/dev/null
session_send two "select public.claim(2, 5)"
ok "the second claim waits for the first" wait_until "session_waits two"
session_do one "commit" >/dev/null
is "$(session_take two)" "{}" "and finds the lane full"
is "$(instance_psql -c "select count(*) from tow_store.running")" 1 "one runs"

# Somebody sets a limit and does not commit: claims find nothing, and do not wait; afterwards all is as it should be.
session_do one "begin; select tow.set_queue('default', lane_limit => 2)" >/dev/null
is "$(instance_psql -c "set statement_timeout = '60s'; select public.claim(2, 5, true)")" "{}" "a claim does not wait for a setter"
is "$(instance_psql -c "set statement_timeout = '60s'; select public.claim(1, 5, true)")" "{}" "outcomes are counted meanwhile"
session_do one "commit" >/dev/null
instance_psql -c "select tow.duty('wake'), tow.enqueue('noop', lane => 'b')" >/dev/null
is "$(instance_psql -c "select cardinality(public.claim(2, 5))")" 2 "then they go on"
instance_psql -c "select public.claim(2, 0, true), tow.cancel(id) from tow.jobs" >/dev/null

# A queue that had nothing to do when a claim took its locks is not claimed from without one, when a job comes to it
# while the claim waits for another queue's.
instance_psql -c "select tow.set_queue('limited', max_running => 9), tow.set_queue('laned'), tow.enqueue('noop', queue => 'laned', lane => 'x'), tow.duty('admit')" \
	-c "select tow.duty('sort')" -c "select tow.cancel(id) from tow.jobs where queue = 'laned'" >/dev/null
instance_psql -c "create table public.pair as select name, w.worker from (values ('both', '{limited,laned}'::text[]), ('other', '{laned}')) v(name, queues),
		tow.attach(name, 'h', 1, '0', queues, array_fill(4, array[cardinality(queues)]), '{noop}', '1 h') w" \
	-c "create function public.claim_as(p_name text) returns bigint[] language sql as \$\$
		select coalesce(array_agg(e.job) filter (where e.what = 'job'), '{}')
		from public.pair p join tow_store.worker w on w.id = p.worker,
			lateral (select array_agg(b.id) as ids from tow_store.band b where b.queue = any(w.queues)) b,
			tow.exchange(w.id, 0, (random() * 1e15)::bigint, false, null, null, null, null, '[]', b.ids, array_fill(0::bigint, array[cardinality(b.ids)]),
				w.queues, array_fill(5, array[cardinality(w.queues)])) e where p.name = p_name \$\$" >/dev/null
instance_psql -c "select public.claim_as('other')" >/dev/null
session_do one "begin; select pg_advisory_xact_lock(7630716, id) from tow_store.queue where name = 'limited'" >/dev/null
session_send two "select public.claim_as('both')"
ok "a claim waits for the lock of a limited queue" wait_until "session_waits two"
instance_psql -c "select tow.enqueue('noop', queue => 'laned', lane => 'x')" >/dev/null
session_open three
session_do three "begin; select public.claim_as('other')" >/dev/null
instance_psql -c "select tow.enqueue('noop', queue => 'laned', lane => 'x')" >/dev/null
session_do one "commit" >/dev/null
is "$(session_take two)" "{}" "a queue that was not locked is not claimed from"
session_do three "commit" >/dev/null
is "$(instance_psql -c "select count(*) from (select from tow_store.turn where gate <> 0 group by band, gate having count(*) > 1) t")" 0 "no lane has two turns"
instance_psql -c "select tow.cancel(id) from tow.jobs where queue = 'laned'" >/dev/null

# Nobody claims while a kind is given a rule: whoever gives it does not wait for an open transaction for long.
job=$(instance_psql -c "select tow.enqueue('noop', queue => 'laned', lane => 'y')" -c "select tow.duty('sort')" | head -1)
is "$(instance_psql -c "select count(*) from tow_store.lined where id = $job")" 1 "a job stands in its lane"
session_do one "begin; select tow.cancel($job)" >/dev/null
is "$(session_do two "set statement_timeout = '60s'; select tow.pause_kind('noop')")" "ERROR:  TW409" "a kind is not paused while somebody holds a job of it in a lane"
session_do one "commit" >/dev/null

# Fair: a hundred thousand jobs of one tenant, then a single one of another.
instance_psql -c "select tow.set_queue('default', lane_limit => 0);
	select count(*) from (select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[500]), lane => 'big') from generate_series(1, 200)) e" >/dev/null
ok "a hundred thousand jobs are sorted" wait_until '[ "$(instance_psql -c "select tow.duty('\''sort'\'')" -c "select count(*) from tow_store.lined" | tail -1)" = 100000 ]' 180
instance_psql -c "select public.claim(1, 50)" >/dev/null
single=$(instance_psql -c "select tow.enqueue('noop', lane => 'small')")
is "$(instance_psql -c "select $single = any(public.claim(2, 3))")" t "a single job of another tenant is among the next three"
instance_psql -c "select public.claim(1, 0, true), public.claim(2, 0, true)" >/dev/null

# Blocked jobs cost nothing: what a claim of one plain job reads, beside them and without them.
reads() {
	instance_psql -c "select tow.enqueue('noop')" >/dev/null
	instance_psql -c "explain (analyze, buffers, summary off, timing off) select public.claim(3, 1, true)" | sed -n 's/.*Buffers: shared hit=\([0-9]*\).*/\1/p' | head -1
}
instance_psql -c "select tow.set_lane('default', 'big', max_running => 1), public.claim(1, 5)" >/dev/null
instance_psql -c "vacuum"
reads >/dev/null
beside=$(reads)
instance_psql -c "truncate tow_store.lined" -c "vacuum"
reads >/dev/null
without=$(reads)
diag "a claim reads $beside pages beside 100,000 blocked jobs, $without without"
ok "a claim reads as little beside 100,000 blocked jobs" [ "$beside" -le $((2 * without + 50)) ]

# A worker that reports the end of a lane's job is given the next one along with it: it neither sleeps nor is rung.
instance_psql -c "alter system set track_functions = 'pl'" -c "select pg_reload_conf()" \
	-c "select tow.set_queue('chain'), tow.enqueue('noop', queue => 'chain', lane => 'c'), tow.duty('admit')" >/dev/null
worker_start --queue chain:2
ok "a worker is there" wait_until '[ "$(instance_psql -c "select count(*) from tow.history where queue = '\''chain'\''")" = 1 ]'
instance_psql -c "select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[300]), queue => 'chain', lane => 'c')" >/dev/null
ok "a chain of 300 is done" wait_until '[ "$(instance_psql -c "select count(*) from tow.history where queue = '\''chain'\''")" = 301 ]'
process_stop "$WORKER_PID"
parks="select calls from pg_stat_user_functions where schemaname = 'tow' and funcname = 'park'"
ok "what it did is counted" wait_until '[ "$(instance_psql -c "$parks")" -gt 0 ]'
ok "it has parked a few times only" [ "$(instance_psql -c "$parks")" -lt 100 ]

# A crowd that is committed late, while others pass it, is found, and runs in its order.
worker_start --queue chain:2
session_do one "begin; select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[2000]), queue => 'chain', lane => 'late')" >/dev/null
instance_psql -c "select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[2000]), queue => 'chain', lane => 'c')" >/dev/null
ok "another crowd passes it" wait_until '[ "$(instance_psql -c "select count(*) from tow.history where queue = '\''chain'\''")" = 2301 ]' 300
session_do one "commit" >/dev/null
instance_psql -c "select tow.enqueue('noop', queue => 'chain', lane => 'late')" >/dev/null
ok "it is done, too" wait_until '[ "$(instance_psql -c "select count(*) from tow.history where queue = '\''chain'\''")" = 4302 ]' 300
process_stop "$WORKER_PID"
is "$(instance_psql -c "select count(*) from (select j.id, lag(j.id) over (order by h.run) as before from tow_store.history h join tow_store.job j on j.id = h.job_id
	where j.lane = 'late' and h.outcome = 'c') o where o.id < o.before")" 0 "in its order"

# A lane that is new. One transaction enqueues to it before there is a band, and after; what others enqueue meanwhile may run
# before it is committed, and what they enqueue afterwards must not, whoever looks first.
in_order() { # QUEUE: has no job of it run before one that has a smaller id?
	[ "$(instance_psql -c "select count(*) from (select j.id, lag(j.id) over (order by h.run) as before from tow_store.history h join tow_store.job j on j.id = h.job_id
		where j.queue = '$1' and h.outcome = 'c') o where o.id < o.before")" = 0 ]
}
is "$(instance_psql -c "insert into public.pair select 'new', w.worker from tow.attach('new', 'h', 1, '0', '{new}', '{4}', '{noop}', '1 h') w" \
	-c "select tow.set_queue('new', lane_limit => 0)" -c "select opening from tow_store.band where laned and queue = (select id from tow_store.queue where name = 'new')")" "" "a queue has no band for lanes"
put_new="select tow.enqueue('noop', queue => 'new', lane => 'l')"
ids=$(session_do one "begin; $put_new; $put_new" | tr '\n' ,)
other=$(instance_psql -c "$put_new" -c "select tow.duty('admit')" | head -1)
instance_psql -c "select tow.duty('admit')" -c "select tow.duty('admit')" >/dev/null
ids=$ids$(session_do one "$put_new")
is "$(instance_psql -c "select public.claim_as('new')")" "{$other}" "what is committed runs"
session_do one "commit" >/dev/null
ids=$ids,$(instance_psql -c "$put_new")
is "$(instance_psql -c "select public.claim_as('new')")" "{}" "nothing runs before what waits for admission"
ok "nobody waits for one that somebody cancels" [ "$(session_do one "begin; select tow.cancel(${ids%%,*})")" = cancelled ]
instance_psql -c "select tow.duty('admit')" >/dev/null
is "$(instance_psql -c "select public.claim_as('new')")" "{${ids#*,}}" "then all of it, in its order"
session_do one "rollback" >/dev/null
instance_psql -c "select tow.duty('admit')" >/dev/null
is "$(instance_psql -c "select public.claim_as('new')")" "{${ids%%,*}}" "he did not, after all"
instance_psql -c "select tow.duty('admit')" -c "select tow.duty('admit')" >/dev/null
is "$(instance_psql -c "select count(*) from tow_store.band b join tow_store.queue q on q.id = b.queue where q.name = 'new' and opening is not null")" 0 "when all have ended that could bring more, nobody looks any longer"

# Thousands of the lane's first are admitted in steps: what comes meanwhile runs after all of them, though a worker is killed between
# two steps, and a scheduler.
instance_psql -c "select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[6000]), queue => 'steps', lane => 'l')" -c "select tow.duty('admit')" >/dev/null
worker_start --queue steps:2
ok "the first step runs" wait_until '[ "$(instance_psql -c "select count(*) from tow.history where queue = '\''steps'\''")" -gt 500 ]'
kill -KILL "$WORKER_PID"
instance_psql -c "select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[300]), queue => 'steps', lane => 'l')" \
	-c "select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[1500]), queue => 'steps', lane => 'l')" -c "select tow.duty('admit')" >/dev/null
worker_start --queue steps:2
scheduler_start
ok "the next step runs" wait_until '[ "$(instance_psql -c "select count(*) from tow.history where queue = '\''steps'\''")" -gt 1500 ]'
kill -KILL "$SCHEDULER_PID"
instance_psql -c "select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[200]), queue => 'steps', lane => 'l')" >/dev/null
scheduler_start
ok "all of them are done" wait_until '[ "$(instance_psql -c "select count(*) from tow.history where queue = '\''steps'\''")" = 8000 ]' 300
ok "in their order" in_order steps
is "$(instance_psql -c "select count(*) from tow.fsck() f join tow.jobs j on j.id = f.job where j.queue in ('new', 'steps')")" 0 "and nothing is wrong"
process_stop "$WORKER_PID"
process_stop "$SCHEDULER_PID"
# While a transaction is open that may have overlooked the band, and keeps all dead rows of what was admitted, a claim does not
# walk over them each time.
instance_psql -c "insert into public.pair select 'wide', w.worker from tow.attach('wide', 'h', 1, '0', '{wide}', '{4}', '{noop}', '1 h') w" -c "select tow.set_queue('wide', lane_limit => 0)" >/dev/null
session_do one "begin; select pg_current_xact_id()" >/dev/null
instance_psql -c "select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[6000]), queue => 'wide', lane => 'l')" >/dev/null
ok "all is admitted" wait_until '[ "$(instance_psql -c "select tow.duty('\''admit'\'')")" = 0 ]'
band="select b.id from tow_store.band b join tow_store.queue q on q.id = b.queue where q.name = 'wide' and b.opening is not null"
is "$(instance_psql -c "select tow.duty('admit')" -c "select b.opening > 1 from tow_store.band b where b.id = ($band)" | tail -1)" t "and it is known who may bring more"
is "$(instance_psql -c "select cardinality(public.claim_as('wide'))")" 5 "some of it is claimed"
is "$(instance_psql -c "explain (analyze, buffers, format json) select tow_store.is_awaited(($band))" | jq '.[0].Plan | ."Shared Hit Blocks" + ."Shared Read Blocks" < 300')" true "the next claim does not read the dead"
session_do one "commit" >/dev/null
instance_psql -c "select tow.duty('admit')" >/dev/null
is "$(instance_psql -c "$band")" "" "and none looks when he has ended"

# What cannot be admitted, thousands of a queue that somebody is making, keeps no other band from being opened.
instance_psql -c "insert into public.pair select 'beside', w.worker from tow.attach('beside', 'h', 1, '0', '{beside}', '{4}', '{noop}', '1 h') w" -c "select tow.set_queue('beside', lane_limit => 0)" >/dev/null
session_do one "begin; select tow.set_queue('held')" >/dev/null
put_beside="select tow.enqueue('noop', queue => 'beside', lane => 'l')"
instance_psql -c "$put_beside" -c "select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[6000]), queue => 'held')" -c "select tow.duty('admit')" >/dev/null
instance_psql -c "$put_beside" -c "select tow.duty('admit')" -c "select tow.duty('admit')" >/dev/null
is "$(instance_psql -c "select cardinality(public.claim_as('beside'))")" 2 "both run, though thousands wait that cannot be admitted"
session_do one "rollback" >/dev/null
done_testing
