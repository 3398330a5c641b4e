#!/bin/sh
# The handler of kind gate: {"gate": NAME} waits until the test opens that gate. Says who it is when it comes, and when it goes.
gate=$(sed 's/.*"gate": *"\([a-z0-9]*\)".*/\1/')
echo "$TOW_JOB $TOW_RUN $$" >>"$FAULTS_DIR/at.$gate"
until [ -e "$FAULTS_DIR/gate.$gate" ]; do
	sleep 0.05
done
echo "$TOW_JOB $TOW_RUN $$" >>"$FAULTS_DIR/through.$gate"
