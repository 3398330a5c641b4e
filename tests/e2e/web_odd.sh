#!/usr/bin/env bash
# The page in a real browser, where things are odd: names that browsers take for others, numbers that they cannot hold, values
# and lists that are long, sessions that end, answers that do not come.
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/page.sh
page_ready

instance_start
instance_psql -c "alter database tow set tow.list_time = '1 min'" # lists look until they have found, however busy the machine is
worker_start --queue default:4
scheduler_start
instance_psql -c "select haul.add_client('far', 'transmission', 'http://127.0.0.1:1', enabled => false)" >/dev/null
DATABASE=$(instance_url)
export DATABASE
# shellcheck disable=SC2154 # of page_ready
node "$walks/odd.mjs"
