#!/bin/sh
# generated.sh BUILD: every file that stands where commands, kinds or drivers stand has found its way into its table.
set -eu
build=$1
status=0

# in_table TABLE SYMBOL FILE
in_table() {
	grep -q "&$2,$" "$build/gen/$1.c" && return
	echo "$3: does not define $2, so nothing finds it"
	status=1
}

for file in src/cli/*.c; do
	[ ! -f "$file" ] || in_table commands "tow_command_$(basename "$file" .c | tr - _)" "$file"
done
# A kinds file may also hold a family that is declared in the worker's configuration: tow_family_<name>.
for file in workers/kinds/*.c; do
	[ -f "$file" ] || continue
	name=$(basename "$file" .c | tr - _)
	grep -q "^const struct .*\\btow_family_$name\\b" "$file" || in_table kinds "tow_kind_$name" "$file"
done
# NAME_PART.c is a part of the driver NAME.c where both share a NAME.h.
for what in client target channel; do
	for file in workers/haul/"$what"s/*.c; do
		whole=${file%_*}
		[ ! -f "$file" ] || { [ -f "$whole.c" ] && grep -q "\"${whole##*/}.h\"" "$file"; } || in_table "$what"s "tow_${what}_$(basename "$file" .c | tr - _)" "$file"
	done
done
grep -q "^return '$(cat VERSION)';" sql/tow/code/version.sql || { echo "sql/tow/code/version.sql: is not $(cat VERSION), the file VERSION"; status=1; }
exit $status
