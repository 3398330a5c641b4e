#!/usr/bin/env bash
# A policy's own function is called by a running scheduler, in a session of its own: what it leaves there, or how long it
# sleeps, harms its own job only.
set -u
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start
state() { instance_psql -c "select tow.state($1)"; }
ended() { case $(state "$1") in completed | failed | cancelled) ;; *) return 1 ;; esac; }

instance_psql >/dev/null <<'SQL'
create schema own;
grant usage on schema own to tow_owner;
create function own.rude(job jsonb, error jsonb) returns interval language plpgsql security definer as $$
begin
	perform set_config('default_transaction_read_only', 'on', false);
	perform set_config('tow.bell', 'off', false);
	perform pg_advisory_unlock_all();
	execute 'unlisten *';
	return '0 s';
end $$;
create function own.slow(job jsonb, error jsonb) returns interval language sql security definer as 'select pg_sleep(600)::text::interval';
select tow.set_policy('rude', 'function', fn => 'own.rude(jsonb,jsonb)', max_attempts => 3);
select tow.set_policy('slow', 'function', fn => 'own.slow(jsonb,jsonb)', max_attempts => 3);
SQL

scheduler_start
worker_start
rude=$(instance_psql -c "select tow.enqueue('fail', '{\"times\": 1}', policy => 'rude')")
wait_until 'ended "$rude"' 60
is "$(state "$rude")" completed "a function that spoils its session decides about its own job"

slow=$(instance_psql -c "select tow.enqueue('fail', '{\"times\": 9}', policy => 'slow')")
wait_until 'ended "$slow"' 60
is "$(state "$slow")" failed "one that sleeps is stopped, and its job has no more attempts"
is "$(instance_psql -c "select fn_off_until > now() from tow.policies where name = 'slow'")" t "it is left alone for a while"

later=$(instance_psql -c "select tow.enqueue('noop', run_at => tow.now() + interval '200 ms')")
wait_until 'ended "$later"' 60
is "$(state "$later")" completed "the scheduler goes on as before"
is "$(instance_psql -c "select count(*) from tow.schedulers where state = 'running'")" 1 "and is still known to live"

done_testing
