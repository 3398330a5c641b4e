#!/usr/bin/env bash
# Running jobs are cancelled, long before a beat would tell their worker of it: those that stop when asked as well as
# those that never look, also when a connection is lost at that moment.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
scheduler_start
# A lease of an hour: a beat every ten minutes.
worker_start --config "$FAULTS_CONFIG" --lease 1h --queue default:4
worker=$WORKER_PID
wait_until 'there_is "select count(*) = 1 from tow.workers"'

# From the request to the end, as the rows have it.
took() { # job
	query "select round(extract(epoch from h.finished_at - a.at)::numeric, 3) from tow.audit a join tow.history h on h.id = a.job
		where a.job = $1 and a.what = 'job.cancelling' and h.state = 'cancelled'"
}

for kind in sleep spin gate; do
	args='{"s": 3600, "gate": "never"}'
	id=$(enqueue "select tow.enqueue('$kind', '$args')")
	wait_until "there_is \"select tow.state($id) = 'running'\""
	is "$(query "select tow.cancel($id, 'enough of it')")" cancelling "$kind: asked to end"
	ok "$kind: it is cancelled" wait_until "there_is \"select tow.state($id) = 'cancelled'\""
	diag "$kind: it took $(took "$id") s"
	is "$(query "select string_agg(outcome, ' ') from tow.attempts where job = $id")" cancelled "$kind: and was not tried again"
done
ok "the handler of the program is gone" gone "$(handlers never)"

id=$(enqueue "select tow.enqueue('sleep', '{\"s\": 3600}')")
wait_until "there_is \"select tow.state($id) = 'running'\""
query "select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'tow worker%' and datname = current_database()" >/dev/null
query "select tow.cancel($id)" >/dev/null
ok "a worker without connections hears of it when it has them again" wait_until "there_is \"select tow.state($id) = 'cancelled'\""

held=$(enqueue "select tow.enqueue('sleep', '{\"s\": 3600}') from generate_series(1, 5)")
waiting=$(query "select id from tow.jobs where state = 'ready' limit 1")
wait_until 'there_is "select count(*) >= 4 from tow.jobs where state = '\''running'\''"'
for id in $held; do query "select tow.cancel($id)" >/dev/null; done
ok "many at once end, too, one of them before it started (${waiting:-none})" drained
ok "the worker lives on" process_alive "$worker"
accounted_for "every job ended once"
done_testing
