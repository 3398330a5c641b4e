#!/usr/bin/env bash
# The driver of qBittorrent against the real program: sessions, listings whole and by changes, every state that can be
# reached, adding, changing, removing; and against files that pretend to be it, for what it does not say by itself.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
for tool in qbittorrent-nox mktorrent jq python3 curl; do
	command -v "$tool" >/dev/null || skip_all "there is no $tool here: contrib/bootstrap.sh check"
done
. tests/lib/torrents.sh

driver=qbittorrent
password_hash='AAECAwQFBgcICQoLDA0ODw==:DrBtLLbduw+lhhzga7UzmHpIvX1EdTNhXzyfdKVkpM0ZMW24XnheKidEAt7S5vhDFjWabehRSVCutssJOyUNVw=='
needs_login=('WebUI\Username=admin' "WebUI\\Password_PBKDF2=\"@ByteArray($password_hash)\"")

program() { # name
	begin "$1" nice qbittorrent-nox --profile="$room/$1"
	wait_until "curl -s -o /dev/null '$url'"
}

# The client's own words, for what no driver does: raw PATH [FORM]
raw() {
	local path=$1
	shift
	curl -s -b "$room/jar" -c "$room/jar" ${1:+-d "$1"} "$url/api/v2/$path"
}
raw_login() { raw auth/login 'username=admin&password=labpass123' >/dev/null; }
says() { jq -r '[.error, .code] | join(" ")'; }

qbittorrent_profile main "${needs_login[@]}" 'WebUI\MaxAuthenticationFailCount=0'
program main
main=$pid
login=(-u admin -p labpass123)
raw_login

# Who it is, and who we are
like "$(drive hello | jq -r .version)" '^v[45]\.' "hello says its version"
login=(-u admin -p wrong)
is "$(drive hello | says)" 'client.auth final' "a wrong password"
like "$(drive list | jq -r .hint)" 'ban an address' "with a hint"
login=(-u admin)
is "$(drive hello | says)" 'client.auth final' "none where one is asked for"
login=()
like "$(drive list | jq -r .text)" 'asks for a login' "no user either"
login=(-p key)
like "$(drive list | jq -r '.error + ": " + .text')" 'client.auth: the API key' "a key that it does not know"
login=(-u admin -p labpass123)
there=$url
url=http://127.0.0.1:$(free_port)
is "$(drive hello | says)" 'http.connect retry' "nobody there"
url=$there
logins() { raw 'log/main?last_known_id=-1' | jq '[.[] | select(.message | startswith("WebAPI login success"))] | length'; }
before=$(logins)
drive hello - list - hello - list - list >/dev/null
is $(($(logins) - before)) 1 "one login serves all calls of a session"

# A download, watched
mkdir -p "$room/src/album/disc"
head -c 3000000 /dev/urandom >"$room/src/album/one.bin"
head -c 1000000 /dev/urandom >"$room/src/album/disc/two é.bin"
head -c 400000 /dev/urandom >"$room/src/single.bin"
seed_start "$room/src" 400000
torrent album "$room/src/album" "http://127.0.0.1:$seed_port/"
seed_start "$room/src"
torrent single "$room/src/single.bin" "http://127.0.0.1:$seed_port/single.bin"
is "$(drive -c films -t ours add "$room/album.torrent" job-1 | jq -c .)" '{"added":true,"key":null}' "a file is added; before 5.2 it does not say as what"
album=$(key_of job-1)
like "$album" '^[0-9a-f]{40}$' "it is found again by its own tag"
is "$(of "$album" '[.category, (.tags | sort | join(","))] | join(" ")')" 'films job-1,ours' "category and tags are there, made as it went"
is "$(of "$album" '.ids | unique | join(" ")')" "$album" "it is known by its hash"
is "$(drive -c none hash "$album" | jq -r '[.key, (.tags | length)] | join(" ")')" "$album 2" "and found by it, in whatever category"
is "$(drive hash 0123456789abcdef0123456789abcdef01234567 | says)" 'client.gone final' "what it does not hold is not"
ok "it is seen downloading" wait_until '[[ "$(of '"$album"' "[.state, (.percent > 0 and .percent < 100), .complete, (.down > 0), (.eta > 0)] | join(\" \")")" = "downloading true false true true" ]]'
is "$(of "$album" '[.size, .completed_at, .name, .folder] | join(" ")')" "4000000 0 album $room/main/downloads" "size, name and folder"
ok "its files grow" wait_until '[ "$(drive files '"$album"' | jq "[.files[] | select(.done > 0 and .done <= .size)] | length")" != 0 ]'
is "$(drive files "$album" | jq -r '.folder, (.files[] | "\(.path) \(.size) \(.wanted)")' | sort)" "$(printf '%s\n' "$room/main/downloads" 'album/disc/two é.bin 1000000 true' 'album/one.bin 3000000 true' | sort)" "files are told with sizes, below the folder"
ok "it is complete" wait_until '[ "$(of '"$album"' .complete)" = true ]'
like "$(of "$album" '[.state, .left, .percent, .eta, (.completed_at >= .added_at), .error] | join(" ")')" '^(seeding|done) 0 100 -1 true $' "and says so"
ok "what was downloaded is what was seeded" diff -r "$room/src/album" "$room/main/downloads/album"
is "$(of "$album" .content)" "$room/main/downloads/album" "the folder of its content is told"

# Only what is wanted counts
head -c 1000000 /dev/urandom >"$room/src/extra.bin"
mkdir "$room/src/pair" && mv "$room/src/extra.bin" "$room/src/pair/" && cp "$room/src/single.bin" "$room/src/pair/"
torrent pair "$room/src/pair"
pair_link=http://127.0.0.1:$seed_port/pair.torrent
cp "$room/pair.torrent" "$room/src/"
raw torrents/createCategory 'category=idle' >/dev/null
is "$(drive -t pairs add "$pair_link" job-2 | jq -c .)" '{"added":true,"key":null}' "a link is added"
pair=$(key_of job-2)
raw torrents/filePrio "hash=$pair&id=0&priority=0" >/dev/null
skipped=$(drive files "$pair" | jq -r '.files[0].size')
is "$(drive files "$pair" | jq -c '[.files[].wanted]')" '[false,true]' "a file that is not wanted"
# to whole pieces of 64 KiB
ok "its size is what is wanted of it" wait_until 'size=$(of '"$pair"' .size); [ $((size - 1400000 + skipped)) -ge 0 ] && [ $((size - 1400000 + skipped)) -lt 65536 ]'

# Narrowed
names() { jq -r '[.transfers[].name] | sort | join(" ")'; }
is "$(drive -c films list | names)" album "by category"
is "$(drive -t pairs list | names)" pair "by tag"
is "$(drive -c films -t pairs list | names)" '' "by both"
is "$(drive -c nothing list | jq -c '[.whole, .transfers]')" '[true,[]]' "a category that is not there is empty"
is "$(drive list | names)" 'album pair' "all"
is "$(drive list | jq '.whole and .free != 0')" true "all of it"
ok "with the room that is left, once the client has looked" wait_until '[ "$(drive list - sleep 0.2 - list | tail -n 1 | jq ".free > 0")" = true ]'

# Another category
recategorised "$album" films 'films done/é&x'
recategorised "$album" films films-done
is "$(drive -c films -d films-done -t ours list | names)" album "narrowed by tag as before"
is "$(drive -c films -d films-done -t other list | names)" '' "to nothing else"
is "$(raw torrents/categories | jq -r 'keys | sort | join(" ")')" 'films films done/é&x films-done idle' "both were made"
is "$(drive category "$album" '/bad//' | says)" 'client.refused final' "one that it cannot keep"
is "$(drive category 0123456789abcdef0123456789abcdef01234567 films | says)" 'client.gone final' "of a torrent that it does not hold"

# A magnet that nobody has
magnet=0123456789abcdef0123456789abcdef01234567
drive add "magnet:?xt=urn:btih:$magnet&dn=unknown" job-3 >/dev/null
is "$(key_of job-3)" $magnet "a magnet is added"
ok "it looks for what it is" becomes $magnet metadata
is "$(of $magnet '[.complete, .size, .left, .percent] | join(" ")')" 'false -1 -1 0' "and is not complete: nothing is known of it"
is "$(drive files $magnet | jq -c .files)" '[]' "it has no files yet"

# What it would not take
is "$(drive add "$room/album.torrent" job-4 | says)" 'client.held final' "a torrent that it holds"
head -c 1000 /dev/urandom >"$room/bad.torrent"
is "$(drive add "$room/bad.torrent" job-4 | says)" 'client.refused final' "what is no torrent"
is "$(drive add "$room/single.torrent" a,b | says)" 'client.refused final' "a tag that would be two"
is "$(drive tag "$album" a,b | says)" 'client.refused final' "nor on what is there"

# Changes
acted() { drive act "$@" | jq -r '.ok // .error'; }
is "$(acted "$album" pause)" true "pause"
ok "what is complete and paused is done" becomes "$album" 'done'
is "$(of "$album" '.complete')" true "and complete"
is "$(acted "$album" resume)" true "resume"
ok "it seeds again" becomes "$album" seeding
mkdir "$room/src/idle"
head -c 200000 /dev/urandom >"$room/src/idle/a.bin"
torrent idle "$room/src/idle"
drive -c idle add "$room/idle.torrent" job-5 "$room/elsewhere" >/dev/null
idle=$(key_of job-5)
is "$(of "$idle" '.folder')" "$room/elsewhere" "a folder of its own"
ok "nobody has it: stalled" becomes "$idle" stalled
is "$(of "$idle" '[.complete, .left, .eta] | join(" ")')" 'false 200000 -1' "with everything left, for who knows how long"
acted "$idle" pause >/dev/null
ok "paused with bytes left" becomes "$idle" paused
acted "$idle" resume >/dev/null
is "$(acted "$idle" reannounce)" true "reannounce"
is "$(drive tag "$album" more - tag "$album" more - list | jq -s '[.[2].transfers[] | select(.name == "album").tags[] | select(. == "more")] | length')" 1 "a tag, twice, is there once"
holes_made
drive add "$room/holes.torrent" job-9 "$room" >/dev/null
holes=$(key_of job-9)
checked() { [ "$(of "$holes" '[.state, .complete] | join(" ")')" = "$1" ]; }
ok "what is there already is checked, and not complete before" wait_until 'checked "checking false"'
ok "then it is complete" wait_until 'checked "seeding true"'
is "$(acted "$holes" recheck)" true "recheck"
ok "while it is checked it is not complete" wait_until 'checked "checking false"'
ok "and then it is again" wait_until 'checked "seeding true"'
acted "$holes" remove >/dev/null
wait_until "! held $holes"
rm "$room/holes.bin"
raw app/setPreferences 'json={"queueing_enabled":true,"max_active_downloads":1,"max_active_torrents":1,"max_active_uploads":1,"dont_count_slow_torrents":false}' >/dev/null
ok "one of two waits its turn" wait_until 'drive list | jq -e "[.transfers[].state] | index(\"queued\")"'
raw app/setPreferences 'json={"queueing_enabled":false}' >/dev/null

# What it does not hold
stranger=ffffffffffffffffffffffffffffffffffffffff
for verb in "files $stranger" "act $stranger pause" "act $stranger remove-data" "tag $stranger t" 'act all remove-data' 'files all' "act $album|$idle pause"; do
	is "$(drive $verb | says)" 'client.gone final' "gone: $verb"
done
is "$(drive list | jq '.transfers | length')" 4 "and nothing was done to what is there"

# A session that is told changes
told=$room/told
drive list - wait "$room/1" - list - wait "$room/2" - list - wait "$room/3" - list - wait "$room/4" - list >"$told" &
session=$!
begun+=("$session")
lines() { wait_until "[ \"\$(wc -l <'$told')\" = $1 ]"; }
ok "a session begins with all" lines 1
drive add "$room/single.torrent" job-6 >/dev/null
single=$(key_of job-6)
ok "something is downloaded meanwhile" wait_until '[ "$(of '"$single"' .complete)" = true ]'
touch "$room/1"
lines 2
acted "$single" pause >/dev/null
drive tag "$single" late >/dev/null
becomes "$single" 'done'
touch "$room/2"
lines 3
acted "$single" remove-data >/dev/null
wait_until "! held $single"
touch "$room/3"
lines 4
finish "$main"
program main
main=$pid
raw_login
ok "it is restarted, and has its torrents again" wait_until '[ "$(drive list | jq ".transfers | length")" = 4 ]'
touch "$room/4"
ok "the session goes on" wait "$session"
seen() { sed -n "$1p" "$told" | jq -c --arg key "$single" '[(.transfers | length), (.transfers[] | select(.key == $key) | .state, .complete, .tags)]'; }
is "$(seen 1)" '[4]' "before: four"
like "$(seen 2)" '^\[5,"seeding",true,\["job-6"\]\]$' "one has come, and is complete"
is "$(seen 3)" '[5,"done",true,["job-6","late"]]' "it has changed"
is "$(seen 4)" '[4]' "it has gone"
is "$(sed -n 5p "$told" | jq -c '[.whole, (.transfers | length)]')" '[true,4]' "after a restart all is told anew"
not_ok "with its data" test -e "$room/main/downloads/single.bin"

# Data that is lost
raw_login
rm "$room/main/downloads/album/one.bin"
row_of() { of "$1" . >"$room/lost.json"; }
acted "$album" recheck >/dev/null
ok "a file that is gone is found out" wait_until "row_of $album && jq -e '.state != \"checking\" and .left > 0' '$room/lost.json'"
is "$(jq -r '[.complete, .completed_at] | join(" ")' "$room/lost.json")" 'false 0' "and it is complete no more, whatever it was once"
ok "it is downloaded again" wait_until '[ "$(of '"$album"' .complete)" = true ]'
finish "$main"
mv "$room/main/downloads/album" "$room/moved"
program main
main=$pid
raw_login
ok "files that are gone at a start" becomes "$album" 'missing files'
is "$(of "$album" '[.complete, .local, (.error | length > 0)] | join(" ")')" 'false true true' "are missed, which is not the torrent's fault"
mv "$room/moved" "$room/main/downloads/album"
acted "$album" recheck >/dev/null
acted "$album" resume >/dev/null
ok "and found again" wait_until '[ "$(of '"$album"' .complete)" = true ]'

# A disk that is full
mkdir "$room/small"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=1m tmpfs "$room/small" 2>/dev/null; then
	head -c 3000000 /dev/urandom >"$room/src/big.bin"
	torrent big "$room/src/big.bin" "http://127.0.0.1:$seed_port/big.bin"
	drive add "$room/big.torrent" job-7 "$room/small" >/dev/null
	big=$(key_of job-7)
	ok "a disk that is full is an error" becomes "$big" error
	is "$(of "$big" '[.complete, .local] | join(" ")')" 'false true' "of ours, not of the torrent"
	like "$(of "$big" .error)" 'big.bin.*No space left on device' "with the reason from its log"
	is "$(drive -t job-7 list | jq -r '.transfers[0].local')" true "in a narrowed listing too"
	acted "$big" remove >/dev/null
	wait_until "! held $big"
	umount "$room/small"
else
	skip "a disk that is full: only root can make one"
fi

# Away with it
drive add "$room/single.torrent" job-10 >/dev/null
single=$(key_of job-10)
wait_until '[ "$(of '"$single"' .complete)" = true ]'
is "$(acted "$single" remove)" true "remove"
ok "it is not listed any more" wait_until "! held $single"
ok "its data stays" cmp "$room/src/single.bin" "$room/main/downloads/single.bin"
is "$(acted "$album" remove-data)" true "remove with data"
ok "it is not listed either" wait_until "! held $album"
ok "and its data goes" wait_until '[ ! -e "$room/main/downloads/album" ]'
is "$(acted "$album" remove)" client.gone "twice: it is gone"
finish "$main"
is "$(drive list | says)" 'http.connect retry' "a client that is not running"

# Banned, in a program of its own
qbittorrent_profile ban "${needs_login[@]}" 'WebUI\MaxAuthenticationFailCount=3' 'WebUI\ServerDomains=towpath.example'
program ban
ban=$pid
raw_login
drive list - wait "$room/banned" - list >"$room/held" &
session=$!
begun+=("$session")
wait_until '[ -s "$room/held" ]'
guessed() { "$client_drive" qbittorrent "$url" -u admin -p "$1" list | says; }
is "$(for i in 1 2 3; do guessed wrong; done | paste -sd ' ')" 'client.auth final client.auth final client.auth final' "three calls with a wrong password are three logins"
is "$(guessed wrong)" 'client.banned retry' "then it bans"
is "$(guessed labpass123)" 'client.banned retry' "the right password too"
touch "$room/banned"
ok "a session that was open goes on" wait "$session"
is "$(jq -c .whole "$room/held" | paste -sd ' ')" 'true true' "and lists"
url=${url/127.0.0.1/localhost}
like "$(drive hello | jq -r '.error + ": " + .hint')" 'client.refused: .*server domains' "a name that it does not go by"
finish "$ban"

# Without a login
qbittorrent_profile open 'WebUI\LocalHostAuth=false'
program open
login=()
like "$(drive hello | jq -r .version)" '^v' "no user where none is asked for"
is "$(drive list | jq -c '[.whole, .transfers]')" '[true,[]]' "it lists"
drive add "$room/idle.torrent" job-8 >/dev/null
ok "and adds" key_of job-8
finish "$pid"

# What pretends to be it
fake=$room/fake/api/v2
mkdir -p "$fake/app" "$fake/torrents" "$fake/sync" "$fake/log"
seed_start "$room/fake"
url=http://127.0.0.1:$seed_port
said() { printf '%s' "$2" >"$fake/$1"; }
for answer in 'towpath' '-1.0' '<html>'; do
	said app/webapiVersion "$answer"
	like "$(drive hello | says)" '^client\.(garbled|old) final$' "no version: $answer"
done
said app/webapiVersion 3.1
is "$(drive hello | says)" 'client.old final' "a version of another kind"
said app/webapiVersion 2.11.2
said app/version v5.0.1
is "$(drive hello | jq -r .version)" v5.0.1 "a later one"
said app/webapiVersion 2.8.19 # before 4.6 a narrowed listing is asked for as such
for answer in '<html>' '' '{}' '"x"' '[' $'\xff'; do
	said torrents/info "$answer"
	said sync/maindata "${answer/\{\}/[]}"
	is "$(drive -t a list | says)" 'client.garbled retry' "no list: $answer"
	is "$(drive list | says)" 'client.garbled retry' "no object: $answer"
	is "$(drive files $magnet | says)" 'client.garbled retry' "a garbled answer is no absence: $answer"
done
said sync/maindata '{"rid":7,"torrents":{}}'
is "$(drive list | says)" 'client.garbled retry' "changes of what was never told"
good='"state":"stalledUP","amount_left":0,"total_size":5,"size":5,"progress":1,"name":"good","tags":"a"'
said torrents/info '[1, null, [], "x", {"hash":5}, {"name":"no hash"}, {"hash":"'$magnet'","name":7,"progress":1e300,"size":-5,"amount_left":"0",
	"state":["uploading"],"eta":-9223372036854775808,"tags":",, a,,b c ,","category":{},"completion_on":-1,"added_on":99999999999999999999,"ratio":1e308,
	"tracker":"https://me:pass@Tracker.Example.org:2710/passkey/announce"},
	{"hash":"'$stranger'",'"$good"'}]'
is "$(drive -t a list | jq -c '[.transfers[] | [.name, .state, .complete, .percent, .left]]')" '[["","unknown",false,100,-1],["good","seeding",true,100,0]]' "odd torrents spoil nothing"
is "$(drive -t a list | jq -c '[.transfers[].tracker_host]')" '["tracker.example.org",null]' "a tracker is its host, without its secrets"
is "$(drive -t b list | jq '.transfers | length')" 0 "a client that ignores a tag is not believed"
said torrents/info '[{"hash":"'$magnet'","save_path":"/d"}]'
said torrents/files '[0, {"name":4}, {"name":"a","size":-9223372036854775808,"progress":1e300,"priority":"no"}, {"name":"../b","size":9,"progress":-4,"priority":0}]'
is "$(drive files $magnet | jq -c '[.folder, (.files[] | .path, .size, .done, .wanted)]')" '["/d","a",-1,-1,true,"../b",9,0,false]' "nor odd files: told as they are"
states=(downloading downloading forcedDL downloading stalledDL stalled metaDL metadata forcedMetaDL metadata queuedDL queued pausedDL paused
	stoppedDL paused checkingDL checking checkingUP checking checkingResumeData checking moving moving uploading seeding forcedUP seeding
	stalledUP seeding queuedUP seeding pausedUP 'done' stoppedUP 'done' error error missingFiles 'missing files' allocating queued unknown unknown newWord unknown)
wanted='' list=''
for ((i = 0; i < ${#states[@]}; i += 2)); do
	list+=",\"$i\":{${good/stalledUP/${states[i]}}}"
	case ${states[i]} in uploading | *edUP) complete=true ;; *) complete=false ;; esac
	wanted+="${states[i]} ${states[i + 1]} $complete"$'\n'
done
said sync/maindata "{\"rid\":1,\"full_update\":true,\"torrents\":{${list:1}}}"
is "$(drive list | jq -r '.transfers[] | [.client_state, .state, .complete] | join(" ")' | sort)" "$(sort <<<"${wanted%?}")" "every word for a state; complete is what has all, checked, in place"
said sync/maindata '{"rid":1,"full_update":true,"torrents":{"a":{'"$good"'},"b":{'"$good"'},"c":{'"${good/total_size\":5/total_size\":-1}"'}}}'
rm -f "$told" "$room/5"
drive list - wait "$room/5" - list >"$told" &
session=$!
begun+=("$session")
lines 1
said sync/maindata '{"rid":2,"torrents":{"a":{"state":"pausedUP"},"d":{"state":"metaDL"}},"torrents_removed":["b", 5, null]}'
touch "$room/5"
wait "$session"
is "$(jq -c '[.transfers[] | [.key, .state, .complete, .left]] | sort' "$told" | paste -sd ' ')" \
	'[["a","seeding",true,0],["b","seeding",true,0],["c","seeding",false,-1]] [["a","done",true,0],["c","seeding",false,-1],["d","metadata",false,-1]]' "changes keep what they do not name"

# Since 4.6 what is narrowed is followed by its changes too
said app/webapiVersion 2.9.2
rm "$fake/torrents/info"
held='"a":{"category":"films","tags":"one, two"},"b":{"category":"films/old","tags":"two"},"c":{"category":"films2","tags":"tw"},"d":{"category":"film"},"e":{"name":"bare"}'
keys() { jq -r '[.transfers[].key] | sort | join(" ")'; }
said sync/maindata '{"rid":1,"full_update":true,"torrents":{'"$held"'}}'
is "$(drive -c films list | keys)" a "by category"
is "$(drive -t two list | keys)" 'a b' "by tag, which is a whole word"
is "$(drive -c films/old -t two list | keys)" b "by both"
is "$(drive -t three list | jq -c '[.whole, .transfers]')" '[true,[]]' "a tag that nothing has"
is "$(drive -c films -d film list | keys)" 'a d' "and that of what is done"
said sync/maindata '{"rid":1,"full_update":true,"server_state":{"use_subcategories":true},"torrents":{'"$held"'}}'
is "$(drive -c films list | keys)" 'a b' "a category holds those below it where the client says so"
rm -f "$told" "$room/6"
drive -c films list - wait "$room/6" - list >"$told" &
session=$!
begun+=("$session")
lines 1
said sync/maindata '{"rid":2,"torrents":{"a":{"category":"other"},"c":{"category":"films"}},"torrents_removed":["b"]}'
touch "$room/6"
wait "$session"
is "$(keys <"$told" | paste -sd '|')" 'a b|c' "what leaves the category is gone, what enters it is there"

# What it says of a torrent that it will not take
begin taken python3 -uc 'import http.server
class Fake(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def do_GET(self, said=b"[]"):
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET(b"Fails.")
server = http.server.HTTPServer(("127.0.0.1", 0), Fake)
print(server.server_port)
server.serve_forever()'
wait_until "[ -s '$room/taken.log' ]"
url=http://127.0.0.1:$(head -n 1 "$room/taken.log")
is "$(drive add 'magnet:?xt=urn:btih:0123456789012345678901234567890123456789' | jq -r '.error + ": " + .text')" \
	"client.refused: it did not take this, and does not hold it" "one that it does not hold either"
done_testing
