#!/usr/bin/env bash
# Our own database is away behind a pooler, which says so with an SQLSTATE that is PostgreSQL's for a broken protocol: what a worker
# fetches has nothing to do with that, and it is no attempt in vain.
# shellcheck disable=SC2154,SC2119 # variables of the libraries; a helper without its argument
. tests/lib/tap.sh
PATH=$PATH:/usr/sbin # where Debian has it, and users do not look
for tool in pgbouncer python3; do
	command -v "$tool" >/dev/null || skip_all "there is no $tool here: contrib/bootstrap.sh check"
done
. tests/lib/torrents.sh
. tests/lib/faults.sh
. tests/lib/pooler.sh
trap 'status=$?; instance_stop; room_clear; exit $status' EXIT

asks() { instance_psql -c "$1"; }
# The pooler logs whom it has turned away; the worker's own connection is its first process's.
refused_slot() {
	local pid
	for pid in $(family "$WORKER_PID"); do
		! grep -q "unix($pid):.* pooler error" "$instance_dir/pooler/log" || return 0
	done
	return 1
}
size=4000000
mkdir -p "$room/src" "$room/library"
: >"$room/src/asked"
head -c $size /dev/urandom >"$room/src/film"
begin files python3 -u tests/lib/web_files.py "$room/src"
wait_until "[ -s '$room/files.log' ]"

instance_start
pooler_start 'query_wait_timeout = 1' 'server_login_retry = 1' || diag "the pooler does not start"
"$TOW" library add main "$room/library" >/dev/null
scheduler_start
TOW_DIRECT_URL=$(instance_url) DATABASE_URL=$POOLER_URL worker_start --queue haul:4 --queue haul.watch:4
id=$("$TOW" haul add "http://127.0.0.1:$(head -n 1 "$room/files.log")/gate/film")
part=$TOW_HOME/downloads/tow-$id/film.part
ok "a download is under way" wait_until '[ "$(stat -c %s "$part" 2>/dev/null || echo 0)" -ge $((size / 2)) ]'
"$TOW" db stop >/dev/null
touch "$room/src/open"
ok "it has come, and the pooler turns away who would say so" wait_until 'refused_slot'
"$TOW" db start >/dev/null
ok "it is ended when the database is back" wait_until '[ "$(asks "select state from haul.downloads where id = $id")" = completed ]' 120
job=$(asks "select id from tow.history where kind = 'haul.fetch' order by run limit 1")
like "$(asks "select * from tow.log($job)")" "own database was away: (query_wait_timeout|.*server_login_retry)" "of which its log tells"
is "$(asks "select count(*) from tow.attempts where job = $job and outcome in ('retried', 'failed')")" 0 "it was no attempt in vain"
done_testing
