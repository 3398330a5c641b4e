#!/usr/bin/env bash
# The reference page is what the program and its database say: contrib/gen/reference.sh would write it as it stands, it
# leaves out no command, function or view, and its text goes by the program's own lists.
. tests/lib/tap.sh
. tests/lib/instance.sh

page=contrib/docs/reference.md
# shellcheck disable=SC2119
instance_start
url=$(instance_url)
anew=$instance_dir/reference.md

ok "the page can be written" bash -c "contrib/gen/reference.sh '$TOW' $page '$url' >'$anew'"
is "$(diff "$page" "$anew")" "" "and stands as it would be written: make reference"

# The page is taken as a whole here, so that a part that generates too little is seen, too.
missing() { # names on standard input; how the page shows one
	while read -r name; do
		# shellcheck disable=SC2059 # the format is the point
		grep -qF "$(printf "$1" "$name")" $page || echo "$name"
	done
}
is "$("$TOW" --commands | cut -f 1 | missing '| `tow %s` |')" "" "it has every command"
is "$(instance_psql -c "select distinct proname from pg_proc where pronamespace = 'tow'::regnamespace" | missing '| `tow.%s` |')" "" \
	"every function"
is "$(instance_psql -c "select relname from pg_class where relnamespace = 'tow'::regnamespace and relkind in ('v', 'r')" |
	missing '`tow.%s`')" "" "every view and table"
is "$(instance_psql -c 'select name from tow.settings' | missing '| `%s` |')" "" "every setting"
is "$(grep -rhoE "'TW4[0-9]{2}'" sql/tow/code | tr -d "'" | sort -u | missing '| `%s` |')" "" "every SQLSTATE"
known=$(printf '[worker]\nno = such\n' >"$instance_dir/bad.ini" && "$TOW" worker --config "$instance_dir/bad.ini" 2>&1)
is "$(sed -n 's/.*known: //p' <<<"$known" | tr ' ' '\n' | missing '`%s')" "" "every setting of a worker's file"
like "$known" "known: name queue" "as the worker lists them"
words=$(sed -n '/words\[\] = {/,/};/p' workers/control.c | grep -oE '= \{ "[a-z]+"' | grep -oE '[a-z]+')
like "$words" "progress" "the program has control lines"
is "$(missing '| `%s ' <<<"$words")" "" "and the page has them"

# A page that says less is found out.
sed '/`tow.why`/d' $page >"$instance_dir/less.md"
contrib/gen/reference.sh "$TOW" "$instance_dir/less.md" "$url" >"$anew"
like "$(diff "$instance_dir/less.md" "$anew")" 'tow.why' "a line that is missing is seen"
grep -vx '<!-- /views -->' $page >"$instance_dir/less.md"
is "$(contrib/gen/reference.sh "$TOW" "$instance_dir/less.md" "$url" 2>&1 >"$anew" | grep -c 'no place')" 1 "so is a part without an end"
done_testing
