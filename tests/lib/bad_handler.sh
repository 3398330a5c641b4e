#!/bin/sh
# A handler that behaves as badly as {"how": ...} asks.
how=$(sed 's/.*"how": *"\([a-z]*\)".*/\1/')
case $how in
hang) trap '' TERM INT && while :; do :; done ;;
memory) exec awk 'BEGIN { s = "x"; while (1) s = s s }' ;;
flood) exec yes "a line of a flood" ;;
pour) yes "a line of many" | head -n 100000 ;;
orphans)
	setsid sleep 3600 &
	echo $! >>"$FAULTS_DIR/orphans"
	(trap '' TERM HUP && exec sleep 3600) &
	echo $! >>"$FAULTS_DIR/orphans"
	;;
strangers) # processes of which each becomes the worker's own only by the death of the one before
	# shellcheck disable=SC2016 # it is the inner shells that expand it
	line='[ "$1" = 0 ] && echo $$ >>"$FAULTS_DIR/strangers" && exec sleep 3600
		setsid sh -c "$2" sh $(($1 - 1)) "$2" & wait'
	setsid sh -c "$line" sh 20 "$line" &
	while [ ! -s "$FAULTS_DIR/strangers" ]; do sleep 0.01; done
	kill -KILL "$PPID"
	;;
exit) exit 3 ;;
kill) kill -KILL $$ ;;
bytes)
	printf 'nul \000 and \377\376 are not text\n'
	printf 'nul \000 and \300\200 on stderr\n' >&2
	printf 'log warn nul \000 \377 in a control line\n' >&3
	printf 'progress 50 note \377\n' >&3
	printf 'result {"bytes": "\377 \\u0000"}\n' >&3
	;;
error) printf 'fail bytes \377\376 in an error, and \000 nul\n' >&3 ;;
*) exit 64 ;;
esac
