#!/usr/bin/env bash
# The page in a real browser: downloads from a link to the library without a shell, daemons in two tabs, schedules, clients,
# tokens, the audit, and what a viewer is offered: nothing. Its pictures are kept in the build folder, under tests/web-shots.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
command -v python3 >/dev/null || skip_all "there is no python3 here: contrib/bootstrap.sh check"
. tests/lib/torrents.sh
. tests/lib/instance.sh
. tests/lib/page.sh
trap 'status=$?; instance_stop; room_clear; exit $status' EXIT
page_ready

mkdir -p "$room/src" "$room/library"
: >"$room/src/asked"
for name in lighthouse.mkv second.iso early.bin; do head -c 4000000 /dev/urandom >"$room/src/$name"; done
begin files python3 -u tests/lib/web_files.py "$room/src"
wait_until "[ -s '$room/files.log' ]"

instance_start
instance_psql -c "alter database tow set tow.list_time = '1 min'" # lists look until they have found, however busy the machine is
worker_start --queue default:4 --queue haul:4 --queue haul.watch:2
worker_start --queue crowd:12
scheduler_start
instance_psql >/dev/null <<-END
	select haul.add_client('seedbox', 'transmission', 'http://127.0.0.1:1');
	select haul.add_target('media', 'jellyfin', 'http://127.0.0.1:1');
	select tow.set_daemon('sweeper', 'sleep', '{"s": 600}', description => 'sweeps');
	select tow.schedule('nightly', '0 3 * * *', 'echo', '{"report": "sales"}', tz => 'Europe/Berlin', description => 'sales of the day');
	select tow.schedule('often', '@every 1s', 'noop');
END
wait_until '[ "$(instance_psql -c "select count(*) from tow.fires where schedule = '\''often'\''")" -ge 2 ]'
instance_psql -c "select tow.pause_schedule('often')" >/dev/null
busy=$(instance_psql -c "select tow.enqueue('sleep', '{\"s\": 600}')")
DATABASE=$(instance_url) SRC=$room/src FILES=http://127.0.0.1:$(head -n 1 "$room/files.log") LIBRARY=$room/library node "$walks/downloads.mjs"
status=$?
instance_psql -c "select tow.cancel($busy)" >/dev/null
exit $status
