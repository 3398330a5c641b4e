#!/usr/bin/env bash
# What follows an import: a transfer that is placed stays until its goal is met, and is removed from its client with its data then; the library
# keeps its files, and nobody calls the transfer missing. A client that cannot do what was asked says so. Transmission is the real one.
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

mkdir -p "$room/daemon" "$room/downloads" "$room/library" "$room/src"
rpc=$(free_port)
cat >"$room/daemon/settings.json" <<-END
	{"rpc-enabled": true, "rpc-bind-address": "127.0.0.1", "rpc-port": $rpc, "rpc-whitelist": "127.0.0.1", "rpc-authentication-required": false,
	"bind-address-ipv4": "127.0.0.1", "bind-address-ipv6": "::1", "peer-port": $(free_port), "port-forwarding-enabled": false, "dht-enabled": false,
	"lpd-enabled": false, "pex-enabled": false, "utp-enabled": false, "download-dir": "$room/downloads", "incomplete-dir-enabled": false,
	"download-queue-enabled": false}
END
begin daemon transmission-daemon -f -g "$room/daemon"
wait_until "curl -s -o /dev/null http://127.0.0.1:$rpc"
head -c 300000 /dev/urandom >"$room/src/single.bin"
seed_start "$room/src"
torrent single "$room/src/single.bin" "http://127.0.0.1:$seed_port/single.bin"
driver=transmission url=http://127.0.0.1:$rpc

instance_start
ok "a library that removes what is placed" eval "tow library add main '$room/library' --mode link && tow library set main --done-remove data"
ok "a profile" eval "tow profile add calm --stalled '[{\"after\": \"1 day\", \"do\": \"fail\"}]' --max-active 2 && tow profile set calm --retries 5 --reset max_active && tow library set main --profile calm"
like "$(tow profile ls)" 'calm .*fail after 24 h .* 5 .* main' "is listed with its library"
like "$(tow profile rm default 2>&1)" 'default profile stays' "the default cannot be dropped"
ok "a goal that is not met" tow goal set --tracker 127.0.0.1 --ratio 5
like "$(tow goal ls)" '127.0.0.1 .* 5 .* either' "is listed"
ok "a client" tow client add tr transmission "$url" --category tow --fast '300 ms' --slow '300 ms'
scheduler_start
worker_start --queue haul:4 --queue haul.watch:4
id=$(tow haul add "$room/single.torrent" --title single --options '{"sequential": true, "seed_limit": 60, "up_limit": 50000}')
ok "a download is placed" wait_until "says \"select state from haul.downloads where id = $id\" completed" 60
is "$(asks "select transfer || ' ' || tracker_host from haul.downloads")" "seeding 127.0.0.1" "its transfer seeds, and its tracker is known"
is "$(asks "select detail from haul.events where what = 'refused'")" "client tr: options: it cannot be told sequential, seed_limit" "what the client cannot is said"
ok "and what it can it was told" eval "[ \"\$(curl -s -H \"\$(curl -s $url/transmission/rpc | grep -o 'X-Transmission-Session-Id: [A-Za-z0-9]*')\" -d '{\"method\":\"torrent-get\",\"arguments\":{\"fields\":[\"uploadLimit\"]}}' $url/transmission/rpc | jq '.arguments.torrents[0].uploadLimit')\" = 50 ]"
is "$(asks "select count(*) from haul.events where what = 'seeded'")" 0 "nothing is removed"
ok "a goal that is" tow goal set --tracker 127.0.0.1 --ratio 0
ok "has it removed" wait_until "says \"select transfer from haul.downloads where id = $id\" removed" 60
ok "from the client" wait_until "[ \"\$(drive list | jq '.transfers | length')\" = 0 ]"
ok "with its data" wait_until "[ ! -e '$room/downloads/single.bin' ]"
ok "the library keeps its file" cmp -s "$room/src/single.bin" "$room/library/single.bin"
ok "three listings later" wait_until "says \"select missed from haul_store.transfer\" 3" 60
is "$(asks "select concat_ws(' ', state, transfer, error, trouble) from haul.downloads")" "completed removed" "nobody misses it"
is "$(asks "select string_agg(what, ' ' order by n) from haul.events where what in ('completed', 'seeded', 'removed', 'failed')")" "completed seeded removed" "and what happened stands there"

done_testing
