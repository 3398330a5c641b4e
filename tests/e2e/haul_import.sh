#!/usr/bin/env bash
# A stranger's way through: a client, a library, a media server; what is dropped into the client's category and what is
# grabbed is downloaded, watched, placed by hard link, tagged, and the server has it. Transmission and MPD are the real ones.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
. tests/lib/haul.sh
need transmission-daemon mktorrent mpd jq python3 curl

#--- programs
mkdir -p "$room/library" "$room/src/album"
transmission_start daemon
mpd_start player "$room/library"

python3 - "$room/src/album" <<-'END'
	import struct, sys, wave
	for n in (1, 2):
	    with wave.open(f"{sys.argv[1]}/track {n}.wav", "wb") as w:
	        w.setnchannels(1); w.setsampwidth(2); w.setframerate(8000)
	        w.writeframes(struct.pack("<h", n * 1000) * 80000)
END
head -c 1000 /dev/urandom >"$room/src/album/setup.exe"
head -c 300000 /dev/urandom >"$room/src/single.bin"
seed_start "$room/src"
torrent album "$room/src/album" "http://127.0.0.1:$seed_port/"
torrent single "$room/src/single.bin" "http://127.0.0.1:$seed_port/single.bin"

#--- Towpath
instance_start
mkdir -p "$TOW_HOME"
printf 'labpass123\n' | tow secret set tr
ok "a library" tow library add music "$room/library"
ok "a media server" tow target add player mpd "mpd://127.0.0.1:$music" --delay 0
ok "that is told of the library" tow library announce music player --as ''
ok "a client" tow client add tr transmission "$url" --user admin --secret secret:tr --category tow --adopt --fast '300 ms' --slow '2 s'
is "$(asks "select adopt from haul.clients where name = 'tr'")" t "which may adopt"
for word in off on; do
	tow client set tr --adopt $word >/dev/null
	asks "select adopt from haul.clients where name = 'tr'"
done | paste -sd' ' >"$room/adopt"
is "$(<"$room/adopt")" "f t" "or not, as it is told"
watched
ok "it is seen to be well" wait_until "says \"select state from haul.clients where name = 'tr'\" ok"

#--- dropped into the category
driver=transmission login=(-u admin -p labpass123 -c tow)
album=$(drive add "$room/album.torrent" | jq -r .key)
ok "what is in the category is adopted" wait_until "says \"select count(*) from haul.downloads where title = 'album' and adopted\" 1"
ok "and comes to its end" wait_until "says \"select state from haul.downloads where title = 'album'\" completed" 120
is "$(cd "$room/library" && find . -type f | sort | paste -sd' ')" "./album/track 1.wav ./album/track 2.wav" "its files are in the library, and no program"
is "$(stat -c %h "$room/library/album/track 1.wav")" 2 "by hard link"
is "$(asks "select state || ': ' || coalesce(why, mode) from haul.files order by source" | paste -sd,)" "skipped: a program,placed: link,placed: link" "each file says how"
ok "the client has the tag" wait_until "of $album '.tags | join(\" \")' | grep -q synced"
ok "the server was told" wait_until "says \"select state || ' ' || pending from haul.targets\" 'ok 0'"
ok "and has them" wait_until "mpd_says 'listall' | grep -q 'track 2.wav'"
is "$(asks "select string_agg(what, ' ' order by n) from haul.events where what not in ('scanned', 'told')")" "adopted downloaded importing completed" "what happened stands there"
ok "how much room is left stands there, too" wait_until "says 'select free_bytes > 0 from haul.libraries' t"
like "$(tow haul ls)" "seeding .*album" "tow haul ls"

#--- grabbed
id=$(tow haul add "$room/single.torrent" --title single --category tow)
ok "a .torrent that is given" wait_until "says \"select state from haul.downloads where id = $id\" completed" 120
ok "is in the library" cmp -s "$room/src/single.bin" "$room/library/single.bin"
is "$(asks "select count(*) from haul.downloads")" 2 "and there is one download of it"
like "$(tow haul add magnet:nonsense 2>&1)" "not clear what" "what is no link"
exits 65 "is refused" tow haul add magnet:nonsense 2>/dev/null
like "$(tow haul watch 2>&1)" "nothing is under way" "watch says that there is nothing to see"
tow haul recheck "$id"
ok "its client is told to recheck, and that is written down" wait_until "says \"select count(*) from haul.events where download = $id and detail = 'client tr: recheck'\" 1"
ok "as is the tag that it was given" wait_until "says \"select count(*) from haul.events where download = $id and what = 'told' and detail = 'client tr: tag synced'\" 1"

#--- what is changed is heard at once, whatever the monitor waits for
tow client set tr --fast '1 hour' --slow '1 hour' >/dev/null
ok "a client that is looked at each hour" wait_until "says \"select next_at > tow.now() + interval '30 min' from haul.clients where name = 'tr'\" t"
seen=$(asks "select listed_at from haul.clients where name = 'tr'")
tow client retry tr
ok "is looked at when somebody says so" wait_until "says \"select listed_at > '$seen' from haul.clients where name = 'tr'\" t"
tow client rm tr
is "$(asks "select count(*) from haul.clients where name = 'tr'")" 0 "and is gone when it is dropped, whatever its monitor does"

done_testing
