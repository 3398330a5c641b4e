# shellcheck shell=bash
# What tests of the whole way share: the real programs, and how an instance is asked. Source it after torrents.sh and
# instance.sh.
#
#	transmission_begin		a client with the password labpass123; its port is in $rpc
#	mpd_begin			a media server of $room/library; its port is in $music
#	mpd_says COMMAND		its answer
#	tow ...				the program
#	asks SQL			what it gives
#	says SQL TEXT			it gives that
# shellcheck disable=SC2154 # assigned right there
trap 'status=$?; instance_stop; room_clear; exit $status' EXIT
# shellcheck disable=SC2154 # of torrents.sh
chmod 755 "$room"
mkdir -p "$room/downloads" "$room/library" "$room/src"

tow() { "$TOW" "$@"; }
asks() { instance_psql -c "$1"; }
says() { [ "$(asks "$1")" = "$2" ]; }

transmission_begin() {
	rpc=$(free_port)
	mkdir -p "$room/daemon"
	cat >"$room/daemon/settings.json" <<-END
		{"rpc-enabled": true, "rpc-bind-address": "127.0.0.1", "rpc-port": $rpc, "rpc-whitelist": "127.0.0.1", "rpc-authentication-required": true,
		"rpc-username": "admin", "rpc-password": "labpass123", "bind-address-ipv4": "127.0.0.1", "bind-address-ipv6": "::1", "peer-port": $(free_port),
		"port-forwarding-enabled": false, "dht-enabled": false, "lpd-enabled": false, "pex-enabled": false, "utp-enabled": false,
		"download-dir": "$room/downloads", "incomplete-dir-enabled": false, "download-queue-enabled": false}
	END
	begin daemon transmission-daemon -f -g "$room/daemon"
	wait_until "curl -s -o /dev/null http://127.0.0.1:$rpc"
}

mpd_begin() {
	music=$(free_port)
	mkdir -p "$room/mpd"
	cat >"$room/mpd.conf" <<-END
		music_directory "$room/library"
		db_file "$room/mpd/db"
		bind_to_address "127.0.0.1"
		port "$music"
		audio_output {
			type "null"
			name "none"
		}
	END
	begin mpd mpd --no-daemon --stderr "$room/mpd.conf"
	wait_until "bash -c '</dev/tcp/127.0.0.1/$music' 2>/dev/null"
}

mpd_says() { timeout 10 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$1" && printf "%s\nclose\n" "$2" >&3 && cat <&3' - "$music" "$1" 2>/dev/null; }
