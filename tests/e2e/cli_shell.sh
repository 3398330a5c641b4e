#!/usr/bin/env bash
# The shell's completion and psql's shortcuts.
# shellcheck disable=SC2119,SC2317 # a helper without its argument; functions called by ok and exits
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start
root=$PWD
"$TOW" queue add letters

# Completion, as bash asks for it
# shellcheck source=contrib/completion/tow.bash
. contrib/completion/tow.bash
complete_words() { # words... : the last is the one being typed
	COMP_WORDS=(tow "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_tow "$TOW" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
	echo "${COMPREPLY[*]}"
}
is "$(complete_words enq)" enqueue "commands"
like " $(complete_words '') " " worker " "all of them"
like " $(complete_words enqueue --) " " --on-conflict .*--wait " "options, from the help"
is "$(complete_words queue pa)" pause "the second word"
is "$(complete_words queue pause le)" letters "names of queues"
is "$(complete_words queue sh) $(complete_words queue show le)" "show letters" "of those that are shown, too"
like " $(complete_words queue resume --) " " --all " "or all of them"
is "$(complete_words jobs --state ret)" retrying "values of options"
is "$(complete_words policy preview pat)" patient "names of policies"
is "$(complete_words queue grant le)" letters "of every verb's queue"
is "$(complete_words setting log_)" log_retention "and of settings"
is "$(complete_words setting rese) $(complete_words setting reset log_)" "reset log_retention" "behind a word, or where it stands"
is "$(complete_words setting --reset log_)" log_retention "of the one that is reset, too"
name='$(:>$HACKED)'
export HACKED=$instance_dir/hacked
"$TOW" schedule add "$name" @daily noop >/dev/null
like "$(complete_words schedule rm '')" '^\\\$' "a name that the shell would run is offered in quotes"
not_ok "and is not run" test -e "$HACKED"
"$TOW" enqueue noop >/dev/null
is "$(complete_words cancel '')" 1 "numbers of jobs"
"$TOW" haul add http://127.0.0.1:9/x.bin >/dev/null
is "$(complete_words haul sh) $(complete_words haul show '')" 'show 1' "and of downloads"

# Each shortcut runs
words=$(sed -n 's/^\\set \([a-z_]*\) .*/\1/p' contrib/psql/towrc)
for word in $words; do
	case $word in cancel | retry | run_now) continue ;; esac
	ok ":$word" psql -X -q -o /dev/null -v ON_ERROR_STOP=1 -d "$(instance_url)" <<-SQL
		\\i $root/contrib/psql/towrc
		\\set id 1
		:$word
	SQL
	like "$(grep "^-- .*:$word" contrib/psql/towrc)" ":$word" "$word is explained at the head"
done
instance_psql -c "insert into tow_store.log (job_id, run, at, level, line) values (1, 1, now(), 'i', repeat('x', 900))"
wide=$(psql -X -q -d "$(instance_url)" <<-SQL | wc -L
	\\i $root/contrib/psql/towrc
	\\set id 1
	:job
SQL
)
ok ":job fits a screen, however long the job's log is" test "$wide" -lt 160
is "$(psql -X -q -A -t -d "$(instance_url)" <<-SQL
	\\i $root/contrib/psql/towrc
	\\set id 1
	:cancel
SQL
)" cancelled ":cancel ends the job"
like "$(psql -X -q -A -t -d "$(instance_url)" -c '\i contrib/psql/towrc' -c 'select 1' 2>&1)" "^1$" "loading it says nothing"

# Below the list of workers stands what is wrong with them, which is no name
worker_start --name letters
ok "a worker is silent" wait_until 'instance_psql -c "update tow_store.worker set missing_since = now() where name = '"'letters'"'" >/dev/null; "$TOW" workers | grep -q "^worker "'
is "$(complete_words workers drain '')" letters "names of workers, and nothing of what is said below them"
done_testing
