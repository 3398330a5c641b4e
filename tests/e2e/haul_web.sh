#!/usr/bin/env bash
# Plain links, with no download client at all: our own workers fetch them, whatever the server does, and whatever happens to the
# worker, and what they have fetched is placed like anything else.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
for tool in jq python3; do
	command -v "$tool" >/dev/null || skip_all "there is no $tool here: contrib/bootstrap.sh check"
done
. tests/lib/torrents.sh
. tests/lib/instance.sh
trap 'status=$?; instance_stop; room_clear; exit $status' EXIT

tow() { "$TOW" "$@"; }
asks() { instance_psql -c "$1"; }
says() { [ "$(asks "$1")" = "$2" ]; }
becomes() { wait_until "says \"select state from haul.downloads where id = $1\" $2"; }
failed_as() { wait_until "says \"select state || ' ' || class from haul.downloads where id = $1\" 'failed $2'"; }
asked() { jq -s -r "map(select(.path == \"/$1\")) | $2" "$room/src/asked"; }
add() { tow haul add "http://127.0.0.1:$port/$1" "${@:2}"; }
half_here() { [ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -ge $((size / 2)) ]; }

size=4000000
mkdir -p "$room/src" "$room/library" "$room/dl"
: >"$room/src/asked"
for name in "a file.iso" killed restarted cut whole stubborn changed held gone sure busy named bad again shared only; do head -c $size /dev/urandom >"$room/src/$name"; done
begin files python3 -u tests/lib/web_files.py "$room/src"
wait_until "[ -s '$room/files.log' ]"
port=$(head -n 1 "$room/files.log")

instance_start
tow library add main "$room/library"
scheduler_start
worker_start --queue haul:4 --queue haul.watch:4

#--- as it should be
id=$(add plain/a%20file.iso?key=1)
ok "a plain link comes to its end" becomes "$id" completed
ok "in the library" cmp -s "$room/src/a file.iso" "$room/library/a file.iso"
is "$(stat -c %h "$room/library/a file.iso")" 2 "by hard link"
ok "from downloads in the worker's home" test "$room/library/a file.iso" -ef "$TOW_HOME/downloads/tow-$id/a file.iso"
like "$(tow client ls)" "web +web +ok +1 " "tow client ls"
ok "another folder" tow client set web --url "file://$room/dl"

#--- the worker is killed in mid-download
id=$(add gate/killed --checksum "sha256:$(sha256sum "$room/src/killed" | cut -d' ' -f1)")
ok "a download is under way" wait_until "half_here '$room/dl/tow-$id/killed.part'"
ok "and shows it" wait_until "says \"select floor(percent) || ' ' || size from haul.downloads where id = $id\" '50 $size'"
kill -KILL "$WORKER_PID"
ok "its worker is killed" wait_until "[ \"\$(asked gate/killed length)\" = 1 ]"
touch "$room/src/open"
worker_start --queue haul:4 --queue haul.watch:4
ok "another one ends it" becomes "$id" completed
ok "whole" cmp -s "$room/src/killed" "$room/library/killed"
is "$(asked gate/killed '.[-1].range')" "bytes=$((size / 2))-" "from where it was"
is "$(asked gate/killed 'map(.sent) | add')" $size "no byte is sent twice"
rm "$room/src/open"

#--- our own database is started anew
id=$(add gate/restarted)
ok "another is under way" wait_until "half_here '$room/dl/tow-$id/restarted.part'"
tow db stop >/dev/null
touch "$room/src/open"
ok "its request ends" wait_until "[ \"\$(asked gate/restarted length)\" = 1 ]"
tow db start >/dev/null
ok "while its database was away" becomes "$id" completed
ok "it came whole" cmp -s "$room/src/restarted" "$room/library/restarted"
is "$(asks "select count(*) from tow_store.history h join tow_store.job j on j.id = h.job_id where (j.args ->> 'download')::bigint = $id and h.outcome in ('r', 'f')")" 0 "which was no attempt in vain"
rm "$room/src/open"

#--- servers that break off
# Each is tried again when we say so, and not by itself before its file is another one.
put_off() { [ "$(asks "select count(tow.snooze(id, '1 hour')) from tow.jobs where kind = 'haul.fetch' and state = 'scheduled' and args ->> 'download' = '$1'")" = 1 ]; }
break_off() { wait_until "put_off $1"; }
ids=() names=(cut whole stubborn)
for name in "${names[@]}"; do ids+=("$(add "$name/$name")") && break_off "${ids[-1]}"; done
add cut/changed >"$room/changed" && break_off "$(cat "$room/changed")"
for id in "${ids[@]}" "$(cat "$room/changed")"; do wait_until "says \"select transfer from haul.downloads where id = $id\" stalled"; done
head -c $size /dev/urandom >"$room/src/stubborn"
head -c $((size + 1)) /dev/urandom >"$room/src/changed"
ids+=("$(cat "$room/changed")") names+=(changed)
for i in "${!ids[@]}"; do
	tow haul retry "${ids[$i]}"
	ok "broken off: ${names[$i]}" becomes "${ids[$i]}" completed
	ok "is whole" cmp -s "$room/src/${names[$i]}" "$room/library/${names[$i]}"
done
is "$(asked cut/cut 'map("\(.status) \(.sent)") | join(", ")')" "200 $((size / 2)), 206 $((size / 2))" "the rest is asked for"
is "$(asked whole/whole 'map("\(.range) \(.status)") | join(", ")')" "null 200, bytes=$((size / 2))- 200" "a server without ranges sends all of it"
is "$(asked cut/changed 'map("\(.range) \(.status)") | join(", ")')" "null 200, bytes=$((size / 2))- 200" "and so does one whose file is another by now"
is "$(asked stubborn/stubborn 'map("\(.range) \(.status)") | join(", ")')" "null 200, bytes=$((size / 2))- 206, null 200" "or is asked for all of it"

#--- held, given up
id=$(add gate/held) other=$(add gate/gone)
wait_until "half_here '$room/dl/tow-$id/held.part' && half_here '$room/dl/tow-$other/gone.part'"
tow haul watch >"$room/watch" &
watching=$!
told() { grep -qE "^ *$1 +$2" "$room/watch"; }
ok "whoever watches into a file is told" wait_until "told $id 'downloading .* 50 %' && told $other 'downloading .* 50 %'"
ok "held" tow haul pause "$id"
ok "that is told, too" wait_until "told $id paused"
is "$(grep -cE "^ *$other +downloading .* 50 %" "$room/watch")" 1 "of each state once, as long as nothing moves"
ok "its job ends" wait_until "says \"select count(*) from tow.jobs where 'download:$id' = any(tags)\" 0"
ok "what it has stays" half_here "$room/dl/tow-$id/held.part"
tow haul cancel "$other" --remove data
ok "given up with its data" wait_until "[ ! -e '$room/dl/tow-$other' ]"
ok "and how one ends" wait_until "told $other cancelled"
kill "$watching"
ok "it is gone" wait_until "says \"select state || ' ' || (select count(*) from haul.transfers where download = $other) from haul.downloads where id = $other\" 'cancelled 0'"
touch "$room/src/open"
is "$(tow haul resume "$id" >/dev/null && becomes "$id" completed && asked gate/held '.[-1].range')" "bytes=$((size / 2))-" "let go on from there"

#--- what goes wrong
sum=$(md5sum "$room/src/sure" | cut -d' ' -f1)
sure=$(add plain/sure --checksum "md5:$sum" --rate 2M) bad=$(add plain/bad --checksum "md5:$sum") lost=$(add plain/nothing) busy=$(add busy/busy)
named=$(add 'named/named?attachment;%20filename="../../../%2e%2e/.profile"') file=$(add "to/x?file:///etc/passwd") round=$(add "to/y?/to/y?/to/y") plain=$(add "to/z?/plain/again") listing=$(add list/) page=$(add list/ --title list.html)
ok "the right checksum" becomes "$sure" completed
ok "a wrong one" failed_as "$bad" release.checksum
is "$(find "$room/dl/tow-$bad" -name 'bad*')" "" "leaves nothing"
ok "404" failed_as "$lost" release.gone
is "$(asks "select error from haul.downloads where id = $lost")" "the server answered 404: there is no such thing" "in words"
head -c 1000 /dev/urandom >"$room/src/right one"
ok "another link" tow haul relink "$lost" "http://127.0.0.1:$port/plain/right one"
ok "is fetched instead" becomes "$lost" completed
ok "whole" cmp -s "$room/src/right one" "$room/library/right one"
ok "a folder" failed_as "$listing" http.url
like "$(asks "select error from haul.downloads where id = $listing")" "ends in a slash, and the server sent a page" "is no file"
is "$(asks "select haul_store.is_mendable(d) from haul_store.download d where d.id = $listing")" f "and is not tried again by itself"
ok "but whoever gives it a name wants that page" becomes "$page" completed
is "$(head -c 4 "$room/library/list.html")" "<a>f" "and gets it"
ok "503, and then not" becomes "$busy" completed
ok "a hostile name" becomes "$named" completed
ok "is made harmless" cmp -s "$room/src/named" "$room/library/_.profile"
ok "a redirect" becomes "$plain" completed
ok "to http alone" failed_as "$file" http.url
ok "and not without end" failed_as "$round" http.redirects
is "$(find "$room/library" "$room/dl" -name '*.part')" "" "no part is left"

#--- what is no file, though the server says that all is well
printf '\n<!DOCTYPE HTML><title>Sign in' >"$room/src/film.mkv"
: >"$room/src/none.mkv"
page=$(add login/y.mkv) film=$(add plain/film.mkv) none=$(add plain/none.mkv)
for id in "$page" "$film"; do ok "a web page in place of a film" failed_as "$id" release.page; done
is "$(asks "select error from haul.downloads where id = $page")" "the server sent a web page, not 'y.mkv'" "in words"
ok "nothing at all" failed_as "$none" release.empty
tow haul retry "$none"
ok "is none the second time, either" wait_until "says \"select count(*) from haul.events where download = $none and to_state = 'failed'\" 2"
is "$(find "$room/library" -maxdepth 1 -name "*mkv*" | wc -l)" 0 "none is in the library"

#--- an archive that is not good, and then is; what is left out
zipped() { python3 -c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1], "w"); [z.writestr(n, b"la" * 5000) for n in sys.argv[2:]]; z.close()' "$room/src/$1" "${@:2}"; }
zipped song.zip song.flac && head -c 5000 "$room/src/song.zip" >"$room/src/half" && mv "$room/src/half" "$room/src/song.zip"
head -c 200000 /dev/zero >"$room/src/zeros.zip"
echo run >"$room/src/setup.exe"
for kind in fetch grab import act undo preview; do
	job=$(tow enqueue "haul.$kind" '{}' --queue haul)
	ok "haul.$kind of nothing fails" wait_until 'says "select state || attempt || class from tow.history where id = $job" failed1args'
done
song=$(add plain/song.zip) zeros=$(add plain/zeros.zip) program=$(add plain/setup.exe)
ok "half an archive" failed_as "$song" release.archive
ok "zeros called so" failed_as "$zeros" release.archive
is "$(asks "select error from haul.downloads where id = $zeros")" "'zeros.zip' is no archive, or one that holds no file" "are none"
zipped song.zip song.flac
ok "tried again" tow haul retry "$song"
ok "it is fetched anew" becomes "$song" completed
ok "and unpacked" test -s "$room/library/song.flac"
is "$(asked plain/song.zip length)" 2 "twice it was asked for"
zipped tracks.zip one.flac two.flac
tow library set main --unpack-files 1
tracks=$(add plain/tracks.zip)
ok "an archive of more files than the library takes" failed_as "$tracks" release.refused
like "$(asks "select hint from haul.downloads where id = $tracks")" "--unpack-files; tow library set main --unpack off .*; then tow haul retry $tracks$" "is told what to do"
tow library set main --unpack-files 2
ok "that it takes now" tow haul retry "$tracks"
ok "is unpacked" becomes "$tracks" completed
is "$(asked plain/tracks.zip length)" 1 "and not fetched anew"
tow library set main --unpack off
ok "without unpacking, what is here" tow haul retry "$zeros"
ok "is placed as it is" becomes "$zeros" completed
is "$(asked plain/zeros.zip length)" 1 "and not fetched anew"
tow library set main --unpack on
ok "a program" failed_as "$program" TW422
is "$(asks "select hint from haul.downloads where id = $program")" \
	"a program: 1; if it is wanted: tow library set main --refused A,B without its ending, then tow haul retry $program; or tow haul retry $program --library ANOTHER" "is left out, and what to do is said"

#--- no room, no folder
tries_again() { asks "select tow.set_policy('haul.work', base => '$1')" >/dev/null; }
tries_again '10 min' # not while it is looked at
tow client add lost web "file://$room/nowhere"
id=$(add plain/again --client lost)
ok "a folder that is not there" wait_until "asks \"select error from haul.downloads where id = $id\" | grep -q 'open the folder'"
mkdir "$room/nowhere"
tow haul retry "$id"
ok "until it is" becomes "$id" completed
mkdir "$room/small"
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=1m tmpfs "$room/small" 2>/dev/null; then
	ok "another client of the kind" tow client add small web "file://$room/small"
	id=$(add plain/again --client small)
	ok "too large a file" wait_until "asks \"select error from haul.downloads where id = $id\" | grep -q \"^not enough room in '$room/small': it needs 4.0 MB, and 1.0 MB are free\""
	is "$(asks "select state || ' ' || transfer from haul.downloads where id = $id") $(stat -c %s "$room/small/tow-$id/again.part")" "downloading stalled 0" "is not begun"
	tow library add little "$room/small" >/dev/null
	other=$(add plain/shared --library little --client web)
	ok "too large for its library" wait_until "asks \"select trouble from haul.downloads where id = $other\" | grep -q \"^not enough room in '$room/small': it needs 4.0 MB\""
	is "$(stat -c %s "$room/dl/tow-$other/shared.part")" 0 "is not begun, either"
	tow haul cancel "$other" --remove data
	mount -o remount,size=20m "$room/small"
	tow haul retry "$id"
	ok "until there is room" becomes "$id" completed
else
	skip "no small file system can be mounted here"
fi
tries_again '5 s'

#--- a word
id=$(add plain/again --options '{"paused": true}')
asks "update haul_store.download set state = 'needs_approval' where id = $id" >/dev/null
ok "no" tow haul reject "$id" --reason "another album"
is "$(asks "select state || ': ' || error from haul.downloads where id = $id")" "rejected: another album" "and why"
asks "update haul_store.download set state = 'needs_approval' where id = $id" >/dev/null
ok "yes" tow haul approve "$id" --note "it is"
ok "and it comes" becomes "$id" completed
exits 65 "a word that nobody asked for" tow haul approve "$id" 2>/dev/null

#--- deleted
ok "what failed has a folder still" test -d "$room/dl/tow-$bad"
tow haul forget "$bad" && tow haul forget "$sure"
ok "deleted, nothing of it stays" wait_until "[ ! -e '$room/dl/tow-$bad' ]"
ok "what was placed, neither" wait_until "[ ! -e '$room/dl/tow-$sure' ]"
ok "but in the library" cmp -s "$room/src/sure" "$room/library/sure"
is "$(asks "select transfers - (select count(*) from haul.transfers where client = 'web') from haul.clients where name = 'web'")" 0 "nor is it counted"

#--- one file, of two downloads
file_of() { asks "select concat_ws(' ', state, mode, why) from haul.files where download = $1"; }
one=$(add plain/shared --client web) && becomes "$one" completed
two=$(add plain/shared --client web) && becomes "$two" completed
is "$(file_of "$two")" "placed adopted it was there already" "what another download has placed is found there"
tow haul undo "$one" >/dev/null
ok "what another download has, too, is not taken back" wait_until "[ \"\$(file_of $one)\" = 'undone link download $two has it, too: it stays' ]"
ok "it stays" cmp -s "$room/src/shared" "$room/library/shared"
is "$(file_of "$two")" "placed link download $one had placed it" "and is that one's from now on"
like "$(tow haul events "$two" | tail -n 1)" "taken over .*download $one had placed it" "which its events say"
tow haul undo "$two" >/dev/null
ok "whose undo takes it back" wait_until "[ ! -e '$room/library/shared' ]"
tow haul forget "$one" && tow haul forget "$two"
no_acts() { says "select count(*) from tow.jobs where kind = 'haul.act'" 0; }
ok "forgotten" wait_until no_acts
ok "what is in no library any more stays" cmp -s "$room/dl/tow-$one/shared" "$room/dl/tow-$two/shared"

#--- one that somebody has deleted from the library
id=$(add plain/only --client web) && becomes "$id" completed
rm "$room/library/only"
tow haul forget "$id"
ok "forgotten, too" wait_until no_acts
ok "what was fetched is the only one, and stays" cmp -s "$room/src/only" "$room/dl/tow-$id/only"
ok "its job says so" wait_until "says \"select line from tow_store.log where line ~ 'any more'\" \"'only' is not in a library any more, so what was fetched stays\""
id=$(add plain/only --client web) && becomes "$id" completed
rm "$room/library/only"
tow haul forget "$id" --remove data
ok "who asks for it has it deleted" wait_until "[ ! -e '$room/dl/tow-$id' ]"

#--- slow links leave a slot for everything else
head -c $size /dev/urandom >"$room/src/spare"
spare=$(add plain/spare --client web) && becomes "$spare" completed
tow haul undo "$spare"
ok "what was placed is taken back" wait_until "[ ! -e '$room/library/spare' ]"
rm -f "$room/src/open"
slow=()
for n in 1 2 3 4 5; do
	head -c $size /dev/urandom >"$room/src/slow$n"
	slow+=("$(add "gate/slow$n" --client web)")
done
ok "of five slow links three are begun" wait_until "says \"select count(*) from tow.jobs where kind = 'haul.fetch' and state = 'running'\" 3"
ok "two say that they wait" wait_until "says \"select string_agg(distinct trouble, ', ') || ' ' || count(*) from haul.downloads where trouble ~ 'slot'\" 'waits for a free slot (3 of 3) 2'"
tow haul retry "$spare"
ok "what else is to be done has a slot" becomes "$spare" completed
is "$(asks "select count(*) from tow.jobs where kind = 'haul.fetch' and state = 'running'")" 3 "while those go on"
touch "$room/src/open"
for id in "${slow[@]}"; do ok "a slow one comes to its end" becomes "$id" completed; done
rm "$room/src/open"

#--- what is done can go
asks "select haul.set_library('main', done_remove => 'data')"
id=$(add plain/again --title again --client web)
ok "what is placed" becomes "$id" completed
ok "need not stay" wait_until "[ ! -e '$room/dl/tow-$id' ]"
exits 65 "a checksum that is none" add plain/again --checksum md5:1 2>/dev/null
exits 64 "a rate that is none" add plain/again --rate fast 2>/dev/null

#--- a host that hangs up once, and then takes calls and says nothing
begin mute python3 -uc 'import socket
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True)
s.accept()[0].close()
held = [s.accept() for _ in range(9)]'
wait_until "[ -s '$room/mute.log' ]"
id=$(tow haul add "http://127.0.0.1:$(head -n 1 "$room/mute.log")/mute.iso")
ok "it does not answer once" wait_until "says \"select tries from haul.downloads where id = $id\" 1"
ok "while it is asked again that is said still" wait_until "says \"select trouble ~ 'tried 1 of .* times, and now again' and doing = 'waiting' from haul.downloads where id = $id\" t"
tow haul cancel "$id"

#--- a host that is not there
nobody=$(free_port)
id=$(tow haul add "http://127.0.0.1:$nobody/nobody.iso")
ok "a host that cannot be reached" wait_until "says \"select tries >= 1 from haul.downloads where id = $id\" t"
like "$(tow haul ls)" "$id +waiting .* nobody.iso +the host '127.0.0.1:$nobody' cannot be reached: Connection refused; tried [0-9]+ of 12 times, (again at [0-9-]+ [0-9:]+|and now again)" "is named, and when it is asked again"
said=$(tow haul show "$id")
like "$said" "^download $id  nobody.iso  waiting" "all about one begins with what it is, and does"
like "$said" "trouble +the host '127.0.0.1:$nobody' cannot be reached" "what it waits for"
like "$said" "attempts of job [0-9]+
  1 .* retried .* http.connect: the host" "how often it was tried, and what was wrong"
like "$said" "next
  tow haul pause +$id .*
  tow haul retry +$id .*
  tow haul cancel +$id " "and what can be typed"
tow haul cancel "$id"
like "$(tow haul show "$id")" "next
  tow haul retry +$id .*
  tow haul forget +$id " "which is something else once it has ended"
id=$(asks "select min(id) from haul.downloads where state = 'completed'")
said=$(tow haul show "$id")
like "$said" "progress +\[#+\] 100 %" "of one that is here: how far it is"
like "$said" "files
  placed .* -> $room/library/" "where its files went"
like "$said" "events
.*: for client .*completed: 1 file" "all that happened"
unlike "$said" "all of them" "which is all"
asks "insert into haul_store.event (at, download, what, who, detail) select now(), $id, 'told', 'tests', 'word ' || n from generate_series(1, 20) n" >/dev/null
like "$(tow haul show "$id")" "word 20
  all of them: tow haul events $id" "the last of many, and how all are seen"
is "$(tow haul show "$id" --json | jq .id)" "$id" "for programs: as it is"
exits 66 "none of that number" tow haul show 99999 2>/dev/null

done_testing
