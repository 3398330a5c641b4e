#!/usr/bin/env bash
# Every command on the page about the API, typed as it stands there, against a server of its own; and that the description of
# the API names what the server answers.
# shellcheck disable=SC2034,SC2317 # variables and functions that the typed commands use
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/serve.sh

instance_start
worker_start --queue default:2 --queue haul:1
scheduler_start
serve_start || diag "$(cat "$SERVE_LOG")"
tow() { "$TOW" "$@"; }

# curl as it is, but that its status is kept, and the address is this test's.
status=
curl() {
	local words=("${@//http:\/\/127.0.0.1:7077/$SERVE_URL}")
	status=$(command curl -m 30 -o "$instance_dir/answer" -w '%{http_code}' "${words[@]//\/tmp\/tow-docs-library/$instance_dir}")
}

n=0
while IFS= read -r line; do
	eval "$line"
	case $line in *curl*) ;; *) continue ;; esac
	n=$((n + 1))
	wanted='^20[014]$'
	case $line in *4711*) wanted='^404$' ;; *'"queue": "haul"'*) wanted='^403$' ;; esac
	like "$status" "$wanted" "${line:0:110}" || diag "$(cat "$instance_dir/answer")"
	# what it asks for next must have come to be
	case $line in *'"tags": ["docs"]'*) wait_until '[ "$("$TOW" job 1 --json | jq -r .state)" = completed ]' ;; esac
done < <(sed -n 's/^    \$ //p' contrib/docs/api.md)
ok "there were many" test $n -gt 35

# What GET paths without arguments answer has the columns that the description says.
command curl -s "$SERVE_URL/api/v1/openapi.json" >"$instance_dir/openapi"
bad=$(jq -r '.paths | to_entries[] | select(.key | contains("{") | not) | select(.value.get) | select(.value.get.responses."101" | not) | select(.value.get.parameters // [] | map(select(.required)) | length == 0) | .key' \
	"$instance_dir/openapi" | while read -r path; do
	query=
	case $path in */cron/next) query='?spec=@daily' ;; esac # it needs one of two
	code=$(command curl -s -m 30 -H "Authorization: Bearer $TOKEN" -o "$instance_dir/answer" -w '%{http_code}' "$SERVE_URL$path$query")
	[ "$code" = 200 ] || { echo "$path $code"; continue; }
	jq -e '.items' "$instance_dir/answer" >/dev/null 2>&1 || continue
	jq -r --arg path "$path" --slurpfile api "$instance_dir/openapi" '
		($api[0].paths[$path].get.responses."200".content."application/json".schema.properties.items.items.properties // {} | keys) as $known
		| [.items[] | objects | keys[]] | unique - $known | .[] | "\($path) \(.)"' "$instance_dir/answer"
done)
is "$bad" "" "the description is true of what comes"

# The description itself, and types of what comes.
if python3 -c 'import jsonschema' 2>/dev/null; then
	described() { PYTHONDONTWRITEBYTECODE=1 python3 tests/lib/openapi_check.py "$instance_dir/openapi" "$@" 2>&1; }
	is "$(described)" "" "the description is one: no two paths are the same, nothing is left out"
	for path in /api/v1/{stats,status,needs,me,queues,jobs,jobs/counts,jobs/1/graph,jobs/1/log,downloads,clients,schedules,daemons,audit,config}; do
		name=${path/jobs\/1/jobs\/\{id\}}
		is "$(command curl -s -m 30 -H "Authorization: Bearer $TOKEN" "$SERVE_URL$path" | described "$name")" "" "$path is as described"
	done
else
	skip "there is no python3-jsonschema here: contrib/bootstrap.sh check"
fi
done_testing
