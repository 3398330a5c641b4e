#!/usr/bin/env bash
# Lanes with a rate, and lanes with a weight, under two real workers, one of which is killed, with jobs that fail and are
# tried again. Of every span between two starts it is known how many there were in it: never more than the burst and what
# the rate gave, retries and lost runs counted; and two lanes of weights 3 and 1 share as 3 to 1.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
# One run in four fails; one at a time takes long enough to be met by a kill.
cat >>"$FAULTS_CONFIG" <<-'END'
	[exec try]
	command = sleep 0.1; exit $((TOW_RUN % 4 == 0))
END
query "select tow.set_policy('default', 'fixed', base => '100 ms', max_attempts => 50), tow.set('max_losses', '1000'),
	tow.set_queue('rated', lane_limit => 0, lane_rate => 8, lane_burst => 3), tow.set_lane('rated', 'quick', rate => 20, burst => 10),
	tow.set_queue('shared', lane_limit => 0), tow.set_lane('shared', 'heavy', weight => 3)" >/dev/null
# When each run was claimed, by the database's own account.
instance_psql -c "create table public.claimed (run bigint, job bigint, queue text, lane text, at timestamptz);
	create function public.claimed() returns trigger language plpgsql security definer as \$\$
	begin insert into public.claimed select new.run, new.job_id, j.queue, j.lane, new.claimed_at from tow_store.job j where j.id = new.job_id; return null; end \$\$;
	create trigger claimed after insert on tow_store.running for each row execute function public.claimed()"

scheduler_start
pids=()
crew() { # number
	worker_start --name "w$1" --config "$FAULTS_CONFIG" --lease 30s --prefetch 2 --queue rated:6 --queue shared:2
	pids[$1]=$WORKER_PID
}

#--- weights: both lanes have more to do than is looked at

# Nothing is claimed before both workers are there.
query "select tow.pause('shared')"
enqueue "select tow.enqueue_many('sleep', array_fill('{\"s\": 0.01}'::jsonb, array[300]), queue => 'shared', lane => l) from unnest('{heavy,light}'::text[]) l" >/dev/null
ok "both lanes have their jobs" wait_until "there_is \"select count(*) = 2 from tow.lanes where queue = 'shared' and waiting = 300\"" 60
crew 1
crew 2
ok "both workers are there" wait_until 'there_is "select count(*) = 2 from tow.workers"'
query "select tow.resume('shared')"
ok "all of them run" drained
shares=$(query "select string_agg(format('%s of %s', heavy, all_of_it), ', ' order by n) from (
	select (n - 1) / 100 as n, count(*) filter (where lane = 'heavy') as heavy, count(*) as all_of_it from (
		select lane, row_number() over (order by at, run) as n from public.claimed where queue = 'shared') c group by 1) s where n < 3")
diag "the lane of weight 3 had $shares claims"
ok "three of four claims are the heavier lane's, in each hundred of the first three" \
	there_is "select bool_and(heavy between 70 and 80) from (select count(*) filter (where lane = 'heavy') as heavy from (
		select lane, row_number() over (order by at, run) as n from public.claimed where queue = 'shared') c where n <= 300 group by (n - 1) / 100) s"
ok "and of starts" there_is "select count(*) filter (where lane = 'heavy') between 210 and 240 from (
	select lane from tow.history where queue = 'shared' order by started_at limit 300) h"
ok "both workers had of both" there_is "select count(distinct (worker, lane)) = 4 from tow.history where queue = 'shared'"

#--- rates

enqueue "select tow.enqueue_many('try', array_fill('{}'::jsonb, array[100]), queue => 'rated', lane => 'quick')" \
	"select tow.enqueue_many('try', array_fill('{}'::jsonb, array[25]), queue => 'rated', lane => l) from unnest('{one,two}'::text[]) l" >/dev/null
at_work() { # number
	there_is "select exists (select from tow_store.running r join tow_store.worker w on w.id = r.worker where w.name = 'w$1' and w.pid = ${pids[$1]})"
}
lost() {
	there_is "select count(*) >= $1 from tow_store.history where outcome = 'l'"
}
claims() { query 'select count(*) from public.claimed'; }
for turn in 1 2; do
	for _ in {1..10}; do # the jobs at work may end before the kill comes; there are always some
		enqueue "select tow.enqueue_many('try', array_fill('{}'::jsonb, array[20]), queue => 'rated', lane => 'quick')" >/dev/null
		wait_until "at_work $turn" 60 || break 2
		kill -KILL "${pids[turn]}"
		wait "${pids[turn]}" 2>/dev/null
		killed=${pids[turn]}
		crew $turn
		wait_until "there_is \"select not exists (select from tow.workers where pid = $killed)\"" 60
		! lost "$turn" || break
	done
	seen=$(claims)
	wait_until '[ "$(claims)" -gt $((seen + 5)) ]' 60 || break # the other goes on
done
ok "everything comes to its end" drained 300
ok "runs were lost with their workers" lost 1
ok "and many were tried again" there_is "select count(*) > 10 from tow_store.history where outcome = 'r'"
accounted_for "every job completed once"
is "$(query "select count(*) from public.claimed c where c.queue = 'rated' and not exists (select from tow_store.history h where h.run = c.run)")" 0 \
	"each claim is in the history"

# Between any two claims of a lane, both counted; a microsecond is what a time can be told apart by.
over() { # table rate burst lane, and a delay that is allowed
	query "with s as (select at, row_number() over (order by at, run) as n from $1 where lane = '$4')
		select format('%s in %s', b.n - a.n + 1, b.at - a.at) from s a join s b on b.n >= a.n
		where b.n - a.n + 1 > $3 + $2 * (extract(epoch from b.at - a.at) + ${5:-0}) + 0.001 order by b.n - a.n desc limit 3"
}
is "$(over public.claimed 20 10 quick)" "" "a lane's rate of 20 a second and burst of 10, in each span"
is "$(over public.claimed 8 3 one)$(over public.claimed 8 3 two)" "" "the rate of a queue's lanes, 8 and 3, for each of them"
ok "the burst was had: several at one instant" there_is "select max(n) >= 5 from (select count(*) as n from public.claimed where lane = 'quick' group by at) c"

# Starts, as the history has them. One comes later than its claim by what its worker needed; no more than that is allowed for.
query "create view public.started as select h.run, c.lane, h.started_at as at, h.started_at - c.at as late from tow_store.history h join public.claimed c using (run)
	where c.queue = 'rated' and h.started_at is not null" >/dev/null
late=$(query "select extract(epoch from max(late)) from public.started")
diag "$(query "select format('%s starts, up to %s after their claims', count(*), max(late)) from public.started")"
is "$(over public.started 20 10 quick "$late")" "" "in the history there are no more starts than that"
is "$(over public.started 8 3 one "$late")$(over public.started 8 3 two "$late")" "" "in no lane"

[ "$tap_failed" = 0 ] || shown "$WORKER_LOG"
done_testing
