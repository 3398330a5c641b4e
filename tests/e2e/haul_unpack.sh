#!/usr/bin/env bash
# Archives of a download: unpacked and placed like other files, a name that is not UTF-8 by its very bytes; a better file in
# the place of another, a plan that touches nothing, all of it taken back, and one that is hostile refused whole.
# Transmission is the real one.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
for tool in transmission-daemon mktorrent jq python3 curl; do
	command -v "$tool" >/dev/null || skip_all "there is no $tool here: contrib/bootstrap.sh check"
done
. tests/lib/torrents.sh
. tests/lib/instance.sh
trap 'status=$?; instance_stop; room_clear; exit $status' EXIT

tow() { "$TOW" "$@"; }
asks() { instance_psql -c "$1"; }
says() { [ "$(asks "$1")" = "$2" ]; }
ends() { wait_until "says \"select state from haul.downloads where id = $1\" $2" 120; }
files() { (cd "$room/library" && find . -type f | LC_ALL=C sort | paste -sd' '); }
looks() { (cd "$room/library" && find . -printf '%p %s %T@\n' | LC_ALL=C sort); }

chmod 755 "$room"
mkdir -p "$room/daemon" "$room/downloads" "$room/library" "$room/src"
rpc=$(free_port)
cat >"$room/daemon/settings.json" <<-END
	{"rpc-enabled": true, "rpc-bind-address": "127.0.0.1", "rpc-port": $rpc, "rpc-whitelist": "127.0.0.1", "bind-address-ipv4": "127.0.0.1",
	"bind-address-ipv6": "::1", "peer-port": $(free_port), "port-forwarding-enabled": false, "dht-enabled": false, "lpd-enabled": false,
	"pex-enabled": false, "utp-enabled": false, "download-dir": "$room/downloads", "incomplete-dir-enabled": false, "download-queue-enabled": false}
END
begin daemon transmission-daemon -f -g "$room/daemon"
wait_until "curl -s -o /dev/null http://127.0.0.1:$rpc"
python3 tests/lib/archives.py "$room/src"
seed_start "$room/src"
for one in film bad better rar5 split; do torrent "$one" "$room/src/$one" "http://127.0.0.1:$seed_port/"; done

instance_start
mkdir -p "$TOW_HOME"
tow client add tr transmission "http://127.0.0.1:$rpc" --fast "300 ms" --slow "300 ms"
tow library add films "$room/library" --template '{title} ({year})/{title}.{ext}'
ok "what a library does is set" tow library set films --taken better --qualities 720p,1080p --unpack-times 30 --junk sfv,txt
like "$(tow library ls --json)" '"unpack_times": *30' "and seen"
scheduler_start
export FAULTY=$room/library
TOW=$(begun_faulty) worker_start --queue haul:4 --queue haul.watch:4

#--- unpacked, after an attempt that was killed in the middle
mkdir -p "$room/library/.tow-unpack/tow1/film/film.part1.rar"
head -c 1000 /dev/zero >"$room/library/.tow-unpack/tow1/film/film.part1.rar/film.mkv"
film=$(tow haul add "$room/film.torrent" --title film --meta '{"quality": "720p"}')
bad=$(tow haul add "$room/bad.torrent" --title bad)
ok "a download of archives comes to its end" ends "$film" completed
ends "$bad" failed # it is unpacked in the same library
is "$(files)" "$(printf './film/film.en.srt ./film/film.fran\xe7ais.srt ./film/film.mkv ./film/film.nfo')" "what they hold is in the library, a Latin-1 name by its bytes"
ok "as it was packed" cmp -s "$room/src/wanted/film.mkv" "$room/library/film/film.mkv"
is "$(asks "select source || ': ' || why from haul.files where state = 'skipped' and download = $film order by source" | paste -sd,)" \
	"film/beside.zip: what it holds lies beside it,film/film.part1.rar: unpacked,film/film.part2.rar: unpacked,film/film.sfv: junk,film/subs.tar.gz: unpacked" "the archives are left out, and why"
is "$film: $(ls -A "$room/library")" "1: film" "nothing else is left, of the killed attempt either"

#--- refused
ok "an archive that would get out of its folder" ends "$bad" failed
is "$(asks "select class from haul.downloads where id = $bad")" release.refused "is the release's fault"
is "$(find "$room" -name 'evil*' -o -name good.mkv -o -name .tow-unpack)" "" "and nothing of it is anywhere"

split=$(tow haul add "$room/split.torrent" --title split)
ok "a zip in parts" ends "$split" failed
like "$(asks "select class || ': ' || error || ': ' || hint from haul.downloads where id = $split")" "^release.volumes: the archive 'split/film.zip' is a zip in parts, which cannot be unpacked here: .*--unpack off" "is refused, with what to do"
is "$(find "$room/library" -name '*split*' -o -name '*.z01' -o -name .tow-unpack)" "" "and nothing of it is there"

#--- given up in the middle of it (a disk that keeps who writes waiting: tests/lib/faulty.c)
: >"$FAULTY.held"
given_up=$(tow haul add "$room/rar5.torrent" --title rar5)
ok "an archive is being unpacked" wait_until "[ -e '$room/library/.tow-unpack/tow$given_up/rar5/film.part1.rar/film.mkv' ]" 120
job=$(asks "select id from tow.jobs where kind = 'haul.import' and state = 'running'")
tow haul cancel "$given_up"
rm "$FAULTY.held"
ok "given up, its job ends" wait_until "says \"select tow.state($job)\" cancelled"
is "$(ls -A "$room/library")" film "and leaves nothing"
is "$(asks "select state || ' ' || (select count(*) from haul.files where download = $given_up and state <> 'skipped') from haul.downloads where id = $given_up")" "cancelled 0" "nor says that it did"
ok "wanted after all" tow haul retry "$given_up"
ok "volumes of RAR 5 are unpacked" ends "$given_up" completed
ok "as they were packed" cmp -s "$room/src/wanted/film.mkv" "$room/library/rar5/rar5.mkv"
tow haul undo "$given_up"
wait_until "[ ! -e '$room/library/rar5' ]"
rm -r "$room/library/.tow-recycle"

#--- a better one
better=$(tow haul add "$room/better.torrent" --title film --meta '{"quality": "1080p"}')
ok "a better one" ends "$better" completed
ok "is in its place" cmp -s "$room/src/better/better.mkv" "$room/library/film/film.mkv"
is "$(asks "select source || ' ' || state from haul.files where state = 'replaced'")" "film/film.part1.rar/film.mkv replaced" "and the other is known to be replaced"

#--- a plan
before=$(looks)
plan=$(tow haul plan "$bad")
like "$plan" "bad.zip .*unpacked" "a plan looks into archives, and passes over what is bad"
plan=$(tow haul plan "$better")
like "$plan" "placed .*better.mkv .*film/film.mkv" "says what is where"
exits 66 "a download that is none" tow haul plan 999 2>/dev/null
is "$(looks)" "$before" "and touches nothing"

#--- taken back
tow haul undo "$better"
ok "undone, the former is back" wait_until "cmp -s '$room/src/wanted/film.mkv' '$room/library/film/film.mkv'"
ok "and known to be" wait_until "says \"select state from haul.files where source = 'film/film.part1.rar/film.mkv'\" placed"
is "$(tow haul undo "$film")" "$film  its files are being taken back" "what is only begun is not said to be done"
ok "all of it undone, a Latin-1 name and all" wait_until "[ ! -e '$room/library/film' ]"
done_testing
