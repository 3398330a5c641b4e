#!/usr/bin/env bash
# A scheduler that is asked to stop does so, though its goodbye has to wait for a lock. One that hangs is neither asked
# nor waited for: a worker's stand-by minds the clock, and another one if that hangs, too.
# shellcheck disable=SC2317 # what wait_until calls
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/sessions.sh

instance_start
scheduler_start
ok "it minds the clock" wait_until '[ "$(instance_psql -c "select count(*) from tow.schedulers")" = 1 ]'
session_open locker
session_do locker 'begin'
session_do locker 'select count(*) from (select from tow_store.scheduler for update) s' >/dev/null
process_stop "$SCHEDULER_PID"
is $? 0 "it ends well"
like "$(cat "$SCHEDULER_LOG")" "scheduler.stopped" "says the log"

session_do locker rollback

#--- one that hangs

schedulers() { instance_psql -c "select coalesce(string_agg(state, ' ' order by id), '') from tow.schedulers"; }
of_state() { instance_psql -c "select pid from tow.schedulers where state = '$1' order by id desc limit 1"; }
state_of() { instance_psql -c "select tow.state($1)"; }
due() { instance_psql -c "select tow.enqueue('noop', run_at => tow.now() + interval '1 s')"; }
instance_psql -c "select tow.schedule('each second', '* * * * * *', 'noop', tags => '{fired}')" >/dev/null

worker_start
scheduler_start
ok "a scheduler and a worker" wait_until '[ "$(schedulers)" = running ] && [ "$(instance_psql -c "select count(*) from tow.workers")" = 1 ]' 240 || diag "$(schedulers)"
kill -STOP "$SCHEDULER_PID"
job=$(due)
ok "when it hangs a stand-by takes over" wait_until '[ "$(schedulers)" = "silent stand-by" ]' 240 || diag "$(schedulers)"
ok "and does what is due" wait_until '[ "$(state_of "$job")" = completed ]'
standby=$(of_state stand-by)
kill -CONT "$SCHEDULER_PID"
ok "it gives way when the other goes on" wait_until '[ "$(schedulers)" = running ] && ! process_alive "$standby"' 240 || diag "$(schedulers)"

process_stop "$SCHEDULER_PID"
ok "a stand-by again" wait_until '[ "$(schedulers)" = stand-by ]' 240 || diag "$(schedulers)"
standby=$(of_state stand-by)
kill -STOP "$standby"
job=$(due)
ok "when that hangs it is ended" wait_until '! process_alive "$standby"' 240 || diag "$(schedulers)"
like "$(cat "$WORKER_LOG")" "scheduler.hung pid=$standby" "the worker's log says so"
ok "and another one does what is due" wait_until '[ "$(state_of "$job")" = completed ]' 240
ok "no instant has fired twice" test "$(instance_psql -c "select (select count(*) from tow_store.job where tags = '{fired}') - (select count(*) from tow.fires)")" = 0
done_testing
