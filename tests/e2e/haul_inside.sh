#!/usr/bin/env bash
# Where links lead: a host outside leads nobody to what is inside, neither to a .torrent nor to a file, by whatever name; whoever types
# an address may mean any. And what a link leads to takes no more memory than a torrent may need. In a network of its own, where
# 203.0.113.7 is a host outside.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
outside=203.0.113.7
if [ -z "${LEADING_ROOM:-}" ]; then
	for tool in unshare ip mktorrent jq python3; do
		command -v "$tool" >/dev/null || skip_all "there is no $tool here: contrib/bootstrap.sh check"
	done
	unshare --net --mount true 2>/dev/null || skip_all "no network of its own can be made here: that takes root"
	LEADING_ROOM=1 exec unshare --net --mount bash "$0"
fi
. tests/lib/haul.sh
need mktorrent jq python3

ip link set lo up
ip address add "$outside/32" dev lo
printf '127.0.0.1 localhost\n%s site.example\n127.0.0.1 admin.example\n::1 admin6.example\n' "$outside" >"$room/hosts"
mount --bind "$room/hosts" /etc/hosts

becomes() { wait_until "says \"select state from haul.downloads where id = $1\" $2"; }
failed_as() { wait_until "says \"select state || ' ' || class from haul.downloads where id = $1\" 'failed $2'"; }
asked() { grep -c "^$1 " "$room/src/asked"; }
# taken ID HOW: its client was given that download, as metainfo or by filename
taken() { wait_until "grep torrent-add '$room/client/asked' | grep 'tow-$1\\\\' | grep -q '\\\\\"$2'"; }

mkdir -p "$room/src" "$room/client" "$room/library" "$room/dl"
for name in one two three four five; do
	head -c 100000 /dev/urandom >"$room/src/$name.bin"
	torrent "$name" "$room/src/$name.bin"
	cp "$room/$name.torrent" "$room/src/"
done
: >"$room/src/asked"
: >"$room/client/asked"
begin leading python3 -u tests/lib/leading.py "$room/src"
begin client python3 -u tests/lib/web_fake.py "$room/client"
wait_until "[ -s '$room/leading.log' ] && [ -s '$room/client.log' ]"
port=$(head -n 1 "$room/leading.log")
here=http://127.0.0.1:$port there=http://$outside:$port site=http://site.example:$port
printf '200\n%s\n' '{"result": "success", "arguments": {"version": "4.0.5", "rpc-version": 17, "torrents": [], "torrent-added": {"hashString": "0123456789abcdef0123456789abcdef01234567"}}}' >"$room/client/answer"

instance_start
tow client add tr transmission "http://127.0.0.1:$(head -n 1 "$room/client.log")" --fast '1 day' --slow '1 day'
tow client set web --url "file://$room/dl"
tow library add main "$room/library"
watched

# refused LINK CLIENT DESCRIPTION
refused() {
	local link=$1 id
	[ "$2" != web ] || link=${1//x.torrent/x}
	id=$(tow haul add "$link" --client "$2") || return
	ok "$2: $3" failed_as "$id" http.inside
	like "$(asks "select error from haul.downloads where id = $id")" "^a host outside leads to '.*:$port', which is one of this network$" "$2: $3: it says so"
	is "$(asks "select haul_store.is_mendable(d) from haul_store.download d where d.id = $id")" f "$2: $3: that is not tried again"
}
for client in tr web; do
	refused "$there/to/x.torrent?$here/inner" "$client" "to loopback"
	refused "$site/to/x.torrent?http://localhost:$port/inner" "$client" "to this machine, from a name"
	refused "$there/to/x.torrent?http://admin.example:$port/inner" "$client" "to a name of loopback"
	refused "$there/to/x.torrent?http://admin6.example:$port/inner" "$client" "to its name in version 6"
	refused "$there/to/x.torrent?http://[::ffff:127.0.0.1]:$port/inner" "$client" "to loopback in disguise"
	refused "$there/to/x.torrent?http://2130706433:$port/inner" "$client" "to loopback as a number"
	refused "$there/to/x.torrent?http://192.168.7.7:$port/inner" "$client" "to a private address"
	refused "$there/to/x.torrent?http://169.254.169.254:$port/inner" "$client" "to a link-local one"
	refused "$there/to/x.torrent?$site/to/x.torrent?$here/inner" "$client" "by way of another one outside"
	refused "$here/to/x.torrent?$there/to/x.torrent?$here/inner" "$client" "back to where somebody had typed"
done
is "$(asked inner)" 0 "nobody inside was asked"
is "$(grep -c torrent-add "$room/client/asked")" 0 "and no client is sent there"

#--- what may be
id=$(tow haul add "$here/one.torrent" --client tr)
ok "an address inside that was typed" taken "$id" metainfo
id=$(tow haul add "$here/to/x.torrent?http://localhost:$port/two.torrent" --client tr)
ok "and that leads to another" taken "$id" metainfo
id=$(tow haul add "$here/to/x.torrent?$there/to/x.torrent?$site/three.torrent" --client tr)
ok "outside, from one host to the next" taken "$id" metainfo
id=$(tow haul add "$here/coded/five.torrent" --client tr)
ok "one that comes in gzip is unpacked" taken "$id" metainfo
id=$(tow haul add "$here/to/x?/one.bin" --client web)
ok "a file inside" becomes "$id" completed
id=$(tow haul add "$there/to/x?$site/two.bin" --client web)
ok "a file outside" becomes "$id" completed

#--- how much of it
id=$(tow haul add "$there/wordy/x.torrent?/four.torrent" --client tr)
ok "a redirect that does not end is followed" taken "$id" metainfo
id=$(tow haul add "$there/wordy/x?/four.bin" --client web)
ok "by what fetches files, too" becomes "$id" completed
python3 -c 'import sys; sys.stdout.buffer.write(b"d4:infod6:lengthi491520000e4:name3:big12:piece lengthi16384e6:pieces600000:" + bytes(600000) + b"ee")' >"$room/src/big.torrent"
id=$(tow haul add "$there/big.torrent" --client tr)
ok "one that is large is given to a client that takes it" taken "$id" metainfo
id=$(tow haul add "$there/endless/x.torrent" --client tr)
ok "what does not end is left to the client" taken "$id" filename
ok "its server is left alone" wait_until "[ \"\$(asked endless)\" = 1 ]"
# what the kernel holds of it is some MiB
ok "after no more than a torrent may be" test "$(awk '$1 == "endless" { print $2 }' "$room/src/asked")" -lt $((32 << 20))
is "$(awk '$1 == "wordy" && $2 > 16777216' "$room/src/asked")" "" "and of a redirect as good as nothing is read"

#--- what is none
printf '<html>log in first</html>' >"$room/src/page.torrent"
id=$(tow haul add "$there/page.torrent" --client tr)
ok "a link to a page is left to the client, which may be let in" taken "$id" filename
head -c 150 "$room/one.torrent" >"$room/src/cut.torrent"
id=$(tow haul add "$room/src/cut.torrent" --client tr)
ok "a file that is spoilt" failed_as "$id" release.garbled
is "$(asks "select error from haul.downloads where id = $id")" "this is no .torrent, or one that is spoilt" "says so"
done_testing
