#!/usr/bin/env bash
# A torrent that its client holds for another download: whoever asks for it again is told so, and gets it when that one is forgotten.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
. tests/lib/haul.sh
need transmission-daemon mktorrent jq python3 curl

becomes() { wait_until "says \"select state from haul.downloads where id = $1\" $2" 60; }

mkdir -p "$room/src" "$room/music" "$room/second"
head -c 300000 /dev/urandom >"$room/src/disk.iso"
seed_start "$room/src"
torrent disk "$room/src/disk.iso" "http://127.0.0.1:$seed_port/disk.iso"
instance_start
watched
transmission_start tr
printf labpass123 | tow secret set tr
tow client add tr transmission "$url" --user admin --secret secret:tr --category tow --fast 500ms --slow 500ms
tow library add music "$room/music"
tow library add second "$room/second"

first=$(tow haul add "$room/disk.torrent")
ok "one is placed" becomes "$first" completed
again=$(tow haul add "$room/disk.torrent" --library second)
ok "the same torrent once more does not wait for ever" becomes "$again" failed
like "$(tow haul ls)" "client tr holds it for download $first, which is completed" "it says whose it is"
exits 65 "a magnet of it is refused at once" tow haul add "magnet:?xt=urn:btih:$(asks "select key from haul_store.transfer")" 2>"$room/said"
like "$(cat "$room/said")" "tow haul forget $first" "with what to do"
tow haul forget "$first"
tow haul retry "$again"
ok "the other one forgotten, it is placed" becomes "$again" completed
ok "in the library that was asked for" cmp -s "$room/second/disk.iso" "$room/src/disk.iso"
ok "and the first one's file stays" cmp -s "$room/music/disk.iso" "$room/src/disk.iso"
done_testing
