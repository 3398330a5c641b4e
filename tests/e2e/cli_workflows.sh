#!/usr/bin/env bash
# Workflows by commands, with a real worker: after, approval, batches, cascade, graphs.
. tests/lib/tap.sh
. tests/lib/instance.sh

# shellcheck disable=SC2119
instance_start
worker_start --queue default:4
scheduler_start
state() {
	instance_psql -c "select tow.state($1)"
}
becomes() { # job state
	wait_until "[ \"\$(state $1)\" = $2 ]"
}

a=$("$TOW" enqueue noop --wait-for go)
b=$("$TOW" enqueue echo '{"b": 1}' --after "$a")
c=$("$TOW" enqueue noop --after "$a,$b" --wait-for approval)
d=$("$TOW" enqueue noop --wait-for approval)
like "$("$TOW" graph "$c")" "then \*$c  noop  waiting for jobs $a, $b" "graph"
like "$("$TOW" graph --dot "$a")" "^digraph tow .*j$a -> j$b;" "graph --dot"
"$TOW" signal "$a" go >/dev/null
ok "a job runs after another" becomes "$b" completed
ok "and one after both waits for approval" wait_until "\"\$TOW\" jobs --json | grep -q approval"
is "$("$TOW" approve --note fine "$c")" "$c  approved" "approve"
ok "lets it go on" becomes "$c" completed
"$TOW" reject --note 'too dear' "$d" >/dev/null
ok "reject cancels" becomes "$d" cancelled
exits 65 "once" "$TOW" reject "$d" 2>/dev/null
exits 66 "of a job that is there" "$TOW" approve 77777777 2>/dev/null

a=$("$TOW" enqueue noop --wait-for paid)
exits 64 "a signal needs a name" "$TOW" signal "$a" 2>/dev/null
ok "signal" "$TOW" signal "$a" paid '{"sum": 7}'
ok "lets a job go on" becomes "$a" completed

id=$("$TOW" batch open noop --name letters)
seq 20 | sed 's/.*/{"n": &}/' | "$TOW" enqueue noop --bulk --parent "$id" --lane post >/dev/null
like "$("$TOW" batch ls)" "letters.*open.*20" "a batch is open"
is "$("$TOW" batch seal "$id")" "20 members" "sealed"
exits 65 "once" "$TOW" batch seal "$id" 2>/dev/null
ok "its job runs when all have ended" becomes "$id" completed
single=$("$TOW" enqueue noop --quiet --queue nowhere)
said=$("$TOW" batch show "$single" 2>&1)
is $? 65 "batch show of a job that is none"
like "$said" "job $single is not a batch and has no children" "says so"
empty=$("$TOW" batch open noop)
like "$("$TOW" batch show "$empty")" "0 +0 +0 +0 +0" "an empty batch is one"
like "$("$TOW" batch show "$id" --json)" '"completed": *20' "show says how far it is"

a=$("$TOW" enqueue noop --in 1h)
b=$("$TOW" enqueue noop --after "$a" --if-failed go)
like "$("$TOW" cancel --cascade "$a")" "cancelled, with 1 others" "cancel --cascade"
is "$(state "$b")" cancelled "takes the successor along"
exits 65 "if-failed without after" "$TOW" enqueue noop --if-failed go 2>/dev/null
exits 64 "after does not go with --bulk" "$TOW" enqueue noop --bulk --after 1 2>/dev/null </dev/null
done_testing
