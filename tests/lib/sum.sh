#!/bin/sh
# The handler of kind sum: a child for each number up to {"n": ...} squares it; their results are added.
. contrib/examples/steps.sh

n=$(jq .n)
if [ "$(tow_memory '.children.total // 0')" = 0 ]; then
	for i in $(seq "$n"); do
		tow_spawn square "{\"n\": $i}"
	done
fi
tow_children || exit 0
echo "result $(tow_memory '[.children.results[].v] | add')" >&3
