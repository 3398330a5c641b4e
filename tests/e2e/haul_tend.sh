#!/usr/bin/env bash
# Nobody but our own workers downloads, so no monitor passes by: what is lost is found by the daemon haul-tend, and nobody has to come.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
. tests/lib/haul.sh
need python3
becomes() { wait_until "says \"select state from haul.downloads where id = $1\" $2"; }
# Its next turn, as if so much time had gone by for all that stands still.
later() {
	asks "update haul_store.download set state_at = state_at - interval '$1'" >/dev/null
	wait_until "says \"select state from tow.daemons where name = 'haul-tend'\" sleeping"
	asks "select tow.run_now(job) from tow.daemons where name = 'haul-tend'" >/dev/null
}

mkdir "$room/src" "$room/library" "$room/dl"
: >"$room/src/asked"
: >"$room/src/open"
for name in plain lost; do head -c 100000 /dev/urandom >"$room/src/$name"; done
begin files python3 -u tests/lib/web_files.py "$room/src"
wait_until "[ -s '$room/files.log' ]"
port=$(head -n 1 "$room/files.log")

instance_start
tow library add main "$room/library"
tow client set web --url "file://$room/dl"
watched
is "$(asks "select count(*) from tow.daemons where kind = 'haul.tend'")" 0 "nothing to tend, nobody who does"
id=$(tow haul add "http://127.0.0.1:$port/plain/plain")
ok "a download" becomes "$id" completed
ok "and who looks after what comes to nothing sleeps" wait_until "says \"select state from tow.daemons where name = 'haul-tend'\" sleeping"

tow queue pause haul
id=$(tow haul add "http://127.0.0.1:$port/plain/lost")
tow cancel "$(asks "select id from tow.jobs where kind = 'haul.fetch'")" >/dev/null
tow queue resume haul
is "$(asks "select count(*) from tow.jobs where 'download:$id' = any(tags)")" 0 "a job that is lost for good"
later '2 minutes'
ok "is made anew" becomes "$id" completed
ok "and does its work" cmp "$room/src/lost" "$room/library/lost"

id=$(tow haul add "http://127.0.0.1:$port/plain/plain" --title again)
becomes "$id" completed
asks "update haul_store.download set state = 'failed', back = 'downloaded', class = 'local.denied', error = 'denied' where id = $id"
later '11 minutes'
ok "what failed for our own disk is placed after all" becomes "$id" completed
is "$(asks "select count(*) from haul.events where download = $id and detail = 'tried again by itself'")" 1 "by itself"

tow library set main --taken replace >/dev/null
head -c 100000 /dev/urandom >"$room/src/plain"
id=$(tow haul add "http://127.0.0.1:$port/plain/plain")
becomes "$id" completed
is "$(find "$room/library/.tow-recycle" -type f | wc -l)" 1 "what was replaced is in the recycle bin"
head -c 1000 /dev/zero >"$room/library/.tow-recycle/20200101T000000Z.old"
: >"$room/library/.tow-recycle/mine"
asks "update haul_store.library set swept_at = tow.now() - interval '2 days'"
later '0'
ok "which is emptied once a day" wait_until "[ ! -e '$room/library/.tow-recycle/20200101T000000Z.old' ]"
is "$(find "$room/library/.tow-recycle" -type f | wc -l)" 2 "of what is old, and ours"
ok "as its log says" wait_until "asks \"select l.line from tow.find_history(kind => 'haul.empty') h cross join lateral tow.log(h.id) l\" | grep -q 'recycle bin: 1, bytes: 1000'"
rm "$room"/library/.tow-recycle/2*
tow haul undo "$id" >/dev/null
ok "what was replaced, and is gone by now" wait_until "says \"select count(*) from haul.files where download = $id and why like 'taken back: %does not come back'\" 1"

is "$(asks "select count(*) from tow.jobs where kind = 'haul.tend'")" 1 "all by one job"
is "$(tow status | grep -c tend)" 0 "of which there is nothing to say"
tow daemon stop haul-tend >/dev/null
tow queue pause haul
tow haul add "http://127.0.0.1:$port/plain/lost" >/dev/null
like "$(tow status)" "warn +tending .*haul-tend is stopped" "unless it is stopped"
done_testing
