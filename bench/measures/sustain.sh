#!/usr/bin/env bash
# Enqueue and drain at once: a producer keeps a backlog while workers drain it, for so many seconds or (jobs) until so many
# jobs were fed. pin=reader: an idle transaction pins xmin all the while; pin=writer: an idle one that has written;
# pin=late: one that has enqueued a job and commits after the rest has ended. Overlooked are jobs that had not
# ended a minute after all that.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'seconds=120 jobs=0 backlog=30000 window=10 workers=1 pin=no bytes=40 systems=' "$@"

feeder_start() {
	mkfifo "$instance_dir/feed.in.$system" "$instance_dir/feed.out.$system"
	peer feed "$bytes" <"$instance_dir/feed.in.$system" >"$instance_dir/feed.out.$system" 2>"$instance_dir/feed.err" &
	instance_pids+=($!)
	exec {feed_in}>"$instance_dir/feed.in.$system" {feed_out}<"$instance_dir/feed.out.$system"
	fed=0 asked=0
}

# One request at a time is under way, for as much as the backlog lacks.
feed_some() {
	local line want
	if [ "$asked" -gt 0 ]; then
		if ! read -rt 0 <&"$feed_out"; then
			pause 0.02
			return
		fi
		read -r line <&"$feed_out"
		fed=$((fed + line)) asked=0
	fi
	want=$((backlog - $(ask 'select n from bench.left')))
	if [ "$want" -ge $((backlog / 30)) ]; then
		asked=$((want < 10000 ? want : 10000))
		echo "$asked" >&"$feed_in"
	else
		pause 0.02
	fi
}

feeder_stop() {
	local line
	if [ "$asked" -gt 0 ] && read -rt 30 line <&"$feed_out"; then fed=$((fed + line)); fi
	exec {feed_in}>&- {feed_out}<&-
	rm -f "$instance_dir"/feed.{in,out}."$system"
}

transaction_open() {
	case $pin in
	no) ;;
	reader) pin ;;
	writer) pin_writer ;;
	late)
		pin_open "begin; $(grep -v '^\\set' "$script" | sed 's/:n\b/0/g')" 2>/dev/null
		late=1
		;;
	*) echo "pin is no, reader, writer or late" >&2 && exit 64 ;;
	esac
}

over() { # EPOCH-SECONDS-AT-START
	if [ "$jobs" -gt 0 ]; then [ "$fed" -ge "$jobs" ]; else [ "$(calc "$EPOCHREALTIME - $1 >= $seconds")" = 1 ]; fi
}

measure() { # SPEC
	local began since from=0 now at rates=() sizes=() late=0 end
	system_use "$1" || return
	feeder_start
	workers_start "$workers"
	began=$EPOCHREALTIME since=$began
	transaction_open
	until over "$began"; do
		feed_some || return
		[ "$(calc "$EPOCHREALTIME - $since >= $window")" = 1 ] || continue
		now=$(ask 'select n from bench.finished') at=$EPOCHREALTIME
		rates+=("$(calc "($now - $from) / ($at - $since)")")
		sizes+=("$(ask 'select round(sum(bytes) / 1048576.0, 1) from bench.hot')")
		from=$now since=$at
	done
	feeder_stop
	[ "$pin" != late ] || until_true "select n >= $fed from bench.finished" 60 || true
	unpin
	until_true "select n >= $fed + $late from bench.finished" 60 || true
	end=$(ask 'select n from bench.finished')
	note "$1" 'median window' "$(printf '%s\n' "${rates[@]:$((${#rates[@]} > 1))}" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')" &&
		note "$1" 'first window' "${rates[0]}" && note "$1" 'last window' "${rates[-1]}" &&
		note "$1" 'hot tables MB, first, last' "${sizes[0]}, ${sizes[-1]}" && note "$1" jobs "$end" &&
		note "$1" overlooked $((fed + late - end))
	curves+=("- $1: ${rates[*]}")
}

curves=()
cluster_start
systems_install
system_each measure
table "Enqueue and drain at once, backlog $backlog, transaction beside it: $pin, jobs/s:" "$base"
printf '\nHot tables are those that jobs pass through; where finished jobs stay in them, they grow by nature.\nEach window of %s s in turn:\n\n' "$window"
printf '%s\n' "${curves[@]}" ''
versions
