#!/bin/sh
# Words that mark something unfinished. What is left to do is an issue, not a comment.
set -eu
if git grep -nIE --untracked '\b(TODO|FIXME|XXX|HACK)\b' -- ':!contrib/lint/words.sh' ':!bench/layouts'; then
	exit 1
fi
