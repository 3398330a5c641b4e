#!/usr/bin/env bash
# Schedules with the real scheduler: a week of days on which everything restarts, a clock that is set; and their commands.
# shellcheck disable=SC2119,SC2317 # a helper without its argument; functions called by ok and exits
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start
tow() { "$TOW" "$@"; }
query() { instance_psql -c "$1"; }
query "update tow_store.setting set value = 'on' where name = 'test'"

# What every session from now on takes for the time.
day() { query "alter database tow set tow.fake_now = '$1+00'"; }
history() { tow schedule history "$1" --json | jq -r 'reverse | map(.at[5:16] + " " + .how) | join(", ")'; }
decided() { # schedule, until when
	[ "$(query "select coalesce(next_at > '$2+00', true) from tow.schedules where name = '$1'")" = t ]
}

# A weekly job, Sunday at three; the machine is on in the afternoon only. 2030-01-06 is a Sunday.
day '2030-01-02 15:00'
tow schedule add weekly '0 3 * * sun' noop >/dev/null
tow schedule add hourly '0 * * * *' noop --missed all --missed-most 3 >/dev/null
for d in 03 04 05 06 07 08 12 13 14; do
	day "2030-01-$d 15:00"
	query "select tow.schedule('weekly', '0 3 * * sun', 'noop')" >/dev/null # as programs do when they start
	scheduler_start
	ok "the scheduler of January $d does what it has to" wait_until "decided weekly '2030-01-$d 15:00' && decided hourly '2030-01-$d 15:00'"
	process_stop "$SCHEDULER_PID"
done
is "$(history weekly)" "01-06T03:00 missed, 01-13T03:00 missed" "a weekly job fires although everything restarts daily"
is "$(tow schedule history weekly --json | jq -r 'map(.fired_at[0:10]) | join(" ")')" "2030-01-13 2030-01-06" "on its day"
is "$(tow schedule history hourly --count 4 --json | jq -r 'map(.at[5:16] + " " + .how) | join(", ")')" \
	"01-14T15:00 due, 01-14T14:00 missed, 01-14T13:00 missed, 01-13T16:00 skipped" "missed ones run, as many as allowed; the rest is told"
is "$(tow jobs --json | jq '[.[] | select(.state == "ready")] | length')" "$(query "select count(job) from tow.fires")" "each has its job"

# The clock is set while a scheduler lives: its next session sees it.
scheduler_start
fires() { query "select count(*) from tow.fires where schedule = 'hourly' and job is not null"; }
before=$(fires)
seen_from() { # since when: no session of the scheduler is older, and there is one
	query "select pg_terminate_backend(pid) from pg_stat_activity where application_name ~ 'scheduler' and backend_start <= '$1'" >/dev/null
	[ "$(query "select bool_and(backend_start > '$1') from pg_stat_activity where application_name ~ 'scheduler'")" = t ]
}
jump() { # to when: the sessions of now see it only when they come anew
	day "$1"
	wait_until "seen_from '$(query 'select clock_timestamp()')'"
}
jump '2030-01-14 13:30'
ok "back by an hour and a half: it lives on" wait_until '[ "$("$TOW" schedulers --json | jq length)" = 1 ]'
ok "and knows that it need not fire" decided hourly '2030-01-14 15:30'
jump '2030-01-14 16:00'
ok "when the time has come, the next fires" wait_until '[ "$(fires)" = $((before + 1)) ]'
jump '2030-01-14 08:30'
ok "back by seven hours: the new time counts" wait_until "[ \"\$(query \"select next_at from tow.schedules where name = 'hourly'\")\" = '2030-01-14 09:00:00+00' ]"
jump '2030-01-14 09:00'
ok "and so do its instants" wait_until '[ "$(fires)" = $((before + 2)) ]'
process_stop "$SCHEDULER_PID"

# Commands
day '2030-02-01 00:00'
like "$(tow schedule add bills '0 6 LW * *' bill '{"all": true}' --tz Europe/Paris --queue money --lane bills --priority 9 --max-attempts 3 --timeout '5 min' \
	--start-within '2 hours' --policy quick --tags a,b --overlap queue --missed all --missed-within '3 days' --missed-most 7 --grace '10 min' --jitter '30 min' \
	--starts '2030-03-01 00:00+00' --ends '2031-01-01 00:00+00' --dst-gap skip --dst-overlap twice --description 'the bills')" "next at 2030-03-29 06:00:00\\+01 Europe/Paris" "schedule add with every option"
is "$(tow schedule show bills --json | jq -c '[.spec, .kind, .args, .tz, .queue, .lane, .priority, .max_attempts, .timeout, .start_within, .policy, .tags, .overlap, .missed, .missed_within, .missed_most]')" \
	'["0 6 LW * *","bill",{"all":true},"Europe/Paris","money","bills",9,3,"00:05:00","02:00:00","quick",["a","b"],"queue","all","3 days",7]' "each arrives"
is "$(tow schedule show bills --json | jq -c '[.grace, .jitter, .starts_at, .ends_at, .dst_gap, .dst_overlap, .description, .state]')" \
	'["00:10:00","00:30:00","2030-03-01T00:00:00+00:00","2031-01-01T00:00:00+00:00","skip","twice","the bills","active"]' "the others too"
like "$(tow schedule set bills --spec '0 7 L * *' --kind pay --args '{"n": 1}' --overlap skip --reset jitter,starts_at)" "next at 2030-02-28 07:00:00\\+01 Europe/Paris" "schedule set"
is "$(tow schedule show bills --json | jq -c '[.spec, .kind, .args, .overlap, .jitter, .starts_at, .lane, .missed_most]')" '["0 7 L * *","pay",{"n":1},"skip",null,null,"bills",7]' "changes what is given, resets what is named, and leaves the rest"
page=$(tow schedule show bills)
like "$page" "in words +at 07:00 on the last day" "show: the line in words"
like "$page" "2030-02-28 07:00:00\\+01 +Europe/Paris.*2030-03-31 07:00:00\\+02 +Europe/Paris" "the next instants"
like "$(tow schedule show weekly)" "missed" "the last ones"
like "$(tow schedule next bills --count 20 | tail -1)" "2030-12-31 07:00:00\\+01" "next: up to the end"
like "$(tow schedule next '30 2 31 3 *' --tz Europe/Berlin --dst-gap skip --count 1)" "2031-03-31 02:30:00\\+02 +Europe/Berlin" "next of a line, with a choice"
is "$(tow schedule next bills --count 1 --json | jq -c '.[0]')" '{"run_at":"2030-02-28T06:00:00+00:00","local":"2030-02-28 07:00:00+01","zone":"Europe/Paris"}' "in JSON both"
like "$(tow schedule next '0 12 1 7 *' --tz Asia/Kolkata --count 1)" "07-01 12:00:00\\+05:30 +Asia/Kolkata" "a zone that is half an hour off"
like "$(tow schedule next '0 12 1 7 *' --tz America/St_Johns --count 1)" "07-01 12:00:00-02:30 +America/St_Johns" "and one in the west"
like "$(tow schedule ls)" "bills .*2030-02-28 07:00:00\\+01 +Europe/Paris" "ls: in its zone"
like "$(tow schedule history weekly)" "^AT +HOW +JOB" "history for people"
exits 66 "history of nothing" tow schedule history nowhere 2>/dev/null
exits 66 "show nothing" tow schedule show nowhere 2>/dev/null
like "$(tow schedule next '0 0 31 2 *' 2>&1)" "note: it never comes" "a day that there is none is said to be so"
exits 66 "set nothing" tow schedule set nowhere --queue x 2>/dev/null
exits 65 "a bad choice" tow schedule set bills --overlap perhaps 2>/dev/null
like "$(tow schedule set bills --overlap perhaps 2>&1)" "hint: use allow, skip, queue or replace" "with a hint"
exits 64 "a bad interval" tow schedule set bills --grace nonsense 2>/dev/null
exits 65 "arguments that are no JSON" tow schedule set bills --args nonsense 2>/dev/null
ok "add takes --args, too" tow schedule add given '@daily' noop --args '{"n": 2}' --quiet
is "$(instance_psql -c "select args from tow.schedules where name = 'given'")" '{"n": 2}' "as set does"
like "$(tow schedule add twice '@daily' noop '{}' --args '{}' 2>&1)" "given twice" "not both"
exits 64 "an option of another word" tow schedule add x '* * * * *' noop --reset tz 2>/dev/null
exits 64 "is not ignored" tow schedule pause bills --count 3 2>/dev/null
done_testing
