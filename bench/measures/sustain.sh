#!/usr/bin/env bash
# Enqueue and drain at once: a producer keeps a backlog while workers drain it, for so many seconds or (jobs) until so many
# jobs were fed. pin=reader: an idle transaction pins xmin all the while; pin=writer: an idle one that has written;
# pin=late: one that has enqueued a job and commits after the rest has ended; with these each system is also measured
# alone for a minute just before. What has ended in a window is what was fed less what is left. The median leaves the first
# window out. Overlooked are jobs that had not ended a minute after all that.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'seconds=120 jobs=0 backlog=30000 window=10 workers=1 pin=no bytes=40 systems=' "$@"

transaction_open() { # PIN
	case $1 in
	no) ;;
	reader) pin ;;
	writer) pin_writer ;;
	late)
		pin_open "begin; $(grep -v '^\\set' "$script" | sed 's/:n\b/0/g')" 2>/dev/null
		late=1
		;;
	esac
}

# Feeds as much as the backlog lacks, when all that was fed before is there; asks for that at most a twentieth of the time, or once
# a second.
# Leaves in now how many have ended by the instant at.
feed_some() {
	local asked_at=$EPOCHREALTIME one left
	one=$(sample left) || return
	left=${one%|*} at=${one#*|}
	now=$((fed - left))
	least=$((left < least ? left : least))
	if [ $((backlog - left)) -ge $((backlog / 30)) ]; then feed_want $((backlog - left)) || return; fi
	rest "$asked_at" 20 0.1 1
	feed_got
}

over() { # JOBS INSTANT
	if [ "$1" -gt 0 ]; then [ "$fed" -ge "$1" ]; else [[ $EPOCHREALTIME > $2 ]]; fi
}

# Two windows at least.
sustain() { # ROW SECONDS JOBS WINDOW
	local from=0 since end now at rates=() sizes=() least=$backlog
	end=$(calc "$EPOCHREALTIME + $2" 6)
	since=$EPOCHREALTIME
	until over "$3" "$end" && [ ${#rates[@]} -gt 1 ]; do
		feed_some || return
		[ "$(calc "$at - $since >= $4")" = 1 ] || continue
		rates+=("$(calc "($now - $from) / ($at - $since)")")
		sizes+=("$(ask 'select round(sum(bytes) / 1048576.0, 1) from bench.hot')")
		from=$now since=$at
		[ ${#rates[@]} -gt 1 ] || least=$backlog
	done
	usual=$(printf '%s\n' "${rates[@]:1}" | median)
	note "$1" 'median window' "$usual" && note "$1" 'first window' "${rates[0]}" && note "$1" 'last window' "${rates[-1]}" &&
		note "$1" 'least backlog' "$least" && note "$1" 'hot tables MB, first, last' "${sizes[0]}, ${sizes[-1]}"
	curves+=("- $1: ${rates[*]}; hot tables, MB: ${sizes[*]}")
}

# The row's jobs and what was overlooked, once all has been committed.
ended() { # ROW
	local end
	[ $late = 0 ] || until_true "select n >= $fed from bench.finished" 60 || true
	unpin
	until_true "select n >= $fed + $late from bench.finished" 60 || true
	end=$(ask 'select n from bench.finished') || return
	note "$1" jobs "$end" && note "$1" overlooked $((fed + late - end))
}

run() { # ROW PIN SECONDS JOBS WINDOW
	local late=0 status=0
	system_use "${1% alone}" || return
	feeder_start
	feed_want 10 && feed_got || return # the kind is known: else some systems' enqueues wait for pin=late
	workers_start "$workers"
	transaction_open "$2"
	sustain "$1" "$3" "$4" "$5" && ended "$1" || status=1
	feeder_stop
	workers_stop
	unpin
	return $status
}

measure() { # SPEC
	local alone
	if [ "$pin" = no ]; then
		run "$1" no "$seconds" "$jobs" "$window"
		return
	fi
	run "$1 alone" no "$(scaled seconds 60)" 0 "$(calc "$window < 10 ? $window : 10" 2)" && alone=$usual &&
		run "$1" "$pin" "$seconds" "$jobs" "$window" && note "$1" 'to alone' "$(calc "$usual / $alone" 2)"
}

case $pin in
no | reader | writer | late) ;;
*) echo "pin is no, reader, writer or late" >&2 && exit 64 ;;
esac
curves=()
cluster_start
systems_install
system_each measure
table "Enqueue and drain at once, backlog $backlog, transaction beside it: $pin, jobs/s:" "$base"
cat <<-end

	Hot tables are those that jobs pass through; where finished jobs stay in them, they grow by nature. Where the least
	backlog (as it was seen from the second window on) is near 0, the producer may have been the bound.
	Each window of $window s in turn (alone: 10 s at most):

end
printf '%s\n' "${curves[@]}" ''
versions
