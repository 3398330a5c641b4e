#!/usr/bin/env bash
# Daemons with real workers: the example in shell, statuses as they come and go, stop in the middle of a turn, handlers
# that will not end, workers that are killed; and never two turns of one daemon at once.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
in=$instance_dir/in
mkdir "$in"
cat >>"$FAULTS_CONFIG" <<-'END'
	[worker]
	grace = 1s
	kill = 6s
	[exec folder]
	command = contrib/examples/folder.sh
	[exec wordcount]
	command = contrib/examples/wordcount.sh
	[exec turn]
	command = exec sh tests/lib/turn.sh
END
scheduler_start
worker_start --config "$FAULTS_CONFIG" --queue default:1
worker=$WORKER_PID

daemon() { "$TOW" daemon "$@" --database "$(instance_url)"; }
of() { query "select $2 from tow.daemons where name = '$1'"; }
shows() { # daemon regex
	wait_until "[[ \"\$(of $1 \"state || ': ' || coalesce(status, '')\")\" =~ $2 ]]" || {
		diag "$1 shows: $(of "$1" "concat_ws(', ', state, status, error)")" "wanted: $2"
		return 1
	}
}
turns() { grep -c "^$1 begins" "$FAULTS_DIR/turns"; }
: >"$FAULTS_DIR/turns"

#--- the example, with one slot: who waits for children holds none

echo 'to be or not to be' >"$in/a.txt"
echo 'two words' >"$in/b.txt"
ok "a daemon is made" daemon add folder folder "{\"folder\": \"$in\"}" --every 700s
"$TOW" daemon log folder --follow --json --database "$(instance_url)" >"$instance_dir/followed" &
follower=$!
like "$(daemon start folder)" 'started: job [0-9]+' "and started"
ok "it shows a status" wait_until "[ -n \"\$(of folder status)\" ]"
ok "it waits, works on, and sleeps" shows folder '^sleeping:.*Counted.8.words'
is "$(of folder status)" "Counted 8 words, 0 files failed, sleeping for 700 seconds" "it says what it did, and how long it sleeps"
is "$(cd "$in" && echo counted/*)" "counted/a.txt counted/b.txt" "its work is done"
is "$(query "select string_agg(action || coalesce(' ' || kind, '') || coalesce(' ' || detail, ''), ', ' order by n) from tow.daemon_actions where daemon = 'folder'")" \
	"STARTED, TURN folder, LAUNCHED wordcount, LAUNCHED wordcount, FINISHED wordcount completed, FINISHED wordcount completed, TURN folder" \
	"what it launched and what finished is written down"
like "$(daemon log folder)" "stdout +a.txt|LAUNCHED +wordcount" "and in its log"
ok "who follows its log sees that, too" wait_until '[ "$(grep -cE "STARTED|LAUNCHED|FINISHED" "$instance_dir/followed")" = 5 ]'
sleep 1.2
is "$(sort "$instance_dir/followed" | uniq -d)" "" "once each"
kill -TERM "$follower"
ok "until told to end" wait "$follower"
spawn last daemon log folder --follow --lines 1
ok "or the latest lines only" wait_until '[ -s "$SPAWN_LOG" ]'
is "$(wc -l <"$SPAWN_LOG")" 1 "one, when one is asked for"
process_stop "$SPAWN_PID"
exits 64 "a number of lines that is none" daemon log folder --follow --lines 1x 2>/dev/null
exits 66 "nobody follows a daemon that is not there" daemon log nonsuch --follow 2>/dev/null
like "$(daemon ls)" "folder +folder +sleeping +Counted 8 words" "and in the list"
like "$(daemon status folder)" "status +Counted 8 words" "and on its page"
mkdir "$in/other"
ok "it is given another folder" daemon set folder "{\"folder\": \"$in/other\"}"
"$TOW" run-now "$(of folder job)" --database "$(instance_url)" >/dev/null
ok "and looks there in its next turn" shows folder 'No.files.in.*other,.sleeping.for.700.seconds'
is "$(daemon stop folder)" stopped "stopped"
is "$(of folder "concat(status, status_at, status_job)")" "" "it has no status"
ok "and is dropped" daemon rm folder
exits 66 "and gone" daemon status folder 2>/dev/null

#--- stop and start in the middle of a turn; a handler that does not care

ok "a daemon whose turns take their time" daemon add slow turn '{"name": "slow", "s": 600, "deaf": true}' --every 1s
daemon start slow >/dev/null
ok "has begun" shows slow '^running:.Turn'
is "$(daemon stop slow)" stopping "stopped in the middle of a turn"
is "$(of slow status)" "" "its status is gone at once"
is "$(daemon start slow)" "started: it waits for the end of its last turn" "started again at once"
is "$(of slow status)" Starting "it has the status of one that starts"
ok "the deaf handler still talks" wait_until 'grep -q "^slow talks" "$FAULTS_DIR/turns"'
unlike "$(of slow "coalesce(status, '')")" deaf "and is not heard"
ok "it is killed, and the next turn begins" wait_until "[ \$(turns slow) = 2 ]"
ok "which is heard" shows slow '^running:.Turn'
is "$(query "select count(*) from tow.daemon_actions where daemon = 'slow' and action = 'STOPPED'")" 1 "stopped once"

#--- the worker is killed in the middle of a turn

worker_start --config "$FAULTS_CONFIG" --queue default:4
second=$WORKER_PID
wait_until "[ \"\$(query 'select count(*) from tow.workers')\" = 2 ]"
kill -KILL "$worker"
ok "another worker takes over its turn" wait_until "[ \$(turns slow) = 3 ]"
ok "and the daemon goes on" shows slow '^running:.Turn'
daemon stop slow >/dev/null
ok "it stops" shows slow '^stopped:'

#--- many at once, stopped and started, while workers come and go

for n in 1 2 3; do
	daemon add "quick$n" turn "{\"name\": \"quick$n\", \"s\": 0.05}" --every 100ms --auto-start on
done
ok "daemons that start by themselves" wait_until "[ \$(turns quick1) -ge 2 ] && [ \$(turns quick2) -ge 2 ] && [ \$(turns quick3) -ge 2 ]"
for round in 1 2 3 4; do
	worker_start --config "$FAULTS_CONFIG" --queue default:4
	third=$WORKER_PID
	daemon stop quick1 >/dev/null
	daemon start quick1 >/dev/null
	wait_until "[ \"\$(query 'select count(*) from tow.workers')\" -ge 2 ]"
	seen=$(turns quick2)
	kill -KILL "$second"
	second=$third
	ok "round $round: turns go on without the worker" wait_until "[ \$(turns quick1) -gt 0 ] && [ \$(turns quick2) -gt $((seen + 1)) ]"
done
for n in 1 2 3; do daemon disable "quick$n"; done
ok "disabled" wait_until "[ \"\$(query \"select count(*) from tow.daemons where name like 'quick%' and state = 'disabled'\")\" = 3 ]"
exits 65 "they cannot be started" daemon start quick1 2>/dev/null
seen=$(wc -l <"$FAULTS_DIR/turns")
sleep 0.5
is "$(wc -l <"$FAULTS_DIR/turns")" "$seen" "and have stopped"
not_ok "no turn ever met another of the same daemon" grep overlap "$FAULTS_DIR/turns"
is "$(query 'select count(*) from tow_store.key')" 0 "no key is left"

#--- a job that cannot be made

query "select tow.set_policy('gone', 'fixed', '1 s')" >/dev/null
ok "a daemon with a policy" daemon add lawless turn '{"name": "lawless"}' --policy gone
query "delete from tow_store.policy where name = 'gone'" >/dev/null
like "$(daemon start lawless)" "^started: its job cannot be made yet: .*policy" "it says why it has none"
daemon stop lawless >/dev/null

#--- failures

ok "one that fails" daemon add bad turn '{"name": "bad", "exit": 75}' --policy quick
daemon start bad >/dev/null
ok "keeps its status" shows bad '^failing:.Turn'
like "$(of bad error)" "ended with status 75" "and shows the error"
ok "it is mended" daemon set bad '{"name": "bad", "snooze": 1000}'
ok "and recovers" shows bad '^sleeping:.Turn.*,.sleeping.for.1000.seconds'
daemon stop bad >/dev/null
is "$(query 'select count(*) from tow.fsck()')" 0 "nothing is out of order"
done_testing
