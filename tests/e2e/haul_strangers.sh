#!/usr/bin/env bash
# What somebody else has in a client stays theirs, wherever it stands there: whoever asks Towpath for it, by a file, a link or a magnet,
# is told so, and nothing of it is removed with what they asked for. With each client that takes torrents.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
. tests/lib/haul.sh
need transmission-daemon qbittorrent-nox deluged deluge-web rtorrent aria2c mktorrent jq python3 curl

becomes() { wait_until "says \"select state from haul.downloads where id = $1\" $2"; }
trouble_of() { asks "select trouble from haul.downloads where id = $1"; }

# theirs NAME: they have put it there, for no category of ours, and the client knows it
theirs() {
	drive add "$room/$1.torrent" >/dev/null
	wait_until "drive list | jq -e '.transfers[] | select(.name == \"$1\")'"
}
name_held() { drive list | jq -e --arg name "$1" '.transfers[] | select(.name == $name)' >/dev/null; }
hash_of() { drive list | jq -r --arg name "$1" '.transfers[] | select(.name == $name) | .ids | map(select(length == 40)) | .[0]'; }
foreign="and not for this Towpath"

# refused WHAT DESCRIPTION: it fails, says why, and what is theirs outlives it
refused() {
	local id
	id=$(tow haul add "$1" --client "$driver")
	ok "$driver: $2 is not given to it" becomes "$id" failed
	is "$(trouble_of "$id")" "client $driver holds it already, $foreign" "$driver: $2: it says why"
	tow haul forget "$id" --remove data
	ok "$driver: $2: forgotten, data and all" wait_until "says \"select count(*) from tow.jobs where kind in ('haul.act', 'haul.grab') and state not in ('completed', 'failed', 'cancelled')\" 0"
}

strangers() { # DRIVER LOGIN... -- OPTIONS...
	[ -z "$driver" ] || tow client rm "$driver" --yes
	driver=$1
	shift
	login=()
	while [ "$1" != -- ]; do login+=("$1") && shift; done
	shift
	"${driver}_start" "$driver"
	head -c 300000 /dev/urandom >"$room/src/$driver.disk"
	torrent "$driver.disk" "$room/src/$driver.disk"
	cp "$room/src/$driver.disk" "$room/$driver/downloads/"
	cp "$room/$driver.disk.torrent" "$room/src/"
	ok "$driver: somebody puts a torrent there" theirs "$driver.disk"
	tow client add "$driver" "$driver" "$url" --fast 500ms --slow 500ms "$@"
	ok "$driver: it is looked at" wait_until "says \"select state from haul.clients where name = '$driver'\" ok"
	refused "$room/$driver.disk.torrent" "a file"
	refused "http://127.0.0.1:$seed_port/$driver.disk.torrent" "a link"
	refused "http://127.0.0.1:$gate_port/led/$driver.disk.torrent" "a link that leads on"
	refused "magnet:?xt=urn:btih:$(hash_of "$driver.disk")" "a magnet"
	ok "$driver: it is theirs still" name_held "$driver.disk"
	ok "$driver: and so is its file" cmp -s "$room/$driver/downloads/$driver.disk" "$room/src/$driver.disk"
}

# gated: a link that the client alone may read
gated() {
	local id
	id=$(tow haul add "http://127.0.0.1:$gate_port/$driver.disk.torrent" --client "$driver")
	ok "$driver: what only it may read it knows itself" becomes "$id" failed
	is "$(trouble_of "$id")" "client $driver holds it already, $foreign" "$driver: and it says why"
	tow haul forget "$id" --remove data
}

# version2 NAME BOTH: $room/NAME.torrent of $room/src/NAME; BOTH is 1 for one of both versions. Its second hash is in $hash2
version2() {
	head -c 10000 /dev/urandom >"$room/src/$1"
	hash2=$(python3 tests/lib/torrent_v2.py "$room/src/$1" "$room/$1.torrent" "$2")
}

# second: torrents of version 2, alone and with the first
second() {
	local both
	for both in 0 1; do
		version2 "$driver.v2.$both" $both
		ok "$driver: one of version 2 is there" theirs "$driver.v2.$both"
		refused "$room/$driver.v2.$both.torrent" "its file"
		refused "magnet:?xt=urn:btmh:1220$hash2" "its magnet"
		ok "$driver: it is theirs still" name_held "$driver.v2.$both"
	done
}

cannot() {
	local id
	version2 "$driver.v2" 0
	id=$(tow haul add "$room/$driver.v2.torrent" --client "$driver")
	ok "$driver: one of version 2 alone it does not take" becomes "$id" failed
	like "$(trouble_of "$id")" "takes no torrent that is of version 2 alone" "$driver: and it says so"
}

# large: what is too much for one request it fetches itself
large() {
	local id
	python3 - "$room/src/large.torrent" <<-'END2'
		import os, sys
		open(sys.argv[1], "wb").write(b"d8:announce23:http://127.0.0.1:1/none4:infod6:lengthi491520000e4:name9:large.bin12:piece lengthi16384e6:pieces600000:" + os.urandom(600000) + b"ee")
	END2
	id=$(tow haul add "http://127.0.0.1:$seed_port/large.torrent" --client "$driver" --options '{"paused": true}')
	ok "$driver: a large torrent is taken, too" wait_until "drive list | jq -e '.transfers[] | select(.tags | index(\"tow-$id\"))'"
	ok "$driver: and becomes ours" becomes "$id" downloading
}

mkdir -p "$room/src" "$room/music"
cat >"$room/gate.py" <<'END2'
"""A web server of a folder that lets no Towpath in; what is asked for below /led leads to it."""
import http.server, os, sys
class Gate(http.server.SimpleHTTPRequestHandler):
    def __init__(self, *args):
        super().__init__(*args, directory=sys.argv[1])
    def log_message(self, *args):
        pass
    def do_GET(self):
        if self.path.startswith("/led/"):
            self.send_response(302)
            self.send_header("Location", sys.argv[2] + self.path[4:])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.headers.get("User-Agent", "").startswith("towpath"):
            self.send_error(403)
        else:
            super().do_GET()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gate)
print(server.server_port, flush=True)
server.serve_forever()
END2
seed_start "$room/src"
begin gate python3 -u "$room/gate.py" "$room/src" "http://127.0.0.1:$seed_port"
wait_until "[ -s '$room/gate.log' ]"
gate_port=$(head -n 1 "$room/gate.log")
instance_start
watched
printf labpass123 | tow secret set lab
tow library add music "$room/music"

strangers transmission -u admin -p labpass123 -- --category tow --user admin --secret secret:lab
gated
cannot
strangers qbittorrent -- --category tow
second
strangers deluge -p labpass123 -- --category tow --secret secret:lab
gated
second
strangers rtorrent -- --category tow
large
cannot
strangers aria2 -p labpass123 -- --secret secret:lab
cannot
done_testing
