# shellcheck shell=bash
# What tests of download clients share: a folder, programs that end with the test, web seeds, torrents. Source it after tap.sh.
#
#	begin NAME command args...	runs it; its words go to $room/NAME.log, its id to $pid
#	finish PID			ends it, and waits for that
#	free_port			one of 127.0.0.1 that nobody listens at
#	seed_start FOLDER [RATE]	a web seed of FOLDER; its port is in $seed_port
#	torrent NAME SOURCE [URL...]	writes $room/NAME.torrent of a file or folder, seeded at the URLs; $announce is its tracker
#	drive [-u USER] ... VERB...	client_drive of $driver at $url with the options in login=()
#	of KEY FILTER			what jq says of that transfer in the listing; nothing if it is not there
#	held KEY			it is in the listing
#	holes_made			a gigabyte of holes, long enough to be seen at and quickly made: $room/holes.bin and its torrent
#	qbittorrent_profile NAME [LINE...]	its settings in $room/NAME, LINEs among its preferences; $url is where it will listen

client_drive=${TOW_BUILD:-build}/tests/lib/client_drive
[ -x "$client_drive" ] || skip_all "there is no $client_drive: make tests"
driver='' url='' login=()
room=$(mktemp -d /tmp/tow-client.XXXXXX)
begun=()

begin() {
	local name=$1
	shift
	"$@" >"$room/$name.log" 2>&1 </dev/null &
	pid=$!
	begun+=("$pid")
}

finish() {
	kill -TERM "$1" 2>/dev/null || return 0
	wait_until "! kill -0 $1" || kill -KILL "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	return 0
}

room_clear() {
	local one
	# shellcheck disable=SC2154 # of tap.sh
	if [ "${tap_failed:-0}" != 0 ]; then
		for one in "$room"/*.log; do
			[ ! -s "$one" ] || { echo "# --- ${one##*/}" && tail -n 15 "$one" | cut -c 1-200 | sed 's/^/# /'; } >&"$tap_out"
		done
	fi
	for one in "${begun[@]}"; do finish "$one"; done
	if mountpoint -q "$room/small"; then umount "$room/small"; fi
	rm -rf "$room"
}

# shellcheck disable=SC2154 # assigned right there
trap 'status=$?; room_clear; exit $status' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

free_port() { python3 tests/lib/free_port.py; }

seed_start() {
	local name=seed-${#begun[@]}
	begin "$name" python3 -u tests/lib/web_seed.py "$@"
	wait_until "[ -s '$room/$name.log' ]"
	seed_port=$(head -n 1 "$room/$name.log")
}

torrent() {
	local name=$1 source=$2 one seeds=()
	shift 2
	for one; do seeds+=(-w "$one"); done
	mktorrent -l 16 -a "${announce:-http://127.0.0.1:1/none}" "${seeds[@]}" -o "$room/$name.torrent" "$source" >/dev/null
}

drive() { "$client_drive" "$driver" "$url" "${login[@]}" "$@"; }
of() { drive list | jq -r --arg key "$1" ".transfers[] | select(.key == \$key) | $2"; }
held() { [ -n "$(of "$1" .key)" ]; }

qbittorrent_profile() {
	local name=$1 port
	port=$(free_port)
	shift
	mkdir -p "$room/$name/qBittorrent/config" "$room/$name/downloads"
	cat >"$room/$name/qBittorrent/config/qBittorrent.conf" <<-END
		[LegalNotice]
		Accepted=true
		[Network]
		PortForwardingEnabled=false
		[Preferences]
		WebUI\\Enabled=true
		WebUI\\Address=127.0.0.1
		WebUI\\Port=$port
		WebUI\\UseUPnP=false
		Connection\\ResolvePeerCountries=false
		$(printf '%s\n' "$@")
		[BitTorrent]
		Session\\Port=$(free_port)
		Session\\Interface=lo
		Session\\InterfaceName=lo
		Session\\InterfaceAddress=127.0.0.1
		Session\\DHTEnabled=false
		Session\\PeXEnabled=false
		Session\\LSDEnabled=false
		Session\\SSRFMitigation=false
		Session\\MultiConnectionsPerIp=true
		Session\\QueueingSystemEnabled=false
		Session\\DefaultSavePath=$room/$name/downloads
	END
	url=http://127.0.0.1:$port
}

holes_made() {
	truncate -s 1G "$room/holes.bin"
	python3 - "$room/holes.torrent" <<-'END'
		import hashlib, sys
		size = 1 << 22
		pieces = hashlib.sha1(bytes(size)).digest() * 256
		with open(sys.argv[1], "wb") as out:
		    out.write(b"d8:announce18:http://127.0.0.1:14:infod6:lengthi%de4:name9:holes.bin12:piece lengthi%de6:pieces%d:%see" % (256 * size, size, len(pieces), pieces))
	END
}

# The transfer is in that state: becomes KEY STATE
becomes() { wait_until "[ \"\$(of $1 .state)\" = '$2' ]"; }

# A transfer of a category is put into another one, and where listings have that it is still seen: three tests.
recategorised() { # key from to
	is "$(drive -c "$2" category "$1" "$3" - category "$1" "$3" | jq .ok | paste -sd ' ')" 'true true' "it is put into another category, twice"
	is "$(drive -c "$2" list | jq -c --arg key "$1" '[.transfers[] | select(.key == $key)]')" '[]' "a listing of the one before has it no more"
	is "$(drive -c "$2" -d "$3" list | jq -r --arg key "$1" '.transfers[] | select(.key == $key).category')" "$3" "unless it has that of what is done, too"
}

# The key of the one that has this tag, once the client has it.
key_of() { # tag
	wait_until "[ \"\$(drive -t $1 list | jq '.transfers | length')\" = 1 ]" && drive -t "$1" list | jq -r '.transfers[0].key'
}
