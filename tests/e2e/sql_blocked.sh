#!/usr/bin/env bash
# A hundred thousand jobs that may not start cost a claim of another job nothing, by the pages that it reads: behind a
# kind's limit, a paused kind, a queue's limit, a paused queue. sql_lanes.sh asks the same of lanes.
. tests/lib/tap.sh
. tests/lib/instance.sh

# shellcheck disable=SC2119
instance_start
instance_psql -c "alter system set autovacuum = off" -c "select pg_reload_conf()" \
	-c "select tow.set_queue('full', max_running => 1)" \
	-c "create table public.crew as select w.worker from tow.attach('w', 'h', 1, '0', '{default,full}', '{4,4}', '{noop,few}', '1 h') w" \
	-c "create function public.claim(p_want int) returns bigint[] language sql as \$\$
		select coalesce(array_agg(e.job) filter (where e.what = 'job'), '{}') from public.crew c join tow_store.worker w on w.id = c.worker,
			lateral (select array_agg(b.id order by b.id) as ids from tow_store.band b where b.queue = any(w.queues)) b,
			lateral (select array_agg(r.job_id) as jobs, array_agg(r.run) as runs, array_agg(1::bigint) as us
				from tow_store.running r join tow_store.job j on j.id = r.job_id where r.worker = c.worker and j.kind = 'noop' and j.queue = 'default') r,
			tow.exchange(w.id, 0, (random() * 1e15)::bigint, false, r.jobs, r.runs, r.us, r.us, '[]', b.ids,
				array_fill(0::bigint, array[cardinality(b.ids)]), w.queues, array_fill(p_want, array[cardinality(w.queues)])) e \$\$" >/dev/null

# What a claim of one plain job reads, the second time, when it has reported the one before.
reads() {
	local n
	for n in 1 2; do
		instance_psql -c "select tow.enqueue('noop')" >/dev/null
		instance_psql -c "select public.claim(0)" -c "explain (analyze, buffers, summary off, timing off) select public.claim(1)" >"$instance_dir/explained"
		# shellcheck disable=SC2016 # awk's
		awk '/Buffers: shared/ && !seen++ { n = 0; for (i = 1; i <= NF; i++) if ($i ~ /^(hit|read)=/) { split($i, p, "="); n += p[2] } print n }' "$instance_dir/explained"
	done | tail -n 1
}
claimed() { # that it was a plain job, not one of those that are blocked
	instance_psql -c "select j.kind || ' of ' || j.queue from tow_store.running r join tow_store.job j on j.id = r.job_id order by r.run desc limit 1"
}
waiting() {
	instance_psql -c "select count(*) from tow_store.ready r join tow_store.job j on j.id = r.id where j.kind = 'few' or j.queue = 'full'"
}

# A hundred thousand of them, one of which runs if that is how they are blocked; then none of them, all else being equal.
blocked() { # what, statement that blocks them, queue, kind, how many run
	local beside without
	instance_psql -c "$2" -c "select count(*) from tow.enqueue_many('$4', array_fill('{}'::jsonb, array[100000]), queue => '$3')" >/dev/null
	wait_until '[ "$(instance_psql -c "select tow.duty('\''admit'\'')" -c "select count(*) from tow_store.waiting" | tail -n 1)" = 0 ]'
	# claims put jobs of such a kind where they do not stand in the way, some thousands at a time
	wait_until '[ "$(instance_psql -c "select public.claim(4)" -c "select count(*) from tow_store.ready r join tow_store.band b on b.id = r.band
		join tow_store.job j on j.id = r.id where j.kind = '\''few'\'' and b.kind is null limit 1" | tail -n 1)" = 0 ]'
	is "$(instance_psql -c "select count(*) from tow_store.running")" "$5" "$1: $5 may run"
	is "$(waiting)" $((100000 - $5)) "the others stand there"
	instance_psql -c vacuum
	beside=$(reads)
	is "$(claimed)" "noop of default" "what is not blocked is claimed"
	instance_psql -c "delete from tow_store.ready r using tow_store.job j where j.id = r.id and (j.kind = 'few' or j.queue = 'full')" -c vacuum
	without=$(reads)
	diag "$1: a claim reads $beside pages beside 100,000 blocked jobs, $without without"
	ok "a claim reads as little as without them" [ "$beside" -le $((without + without / 5 + 20)) ]
	instance_psql -c "select public.claim(0)" -c "truncate tow_store.ready, tow_store.running, tow_store.held" >/dev/null
}

blocked "a kind's limit" "select tow.set_kind('few', 1)" default few 1
blocked "a paused kind" "select tow.pause_kind('few'), tow.set_kind('few', reset => '{max_running}')" default few 0
blocked "a queue's limit" "select tow.resume_kind('few')" full noop 1
blocked "a paused queue" "select tow.pause('full')" full noop 0
done_testing
