#!/usr/bin/env bash
# A program that is newer than the schema waits, with pauses that grow, says what is to be done, and goes on once it has been.
# shellcheck disable=SC2317 # what wait_until calls
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start
without() { instance_psql -c "alter function tow.$1 rename to $2" >/dev/null; }
refusals() { grep -c "$2" "$1"; }
in_three_seconds() { # log event
	local before
	before=$(refusals "$1" "$2")
	sleep 3
	echo $(($(refusals "$1" "$2") - before))
}

without heartbeat heartbeat_of_later
worker_start
ok "a worker's beats are refused" wait_until '[ "$(refusals "$WORKER_LOG" beat.refused)" -ge 3 ]'
times=$(in_three_seconds "$WORKER_LOG" beat.refused)
ok "and not tried all the time, though it may attach" [ "$times" -lt 8 ] || diag "$times times"
like "$(grep beat.refused "$WORKER_LOG" | tail -1)" "older than this program.*run tow migrate" "it says what is to be done"
exits 75 "one that drains the queues does not wait for that" timeout 60 "$TOW" worker --drain 2>/dev/null
without heartbeat_of_later heartbeat
job=$(instance_psql -c "select tow.enqueue('noop')")
scheduler_start
ok "once that is done it works" wait_until '[ "$(instance_psql -c "select tow.state($job)")" = completed ]'
process_stop "$SCHEDULER_PID"

without doze doze_of_later
scheduler_start
ok "a scheduler that may attend is refused what comes after" wait_until '[ "$(refusals "$SCHEDULER_LOG" scheduler.lost)" -ge 3 ]'
times=$(in_three_seconds "$SCHEDULER_LOG" scheduler.lost)
ok "and its pauses grow, too" [ "$times" -lt 8 ] || diag "$times times"
like "$(grep scheduler.lost "$SCHEDULER_LOG" | tail -1)" "run tow migrate" "it says the same"
without doze_of_later doze
job=$(instance_psql -c "select tow.enqueue('noop', run_at => tow.now() + interval '1 s')")
ok "and minds the clock, then" wait_until '[ "$(instance_psql -c "select tow.state($job)")" = completed ]'
done_testing
