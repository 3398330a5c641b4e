#!/usr/bin/env bash
# tow serve whose login may serve no longer: nobody who asks is told that he is not allowed, and the log says what to grant.
# shellcheck disable=SC2317 # what wait_until calls
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/serve.sh

instance_start
TOKEN=$(token_add ada admin)
like "$("$TOW" token link 2>&1)" "note: no server of this database is seen.*#key=tow_" "where none serves, a link comes with a remark"
instance_psql -c "create role web login password 'past' in role tow_server"
spawn serve serve --processes 1 --listen 127.0.0.1:0 --database "$(instance_url | sed 's/user=tow/user=web\&password=past/')"
ok "it starts" wait_until 'grep -q serve.started "$SPAWN_LOG"' || diag "$(cat "$SPAWN_LOG")"
instance_psql -c "revoke tow_server from web" -c "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'web'" >/dev/null
SERVE_URL=http://127.0.0.1:$(sed -n 's/.*serve.started port=\([0-9]*\).*/\1/p' "$SPAWN_LOG")
for path in ready me openapi.json; do
	is "$(api_status GET "/api/v1/$path")" 503 "$path: it is the server's fault"
done
is "$(api_send POST /api/v1/session "{\"token\": \"$TOKEN\"}" | jq -r .status)" 503 "and so it is when somebody signs in"
unlike "$(api GET /api/v1/me)" web "whoever asks is not told the login"
for _ in {1..20}; do
	api_status GET /api/v1/me >/dev/null
done
like "$(grep request.failed "$SPAWN_LOG" | tail -1)" "the login .*web.* may not.*hint='make it a member: grant tow_server to \"web\"'" "the log says what to do"
instance_psql -c "grant tow_server to web"
ok "once that is done it serves" wait_until '[ "$(api_status GET /api/v1/me)" = 200 ]'
ok "and is ready" wait_until '[ "$(api_status GET /api/v1/ready)" = 200 ]'
process_stop "$SPAWN_PID"
ok "the same was logged once in a minute" [ "$(grep -c "request.failed code" "$SPAWN_LOG")" -lt 5 ]
done_testing
