#!/usr/bin/env bash
# The driver of aria2 against the real program: files, magnets and addresses of torrents that are followed, plain downloads,
# every state that can be reached; and against one that pretends to be it, for what it does not say by itself.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
for tool in aria2c mktorrent jq python3 curl; do
	command -v "$tool" >/dev/null || skip_all "there is no $tool here: contrib/bootstrap.sh check"
done
. tests/lib/torrents.sh

driver=aria2

# One program: $url is where it listens, $pid what it is.
program() { # name options...
	local name=$1 port
	shift
	mkdir -p "$room/$name" "$room/downloads"
	port=$(free_port)
	url=http://127.0.0.1:$port
	begin "$name" nice aria2c --no-conf --enable-rpc --rpc-listen-all=false --rpc-listen-port="$port" --rpc-secret=labsecret --interface=127.0.0.1 \
		--listen-port="$(free_port)" --enable-dht=false --enable-dht6=false --bt-enable-lpd=false --enable-peer-exchange=false --disable-ipv6=true \
		--rpc-save-upload-metadata=false --max-tries=1 --seed-time=600 --dir="$room/downloads" "$@"
	wait_until "curl -s -o /dev/null '$url/jsonrpc'"
}

# The client's own words, for what no driver does: raw METHOD PARAMS
raw() {
	curl -s -d "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"aria2.$1\",\"params\":[\"token:labsecret\"${2:+,$2}]}" "$url/jsonrpc"
}
says() { jq -r '[.error, .code] | join(" ")'; }
acted() { drive act "$@" | jq -r '.ok // .error'; }
added() { drive "$@" | jq -r '.key // .error'; }
count() { drive list | jq '.transfers | length'; }
# The key of the one that is known by this id.
known_as() { drive list | jq -r --arg id "$1" '.transfers[] | select(.ids | index($id)) | .key'; }

program main --max-concurrent-downloads=20
main=$pid
login=(-p labsecret)

# Who it is, and who we are
like "$(drive hello | jq -r .version)" '^1\.' "hello says its version"
there=$url
url=$there/jsonrpc
like "$(drive hello | jq -r .version)" '^1\.' "the address of its RPC will do as well"
url=$there
login=(-p wrong)
is "$(drive hello | says)" 'client.auth final' "a wrong secret"
like "$(drive list | jq -r '.text + ": " + .hint')" 'wrong secret: .*rpc-secret' "with a hint"
login=()
is "$(drive list | jq -r '.error + ": " + .text')" 'client.auth: it asks for a secret' "none where one is asked for"
login=(-p labsecret)
url=http://127.0.0.1:$(free_port)
is "$(drive hello | says)" 'http.connect retry' "nobody there"
url=$there
is "$(drive list | jq -c '[.whole, .free, .transfers]')" '[true,-1,[]]' "nothing yet"

# A download, watched
mkdir -p "$room/src/album 😀/disc"
head -c 2000000 /dev/urandom >"$room/src/album 😀/one.bin"
head -c 700000 /dev/urandom >"$room/src/album 😀/disc/two é.bin"
head -c 400000 /dev/urandom >"$room/src/single.bin"
seed_start "$room/src" 400000
slow=http://127.0.0.1:$seed_port
torrent album "$room/src/album 😀" "$slow/"
seed_start "$room/src"
fast=http://127.0.0.1:$seed_port
torrent single "$room/src/single.bin" "$fast/single.bin"
album=$(added add "$room/album.torrent" job-1)
like "$album" '^[0-9a-f]{16}$' "a file is added, and its gid is told"
hash=$(of "$album" '.ids[0]')
like "$hash" '^[0-9a-f]{40}$' "it is known by its hash too"
ok "it is seen downloading" wait_until '[ "$(of '"$album"' "[.state, (.percent > 0 and .percent < 100), .complete, (.down > 0), (.eta > 0)] | join(\" \")")" = "downloading true false true true" ]'
is "$(of "$album" '[.size, .name, .folder, .category, (.tags | length)] | join(" ")')" "2700000 album 😀 $room/downloads  0" "size, name and folder; no tags"
ok "its files grow" wait_until '[ "$(drive files '"$album"' | jq "[.files[] | select(.done > 0 and .done <= .size)] | length")" != 0 ]'
is "$(drive files "$album" | jq -r '.folder, (.files[] | "\(.path) \(.size) \(.wanted)")' | sort)" "$(printf '%s\n' "$room/downloads" 'album 😀/disc/two é.bin 700000 true' 'album 😀/one.bin 2000000 true' | sort)" "files are told with sizes, below the folder"
ok "it is complete" wait_until 'of '"$album"' "[.complete, .left, .client_state] | join(\" \")" | grep -q "^true 0 "'
is "$(of "$album" '[.state, .client_state, .left, .percent, .eta, .error] | join(" ")')" 'seeding active 0 100 -1 ' "it seeds, which it calls active"
ok "what was downloaded is what was seeded" diff -r "$room/src/album 😀" "$room/downloads/album 😀"

# Once more
is "$(added add "$room/album.torrent" job-1)" "$album" "added again for the same job, it is the same"
is "$(drive add "$room/album.torrent" job-2 | says)" 'client.held final' "for another job it may be somebody else's"
is "$(added again "$room/album.torrent" job-2)" "$album" "if it is ours, it says which it holds"
is "$(added again "magnet:?xt=urn:btih:$hash" job-3)" "$album" "by a magnet too"
is "$(drive hash "$hash" | jq -r .key)" "$album" "it is found by its hash"
is "$(drive hash 0123456789abcdef0123456789abcdef01234567 | says)" 'client.gone final' "and what it does not hold is not"
is "$(count)" 1 "and there is one"

# A torrent behind an address, of which not all is wanted
head -c 1000000 /dev/urandom >"$room/src/extra.bin"
mkdir "$room/src/pair" && mv "$room/src/extra.bin" "$room/src/pair/" && cp "$room/src/single.bin" "$room/src/pair/"
torrent pair "$room/src/pair" "$fast/"
cp "$room/pair.torrent" "$room/src/"
first=$(added add "$fast/pair.torrent" job-4)
ok "an address is followed to its torrent" wait_until '[ -n "$(known_as '"$first"')" ] && [ "$(known_as '"$first"')" != "$first" ]'
pair=$(known_as "$first")
is "$(of "$first" .key)" '' "what was followed is not told of"
ok "the torrent is downloaded" wait_until '[ "$(of '"$pair"' .complete)" = true ]'
is "$(drive files "$first" | jq -r '.files[].path' | sort | paste -sd ' ')" 'pair/extra.bin pair/single.bin' "the first key leads to it as well"
not_ok "and its file is not left behind" test -e "$room/downloads/pair.torrent"
is "$(added add "$fast/pair.torrent" job-4)" "$first" "added again it is the same"
is "$(acted "$first" pause)" true "pause, by the first key"
ok "what is complete and paused is done" becomes "$pair" 'done'
is "$(of "$pair" '[.complete, .client_state] | join(" ")')" 'true paused' "and complete"
is "$(acted "$pair" pause)" true "twice is as good"
is "$(acted "$pair" resume)" true "resume"
ok "it seeds again" becomes "$pair" seeding
is "$(acted "$pair" resume)" true "twice is as good"
cp "$room/pair.torrent" "$room/part.torrent"
is "$(acted "$pair" remove)" true "remove"
ok "it is not listed any more" wait_until "! held $pair"
is "$(drive files "$first" | says)" 'client.gone final' "nor remembered by what it followed"
ok "its data stays" test -e "$room/downloads/pair/extra.bin"
rm -r "$room/downloads/pair"
part=$(raw addTorrent "\"$(base64 -w0 "$room/pair.torrent")\",[],{\"select-file\":\"2\"}" | jq -r .result)
is "$(drive files "$part" | jq -c '[.files[].wanted]')" '[false,true]' "a file that is not wanted"
ok "it is complete without" wait_until '[ "$(of '"$part"' .complete)" = true ]'
ok "its size is what is wanted of it" [ "$(of "$part" .size)" -lt 1400000 ]
acted "$part" remove >/dev/null

# A magnet, from one that has it
rm -rf "$room/downloads/single.bin"
holder=$(added add "$room/single.torrent" job-5)
wait_until '[ "$(of '"$holder"' .complete)" = true ]'
single_hash=$(of "$holder" '.ids[0]')
peer=$(tr '\0' '\n' <"/proc/$main/cmdline" | sed -n 's/^--listen-port=//p')
main_url=$url
program other --dir="$room/other"
other=$pid
lost=0123456789abcdef0123456789abcdef01234567
nobody=$(added add "magnet:?xt=urn:btih:$lost&dn=nobody%20has" job-6)
ok "a magnet that nobody has looks for what it is" becomes "$nobody" metadata
is "$(of "$nobody" '[.complete, .size, .left, .percent, .name, .ids[0]] | join(" ")')" "false -1 -1 0 nobody has $lost" "and is not complete: nothing is known of it"
is "$(drive files "$nobody" | jq -c .files)" '[]' "it has no files yet"
is "$(added again "magnet:?xt=urn:btih:$lost" job-7)" "$nobody" "another magnet of the same is the same"
is "$(acted "$nobody" pause)" true "it can be paused"
ok "and is" becomes "$nobody" paused
acted "$nobody" remove >/dev/null
ok "and removed" wait_until "! held $nobody"
# a tracker that knows one peer
python3 - "$room/src/tracker" "$peer" <<'END'
import sys
port = int(sys.argv[2])
with open(sys.argv[1], "wb") as out:
    out.write(b"d8:intervali1800e5:peers6:\x7f\x00\x00\x01" + port.to_bytes(2, "big") + b"e")
END
magnet=$(added add "magnet:?xt=urn:btih:$single_hash&tr=$fast/tracker" job-8)
ok "a magnet is followed to its torrent" wait_until '[ -n "$(known_as '"$magnet"')" ] && [ "$(known_as '"$magnet"')" != "$magnet" ]'
followed=$(known_as "$magnet")
is "$(of "$followed" '.ids | join(" ")')" "$single_hash $magnet" "which is known by its hash and the first key"
ok "and downloaded" wait_until '[ "$(of '"$followed"' .complete)" = true ]'
is "$(count)" 1 "one transfer in all"
ok "it is what was meant" cmp "$room/src/single.bin" "$room/other/single.bin"
finish "$other"
url=$main_url

# Plain downloads
plain=$("$client_drive" aria2 "$url" -p labsecret add "$slow/single.bin" job-9 "$room/plain" | jq -r .key)
ok "a file behind an address is downloaded" wait_until '[ "$(of '"$plain"' .complete)" = true ]'
is "$(of "$plain" '[.state, .size, .name, .content, (.ids | length)] | join(" ")')" "done 400000 single.bin $room/plain/single.bin 0" "and that is all"
is "$(drive files "$plain" | jq -c '[.folder, .files[0].path, .files[0].done]')" "[\"$room/plain\",\"single.bin\",400000]" "with one file"
failed=$(added add "$fast/none.bin?key=secret" job-10)
ok "a file that is not there" becomes "$failed" error
is "$(of "$failed" '[.complete, .local, .name, (.error | length > 0)] | join(" ")')" 'false false none.bin true' "is no fault of ours; its name tells no secrets"
unlike "$(of "$failed" .error)" secret "nor does what is said of it"
cp "$room/src/single.bin" "$room/src/none.bin"
is "$(added add "$fast/none.bin?key=secret" job-10)" "$failed" "what failed may be added again"
ok "and be downloaded then" wait_until '[ "$(of '"$failed"' .complete)" = true ]'
local=$(added add "$fast/single.bin" job-11 "$room/single.torrent/below")
ok "a folder below a file is an error" becomes "$local" error
is "$(of "$local" '[.complete, .local, (.error | length > 0)] | join(" ")')" 'false true true' "of ours, with a reason"
mkdir "$room/small"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=1m tmpfs "$room/small" 2>/dev/null; then
	head -c 3000000 /dev/urandom >"$room/src/big.bin"
	torrent big "$room/src/big.bin" "$fast/big.bin"
	big=$(added add "$room/big.torrent" job-12 "$room/small")
	ok "a disk that is full is an error" becomes "$big" error
	is "$(of "$big" '[.complete, .local] | join(" ")')" 'false true' "of ours, not of the torrent"
	acted "$big" remove >/dev/null
	ok "it lets go of it" wait_until 'umount "$room/small"'
else
	skip "a disk that is full: only root can make one"
fi
echo 'no torrent' >"$room/src/junk.torrent"
junk=$(added add "$fast/junk.torrent" job-13)
ok "a .torrent that is none is an error" becomes "$junk" error
like "$(of "$junk" '[.complete, .error] | join(" ")')" 'false what it fetched is no torrent' "and not a download that is complete"

# What it would not take
is "$(drive add "file://$room/single.torrent" | says)" 'client.refused final' "a link to the client's own disk"
is "$(drive add 'magnet:?xt=urn:btih:zz' | says)" 'client.refused final' "a bad magnet"
head -c 1000 /dev/urandom >"$room/bad.torrent"
is "$(drive add "$room/bad.torrent" | says)" 'client.refused final' "what is no torrent"
is "$(drive tag "$album" job-1 | says)" 'client.refused final' "a tag"
is "$(drive act "$album" remove-data | says)" 'client.cannot final' "to delete data"
is "$(drive act "$album" recheck | says)" 'client.refused final' "to check again"
is "$(acted "$plain" pause)" client.refused "to pause what has ended"
ok "and nothing has come of it" held "$album"

# Waiting, stalled, paused
mkdir "$room/src/idle"
head -c 200000 /dev/urandom >"$room/src/idle/a.bin"
torrent idle "$room/src/idle"
idle=$(added add "$room/idle.torrent" job-14 "$room/elsewhere")
ok "nobody has it: stalled" becomes "$idle" stalled
is "$(of "$idle" '[.complete, .left, .eta, .folder] | join(" ")')" "false 200000 -1 $room/elsewhere" "with everything left, for who knows how long"
acted "$idle" pause >/dev/null
ok "paused with bytes left" becomes "$idle" paused
raw changeGlobalOption '{"max-concurrent-downloads":"1"}' >/dev/null
acted "$idle" resume >/dev/null
ok "it waits its turn behind another" becomes "$idle" queued
raw changeGlobalOption '{"max-concurrent-downloads":"20"}' >/dev/null
ok "and gets it" becomes "$idle" stalled
is "$(acted "$idle" remove)" true "what is at work is removed"
ok "and gone" wait_until "! held $idle"
is "$(acted "$idle" remove)" client.gone "twice: it is gone"
begin tracker python3 -u tests/lib/tracker.py 8
wait_until "[ -s '$room/tracker.log' ]"
mkdir "$room/src/parting"
head -c 200000 /dev/urandom >"$room/src/parting/a.bin"
announce=http://127.0.0.1:$(head -n 1 "$room/tracker.log")/announce torrent parting "$room/src/parting"
parting=$(added add "$room/parting.torrent" job-16 "$room/elsewhere")
ok "one that its tracker knows of" wait_until "grep -q started '$room/tracker.log'"
is "$(acted "$parting" remove)" true "is removed, though that tracker is slow to let it go"
not_ok "and not listed any more" held "$parting"

holes_made
checked() { [ "$(of "$holes" '[.state, .complete] | join(" ")')" = "$1" ]; }
raw changeGlobalOption '{"check-integrity":"true"}' >/dev/null
holes=$(added add "$room/holes.torrent" job-15 "$room")
ok "what is there already is checked, and not complete before" wait_until 'checked "checking false"'
ok "then it is complete" wait_until 'checked "seeding true"'
acted "$holes" remove >/dev/null
wait_until "! held $holes"
rm "$room/holes.bin"

# What it does not hold
stranger=ffffffffffffffff
for verb in "files $stranger" "act $stranger pause" "act $stranger remove" "files ${album:0:6}" "act ${album:0:6} remove" 'act all remove'; do
	is "$(drive $verb | says)" 'client.gone final' "gone: $verb"
done
ok "and nothing was done to what is there" held "$album"

# A restart, in the middle of a session
told=$room/told
drive list - wait "$room/1" - list >"$told" &
session=$!
begun+=("$session")
ok "a session begins" wait_until '[ -s "$told" ]'
port=${url##*:}
finish "$main"
begin main2 nice aria2c --no-conf --enable-rpc --rpc-listen-all=false --rpc-listen-port="$port" --rpc-secret=labsecret --interface=127.0.0.1 \
	--listen-port="$(free_port)" --enable-dht=false --enable-dht6=false --bt-enable-lpd=false --enable-peer-exchange=false --disable-ipv6=true --dir="$room/downloads"
wait_until "curl -s -o /dev/null '$url/jsonrpc'"
touch "$room/1"
ok "it is restarted, and the session goes on" wait "$session"
is "$(jq -c '[.whole, (.transfers | length > 3)]' "$told" | paste -sd ' ')" '[true,true] [true,false]' "it has forgotten what it had"
is "$(drive files "$album" | says)" 'client.gone final' "what it has forgotten is gone"
finish "$pid"
is "$(drive list | says)" 'http.connect retry' "a client that is not running"

# What pretends to be it
mkdir "$room/fake"
begin fake python3 -u tests/lib/web_fake.py "$room/fake"
wait_until '[ -s "$room/fake.log" ]'
url=http://127.0.0.1:$(head -n 1 "$room/fake.log")
answer() { # status body
	rm -f "$room/fake/asked"
	printf '%s\n%s' "$1" "$2" >"$room/fake/answer"
}
asked() { wc -l <"$room/fake/asked"; }
unauthorized='{"code":1,"message":"Unauthorized"}'
answer 200 "{\"result\":[$unauthorized,$unauthorized,$unauthorized,$unauthorized]}"
is "$(drive list | says) $(asked)" 'client.auth final 1' "a wrong secret is one request"
is "$(drive add "$room/single.torrent" | says) $(asked)" 'client.auth final 2' "when adding too"
answer 400 "{\"error\":$unauthorized}"
is "$(drive list | says)" 'client.auth final' "an error for all calls"
answer 401 ''
is "$(drive list | says)" 'client.auth final' "a user and a password"
answer 502 '<html>'
is "$(drive list | says)" 'http.502 retry' "somebody in between"
for body in '<html>' '' '{}' '"x"' '[' $'\xff' '{"result":7}' '{"result":[]}' '{"result":[[],[],[]]}' '{"result":[[{}],[[]],[[]]]}' '{"result":[[[]],null,[[]]]}'; do
	answer 200 "$body"
	is "$(drive list | says)" 'client.garbled retry' "no list: $body"
done
for body in '<html>' '{"result":[]}' '{"result":[7]}'; do
	answer 200 "$body"
	is "$(drive files $stranger | says)" 'client.garbled retry' "a garbled answer is no absence: $body"
	is "$(drive add "$room/idle.torrent" | says)" 'client.garbled retry' "nor is anything added: $body"
done
answer 200 '{"result":[[[1, null, [], "x", {"gid":5}, {"gid":"'$lost'"},
	{"gid":"'$stranger'","status":["active"],"totalLength":"-5","completedLength":"99999999999999999999","downloadSpeed":7,"uploadSpeed":"7x","seeder":true,
	"files":{},"bittorrent":"x","dir":[],"followedBy":"y","connections":"","numSeeders":"9223372036854775807"}]],
	[[{"gid":"0000000000000001","status":"active","seeder":"true","totalLength":"5","completedLength":"5","dir":"/d","files":[{"path":"/d/good","selected":"true","length":"5"}]}]],
	[[{"gid":"0000000000000002","status":"complete","followedBy":["0000000000000001"]},
	{"gid":"0000000000000003","status":"error","errorCode":"12","infoHash":"'$lost'"},
	{"gid":"0000000000000004","status":"error","errorCode":"32","errorMessage":""},
	{"gid":"0000000000000005","status":"error","errorCode":"9999999"}]]]}'
is "$(drive list | jq -c '.transfers[] | [.name, .state, .complete, .size, .left, .down, .ids, .error, .local]')" \
	'["","unknown",false,-1,-1,-1,[],null,false]
["good","seeding",true,5,0,-1,[],null,false]
["","error",false,-1,-1,-1,[],"this torrent is being downloaded already",true]
["","error",false,-1,-1,-1,[],"its checksum is wrong",false]
["","error",false,-1,-1,-1,[],"error 9999999",false]' "odd downloads spoil nothing"
answer 200 '{"result":[[{"gid":"'$stranger'","dir":"/d/","files":[0,{"path":5},{"path":"/d/../up","length":"-9"},{"path":"/e/f","length":"9","completedLength":"4","selected":"false"},{"path":"/dd"}]}]]}'
is "$(drive files $stranger | jq -c '[.folder, (.files[] | .path, .size, .done, .wanted)]')" '["/d/","",-1,-1,true,"",-1,-1,true,"../up",-1,-1,true,"/e/f",9,4,false,"/dd",-1,-1,true]' "nor odd files: told as they are"
answer 200 '{"result":[[{"gid":"'$stranger'","followedBy":["'$stranger'"]}]]}'
is "$(drive files $stranger | says)" 'client.gone final' "a circle has an end"
answer 200 '{"result":[["x"],[{"gid":"x"}],[[]],[[]]]}'
drive add "$fast/x.torrent" job-1 >/dev/null
like "$(jq -r '.[2]' "$room/fake/asked" | jq -r '.params[0][0].params[2].gid')" '^[0-9a-f]{16}$' "the gid is ours to choose"

# Every state, and what makes complete of it: status seeder total completed -> state complete
cases='active false 5 1 stalled false
active false 5 5 downloading false
active true 5 5 seeding true
active true 5 4 stalled false
active true 0 0 stalled false
waiting false 5 0 queued false
waiting true 5 5 seeding true
paused false 5 5 paused false
paused true 5 5 done true
complete - 5 5 done true
complete - 5 4 done false
removed - 5 5 deleted false
error - 5 5 error false
strange true 5 5 unknown false'
while read -r status seeder total got state complete; do
	list+=",{\"gid\":\"$(printf %016x $((++n)))\",\"status\":\"$status\",\"seeder\":\"$seeder\",\"totalLength\":\"$total\",\"completedLength\":\"$got\"}"
	wanted+="$status $state $complete"$'\n'
done <<<"$cases"
answer 200 "{\"result\":[[[${list:1}]],[[]],[[]]]}"
states=$(drive list | jq -r '.transfers[] | [.state, .complete] | join(" ")')
is "$(paste -d ' ' <(cut -d ' ' -f 1 <<<"$cases") <(echo "$states"))" "${wanted%?}" "every status; complete is what has all of it"
done_testing
