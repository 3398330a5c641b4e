#!/usr/bin/env bash
# A scheduler that is asked to stop does so, though its goodbye has to wait for a lock.
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/sessions.sh

instance_start
scheduler_start
ok "it minds the clock" wait_until '[ "$(instance_psql -c "select count(*) from tow.schedulers")" = 1 ]'
session_open locker
session_do locker 'begin'
session_do locker 'select count(*) from (select from tow_store.scheduler for update) s' >/dev/null
start=$SECONDS
process_stop "$SCHEDULER_PID"
is $? 0 "it ends well"
ok "and soon" test $((SECONDS - start)) -lt 20
like "$(cat "$SCHEDULER_LOG")" "scheduler.stopped" "says the log"
done_testing
