# shellcheck shell=sh
# One turn of a daemon, in a test: {"name", "s", "deaf", "exit", "snooze"}. It marks its beginning and end in a file,
# holds a lock, and says so if somebody else had it. The lock is the kernel's: it goes when its holder does.
args=$(cat)
get() {
	printf '%s' "$args" | jq -r ".$1 // empty"
}
name=$(get name)
mark() {
	echo "$name $*" >>"$FAULTS_DIR/turns"
}
exec 9>>"$FAULTS_DIR/$name.lock"
flock -n 9 || mark overlap
if [ "$(get deaf)" ]; then
	trap 'echo "status deaf" >&3; mark talks' TERM
fi
mark begins "$TOW_JOB" "$TOW_RUN"
echo "status Turn $TOW_RUN of $name" >&3
if [ "$(get deaf)" ]; then
	while :; do sleep 0.1 9>&-; done
fi
[ -z "$(get s)" ] || sleep "$(get s)"
mark ends
[ -z "$(get snooze)" ] || echo "snooze $(get snooze)" >&3
exit "$(get exit | grep . || echo 0)"
