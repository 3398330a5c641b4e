#!/usr/bin/env bash
# Unique keys when many want the same one at the same moment: one job has it, none is lost, nobody waits in a circle.
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/sessions.sh

# shellcheck disable=SC2119
instance_start

# By chance, so again while a key has not come yet.
found=''
for _ in {1..20}; do
	found+=$(race 2 '8:\set k random(1, 200)
select tow.enqueue('"'noop'"', key => :k::text)')
	if [ "$found" != '' ] || [ "$(instance_psql -c "select count(distinct key) from tow_store.job")" -ge 200 ]; then break; fi
done
is "$found" "" "eight sessions, a few keys"
is "$(instance_psql -c "select count(*) - count(distinct key), count(*) = 200 from tow_store.job")" "0|t" "exactly one job a key"
instance_psql -c "select tow.cancel(id) from tow.jobs" >/dev/null

# A worker that reports what it holds as completed and claims a few more, a call.
instance_psql -c "
	select tow.attach('w' || n, 'h', 1, '0', '{default}', '{4}', '{noop}', '1 h') from generate_series(1, 4) n;
	create function public.work(p_worker bigint, p_want int) returns bigint language sql as \$\$
		select count(*) from
			(select array_agg(r.job_id) jobs, array_agg(r.run) runs, array_agg(1::bigint) us from tow_store.running r where r.worker = p_worker) r,
			(select array_agg(b.id order by b.id) ids, array_agg(0::bigint) lows from tow_store.band b) b,
			tow.exchange(p_worker, 0, (random() * 1e15)::bigint, false, r.jobs, r.runs, r.us, r.us, null, b.ids, b.lows, array(select id from tow_store.queue), array[p_want])
		where what = 'job' \$\$" >/dev/null
worker='select public.work(:client_id + 1, 3)'
for scope in live queued; do
	is "$(race 4 "4:$worker" "1:select tow.duty('promote')" \
		"3:\\set k random(1, 4)
select tow.enqueue('noop', key => '$scope' || :k, key_scope => '$scope', on_conflict => 'replace', run_at => tow.now() + interval '3 ms' * (:k - 2))" \
		"2:\\set k random(1, 4)
select tow.enqueue('noop', key => '$scope' || :k, key_scope => '$scope', on_conflict => 'reschedule', run_at => tow.now() + interval '5 ms')" \
		"1:\\set k random(1, 4)
select tow.enqueue('noop', key => '$scope' || :k, key_scope => '$scope')")" "" "$scope: replace, reschedule, ignore against claims: no error, no deadlock"
done
ok "all come to an end" wait_until "[ \"\$(instance_psql -c \"select tow.duty('promote')\" -c 'select public.work(w, 100) from generate_series(1, 4) w' \
	-c 'select count(*) from tow.jobs' | tail -n 1)\" = 0 ]"
diag "$(instance_psql -c "select format('%s: %s', state, count(*)) from tow.history group by state order by state")"
is "$(instance_psql -c "select count(*) from (select job_id from tow_store.history where outcome in ('c', 'x') group by 1 having count(*) > 1) t")" 0 "no job has run twice, or ended twice"
is "$(instance_psql -c "select count(*) from tow_store.job j where not exists (select from tow_store.history h where h.job_id = j.id)")" 0 "none is lost"
is "$(instance_psql -c "select count(*) from tow_store.key")" 0 "no key is left behind"

# Who only asks holds up nobody.
instance_psql -c "select tow.enqueue('noop', key => 'held')" -c "select public.work(1, 1)" >/dev/null
session_open a
session_do a "begin; select tow.enqueue('noop', key => 'held')" >/dev/null
is "$(instance_psql -c "set lock_timeout = '60s'" -c "select public.work(1, 0)")" 0 "a transaction that was told 'there is one already' does not hold up its end"
session_do a commit >/dev/null

# One retry of two at once.
job=$(instance_psql -c "select id from tow.history where state = 'completed' limit 1")
session_open b
session_do a "begin; select tow.retry($job)" >/dev/null
session_send b "select tow.retry($job)"
ok "a second retry waits for the first" wait_until 'session_waits b'
session_do a commit >/dev/null
like "$(session_take b)" 'TW409' "and is refused"

# The inbox does not wait for who takes a key, and refuses nothing for that.
session_do a "begin; select tow.enqueue('noop', key => 'open')" >/dev/null
instance_psql -c "insert into tow.inbox (kind, key) values ('noop', 'open'), ('noop', 'free')"
is "$(instance_psql -c "set statement_timeout = '60s'" -c "select tow.duty('inbox')")" 1 "the inbox passes over a row whose key is being taken"
is "$(instance_psql -c "select string_agg(key, ' ') from tow.inbox")$(instance_psql -c "select count(*) from tow_store.refused")" open0 "which stays, and is not refused"
session_do a rollback >/dev/null
is "$(instance_psql -c "select tow.duty('inbox')")" 1 "and is enqueued when it is free"
done_testing
