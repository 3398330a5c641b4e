#!/usr/bin/env bash
# tow serve behind PgBouncer in transaction mode: what takes too long is ended, though no setting may be left in the session.
# And what it does when the database stands still.
# shellcheck disable=SC2317 # functions called by ok
. tests/lib/tap.sh
. tests/lib/faults.sh
. tests/lib/serve.sh
. tests/lib/pooler.sh

PATH=$PATH:/usr/sbin # where Debian has it, and users do not look
command -v pgbouncer >/dev/null || skip_all "there is no pgbouncer here: contrib/bootstrap.sh check"
instance_start
ok "the pooler starts" pooler_start
TOKEN=$(token_add vera viewer)
instance_psql -c "create function public.slow() returns void language sql as 'select pg_sleep(3600)'" -c "grant usage on schema public to tow_viewer" \
	-c "select tow_store.add_route('test', 'GET', '/api/v1/slow', 'public.slow', 'viewer', 'nothing')" >/dev/null
ok "it starts" serve_start --database "$POOLER_URL" || diag "$(cat "$SERVE_LOG")"
is "$(api GET /api/v1/me | jq -r .name)" vera "it answers"
is "$(api GET /api/v1/slow -m 120 | jq -r '[.status, .code, .detail] | @csv')" '504,"57014","it took longer than ten seconds"' "what takes too long is cancelled"
ok "in the database, too" wait_until "[ \"\$(instance_psql -c \"select count(*) from pg_stat_activity where query ~ 'tow.answer' and state = 'active' and pid <> pg_backend_pid()\")\" = 0 ]"
is "$(for _ in {1..6}; do api_status GET /api/v1/me; done)" "$(printf '200%.0s' {1..6})" "and it answers on"
# Statements of routes are named by route and role: they are the same for whoever has the connection next.
is "$(pooler_leftovers | grep -v 'has prepared prepare tow_[0-9]*_')" "" "with no setting left in the pooler's connections"

# A server that stands still answers nobody, not even who cancels.
server_tell() {
	local pid
	pid=$(head -n 1 "$TOW_HOME/pg/postmaster.pid")
	# shellcheck disable=SC2046 # one word each
	kill -"$1" "$pid" $(ps -o pid= --ppid "$pid")
}
ok "one without a pooler starts" serve_start --processes 1 || diag "$(cat "$SERVE_LOG")"
server_tell STOP
is "$(api GET /api/v1/me -m 120 | jq -r '[.status, .code] | @csv')" '503,"08006"' "a database that stands still is given up"
server_tell CONT
ok "and asked again when it goes on" wait_until '[ "$(api_status GET /api/v1/me)" = 200 ]'
done_testing
