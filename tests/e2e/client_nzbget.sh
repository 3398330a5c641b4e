#!/usr/bin/env bash
# The driver of NZBGet against the real program and its own news server: logins, real downloads and real failures, queue and
# history, tags, adding, changing, removing; and against one that pretends to be it, for what it does not say by itself.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
for tool in nzbget jq python3 curl; do
	command -v "$tool" >/dev/null || skip_all "there is no $tool here: contrib/bootstrap.sh check"
done
. tests/lib/torrents.sh

driver=nzbget
there=http://127.0.0.1:$(free_port)
news_port=$(free_port)
mkdir -p "$room"/{articles,fake} "$room"/nzb/{done,inter,queue,tmp,in,scripts}

# A script that keeps what is finished in post-processing for as long as it is told to, or fails.
cat >"$room/nzb/scripts/hold.sh" <<END
#!/bin/sh
### NZBGET POST-PROCESSING SCRIPT
# Waits.
### NZBGET POST-PROCESSING SCRIPT
while [ -e "$room/hold" ]; do sleep 0.05; done
[ ! -e "$room/fail" ] || exit 94
exit 93
END
chmod 755 "$room/nzb/scripts/hold.sh"

configure() {
	cat >"$room/nzb/nzbget.conf" <<-END
		MainDir=$room/nzb
		DestDir=$room/nzb/done
		InterDir=$room/nzb/inter
		NzbDir=$room/nzb/in
		QueueDir=$room/nzb/queue
		TempDir=$room/nzb/tmp
		ScriptDir=$room/nzb/scripts
		LogFile=$room/nzb/nzbget.log
		LockFile=$room/nzb/nzbget.lock
		WebDir=
		ControlIP=127.0.0.1
		ControlPort=${there##*:}
		ControlUsername=nzbget
		ControlPassword=labpass123
		Server1.Active=yes
		Server1.Host=127.0.0.1
		Server1.Port=$news_port
		Server1.Connections=2
		Category1.Name=films
		Category1.DestDir=$room/nzb/done/films
		Category1.PostScript=hold.sh
		OutputMode=log
		ArticleTimeout=10
		ArticleRetries=1
		ArticleInterval=1
		DiskSpace=0
		HealthCheck=park
		KeepHistory=30
	END
}
news() { # [options]
	begin "news-${#begun[@]}" nice nzbget --nserv -d "$room/articles" -b 127.0.0.1 -p "$news_port" -v 1 "$@"
	news=$pid
	wait_until "(: </dev/tcp/127.0.0.1/$news_port) 2>/dev/null"
}
program() {
	begin "nzbget-${#begun[@]}" nice nzbget -c "$room/nzb/nzbget.conf" -s
	nzbget=$pid
	wait_until "[ \"\$(raw version '[]' | jq -r .result)\" != '' ]"
}

# The client's own words, for what no driver does: raw METHOD PARAMETERS
raw() { curl -s -u nzbget:labpass123 -d "{\"method\":\"$1\",\"params\":$2}" "$there/jsonrpc"; }
says() { jq -r '[.error, .code] | join(" ")'; }
acted() { drive act "$@" | jq -r '.ok // .error'; }
added() { drive "$@" | jq -r '.key // .error'; }
row() { drive list | jq -c --arg key "$1" ".transfers[] | select(.key == \$key) | $2"; }

for file in one two lost torn; do head -c 400000 /dev/urandom >"$room/articles/$file.bin"; done
nzbget --nserv -d "$room/articles" -b 127.0.0.1 -p "$news_port" -z 40000 -q >"$room/make.log" 2>&1
for file in one two lost torn; do mv "$room/articles/$file.bin.nzb" "$room/$file.nzb"; done
rm "$room/articles/lost.bin"
is "$(find "$room" -maxdepth 1 -name '*.nzb' | wc -l)" 4 "the news server makes nzb files"
news -r 30 # so slow that it can be watched
configure
url=$there
program

# Who it is, and who we are
login=(-u nzbget -p labpass123)
like "$(drive hello | jq -r .version)" '^[0-9]+\.[0-9]' "hello says its version"
login=(-u nzbget -p wrong)
is "$(drive hello | says)" 'client.auth final' "a wrong password"
like "$(drive list | jq -r .hint)" 'ControlPassword' "with a hint"
is "$(drive add "$room/one.nzb" | says) $(drive act 1 remove | says)" 'client.auth final client.auth final' "whatever is asked"
login=()
is "$(drive list | jq -r '.error + ": " + .text')" 'client.auth: it asks for a login' "no login"
login=(-u nzbget -p labpass123)
url=http://127.0.0.1:$(free_port)
is "$(drive hello | says)" 'http.connect retry' "nobody there"
url=$there
is "$(drive list | jq -c '[.whole, .free > 0, (.transfers | length)]')" '[true,true,0]' "an empty listing, and the free space"

# One is added, and watched through post-processing into the history
: >"$room/hold"
login=(-u nzbget -p labpass123 -c films -t ours)
one=$(added add "$room/one.nzb" tow-1)
like "$one" '^[1-9][0-9]*$' "adding says the id"
ok "downloading" wait_until "row $one . >'$room/one.json' && jq -e '.state == \"downloading\"' '$room/one.json'"
is "$(jq -c '[.complete, .size, .left > 0, .percent < 100, .category, .tags, .name]' "$room/one.json")" \
	'[false,400000,true,true,"films",["tow-1","ours"],"one"]' "with numbers, category and tags"
ok "a rate" wait_until "[ \"\$(row $one '.down > 0')\" = true ]"
is "$(drive files "$one" | jq -c '[.files[] | [.path, .size, .wanted]]')" '[["one.bin",400000,true]]' "its file"
like "$(drive files "$one" | jq -r .folder)" "^$room/nzb/inter/one" "where it is for now"
ok "unpacking: a script works on it" wait_until "[ \"\$(row $one '[.client_state, .state]')\" = '[\"EXECUTING_SCRIPT\",\"unpacking\"]' ]"
is "$(row "$one" '[.complete, .percent]')" '[false,100]' "all of it is here, and that is not complete"
rm "$room/hold"
ok "complete" wait_until "[ \"\$(row $one .complete)\" = true ]"
is "$(row "$one" '[.state, .left, .percent, .tags, .completed_at > 0, .error]')" '["done",0,100,["tow-1","ours"],true,null]' "done"
like "$(of "$one" .client_state)" '^SUCCESS/' "in its words"
ok "the file is what it was, in the folder that is told" cmp "$room/articles/one.bin" "$(of "$one" .folder)/one.bin"
is "$(drive files "$one" | jq -c .)" "{\"n\":0,\"folder\":null,\"made\":\"$(of "$one" .folder)\",\"files\":[]}" "what is in the history has no list of files, and says where they are"
login=(-u nzbget -p labpass123 -c films)
is "$(drive list | jq '.transfers | length')" 1 "listings are narrowed to a category"
login=(-u nzbget -p labpass123 -c other)
is "$(drive list | jq '.transfers | length')" 0 "to another"
login=(-u nzbget -p labpass123 -t tow-1)
is "$(drive list | jq '.transfers | length')" 1 "to a tag"
login=(-u nzbget -p labpass123 -t tow)
is "$(drive list | jq '.transfers | length')" 0 "a whole one"
login=(-u nzbget -p labpass123)
is "$(acted "$one" pause)" client.refused "what is done is not paused"
is "$(drive tag "$one" seen | jq .ok)$(drive tag "$one" seen | jq .ok)" truetrue "a tag, twice"
is "$(row "$one" .tags)" '["tow-1","ours","seen"]' "is there once"

recategorised "$one" films films-done
is "$(row "$one" '[.state, .complete, .tags]')" '["done",true,["tow-1","ours","seen"]]' "all else is as it was"
recategorised "$one" films-done films

# Queued and paused
raw pausedownload '[]' >/dev/null
two=$(added add "$room/two.nzb" tow-2)
ok "all are paused" becomes "$two" paused
is "$(row "$two" '[.client_state, .left]')" '["QUEUED",400000]' "this one too, which itself is only queued"
is "$(acted "$two" pause)$(acted "$two" pause)" truetrue "pause, twice"
is "$(of "$two" .client_state)" PAUSED "paused"
is "$(drive tag "$two" 'größer' | jq .ok)" true "a tag in the queue"
is "$(row "$two" .tags)" '["tow-2","größer"]' "is there"
is "$(drive category "$two" later | jq .ok) $(of "$two" .category)" 'true later' "a category in the queue"
for tag in 'a,b' 'a"b' 'a\b'; do is "$(drive tag "$two" "$tag" | says)" 'client.refused final' "a tag that it cannot keep: $tag"; done
raw resumedownload '[]' >/dev/null
is "$(row "$two" '[.state, .complete]')" '["paused",false]' "it stays paused when the others go on"
raw editqueue '["GroupSetPriority", 0, "-100", ['"$two"']]' >/dev/null
: >"$room/hold"
is "$(acted "$two" resume)" true "resume"
ok "it goes on" wait_until "[ \"\$(of $two .state)\" != paused ]"
again=$(added add "$room/two.nzb" tow-2b)
ok "one waits for the other" wait_until "[ \"\$(row $again .state)\" = '\"queued\"' ] || [ \"\$(row $two .state)\" = '\"queued\"' ]"
ok "both are done" wait_until "[ \"\$(row $two .complete)\$(row $again .complete)\" = truetrue ]"
isnt "$two" "$again" "the same nzb again is another one, and no duplicate"
rm "$room/hold"

# A session is a request: a restart in between is not seen
drive list - wait "$room/go" - list >"$room/lists" &
begun+=($!)
lists=$!
wait_until "[ \$(wc -l <'$room/lists') = 1 ]"
finish "$nzbget"
is "$(drive list | says)" 'http.connect retry' "stopped"
program
: >"$room/go"
wait "$lists"
is "$(sed -n 2p "$room/lists" | jq -c '[.transfers[].key] | sort')" "$(head -n 1 "$room/lists" | jq -c '[.transfers[].key] | sort')" \
	"keys are what they were after a restart"

# Real failures
finish "$news"
news
lost=$(added add "$room/lost.nzb" tow-3)
ok "its articles are gone: an error" becomes "$lost" error
is "$(row "$lost" '[.client_state, .complete, .local, .left, .completed_at]')" '["FAILURE/HEALTH",false,false,-1,0]' "of the release"
like "$(of "$lost" .error)" 'too many of its articles are gone: [0-9.]+ % can be had' "with the reason"
: >"$room/fail"
login=(-u nzbget -p labpass123 -c films)
script=$(added add "$room/one.nzb" tow-4)
ok "a script of NZBGet fails: an error" becomes "$script" error
is "$(row "$script" '[.client_state, .complete, .local]')" '["WARNING/SCRIPT",false,true]' "of ours, not of the release"
is "$(drive files "$script" | says)" 'client.refused final' "of what failed it is not said where its files are"
rm "$room/fail"
login=(-u nzbget -p labpass123)
echo 'no nzb' >"$room/bad.nzb"
bad=$(added add "$room/bad.nzb" tow-5)
ok "what is no nzb: an error" becomes "$bad" error
is "$(row "$bad" '[.client_state, .error]')" '["FAILURE/SCAN","its nzb cannot be read"]' "with the reason"
raw pausedownload '[]' >/dev/null
deleted=$(added add "$room/torn.nzb" tow-6)
raw editqueue '["GroupDelete", 0, "", ['"$deleted"']]' >/dev/null
ok "deleted by somebody" becomes "$deleted" deleted
is "$(of "$deleted" .error)" 'somebody deleted it in NZBGet' "with the reason"
copy=$(raw append "[\"one.nzb\", \"$(base64 -w 0 "$room/one.nzb")\", \"\", 0, false, false, \"\", 0, \"SCORE\", []]" | jq .result)
ok "deleted by NZBGet" becomes "$copy" deleted
is "$(row "$copy" '[.client_state, .tags, .category]')" '["DELETED/COPY",[],null]' "that has had it; it has no tags of ours"
raw resumedownload '[]' >/dev/null

# Links
links=$(free_port)
begin links python3 -m http.server --bind 127.0.0.1 --directory "$room" "$links"
wait_until "curl -s -o /dev/null http://127.0.0.1:$links/"
link=$(added add "http://127.0.0.1:$links/two.nzb" tow-7)
ok "a link is fetched, and keeps its key" wait_until "[ \"\$(row $link .complete)\" = true ]"
is "$(row "$link" '[.name, .tags]')" '["two",["tow-7"]]' "and its tag"
link=$(added add "http://127.0.0.1:$links/none.nzb" tow-8)
ok "a link to nothing: an error" becomes "$link" error
is "$(row "$link" '[.client_state, .size, .local]')" '["FAILURE/FETCH",-1,false]' "in its words"

# What it cannot
: >"$room/empty.nzb"
is "$(drive add "$room/empty.nzb" | says)" 'client.refused final' "an empty file would be taken, and fail later"
is "$(drive add 'magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567' | says)" 'client.refused final' "a magnet"
like "$(drive add "$room/one.nzb" x /elsewhere | jq -r .hint)" 'category' "a folder"
is "$(drive add "$room/one.nzb" 'a"b' | says)" 'client.refused final' "a tag that it cannot keep"
is "$(acted "$one" recheck) $(acted "$one" reannounce)" 'client.refused client.refused' "to check, or to announce"
for key in 99999 0 x 1e3 '1],"' 99999999999999999999; do
	is "$(acted "$key" pause) $(acted "$key" resume) $(acted "$key" remove) $(acted "$key" remove-data) $(drive tag "$key" x | jq -r .error) $(drive files "$key" | jq -r .error)" \
		'client.gone client.gone client.gone client.gone client.gone client.gone' "an unknown key: $key"
done

# Removed: what is in the queue with its files, what failed too, what is done never
folder=$(of "$one" .folder)
is "$(drive act "$one" remove-data | says)" 'client.refused final' "data of what is done stays: it is not claimed otherwise"
ok "and it is still listed" held "$one"
is "$(acted "$one" remove)" true "remove"
not_ok "it is not listed" held "$one"
ok "its data stays" [ -f "$folder/one.bin" ]
is "$(acted "$lost" remove-data)" true "remove a failure with its data"
not_ok "it is not listed" held "$lost"
raw pausedownload '[]' >/dev/null
torn=$(added add "$room/torn.nzb" tow-9)
is "$(acted "$torn" remove-data)" true "remove from the queue"
not_ok "it is not listed" held "$torn"
ok "nor is its folder there" wait_until "! ls -d '$room'/nzb/inter/torn*"

# One that lies
begin fake python3 -u tests/lib/rpc_fake.py "$room/fake"
wait_until "[ -s '$room/fake.log' ]"
url=http://127.0.0.1:$(head -n 1 "$room/fake.log")
fake() { printf '%s' "$2" >"$room/fake/$1"; }
for answer in '' '<html>' '[]' 'null' '{"result":' '{}'; do
	fake answer "$answer"
	is "$(drive list | jq -r .error) $(drive hello | jq -r .error) $(drive act 1 pause | jq -r .error)" \
		'client.garbled client.garbled client.garbled' "garbled: '$answer'"
done
fake answer '{"result": 5}'
is "$(drive list | says)" 'client.garbled retry' "a number for a list"
fake answer '{"result": "13.0"}'
is "$(drive hello | says)" 'client.old final' "an old one"
fake answer '{"error": {"code": 1, "message": ["x"]}}'
is "$(drive list | says)" 'client.refused final' "an odd error"
fake status '{"result": {"FreeDiskSpaceLo": "x", "DownloadRate": -5, "DownloadPaused": 7}}'
fake listgroups '{"result": [5, {}, {"NZBID": "x"}, {"NZBID": 1, "Status": "LEVITATING", "FileSizeLo": -1, "FileSizeHi": 0, "Parameters": [7, {"Name": "tow"}]},
	{"NZBID": 2, "Status": "DOWNLOADING", "FileSizeLo": 5, "FileSizeHi": 9223372036854775807, "RemainingSizeLo": 1e30}, {"NZBID": 3, "Status": "PP_FINISHED"},
	{"NZBID": 4, "Status": "QUEUED", "FileSizeLo": 5, "FileSizeHi": 2, "RemainingSizeLo": 5, "RemainingSizeHi": 2, "NZBName": null}, {"NZBID": 5, "Status": "MOVING"}]}'
fake history '{"result": [null, {"NZBID": 3, "Status": "SUCCESS/ALL", "HistoryTime": -5, "FinalDir": "/final", "DestDir": "/dest"}, {"NZBID": 6, "Status": "WARNING/SPACE"},
	{"NZBID": 7, "Status": "FAILURE/NEW"}, {"NZBID": 8, "Status": "BETTER/NEW"}, {"NZBID": 9, "Status": "FAILURE/HEALTH", "Health": -7}]}'
is "$(drive list | jq -c '.transfers[] | [.key, .state, .size, .complete, .local]' | paste -sd ' ')" \
	'["1","unknown",4294967295,false,false] ["2","downloading",-1,false,false] ["4","queued",8589934597,false,false] ["5","moving",-1,false,false] ["3","done",-1,true,false] ["6","error",-1,false,true] ["7","error",-1,false,false] ["8","unknown",-1,false,false] ["9","error",-1,false,false]' \
	"an odd one spoils no listing; what is in queue and history is in the history"
is "$(of 3 .folder)" /final "a final folder is the folder"
fake listfiles '{"result": [5, {"Filename": 7, "FileSizeLo": 5, "FileSizeHi": -1}]}'
is "$(drive files 2 | jq '.files | length')" 2 "nor odd files"
done_testing
