#!/usr/bin/env bash
# Queues that share a worker's slots: by weight, so that nobody starves; strictly, so that the first goes first; and slots
# of their own beside them.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
scheduler_start

# Of the first so many jobs that ended: how many were of this queue.
among_first() { # n queue
	query "select count(*) from (select queue from tow.history where kind = 'sleep' order by finished_at limit $1) h where queue = '$2'"
}
nap() { # queue n
	enqueue "select tow.enqueue_many('sleep', array_fill('{\"s\": 0.02}'::jsonb, array[$2]), queue => '$1')" >/dev/null
}
all_done() {
	wait_until 'there_is "select not exists (select from tow.jobs)"' 120
}
# The first jobs of a new queue have been let in.
admitted() {
	wait_until "there_is \"select not exists (select from tow.jobs where state = 'waiting')\""
}
forget() {
	process_stop "$WORKER_PID"
	query "truncate tow_store.history" >/dev/null
}

#--- fair

nap heavy 300
nap light 300
admitted
worker_start --slots 4 --queue 'heavy*3' --queue 'light*1'
ok "everything is done" all_done
light=$(among_first 200 light)
ok "three of four turns go to the heavier queue (of 200, the lighter had $light)" [ "$light" -ge 30 -a "$light" -le 75 ]
is "$(query "select queues from tow.workers")" "heavy:3 light:1" "lists show what each has of them"
forget

enqueue "select tow.enqueue('gate', '{\"gate\": \"alone\"}', queue => 'light') from generate_series(1, 6)" >/dev/null
worker_start --config "$FAULTS_CONFIG" --slots 4 --queue 'heavy*3' --queue 'light*1'
ok "a queue that is alone has all slots" wait_until '[ "$(handlers alone | wc -l)" = 4 ]'
nap heavy 1
sleep 1
is "$(query "select count(*) from tow.jobs where state = 'running' and worker is not null")" 4 "and no more are claimed than can run"
gate_open alone
ok "everything is done" all_done
forget

# Ten times as heavy, and its jobs many times as long, or a stall would count for many of them: the light one is served all the same, and soon.
enqueue "select tow.enqueue_many('sleep', array_fill('{\"s\": 0.5}'::jsonb, array[40]), queue => 'heavy')" >/dev/null
worker_start --slots 2 --queue 'heavy*10' --queue 'light*1'
ok "slots that queues share are counted once" wait_until 'there_is "select slots = 2 from tow.workers"'
wait_until 'there_is "select count(*) >= 6 from tow.history"'
nap light 1
ok "one that comes late is not left behind" wait_until "there_is \"select exists (select from tow.history where queue = 'light')\""
behind=$(query "select count(*) from tow.history h where queue = 'heavy' and started_at > (select created_at from tow.history where queue = 'light') and finished_at < (select started_at from tow.history where queue = 'light')")
ok "but has its turn after few others ($behind)" [ "$behind" -le 8 ]
ok "the others are done, too" all_done
forget

#--- strict

nap second 60
nap first 120
admitted
worker_start --slots 2 --strict --queue first --queue second --queue own:1
ok "everything is done" all_done
ok "the first queue goes first" [ "$(among_first 110 second)" -le 2 ]
forget

enqueue "select tow.enqueue_many('sleep', array_fill('{\"s\": 0.4}'::jsonb, array[40]), queue => 'second')" >/dev/null
cat >"$FAULTS_DIR/strict.ini" <<-'END'
	[worker]
	slots = 2
	strict = yes
	queue = first
	queue = second
	[queue own]
	slots = 1
END
worker_start --config "$FAULTS_DIR/strict.ini"
wait_until 'there_is "select count(*) >= 4 from tow.history"'
nap first 1
nap own 1
ok "what comes to the first queue" wait_until "there_is \"select exists (select from tow.history where queue = 'first')\""
is "$(query "select count(*) < 20 from tow.history h, (select o.created_at, o.started_at from tow.history o where o.queue = 'first') f
	where h.queue = 'second' and h.started_at > f.created_at and h.started_at < f.started_at")" t "does not wait for the second"
ok "nor does a queue with slots of its own" wait_until "there_is \"select exists (select from tow.history where queue = 'own')\""
sed -i 's/^strict.*//; s/^queue = second/queue = second*1/; s/^slots = 2/slots = 3/' "$FAULTS_DIR/strict.ini"
kill -HUP "$WORKER_PID"
ok "the file is read again" wait_until "there_is \"select queues = 'first:2 second:2 own:1' from tow.workers\""
ok "everything is done" all_done
forget

#--- what makes no sense

exits 64 "a weight and strict order do not go together" "$TOW" worker --strict --queue 'a*2' --queue b 2>"$FAULTS_DIR/refused"
like "$(cat "$FAULTS_DIR/refused")" "queue 'a' has a weight, and the worker is strict" "and it is said why"
exits 64 "no queue weighs nothing" "$TOW" worker --queue 'a*0' 2>/dev/null

[ "$tap_failed" = 0 ] || shown "$WORKER_LOG"
done_testing
