# shellcheck shell=bash
# Test Anything Protocol for shell tests. Source it, call these, end with done_testing.
#
#	ok "description" command args...	the command succeeds
#	not_ok "description" command args...	the command fails
#	is "got" "wanted" "description"		isnt likewise
#	like "got" "regex" "description"	unlike likewise; bash's extended regular expressions
#	exits 64 "description" command args...	the command's exit status
#	skip "reason"				one test that cannot run here
#	skip_all "reason"			the whole file; ends it
#	wait_until "condition" [seconds]	tries the shell condition again and again; fails after the limit (120)
#	diag "text"...			a remark in the output

# A test may silence its command (`ok "..." cmd >/dev/null`): results go where the output went at first.
exec {tap_out}>&1

tap_count=0
tap_failed=0

diag() {
	printf '%s\n' "$@" | sed 's/^/# /' >&"$tap_out"
}

tap_result() { # 0|1 description
	tap_count=$((tap_count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $tap_count - $2" >&"$tap_out"
	else
		tap_failed=$((tap_failed + 1))
		echo "not ok $tap_count - $2" >&"$tap_out"
		diag "at ${BASH_SOURCE[2]}:${BASH_LINENO[1]}"
	fi
	return "$1"
}

ok() {
	local description=$1 status=0
	shift
	"$@" || status=1
	tap_result $status "$description"
}

not_ok() {
	local description=$1 status=0
	shift
	"$@" && status=1
	tap_result $status "$description"
}

exits() {
	local wanted=$1 description=$2 got=0 status=0
	shift 2
	"$@" || got=$?
	[ "$got" = "$wanted" ] || status=1
	tap_result $status "$description" || diag "exit status $got, wanted $wanted"
}

is() {
	local status=0
	[ "$1" = "$2" ] || status=1
	tap_result $status "$3" || diag "got:    $1" "wanted: $2"
}

isnt() {
	local status=0
	[ "$1" != "$2" ] || status=1
	tap_result $status "$3" || diag "got what was not wanted: $1"
}

like() {
	local status=0
	[[ $1 =~ $2 ]] || status=1
	tap_result $status "$3" || diag "got:    $1" "wanted a match of: $2"
}

unlike() {
	local status=0
	[[ ! $1 =~ $2 ]] || status=1
	tap_result $status "$3" || diag "got:    $1" "wanted no match of: $2"
}

skip() {
	tap_count=$((tap_count + 1))
	echo "ok $tap_count # SKIP $*" >&"$tap_out"
}

skip_all() {
	echo "1..0 # SKIP $*"
	exit 0
}

wait_until() {
	local end=$((SECONDS + ${2:-120}))
	until eval "$1" >/dev/null 2>&1; do
		if [ $SECONDS -ge $end ]; then
			diag "waited ${2:-120} s in vain until: $1"
			return 1
		fi
		sleep 0.05
	done
}

done_testing() {
	echo "1..$tap_count"
	[ "$tap_failed" = 0 ]
	exit
}
