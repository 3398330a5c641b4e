#!/usr/bin/env bash
# What happens is told: by each channel byte for byte, a burst as one message, nothing that is secret; a channel that is down
# loses nothing, and gets it when it is back.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
for tool in jq python3; do
	command -v "$tool" >/dev/null || skip_all "there is no $tool here: contrib/bootstrap.sh check"
done
. tests/lib/torrents.sh
. tests/lib/instance.sh
trap 'status=$?; instance_stop; room_clear; exit $status' EXIT

tow() { "$TOW" "$@"; }
asks() { instance_psql -c "$1"; }
says() { [ "$(asks "$1")" = "$2" ]; }

mkdir "$room/web" "$room/smtp"
begin web python3 tests/lib/web_fake.py "$room/web"
begin smtp python3 tests/lib/smtp_sink.py "$room/smtp"
for one in web smtp; do wait_until "[ -s '$room/$one.log' ]"; done
web=http://127.0.0.1:$(head -n 1 "$room/web.log") smtp=smtp://127.0.0.1:$(head -n 1 "$room/smtp.log")
answers() { printf '%b' "$1" >"$room/web/answer.new" && mv "$room/web/answer.new" "$room/web/answer"; }
asked() { jq -r "select(.[0] == \"$1\") | $2" "$room/web/asked"; } # path filter
times() { [ -e "$room/web/asked" ] && [ "$(asked "$1" 1 | grep -c .)" = "$2" ]; }
# Downloads that fail, in one transaction.
fail() { # how-many title error
	asks "with d as materialized (select haul.grab('magnet:?xt=urn:btih:4124bc0a9335c27f086f24ba207a491200000000', title => case when $1 > 1 then '$2 ' || n else '$2' end) as id from generate_series(1, $1) n)
		select count(haul.give_up(d.id, 'release', '$3', null)) from d" >/dev/null
}

answers '200\nok'
instance_start
mkdir -p "$TOW_HOME"
for name in hook token post urls; do printf 'hunter2-%s\n' "$name" | tow secret set "$name"; done
tow client add c transmission http://127.0.0.1:9 2>/dev/null
scheduler_start
worker_start --queue haul:4 --queue haul.watch:4

#--- each channel
ok "a webhook" tow channel add hook webhook "$web/hook" --secret secret:hook
ok "ntfy" tow channel add phone ntfy "$web" --topic alerts --secret secret:token
ok "apprise" tow channel add app apprise "$web/notify" --secret secret:urls
ok "mail" tow channel add post mail "$smtp" --user me --secret secret:post --from tow@example.org --to a@example.org,b@example.org
exits 64 "ntfy without a topic" tow channel add x ntfy "$web" 2>/dev/null
like "$(tow channel add x nonsense "$web" 2>&1)" "no driver 'nonsense'" "what is none"
for name in hook phone app; do tow notify add "$name" "$name" download.failed --delay '1 s'; done
tow notify add post post download.failed --delay '1 s' --body '.{title}: {error}'
like "$(tow notify events)" "download.failed" "what there is to tell"

fail 1 $'Größe\nBcc: x@evil' 'GET http://tracker/a?passkey=12345 was refused'
for path in /hook /alerts /notify; do ok "$path is told" wait_until "times $path 1"; done
ok "and the mail is there" wait_until "[ -s '$room/smtp/mails' ]"
ok "all of it is said to be sent" wait_until "says \"select count(*) from haul.messages where state = 'sent' and tries = 1\" 4"

body=$(asked /hook '.[2]')
is "$(jq -rc '[.event, .level, .count, .title, .text, .items[0].error]' <<<"$body")" \
	'["download.failed","bad",1,"failed: Größe Bcc: x@evil","Größe Bcc: x@evil: GET http://tracker/a?... was refused","GET http://tracker/a?... was refused"]' "the webhook, without the key"
is "$(asked /hook '.[1]["Content-Type"]')" "application/json" "which is JSON"
is "$(asked /hook '.[1]["Tow-Signature"]' | python3 -c '
import hashlib, hmac, sys
t, v = sys.stdin.read().strip().removeprefix("t=").split(",v1=")
print(v == hmac.new(b"hunter2-hook", f"{t}.{sys.argv[1]}".encode(), hashlib.sha256).hexdigest())' "$body")" True "and signed"
is "$(asked /alerts '.[2]')" "Größe Bcc: x@evil: GET http://tracker/a?... was refused" "ntfy: the text"
is "$(asked /alerts '.[1] | [.Title, .Priority, .Tags, .Authorization] | join("; ")')" \
	"=?UTF-8?B?$(printf 'failed: Größe Bcc: x@evil' | base64)?=; 4; rotating_light; Bearer hunter2-token" "ntfy: its headers"
is "$(asked /notify '.[2]' | jq -cS .)" \
	'{"body":"Größe Bcc: x@evil: GET http://tracker/a?... was refused","format":"text","title":"failed: Größe Bcc: x@evil","type":"failure","urls":"hunter2-urls"}' "apprise"
is "$(jq -r '[.login, .from] + .to | join(" ")' "$room/smtp/mails")" \
	"/me/hunter2-post MAIL FROM:<tow@example.org> RCPT TO:<a@example.org> RCPT TO:<b@example.org>" "mail: login and envelope"
wire=$(jq -r .wire "$room/smtp/mails" | tr -d '\r')
like "$wire" $'\n\n\\.\\.Gr=C3=B6=C3=9Fe Bcc: x@evil' "mail: a line that begins with a dot has two on its way"
is "$(printf '%s' "$wire" | python3 -c '
import email.policy, sys
m = email.message_from_string(sys.stdin.read().replace("\n..", "\n."), policy=email.policy.default)
print("|".join([m["Subject"], m["From"], m["To"], str(m["Bcc"]), m.get_content().split("\n")[0]]))')" \
	"failed: Größe Bcc: x@evil|tow@example.org|a@example.org, b@example.org|None|.Größe Bcc: x@evil: GET http://tracker/a?... was refused" "mail: as it is read"
is "$(grep -c '^Subject: =?UTF-8?B?' <<<"$wire")" 1 "mail: its subject is encoded"
is "$(awk 'length > 78' <<<"$wire")" "" "mail: and its lines are short"

#--- a burst
fail 12 Film 'no room'
ok "a burst is one message" wait_until "times /hook 2"
is "$(asked /hook '.[2]' | tail -n 1 | jq -rc '[.count, .title, (.items | length)]')" '[12,"12 failed: Film 1, Film 2, Film 3, Film 4, Film 5 and 7 more",12]' "that says how many"
ok "of each channel" wait_until "says \"select count(*) from haul.messages where count = 12 and state = 'sent'\" 4"

#--- a channel that is down, and back
for name in phone app post; do tow notify rm "$name"; done
answers '503 Retry-After: 1\nlater'
fail 1 Patience 'no room'
ok "it is tried" wait_until "says \"select state from haul.channels where name = 'hook'\" failing"
is "$(asks "select state || ' ' || error from haul.messages where title like '%Patience'")" "pending the server answered 503: later" "and kept"
answers '200\nok'
ok "until it is taken" wait_until "says \"select state from haul.messages where title like '%Patience'\" sent"
is "$(asked /hook '.[2]' | jq -r 'select(.title | test("Patience")) | .id' | sort -u | grep -c .)" 1 "as the same message each time"
is "$(asks "select state from haul.channels where name = 'hook'")" ok "and the channel is well"

answers '401\nwho is hunter2-hook'
fail 1 Login 'no room'
ok "one that refuses us" wait_until "says \"select state || ': ' || error from haul.channels where name = 'hook'\" 'failing: it does not know this password or token, or it may not do this'"
answers '200\nok'
tow channel set hook --secret secret:token
ok "gets it when that is mended" wait_until "says \"select state from haul.messages where title like '%Login'\" sent" 120

#--- tests of channels
exits 0 "a test that arrives" tow channel test hook >/dev/null 2>&1
is "$(asked /hook '.[2]' | tail -n 1 | jq -r .event)" test "is a message"
answers '500\nhunter2-token is broken'
said=$(tow channel test hook 2>&1)
is $? 1 "one that does not"
like "$said" "answered 500: ... is broken" "says why, without the secret"
printf 'RCPT 550 no such user\n' >"$room/smtp/fault"
like "$(tow channel test post 2>&1)" "550" "mail that is refused"
rm "$room/smtp/fault"
tow channel set post --starttls on
like "$(tow channel test post 2>&1)" "TLS|SSL" "mail that would go in the clear"
tow channel set post --reset starttls
ok "mail" tow channel test post >/dev/null 2>&1
is "$(asks "select count(*) from haul_store.message m where m::text ~ 'hunter2|12345'")" 0 "no secret is kept"
is "$(cat "$room/web/asked" "$room/smtp/mails" | grep -c 12345)" 0 "nor was a key sent"

#--- a client that is down
answers '200\nok'
tow notify add clients hook 'client.*' --delay 0
asks "select haul.disable_client('c'), haul.add_client('d', 'transmission', 'http://127.0.0.1:9')" >/dev/null
ok "a client that is down" wait_until "asked /hook '.[2]' | jq -r .title | grep -qx 'client d is down'"
like "$(tow notify messages)" "client d is down" "tow notify messages"
ok "tow channel ls" wait_until "tow channel ls | grep -Eq 'hook +webhook +ok'"
like "$(tow notify ls)" "clients +hook +client" "tow notify ls"
ok "a channel goes" tow channel rm hook

done_testing
