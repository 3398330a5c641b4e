#!/usr/bin/env bash
# The doorbell rings when somebody sleeps, and only then; and nobody sleeps on a job that was enqueued without a ring.
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/sessions.sh

# shellcheck disable=SC2119
instance_start
session_open worker
session_open producer
w=$(session_do worker "select worker from tow.attach('w', 'h', 1, '0', '{default}', '{4}', '{noop}', '1 h')")
bit=$(instance_psql -c "select bit from tow_store.worker where id = $w")
rings() { session_do worker 'select 1' | grep -c "notification \"tow_bell_$bit\" with payload \"work\""; }
add="select tow.enqueue('noop')"
floor() { # parked woken
	session_do worker "select safe from tow.floor($w, null, '{1}', '{0}', $2, '$1')"
}

instance_psql -c "$add" -c "select tow.enqueue_many('noop', '{1,2}')" >/dev/null
is "$(rings)" 0 "nobody is parked: no ring"
ok "nor a NOTIFY that would keep a transaction from being prepared" instance_psql -c "begin; $add; prepare transaction 'p'" >/dev/null
instance_psql -c "rollback prepared 'p'"

parked=$(session_do worker "select tow.park($w, '{1}')")
ok "parked, and nobody is enqueueing: safe to sleep" wait_until '[ "$(floor "$parked" false)" = t ]' # autovacuum may be at work
instance_psql -c "$add" >/dev/null
is "$(rings)" 1 "one job: one ring"
instance_psql -c "begin; $add; $add; commit" >/dev/null
is "$(rings)" 1 "one transaction: one ring"
instance_psql -c "begin; $add; rollback" >/dev/null
is "$(rings)" 0 "undone: none"
instance_psql -c "select tow.enqueue_many('noop', '{1,2,3}')" >/dev/null
is "$(rings)" 1 "many at once: one"

# Who leaves may have been rung for what it does not take.
other=$(instance_psql -c "select worker from tow.attach('other', 'h', 1, '0', '{default}', '{4}', '{noop}', '1 h')")
instance_psql -c "select tow.park($other, '{1}')" >/dev/null
is "$(instance_psql -c "select tow_store.is_armed(arm, $other) from tow_store.queue where id = 1")" t "another worker is parked, too"
instance_psql -c "select tow.heartbeat($other, 'draining', null, null)" >/dev/null
is "$(instance_psql -c "select tow_store.is_armed(arm, $other) from tow_store.queue where id = 1")" f "nobody rings for one that stops"
is "$(rings)" 1 "and the others are woken"
instance_psql -c "select tow_store.give_up($other, 'dead')" >/dev/null
is "$(rings)" 1 "as they are when it is dead"
instance_psql -c "select tow.enqueue('noop', run_at => tow.now() - interval '1 s')" -c "select tow.snooze(1, '500 ms')" >/dev/null
rings >/dev/null
ok "a promoted one rings" wait_until "[ \"\$(instance_psql -c \"select tow.duty('promote')\")\" = 1 ]"
is "$(rings)" 1 "too"
instance_psql -c "set tow.bell = off" -c "$add" >/dev/null
is "$(rings)" 0 "a producer that turned the bell off does not"
floor "$parked" true >/dev/null
instance_psql -c "$add" >/dev/null
is "$(rings)" 0 "whoever was woken is not rung for again"

# Looked at the register before the worker parked, commits after.
session_do producer "begin; $add" >/dev/null
parked=$(session_do worker "select tow.park($w, '{1}')")
is "$(floor "$parked" false)" f "an enqueue that did not ring is under way: not safe"
is "$(floor "$parked" false)" f "nor at the next look"
session_do producer commit >/dev/null
ok "safe once it has ended" wait_until '[ "$(floor "$parked" false)" = t ]'
is "$(rings)" 0 "it did not ring, indeed"
session_do producer "begin isolation level repeatable read; select 1" >/dev/null
parked=$(session_do worker "select tow.park($w, '{1}')")
ok "one that has only read so far is no reason to stay awake" wait_until '[ "$(floor "$parked" false)" = t ]'
session_do producer "$add; commit" >/dev/null
is "$(rings)" 1 "because it rings, though its snapshot is older"

# The clock's.
session_open clock
s=$(session_do clock "select scheduler from tow.attend('s', 'h', 1, '0', false)")
clock_rings() { session_do clock 'select 1' | grep -c 'notification "tow_clock"'; }
dozed=$(session_do clock "select tow.doze($s, 1800000)")
ok "the scheduler may sleep" wait_until "[ \"\$(session_do clock \"select bool_and(safe) from tow.tick($s, '{}', '$dozed')\")\" = t ]"
instance_psql -c "select tow.enqueue('noop', run_at => tow.now() + interval '1 h')" >/dev/null
is "$(clock_rings)" 0 "an instant after it wakes up anyway: no ring"
instance_psql -c "select tow.enqueue('noop', run_at => tow.now() + interval '10 s')" >/dev/null
is "$(clock_rings)" 1 "one before: a ring"
instance_psql -c "select tow.enqueue('noop', queue => 'new')" >/dev/null
is "$(clock_rings)" 1 "a new queue: a ring"
instance_psql -c "copy tow.inbox (kind) from stdin" <<<noop
is "$(clock_rings)" 1 "rows in the inbox: a ring"
done_testing
