#!/usr/bin/env bash
# Somebody hurries a download in the moment in which its job is started anyhow: all is well, and that is what is said.
# shellcheck disable=SC2119 # a helper without its argument
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/sessions.sh

instance_start
asks() { instance_psql -c "$1"; }
asks "select haul.add_library('main', '/media'), haul.add_client('c', 'transmission', 'http://127.0.0.1:1', category => 'tow'), tow.set_queue('haul')" >/dev/null
session_open starts
session_open hurries

# A lane's first job waits until a scheduler has opened its band.
is_let_in() {
	asks "select tow.duty('admit')" >/dev/null
	[ "$(asks "select count(*) from tow_store.waiting where id = $1")" = 0 ]
}

# what link state
hurry() {
	local download job
	download=$(asks "select haul.grab('$2')")
	job=$(asks "select job from haul_store.errand where download = $download union all select jobs[1] from haul_store.fetch where download = $download")
	wait_until "is_let_in $job"
	asks "select tow.snooze($job, '1 hour')" >/dev/null
	session_do starts "begin; select tow.run_now($job)" >/dev/null
	session_send hurries "select haul.retry($download)"
	ok "$1: who hurries it waits for who starts it" wait_until 'session_waits hurries'
	session_do starts commit >/dev/null
	is "$(session_take hurries)" approved "and is told that it is well"
	is "$(asks "select tow.state($job)")" "$3" "as it is"
}
hurry "a plain link" https://x/file.iso waiting # in its lane
hurry "a torrent" "magnet:?xt=urn:btih:$(printf 'a%.0s' {1..40})&dn=film" ready
done_testing
