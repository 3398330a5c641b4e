#!/usr/bin/env bash
# A torrent that its client holds for another download: whoever asks for it again is told so, and gets it when that one is forgotten.
# With each client that takes torrents, as some do not say what they hold, and some say nothing at all.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
. tests/lib/haul.sh
need transmission-daemon qbittorrent-nox deluged deluge-web rtorrent mktorrent jq python3 curl

becomes() { wait_until "says \"select state from haul.downloads where id = $1\" $2"; }
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
	ok "$driver: its client holds it no more" wait_until "says \"select count(*) from haul_store.transfer where state <> 'removed'\" 0"
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

# What was ours, and is nobody's any more, is taken over wherever it stands there, although qBittorrent only says that it would not.
says_there() { curl -s "$url/api/v2/torrents/info" | jq -r "$1"; }
qbittorrent_start last
last=$pid
tow client add last qbittorrent "$url" --category tow --fast 500ms --slow 500ms
for disk in one two; do
	head -c 300000 /dev/urandom >"$room/src/last.$disk"
	torrent "last.$disk" "$room/src/last.$disk"
	cp "$room/src/last.$disk" "$room/last/downloads/"
done
first=$(tow haul add "$room/last.one.torrent" --client last)
ok "one is placed" becomes "$first" completed
tow haul forget "$first"
hash=$(says_there '.[0].hash')
curl -s -d category=elsewhere "$url/api/v2/torrents/createCategory"
curl -s -d "hashes=$hash&category=elsewhere" "$url/api/v2/torrents/setCategory"
ok "somebody has put it where no listing of ours looks" wait_until "says \"select count(*) from haul_store.transfer where client = (select id from haul_store.client where name = 'last') and missed = 0\" 0"
again=$(tow haul add "$room/last.one.torrent" --client last --library second)
ok "asked for again it is placed" becomes "$again" completed
like "$(says_there '.[0] | .category + " " + .tags')" "^tow .*tow-$again" "and has what it lacked there"

# Trackers count how often a link is read.
port=$(free_port)
begin reads python3 -u -m http.server --bind 127.0.0.1 --directory "$room" "$port"
wait_until "curl -s -o /dev/null http://127.0.0.1:$port/last.two.torrent"
: >"$room/reads.log"
tow client set last --timeout '2 s' >/dev/null
kill -STOP "$last"
again=$(tow haul add "http://127.0.0.1:$port/last.two.torrent" --client last)
ok "its client hangs" wait_until "says \"select count(*) > 0 from haul_store.download where id = $again and data is not null\" t"
ok "an attempt comes to nothing" wait_until "says \"select count(*) from tow.jobs where kind = 'haul.grab' and args ->> 'download' = '$again' and state in ('retrying', 'scheduled')\" 1"
kill -CONT "$last"
ok "it is placed when that goes on" becomes "$again" completed
is "$(grep -c last.two.torrent "$room/reads.log")" 1 "and its link was read once"
is "$(asks "select data is null from haul_store.download where id = $again")" t "what it led to goes in the end"
done_testing
