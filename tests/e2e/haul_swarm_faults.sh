#!/usr/bin/env bash
# A real swarm, one qBittorrent that seeds to another that is watched: that one is killed in the middle of a download, and a
# worker in the middle of an import.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
. tests/lib/haul.sh
need qbittorrent-nox mktorrent jq python3 curl

mkdir -p "$room/library" "$room/copies" "$room/src/many"
head -c 300000 /dev/urandom >"$room/src/single.bin"
head -c 4000000 /dev/urandom >"$room/src/late.bin"
for n in {10..69}; do head -c 400000 /dev/urandom >"$room/src/many/part $n.bin"; done

seeds() { curl -s -o /dev/null -F "torrents=@$room/$1.torrent" -F skip_checking=true -F "savepath=$room/src" "$2/api/v2/torrents/add"; }

# Who seeds has all of it from the start, so that nobody waits for the tracker.
tracker_start
for name in single.bin late.bin many; do torrent "$name" "$room/src/$name"; done
qbittorrent_start seeder
seeder=$url
for name in single.bin late.bin many; do seeds "$name" "$url"; done
wait_until "[ \$(grep -c started '$tracker_log') = 3 ]"

qbittorrent_start leecher
driver=qbittorrent login=(-c tow)
leecher=$pid there=$url
instance_start
tow library add films "$room/library" --mode link
tow library add copies "$room/copies" --mode copy
tow client add qb qbittorrent "$url" --category tow --adopt on --fast '300 ms' --slow '2 s'
watched
id=$(tow haul add "$room/single.bin.torrent" --title single --library films)
ok "one that is added comes to its end" wait_until "says \"select state from haul.downloads where id = $id\" completed" 180
ok "is in the library" cmp "$room/src/single.bin" "$room/library/single.bin"
ok "and has both tags, its own and ours" wait_until "drive -t tow-$id list | jq -e '.transfers[0].tags | index(\"synced\")'" 180

#--- the client dies in the middle
late=$(tow haul add "$room/late.bin.torrent" --title late --options '{"down_limit": 100000}')
ok "another one is on its way" wait_until "says \"select percent > 10 and percent < 60 from haul.downloads where id = $late\" t" 180
hash=$(drive -t "tow-$late" list | jq -r '.transfers[0].key')
kill -KILL "$leecher"
wait "$leecher" 2>/dev/null
ok "a client that is killed is down" wait_until "says \"select state from haul.clients where name = 'qb'\" down" 180
ok "with the reason" wait_until "asks \"select error from haul.clients where name = 'qb'\" | grep -q 'cannot be reached: Connection refused'"
is "$(asks "select state || ' ' || transfer from haul.downloads where id = $late")" "downloading downloading" "its download is left as it was"
like "$(asks "select error from haul.downloads where id = $late")" "client qb is down" "and says why it stands still"
is "$(asks "select count(*) from haul.downloads where state = 'completed'")" 1 "what is done stays done"
url=$there
qbittorrent_begin leecher
ok "it is found again" wait_until "says \"select state from haul.clients where name = 'qb'\" ok" 180
# Those that know each other would wait a minute before they call again; one that begins anew calls at once.
wait_until "of $hash .state | grep -qE 'stalled|downloading'"
curl -s -o /dev/null -d "hashes=all&limit=0" "$url/api/v2/torrents/setDownloadLimit"
curl -s -o /dev/null -d "hashes=$hash&deleteFiles=false" "$seeder/api/v2/torrents/delete"
wait_until "seeds late.bin '$seeder' && curl -s '$seeder/api/v2/torrents/info' | grep -q '$hash'" # not while it still goes
ok "and its download comes to its end" wait_until "says \"select state from haul.downloads where id = $late\" completed" 180
ok "whole" cmp "$room/src/late.bin" "$room/library/late.bin"

#--- the worker dies in the middle
many=$(tow haul add "$room/many.torrent" --title many --library copies)
placed="select count(*) from haul.files where download = $many and state = 'placed'"
ok "an import of many files has begun" wait_until "says \"select (($placed) > 0)\" t" 180
kill -KILL "$WORKER_PID"
wait "$WORKER_PID" 2>/dev/null
ok "its worker is killed in the middle, unless it was quicker" says "select state = case when ($placed) < 60 then 'importing' else state end from haul.downloads where id = $many" t
worker_start --queue haul:4 --queue haul.watch:4
ok "another one goes on" wait_until "says \"select state from haul.downloads where id = $many\" completed" 180
ok "all are placed" diff -r "$room/src/many" "$room/copies/many"
is "$(asks "$placed and mode in ('copy', 'adopted')")" 60 "by copy, but for one that was there before that was known"
ok "nothing half is left" nothing_half "$room/copies"
is "$(find "$room/library" -type f | wc -l)" 2 "nor twice in the other library"

is "$(asks "select title || ' ' || count(*) from haul.events where what = 'completed' group by title order by title" | paste -sd,)" \
	"late 1,many 1,single 1" "each was completed once"
is "$(asks "select count(*) from haul.downloads where state <> 'completed'")" 0 "and none is left"
done_testing
