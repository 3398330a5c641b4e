#!/usr/bin/env bash
# A worker that is told to stop: what it has not started is ready again at once, what runs may end within the grace, what
# does not is given back; no attempt is spent, and it exits 0. A second signal hurries.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
scheduler_start

begin() { # name worker's options...
	local name=$1
	shift
	worker_start --name "$name" --config "$FAULTS_CONFIG" --queue default:2 --prefetch 10 "$@"
	wait_until "there_is \"select exists (select from tow.workers where name = '$name')\""
}

# Two jobs that wait at gates, more behind them in the same slots.
load() { # name
	enqueue "select tow.enqueue('gate', '{\"gate\": \"$1\"}', priority => 10)" "select tow.enqueue('gate', '{\"gate\": \"$1x\"}', priority => 10)"
	enqueue "select tow.enqueue('noop', tags => array['$1']) from generate_series(1, 8)" >/dev/null
}

# Claimed with the rest while it was paused, so that all of it is there when the worker looks.
prefetched() { # name
	query "select tow.pause('default')"
	load "$1"
	wait_until "there_is \"select not exists (select from tow.jobs where state = 'waiting')\"" # the priority is new
	query "select tow.resume('default')"
}

#--- within the grace

begin patient --grace 10m
patient=$WORKER_PID patient_log=$WORKER_LOG
ids=$(prefetched calm | tr '\n' ' ')
read -r first second <<<"$ids"
ok "two jobs run, and the rest is held behind them" wait_until '[ -n "$(handlers calm)" ] && [ -n "$(handlers calmx)" ] &&
	there_is "select count(*) = 10 from tow.jobs where state = '\''running'\''"'
kill -TERM "$patient"
ok "what has not started is ready at once" wait_until "there_is \"select count(*) = 8 from tow.jobs where state = 'ready' and attempt = 0 and tags = '{calm}'\""
ok "while the others run on" there_is "select count(*) = 2 from tow.jobs where state = 'running'"
gate_open calm
ok "one ends within the grace" wait_until "there_is \"select tow.state($first) = 'completed'\""
ok "and the worker waits for the other" process_alive "$patient"
gate_open calmx
ok "until it has ended, too" wait_until "there_is \"select tow.state($second) = 'completed'\""
exits 0 "it exits with 0" process_stop "$patient"
is "$(query "select count(*) from tow.attempts")" 2 "what was not started left no attempt behind"
is "$(query "select count(*) from tow.workers")" 0 "it has said goodbye"
is "$(query "select count(*) from tow.audit where what = 'worker.dead'")" 0 "and is not thought dead"

#--- the grace is over

begin hasty --grace 1s --kill 1s
hasty=$WORKER_PID
ok "another worker takes what was given back" wait_until "there_is \"select count(*) = 8 from tow.history where tags = '{calm}' and attempt = 1\""
prefetched late >/dev/null
ok "two more jobs run" wait_until '[ -n "$(handlers late)" ] && [ -n "$(handlers latex)" ]'
handlers=$(handlers late)
exits 0 "stopped when the grace is over, it exits with 0" process_stop "$hasty" 60
ok "its handlers have ended" gone "$handlers"
is "$(query "select count(*) from tow.jobs where state = 'ready' and attempt = 0")" 10 "all its jobs are ready, with no attempt spent"
is "$(query "select count(*) from tow.attempts where outcome = 'given back'")" 2 "two of them were given back while they ran"

#--- in a hurry

begin stubborn --grace 1h --kill 1h
stubborn=$WORKER_PID
ok "they run once more" wait_until '[ "$(handlers late | wc -l)" = 2 ] && [ "$(handlers latex | wc -l)" = 2 ]'
handlers=$(handlers late | tail -n 1)
kill -TERM "$stubborn"
ok "it stops" wait_until "there_is \"select count(*) = 1 from tow.workers where state = 'draining'\""
ok "but its handlers have an hour" process_alive "$handlers"
kill -TERM "$stubborn"
ok "a second signal hurries" wait_until 'gone "$stubborn" "$handlers"'
exits 0 "also with 0" wait "$stubborn"
is "$(query "select count(*) from tow.jobs where state = 'ready' and attempt = 0")" 10 "and all its jobs are ready"

gate_open late
gate_open latex
begin last
ok "everything comes to its end" drained
is "$(query "select string_agg(distinct attempt::text, ' ') from tow.history")" 1 "at the first attempt"
is "$(query "select count(*) from tow.attempts where outcome = 'lost'")" 0 "nothing was lost"
accounted_for "every job completed once"
[ "$tap_failed" = 0 ] || shown "$patient_log"
done_testing
