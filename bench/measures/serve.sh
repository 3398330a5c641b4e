#!/usr/bin/env bash
# Lists of the API over many jobs: so many requests a second, by ten connections, while so many WebSockets are told what changes and
# a worker makes it change. hey (Debian's package) asks. The memory of the server is that of all its processes, before and after.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'jobs=1000000 rate=500 seconds=20 sockets=200 rounds=3 systems=towpath' "$@"
command -v hey >/dev/null || { echo 'serve: install hey' >&2; exit 69; }

memory() { # MB
	# shellcheck disable=SC2046 # a word a process
	awk '/^Pss:/ { sum += $2 } END { printf "%.1f", sum / 1024 }' $(pgrep -P "$server" | sed 's|.*|/proc/&/smaps_rollup|')
}

# Half of them have finished, the others are ready behind what runs, or are for tomorrow.
fill() {
	local id
	ask "select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[$jobs / 2]))" >/dev/null || return
	DATABASE_URL=$BENCH_URL "$TOW" worker --queue default:2 --log-level error >"$instance_dir/worker.log" 2>&1 &
	worker=$!
	worker_pids+=("$worker")
	instance_pids+=("$worker")
	until [ "$(ask 'select count(*) from (select from tow_store.ready limit 1) r')" = 0 ]; do pause 0.5; done
	ask "select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[$jobs / 4]), queue => 'later')" >/dev/null || return
	ask "select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[$jobs / 4]), run_at => now() + '1 day')" >/dev/null || return
	settle >/dev/null
	id=$(ask "select tow.schedule('busy', '@every 1s', 'noop')")
	say "filled, $id"
}

serve_begin() {
	DATABASE_URL=$BENCH_URL "$TOW" scheduler --log-level error >"$instance_dir/scheduler.log" 2>&1 &
	instance_pids+=($!)
	DATABASE_URL=$BENCH_URL "$TOW" serve --listen 127.0.0.1:0 >"$instance_dir/serve.log" 2>&1 &
	server=$!
	instance_pids+=("$server")
	until grep -q serve.started "$instance_dir/serve.log"; do pause 0.1; done
	address=127.0.0.1:$(sed -n 's/.*port=\([0-9]*\).*/\1/p' "$instance_dir/serve.log")
	token=$(DATABASE_URL=$BENCH_URL "$TOW" token add bench --role operator)
}

sockets_begin() {
	mkfifo "$instance_dir/end"
	python3 "$bench/serve_sockets.py" "$address" "$token" "$sockets" <"$instance_dir/end" >"$instance_dir/told" &
	listener=$!
	instance_pids+=("$listener")
	exec {ending}>"$instance_dir/end"
	until grep -q . "$instance_dir/told"; do pause 0.1; done
}

list() { # ROW PATH
	hey -z "${seconds}s" -c 10 -q $((rate / 10)) -o csv -H "Authorization: Bearer $token" "http://$address$2" >"$instance_dir/hey"
	awk -F , 'NR > 1 && $7 == 200 { print $1 * 1000 }' "$instance_dir/hey" | sort -n >"$instance_dir/times"
	note "$1" 'requests/s' "$(calc "$(wc -l <"$instance_dir/times") / $seconds")"
	for q in 50 99; do note "$1" "p$q, ms" "$(awk -v q=$q '{ t[NR] = $1 } END { printf "%.1f", t[int(NR * q / 100 + 0.999)] }' "$instance_dir/times")"; done
	note "$1" 'refused or failed' "$(awk -F , 'NR > 1 && $7 != 200' "$instance_dir/hey" | wc -l)"
	note "$1" 'server, MB' "$(memory)"
}

# What was committed meanwhile makes the server look again: the dearest case.
beside() { # JOBS a second, COMMAND...
	local jobs=$1
	shift
	producer 1 $((seconds + 1)) "$script" -R "$jobs" >/dev/null &
	"$@"
	wait $!
}

cluster_start
systems_install
system_use towpath
fill
serve_begin
sockets_begin
tried=1
list warm /api/v1/jobs && : >"$figures"
for ((round = 1; round <= rounds; round++)); do
	list 'the newest' '/api/v1/jobs?limit=50'
	list 'those that wait for tomorrow' '/api/v1/jobs?state=scheduled&limit=50'
	list 'those that have completed' '/api/v1/jobs?state=completed&limit=50'
	list 'of one queue' '/api/v1/jobs?queue=default&limit=50'
	list 'of a queue behind many newer jobs' '/api/v1/jobs?queue=later&limit=50'
	list 'workers' '/api/v1/workers'
	list 'health, which asks no database' '/api/v1/health'
	beside 100 list 'the newest, beside 100 jobs a second' '/api/v1/jobs?limit=50'
done
exec {ending}>&-
wait "$listener"
table "Lists over $jobs jobs at $rate requests/s, with $sockets WebSockets, median (range) of $rounds rounds of $seconds s:" 'the newest'
echo "The WebSockets were told $(tail -n 1 "$instance_dir/told" | awk '{ print $1 " messages, and " $2 " of them were still open in the end" }')."
versions
