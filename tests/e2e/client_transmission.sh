#!/usr/bin/env bash
# The driver of Transmission against the real program: sessions, labels, every state that can be reached, adding, changing,
# removing; and against one that pretends to be it, for what it does not say by itself.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
for tool in transmission-daemon mktorrent jq python3 curl; do
	command -v "$tool" >/dev/null || skip_all "there is no $tool here: contrib/bootstrap.sh check"
done
. tests/lib/torrents.sh

driver=transmission

# A program of its own folder: $url is where it listens.
profile() { # name more-settings
	local port
	port=$(free_port)
	mkdir -p "$room/$1" "$room/downloads"
	cat >"$room/$1/settings.json" <<-END
		{"rpc-enabled": true, "rpc-bind-address": "127.0.0.1", "rpc-port": $port, "rpc-whitelist": "127.0.0.1",
		"rpc-authentication-required": true, "rpc-username": "admin", "rpc-password": "labpass123",
		"bind-address-ipv4": "127.0.0.1", "bind-address-ipv6": "::1", "peer-port": $(free_port), "port-forwarding-enabled": false,
		"dht-enabled": false, "lpd-enabled": false, "pex-enabled": false, "utp-enabled": false, "download-dir": "$room/downloads",
		"incomplete-dir-enabled": false, "rename-partial-files": true, "download-queue-enabled": false $2}
	END
	url=http://127.0.0.1:$port
}
program() { # name
	begin "$1" nice transmission-daemon -f -g "$room/$1"
	wait_until "curl -s -o /dev/null '$url'"
}

# The client's own words, for what no driver does: raw METHOD ARGUMENTS
raw() {
	local there=$url/transmission/rpc session
	session=$(curl -s -u admin:labpass123 -o /dev/null -D - "$there" | tr -d '\r' | awk 'tolower($1) == "x-transmission-session-id:" { print $2 }')
	curl -s -u admin:labpass123 -H "X-Transmission-Session-Id: $session" -d "{\"method\":\"$1\",\"arguments\":$2}" "$there"
}
says() { jq -r '[.error, .code] | join(" ")'; }
acted() { drive act "$@" | jq -r '.ok // .error'; }
added() { drive "$@" | jq -r '.key // .error'; }
names() { jq -r '[.transfers[].name] | sort | join(" ")'; }

profile main ''
program main
main=$pid
login=(-u admin -p labpass123)

# Who it is, and who we are
like "$(drive hello | jq -r .version)" '^[34]\.' "hello says its version"
there=$url
url=$there/transmission/rpc
like "$(drive hello | jq -r .version)" '^[34]\.' "the address of its RPC will do as well"
url=$there
login=(-u admin -p wrong)
is "$(drive hello | says)" 'client.auth final' "a wrong password"
like "$(drive list | jq -r .hint)" 'counts wrong ones' "with a hint"
login=()
is "$(drive list | jq -r '.error + ": " + .text')" 'client.auth: it asks for a login' "no login where one is asked for"
login=(-u admin -p labpass123)
url=http://127.0.0.1:$(free_port)
is "$(drive hello | says)" 'http.connect retry' "nobody there"
url=$there
is "$(drive list | jq -c '[.whole, .free > 0, .transfers]')" '[true,true,[]]' "nothing yet, and the room that there is"

# A download, watched. The pictures in its names are written by 3.00 so that others read them wrong.
mkdir -p "$room/src/album 😀/disc"
head -c 2000000 /dev/urandom >"$room/src/album 😀/one.bin"
head -c 700000 /dev/urandom >"$room/src/album 😀/disc/two é 𝐁9🚀.bin"
head -c 400000 /dev/urandom >"$room/src/single.bin"
seed_start "$room/src" 400000
torrent album "$room/src/album 😀" "http://127.0.0.1:$seed_port/"
seed_start "$room/src"
torrent single "$room/src/single.bin" "http://127.0.0.1:$seed_port/single.bin"
cp "$room/single.torrent" "$room/src/"
single_link=http://127.0.0.1:$seed_port/single.torrent
album=$(added -c films -t ours add "$room/album.torrent" job-1)
like "$album" '^[0-9a-f]{40}$' "a file is added, and its key is told"
is "$(drive -c films list | jq -r '.transfers[0] | [.category, (.tags | sort | join(","))] | join(" ")')" 'films films,job-1,ours' "category and tags are labels"
is "$(of "$album" '.ids | join(" ")')" "$album" "it is known by its hash"
is "$(of "$album" .tracker_host)" 127.0.0.1 "its tracker is a host, and no more"
ok "it is seen downloading" wait_until '[ "$(of '"$album"' "[.state, (.percent > 0 and .percent < 100), .complete, (.down > 0), (.eta > 0)] | join(\" \")")" = "downloading true false true true" ]'
is "$(of "$album" '[.size, .completed_at, .name, .folder] | join(" ")')" "2700000 0 album 😀 $room/downloads" "size, name and folder"
ok "its files grow" wait_until '[ "$(drive files '"$album"' | jq "[.files[] | select(.done > 0 and .done <= .size)] | length")" != 0 ]'
is "$(drive files "$album" | jq -r '.folder, (.files[] | "\(.path) \(.size) \(.wanted)")' | sort)" "$(printf '%s\n' "$room/downloads" 'album 😀/disc/two é 𝐁9🚀.bin 700000 true' 'album 😀/one.bin 2000000 true' | sort)" "files are told with sizes, below the folder"
ok "it is complete" wait_until 'of '"$album"' "[.complete, .left, .client_state] | join(\" \")" | grep -q "^true 0 "'
like "$(of "$album" '[.state, .left, .percent, .eta, (.completed_at >= .added_at), .error] | join(" ")')" '^seeding 0 100 -1 true $' "it says so"
ok "what was downloaded is what was seeded, under the names that were told" diff -r "$room/src/album 😀" "$room/downloads/album 😀"
is "$(of "$album" .content)" null "where its content is it does not say"

# Labels
is "$(drive list | names)" 'album 😀' "all"
is "$(drive -c films -t ours list | names)" 'album 😀' "both labels"
is "$(drive -c films -t other list | jq -c '[.whole, .transfers]')" '[true,[]]' "one of them is not enough"
is "$(drive -c films add "$room/album.torrent" job-2 | says)" 'client.held final' "what it holds may be somebody else's"
is "$(of "$album" '.tags | index("job-2")')" null "and is not marked"
is "$(added -c films again "$room/album.torrent" job-2)" "$album" "if it is ours, adding it again says which it is"
is "$(drive -c none hash "$album" | jq -r '[.key, (.tags | index("job-2") != null)] | join(" ")')" "$album true" "it is found by its hash, in whatever category"
is "$(drive hash 0123456789abcdef0123456789abcdef01234567 | says)" 'client.gone final' "and what it does not hold is not"
is "$(of "$album" '.tags | sort | join(",")')" 'films,job-1,job-2,ours' "and leaves it the labels that it had"
recategorised "$album" films films-done
is "$(drive -c films-done list | jq -r '.transfers[0].tags | sort | join(",")')" 'films-done,job-1,job-2,ours' "the other labels stay"
is "$(drive category "$album" a,b | says)" 'client.refused final' "a category that it cannot keep"
recategorised "$album" films-done films
drive tag "$album" late - tag "$album" late >/dev/null
is "$(of "$album" '.tags | sort | join(",")')" 'films,job-1,job-2,late,ours' "a label, twice, is there once"
drive tag "$album" '😀' >/dev/null
is "$(drive tag "$album" 'x"\u1f600' | jq .ok)" true "odd labels are labels"
is "$(of "$album" '.tags | map(select(test("late|job|films|ours") | not)) | join(" ")')" '😀 x"\u1f600' "and stay as they are"
is "$(drive tag "$album" a,b | says)" 'client.refused final' "a label with a comma would spoil the others"
is "$(drive tag "$album" ' ' | says)" 'client.refused final' "an empty one too"
is "$(drive add "$room/single.torrent" a,b | says)" 'client.refused final' "none is added with one"
is "$(drive list | jq '.transfers | length')" 1 "and there is none"

# Links, and what it would not take
single=$(added add "$single_link" job-3)
ok "a link is added, and downloaded" wait_until '[ "$(of '"$single"' .complete)" = true ]'
is "$(drive add "${single_link%single.torrent}none.torrent" | says)" 'client.refused final' "a link to nothing"
is "$(drive add "http://127.0.0.1:$(free_port)/x.torrent" | says)" 'client.refused retry' "nobody behind a link may pass"
is "$(drive add 'magnet:?xt=urn:btih:zz' | says)" 'client.refused final' "a bad magnet"
is "$(drive add "file://$room/single.torrent" | says)" 'client.refused final' "a link to the client's own disk"
head -c 1000 /dev/urandom >"$room/bad.torrent"
is "$(drive add "$room/bad.torrent" | says)" 'client.refused final' "what is no torrent"

# A magnet that nobody has
magnet=0123456789abcdef0123456789abcdef01234567
is "$(added add "magnet:?xt=urn:btih:$magnet&dn=unknown" job-4)" $magnet "a magnet is added"
ok "it looks for what it is" becomes $magnet metadata
is "$(of $magnet '[.complete, .size, .left, .percent] | join(" ")')" 'false -1 -1 0' "and is not complete: nothing is known of it"
is "$(drive files $magnet | jq -c .files)" '[]' "it has no files yet"

# Changes
is "$(acted "$album" pause)" true "pause"
ok "what is complete and paused is done" becomes "$album" 'done'
is "$(of "$album" '[.complete, .client_state] | join(" ")')" 'true stopped' "and complete"
is "$(acted "$album" resume)" true "resume"
ok "it seeds again" becomes "$album" seeding
mkdir "$room/src/idle"
head -c 200000 /dev/urandom >"$room/src/idle/a.bin"
head -c 100000 /dev/urandom >"$room/src/idle/b.bin"
printf 'd14:failure reason11:not welcomee' >"$room/src/announce"
mktorrent -l 16 -a "http://127.0.0.1:$seed_port/announce" -o "$room/idle.torrent" "$room/src/idle" >/dev/null
idle=$(added add "$room/idle.torrent" job-5 "$room/elsewhere")
is "$(of "$idle" '.folder')" "$room/elsewhere" "a folder of its own"
ok "nobody has it: stalled" becomes "$idle" stalled
is "$(of "$idle" '[.complete, .left, .eta] | join(" ")')" 'false 300000 -1' "with everything left, for who knows how long"
is "$(acted "$idle" reannounce)" true "reannounce"
ok "what the tracker says is told, and is no error" wait_until '[[ "$(of '"$idle"' "[.tracker, .error, .local] | join(\"|\")")" =~ not\ welcome\|\|false$ ]]'
raw torrent-set "{\"ids\":[\"$idle\"],\"files-unwanted\":[0]}" >/dev/null
is "$(drive files "$idle" | jq -c '[.files[].wanted] | sort')" '[false,true]' "a file that is not wanted"
acted "$idle" pause >/dev/null
ok "paused with bytes left" becomes "$idle" paused
raw session-set '{"download-queue-enabled":true,"download-queue-size":1}' >/dev/null
is "$(acted "$idle" resume)" true "resumed behind another"
ok "it waits its turn" becomes "$idle" queued
raw session-set '{"download-queue-size":9}' >/dev/null
ok "and gets it" becomes "$idle" stalled

holes_made
checked() { [ "$(of "$holes" '[.state, .complete] | join(" ")')" = "$1" ]; }
holes=$(added add "$room/holes.torrent" job-6 "$room")
ok "what is there already is checked, and not complete before" wait_until 'checked "checking false"'
ok "then it is complete" wait_until 'checked "seeding true"'
is "$(acted "$holes" recheck)" true "recheck"
ok "while it is checked it is not complete" wait_until 'checked "checking false"'
ok "and then it is again" wait_until 'checked "seeding true"'
is "$(acted "$holes" remove)" true "remove"
is "$(of "$holes" .key)" '' "it is not listed any more"
ok "its data stays" test -e "$room/holes.bin"
rm "$room/holes.bin"

# What it does not hold
stranger=ffffffffffffffffffffffffffffffffffffffff
for verb in "files $stranger" "act $stranger pause" "act $stranger remove-data" "tag $stranger t" "category $stranger t" 'act recently-active remove-data' 'files all' 'act 1 pause'; do
	is "$(drive $verb | says)" 'client.gone final' "gone: $verb"
done
is "$(drive list | jq '.transfers | length')" 4 "and nothing was done to what is there"

# A session that is lost
told=$room/told
drive list - wait "$room/1" - list >"$told" &
session=$!
begun+=("$session")
ok "a session begins" wait_until '[ -s "$told" ]'
finish "$main"
program main
main=$pid
# It lets us in before it has read them all
ok "it is restarted, and has its torrents again" wait_until '[ "$(drive list | jq ".transfers | length")" = 4 ]'
touch "$room/1"
ok "the session goes on" wait "$session"
is "$(jq '.transfers | length' "$told" | paste -sd ' ')" '4 4' "with all that there was"

# Data that is lost
ok "it seeds after the restart" becomes "$album" seeding
acted "$album" pause >/dev/null
becomes "$album" 'done'
mv "$room/downloads/album 😀" "$room/moved"
acted "$album" resume >/dev/null
ok "files that are gone" becomes "$album" 'missing files'
is "$(of "$album" '[.complete, .local, (.error | length > 0), .completed_at] | join(" ")')" 'false true true 0' "are missed, which is not the torrent's fault"
mv "$room/moved" "$room/downloads/album 😀"
acted "$album" recheck >/dev/null
wait_until '[ "$(of '"$album"' .state)" != checking ]'
acted "$album" resume >/dev/null
ok "and found again" wait_until '[ "$(of '"$album"' .complete)" = true ]'

# A disk that does not take it
head -c 3000000 /dev/urandom >"$room/src/big.bin"
torrent big "$room/src/big.bin" "http://127.0.0.1:$seed_port/big.bin"
big=$(added add "$room/big.torrent" job-7 "$room/big.torrent/below")
ok "a folder below a file is an error" becomes "$big" error
is "$(of "$big" '[.complete, .local, (.error | length > 0)] | join(" ")')" 'false true true' "of ours, not of the torrent, with a reason"
acted "$big" remove >/dev/null
mkdir "$room/small"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=1m tmpfs "$room/small" 2>/dev/null; then
	big=$(added add "$room/big.torrent" job-7 "$room/small")
	ok "a disk that is full is an error" becomes "$big" error
	is "$(of "$big" '[.complete, .local] | join(" ")')" 'false true' "of ours, whatever it says of bytes that are left"
	like "$(of "$big" .error)" 'No space left on device' "with the reason"
	acted "$big" remove-data >/dev/null
	ok "it lets go of it" wait_until 'umount "$room/small"'
else
	skip "a disk that is full: only root can make one"
fi

# Away with it
is "$(acted "$album" remove-data)" true "remove with data"
is "$(of "$album" .key)" '' "it is not listed any more"
ok "and its data goes" wait_until '[ ! -e "$room/downloads/album 😀" ]'
ok "others' stays" test -e "$room/downloads/single.bin"
is "$(acted "$album" remove)" client.gone "twice: it is gone"
finish "$main"
is "$(drive list | says)" 'http.connect retry' "a client that is not running"

# Names that would lead out
python3 - "$room/evil.torrent" <<'END'
import hashlib, sys
with open(sys.argv[1], "wb") as out:
    out.write(b"d4:infod5:filesld6:lengthi5e4:pathl2:..5:x.txteed6:lengthi5e4:pathl7:caf\xe9.txteee4:name10:../../evil12:piece lengthi16384e6:pieces20:%see" % hashlib.sha1(b"0123456789").digest())
END
profile strange ', "anti-brute-force-enabled": true, "anti-brute-force-threshold": 100'
program strange
evil=$(added add "$room/evil.torrent")
is "$(drive files "$evil" | jq '[.files[] | select(.path | startswith("/") or test("(^|/)\\.\\.(/|$)"))] | length')" 0 "paths are of its files, not of its name"
is "$(of "$evil" '[.name, .content] | join(" ")')" '../../evil ' "which is told for what it is"

# Too many wrong passwords
guessed() { "$client_drive" transmission "$url" -u admin -p "$1" list | says; }
is "$(guessed wrong)" 'client.auth final' "one wrong password"
curl -s -o /dev/null -u admin:wrong "$url/transmission/rpc?[1-100]"
is "$(guessed wrong)" 'client.banned retry' "after some wrong passwords it shuts the door"
is "$(guessed labpass123)" 'client.banned retry' "to the right one too"
finish "$pid"

# What pretends to be it
mkdir "$room/fake"
begin fake python3 -u tests/lib/web_fake.py "$room/fake"
wait_until '[ -s "$room/fake.log" ]'
url=http://127.0.0.1:$(head -n 1 "$room/fake.log")
answer() { # status-and-header body
	rm -f "$room/fake/asked"
	printf '%s\n%s' "$1" "$2" >"$room/fake/answer"
}
asked() { wc -l <"$room/fake/asked"; }
answer 401 'no'
is "$(drive list | says) $(asked)" 'client.auth final 1' "a wrong password is sent once"
answer '409 X-Transmission-Session-Id: abc' ''
is "$(drive list | says) $(asked)" 'client.garbled retry 2' "a session that is never taken is tried once"
is "$(tail -n 1 "$room/fake/asked" | jq -r '.[1]["X-Transmission-Session-Id"]')" abc "with what was given"
answer 409 ''
is "$(drive list | says) $(asked)" 'client.garbled final 1' "no session at all"
answer "409 X-Transmission-Session-Id: $(printf 'x%.0s' {1..500})" ''
is "$(drive list | says) $(asked)" 'client.garbled final 1' "nor one without end"
answer 403 'Unauthorized IP Address.'
like "$(drive hello | jq -r '.error + ": " + .hint')" 'client.refused: .*rpc-whitelist' "an address that it does not talk to"
answer 421 ''
like "$(drive hello | jq -r '.error + ": " + .hint')" 'client.refused: .*host-whitelist' "a name that it does not go by"
answer 200 '{"result":"success","arguments":{"version":"2.94","rpc-version":15}}'
is "$(drive hello | says)" 'client.old final' "a version without labels"
answer 200 '{"result":"success","arguments":{"version":"4.1.0","rpc-version":19}}'
is "$(drive hello | jq -r .version)" 4.1.0 "a later one"
for body in '<html>' '' '{}' '"x"' '[' $'\xff' '{"result":7}' '{"result":"success"}' '{"result":"success","arguments":{"torrents":{}}}'; do
	answer 200 "$body"
	is "$(drive list | says)" 'client.garbled retry' "no list: $body"
	is "$(drive files $magnet | says)" 'client.garbled retry' "a garbled answer is no absence: $body"
	is "$(drive add "$room/idle.torrent" | says)" 'client.garbled retry' "nor is anything added: $body"
done
answer 200 '{"result":"a bad\u0007 day"}'
is "$(drive list | says)" 'client.refused final' "what it would not do"
good='"status":6,"leftUntilDone":0,"sizeWhenDone":5,"metadataPercentComplete":1,"percentDone":1,"name":"good","labels":["a"]'
answer 200 '{"result":"success","arguments":{"torrents":[1, null, [], "x", {"hashString":5}, {"name":"no hash"}, {"hashString":"'$magnet'","name":7,
	"status":-5,"percentDone":1e300,"sizeWhenDone":-5,"leftUntilDone":"0","labels":[5,null,"b",{}],"uploadRatio":-2,"addedDate":-9223372036854775808,
	"doneDate":9223372036854775807,"eta":1e18,"error":99,"errorString":{},"peersSendingToUs":9223372036854775807,"webseedsSendingToUs":9223372036854775807,
	"rateDownload":-1,"downloadDir":5},{"hashString":"'$stranger'",'"$good"'}]}}'
is "$(drive list | jq -c '[.transfers[] | [.name, .state, .complete, .percent, .left, .seeders, .ratio, .added_at]]')" \
	'[["","unknown",false,0,-1,-1,-1,0],["good","seeding",true,100,0,-1,-1,0]]' "odd torrents spoil nothing"
is "$(drive -t a list | names)" good "and are narrowed like others"
is "$(drive files $magnet | says)" 'client.gone final' "not the one that was asked for"
answer 200 '{"result":"success","arguments":{"torrents":[{"downloadDir":"/d","files":[0,{"name":4},{"name":"../b","length":-9,"bytesCompleted":"7"},{"name":"c","length":9}],"fileStats":[{},7,{"wanted":false}]}]}}'
is "$(drive files $magnet | jq -c '[.folder, (.files[] | .path, .size, .done, .wanted)]')" '["/d","",-1,-1,true,"",-1,-1,true,"../b",-1,-1,false,"c",9,-1,true]' "nor odd files: told as they are"

# Every state, and what makes complete of it: status error leftUntilDone sizeWhenDone metadata -> state complete
cases='0 0 0 5 1 done true
0 2 0 5 1 done true
0 3 0 5 1 error false
0 0 5 5 1 paused false
0 0 0 0 1 paused false
0 0 0 0 0 paused false
1 0 0 5 1 checking false
2 0 0 5 1 checking false
2 3 0 5 1 checking false
3 0 5 5 1 queued false
4 0 5 5 1 stalled false
4 0 0 5 1 downloading false
4 0 0 0 0 metadata false
4 3 5 5 1 error false
5 0 0 5 1 seeding true
6 1 0 5 1 seeding true
6 0 3 5 1 seeding false
6 3 0 5 1 error false
7 0 0 5 1 unknown false'
while read -r status error left size metadata state complete; do
	list+=",{\"hashString\":\"$(printf %040x $((++n)))\",\"status\":$status,\"error\":$error,\"leftUntilDone\":$left,\"sizeWhenDone\":$size,\"metadataPercentComplete\":$metadata}"
	wanted+="$status $state $complete"$'\n'
done <<<"$cases"
answer 200 "{\"result\":\"success\",\"arguments\":{\"torrents\":[${list:1}]}}"
states=$(drive list | jq -r '.transfers[] | [.state, .complete] | join(" ")')
is "$(paste -d ' ' <(cut -d ' ' -f 1 <<<"$cases") <(echo "$states"))" "${wanted%?}" "every status; complete is what has all, checked, in place"
done_testing
