#!/usr/bin/env bash
# A slot dies, and what its handler had started is the worker's: it is ended, and so is whoever that leaves behind. In a
# file of its own, because the death of any other slot would end them, too.
. tests/lib/tap.sh
. tests/lib/faults.sh

faults_start
cat >>"$FAULTS_CONFIG" <<-'END'
	[exec bad]
	command = exec sh tests/lib/bad_handler.sh
END
worker_start --config "$FAULTS_CONFIG" --queue default:1

job=$(enqueue "select tow.enqueue('bad', '{\"how\": \"strangers\"}', max_attempts => 1)")
ok "the job ends with its slot" wait_until "there_is 'select exists (select from tow.history where id = $job)'" 60
is "$(query "select class from tow.attempts where job = $job")" crash "as a crash"
mapfile -t strangers <"$FAULTS_DIR/strangers"
is "${#strangers[@]}" 1 "it left the last of a long line of processes, each in a session of its own"
ok "which is ended" wait_until 'gone "${strangers[@]}"'
done_testing
