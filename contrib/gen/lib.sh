# shellcheck shell=sh
# Shared by the generators.

# put FILE: standard input becomes FILE, unless FILE says the same already (its date then stays, and nothing is rebuilt).
put() {
	mkdir -p "$(dirname "$1")"
	cat >"$1.new"
	if cmp -s "$1.new" "$1"; then
		rm "$1.new"
	else
		mv "$1.new" "$1"
	fi
}

# symbols PREFIX FILE...: PREFIX_<name> for each file that defines it, sorted; run-now.c and run_now.c give run_now.
symbols() {
	prefix=$1
	shift
	for file; do
		name=$(basename "$file" .c | tr - _)
		if grep -q "^const struct .*\\b${prefix}_$name\\b" "$file"; then
			echo "${prefix}_$name"
		fi
	done | LC_ALL=C sort
}
