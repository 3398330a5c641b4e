#!/bin/sh
# man.sh TOW DIR: one manual page a command (tow-NAME.1) and tow.1, from the commands' own help.
set -eu
tow=$1 dir=$2
version=$("$tow" --version | sed 's/^tow //')
mkdir -p "$dir"

# roff TITLE SUMMARY: help text on standard input, laid out as it is.
roff() {
	printf '.TH "%s" 1 "" "Towpath %s" "Towpath"\n' "$(echo "$1" | tr '[:lower:]' '[:upper:]')" "$version"
	printf '.SH NAME\n%s \\- %s\n.SH DESCRIPTION\n.nf\n' "$(echo "$1" | sed 's/-/\\-/g')" "$2"
	sed -e 's/\\/\\e/g' -e "s/^\\([.']\\)/\\\\\&\\1/" -e 's/-/\\-/g'
	printf '.fi\n'
}

"$tow" --help | roff tow 'a job queue that lives in PostgreSQL' >"$dir/tow.1"
"$tow" --commands | while IFS="$(printf '\t')" read -r name summary; do
	"$tow" "$name" --help | roff "tow-$name" "$summary" >"$dir/tow-$name.1"
done
