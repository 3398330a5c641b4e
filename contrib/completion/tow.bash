# shellcheck shell=bash
# Completion of tow's commands, their words and options for bash. Commands and options come from the program itself, so that
# this file need not follow it. Source it, or install it as share/bash-completion/completions/tow.

# The verbs of a command that has any, out of its usage: "tow queue ls | add NAME | set NAME".
_tow_verbs() { # program command
	"$1" "$2" --help 2>/dev/null | sed '/^$/,$d; s/^usage: //; s/^ *tow '"$2"' //' | tr '|' '\n' | grep -oE '^ *[a-z][a-z-]*' | tr -d ' '
}

# The words after a command: names of what there is, numbers of jobs.
_tow_words() { # program command word-before
	case "$2 $3" in
	"help help") "$1" --commands | cut -f1 ;;
	"bulk bulk") echo "cancel retry forget run-now snooze reprioritise move" ;;
	"queue "[gpsr]* | "lane "[psr]* | *" --queue") _tow_names "$1" queue ls ;;
	"schedule "[nprs]*) [ "$3" = schedule ] || _tow_names "$1" schedule ls ;;
	"policy "[prs]*) [ "$3" = policy ] || _tow_names "$1" policy ls ;;
	"setting "*) _tow_names "$1" setting ;;
	"workers drain") "$1" workers 2>/dev/null | awk '$1 ~ /^[0-9]+$/ { print $2 }' ;; # below the table stands what is wrong
	*" --may") echo "enqueue read" ;;
	*" --role") echo "viewer operator admin producer" ;;
	*" --to-queue") _tow_names "$1" queue ls ;;
	"client "[edrst]* | "library "[arsu]* | "target "[rs]* | "channel "[rst]* | "profile "[rs]* | "secret rm")
		case "$3" in add | drivers) ;; *) _tow_names "$1" "$2" ls ;; esac ;;
	"notify set" | "notify rm") _tow_names "$1" notify ls ;;
	"haul "[cefpru]* | "haul show") _tow_names "$1" haul ls ;;
	*" --client") _tow_names "$1" client ls ;;
	*" --library") _tow_names "$1" library ls ;;
	*" --profile") _tow_names "$1" profile ls ;;
	*" --channel") _tow_names "$1" channel ls ;;
	*" --policy") _tow_names "$1" policy ls ;;
	"daemon "[a-ce-z]* | "daemon disable") _tow_names "$1" daemon ls ;;
	"enqueue enqueue" | "kind "[prs]* | *" --kind") _tow_names "$1" kinds ;;
	*" --state") echo "scheduled ready running retrying waiting completed failed cancelled" ;;
	*" --on-conflict") echo "ignore replace reschedule error" ;;
	*" --key-scope") echo "queued live done" ;;
	*" --shape") echo "fixed linear exponential polynomial list function" ;;
	*" --missed") echo "skip last all" ;;
	*" --dst-gap") echo "skip after" ;;
	*" --dst-overlap") echo "once twice" ;;
	*" --overlap") echo "allow skip queue replace" ;;
	*" --format") echo "text dot" ;;
	"cancel "* | "job "* | "log "* | "retry "* | "forget "* | "run-now "* | "snooze "* | "reprioritise "* | "watch "* | "why "* | "signal "* | \
		"approve "* | "reject "* | "graph "* | "move "* | "depend "*) _tow_jobs "$1" "$2" ;;
	esac
}

# The first column of a list; nothing when there is no database.
_tow_names() { # program words...
	"$@" 2>/dev/null | sed 1d | awk '{ print $1 }'
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

# Not compgen -W, which would have the shell expand the words: somebody may have named a schedule '$(rm -r ~)'.
_tow_offer() { # words beginning
	local words one
	read -r -d '' -a words <<<"$1"
	COMPREPLY=()
	for one in "${words[@]}"; do
		[[ $one != "$2"* ]] || COMPREPLY+=("$(printf %q "$one")")
	done
}

_tow() {
	local program=$1 word=$2 before=$3 list
	if [ "$COMP_CWORD" = 1 ]; then
		list=$("$program" --commands | cut -f1)
	elif [[ $word == -* ]]; then
		list=$(_tow_options "$program" "${COMP_WORDS[1]}")
	elif [ "$COMP_CWORD" = 2 ] && list=$(_tow_verbs "$program" "${COMP_WORDS[1]}") && [ -n "$list" ]; then
		list+=$'\n'$(_tow_words "$program" "${COMP_WORDS[1]}" "$before") # or what may stand in their place
	else
		list=$(_tow_words "$program" "${COMP_WORDS[1]}" "$before")
	fi
	_tow_offer "$list" "$word"
}

complete -o default -F _tow tow
