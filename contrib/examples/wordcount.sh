#!/bin/sh
# A handler in shell: counts the words of {"text": "..."}.
#
# The arguments come as JSON on standard input. What is printed becomes the job's log. Descriptor 3 takes control lines.
# The exit status is the outcome: 0 done, 75 try again, 65 the input is bad (no use in trying again).
set -eu

text=$(jq -er '.text | strings' 2>/dev/null) || {
	echo 'fail there is no "text" in the arguments' >&3
	exit 65
}
echo "counting, attempt $TOW_ATTEMPT of $TOW_MAX_ATTEMPTS"
echo 'progress 50 counting' >&3
words=$(printf '%s' "$text" | wc -w)
echo "result {\"words\": $words}" >&3
