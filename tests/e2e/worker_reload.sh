#!/usr/bin/env bash
# SIGHUP: the worker reads its file again. Slots grow and shrink, kinds come, nothing that runs is dropped; a bad file
# changes nothing. Kinds that are functions in the database are known before anything is claimed, and all along.
# shellcheck disable=SC2034,SC2317 # what wait_until reads and calls
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
scheduler_start
config=$FAULTS_DIR/reload.ini
configure() { # lines of [worker]...
	{
		printf '[worker]\n'
		printf '%s\n' "$@"
		cat "$FAULTS_CONFIG"
	} >"$config"
}
reload() {
	reloads=$(grep -c 'worker.reloaded' "$log")
	kill -HUP "$worker"
	wait_until '[ "$(grep -c worker.reloaded "$log")" -gt "$reloads" ]'
}
queues() { query "select queues from tow.workers where pid = $worker"; }
slots() { wc -w <"/proc/$worker/task/$worker/children"; }

configure 'queue = default:1'
worker_start --config "$config"
worker=$WORKER_PID log=$WORKER_LOG
ok "it serves what its file says" wait_until '[ "$(queues)" = default:1 ]'
early=$(enqueue "select tow.enqueue('gate', '{\"gate\": \"early\"}')")
ok "a job runs" wait_until '[ -n "$(handlers early)" ]'
handler=$(handlers early)

#--- more

configure 'queue = default:3' 'queue = extra:2' '' '[exec second]' 'command = true'
reload
ok "slots and a queue more" wait_until '[ "$(queues)" = "default:3 extra:2" ]'
enqueue "select tow.enqueue('gate', '{\"gate\": \"wide\"}') from generate_series(1, 2)" "select tow.enqueue('gate', '{\"gate\": \"wide\"}', queue => 'extra') from generate_series(1, 2)" >/dev/null
ok "are used at once" wait_until '[ "$(handlers wide | wc -l)" = 4 ]'
ok "and what ran goes on" process_alive "$handler"
gate_open early
ok "to its end" wait_until "there_is \"select tow.state($early) = 'completed'\""
new=$(enqueue "select tow.enqueue('second')")
ok "a new kind runs" wait_until "there_is \"select tow.state($new) = 'completed'\""

#--- less

configure 'queue = default:1'
reload
ok "slots and a queue less" wait_until '[ "$(queues)" = default:1 ]'
is "$(query "select count(*) from tow.jobs where state = 'running'")" 4 "what runs there runs on"
gate_open wide
ok "to its end" drained
ok "then there is one slot" wait_until '[ "$(slots)" = 1 ]'
left=$(enqueue "select tow.enqueue('noop', queue => 'extra')")
enqueue "select tow.enqueue('noop')" >/dev/null
ok "it runs the jobs of its queue" wait_until 'there_is "select count(*) = 1 from tow.jobs"'
is "$(query "select tow.state($left)")" ready "and leaves those of the other"
is "$(query "select count(*) from tow.attempts where outcome <> 'completed'")" 0 "nobody was tried twice"
query "select tow.cancel($left)" >/dev/null

#--- a bad file

configure 'queue = default:2' 'grace = soon'
kill -HUP "$worker"
ok "a bad file is refused" wait_until 'grep -q reload.refused "$log"'
like "$(grep reload.refused "$log")" "soon" "it says why"
mistaken() { "$TOW" status --json | jq -r '.[] | select(.detail | contains("its file was refused")) | .component + ": " + .detail + " " + .hint'; }
ok "and the status has it" wait_until '[[ $(mistaken) == "worker "*"line 3: "*"kill -HUP $worker"* ]]' || diag "$(mistaken)"
like "$("$TOW" workers)" "its file was refused.*line 3" "and the list of workers"
unlike "$(mistaken)" "soon" "but not what stands in the file, which may be a secret"
configure 'queue = default:1' 'grace = 20s'
reload
like "$(grep worker.reloaded "$log" | tail -1)" "changed='grace'" "a good one says what it changes"
ok "and the status forgets" wait_until '[ -z "$(mistaken)" ]'
reload
like "$(grep worker.reloaded "$log" | tail -1)" "changed='nothing'" "or that nothing does"
audited() { "$TOW" audit --what worker --json | jq -r '[.[] | select(.what | startswith("worker.reload")) | .what] | .[:3] | join(" ")'; }
ok "the audit has all" wait_until '[ "$(audited)" = "worker.reloaded worker.reloaded worker.reload_refused" ]' || diag "$(audited)"
# What only looks harmless: an empty section, one that is there twice, a queue that nobody meant.
refused() { # what it says, and the lines
	local refusals said=$1
	refusals=$(grep -c reload.refused "$log")
	shift
	configure "$@"
	kill -HUP "$worker"
	wait_until '[ "$(grep -c reload.refused "$log")" -gt "$refusals" ]'
	like "$(grep reload.refused "$log" | tail -1)" "$said.*hint=" "$said"
	exits 78 "nor does a worker start with it" "$TOW" worker --config "$config" 2>/dev/null
}
refused 'line 3: \[exec x\] does not say .*command' 'queue = default:2' '[exec x]'
refused 'line 5: \[exec y\] is there already, in line 3' 'queue = default:2' '[exec y]' 'command = true' '[exec y]' 'command = false'
refused 'line 2: .*no number of slots' 'queue = default:lots'
refused 'line 3: bad kind .*a b' 'queue = default:2' '[exec a b]' 'command = true'
refused 'line 4: .*bad url .*nothing' 'queue = default:2' '[http z]' 'url = nothing'
is "$(queues)" default:1 "it serves what it did"
enqueue "select tow.enqueue('noop')" >/dev/null
ok "and runs jobs" drained

#--- --check

check() {
	configure 'queue = default:2' '[exec x]' "command = $1" "cwd = $FAULTS_DIR"
	"$TOW" worker --config "$config" --check 2>&1
}
exits 0 "--check finds nothing wrong" check 'true --fast'
exits 0 "what only the shell can tell is left to it" check '"$HOME"/none --fast'
like "$(check '/nonexistent/prog --fast')" "\[exec x\]: there is no program '/nonexistent/prog'" "a program that is not there is missed"
like "$(check prog_that_is_none)" "there is no program 'prog_that_is_none'" "wherever it is looked for"
printf '#!/bin/sh\n' >"$FAULTS_DIR/prog"
exits 78 "and one that cannot be run" check ./prog >/dev/null
chmod +x "$FAULTS_DIR/prog"
exits 0 "until it can" check ./prog

configure 'queue = default:2' 'builtin = noop' '[exec x]' 'command = true'
is "$("$TOW" worker --config "$config" --check)" "queues: default:2
builtin: noop
exec: count gate x
http:
$config: 4 kinds, 1 queue: right" "it prints queues and kinds, and that all is right"

#--- fewer kinds of the program

reload
ok "a kind of the program that the file does not name is not run" wait_until "there_is \"select 'noop' = any(kinds) and 'spin' <> all(kinds) from tow.workers where pid = $worker\""

#--- kinds that are functions in the database

query "create function public.answer(args jsonb) returns jsonb language sql security definer as 'select args';
	select tow.sql_kind('answer', 'public.answer(jsonb)')" >/dev/null
configure 'queue = default:1'
reload
ok "a function that was registered is a kind" wait_until "there_is \"select 'answer' = any(kinds) from tow.workers where pid = $worker\""
for n in 1 2 3 4 5 6; do
	enqueue "select tow.enqueue_many('answer', array_fill('{}'::jsonb, array[50]))" >/dev/null
	configure 'queue = default:1' '' "[exec kind$n]" 'command = true'
	reload
done
ok "its jobs run, however often the file is read" drained
process_stop "$worker"
enqueue "select tow.enqueue_many('answer', array_fill('{}'::jsonb, array[50]))" >/dev/null
worker_start --config "$config"
ok "and with a new worker" drained
is "$(query "select count(*) from tow.history where kind = 'answer' and state = 'completed'")" 350 "all of them"
is "$(query "select count(*) from tow_store.band where kind is not null")" 0 "none came back as of an unknown kind"
accounted_for "every job ended once"
[ "$tap_failed" = 0 ] || shown "$log"
done_testing
