# shellcheck shell=bash
# The page in a real browser; source it after instance.sh.
#
#	page_ready	skips the file where the page or what drives a browser is missing; else $walks is a folder with the walks of
#			tests/web that node can run, and what they ask for is exported

page_ready() {
	local program
	for program in npm node; do
		command -v "$program" >/dev/null || skip_all "there is no $program"
	done
	CHROMIUM=$(command -v chromium) || skip_all "there is no chromium"
	export TOW CHROMIUM TOW_PAGE=$TOW_BUILD/web SHOTS=$TOW_BUILD/tests/web-shots
	[ -f "$TOW_PAGE/index.html" ] || skip_all "the page was not built: make says why"
	walks=$TOW_BUILD/tests/web
	mkdir -p "$walks"
	# Fetched once, until the list changes; two files may be run at a time.
	exec 7>"$walks/lock"
	flock 7
	if ! cmp -s tests/web/package-lock.json "$walks/package-lock.json" || [ ! -d "$walks/node_modules" ]; then
		cp tests/web/package.json tests/web/package-lock.json "$walks"
		(cd "$walks" && npm ci --ignore-scripts --no-audit --no-fund) >"$walks/npm.log" 2>&1 || {
			rm -f "$walks/package-lock.json"
			skip_all "npm cannot fetch what drives the browser: $(tail -1 "$walks/npm.log")"
		}
	fi
	cp tests/web/*.mjs "$walks"
	exec 7>&-
}
