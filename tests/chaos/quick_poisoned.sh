#!/usr/bin/env bash
# Outcomes that the database refuses, in batches with others: the others count, the refused ones are failures of class
# poisoned.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
cat >>"$FAULTS_CONFIG" <<-'END'
	[exec poison]
	command = exec sh tests/lib/poison.sh
END
scheduler_start
worker_start --config "$FAULTS_CONFIG" --queue default:4
worker=$WORKER_PID worker_log=$WORKER_LOG
wait_until 'there_is "select count(*) = 1 from tow.workers"'

# Paused, so that good and bad outcomes meet in the same batches.
query "select tow.pause('default')"
poisons=
for how in small list member; do
	poisons+=,$(enqueue "select tow.enqueue('poison', '{\"how\": \"$how\"}', max_attempts => 1, priority => 50)")
done
good=$(enqueue "select tow.enqueue('poison', '{\"how\": \"none\"}', priority => 50) from generate_series(1, 5)" | tr '\n' ,)
enqueue "select tow.enqueue_many('echo', array_fill('{\"a\": 1}'::jsonb, array[300]))" "select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[2000]))" >/dev/null
query "select tow.resume('default')"

ok "everything comes to its end" drained
is "$(query "select string_agg(state || ' ' || coalesce(class, '') || ' ' || attempt, ', ' order by id) from tow.history where id in (${poisons#,})")" \
	"failed poisoned 1, failed poisoned 1, failed poisoned 1" "what the database refused has failed, class poisoned"
is "$(query "select count(*) from tow.attempts where job in (${poisons#,}) and error ~ 'refused' and detail is not null")" 3 "and says so, with the SQLSTATE"
is "$(query "select count(*) from tow.history where id in (${good%,}) and state = 'completed'")" 5 "the same kind's good results count"
is "$(query "select count(*) from tow.history where kind in ('echo', 'noop') and state = 'completed'")" 2300 "and so do all the others"
is "$(query "select count(*) from tow.attempts where outcome in ('lost', 'retried')")" 0 "nobody was tried twice for it"
ok "the worker lives on" process_alive "$worker"
accounted_for "every job ended once"
[ "$tap_failed" = 0 ] || shown "$worker_log"
done_testing
