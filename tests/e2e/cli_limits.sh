#!/usr/bin/env bash
# tow lane, tow kind, tow limits, and the limits of tow queue set, as people use them.
. tests/lib/tap.sh
. tests/lib/instance.sh
instance_start
ok "a queue with limits" "$TOW" queue add mail --max-running 10 --rate 5 --burst 20 --lane-limit 2
is "$(instance_psql -c "select max_running, rate, burst, lane_limit from tow.queues where name = 'mail'")" "10|5|20|2" "has them"
ok "a rate in the time that it is thought in" "$TOW" queue set mail --rate 100/min --lane-rate 3/10s
like "$("$TOW" limits)" "queue +mail +0 +10 +100/min +20" "is said so"
like "$("$TOW" limits)" 'lanes +mail +2 +18/min' "and what goes for each of its lanes"
is "$(instance_psql -c "select round(rate::numeric, 3), lane_rate from tow.queues where name = 'mail'")" "1.667|0.3" "and kept in seconds"
"$TOW" queue set mail --rate 5 --reset lane_rate
ok "reset" "$TOW" queue set mail --reset rate,burst --lane-limit 0
is "$(instance_psql -c "select max_running, rate, burst, lane_limit from tow.queues where name = 'mail'")" "10|||0" "takes them back"
like "$("$TOW" limits)" 'lanes +mail +$' "any number in each lane is a rule, too"
is "$("$TOW" queue set mail --max-running none 2>&1)" \
	"tow: --max-running takes a whole number, not 'none'"$'\n'"hint: use 1 to 1000000; --reset max_running takes the limit off" "how a limit is taken off"
is "$("$TOW" lane set mail customer:12 --max-running 99999999999 2>&1)" \
	"tow: --max-running: '99999999999' is too large"$'\n'"hint: use 1 to 1000000; --reset max_running takes the limit off" "and how large it may be"
ok "a lane" "$TOW" lane set mail customer:12 --max-running 3 --weight 2
ok "paused" "$TOW" lane pause mail customer:12 --reason 'has not paid'
like "$("$TOW" lane ls)" 'customer:12 +paused' "is shown"
ok "resumed" "$TOW" lane resume mail customer:12
ok "a kind" "$TOW" kind set noop --max-running 2
ok "paused" "$TOW" kind pause noop --reason why
like "$("$TOW" limits)" 'kind +.*noop +0 +2 ' "tow limits has it"
like "$("$TOW" limits)" 'lane +mail +customer:12 +0 +3 ' "and the lane"
ok "resumed" "$TOW" kind resume noop
like "$("$TOW" lane set mail x --weight 0 2>&1)" 'use 0.001' "what is wrong is said"

# Jobs that stand in a lane: which, and for what
"$TOW" queue add ways
worker_start --queue ways:3
job() { "$TOW" enqueue "$@" --queue ways --quiet; }
jobs() { "$TOW" jobs "$@" --json | jq -c "$WHAT"; }
plain=$(job sleep '{"s": 600}')
unlike "$("$TOW" jobs)" LANE "no column of lanes where nobody has one"
first=$(job sleep '{"s": 600}' --lane acme)
ok "the first of the lane runs" wait_until '[ "$(instance_psql -c "select tow.state($first)")" = running ]'
second=$(job noop --lane acme)
is "$(WHAT='[.[].id]' jobs --lane acme)" "[$second,$first]" "jobs --lane"
is "$(WHAT='length' jobs --lane other)" 0 "and no other's"
like "$("$TOW" jobs)" "QUEUE +LANE +PRIO" "the column is there when one has it"
ok "what it waits for" wait_until '[ "$(WHAT=".[0].waits_for" jobs --lane acme)" = "\"lane acme: at its limit\"" ]'
like "$("$TOW" job "$second")" "waits for +lane acme: at its limit" "on its page"
like "$("$TOW" graph "$second")" "noop  waiting in lane acme$" "in the graph"
like "$("$TOW" top --once)" "waiting 1 " "top counts it as waiting"
"$TOW" lane pause ways acme
is "$(WHAT='.[0].waits_for' jobs --lane acme)" '"lane acme: paused"' "a lane that is paused"
"$TOW" lane resume ways acme
"$TOW" cancel "$first" "$plain" >/dev/null
ok "then it runs" wait_until '[ "$(instance_psql -c "select tow.state($second)")" = completed ]'
is "$(WHAT='.[0].lane' jobs --state completed --lane acme)" '"acme"' "finished jobs by lane"
is "$(WHAT='length' jobs --state completed --lane other)" 0 "and no other's"
done_testing
