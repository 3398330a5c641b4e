#!/usr/bin/env bash
# tow itself: help, version, what is not a command.
# sanitizers too
. tests/lib/tap.sh

like "$("$TOW" --version)" "^tow [0-9]+\.[0-9]+\.[0-9]+$" "version"
like "$("$TOW")" "usage: tow COMMAND" "tow alone prints the summary"
is "$("$TOW" --help)" "$("$TOW")" "and so does --help"
like "$("$TOW" --help)" $'\n  db  +[a-z]' "with each command and what it does"
like "$("$TOW" help db)" "^usage: tow db start" "help COMMAND"
is "$("$TOW" db --help)" "$("$TOW" help db)" "COMMAND --help is the same"
exits 0 "help succeeds" "$TOW" db --help >/dev/null
is "$("$TOW" queue add --help)" "$("$TOW" help queue)" "COMMAND VERB --help, too"
is "$("$TOW" enqueue noop --queue x --help)" "$("$TOW" help enqueue)" "and at the end of a line"
unlike "$("$TOW" db psql --help 2>&1)" "usage: tow db" "but psql's is psql's"

exits 64 "an unknown command is a usage error" "$TOW" nonsense 2>/dev/null
like "$("$TOW" dbb 2>&1)" "did you mean 'tow db'" "with a suggestion when one is near"
unlike "$("$TOW" nonsense 2>&1)" "did you mean" "and none when none is"
like "$("$TOW" nonsense 2>&1)" "tow --help" "but where to look"
exits 64 "help for what is not there" "$TOW" help nonsense 2>/dev/null
exits 74 "a full disk is noticed" bash -c '"$TOW" --help >/dev/full 2>/dev/null'

while IFS=$'\t' read -r name summary; do
	ok "$name has a summary" test -n "$summary"
	like "$("$TOW" "$name" --help)" "^usage: tow $name" "$name says how it is used"
done < <("$TOW" --commands)

pages=$(mktemp -d /tmp/tow-e2e.XXXXXX)
trap 'rm -rf "$pages"' EXIT
contrib/gen/man.sh "$TOW" "$pages"
for page in $(sed -n 's/^Documentation=man:\([a-z-]*\)(1).*/\1/p' contrib/systemd/*.service); do
	like "$(cat "$pages/$page.1")" "SH SYNOPSIS.*tow ${page#tow-} .*SH DESCRIPTION.*SH OPTIONS.*SH EXIT STATUS" "the page $page, of which a unit speaks, is among those that are made"
done
if command -v systemd-analyze >/dev/null; then
	units=$pages/units
	mkdir "$units"
	for unit in contrib/systemd/*.service; do
		sed "s|^ExecStart=/usr/local/bin/tow|ExecStart=$(realpath "$TOW")|" "$unit" >"$units/$(basename "${unit/@/@mail}")"
	done
	is "$(systemd-analyze verify --man=no "$units"/*.service 2>&1 | grep -F "$units")" "" "systemd takes the units"
else
	skip "no systemd-analyze here"
fi
worker_unit=$(cat contrib/systemd/tow-worker@.service)
like "$worker_unit" "Restart=always" "a worker that was drained has another come"
like "$worker_unit" "OOMPolicy=continue" "and outlives a handler that the kernel killed"
if command -v groff >/dev/null; then
	is "$(for page in "$pages"/*.[15]; do groff -man -Tutf8 -wmac -z "$page" 2>&1; done)" "" "the pages are laid out without a complaint"
else
	skip "no groff here"
fi
printf '[worker]\nno = such\n' >"$pages/bad.ini"
settings=$("$TOW" worker --config "$pages/bad.ini" 2>&1 | sed -n 's/.*known: //p')
like "$settings" "^name queue" "the worker lists its settings"
for setting in $settings; do
	like "$(cat "$pages/tow-worker.ini.5")" "fB$setting = " "its manual page has $setting"
done
env -u MAKEFLAGS make -s -o all B="${TOW_BUILD:-build}" DESTDIR="$pages/all" PREFIX=/usr install >/dev/null 2>&1
for file in man/man1/tow.1 man/man5/tow-worker.ini.5 doc/towpath/contrib/systemd/tow-worker@.service doc/towpath/contrib/docs/operating.md \
	doc/towpath/contrib/grafana/dashboards/towpath.json doc/towpath/contrib/examples/worker.ini; do
	ok "make install brings $file" test -s "$pages/all/usr/share/$file"
done
done_testing
