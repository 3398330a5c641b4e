#!/bin/sh
# The handler of kind steady: so many steps, each of which leaves a mark in the file before it is kept, and one after.
. contrib/examples/steps.sh

mark() { # what step
	echo "$TOW_JOB $2 $1" >>"$FAULTS_DIR/steady"
}

for step in $(seq "$1"); do
	if tow_done "s$step"; then continue; fi
	mark did "$step"
	sleep "0.0$((TOW_RUN * step % 10))"
	tow_keep "s$step" "{\"run\": $TOW_RUN}"
	mark kept "$step"
done
echo "result {\"steps\": $(tow_memory '.steps | length // 0')}" >&3
