#!/usr/bin/env bash
# The download processor daemon: what is complete in its category is placed and tagged by turns, one that fails keeps
# none of the others, a media server is told only if something came, and it waits for its jobs without a slot.
# Transmission and MPD are the real ones.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
. tests/lib/haul.sh
need transmission-daemon mktorrent mpd jq python3 curl
daemon="Download Processor Daemon"

#--- programs
mkdir -p "$room/src" "$room/library"
transmission_start daemon
mpd_start player "$room/library"
for one in first second gone late; do
	head -c 200000 /dev/urandom >"$room/src/$one.bin"
done
seed_start "$room/src"
for one in first second gone late; do
	torrent "$one" "$room/src/$one.bin" "http://127.0.0.1:$seed_port/$one.bin"
done

#--- as it is after migration
instance_start
is "$(asks "select concat_ws(' ', type, kind, enabled, auto_start, state, config ->> 'category') from tow.daemons where name = '$daemon'")" \
	"download_processor_daemon haul.processor f f disabled xxx" "the daemon is there, and does nothing by itself"
exits 65 "nor can it be started" tow daemon start "$daemon" 2>/dev/null
mkdir -p "$TOW_HOME"
printf 'labpass123\n' | tow secret set tr
tow library add music "$room/library" >/dev/null
tow target add player mpd "mpd://127.0.0.1:$music" --delay 0 >/dev/null
tow library announce music player --as '' >/dev/null
tow client add tr transmission "$url" --user admin --secret secret:tr --category xxx --fast '300 ms' --slow '300 ms' >/dev/null
watched

#--- complete, and not adopted
# shellcheck disable=SC2034 # of torrents.sh
driver=transmission login=(-u admin -p labpass123 -c xxx)
first=$(drive add "$room/first.torrent" | jq -r .key)
drive add "$room/second.torrent" >/dev/null
drive add "$room/gone.torrent" >/dev/null
ok "three downloads are complete" wait_until "says \"select count(*) from haul_store.transfer where complete\" 3"
is "$(asks "select count(*) from haul.downloads")" 0 "and nobody's"
rm "$room/daemon/downloads/gone.bin"

#--- a turn
asks "select tow.set_daemon('$daemon', config => '{\"category\": \"xxx\", \"heartbeat_interval\": 1, \"job_interval_seconds\": 1, \"libary\": \"music\"}')" >/dev/null
tow daemon enable "$daemon" >/dev/null
tow daemon start "$daemon" >/dev/null
asks "select tow.set_daemon('other', 'haul.processor', '{\"category\": \"yyy\", \"heartbeat_interval\": 1, \"job_interval_seconds\": 1, \"libary\": \"music\"}', queue => 'haul')" >/dev/null
tow daemon start other >/dev/null
ok "two of them are placed" wait_until "says \"select count(*) from haul.downloads where state = 'completed'\" 2"
ok "one fails" wait_until "says \"select count(*) from haul.downloads where state = 'failed' and title = 'gone.bin'\" 1" 120
ok "the player has been told" wait_until "says \"select state || ' ' || pending from haul.targets\" 'ok 0'"
ok "they are tagged" wait_until "of $first '.tags | join(\" \")' | grep -q synced"
same_files() { [ "$room/daemon/downloads/$1.bin" -ef "$room/library/$1.bin" ]; }
ok "by hard link" same_files first
ok "it sleeps" wait_until "says \"select state || ': ' || status from tow.daemons where name = '$daemon'\" 'sleeping: No pending downloads, sleeping for 1 seconds'"
is "$(asks "select string_agg(distinct action || ' ' || kind, ', ') from tow.daemon_actions where daemon = '$daemon' and kind in ('haul.process', 'haul.scan')")" \
	"FINISHED haul.process, FINISHED haul.scan, LAUNCHED haul.process, LAUNCHED haul.scan" "its actions tell of both jobs"
log=$(asks "select line from tow.daemon_log('$daemon')")
like "$log" "first.bin: 1 file, 1 linked, 0 copied" "its log has a line for each"
like "$log" "2 downloads processed, 1 failed: 2 files, 2 linked, 0 copied" "and the sum"
like "$log" "gone.bin: .*gone.bin.*" "with what went wrong"
like "$log" "the config has 'libary', which means nothing here: category, library" "a setting that there is none is told of"
ok "to each daemon that has it" wait_until "asks \"select line from tow.daemon_log('other')\" | grep -q \"the config has 'libary'\""
asks "select tow.set_daemon('other', config => '{\"category\": \"yyy\", \"heartbeat_interval\": 1, \"job_interval_seconds\": 1, \"targt\": \"player\"}')" >/dev/null
ok "and of another there" wait_until "asks \"select line from tow.daemon_log('other')\" | grep -q \"the config has 'targt'\""

#--- another one later, and nothing is told of nothing
scans=$(asks "select count(*) from tow.daemon_actions where action = 'LAUNCHED' and kind = 'haul.scan'")
turns=$(asks "select count(*) from tow.attempts a join tow.daemons d on d.job = a.job where d.name = '$daemon'")
ok "turns without work" wait_until "[ \$(asks \"select count(*) from tow.attempts a join tow.daemons d on d.job = a.job where d.name = '$daemon'\") -gt \$(($turns + 2)) ]"
is "$(asks "select count(*) from tow.daemon_actions where action = 'LAUNCHED' and kind = 'haul.scan'")" "$scans" "tell nobody"
said() { asks "select count(*) from tow.daemon_log('$daemon', max_lines => 10000) where line ~ 'which means nothing'"; }
said=$(said)
turns=$(asks "select count(*) from tow.attempts a join tow.daemons d on d.job = a.job where d.name = '$daemon'")
ok "many turns" wait_until "[ \$(asks \"select count(*) from tow.attempts a join tow.daemons d on d.job = a.job where d.name = '$daemon'\") -ge \$(($turns + 24)) ]" 300
ok "do not say at each what is wrong with the config" test "$(said)" -lt $((said + 10))
drive add "$room/late.torrent" >/dev/null
ok "what comes later is placed" wait_until "same_files late"

#--- stopped
tow daemon stop other >/dev/null
tow daemon stop "$daemon" >/dev/null
is "$(asks "select status from tow.daemons where name = '$daemon'")" "" "one that is stopped has no status"
ok "it can be dropped when its turn has ended" wait_until "tow daemon rm '$daemon' 2>/dev/null"
"$TOW" migrate >/dev/null
is "$(asks "select count(*) from tow.daemons where name = '$daemon'")" 0 "one that is dropped stays away"

done_testing
