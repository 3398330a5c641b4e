#!/usr/bin/env bash
# What a disk refuses while files are placed: a folder that is not ours to write in, a quota that is used up, a file that has all
# the names that it may have. Each says what it is, leaves nothing half, waits or takes the library's next mode, and goes on when it
# is mended. Real file systems where root may mount them (ext4: 65000 names; btrfs: a quota for root, too); everywhere the same
# refusals from tests/lib/faulty.c, preloaded.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
. tests/lib/haul.sh
need python3 setpriv
trap 'status=$?; instance_stop; umount "$room"/links "$room"/quota 2>/dev/null; room_clear; exit $status' EXIT

why() { asks "select distinct f.class || ': ' || f.error from haul_store.file f join haul_store.download d on d.id = f.download where d.title = '$1' and f.class is not null"; }
fails() { wait_until "[ -n \"\$(why $1)\" ]" 60; }
again() { asks "select tow.run_now(id) from tow.jobs where kind = 'haul.import' and state = 'retrying'" >/dev/null; }
ends() { wait_until "again; says \"select state from haul.downloads where title = '$1'\" completed" 60; }
why_not() { asks "select class || ': ' || error || ': ' || hint from haul.downloads where title = '$1'"; }
gives_up() { wait_until "again; says \"select state from haul.downloads where title = '$1'\" failed" 60; }
mode_of() { asks "select mode from haul.files where title = '$1'"; }
id_of() { asks "select id from haul.downloads where title = '$1'"; }
given() { # TITLE BYTES LIBRARY CLIENT
	head -c "$2" /dev/urandom >"$room/src/$1"
	tow haul add "http://127.0.0.1:$port/plain/$1" --title "$1" --library "$3" --client "$4" >/dev/null
}
worker_as() { # PROGRAM
	process_stop "$WORKER_PID"
	TOW=$1 worker_start --queue haul:4
}
mounts() { # FOLDER MEGABYTES MKFS...
	local folder=$1
	mkdir -p "$folder"
	truncate -s "$2M" "$folder.img"
	shift 2
	[ "$(id -u)" = 0 ] && "$@" "$folder.img" >/dev/null 2>&1 && mount -o loop "$folder.img" "$folder" 2>/dev/null
}

mkdir -p "$room/src" "$room/dl" "$room/locked" "$room"/faulty/{small,many,only}
: >"$room/src/asked"
begin files python3 -u tests/lib/web_files.py "$room/src"
wait_until "[ -s '$room/files.log' ]"
port=$(head -n 1 "$room/files.log")
instance_start
tow client set web --url "file://$room/dl"
tow library add locked "$room/locked" --mode link,copy
tow library add small "$room/faulty/small" --mode copy
tow library add many "$room/faulty/many" --mode link,copy
tow library add only "$room/faulty/only" --mode link
scheduler_start
worker_start --queue haul:4

#--- a folder that is not the worker's to write in; root may, unless it has put that down, and then the server lets it in all the same
chmod 711 "$TOW_HOME/run"
chmod 777 "$TOW_HOME"/run/.s.PGSQL.*[0-9]
worker_as "$(begun_by setpriv --bounding-set=-dac_override,-dac_read_search,-fowner)"
chmod 555 "$room/locked"
given locked 10000 locked web
ok "a library that nobody may write in" fails locked
like "$(why locked)" "^local.denied: cannot .*locked.*: Permission denied" "says so"
is "$(state_of locked) $(ls -A "$room/locked")" "importing " "the download waits, and nothing is there"
like "$(tow status)" "downloads .*1 waits for another try.*Permission denied" "people are told"
chmod 755 "$room/locked"
ok "when it may be written in it goes on" ends locked
is "$(cmp "$room/src/locked" "$room/locked/locked") $(mode_of locked)" " link" "to the end"

#--- refused as a disk would, by a library that stands before the C library's calls
export FAULTY=$room/faulty
worker_as "$(begun_faulty)"
: >"$FAULTY.quota"
given small 300000 small web
ok "a quota (preloaded)" fails small
like "$(why small)" "^local.quota: .*small.*: Disk quota exceeded" "says so"
is "$(state_of small) $(find "$FAULTY" -type f)" "importing " "the download waits, and nothing half is there"
rm "$FAULTY.quota"
ok "with room it goes on" ends small
ok "to the end" cmp "$room/src/small" "$FAULTY/small/small"
: >"$FAULTY.links"
given many 10000 many web
ok "a file with too many names (preloaded)" ends many
is "$(cmp "$room/src/many" "$FAULTY/many/many") $(mode_of many)" " copy" "is copied, where that is allowed"
given only 10000 only web
ok "and fails where it is not" gives_up only
like "$(why_not only)" "^place.mode: .*link: Too many links.*remove some, or allow copy" "saying what to do"
rm "$FAULTY.links"
tow haul retry "$(id_of only)"
ok "when some have gone it goes on" ends only
is "$(mode_of only)" link "as a link"

#--- a disk on which it takes long to read what is here already (preloaded): no word of a server that has not been asked
tow client add slow web "file://$FAULTY"
truncate -s 40M "$room/src/large"
large=$(tow haul add "http://127.0.0.1:$port/gate/large" --library many --client slow --checksum "md5:$(md5sum "$room/src/large" | cut -d' ' -f1)")
ok "half is here" wait_until "[ \"\$(stat -c %s '$FAULTY/tow-$large/large.part' 2>/dev/null)\" = $((20 << 20)) ]" 60
tow haul pause "$large"
ok "and its job ends" wait_until "says \"select count(*) from tow.jobs where 'download:$large' = any(tags)\" 0" 60
: >"$FAULTY.slow"
tow haul resume "$large"
ok "what is here is read, and that is told" wait_until "says \"select seen_at - changed_at > '1 s' and down is null and error is null from haul.transfers where download = $large\" t" 60
is "$(asks "select trouble from haul.downloads where id = $large")" "" "nobody is blamed"
rm "$FAULTY.slow"
: >"$room/src/open"
ok "and it goes on" ends large
ok "to the end" cmp "$room/src/large" "$FAULTY/many/large"
tow haul forget "$large" --remove data
ok "deleted" wait_until "[ ! -e '$FAULTY/tow-$large' ]" 60
worker_as "$TOW"

#--- a quota of a real file system
if mounts "$room/quota" 200 mkfs.btrfs -q && btrfs quota enable "$room/quota" && btrfs subvolume create "$room/quota/library" >/dev/null; then
	tow library add quota "$room/quota/library" --mode copy
	btrfs qgroup limit 1M "$room/quota/library"
	given full 3000000 quota web
	ok "a quota (btrfs)" fails full
	like "$(why full)" "^local.quota: .*full.*: Disk quota exceeded" "says so"
	is "$(state_of full) $(find "$room/quota/library" -type f)" "importing " "the download waits, and nothing half is there"
	btrfs qgroup limit none "$room/quota/library"
	ok "with room it goes on" ends full
	ok "to the end" cmp "$room/src/full" "$room/quota/library/full"
else
	skip "no file system with a quota can be made here (root, btrfs): only the preloaded one was met"
fi

#--- as many names as a real file system gives
if mounts "$room/links" 64 mkfs.ext4 -q; then
	mkdir "$room/links/dl" "$room/links/names"
	tow client add linked web "file://$room/links/dl"
	tow library add copied "$room/links/library" --mode link,copy
	given full-link 10000 copied linked
	ok "fetched, and its library is not there yet" wait_until "asks \"select trouble from haul.downloads where title = 'full-link'\" | grep -q library" 60
	file=$room/links/dl/tow-$(id_of full-link)/full-link
	python3 - "$file" "$room/links/names" <<-'END2'
		import errno, itertools, os, sys
		try:
		    for n in itertools.count():
		        os.link(sys.argv[1], f"{sys.argv[2]}/{n}")
		except OSError as e:
		    assert e.errno == errno.EMLINK, e
	END2
	is "$(stat -c %h "$file")" 65000 "it has all the names that it may have (ext4)"
	tow library add linked "$room/links/linked" --mode link
	mkdir "$room/links/library" "$room/links/linked"
	asks "update haul_store.download set library = (select id from haul_store.library where name = 'linked') where title = 'full-link'"
	ok "where only links are allowed" gives_up full-link
	like "$(why_not full-link)" "^place.mode: .*link: Too many links.*remove some, or allow copy" "that is said, with what to do"
	is "$(ls -A "$room/links/linked")" '' "and nothing is there"
	rm "$room/links/names/0"
	tow haul retry "$(id_of full-link)"
	ok "with one name less it goes on" ends full-link
	is "$(stat -c %h "$room/links/linked/full-link") $(mode_of full-link)" "65000 link" "as a link"
	ok "taken back" tow haul undo "$(id_of full-link)"
	ok "it is gone" wait_until "[ ! -e '$room/links/linked/full-link' ]" 60
	ln "$file" "$room/links/names/0"
	tow library set linked --mode link,copy
	tow haul retry "$(id_of full-link)"
	ok "where copies are allowed, too" ends full-link
	is "$(cmp "$room/src/full-link" "$room/links/linked/full-link") $(mode_of full-link)" " copy" "it is one"
else
	skip "no small ext4 can be mounted here: only the preloaded refusal was met"
fi

is "$(asks "select count(*) from haul.downloads where state <> 'completed'")" 0 "all came to their end"
ok "nothing half is left" nothing_half "$FAULTY"
done_testing
