#!/usr/bin/env bash
# Mode move takes nothing away from a torrent that seeds: it waits until its client has stopped it. Transmission is the
# real one.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
. tests/lib/haul.sh
need transmission-daemon mktorrent jq python3 curl

mkdir -p "$room/src" "$room/library"
transmission_start daemon
head -c 300000 /dev/urandom >"$room/src/one.bin"
seed_start "$room/src"
torrent one "$room/src/one.bin" "http://127.0.0.1:$seed_port/one.bin"

instance_start
mkdir -p "$TOW_HOME"
printf 'labpass123\n' | tow secret set tr
tow library add moved "$room/library" --mode move >/dev/null
tow client add tr transmission "$url" --user admin --secret secret:tr --category tow --adopt on --fast '300 ms' --slow '300 ms' 2>/dev/null
watched
# shellcheck disable=SC2034 # of torrents.sh
driver=transmission login=(-u admin -p labpass123 -c tow)
one=$(drive add "$room/one.torrent" | jq -r .key)
ok "it is here, and seeds" wait_until "of $one .state | grep -q seeding"
ok "its import waits" wait_until "says \"select count(*) from tow.jobs j join tow.attempts a on a.job = j.id where j.kind = 'haul.import' and j.state = 'scheduled' and a.outcome = 'snoozed'\" 1"
is "$(state_of one.bin)" importing "and says so"
ok "what seeds is where it was" cmp -s "$room/src/one.bin" "$room/daemon/downloads/one.bin"
is "$(find "$room/library" -type f | wc -l)" 0 "nothing of it in the library"
ok "somebody stops it" drive act "$one" pause
ok "which is seen" wait_until "says \"select transfer from haul.downloads\" done || says \"select transfer from haul.downloads\" paused"
tow haul retry 1
ok "now it is moved" wait_until "[ \"\$(state_of one.bin)\" = completed ]"
ok "all of it" cmp -s "$room/src/one.bin" "$room/library/one.bin"
not_ok "and only there" test -e "$room/daemon/downloads/one.bin"
done_testing
