#!/usr/bin/env bash
# The commands that look at jobs and move them: jobs, job, log, history, audit, cancel, retry, run-now, snooze, reprioritise,
# redrive.
# shellcheck disable=SC2119,SC2317 # a helper without its argument; functions called by ok and exits
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start
tow() { "$TOW" "$@"; }
state() { instance_psql -c "select tow.state($1)"; }
n() { tow "$@" --json | jq length; }

a=$(tow enqueue mail '{"to": "x"}' --queue bulk --tags vip,new --key k:1)
b=$(tow enqueue noop)
c=$(tow enqueue noop --in '1 hour')

# Lists
is "$(n jobs)" 3 "jobs: all that live"
is "$(tow jobs --json | jq -c 'map(.id)')" "[$c,$b,$a]" "the newest first"
is "$(tow jobs --state scheduled --json | jq -c 'map(.id)')" "[$c]" "by state"
is "$(tow jobs --queue bulk --json | jq -c '.[0] | [.id, .kind, .queue, .priority, .args, .tags, .key, .worker]')" \
	"[$a,\"mail\",\"bulk\",100,{\"to\":\"x\"},[\"vip\",\"new\"],\"k:1\",null]" "numbers, JSON, arrays and null are what they are"
is "$(n jobs --kind noop) $(n jobs --tag vip) $(n jobs --key k:1) $(n jobs --limit 2) $(n jobs --before "$b")" "2 1 1 2 1" "by kind, tag, key, limit, page"
for said in "$(tow jobs --state runing 2>&1)" "$(tow jobs --state ready,runing 2>&1)"; do
	like "$said" "bad state 'runing'"$'\n'"hint: did you mean 'running'\? " "a state's name that slipped"
done
like "$(tow jobs --state faild 2>&1)" "did you mean 'failed'" "one that is finished"
like "$(tow history --state faild 2>&1)" "did you mean 'failed'" "also among what is past"
like "$(tow jobs --json | jq -r '.[0].run_at')" '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+[+-][0-9]{2}:[0-9]{2}$' "times in full"
out=$(tow jobs)
like "$out" "^ID  STATE " "for people a table"
like "$out" "in 59 min" "with times they understand"
unlike "$out" $'\e' "without colour in a pipe"
instance_psql -c "select tow.enqueue('noop', jsonb_build_object('t', repeat('x', 300)))" >/dev/null
like "$(tow jobs)" "x{300}" "nothing is cut in a pipe"
if command -v script >/dev/null; then
	on_terminal() { script -qec "stty cols 60; $*" /dev/null </dev/null | tr -d '\r'; }
	out=$(on_terminal env TERM=xterm "$TOW" jobs)
	like "$out" $'\e\\[1m' "with colour on a terminal"
	ok "where lines are cut to its width" test "$(echo "$out" | sed 's/\x1b\[[0-9;]*m//g' | LC_ALL=C.UTF-8 wc -L)" -le 60
	unlike "$(on_terminal env TERM=xterm NO_COLOR=1 "$TOW" jobs)" $'\e' "but for NO_COLOR"
	like "$(on_terminal env TERM=dumb "$TOW" jobs --key nobody)" "'tow history' has those that have ended" "an empty list says where to look"
else
	skip "there is no script(1) to give a terminal"
fi
exits 65 "a state that is none" tow jobs --state nonsense 2>/dev/null
is "$(tow jobs --queue nowhere --json)" "[]" "none is none"
tow cancel $((c + 1)) >/dev/null

# Of several states, of a worker, and of a time
is "$(tow jobs --state scheduled,cancelled,completed --json | jq -c 'map([.id, .state])')" "[[$((c + 1)),\"cancelled\"],[$c,\"scheduled\"]]" "several states in one list"
is "$(tow jobs --state 'ready, scheduled' --limit 1 --after "$(tow jobs --state ready,scheduled --limit 1 --json | jq -r '.[0].cursor')" --json | jq -c 'map(.id)')" "[$b]" "page by page"
is "$(n jobs --state cancelled,failed --since '1 hour') $(n jobs --state cancelled --since '1 day' --until '1 hour') $(n jobs --state ready,scheduled --until '1 hour')" "1 0 0" "since and until"
instance_psql -c "select tow.attach('w1', 'here', 1, '0', '{default}', '{1}', '{noop}', '15 s')" >/dev/null
is "$(n jobs --worker w1) $(n jobs --worker 1)" "0 0" "a worker that has done nothing, by name and by id"
exits 66 "a worker that there is none" tow jobs --worker nobody 2>/dev/null
exits 65 "no worker has what is ready" tow jobs --state ready,running --worker w1 2>/dev/null
exits 64 "to follow several states" tow jobs --state ready,failed --follow 2>/dev/null
exits 64 "--after where ids say it" tow jobs --after x 2>/dev/null

# Verbs
is "$(tow snooze --for '1 hour' "$b" --json | jq -r '.[0].run_at' | grep -c T)" 1 "snooze says until when"
is "$(state "$b")" scheduled "and does it"
is "$(tow run-now "$b" "$c")" "$b  ready"$'\n'"$c  ready" "run-now, two at once"
is "$(tow reprioritise --to 7 "$b")" "$b  ready" "reprioritise"
is "$(tow jobs --json | jq ".[] | select(.id == $b).priority")" 7 "and does it"
said=$(tow cancel "$b" 999 nonsense "$c" 2>&1)
is $? 66 "the first refusal decides the exit status"
like "$said" "no such job: 999" "each is named"
like "$said" "'nonsense' is not a job's number" "a word is no number"
is "$(state "$b") $(state "$c")" "cancelled cancelled" "the others are still done"
exits 65 "cancel what has finished" tow cancel "$b" 2>/dev/null
exits 65 "run-now what waits for no instant" tow run-now "$a" 2>/dev/null
exits 64 "snooze for how long?" tow snooze "$a" 2>/dev/null
exits 64 "cancel what?" tow cancel 2>/dev/null
is "$(tow retry "$b")" "$b  ready" "retry"
is "$(tow cancel --reason 'no more' "$b" --json)" "[{\"id\": $b, \"state\": \"cancelled\"}]" "as JSON"

# A job's page
worker_start --queue default:2
f=$(tow enqueue fail '{"times": 1, "message": "it \u001b[31mwent wrong"}' --policy quick)
ok "a job that fails once" wait_until "[ \"\$(state $f)\" = completed ]"
page=$(tow job "$f")
like "$page" "^job $f  fail  completed" "job: its state"
like "$page" "attempt +2 of" "its attempt"
like "$page" "1  [0-9:.]+  retried .*went wrong" "its attempts with their errors"
unlike "$page" $'\e' "nothing of it moves the cursor"
is "$(tow job "$f" --json | jq '.attempts | length')" 2 "as JSON"
like "$(tow job "$b")" "error +no more" "why it was cancelled"
like "$(tow job "$b")" "job.cancelled" "and what people did"
exits 66 "no such job" tow job 999 2>/dev/null
exits 64 "no number" tow job seven 2>/dev/null

# What is very long is cut, but not for programs
long=$(jq -nc '{"text": ("é" * 100000)}' | tow enqueue echo -)
ok "a job with much to say" wait_until "[ \"\$(state $long)\" = completed ]"
page=$(tow job "$long")
ok "no line of its page is long" test "$(awk '{ most = length($0) > most ? length($0) : most } END { print most }' <<<"$page")" -lt 2200
like "$page" "args +\\{\"text\": \"é+ \\.\\.\\. 2000[0-9]+ bytes, --json has all" "the arguments' beginning"
like "$page" "result +\\{\"text\": \"é+ \\.\\.\\. 2000[0-9]+ bytes, --json has all" "the result's"
is "$(tow job "$long" --json | jq '[.args.text, .result.text] | map(length)' -c)" "[100000,100000]" "all of it as JSON"

like "$(tow bulk cancel --ids "$(tow enqueue noop --in "1 day")" 2>&1)" "1 job; nothing was done" "one job is no jobs"

# Its log
e=$(tow enqueue echo '{"one": 1, "two": 2}')
ok "a job that logs" wait_until "[ \"\$(state $e)\" = completed ] && [ \"\$(tow log $e | wc -l)\" -ge 2 ]"
like "$(tow log "$e")" "info +.*one" "log"
is "$(tow log "$e" --json | jq -s 'map(.level) | unique | .[0]')" '"info"' "as JSON, a line an object"
is "$(tow job "$e" --log)" "$(tow log "$e")" "job --log is the same"
exits 0 "log --follow of a finished job ends" timeout 120 "$TOW" log --follow "$e" >/dev/null
exits 66 "the log of no job" tow log 999 2>/dev/null
instance_psql -c "insert into tow_store.log (job_id, run, at, level, line) select $e, r.run, now(), 'i', 'line ' || n from tow.job($e) r, generate_series(1, 200) n"
like "$(tow job "$e")" "log, the newest 200 of $(tow log "$e" | wc -l)" "of a long one job shows the end, and says so"

# What finished
is "$(tow history --json | jq "[.[] | select(.id == $f or .id == $e)] | length")" 2 "history"
g=$(tow enqueue fail '{"times": 9, "class": "http.503"}' --max-attempts 1 --queue default)
ok "a job that fails" wait_until "[ \"\$(state $g)\" = failed ]"
is "$(tow history --failed --json | jq -c 'map(.id)')" "[$g]" "history --failed"
exits 64 "not with a state" tow history --failed --state cancelled 2>/dev/null
exits 64 "--since is for finished jobs" tow jobs --since '1 day' 2>/dev/null
exits 64 "--before is for live ones" tow jobs --state failed --before "$g" 2>/dev/null
is "$(n history --class http.5) $(n history --class timeout)" "1 0" "by class"
is "$(tow jobs --state failed --json | jq -c 'map(.id)')" "[$g]" "jobs --state failed asks history too"
process_stop "$WORKER_PID"
is "$(tow redrive --dry-run --json)" '{"jobs": 1, "of": 1, "more": false, "refused": 0, "dry_run": true}' "redrive --dry-run"
is "$(state "$g")" failed "changes nothing"
exits 64 "without a filter it asks for --all" tow redrive 2>/dev/null
exits 64 "a limit is none" tow redrive --limit 5 2>/dev/null
exits 64 "not both" tow redrive --all --queue default 2>/dev/null
is "$(state "$g")" failed "nothing was done"
is "$(tow redrive --class http.5)" "1 run again" "redrive"
is "$(tow redrive --all)" "0 run again" "each once"
is "$(tow jobs --state failed --json | jq -c 'map(.id)')" "[]" "what was put back has not failed"
is "$(tow history --failed --json | jq -c 'map(.id)')" "[$g]" "it did once"
like "$(tow history --failed)" "PUT BACK.*yes.*$" "which history marks"
is "$(tow audit --job "$b" --json | jq -r 'map(.what) | unique | join(" ")')" \
	"job.cancelled job.enqueued job.reprioritised job.retried job.run_now job.snoozed" "audit: all that was done to a job"
like "$(tow audit --what redrive)" "redrive" "by deed"
is "$(tow forget "$b")" "$b  forgotten" "forget"
exits 66 "it is no more" tow job "$b" 2>/dev/null
exits 65 "forget what has not finished" tow forget "$(tow enqueue noop --in '1 hour')" 2>/dev/null

# Following
worker_start --queue default:2
"$TOW" jobs --follow --json >"$instance_dir/follow" &
follower=$!
ok "it shows what is there" wait_until "grep -q '\"id\": $a' '$instance_dir/follow'"
h=$(tow enqueue sleep '{"s": 6}')
ok "and what comes" wait_until "grep -q '\"id\": $h, \"state\": \"running\"' '$instance_dir/follow'"
ok "and what becomes of it" wait_until "grep -q '\"id\": $h, \"state\": \"completed\"' '$instance_dir/follow'"
kill -INT $follower
wait $follower
is $? 0 "an interrupt is a good end"

# Whose keys are taken stand before another
ended=()
for key in one two; do
	ended+=("$(tow enqueue fail '{"class": "taken"}' --max-attempts 1 --key "$key" --queue default)")
	ok "one with a key fails" wait_until "[ \"\$(state ${ended[-1]})\" = failed ]" 120
	tow enqueue noop --in '1 hour' --key "$key" >/dev/null
done
last=$(tow enqueue fail '{"class": "taken"}' --max-attempts 1 --queue default)
ok "and one without" wait_until "[ \"\$(state $last)\" = failed ]" 120
process_stop "$WORKER_PID"
is "$(tow redrive --class taken --limit 1 --json 2>/dev/null)" '{"jobs": 1, "dry_run": false}' "they are passed over"
is "$(state "$last")" ready "for the one behind them"
is "$(tow redrive --class taken)" "0 run again"$'\n'"2 could not: other jobs have their keys, or a daemon goes on by itself" "and it says how many they are"
is "$(tow redrive --class taken --dry-run)" "0 would run again"$'\n'"2 could not: other jobs have their keys, or a daemon goes on by itself" "beforehand, too"
is "$(tow redrive --class taken --json)" '{"jobs": 0, "refused": 2, "dry_run": false}' "for programs, too"
tow cancel "$last" >/dev/null
tow forget "${ended[@]}" >/dev/null
worker_start --queue default:2

# Many
instance_psql -c "select count(*) from tow.enqueue_many('fail', array_fill('{}'::jsonb, array[12000]), max_attempts => 1)" >/dev/null
ok "thousands fail" wait_until '[ "$("$TOW" redrive --kind fail --dry-run --json | jq .of)" = 12001 ]' 300
process_stop "$WORKER_PID"
is "$(tow redrive --kind fail --dry-run)" "1000 of 12001 would run again: --limit says how many, or call again for the others" "a dry run says how many there are"
is "$(tow redrive --kind fail --limit 11500 2>"$instance_dir/more")" "11500 run again" "more than one transaction takes"
like "$(<"$instance_dir/more")" "there may be more" "it says that there may be others"
is "$(tow redrive --all)" "501 run again" "--all is the rest"
done_testing
