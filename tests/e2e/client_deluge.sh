#!/usr/bin/env bash
# The driver of Deluge against the real daemon and its deluge-web: the connection between them, sessions, labels, every state
# that can be reached, adding, changing, removing; and against one that pretends to be it, for what it does not say by itself.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
for tool in deluged deluge-web mktorrent jq python3 curl; do
	command -v "$tool" >/dev/null || skip_all "there is no $tool here: contrib/bootstrap.sh check"
done
. tests/lib/torrents.sh

driver=deluge
daemon_port=$(free_port)
there=http://127.0.0.1:$(free_port)
url=$there
salt=c26ab3bbd8b137f99cd83c2c1c0963bcc1a35cad
mkdir -p "$room"/{deluge,downloads,elsewhere,source/season/extras,small,fake}

configure() {
	echo 'localclient:labpass123:10' >"$room/deluge/auth"
	cat >"$room/deluge/core.conf" <<-END
		{"file": 1, "format": 1}{"daemon_port": $daemon_port, "allow_remote": false, "random_port": false,
		"listen_ports": [$(free_port), 0], "listen_interface": "127.0.0.1", "outgoing_interface": "127.0.0.1",
		"download_location": "$room/downloads", "dht": false, "lsd": false, "utpex": false, "upnp": false, "natpmp": false,
		"new_release_check": false, "enabled_plugins": ["Label"]}
	END
	sed -i -E 's/("listen_ports": \[)([0-9]+), 0/\1\2, \2/' "$room/deluge/core.conf"
	cat >"$room/deluge/web.conf" <<-END
		{"file": 2, "format": 1}{"port": ${there##*:}, "interface": "127.0.0.1", "https": false, "first_login": false,
		"pwd_salt": "$salt", "pwd_sha1": "$(printf %s "${salt}labpass123" | sha1sum | cut -c 1-40)", "session_timeout": 3600,
		"sessions": {}, "enabled_plugins": [], "base": "/", "default_daemon": ""}
	END
	hosts '["aaaa", "127.0.0.1", '"$daemon_port"', "localclient", "labpass123"]'
}
hosts() { echo '{"file": 3, "format": 1}{"hosts": ['"$1"']}' >"$room/deluge/hostlist.conf"; }
daemon() {
	begin "daemon-${#begun[@]}" nice deluged -d -c "$room/deluge" -u 127.0.0.1 -p "$daemon_port" -L warning
	daemon=$pid
	wait_until "(: </dev/tcp/127.0.0.1/$daemon_port) 2>/dev/null"
}
web() {
	begin "web-${#begun[@]}" nice deluge-web -d -c "$room/deluge" -i 127.0.0.1 -p "${there##*:}" -L info
	web=$pid
	web_log=$room/web-$((${#begun[@]} - 1)).log
	wait_until "curl -s -o /dev/null '$there'"
}

# The client's own words, for what no driver does: raw METHOD PARAMETERS
raw() {
	curl -s -b "$room/jar" -c "$room/jar" -H 'Content-Type: application/json' -d "{\"method\":\"$1\",\"params\":$2,\"id\":1}" "$there/json"
}
says() { jq -r '[.error, .code] | join(" ")'; }
acted() { drive act "$@" | jq -r '.ok // .error'; }
added() { drive "$@" | jq -r '.key // .error'; }
names() { jq -r '[.transfers[].name] | sort | join(" ")'; }

configure
daemon
web
ok "the test may log in" [ "$(raw auth.login '["labpass123"]' | jq .result)" = true ]

# Who it is, and who we are
is "$(raw web.connected '[]' | jq .result)" false "deluge-web starts without its daemon"
login=(-p labpass123)
like "$(drive hello | jq -r .version)" '^2\.' "hello finds the daemon, and says its version"
is "$(raw web.connected '[]' | jq .result)" true "which stays"
login=(-p wrong)
is "$(drive hello | says)" 'client.auth final' "a wrong password"
like "$(drive list | jq -r .hint)" 'deluge-web' "with a hint"
login=()
is "$(drive list | jq -r '.error + ": " + .text')" 'client.auth: it asks for a password' "no password"
login=(-p labpass123)
url=http://127.0.0.1:$(free_port)
is "$(drive hello | says)" 'http.connect retry' "nobody there"
url=$there
is "$(drive -t x list | jq -r '.error + ": " + .text')" 'client.refused: Deluge has no tags' "tags cannot be had"
is "$(drive -c 'TV Shows' list | jq -r '.error + ": " + .text')" "client.refused: 'TV Shows' can be no label" "nor any label"
is "$(drive list | jq -c '[.whole, .free > 0, (.transfers | length)]')" '[true,true,0]' "an empty listing, and the free space"

# One is added, and watched
head -c 1800000 /dev/urandom >"$room/source/film.bin"
head -c 100000 /dev/urandom >"$room/source/season/one.bin"
head -c 40000 /dev/urandom >"$room/source/season/extras/two.bin"
head -c 300000 /dev/urandom >"$room/source/big.bin"
seed_start "$room/source" 300000
torrent film "$room/source/film.bin" "http://127.0.0.1:$seed_port/film.bin"
torrent season "$room/source/season" "http://127.0.0.1:$seed_port/"
torrent big "$room/source/big.bin" "http://127.0.0.1:$seed_port/big.bin"
torrent dead "$room/source/season/one.bin"
login=(-p labpass123 -c tow-films)
film=$(added add "$room/film.torrent" tow-1)
like "$film" '^[0-9a-f]{40}$' "adding says the hash"
is "$(of "$film" .tracker_host)" 127.0.0.1 "its tracker is a host"
is "$(of "$film" '[.category, .name, .folder] | join(" ")')" "tow-films film.bin $room/downloads" "in a label that was made for it"
is "$(raw label.get_labels '[]' | jq -c .result)" '["tow-films"]' "which is there"
ok "downloading" wait_until "of $film . >'$room/film.json' && jq -e '.state == \"downloading\" and .left < .size and .percent > 0 and .down > 0' '$room/film.json'"
is "$(jq -c '[.complete, .size, .left > 0, .left < .size, .percent > 0, .percent < 100, .down > 0, .completed_at]' "$room/film.json")" \
	'[false,1800000,true,true,true,true,true,0]' "with numbers"
ok "complete" wait_until "[ \"\$(of $film .complete)\" = true ]"
is "$(drive list | jq -c '.transfers[] | [.state, .left, .percent, .eta, .completed_at >= .added_at, .added_at > 0, .error]')" \
	'["seeding",0,100,-1,true,true,null]' "seeding, and nothing is left"
ok "the file is what it was" cmp "$room/source/film.bin" "$room/downloads/film.bin"
like "$(of "$film" .tracker)" '^Error' "its tracker's complaint is told"
is "$(drive add "$room/film.torrent" | says)" 'client.held final' "what it holds may be somebody else's"
is "$(added again "$room/film.torrent")" "$film" "if it is ours, adding it again says which that is"
login=(-p labpass123 -c other)
is "$(drive hash "$film" | jq -r .key)" "$film" "by its hash it is found under whatever label"
is "$(drive hash 0123456789abcdef0123456789abcdef01234567 | says)" 'client.gone final' "and what it does not hold is not"
is "$(drive again "$room/film.torrent" | jq -r '.error + ": " + .text')" \
	"client.refused: it holds this torrent already, labelled 'tow-films'" "not where it has another label"
is "$(drive list | jq '.transfers | length')" 0 "listings are narrowed to a label"
login=(-p labpass123)
is "$(drive list | names)" film.bin "or not"
recategorised "$film" tow-films tow-done
is "$(drive category "$film" 'Done!' | says)" 'client.refused final' "what can be no label"
is "$(drive category 0123456789abcdef0123456789abcdef01234567 x | says)" 'client.gone final' "of a torrent that it does not hold"
recategorised "$film" tow-done tow-films
login=(-p labpass123 -c tow-films)
is "$(drive -d never-made list | names)" film.bin "a label that is not there disturbs no listing"

# Files
season=$(added add "$room/season.torrent" tow-2 "$room/elsewhere")
raw core.set_torrent_options "[[\"$season\"], {\"file_priorities\": [4, 0]}]" >/dev/null
ok "the folder that was asked for" [ "$(of "$season" .folder)" = "$room/elsewhere" ]
ok "some of it: complete" wait_until "[ \"\$(of $season .complete)\" = true ]"
is "$(drive files "$season" | jq -c --arg folder "$room/elsewhere" '[.folder == $folder, ([.files[] | [.path, .size]] | sort)]')" \
	'[true,[["season/extras/two.bin",40000],["season/one.bin",100000]]]' "its files"
is "$(drive files "$season" | jq -c '[.files[].wanted] | sort')" '[false,true]' "one of them is wanted"
is "$(drive files "$season" | jq '[.files[] | select(.wanted) | .size == .done] | all')" true "and here"
is "$(drive files 0123456789012345678901234567890123456789 | says)" 'client.gone final' "no files of an unknown one"

# States
dead=$(added add "$room/dead.torrent")
ok "stalled" becomes "$dead" stalled
is "$(acted "$dead" pause)" true "pause"
ok "paused" becomes "$dead" paused
is "$(acted "$dead" reannounce)" true "reannounce"
is "$(acted "$dead" resume)" true "resume"
ok "stalled again" becomes "$dead" stalled
magnet=$(added add 'magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567&dn=Something')
is "$magnet" 0123456789abcdef0123456789abcdef01234567 "a magnet"
ok "looks for what it is" becomes "$magnet" metadata
is "$(of "$magnet" '[.size, .left, .complete, .name] | join(" ")')" '-1 -1 false Something' "its size is not known"
raw core.set_config '[{"max_active_downloading": 0, "max_active_seeding": 0, "max_active_limit": 0}]' >/dev/null
ok "queued" becomes "$dead" queued
ok "queued, to seed" wait_until "[ \"\$(of $season .client_state)\" = Queued ]"
is "$(of "$season" '[.state, .complete] | join(" ")')" 'seeding true' "which is complete"
raw core.set_config '[{"max_active_downloading": 9, "max_active_seeding": 9, "max_active_limit": 9}]' >/dev/null
# Deluge forgets a pause that meets its own queue's doing.
ok "pause what is complete: done" wait_until "[ \"\$(acted $film pause; of $film .state)\" = 'true
done' ]"
is "$(of "$film" .complete)" true "and complete"
is "$(acted "$film" resume)" true "resume"
truncate -s 700M "$room/source/sparse.bin" "$room/downloads/sparse.bin"
mktorrent -l 22 -a http://127.0.0.1:1/none -o "$room/sparse.torrent" "$room/source/sparse.bin" >/dev/null
sparse=$(added add "$room/sparse.torrent")
ok "checking, and not complete" wait_until "[ \"\$(of $sparse '[.state, .complete] | join(\" \")')\" = 'checking false' ]"
ok "and then it is" wait_until "[ \"\$(of $sparse .complete)\" = true ]"
is "$(acted "$sparse" recheck)" true "recheck"
ok "checking again" becomes "$sparse" checking
is "$(acted "$sparse" remove)" true "remove"
ok "it is gone" wait_until "! held $sparse"
ok "its data is not" [ -f "$room/downloads/sparse.bin" ]
rm -f "$room"/{source,downloads}/sparse.bin

# What it can write nowhere: an error of our disk, not of what is downloaded
big=$(added add "$room/big.torrent" tow-3 "$room/big.torrent/inside")
# Deluge resumes what it was just given; where that meets the error, the error is forgotten and the torrent stays paused.
failed() {
	case $(of "$big" .state) in
	error) return 0 ;;
	paused) acted "$big" resume >/dev/null ;;
	esac
	return 1
}
ok "no folder: an error" wait_until failed
is "$(drive list | jq -c --arg key "$big" '.transfers[] | select(.key == $key) | [.local, .complete]')" '[true,false]' "of our own disk"
like "$(of "$big" .error)" 'Not a directory' "with the reason"
is "$(acted "$big" remove-data)" true "and can be removed"
ok "is gone" wait_until "! held $big"

# A full disk: libtorrent 2 stands still, or cannot write where it has mapped the file
full() {
	case $(of "$big" '"\(.state) \(.local)"') in
	'stalled '* | 'error true') return 0 ;;
	esac
	return 1
}
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=200k tmpfs "$room/small" 2>/dev/null; then
	big=$(added add "$room/big.torrent" tow-3 "$room/small")
	ok "no space left" wait_until "[ \"\$(df --output=avail '$room/small' | tail -n 1)\" -eq 0 ]"
	ok "stalled, or an error of our own disk" wait_until full
	is "$(of "$big" .complete)" false "and not complete"
	is "$(acted "$big" remove-data)" true "is removed"
	ok "is gone" wait_until "! held $big"
else
	skip "no tmpfs may be mounted here"
fi

# Removed, and unknown
is "$(acted "$season" remove-data)" true "remove with data"
ok "it is not listed" wait_until "! held $season"
ok "its data is gone" wait_until "[ ! -e '$room/elsewhere/season/one.bin' ]"
for what in pause resume recheck reannounce remove remove-data; do
	is "$(acted "$season" "$what")" client.gone "$what of an unknown one"
done
is "$(acted "$season\"]" pause)" client.gone "or of an odd one"
echo 'no torrent' >"$room/bad.torrent"
is "$(drive add "$room/bad.torrent" | says)" 'client.refused final' "a file that is none"
like "$(drive add "$room/bad.torrent" | jq -r .text)" 'decoding' "and why"
is "$(drive add 'magnet:?x' | says)" 'client.refused final' "a magnet that is none"
is "$(drive tag "$film" x | says)" 'client.refused final' "a tag"
links=$(free_port)
begin links python3 -m http.server --bind 127.0.0.1 --directory "$room" "$links"
wait_until "curl -s -o /dev/null http://127.0.0.1:$links/"
is "$(added again "http://127.0.0.1:$links/film.torrent")" "$film" "a link that it fetches itself"
is "$(drive add "http://127.0.0.1:$(free_port)/none.torrent" | says)" 'client.refused final' "one that it cannot fetch"

# Without the plugin
raw core.disable_plugin '["Label"]' >/dev/null
ok "no plugin" wait_until "[ \"\$(drive list | says)\" = 'client.refused final' ]"
like "$(drive list | jq -r '.text + " " + .hint')" 'Label plugin' "a listing by label would be empty: refused"
is "$(drive add "$room/big.torrent" | says)" 'client.refused final' "nothing is added without its label"
login=(-p labpass123)
unlike "$(drive list | names)" 'big' "really nothing"
raw core.enable_plugin '["Label"]' >/dev/null
login=(-p labpass123 -c tow-films)
ok "the plugin is back" wait_until "drive list"

# deluge-web dies, and its sessions with it
drive list - wait "$room/go" - list - list >"$room/lists" &
begun+=($!)
lists=$!
wait_until "[ \$(wc -l <'$room/lists') = 1 ]"
kill -KILL "$web"
wait "$web" 2>/dev/null
web
: >"$room/go"
wait "$lists"
is "$(jq -c .whole "$room/lists" | paste -sd ' ')" 'true false true' "a session that is lost is found again; a daemon just found may list less than it has"
is "$(sed -n 3p "$room/lists" | names)" "$(head -n 1 "$room/lists" | names)" "the listing is what it was"
is "$(grep -c 'Login success' "$web_log")" 1 "one login did it"

# The daemon goes, and comes back without a file
ok "the test logs in again" [ "$(raw auth.login '["labpass123"]' | jq .result)" = true ]
finish "$daemon"
ok "deluge-web notices" wait_until "[ \"\$(raw web.connected '[]' | jq .result)\" = false ]"
is "$(drive list | says)" 'client.refused retry' "no daemon: refused, at once"
is "$(drive files "$film" | says)" 'client.refused retry' "not waited for"
rm "$room/downloads/film.bin"
daemon
ok "it is found" wait_until "drive hello"
ok "missing files" becomes "$film" 'missing files'
is "$(drive list | jq -c --arg key "$film" '.transfers[] | select(.key == $key) | [.complete, .local, .error]')" \
	'[false,false,"Missing or invalid torrent data!"]' "in its words"

# Two daemons to choose from
finish "$web"
hosts "$(printf '["%s", "127.0.0.1", %d, "localclient", "labpass123"]' aaaa "$daemon_port"), $(printf '["%s", "127.0.0.1", %d, "", ""]' bbbb "$(free_port)")"
web
is "$(drive list | says)" 'client.refused retry' "two daemons: it is not guessed which is ours"
like "$(drive list | jq -r .hint)" 'default_daemon' "a hint says what to do"

# One that lies
begin fake python3 -u tests/lib/rpc_fake.py "$room/fake"
wait_until "[ -s '$room/fake.log' ]"
url=http://127.0.0.1:$(head -n 1 "$room/fake.log")
fake() { printf '%s' "$2" >"$room/fake/$1"; }
for answer in '' '<html>' '[]' 'null' '{"error":'; do
	fake answer "$answer"
	is "$(drive list | jq -r .error) $(drive hello | jq -r .error)" 'client.garbled client.garbled' "garbled: '$answer'"
done
fake answer '{"result": 5, "error": null}'
is "$(drive list | jq -r .error) $(drive add "$room/film.torrent" | jq -r .error)" 'client.garbled client.refused' "numbers for answers"
fake answer '{"result": null, "error": {"code": 1, "message": 7}}'
is "$(drive list | says)" 'client.auth final' "never logged in"
rm "$room/fake/asked"
fake auth.login '{"result": false, "error": null}'
is "$(drive list | jq -r .text)" 'wrong password' "or with a wrong password"
is "$(grep -c auth.login "$room/fake/asked")" 1 "which is sent once"
rm "$room/fake/asked"
fake auth.login '{"result": true, "error": null}'
is "$(drive list | says)" 'client.auth final' "not even after a login"
is "$(grep -c auth.login "$room/fake/asked")" 1 "of which there is one"
fake web.connected '{"result": true, "error": null}'
login=(-p labpass123)
fake daemon.get_version '{"result": null, "error": {"code": 2, "message": "Unknown method"}}'
fake daemon.info '{"result": "1.3.15", "error": null}'
is "$(drive hello | says)" 'client.old final' "Deluge 1"
cp "$room/fake/daemon.get_version" "$room/fake/daemon.info"
is "$(drive hello | says)" 'client.garbled retry' "one that was connected this moment, and does not know its daemon yet"
fake web.update_ui '{"result": {"connected": true, "stats": 7, "torrents": {"a": 5, "b": {}, "c": {"state": "Seeding", "is_finished": true, "total_wanted": 1e30,
	"total_remaining": -4, "eta": 1e300, "ratio": "x", "label": [], "time_added": -1, "num_files": null}, "d": {"name": "d", "state": "Paused",
	"is_finished": true, "total_wanted": 5, "total_remaining": 0, "ratio": -1.0}, "e": {"state": "Levitating"}}}, "error": null}'
is "$(drive list | jq -c '[.transfers[] | [.key, .state, .complete]]')" \
	'[["a","unknown",false],["b","unknown",false],["c","seeding",false],["d","done",true],["e","unknown",false]]' "an odd one spoils no listing"
fake core.get_torrent_status '{"result": {"files": [{"path": 5, "size": 9223372036854775807}, 7, {"path": "x", "size": -3}], "file_progress": [0.999, "x"],
	"file_priorities": {}}, "error": null}'
is "$(drive files a | jq -c '[.files[] | [.path, .size, .wanted]] | length')" 3 "nor odd files"
done_testing
