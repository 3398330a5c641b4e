#!/usr/bin/env bash
# Jobs of a lane at its limit that share a place: one slot runs them in order, whatever becomes of one of them, and
# what waits behind one that takes long goes back to its lane, not to another slot.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
scheduler_start
query "select tow.set_policy('default', 'fixed', base => '0 s', max_attempts => 5), tow.enqueue('noop', lane => 'first')" >/dev/null
ok "there are lanes" wait_until 'there_is "select exists (select from tow_store.band b where b.laned)"'
worker_start --config "$FAULTS_CONFIG" --queue default:3 --prefetch 8
worker=$WORKER_PID
ok "and a worker" drained

in_lane() { # kind args... : all of them, before the worker may take any
	local kind
	query "select tow.pause('default')" >/dev/null
	for kind; do
		enqueue "select tow.enqueue('${kind%%:*}', '{\"gate\": \"${kind#*:}\"}', lane => 'l', tags => '{l}')"
	done
	query "select tow.resume('default')" >/dev/null
}
# Runs of the lane in the order in which they began, none before the one before it had ended.
in_order="select array_agg(started_at order by id) = array_agg(started_at order by started_at)
	and bool_and(started_at >= coalesce(before, '-infinity'))
	from (select *, lag(finished_at) over (order by started_at) as before from tow.history where 'l' = any(tags) and id >= %s) h"

#--- one takes long

ids=$(in_lane noop gate:long noop noop noop noop)
first=$(head -n 1 <<<"$ids")
ok "one waits at its gate" wait_until '[ -n "$(handlers long)" ]'
ok "the one before it has ended" wait_until "there_is \"select count(*) = 1 from tow.history where 'l' = any(tags)\""
ok "those behind it go back to the lane" wait_until "there_is \"select count(*) = 4 from tow.jobs where state = 'waiting' and reason = 'lane' and attempt = 0 and lane = 'l'\""
is "$(query "select running || ' of ' || max_running from tow.lanes where lane = 'l'")" "1 of 1" "which is full"
gate_open long
ok "they follow" drained
is "$(query "$(printf "$in_order" "$first")")" t "in order, one at a time"

#--- one kills its slot

ids=$(in_lane noop crash noop noop noop)
first=$(head -n 1 <<<"$ids")
ok "after a slot has died the others follow" drained
is "$(query "select string_agg(state, ' ' order by id) from tow.history where id >= $first")" "completed failed completed completed completed" "all but the one that did it"
is "$(query "$(printf "$in_order" "$first and kind = 'noop'")")" t "in order"
is "$(query "select max(attempt) from tow.history where id >= $first and kind = 'noop'")" 1 "without having spent an attempt"

#--- one is cancelled, the worker leaves

ids=$(in_lane gate:held noop noop noop)
mapfile -t id <<<"$ids"
ok "another waits" wait_until '[ -n "$(handlers held)" ]'
query "select tow.cancel(${id[1]})" >/dev/null
ok "one behind it is cancelled" wait_until "there_is \"select tow.state(${id[1]}) = 'cancelled'\""
process_stop "$worker" &
stopped=$!
ok "the worker is told to stop" wait_until "there_is \"select state = 'draining' from tow.workers\""
is "$(query "select count(*) from tow.jobs where state = 'running'")" 1 "only the first runs"
gate_open held
wait "$stopped"
worker_start --config "$FAULTS_CONFIG" --queue default:3 --prefetch 8
ok "the next worker has the rest" drained
is "$(query "select string_agg(state, ' ' order by id) from tow.history where id >= ${id[0]}")" "completed cancelled completed completed" "each once"
accounted_for "every job ended once"
is "$(query 'select count(*) from tow_store.held')" 0 "nothing is held"
is "$(query 'select count(*) from tow.fsck()')" 0 "and nothing is wrong"
done_testing
