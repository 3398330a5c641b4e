#!/usr/bin/env bash
# A due job that somebody's open transaction has locked: the scheduler looks for it again and again, but does not spin.
# shellcheck disable=SC2016,SC2119 # conditions are evaluated later; a helper without its argument
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/sessions.sh

instance_start
instance_psql -c "create sequence public.turns; grant all on sequence public.turns to public" \
	-c "alter function tow_store.duty_promote() rename to duty_promote_uncounted" -c "
	create function tow_store.duty_promote() returns int language plpgsql as \$\$
	begin
		perform nextval('public.turns');
		return tow_store.duty_promote_uncounted();
	end \$\$" >/dev/null
session_open holder
job=$(instance_psql -c "select tow.enqueue('noop', run_at => tow.now() + interval '1 s')")
session_do holder "begin; select tow.run_now($job)" >/dev/null
scheduler_start
turns() { instance_psql -F ' ' -c "select last_value, extract(epoch from clock_timestamp()) * 1000 from public.turns"; }
had() { [ "$(instance_psql -c "select last_value >= $1 from public.turns")" = t ]; }
ok "its instant passes" wait_until '[ "$(instance_psql -c "select bool_and(run_at < tow.now()) from tow_store.scheduled")" = t ]'
read -r first began < <(turns)
ok "the duty has turns" wait_until "had $((first + 40))"
read -r last ended < <(turns)
ok "with 20 ms between two" [ "$(instance_psql -c "select $ended - $began >= 20 * ($last - $first - 2)")" = t ]
session_do holder rollback >/dev/null
ok "and takes the job when it is free" wait_until '[ "$(instance_psql -c "select tow.state('"$job"')")" = ready ]'
done_testing
