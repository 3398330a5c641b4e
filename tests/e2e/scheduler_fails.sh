#!/usr/bin/env bash
# A duty that fails while something waits for it is tried again after pauses that grow, and the others have their turns.
# shellcheck disable=SC2317 # what wait_until calls
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start
worker_start
scheduler_start
failures() { grep -c 'duty.failed' "$SCHEDULER_LOG"; }
ok "it minds the clock" wait_until '[ "$(instance_psql -c "select count(*) from tow.schedulers")" = 1 ]'
was=$(instance_psql -c "select pg_get_functiondef('tow_store.duty_inbox()'::regprocedure)")
instance_psql -c "create or replace function tow_store.duty_inbox() returns int language plpgsql as 'begin raise exception ''it is broken''; end'"
instance_psql -c "insert into tow.inbox (kind) values ('noop')"
ok "a duty fails" wait_until '[ "$(failures)" -ge 7 ]' 240
failed_at() { date -d "$(grep 'duty.failed' "$SCHEDULER_LOG" | sed -n "$1{s/ .*//p}")" +%s%3N; } # ms
ok "and is not tried all the time" [ $(($(failed_at 7) - $(failed_at 6))) -ge 500 ] || diag "$(grep duty.failed "$SCHEDULER_LOG")"
job=$(instance_psql -c "select tow.enqueue('noop', run_at => tow.now() + interval '1 s')")
ok "the others have their turns" wait_until '[ "$(instance_psql -c "select tow.state($job)")" = completed ]'
like "$(instance_psql -c "select last_error from tow.duties where name = 'inbox'")" "it is broken" "what is wrong is told"
instance_psql -c "$was"
ok "when it is mended it has its turn" wait_until '[ "$(instance_psql -c "select count(*) from tow.inbox")" = 0 ]' 120
done_testing
