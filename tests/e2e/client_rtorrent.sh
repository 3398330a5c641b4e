#!/usr/bin/env bash
# The driver of rTorrent against the real program, over a unix socket and over TCP, fed by a second one that seeds; and
# against answers that are none.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
for tool in rtorrent mktorrent jq python3; do
	command -v "$tool" >/dev/null || skip_all "there is no $tool here: contrib/bootstrap.sh check"
done
. tests/lib/torrents.sh

driver=rtorrent
# A program of its own folder: profile NAME LINE...
profile() {
	local name=$1
	shift
	mkdir -p "$room/$name/session" "$room/$name/downloads"
	cat >"$room/$name/rc" <<-END
		session.path.set = $room/$name/session
		directory.default.set = $room/$name/downloads
		network.port_random.set = no
		network.bind_address.set = 127.0.0.1
		network.local_address.set = 127.0.0.1
		dht.mode.set = disable
		protocol.pex.set = no
		trackers.use_udp.set = no
		system.daemon.set = true
		$(printf '%s\n' "$@")
	END
}
program() { # name url: $pid is what it is
	rm -f "$room/$1/rpc.sock" "$room/$1/session/rtorrent.lock"
	begin "$1" nice rtorrent -n -o import="$room/$1/rc"
	wait_until "'$client_drive' rtorrent '$2' hello" || exit 1
}
raw() { python3 tests/lib/scgi_call.py "$room/main/rpc.sock" "$@"; }
said() { jq -r '[.error, .code] | join(" ")'; }
acted() { drive act "$@" | jq -r '.ok // .error'; }

seed_port=$(free_port)
scgi_port=$(free_port)
main_port=$(free_port)
profile seeder "network.port_range.set = $seed_port-$seed_port" "network.scgi.open_port = 127.0.0.1:$scgi_port" 'throttle.global_up.max_rate.set_kb = 600'
profile main "network.port_range.set = $main_port-$main_port" "network.scgi.open_local = $room/main/rpc.sock"
program seeder "scgi://127.0.0.1:$scgi_port"
program main "scgi://$room/main/rpc.sock"
main=$pid
url=scgi://$room/main/rpc.sock

# Who it is
like "$(drive hello | jq -r .version)" '^0\.[0-9]+\.' "hello says its version"
url=scgi://127.0.0.1:$scgi_port
like "$(drive hello - list | jq -rs '.[0].version, .[1].whole' | paste -sd ' ')" '^0\.[0-9.]+ true$' "over TCP, too"
url=scgi://localhost:$scgi_port
is "$(drive hello | jq -r .ok)" true "by name"
url=scgi://127.0.0.1:$(free_port)
is "$(drive hello | said)" 'scgi.connect retry' "nobody there"
url=scgi://$room/none
is "$(drive hello | said)" 'scgi.connect retry' "no socket"
for url in scgi:// scgi://host scgi://:5 scgi://host:port scgi:x "scgi:///$(printf '%0200d' 1)"; do
	is "$(drive hello | said)" 'scgi.url final' "no address: ${url:0:20}"
done
url=scgi://$room/main/rpc.sock

# A download, watched
mkdir -p "$room/src/album/disc"
head -c 3000000 /dev/urandom >"$room/src/album/one.bin"
head -c 1000000 /dev/urandom >"$room/src/album/disc/two é & <3>.bin"
torrent album "$room/src/album"
cp -r "$room/src/album" "$room/seeder/downloads/"
"$client_drive" rtorrent "scgi://127.0.0.1:$scgi_port" add "$room/album.torrent" seed >/dev/null
ok "a second one seeds" wait_until '[ "$("$client_drive" rtorrent "scgi://127.0.0.1:$scgi_port" list | jq ".transfers[0].complete")" = true ]'
is "$(drive -c 'my films' -t ours add "$room/album.torrent" 'job 1:a' | jq -c .)" '{"added":true,"key":null}' "a file is added; it does not say as what"
album=$(drive list - sleep 0.1 - list >/dev/null && wait_until 'drive -t "job 1:a" list | jq -e ".transfers[0]"' && drive -t 'job 1:a' list | jq -r '.transfers[0].key')
like "$album" '^[0-9a-f]{40}$' "it is found again by its own tag"
is "$(of "$album" '[.category, (.tags | join(",")), .folder] | join(" ")')" "my films job 1:a,ours $room/main/downloads/album" "category, tags and folder are there"
ok "nobody has it: stalled" becomes "$album" stalled
ok "its tracker is heard of, and is no error" wait_until '[[ "$(of '"$album"' "[.tracker, .error] | join(\" \")")" == Tracker:*" " ]]'
raw add_peer "${album^^}" "127.0.0.1:$seed_port" >/dev/null
ok "it is seen downloading" wait_until '[ "$(of '"$album"' "[.state, (.percent > 0 and .percent < 100), .complete, (.down > 0), (.eta >= 0)] | join(\" \")")" = "downloading true false true true" ]'
is "$(of "$album" '[.size, .completed_at, .name, .left < .size] | join(" ")')" '4000000 0 album true' "size, name, and what is left"
ok "it is complete" wait_until '[ "$(of '"$album"' .complete)" = true ]'
ok "and says when" wait_until '[ "$(of '"$album"' "[.state, .left, .percent, (.completed_at > 0)] | join(\" \")")" = "seeding 0 100 true" ]'
ok "what was downloaded is what was seeded" diff -r "$room/src/album" "$room/main/downloads/album"
is "$(drive files "$album" | jq -r '.folder, (.files[] | "\(.path) \(.size) \(.done) \(.wanted)")' | sort)" \
	"$(printf '%s\n' "$room/main/downloads" 'album/disc/two é & <3>.bin 1000000 1000000 true' 'album/one.bin 3000000 3000000 true' | sort)" "its files, with their torrent's folder"

# Narrowed
names() { jq -r '[.transfers[].name] | sort | join(" ")'; }
head -c 200000 /dev/urandom >"$room/src/idle.bin"
torrent idle "$room/src/idle.bin"
cp "$room/idle.torrent" "$room/src/"
begin web python3 -u tests/lib/web_seed.py "$room/src"
wait_until '[ -s "$room/web.log" ]'
drive add "http://127.0.0.1:$(head -n 1 "$room/web.log")/idle.torrent" job-2 "$room/else where" >/dev/null
idle=$(key_of job-2)
is "$(of "$idle" '.folder')" "$room/else where" "a link, to a folder of its own"
is "$(drive list | names)" 'album idle.bin' "all"
is "$(drive -c 'my films' list | names)" album "by category"
is "$(drive -t ours list | names)" album "by tag"
is "$(drive -c other list | jq -c '[.whole, .transfers]')" '[true,[]]' "a category that is not there is empty"
recategorised "$album" 'my films' 'done: $x,"y"'
recategorised "$album" 'done: $x,"y"' 'my films'
magnet=0123456789abcdef0123456789abcdef01234567
drive add "magnet:?xt=urn:btih:${magnet^^}&dn=x&tr=http%3A%2F%2F127.0.0.1%3A1%2Fnone" job-3 >/dev/null
is "$(key_of job-3)" $magnet "a magnet"
is "$(of $magnet '[.state, .complete, .size, .left] | join(" ")')" 'metadata false -1 -1' "looks for what it is, and is not complete"
is "$(drive files $magnet | jq -c .files)" '[]' "and has no files yet"

# Only what is wanted counts
mkdir "$room/src/pair"
head -c 400000 /dev/urandom >"$room/src/pair/a"
head -c 400000 /dev/urandom >"$room/src/pair/b"
torrent pair "$room/src/pair"
mkdir -p "$room/main/downloads/pair" && cp "$room/src/pair/a" "$room/main/downloads/pair/"
drive add "$room/pair.torrent" job-4 >/dev/null
pair=$(key_of job-4)
ok "one of two files is there" wait_until '[ "$(drive files '"$pair"' | jq -c "[.files[] | select(.done > 300000) | .path]")" = "[\"pair/a\"]" ]'
ok "and all is wanted" wait_until '[ "$(of '"$pair"' "[.state, .complete] | join(\" \")")" = "stalled false" ]'
raw f.priority.set "${pair^^}:f1" 0 >/dev/null
raw d.update_priorities "${pair^^}" >/dev/null
is "$(drive files "$pair" | jq -c '[.files[].wanted]')" '[true,false]' "a file that is not wanted"
drive act "$pair" pause - act "$pair" recheck >/dev/null
ok "nothing is left of what is wanted but a chunk that both share" wait_until '[ "$(of '"$pair"' .left)" -le 65536 ]'

# What it would not take
head -c 1000 /dev/urandom >"$room/bad.torrent"
is "$(drive add "$room/bad.torrent" job-5 | said)" 'client.refused final' "what is no torrent"
is "$(drive add "$room/idle.torrent" job-5 'not/absolute' | said)" 'client.refused final' "a folder that begins nowhere"
is "$(drive add "$room/idle.torrent" job-5 '/a",execute=touch,"' | said)" 'client.refused final' "or leaves its quotes"
{ printf 'd4:infod' && head -c 600000 /dev/zero; } >"$room/large.torrent"
like "$(drive add "$room/large.torrent" job-5 | jq -r '.error + ": " + .hint')" 'client.refused: .*size_limit' "more than it reads"
is "$(drive add "$room/album.torrent" job-6 | jq .added)" true "what it holds it takes without a word"
is "$(drive -t job-6 list | jq '.transfers | length')" 0 "and is not found by the new tag"
is "$(of "$album" .complete)" true "nor is anything changed"
is "$(drive -c none hash "$album" | jq -r '[.key, (.tags | length)] | join(" ")')" "$album 2" "it is found by its hash, in whatever category"
is "$(drive hash "$(tr 0-9a-f 1-9a-f0 <<<"$album")" | said)" 'client.gone final' "and what it does not hold is not"

# Changes
is "$(acted "$album" pause)" true "pause"
ok "what is complete and stopped is done" becomes "$album" 'done'
is "$(of "$album" .complete)" true "and complete"
is "$(acted "$album" resume)" true "resume"
ok "it seeds again" becomes "$album" seeding
acted "$idle" pause >/dev/null
ok "stopped with bytes left" becomes "$idle" paused
acted "$idle" resume >/dev/null
is "$(acted "$idle" reannounce)" true "reannounce"
tag='$x,"y";%41:z'
is "$(drive tag "$album" "$tag" - tag "$album" "$tag" - list | jq -rs --arg tag "$tag" --arg key "$album" '[.[2].transfers[] | select(.key == $key).tags[] | select(. == $tag)] | length')" 1 "a tag, however odd, twice, is there once"
is "$(acted "$album" recheck)" true "recheck"
ok "it is complete again" wait_until '[ "$(of '"$album"' .complete)" = true ]'
holes_made
drive add "$room/holes.torrent" job-7 "$room" >/dev/null
holes=$(key_of job-7)
checked() { [ "$(of "$holes" '[.state, .complete] | join(" ")')" = "$1" ]; }
ok "what is there already is checked, and not complete before" wait_until 'checked "checking false"'
ok "then it is" wait_until 'checked "seeding true"'
is "$(acted "$holes" remove)" true "remove"
not_ok "it is not listed any more" held "$holes"
ok "its data stays" rm "$room/holes.bin"
is "$(acted "$album" remove-data)" client.cannot "data it does not delete"
ok "and keeps the torrent" held "$album"
stranger=ffffffffffffffffffffffffffffffffffffffff
for verb in "files $stranger" "act $stranger pause" "act $stranger remove" "act $stranger remove-data" "tag $stranger t" "category $stranger t" 'files x' 'act all remove'; do
	is "$(drive $verb | said)" 'client.gone final' "gone: $verb"
done

# It is restarted in the middle
drive list - wait "$room/restarted" - list >"$room/told" &
session=$!
begun+=("$session")
wait_until '[ -s "$room/told" ]'
finish "$main"
is "$(drive list | said)" 'scgi.connect retry' "a client that is not running"
rm "$room/main/downloads/album/one.bin"
program main "$url"
main=$pid
ok "it has its torrents again" wait_until "held $album && held $idle"
touch "$room/restarted"
ok "the session goes on" wait "$session"
is "$(jq -c .whole "$room/told" | paste -sd ' ')" 'true true' "and lists"
is "$(of "$album" '[(.tags | length), .category] | join(" ")')" '3 my films' "tags and category are kept"
acted "$album" recheck >/dev/null
ok "files that are gone" becomes "$album" 'missing files'
is "$(of "$album" '[.complete, .local, .completed_at] | join(" ")')" 'false true 0' "are missed, which is not the torrent's fault"
cp "$room/src/album/one.bin" "$room/main/downloads/album/"
acted "$album" recheck >/dev/null
ok "and found again, whatever its message still says" wait_until '[ "$(of '"$album"' "[.state, .complete, .error] | join(\" \")")" = "done true " ]'

# A disk that is full
mkdir "$room/small"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=1m tmpfs "$room/small" 2>/dev/null; then
	acted "$album" remove >/dev/null
	drive add "$room/album.torrent" job-8 "$room/small" >/dev/null
	album=$(key_of job-8)
	# it may not take a peer yet
	ok "a disk that is full is an error" wait_until "raw add_peer ${album^^} 127.0.0.1:$seed_port; [ \"\$(of $album .state)\" = error ]"
	is "$(of "$album" '[.complete, .local] | join(" ")')" 'false true' "of ours, not of the torrent"
	like "$(of "$album" .error)" 'No space left|Low diskspace' "with the reason"
	acted "$album" remove >/dev/null
	wait_until 'umount "$room/small"'
else
	skip "a disk that is full: only root can make one"
fi

# What pretends to be it: each file is an answer to one call, to whom asks at the path of a web server
mkdir "$room/fake"
cat >"$room/fake.py" <<'END'
import http.server
class Fake(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        allowed = self.headers.get("Authorization") == "Basic YWRtaW46bGFicGFzczEyMw=="
        body = open("answer", "rb").read() if allowed else b"no"
        self.send_response(200 if allowed else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Fake)
print(server.server_port, flush=True)
server.serve_forever()
END
begin fake env -C "$room/fake" python3 -u "$room/fake.py"
wait_until '[ -s "$room/fake.log" ]'
url=http://127.0.0.1:$(head -n 1 "$room/fake.log")/RPC2
login=(-u admin -p wrong)
is "$(drive hello | said)" 'client.auth final' "behind a web server: a wrong password"
login=(-u admin -p labpass123)
answer() { printf '%b' "$1" >"$room/fake/answer"; }
value() { answer "<?xml version=\"1.0\"?><methodResponse><params><param><value>$1</value></param></params></methodResponse>"; }
value '<string>0.9.8</string>'
is "$(drive hello | jq -r .version)" 0.9.8 "the right one"
value '0.8.9'
is "$(drive hello | said)" 'client.old final' "an old version"
value '<i8>7</i8>'
is "$(drive hello | said)" 'client.garbled final' "no version"
deep=$(printf '<a>%.0s' {1..200})
for text in '' '<html>' '{}' '<methodResponse/>' '<methodResponse><params/></methodResponse>' '<methodResponse><params><param><value/></param></params></methodResponse>' "$deep" \
	'<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><methodResponse>&d;</methodResponse>' '\0\xff<x'; do
	answer "$text"
	is "$(drive list | said)" 'client.garbled retry' "no listing: ${text:0:60}"
done
answer '<methodResponse><fault><value><struct><member><name>faultCode</name><value><i4>-506</i4></value></member><member><name>faultString</name><value><string>Method not defined</string></value></member></struct></value></fault></methodResponse>'
is "$(drive list | said)" 'client.old final' "a method that it does not know"
answer '<methodResponse><fault/></methodResponse>'
is "$(drive list | said)" 'client.refused final' "a fault that says nothing"
row() { printf '<value><array><data>' && printf '<value>%s</value>' "$@" && printf '</data></array></value>'; }
# hash name state active complete hashing meta size left wanted chunk down up ratio label tags message loaded finished directory seeders peers
good=(AB '<base64>Y2Fm6Q==</base64>' '<i8>1</i8>' 1 1 0 0 5 0 0 16 0 0 1500 a%20b%zz a::b%3A%00 '' 1 2 /d 0 0)
value "<array><data>$(row "${good[@]}")<value>x</value><value/>$(row 1 2 3)$(row '' "${good[@]:1}")$(row CD $'caf\xe9\x01' 1 1 0 0 0 -5 99999999999999999999 9223372036854775807 9223372036854775807 -1 x -9 '' '' 'odd' y z '' -1 -1)</data></array>"
is "$(drive list | jq -c '[.transfers[] | [.key, .state, .complete, .size, .left, .ratio, .category, .tags]]')" \
	'[["ab","seeding",true,5,0,1.5,"a b%zz",["a","b:%00"]],["cd","unknown",false,-1,-1,-1,null,[]]]' "odd torrents spoil nothing"
done_testing
