#!/usr/bin/env bash
# A worker that reports on one connection while it looks around on the other: what it has armed stays armed until it
# hears the bell. Clearing a bit takes as long as it might on a busy server.
# shellcheck disable=SC2016,SC2119 # conditions are evaluated later; a helper without its argument
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start
instance_psql -c "alter function tow_store.arm_bit(int, smallint, boolean) rename to arm_bit_at_once" -c "
	create function tow_store.arm_bit(p_queue int, p_bit smallint, p_on boolean) returns void language plpgsql as \$\$
	begin
		if not p_on then
			perform pg_sleep(0.02);
		end if;
		perform tow_store.arm_bit_at_once(p_queue, p_bit, p_on);
	end \$\$" >/dev/null
scheduler_start
worker_start --queue default:2 --queue other:2
ok "it has two connections for jobs" wait_until '
	instance_psql -c "select tow.enqueue_many('\''noop'\'', array_fill('\''{}'\''::jsonb, array[2000]))"
	[ "$(instance_psql -c "select count(*) from pg_stat_activity where application_name = '\''tow worker'\''")" = 2 ]'
done_all() { wait_until '[ "$(instance_psql -c "select not exists (select from tow.jobs)")" = t ]' "${1:-60}"; }
ok "they are run" done_all 300 # a slow machine may have been given them several times over
for i in $(seq 40); do
	instance_psql -c "select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[$((i * 20))]))" >/dev/null
	if ! done_all; then break; fi
	instance_psql -c "select tow.enqueue('noop', queue => 'other')" >/dev/null
	if ! done_all; then break; fi
done
ok "each of 40 times it is woken for one queue, and for the other" [ "$i" = 40 ]
is "$(instance_psql -c "select count(*) from tow.jobs")" 0 "and runs all"
done_testing
