#!/bin/sh
# man.sh TOW DIR: one manual page a command (tow-NAME.1) and tow.1, from the commands' own help; and tow-worker.ini.5, from
# what contrib/docs/reference.md says of the worker's file.
set -eu
tow=$1 dir=$2
here=$(dirname "$0")/..
version=$("$tow" --version | sed 's/^tow //')
mkdir -p "$dir"

# head PAGE SECTION SUMMARY
head() {
	printf '.TH "%s" %s "" "Towpath %s" "Towpath"\n' "$(echo "$1" | tr '[:lower:]' '[:upper:]')" "$2" "$version"
	printf '.SH NAME\n%s \\- %s\n' "$(echo "$1" | sed 's/-/\\-/g')" "$3"
}

# Help text on standard input, laid out as it is, each part under its heading: how it is used comes first, options are
# indented lines that begin with --, and examples and the exit status name themselves.
parts() { # SUMMARY, which the page has already
	awk -v summary="$1" '
	$0 == summary { next }
	function put(part, line) { text[part] = text[part] line "\n" }
	NR == 1 && sub(/^usage: /, "") { part = "SYNOPSIS" }
	part == "SYNOPSIS" && NR > 1 && !/^ / { part = "" }
	part == "OPTIONS" && !/^ / { part = "" }
	part == "EXAMPLES" && !/^ / && !/^$/ { part = "" }
	part == "EXIT STATUS" && /^$/ { part = "" }
	part == "" && /^  -/ { part = "OPTIONS" }
	/^options:$/ { part = "OPTIONS"; next }
	/^Examples:$/ { part = "EXAMPLES"; next }
	/^Exit status/ { part = "EXIT STATUS" }
	{ put(part == "" ? "DESCRIPTION" : part, $0) }
	END {
		n = split("SYNOPSIS DESCRIPTION OPTIONS EXIT_STATUS EXAMPLES", order, " ")
		for (i = 1; i <= n; i++) {
			name = order[i]
			sub(/_/, " ", name)
			gsub(/^\n+|\n+$/, "", text[name])
			gsub(/\n\n\n+/, "\n\n", text[name])
			if (text[name] == "")
				continue
			gsub(/\\/, "\\e", text[name])
			gsub(/-/, "\\-", text[name])
			print ".SH " name "\n.nf"
			lines = split(text[name], line, "\n")
			for (l = 1; l <= lines; l++)
				print (line[l] ~ /^[.\047]/ ? "\\&" : "") line[l]
			print ".fi"
		}
	}'
}

# The page of a command without a word of its own about it says where that is.
command() { # PAGE SUMMARY: help on standard input
	head "$1" 1 "$2"
	parts "$2"
	[ "$1" = tow ] || printf '.SH SEE ALSO\n.BR tow (1),\nwhich has the exit statuses of all commands.\n'
}

# Markdown on standard input: paragraphs, tables of two columns, `words`, and links that are [`words`](to).
markdown() {
	awk '
	function plain(s,    out, n, i, piece) {
		gsub(/\]\([^)]*\)/, "", s)
		gsub(/\\/, "\\e", s)
		gsub(/-/, "\\-", s)
		n = split(s, piece, "`")
		for (i = 1; i <= n; i++) { # what stands between two of them is every second one
			if (i % 2)
				sub(/\[$/, "", piece[i])
			out = out (i > 1 ? (i % 2 ? "\\fR" : "\\fB") : "") piece[i]
		}
		return (out ~ /^[.\047]/ ? "\\&" : "") out
	}
	/^\|---/ { next }
	/^\| / {
		split(substr($0, 3, length($0) - 4), cell, / \| /)
		if (!table)
			print ".SS " plain(cell[1]) "\n" plain(cell[2])
		else
			print ".TP\n" plain(cell[1]) "\n" plain(cell[2])
		table = 1
		next
	}
	/^$/ { table = 0; print ".PP"; next }
	{ print plain($0) }'
}

"$tow" --help | command tow 'a job queue that lives in PostgreSQL' >"$dir/tow.1"
"$tow" --commands | while IFS="$(printf '\t')" read -r name summary; do
	"$tow" "$name" --help | command "tow-$name" "$summary" >"$dir/tow-$name.1"
done
{
	head tow-worker.ini 5 "what a worker of Towpath runs, and how"
	printf '.SH DESCRIPTION\n'
	awk '/^## / { on = 0 } on; $0 == "## The worker\047s file" { on = 1 }' "$here/docs/reference.md" | markdown
	printf '.SH EXAMPLES\n.nf\n'
	sed -e 's/\\/\\e/g' -e "s/^[.']/\\\\\&&/" -e 's/-/\\-/g' "$here/examples/worker.ini"
	printf '.fi\n.SH SEE ALSO\n.BR tow\\-worker (1)\n'
} >"$dir/tow-worker.ini.5"
