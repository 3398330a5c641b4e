#!/usr/bin/env bash
# A worker is stopped past its lease and wakes: its jobs have run elsewhere, its late words change nothing, it knows that
# it lost them, ends what still runs, and goes on as a new worker.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
scheduler_start
worker_start --name sleeper --config "$FAULTS_CONFIG" --queue held:2 --lease 10s
sleeper=$WORKER_PID sleeper_log=$WORKER_LOG
wait_until 'there_is "select count(*) = 1 from tow.workers"'
first=$(query "select id from tow.workers")
early=$(enqueue "select tow.enqueue('gate', '{\"gate\": \"early\"}', queue => 'held')")
late=$(enqueue "select tow.enqueue('gate', '{\"gate\": \"late\"}', queue => 'held')")
ok "both jobs run" wait_until '[ -n "$(handlers early)" ] && [ -n "$(handlers late)" ]'
old_late=$(handlers late)

kill -STOP "$sleeper"
worker_start --name other --config "$FAULTS_CONFIG" --queue held:2 --lease 5m
other=$WORKER_PID
wait_until 'there_is "select exists (select from tow.workers where name = '\''other'\'')"'
second=$(query "select id from tow.workers where name = 'other'")
ok "its lease over, its jobs run elsewhere" wait_until "there_is 'select count(*) = 2 from tow.jobs where worker = $second'" 60
wait_until '[ "$(handlers early | wc -l)" = 2 ]'

# Both handlers of the first job go through; the stopped worker's has something to say when it wakes.
gate_open early
ok "the other worker ends the first job" wait_until "there_is \"select tow.state($early) = 'completed'\"" 60
ok "and so does the stopped one's handler" wait_until '[ "$(wc -l <"$FAULTS_DIR/through.early")" = 2 ]'
ok "whose second handler still runs" process_alive "$old_late"

kill -CONT "$sleeper"
ok "when it wakes it ends that one" wait_until 'gone "$old_late"'
ok "and attaches anew" wait_until "there_is \"select exists (select from tow.workers where name = 'sleeper' and id <> $first)\"" 60
ok "it knows that it was given up" grep -q 'worker.given_up' "$sleeper_log"
third=$(query "select id from tow.workers where name = 'sleeper'")

gate_open late
wait_until "there_is \"select tow.state($late) = 'completed'\"" 60
is "$(query "select string_agg(outcome || ' ' || worker, ', ' order by job, run) from tow.attempts where job in ($early, $late)")" \
	"lost $first, completed $second, lost $first, completed $second" "each job was lost once and completed once, by the other worker"

process_stop "$other"
for _ in 1 2 3; do enqueue "select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[100]), queue => 'held')" >/dev/null; done
ok "the new worker runs new jobs" drained
is "$(query "select count(*) from tow.attempts where worker = $third and outcome = 'completed'")" 300 "all of them"
is "$(query "select count(*) from tow.attempts where job in ($early, $late)")" 4 "what came late changed nothing"
accounted_for "every job completed once"
[ "$tap_failed" = 0 ] || shown "$sleeper_log"
done_testing
