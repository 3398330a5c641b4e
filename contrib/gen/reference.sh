#!/usr/bin/env bash
# reference.sh TOW PAGE [URL]: prints PAGE (contrib/docs/reference.md) with its generated parts written anew: what stands
# between <!-- NAME --> and <!-- /NAME -->. Commands come from the program; functions, views and settings from comments
# and grants in a database that this TOW has migrated: URL, or one that is made for this and removed again.
# `make reference` puts the page in its place, tests/e2e/reference.sh holds it to that.
set -euo pipefail
[ $# -ge 2 ] || {
	sed -n '2,5s/^# \{0,1\}//p' "$0" >&2
	exit 64
}
tow=$(realpath "$1") page=$(realpath "$2") url=${3:-}
work=$(mktemp -d /tmp/tow-reference.XXXXXX)
made=''

# shellcheck disable=SC2317,SC2329 # by the trap
finish() {
	[ -z "$made" ] || "$tow" db destroy --yes --force >/dev/null 2>&1 || true
	rm -rf "$work"
}
trap finish EXIT

if [ -z "$url" ]; then
	unset DATABASE_URL "${!PG@}"
	chmod 711 "$work"
	export TOW_HOME=$work/home
	made=yes
	"$tow" db start >/dev/null
	"$tow" migrate >/dev/null
	url=$("$tow" db url)
fi

# SQL on standard input whose rows are lines; -v NAME=VALUE for its :'NAME'.
ask() {
	psql -X -A -t -q -v ON_ERROR_STOP=1 -d "$url" "$@" -f -
}

commands() {
	printf '| command | does |\n|---|---|\n'
	"$tow" --commands | while IFS=$'\t' read -r name summary; do
		printf '| `tow %s` | %s |\n' "$name" "$summary"
	done
}

# A function stands with the first of the roles that may call it. Arguments that have a default are in brackets.
functions() { # role [schema]
	printf '| function | arguments | does |\n|---|---|---|\n'
	ask -v role="$1" -v schema="${2:-tow}" <<'SQL'
with offered as (
	select p.*, p.pronargs - p.pronargdefaults as needed, replace(obj_description(p.oid, 'pg_proc'), '|', '\|') as says
	from pg_proc p
	where p.pronamespace = :'schema'::regnamespace and :'role' = (
		select r.role
		from unnest('{public,tow_producer,tow_viewer,tow_operator,tow_worker,tow_admin,tow_server,tow_owner}'::text[]) with ordinality r(role, n)
		where has_function_privilege(r.role, p.oid, 'execute')
		order by r.n limit 1)
)
select format('| `%s.%s` | %s | %s%s |', :'schema', f.proname, '`' || nullif(concat_ws(' ', takes.needed, '[' || takes.optional || ']'), '') || '`', f.says,
	case
		when gives.columns is not null then format(' Gives `%s`.', gives.columns)
		when c.oid is not null then format(' Gives rows of `%s`.', c.oid::regclass)
	end)
from offered f
left join pg_type t on t.oid = f.prorettype
left join pg_class c on c.oid = t.typrelid
cross join lateral (
	select string_agg(a.name, ' ' order by a.n) filter (where a.n <= f.needed) as needed,
		string_agg(a.name, ' ' order by a.n) filter (where a.n > f.needed) as optional
	from (
		select x.name, row_number() over (order by x.n) as n
		from unnest(f.proargnames, f.proargmodes) with ordinality x(name, mode, n)
		where coalesce(x.mode, 'i') in ('i', 'b', 'v')
	) a
) takes
cross join lateral (
	select string_agg(x.name, ' ' order by x.n) as columns
	from unnest(f.proargnames, f.proargmodes) with ordinality x(name, mode, n)
	where x.mode in ('o', 'b', 't')
) gives
order by f.proname, f.oid;
SQL
}

views() { # [schema]
	printf '| view | shows | columns |\n|---|---|---|\n'
	ask -v schema="${1:-tow}" <<'SQL'
select format('| `%s.%s` | %s | `%s` |', :'schema', c.relname, replace(obj_description(c.oid, 'pg_class'), '|', '\|'),
	(select string_agg(a.attname, ' ' order by a.attnum) from pg_attribute a
	where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped))
from pg_class c
where c.relnamespace = :'schema'::regnamespace and c.relkind = 'v' and has_table_privilege('tow_admin', c.oid, 'select')
order by c.relname;
SQL
}

settings() {
	printf '| name | default | means |\n|---|---|---|\n'
	ask <<'SQL'
select format('| `%s` | %s | %s |', s.name, s.value, replace(s.description, '|', '\|')) from tow.settings s order by s.name;
SQL
}

parts=$work/parts
mkdir "$parts"
commands >"$parts/commands"
functions public >"$parts/everybody"
functions tow_producer >"$parts/producers"
functions tow_viewer >"$parts/viewers"
functions tow_operator >"$parts/operators"
functions tow_admin >"$parts/admins"
functions tow_worker >"$parts/workers"
functions tow_server >"$parts/servers"
functions tow_owner >"$parts/areas"
views >"$parts/views"
settings >"$parts/settings"
for role in viewer operator admin worker; do
	functions "tow_$role" haul >"$parts/haul-${role}s"
done
views haul >"$parts/haul-views"
for file in "$parts"/*; do # a head alone is nothing
	part=${file##*/}
	[ "$(wc -l <"$file")" -gt 2 ] && [ "$(grep -cx -e "<!-- $part -->" -e "<!-- /$part -->" "$page")" = 2 ] && continue
	echo "reference: nothing to write about $part, or no place for it between <!-- $part --> and <!-- /$part -->" >&2
	exit 1
done

awk -v parts="$parts" '
	/^<!-- \/[a-z-]+ -->$/ { on = 0 }
	!on
	/^<!-- [a-z-]+ -->$/ { on = 1; print ""; while ((getline line <(parts "/" $2)) > 0) print line; print "" }
' "$page"
