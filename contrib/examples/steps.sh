# shellcheck shell=sh
# Durable steps, waits and jobs of one's own for handlers in shell. Source it:
#
#	. contrib/examples/steps.sh
#	tow_step charge ./charge "$order"                 once and for all, however often the handler is started
#	tow_done parcel || {
#		tow_signal shipped 604800 || exit 0       not yet: called again when tow.signal(id, 'shipped') was
#		tow_keep parcel "$(tow_memory .signals.shipped.payload)"
#	}
#
# Descriptor 3 takes what is said, 4 has the answers, 5 has what the job remembers as JSON, as it was when the handler
# was started. It needs jq.

tow_memory() { # filter
	jq -c "$1" /dev/fd/5
}

tow_done() { # name
	jq -e --arg name "$1" '.steps // {} | has($name)' /dev/fd/5 >/dev/null
}

# The result of a step; null when it has none, or has not been done.
tow_kept() { # name
	jq -c --arg name "$1" '.steps[$name]' /dev/fd/5
}

# Comes back when it is committed. When the job is somebody else's by now there is nothing left to do here.
tow_keep() { # name [json]
	printf 'step %s %s\n' "$1" "${2:-null}" >&3
	read -r tow_answer <&4
	case $tow_answer in
	ok) ;;
	lost) exit 75 ;;
	*)
		echo "step $1: $tow_answer" >&2
		exit 65
		;;
	esac
}

# A step is a command: its output is not kept. If the machine dies between the two lines, it is run again.
tow_step() { # name command args...
	tow_step_name=$1
	shift
	if tow_done "$tow_step_name"; then return 0; fi
	"$@" || return
	tow_keep "$tow_step_name"
}

tow_spawn() { # kind [args]
	jq -nc --arg kind "$1" --argjson args "${2:-null}" '{kind: $kind, args: ($args // {})}' | sed 's/^/spawn /' >&3
}

# Each fails when the handler must end now (exit 0) and be called again.
tow_children() {
	[ "$(tow_memory '.children.total // 0')" != 0 ] && return
	echo 'wait children' >&3
	return 1
}

tow_signal() { # name [seconds]
	jq -e --arg name "$1" '.signals // {} | has($name)' /dev/fd/5 >/dev/null && return
	echo "wait signal $1 ${2:-}" >&3
	return 1
}

tow_sleep() { # name seconds
	tow_signal "sleep:$1" "$2"
}
