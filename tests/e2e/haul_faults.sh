#!/usr/bin/env bash
# What goes wrong while files are placed, for real: a full disk, another file system, one that is read-only, a library that is
# gone, and a torrent with hostile names. Each says what it is, blames nothing else, leaves nothing half, and goes on when it is mended.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
. tests/lib/haul.sh
need qbittorrent-nox mktorrent jq python3 curl
mkdir "$room/small"
if [ "$(id -u)" != 0 ] || ! mount -t tmpfs -o size=1m tmpfs "$room/small" 2>/dev/null; then
	skip_all "only root can make a file system that is full"
fi
mkdir "$room/src" "$room/gone" "$room/small/full" "$room/small/linked" "$room/small/copied"
qbittorrent_start client
instance_start
tow library add full "$room/small/full" --mode link,copy
tow library add linked "$room/small/linked" --mode link
tow library add copied "$room/small/copied" --mode link,copy
tow library add gone "$room/gone"
tow client add qb qbittorrent "$url" --category tow --fast '300 ms' --slow '1 s'
watched
ok "the client is well" wait_until "says \"select state from haul.clients where name = 'qb'\" ok"

# The client has it already, and finds that out by itself.
given() { # TITLE BYTES LIBRARY
	head -c "$2" /dev/urandom >"$room/src/$1.bin"
	torrent "$1" "$room/src/$1.bin"
	cp "$room/src/$1.bin" "$room/client/downloads/"
	tow haul add "$room/$1.torrent" --title "$1" --library "$3" >/dev/null
}
why() { asks "select distinct f.class || ': ' || f.error from haul_store.file f join haul_store.download d on d.id = f.download where d.title = '$1'"; }
fails() { wait_until "[ -n \"\$(why $1)\" ]"; }
again() { asks "select tow.run_now(id) from tow.jobs where kind = 'haul.import' and state = 'retrying'" >/dev/null; }
ends() { wait_until "again; says \"select state from haul.downloads where title = '$1'\" completed"; }

given big 900000 full
head -c 700000 /dev/zero >"$room/small/ballast"
ok "a disk is full" fails big
like "$(why big)" "^local.space: .*not enough room for .*big.*: it needs 900 kB" "and says so"
is "$(state_of big)" importing "the download waits, and is not to blame"
is "$(find "$room/small/full" -type f | wc -l)" 0 "nothing half is there"
rm "$room/small/ballast"
ok "with room it goes on" ends big
ok "to the end" cmp "$room/src/big.bin" "$room/small/full/big.bin"
rm "$room/small/full/big.bin"

given linked 10000 linked
ok "another file system, and links only" wait_until "says \"select state from haul.downloads where title = 'linked'\" failed"
like "$(asks "select class || ': ' || error from haul.downloads where title = 'linked'")" "^place.mode: .*linked.bin" "is a mode that cannot be, which nobody tries again"
is "$(ls -A "$room/small/linked")" '' "and nothing was copied instead"
given copied 10000 copied
ok "where a copy is allowed" ends copied
is "$(asks "select mode from haul.files where title = 'copied'")" copy "it is one"

mount -o remount,ro "$room/small"
given readonly 10000 copied
ok "a file system is read-only" fails readonly
like "$(why readonly)" "^local.readonly: " "and says so"
mount -o remount,rw "$room/small"
ok "and goes on when it is not" ends readonly

mv "$room/gone" "$room/elsewhere"
given lost 10000 gone
ok "a library is not there" fails lost
like "$(why lost)" "^local.lost: .*gone" "which is said of it"
ok "where people look, too" wait_until "asks \"select trouble from haul.downloads where title like 'lost%'\" | grep -q 'gone.*tried .*again'"
not_ok "and it is not made by us" test -e "$room/gone"
mv "$room/elsewhere" "$room/gone"
ok "it goes on when it is back" ends lost
is "$(stat -c %h "$room/gone/lost.bin")" 2 "by link"

# Empty files, which the client makes by itself, with whatever it makes of their names.
mkdir "$room/names" "$room/client/downloads/..hostile"
tow library add names "$room/names" --mode link
head -c 1000 /dev/urandom >"$room/client/downloads/..hostile/ok.bin"
python3 - "$room/client/downloads/..hostile/ok.bin" "$room/hostile.torrent" <<-'END'
	import hashlib, sys
	text = lambda s: b"%d:%s" % (len(s), s)
	names = [[b"..", b"..", b"up.bin"], [b"a/b", b"slash.bin"], [b"/abs.bin"], [b"new\nline.bin"], [b"trail. "], [b".tow-recycle", b"x.bin"], [b"nul.bin"],
	         [b'<>:"|?*.bin'], [b"M" * 300 + b".bin"], ["日本".encode() * 60 + b".bin"], [b"caf\xe9 \xff.bin"], [b"A.bin"], [b"a.bin"]]
	files = [(1000, [b"ok.bin"])] + [(0, name) for name in names]
	listed = b"".join(b"d6:lengthi%de4:pathl%see" % (size, b"".join(map(text, path))) for size, path in files)
	piece = hashlib.sha1(open(sys.argv[1], "rb").read()).digest()
	open(sys.argv[2], "wb").write(b"d4:infod5:filesl" + listed + b"e4:name" + text(b"../hostile") + b"12:piece lengthi16384e6:pieces20:" + piece + b"ee")
END
tow haul add "$room/hostile.torrent" --title hostile --library names >/dev/null
ok "hostile names are placed" ends hostile
is "$(find "$room/names" -type f | wc -l)" 13 "all of them but what is hidden, below the library"
is "$(find "$room" -name up.bin -not -path "$room/client/*" -not -path "$room/names/?*/*")" '' "and nowhere else"
is "$(find "$room/names" -mindepth 1 -name '*[[:cntrl:]<>:"|?*\\]*' -o -name '*[. ]' -o -iname nul.bin)" '' "with no name that another system would not take"

is "$(asks "select count(*) from haul.downloads where state <> 'completed'")" 1 "all but one came to their end"
ok "nothing half is left" nothing_half "$room/small"
done_testing
