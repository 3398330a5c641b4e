#!/bin/sh
# A daemon in shell: looks into a folder, has each text file in it counted by a job of its own (kind wordcount), waits
# for those without holding a slot, and puts the files away. Its config is {"folder": "/srv/in"}; one turn is this
# script, twice: once to make the jobs, and once when they have ended.
#
# Descriptor 3 takes control lines; "status" is what tow.daemons shows. Descriptor 5 has what the job remembers.
set -eu

folder=$(jq -er '.folder | strings') || {
	echo 'fail the config has no "folder"' >&3
	exit 65
}
say() {
	printf 'status %s\n' "$*" >&3
}
memory() { # filter
	jq -r "$1" /dev/fd/5
}

if [ "$(memory '.children.total // 0')" = 0 ]; then
	say "Checking $folder"
	mkdir -p "$folder/counted"
	files=0
	for file in "$folder"/*.txt; do # one turn is bounded: the rest is for the next
		if [ ! -f "$file" ] || [ "$files" -ge 100 ]; then break; fi
		jq -nc --rawfile text "$file" '{kind: "wordcount", args: {$text}}' | sed 's/^/spawn /' >&3
		files=$((files + 1))
		printf '%s\n' "${file##*/}"
	done >"$folder/.found"
	files=$(wc -l <"$folder/.found")
	if [ "$files" = 0 ]; then
		say "No files in $folder"
		exit 0
	fi
	say "Waiting for $files files to be counted"
	printf 'step found %s\n' "$(jq -Rnc '[inputs]' "$folder/.found")" >&3
	echo 'wait children' >&3
	exit 0
fi

words=$(memory '[.children.results[]?.words // 0] | add // 0')
memory '.steps.found[]' | while read -r file; do
	[ ! -f "$folder/$file" ] || mv "$folder/$file" "$folder/counted/$file"
done
say "Counted $words words, $(memory .children.failed) files failed"
echo "result {\"words\": $words}" >&3
