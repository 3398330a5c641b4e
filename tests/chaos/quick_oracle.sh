#!/usr/bin/env bash
# The oracle itself: it is silent about what is right, and names each thing that is made wrong.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
worker_start --queue default:2
enqueue "select tow.enqueue('noop') from generate_series(1, 5)" "select tow.enqueue('fail', '{\"times\": 1, \"retry_in\": 0}')" >/dev/null
ok "some jobs end" drained
query "select tow.retry(1)" >/dev/null
enqueue "select tow.enqueue('noop', key => 'k', run_at => tow.now() + interval '1 hour')" >/dev/null
ok "one of them twice" wait_until 'there_is "select count(*) = 2 from tow.history where id = 1"'
process_stop "$WORKER_PID"
accounted_for "a healthy account"

# Each wrong is done in a copy of the database, so that it is alone.
url=$TOW_HOME/url
psql_copy() { psql -X -A -t -q -v ON_ERROR_STOP=1 -d "$(sed 's|///tow?|///wrong?|' "$url")" "$@"; }
wrong() { # pattern sql
	query 'drop database if exists wrong' >/dev/null
	psql -X -q -d "$(instance_url postgres)" -c 'create database wrong template tow' >/dev/null
	psql_copy -c "set session_replication_role = replica; $2" >/dev/null
	like "$({
		echo 'create temporary table acknowledged (id bigint); copy acknowledged from stdin;'
		acknowledged | grep -v '^$'
		echo '\.'
		cat tests/lib/oracle.sql
	} | psql_copy -f - 2>&1)" "$1" "$2"
}
wrong 'nobody knows it' "delete from tow_store.job where id = 2"
wrong 'ended without facts' "delete from tow_store.job where id = 3"
wrong 'job 2 .*ended 0 times' "delete from tow_store.history where job_id = 2"
wrong 'job 2 .*ended 2 times' "insert into tow_store.history select * from tow_store.history where job_id = 2"
wrong 'run [0-9]+ was ended 2 times' "insert into tow_store.history select * from tow_store.history where job_id = 2"
wrong 'job 2 .*is in ready' "insert into tow_store.ready values (1, 99999, 2, 0, 0)"
wrong 'is in (waiting scheduled|scheduled waiting)' "insert into tow_store.waiting select id, 'admission', now(), band, 0, 0 from tow_store.scheduled"
wrong 'still holds job 2' "insert into tow_store.running select job_id, run, 1, 0, 1, 1, 0, now() from tow_store.history where job_id = 2"
wrong 'under worker 1, which has ended' "insert into tow_store.running select job_id, 999999, 1, 0, 1, 1, 0, now() from tow_store.history where job_id = 2"
wrong 'job 1 .*1 lives, ended 2 times' "delete from tow_store.revival"
wrong 'which did not end it' "update tow_store.revival set run = 999999"
wrong 'at attempt 3 after 1 failed' "update tow_store.history set attempt = 3 where outcome = 'c' and attempt = 2"
wrong 'without its key k' "delete from tow_store.key"
wrong 'key k .*held by job 2' "update tow_store.key set job_id = 2"
wrong 'has no job' "insert into tow_store.fire values (1, now(), 999999, now(), 'due')"
done_testing
