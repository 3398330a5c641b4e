#!/usr/bin/env bash
# tow why, move, bulk and fsck as people call them; and fsck --repair beside workers, verbs and a worker that is killed:
# as nothing is wrong, it finds nothing, and changes nothing.
# shellcheck disable=SC2016,SC2119,SC2317 # conditions of wait_until; a helper without its argument; called by exits
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/sessions.sh

instance_start
tow() { "$TOW" "$@"; }

# why
job=$(tow enqueue noop)
like "$(tow why "$job")" "job $job is ready"$'\n'"  no worker  no worker serves queue default"$'\n'" +-> tow worker --queue default" "tow why says the reason and what to do"
is "$(tow why --json "$job" | jq -r '.[].reason')" "no worker" "and for programs"
tow queue pause default >/dev/null
like "$(tow why "$job")" "queue paused .*-> tow queue resume default" "which is a command, at a shell"
like "$(tow why "$job" --json)" "select tow.resume\('default'\)" "and a call, for programs"
tow queue resume default >/dev/null
like "$(tow queue set default --policy none 2>&1)" "hint: tow policy ls lists them" "of an error, too"
late=$(tow enqueue noop --in '1 hour')
like "$(tow why "$late")" "not due +at 2.*, until then: in (5[0-9]|1 h)" "until when"
is "$(tow why -1 2>&1)" "tow: '-1' is not a job's number"$'\n'"hint: 'tow jobs' lists them" "a number below zero is no option"
next=$(tow enqueue noop)
like "$(tow why "$next")" "\[$job\]" "who is before it"
is "$(tow why "$next" --json | jq -c '.[] | select(.ids).ids[0]')" "$job" "ids are numbers, for programs"
exits 66 "no such job" tow why 999999999 2>/dev/null
exits 64 "an id that JSON would not read as a number" tow move "0$job" other 2>/dev/null

# move
is "$(tow move "$job" other)" "$job  ready" "tow move"
is "$(tow job --json "$job" | jq -r .queue)" other "to the other queue"
exits 66 "no such job" tow move 999999999 other 2>/dev/null
exits 64 "needs a queue" tow move "$job" 2>/dev/null

# bulk
like "$(tow bulk cancel --queue default 2>&1)" "2 jobs; nothing was done: --yes does it" "tow bulk: a dry run first"
is "$(tow state "$next" 2>/dev/null || tow job --json "$next" | jq -r .state)" ready "that did nothing"
is "$(tow bulk cancel --queue default --yes --json 2>/dev/null | jq -r '.[].done' | sort -u | head -n 1)" cancelled "and then does it"
is "$(tow bulk run-now --ids "$job" --yes --json | jq -r '.[0].done')" "not done: job $job is ready: it cannot be run now" "what cannot be done is said"
exits 65 "without a filter" tow bulk cancel 2>/dev/null
seq 3 | sed 's/.*/{}/' | tow enqueue noop --queue many --bulk >/dev/null
like "$(tow bulk cancel --queue many --limit 2 2>&1)" "2 jobs; nothing was done.*there may be more that match" "whether more match is said"
like "$(tow bulk cancel --queue many --limit 2 --yes 2>&1)" "there may be more.*call again" "of what was done, too"
unlike "$(tow bulk cancel --queue many --limit 2 --yes 2>&1)" "may be more" "and not where there are none"

# fsck
is "$(tow fsck)" "nothing is wrong" "tow fsck"
instance_psql -c "insert into tow_store.key values ('k', $next, 'l')"
exits 1 "something is wrong" tow fsck >/dev/null
like "$(tow fsck)" "stale key +$next" "it is told"
exits 0 "and put right" tow fsck --repair >/dev/null
is "$(tow fsck --json)" "[]" "it is gone"

# Beside everything that moves
scheduler_start
worker_start --queue default:4 --queue other:2 --queue many:1
first=$WORKER_PID
worker_start --queue default:2 --queue other:1 --queue many:1 # a retried job of theirs is also run when the first is dead
trouble=
rounds=0
for _ in 1 2 3 4 5 6 7 8; do # a slow machine has few rounds in one
	race 12 "2:select tow.enqueue('noop', key => 'k' || (random() * 20)::int, on_conflict => 'replace')" \
		"1:select tow.enqueue('noop', lane => 'l' || (random() * 3)::int)" \
		"1:select tow.enqueue('noop', run_at => tow.now() + random() * interval '200 ms', deadline => tow.now() + interval '300 ms')" \
		"1:with a as materialized (select tow.enqueue('noop') as id) select tow.enqueue('noop', after => array[id]) from a" \
		"1:select tow.retry(id) from tow.history order by random() limit 1" \
		"1:select tow.bulk('cancel', newer_than => '1 s', max_jobs => 3, dry_run => false)" >"$instance_dir/race.out" &
	racing=$!
	while kill -0 $racing 2>/dev/null; do
		# a key that a replacing job has locked is left behind, for the next who wants it: that is no trouble
		trouble+=$(tow fsck --repair --json | jq -c '.[] | select(.problem != "stale key")')
		rounds=$((rounds + 1))
		if [ $rounds = 5 ]; then kill -KILL "$first" && wait "$first"; fi 2>/dev/null
	done
	if [ $rounds -gt 5 ]; then break; fi
done
is "$trouble" "" "beside workers, verbs and a killed worker fsck finds nothing ($rounds times)"
ok "all jobs end" wait_until '[ "$(instance_psql -c "select count(*) from tow.jobs")" = 0 ]' 300 || instance_psql -c "select state, reason, kind, lane, count(*), min(id), max(id) from tow.jobs group by 1, 2, 3, 4" | sed 's/^/# /'
tow fsck --repair >/dev/null
is "$(tow fsck --json)" "[]" "and nothing is wrong in the end"
done_testing
