#!/usr/bin/env bash
# Three hundred torrents at once in one client: all are adopted and imported, none twice, their server is told a few times, and
# a listing in which nothing has changed writes nothing.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
. tests/lib/haul.sh
need qbittorrent-nox mpd jq python3 curl

many=300
mkdir -p "$room/library" "$room/src" "$room/torrents"
seed_start "$room/src"
python3 - "$room" "$many" "http://127.0.0.1:$seed_port" <<-'END'
	import hashlib, os, sys
	room, many, seed = sys.argv[1], int(sys.argv[2]), sys.argv[3]
	text = lambda s: b"%d:%s" % (len(s), s.encode())
	for n in range(many):
	    name, data = f"n{n:03}.bin", os.urandom(3000)
	    open(f"{room}/src/{name}", "wb").write(data)
	    info = b"d6:lengthi3000e4:name" + text(name) + b"12:piece lengthi16384e6:pieces20:" + hashlib.sha1(data).digest() + b"e"
	    open(f"{room}/torrents/{name}.torrent", "wb").write(b"d4:info" + info + b"8:url-list" + text(f"{seed}/{name}") + b"e")
END
qbittorrent_start client
cp "$room"/src/n0[5-9]* "$room"/src/n[12]* "$room/client/downloads/"
mpd_start player "$room/library"
instance_start
tow library add all "$room/library"
tow target add player mpd "mpd://127.0.0.1:$music" --delay '5 s'
tow library announce all player --as ''
tow client add qb qbittorrent "$url" --category tow --adopt on --fast '500 ms' --slow '500 ms'
watched
began=$SECONDS
ok "the client is well" wait_until "says \"select state from haul.clients where name = 'qb'\" ok" 60

driver=qbittorrent login=(-c tow)
# A client takes a minute and more to download three hundred: most are there already, and are not even checked.
adding=()
for torrent in "$room"/torrents/n0[5-9]* "$room"/torrents/n[12]*; do adding+=(-F "torrents=@$torrent"); done
curl -s -o /dev/null "${adding[@]}" -F skip_checking=true -F category=tow "$url/api/v2/torrents/add"
adding=()
for torrent in "$room"/torrents/n0[0-4]*; do adding+=(add "$torrent" -); done
drive "${adding[@]}" list >/dev/null
ok "the client has all of them" wait_until "[ \"\$(drive list | jq '.transfers | length')\" = $many ]" 300
ok "all are adopted" wait_until "says 'select count(*) from haul.downloads where adopted' $many" 300
ok "all are imported" wait_until "says \"select count(*) from haul.downloads where state = 'completed'\" $many" 300
ok "whole" diff -r "$room/src" "$room/library"
is "$(asks "select count(*) || ' ' || count(distinct download) from haul.events where what = 'completed'")" "$many $many" "each once"
is "$(asks "select count(*) from tow.history where kind = 'haul.import' and (state <> 'completed' or attempt > 1)")" 0 "at the first attempt"
is "$(asks "select count(*) from tow.history where kind = 'haul.import'")" $many "by a job each"
ok "all are tagged" wait_until "says \"select count(*) from haul.transfers where 'synced' = any(tags)\" $many" 300
ok "the server was told of all" wait_until "says 'select pending from haul.targets' 0"
scans=$(asks "select count(*) from tow.history where kind = 'haul.scan'")
took=$((SECONDS - began)) # one each five seconds, however long all of it takes
ok "in few words: $scans in $took s" [ "$scans" -le $((many / 20 + took / 5)) ]
ok "what has not changed is not written" wait_until "says 'select written || chr(32) || listed from haul_store.health where listed_at is not null' '0 $many'"
diag "rows of transfers written: $(asks "select pg_stat_force_next_flush(); select n_tup_ins || ' new, ' || n_tup_upd || ' changed' from pg_stat_user_tables where relname = 'transfer'" | tail -n 1)"
done_testing
