#!/usr/bin/env bash
# Jobs of a lane at its limit that share a place: one slot runs them in order, whatever becomes of one of them, and
# what waits behind one that takes long goes back to its lane, not to another slot.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
cat >>"$FAULTS_CONFIG" <<-'END'
	[exec step]
	command = echo "come $TOW_JOB" >>"$FAULTS_DIR/steps"; sleep 0.01; echo "gone $TOW_JOB" >>"$FAULTS_DIR/steps"
END
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
# What the handlers wrote down since they were last asked: each came when the one before it had gone, in the order of ids.
in_order() { # how many
	awk -v want="$1" '$1 == "come" { if (open || $2 + 0 <= last) bad = 1; open = 1; last = $2 + 0; n++ }
		$1 == "gone" { open = 0 }
		END { exit bad || n != want }' "$FAULTS_DIR/steps"
}

#--- one takes long

in_lane step gate:long step step step step >/dev/null
ok "one waits at its gate" wait_until '[ -n "$(handlers long)" ]'
ok "the one before it has ended" wait_until "there_is \"select count(*) = 1 from tow.history where 'l' = any(tags)\""
ok "those behind it go back to the lane" wait_until "there_is \"select count(*) = 4 from tow.jobs where state = 'waiting' and reason = 'lane' and attempt = 0 and lane = 'l'\""
is "$(query "select running || ' of ' || max_running from tow.lanes where lane = 'l'")" "1 of 1" "which is full"
gate_open long
ok "they follow" drained
ok "in order, one at a time" in_order 5
: >"$FAULTS_DIR/steps"

#--- one kills its slot

ids=$(in_lane step crash step step step)
first=$(head -n 1 <<<"$ids")
ok "after a slot has died the others follow" drained
is "$(query "select string_agg(state, ' ' order by id) from tow.history where id >= $first")" "completed failed completed completed completed" "all but the one that did it"
ok "in order" in_order 4
is "$(query "select max(attempt) from tow.history where id >= $first and kind = 'step'")" 1 "without having spent an attempt"

#--- one is cancelled, the worker leaves

ids=$(in_lane gate:held step step step)
mapfile -t id <<<"$ids"
ok "another waits" wait_until '[ -n "$(handlers held)" ]'
query "select tow.cancel(${id[1]})" >/dev/null
ok "one behind it is cancelled" wait_until "there_is \"select tow.state(${id[1]}) = 'cancelled'\""
process_stop "$worker" &
stopped=$!
ok "the worker is told to stop" wait_until "there_is \"select state = 'draining' from tow.workers\""
ok "only the first runs" wait_until "there_is \"select count(*) = 1 from tow.jobs where state = 'running'\""
gate_open held
wait "$stopped"
worker_start --config "$FAULTS_CONFIG" --queue default:3 --prefetch 8
ok "the next worker has the rest" drained
is "$(query "select string_agg(state, ' ' order by id) from tow.history where id >= ${id[0]}")" "completed cancelled completed completed" "each once"
accounted_for "every job ended once"
is "$(query 'select count(*) from tow_store.held')" 0 "nothing is held"
is "$(query 'select count(*) from tow.fsck()')" 0 "and nothing is wrong"
done_testing
