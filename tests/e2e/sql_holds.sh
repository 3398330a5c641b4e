#!/usr/bin/env bash
# A worker is given up while a transaction of its handler holds a run, or while an exchange of its own is under way:
# nothing is taken from under them, and nothing stays behind.
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/sessions.sh

# shellcheck disable=SC2119
instance_start
session_open worker
session_open handler
attach="select worker from tow.attach('w', 'h', 1, '0', '{default}', '{4}', '{noop}', '1 h')"
claim() { # worker sequence
	echo "select job, run from tow.exchange($1, 0, $2, false, null, null, null, null, null, '{1}', '{0}', '{1}', '{5}') where what = 'job'"
}
die="update tow_store.worker set watched_at = clock_timestamp() - interval '2 h', watched_beats = beats"
state() { instance_psql -c "select tow.state($1)"; }

instance_psql -c "select tow.duty('rescue')" >/dev/null # from its first turn on time counts
instance_psql -c "select tow.enqueue('noop')" >/dev/null
w=$(session_do worker "$attach")
IFS='|' read -r job run <<<"$(session_do worker "$(claim "$w" 1)")"
is "$(session_do handler "begin; select tow.holds($job, $run)")" t "a handler's transaction holds its run"
instance_psql -c "$die"
is "$(instance_psql -c "set lock_timeout = '60s'" -c "select tow.duty('rescue')")" 1 "the worker dies; the rescue waits for nobody"
is "$(state "$job")" running "the job is not taken from under the handler"
is "$(instance_psql -c 'select wait_ms <= 0 from tow.tick(null, null, null) where duty = '"'rescue'")" t "the duty stays due, though no worker lives"
session_do handler commit >/dev/null
is "$(instance_psql -c "select tow.duty('rescue')")" 1 "when the transaction has ended"
is "$(state "$job")" ready "the job is put back"
is "$(instance_psql -c "select leftover from tow_store.worker where id = $w")" f "and nothing is left over"
like "$(session_do handler "select tow.holds($job, $run)")" 'TW410' "the zombie is told"

# An exchange that began before, and commits after.
w=$(session_do worker "$attach")
like "$(session_do worker "begin; $(claim "$w" 1)")" "^$job\|" "a claim that is not committed yet"
instance_psql -c "$die"
is "$(instance_psql -c "set lock_timeout = '60s'" -c "select tow.duty('rescue')")" 1 "its worker dies"
session_do worker commit >/dev/null
is "$(state "$job")" running "then it is committed"
is "$(instance_psql -c "select tow.duty('rescue')")" 1 "the next rescue finds it"
is "$(state "$job")" ready "and puts the job back"
is "$(instance_psql -c "select count(*) from tow_store.worker where leftover")" 0 "and nothing is left over"
like "$(session_do worker "$(claim "$w" 2)")" 'TW410' "the worker itself claims nothing more"

# The session lock ends with its session.
w=$(session_do worker "$attach")
is "$(instance_psql -c "select tow_store.lock_is_held($w)")" t "a worker's session holds its lock"
is "$(instance_psql -c "select held from tow.attach('w', 'h', 1, '0', '{default}', '{4}', '{noop}', '1 h', $w)")" f "nobody else can have it"
instance_psql -c "update tow_store.worker set held = true where id = $w; select pg_terminate_backend($(<"$instance_dir/worker.pid"))" >/dev/null
ok "its end frees it" wait_until "[ \"\$(instance_psql -c 'select tow_store.lock_is_held($w)')\" = f ]"
ok "and it is known to be dead, long before its lease is over" wait_until \
	"instance_psql -c \"select tow.duty('rescue')\"; [ \"\$(instance_psql -c 'select count(*) from tow.workers')\" = 0 ]"

# Who holds an advisory lock is asked without listing all, by trying.
session_open lock
session_do lock "select pg_advisory_lock(7630711, 4711)" >/dev/null
others() { instance_psql -c "select tow_store.is_locked_by_others(7630711, 4711), tow_store.lock_is_held(4711)"; }
is "$(others)" "t|t" "a lock of another session is seen"
is "$(instance_psql -c "select count(*) from (select tow_store.is_locked_by_others(7630711, 4711) offset 0) o, pg_locks l where l.objid = 4711")" 1 "and not taken"
session_do lock "select pg_advisory_unlock(7630711, 4711)" >/dev/null
is "$(others)" "f|f" "a free one is not"
is "$(instance_psql -c "select tow_store.is_locked_by_others(7630711, 4711), (select count(*) from pg_locks where objid = 4711)")" "f|0" "nor is it taken"
is "$(instance_psql -c "select pg_advisory_lock(7630711, 4711), tow_store.is_locked_by_others(7630711, 4711), tow_store.lock_is_held(4711)")" "|f|t" "one's own is held, though not by others"
done_testing
