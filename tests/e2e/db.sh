#!/usr/bin/env bash
# The private cluster: tow db start, stop, status, url, psql, destroy.
# sanitizers too
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start --empty
psql_at() { "$TOW" db psql -X -A -t -q "$@"; }

# What it is
is "$(psql_at -c 'select current_user')" tow "its owner is the role tow"
is "$(psql_at -c 'select current_database()')" tow "in the database tow"
is "$(psql_at -c 'show data_checksums')" on "with checksums"
is "$(psql_at -c 'show server_encoding')" UTF8 "in UTF-8"
is "$(psql_at -c "select datcollate from pg_database where datname = 'tow'")" C.UTF-8 "sorted bytewise"
is "$(psql_at -c 'show listen_addresses')" "" "without TCP"
is "$(psql_at -c 'show max_connections')" 200 "with the settings of conf.d"
is "$("$TOW" db url)" "$(cat "$TOW_HOME/url")" "db url is what the other commands read"
is "$(psql -X -A -t -d "$("$TOW" db url)" -c 'select 1')" 1 "which psql understands"

# Who may come in
user=$(stat -c %U "$TOW_HOME/pg")
is "$(stat -c %a "$TOW_HOME/pg") $(stat -c %a "$(psql_at -c 'show unix_socket_directories')")" "700 700" "folders are closed"
not_ok "another role needs a password" psql -w -d "$(instance_url | sed 's/user=tow/user=postgres/')" -c '' 2>/dev/null
if [ "$(id -u)" = 0 ]; then
	is "$user" postgres "root's server runs as postgres"
	not_ok "another user cannot reach the socket" runuser -u nobody -- psql -d "$(instance_url)" -c '' 2>/dev/null
	chmod 711 "$TOW_HOME/run"
	like "$(runuser -u nobody -- psql -d "$(instance_url)" -c '' 2>&1)" "Peer authentication failed" \
		"nor, where the folder is open, the server"
	chmod 700 "$TOW_HOME/run"
else
	skip "other users can only be tried by root"
fi

# Again and again
exits 0 "status while it runs" "$TOW" db status >/dev/null
like "$("$TOW" db start)" "^runs already" "a second start is harmless"
psql_at -c 'create table kept as select 7 as n'
ok "stop" "$TOW" db stop
exits 3 "status while it does not" "$TOW" db status >/dev/null
ok "stop again" "$TOW" db stop
not_ok "psql has nothing to speak to" psql_at -c '' 2>/dev/null
pids=()
for n in 1 2 3; do
	"$TOW" db start >"$instance_dir/start.$n" 2>&1 &
	pids+=($!)
done
status=0
for pid in "${pids[@]}"; do wait "$pid" || status=1; done
is "$status" 0 "three starts at once all succeed"
is "$(cat "$instance_dir"/start.* | grep -c ^started)" 1 "and one of them did it"
is "$(psql_at -c 'select n from kept')" 7 "data is still there"
ok "restart" "$TOW" db restart >/dev/null

# Its address is lost
: >"$TOW_HOME/url"
exits 69 "where the file of its address was emptied any command is refused" "$TOW" status 2>"$instance_dir/lost"
like "$(cat "$instance_dir/lost")" "there is no address in '$TOW_HOME/url'.*hint: tow db start writes it anew" "which is not led to another database, and says what to do"
exits 69 "psql is not, either" psql_at -c '' 2>/dev/null
ok "start writes it anew" "$TOW" db start >/dev/null
is "$(psql_at -c 'select n from kept')" 7 "and all is well"
ok "db url knows it without that file" "$TOW" db url >"$TOW_HOME/url"
is "$(psql_at -c 'select n from kept')" 7 "and may be put there, where the shell empties it first"
rm "$TOW_HOME/url"
mkdir "$TOW_HOME/url"
like "$("$TOW" status 2>&1)" "cannot read '$TOW_HOME/url': Is a directory" "one that cannot be read is not taken for none"
rmdir "$TOW_HOME/url"
exits 69 "nor is one that is not there" "$TOW" status 2>/dev/null
"$TOW" db start >/dev/null

# Somebody else
PGAPPNAME='a report' psql -X -d "$("$TOW" db url)" -c 'select pg_sleep(600)' >/dev/null 2>&1 &
reader=$!
ok "somebody is connected" wait_until '[ "$(psql_at -c "select count(*) from pg_stat_activity where application_name = \$\$a report\$\$")" = 1 ]'
exits 65 "destroy leaves what is used" "$TOW" db destroy --yes 2>/dev/null
like "$("$TOW" db destroy --yes 2>&1)" "is used by: a report \(session [0-9]+\)"$'\n'"hint: .*tow db destroy --yes --force" "and says by whom"
is "$(psql_at -c 'select n from kept')" 7 "which is still there"
kill "$reader"
wait "$reader" 2>/dev/null
psql_at -c "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'a report'" >/dev/null

# The end
exits 64 "destroy wants to be sure" "$TOW" db destroy 2>/dev/null
is "$(psql_at -c 'select n from kept')" 7 "and does nothing when it is not"
touch "$TOW_HOME/worker.ini"
ok "destroy --yes" "$TOW" db destroy --yes
is "$(ls -A "$TOW_HOME")" worker.ini "leaves only what was not its own"
exits 69 "url of nothing" "$TOW" db url 2>/dev/null
exits 69 "a home without an instance is no other database" "$TOW" status 2>/dev/null
like "$("$TOW" status 2>&1)" "there is no instance in '$TOW_HOME'"$'\n'"hint: tow up makes one" "it says so"
like "$("$TOW" db psql -c '' 2>&1)" "there is no instance in '$TOW_HOME'" "psql, too"
exits 3 "status of nothing" "$TOW" db status >/dev/null
ok "destroy of nothing" "$TOW" db destroy --yes
exits 64 "an unknown verb" "$TOW" db frobnicate 2>/dev/null

# Homes with long and odd names
home=$TOW_HOME
for TOW_HOME in "$instance_dir/$(printf 'x%.0s' {1..100})/home" "$instance_dir/a b'c,d"; do
	ok "start in a home named ${#TOW_HOME} bytes: ${TOW_HOME##*/}" "$TOW" db start >/dev/null
	is "$(psql_at -c 'select 1')" 1 "it answers"
	socket=$(psql_at -c 'show unix_socket_directories')
	like "$socket" "^/tmp/tow-[0-9]+-[0-9a-f]+$" "its socket is in a short folder"
	is "$(stat -c %a "$socket")" 700 "which is closed"
	ok "destroy" "$TOW" db destroy --yes
	not_ok "and that folder is gone" test -e "$socket"
done

# An interrupt at the keyboard while the server is being made
TOW_HOME=$instance_dir/interrupted
interrupted() {
	setsid bash -c 'trap - INT; exec "$TOW" up' >"$instance_dir/interrupted.log" 2>&1 &
	up=$!
	instance_pids+=("$up")
}
caught() { # one that was through before it was seen is begun again
	if pkill -STOP -g "$up" initdb; then return 0; fi
	if grep -q "Towpath is up" "$instance_dir/interrupted.log"; then
		process_stop "$up"
		"$TOW" db destroy --yes --force
		interrupted
	fi
	return 1
}
interrupted
ok "initdb is under way" wait_until caught # and so it stays
kill -INT -- "-$up"
pkill -CONT -g "$up"
wait "$up"
is $? 0 "an interrupt is no failure"
is "$(grep -c hint "$instance_dir/interrupted.log")" 0 "nor a riddle"
# one that initdb notices too late, while it writes all to disk, is the server's
like "$(cat "$instance_dir/interrupted.log")" "ended while '.*initdb' was under way|Control-C stops it" "it says what it left"
ok "and the next start goes on" "$TOW" db start >/dev/null
"$TOW" db destroy --yes >/dev/null
TOW_HOME=$home
done_testing
