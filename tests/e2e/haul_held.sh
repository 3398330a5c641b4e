#!/usr/bin/env bash
# A torrent that its client holds for another download: whoever asks for it again is told so, and gets it when that one is forgotten.
# With each client that takes torrents, as some do not say what they hold, and some say nothing at all.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
. tests/lib/haul.sh
need transmission-daemon qbittorrent-nox deluged deluge-web rtorrent mktorrent jq python3 curl

becomes() { wait_until "says \"select state from haul.downloads where id = $1\" $2" 60; }
trouble_of() { asks "select trouble from haul.downloads where id = $1"; }

mkdir -p "$room/src" "$room/music" "$room/second"
seed_start "$room/src"
instance_start
watched
printf labpass123 | tow secret set lab
tow library add music "$room/music"
tow library add second "$room/second"

# What the client has already it finds there by itself, but for Transmission, which takes it from a web seed.
holds() { # DRIVER OPTIONS...
	local driver=$1 first again magnet
	shift
	"${driver}_start" "$driver"
	tow client add "$driver" "$driver" "$url" --category tow --fast 500ms --slow 500ms "$@"
	for disk in disk twin; do
		head -c 300000 /dev/urandom >"$room/src/$driver.$disk"
		torrent "$driver.$disk" "$room/src/$driver.$disk" "http://127.0.0.1:$seed_port/$driver.$disk"
		[ "$driver" = transmission ] || cp "$room/src/$driver.$disk" "$room/$driver/downloads/"
	done
	first=$(tow haul add "$room/$driver.disk.torrent" --client "$driver")
	ok "$driver: one is placed" becomes "$first" completed
	again=$(tow haul add "$room/$driver.disk.torrent" --client "$driver" --library second)
	ok "$driver: the same torrent once more does not wait for ever" becomes "$again" failed
	is "$(trouble_of "$again")" "client $driver holds it for download $first, which is completed" "$driver: it says whose it is"
	magnet="magnet:?xt=urn:btih:$(asks "select key from haul_store.transfer where download = $first")"
	exits 65 "$driver: a magnet of it is refused at once" tow haul add "$magnet" --client "$driver" 2>"$room/said"
	like "$(cat "$room/said")" "tow haul forget $first" "$driver: with what to do"
	tow haul forget "$first"
	tow haul retry "$again"
	ok "$driver: the other one forgotten, it is placed" becomes "$again" completed
	ok "$driver: in the library that was asked for" cmp -s "$room/second/$driver.disk" "$room/src/$driver.disk"
	ok "$driver: and the first one's file stays" cmp -s "$room/music/$driver.disk" "$room/src/$driver.disk"
	tow haul forget "$again" --remove data
	ok "$driver: its client holds it no more" wait_until "says \"select count(*) from haul_store.transfer where state <> 'removed'\" 0" 60
	ok "$driver: the library's file stays" cmp -s "$room/second/$driver.disk" "$room/src/$driver.disk"

	tow client set "$driver" --fast 1day --slow 1day >/dev/null
	tow queue pause haul
	first=$(tow haul add "$room/$driver.twin.torrent" --client "$driver")
	again=$(tow haul add "$room/$driver.twin.torrent" --client "$driver")
	tow queue resume haul
	ok "$driver: of two in one moment one fails" wait_until "says \"select count(*) from haul.downloads where id in ($first, $again) and state = 'failed'\" 1" 150
	like "$(asks "select error from haul.downloads where id in ($first, $again) and state = 'failed'")" "^client $driver holds it for download ($first|$again)" "$driver: for the other, which no listing has yet"
	tow client rm "$driver" --yes
	finish "$pid"
}
holds transmission --user admin --secret secret:lab
holds qbittorrent
holds deluge --secret secret:lab
holds rtorrent
done_testing
