#!/usr/bin/env bash
# tow status, doctor, workers, schedulers, kinds; and what every command has: help, exit statuses, privileges.
# shellcheck disable=SC2119,SC2317 # a helper without its argument; functions called by ok and exits
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/serve.sh

instance_start --empty
tow() { "$TOW" "$@"; }
finding() { tow doctor --json | jq -r ".[] | select(.component == \"$1\").status"; }

# Before the schema is there
exits 69 "no schema: jobs says so" tow jobs 2>/dev/null
like "$(tow jobs 2>&1)" "hint: .*tow migrate" "and what to do"
exits 1 "doctor finds it" tow doctor >/dev/null
is "$(finding schema)" bad "by name"
tow migrate >/dev/null
is "$(finding schema) $(finding server) $(finding connection)" "ok ok ok" "and is content after tow migrate"

# Nobody works
exits 1 "status: without worker and scheduler something is bad" tow status >/dev/null
is "$(tow status --json | jq -r '.[] | select(.component == "workers") | .hint')" "start one: tow worker" "it says what to do"
scheduler_start
worker_start --queue default:3
ok "with both" wait_until '"$TOW" status'
exits 0 "doctor is content" tow doctor >/dev/null
is "$(tow workers --json | jq -c '.[0] | [.pid, .slots, .queues, .state]')" "[$WORKER_PID,3,\"default:3\",\"running\"]" "workers"
is "$(tow schedulers --json | jq -c 'map(.pid)')" "[$SCHEDULER_PID]" "schedulers"
is "$(tow kinds --json | jq -c '.[] | select(.kind == "noop") | [.workers, .queues]')" '[1,["default"]]' "kinds"
tow kind set noop --max-running 7
like "$(tow kinds | grep ^noop)" '^noop +1 +7 ' "with their limits"
tow kind set noop --reset max_running
like "$(tow workers)" "^ID +NAME +HOST +PID +STATE" "tables for people"
tow enqueue nobody-knows >/dev/null
ok "a kind that nobody knows is bad" wait_until '! "$TOW" status'
like "$(tow status)" "bad +kind nobody-knows" "by name"
like "$(tow needs)" "bad +kind nobody-knows" "it is what needs somebody"
is "$(tow needs | grep -c ^ok)" 0 "what is well does not"
tow enqueue fail '{"message": "no disk", "class": "disk"}' --max-attempts 1 >/dev/null
asking=$(tow enqueue noop --wait-for approval)
ok "what failed does, too" wait_until '"$TOW" needs | grep -q "^fail  fail  *1 failed, the last .* ago: no disk"'
like "$(tow needs | grep -A 1 ^fail)" "-> tow jobs --state failed --kind fail; tow redrive --kind fail --class disk --dry-run" "with what to type"
like "$(tow needs)" "ask +noop +1 waits for approval, the first came .* ago: $asking" "and what waits for a word"
exits 1 "as long as something is bad" tow needs >/dev/null
is "$(tow needs --json | jq -c 'map(select(.what == "failed"))[0] | [.kind, .class, .count]')" '["fail","disk",1]' "for programs"
tow enqueue haul.nobody --deadline "$(instance_psql -c "select now() + interval '5 s'")" >/dev/null
ok "a download's job fails" wait_until '[ "$("$TOW" needs --json | jq -r ".[] | select(.kind == \"haul.nobody\") | .of")" = haul ]'
unlike "$(tow needs)" "fail +haul" "which is for downloads to say"
tow redrive --kind fail --class disk >/dev/null
instance_psql -c 'alter system set fsync = off' -c 'select pg_reload_conf()' >/dev/null
ok "doctor looks at durability" wait_until "[ \"\$(finding fsync)\" = bad ]"

# The server says where it is as long as it is there, though nobody asks it anything.
serve_start
ok "status says where the page is" wait_until '"$TOW" status | grep -q "serve .*are at $SERVE_URL\$"'
"$TOW" db stop >/dev/null && "$TOW" db start >/dev/null
ok "also after the database was away" wait_until '"$TOW" status | grep -q "serve .*are at $SERVE_URL\$"' 60
process_stop "$SERVE_PID"
ok "and when it is nowhere" wait_until '"$TOW" status | grep -q "serve .*are nowhere\$"'

# Every command has help with an example or a plain use, and refuses what it does not know
while IFS=$'\t' read -r name _; do
	help=$(tow "$name" --help)
	like "$help" "^usage: tow $name" "$name --help"
	exits 64 "$name --nonsense" tow "$name" --nonsense >/dev/null 2>&1
done < <(tow --commands)

# Privileges
instance_psql -c 'create role looker login' -c 'grant tow_viewer to looker' -c 'create role nobody_here login'
as() { # role words...
	local role=$1
	shift
	PGOPTIONS="-c role=$role" "$TOW" "$@"
}
exits 0 "a viewer looks" as looker jobs >/dev/null
exits 0 "at the status too" as looker top --once >/dev/null
exits 77 "but may not enqueue" as looker enqueue noop 2>/dev/null
like "$(as looker enqueue noop 2>&1)" "hint: .*tow_producer enqueues" "and is told who may"
is "$(as looker doctor --json | jq -r '.[] | select(.component == "schema").status')" warn "doctor does not call bad what one may not see"
instance_psql -c 'create role hand login in role tow_worker'
is "$(as hand doctor --json | jq -r '.[] | select(.component == "status") | .status + ": " + .detail')" "warn: this user may not look at queues and workers" "nor what a worker's login may not"
exits 77 "and others may not look" as nobody_here jobs 2>/dev/null

# Out of reach
process_stop "$WORKER_PID"
process_stop "$SCHEDULER_PID"
tow db stop
exits 69 "no database" tow status 2>/dev/null
like "$(tow status 2>&1)" "hint: start it with: tow up" "what to do about it"
done_testing
