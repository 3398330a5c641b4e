#!/usr/bin/env bash
# tow top: one picture, and the full screen with its keys.
# shellcheck disable=SC2119,SC2317 # a helper without its argument; functions called by ok and exits
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start
tow() { "$TOW" "$@"; }
worker_start --queue default:2 --queue mail:1 --grace 1s
tow enqueue sleep '{"s": 300}' >/dev/null
ok "a job runs" wait_until '[ "$("$TOW" jobs --state running --json | jq length)" = 1 ]'

# One picture
out=$(tow top --once)
like "$out" "^tow top  tow on PostgreSQL" "--once: the head"
like "$out" "running 1" "counts"
like "$out" "QUEUE +STATE +READY" "queues"
like "$out" "default +open" "each"
like "$out" "1  sleep +default" "running jobs"
like "$out" "default:2 mail:1" "workers"
unlike "$out" $'\e' "plain in a pipe"
said=$(tow top 2>&1 </dev/null)
is $? 64 "without a terminal it is refused"
like "$said" "hint: .*tow top --once" "with what to do"

# The full screen
command -v tmux >/dev/null || { skip "there is no tmux to give a screen" && done_testing; }
screen() { tmux -S "$instance_dir/tmux" "$@"; }
shows() { screen capture-pane -p | grep -qE -- "$1"; }
press() { screen send-keys "$@"; }
screen -f /dev/null new-session -d -x 130 -y 30 "'$TOW' top; echo status \$?; exec cat"
ok "it draws" wait_until 'shows "^tow top" && shows "jobs/s"'
ok "running jobs with a bar" wait_until 'shows "sleep .*\[[#.]+\] +[0-9]+ %"'
ok "workers" wait_until 'shows "default:2 mail:1"'
press Down
press p
ok "p asks" wait_until 'shows "pause queue .mail.\? y or n"'
press n
ok "n does not" wait_until '! shows "y or n"'
is "$(tow queue ls --json | jq -r '.[] | select(.name == "mail").state')" open "indeed"
press p
ok "p asks again" wait_until 'shows "y or n"'
press y
ok "y does" wait_until '[ "$("$TOW" queue ls --json | jq -r ".[] | select(.name == \"mail\").state")" = paused ]'
ok "and it is seen" wait_until 'shows "^mail +paused"'
press r
ok "r asks" wait_until 'shows "resume queue .mail."'
press y
ok "and resumes" wait_until 'shows "^mail +open"'
press /
press m a i
ok "/ filters" wait_until 'shows "^/mai" && ! shows "^default "'
press Enter
press /
press Escape
ok "escape shows all" wait_until 'shows "^default "'
press s
ok "s sorts" wait_until 'shows "sorted by what is ready"'
press Tab
press c
ok "tab goes to running jobs, c asks" wait_until 'shows "cancel job .1.\\? y or n"'
press y
ok "and cancels" wait_until '[ "$("$TOW" job 1 --json | jq -r "if type == \"array\" then .[0] else . end | .state")" != running ]'

# More than are counted: its growth is that of two samples, and known when there are two
instance_psql -c "select count(*) from tow.enqueue_many('noop', array_fill('{}'::jsonb, array[10001]), queue => 'long')" >/dev/null
ok "a queue that is long" wait_until '"$TOW" queue ls | grep -qE "^long +open +10000\+ +0 "'
ok "and that its growth is not known" wait_until 'shows "^long +open +10000\+ +\? +0 "'
instance_psql -c "insert into tow_store.metric (at, minutes) values (date_trunc('minute', tow.now()) + interval '1 min', 1);
	insert into tow_store.metric_queue (at, minutes, queue, ready) select m.at - n * interval '1 min', 1, 'long', 12000 - n * 3000 from tow_store.metric m, generate_series(0, 1) n
	where m.at = (select max(at) from tow_store.metric)" >/dev/null
ok "until it is" wait_until 'shows "^long +open +10000\+ +\+50 +0 "'

# Rows move while it asks: what was chosen then is meant, not what stands there now
first=$(tow enqueue sleep '{"s": 300}') second=$(tow enqueue sleep '{"s": 300}')
ok "two jobs" wait_until 'shows "^ +$first +sleep" && shows "^ +$second +sleep"'
press c
ok "c asks for the first" wait_until 'shows "cancel job .$first.\\? y or n"'
tow cancel "$first" >/dev/null
ok "which ends meanwhile" wait_until '! shows "^ +$first +sleep"'
ok "the question is the same" wait_until 'shows "cancel job .$first.\\? y or n"'
press y
ok "and nobody else is cancelled" wait_until 'shows "job $first is cancelled"'
is "$(tow jobs --state running --json | jq -r '.[].id')" "$second" "the other one runs"
press Tab
press '?'
ok "? helps" wait_until 'shows "any key goes back"'
press x
ok "any key goes back" wait_until 'shows "QUEUE"'
screen resize-window -x 50 -y 12
ok "it follows the size of the window" wait_until 'shows "^QUEUE" && [ "$(screen capture-pane -p | wc -l)" -le 12 ]'
press Tab
ok "the chosen job is seen on a small screen" wait_until 'shows "^ +$second +sleep"'
tow cancel "$second" >/dev/null
press Tab
screen resize-window -x 130 -y 30
tow db stop >/dev/null
ok "without a database it says at the top that the picture is old" wait_until 'screen capture-pane -p | head -1 | grep -qE "no answer from the database; this was [0-9]+ s ago"'
tow db start >/dev/null
ok "until it is back" wait_until 'screen capture-pane -p | head -1 | grep -q "^tow top"'
tow db restart >/dev/null
ok "it survives a restart of the database" wait_until 'shows "^QUEUE" && ! shows "cannot connect|server closed|terminat"'
press q
ok "q quits" wait_until 'shows "status 0"'
screen kill-server
done_testing
