#!/usr/bin/env bash
# Latency of an idle worker: from the commit of the enqueue, as the producer sees it, to the first instruction of the
# handler. The same producer for all: pgbench, one transaction every so many ms.
# shellcheck disable=SC2154 # options sets them
set -euo pipefail
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/../lib.sh"
options 'samples=500 rounds=3 every=20 at_once=8 systems=' "$@"
warm=30

starts() {
	if [ -x "$bench/peers/$system/starts" ]; then peer starts; else cat "$BENCH_LOG"; fi
}
measure() { # SPEC
	local dir=$instance_dir
	export BENCH_LOG=$dir/starts.log
	rm -f "$BENCH_LOG" "$dir"/commits.*
	system_use "$1" || return
	workers_start 1 "$at_once"
	[ ! -f "$bench/peers/$system/latency.sql" ] || script=$bench/peers/$system/latency.sql
	{ echo "\\sleep $every ms" && cat "$script"; } >"$dir/slow"
	pause 5
	pgbench -n -M prepared -c 1 -t $((samples + warm)) -f "$dir/slow" -D n=0 -l --log-prefix="$dir/commits" \
		"$BENCH_URL" >/dev/null 2>&1 || return
	until_true "select n >= $samples + $warm from bench.finished" 20 || true
	workers_stop
	starts | awk -v warm=$warm '
		NR == FNR { at[$1] = $2; next }
		FNR > warm && FNR in at { printf "%.3f\n", (at[FNR] - $5 - $6 / 1e6) * 1000 }' - "$dir"/commits.* >"$dir/ms"
	read -r p50 p99 < <(quantiles <"$dir/ms")
	note "$1" 'p50 ms' "$p50" && note "$1" 'p99 ms' "$p99" &&
		note "$1" 'not started' $((samples - $(wc -l <"$dir/ms")))
}

systems=${systems//pgq/}
cluster_start
systems_install
for ((round = 1; round <= rounds; round++)); do system_each measure; done
table "Idle worker, asked for $at_once jobs at once (not what the lines below say), one job every $every ms, median (range)
of $rounds rounds of $samples:" "$base"
versions
