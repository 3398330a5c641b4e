#!/usr/bin/env bash
# tow queue, schedule, policy.
# shellcheck disable=SC2119,SC2317 # a helper without its argument; functions called by ok and exits
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start
tow() { "$TOW" "$@"; }
queue() { tow queue ls --json | jq -c ".[] | select(.name == \"$1\") | $2"; }

# Queues
ok "queue add" tow queue add mail --description 'letters'
is "$(queue mail '[.state, .description, .policy]')" '["open","letters",null]' "it is there"
ok "queue set" tow queue set mail --policy patient --retention '30 days' --timeout '2 min' --max-attempts 4 --max-args-bytes 100
is "$(queue mail '[.description, .policy, .retention, .timeout, .max_attempts, .max_args_bytes]')" \
	'["letters","patient","30 days","00:02:00",4,100]' "what was given is changed, the rest stays"
exits 65 "its limits count" tow enqueue noop "{\"t\": \"$(head -c 200 /dev/zero | tr '\0' x)\"}" --queue mail 2>/dev/null
ok "queue pause" tow queue pause mail --reason 'relay down'
is "$(queue mail '[.state, .pause_reason]')" '["paused","relay down"]' "with its reason"
like "$(tow queue ls)" "mail +paused .*relay down" "in the table too"
ok "queue resume" tow queue resume mail
is "$(queue mail .state)" '"open"' "open again"
tow queue pause mail --reason 'relay down' >/dev/null
is "$(tow queue pause --all --reason repairs --json | jq -c '.[] | select(.queue == "mail" or .queue == "default") | [.queue, .state, .pause_reason]')" \
	'["default","paused","repairs"]'$'\n''["mail","was paused","relay down"]' "queue pause --all"
like "$(tow queue show default)" "^queue default  paused.*paused +since [^ ]+ .*: repairs.*jobs +0 ready, 0 waiting in lanes, 0 running" "queue show: all about one"
is "$(tow queue show mail --json | jq -c '[.name, .state, .policy == (.policy | tostring)]')" "$(tow queue ls --json | jq -c '.[] | select(.name == "mail") | [.name, .state, .policy == (.policy | tostring)]')" "for programs as in the list"
like "$(tow queue resume --all)" "default +resumed.*mail +stays paused +relay down" "queue resume --all leaves what was paused by its name"
tow queue resume mail >/dev/null
exits 64 "a name and --all" tow queue pause mail --all 2>/dev/null
exits 66 "show: no such queue" tow queue show nowhere 2>/dev/null
exits 66 "no such queue" tow queue pause nowhere 2>/dev/null
exits 66 "no such policy" tow queue set mail --policy nowhere 2>/dev/null
like "$(tow queue ls)" "mail +open .*nobody serves it +tow worker --queue mail" "that nobody serves it is said, with the command that does"
worker_start --queue mail:1
ok "not once somebody does" wait_until '[ "$(queue mail "[.workers, .trouble, .hint]")" = "[1,null,null]" ]'
process_stop "$WORKER_PID"
ok "queue rm" tow queue rm mail
is "$(queue mail .)" "" "gone"
exits 64 "queue what?" tow queue 2>/dev/null
like "$(tow queue 2>&1)" "needs one of: ls show add set pause resume rm" "it says which there are"
exits 64 "no such word" tow queue nonsense 2>/dev/null
like "$(tow queue set default --retention 14 2>&1)" "takes a length of time with its unit, not '14'.*hint: for instance: --retention '14 days'" "14 what?"
exits 0 "nothing is 0 of any unit" tow audit --since 0
exits 65 "nor do settings guess" tow setting retention 30 2>/dev/null
exits 65 "nor with a point" tow setting retention 14.5 2>/dev/null
exits 64 "nor do delays" tow enqueue noop --in 30 2>/dev/null
exits 64 "pause which?" tow queue pause 2>/dev/null
exits 64 "rm one at a time" tow queue rm a b 2>/dev/null

# Grants
instance_psql -c 'create role shop' -c 'create role desk'
tow queue add orders
ok "queue grant" tow queue grant orders shop
ok "to read" tow queue grant orders desk --may read
is "$(tow queue grants --json | jq -c '[.[] | [.queue, .role, .may]]')" '[["orders","desk","read"],["orders","shop","enqueue"]]' "both are listed"
exits 66 "no such role" tow queue grant orders nobody_here 2>/dev/null
said=$(tow queue grant orders shop --may write 2>&1)
is $? 65 "no such privilege"
like "$said" "use enqueue or read" "with those there are"
exits 64 "revoke says of whom" tow queue revoke orders 2>/dev/null
exits 64 "of one or of all" tow queue revoke orders shop --all 2>/dev/null
ok "queue revoke" tow queue revoke orders shop
is "$(instance_psql -c "select restricted from tow_store.queue where name = 'orders'")" t "the queue stays restricted"
ok "revoke --all" tow queue revoke orders --all
is "$(instance_psql -c "select restricted from tow_store.queue where name = 'orders'")" f "until it is opened"
is "$(tow queue grants --json | jq -r '.[].role')" desk "and what may read may still"

# The same verbs everywhere
is "$(tow kind ls)" "$(tow kinds)" "kind ls"
tow daemon add looker noop --quiet
is "$(tow daemon show looker)" "$(tow daemon status looker)" "daemon show"
exits 65 "daemon add of one that is there" tow daemon add looker echo 2>/dev/null
like "$(tow daemon add looker echo 2>&1)" "there is a daemon 'looker' already"$'\n'"hint: change it: tow daemon set 'looker'" "with what changes it"
is "$(tow daemon show looker --json | jq -r .kind)" noop "which is left as it was"
tow daemon rm looker

# Settings of the instance
is "$(tow setting retention)" '14 days' "setting NAME is its value"
ok "setting NAME VALUE" tow setting retention '30 days'
is "$(tow setting ls --json | jq -c '.[] | select(.name == "retention") | [.value, .standard]')" '["30 days","14 days"]' "it is listed with its standard"
is "$(tow setting | wc -l)" "$(tow setting ls | wc -l)" "ls is not needed"
ok "setting --reset" tow setting --reset retention
is "$(tow setting retention)" '14 days' "as it was"
is "$(instance_psql -c 'select count(*) from tow.settings where value <> standard')" 0 "a new instance has all its standards"
exits 64 "one at a time" tow setting --reset retention log_retention 2>/dev/null
for words in 'setting retenton' "setting retenton 3" 'setting --reset retenton' 'setting set retenton 3' 'setting reset retenton'; do
	# shellcheck disable=SC2086 # words
	said=$(tow $words 2>&1)
	is $? 66 "no such thing: tow $words"
	like "$said" "no such setting 'retenton'"$'\n'"hint: did you mean 'retention'" "a suggestion"
done
exits 65 "a bad value" tow setting retention lots 2>/dev/null
exits 65 "nor is the mark of tests set" tow setting test on 2>/dev/null

# Schedules
like "$(tow schedule add nightly '0 3 * * *' clean '{"deep": true}' --tz Europe/Paris --queue slow --priority 9 --tags a,b)" "^next at 2" "schedule add"
is "$(tow schedule ls --json | jq -c '.[0] | [.name, .spec, .tz, .kind, .args, .queue, .priority, .tags, .state]')" \
	'["nightly","0 3 * * *","Europe/Paris","clean",{"deep":true},"slow",9,["a","b"],"active"]' "every option arrives"
is "$(tow schedule next nightly --count 3 --json | jq length)" 3 "schedule next, by name"
is "$(tow schedule next '0 0 1 1 *' --count 1 --json | jq -r '.[0].run_at' | cut -c5-19)" "-01-01T00:00:00" "or of a line"
id=$(tow schedule run nightly)
is "$(tow jobs --json | jq -c "[.[] | select(.id == $id) | .kind, .args]")" '["clean",{"deep":true}]' "schedule run enqueues now"
ok "schedule pause" tow schedule pause nightly
is "$(tow schedule ls --json | jq -c '.[0] | [.state, .next_at]')" '["paused",null]' "paused"
like "$(tow schedule resume nightly)" "^next at" "schedule resume"
exits 65 "a name that is taken" tow schedule add nightly '@daily' clean 2>/dev/null
is "$(tow schedule add nightly '@daily' clean 2>&1)" \
	"tow: there is a schedule 'nightly' already"$'\n'"hint: change it: tow schedule set nightly" "says how it is changed"
is "$(tow schedule ls --json | jq -c 'map(.spec)')" '["0 3 * * *"]' "and changes nothing"
ok "schedule rm" tow schedule rm nightly
is "$(tow schedule ls --json)" "[]" "gone"
is "$(tow schedule add never '0 0 30 2 *' noop 2>&1)" \
	"tow: '0 0 30 2 *' never happens"$'\n'"hint: look at the day and the month, and at when it starts and ends; tow schedule next shows instants" "a line that never comes"
exits 65 "a bad line" tow schedule add bad '61 * * * *' noop 2>/dev/null
like "$(tow schedule add bad '61 * * * *' noop 2>&1)" "hint: " "with a hint"
exits 65 "a bad zone" tow schedule add bad '* * * * *' noop --tz Mars/Base 2>/dev/null
exits 66 "no such schedule" tow schedule rm nowhere 2>/dev/null
exits 64 "add without a kind" tow schedule add bad '* * * * *' 2>/dev/null

# Policies
is "$(tow policy preview --count 3 --json | jq -c 'map(.delay)')" '["00:00:05","00:00:10","00:00:20"]' "policy preview"
ok "policy set" tow policy set steps --shape list --delays '1 min,10 min,1 hour' --max-attempts 4 --jitter 0
is "$(tow policy preview steps --json | jq -c 'map(.cumulative)')" '["00:01:00","00:11:00","01:11:00"]' "its delays"
is "$(tow policy ls --json | jq -c '.[] | select(.name == "steps") | [.shape, .delays, .max_attempts]')" \
	'["list",["00:01:00","00:10:00","01:00:00"],4]' "policy ls"
ok "by error class" tow policy set steps --classes '{"http.4": "never"}'
like "$(tow policy ls)" "^NAME +SHAPE" "a table for people"
exits 65 "a bad one" tow policy set bad --shape nonsense 2>/dev/null
exits 65 "classes that are no JSON" tow policy set steps --classes nonsense 2>/dev/null
exits 66 "no such policy" tow policy preview nowhere 2>/dev/null
said=$(tow policy set odd --shape expo 2>&1)
is $? 65 "no such shape"
like "$said" "there is no shape 'expo'"$'\n'"hint: use fixed, linear, exponential, polynomial, list or function" "and which there are"
ok "policy rm" tow policy rm steps
exits 65 "the default one stays" tow policy rm default 2>/dev/null

# An option that is for another word is refused, not left unread; what PostgreSQL cannot read is said with a hint
while read -r words; do
	# shellcheck disable=SC2086 # words
	said=$(tow $words 2>&1)
	is "$?" 64 "tow $words"
	like "$said" "--[a-z-]+ is not for 'tow ${words%% *} [a-z]+'" "which option"
done <<'end'
queue ls --rate=5
queue pause default --rate=5
queue add fresh --reset=rate
lane ls --weight=4
lane pause default a --max-running=3
kind pause noop --max-running=5
kind resume noop --reason=none
daemon start inbox --every=1s
daemon rm inbox --lines=4
policy set steps --count=4
batch seal 7 --name=x
schedule ls --tz=UTC
end
is "$(tow queue ls --json | jq -r '.[] | select(.name == "default").state')" open "and nothing was done"

# What is no number is said here, and not in the database's words; what is not there is none, too
while read -r words; do
	# shellcheck disable=SC2086
	said=$(tow $words 2>&1)
	is $? 64 "no number: tow $words"
	like "$said" "'(x|12x|0|1e3|0\\.5)' is not a (job|download)'s number.*hint: 'tow |takes a (whole )?number, not '(x|1e3|0\\.5)'.*hint: (for instance: --|use .*; --reset )" "in plain words"
done <<'end'
cancel 12x
retry 0
log x
batch show x
haul plan x
haul files x
haul events 12x
haul cancel x
haul forget x
haul retry x
haul approve x
haul reject x
haul pause 0
haul resume x
haul undo x
haul recheck x
haul reannounce x
haul ls --limit 1e3
jobs --limit x
queue set default --burst x
queue set default --max-running 0.5
reprioritise --to x 7
end
while read -r words; do
	# shellcheck disable=SC2086
	said=$(tow $words 2>&1)
	is $? 64 "no limit: tow $words"
	like "$said" "^tow: --limit (takes a whole number above zero, not '(0|-1)'|'[0-9]+' is (not a whole number from 1 to 10+|too large)|: '[0-9]+' is too large)" "in our words"
done <<'end'
jobs --limit -1
jobs --limit 0
jobs --state failed --limit -1
jobs --state failed,retrying --limit 0
jobs --state failed,retrying --limit 1001
history --limit -1
audit --limit 0
bulk cancel --limit 10001 --kind x
redrive --limit 0 --kind x
redrive --limit 1000001 --kind x
haul ls --limit -1
end
ok "a rate may be a part of a number" tow queue set default --rate 0.5
while read -r words; do
	# shellcheck disable=SC2086
	exits 66 "not there: tow $words" tow $words 2>/dev/null
done <<'end'
haul files 99
haul events 99
haul plan 99
haul undo 99
haul recheck 99
log 99
batch show 99
workers drain 99
schedule history none
daemon log none
end

# What does not fit is named, and what would is said
while IFS='|' read -r words said; do
	like "$(eval "tow $words" 2>&1)" "$said" "refused: tow $words"
done <<'end'
policy set 'My Own' --shape fixed|bad policy name 'My Own'.*small letters
policy set g --shape list|a list needs delays.*1 min, 10 min
policy set g --shape list --delays '1 min,10'|--delays takes a length of time with its unit, not '10'.*--delays '10 days', or '10 s'
policy set g --shape list --delays x,y|--delays takes lengths of time, not 'x,y'.*--delays '1 min,10 min
policy set g --shape fixed --base '-1 s'|base is below zero
policy set g --shape fixed --cap '-1 s'|cap is below zero
policy set g --shape exponential --factor 0|bad factor.*above 0
policy set g --shape fixed --jitter 2|bad jitter.*0 to 1
policy set g --shape fixed --max-attempts 0|bad max_attempts.*1 to 1000000
policy set g --shape function|needs a function.*mine\(jsonb,jsonb\)
policy set g --shape fixed --classes x|--classes is not JSON: 'x'.*--classes '\{"http.4"
policy set g --shape fixed --classes '[]'|classes are not a JSON object
policy set g --shape fixed --classes '{"http.4": "nevr"}'|there is no policy 'nevr'.*did you mean 'never'
policy set g --shape fixed --classes '{"http.4": "sometimes"}'|hint: write
queue set default --rate -1|bad rate -1.*0.00001 to 1000000
queue set default --rate x|bad rate 'x'.*5/min, 1000/h
lane set default a --rate 5/fortnight|bad rate '5/fortnight'.*5/min, 1000/h
setting viewer_sees_args perhaps|bad value 'perhaps'.*it takes on or off
kind set noop --reset foo|cannot reset 'foo'.*max_running
kind set noop|nothing to set.*max_running
end
ok "a setting is taken back as its option is called, too" tow kind set noop --reset max-running --quiet

# What was done is said in one line
is "$(tow queue pause default)" "default  paused" "what was paused"
is "$(tow queue add default)" "default  set" "of a queue that was there, nothing else than of a new one"
is "$(tow queue resume default --json)" '{"name": "default", "done": "resumed"}' "for programs"
is "$(tow lane pause default a)" "default a  paused" "a lane of which queue"
is "$(tow kind set noop --max-running 3 --quiet)" "" "nothing, when asked"
is "$(tow policy set calm --shape fixed --base '1 min')" "calm  set" "a policy"
is "$(tow target add tv mpd mpd://127.0.0.1:1)" "tv  added" "what is added, and not its settings"
is "$(tow setting retention '8 days')" "retention  set" "a setting"
exits 65 "a value below zero is no option" tow setting max_losses -1 2>/dev/null
is "$(tow setting set retention '9 days'; tow setting retention)" "retention  set"$'\n'"9 days" "set, as other commands have it"
is "$(tow setting reset retention --json; tow setting retention)" '{"name": "retention", "done": "reset"}'$'\n'"14 days" "and reset"
like "$(tow setting set retention 2>&1)" "'tow setting set' needs a word more: VALUE" "with a value"
like "$(tow haul rm 1 2>&1)" "hint: 'tow haul cancel ID'.*'tow haul forget ID'" "rm of a download could be two things"
like "$(tow haul stop --reason 'a new disk')" "stopped .*a new disk" "nobody looks at any client"
instance_psql -c "update haul_store.health set since = since - interval '5 min', next_at = null" -c "update haul_store.client set enabled = true" >/dev/null
said=$(tow client add far transmission http://127.0.0.1:1 2>&1)
like "$said" "nobody looks: a new disk: .*tow haul start" "nor at one that is added then, which is told at once"
unlike "$said" "watched now" "and not the contrary"
like "$(tow client ls --json | jq -r '.[] | select(.name == "far").hint')" "tow haul start" "which says with what command that ends"
instance_psql -c "with d as (insert into haul_store.download (title, state, state_at, type, client, client_name, who, created_at) select 'd', 'downloading', now(), 'torrent', id, name, 'x', now() from haul_store.client where name = 'far' returning id)
	insert into haul_store.file (download, source, size, state, why) select id, 'in it/run.exe', 2, 'skipped', 'a program' from d" >/dev/null
like "$(tow haul ls)" "nobody looks at client far, watching is stopped: tow haul start" "and so does a download that it shall bring"
like "$(tow haul files)" "skipped +.*in it/run.exe.* a program" "a file that is left out is named"
like "$(tow haul start)" "running " "this one"
unlike "$(tow haul ls)" "nobody looks" "which is over then"
instance_psql -c "select haul.add_channel('ring', 'ntfy', 'http://127.0.0.1:4', options => '{\"topic\": \"t\"}')" >/dev/null
like "$(tow notify add x ring nonsense 2>&1)" "hint: tow notify events lists them; " "what can be told is told by a command"
while read -r words; do
	# shellcheck disable=SC2086
	said=$(tow $words 2>&1)
	like "$said" "hint: [a-z']" "a hint of: tow $words"
	unlike "$said" "hint:.*(haul|tow)\.[a-z_]+[( ]" "and no function in it"
done <<'end'
notify add y ring nonsense
notify test never
haul undo 99
client set nope --url http://x
library set nope --root /x
target set nope --enabled on
profile set nope
channel test nope
goal rm nope
end
exits 64 "and is none of them" tow haul rm 1 2>/dev/null
like "$(tow haul add notaurl 2>&1)" "cannot read 'notaurl'.*"$'\n'"hint: a link begins with http://, https:// or magnet:" "neither a link nor a file"
like "$(tow haul add '' 2>&1)" "hint: a link begins with" "nor is nothing"
like "$(tow haul add ftp://x 2>&1)" "hint: a link begins with" "a link of another kind"
id=$(tow haul add http://127.0.0.1:1/a.iso)
is "$(tow haul cancel "$id")" "$id  cancelled" "a download"
is "$(tow haul forget "$id" --json)" "{\"name\": \"$id\", \"done\": \"forgotten\"}" "which for programs, too"
is "$(tow signal "$(tow enqueue noop)" go)" "$(instance_psql -c 'select max(id) from tow.jobs')  signalled" "a job that was told something"
is "$(tow schedule add hourly '@every 1h' noop --json | jq -r 'keys[]')" next_at "the next instant, for programs"
is "$(tow schedule set hourly --json | jq -r 'keys[]')" next_at "the same of set"
tow schedule pause hourly
is "$(tow schedule resume hourly --json | jq -r 'keys[]')" next_at "and of resume"
done_testing
