#!/usr/bin/env bash
# The handler of tests that judge by who ran when: says when it comes and when it goes, to the microsecond. Now and then it fails.
# While there is a file hold.KIND, those of the kind stay.
echo "come $TOW_JOB $TOW_RUN $$ $EPOCHREALTIME" >>"$FAULTS_DIR/marks.$$"
sleep "0.0$((RANDOM % 6 + 2))"
while [ -e "$FAULTS_DIR/hold.$TOW_KIND" ]; do
	sleep 0.05
done
echo "gone $TOW_JOB $TOW_RUN $$ $EPOCHREALTIME" >>"$FAULTS_DIR/marks.$$"
exit $((RANDOM % 5 == 0))
