#!/usr/bin/env bash
# A program that is newer than the schema waits, with pauses that grow, says what is to be done, and goes on once it has been.
# shellcheck disable=SC2317 # what wait_until calls
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start
without() { instance_psql -c "alter function tow.$1 rename to $2" >/dev/null; }
tries() { grep -c "$2" "$1"; }
# The pause before the eighth: a machine that is slow makes it longer, none shorter. Without pauses that grow it is some 50 ms.
last_pause() { # log event: ms
	grep -m 8 "$2" "$1" | tail -2 | cut -d ' ' -f 1 | date -f - +%s%3N | { read -r from && read -r to && echo $((to - from)); }
}

without heartbeat heartbeat_of_later
worker_start
ok "a worker's beats are refused" wait_until '[ "$(tries "$WORKER_LOG" worker.again)" -ge 8 ]'
ms=$(last_pause "$WORKER_LOG" worker.again)
ok "with pauses that grow, though it may attach" [ "$ms" -ge 1500 ] || diag "$ms ms"
is "$(tries "$WORKER_LOG" beat.refused)" 1 "nor told each time"
like "$(grep beat.refused "$WORKER_LOG" | tail -1)" "older than this program.*run tow migrate" "it says what is to be done"
exits 78 "one that drains the queues does not wait for that" timeout 60 "$TOW" worker --drain 2>/dev/null
without heartbeat_of_later heartbeat
job=$(instance_psql -c "select tow.enqueue('noop')")
scheduler_start
ok "once that is done it works" wait_until '[ "$(instance_psql -c "select tow.state($job)")" = completed ]'
process_stop "$SCHEDULER_PID"

without doze doze_of_later
scheduler_start
ok "a scheduler that may attend is refused what comes after" wait_until '[ "$(tries "$SCHEDULER_LOG" scheduler.attending)" -ge 8 ]'
ms=$(last_pause "$SCHEDULER_LOG" scheduler.attending)
ok "and its pauses grow, too" [ "$ms" -ge 1500 ] || diag "$ms ms"
like "$(grep scheduler.lost "$SCHEDULER_LOG" | tail -1)" "run tow migrate" "it says the same"
without doze_of_later doze
job=$(instance_psql -c "select tow.enqueue('noop', run_at => tow.now() + interval '1 s')")
ok "and minds the clock, then" wait_until '[ "$(instance_psql -c "select tow.state($job)")" = completed ]'
done_testing
