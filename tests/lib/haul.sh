# shellcheck shell=bash
# What tests of downloads from end to end share: programs to download with and to tell, and a look at what Towpath says.
# Source it after tap.sh; it brings torrents.sh and instance.sh. A program is begun in $room/NAME, and ends with the test.
#
#	need TOOL...			skips the file where one is missing
#	qbittorrent_start NAME [LINE...]	one; LINEs go to its preferences. $url, $pid; it saves to $room/NAME/downloads
#	qbittorrent_begin NAME		the same one once more
#	transmission_start NAME		likewise; its user is admin, its password labpass123
#	seeded NAME...			a Transmission of its own, at $seeder, that has what $room/src/NAME and $room/NAME.torrent are, and says so
#				to the tracker. It takes those who call, and calls nobody at 127.0.0.1 itself
#	met NAME			that somebody has called it for that. Two calls at once from one address it does not take, and who was
#				not taken waits a minute: call one after the other
#	given NAME			that it has given somebody all of it
#	aria2_start, deluge_start NAME	likewise
#	mpd_start NAME FOLDER		a music server of FOLDER: its port is $music
#	mpd_says COMMAND		what it answers
#	tracker_start			$announce is its address, and then every torrent's; $tracker_log
#	watched				a scheduler and a worker for all of it; the worker ends at once
#	tow ARGS..., asks SQL, says SQL ANSWER
#	state_of TITLE			of that download
#	nothing_half FOLDER		there is no part file, no hidden one

. tests/lib/torrents.sh
. tests/lib/instance.sh
# shellcheck disable=SC2154 # assigned right there
trap 'status=$?; instance_stop; room_clear; exit $status' EXIT
chmod 755 "$room"

need() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null || skip_all "there is no $tool here: contrib/bootstrap.sh check"
	done
}

tow() { "$TOW" "$@"; }
asks() { instance_psql -c "$1"; }
says() { [ "$(asks "$1")" = "$2" ]; }
state_of() { asks "select state from haul.downloads where title = '$1'"; }
nothing_half() { [ -z "$(find "$1" -name '.*' -not -name . -print -quit)" ]; }

watched() {
	scheduler_start
	worker_start --queue haul:4 --queue haul.watch:4
}

#--- programs

# Without LINEs there is no login.
qbittorrent_start() {
	local name=$1
	shift
	[ $# -gt 0 ] || set -- 'WebUI\LocalHostAuth=false'
	qbittorrent_profile "$name" "$@"
	qbittorrent_begin "$name"
}

qbittorrent_begin() {
	begin "$1" qbittorrent-nox --profile="$room/$1"
	wait_until "curl -s -o /dev/null '$url'"
}

transmission_start() {
	url=http://127.0.0.1:$(free_port)
	mkdir -p "$room/$1/downloads"
	cat >"$room/$1/settings.json" <<-END
		{"rpc-enabled": true, "rpc-bind-address": "127.0.0.1", "rpc-port": ${url##*:}, "rpc-whitelist": "127.0.0.1",
		"rpc-authentication-required": true, "rpc-username": "admin", "rpc-password": "labpass123",
		"bind-address-ipv4": "127.0.0.1", "bind-address-ipv6": "::1", "peer-port": $(free_port), "port-forwarding-enabled": false,
		"dht-enabled": false, "lpd-enabled": false, "pex-enabled": false, "utp-enabled": false, "download-dir": "$room/$1/downloads",
		"incomplete-dir-enabled": false, "download-queue-enabled": false}
	END
	begin "$1" transmission-daemon -f -g "$room/$1"
	wait_until "curl -s -o /dev/null '$url'"
}

seeds() { "$client_drive" transmission "$seeder" -u admin -p labpass123 "$@"; }

seeded() {
	local name
	transmission_start seeder
	seeder=$url
	for name; do seeds add "$room/$name.torrent" seed "$room/src" >/dev/null; done
	wait_until "[ \$(grep -c started '$tracker_log') = $# ]"
}

met() {
	local session
	session=$(curl -s -o /dev/null -D - -u admin:labpass123 "$seeder/transmission/rpc" | tr -d '\r' | grep '^X-Transmission-Session-Id: ')
	curl -s -u admin:labpass123 -H "$session" -d '{"method":"torrent-get","arguments":{"fields":["name","peersConnected"]}}' "$seeder/transmission/rpc" |
		jq -e --arg name "$1" '.arguments.torrents[] | select(.name == $name).peersConnected > 0' >/dev/null
}

given() { [ "$(seeds list | jq --arg name "$1" '[.transfers[] | select(.name == $name and .ratio >= 1)] | length')" = 1 ]; }

aria2_start() {
	url=http://127.0.0.1:$(free_port)
	mkdir -p "$room/$1/downloads"
	begin "$1" aria2c --no-conf --enable-rpc --rpc-listen-all=false --rpc-listen-port="${url##*:}" --rpc-secret=labpass123 --interface=127.0.0.1 \
		--listen-port="$(free_port)" --enable-dht=false --enable-dht6=false --bt-enable-lpd=false --enable-peer-exchange=false --disable-ipv6=true \
		--rpc-save-upload-metadata=false --max-tries=1 --seed-time=600 --dir="$room/$1/downloads"
	wait_until "curl -s -o /dev/null '$url/jsonrpc'"
}

deluge_start() {
	local salt=c26ab3bbd8b137f99cd83c2c1c0963bcc1a35cad port
	port=$(free_port)
	url=http://127.0.0.1:$(free_port)
	mkdir -p "$room/$1/downloads"
	echo 'localclient:labpass123:10' >"$room/$1/auth"
	cat >"$room/$1/core.conf" <<-END
		{"file": 1, "format": 1}{"daemon_port": $port, "allow_remote": false, "random_port": true,
		"listen_interface": "127.0.0.1", "outgoing_interface": "127.0.0.1", "download_location": "$room/$1/downloads", "dht": false,
		"lsd": false, "utpex": false, "upnp": false, "natpmp": false, "new_release_check": false, "enabled_plugins": ["Label"]}
	END
	cat >"$room/$1/web.conf" <<-END
		{"file": 2, "format": 1}{"port": ${url##*:}, "interface": "127.0.0.1", "https": false, "first_login": false,
		"pwd_salt": "$salt", "pwd_sha1": "$(printf %s "${salt}labpass123" | sha1sum | cut -c 1-40)", "session_timeout": 3600,
		"sessions": {}, "enabled_plugins": [], "base": "/", "default_daemon": ""}
	END
	echo '{"file": 3, "format": 1}{"hosts": [["aaaa", "127.0.0.1", '"$port"', "localclient", "labpass123"]]}' >"$room/$1/hostlist.conf"
	begin "$1-daemon" deluged -d -c "$room/$1" -u 127.0.0.1 -p "$port" -L warning
	wait_until "(: </dev/tcp/127.0.0.1/$port) 2>/dev/null"
	begin "$1" deluge-web -d -c "$room/$1" -i 127.0.0.1 -p "${url##*:}" -L warning
	wait_until "curl -s -o /dev/null '$url'"
}

rtorrent_start() {
	local port
	port=$(free_port)
	url=scgi://127.0.0.1:$(free_port)
	mkdir -p "$room/$1/session" "$room/$1/downloads"
	cat >"$room/$1/rc" <<-END
		session.path.set = $room/$1/session
		directory.default.set = $room/$1/downloads
		network.port_range.set = $port-$port
		network.port_random.set = no
		network.bind_address.set = 127.0.0.1
		network.local_address.set = 127.0.0.1
		network.scgi.open_port = ${url#scgi://}
		dht.mode.set = disable
		protocol.pex.set = no
		trackers.use_udp.set = no
		system.daemon.set = true
	END
	begin "$1" rtorrent -n -o import="$room/$1/rc"
	wait_until "(: </dev/tcp/127.0.0.1/${url##*:}) 2>/dev/null"
}

mpd_start() {
	local name=$1
	music=$(free_port)
	mkdir -p "$room/$name"
	cat >"$room/$name/conf" <<-END
		music_directory "$2"
		db_file "$room/$name/db"
		bind_to_address "127.0.0.1"
		port "$music"
		audio_output {
			type "null"
			name "none"
		}
	END
	begin "$name" mpd --no-daemon --stderr "$room/$name/conf"
	wait_until "(: </dev/tcp/127.0.0.1/$music) 2>/dev/null"
}

mpd_says() { timeout 60 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf "%s\nclose\n" "$2" >&3 && cat <&3' - "$music" "$1" 2>/dev/null; }

tracker_start() {
	begin tracker python3 -u tests/lib/tracker.py
	tracker_log=$room/tracker.log
	wait_until "[ -s '$tracker_log' ]"
	announce=http://127.0.0.1:$(head -n 1 "$tracker_log")/announce
}
