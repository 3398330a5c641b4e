#!/bin/sh
# Rules for sql/*/code and sql/*/schema that can be read off the text:
#   every function pins its search_path (exceptions below);
#   every function, table and view has a comment: \d+ and \df+ are the manual;
#   no coalesce of a format or concat, which are never null: a null in them is words that lack one.
set -eu

# Without a search_path PostgreSQL can inline these into the query that calls them. One a line, with its reason.
#   tow.now               is in every index condition; inlined it is free
#   tow_store.caller      is asked for at each look of a viewer; parsed when it is made
#   tow_store.end_name    is asked of each job that ended; its body is parsed when it is made
#   tow_store.is_kind     is asked of each job that is enqueued; the same
#   tow_store.hash_of     reads the token of each request; the same
#   tow_store.in_sight    hides arguments of each row of a view, and shown with it; parsed when they are made
#   haul_store.too_often  is asked by a view for whoever looks, who may not look into that schema, and is_failing with it; parsed, too
#   haul_store.shown_words  hides what servers say of each row of a view; the same
#   tow_store.in_person   is asked by each enqueue, and is_barred with it; the same
#   tow_store.level_name  is asked of each line of a log; the same
exceptions=' tow.now tow_store.caller tow_store.hash_of tow_store.end_name tow_store.is_kind tow_store.in_person tow_store.is_barred tow_store.level_name tow_store.in_sight tow_store.shown haul_store.too_often haul_store.is_failing haul_store.shown_words '

files=$(git ls-files -co --exclude-standard 'sql/*/schema/*.sql' 'sql/*/code/*.sql')
[ -n "$files" ] || exit 0
# shellcheck disable=SC2086 # one word a file
awk -v exceptions="$exceptions" '
	function bad(what, why) { print where[what] ": " what ": " why; found = 1 }
	function word(text) { sub(/^[ \t]+/, "", text); sub(/[ \t(;].*/, "", text); return tolower(text) }

	# The end of a function is the first semicolon outside its body; bodies are quoted by $...$.
	function finish_function() {
		if (!(pinned || index(exceptions, " " current " "))) bad(current, "no `set search_path`")
		current = ""
	}

	tolower($0) ~ /coalesce\((format|concat|concat_ws)\(/ { print FILENAME ":" FNR ": what is never null needs no coalesce; write it with ||"; found = 1 }
	FNR == 1 { current = ""; tag = "" }
	{ line = $0; lower = tolower(line); if (tag == "") sub(/--.*/, "", lower) }

	# Objects are only made outside bodies.
	tag == "" && current == "" && match(lower, /^[ \t]*create (or replace )?(function|procedure) /) {
		current = word(substr(lower, RLENGTH + 1)); where[current] = FILENAME ":" FNR
		kind[current] = "function"; pinned = 0
	}
	tag == "" && current == "" && match(lower, /^[ \t]*create (or replace )?(unlogged )?(materialized )?(table|view) (if not exists )?/) {
		name = word(substr(lower, RLENGTH + 1))
		if (lower !~ /partition of/) { where[name] = FILENAME ":" FNR; kind[name] = "relation" }
	}
	tag == "" && match(lower, /^[ \t]*comment on (function|procedure|table|view|materialized view) /) {
		commented[word(substr(lower, RLENGTH + 1))] = 1
	}
	tag == "" && match(lower, /^[ \t]*drop (function|procedure|table|view) (if exists )?/) {
		delete kind[word(substr(lower, RLENGTH + 1))]
	}
	tag == "" && current != "" && lower ~ /set search_path/ { pinned = 1 }

	# Enter and leave $tag$ ... $tag$, also on one line.
	{
		rest = line
		while (match(rest, /\$[A-Za-z_]*\$/)) {
			t = substr(rest, RSTART, RLENGTH); rest = substr(rest, RSTART + RLENGTH)
			if (tag == "") tag = t; else if (t == tag) tag = ""
		}
		if (tag == "" && current != "" && line ~ /;[ \t]*(--.*)?$/) finish_function()
	}
	END {
		for (name in kind) if (!(name in commented)) bad(name, "no comment")
		exit found
	}' $files
