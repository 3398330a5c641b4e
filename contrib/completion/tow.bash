# shellcheck shell=bash
# Completion of tow's commands, their words and options for bash. Commands and options come from the program itself, so that
# this file need not follow it. Source it, or install it as share/bash-completion/completions/tow.

# The words after a command: verbs of two-word commands, queues, schedules.
_tow_words() { # program command word-before
	case "$2 $3" in
	"queue queue") echo "ls add set pause resume rm" ;;
	"lane lane") echo "ls set pause resume" ;;
	"kind kind") echo "set pause resume" ;;
	"schedule schedule") echo "ls add set show next history pause resume run rm" ;;
	"policy policy") echo "ls preview set rm" ;;
	"db db") echo "start stop restart status url psql destroy" ;;
	"help help") "$1" --commands | cut -f1 ;;
	"lane set" | "lane pause" | "lane resume") _tow_names "$1" queue ls ;;
	"kind set" | "kind pause" | "kind resume") _tow_names "$1" kinds ;;
	"queue pause" | "queue resume" | "queue set" | "queue rm" | *" --queue") _tow_names "$1" queue ls ;;
	"schedule set" | "schedule show" | "schedule next" | "schedule history" | "schedule pause" | "schedule resume" | "schedule run" | "schedule rm") _tow_names "$1" schedule ls ;;
	"policy preview" | "policy set" | "policy rm" | *" --policy") _tow_names "$1" policy ls ;;
	"enqueue enqueue" | *" --kind") _tow_names "$1" kinds ;;
	*" --state") echo "scheduled ready running retrying waiting completed failed cancelled" ;;
	*" --on-conflict") echo "ignore replace reschedule error" ;;
	*" --key-scope") echo "queued live done" ;;
	*" --shape") echo "fixed linear exponential polynomial list function" ;;
	*" --missed") echo "skip last" ;;
	"cancel "* | "job "* | "log "* | "retry "* | "run-now "* | "snooze "* | "reprioritise "*) _tow_jobs "$1" "$2" ;;
	esac
}

# The first column of a list; nothing when there is no database.
_tow_names() { # program words...
	"$@" 2>/dev/null | sed 1d | cut -d ' ' -f 1
}

_tow_jobs() { # program command
	if [ "$2" = retry ]; then
		"$1" history --failed --limit 30 2>/dev/null | sed 1d | awk '{ print $1 }'
	else
		"$1" jobs --limit 30 2>/dev/null | sed 1d | awk '{ print $1 }'
	fi
}

_tow_options() { # program command
	"$1" "$2" --help 2>/dev/null | grep -oE '^ +--[a-z-]+' | tr -d ' '
	echo "--help"
}

_tow() {
	local program=$1 word=$2 before=$3 list
	if [ "$COMP_CWORD" = 1 ]; then
		list=$("$program" --commands | cut -f1)
	elif [[ $word == -* ]]; then
		list=$(_tow_options "$program" "${COMP_WORDS[1]}")
	else
		list=$(_tow_words "$program" "${COMP_WORDS[1]}" "$before")
	fi
	mapfile -t COMPREPLY < <(compgen -W "$list" -- "$word")
}

complete -o default -F _tow tow
