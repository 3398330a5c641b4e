# shellcheck shell=bash
# A private Towpath for one test: a home of its own, a running PostgreSQL, the schema. Everything started here is
# ended by its process id when the test ends, however it ends.
#
#	instance_start [--empty]	exports TOW_HOME; --empty: a server with nothing migrated
#	instance_url [database]		its address
#	instance_psql args...		psql, rows only: instance_psql -c 'select 1'
#	instance_log name		the path of a started process's log
#	worker_start args...		tow worker in the background: WORKER_PID; its log is worker.N.log, WORKER_LOG
#	begun_by COMMAND...		prints the path of a tow that COMMAND begins: TOW=$(begun_by nice) worker_start
#	begun_faulty			one for which a disk refuses what tests/lib/faulty.c says
#	scheduler_start args...		the same: SCHEDULER_PID, SCHEDULER_LOG
#	spawn name args...		any tow command in the background: SPAWN_PID, SPAWN_LOG
#	process_turns pid n		waits until it has gone to sleep so many times more: it has looked around so often
#	process_stop pid [seconds]	TERM, wait, KILL if it does not end; returns its exit status
#	process_alive pid		true unless it is gone or a zombie
#	instance_stop			ends everything at once; also done at exit

: "${TOW:?the tow program to test}"
unset DATABASE_URL "${!PG@}"

instance_dir=
instance_pids=()

instance_start() {
	instance_dir=$(mktemp -d /tmp/tow-e2e.XXXXXX)
	chmod 711 "$instance_dir"
	export TOW_HOME=$instance_dir/home
	if [ "${1:-}" != --empty ] && [ -d "${TOW_TEST_TEMPLATE:-}" ]; then
		cp -a "$TOW_TEST_TEMPLATE" "$TOW_HOME"
		"$TOW" db start >/dev/null
		return
	fi
	"$TOW" db start >/dev/null
	[ "${1:-}" = --empty ] || "$TOW" migrate >/dev/null
}

# shellcheck disable=SC2120 # tests give the argument
instance_url() {
	sed "s|///tow?|///${1:-tow}?|" "$TOW_HOME/url"
}

# shellcheck disable=SC2119
instance_psql() {
	psql -X -A -t -q -v ON_ERROR_STOP=1 -d "$(instance_url)" "$@"
}

instance_log() {
	echo "$instance_dir/$1.log"
}

spawn() {
	SPAWN_LOG=$instance_dir/$1.${#instance_pids[@]}.log
	shift
	"$TOW" "$@" >"$SPAWN_LOG" 2>&1 </dev/null &
	SPAWN_PID=$!
	instance_pids+=("$SPAWN_PID")
}

# Workers do not poll while a test lasts: a ring that is lost shall be seen.
# shellcheck disable=SC2034 # the tests read these
worker_start() {
	spawn worker worker --poll 1h "$@"
	WORKER_PID=$SPAWN_PID WORKER_LOG=$SPAWN_LOG
}

begun_by() {
	local file
	file=$(mktemp "$instance_dir/tow.XXXXXX")
	printf '#!/bin/sh\nexec %s "%s" "$@"\n' "$*" "$TOW" >"$file"
	chmod 755 "$file"
	echo "$file"
}

begun_faulty() { begun_by env LD_PRELOAD="$(realpath "${TOW_BUILD:-build}/tests/lib/faulty.so")" ASAN_OPTIONS="${ASAN_OPTIONS:-}:verify_asan_link_order=0"; }

# shellcheck disable=SC2034 # the tests read these
scheduler_start() {
	spawn scheduler scheduler "$@"
	SCHEDULER_PID=$SPAWN_PID SCHEDULER_LOG=$SPAWN_LOG
}

process_alive() {
	local stat
	read -r stat <"/proc/$1/stat" || return 1
	[[ ${stat##*) } != [ZX]* ]]
} 2>/dev/null

turns_of() { awk '/^voluntary/ { print $2 }' "/proc/$1/status"; }

process_turns() {
	local from
	from=$(turns_of "$1")
	wait_until "[ \$(turns_of $1) -ge $((from + $2)) ]"
}

process_stop() {
	local pid=$1 end=$((SECONDS + ${2:-120}))
	kill -CONT "$pid" 2>/dev/null
	kill -TERM "$pid" 2>/dev/null
	while process_alive "$pid"; do
		if [ $SECONDS -ge $end ]; then
			echo "# process $pid did not end after ${2:-120} s: killed"
			kill -KILL "$pid" 2>/dev/null
			break
		fi
		sleep 0.05
	done
	wait "$pid" 2>/dev/null
}

# What a failure is to be understood from, by who was not there.
instance_tell() {
	local log
	timeout 10 psql -X -A -t -q -d "$(instance_url)" -c "select format('worker %s pid %s %s: bit %s, listens %s, held %s, pooled %s, %s beats, seen %s ago, ended %s', w.id, w.pid, w.state,
			w.bit, w.listens, w.held, w.pooled, w.beats, now() - w.seen_at, w.ended_at) from tow_store.worker w order by w.id desc limit 8" \
		-c "select format('queue %s: parked bits %s, %s ready', q.name, coalesce(pg_sequence_last_value(q.arm), 0), (
			select count(*) from tow_store.ready r join tow_store.band b on b.id = r.band where b.queue = q.id)) from tow_store.queue q" 2>&1 |
		sed 's/^/# /'
	for log in "$instance_dir"/*.log; do
		[ -s "$log" ] || continue
		echo "# --- ${log##*/}, the last lines"
		tail -n 25 "$log" | cut -c 1-300 | sed 's/^/# /'
	done
}

instance_stop() {
	local pid
	[ -n "$instance_dir" ] || return 0
	# shellcheck disable=SC2154 # of tap.sh
	if [ "${tap_failed:-0}" != 0 ]; then instance_tell >&"$tap_out"; fi
	for pid in "${instance_pids[@]}"; do
		if process_alive "$pid"; then process_stop "$pid" 20; fi
	done
	instance_pids=()
	"$TOW" db destroy --yes --force >/dev/null 2>&1
	if [ -n "${TOW_TEST_KEEP:-}" ]; then
		echo "# kept: $instance_dir"
	else
		rm -rf "$instance_dir"
	fi
	instance_dir=
	return 0
}

# shellcheck disable=SC2154 # assigned right there
trap 'status=$?; instance_stop; exit $status' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
