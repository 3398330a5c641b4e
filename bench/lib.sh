# shellcheck shell=bash
# What the measures share: a private cluster, the systems that are measured, rates, medians and tables. A measure is a
# script that sources this file, prints markdown on standard output and its progress on standard error.
#
#	options "name=default ..." "$@"		variables from words name=value; percent=N makes the default sizes smaller
#	cluster_start [slow]			a server with default durability; slow: a flush takes 2 ms longer
#	system_each COMMAND...			a round: COMMAND SPEC for each system that can be had, every other round backwards
#	system_use SPEC				a fresh database for SPEC (name or name:mode): sets system, BENCH_URL, script (its enqueue)
#	try ROW COMMAND...			runs it; if it fails, the table says so below. Ends workers and pins. All measures use it
#	feed N					N jobs in bulk; returns when they are committed; feed_rate: jobs per second
#	feeder_start / feed_want N / feed_got / feeder_stop	the same in steps: asked is under way, fed has been committed
#	workers_start W [AT_ONCE]		W worker processes with so many jobs at once (best: as the system likes it); workers_stop
#	ask SQL					an answer from the system's database, over a connection that stays open
#	sample VIEW				n of bench.VIEW and the instant of that, seconds since 1970: "n|instant"
#	drained N SECONDS			waits until N jobs have ended; prints jobs per second; cut short after SECONDS
#	made					makes the band of lanes, which the first job of one would wait for
#	last_id / own_rate ID			the newest job of ours; jobs per second of ours with an id above, by the rows' own times
#	pin / pin_writer / unpin		an idle transaction that holds the xmin horizon
#	producer CONNECTIONS SECONDS SCRIPT	transactions per second of a pgbench script
#	note ROW COLUMN VALUE			a figure; several of one cell become its median and range
#	table TITLE [BASE_ROW]			prints what was noted, each with its ratio to the base row, and forgets it; fails
#						if all failed. base: the limit if it is there, else the first system
#	versions				ends a section: what was measured, with which settings

bench=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
: "${TOW:=$bench/../build/tow}"
: "${BENCH_SCRATCH:=/tmp/tow-bench}"
: "${BENCH_SYSTEMS:=towpath bare bare:2}"
TOW=$(realpath "$TOW")
export TOW BENCH_SCRATCH
# shellcheck source=tests/lib/instance.sh
. "$bench/../tests/lib/instance.sh"

trap : PIPE # what writes to a process that has ended fails

say() { echo "$(date +%T) $*" >&2; }
pause() { read -rt "$1" <> <(:) || true; }
calc() { awk "BEGIN { printf \"%.${2:-0}f\", ($1) }"; }

#--- options

percent=100
options() { # "name=default ..." words...
	local word defaults=$1
	shift
	for word; do [[ $word != percent=* ]] || percent=${word#*=}; done
	for word in $defaults; do
		declare -g "${word%%=*}=$(scaled "${word%%=*}" "${word#*=}")"
	done
	for word; do
		[[ " $defaults percent=" == *" ${word%%=*}="* ]] || {
			echo "no such option '${word%%=*}'; there are: $defaults percent=100" >&2
			exit 64
		}
		declare -g "$word"
	done
	systems=${systems:-$BENCH_SYSTEMS}
	systems=${systems//,/ }
	base=${systems%% *}
	[[ " $systems" != *' bare'* ]] || base=bare${systems#*bare} base=${base%% *}
}

# Only sizes and times shrink; a round stays a round.
scaled() { # name value
	case $1 in
	jobs | big | behind | samples) echo $(($2 * percent / 100)) ;;
	seconds | limit) echo $((($2 * percent + 99) / 100)) ;;
	window) awk "BEGIN { printf \"%g\", $2 * $percent / 100 }" ;;
	*) echo "$2" ;;
	esac
}

#--- the cluster

cluster_start() { # [slow]
	local preload=
	instance_start --empty
	printf '%s\n' 'shared_buffers = 512MB' 'max_wal_size = 8GB' 'checkpoint_timeout = 30min' 'log_lock_waits = off' \
		"shared_preload_libraries = ''" >"$TOW_HOME/pg/conf.d/50-local.conf"
	if [ "${1:-}" = slow ]; then
		preload=$instance_dir/slow_flush.so
		gcc -O2 -D_GNU_SOURCE -shared -fPIC -o "$preload" "$bench/slow_flush.c"
	fi
	"$TOW" db stop >/dev/null
	LD_PRELOAD=$preload "$TOW" db start >/dev/null
	coproc ASK { PGOPTIONS='-c statement_timeout=300s' exec psql -X -A -t -q "$(instance_url postgres)" 2>&1; }
	exec {ask_in}>&"${ASK[1]}" {ask_out}<&"${ASK[0]}" # subshells do not have the coprocess's own
	figures=$instance_dir/figures
	: >"$figures"
	fill_make
}

# Text that does not compress, the same for every job, so that its arguments have so many bytes.
fill_make() {
	local count=$((${bytes:-40} - 28)) text
	text=$(head -c $((count > 0 ? count : 0)) /dev/urandom | base64 -w 0)
	export BENCH_FILL=$instance_dir/fill
	printf '%s' "${text:0:count > 0 ? count : 0}" >"$BENCH_FILL"
}

ask() {
	local line='' answer='' error=''
	printf '%s;\n\\echo :::\n' "$1" >&"$ask_in" || return
	while read -r line <&"$ask_out" && [ "$line" != ::: ]; do
		[[ $line != ERROR:* ]] || error=$line
		answer+=${answer:+$'\n'}$line
	done
	[ "$line" = ::: ] || error=${error:-the connection is closed}
	if [ -n "$error" ]; then
		echo "$error: $1" >&2
		return 1
	fi
	[ -z "$answer" ] || printf '%s\n' "$answer"
}

pin_open() { # first statements of a transaction that then stays idle
	coproc PIN { exec psql -X -A -t -q "$BENCH_URL" 2>&1; }
	pin_in=${PIN[1]} pin_pid=$!
	echo "$1" >&"$pin_in"
	read -r _ <&"${PIN[0]}"
}
pin() { pin_open 'begin isolation level repeatable read; select count(*) from pg_class;' 2>/dev/null; }
pin_writer() {
	ask 'create table if not exists bench.wrote (n int)' &&
		pin_open 'begin; insert into bench.wrote values (1) returning n;' 2>/dev/null
}
unpin() { # [what it does before it commits]
	[ -n "${pin_pid:-}" ] || return 0
	echo "${1:-} commit; \\q" >&"$pin_in"
	wait "$pin_pid" || true
	pin_pid=
}

#--- systems

system_set() { # SPEC
	spec=$1 system=${1%%:*}
	export BENCH_MODE='' BENCH_DIR=$BENCH_SCRATCH/$system
	if [[ $1 == *:* ]]; then BENCH_MODE=${1#*:}; fi
	script=$bench/peers/$system/enqueue.sql
	[ -f "$script" ] || script=$BENCH_DIR/enqueue.sql
	BENCH_URL=$(instance_url "bench_$system")
	export BENCH_URL
}
peer() { "$bench/peers/$system/$1" "${@:2}"; }

# Ours may have been built anew.
stale() {
	[ "$system" = towpath ] || ! [ -s "$BENCH_DIR/version" ] ||
		[ -n "$(find "$bench/peers/$system" -newer "$BENCH_DIR/version")" ]
}

# A system that cannot be installed is not measured; the tables say why.
systems_install() {
	local able=() why done=' '
	missing=()
	mkdir -p "$BENCH_SCRATCH"
	chmod 711 "$BENCH_SCRATCH"
	for spec in $systems; do
		system_set "$spec"
		if [[ $done != *" $system "* ]] && stale; then
			rm -f "$BENCH_DIR/version"
			say "install $system"
			mkdir -p "$BENCH_DIR"
			if peer install >"$BENCH_DIR/install.log" 2>&1; then
				tail -n 1 "$BENCH_DIR/install.log" >"$BENCH_DIR/version"
			fi
		fi
		if [ -s "$BENCH_DIR/version" ]; then
			able+=("$spec")
		elif [[ $done != *" $system "* ]]; then
			why=$(tail -n 1 "$BENCH_DIR/install.log")
			missing+=("$system: not measured: $why")
			say "$system: not measured: $why"
		fi
		done+="$system "
	done
	systems=${able[*]}
}

versions() {
	local shown=' '
	for spec in $systems; do
		system_set "$spec"
		[[ $shown == *" $system "* ]] || printf -- '- %s\n' "$(cat "$BENCH_DIR/version")"
		shown+="$system "
	done
	[ ${#missing[@]} = 0 ] || printf -- '- %s\n' "${missing[@]}"
	printf -- '- server: %s\n' "$(psql -X -A -t -q "$(instance_url postgres)" -c "
		select string_agg(format('%s %s', name, current_setting(name)), ', ')
		from unnest('{fsync, synchronous_commit, shared_buffers, max_wal_size, wal_compression, autovacuum_naptime,
			max_connections, default_toast_compression}'::text[]) name")"
}

system_use() { # SPEC
	system_set "$1"
	printf '\\c "%s"\n' "$(instance_url postgres)" >&"$ask_in"
	ask "drop database if exists bench_$system with (force)" >/dev/null
	ask "create database bench_$system" >/dev/null
	peer create >"$instance_dir/create.log" 2>&1 || {
		tail -n 20 "$instance_dir/create.log" >&2
		return 1
	}
	printf '\\c "%s"\n' "$BENCH_URL" >&"$ask_in"
	ask 'create schema bench' && ask "$(cat "$bench/peers/$system/views.sql")" && ask 'set jit = off'
}

tried=0 failures=()
try() { # ROW COMMAND...
	local size
	tried=$((tried + 1))
	size=$(stat -c %s "$figures")
	"${@:2}" || {
		truncate -s "$size" "$figures"
		say "$1: failed, left out of round ${round:-1}"
		failures+=("$1 in round ${round:-1}")
	}
	workers_stop
	unpin
}

system_each() { # COMMAND...
	local list=$systems one
	[ $((${round:-1} % 2)) = 1 ] || list=$(printf '%s\n' $systems | tac)
	for one in $list; do try "$one" "$@" "$one"; done
}

#--- jobs in bulk

feeder_start() {
	local in=$instance_dir/feed.in out=$instance_dir/feed.out
	mkfifo "$in" "$out"
	"$bench/peers/$system/feed" <"$in" >"$out" 2>"$instance_dir/feed.err" &
	feeder=$!
	instance_pids+=("$feeder")
	exec {feed_in}>"$in" {feed_out}<"$out"
	rm "$in" "$out"
	asked=0 fed=0
}

feed_want() { # N
	local n=$1
	asked=$((asked + n))
	for (( ; n > 0; n -= 10000)); do echo $((n < 10000 ? n : 10000)) >&"$feed_in" || return; done
}

feed_got() { # waits until all that was asked is committed
	local line
	while [ "$asked" -gt 0 ]; do
		read -rt 300 line <&"$feed_out" || {
			tail -n 5 "$instance_dir/feed.err" >&2
			return 1
		}
		fed=$((fed + line)) asked=$((asked - line))
	done
}

feeder_stop() {
	exec {feed_in}>&- {feed_out}<&-
	process_stop "$feeder" 20 >/dev/null || true
}

# The first few are not timed: a feeder has to start and to connect.
feed() { # N
	local began status=0
	feeder_start
	feed_want 10 && feed_got && began=$EPOCHREALTIME && feed_want $(($1 - 10)) && feed_got || status=1
	[ $status != 0 ] || feed_rate=$(calc "($1 - 10) / ($EPOCHREALTIME - $began)")
	feeder_stop
	return $status
}

# As autovacuum would leave it some time after a fill: the same for all.
settle() { ask 'vacuum analyze' && ask checkpoint; }

worker_pids=()
workers_start() { # W [AT_ONCE]
	local i
	for ((i = 0; i < $1; i++)); do
		"$bench/peers/$system/work" "${2:-best}" >"$instance_dir/work.$system.$i.log" 2>&1 </dev/null &
		worker_pids+=($!)
		instance_pids+=($!)
	done
}

workers_stop() {
	local pid
	for pid in "${worker_pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
	for pid in "${worker_pids[@]}"; do process_stop "$pid" 20 >/dev/null || true; done
	worker_pids=()
}

# So many times as long as a question took, so that the observer takes little of the machine.
rest() { # SINCE TIMES LEAST MOST
	pause "$(awk -v t="$1" -v now="$EPOCHREALTIME" -v times="$2" -v least="$3" -v most="$4" \
		'BEGIN { t = times * (now - t); print (t < least ? least : t > most ? most : t) }')"
}

until_true() { # SQL-answering-t SECONDS
	local end asked_at
	end=$(calc "$EPOCHREALTIME + $2" 6)
	while :; do
		asked_at=$EPOCHREALTIME
		[ "$(ask "$1")" != t ] || return 0
		[[ $EPOCHREALTIME < $end ]] || return 1
		rest "$asked_at" 20 0.02 1
	done
}

# A statement's snapshot is as old as its start, however long it counts.
sample() { ask "select n, extract(epoch from statement_timestamp()) from bench.$1"; }

# Between two samples of what has ended, so that neither start nor tail count: from the first that saw any to the last
# that did not see all, if half of all lie between them; else to the one that saw all.
drained() { # N SECONDS
	local began=$EPOCHREALTIME ended=0 samples='' end one asked_at
	end=$(calc "$began + 60" 6)
	while [[ $ended -lt $1 && $EPOCHREALTIME < $end ]]; do
		asked_at=$EPOCHREALTIME
		one=$(sample finished) || return
		[ "$ended" != 0 ] || [ "${one%|*}" = 0 ] || end=$(calc "$EPOCHREALTIME + $2" 6)
		ended=${one%|*} samples+=$one$'\n'
		rest "$asked_at" 10 0.05 0.5
	done
	[ "$ended" != 0 ] || {
		say "$spec: no job ended: $(tail -n 3 "$instance_dir/work.$system.0.log")"
		return 1
	}
	printf '%s' "$samples" | awk -F '|' -v jobs="$1" -v none="$began" '
		$1 <= 0 { none = $2; next }
		!first { first = $2; from = $1 }
		!last || $1 < jobs { last = $2; to = $1 }
		END {
			if (to - from < jobs / 2) { last = $2; to = $1 }
			if (to == from) { first = none; from = 0 }
			printf "%.0f\n", (to - from) / (last - first)
		}'
}

# The band of lanes: else jobs would be counted as the duty admits them.
made() { ask "select tow.enqueue('noop', lane => 'first')" >/dev/null && ask "select tow.duty('admit')" >/dev/null; }

last_id() { ask "select coalesce(pg_sequence_last_value('tow_store.job_id'::regclass), 0)"; }

# Ours, by the rows' own times: of jobs with an id above.
own_rate() { # ID
	ask "select round(count(*) / extract(epoch from max(finished_at) - min(started_at)))
		from tow_store.history where outcome = 'c' and job_id > $1"
}

#--- producers

producer() { # CONNECTIONS SECONDS SCRIPT [pgbench options]
	pgbench -n -M prepared -c "$1" -j "$1" -T "$2" -f "$3" -D n=0 "${@:4}" "$BENCH_URL" 2>"$instance_dir/pgbench.err" |
		sed -n 's/^tps = \([0-9]*\).*/\1/p'
}

#--- figures

note() { # ROW COLUMN VALUE
	[ -n "$3" ] || return
	printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$figures"
	say "$1, $2: $3"
}

table() { # TITLE [BASE_ROW]
	local which
	if [ ${#failures[@]} -ge "$tried" ]; then
		say "nothing was measured of: $1"
		return 1
	fi
	printf '\n%s\n\n' "$1"
	awk -F '\t' -v base="${2:-}" -f "$bench/table.awk" "$figures"
	if [ ${#failures[@]} != 0 ]; then
		which=$(printf ', %s' "${failures[@]}")
		printf '\nFailed, and left out: %s.\n' "${which#, }"
	fi
	: >"$figures"
	tried=0 failures=()
}

median() { # numbers on standard input
	sort -g | awk '{ v[NR] = $1 } END { if (NR) print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }'
}

quantiles() { # numbers on standard input -> "p50 p99"
	sort -g | awk '{ v[NR] = $1 } END { if (NR) printf "%.2f %.2f\n", v[int((NR + 1) / 2)], v[int(NR * 0.99 + 0.5)] }'
}
