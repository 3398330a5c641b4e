#!/usr/bin/env bash
# The house's own lint rules find what they are for, and nothing in what is fine.
. tests/lib/tap.sh

top=$PWD
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
cd "$room" || exit 1
git init -q .
mkdir -p src/core src/cli/lib workers scheduler sql/tow/code

refused() { # description expected-text script args...
	local description=$1 wanted=$2 got
	shift 2
	if got=$("$top/contrib/lint/$1" "${@:2}" 2>&1); then fail=0; else fail=1; fi
	is "$fail" 1 "$description: refused"
	like "$got" "$wanted" "$description: said where"
}
accepted() { # description script args...
	local description=$1
	shift
	ok "$description: accepted" "$top/contrib/lint/$1" "${@:2}"
}

echo '#include "tow/err.h"' >src/cli/ok.c
echo '#include "lib/table.h"' >src/cli/list.c
accepted "includes within a room and of contracts" includes.sh
echo '#include "../workers/slots.h"' >src/cli.c
echo '#include "../../workers/slots.h"' >src/cli/bad.c
refused "a command that looks into workers" 'src/cli/bad.c: includes' includes.sh
rm src/cli/bad.c src/cli.c
echo '#include <libpq-fe.h>' >workers/bad.c
refused "libpq outside db.c" 'workers/bad.c: includes libpq-fe.h' includes.sh
rm workers/bad.c

cat >ok.c <<'C'
/* strcpy(a, b) in a comment */
int f(void)
{
	return puts("strcpy(a, b) in a string; select one of these");
}
C
accepted "names in comments and strings" c_rules.sh ok.c
accepted "prose that begins like a statement" sql_in_c.sh ok.c
printf 'int f(void)\n{\n\tstrcpy(a, b);\n}\n' >bad.c
refused "strcpy" 'bad.c:3: a banned function' c_rules.sh bad.c
{
	printf 'int f(void)\n{\n'
	seq -f '	x(%g);' 71
	printf '}\n'
} >bad.c
refused "a function of 71 lines" 'bad.c:2: 71 lines' c_rules.sh bad.c
seq -f '/* %g */' 701 >bad.c
refused "a file of 701 lines" 'bad.c:701' c_rules.sh bad.c
for statement in 'select * from tow.jobs' 'insert into t values (1)' 'update t set x = 1' 'delete from t' 'begin' \
	'set local lock_timeout = 1' 'with x as (select 1)' 'create table t ()' 'notify bell' 'do $$ begin'; do
	printf 'const char *s = "%s";\n' "$statement" >bad.c
	refused "\"$statement\" in C" 'bad.c:1' sql_in_c.sh bad.c
done

cat >sql/tow/code/ok.sql <<'SQL'
create function tow.ok(p int) returns int language sql set search_path = pg_catalog, pg_temp as $$
	select 1; -- create table inside;
$$;
comment on function tow.ok(int) is 'fine';
SQL
accepted "a function with a search_path and a comment" sql_rules.sh
echo "create function tow.open() returns int language sql as \$\$ select 1 \$\$;" >sql/tow/code/bad.sql
echo "comment on function tow.open() is 'x';" >>sql/tow/code/bad.sql
refused "a function without search_path" 'tow.open: no .set search_path' sql_rules.sh
echo 'create view tow.bare as select 1;' >sql/tow/code/bad.sql
refused "a view without comment" 'tow.bare: no comment' sql_rules.sh
done_testing
