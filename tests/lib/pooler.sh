# shellcheck shell=bash
# PgBouncer before the instance's database, in transaction mode with three connections to the server.
#
#	pooler_start [LINE...]		starts it: POOLER_PID, and POOLER_URL, its address. LINEs go to its settings
#	pooled_psql args...		psql through it, rows only
#	pooler_leftovers		what is left behind in its connections to the server, one line each

# shellcheck disable=SC2154 # instance_dir is instance.sh's
pooler_start() {
	local dir=$instance_dir/pooler sockets
	sockets=$(instance_psql -c 'show unix_socket_directories')
	mkdir "$dir"
	cat >"$dir/pgbouncer.ini" <<-END
		[databases]
		tow = host=$sockets dbname=tow user=tow
		[pgbouncer]
		unix_socket_dir = $dir
		listen_port = 6432
		auth_type = any
		pool_mode = transaction
		default_pool_size = 3
		max_client_conn = 200
		logfile = $dir/log
		pidfile = $dir/pid
		log_connections = 0
		log_disconnections = 0
	END
	printf '%s\n' "$@" >>"$dir/pgbouncer.ini"
	chmod 777 "$dir"
	as_server pgbouncer -q -d "$dir/pgbouncer.ini" </dev/null >/dev/null 2>&1 || return
	wait_until "[ -s '$dir/pid' ]" || return
	POOLER_PID=$(<"$dir/pid")
	instance_pids+=("$POOLER_PID")
	# shellcheck disable=SC2034 # the tests read it
	POOLER_URL="postgresql:///tow?host=$dir&port=6432&user=tow"
}

pooled_psql() {
	psql -X -A -t -q -v ON_ERROR_STOP=1 -d "$POOLER_URL" "$@"
}

# Nothing else may be running. Three transactions at once see each of the connections: none ends before all have begun.
pooler_leftovers() {
	local pids=() i
	for i in 1 2 3; do
		pooled_psql -c "begin" -c "select pg_advisory_xact_lock_shared(42)" -c "
			select 'listens to ' || c from pg_listening_channels() c
			union all
			select 'has prepared ' || statement from pg_prepared_statements where not statement ~ 'pg_prepared_statements'
			union all
			select 'has set ' || name || ' to ' || setting from pg_settings where source = 'session'
				and name not in ('application_name', 'client_encoding', 'DateStyle', 'TimeZone', 'standard_conforming_strings', 'transaction_isolation', 'transaction_read_only', 'transaction_deferrable')
			union all
			select 'holds the lock ' || classid || ' ' || objid from pg_locks where pid = pg_backend_pid() and locktype = 'advisory' and (classid, objid) <> (0, 42)" \
			-c "do \$\$ begin for i in 1..1200 loop
				exit when (select count(*) from pg_locks where locktype = 'advisory' and (classid, objid) = (0, 42)) = 3; perform pg_sleep(0.05);
			end loop; perform pg_sleep(1); end \$\$" -c commit | grep . &
		pids+=($!)
	done
	wait "${pids[@]}"
}
