#!/usr/bin/env bash
# tow watch: states, log lines, progress, and an exit status by what became of the jobs.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
cat >>"$FAULTS_CONFIG" <<-'END'
	[exec talk]
	command = echo one; echo two >&2
END
watch() { timeout 300 "$TOW" watch "$@"; }
worker_start --config "$FAULTS_CONFIG" --queue default --queue other

talk=$("$TOW" enqueue talk)
fail=$("$TOW" enqueue fail --max-attempts 1)
gate=$("$TOW" enqueue gate '{"gate": "open"}')
is "$(watch "$talk" >"$FAULTS_DIR/talk"; echo $?)" 0 "all completed: 0"
like "$(<"$FAULTS_DIR/talk")" " $talk  .*stdout +one" "a line of its log, with its number"
like "$(<"$FAULTS_DIR/talk")" "stderr +two" "and another"
like "$(tail -n 1 "$FAULTS_DIR/talk")" "^ +$talk  completed" "its end comes last"
exits 1 "one failed: 1" watch "$talk" "$fail" >"$FAULTS_DIR/fail"
like "$(<"$FAULTS_DIR/fail")" "$fail  failed +failed as it was asked" "with its error"
is "$(watch --json --no-log "$fail" | jq -r '[.id, .state] | join(" ")')" "$fail failed" "--json: an object a change"
is "$(watch --json "$talk" | jq -r 'select(.line) | [.job, .line] | join(" ")' | sort)" "$(printf '%s\n' "$talk one" "$talk two")" "and a line"

wait_until 'there_is "select tow.state('"$gate"') = '\''running'\''"'
spawn interrupted watch "$gate"
wait_until '[ -s "$SPAWN_LOG" ]'
kill -INT "$SPAWN_PID"
wait "$SPAWN_PID"
is $? 75 "interrupted: 75, some are under way"
spawn watch watch --queue default
watcher=$SPAWN_PID log=$SPAWN_LOG
ok "--queue shows what is in it" wait_until "grep -q '$gate  running' '$log'"
gone=$("$TOW" enqueue noop --in 1h)
elsewhere=$("$TOW" enqueue gate '{"gate": "closed"}' --queue other)
ok "and what comes meanwhile" wait_until "grep -q '$gone  scheduled' '$log'"
"$TOW" cancel "$gone" >/dev/null
gate_open open
wait "$watcher"
is $? 2 "one was cancelled: 2"
like "$(<"$log")" "$gate  completed" "it ends when the queue has none"
unlike "$(<"$log")" " $elsewhere  " "others are not shown"
gate_open closed

# The database goes for longer than one attempt to connect, and comes back: whoever waits goes on
away=$("$TOW" enqueue noop --queue idle)
declare -A pid=() log=()
follow() { # name args...
	spawn "$@"
	pid[$1]=$SPAWN_PID log[$1]=$SPAWN_LOG
}
follow watch_one watch "$away"
follow watch_queue watch --queue idle
follow wait enqueue noop --queue idle --wait --quiet
follow log job --log --follow "$away"
follow jobs jobs --follow --queue idle
for name in watch_one watch_queue jobs; do
	ok "$name sees it" wait_until "grep -q '$away  ready\|$away  waiting' '${log[$name]}'"
done
query "insert into tow_store.log (job_id, run, at, level, line) values ($away, 1, now(), 'i', 'a line of it')"
ok "so does job --log" wait_until "grep -q 'a line of it' '${log[log]}'"
ok "so does enqueue --wait" wait_until "[ -s '${log[wait]}' ]"
"$TOW" db stop
sleep 2
"$TOW" db start >/dev/null
"$TOW" cancel "$away" "$(<"${log[wait]}")" >/dev/null
for name in watch_one watch_queue wait; do
	wait "${pid[$name]}"
	is $? 2 "$name tells the end by its status"
done
wait "${pid[log]}"
is $? 0 "job --log --follow ends with the job"
ok "jobs --follow tells the end" wait_until "grep -q '$away  cancelled' '${log[jobs]}'"
process_stop "${pid[jobs]}"
is $? 0 "and is ended by an interrupt"
exits 64 "no job: usage" watch 2>/dev/null
exits 64 "not both" watch "$gate" --queue default 2>/dev/null
exits 66 "no such job" watch 123456 2>/dev/null
done_testing
