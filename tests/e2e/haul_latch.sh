#!/usr/bin/env bash
# A wrong password is sent once: neither the monitor nor any job asks again before somebody has changed something; what waits for
# that goes on by itself.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
. tests/lib/haul.sh
need python3 curl

begin client python3 -u tests/lib/web_fake.py "$room"
wait_until "[ -s '$room/client.log' ]"
echo 401 >"$room/answer"
: >"$room/asked"
asked() { grep -c . "$room/asked"; }
# When the monitor last asked whether it may look; nothing while its last words were others.
looked() { asks "select query_start from pg_stat_activity where query ~ 'haul[.\"]+watch' and pid <> pg_backend_pid()"; }
# By what was set last: a look that an earlier word has begun is over, too.
well_now() { says "select c.state = 'ok' and h.revision = o.revision from haul.clients c join haul_store.client o using (name) join haul_store.health h on h.client = o.id where name = 'tr'" t; }
looks_again() { local at=$last; last=$(looked); [ -n "$last" ] && [ "$last" != "$at" ]; }

instance_start
printf 'wrong\n' | tow secret set lab
tow client add tr transmission "http://127.0.0.1:$(head -n 1 "$room/client.log")" --user admin --secret secret:lab --fast '200 ms' --slow '200 ms'
watched
ok "a wrong password" wait_until "says \"select state from haul.clients where name = 'tr'\" 'auth failed'"
is "$(asked)" 1 "is sent once"
last=''
ok "the monitor looks whether anything has changed" wait_until "[ \"\$(asked)\" != 1 ] || looks_again"
ok "and again" wait_until "[ \"\$(asked)\" != 1 ] || looks_again"
is "$(asked)" 1 "and sends nothing"
asks "select haul.retry_client('tr')" >/dev/null
ok "until somebody asks for it" wait_until "[ \"\$(asked)\" -gt 1 ]"
ok "wrong again" wait_until "says \"select h.revision from haul_store.health h join haul_store.client c on c.id = h.client where name = 'tr'\" 2 && looks_again"
is "$(asked)" 2 "which was one more"

# A job's login fails: the monitor is not to look for a day.
well='{"result": "success", "arguments": {"version": "4.0.5", "rpc-version": 17, "torrents": [], "torrent-added": {"hashString": "aa"}}}'
printf '200\n%s\n' "$well" >"$room/answer"
tow client set tr --fast '1 day' --slow '1 day' >/dev/null
asks "select haul.retry_client('tr')" >/dev/null
ok "the password is mended" wait_until "well_now"
echo 401 >"$room/answer"
: >"$room/asked"
tow haul add 'magnet:?xt=urn:btih:4124bc0a9335c27f086f24ba207a491200000000&dn=one' --client tr >/dev/null
ok "and wrong again, which a job finds out" wait_until "says \"select state from haul.clients where name = 'tr'\" 'auth failed'"
tow haul add 'magnet:?xt=urn:btih:21ad0bd836b90d08f4cf640b4c298e7c00000000&dn=two' --client tr >/dev/null
ok "it waits, and so does the next one" wait_until "says \"select count(*) from tow.jobs where kind = 'haul.grab' and state = 'scheduled'\" 2"
is "$(asked)" 1 "which sends nothing"
is "$(asks "select string_agg(state, ' ') from haul.downloads")" "approved approved" "the downloads are not to blame"
printf '200\n%s\n' "$well" >"$room/answer"
asks "select haul.retry_client('tr')" >/dev/null
ok "mended" wait_until "well_now"
asks "select tow.run_now(id) from tow.jobs where kind = 'haul.grab'" >/dev/null
ok "they go on" wait_until "[ \"\$(grep -c torrent-add '$room/asked')\" = 2 ]"

# While a job waits for the answer to its login somebody changes it: what is refused then is not what is set now.
hash=e0323a9039add2978bf5b49550572c7c00000000
printf %s $hash >"$room/hold"
tow haul add "magnet:?xt=urn:btih:$hash&dn=three" --client tr >/dev/null
ok "a job logs in" wait_until "[ -e '$room/held' ]"
tow client set tr --user other >/dev/null
ok "the login is changed meanwhile" wait_until "says \"select h.revision - c.revision from haul_store.health h join haul_store.client c on c.id = h.client where name = 'tr'\" 0"
is "$(asks "select state from haul.clients where name = 'tr'")" ok "the client is well by what is set now"
echo 401 >"$room/late"
ok "a job comes later" wait_until "says \"select count(*) from tow.jobs where kind = 'haul.grab' and state = 'scheduled'\" 1"
is "$(asks "select state from haul.clients where name = 'tr'")" ok "and nobody is locked out"
done_testing
