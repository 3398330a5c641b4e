# shellcheck shell=bash
# tow serve in a test; source it after instance.sh.
#
#	serve_start args...		on a port of its own: SERVE_PID, SERVE_LOG, SERVE_URL (http://127.0.0.1:PORT)
#	token_add NAME ROLE		prints a token
#	api METHOD PATH [curl args...]	asks as $TOKEN; prints the body
#	api_status METHOD PATH ...	the same, prints the status instead
#	api_send METHOD PATH JSON ...	the same with a body; prints it

# shellcheck disable=SC2034 # the tests read these
serve_start() {
	spawn serve serve --listen 127.0.0.1:0 "$@"
	SERVE_PID=$SPAWN_PID SERVE_LOG=$SPAWN_LOG
	wait_until 'grep -q serve.started "$SERVE_LOG"' || return 1
	SERVE_URL=http://127.0.0.1:$(sed -n 's/.*serve.started port=\([0-9]*\).*/\1/p' "$SERVE_LOG" | tail -1)
	wait_until 'curl -sf -o /dev/null "$SERVE_URL/api/v1/ready"'
}

token_add() {
	"$TOW" token add "$1" --role "$2"
}

api() {
	local method=$1 path=$2
	shift 2
	curl -sS -m 120 -X "$method" -H "Authorization: Bearer ${TOKEN:-}" "$@" "$SERVE_URL$path"
}

api_status() {
	api "$@" -o /dev/null -w '%{http_code}'
}

api_send() {
	local method=$1 path=$2 body=$3
	shift 3
	api "$method" "$path" -H 'Content-Type: application/json' -d "$body" "$@"
}
