#!/usr/bin/env bash
# The driver of MPD against the real program: passwords, its socket and TCP, what it is told to look at and what it then knows,
# hostile names; and against one that pretends to be it, for what it does not say by itself.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
for tool in mpd jq python3; do
	command -v "$tool" >/dev/null || skip_all "there is no $tool here: contrib/bootstrap.sh check"
done
. tests/lib/targets.sh

driver=mpd
mkdir -p "$room"/{mpd,music,fake}
music=$(realpath "$room/music")
port=$(free_port)
six=''
if python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null; then six='bind_to_address "::1"'; fi
cat >"$room/mpd/conf" <<-END
	music_directory "$music"
	playlist_directory "$room/mpd"
	db_file "$room/mpd/db"
	pid_file "$room/mpd/pid"
	log_file "$room/mpd/log"
	bind_to_address "127.0.0.1"
	bind_to_address "$room/mpd/socket"
	$six
	port "$port"
	password "labpass123@read,add,control,admin"
	password "pa\"ss\\\\ word@read,control"
	password "listener@read"
	default_permissions "read"
	local_permissions "read,control,admin"
	zeroconf_enabled "no"
	audio_output {
		type "null"
		name "none"
	}
END
begin mpd mpd --no-daemon "$room/mpd/conf"
mpd=$pid
local_url=mpd://$room/mpd/socket
there=mpd://127.0.0.1:$port

# Its own words, for what no driver does. All that it knows, a line each.
raw() {
	local line
	exec 7<>"/dev/tcp/127.0.0.1/$port" && read -r line <&7 && printf '%s\nclose\n' "$1" >&7
	cat <&7
	exec 7>&-
}
known() { raw 'listall' | sed -n 's/^file: //p' | sort; }
song() { # path...
	local one
	for one; do
		mkdir -p "$music/$(dirname "$one")"
		python3 -c 'import sys, wave; w = wave.open(open(sys.argv[1], "wb")); w.setnchannels(1); w.setsampwidth(2); w.setframerate(8000); w.writeframes(bytes(16000)); w.close()' \
			"$music/$one"
	done
}
# A scan, and what follow says once it is over.
scanned() {
	local job
	job=$(says scan "$@")
	[[ $job =~ ^[0-9]+$ ]] || { echo "$job" && return; }
	wait_until "[ \"\$(state $job)\" != running ]" && state "$job"
}

url=$there
wait_until "raw ping | grep -q OK"

# Who it is, and who we are
is "$(says hello)" "target.auth final" "who says no password may not update"
like "$(drive hello | jq -r .text)" 'without a password' "and is told so"
login=(-p wrong)
is "$(says hello)" "target.auth final" "a wrong password"
login=(-p listener)
is "$(drive hello | jq -r .text)" "this password may not update" "a password that may only listen"
is "$(says scan)" "target.auth final" "which cannot scan, either"
login=(-p $'labpass123\nkill')
is "$(says hello)" "line.break final" "a password with a line break is not sent"
login=(-p 'pa"ss\ word')
like "$(drive hello | jq -r .version)" '^0\.[0-9]+\.' "a password with quotes; it says its version"
login=(-p labpass123)
is "$(says hello)" ok "the password"
url=mpd://localhost:$port
is "$(says hello)" ok "by name"
if [ -n "$six" ]; then
	url="mpd://[::1]:$port"
	is "$(says hello)" ok "over IPv6"
else
	skip "there is no IPv6 here"
fi
login=()
url=$local_url
is "$(says hello)" ok "its socket, without a password"
for url in mpd://127.0.0.1:nix http://127.0.0.1:1 mpd:// 'mpd://[::1' "mpd://$room/$(printf '%0120d' 0)"; do
	is "$(says hello)" "line.url final" "an address that is none: ${url:0:30}"
done
url=mpd://127.0.0.1:$(free_port)
is "$(says hello)" "line.connect retry" "nobody there"
url=mpd://$room/nothing
is "$(says hello)" "line.connect retry" "no socket there"

# What it is told to look at, it knows then, and nothing else
url=$local_url
song one/a.wav one/b.wav two/c.wav
is "$(scanned "$music/one/")" "done" "a folder is scanned"
is "$(known | paste -sd ' ')" "one/a.wav one/b.wav" "and no other"
song one/new.wav one/other.wav
is "$(scanned "$music/one/new.wav")" "done" "a file"
is "$(known | paste -sd ' ')" "one/a.wav one/b.wav one/new.wav" "and no other"
song deep/er/and/deeper/d.wav
is "$(scanned "$music/deep/er/and/deeper/d.wav" "$music/two")" "done" "a file in new folders, and a folder, at once"
is "$(known | grep -c 'deeper/d\|two/c')" 2 "both are known"
song new/a/x.wav new/a/y.wav new/b/z.wav
is "$(scanned "$music/new/a/x.wav" "$music/new/a/y.wav") $(known | grep -c ^new/)" "done 3" "below new folders the topmost new one is scanned"
song new/a/v.wav new/a/w.wav
is "$(scanned "$music/new/a/w.wav") $(known | grep -c ^new/)" "done 4" "and what is in a known one alone"
rm -r "$music/two"
is "$(scanned "$music/two/c.wav")" "done" "what is gone"
is "$(known | grep -c two/c)" 0 "is known no more"
is "$(scanned)" "done" "everything"
is "$(known | grep -c one/other)" 1 "is everything"
for n in {1..20}; do song "many/$n/x.wav"; done
song many/other.wav lonely.wav
many=()
for n in {1..20}; do many+=("$music/many/$n/x.wav"); done
is "$(scanned "${many[@]}")" "done" "more folders than it queues"
is "$(known | grep -c '^many/.*x.wav')" 20 "are scanned, as the folder of them all"
is "$(known | grep -c lonely)" 0 "and not as everything"
for n in {1..20}; do song "crowd/$n.wav"; done
many=()
for n in {1..20}; do many+=("$music/crowd/$n.wav"); done
is "$(scanned "${many[@]}") $(known | grep -c crowd)" "done 20" "many files of one folder"

# Paths: over TCP it does not say where its music is
is "$(says scan /elsewhere/x.wav)" "target.outside final" "what is not in its music directory"
is "$(says scan "$music/../etc/")" "target.outside final" "nor by a detour"
is "$(says scan "${music}ian/x.wav")" "target.outside final" "nor what is only named alike"
is "$(says scan "$music/one/" /elsewhere/)" "target.outside final" "one that is not spoils all"
url=$there
login=(-p labpass123)
is "$(says scan "$music/one/")" "target.outside final" "over TCP without a library"
like "$(drive scan "$music/one/" | jq -r .hint)" 'music_directory' "with a hint"
song three/e.wav
is "$(scanned three/)" "done" "what is below it, said so"
is "$(known | grep -c three/e)" 1 "is known"
login=(-p labpass123 -l "$music/")
song four/f.wav
is "$(scanned "$music/four/f.wav") $(known | grep -c four/f)" "done 1" "with its music directory as library"
is "$(says scan /elsewhere/x.wav)" "target.outside final" "what is not in that"

# Names
odd=("qu\"ote/a \\ b.wav" "dé 😀/ö.wav" "ACK [5@0]/OK.wav" " lead/t rail .wav" "'single' \$(x)/\`y\`.wav" "close/kill.wav")
song "${odd[@]}"
for one in "${odd[@]}"; do
	is "$(scanned "$music/$one") $(known | grep -cxF "$one")" "done 1" "a name: $one"
done
is "$(says scan "$music/bad"$'\n'"kill.wav")" "target.refused final" "a name with a line break is refused"
ok "and it lives" kill -0 "$mpd"
finish "$mpd"
is "$(says hello)" "line.connect retry" "it is gone"

# One that says what it is told to say
begin fake python3 -u tests/lib/mpd_fake.py "$room/fake"
wait_until "[ -s '$room/fake.log' ]"
url=mpd://127.0.0.1:$(head -n 1 "$room/fake.log")
login=(-l /music -p sesame)
answer() { printf '%b' "$2" >"$room/fake/$1"; }
answer commands 'command: update\nOK\n'
is "$(says hello)" ok "the one that pretends"
is "$(says scan /music/$'a\rb')" "target.refused final" "a name with a carriage return"
is "$(says scan /music/$'a\nclearerror')" "target.refused final" "or a line break"
is "$(grep -c 'update\|clearerror' "$room/fake/asked")" 0 "of neither a word is sent"
is "$(says scan '/music/a "b" \c/')" "target.garbled retry" "an OK without a number"
is "$(grep ^update "$room/fake/asked")" 'update "a \"b\" \\c"' "a name is quoted"
is "$(grep -c ^lsinfo "$room/fake/asked")" 0 "what is right below the music directory is not looked for"
answer update 'updating_db: 9\nOK\n'
answer lsinfo 'ACK [50@0] {lsinfo} No such directory\n'
: >"$room/fake/asked"
is "$(says scan '/music/a "b"/c/d' '/music/a "b"/e')" 9 "new folders"
is "$(grep -v ^password "$room/fake/asked" | paste -sd ' ')" 'lsinfo "a \"b\"/c" lsinfo "a \"b\"" update "a \"b\"" lsinfo "a \"b\""' "are looked for, and told once"
answer lsinfo 'directory: x\nOK\n'
is "$(says scan /music/)" 9 "the music directory itself"
is "$(tail -n 1 "$room/fake/asked")" update "is everything"
for one in 3:target.auth:final 4:target.auth:final 5:target.old:final 50:target.refused:final 52:target.refused:retry 54:target.busy:retry; do
	IFS=: read -r code class what <<<"$one"
	answer update "ACK [$code@0] {update} no, sesame\n"
	is "$(says scan /music/x)" "$class $what" "ACK $code"
done
is "$(drive scan /music/x | jq -r .text)" "'x': no, ***" "in its own words, but without the secret"
answer update 'whatever\nACK nonsense\n'
is "$(says scan /music/x)" "target.garbled retry" "nonsense"

# 9 is the number of ours: which ones are beyond it
of() { answer status "volume: 5\n${1:+updating_db: $1\n}OK\n" && state "${2:-9}"; }
is "$(of 9) $(of 8) $(of 10) $(of '')" "running running done done" "a number before, and one after"
is "$(of 2 32760) $(of 32768 3)" "done running" "numbers begin anew"
is "$(drive follow 9 | jq -r .note)" "it is at another update" "and it says what it is at"
answer status 'ACK [4@0] {status} no\n'
is "$(state 9)" target.auth "it may not look"

answer greeting 'HTTP/1.1 400 Bad Request\n'
is "$(says hello)" "target.garbled retry" "somebody else"
head -c 200000 /dev/zero | tr '\0' x >"$room/fake/greeting"
is "$(says hello)" "line.too_long final" "a line without an end"
printf 'OK MPD 0.2' >"$room/fake/greeting"
login=(-t 300)
is "$(says hello)" "line.timeout retry" "half a line, and then nothing"
rm "$room/fake/greeting"
touch "$room/fake/deaf"
is "$(says hello)" "line.timeout retry" "nothing at all"
rm "$room/fake/deaf"
login=()
answer update 'updating_db: 3\nOK\n'
is "$(drive hello - scan one/ - scan two/ | jq -r '.job // "ok"' | paste -sd ' ')" "ok 3 3" "and it goes on"
done_testing
