#!/usr/bin/env bash
# Somebody has a table locked: tow status, needs and doctor wait some seconds, not for its end, and say who it is.
# shellcheck disable=SC2119 # a helper without its argument
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/sessions.sh

instance_start
exits 1 "tow status, while nobody is in the way" "$TOW" status >/dev/null
is "$(instance_psql -c "select count(*) from tow.blockers()")" 0 "and nobody is named"

members=$("$TOW" needs --json | jq -c '.[0] | keys_unsorted')

# Who holds a lock that shuts out readers
session_open holder
pid=$(<"$instance_dir/holder.pid")
session_do holder "set application_name = 'nightly'; begin; lock tow_store.queue in access exclusive mode" >/dev/null
exits 1 "tow status ends" timeout 120 "$TOW" status >"$instance_dir/said"
like "$(<"$instance_dir/said")" "^bad +lock +session $pid \(nightly, of [^,]+, idle in transaction\) keeps others from tow_store.queue, for [0-9]+ s" "and names who has the table"
like "$(<"$instance_dir/said")" "-> end its transaction, or as .* or a superuser: select pg_terminate_backend\($pid\)" "with what to do"
is "$(wc -l <"$instance_dir/said")" 2 "once"
is "$(timeout 120 "$TOW" status --json | jq -c 'map([.component, .status])')" '[["lock","bad"]]' "for programs"
exits 1 "tow needs ends" timeout 120 "$TOW" needs >"$instance_dir/said"
like "$(<"$instance_dir/said")" "^bad +lock +session $pid " "and says it"
exits 1 "for programs, too" timeout 120 "$TOW" needs --json >"$instance_dir/said"
is "$(jq -c '.[] | [.what, .subject, .kind]' "$instance_dir/said")" '["bad","lock",null]' "what and who it is"
is "$(jq -c '.[0] | keys_unsorted' "$instance_dir/said")" "$members" "with the members that all of its answers have"
exits 1 "tow doctor ends" timeout 120 "$TOW" doctor >"$instance_dir/said"
like "$(<"$instance_dir/said")" "bad +lock +session $pid " "and says it"
exits 1 "tow workers ends" timeout 120 "$TOW" workers >"$instance_dir/said"
like "$(<"$instance_dir/said")" "^bad +lock +session $pid " "and says it"
session_do holder "rollback; begin; lock tow_store.schedule in access exclusive mode" >/dev/null
exits 0 "nobody's lock on what it does not show is in its way" timeout 120 "$TOW" workers >"$instance_dir/said"
like "$(<"$instance_dir/said")" "^ID +NAME" "it answers as ever"
session_do holder rollback >/dev/null

# Who keeps somebody waiting for such a lock, behind whom all others wait
session_do holder "begin; select count(*) from tow_store.queue" >/dev/null
session_open waiter
session_send waiter "begin; lock tow_store.queue in access exclusive mode"
ok "another waits for it" wait_until 'session_waits waiter'
like "$(timeout 120 "$TOW" status)" "bad +lock +session $pid " "named is for whom that one waits"
session_do holder "prepare transaction 'lesser'" >/dev/null
like "$(timeout 120 "$TOW" status)" "bad +lock +prepared transaction lesser keeps others from tow_store.queue, for .*rollback prepared 'lesser'" "also a prepared transaction that has only read"
instance_psql -c "rollback prepared 'lesser'" >/dev/null
session_take waiter >/dev/null
like "$(instance_psql -c "begin; create role plain; grant usage on schema tow_store to plain; grant execute on function tow_store.span(interval) to plain; alter function tow.blockers() owner to plain; select detail from tow.blockers(); rollback")" \
	"session $(<"$instance_dir/waiter.pid") \(psql, of [^,]+, state unknown\) keeps others from tow_store.queue$" "an owner who may see no more of a session says no more"
session_do waiter rollback >/dev/null

# A migration compares what is locked
session_do holder "begin; lock tow_store.migration in access exclusive mode" >/dev/null
like "$(timeout 120 "$TOW" doctor)" "warn +schema +not compared: somebody has a table locked" "tow doctor goes on where it cannot compare"
session_do holder "prepare transaction 'mine'" >/dev/null
is "$(instance_psql -c "select hint from tow.blockers()")" "rollback prepared 'mine'  -- or commit it; by $(instance_psql -c 'select current_user')" "nor is a prepared transaction forgotten"
session_do holder "rollback prepared 'mine'" >/dev/null
is "$(instance_psql -c "select count(*) from tow.blockers()")" 0 "until it is over"
done_testing
