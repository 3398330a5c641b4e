# shellcheck shell=bash
# What the fault tests share, on top of instance.sh: a configured worker, handlers that wait at a gate, producers that
# survive the database, a server that is stopped and started again, and the oracle that counts every job.
#
#	faults_start			instance_start, and a worker.ini with the kinds below: FAULTS_CONFIG
#	query SQL			its rows; fails when the database does not answer
#	there_is "SQL"			true when the query's first column is t
#	enqueue SQL...			runs it; remembers the ids that it returns as acknowledged
#	gate_open NAME			lets the jobs of kind gate with {"gate": NAME} go on
#	handlers NAME			the processes that wait at a gate
#	family PID			its descendants
#	gone PID...			none of them lives
#	server_end fast|immediate	ends the private cluster's server in this way; server_begin starts it again
#	producer_start SQL [TIMES]	enqueues again and again, whatever becomes of the database: PRODUCER_PID
#	producers_stop			each ends after the call that it is at
#	producers_end			waits until all of them have enqueued so often as they should
#	drained [SECONDS]		waits until no job waits or runs
#	oracle [FILE]			what is wrong, one line each; nothing when every job is accounted for
#	accounted_for "description"	ok when the oracle finds nothing
#	shown FILE			a file as remarks, when something went wrong

# shellcheck source=tests/lib/instance.sh
. tests/lib/instance.sh

faults_dir=
producers=()

faults_start() {
	instance_start
	faults_dir=$instance_dir/faults
	mkdir "$faults_dir"
	: >"$faults_dir/acknowledged"
	export FAULTS_DIR=$faults_dir
	export FAULTS_CONFIG=$faults_dir/worker.ini
	cat >"$FAULTS_CONFIG" <<-'END'
		[exec gate]
		command = exec sh tests/lib/gate.sh
		[exec count]
		command = echo "$TOW_JOB $TOW_RUN" >>"$FAULTS_DIR/counted"
	END
}

query() {
	instance_psql -c "$1" 2>/dev/null
}

there_is() {
	[ "$(query "$1")" = t ]
}

# Only what was committed is acknowledged: rows are printed when the whole statement has been answered.
enqueue() {
	local sql ids
	for sql; do
		ids=$(query "$sql") || return
		printf '%s\n' "$ids" >>"$faults_dir/acknowledged"
		printf '%s\n' "$ids"
	done
}

#--- handlers and processes

gate_open() {
	: >"$faults_dir/gate.$1"
}

handlers() {
	[ ! -f "$faults_dir/at.$1" ] || cut -d ' ' -f 3 "$faults_dir/at.$1"
}

family() {
	local child
	for child in $(cat "/proc/$1"/task/*/children 2>/dev/null); do
		echo "$child"
		family "$child"
	done
}

gone() {
	local pid
	for pid; do
		if process_alive "$pid"; then return 1; fi
	done
}

#--- the server

# As whoever owns the data: PostgreSQL refuses root.
as_server() {
	local owner
	owner=$(stat -c %u "$TOW_HOME/pg")
	if [ "$owner" = "$(id -u)" ]; then
		"$@"
	else
		setpriv --reuid="$owner" --regid="$(stat -c %g "$TOW_HOME/pg")" --clear-groups "$@"
	fi
}

server_end() {
	local programs
	programs=$(dirname "$(readlink -f "/proc/$(head -n 1 "$TOW_HOME/pg/postmaster.pid")/exe")")
	as_server "$programs/pg_ctl" stop --silent --pgdata "$TOW_HOME/pg" --mode "$1" --timeout 120
}

server_begin() {
	"$TOW" db start >/dev/null
}

#--- producers

produce() { # sql number times
	local mine=$faults_dir/acknowledged.$2 ids done=0
	while [ ! -e "$faults_dir/producers.stop" ] && [ "$done" != "$3" ]; do
		if ids=$(query "$1"); then
			printf '%s\n' "$ids" >>"$mine"
			done=$((done + 1))
		else
			sleep 0.05
		fi
	done
}

producer_start() {
	rm -f "$faults_dir/producers.stop"
	produce "$1" ${#producers[@]} "${2:-for ever}" &
	PRODUCER_PID=$!
	producers+=("$PRODUCER_PID")
	instance_pids+=("$PRODUCER_PID")
}

producers_stop() {
	: >"$faults_dir/producers.stop"
	producers_end
}

producers_end() {
	wait "${producers[@]}"
}

producing() {
	local pid
	for pid in "${producers[@]}"; do
		if process_alive "$pid"; then return 0; fi
	done
	return 1
}

acknowledged() {
	cat "$faults_dir"/acknowledged*
}

#--- the end of it

drained() {
	wait_until 'there_is "select not exists (select from tow.jobs)"' "${1:-300}"
}

# shellcheck disable=SC2120 # mixed.sh gives the argument
oracle() {
	{
		echo 'create temporary table acknowledged (id bigint);'
		echo 'copy acknowledged from stdin;'
		acknowledged | grep -v '^$'
		echo '\.'
		cat tests/lib/oracle.sql "$@"
	} | instance_psql -f - 2>&1
}

accounted_for() {
	local wrong
	wrong=$(oracle)
	is "$wrong" "" "$1 ($(acknowledged | grep -c .) jobs acknowledged)"
}

shown() {
	diag "--- $1" "$(tail -n "${2:-30}" "$1")"
}
