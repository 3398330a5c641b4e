#!/usr/bin/env bash
# contrib/tour.sh [--show]: everything that the tour in README.md shows, done and checked on a private instance in a
# folder of its own, in a copy of this tree (the tour adds a kind). TOW names the program (build/tow).
#
# Prints TAP; with --show what was typed and what came, as it stands in the README. At the end every command of the
# README must have been typed here; numbers may differ.
set -u
cd "$(dirname "$0")/.." || exit 1
root=$PWD
export TOW_BUILD=${TOW_BUILD:-build}
TOW=$(realpath -m "${TOW:-$TOW_BUILD/tow}")
. tests/lib/tap.sh
show=''
[ "${1:-}" != --show ] || show=1
[ -z "$show" ] || exec {tap_out}>/dev/null
[ -x "$TOW" ] || {
	echo "tour: there is no $TOW: run make first" >&2
	exit 69
}
unset DATABASE_URL "${!PG@}" "${!MAKE@}"

dir=$(mktemp -d /tmp/tow-tour.XXXXXX)
chmod 711 "$dir"
export TOW_HOME=$dir/home LC_ALL=C.UTF-8 COLUMNS=100 PATH=$dir/bin:$PATH
typed=$dir/typed
pids=()

#--- the stage

alive() {
	local stat
	read -r stat <"/proc/$1/stat" && [[ ${stat##*) } != [ZX]* ]]
} 2>/dev/null

stop() { # pid
	local end=$((SECONDS + 30))
	kill -TERM "$1" 2>/dev/null
	while alive "$1"; do
		[ $SECONDS -lt $end ] || kill -KILL "$1" 2>/dev/null
		sleep 0.05
	done
}

# A child that is told to end before it has become another program must not clean up in our place.
# shellcheck disable=SC2317,SC2329
finish() {
	local status=$? i
	[ "$BASHPID" = $$ ] || exit "$status"
	trap - EXIT
	for ((i = ${#pids[@]} - 1; i >= 0; i--)); do stop "${pids[i]}"; done
	"$TOW" db destroy --yes --force >/dev/null 2>&1
	cd / && rm -rf "$dir"
	exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

numberless() {
	sed -E 's/[0-9]+/N/g'
}

say() { # prompt command
	printf '%s%s\n' "$1" "$2" >>"$typed"
	[ -z "$show" ] || printf '%s%s\n' "$1" "$2"
}

came() {
	[ -z "$show" ] || [ -z "$OUT" ] || printf '%s\n' "$OUT"
}

# What a reader types in a shell: OUT is what it printed, STATUS its exit status.
shell() { # what the README says [what is run instead]
	say '$ ' "$1"
	OUT=$(bash -c "${2:-$1}" 2>&1)
	STATUS=$?
	came
}

# The same again until it prints what it should: what it tells of may just be changing.
shell_until() { # what the README says, regular expression, description
	WANTED=$2 shell "$1" "for _ in {1..600}; do out=\$($1 2>&1); status=\$?; [[ ! \$out =~ \$WANTED ]] || break; sleep 0.1; done; echo \"\$out\"; exit \$status"
	like "$OUT" "$2" "$3"
}

# The same in psql.
query() {
	say 'tow=# ' "$1"
	OUT=$(psql -X -v SHOW_CONTEXT=never -d "$url" -c "$1" 2>&1)
	came
}

# The same in another terminal: BACK_PID, and what it prints in BACK_LOG.
background() { # what the README says [what is run instead]
	say '$ ' "$1"
	BACK_LOG=$dir/back.${#pids[@]}.log
	bash -c "exec ${2:-$1}" >"$BACK_LOG" 2>&1 </dev/null &
	BACK_PID=$!
	disown # or bash would say how it ended
	pids+=("$BACK_PID")
}

has() { # text part description
	local status=0
	[[ $1 == *"$2"* ]] || status=1
	tap_result $status "$3" || diag "got:    $1" "wanted: $2"
}

# The first line of OUT, where it is a job's number.
number() {
	id=$(grep -m 1 -xE '[0-9]+' <<<"$OUT") || id=0 # there may be a note, too
}

ask() {
	psql -X -A -t -q -d "$url" -c "$1"
}

section() {
	[ -z "$show" ] || printf '\n# %s\n' "$1"
}

mkdir "$dir/towpath" "$dir/bin"
cp -a Makefile VERSION include src workers scheduler sql contrib "$dir/towpath/"
case $TOW_BUILD in # objects of an ordinary build save compiling all again
*-san) ;;
*) [ ! -d "$TOW_BUILD" ] || cp -a "$TOW_BUILD" "$dir/towpath/build" ;;
esac
ln -s "$TOW" "$dir/bin/tow"
cd "$dir/towpath" || exit 1

background 'tow up'
wait_until 'grep -q scheduler.attending "$BACK_LOG" && grep -q worker.attached "$BACK_LOG"' 120 || cat "$BACK_LOG"
like "$(<"$BACK_LOG")" "Towpath is up" "tow up: database, schema, scheduler, worker"
url=$(tow db url)

#--- the tour

section 'A job'
shell "tow enqueue echo '{\"hello\": \"world\"}'"
is "$STATUS" 0 "a job is enqueued"
number
first=$id
shell "tow enqueue echo '{\"hello\": \"again\"}' --wait"
is "$STATUS" 0 "and another one waited for"
has "$OUT" '{"hello": "again"}' "whose result is printed"
number
query "select tow.enqueue('echo', '{\"hello\": \"psql\"}');"
like "$OUT" "enqueue" "from psql it is a function"
query "begin; select tow.enqueue('echo'); rollback;"
wait_until "[ \$(ask 'select count(*) from tow.history') = 3 ]"
is "$(ask "select (select count(*) from tow.history), (select count(*) from tow.jobs)")" "3|0" "a job whose transaction is rolled back never was"
query "select id, state, kind, took, result from tow.history order by id;"
like "$OUT" "$first \| completed \| echo" "history has what finished"
shell "tow job $id | head -n 9"
like "$OUT" "job $id  echo  completed" "and a job has a page"

section 'Many jobs'
shell "seq 1000 | sed 's/.*/{\"n\": &}/' | tow enqueue noop --bulk | tail -n 1"
is "$STATUS" 0 "a thousand jobs from lines"
query "select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[1000]));"
like "$OUT" 1000 "a thousand from an array"
shell "printf 'noop\\t{\"n\": %d}\\n' 1 2 3 | psql \"\$(tow db url)\" -c 'copy tow.inbox (kind, args) from stdin'"
is "$OUT" "COPY 3" "three by COPY"
wait_until "[ \$(ask \"select count(*) from tow.history where kind = 'noop'\") = 2003 ]"
is "$(ask "select count(*) from tow.history where kind = 'noop' and state = 'completed'")" 2003 "and all of them ran"

section 'Handlers in any language'
shell "cat contrib/examples/worker.ini"
# The README's port may be taken: the same on a free one.
background "python3 contrib/examples/service.py 8099" "python3 contrib/examples/service.py 0"
wait_until 'grep -q listening "$BACK_LOG"'
sed -i "s|127.0.0.1:8099|127.0.0.1:$(tr -dc 0-9 <"$BACK_LOG")|" contrib/examples/worker.ini
shell "psql -q \"\$(tow db url)\" -f contrib/examples/rollup.sql"
background "tow worker --config contrib/examples/worker.ini --name shed"
shed=$BACK_PID
wait_until "[ \"\$(ask \"select true from tow.kinds where kind = 'rollup'\")\" = t ]"
shell "tow workers"
like "$OUT" "shed .*default:4 slow:1" "a second worker"
shell "tow enqueue wordcount '{\"text\": \"to be or not to be\"}' --wait"
has "$OUT" '{"words": 6}' "a shell script as a handler"
shell "tow enqueue wordcount '{\"text\": 5}' --wait"
is "$STATUS" 1 "which refuses bad arguments for good"
shell "tow enqueue thumbnail '{\"files\": [\"a.jpg\", \"\", \"b.jpg\"]}' --wait"
has "$OUT" '{"made": ["a.jpg", "b.jpg"]}' "a Python script"
number
wait_until "tow log $id | grep -q b.jpg" # a moment later
shell "tow log $id"
like "$OUT" "stdout thumbnail of a.jpg" "whose output is the job's log"
shell "tow enqueue notify '{\"order\": 7, \"busy\": true}' --wait"
has "$OUT" '{"notified": {"busy": true, "order": 7}}' "a service, over HTTP"
number
shell "tow job $id"
like "$OUT" "http.503.*" "tried again after it was busy"
like "$OUT" "attempt    2 of" "when it said"
shell "tow enqueue rollup '{\"day\": \"2026-01-01\", \"n\": 5}' --wait"
has "$OUT" '"n": 5' "a function in the database"

section 'Failures and retries'
shell "tow enqueue fail '{\"times\": 2, \"message\": \"no route to host\"}' --policy quick --wait"
is "$STATUS" 0 "a job that fails twice completes in the end"
number
shell "tow job $id"
like "$OUT" "attempt    3 of 8, policy quick" "at its third attempt"
like "$OUT" "retried.*fail: no route to host" "and each error is kept"
query "select * from tow.retry_preview('quick', 4);"
like "$OUT" "4 \| 00:00:00.8 \| 00:00:01.5" "the delays of a policy can be seen beforehand"
shell "tow policy set web --shape exponential --base '30 s' --cap '6 hours' --classes '{\"http.4\": \"never\"}'"
is "$STATUS" 0 "a policy of one's own, with another one for a class of errors"
shell "tow policy preview web --count 4"
like "$OUT" "4 min" "and its delays"
shell "tow enqueue sleep '{\"s\": 30}' --timeout 1s --policy never --wait"
is "$STATUS" 1 "a job that takes too long is ended, and --wait exits as the job did"
like "$OUT" "longer than its timeout" "saying why"
shell "tow history --failed"
like "$OUT" "sleep .*timeout" "failed jobs, with the class of the error"
shell "tow redrive --class timeout --dry-run"
like "$OUT" "^1 " "and how many redrive would run again"

section 'By the clock'
shell "tow enqueue noop --in 2s --wait"
is "$STATUS" 0 "a scheduled job runs"
number
query "select finished_at - run_at as late from tow.job($id);"
like "$OUT" "00:0[0-4]:" "at its instant"
is "$(ask "select started_at >= run_at from tow.job($id)")" t "and not before"
shell "tow schedule add nightly '0 3 * * mon-fri' noop --tz Europe/Paris --overlap skip"
like "$OUT" "next at" "a schedule with a time zone, and never two jobs at once"
shell "tow schedule next nightly --count 3"
is "$(tail -n +2 <<<"$OUT" | wc -l)" 3 "its next instants"
query "select * from tow.next_runs('*/15 9-17 * * *', 3);"
like "$OUT" "3 rows" "those of any cron line"
shell "tow schedule add bills '0 6 LW * *' noop --missed all --missed-within '3 days' --jitter '10 min'"
like "$OUT" "next at .*06:00:00" "the last weekday of a month"
shell "tow schedule set bills --overlap queue --reset jitter"
like "$OUT" "next at .*06:00:00" "one setting changed, another one taken back"
is "$(ask "select overlap, missed, jitter from tow.schedules where name = 'bills'")" "queue|all|" "and the rest left"
shell "tow schedule next '30 9 * * fri#2' --tz Asia/Kolkata --count 2"
is "$(grep -c '09:30:00+05:30 *Asia/Kolkata' <<<"$OUT")" 2 "the second Friday, somewhere else"
shell "tow schedule add beat '@every 2s' echo '{\"tick\": true}'"
wait_until "[ \"\$(ask \"select last_state from tow.schedules where name = 'beat'\")\" = completed ]"
shell_until "tow schedule ls" "beat .*completed" "one that has fired"
shell "tow schedule pause beat"
shell_until "tow schedule history beat --count 1" "due .*completed" "and what became of each instant"
shell "tow schedule run nightly"
number
wait_until "[ \"\$(ask 'select tow.state($id)')\" = completed ]"
is "$(ask "select tow.state($id)")" completed "and one that was run by hand"

section 'Priorities and pauses'
# A priority that is new is made by the scheduler, and seen by workers a moment later.
tow enqueue noop --priority 200 --wait >/dev/null
tow enqueue noop --priority 10 --wait >/dev/null
shell "tow queue pause default --reason 'a demonstration'"
shell "tow enqueue noop --priority 200"
number
later=$id
shell "tow enqueue noop --priority 10"
number
wait_until "[ \"\$(ask 'select tow.state($later), tow.state($id)')\" = 'ready|ready' ]"
shell "tow jobs"
like "$OUT" "ready +noop" "nothing of a paused queue is started"
shell "tow queue ls"
like "$OUT" "paused +2 .*a demonstration" "and the queue says why"
shell "tow queue resume default"
wait_until "[ \$(ask 'select count(*) from tow.history where id in ($later, $id)') = 2 ]"
query "select id, priority, run from tow.history order by run desc limit 2;"
is "$(ask "select id from tow.history where id in ($later, $id) order by run limit 1")" "$id" "the smaller priority runs first"

section 'Changing one'\''s mind'
shell "tow enqueue sleep '{\"s\": 60}'"
number
wait_until "[ \"\$(ask 'select pct > 0 from tow.jobs where id = $id')\" = t ]"
shell "tow jobs"
like "$OUT" "running +sleep" "a job that runs, with its progress"
shell "tow cancel $id --reason 'not needed'"
is "$OUT" "$id  cancelling" "is told to end"
wait_until "[ \"\$(ask 'select tow.state($id)')\" = cancelled ]"
shell "tow job $id"
like "$OUT" "job $id  sleep  cancelled" "and has"
like "$OUT" "job.cancelling .*not needed" "who asked is written down"
shell "tow enqueue noop --in '1 day' --queue slow"
number
shell "tow snooze --for '1 hour' $id"
like "$OUT" "$id  20" "a job may wait longer"
shell "tow move $id default"
is "$OUT" "$id  scheduled" "in another queue"
shell "tow run-now $id"
is "$OUT" "$id  ready" "or start at once"
shell "tow queue set news --expire-after '1 day'"
is "$(ask "select expire_after from tow.queues where name = 'news'")" "1 day" "or be worth nothing after a day"

section 'Keys'
shell "tow enqueue echo '{\"v\": 1}' --key report:7 --in '1 hour'"
number
shell "tow enqueue echo '{\"v\": 2}' --key report:7"
is "$OUT" "$id"$'\n'"not enqueued: job $id has the key" "one job a key: the second is the first, which is said"
shell "tow enqueue echo '{\"v\": 3}' --key report:7 --on-conflict error"
is "$STATUS" 65 "a conflict can be an error"
like "$OUT" "has the key 'report:7'" "with a clear message"
shell "tow enqueue echo '{\"v\": 4}' --key report:7 --on-conflict replace --wait"
has "$OUT" '{"v": 4}' "or the old one gives way"
is "$(ask "select tow.state($id)")" cancelled "and is cancelled"

section 'Lanes and limits'
# So long that none of them ends before all is seen.
shell "seq 200 | sed 's/.*/{\"s\": 60}/' | tow enqueue sleep --bulk --lane customer:big | tail -n 1" \
	"seq 200 | sed 's/.*/{\"s\": 600}/' | tow enqueue sleep --bulk --lane customer:big | tail -n 1"
number
shell "tow enqueue echo '{\"small\": true}' --lane customer:small --wait"
has "$OUT" '{"small": true}' "two hundred jobs of one lane do not delay another's"
shell "tow lane set default customer:big --max-running 3"
wait_until "[ \$(ask \"select running from tow.lanes where lane = 'customer:big'\") = 3 ]"
shell "tow lane ls"
like "$OUT" "customer:big +full +197 +3 +3 " "what a limit allows runs, and no more"
shell "tow why $id"
like "$OUT" "lane limit +3 of at most 3 run in lane customer:big" "and who waits is told for what"
like "$OUT" "lane's head +196 before it" "all of it"
shell "tow bulk cancel --lane customer:big --reason 'has left' | tail -n 1"
like "$OUT" "would cancel" "many jobs at once: what it would do"
is "$(ask "select waiting from tow.lanes where lane = 'customer:big'")" 197 "and nothing was done"
shell "tow bulk cancel --lane customer:big --reason 'has left' --yes | tail -n 1"
like "$OUT" "cancelled" "and that it did it"
wait_until "[ \$(ask \"select count(*) from tow.jobs where kind = 'sleep'\") = 0 ]"
is "$(ask "select count(*) from tow.history where kind = 'sleep' and state = 'cancelled'")" 201 "to all of them"
shell "tow queue set api --max-running 20 --rate 50 --burst 10"
shell "tow kind set transcode --max-running 2"
shell "tow limits"
like "$OUT" "kind +transcode +0 +2" "limits of kinds and queues, and rates"
like "$OUT" "queue +api +0 +20 +50/s +10 +10.00" "with the tokens that are left"

section 'Workflows'
# Until the graph has been seen.
shell "tow enqueue noop --in 10s" "tow enqueue noop --in '1 hour'"
number
first=$id
shell "tow enqueue noop --after $id"
number
shell "tow enqueue noop --after $first"
shell "tow enqueue echo '{\"report\": \"ready\"}' --after $id,$((id + 1)) --wait-for approval"
number
shell "tow graph $id"
like "$OUT" "$first +noop +scheduled" "what belongs together"
has "$OUT" "then *$id  echo  waiting for jobs" "in order"
ask "select tow.run_now($first)" >/dev/null
wait_until "[ \"\$(ask \"select reason from tow.jobs where id = $id\")\" = approval ]"
shell "tow why $id"
like "$OUT" "approval +for somebody's word" "after its predecessors it waits for a person"
shell "tow approve --note 'looks good' $id"
is "$OUT" "$id  approved" "who says yes"
shell "tow watch $id"
is "$STATUS" 0 "then it goes on"
like "$OUT" "$id  completed" "to its end"
shell "tow batch open echo '{\"all\": \"sent\"}' --name newsletter"
number
shell "seq 20 | sed 's/.*/{\"n\": &}/' | tow enqueue noop --bulk --parent $id | tail -n 1"
shell "tow batch seal $id"
is "$OUT" "20 members" "a batch has members"
wait_until "[ \"\$(ask 'select tow.state($id)')\" = completed ]"
shell "tow batch show $id"
like "$OUT" "20 +20 +0 +0 +0 +100" "and its own job runs when they have ended"
shell "tow enqueue fanout '{\"n\": 10, \"kind\": \"noop\"}' --wait"
has "$OUT" '"completed": 10' "a handler makes jobs and waits for them without a slot"
shell "tow enqueue order '{\"order\": \"A-7\"}'"
number
wait_until "[ \"\$(ask \"select state, reason from tow.jobs where id = $id\")\" = 'waiting|signal' ]"
shell "tow job $id"
like "$OUT" "waits for +signal shipped, until 20" "a handler waits for a signal without a slot"
like "$OUT" "  charged  " "a step that was done is kept"
shell "tow signal $id shipped '{\"parcel\": \"RB1\"}'"
wait_until "[ \"\$(ask 'select tow.state($id)')\" = completed ]"
wait_until "tow log $id | grep -q 'thank you'" # a moment later
shell "tow log $id"
is "$(grep -c charging <<<"$OUT")" 1 "and is not done again when the job goes on"
like "$OUT" "thank you" "after the signal"

section 'Daemons'
# So long that it sleeps still when it is looked at, and stopped.
shell "tow daemon add pulse echo '{\"beat\": 1}' --every 2s" "tow daemon add pulse echo '{\"beat\": 1}' --every 50s"
shell "tow daemon start pulse"
like "$OUT" "started: job [0-9]+" "a daemon is started"
shell_until "tow daemon ls" "pulse +echo +sleeping +Sleeping for [0-9]+ second" "does its turn, and sleeps"
shell "tow daemon stop pulse"
is "$OUT" "stopped" "and is stopped"
shell_until "tow daemon log pulse" "beat = 1" "with what it said"
like "$OUT" "TURN" "and did"

section 'Downloads'
mkdir -p "$dir/www"
echo "read me" >"$dir/www/README.md"
background "python3 -m http.server --bind 127.0.0.1 8098" "python3 -u -m http.server --bind 127.0.0.1 --directory '$dir/www' 0"
web=$BACK_PID
wait_until "grep -qo 'port [0-9]*' '$BACK_LOG'"
port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$BACK_LOG" | head -n 1)
shell "mkdir -p /tmp/files" "mkdir -p $dir/files"
shell "tow library add files /tmp/files" "tow library add files $dir/files"
is "$STATUS" 0 "a library"
shell "tow haul add http://127.0.0.1:8098/README.md" "tow haul add http://127.0.0.1:$port/README.md"
is "$OUT" 1 "a link is a download"
shell "tow haul watch"
is "$STATUS" 0 "which is watched to its end"
shell "tow haul ls"
like "$OUT" "1 +completed +100 % .*8 B +web +files +README.md" "and completed"
shell "tow haul files 1"
like "$OUT" "placed +link +8 B +README.md +$dir/files/README.md" "its file is in the library"
stop "$web"

section 'A kind in C'
shell "cp contrib/examples/kind_digits.c workers/kinds/digits.c"
shell "make"
is "$STATUS" 0 "a kind in C compiles"
unlike "$OUT" "warning" "without a warning"
stop "$shed"
ln -sf "$PWD/build/tow" "$dir/bin/tow"
background "tow worker --config contrib/examples/worker.ini --name shed"
shed=$BACK_PID
wait_until "[ \"\$(ask \"select true from tow.kinds where kind = 'digits'\")\" = t ]"
shell "tow enqueue digits '{\"n\": 1000}' --wait"
has "$OUT" '{"sum": 13501}' "and runs"

section 'A worker dies'
# So long that all run at once, and some still when it dies.
shell "for i in 1 2 3 4 5 6 7 8; do tow enqueue sleep '{\"s\": 3}'; done" "for i in 1 2 3 4 5 6 7 8; do tow enqueue sleep '{\"s\": 8}'; done"
wait_until "[ \$(ask \"select count(*) from tow.jobs where state = 'running' and worker = (select id from tow.workers where name = 'shed')\") -ge 2 ]"
shell "kill -9 $shed"
wait_until "[ \$(ask \"select count(*) from tow.history where kind = 'sleep' and state = 'completed'\") = 8 ]"
query "select job, outcome, worker, error from tow.attempts where outcome = 'lost' order by job limit 2;"
like "$OUT" "lost" "its jobs are lost to it"
is "$(ask "select count(*) from tow.history where kind = 'sleep' and state = 'completed'")" 8 "and run elsewhere, each once"
shell "tow audit --what worker"
like "$OUT" "worker.dead" "which is written down"

section 'The page, and programs'
shell 'tow token add grafana --role viewer >token'
shell 'curl -sS -H "Authorization: Bearer $(cat token)" http://127.0.0.1:7077/api/v1/me' \
	"curl -sS -m 30 -H \"Authorization: Bearer \$(cat token)\" $(<"$TOW_HOME/page")api/v1/me"
has "$OUT" '"role":"viewer"' "the server answers whoever has a token"
shell 'curl -sS -H "Authorization: Bearer $(cat token)" http://127.0.0.1:7077/metrics | grep ^tow_queue_slots' \
	"curl -sS -m 30 -H \"Authorization: Bearer \$(cat token)\" $(<"$TOW_HOME/page")metrics | grep ^tow_queue_slots"
has "$OUT" 'tow_queue_slots{queue="default"} 4' "Prometheus, too"
shell 'tow token rm grafana'

section 'A look around'
shell "tow enqueue nobodys-kind"
number
wait_until "tow status | grep -q 'kind nobodys-kind'"
shell "tow status"
is "$STATUS" 1 "what is wrong has an exit status"
like "$OUT" "no live worker of it knows the kind" "a kind that nobody runs is seen"
shell "tow status | grep -A 1 ^bad"
like "$OUT" "-> start a worker that has this kind" "with what to do about it"
shell "tow cancel $id"
is "$OUT" "$id  cancelled" "what waits is cancelled at once"
shell "tow doctor"
is "$STATUS" 0 "all is well"
[ "$STATUS" = 0 ] || diag "$OUT"
shell "tow fsck"
is "$OUT" "nothing is wrong" "in the tables, too"
shell "tow top --once"
like "$OUT" "QUEUE" "top, as one picture"
shell "tow audit --limit 4"
like "$OUT" "job.cancelled" "who did what"
query "select name, state, ready, running, workers, slots from tow.queues;"
like "$OUT" "default *\| open" "queues are a view too"

section 'Who may do what'
query "create role shop login in role tow_producer; create role guest login in role tow_producer;"
query "select tow.grant_queue('api', 'shop');"
query "set role shop; select tow.enqueue('noop', queue => 'api');"
like "$OUT" "1 row" "a role enqueues in a queue that was granted to it"
query "set role guest; select tow.enqueue('noop', queue => 'api');"
like "$OUT" "restricted, and guest may not enqueue there" "and no other does"
like "$OUT" "grant_queue\('api', 'guest'\)" "but is told who can help"
query "set role guest; select id from tow.jobs;"
like "$OUT" "permission denied" "nor sees jobs"
query "select queue, role, may from tow.grants;"
like "$OUT" "api *\| shop *\| enqueue" "grants are a view"

#--- and nothing in the README that was not done here

cd "$root" || exit 1
grep -E '^ *(\$ |tow=# )' README.md | sed 's/^ *//' | numberless | sort -u >"$dir/readme"
numberless <"$typed" | sort -u >"$dir/done"
ok "the README has a tour" test -s "$dir/readme"
is "$(comm -23 "$dir/readme" "$dir/done")" "" "every command of the README was typed here"
if [ -n "$show" ]; then
	[ "$tap_failed" = 0 ] || echo "tour: $tap_failed checks failed: run it without --show" >&2
	exit $((tap_failed > 0))
fi
done_testing
