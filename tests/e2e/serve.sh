#!/usr/bin/env bash
# tow serve: who may ask, what is answered, and how.
# sanitizers too
# shellcheck disable=SC2317 # functions called by ok
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/serve.sh

instance_start
instance_psql -c "alter database tow set track_functions = 'all'" # so that calls can be counted
worker_start --queue default:2
scheduler_start
ok "it starts" serve_start || diag "$(cat "$SERVE_LOG")"
VERA=$(token_add vera viewer) OTTO=$(token_add otto operator) ADA=$(token_add ada admin)

# Anybody's
TOKEN=
is "$(api GET /api/v1/health | jq -r .status)" ok "it is alive"
is "$(api GET /api/v1/ready | jq -r .status)" ready "and has its database"
is "$(api GET /api/v1/openapi.json | jq -r .openapi)" 3.1.0 "it says what it can"
is "$(api_status GET /)" 200 "there is a page, or a word about it"

nothing() { curl -s -m 30 -H "Accept: $1" "$SERVE_URL$2" -w '\n%{http_code} %{content_type}\n'; }
is "$(nothing text/html,*/* /nope | tail -1)" "404 text/html; charset=utf-8" "where there is nothing, a browser is told so by a page"
like "$(nothing text/html,*/* /nope)" 'href="./"' "with the way back"
like "$(nothing text/html,*/* /deep/er/nope)" 'href="./../../"' "from wherever it is"
is "$(nothing "*/*" /nope | tail -1)" "404 application/problem+json" "a program, as of anything else"
is "$(nothing text/html /api/v1/nope | tail -1)" "401 application/problem+json" "and so is whoever asks the API"

# Who may ask
is "$(api_status GET /api/v1/status)" 401 "nobody is let in without a token"
is "$(curl -s -m 30 "$SERVE_URL/api/v1/jobs/1" | jq -r '[.status, .title, (.hint != null), .code] | @csv')" '401,"Not signed in",true,"TW401"' "and is told what to send"
TOKEN=tow_wrong
is "$(api_status GET /api/v1/status)" 401 "nor with a wrong one"
like "$(api GET /api/v1/status)" "no such token, or it has expired.*tow token add" "and is told that it is that"
TOKEN=$VERA
is "$(api GET /api/v1/me | jq -c .)" '{"name":"vera","role":"viewer"}' "a token is somebody"
is "$(api GET /api/v1/status | jq -r '.items[0] | has("component") and has("status")')" true "who may look"
is "$(api_send POST /api/v1/jobs '{"kind":"noop"}' | jq -r '[.status, .code] | @csv')" '403,"TW403"' "and nothing else"
is "$(api_status POST /api/v1/queues/default/pause)" 403 "nothing at all"
is "$(api_status POST /api/v1/queues/pause; api_status POST /api/v1/queues/resume)" 403403 "nor with all at once"
is "$(api_status GET /api/v1/tokens)" 403 "not even the list of tokens"
TOKEN=$OTTO
is "$(api_send POST /api/v1/queues/pause '{"reason":"a new disk"}' | jq -r '.items | map(select(.queue == "default")) | first | [.state, .pause_reason] | @csv')" '"paused","a new disk"' "an operator pauses all queues"
is "$(api POST /api/v1/queues/pause | jq -r '.items[0].state')" "was paused" "once"
is "$(api POST /api/v1/queues/resume | jq -r '.items | map(select(.queue == "default")) | first.state')" resumed "and resumes them"
is "$(api GET /api/v1/queues?state=paused | jq -c .items)" '[]' "all"
job=$(api_send POST /api/v1/jobs '{"kind":"echo","args":{"a":[1,2]}}' | jq .id)
ok "an operator enqueues" [ "$job" -gt 0 ]
ok "the job runs" wait_until '[ "$(api GET "/api/v1/jobs/$job" | jq -r .state)" = completed ]'
is "$(api GET "/api/v1/jobs/$job" | jq -c .result)" '{"a":[1,2]}' "and its result is there"
is "$(api_status DELETE /api/v1/tokens/vera)" 403 "tokens are an admin's"
TOKEN=$ADA
is "$(api GET /api/v1/tokens | jq -r '[.items[].name] | @csv')" '"ada","otto","vera"' "who lists them"
is "$(api_status DELETE /api/v1/tokens/vera)" 204 "and drops them"
TOKEN=$VERA
is "$(api_status GET /api/v1/me)" 401 "at once"
TOKEN=$ADA
new=$(api_send POST /api/v1/tokens '{"name":"new","role":"viewer"}' | jq -r .token)
is "$(TOKEN=$new api GET /api/v1/me | jq -r .name)" new "and makes others"
is "$(api_send POST /api/v1/tokens '{"name":"newer","role":"viewer"}' -o /dev/null -w '%{http_code}')" 201 "which are made, as other things are"
is "$(api_status DELETE /api/v1/tokens/newer)" 204 "and unmade"

# A program that enqueues, in one queue
"$TOW" queue set mail >/dev/null
TOKEN=$("$TOW" token add shop --role producer --queue mail --queue default)
is "$("$TOW" token ls --json | jq -c '.[] | select(.name == "shop") | [.role, .queues]')" '["producer",["default","mail"]]' "a token that is held to queues"
job=$(api_send POST /api/v1/jobs '{"kind":"echo","args":{"n":1}}' | jq .id)
ok "its job runs" wait_until '[ "$(api GET "/api/v1/jobs/$job/outcome" | jq -r .state)" = completed ]'
is "$(api GET "/api/v1/jobs/$job/outcome" | jq -r .result)" "(hidden)" "with what is not for it"
is "$(api_send POST /api/v1/jobs '{"kind":"noop","queue":"haul"}' | jq -r '[.status, .hint] | @csv')" '403,"it may in: default, mail"' "in another queue it is refused"
is "$(for path in jobs "jobs/$job" status queues audit; do api_status GET "/api/v1/$path"; done; api_status GET /metrics; api_status POST "/api/v1/jobs/$job/retry")" 403403403403403403403 "it looks at nothing else, nor acts"
is "$(api GET /api/v1/ws -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' | jq -c '[.status, .detail]')" '[403,"a producer makes jobs, and is told nothing"]' "nor hears"
is "$(curl -s -m 30 -H 'Content-Type: application/json' -d "{\"token\":\"$TOKEN\"}" "$SERVE_URL/api/v1/session" | jq -r '[.status, .detail] | @csv')" '403,"the token shop is for programs: nobody signs in with it"' "nor signs in"
since=$SECONDS
curl -s -m 60 -o /dev/null -H 'Content-Type: application/json' -d "{\"token\":\"$TOKEN\"}" "$SERVE_URL/api/v1/session?[1-300]"
lines=$(grep -c sign_in.failed "$SERVE_LOG")
ok "of which the log has some lines, however often it tries" test "$lines" -gt 1 -a "$lines" -le $((10 * (SECONDS - since + 2) + 1))
TOKEN=$ADA
is "$(api_status DELETE /api/v1/tokens/shop)" 204 "until it is taken back"

# What is wrong
is "$(api_status GET /api/v1/nothing)" 404 "an unknown path"
ws10() { api GET /api/v1/ws --http1.0 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='; }
is "$(ws10 | jq -c '[.status, .hint]')" '[426,"a proxy may have to be told: proxy_http_version 1.1"]' "a WebSocket by HTTP/1.0"
ws_head() { api HEAD /api/v1/ws -I --http1.1 -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='; }
is "$(ws_head | head -1 | tr -d '\r')" "HTTP/1.1 426 Upgrade Required" "one by HEAD"
is "$(api POST /api/v1/status -o /dev/null -D - | grep -i '^allow:' | tr -d '\r')" "Allow: GET, HEAD" "a method that the path has not"
allowed() { api "$@" -o /dev/null -D - | sed -n 's/^Allow: \(.*\)\r$/\1/p'; }
is "$(api_status PUT /api/v1/session) $(allowed PUT /api/v1/session)" "405 POST, DELETE" "that the server's own path has not"
is "$(api_status POST /api/v1/health) $(allowed POST /api/v1/health)" "405 GET, HEAD" "nor this"
is "$(api_status POST /) $(allowed POST /)" "405 GET, HEAD" "nor the page"
is "$(api POST /api/v1/jobs -d '{"kind":"noop"}' | jq .status)" 415 "a body that says it is something else"
typed() { api POST /api/v1/jobs -d '{"kind":"noop"}' -H "Content-Type: $1" -o /dev/null -w '%{http_code}'; }
is "$(typed application/jsonp) $(typed application/json-patch+json) $(typed 'application/json;charset=utf-8') $(typed 'Application/JSON ; charset=utf-8')" "415 415 201 201" "also where only the beginning is the same"
is "$(api_send POST /api/v1/jobs '{"kind"' | jq .status)" 422 "one that is no JSON"
is "$(api_send POST /api/v1/jobs '{"kind":"noop","prio":1}' | jq -r .detail)" "nothing here is called 'prio'" "a name that is wrong"
is "$(api GET "/api/v1/jobs/x" | jq -r '[.status, .detail] | @csv')" '404,"there is no x among jobs"' "no job is called so"
is "$(api GET "/api/v1/jobs?limit=x" | jq -r '[.status, .code] | @csv')" '422,"TW422"' "an argument of another type"
is "$(api_send POST /api/v1/jobs $'{"kind":"noop","key":"\xff"}' | jq -r '[.status, .hint] | @csv')" '422,"send UTF-8"' "a body that is no UTF-8"
is "$(api GET "/api/v1/jobs?state=ready&state=failed" | jq -r .detail)" "state is given more than once" "one word twice"
is "$(api_send POST /api/v1/jobs '{"kind":"noop"}' -H 'Idempotency-Key;' | jq -r .detail)" "the Idempotency-Key is empty" "a key that is none"
is "$(api_send POST /api/v1/jobs "{\"kind\":\"noop\",\"args\":$(printf '[%.0s' {1..20000})}" | jq -r .detail | cut -c 1-20)" "the body is too deep" "one that is too deep"
is "$(api_status GET "/api/v1/jobs/99999")" 404 "a job that is not there"
is "$(api_status GET "/api/v1/jobs/1?a=%zz")" 400 "a query that is none"
like "$(api GET "/api/v1/jobs/1?a=%00" | jq -r .hint)" "%00 is in no text" "nor is one with a NUL, which is said"
wrong() { api GET "/api/v1/$1" | jq -r '[.status, .detail] | @csv'; }
is "$(wrong 'stats?max_running=2147483647')" '422,"bad max_running"' "more than anybody can look at"
is "$(wrong 'jobs?after=%5B%22x%22,%22y%22%5D')" "422,\"bad after '[\"\"x\"\",\"\"y\"\"]'\"" "a cursor of other things"
is "$(wrong 'jobs?after=%5Bnull,1e400%5D')" "422,\"bad after '[null,1e400]'\"" "one of a number that is none of a job"
is "$(wrong 'queues?sort=-ready&after=%5B%22x%22,%22y%22%5D')" "422,\"bad after '[\"\"x\"\",\"\"y\"\"]'\"" "of a sorted list, too"
is "$(api GET "/api/v1/jobs/$job?id=99999" | jq .id)" "$job" "the path says what is meant, whatever the query says"
head -c 13000000 /dev/zero | tr '\0' ' ' >"$instance_dir/big"
is "$(api POST /api/v1/jobs -H 'Content-Type: application/json' --data-binary "@$instance_dir/big" | jq -r '"\(.status) \(.detail)"')" "413 the body is longer than 12 MiB" "a body that is too long"
xs() { head -c "$1" /dev/zero | tr '\0' x; }
said() { api GET "$@" -w ' %{http_code} %{content_type}' | sed 's/.*"title":"\([^"]*\)".*} \([0-9]*\)/\1 \2/'; }
is "$(said /api/v1/me -H "X-Long: $(xs 40000)")" "Head too long 431 application/problem+json" "a head that is too long, in words of ours"
is "$(said /api/v1/me -H "X-Long: $(xs 20000)" -H "X-Longer: $(xs 20000)")" "Head too long 431 application/problem+json" "also in parts"
is "$(said "/api/v1/me?x=$(xs 40000)")" "Address too long 414 application/problem+json" "an address that is too long"
is "$(api_status GET "/api/v1/jobs?key=$(xs 20000)") $(api_status GET /api/v1/me -H "X-Long: $(xs 20000)")" "200 200" "long ones are fine"
is "$(api_status GET /api/v1/me -H "X-Long: $(xs 100000)") $(api_status GET "/api/v1/me?x=$(xs 100000)")" "431 414" "the absurd is refused by the library"
is "$(curl -s -m 60 --path-as-is -o /dev/null -w '%{http_code}' "$SERVE_URL/../../../etc/passwd")" 404 "a path out of the page's folder"
is "$(curl -s -m 60 --path-as-is -o /dev/null -w '%{http_code}' "$SERVE_URL/%2e%2e/etc/passwd")" 404 "and escaped"

# How it is answered
wait_until '[ "$(instance_psql -c "select count(*) from tow.jobs")" = 0 ]' # or the list changes as they end
api GET /api/v1/queues -D "$instance_dir/head" -o "$instance_dir/body"
tag=$(sed -n 's/^ETag: \(.*\)\r$/\1/p' "$instance_dir/head")
is "$(api_status GET /api/v1/queues -H "If-None-Match: $tag")" 304 "what has not changed is not sent again"
is "$(api_status GET /api/v1/queues -H 'If-None-Match: W/"other"')" 200 "what has is"
opaque=${tag#W/\"} opaque=${opaque%\"}
for form in "\"$opaque\"" "$opaque" "W/\"other\", $tag" "\"other\",\"$opaque\" , W/\"more\"" '*'; do
	is "$(api_status GET /api/v1/queues -H "If-None-Match: $form")" 304 "the tag as ${form//$opaque/...}"
done
for form in "W/\"${opaque}0\"" "W/\"0$opaque\"" "${opaque%?}"; do is "$(api_status GET /api/v1/queues -H "If-None-Match: $form")" 200 "another is another"; done
length() { api GET /api/v1/policies -o /dev/null -D - "$@" | sed -n 's/^Content-Length: \(.*\)\r$/\1/p'; }
all=$(api GET /api/v1/policies -o /dev/null -D - | sed -n 's/^ETag: \(.*\)\r$/\1/p')
is "$(length -H "If-None-Match: $all") $(length -H "If-None-Match: $all" -H 'Accept-Encoding: gzip')" "$(length) $(length -H 'Accept-Encoding: gzip')" "a 304 says no other length than the answer has"

tags() { for _ in {1..4}; do curl -s -m 60 -D - -o /dev/null "$SERVE_URL/$1" | sed -n 's/^ETag: \(.*\)\r$/\1/p'; done | sort | uniq -c | awk '{ print $1, $2 }'; }
like "$(tags style.css)" '^4 W/"[0-9a-f]+-[0-9a-f]{8}"$' "files have a mark that stays"
is "$(curl -s -m 60 -o /dev/null -w '%{http_code}' -H "If-None-Match: $(tags style.css | cut -d ' ' -f 2)" "$SERVE_URL/style.css")" 304 "by which they are not sent again"

# The same list is looked for once as long as nothing is committed, and what was is seen by whoever asks next, in whichever process
paused() { api GET /api/v1/queues | jq -r '.items[] | select(.name == "default") | .paused_at != null'; }
old=0
for ((i = 0; i < 15; i++)); do
	paused >/dev/null
	api_status POST /api/v1/queues/default/pause >/dev/null && [ "$(paused)" = true ] || old=$((old + 1))
	api_status POST /api/v1/queues/default/resume >/dev/null && [ "$(paused)" = false ] || old=$((old + 1))
done
is $old 0 "nobody is shown what was before the own change"
hash=$(printf %s "$ADA" | sha256sum | cut -d ' ' -f 1)
route=$(instance_psql -c "select id from tow.routes where method = 'GET' and path = '/api/v1/queues'")
ok "the database says when an answer still stands" wait_until \
	'[ "$(instance_psql -c "select b.status from tow.answer('"'$hash', $route"') a, tow.answer('"'$hash', $route"', seen => a.seen_now) b")" = 304 ]'
seen=$(instance_psql -c "select seen_now from tow.answer('$hash', $route)")
instance_psql -c "select tow.enqueue('noop')" >/dev/null
is "$(instance_psql -c "select status from tow.answer('$hash', $route, seen => '$seen')")" 200 "and when it does not"
is "$(instance_psql -c begin -c "select from tow.enqueue('noop')" -c "select seen_now is null from tow.answer('$hash', $route)" -c rollback)" t "what its own transaction wrote is in no snapshot"
is "$(api GET /api/v1/openapi.json -H 'Accept-Encoding: gzip' | gunzip | jq -r .info.title)" Towpath "what is long is compressed"
sums() { for _ in {1..6}; do api GET "$1" -H 'Accept-Encoding: gzip' | gunzip | sha256sum; done; }
is "$(sums /api/v1/policies | sort -u)" "$(api GET /api/v1/policies | sha256sum)" "and the same when it is said again"
is "$(api GET /api/v1/openapi.json -D - -o /dev/null | grep -ci '^content-encoding')" 0 "where that is asked for"
coded() { api GET /api/v1/openapi.json -H "Accept-Encoding: $1" -D - -o /dev/null | grep -ci '^content-encoding'; }
is "$(coded 'gzip;q=0.5') $(coded 'br, gzip ; q=0.001') $(coded 'gzip; q=0') $(coded 'gzip;q=0.0, br') $(coded br)" "1 1 0 0 0" "in whatever words"
like "$(api GET /metrics -H 'Accept-Encoding: gzip' | gunzip)" "# TYPE tow_" "for Prometheus, too"
like "$(api GET /metrics -o /dev/null -D -)" "Content-Type: text/plain; version=0.0.4" "whose format has a version"
is "$(curl -sI -m 60 "$SERVE_URL/api/v1/health" | head -1 | tr -d '\r')" "HTTP/1.1 200 OK" "HEAD"
is "$(sed -n 's/^Content-Security-Policy: \(.*\)\r$/\1/p' "$instance_dir/head")" \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'" \
	"pages may load nothing from elsewhere, and nothing that is written into them"
is "$(curl -sI -m 60 "$SERVE_URL/" | grep -i '^content-security-policy')" "$(grep -i '^content-security-policy' "$instance_dir/head")" "the page itself has the same"
first=$(api_send POST /api/v1/jobs '{"kind":"noop"}' -H 'Idempotency-Key: k1')
is "$(api_send POST /api/v1/jobs '{"kind":"noop"}' -H 'Idempotency-Key: k1')" "$first" "what is sent twice with one key is done once"
is "$(api_send POST /api/v1/jobs '{"kind":"echo"}' -H 'Idempotency-Key: k1' | jq .status)" 409 "and a key is for one thing"
is "$("$TOW" audit --json | jq -r 'map(select(.what == "token.drop"))[0].who')" ada "the audit says who it was"
for token in wrong worse; do curl -s -m 60 -o /dev/null -H "Authorization: Bearer $token" "$SERVE_URL/api/v1/me"; done
ok "that somebody asks with no token is told" wait_until '"$TOW" audit --what token.refused --json | jq -e "length > 0"'
is "$("$TOW" audit --what token.refused --json | jq -c 'map(.detail.times > 0)')" '[true]' "that somebody asks with no token is there, however often within seconds"
like "$(grep token.refused "$SERVE_LOG" | tail -n 1)" "warn token.refused from='127.0.0.1'$" "and in the log, with where it came from"
is "$("$TOW" audit --what token.refused --json | jq -c '.[0].detail.from')" '["127.0.0.1"]' "which the audit has, too"
refused() { "$TOW" audit --what token.refused --json | jq 'map(.detail.times) | add'; }
before=$(refused)
for n in {1..10}; do curl -s -m 60 -o /dev/null -H "Authorization: Bearer wrong$n" "$SERVE_URL/api/v1/me"; done
ok "those of a burst are all counted, though nobody comes after it" wait_until '[ "$(refused)" -ge $((before + 10)) ]'

# A call that takes long keeps nobody waiting who asks with the same token, though that is to be noted as used.
instance_psql -c "create function public.slow() returns void language sql as 'select pg_sleep(3600)'" -c "grant usage on schema public to tow_viewer" \
	-c "select tow_store.add_route('test', 'GET', '/api/v1/slow', 'public.slow', 'viewer', 'nothing')" >/dev/null
ok "the description has what was added, though nobody has called it" wait_until 'api GET /api/v1/openapi.json | jq -e ".paths[\"/api/v1/slow\"]"'
asleep() { instance_psql -c "select count(*) from pg_stat_activity where wait_event = 'PgSleep'"; }
goes_on_beside() { # COMMAND...: whether it has ended when a call of a token that was never used has not; the server ends that after ten seconds
	local slow left
	"$TOW" token rm slow >/dev/null 2>&1 || true
	TOKEN=$(token_add slow viewer)
	api_status GET /api/v1/slow >/dev/null &
	slow=$!
	wait_until '[ "$(asleep)" = 1 ]' 8 && "$@" >/dev/null
	left=$(asleep)
	instance_psql -c "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'" >/dev/null
	wait "$slow"
	[ "$left" = 1 ]
}
ok "a call that takes long keeps nobody else waiting who has its token" wait_until 'goes_on_beside api_status GET /api/v1/me' 120
is "$("$TOW" token ls --json | jq 'map(select(.name == "slow").used_at != null)[0]')" true "which is noted as used"
ok "nor who takes that away" wait_until 'goes_on_beside "$TOW" token rm slow' 120
TOKEN=$ADA

like "$(api GET /api/v1/slow | jq -r '"\(.status) \(.detail): \(.hint)"')" "504 it took longer than ten seconds: ask for fewer; tow status says who" "what takes too long is ended, and that is said"

# While all wait for the database
all_at_work() { # those who listen at the door wait for one thing, and another comes, too; health and page are there nevertheless
	local n path left=0 said='' pids=()
	for n in {1..3}; do
		api_status GET /api/v1/slow >/dev/null &
		pids+=($!)
	done
	if wait_until '[ "$(asleep)" = 3 ]' 8; then
		api_status GET /api/v1/me >"$instance_dir/another" &
		pids+=($!)
		said=$(for path in api/v1/health api/v1/health?x ''; do curl -s -m 5 -o /dev/null -w '%{http_code} %header{connection} ' "$SERVE_URL/$path"; done)
		left=$(asleep)
	fi
	instance_psql -c "select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'" >/dev/null
	wait "${pids[@]}"
	[ "$left" = 3 ] && [ "$said" = "200 close 200 close 200 close " ] && [ "$(cat "$instance_dir/another")" = 200 ]
}
ok "whether it is alive is said while all wait for the database, and the page is there; who needs the database comes next" wait_until all_at_work 120

# Other names, other pages
is "$(curl -s -m 60 -H 'Host: evil.example' "$SERVE_URL/api/v1/health" | jq .status)" 421 "a name of somebody else's that leads here is refused"
is "$(curl -s -m 60 -H "Host: localhost:${SERVE_URL##*:}" "$SERVE_URL/api/v1/health" | jq -r .status)" ok "localhost is us"
whole() { curl -s -m 60 --request-target "$1" "${@:2}" "$SERVE_URL" -o /dev/null -w '%{http_code}'; }
is "$(whole "$SERVE_URL/api/v1/health") $(whole "HTTP://localhost/api/v1/health?x") $(whole "$SERVE_URL")" "200 200 200" "as proxies ask, by the whole address"
is "$(whole http://evil.example/api/v1/health) $(whole http://localhost/api/v1/health -H 'Host: evil.example')" "421 200" "whose name is the one that counts"
sign_in() {
	curl -s -m 60 -c "$instance_dir/jar" -H 'Content-Type: application/json' -d "{\"token\":\"$1\"}" "${@:2}" "$SERVE_URL/api/v1/session"
}
with_cookie() {
	curl -s -m 60 -b "$instance_dir/jar" -o /dev/null -w '%{http_code}' "$@"
}
is "$(sign_in "$OTTO" -H "Origin: $SERVE_URL" | jq -c .)" '{"name":"otto","role":"operator"}' "a browser signs in"
like "$(cat "$instance_dir/jar")" "#HttpOnly_127.0.0.1.*tow_session_${SERVE_URL##*:}[^0-9]" "with a cookie that scripts do not see"
is "$(with_cookie "$SERVE_URL/api/v1/me")" 200 "which is enough to look"
session=$(awk '/tow_session/ { print $7 }' "$instance_dir/jar")
is "$(curl -s -m 60 -o /dev/null -w '%{http_code}' -b "tow_session_1=wrong; tow_session=wrong; tow_session_${SERVE_URL##*:}=$session" "$SERVE_URL/api/v1/me")" 200 "whatever those of other ports are"
is "$(curl -s -m 60 -o /dev/null -w '%{http_code}' -b "tow_session_1=$session; tow_session=$session; tow_session_${SERVE_URL##*:}0=$session" "$SERVE_URL/api/v1/me")" 401 "which are not ours"
is "$(api GET /api/v1/openapi.json | jq -r .components.securitySchemes.cookie.name)" "tow_session_${SERVE_URL##*:}" "the description has its name"
is "$(with_cookie -X POST "$SERVE_URL/api/v1/queues/default/pause")" 403 "but not to do something from nowhere"
is "$(with_cookie -X POST -H 'Origin: http://evil.example' "$SERVE_URL/api/v1/queues/default/pause")" 403 "nor from another site"
is "$(with_cookie -X POST -H 'Origin: null' "$SERVE_URL/api/v1/queues/default/pause")" 403 "nor from a frame of nobody's"
is "$(with_cookie -X POST -H "Origin: $SERVE_URL" "$SERVE_URL/api/v1/queues/default/pause")" 204 "from our page it is"
is "$(with_cookie -X POST -H "Origin: $SERVE_URL" "$SERVE_URL/api/v1/queues/default/resume")" 204 "and back"
is "$(with_cookie -X POST -H 'Sec-Fetch-Site: same-origin' "$SERVE_URL/api/v1/queues/default/resume")" 204 "also where the browser says in another way that it is ours"
for site in cross-site same-site none; do
	is "$(with_cookie -X POST -H "Sec-Fetch-Site: $site" "$SERVE_URL/api/v1/queues/default/resume")" 403 "but not $site"
done
is "$(with_cookie -X POST -H 'Origin: http://evil.example' -H 'Sec-Fetch-Site: same-origin' "$SERVE_URL/api/v1/queues/default/resume")" 403 "and an origin says more"
is "$(sign_in "$OTTO" -H 'Origin: http://evil.example' | jq .status)" 403 "another site signs nobody in"
is "$(with_cookie -X DELETE -H "Origin: $SERVE_URL" "$SERVE_URL/api/v1/session")" 204 "it signs out"
printf '{"token":"%s","more":[%s]}' "$ADA" "$(printf '{},%.0s' {1..2000})0" >"$instance_dir/long"
is "$(curl -s -m 60 -H 'Content-Type: application/json' --data-binary "@$instance_dir/long" "$SERVE_URL/api/v1/session" | jq -r '"\(.status) \(.detail)"')" "413 the body is longer than 4 KiB" "what nobody needs for that is not looked into"
link=$("$TOW" token link --role viewer --address "$SERVE_URL")
like "$link" "^$SERVE_URL/#key=tow_" "an address that signs in"
is "$(sign_in "${link#*#key=}" | jq -r .role)" viewer "does so"
is "$(sign_in "${link#*#key=}" | jq .status)" 401 "once"
ok "that it was tried is in the audit" wait_until '[ "$(instance_psql -c "select string_agg(concat_ws('"' ', a.detail ->> 'times', a.subject), ',') from tow.audit a where a.what = 'sign_in.refused'"'")" = 1 ]'
sign_in tow_nonsense >/dev/null
tried() { instance_psql -c "select (a.detail ->> 'times')::int from tow.audit a where a.what = 'sign_in.refused'"; }
ok "in one row" wait_until '[ "$(tried)" = 2 ]'
is "$(instance_psql -c "select a.detail::text !~ 'nonsense' from tow.audit a where a.what = 'sign_in.refused'")" t "without what was tried"
curl -s -m 60 -o /dev/null -H 'Content-Type: application/json' -d '{"token":"tow_nonsense"}' "$SERVE_URL/api/v1/session?[1-60]"
ok "of a flood each is counted" wait_until '[ "$(tried)" = 62 ]'
ok "though few of them cost a transaction of its own" wait_until 'calls=$(instance_psql -c "select calls from pg_stat_user_functions where funcname = '"'sign_in_refused'"'") && [ "$calls" -gt 3 ] && [ "$calls" -lt 40 ]'
unlike "$(cat "$SERVE_LOG")" "tow_[0-9a-f]{20}" "no token is in the log"
like "$(grep sign_in.refused "$SERVE_LOG" | tail -n 1)" "warn sign_in.refused from='127.0.0.1'$" "but where it came from"
sign_in tow_nonsense -H 'X-Forwarded-For: 203.0.113.9' >/dev/null
unlike "$(cat "$SERVE_LOG")" "203.0.113.9" "whatever it says itself, where no proxy is"
instance_psql -c 'update tow_store.route set id = default' >/dev/null
is "$(for _ in {1..6}; do api_status GET /api/v1/me; done)" "$(printf '200%.0s' {1..6})" "routes that a migration has written anew are read again"
is "$(api_status GET /api/v1/added)" 404 "a path that is not there"
instance_psql -c "select tow_store.add_route('test', 'GET', '/api/v1/added', 'tow.me', 'viewer', 'one')" >/dev/null
ok "until a migration adds it" wait_until '[ "$(for _ in {1..6}; do api_status GET /api/v1/added; done)" = "$(printf '200%.0s' {1..6})" ]'

# Behind a proxy, at a path of its own
first=$SERVE_PID at=$SERVE_URL log=$SERVE_LOG
serve_start --public https://jobs.example/queue --host inside.example
for path in /queue/api/v1/health /api/v1/health; do
	is "$(curl -s -m 60 -H 'Host: jobs.example' "$SERVE_URL$path" | jq -r .status)" ok "$path, by its public name"
done
is "$(curl -s -m 60 -H 'Host: inside.example:80' "$SERVE_URL/api/v1/health" | jq -r .status)" ok "and by another name of its own"
is "$(curl -s -m 60 -o /dev/null -w '%{http_code}' -H 'Host: jobs.example' "$SERVE_URL/queue/")" 200 "the page"
is "$(curl -s -m 60 -o /dev/null -w '%{http_code} %header{location}' -H 'Host: jobs.example' "$SERVE_URL/queue?a=1#jobs")" "308 /queue/?a=1" "without the slash it is sent there, as all that it loads lies beneath"
is "$(curl -s -m 60 -o /dev/null -w '%{http_code}' -H 'Host: other.example' "$SERVE_URL/queue")" 421 "by a name of ours"
is "$(curl -s -m 60 -o /dev/null -w '%{http_code}' -H 'Host: jobs.example' "$SERVE_URL/queueing/api/v1/health")" 404 "a path that only begins so is another"
like "$(curl -s -m 60 -o /dev/null -D - -H 'Host: jobs.example' -H 'Origin: https://jobs.example' -H 'Content-Type: application/json' -d "{\"token\":\"$OTTO\"}" "$SERVE_URL/queue/api/v1/session")" \
	"tow_session_443=.*Path=/queue/; .*SameSite=Strict; Secure" "its cookie is for TLS, and for that path and port"
stranger() { curl -s -m 60 -o /dev/null -H 'Host: jobs.example' -H 'Authorization: Bearer wrong' -H "X-Forwarded-For: $1" "$SERVE_URL/api/v1/me"; }
stranger '198.51.100.1, 203.0.113.7'
stranger '203.0.113.7, evil'
stranger "$(printf '198.51.100.2,2001:db8::7 ')"
is "$(sed -n 's/.*token.refused //p' "$SERVE_LOG" | paste -sd ' ')" "from='203.0.113.7' from='unknown' from='2001:db8::7'" "a stranger's address is what the proxy has added, if it is one"
for header in '203.0.113.8:5678' '[2001:db8::8]:80'; do stranger "$header"; done
curl -s -m 60 -o /dev/null -H 'Host: jobs.example' -H 'Authorization: Bearer wrong' -H 'X-Forwarded-For: 198.51.100.9' -H 'X-Forwarded-For: 203.0.113.9' "$SERVE_URL/api/v1/me"
curl -s -m 60 -o /dev/null -H 'Host: jobs.example' -H 'Authorization: Bearer wrong' "$SERVE_URL/api/v1/me"
is "$(sed -n 's/.*token.refused //p' "$SERVE_LOG" | tail -n +4 | paste -sd ' ')" "from='203.0.113.8' from='2001:db8::8' from='203.0.113.9' from='unknown'" "without its port, in the last of several lines, and never the proxy's own"
process_stop "$SERVE_PID"
is $? 0 "and ends"
SERVE_PID=$first SERVE_URL=$at SERVE_LOG=$log

# Where others reach it
for token in ada otto new; do "$TOW" token rm "$token"; done
said=$("$TOW" serve --listen 0.0.0.0:0 2>&1)
is $? 65 "an address of the whole world is refused while nobody has a token"
like "$said" "tow token add" "and says what to do"
"$TOW" token add brief --role viewer --lasts 1s >/dev/null
wait_until '[ "$(instance_psql -c "select expired from tow.tokens")" = t ]'
timeout 60 "$TOW" serve --listen 0.0.0.0:0 >/dev/null 2>&1
is $? 65 "a token that is over is nobody's"
exits 65 "a bad number of connections" "$TOW" serve --listen 127.0.0.1:0 --per-address many 2>/dev/null
exits 65 "a bad address" "$TOW" serve --listen nonsense 2>/dev/null
exits 75 "one that is taken" "$TOW" serve --listen "${SERVE_URL#http://}" 2>/dev/null
TOKEN=$(token_add back viewer)

# The database goes and comes
"$TOW" db stop >/dev/null
is "$(api_status GET /api/v1/health)" 200 "without its database it is alive"
is "$(api_status GET /api/v1/me)" 503 "and says that it cannot answer"
is "$(api_status GET /api/v1/ready)" 503 "nor is ready"
unlike "$(TOKEN='' api GET /api/v1/ready)" "$instance_dir" "strangers do not hear where it was"
"$TOW" db start >/dev/null
ok "until it is back" wait_until '[ "$(api_status GET /api/v1/me)" = 200 ]'
ok "whichever of its processes is asked" wait_until '[ "$(for _ in {1..12}; do api_status GET /api/v1/me; done)" = "$(printf "200%.0s" {1..12})" ]'

# One of its processes dies
victim=$(pgrep -P "$SERVE_PID" | head -1)
kill -KILL "$victim"
ok "a process that dies is started again" wait_until 'grep -q "process.died pid=$victim" "$SERVE_LOG" && [ "$(pgrep -c -P "$SERVE_PID")" = 5 ]'
ok "and it answers" wait_until '[ "$(api_status GET /api/v1/me)" = 200 ]'
before=$(refused)
for n in {1..10}; do curl -s -m 60 -o /dev/null -H "Authorization: Bearer wrong$n" "$SERVE_URL/api/v1/me"; done
process_stop "$SERVE_PID"
is $? 0 "TERM ends it well"
ok "and has told of all whom it refused" test "$(refused)" -ge $((before + 10))
ok "it starts with less patience" serve_start --patience 35 || diag "$(cat "$SERVE_LOG")"
wait_until '[ "$(pgrep -c -P "$SERVE_PID" -x "tow serve (http|hub|lodge)")" = 5 ]' # each has its name, as a child has that has begun
pgrep -P "$SERVE_PID" | sort >"$instance_dir/crew"
http=$(pgrep -P "$SERVE_PID" -x 'tow serve http' | head -1) hub=$(pgrep -P "$SERVE_PID" -x 'tow serve hub')
kill -STOP "$http" "$hub"
ok "those that hang are ended and started again" wait_until 'grep -q "process.hung pid=$http " "$SERVE_LOG" && grep -q "process.hung pid=$hub " "$SERVE_LOG" && [ "$(pgrep -P "$SERVE_PID" | sort | comm -13 "$instance_dir/crew" - | wc -l)" = 2 ]' 180 || diag "$(cat "$SERVE_LOG")"
is "$(pgrep -P "$SERVE_PID" | sort | comm -12 "$instance_dir/crew" - | wc -l)" 3 "the others are not"
ok "it answers" wait_until '[ "$(for _ in {1..12}; do api_status GET /api/v1/me; done)" = "$(printf "200%.0s" {1..12})" ]'
process_stop "$SERVE_PID"
is $? 0 "and ends well"
exits 65 "less patience than the database may need" "$TOW" serve --listen 127.0.0.1:0 --patience 34 2>/dev/null
is "$(pgrep -c -P "$SERVE_PID")" 0 "with all its processes"

# Behind a proxy that has the certificate, under a path of its own
ok "it starts anew" serve_start --public https://jobs.example.org:443/tow || diag "$(cat "$SERVE_LOG")"
through() {
	local path=$1
	shift
	curl -s -m 60 -H 'Host: jobs.example.org' "$@" "$SERVE_URL$path"
}
is "$(through /tow/api/v1/health | jq -r .status)" ok "it knows the name and the path that it is reached by"
is "$(through /api/v1/health | jq -r .status)" ok "also where the proxy takes the path away"
is "$(curl -s -m 60 -H 'Host: other.example.org' "$SERVE_URL/tow/api/v1/health" | jq .status)" 421 "no other name"
like "$(through /tow/api/v1/session -D - -H 'Content-Type: application/json' -H 'Origin: https://jobs.example.org' -d "{\"token\":\"$TOKEN\"}")" \
	"Path=/tow/; Max-Age=[0-9]+; HttpOnly; SameSite=Strict; Secure" "its cookie is for that path, and for TLS"
is "$(through /tow/api/v1/session -H 'Content-Type: application/json' -H 'Origin: https://jobs.example.org.evil.example' -d "{\"token\":\"$TOKEN\"}" | jq .status)" 403 "another site signs nobody in there"

process_stop "$SERVE_PID"
serve_start --page /nowhere
like "$(curl -s -m 30 "$SERVE_URL/")" "its page is missing.*Install Node.js with npm.*Build again" "where the page was not built, what to do is said"

process_stop "$SERVE_PID"
mkdir -p "$TOW_HOME/page/index.html"
serve_start --page "$TOW_HOME/page"
is "$(curl -s -m 30 "$SERVE_URL/" -w ' %{http_code}' | tr -d '\n')" \
	'{"type":"about:blank","status":500,"title":"Internal error","detail":"the page cannot be read; the server'"'"'s log says why"} 500' \
	"a page that is there and cannot be read is not taken for one that was not built"
like "$(cat "$SERVE_LOG")" "page.unread.*fs.EISDIR.*/page/index.html" "and the log says why"
mkdir "$TOW_HOME/page/app.js"
is "$(curl -s -m 30 -o /dev/null "$SERVE_URL/app.js" -w '%{http_code}')" 500 "another file of it, neither"
like "$(cat "$SERVE_LOG")" "page.unread.*fs.EISDIR.*/page/app.js" "which the log says, too"
is "$(curl -s -m 30 -o /dev/null "$SERVE_URL/app.js/more.js" -w '%{http_code}') $(curl -s -m 30 -o /dev/null "$SERVE_URL/none.js" -w '%{http_code}')" "404 404" "one that is not there is not there"
done_testing
