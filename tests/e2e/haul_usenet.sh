#!/usr/bin/env bash
# Usenet's clients say of a finished job only where it is: what lies there is what is placed, no link out of it, and nothing
# where a job has no folder of its own. NZBGet is the real one with its own news server, SABnzbd a replay.
# shellcheck disable=SC2154 # variables of the libraries
. tests/lib/tap.sh
. tests/lib/haul.sh
need nzbget jq python3 curl

mkdir -p "$room"/{library,moved,articles} "$room"/nzb/{done,inter,queue,tmp,in,scripts} "$room"/sab/complete/films
echo secret >"$room/secret.mkv"
news_port=$(free_port)
there=http://127.0.0.1:$(free_port)

#--- a news server, and NZBGet; after each job somebody has left things in its folder
head -c 300000 /dev/urandom >"$room/articles/film.mkv"
nzbget --nserv -d "$room/articles" -b 127.0.0.1 -p "$news_port" -z 100000 -q >"$room/make.log" 2>&1
mv "$room/articles/film.mkv.nzb" "$room/film.nzb"
begin news nzbget --nserv -d "$room/articles" -b 127.0.0.1 -p "$news_port" -v 1
cat >"$room/nzb/scripts/litter.sh" <<-END
	#!/bin/sh
	### NZBGET POST-PROCESSING SCRIPT
	# Leaves things behind.
	### NZBGET POST-PROCESSING SCRIPT
	ln -s '$room/secret.mkv' "\$NZBPP_DIRECTORY/link.mkv" && ln -s '$room' "\$NZBPP_DIRECTORY/room" && mkfifo "\$NZBPP_DIRECTORY/pipe.mkv" &&
		echo x >"\$NZBPP_DIRECTORY/film.par2" && mkdir "\$NZBPP_DIRECTORY/Subs" && echo hello >"\$NZBPP_DIRECTORY/Subs/en.srt" && exit 93
	exit 94
END
chmod 755 "$room/nzb/scripts/litter.sh"
cat >"$room/nzb/conf" <<-END
	MainDir=$room/nzb
	DestDir=$room/nzb/done
	InterDir=$room/nzb/inter
	NzbDir=$room/nzb/in
	QueueDir=$room/nzb/queue
	TempDir=$room/nzb/tmp
	ScriptDir=$room/nzb/scripts
	LogFile=$room/nzb/nzbget.log
	LockFile=$room/nzb/lock
	WebDir=
	ControlIP=127.0.0.1
	ControlPort=${there##*:}
	ControlUsername=nzbget
	ControlPassword=labpass123
	Server1.Active=yes
	Server1.Host=127.0.0.1
	Server1.Port=$news_port
	Server1.Connections=2
	Category1.Name=films
	Category1.DestDir=$room/nzb/done/films
	Category1.PostScript=litter.sh
	OutputMode=log
	DiskSpace=0
	KeepHistory=30
END
begin nzbget nzbget -c "$room/nzb/conf" -s
begin replay python3 -u tests/lib/sabnzbd_replay.py right-key
wait_until "[ -s '$room/replay.log' ] && curl -s -o /dev/null '$there' && (: </dev/tcp/127.0.0.1/$news_port)"
place=http://127.0.0.1:$(head -n 1 "$room/replay.log")

#--- Towpath
instance_start
mkdir -p "$TOW_HOME"
printf 'labpass123\n' | tow secret set nzb
printf 'right-key\n' | tow secret set sab
ok "a library" tow library add films "$room/library"
ok "that removes what is placed" tow library set films --done-remove data
ok "NZBGet" tow client add nzb nzbget "$there" --user nzbget --secret secret:nzb --category films --fast '200 ms' --slow '300 ms'
ok "SABnzbd, whose folders are elsewhere here" tow client add sab sabnzbd "$place" --secret secret:sab --category films --adopt on --priority 200 \
	--path-map "/downloads=$room/sab" --fast '200 ms' --slow '300 ms'
watched

#--- grabbed, downloaded and placed
id=$(tow haul add "$room/film.nzb" --title film)
ok "an nzb comes to its end" wait_until "says \"select state from haul.downloads where id = $id\" completed"
ok "its file is what it was" cmp "$room/articles/film.mkv" "$room/library/film/film.mkv"
is "$(cd "$room/library" && find . | sort | paste -sd ' ')" ". ./film ./film/Subs ./film/Subs/en.srt ./film/film.mkv" "nothing is there that a link leads to, or is no file"
is "$(stat -c %h "$room/library/film/film.mkv" "$room/nzb/done/films/film/film.mkv" | paste -sd ' ')" "2 2" "by hard link"
is "$(asks "select string_agg(concat_ws(' ', source, state, coalesce(why, mode)), ', ' order by source) from haul.files where download = $id")" \
	"film/Subs/en.srt placed link, film/film.mkv placed link, film/film.par2 skipped junk" "each file says how"
ok "that the client will not delete what it has made is said" wait_until "says \"select detail from haul.events where download = $id and what = 'refused'\" 'client nzb: remove_data: it never deletes the files of what it has finished'"
is "$(asks "select count(*) from haul.events where download = $id and what = 'seeded'")" 0 "nothing is said of seeding"
like "$(tow haul plan "$id")" 'film/film.par2 .*junk' "a plan looks there, too"

#--- adopted
now() { curl -sf -d "$1" "$place/replay" >/dev/null; }
job() { # name storage
	now "$(jq -cn --arg id "SABnzbd_nzo_$1" --arg name "$1" --arg storage "$2" '{row: {nzo_id: $id, name: $name, status: "Completed", storage: $storage, category: "films", bytes: 9, completed: 1752669335}}')"
}
ends() { wait_until "says \"select state from haul.downloads where title = '$1'\" '$2'"; } # title state
error() { asks "select error from haul.downloads where title = '$1'"; }
mkdir -p "$room/sab/complete/films/show/Caf"$'\xe9'
echo one >"$room/sab/complete/films/show/Caf"$'\xe9'/$'\xff.mkv'
echo two >"$room/sab/complete/films/show/two.mkv"
ln -s "$room/secret.mkv" "$room/sab/complete/films/show/secret.mkv"
job show /downloads/complete/films/show
ok "a job that is found in the history comes to its end" ends show completed
is "$(cd "$room/library" && LC_ALL=C find show -type f | LC_ALL=C sort | cat -v | paste -sd ' ')" "show/CafM-i/M-^?.mkv show/two.mkv" "its names are bytes, and the link is left out"
is "$(stat -c %h "$room/library/show/two.mkv")" 2 "by hard link"
ok "what SABnzbd will not delete is said, too" wait_until "says \"select e.detail from haul.events e where e.title = 'show' and e.what = 'refused'\" 'client sab: remove_data: it does not delete what a job has made'"
echo alone >"$room/sab/complete/films/alone.mkv"
job alone /downloads/complete/films/alone.mkv
ok "a job that is one file" ends alone completed
is "$(cd "$room/library" && find . -name alone.mkv)" ./alone.mkv "is that file"

#--- what is not a job's own
job late /downloads/complete/films
ok "a job without a folder of its own fails" ends late failed
like "$(error late)" "download [0-9]+ would be all of '/downloads/complete/films': that is all of its category" "and says why"
job all /downloads/complete
ok "so does one that is all there is" ends all failed
like "$(error all)" "would be all of '/downloads/complete': '(show|alone|late)' is there, too" "whose job is seen there"
job map /downloads
ok "or that is what the path map names" ends map failed
job up /downloads/complete/films/show/..
ok "or that leads up" ends up failed
ln -s "$room" "$room/sab/complete/films/link"
job link /downloads/complete/films/link
ok "a link for a folder" ends link failed
like "$(error link)" 'the client.s .*: Too many levels of symbolic links' "is not followed"
not_ok "nothing of them is in the library" eval "find '$room/library' | grep -v -e /film -e /show -e /alone | grep -q /library/."
ok "and nothing is missing" cmp "$room/articles/film.mkv" "$room/nzb/done/films/film/film.mkv"

done_testing
