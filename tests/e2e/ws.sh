#!/usr/bin/env bash
# WebSockets: who listens is told what has changed, once, and nothing else; whoever comes back, is slow, talks nonsense or
# may not any more; and a database or a hub that goes.
. tests/lib/tap.sh
command -v python3 >/dev/null || skip_all "there is no python3 here: contrib/bootstrap.sh check"
. tests/lib/instance.sh
. tests/lib/serve.sh

instance_start
instance_psql -c "select haul.add_client('c', 'transmission', 'http://127.0.0.1:1')" -c "select haul.add_library('main', '/nowhere/main')" >/dev/null
instance_psql -c "alter database tow set track_functions = 'all'" # so that quiet can count
serve_start
token=$(token_add guest viewer)

try() { PYTHONDONTWRITEBYTECODE=1 python3 tests/lib/ws_cases.py "$1" "${SERVE_URL#http://}" "$token" "$(instance_url)"; }
hub() { pgrep -P "$SERVE_PID" -f 'tow serve' | while read -r pid; do grep -q 'serve hub' "/proc/$pid/comm" && echo "$pid"; done; }
megabytes() { awk '/^Rss(Anon)/ { print int($2 / 1024) }' "/proc/$1/status"; }
peak() { awk '/^VmHWM/ { print int($2 / 1024) }' "/proc/$1/status"; }
more=0
if grep -qa __asan_init "$TOW"; then more=300; fi # it keeps what was freed, to see who still uses it

ok "no token, no WebSocket" try refused
ok "nonsense is answered, and then not any more" try nonsense
ok "a topic that is none is named, with those that there are" try unknown
ok "frames that are none end it, each with its code" try frames
ok "what comes with the handshake is not lost" try early
ok "jobs and queues, as they change" try jobs
ok "who waits for somebody's word" try approvals
ok "a state is told once" try once
ok "who listens to nothing makes it ask for nothing" try quiet
ok "downloads: all of them, or one; each event once" try downloads
ok "who comes back hears what it has missed, or is told that it must look anew" try resume
ok "who does not read is let go; others hear on" try slow
before=$(peak "$(hub)")
ok "who asks for everything in one breath, too" try greedy
after=$(peak "$(hub)")
ok "before much is kept for it ($before MB, then $after MB)" [ "$after" -le $((before + 8 + more)) ]
ok "nobody makes it ask more often" try pace
ok "a question that hangs is given up, and who listens is told" try hung || diag "$(cat "$SERVE_LOG")"
ok "whose token is gone is let go" try let_go
ok "one token has its share of topics, and no more" try share
ok "two hundred at once" try crowd
before=$(megabytes "$(hub)")
ok "and again" try crowd
after=$(megabytes "$(hub)")
ok "in as much memory as before ($before MB, then $after MB)" [ "$after" -le $((before + 4 + more)) ]

# The database goes while somebody listens.
try restart >"$instance_dir/restart.out" 2>&1 &
listener=$!
wait_until "grep -q ready '$instance_dir/restart.out'"
"$TOW" db stop >/dev/null
wait_until "grep -q hub.lost '$SERVE_LOG'"
"$TOW" db start >/dev/null
ok "guests outlive the database, and are told to look anew" wait "$listener" || diag "$(cat "$instance_dir/restart.out")"

try reborn >"$instance_dir/reborn.out" 2>&1 &
listener=$!
wait_until "grep -q ready '$instance_dir/reborn.out'"
kill -KILL "$(hub)"
ok "a hub that dies has a successor" wait "$listener" || diag "$(cat "$instance_dir/reborn.out")"

first=$(hub)
process_stop "$SERVE_PID"
not_ok "it ends with the server" process_alive "$first"

ok "another server" serve_start --processes 1 --per-address 5
ok "one address has its share, and no more" try crowd_from_here
done_testing
