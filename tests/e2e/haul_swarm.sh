#!/usr/bin/env bash
# A real swarm: a tracker, a Transmission that seeds, and qBittorrent, aria2 and Deluge, which are watched and have nobody else
# to download from. What is adopted and what is added is shown while it comes, and ends in the library by hard link, in the
# clients' tags and categories and in MPD's database; and goes when its goal is met.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
. tests/lib/haul.sh
need qbittorrent-nox transmission-daemon aria2c deluged deluge-web mktorrent mpd jq python3 curl

mkdir -p "$room/library" "$room/src"
tracker_start
for name in album aria2 deluge; do
	mkdir "$room/src/$name"
	python3 - "$room/src/$name" <<-'END'
		import random, sys, wave
		for n in (1, 2):
		    with wave.open(f"{sys.argv[1]}/track {n}.wav", "wb") as w:
		        w.setnchannels(1); w.setsampwidth(2); w.setframerate(44100)
		        w.writeframes(random.randbytes(1000000))
	END
done
for name in album aria2 deluge; do torrent "$name" "$room/src/$name"; done
seeded album aria2 deluge

mpd_start player "$room/library"
instance_start
printf 'labpass123\n' | tow secret set lab
tow library add music "$room/library" --mode link --done-category placed
tow target add player mpd "mpd://127.0.0.1:$music" --delay 0
tow library announce music player --as ''
declare -A at
client() { # DRIVER OPTIONS...
	local driver=$1
	shift
	"${driver}_start" "$driver"
	at[$driver]=$url
	tow client add "$driver" "$driver" "$url" --fast '300 ms' --slow '1 s' "$@"
}
client qbittorrent --category tow --adopt on
client aria2 --secret secret:lab
client deluge --secret secret:lab --category tow --adopt on
watched
ok "all are well" wait_until "says \"select count(*) from haul.clients where state = 'ok' and driver <> 'web'\" 3" 180

# In qBittorrent's category, as somebody would put it there; the others are given to their clients by us. Whoever calls
# Transmission gets nothing before its next look around, some ten seconds later: all do so before that.
curl -s -o /dev/null -F "torrents=@$room/album.torrent" -F category=tow -F dlLimit=200000 "${at[qbittorrent]}/api/v2/torrents/add"
ok "what is in the category is adopted" wait_until "says \"select adopted from haul.downloads where title = 'album'\" t" 180
tow haul watch >"$room/watch.out" &
watching=$!
for name in album aria2 deluge; do # in one look at each: it may be over before the next
	wait_until "asks \"select state = 'downloading' and percent > 0 and percent < 100 and down > 0 and transfer = 'downloading' from haul.downloads where title = '$name'\" | grep -qx t &&
		tow haul ls >'$room/$name.ls' && grep -q 'downloading .* $name' '$room/$name.ls'" 180 &
	seen+=($!)
done
wait_until "met album" 90
for name in aria2 deluge; do
	tow haul add "$room/$name.torrent" --title $name --client $name --options '{"down_limit": 200000}' >/dev/null
	wait_until "met $name" 90
done
for i in 0 1 2; do ok "it is seen on its way, in SQL" wait "${seen[i]}"; done
like "$(cat "$room/album.ls")" "downloading +[0-9.]+ .*qbittorrent +music +album" "by tow haul ls"
for name in album aria2 deluge; do
	ok "$name: and by tow haul watch" wait_until "grep -qE 'downloading .*[1-9][0-9.]* .*kB/s.* $name' '$room/watch.out'" 180
done
for name in album aria2 deluge; do
	ok "$name: it comes to its end" wait_until "says \"select state from haul.downloads where title = '$name'\" completed" 180
done
ok "tow haul watch ends then" wait $watching

downloads() { if [ "$1" = album ]; then echo "$room/qbittorrent/downloads"; else echo "$room/$1/downloads"; fi; }
for name in album aria2 deluge; do
	is "$(stat -c '%i %h' "$room/library/$name/track 1.wav")" "$(stat -c %i "$(downloads $name)/$name/track 1.wav") 2" "$name: its files are the client's own, by hard link"
	ok "$name: what came is what was seeded" diff -r "$room/src/$name" "$room/library/$name"
	ok "$name: Transmission has given all of it" wait_until "given $name" 180
	ok "$name: the server was told, and has the tracks" wait_until "mpd_says 'listall' | grep -q '$name/track 2.wav'" 180
	ok "$name: which stands in its audit" wait_until "says \"select count(*) > 0 from haul.events where title = '$name' and what = 'scanned' and detail ~ '^player: .*$name/'\" t" 180
done
is "$(asks "select string_agg(what || coalesce(': ' || from_state || '>' || to_state, ''), ' ' order by n) from haul.events where title = 'album' and what not in ('scanned', 'told')")" \
	"adopted downloaded: downloading>downloaded importing: downloaded>importing completed: importing>completed" "beside every step before"
driver=qbittorrent url=${at[qbittorrent]} login=()
ok "the client that has tags has the tag" wait_until "drive -t synced list | jq -e '.transfers[0].name == \"album\"'" 180

# Put into another category each is still ours, listing after listing, and goes at its goal.
ok "who has categories has put it into another" wait_until "says \"select string_agg(name || ' ' || state, ',' order by name) from haul.transfers where category = 'placed'\" 'album seeding,deluge seeding'" 180
ok "who has none says so" wait_until "says \"select title || ': ' || detail from haul.events where what = 'refused' and detail ~ 'category'\" 'aria2: client aria2: done: it cannot change the category of what it has downloaded'"
placed=$(asks "select tow.now()")
ok "they are listed again, and again" wait_until "says \"select count(*) from haul.clients where listed_at > '$placed'::timestamptz + interval '4 s' and driver in ('qbittorrent', 'deluge')\" 2" 180
is "$(asks "select count(*) from haul.transfers where category = 'placed' and state = 'seeding'")" 2 "and not missed"
tow goal set --ratio 0
tow library set music --done-remove transfer
ok "all are removed at their goal" wait_until "says \"select count(*) from haul.downloads where transfer = 'removed'\" 3" 180
ok "as qBittorrent says, too" wait_until "[ \"\$(drive list | jq -c .transfers)\" = '[]' ]"
is "$(asks "select title || ' ' || count(*) from haul.events where what = 'completed' group by title order by title" | paste -sd,)" \
	"album 1,aria2 1,deluge 1" "each was completed once"
is "$(asks "select count(*) from haul.downloads where state <> 'completed'")" 0 "and none is left"
ok "no job is left that fails" wait_until "says \"select count(*) from tow.jobs where state in ('failed', 'retrying')\" 0"
done_testing
