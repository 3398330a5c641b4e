#!/usr/bin/env bash
# The programs of contrib/docs/programs.md, as they stand there; what they say that they print must come.
. tests/lib/tap.sh
. tests/lib/instance.sh

python3 -c 'import psycopg' 2>/dev/null && has_python=yes
modules=${NODE_PATH:-/usr/share/nodejs}
command -v node >/dev/null && [ -d "$modules/pg" ] && has_node=yes
[ -n "${has_python:-}${has_node:-}" ] || skip_all "there is neither psycopg 3 for Python nor pg for Node (in NODE_PATH)"

instance_start
scheduler_start
worker_start --queue default:2
ok "the worker is there" wait_until '[ "$(instance_psql -c "select count(*) from tow.workers")" = 1 ]'
instance_psql -c 'create table orders (id int generated always as identity, customer int, total int)'
DATABASE_URL=$(instance_url)

block() { # language
	awk -v fence="\`\`\`$1" '$0 == "```" { on = 0 } on { print } $0 == fence { on = 1 }' contrib/docs/programs.md
}

prints() { # language program command...
	local name=$1 program=$2 out wanted has
	shift 2
	block "$name" >"$program"
	out=$(DATABASE_URL=$DATABASE_URL timeout 120 "$@" "$program" 2>&1)
	is $? 0 "$name: it runs"
	while IFS= read -r wanted; do
		has=no
		[[ $out != *"$wanted"* ]] || has=yes
		is "$has" yes "$name: prints $wanted" || diag "$out"
	done < <(sed -n 's/.*prints: //p' "$program")
}

if [ -n "${has_python:-}" ]; then
	prints python "$instance_dir/program.py" python3
else
	skip "there is no psycopg 3"
fi
if [ -n "${has_node:-}" ]; then
	ln -s "$modules" "$instance_dir/node_modules"
	prints js "$instance_dir/program.mjs" node
else
	skip "there is no pg for Node"
fi
done_testing
