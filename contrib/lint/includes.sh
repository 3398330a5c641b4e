#!/bin/sh
# Which room may include what (see contrib/ARCHITECTURE.md):
#   include/tow <- src/core <- { workers, scheduler, src/serve, src/cli } <- src/main.c
# The four in the middle never include one another. A library is included by one file only.
set -eu

git ls-files -co --exclude-standard 'src/*.[ch]' 'workers/*.[ch]' 'scheduler/*.[ch]' 'include/*.h' | while read -r file; do
	sed -n 's/^[ \t]*#[ \t]*include[ \t]*\([<"]\)\([^>"]*\).*/\1 \2/p' "$file" | sed "s|^|$file |"
done | awk '
	# The folder that a file belongs to.
	function room(path) {
		if (path ~ /^src\/(core|cli|serve)\//) { split(path, p, "/"); return p[1] "/" p[2] }
		if (path == "src/main.c") return "main"
		split(path, p, "/"); return p[1]
	}
	# "dir/file" and "../x.h" -> "x.h"
	function join(file, name,    dir) {
		dir = file; sub(/[^\/]*$/, "", dir)
		while (name ~ /^\.\.\//) { sub(/^\.\.\//, "", name); sub(/[^\/]*\/$/, "", dir) }
		return dir name
	}
	function bad(why) { print file ": includes " name ": " why; found = 1 }

	BEGIN {
		only["libpq-fe.h"] = "^src/core/(db|db_call|db_connect|rows)\\.c$"
		only["curl/curl.h"] = "^src/core/(http|http_answer|http_url|mail)\\.c$"
		only["jansson.h"] = "^src/core/json\\.c$"
		only["expat.h"] = "^src/core/xml\\.c$"
		only["xxhash.h"] = "^src/core/xxh\\.c$"
		only["archive.h"] = only["archive_entry.h"] = "^src/core/unpack\\.c$"
		only["microhttpd.h"] = "^src/serve/http\\.c$"
		only["zlib.h"] = "^src/serve/coding\\.c$"
		only["wslay/wslay.h"] = "^src/serve/guest\\.c$"
		only["ini.h"] = "^workers/config\\.c$"
		only["ncurses.h"] = only["curses.h"] = only["ncursesw/curses.h"] = "^src/cli/(top|lib/screen)\\.c$"
	}
	{
		file = $1; name = $3
		if (name in only && file !~ only[name]) bad("that library belongs to " only[name])
		if ($2 == "<" || name ~ /^tow\//) next
		from = room(file); to = room(join(file, name))
		if (from != to) bad(from " may not look into " to)
	}
	END { exit found }'
