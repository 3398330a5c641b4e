#!/usr/bin/env bash
# Handlers crash, hang, fill their memory, flood their output, leave processes behind, exit, and say what is no text: each
# costs its own job an attempt, and nobody else anything.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
cat >>"$FAULTS_CONFIG" <<-'END'
	[exec bad]
	command = exec sh tests/lib/bad_handler.sh
	memory_mb = 256
	[exec hoard]
	command = exec python3 -c "kept = []; [kept.append(b'x' * (1 << 20) + bytes([i % 256])) for i in range(1 << 20)]"
	memory_mb = 128
	[exec burn]
	command = while :; do :; done
	cpu_s = 1
	[exec write]
	command = head -c 5000000 /dev/zero >"$FAULTS_DIR/written"
	file_mb = 1
	[kind echo]
	memory_mb = 1
END
query "select tow.set_policy('twice', shape => 'fixed', base => '100 ms', jitter => 0, max_attempts => 2)" >/dev/null
query "select tow.set('max_args_bytes', '4000000')" >/dev/null
scheduler_start
worker_start --config "$FAULTS_CONFIG" --queue default:5 --queue tight:1 --kill 1s
worker=$WORKER_PID worker_log=$WORKER_LOG

# Bystanders: one job that runs through all of it in the same queue, and a stream of short ones.
bystander=$(enqueue "select tow.enqueue('gate', '{\"gate\": \"end\"}')")
ok "a bystander runs" wait_until '[ -n "$(handlers end)" ]' 60
producer_start "select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[20]))"

declare -A job
bad() { # name kind args [more arguments of tow.enqueue]
	job[$1]=$(enqueue "select tow.enqueue('$2', '$3', policy => 'twice', priority => 50 ${4:+, $4})")
}
for signal in SEGV ABRT KILL; do bad $signal crash "{\"signal\": \"$signal\"}"; done
bad spin spin '{"s": 3600}' "timeout => '1 s'"
bad hang bad '{"how": "hang"}' "timeout => '1 s'"
bad memory bad '{"how": "memory"}' "timeout => '60 s'"
bad hoard hoard '{}' "timeout => '60 s'"
job[allocation]=$(enqueue "select tow.enqueue('echo', to_jsonb(repeat('x', 1300000)), queue => 'tight', max_attempts => 1)")
bad flood bad '{"how": "flood"}' "timeout => '1 s'"
bad exit bad '{"how": "exit"}'
bad killed bad '{"how": "kill"}'
bad error bad '{"how": "error"}'
bad pour bad '{"how": "pour"}'
bad orphans bad '{"how": "orphans"}'
bad burn burn '{}'
bad write write '{}'
bad bytes bad '{"how": "bytes"}'

ok "all of them end" wait_until "there_is 'select count(*) = ${#job[@]} from tow.history where id in ($(echo "${job[@]}" | tr ' ' ,))'" 300

charged() { # name class error
	is "$(query "select string_agg(attempt || ' ' || outcome || ' ' || class, ', ' order by run) from tow.attempts where job = ${job[$1]}")" \
		"1 retried $2, 2 failed $2" "$1: two attempts, class $2"
	like "$(query "select string_agg(error, '; ') from tow.attempts where job = ${job[$1]}")" "$3" "$1: says why"
}
charged SEGV crash 'signal 11'
charged ABRT crash 'signal 6'
charged KILL crash 'signal 9'
charged spin timeout 'timeout'
charged hang timeout 'timeout'
charged flood timeout 'timeout'
is "$(query "select string_agg(attempt || ' ' || outcome || ' ' || class, ', ') from tow.attempts where job = ${job[allocation]}")" "1 failed memory" \
	"allocation: one attempt, class memory"
charged hoard memory 'status 1 when it held 1[0-9][0-9] MB of the 128 MB that it may: MemoryError'
charged burn cpu 'signal 24'
charged write filesize 'signal 25'
charged exit exit.3 'status 3'
charged killed crash 'signal 9'
like "$(query "select string_agg(outcome || ' ' || class, ', ' order by run) from tow.attempts where job = ${job[memory]}")" \
	'^retried (memory|crash|exit\.[0-9]+), failed (memory|crash|exit\.[0-9]+)$' "memory: two attempts, and the machine is alive"

is "$(query "select tow.state(${job[pour]})")" completed "pour: completed"
ok "pour: its lines were cut, and the log says so" wait_until "there_is \"select exists (select from tow.log(${job[pour]}) where level = 'warn' and line ~ 'left out')\"" 60
is "$(query "select count(*) from tow.log(${job[pour]})")" 10001 "pour: after 10000 lines"

is "$(query "select tow.state(${job[orphans]})")" completed "orphans: completed"
mapfile -t orphans <"$FAULTS_DIR/orphans"
is "${#orphans[@]}" 2 "orphans: two processes were left behind"
ok "orphans: which have been ended" wait_until 'gone "${orphans[@]}"'

is "$(query "select tow.state(${job[bytes]})")" completed "bytes: completed"
ok "bytes: its lines are there" wait_until "there_is \"select array_agg(distinct level order by level) = '{stderr,stdout,warn}' from tow.log(${job[bytes]})\"" 60
like "$(query "select result from tow.job(${job[bytes]})")" 'bytes' "bytes: its result is there"
like "$(query "select outcome || ' ' || error from tow.attempts where job = ${job[error]}")" '^failed bytes .* in an error' "error: kept, with what is no text escaped"

producers_stop
gate_open end
ok "everything comes to its end" drained
is "$(query "select string_agg(attempt || ' ' || outcome, ', ') from tow.attempts where job = $bystander")" "1 completed" "the bystander never noticed"
is "$(query "select count(*) from tow.attempts a join tow_store.job j on j.id = a.job where j.kind = 'noop' and a.outcome <> 'completed'")" 0 \
	"nor did the short ones"
ok "the worker is the same process" process_alive "$worker"
is "$(query "select count(*) from tow.audit where what = 'worker.dead'")" 0 "and was never thought dead"
accounted_for "every job ended once"
[ "$tap_failed" = 0 ] || shown "$worker_log"
done_testing
