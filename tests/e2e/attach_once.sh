#!/usr/bin/env bash
# The database is silent while a worker introduces itself: it asks again on new connections, each of its calls is
# committed in the end, and it is one worker all the same.
. tests/lib/tap.sh
. tests/lib/instance.sh

query() { instance_psql -c "$1"; }

instance_start
calls="select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like '%tow.attach%' and pid <> pg_backend_pid()"
instance_psql -c "begin; lock table tow_store.worker in share mode; select pg_sleep(3600)" >/dev/null 2>&1 &
instance_pids+=($!)
locked="select exists (select from pg_locks where relation = 'tow_store.worker'::regclass and mode = 'ShareLock' and granted)"
ok "nobody can attach" wait_until '[ "$(query "$locked")" = t ]'
worker_start --lease 2s
ok "the worker has asked three times" wait_until '[ "$(query "$calls")" -ge 3 ]'
query "select pg_cancel_backend(pid) from pg_stat_activity where query like '%pg_sleep(3600)%' and pid <> pg_backend_pid()" >/dev/null
ok "all its calls come through" wait_until '[ "$(query "$calls")" = 0 ]'
ok "it has its answer" wait_until 'grep -q "worker.attached" "$WORKER_LOG"'
is "$(query "select count(*) from tow_store.worker")" 1 "it is there once"
is "$("$TOW" enqueue noop --wait --json | jq -r .state)" completed "and works"
done_testing
