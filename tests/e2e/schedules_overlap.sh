#!/usr/bin/env bash
# Schedules whose jobs take longer than the time between two instants, with a real worker and a real scheduler: never two
# at once where the schedule says so.
# shellcheck disable=SC2119,SC2317 # a helper without its argument; functions called by ok and exits
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start
query() { instance_psql -c "$1"; }
worker_start --queue default:12
scheduler_start
for overlap in allow skip queue replace; do
	"$TOW" schedule add $overlap '* * * * * *' sleep '{"seconds": 1.6}' --overlap $overlap --tags $overlap >/dev/null
done
there_are() { # how many, what, in each of the schedules
	[ "$(query "select count(*) from (select schedule from tow.fires where $2 group by 1 having count(*) >= $1) x")" -ge "$3" ]
}
skipped="schedule = 'skip' and how = 'skipped' and reason like 'job % had not finished'"
ok "they fire" wait_until "there_are 7 'job is not null' 3 && there_are 2 \"$skipped\" 1"
query "select tow.pause_schedule(name) from tow.schedules" >/dev/null
ok "they end" wait_until '[ "$(query "select count(*) from tow.jobs")" = 0 ]' 120

overlaps() { # how often a run of a schedule began before another had ended
	query "select count(*) from tow.fires f join tow.history h on h.id = f.job join tow.fires g on g.schedule = f.schedule join tow.history i on i.id = g.job
		where f.schedule = '$1' and i.id > h.id and i.started_at < h.finished_at and i.finished_at > h.started_at"
}
ok "allow: side by side" [ "$(overlaps allow)" -gt 0 ]
is "$(overlaps skip)" 0 "skip: never two at once"
is "$(overlaps queue)" 0 "queue: never"
is "$(overlaps replace)" 0 "replace: never"
ok "skip: some were skipped" there_are 2 "$skipped" 1
is "$(query "select count(*) from tow.fires f join tow.history h on h.id = f.job where f.schedule = 'queue' and h.state <> 'completed'")" 0 "queue: all of them ran"
is "$(query "select bool_and(s) from (select h.started_at >= lag(h.started_at) over (order by f.at) as s from tow.fires f join tow.history h on h.id = f.job where schedule = 'queue') x")" t "in order"
ok "replace: what was replaced was cancelled" [ "$(query "select count(*) from tow.fires f join tow.history h on h.id = f.job where f.schedule = 'replace' and h.state = 'cancelled'")" -gt 0 ]
is "$(query "select h.state from tow.fires f join tow.history h on h.id = f.job where f.schedule = 'replace' order by f.at desc limit 1")" completed "and the last one ran"
done_testing
