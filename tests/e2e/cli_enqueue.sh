#!/usr/bin/env bash
# tow enqueue: one job, many, and waiting for the end.
# shellcheck disable=SC2119,SC2317 # a helper without its argument; functions called by ok and exits
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start
tow() { "$TOW" "$@"; }
facts() { instance_psql -c "select $1 from tow.jobs where id = $2"; }

# One
is "$(tow enqueue noop)" 1 "it prints the job's number"
is "$(tow enqueue noop --json)" '{"id": 2}' "as JSON if asked"
is "$(tow audit --what job.enqueued --json | jq -r '.[0] | "\(.who) \(.subject) \(.job)"')" "$(id -un)@$(uname -n) noop 2" "and the audit has who it was"
id=$(tow enqueue noop --database "$(instance_url)&application_name=mine")
is "$(tow audit --what job.enqueued --json | jq "[.[] | select(.job == $id)] | length")" 1 "also where the address gives the session another name"
is "$(facts args 1)" '{}' "without arguments they are {}"
id=$(tow enqueue mail '{"to": "é"}' --queue bulk --priority 3 --max-attempts 5 --tags 'a,b "c"' --policy quick)
is "$(facts 'args, queue, priority, max_attempts, tags' "$id")" '{"to": "é"}|bulk|3|5|{a,"b \"c\""}' "every option arrives"
id=$(echo '[1, 2]' | tow enqueue noop -)
is "$(facts args "$id")" '[1, 2]' "- reads standard input"
id=$(tow enqueue noop --in '1 hour')
is "$(facts "state, run_at - created_at > '59 min'" "$id")" 'scheduled|t' "--in"
id=$(tow enqueue noop --in 90s)
is "$(facts "run_at - created_at between '60 s' and '91 s'" "$id")" t "90s is a delay too"
id=$(tow enqueue noop --run-at '2100-01-01 00:00+00')
is "$(facts "run_at = '2100-01-01 00:00+00'" "$id")" t "--run-at"
first=$(tow enqueue noop --key k)
is "$(tow enqueue noop --key k)" "$first" "a key that is taken: the other's number"
isnt "$(tow enqueue noop --key k --on-conflict replace)" "$first" "or another job, if asked"
is "$(tow audit --what job.enqueued --json | jq "[.[] | select(.job == $first)] | length")" 1 "who was given another's number is not said to have made it"

# What is refused
refused() { # status words... : sets $said
	local wanted=$1
	shift
	said=$(tow "$@" 2>&1)
	is $? "$wanted" "refused with $wanted: tow $*"
}
refused 64 enqueue
refused 64 enqueue noop '{}' more
refused 64 enqueue noop --nonsense
like "$said" "no such option: '--nonsense'"$'\n'"hint: see 'tow enqueue --help'" "it says which, and where to look"
refused 64 enqueue noop --queue
refused 64 enqueue noop --json=yes
refused 64 enqueue noop --in 1h --run-at tomorrow
refused 65 enqueue noop '{'
like "$said" "no JSON" "bad JSON is found before it is sent"
refused 65 enqueue noop --priority -1
like "$said" "bad priority -1"$'\n'"hint: use 0 to" "the database's own words and hint"
refused 64 enqueue noop --in '-1 hour'
is "$said" "tow: a delay of '-1 hour' lies in the past"$'\n'"hint: use one that is not negative, for instance '1 hour'" "what shall come later is not done at once"
refused 64 enqueue noop --in nonsense
is "$said" "tow: --in takes a length of time, not 'nonsense'"$'\n'"hint: for instance: --in '1 hour 30 min'" "an option whose value PostgreSQL cannot read is named, in plain words"
refused 64 enqueue noop --run-at 2030-13-45
like "$said" "^tow: --run-at takes an instant, not '2030-13-45'"$'\n'"hint: for instance" "an instant that there is none, too"
refused 64 enqueue noop --priority 99999999999
like "$said" "^tow: --priority: '99999999999' is too large" "and a number that is too large"
refused 64 enqueue noop --timeout '9999999999 hours'
like "$said" "^tow: --timeout: '9999999999 hours' is too large" "or a time"
refused 64 enqueue noop --in '300000 years'
like "$said" "^tow: a time that was given lies too far away" "or too far"
refused 64 policy set p --shape list --delays '1 min,foo'
like "$said" "^tow: --delays takes lengths of time, not '1 min,foo'" "or one of a list"
refused 64 enqueue noop --priority high
like "$said" "--priority takes a whole number, not 'high'" "a number is read here"
refused 64 enqueue
like "$said" "needs a word more: KIND" "the missing word is named"
refused 64 lane set q
like "$said" "needs a word more: LANE" "a verb's, too"
refused 64 lane set q l more
like "$said" "'tow lane set' does not know what to do with 'more'" "and one too many"
refused 64 enqueue noop --quue x
like "$said" "did you mean '--queue'" "a suggestion for an option"
refused 64 lane st
like "$said" "did you mean 'tow lane set'" "and for a verb"
refused 65 enqueue 'no kind!'
refused 65 enqueue noop --key k --on-conflict error
refused 64 enqueue noop --on-conflict error
refused 64 enqueue noop --key-scope live
refused 64 enqueue noop --after ''
refused 66 enqueue noop --policy nowhere
refused 69 enqueue noop --database 'postgresql:///tow?host=/nowhere'
unlike "$(tow enqueue noop --database 'postgresql://u:hidden@/tow?host=/nowhere' 2>&1)" hidden "a password is not told"

# Many
is "$(seq 2500 | sed 's/.*/{"n": &}/' | tow enqueue many --bulk | sort -n | uniq | wc -l)" 2500 "--bulk: a job a line"
is "$(instance_psql -c "select sum((args->>'n')::int) from tow.jobs where kind = 'many'")" $((2500 * 2501 / 2)) "each with its arguments"
printf '%s\n' '{"t": "a\"b\\c,{}"}' 'null' '[]' | tow enqueue odd --bulk >/dev/null
is "$(instance_psql -c "select string_agg(args::text, ' ' order by id) from tow.jobs where kind = 'odd'")" \
	'{"t": "a\"b\\c,{}"} null []' "quotes and backslashes survive"
said=$(printf '%s\n' 1 2 nonsense 4 | tow enqueue partly --bulk 2>&1 >/dev/null)
is $? 65 "a bad line is refused"
like "$said" "line 3 is not JSON" "by its number"
is "$(instance_psql -c "select count(*) from tow.jobs where kind = 'partly'")" 2 "what came before is enqueued"
like "$said" "^tow: 2 jobs were enqueued, go on with line 3: line 3 is not JSON" "and it says where to go on"
said=$({ seq 2500 && echo bad; } | tow enqueue far --bulk 2>&1 >"$instance_dir/far")
like "$said" "2500 jobs were enqueued, go on with line 2501" "over several transactions, too"
is "$(wc -l <"$instance_dir/far")" 2500 "and their numbers are printed"
said=$(seq 5 | tow enqueue 'no kind!' --bulk 2>&1)
like "$said" "nothing was enqueued: lines 1 to 5: " "or that nothing was"
said=$({ seq 2500 && echo bad; } | tow enqueue whole --bulk --atomic 2>&1)
is $? 65 "--atomic: a bad line at the end is refused"
like "$said" "^tow: nothing was enqueued: line 2501 is not JSON" "and with it all"
is "$(instance_psql -c "select count(*) from tow.jobs where kind = 'whole'")" 0 "none is there"
is "$(seq 2500 | tow enqueue whole --bulk --atomic | wc -l)" 2500 "--atomic: good lines are enqueued"
is "$(instance_psql -c "select count(distinct xmin::text) from tow_store.job where kind = 'whole'")" 1 "in one transaction"
refused 64 enqueue noop --atomic
is "$(tow enqueue none --bulk </dev/null)" "" "nothing is nothing"
refused 64 enqueue noop --bulk --wait

# A key that another job has
held=$(tow enqueue noop --key held --in '1 hour' 2>/dev/null)
is "$(tow enqueue noop --key held 2>&1 >/dev/null | head -1)" "not enqueued: job $held has the key" "that no job was made is said"
is "$(tow enqueue noop --key held --on-conflict reschedule --in '2 hours' 2>&1 >/dev/null | head -1)" "not enqueued: job $held has the key, and was moved" "and what was done instead"
is "$(tow enqueue noop --key held --json)" "{\"id\": $held, \"made\": false}" "--json has it"
like "$(tow enqueue noop --key held --on-conflict replace --json)" '^\{"id": [0-9]+, "made": true\}$' "and that one was made"
is "$(tow enqueue noop --key held --quiet 2>&1 >/dev/null)" "" "--quiet"

# A note about what looks like a slip, and no more than a note
notes() { { "$TOW" "$@" >/dev/null; } 2>&1 | sed "/^hint: /d"; }
is "$(notes enqueue noop)" "tow: warning: no worker is running" "enqueue says that nobody is there"
is "$(tow enqueue noop 2>&1 >/dev/null | tail -1)" "hint: the job waits until there is one" "and that it waits"
worker_start --queue default:2 --queue orders:1 --grace 1s
ok "the worker is there" wait_until '[ "$(instance_psql -c "select count(*) from tow.workers")" = 1 ]'
is "$(notes enqueue noop)" "" "then there is nothing to say"
is "$(notes enqueue ecoh)" "tow: warning: no live worker knows kind 'ecoh', did you mean 'echo'?" "a kind that nobody knows"
is "$(notes enqueue noop --queue ordrs)" "tow: warning: no live worker serves queue 'ordrs', did you mean 'orders'?" "a queue that nobody serves"
is "$(seq 3 | notes enqueue ecoh --bulk)" "tow: warning: no live worker knows kind 'ecoh', did you mean 'echo'?" "--bulk says it once"
is "$(notes enqueue quite-another)" "tow: warning: no live worker knows kind 'quite-another'" "without a guess when nothing is near"
like "$(tow enqueue ecoh 2>&1)" "^[0-9]+"$'\n'"tow: warning: no live" "after the number"
exits 0 "it is no error" tow enqueue ecoh >/dev/null 2>&1
is "$(notes enqueue ecoh --quiet)" "" "--quiet"
is "$(notes enqueue ecoh --json)" "" "nor with --json"
is "$(notes schedule add s @daily nop --queue ordrz)" \
	"tow: warning: no live worker knows kind 'nop', did you mean 'noop'?; no live worker serves queue 'ordrz', did you mean 'orders'?" "schedule add, of both"
is "$(notes schedule set s --kind noop)" "" "schedule set asks of what is set"
is "$(notes schedule set s --kind nope)" "tow: warning: no live worker knows kind 'nope', did you mean 'noop'?" "and says so"
is "$(notes daemon add d ecoh)" "tow: warning: no live worker knows kind 'ecoh', did you mean 'echo'?" "daemon add"
is "$(notes kind pause nosuch)" "tow: warning: no live worker knows kind 'nosuch'" "kind pause"
is "$(notes kind set nosuch --max-running 3 --quiet)" "" "kind set, --quiet"
like "$(notes kind set nosuch --max-running 3)" "kind 'nosuch'" "kind set"
is "$(notes jobs --queue orderz)" "tow: note: there is no queue 'orderz', did you mean 'orders'?" "jobs of a queue that there is none"
is "$(notes jobs --kind nop --state failed)" "tow: note: no live worker knows kind 'nop', did you mean 'noop'?" "and of a kind"
is "$(notes jobs --kind nop --queue nowhere-near --state failed,running)" \
	"tow: note: there is no queue 'nowhere-near'; no live worker knows kind 'nop', did you mean 'noop'?" "of both"
is "$(notes history --queue orderz)$(notes jobs --queue orders)$(notes jobs --kind ecoh)$(notes jobs --queue orderz --json)" \
	"tow: note: there is no queue 'orderz', did you mean 'orders'?" "history, too; nothing where there are some, or the queue is empty, or with --json"
exits 0 "it is no error either" tow jobs --queue orderz >/dev/null 2>&1
like "$(tow jobs --worker nobdy 2>&1)" "no worker 'nobdy'"$'\n'"hint: a worker is named" "a worker that nobody has heard of is one"
instance_psql -c "create role shop" -c "select tow.grant_queue('orders', 'shop')" -c "create role other login" -c "grant tow_producer to other"
is "$(instance_psql -c "set role other" -c "select tow.unserved('noop', 'ordrs')")" \
	"no live worker serves queue 'ordrs'" "a queue that is not for the caller is not suggested"

# Waiting
is "$(tow enqueue echo '{"a": [1]}' --wait 2>/dev/null | jq -c .)" '{"a":[1]}' "--wait prints the result, and nothing else"
like "$(tow enqueue echo --wait 2>&1 >/dev/null)" '^[0-9]+$' "its number is on standard error"
exits 0 "and ends as the job did: completed" tow enqueue noop --wait >/dev/null
said=$(tow enqueue fail '{"times": 9}' --max-attempts 1 --wait 2>&1 >/dev/null)
is $? 1 "failed"
like "$said" "failed: " "with the error on standard error"
like "$(tow enqueue echo '{"b": 2}' --wait --json)" '^\{"id": [0-9]+, "state": "completed", .*"result": \{"b": 2\}\}$' "as JSON"
"$TOW" enqueue sleep '{"s": 60}' --key long --wait >"$instance_dir/wait" 2>&1 &
waiter=$!
ok "the job runs" wait_until '[ "$(instance_psql -c "select count(*) from tow.jobs where key = '"'long'"' and state = '"'running'"'")" = 1 ]'
ok "its number is said" wait_until "[ -s '$instance_dir/wait' ]" # the job may run before
tow cancel "$(head -1 "$instance_dir/wait")" >/dev/null
wait $waiter
is $? 2 "cancelled"
"$TOW" enqueue sleep '{"s": 60}' --wait >"$instance_dir/interrupted" 2>&1 &
waiter=$!
ok "another" wait_until "[ -s '$instance_dir/interrupted' ]"
kill -TERM $waiter
wait $waiter
is $? 75 "an interrupt ends the waiting"
id=$(head -1 "$instance_dir/interrupted")
like "$(instance_psql -c "select tow.state($id)")" "ready|running" "not the job"

# The bar, which only a terminal sees
if command -v script >/dev/null; then
	# who is held up while the job runs sees nothing of that
	bar_shown() {
		script -qec "'$TOW' enqueue sleep '{\"s\": 2}' --wait" "$instance_dir/typescript" >/dev/null </dev/null
		tr '\r' '\n' <"$instance_dir/typescript" | grep -qE "running +\[#*\.*\] +[0-9]+ %"
	}
	ok "a progress bar on a terminal" wait_until bar_shown 60
else
	skip "there is no script(1) to give a terminal"
fi
done_testing
