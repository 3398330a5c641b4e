#!/usr/bin/env bash
# Two workers of one queue know different kinds: the bell rings where the job can run.
# shellcheck disable=SC2016,SC2119 # conditions are evaluated later; a helper without its argument
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start
worker_start
printf '[exec special]\ncommand = true\n' >"$TOW_HOME/special.ini"
worker_start --config "$TOW_HOME/special.ini"
armed="select pg_sequence_last_value(q.arm) = (select sum(1 << w.bit) from tow_store.worker w where w.ended_at is null) from tow_store.queue q"
ok "both live" wait_until '[ "$(instance_psql -c "select count(*) from tow.workers")" = 2 ]'

for i in 1 2 3 4 5 6 7 8; do
	ok "job $i is started by a ring" timeout 60 "$TOW" enqueue special --wait >/dev/null
	# parked, all of them: the next ring could go to either
	ok "and everybody sleeps again" wait_until '[ "$(instance_psql -c "$armed")" = t ]'
done
done_testing
