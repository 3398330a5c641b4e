#!/usr/bin/env bash
# A real swarm: a tracker, one qBittorrent that seeds and one that is watched. What is adopted and what is added comes
# from a peer, is shown while it comes, and ends in the library, in the client's tags and in MPD's database. Then a client is
# killed in the middle of a download, and a worker in the middle of an import.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
. tests/lib/haul.sh
need qbittorrent-nox mktorrent mpd jq python3 curl

mkdir -p "$room/library" "$room/copies" "$room/src/album"
python3 - "$room/src/album" <<-'END'
	import random, sys, wave
	for n in (1, 2):
	    with wave.open(f"{sys.argv[1]}/track {n}.wav", "wb") as w:
	        w.setnchannels(1); w.setsampwidth(2); w.setframerate(44100)
	        w.writeframes(random.randbytes(1000000))
END
head -c 300000 /dev/urandom >"$room/src/single.bin"
head -c 4000000 /dev/urandom >"$room/src/late.bin"
mkdir "$room/src/many"
for n in {10..69}; do head -c 400000 /dev/urandom >"$room/src/many/part $n.bin"; done

seeds() { curl -s -o /dev/null -F "torrents=@$room/$1.torrent" -F skip_checking=true -F "savepath=$room/src" "$2/api/v2/torrents/add"; }

tracker_start
for name in album single.bin late.bin many; do torrent "$name" "$room/src/$name"; done

#--- who seeds: all of it, from the start, so that nobody waits for the tracker
qbittorrent_start seeder
seeder=$url
for name in album single.bin late.bin many; do seeds "$name" "$url"; done
wait_until "[ \$(grep -c started '$tracker_log') = 4 ]"

#--- who is watched
qbittorrent_start leecher
driver=qbittorrent login=(-c tow)
leecher=$pid there=$url
mpd_start player "$room/library"
instance_start
tow library add music "$room/library" --mode link --done-category tow-done
tow library add copies "$room/copies" --mode copy
tow target add player mpd "mpd://127.0.0.1:$music" --delay 0
tow library announce music player --as ''
tow client add qb qbittorrent "$url" --category tow --adopt on --fast '300 ms' --slow '2 s'
watched
ok "the client is well" wait_until "says \"select state from haul.clients where name = 'qb'\" ok" 60

# In the client's category, as somebody would put it there.
curl -s -o /dev/null -F "torrents=@$room/album.torrent" -F category=tow -F dlLimit=600000 "$url/api/v2/torrents/add"
ok "what is in the category is adopted" wait_until "says \"select adopted from haul.downloads where title = 'album'\" t" 60
tow haul watch >"$room/watch.out" &
watching=$!
ok "it is seen on its way, in SQL" wait_until "says \"select state = 'downloading' and percent > 0 and percent < 100 and down > 0 and size = 2000088 and client = 'qb' and transfer = 'downloading' from haul.downloads\" t" 60
like "$(tow haul ls)" "downloading +[0-9.]+ .*qb +music +album" "by tow haul ls"
ok "and by tow haul watch" wait_until "grep -qE 'downloading .*[1-9][0-9.]* .*kB/s.* album' '$room/watch.out'" 60
ok "it comes to its end" wait_until "says \"select state from haul.downloads where title = 'album'\" completed" 60
ok "tow haul watch ends then" wait $watching
is "$(stat -c '%i %h' "$room/library/album/track 1.wav")" "$(stat -c %i "$room/leecher/downloads/album/track 1.wav") 2" "its files are the client's own, by hard link"
ok "what came is what was seeded" diff -r "$room/src/album" "$room/library/album"
album=$(asks "select key from haul.transfers where name = 'album'")
ok "the client has the tag" wait_until "drive -d tow-done list | jq -r '.transfers[] | select(.key == \"$album\").tags | join(\" \")' | grep -qx synced" 60
ok "and has put it into another category" wait_until "says \"select category from haul.transfers where key = '$album'\" tow-done" 60
ok "the server was told, and has the tracks" wait_until "mpd_says 'listall' | grep -q 'album/track 2.wav'" 60
ok "which stands in its audit" wait_until "says \"select detail from haul.events where what = 'scanned'\" 'player: album/'" 60
is "$(asks "select string_agg(what || coalesce(': ' || from_state || '>' || to_state, ''), ' ' order by n) from haul.events where what <> 'scanned'")" \
	"adopted downloaded: downloading>downloaded importing: downloaded>importing completed: importing>completed" "beside every step before"

# Given to it by us.
id=$(tow haul add "$room/single.bin.torrent" --title single --library music)
ok "one that is added" wait_until "says \"select state from haul.downloads where id = $id\" completed" 60
ok "is in the library" cmp "$room/src/single.bin" "$room/library/single.bin"
ok "and has both tags, its own and ours" wait_until "drive -d tow-done -t tow-$id list | jq -e '.transfers[0].tags | index(\"synced\")'" 60

#--- the client dies in the middle
late=$(tow haul add "$room/late.bin.torrent" --title late --options '{"down_limit": 500000}')
ok "another one is on its way" wait_until "says \"select percent > 10 and percent < 90 from haul.downloads where id = $late\" t" 60
hash=$(drive -t "tow-$late" list | jq -r '.transfers[0].key')
kill -KILL "$leecher"
wait "$leecher" 2>/dev/null
ok "a client that is killed is down" wait_until "says \"select state from haul.clients where name = 'qb'\" down" 60
like "$(asks "select error from haul.clients where name = 'qb'")" "connect" "with the reason"
is "$(asks "select state || ' ' || transfer from haul.downloads where id = $late")" "downloading downloading" "its download is left as it was"
like "$(asks "select error from haul.downloads where id = $late")" "client qb is down" "and says why it stands still"
is "$(asks "select count(*) from haul.downloads where state = 'completed'")" 2 "those that are done stay done"
url=$there
qbittorrent_begin leecher
ok "it is found again" wait_until "says \"select state from haul.clients where name = 'qb'\" ok" 60
curl -s -o /dev/null -d "hashes=all&limit=0" "$url/api/v2/torrents/setDownloadLimit"
# Those that know each other would wait a minute before they call again; one that begins anew calls at once.
wait_until "of $hash .state | grep -qE 'stalled|downloading'"
curl -s -o /dev/null -d "hashes=$hash&deleteFiles=false" "$seeder/api/v2/torrents/delete"
seeds late.bin "$seeder"
ok "and its download comes to its end" wait_until "says \"select state from haul.downloads where id = $late\" completed" 90
ok "whole" cmp "$room/src/late.bin" "$room/library/late.bin"

#--- the worker dies in the middle
many=$(tow haul add "$room/many.torrent" --title many --library copies)
placed="select count(*) from haul.files where download = $many and state = 'placed'"
ok "an import of many files has begun" wait_until "says \"select (($placed) > 0)\" t" 60
kill -KILL "$WORKER_PID"
wait "$WORKER_PID" 2>/dev/null
ok "its worker is killed in the middle, unless it was quicker" says "select state = case when ($placed) < 60 then 'importing' else state end from haul.downloads where id = $many" t
worker_start --queue haul:4 --queue haul.watch:4
ok "another one goes on" wait_until "says \"select state from haul.downloads where id = $many\" completed" 60
ok "all are placed" diff -r "$room/src/many" "$room/copies/many"
is "$(asks "$placed and mode in ('copy', 'adopted')")" 60 "by copy, but for one that was there before that was known"
ok "nothing half is left" nothing_half "$room/copies"
is "$(find "$room/library" -type f | wc -l)" 4 "nor twice in the other library"

#--- what is placed was put into another category, is ours there, and goes when its goal is met
is "$(asks "select string_agg(distinct concat_ws(' ', t.category, t.state), ', ') from haul.downloads d join haul.transfers t on t.download = d.id where d.library = 'music'")" \
	"tow-done seeding" "after all this each is still seen there"
tow goal set --ratio 0
tow library set music --done-remove transfer
ok "each is removed" wait_until "says \"select count(*) from haul.events where what = 'removed'\" 3" 60
is "$(drive -d tow-done list | jq -r '.transfers | map(.name) | join(" ")')" many "but for those of the other library"
is "$(asks "select title || ' ' || count(*) from haul.events where what = 'completed' group by title order by title" | paste -sd,)" \
	"album 1,late 1,many 1,single 1" "each was completed once"
is "$(asks "select count(*) from haul.downloads where state <> 'completed'")" 0 "and none is left"
done_testing
