#!/usr/bin/env bash
# The page in a real browser: every page, by keyboard and on a phone, who may what, two tabs, the server gone and back.
# The walk is in tests/web; its pictures are kept in the build folder, under tests/web-shots.
. tests/lib/tap.sh
. tests/lib/instance.sh

page=$TOW_BUILD/web
room=$TOW_BUILD/tests/web
for program in npm node; do
	command -v "$program" >/dev/null || skip_all "there is no $program"
done
CHROMIUM=$(command -v chromium) || skip_all "there is no chromium"
[ -f "$page/index.html" ] || skip_all "the page was not built: make says why"

# In the build folder: fetched once, until the list changes.
mkdir -p "$room"
if ! cmp -s tests/web/package-lock.json "$room/package-lock.json" || [ ! -d "$room/node_modules" ]; then
	cp tests/web/package.json "$room"
	cp tests/web/package-lock.json "$room/package-lock.new"
	(cd "$room" && cp package-lock.new package-lock.json && npm ci --ignore-scripts --no-audit --no-fund) >"$room/npm.log" 2>&1 || {
		rm -f "$room/package-lock.json"
		skip_all "npm cannot fetch what drives the browser: $(tail -1 "$room/npm.log")"
	}
fi
cp tests/web/*.mjs "$room"

instance_start
worker_start --queue default:4
scheduler_start
failed=$(instance_psql -c "select tow.enqueue('fail', '{\"times\": 99, \"final\": true, \"message\": \"out of paper\"}') from generate_series(1, 4)" | tail -1)
echo=$(instance_psql -c "select tow.enqueue('echo', '{\"text\": \"hello world\", \"deep\": {\"list\": [1, null, true]}}')")
waiting=$(instance_psql -c "select tow.enqueue('noop', wait_for => 'approval')")
after=$(instance_psql -c "select tow.enqueue('noop', after => array[$echo])")
instance_psql -c "select tow.enqueue('sleep', '{\"s\": 0.1}', lane => 'one') from generate_series(1, 3)" >/dev/null
wait_until '[ "$(instance_psql -c "select count(*) from tow.history where state = '\''failed'\''")" = 4 ]'
DATABASE=$(instance_url)
export DATABASE TOW CHROMIUM TOW_PAGE=$page SHOTS=$TOW_BUILD/tests/web-shots
export JOBS="{\"failed\": $failed, \"echo\": $echo, \"waiting\": $waiting, \"after\": $after}"
node "$room/walk.mjs"
