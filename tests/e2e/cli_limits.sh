#!/usr/bin/env bash
# tow lane, tow kind, tow limits, and the limits of tow queue set, as people use them.
. tests/lib/tap.sh
. tests/lib/instance.sh
instance_start
ok "a queue with limits" "$TOW" queue add mail --max-running 10 --rate 5 --burst 20 --lane-limit 2
is "$(instance_psql -c "select max_running, rate, burst, lane_limit from tow.queues where name = 'mail'")" "10|5|20|2" "has them"
ok "reset" "$TOW" queue set mail --reset rate,burst --lane-limit 0
is "$(instance_psql -c "select max_running, rate, burst, lane_limit from tow.queues where name = 'mail'")" "10|||0" "takes them back"
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
done_testing
