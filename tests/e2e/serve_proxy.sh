#!/usr/bin/env bash
# tow serve behind nginx with a certificate, set up as the page about the API says: the API, cookies, WebSockets, the page's files.
# shellcheck disable=SC2317 # functions called by ok
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/serve.sh
. tests/lib/tls.sh

PATH=$PATH:/usr/sbin # where Debian has it, and users do not look
for program in nginx openssl python3; do
	command -v $program >/dev/null || skip_all "there is no $program here: contrib/bootstrap.sh check"
done
instance_start
ok "both start" tls_start || diag "$(cat "$SERVE_LOG")"
OTTO=$(token_add otto operator)
like "$(tls_config /x 1)" "proxy_pass http://127.0.0.1:[0-9]+;" "as it is written"

is "$(tls "$TLS_URL/" -o /dev/null -w '%{http_code} %{content_type}')" "200 text/html; charset=utf-8" "the page"
is "$(tls "$TLS_URL/api/v1/me" -H "Authorization: Bearer $OTTO" | jq -c .)" '{"name":"otto","role":"operator"}' "a program is let in"
is "$(tls "$TLS_URL/api/v1/me" | jq -r .code)" TW401 "a stranger is not"
tls "$TLS_URL/api/v1/me" -H "Authorization: Bearer wrong" -H 'X-Forwarded-For: 203.0.113.9' >/dev/null
like "$(grep token.refused "$SERVE_LOG" | tail -n 1)" "token.refused from='127.0.0.1'$" "and is logged as who he is, not as who he says"
is "$(tls "$TLS_URL/api/v1/openapi.json" -H 'Accept-Encoding: gzip' | gunzip | jq -r .info.title)" Towpath "what is compressed arrives so"
is "$(curl -s -m 30 -k "https://127.0.0.1:$TLS_PORT/tow/api/v1/me" -H 'Host: evil.example' | jq .status)" 421 "a name of somebody else's that leads here is refused"
head -c 11000000 /dev/zero | tr '\0' ' ' >"$instance_dir/big"
is "$(tls "$TLS_URL/api/v1/jobs" -H "Authorization: Bearer $OTTO" -H 'Content-Type: application/json' --data-binary "@$instance_dir/big" | jq -r .detail)" \
	"the body is not JSON: invalid input syntax for type json" "a body of many megabytes comes through"

# Browsers
jar=$instance_dir/jar
sign_in() { tls "$TLS_URL/api/v1/session" -c "$jar" -D "$instance_dir/head" -H 'Content-Type: application/json' -d "{\"token\":\"$OTTO\"}" "$@"; }
pause() { tls "$TLS_URL/api/v1/queues/default/pause" -b "$jar" -o /dev/null -w '%{http_code}' -X POST "$@"; }
is "$(sign_in -H 'Origin: https://evil.example' | jq .status)" 403 "another site signs nobody in"
is "$(sign_in -H "Origin: https://$TLS_NAME" | jq -r .role)" operator "our page does"
like "$(cat "$instance_dir/head")" "Set-Cookie: tow_session_[0-9]*=tow_[0-9a-f]*; Path=/tow/; Max-Age=[0-9]*; HttpOnly; SameSite=Strict; Secure" "the cookie is for TLS, and for that path"
is "$(tls "$TLS_URL/api/v1/me" -b "$jar" -o /dev/null -w '%{http_code}')" 200 "it lets in"
is "$(curl -s -m 30 -b "$jar" --resolve "$TLS_NAME:127.0.0.1" "http://$TLS_NAME/tow/api/v1/me" -o /dev/null -w '%{http_code}')" 400 "nobody sends it in the clear"
is "$(pause)" 403 "from nowhere it does nothing"
is "$(pause -H 'Origin: https://evil.example')" 403 "nor from another site"
is "$(pause -H "Origin: http://$TLS_NAME")" 403 "nor from a page of that name in the clear"
is "$(pause -H "Origin: https://$TLS_NAME")" 204 "from our page it does"

# WebSockets
ws() { PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tests/lib python3 -c '
import sys
from ws import Socket, Closed
name, token, headers = sys.argv[1:]
try:
    s = Socket("127.0.0.1:" + name.split(":")[1], token, path="/tow/api/v1/ws", tls=True, name=name, headers=headers.replace("|", "\r\n"))
    print(s.hear()["type"], s.subscribe("queues")[-1]["topics"], s.hear_until(lambda m: m.get("topic") == "queues")[-1]["state"])
    s.close()
except Closed as e:
    print(e.code)
' "$TLS_NAME" "$@"; }
cookie="Cookie: $(awk '$6 ~ "^tow_session_" { print $6 "=" $7 }' "$jar")|"
is "$(ws "$OTTO" "")" "hello 1 paused" "a program listens"
is "$(ws x "")" 401 "a stranger does not"
is "$(ws "" "${cookie}Origin: https://$TLS_NAME|")" "hello 1 paused" "our page does"
is "$(ws "" "${cookie}Origin: https://evil.example|")" 403 "another site's does not"
is "$(ws "" "$cookie")" 403 "nor one that does not say whose it is"
process_stop "$TLS_PID"
not_ok "nothing is left of the proxy" pgrep -f "$instance_dir/nginx"
done_testing
