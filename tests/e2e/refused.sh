#!/usr/bin/env bash
# What the database refuses for good ends a worker, a scheduler and a server that never began, with a word that can be
# typed; what may pass is waited for, and said once; and who has begun stays.
# shellcheck disable=SC2317 # what wait_until calls
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/serve.sh

instance_start
instance_psql -c "create role runner login password 'past'"
address() { instance_url "${3:-tow}" | sed "s/user=tow/user=$1\&password=$2/"; }
count() { grep -c "$2" "$1"; }
ends() { # status pattern what args...
	local status=$1 pattern=$2 what=$3 said
	shift 3
	said=$(timeout 60 "$TOW" "$@" 2>&1 </dev/null)
	is $? "$status" "$what: $status"
	like "$said" "$pattern" "and it says what to do"
	ok "in few words" [ "$(wc -l <<<"$said")" -le 6 ] || diag "$said"
}

ends 77 'alter role "runner" password' "a worker's wrong password" worker --database "$(address runner wrong)"
ends 77 'alter role "runner" password' "one that would drain" worker --once --database "$(address runner wrong)"
ends 77 'alter role "runner" password' "a scheduler's" scheduler --database "$(address runner wrong)"
ends 77 'alter role "runner" password' "a server's" serve --listen 127.0.0.1:0 --database "$(address runner wrong)"
ends 77 'grant tow_worker to "runner"' "a worker's login that may not" worker --database "$(address runner past)"
ends 77 'grant tow_worker to "runner"' "a scheduler's" scheduler --database "$(address runner past)"
ends 77 'grant tow_server to "runner"' "a server's" serve --listen 127.0.0.1:0 --database "$(address runner past)"
for what in worker "worker --once" scheduler "serve --listen 127.0.0.1:0"; do
	# shellcheck disable=SC2086 # a command and its options
	ends 78 'create the database "nowhere", and run tow migrate' "no such database: $what" $what --database "$(instance_url nowhere)"
	# shellcheck disable=SC2086
	ends 78 'run tow migrate' "nothing migrated: $what" $what --database "$(instance_url postgres)"
done
ends 77 'alter role "runner" password' "what a worker claims by is asked for with a wrong password, past which it beats" \
	worker --database "$(address runner wrong)" --direct "$(instance_url)"

# what may pass
"$TOW" db stop >/dev/null
since=$SECONDS
once() { [ "$1" -ge 1 ] && [ "$1" -le $(((1 + (SECONDS - since) / 60) * ${2:-1})) ]; } # what goes on is said once a minute
worker_start --database "$(instance_url)"
spawn serve serve --listen 127.0.0.1:0 --database "$(instance_url)"
ok "a server begins without its database" wait_until 'grep -q serve.started "$SPAWN_LOG"'
like "$(grep serve.waits "$SPAWN_LOG")" "No such file" "and says so"
wait_until '[ "$(count "$WORKER_LOG" beat.lost)" -ge 1 ]' 60
process_turns "$WORKER_PID" 6 # in which a second line would come
ok "a worker waits for it, and has said so once" once "$(count "$WORKER_LOG" beat.lost)" || diag "$(cat "$WORKER_LOG")"
"$TOW" db start >/dev/null
ok "and works when it is there" wait_until 'grep -q worker.attached "$WORKER_LOG"'
process_stop "$WORKER_PID"
process_stop "$SPAWN_PID"

# who has begun
instance_psql -c "grant tow_worker, tow_server to runner"
worker_start --database "$(address runner past)"
scheduler_start --database "$(address runner past)"
serve_start --database "$(address runner past)"
ok "one that may works" wait_until 'grep -q worker.attached "$WORKER_LOG" && grep -q scheduler.attending "$SCHEDULER_LOG"'
since=$SECONDS
instance_psql -c "alter role runner password 'new'" -c "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'runner'" >/dev/null
ok "when its password is another one, that is said" wait_until 'grep -q "lost.*28P01" "$WORKER_LOG" && grep -q "lost.*28P01" "$SCHEDULER_LOG"'
wait_until '[ "$(api_status GET /api/v1/ready)" = 503 ]'
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do api_status GET /api/v1/ready >/dev/null; done
is "$(api_status GET /api/v1/ready)" 503 "the server is not ready"
ok "which its log says once for each of its processes" once "$(count "$SERVE_LOG" "request.failed.*password")" 3 || diag "$(cat "$SERVE_LOG")"
wait_until '[ "$(count "$WORKER_LOG" "beat.lost.*28P01")" -ge 1 ] && [ "$(count "$SCHEDULER_LOG" "scheduler.lost.*28P01")" -ge 1 ]' 60
process_turns "$WORKER_PID" 6 # in which a second line would come
process_turns "$SCHEDULER_PID" 6
ok "and the worker's, too" once "$(count "$WORKER_LOG" 'beat.lost.*28P01')" || diag "$(cat "$WORKER_LOG")"
ok "and the scheduler's" once "$(count "$SCHEDULER_LOG" 'scheduler.lost.*28P01')" || diag "$(cat "$SCHEDULER_LOG")"
ok "all of them stay" eval 'process_alive "$WORKER_PID" && process_alive "$SCHEDULER_PID" && process_alive "$SERVE_PID"'
instance_psql -c "alter role runner password 'past'"
# a worker that comes later than the scheduler may have been given up
ok "and go on when it is the old one again" wait_until '[ "$(count "$WORKER_LOG" "worker.\(again\|attached\)")" -ge 2 ] && [ "$(count "$SCHEDULER_LOG" scheduler.attending)" -ge 2 ]'
ok "and the server is ready" wait_until '[ "$(api_status GET /api/v1/ready)" = 200 ]'
process_stop "$SERVE_PID"

# a server that began before its database did
"$TOW" db stop >/dev/null
spawn serve serve --listen 127.0.0.1:0 --database "$(address runner wrong)"
late=$SPAWN_PID
ok "a server waits for its database" wait_until 'grep -q serve.started "$SPAWN_LOG"'
"$TOW" db start >/dev/null
ok "and ends when that refuses it" wait_until '! process_alive "$late"' || diag "$(cat "$SPAWN_LOG")"
wait "$late"
is $? 77 "with the status that says so"

# tow up
said=$(TOW_DIRECT_URL=$(address runner wrong) timeout 120 "$TOW" up --listen 127.0.0.1:0 --database "$(instance_url)" 2>&1 </dev/null)
is $? 77 "tow up ends, too, where what it starts can never work"
like "$said" 'refused.*alter role "runner" password.*child.never_begins' "and says so"
like "$said" "child.died name=(worker|scheduler) how='exit 77'.*child.never_begins" "once it has tried again"
instance_psql -c "alter role runner password 'new'"
TOW_DIRECT_URL=$(address runner past) spawn up up --listen 127.0.0.1:0 --database "$(instance_url)"
ok "what is refused at first" wait_until 'grep -q "child.died name=worker" "$SPAWN_LOG"'
instance_psql -c "alter role runner password 'past'"
ok "is let in when whoever knows passwords is back" wait_until 'grep -q worker.attached "$SPAWN_LOG" && grep -q scheduler.attending "$SPAWN_LOG"' || diag "$(cat "$SPAWN_LOG")"
process_stop "$SPAWN_PID" 60
TOW_DIRECT_URL=$(address runner past) spawn up up --listen 127.0.0.1:0 --database "$(instance_url)"
pid() { "$TOW" workers --json | jq -r '.[-1].pid'; }
ok "one that may comes up" wait_until 'grep -q worker.attached "$SPAWN_LOG" && grep -q scheduler.attending "$SPAWN_LOG"'
instance_psql -c "alter role runner password 'new'"
kill -KILL "$(pid)"
ok "a worker that has begun before is started again and again" wait_until '[ "$(count "$SPAWN_LOG" "child.died name=worker")" -ge 3 ]'
instance_psql -c "alter role runner password 'past'"
ok "until it is let in" wait_until '[ "$(count "$SPAWN_LOG" worker.attached)" = 2 ]' || diag "$(cat "$SPAWN_LOG")"
done_testing
