# shellcheck shell=bash
# What tests of media servers share, beside what those of download clients do. Source it after tap.sh.
#
#	drive [-u USER] ... VERB...	target_drive of $driver at $url with the options in login=()
#	says ...			drive, and the class and code of the error, or the job, or "ok"
#	state JOB			what follow says of it
# shellcheck disable=SC2154 # variables of torrents.sh
. tests/lib/torrents.sh

target_drive=${TOW_BUILD:-build}/tests/lib/target_drive
[ -x "$target_drive" ] || skip_all "there is no $target_drive: make tests"

drive() { "$target_drive" "$driver" "$url" "${login[@]}" "$@"; }
says() { drive "$@" | jq -r 'if .ok then .job // "ok" else .error + " " + .code end'; }
state() { drive follow "$1" | jq -r '.state // .error'; }
