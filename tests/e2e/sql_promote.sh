#!/usr/bin/env bash
# Open transactions beside promotion and admission: what is committed late is promoted at once, what somebody has
# locked is passed over and found again, and nobody else waits for a queue or a band that somebody is making, or for a
# duty that has much to do.
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/sessions.sh

# shellcheck disable=SC2119
instance_start
session_open late
session_open holder
promote() { instance_psql -c "set lock_timeout = '60s'" -c "select tow.duty('promote')"; }
admit() { instance_psql -c "set lock_timeout = '60s'" -c "select tow.duty('admit')"; }
# Turns, until the watermark has passed this instant or can go no further.
passed() { # instant
	wait_until "instance_psql -c \"select tow.duty('promote')\" >/dev/null
		[ \"\$(instance_psql -c \"select tow_store.register_at('tow_store.promoted') > '$1'\")\" = t ]"
}
past() { # instant
	wait_until "[ \"\$(instance_psql -c \"select tow.now() > '$1'\")\" = t ]"
}
no_full() { instance_psql -c "select tow_store.set_register_at('tow_store.promote_full', tow.now())" >/dev/null; }

at=$(instance_psql -c "select tow.now()")
ok "with nobody about, the watermark follows the time" passed "$at"

# Committed long after its instant, while others are promoted. Its open transaction holds the watermark down.
job=$(session_do late "begin; select tow.enqueue('noop', run_at => tow.now() + interval '1 s')")
is "$(session_do late "select tow.state($job)")" scheduled "somebody has scheduled a job, and goes on with other things"
ok "its instant passes" past "$(session_do late "select run_at from tow_store.scheduled where id = $job")"
for _ in 1 2 3; do
	other=$(instance_psql -c "select tow.enqueue('noop', run_at => tow.now() + interval '100 ms')")
	ok "another job is promoted meanwhile" wait_until "instance_psql -c \"select tow.duty('promote')\" >/dev/null
		[ \"\$(instance_psql -c \"select tow.state($other)\")\" = ready ]"
done
session_do late commit >/dev/null
no_full
is "$(promote)" 1 "a job committed after its instant is taken by the next turn"
is "$(instance_psql -c "select tow.state($job)")" ready "and is ready"

# A job that somebody is moving, and then is not.
job=$(instance_psql -c "select tow.enqueue('noop', run_at => tow.now() + interval '1 s')")
is "$(session_do holder "begin; select tow.run_now($job)")" ready "somebody moves a job"
ok "its instant passes" past "$(instance_psql -c "select run_at from tow_store.scheduled where id = $job")"
is "$(promote)$(promote)$(promote)" 000 "one that somebody has locked is left"
session_do holder rollback >/dev/null
no_full
is "$(promote)" 1 "and taken when they have thought better of it"

# A reader pins the horizon: that holds nothing up.
session_do holder "begin isolation level repeatable read; select count(*) from tow_store.job" >/dev/null
at=$(instance_psql -c "select tow.now()")
ok "a reader does not hold the watermark down" passed "$at"
session_do holder commit >/dev/null

# Somebody makes a queue, and does not come to an end.
session_do holder "begin; select tow.set_queue('mine')" >/dev/null
instance_psql -c "select tow.enqueue('noop', queue => 'mine'), tow.enqueue('noop', queue => 'yours'),
	tow.enqueue('noop', priority => 7)" >/dev/null
is "$(admit)" 1 "while somebody makes a queue, what needs no new queue is admitted"
is "$(instance_psql -c "select string_agg(queue, ' ' order by queue) from tow.jobs where state = 'waiting'")" "mine yours" "the others wait"
is "$(promote)" 0 "promotion does not wait either"
session_do holder commit >/dev/null
is "$(admit)" 2 "until it is made"

# The same with a band.
session_do holder "begin; select tow_store.open_band(1, 55)" >/dev/null
instance_psql -c "select tow.enqueue('noop', priority => 55), tow.enqueue('noop', priority => 56)" >/dev/null
is "$(admit)" 1 "while somebody makes a band, another one is made"
is "$(instance_psql -c "select priority from tow.jobs where state = 'waiting'")" 55 "its own jobs wait"
session_do holder commit >/dev/null
is "$(admit)" 1 "until it is made"
# Neither does the expire duty wait for who cancels a job that is late, nor the fire duty for who cancels one that is replaced.
expire() { instance_psql -c "set statement_timeout = '60s'" -c "select tow.duty('expire')"; }
job=$(instance_psql -c "select tow.enqueue('noop', run_at => tow.now() + interval '100 ms', deadline => tow.now() + interval '200 ms')")
session_do holder "begin; select tow.cancel($job)" >/dev/null
ok "its deadline passes" past "$(instance_psql -c "select at from tow_store.deadline where id = $job")"
is "$(expire)" 0 "a late job that somebody cancels is left to him"
session_do holder rollback >/dev/null
is "$(expire)" 1 "if he does not, the next turn ends it"
is "$(instance_psql -c "select tow.state($job)")" failed "as it was too late"
job=$(instance_psql -c "select tow.schedule('often', '*/5 * * * * *', 'noop', overlap => 'replace')" -c "select tow.run_schedule('often')" | tail -1)
session_do holder "begin; select tow.cancel($job)" >/dev/null
ok "an instant comes" past "$(instance_psql -c "select next_at from tow.schedules where name = 'often'")"
is "$(instance_psql -c "set statement_timeout = '60s'" -c "select tow.duty('fire')")" 1 "a schedule fires though somebody holds the job that it replaces"
session_do holder rollback >/dev/null
next=$(instance_psql -c "select last_job from tow.schedules where name = 'often'")
is "$(instance_psql -c "select on_id from tow_store.need where job_id = $next")" "$job" "and the new job waits for that one"
instance_psql -c "select tow.unschedule('often')" >/dev/null

# Nor does anybody's instant wait for a duty that has no end of work, which goes on all the same.
job=$(instance_psql <<-'EOF'
	create table turn (saw text);
	grant all on turn to public;
	create or replace function tow_store.duty_partition() returns int language plpgsql set search_path = pg_catalog, pg_temp as $$
	begin
		perform pg_sleep(0.1);
		insert into public.turn select tow.state(j.id) from tow_store.job j where j.tags = '{due}';
		return 1;
	end $$;
	select tow.enqueue('noop', run_at => tow.now() + interval '1 s', tags => '{due}');
EOF
)
scheduler_start
turns() { instance_psql -c "select count(*) from turn where saw = '$1'"; }
ok "a duty has work without end, and what is due becomes ready in between" wait_until '[ "$(turns ready)" -gt 2 ]'
diag "job $job became ready after $(turns scheduled) turns of it"
done_testing
