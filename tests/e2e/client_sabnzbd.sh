#!/usr/bin/env bash
# The driver of SABnzbd against a replay that speaks its recorded answers and keeps a queue and a history: the real one is
# in no package that is installed here.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
for tool in jq python3 curl; do
	command -v "$tool" >/dev/null || skip_all "there is no $tool here: contrib/bootstrap.sh check"
done
. tests/lib/torrents.sh

driver=sabnzbd
begin replay python3 -u tests/lib/sabnzbd_replay.py right-key
replay=$pid
wait_until '[ -s "$room/replay.log" ]'
url=http://127.0.0.1:$(head -n 1 "$room/replay.log")
place=$url
login=(-p right-key)
# What time does to it: now JSON
now() { curl -sf -d "$1" "$place/replay" >/dev/null; }
asked() { curl -sf "$place/replay" | jq -r "$1"; }
said() { jq -r '[.error, .code] | join(" ")'; }
acted() { drive act "$@" | jq -r '.ok // .error'; }
nzb() { # name
	printf '<?xml version="1.0" encoding="UTF-8"?>\n<nzb><file subject="%s"/></nzb>\n' "$1" >"$room/$1.nzb"
	echo "$room/$1.nzb"
}

# Who it is, and who we are
is "$(drive hello | jq -r .version)" 4.5.2 "hello says its version"
url=$place/sabnzbd
is "$(drive hello | jq -r .ok)" true "below a path, too"
url=$place
login=(-p wrong-key)
is "$(drive hello | said)" 'client.auth final' "a wrong key is found by hello, though the version is told to anybody"
like "$(drive list | jq -r '.text + "; " + .hint')" 'API key is refused; .*not the NZB key' "a listing says which key is meant"
before=$(asked length)
drive list >/dev/null
is $(($(asked length) - before)) 1 "a wrong key is sent once"
login=()
is "$(drive list | said)" 'client.auth final' "none at all"
now '{"set": {"warnings": false}}'
like "$(drive list | jq -r '.error + ": " + .text')" 'client.auth: it refuses us and does not say why' "a refusal without a word"
now '{"set": {"warnings": true}}'
login=(-p right-key)
now '{"say": "Access denied - Hostname verification failed: https://sabnzbd.org/hostname-check", "status": 403}'
like "$(drive hello | jq -r '.error + ": " + .hint')" 'client.refused: .*host_whitelist' "a name that it does not go by"
now '{"say": "Access denied", "status": 403}'
is "$(drive hello | said)" 'client.refused final' "nobody from here"
now '{"say": "{\"status\": false, \"error\": \"API Key Incorrect\"}"}'
is "$(drive hello | said)" 'client.auth final' "a wrong key with status 200"
now '{"say": "error: API Key Required"}'
is "$(drive list | said)" 'client.auth final' "in plain words"
now '{"say": "{\"status\": false, \"error\": \"not implemented\"}"}'
like "$(drive list | jq -r '.error + ": " + .text')" 'client.refused: .*not implemented' "any other error"
now '{"say": "{\"version\": \"1.2.3\"}"}'
is "$(drive hello | said)" 'client.old final' "an old version"
now '{"say": "busy", "status": 503}'
is "$(drive list | said)" 'http.503 retry' "a server that is ill"
now '{"say": null}'
url=http://127.0.0.1:$(free_port)
is "$(drive hello | said)" 'http.connect retry' "nobody there"
url=$place
is "$(drive -c films hello | jq -r .ok)" true "a category that it has"
like "$(drive -c music hello | jq -r '.error + ": " + .hint')" 'client.refused: .*lower case' "one that it has not would be dropped silently"
is "$(asked '[.[] | select(.query != "")] | length')" 0 "the key never stands in an address"

# Adding
is "$(drive list | jq -c .)" "{\"whole\":true,\"free\":$((16116 * 1073741824 / 100)),\"transfers\":[]}" "nothing yet, and room"
one=$(drive -c films add "$(nzb one)" | jq -r .key)
like "$one" '^SABnzbd_nzo_' "a file is added, and it says as what"
is "$(asked 'last | [.mode, .cat, .nzbname, .name[0], .priority] | join(" ")')" 'addfile films one one.nzb ' "with its category, and its name without .nzb"
is "$(asked 'last | .name[1]')" "$(<"$room/one.nzb")" "byte for byte"
like "$(drive -c music add "$(nzb two)" | jq -r '.error + ": " + .hint')" 'client.refused: .*lower case' "to a category that it has not nothing is added: it would be dropped silently"
two=$(drive add "$(nzb two)" | jq -r .key)
three=$(drive add 'https://index.example/get?id=3&key=secret' | jq -r .key)
like "$three" '^SABnzbd_nzo_' "a link is added"
is "$(asked 'last | [.mode, .name] | join(" ")')" 'addurl https://index.example/get?id=3&key=secret' "whole"
is "$(drive add "$room/one.nzb" | said)" 'client.refused final' "a duplicate that it drops is not added"
echo 'no such thing' >"$room/bad.nzb"
is "$(drive add "$room/bad.nzb" | said)" 'client.refused final' "nor what is no NZB"
is "$(drive add magnet:?xt=urn:btih:0 | said)" 'client.refused final' "a magnet is nothing for it"
like "$(drive add "$room/one.nzb" tag "$room" | jq -r '.error + ": " + .hint')" 'client.refused: .*categories' "a folder of one job's own it cannot give"

# The queue
state() { of "$1" '[.state, .complete] | join(" ")'; }
is "$(drive list | jq -r '[.transfers[].name] | sort | join(" ")')" 'Trying to fetch NZB from https://index.example/get?id=3&key=secret one two' "three jobs"
is "$(drive -c films list | jq -r '[.transfers[].name] | join(" ")')" one "one of the category"
is "$(of "$three" '[.state, .size, .left, .complete] | join(" ")')" 'metadata -1 -1 false' "a link that is not fetched yet"
is "$(state "$one")" 'stalled false' "nothing comes: stalled"
now '{"set": {"kbpersec": "512.50", "status": "Downloading"}}'
now "{\"slot\": \"$one\", \"with\": {\"mbleft\": \"1000.25\", \"percentage\": \"21\", \"timeleft\": \"0:16:44\"}}"
is "$(of "$one" '[.state, .size, .left, .percent, .eta, .down, .up, .ratio, .category] | join(" ")')" \
	"downloading $((127765 * 1048576 / 100)) $((100025 * 1048576 / 100)) 21 1004 524800 -1 -1 films" "numbers that are text"
is "$(of "$two" '[.state, .down] | join(" ")')" 'queued 0' "the next one is called Downloading, too, and waits"
now '{"set": {"status": "Paused", "paused": true}}'
now "{\"slot\": \"$two\", \"with\": {\"status\": \"Queued\"}}"
is "$(state "$two")" 'paused false' "when everything is paused"
now '{"set": {"status": "Downloading", "paused": false}}'
now "{\"slot\": \"$two\", \"with\": {\"status\": \"Downloading\", \"timeleft\": \"2:01:00:05\"}}"
is "$(of "$two" .eta)" 176405 "days"
is "$(acted "$one" pause)" true "pause"
is "$(state "$one")" 'paused false' "is paused"
is "$(state "$two")" 'downloading false' "and the next one's turn has come"
now "{\"slot\": \"$one\", \"with\": {\"labels\": [\"DUPLICATE\", 4, \"ENCRYPTED\"]}}"
is "$(of "$one" .error)" 'DUPLICATE, ENCRYPTED' "why it paused by itself"
is "$(acted "$one" resume)" true "resume"
is "$(state "$one")" 'downloading false' "is resumed"
for words in 'Propagating queued' 'Fetching downloading' 'Checking checking' 'Grabbing metadata' 'Queued queued' 'Later unknown'; do
	now "{\"slot\": \"$one\", \"with\": {\"status\": \"${words% *}\"}}"
	is "$(state "$one")" "${words#* } false" "in the queue: ${words% *}"
done

# The history
now "{\"past\": \"$one\", \"with\": {}}"
is "$(of "$one" '[.state, .complete, .percent, .left, .completed_at] | join(" ")')" 'unpacking false 100 0 0' "what waits there is downloaded, and not complete"
for words in 'QuickCheck unpacking' 'Verifying unpacking' 'Repairing unpacking' 'Fetching unpacking' 'Extracting unpacking' 'Moving moving' 'Running unpacking' 'Later unknown'; do
	now "{\"past\": \"$one\", \"with\": {\"status\": \"${words% *}\"}}"
	is "$(state "$one")" "${words#* } false" "in the history: ${words% *}"
done
is "$(acted "$one" pause)" client.refused "there is nothing to pause any more"
now "{\"past\": \"$one\", \"with\": {\"status\": \"Completed\"}}"
is "$(of "$one" '[.state, .complete, .folder, .completed_at] | join(" ")')" 'moving false  0' "Completed and nowhere is not complete"
now "{\"past\": \"$one\", \"with\": {\"storage\": \"$room/films/one\", \"completed\": 1752669335}}"
is "$(of "$one" '[.state, .complete, .folder, .content, .completed_at, .category, .percent, .left] | join(" ")')" \
	"done true $room/films/one $room/films/one 1752669335 films 100 0" "Completed and somewhere is"
now "{\"row\": {\"nzo_id\": \"$one\", \"name\": \"one\", \"status\": \"Completed\", \"storage\": \"\", \"category\": \"films\", \"completed\": 1752669336}}"
is "$(drive list | jq -c "[.transfers[] | select(.key == \"$one\") | .complete]")" '[true]' "twice there: the one that is complete counts, once"
now "{\"row\": {\"nzo_id\": \"$two\", \"name\": \"two\", \"status\": \"Verifying\", \"storage\": \"\", \"category\": \"*\"}}"
is "$(drive list | jq -c "[.transfers[] | select(.key == \"$two\") | .state]")" '["unpacking"]' "in the queue and in the history: the history is later"
now "{\"past\": \"$two\", \"with\": {\"status\": \"Failed\", \"fail_message\": \"Unpacking failed, write error or disk is full?\"}}"
is "$(of "$two" '[.state, .complete, .local, .error] | join(" ")')" 'error false true Unpacking failed, write error or disk is full?' "a full disk is not the release's fault"
now "{\"past\": \"$three\", \"with\": {\"status\": \"Failed\", \"fail_message\": \"Aborted, cannot be completed - https://sabnzbd.org/not-complete\"}}"
is "$(of "$three" '[.state, .local, .percent] | join(" ")')" 'error false -1' "missing articles are"
is "$(drive -c films list | jq -r '[.transfers[].name] | join(" ")')" one "by category in the history"
is "$(drive -c audio -d films list | jq -r '[.transfers[].name] | join(" ")')" one "and by another one"
is "$(drive files "$one" | jq -c .)" "{\"n\":0,\"folder\":null,\"made\":\"$room/films/one\",\"files\":[]}" "it lists no files, and says where they are"
is "$(drive files "$two" | said)" 'client.refused final' "of what has failed it does not"
is "$(drive files all | said) $(drive files SABnzbd_nzo_none | said)" 'client.gone final client.gone final' "nor of what is not there"
is "$(drive tag "$one" late | said)" 'client.refused final' "nor has it tags"
is "$(acted "$one" recheck)" client.refused "or checks again"

# A history that tells nothing where nothing has changed
told=$room/told
four=$(drive add "$(nzb four)" | jq -r .key)
before=$(asked length)
drive list - list - wait "$room/1" - list - wait "$room/2" - list - list >"$told" &
session=$!
begun+=("$session")
wait_until '[ "$(wc -l <"$told")" = 2 ]'
now "{\"past\": \"$four\", \"with\": {\"status\": \"Completed\", \"storage\": \"$room/four\"}}"
touch "$room/1"
wait_until '[ "$(wc -l <"$told")" = 3 ]'
now '{"restart": true}'
is "$(acted "$three" remove)" true "a failed job is removed"
touch "$room/2"
ok "a session goes on over a restart" wait "$session"
is "$(jq -c "[([.transfers[].name] | length), (.transfers[] | select(.key == \"$four\") | .complete)]" "$told" | paste -sd ' ')" \
	'[4,false] [4,false] [4,true] [3,true] [3,true]' "each listing is whole, however little was told"
is "$(asked ".[$before:] | [.[] | select(.mode == \"history\" and .name == null and .nzo_ids == null) | .last_history_update != null] | map(tostring) | join(\" \")")" \
	'false true true true true' "and only the first asked for everything"
now '{"restart": true}'
before=$(asked length)
drive list - list >/dev/null
is "$(asked ".[$before:] | [.[] | select(.mode == \"history\") | .last_history_update != null] | map(tostring) | join(\" \")")" \
	'false false' "1 is what every start begins with, and says nothing"
now '{"set": {"noofslots": 50}}'
is "$(drive list | jq .whole)" false "more than it tells is not all"
now '{"set": {"noofslots": 2}}'

# Away with it
five=$(drive add "$(nzb five)" | jq -r .key)
is "$(acted "$five" remove)" true "remove from the queue"
not_ok "it is not listed any more" held "$five"
is "$(asked 'last(.[] | select(.mode == "queue" and .name == "delete")) | .del_files')" null "its data stays"
five=$(drive add "$(nzb five)" | jq -r .key)
is "$(acted "$five" remove-data)" true "remove with data"
is "$(asked 'last(.[] | select(.mode == "queue" and .name == "delete")) | .del_files')" 1 "says so"
like "$(drive act "$one" remove-data | jq -r '.error + ": " + .hint')" "client.refused: .*$room/films/one" "what a job has made it does not delete"
is "$(acted "$one" remove)" true "remove from the history"
not_ok "it is gone" held "$one"
is "$(acted "$two" remove-data)" true "what has failed goes with its data"
for verb in "act $one remove" "act $one pause" 'act SABnzbd_nzo_none remove-data' 'act all remove-data' 'act failed remove' "act $four,$four remove"; do
	is "$(drive $verb | said)" 'client.gone final' "gone: $verb"
done
is "$(drive list | jq -r '[.transfers[].name] | join(" ")')" four "and nothing was done to what is there"

# Answers that are none
for answer in '<html>' '' '[]' '"x"' '{"que' '{}' '{"queue": false}' '{"queue": {"slots": 5}}' '{"queue": {"slots": []}}' '{"queue": {"slots": []}, "history": false}' $'\xff'; do
	now "$(printf '%s' "$answer" | python3 -c 'import json, sys; print(json.dumps({"say": sys.stdin.buffer.read().decode("utf-8", "surrogateescape")}))')"
	is "$(drive list | said)" 'client.garbled retry' "no listing: $answer"
done
is "$(drive hello | said)" 'client.garbled retry' "hello neither"
now '{"say": "{}"}'
is "$(drive hello | said)" 'client.garbled final' "something else"
is "$(drive act SABnzbd_nzo_1 remove | said)" 'client.garbled retry' "a garbled answer is no absence"
now "$(jq -n '{say: ({queue: {slots: [1, null, [], {}, {nzo_id: 5}, {nzo_id: "q", filename: 4, mb: "many", mbleft: -3, percentage: "1e999", timeleft: "-1:99999999999999:x", status: ["Paused"],
		labels: {}, cat: 9, time_added: "yesterday"}, {nzo_id: "good", filename: "good", status: "Downloading", mb: "1.00", mbleft: "0.50", percentage: 50, cat: "films"}],
	paused: "yes", kbpersec: {}, diskspace1: "-4"}, history: {noofslots: "many", last_history_update: -5, slots: [1, null, {status: "Completed", storage: "/x"},
	{nzo_id: "h", name: [], status: "Completed", storage: 7, bytes: -1e300, completed: 1e300}, {nzo_id: "w", status: "Failed", fail_message: {}, bytes: "12"}]}} | tojson)}')"
is "$(drive list | jq -c '[.free, (.transfers[] | [.key, .name, .state, .complete, .size, .left, .percent, .eta])]')" \
	'[-1,["good","good","stalled",false,1048576,524288,50,-1],["h","","moving",false,-1,0,100,-1],["q","","unknown",false,-1,-1,-1,-1],["w","","error",false,12,-1,-1,-1]]' "odd jobs spoil nothing"
now '{"say": null}'
finish "$replay"
is "$(drive list | said)" 'http.connect retry' "a client that is not running"
done_testing
