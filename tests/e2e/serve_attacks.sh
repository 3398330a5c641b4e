#!/usr/bin/env bash
# What strangers do to tow serve: say nothing, dawdle, talk nonsense. It answers others meanwhile, and stays as it is.
# shellcheck disable=SC2317 # functions called by ok
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/serve.sh

instance_start
ok "it starts" serve_start || diag "$(cat "$SERVE_LOG")"
TOKEN=$(token_add vera viewer)
attack() { python3 tests/lib/attack.py "$SERVE_URL" "$@"; }
# Of its own alone: how its share of libraries grows depends on what else runs.
# shellcheck disable=SC2046 # a word a process
memory() { awk '/^Pss_Anon:/ { sum += $2 } END { print sum }' $(pgrep -P "$SERVE_PID" | sed 's|.*|/proc/&/smaps_rollup|'); }
all_answer() { for _ in 1 2 3 4 5 6 7 8 9 10; do [ "$(api_status GET /api/v1/me)" = 200 ] || return 1; done; }

ok "it answers" all_answer

# What was answered is forgotten.
ask_many() { curl -s -m 300 -o /dev/null -H "Authorization: Bearer $TOKEN" "$SERVE_URL/api/v1/jobs/[1-$1]"; }
ask_many 300
before=$(memory)
ask_many 2000
ok "two thousand questions later it has hardly more memory ($before kB, then $(memory))" test "$(memory)" -lt $((before + 4096))

attack slow 60 >"$instance_dir/slow" &
slow=$!

mkfifo "$instance_dir/go"
# Each process has its share: a third of them, and a few that dawdle.
inside() { for one in $(pgrep -f -P "$SERVE_PID" 'serve'); do find "/proc/$one/fd" -lname 'socket:*' | wc -l; done | sort -n; }
shared() { inside | tail -n 3 | awk '$1 < 280 || $1 > 440 { exit 1 }'; }
# One that does not run just then is left behind: so once more. They are let go after twenty seconds.
for _ in {1..5}; do
	attack idle 1000 <"$instance_dir/go" >"$instance_dir/idle" &
	idle=$!
	[ -n "${go:-}" ] || exec {go}>"$instance_dir/go"
	wait_until 'grep -q 1000 "$instance_dir/idle"' && wait_until shared 5 && break
	echo >&"$go"
	wait "$idle"
done
ok "a thousand connections that say nothing" grep -q 1000 "$instance_dir/idle"
ok "the processes share them" shared
ok "and others are answered" all_answer

before=$(memory)
ok "nonsense" test "$(attack nonsense 450)" = "450 done"
ok "with hardly more memory ($before kB, then $(memory))" test "$(memory)" -lt $((before + 8192))
is "$(attack bodies 60 "$TOKEN")" "403 ['401']" "what strangers send is not kept, and who has a token gets through beside them"
ok "nor is it looked at ($before kB, then $(memory))" test "$(memory)" -lt $((before + 49152))
echo >&"$go"
wait "$idle"

wait "$slow"
is "$(cat "$instance_dir/slow")" "0 left" "those who dawdle are let go, though a byte comes now and then"
ok "others are answered" all_answer
unlike "$(cat "$SERVE_LOG")" "process.died" "no process has died"

# One address does not take all connections, where addresses tell who asks.
ok "another server" serve_start --processes 1 --per-address 5
health() { curl -s -m 30 -o /dev/null -w '%{http_code}' "$@" "$SERVE_URL/api/v1/health"; }
attack idle 20 <"$instance_dir/go" >"$instance_dir/idle" &
idle=$!
ok "it takes twenty connections" wait_until 'grep -q 20 "$instance_dir/idle"'
is "$(health --interface 127.0.0.1)" 000 "and has no more for that address"
is "$(health --interface 127.0.0.2)" 200 "but for others"
echo >&"$go"
wait "$idle"
ok "until some end" wait_until '[ "$(health)" = 200 ]'
done_testing
