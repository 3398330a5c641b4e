#!/usr/bin/env bash
# tow client test and tow target test: what is wrong is said, each in its own words, and nothing is left behind.
# Transmission and MPD are the real ones; what they would not say comes from fakes.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
for tool in transmission-daemon mktorrent mpd jq python3 curl openssl; do
	command -v "$tool" >/dev/null || skip_all "there is no $tool here: contrib/bootstrap.sh check"
done
. tests/lib/torrents.sh
. tests/lib/instance.sh
trap 'status=$?; instance_stop; room_clear; exit $status' EXIT

tow() { "$TOW" "$@"; }
asks() { instance_psql -c "$1"; }
try() { tow client test "$@" 2>&1; }

#--- programs
chmod 755 "$room"
mkdir -p "$room/daemon" "$room/downloads" "$room/library" "$room/mpd" "$room/src" "$room/fake"
rpc=$(free_port) music=$(free_port)
cat >"$room/daemon/settings.json" <<-END
	{"rpc-enabled": true, "rpc-bind-address": "127.0.0.1", "rpc-port": $rpc, "rpc-whitelist": "127.0.0.1", "rpc-authentication-required": true,
	"rpc-username": "admin", "rpc-password": "labpass123", "bind-address-ipv4": "127.0.0.1", "bind-address-ipv6": "::1", "peer-port": $(free_port),
	"port-forwarding-enabled": false, "dht-enabled": false, "lpd-enabled": false, "pex-enabled": false, "utp-enabled": false,
	"download-dir": "$room/downloads", "incomplete-dir-enabled": false, "download-queue-enabled": false}
END
begin daemon transmission-daemon -f -g "$room/daemon"
printf 'music_directory "%s"\ndb_file "%s/mpd/db"\nbind_to_address "127.0.0.1"\nport "%s"\naudio_output {\n\ttype "null"\n\tname "none"\n}\n' \
	"$room/library" "$room" "$music" >"$room/mpd.conf"
begin mpd mpd --no-daemon --stderr "$room/mpd.conf"
begin fake python3 tests/lib/web_fake.py "$room/fake"
begin silent python3 -uc 'import socket, time
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1]); time.sleep(3600)'
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -keyout "$room/key.pem" -out "$room/cert.pem" 2>/dev/null
begin tls python3 -uc 'import socket, ssl, sys
c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); c.load_cert_chain(sys.argv[1], sys.argv[2])
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])
while True:
    try: c.wrap_socket(s.accept()[0], server_side=True).close()
    except OSError: pass' "$room/cert.pem" "$room/key.pem"
for one in fake silent tls; do wait_until "[ -s '$room/$one.log' ]"; done
fake=$(head -n 1 "$room/fake.log") silent=$(head -n 1 "$room/silent.log") tls=$(head -n 1 "$room/tls.log")
wait_until "curl -s -o /dev/null http://127.0.0.1:$rpc"
wait_until "bash -c '</dev/tcp/127.0.0.1/$music' 2>/dev/null"

head -c 100000 /dev/urandom >"$room/src/single.bin"
seed_start "$room/src"
torrent single "$room/src/single.bin" "http://127.0.0.1:$seed_port/single.bin"

#--- one that is well
instance_start
printf 'labpass123\n' | tow secret set tr
printf 'wrong\n' | tow secret set wrong
tow library add music "$room/library"
like "$(tow client add tr transmission "http://127.0.0.1:$rpc" --user admin --secret secret:tr --category tow 2>&1)" \
	"tow client test tr" "what is added shall be tried"
before=$(asks "select md5(h::text) from haul_store.health h join haul_store.client c on c.id = h.client where c.name = 'tr'")
like "$(try tr)" "ok +connection +transmission [0-9.]+ .*at http://127.0.0.1:$rpc, in [0-9]+ ms" "the version, and how long that took"
like "$(try tr)" "ok +listing +0 transfers in category tow.*makes it" "nothing in it yet: the category may not be there"
like "$(try tr)" "ok +space +[0-9.]+ [kMGT]B free" "how much room it has"
exits 0 "all is well" tow client test tr >/dev/null
is "$(tow client test tr --json | jq -r '.[0] | .component + " " + .status')" "connection ok" "for programs"

driver=transmission url=http://127.0.0.1:$rpc login=(-u admin -p labpass123 -c tow)
key=$(drive add "$room/single.torrent" | jq -r .key)
ok "a download is done there" wait_until "of $key .complete | grep -q true"
like "$(try tr)" "1 transfers in category tow, 1 complete" "what it holds"
like "$(try tr)" "ok +folder +$room/downloads is here; links for music" "its folder is here, and can be linked"
shm=/dev/shm/tow-library.$$
if mountpoint -q /dev/shm && mkdir "$shm"; then
	tow library add shm "$shm" --mode link
	like "$(try tr)" "shm takes no copies, and .* another file system" "a library that cannot take what it has"
	exits 1 "which is bad" tow client test tr >/dev/null
	tow library set shm --mode link,copy
	like "$(try tr)" "links for music; copies only for shm" "and one that copies"
	tow library rm shm
	rmdir "$shm"
else
	skip "no other file system here" && skip "likewise" && skip "likewise"
fi
tow client set tr --path-map "$room/downloads=/nowhere/downloads,/a=/b"
like "$(try tr)" "bad +folder +$room/downloads .here /nowhere/downloads. is not on this host" "a map that leads nowhere"
like "$(try tr)" "tow client set tr --path-map '/a=/b,$room/downloads=/FOLDER'" "with what to type"
tow client set tr --path-map "$room/downloads=$room/gone"
like "$(try tr)" "warn +folder .*is gone, though what holds it is here" "a folder that is no more"
tow client set tr --path-map "/a=/b"
tow library add lost "$room/lost"
like "$(try tr)" "bad +library +lost: $room/lost is not there" "a library that is not here"
tow library rm lost

#--- ones that are not
off() { try new --driver transmission --url "$@"; }
like "$(off "http://127.0.0.1:$rpc" --user admin --secret secret:wrong)" "bad +connection +the login at .* is refused.*secret" "a wrong password"
like "$(off "http://127.0.0.1:$(free_port)")" "nothing listens at http.*is its web interface" "nobody there"
like "$(off "http://no.such.host.invalid:9091")" "the host of .* is not known here.*resolver" "no such host"
like "$(off "https://127.0.0.1:$tls")" "no safe connection to https.*certificate" "a certificate of its own making"
printf '200 Content-Type: text/html\n<html>log in</html>' >"$room/fake/answer"
like "$(off "http://127.0.0.1:$fake")" "what answers at .* is another program.*address of transmission" "another program"
printf '404\nno' >"$room/fake/answer"
like "$(off "http://127.0.0.1:$fake")" "is another program" "or another path"
printf '200\n{"result": "success", "arguments": {"rpc-version": 3, "version": "1.2"}}' >"$room/fake/answer"
like "$(off "http://127.0.0.1:$fake")" "is too old.*upgrade" "one that is too old"
printf '403\nYour IP address has been banned' >"$room/fake/answer"
like "$(try new --driver qbittorrent --url "http://127.0.0.1:$fake" --user a --secret secret:wrong)" "refuses this host for a time.*hour" "one that has banned us"
tow client add hangs transmission "http://127.0.0.1:$silent" --timeout '1 s' 2>/dev/null
like "$(try hangs)" "does not answer in time.*firewall" "one that hangs"
like "$(off "http://127.0.0.1:$rpc" --secret secret:none)" "secret 'none'.*tow secret set none" "a secret that is not there"
chmod 644 "$TOW_HOME/secrets/tr"
like "$(try tr)" "warn +secret +others may read.*chmod 600" "one that everybody may read"
chmod 600 "$TOW_HOME/secrets/tr"
exits 66 "no such client" tow client test zz 2>/dev/null
exits 64 "half an address" tow client test zz --url http://127.0.0.1:1 2>/dev/null
like "$(try new --url http://127.0.0.1:1 --driver nonsense)" "no driver 'nonsense'" "no such driver"
is "$(asks "select md5(h::text) from haul_store.health h join haul_store.client c on c.id = h.client where c.name = 'tr'")" "$before" "nothing of that is written down"

#--- media servers
tow target add player mpd "mpd://127.0.0.1:$music" --section "$room/library"
tow library announce music player
like "$(tow target test player)" "ok +connection +mpd.*ok +library +it knows music as $room/library" "a server that is well"
tow library announce music player --as /elsewhere
like "$(tow target test player)" "bad +library +it has no library that holds /elsewhere.*tow library announce music player" "one that knows it as something else"
exits 1 "which is bad" tow target test player >/dev/null
like "$(tow target test new --driver jellyfin --url "http://127.0.0.1:$rpc")" "bad +connection" "another program"
like "$(tow target test new --driver mpd --url "mpd://127.0.0.1:$(free_port)")" "nothing listens at mpd" "nobody there"
exits 66 "no such target" tow target test zz 2>/dev/null

#--- libraries
like "$(tow library test music)" "ok +folder +$room/library is here, and can be written.*ok +space +[0-9.]+ [kMGT]B free" "a library that is well"
is "$(ls -A "$room/library")" "" "nothing of the test stays"
like "$(tow library add gone "$room/gone" 2>&1)" "warning: $room/gone is not on this host, and imports do not make it"$'\n'"hint: .* on their hosts it must be there; 'tow library test gone'" "one whose folder is not there is said so, and added"
touch "$room/gone"
like "$(tow library test gone)" "bad +folder +$room/gone is no folder.*on their hosts" "a file is no folder"
exits 1 "which is bad" tow library test gone >/dev/null
like "$(tow library set gone --root /proc/self 2>&1)" "warning: /proc/self cannot be written" "one that cannot be written is said so when it is changed"
like "$(tow library test gone)" "bad +folder +/proc/self cannot be written.*the user that the workers run as" "and when it is tried"
exits 66 "no such library" tow library test zz 2>/dev/null

#--- by a worker, for a page
worker_start --queue haul:2
job=$(asks "select haul.test_client('tr')") other=$(asks "select haul.test_target('player')") hung=$(asks "select haul.test_client('hangs')") folder=$(asks "select haul.test_library('gone')")
for one in $job $other $hung $folder; do wait_until "[ \"\$(tow job $one --json | jq -r .state)\" = completed ]"; done
like "$(asks "select component, status, detail from haul.tested($job)")" "connection.ok.*listing.ok" "what a worker finds of a client"
like "$(asks "select component, status, hint from haul.tested($other)")" "connection.ok.*library.bad.*tow library announce" "and of a server"
like "$(asks "select status, detail from haul.tested($hung)")" "bad.*does not answer in time" "and what is bad"
like "$(asks "select component, status, detail from haul.tested($folder)")" "folder.bad./proc/self cannot be written" "and of a folder"
asks "select haul.drop_client('hangs')"
is "$(asks "select count(*) from tow.find_history(kind => 'haul.trial') h where h.result::text ~ 'labpass123' or h.error is not null")" 0 "no password is in it"
process_stop "$WORKER_PID"

done_testing
