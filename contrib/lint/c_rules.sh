#!/bin/sh
# c_rules.sh FILE...: size and banned functions. A file over 700 lines has more than one duty, a function over 70 lines
# more than one thought; the banned functions overflow, lose errors, or pass through a shell.
set -eu

awk '
	function bad(line, why) { print FILENAME ":" line ": " why; found = 1 }
	FNR == 1 { body = 0; in_comment = 0 }
	FNR == 701 { bad(FNR, "the file has more than 700 lines") }

	/^[A-Za-z_].*\(/ { name = $0 }
	/^\{/ { body = FNR }
	/^\}/ { if (body && FNR - body - 1 > 70) bad(body, FNR - body - 1 " lines: " name); body = 0 }

	{
		code = $0
		gsub(/"([^"\\]|\\.)*"/, "\"\"", code)
		sub(/\/\/.*/, "", code)
		gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, "", code)
		if (in_comment) { if (!sub(/.*\*\//, "", code)) next; in_comment = 0 }
		if (sub(/\/\*.*/, "", code)) in_comment = 1
		if (match(code, /(^|[^A-Za-z0-9_.>])(strcpy|strcat|sprintf|vsprintf|gets|strtok|system|popen|alloca|mktemp|tmpnam)[ ]*\(/))
			bad(FNR, "a banned function: " substr(code, RSTART, RLENGTH))
	}
	END { exit found }' "$@"
