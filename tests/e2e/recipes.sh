#!/usr/bin/env bash
# Every block of contrib/docs/recipes.md, as it stands there, against an instance, in order and in one shell each; what
# a block says that it prints must come.
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start
scheduler_start
worker_start --config contrib/examples/worker.ini --queue default:4 --queue api:1
mkdir "$instance_dir/bin"
ln -s "$TOW" "$instance_dir/bin/tow"
export PATH=$instance_dir/bin:$PATH
wait_until "[ \"\$(instance_psql -c 'select count(*) from tow.workers')\" = 1 ]"

# The blocks, one file each, named by the recipe that they stand in; 0 is what all of them need.
awk -v dir="$instance_dir" '
	/^## [0-9]+\./ { n = $2 + 0; title = substr($0, 4); print n "\t" title >(dir "/titles") }
	/^```$/ { on = 0 }
	on { print >(dir "/block." (n + 0)) }
	/^```sh$/ { on = 1 }
' contrib/docs/recipes.md

is "$(wc -l <"$instance_dir/titles")" 23 "so many recipes"
while IFS=$'\t' read -r n title; do
	block=$instance_dir/block.$n
	ok "$title: has commands" test -s "$block" || continue
	out=$(timeout 120 bash -eu -c '. "$1"; . "$2"' - "$instance_dir/block.0" "$block" 2>&1 </dev/null)
	status=$?
	is "$status" 0 "$title: they work"
	missing=
	while IFS= read -r wanted; do
		grep -Eq -- "$wanted" <<<"$out" || missing+="$wanted "
	done < <(sed -n 's/^# prints: //p' "$block")
	is "$missing" "" "$title: and print what it says"
	if [ "$status" != 0 ] || [ -n "$missing" ]; then diag "$out"; fi
done <"$instance_dir/titles"
ok "each says what something prints" test "$(grep -l '^# prints: ' "$instance_dir"/block.* | wc -l)" = 23
done_testing
