#!/usr/bin/env bash
# The page in a real browser: every page, by keyboard and on a phone, who may what, two tabs, the server gone and back.
# The walk is in tests/web; its pictures are kept in the build folder, under tests/web-shots.
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/page.sh
page_ready

instance_start
instance_psql -c "alter database tow set tow.list_time = '1 min'" # lists look until they have found, however busy the machine is
worker_start --queue default:4
scheduler_start
failed=$(instance_psql -c "select tow.enqueue('fail', '{\"times\": 99, \"final\": true, \"message\": \"out of paper\"}') from generate_series(1, 4)" | tail -1)
echo=$(instance_psql -c "select tow.enqueue('echo', '{\"text\": \"hello world\", \"deep\": {\"list\": [1, null, true]}}')")
waiting=$(instance_psql -c "select tow.enqueue('noop', wait_for => 'approval')")
after=$(instance_psql -c "select tow.enqueue('noop', after => array[$echo])")
instance_psql -c "select tow.enqueue('sleep', '{\"s\": 0.1}', lane => 'one') from generate_series(1, 3)" >/dev/null
wait_until '[ "$(instance_psql -c "select count(*) from tow.history where state = '\''failed'\''")" = 4 ]'
DATABASE=$(instance_url)
export DATABASE JOBS="{\"failed\": $failed, \"echo\": $echo, \"waiting\": $waiting, \"after\": $after}"
# shellcheck disable=SC2154 # of page_ready
node "$walks/walk.mjs"
