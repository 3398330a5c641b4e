#!/usr/bin/env bash
# A kind's limit that is moved while its jobs run, over two queues and two workers: lowered below what runs, none is
# started until fewer run than it allows; raised, or lifted, those that it held start at once. The jobs wait at gates of
# their own, so that each ends when it is told to.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
scheduler_start
query "select tow.set_kind('gate', 6)" >/dev/null
worker_start --name one --config "$FAULTS_CONFIG" --queue default:10
worker_start --name two --config "$FAULTS_CONFIG" --queue default:5 --queue other:10
ok "two workers" wait_until 'there_is "select count(*) = 2 from tow.workers"'
enqueue "select tow.enqueue('gate', jsonb_build_object('gate', 'g' || n), queue => case when n % 3 = 0 then 'other' else 'default' end) from generate_series(1, 20) n" >/dev/null

running() {
	query "select count(*) from tow_store.running r join tow_store.job j on j.id = r.job_id where j.kind = 'gate'"
}
ever() { # how many were ever started
	query "select (select count(*) from tow_store.running r join tow_store.job j on j.id = r.job_id where j.kind = 'gate') + (select count(*) from tow_store.history)
		- (select count(*) from tow_store.history h join tow_store.job j on j.id = h.job_id where j.kind = 'noop')"
}
at_gates() { # numbers of gates at which a handler waits
	find "$FAULTS_DIR" -name 'at.g*' | while read -r at; do
		[ -e "$FAULTS_DIR/gate.${at##*.}" ] || echo "${at##*.}"
	done
}
end_some() { # so many of those that run end, and are known to
	local done=$(($(query "select count(*) from tow.history where kind = 'gate'") + $1)) gate
	for gate in $(at_gates | head -n "$1"); do gate_open "$gate"; done
	wait_until "[ \"\$(query \"select count(*) from tow.history where kind = 'gate'\")\" -ge $done ]"
}
# Both workers claim, from both queues, again and again: what could be started is, afterwards.
claims_made() {
	local before
	before=$(query "select count(*) from tow.history where kind = 'noop'")
	for _ in 1 2; do
		enqueue "select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[10]), queue => q) from unnest('{default,other}'::text[]) q" >/dev/null
		before=$((before + 20))
		wait_until "[ \"\$(query \"select count(*) from tow.history where kind = 'noop'\")\" = $before ]"
	done
}
come_to() { # how many run, and are at their gates
	wait_until "[ \"\$(running)\" = $1 ] && [ \"\$(at_gates | wc -l)\" = $1 ]"
}

ok "six run" come_to 6
claims_made
is "$(running) of $(ever)" "6 of 6" "and no more"

query "select tow.set_kind('gate', 2)" >/dev/null
claims_made
is "$(running) of $(ever)" "6 of 6" "lowered: what runs goes on"
ok "three end" end_some 3
claims_made
is "$(running) of $(ever)" "3 of 6" "three are more than two: none is started"
ok "one ends" end_some 1
claims_made
is "$(running) of $(ever)" "2 of 6" "two are two: none is started"
ok "one ends" end_some 1
ok "and another is started" wait_until '[ "$(ever)" = 7 ]'
ok "two run" come_to 2
claims_made
is "$(running) of $(ever)" "2 of 7" "two"

query "select tow.set_kind('gate', 7)" >/dev/null
ok "raised: those that were held start, and nobody has to end for that" come_to 7
claims_made
is "$(running) of $(ever)" "7 of 12" "as many as it allows"
query "select tow.set_kind('gate', 1)" >/dev/null
query "select tow.set_kind('gate', 8)" >/dev/null
ok "lowered and raised again at once" come_to 8
query "select tow.set_kind('gate', 1), tow.pause_kind('gate')" >/dev/null
ok "eight end while it is paused" end_some 8
claims_made
is "$(running) of $(ever)" "0 of 13" "none is started"
query "select tow.resume_kind('gate')" >/dev/null
ok "resumed: one" come_to 1
claims_made
is "$(running) of $(ever)" "1 of 14" "by the limit that was set meanwhile"
query "select tow.set_kind('gate', reset => '{max_running}')" >/dev/null
ok "lifted: all the others start" come_to 7
query "select tow.set_kind('gate', 6)" >/dev/null
enqueue "select tow.enqueue('gate', '{\"gate\": \"g21\"}')" >/dev/null
claims_made
is "$(running) of $(ever)" "7 of 20" "a limit that comes while more run than it allows: they are counted"
ok "one ends" end_some 1
claims_made
is "$(running) of $(ever)" "6 of 20" "none is started"
ok "one ends" end_some 1
ok "and another is started" come_to 6
is "$(ever)" 21 "the last"

for gate in $(seq 21); do gate_open "g$gate"; done
ok "everything comes to its end" drained
accounted_for "every job completed once"
is "$(query 'select count(*) from tow_store.held')" 0 "nothing is held"
done_testing
