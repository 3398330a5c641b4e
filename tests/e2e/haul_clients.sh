#!/usr/bin/env bash
# One download through each client that is not in haul_import.sh, by web seeds where it takes them (haul_swarm.sh has peers): added,
# watched, imported, told to the media server and, by tag or category where it has such, to the client.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
. tests/lib/haul.sh
need aria2c deluged deluge-web rtorrent qbittorrent-nox mktorrent mpd jq python3 curl

mkdir -p "$room/library" "$room/src"
for name in aria2 deluge rtorrent plain; do
	mkdir "$room/src/$name"
	python3 - "$room/src/$name/$name.wav" <<-'END'
		import random, sys, wave
		with wave.open(sys.argv[1], "wb") as w:
		    w.setnchannels(1); w.setsampwidth(2); w.setframerate(44100)
		    w.writeframes(random.randbytes(500000))
	END
	head -c 20000 /dev/urandom >"$room/src/$name/a cover é.jpg"
done
seed_start "$room/src"
for name in aria2 deluge; do torrent $name "$room/src/$name" "http://127.0.0.1:$seed_port/"; done
# rTorrent has no web seeds: somebody seeds for it.
tracker_start
torrent rtorrent "$room/src/rtorrent"
qbittorrent_start seeder
curl -s -o /dev/null -F "torrents=@$room/rtorrent.torrent" -F skip_checking=true -F "savepath=$room/src" "$url/api/v2/torrents/add"
wait_until "grep -q started '$tracker_log'"

mpd_start player "$room/library"
instance_start
printf 'labpass123\n' | tow secret set lab
tow library add music "$room/library" --template '{title}/{path}' --done-category placed
tow target add player mpd "mpd://127.0.0.1:$music" --delay 0
tow library announce music player --as ''

client() { # DRIVER OPTIONS...
	local driver=$1
	shift
	"${driver}_start" "$driver"
	tow client add "$driver" "$driver" "$url" --fast '300 ms' --slow '2 s' "$@"
}
client aria2 --secret secret:lab
client deluge --secret secret:lab --category tow --adopt on
client rtorrent --category tow
watched
ok "all are well" wait_until "says \"select count(*) from haul.clients where state = 'ok' and driver <> 'web'\" 3" 60

for name in aria2 deluge rtorrent; do tow haul add "$room/$name.torrent" --title $name --client $name >/dev/null; done
tow haul add "http://127.0.0.1:$seed_port/plain/plain.wav" --title plain >/dev/null
for name in aria2 deluge rtorrent plain; do
	ok "$name: what is added comes to its end" wait_until "says \"select state from haul.downloads where title = '$name'\" completed" 180
	ok "$name: it is in the library, whole" cmp "$room/src/$name/$name.wav" "$(find "$room/library/$name" -name "$name.wav")"
	ok "$name: the server has it" wait_until "mpd_says 'listall' | grep -q '^file: $name/.*$name.wav'" 60
	is "$(asks "select string_agg(what, ' ' order by n) from haul.events where title = '$name' and what not in ('scanned', 'refused', 'told')")" \
		"queued approved downloading downloaded importing completed" "$name: every step stands there"
done
for name in aria2 deluge rtorrent; do
	ok "$name: the other file too" cmp "$room/src/$name/a cover é.jpg" "$room/library/$name/$name/a cover é.jpg"
done
is "$(asks "select string_agg(distinct mode, ' ') from haul.files")" link "all by link"
ok "the client that has tags has the tag" wait_until "says \"select client from haul.transfers where 'synced' = any(tags)\" rtorrent" 60
ok "those that have categories have put it into another" wait_until "says \"select string_agg(client, ',' order by client) from haul.transfers where category = 'placed'\" deluge,rtorrent" 60
wait_until "says \"select count(*) from haul.events where what = 'refused'\" 2" 60
is "$(asks "select string_agg(title, ',' order by title) || ': ' || min(detail) from haul.events where what = 'refused'")" \
	"aria2,plain: client aria2: done: it cannot change the category of what it has downloaded" "of the one that has none it is written down"
is "$(asks "select client || ' ' || count(*) from haul.downloads group by client order by client" | paste -sd,)" "aria2 2,deluge 1,rtorrent 1" "each download is there once"

# Adopted: Deluge's label is what the category is there.
head -c 100000 /dev/urandom >"$room/src/found.jpg"
torrent found "$room/src/found.jpg" "http://127.0.0.1:$seed_port/found.jpg"
url=$(asks "select url from haul.clients where name = 'deluge'") driver=deluge login=(-p labpass123 -c tow)
drive add "$room/found.torrent" >/dev/null
ok "what is found in Deluge with the label comes to its end" wait_until "says \"select state from haul.downloads where title = 'found.jpg' and adopted\" completed" 60
ok "in the library" cmp "$room/src/found.jpg" "$room/library/found.jpg/found.jpg"
# What was put into another category is still ours: it goes when its goal is met.
ok "it is put there like the other" wait_until "says \"select count(*) from haul.transfers where client = 'deluge' and category = 'placed'\" 2" 60
tow goal set --ratio 0
tow library set music --done-remove transfer
for name in deluge rtorrent; do
	ok "$name: it is removed" wait_until "says \"select count(*) from haul.transfers where client = '$name' and state <> 'removed'\" 0" 60
done
ok "also as the client says" wait_until '[ "$(drive -c placed list | jq -c .transfers)" = "[]" ]' 60
ok "no job is left that fails" wait_until "says \"select count(*) from tow.jobs where state in ('failed', 'retrying')\" 0" 60
done_testing
