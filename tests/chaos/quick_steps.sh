#!/usr/bin/env bash
# Handlers that do five steps each are killed at random, and so are their workers, and once the database: whatever a step
# has done is not done again after it was answered, the job completes, and it remembers every step.
. tests/lib/tap.sh
. tests/lib/faults.sh

jobs=40 steps=5
faults_start
cat >>"$FAULTS_CONFIG" <<-END
	[exec steady]
	command = exec sh tests/lib/steady.sh $steps
END
query "select tow.set_policy('soon', shape => 'fixed', base => '50 ms', jitter => 0, max_attempts => 1000)" >/dev/null
query "select tow.set('max_losses', '1000')" >/dev/null
scheduler_start
workers=()
one_worker() {
	worker_start --config "$FAULTS_CONFIG" --queue default:3 --lease 8s
	workers+=("$WORKER_PID")
}
one_worker
one_worker
begin() { # how many
	enqueue "select tow.enqueue('steady', policy => 'soon') from generate_series(1, $1)" >/dev/null
}
begin $jobs

# Every victim is in the middle of its step, or of keeping it.
running() {
	local worker pid
	for worker in "${workers[@]}"; do
		for pid in $(family "$worker"); do
			if grep -q steady.sh "/proc/$pid/cmdline" 2>/dev/null; then echo "$pid"; fi
		done
	done | shuf -n 1
}
handlers_killed=0 workers_killed=0
# Where they all have ended before enough was killed, there are more of them.
for ((turn = 0; turn < 400; turn++)); do
	if there_is "select count(*) = $jobs from tow.history where kind = 'steady' and state = 'completed'"; then
		[ "$handlers_killed" -le 5 ] || [ "$workers_killed" -lt 2 ] || break
		begin 20
		jobs=$((jobs + 20))
	fi
	if [ "$handlers_killed" -lt 30 ] && victim=$(running) && [ -n "$victim" ]; then
		kill -KILL "$victim" 2>/dev/null && handlers_killed=$((handlers_killed + 1))
	fi
	if [ $((turn % 3)) = 2 ] && [ "$workers_killed" -lt 4 ]; then
		kill -KILL "${workers[$((workers_killed % 2))]}"
		wait "${workers[$((workers_killed % 2))]}" 2>/dev/null
		worker_start --config "$FAULTS_CONFIG" --queue default:3 --lease 8s
		workers[workers_killed % 2]=$WORKER_PID
		workers_killed=$((workers_killed + 1))
	fi
	if [ $turn = 5 ]; then
		server_end immediate
		server_begin
	fi
	sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
done
ok "everything comes to its end" drained
diag "$handlers_killed handlers and $workers_killed workers were killed"
ok "handlers were killed" [ "$handlers_killed" -gt 5 ]
ok "and workers" [ "$workers_killed" -ge 2 ]
is "$(query "select count(*) from tow.history where kind = 'steady' and state = 'completed'")" $jobs "every job has completed"
is "$(query "select count(*) from tow.history h, tow.steps(h.id) s where h.kind = 'steady'")" $((jobs * steps)) "and remembers every step"

# What a step did: job, step, "did" or "kept", in order. Whatever was kept is never done again.
is "$(awk '$3 == "kept" { kept[$1 " " $2] = 1 } $3 == "did" && kept[$1 " " $2] { print }' "$FAULTS_DIR/steady")" "" \
	"nothing was done again after it was answered"
is "$(awk '$3 == "did" { n[$1 " " $2] = 1 } END { print length(n) }' "$FAULTS_DIR/steady")" $((jobs * steps)) "every step was done"
is "$(awk '$3 == "lost"' "$FAULTS_DIR/steady" | wc -l)" 0 "nobody was told that the job was another's while it was their own"
again=$(($(awk '$3 == "did"' "$FAULTS_DIR/steady" | wc -l) - jobs * steps))
diag "$again steps were cut off before their answer and done again"
ok "at most one step was repeated for each kill" [ "$again" -le $((handlers_killed + workers_killed * 3)) ]
accounted_for "every job completed once"
[ "$tap_failed" = 0 ] || shown "$WORKER_LOG"
done_testing
