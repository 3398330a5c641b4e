# shellcheck shell=bash
# Several psql sessions at once, each with its transaction, and races driven by pgbench. Source after instance.sh.
#
#	session_open NAME		opens one
#	session_do NAME sql		runs it there, waits, prints rows, errors and notifications
#	session_send NAME sql		runs it there, does not wait
#	session_take NAME		waits for what was sent, prints what it said
#	session_waits NAME		is it held up by a lock?
#	race SECONDS CLIENT:SQL...	pgbench, so many clients running that statement; prints nothing if it went well

declare -A session_in=()

# What has been sent is counted in a file, so that it is not forgotten in $(...).
session_open() {
	local fd
	# shellcheck disable=SC2154 # instance.sh sets it
	mkfifo "$instance_dir/$1.in"
	psql -X -A -t -q -v VERBOSITY=sqlstate -d "$(instance_url)" <"$instance_dir/$1.in" >>"$instance_dir/$1.out" 2>&1 &
	instance_pids+=($!)
	exec {fd}>"$instance_dir/$1.in"
	session_in[$1]=$fd
	echo 'done 0' >>"$instance_dir/$1.out"
	echo 0 >"$instance_dir/$1.n"
	session_do "$1" 'select pg_backend_pid()' >"$instance_dir/$1.pid"
}

session_send() {
	local n=$(($(<"$instance_dir/$1.n") + 1))
	echo $n >"$instance_dir/$1.n"
	printf '%s;\n\\echo done %s\n' "$2" $n >&"${session_in[$1]}"
}

session_take() {
	local n
	n=$(<"$instance_dir/$1.n")
	wait_until "grep -q '^done $n$' '$instance_dir/$1.out'" || return
	awk -v n="$n" '$0 == "done " n - 1 { on = 1; next } $0 == "done " n { exit } on' "$instance_dir/$1.out"
}

session_do() {
	session_send "$1" "$2"
	session_take "$1"
}

session_waits() {
	[ "$(instance_psql -c "select count(*) from pg_stat_activity where pid = $(<"$instance_dir/$1.pid") and wait_event_type = 'Lock'")" = 1 ]
}

# A client's statement may use :client_id, and random(1, n) by \set of its own; one line each.
race() {
	local seconds=$1 n=0 pids=() part pid status=0
	shift
	for part; do
		n=$((n + 1))
		printf '%s\n' "${part#*:}" >"$instance_dir/race.$n.sql"
		"$(pg_config --bindir)/pgbench" -n -T "$seconds" -c "${part%%:*}" -j 1 -f "$instance_dir/race.$n.sql" \
			-d "$(instance_url)" >"$instance_dir/race.$n.out" 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || status=1; done
	[ $status = 0 ] || grep -hiE 'error|detail|abort' "$instance_dir"/race.*.out | sort | uniq -c | head -n 20
}
