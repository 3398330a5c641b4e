#!/usr/bin/env bash
# The drivers of media servers that speak HTTP against one that pretends to be all of them: who may, what they are asked and in
# which words, paths outside their libraries, hostile names, scans that end, fail and vanish, and answers that make no sense.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
for tool in jq python3; do
	command -v "$tool" >/dev/null || skip_all "there is no $tool here: contrib/bootstrap.sh check"
done
. tests/lib/targets.sh

key=sesame/9+
mkdir "$room/fake"
calm='{"stash_job": null, "stash_scan": null, "emby": false, "refreshing": [], "abs_type": "admin", "tasks": [], "kodi": [],
	"subsonic_version": "1.16.1", "subsonic_admin": true, "scanning": false, "scan_error": "",
	"task": {"Name": "Scan Media Library", "State": "Idle", "Id": "7738148f", "Key": "RefreshLibrary",
		"LastExecutionResult": {"StartTimeUtc": "2025-01-02T03:04:05Z", "EndTimeUtc": "2025-01-02T03:05:00Z", "Status": "Completed"}}}'
now() { jq -nc "$calm * {${1-}}" >"$room/fake/state"; } # what differs from calm
now
begin fake python3 -u tests/lib/target_fake.py "$room/fake"
wait_until "[ -s '$room/fake.log' ]"
url=http://127.0.0.1:$(head -n 1 "$room/fake.log")

fault() { printf '%s\n' "$*" >"$room/fake/fault"; }
well() { rm -f "$room/fake/fault"; }
forget() { : >"$room/fake/asked"; }
asked() { jq -c "$1" "$room/fake/asked"; }
begins() { # driver, options
	driver=$1
	shift
	login=("$@")
	now
	well
	forget
}
bad=$'/media/films/b\xff'd/x.mkv

# What all of them have in common: DRIVER, a scan's path, options
common() {
	local name=$1 path=$2
	shift 2
	begins "$name" "$@"
	ok "$name: hello" test "$(says hello)" = ok
	[ "$name" = webhook ] || like "$(drive hello | jq -r .version)" '[0-9]' "$name: its version"
	for status in 401 403; do
		fault / $status "who is $key?"
		is "$(says hello)" "target.auth final" "$name: $status"
	done
	unlike "$(drive hello)" "$key" "$name: and the key is not in its words"
	fault / 404 "no $key here"
	is "$(says hello)" "http.404 final" "$name: 404"
	unlike "$(drive hello)" "$key" "$name: nor in those of the server"
	fault / 500
	is "$(says hello)" "http.500 retry" "$name: 500"
	fault / 301
	like "$(drive hello | jq -r '.error + .hint')" 'http.301.*address' "$name: it has moved"
	if [ "$name" != webhook ]; then
		for garbled in '<html>' '{"data": ' '[]' '{}' 'null' '"x"' '[[{"Id": []}]]' '{"MediaContainer": 7, "subsonic-response": []}'; do
			fault / 200 "$garbled"
			is "$(says hello)" "target.garbled retry" "$name: garbled: $garbled"
			like "$(says scan "$path")" '^target\.(garbled retry|outside final)$' "$name: and a scan"
		done
	fi
	fault / hang
	login=(-t 300 "$@")
	is "$(says hello)" "http.timeout retry" "$name: it says nothing"
	is "$(says scan "$path")" "http.timeout retry" "$name: nor to a scan"
	well
	login=("${@//$key/wrong}")
	[ "$name" = webhook ] || is "$(says hello)" "target.auth final" "$name: a wrong key"
	login=(-p $'a\r\nX-Smuggled: b')
	[ "$name" = subsonic ] || [ "$name" = kodi ] || [ "$name" = webhook ] || is "$(says hello)" "http.header final" "$name: a key with a line break"
	begins "$name" "$@"
	unlike "$(says scan "$path")" ' ' "$name: a scan"
	is "$(asked '.path + .query' | grep -c sesame)" 0 "$name: the key is in no address"
}
for driver in $("$target_drive" -); do like "$("$target_drive" "$driver")" ' [A-Za-z].{20}' "$driver says what its address is"; done

# Stash
common stash /data/films/x.mkv -p "$key"
is "$(asked '.body | fromjson | select(.query | test("metadataScan")) | .variables.input')" \
	'{"paths":["/data/films/x.mkv"],"scanGenerateCovers":true}' "stash: what a scan is asked, when its settings say nothing"
now '"stash_scan": {"rescan": false, "scanGenerateCovers": false, "scanGeneratePreviews": true}' && forget
is "$(says scan "/data/films/a \"b\" \\c 😀"$'\n'"d.mkv" /data/more/)" 7 "stash: hostile names, and a library itself"
is "$(asked '.body | fromjson | select(.query | test("metadataScan")) | .variables.input')" \
	'{"paths":["/data/films/a \"b\" \\c 😀\nd.mkv","/data/more/"],"rescan":false,"scanGenerateCovers":false,"scanGeneratePreviews":true}' \
	"stash: as its settings have it"
forget
is "$(says scan)" 7 "stash: everything"
is "$(asked '.body | fromjson | select(.query | test("metadataScan")) | .variables.input | has("paths")')" false "stash: without paths"
for path in /data/filmsy/x.mkv /elsewhere/ /data/films/../x films/x.mkv; do
	is "$(says scan /data/films/ok.mkv "$path")" "target.outside final" "stash: outside: $path"
done
like "$(drive scan /elsewhere/ | jq -r .hint)" 'map them' "stash: with a hint"
forget
says scan $'/data/films/b\xffd/\xfe.mkv' >/dev/null
is "$(asked '.body | fromjson | .variables.input.paths // empty')" '["/data/films/"]' "stash: what cannot be said gives the folder that can"
says scan /elsewhere/x >/dev/null
is "$(asked '.body | fromjson | select(.query | test("metadataScan"))' | wc -l)" 1 "stash: and nothing is asked for what is outside"
job() { now "\"stash_job\": $1" && drive follow 7 | jq -c '[.state, .percent, .note]'; }
is "$(job '{"status": "READY", "progress": null}')" '["running",-1,"it waits for other jobs of Stash"]' "stash: it waits"
is "$(job '{"status": "RUNNING", "progress": 0.25, "subTasks": ["Scanning x"]}')" '["running",25,"Scanning x"]' "stash: it runs"
is "$(job '{"status": "RUNNING", "progress": -1, "subTasks": null}')" '["running",-1,null]' "stash: it does not know how far"
is "$(job '{"status": "STOPPING", "progress": 2, "subTasks": []}')" '["running",100,null]' "stash: it is stopped"
is "$(job '{"status": "FINISHED", "progress": 1}')" '["done",100,null]' "stash: it has finished"
is "$(job '{"status": "CANCELLED"}')" '["failed",-1,"it was cancelled in Stash"]' "stash: it was cancelled"
is "$(job '{"status": "FAILED", "error": "no ffmpeg"}')" '["failed",-1,"no ffmpeg"]' "stash: it has failed"
is "$(job '{"status": "FAILED"}')" '["failed",-1,"it does not say why"]' "stash: without a word"
is "$(job null)" '["done",-1,null]' "stash: it is forgotten"
is "$(state 'x"}')" "done" "stash: a job of no number"
is "$(says stop 7)" ok "stash: stopped"
fault metadataScan 200 '{"data": null, "errors": [{"message": "ffmpeg was not found, sesame/9+", "path": ["metadataScan"]}]}'
is "$(drive scan /data/films/ | jq -c '[.error, .code, .text]')" '["target.refused","final","ffmpeg was not found, ***"]' "stash: an error with 200"
fault findJob 422 '{"errors": [{"message": "Cannot query field \"error\" on type \"Job\".", "extensions": {"code": "GRAPHQL_VALIDATION_FAILED"}}], "data": null}'
is "$(state 7)" target.old "stash: an old one, with 422"
fault metadataScan 200 '{"data": {"metadataScan": null}}'
is "$(says scan /data/films/)" "target.garbled retry" "stash: no job"

# Jellyfin, and Emby
common jellyfin /media/films/x.mkv -p "$key"
is "$(says scan /media/films/x.mkv)" ok "jellyfin: paths cannot be followed"
is "$(asked 'select(.path == "/Library/Media/Updated") | .body' | head -n 1)" '"{\"Updates\":[{\"UpdateType\":\"Created\",\"Path\":\"/media/films/x.mkv\"}]}"' \
	"jellyfin: what it is told"
forget
is "$(says -e delete scan "$bad" /media/shows/$'a\n"b"'/)" ok "jellyfin: hostile names"
is "$(asked 'select(.path == "/Library/Media/Updated") | .body | fromjson | [.Updates[] | .UpdateType, .Path]')" \
	'["Deleted","/media/films/","Deleted","/media/shows/a\n\"b\"/"]' "jellyfin: told as they are, or their folder"
is "$(says -e upgrade scan /media/shows/x /media/x)" "target.outside final" "jellyfin: outside"
forget
scan=$(says scan)
is "$scan" "7738148f 2025-01-02T03:05:00Z" "jellyfin: everything"
is "$(state "$scan")" running "jellyfin: it runs"
is "$(asked '.path' | paste -sd ' ')" '"/ScheduledTasks" "/Library/Refresh" "/ScheduledTasks/7738148f"' "jellyfin: what it was asked"
task() { now "\"task\": $1" && drive follow "$scan" | jq -c '[.state, .percent, .note]'; }
is "$(task '{}')" '["running",-1,"it has not begun"]' "jellyfin: not yet"
is "$(task '{"State": "Running", "CurrentProgressPercentage": 12.5}')" '["running",12.5,null]' "jellyfin: how far it is"
is "$(task '{"LastExecutionResult": {"EndTimeUtc": "2025-01-02T04:00:00Z"}}')" '["done",-1,null]' "jellyfin: it has finished"
is "$(task '{"LastExecutionResult": {"EndTimeUtc": "2025-01-02T04:00:00Z", "Status": "Failed", "ErrorMessage": "disk"}}')" \
	'["failed",-1,"Failed: disk"]' "jellyfin: it has failed"
is "$(task '{"LastExecutionResult": {"EndTimeUtc": "2025-01-02T04:00:00Z", "Status": "Cancelled"}}')" '["failed",-1,"Cancelled"]' "jellyfin: it was cancelled"
is "$(says stop "$scan")" ok "jellyfin: stopped"
is "$(state "../System/Info x")" http.404 "jellyfin: a job that is a path"
now '"emby": true'
is "$(drive hello | jq -r .version)" 4.8.10.0 "emby: it says its version"
is "$(says scan /media/shows/x/)" ok "emby: a scan"
login=(-p wrong)
is "$(says hello)" "target.auth final" "emby: a wrong key"

# Plex
common plex /media/films/x.mkv -p "$key"
forget
is "$(says scan "/media/more films/A & B/x.mkv" "/media/more films/A & B/y.mkv" /media/shows/$'é +\n'/1.mkv)" 1,3,2 "plex: in which sections"
is "$(asked 'select(.path | test("refresh")) | .path + "?" + .query' | paste -sd ' ')" \
	'"/library/sections/1/refresh?path=%2Fmedia%2Fmore%20films%2FA%20%26%20B" "/library/sections/3/refresh?path=%2Fmedia%2Fmore%20films%2FA%20%26%20B" "/library/sections/2/refresh?path=%2Fmedia%2Fshows%2F%C3%A9%20%2B%0A" "/library/sections/3/refresh?path=%2Fmedia%2Fshows%2F%C3%A9%20%2B%0A"' \
	"plex: each folder once, in each section that holds it"
is "$(says scan /media/films/x /mnt/x)" "target.outside final" "plex: outside"
now && forget
is "$(says scan "$bad")" 1,3 "plex: bytes that are no text"
is "$(asked 'select(.path | test("refresh")) | .query' | head -n 1)" '"path=%2Fmedia%2Ffilms%2Fb%FFd"' "plex: are told as they are"
is "$(drive follow 1,3 | jq -c '[.state, .note]') $(state 2)" '["running","All"] done' "plex: what is being scanned"
is "$(says stop 1,3) $(state 1,3)" "ok done" "plex: stopped"
is "$(says scan)" 1,2,3 "plex: everything"
now && forget
login=(-p "$key" -l Shows)
is "$(says scan /media/shows/x)" 2 "plex: a library by its name"
is "$(says scan /media/films/x)" "target.outside final" "plex: and no other"
login=(-p "$key" -l 3)
is "$(says scan)" 3 "plex: by its number"
login=(-p "$key" -l Music)
is "$(says hello) $(drive scan | jq -r .text)" "target.outside final it has no library 'Music'" "plex: one that is not there"

# Audiobookshelf
common audiobookshelf /books/x.m4b -p "$key"
is "$(says scan /books/a/ /talks/b/x.mp3 /books/c/)" lib-1,lib-2 "audiobookshelf: the libraries of the paths"
is "$(says scan /books/x /elsewhere/)" "target.outside final" "audiobookshelf: outside"
is "$(says scan)" lib-1,lib-2 "audiobookshelf: everything"
forget
login=(-p "$key" -l Talks)
is "$(says scan /talks/) $(says hello)" "lib-2 ok" "audiobookshelf: a library by its name"
is "$(asked 'select(.method == "POST" and (.path | test("scan"))) | .path')" '"/api/libraries/lib-2/scan"' "audiobookshelf: is scanned"
is "$(says scan /books/x)" "target.outside final" "audiobookshelf: and no other"
login=(-p "$key" -l None)
is "$(says hello)" "target.outside final" "audiobookshelf: one that is not there"
login=(-p "$key")
tasks() { now "\"tasks\": [{\"id\": \"t1\", \"action\": \"embed-metadata\", \"data\": {\"libraryId\": \"lib-1\"}}, $1]" && drive follow lib-1 | jq -c '[.state, .note]'; }
is "$(tasks '{"action": "library-scan", "data": {"libraryId": "lib-1", "libraryName": "Books"}, "title": "Scanning \"Books\"", "isFinished": false}')" \
	'["running","Scanning \"Books\""]' "audiobookshelf: it runs"
is "$(says scan /books/)" "target.busy retry" "audiobookshelf: and would not listen"
is "$(says scan /talks/)" lib-2 "audiobookshelf: the other library does"
is "$(tasks '{"action": "library-scan", "data": {"libraryId": "lib-1"}, "isFinished": true, "isFailed": true, "error": "Failed"}')" \
	'["failed","Failed"]' "audiobookshelf: it has failed"
is "$(tasks '{"action": "library-scan", "data": {"libraryId": "lib-1"}, "isFinished": true}')" '["done",null]' "audiobookshelf: it has finished"
is "$(tasks '{"action": "library-scan", "data": {"libraryId": "lib-12"}}')" '["done",null]' "audiobookshelf: it is forgotten"
now '"abs_type": "user"'
is "$(says hello)" "target.auth final" "audiobookshelf: somebody who may not scan"

# Subsonic
common subsonic /music/x -u ann -p "$key"
is "$(says scan)" "target.busy retry" "subsonic: it scans already"
is "$(drive follow scan | jq -c '[.state, .note]')" '["running","42 so far"]' "subsonic: it runs"
now
is "$(state scan)" "done" "subsonic: it has finished"
now '"scan_error": "disk"'
is "$(drive follow scan | jq -c '[.state, .note]')" '["failed","disk"]' "subsonic: it has failed"
now '"subsonic_admin": false'
is "$(says scan)" "target.auth final" "subsonic: somebody who may not scan"
now '"subsonic_version": "1.14.0"'
is "$(says hello)" "target.old final" "subsonic: an old one"
now && forget
login=(-p "$key")
is "$(says hello) $(says scan)" "ok scan" "subsonic: an API key alone"
login=(-p wrong-key)
is "$(drive hello | jq -r '.error + " " + .text')" "target.auth Invalid API key: ***" "subsonic: a wrong one, told by it, not by us"
now && forget
login=(-u ann -p "$key" -l 3:/music/)
is "$(says scan "/music/A & B/x.flac" "/music/A & B/y.flac" /music/C/)" scan "subsonic: some folders"
is "$(asked '.body | select(test("target")) | capture("&(?<t>target=.*)").t')" '"target=3%3AA%20%26%20B&target=3%3AC"' "subsonic: below its library"
is "$(says scan /elsewhere/x)" "target.outside final" "subsonic: outside"
for code in 0:target.refused 30:target.old 40:target.auth 70:target.refused; do
	fault /rest/ 200 "{\"subsonic-response\": {\"status\": \"failed\", \"error\": {\"code\": ${code%:*}, \"message\": \"no\"}}}"
	is "$(says hello)" "${code#*:} final" "subsonic: error ${code%:*} with 200"
done

# Kodi
common kodi /media/films/A/x.mkv -u ann -p "$key"
scans() { asked '.body | fromjson | select(.method | test("Scan$")) | [.method, .params.directory]' | paste -sd ' '; }
is "$(says scan /media/films/B/)" "target.busy retry" "kodi: it scans already, and would stop"
is "$(drive follow video | jq -c '[.state, .note]') $(state music)" '["running","video"] done' "kodi: what runs"
is "$(scans)" '["VideoLibrary.Scan","/media/films/A/"]' "kodi: a folder, with its slash"
now && forget
is "$(says scan "/media/shows/Show/Season 01/x.mkv" "/media/shows/Show/Season 02/")" video "kodi: seasons"
is "$(scans)" '["VideoLibrary.Scan","/media/shows/Show/"]' "kodi: are their show"
now && forget
is "$(says scan /media/music/A/B/x.flac "/mnt/a b/c/"$'"é\n'/x)" "video,music" "kodi: both libraries"
is "$(scans)" '["VideoLibrary.Scan","/mnt/a b/c/"] ["AudioLibrary.Scan","/media/music/A/B/"]' "kodi: each its own, in sources of several folders"
now && forget
is "$(says scan /media/films/A/x.mkv /media/films/B/x.mkv)" video "kodi: two folders"
is "$(scans)" '["VideoLibrary.Scan","/media/films/"]' "kodi: are the one that holds both"
now && forget
is "$(says scan /media/films/A/x.mkv /media/shows/B/x.mkv)" video "kodi: of two sources"
is "$(scans)" '["VideoLibrary.Scan",null]' "kodi: are everything"
now && forget
is "$(says scan) $(scans)" 'video,music ["VideoLibrary.Scan",null] ["AudioLibrary.Scan",null]' "kodi: everything"
is "$(says scan /media/films/x /elsewhere/x)" "target.outside final" "kodi: outside"
now && login=(-u ann -p "$key" -l music)
is "$(says scan) $(says scan /media/films/x)" "music target.outside final" "kodi: one library only"
fault XBMC 200 '{"error": {"code": -32100, "message": "Failed to execute method."}, "id": 1, "jsonrpc": "2.0"}'
is "$(drive follow music | jq -r '.error + " " + .text')" "target.refused Failed to execute method." "kodi: an error with 200"
fault XBMC 200 '{"error": {"code": -32601, "message": "Method not found."}, "id": 1, "jsonrpc": "2.0"}'
is "$(state music)" target.old "kodi: an old one"

# A webhook
url="$url/hook?who=me"
common webhook /media/films/x.mkv -p "$key"
forget
is "$(says -l films -e import -d '{"title": "A \"b\""}' scan $'/a "b"\n/c' "$bad")" ok "webhook: it is told"
is "$(asked '.body | fromjson')" '{"event":"import","library":"films","paths":["/a \"b\"\n/c","/media/films/"],"data":{"title":"A \"b\""}}' "webhook: what there is to tell"
is "$(jq -r '[.query, .headers["content-type"]] | join(" ")' "$room/fake/asked")" "who=me application/json" "webhook: where it wants it"
ok "webhook: signed, with a time" python3 - "$key" "$room/fake/asked" <<-'END'
	import hashlib, hmac, json, re, sys, time
	said = json.loads(open(sys.argv[2]).readline())
	at, sign = re.fullmatch("t=([0-9]+),v1=([0-9a-f]{64})", said["headers"]["tow-signature"]).groups()
	wanted = hmac.new(sys.argv[1].encode(), f"{at}.{said['body']}".encode(), hashlib.sha256).hexdigest()
	sys.exit(not (hmac.compare_digest(sign, wanted) and abs(time.time() - int(at)) < 600))
END
login=()
forget
is "$(says hello) $(asked '[.body | fromjson | .event, .paths], (.headers | has("tow-signature"))' | paste -sd ' ')" 'ok ["hello",[]] false' "webhook: nothing to sign with"
is "$(says -d '{"x": ' scan /x)" "json final" "webhook: what is no JSON is not told"
is "$(wc -l <"$room/fake/asked")" 1 "webhook: to nobody"

for driver in nobody ''; do exits 64 "no driver '$driver'" "$target_drive" "$driver" "$url" hello; done
done_testing
