#!/usr/bin/env bash
# tow migrate: fresh and upgraded databases are the same; what changes is replaced, what is gone is retired, what is
# somebody else's is left alone.
# shellcheck disable=SC2317 # functions called by ok
. tests/lib/tap.sh
. tests/lib/instance.sh

instance_start --empty
folder=$instance_dir/files
code=$folder/sql/tow/code

# The files that are built in are the repository's.
files_reset() {
	rm -rf "$folder"
	mkdir -p "$folder"
	cp -r sql "$folder/"
}
database() { # name
	instance_psql -c "create database $1"
}
on() { # database sql
	psql -X -A -t -q -v ON_ERROR_STOP=1 -d "$(instance_url "$1")" -c "$2"
}
migrate() { # database args...
	local name=$1
	shift
	"$TOW" migrate --database "$(instance_url "$name")" "$@"
}
dump() { # database
	pg_dump --schema-only -d "$(instance_url "$1")" | grep -v '^\\\(un\)\?restrict '
}
same() { # database database
	diff <(dump "$1") <(dump "$2") >"$instance_dir/diff" || { diag "$(head -20 "$instance_dir/diff")" && return 1; }
}

database fresh
database other

# Looking changes nothing
exits 1 "--check of an empty database" migrate fresh --check >/dev/null
like "$(migrate fresh --dry-run)" "schema tow/0001_base.sql" "--dry-run names the files"
is "$(on fresh "select count(*) from pg_namespace where nspname like 'tow%'")" 0 "and leaves the database empty"

# Fresh
ok "migrate" migrate fresh >/dev/null
is "$(migrate fresh)" "up to date" "a second time there is nothing to do"
exits 0 "--check says so" migrate fresh --check >/dev/null
is "$(on fresh "select distinct nspowner::regrole from pg_namespace where nspname in ('tow', 'tow_store')")" tow_owner \
	"everything belongs to a role that cannot log in"
is "$(on fresh "select rolcanlogin or rolsuper from pg_roles where rolname = 'tow_owner'")" f "and is no superuser"
is "$(on fresh "select count(*) from pg_proc p join pg_namespace n on n.oid = p.pronamespace
	where n.nspname like 'tow%' and p.proowner <> 'tow_owner'::regrole")" 0 "functions too"
is "$(on fresh "select count(*) from pg_roles where rolname in
	('tow_owner', 'tow_admin', 'tow_operator', 'tow_producer', 'tow_worker', 'tow_viewer')")" 6 "with the roles for people"
is "$(on fresh "select tow.enqueue('noop')")" 1 "it works"

# Another signature, other columns, a function more: what an earlier release may have had
files_reset
cat >"$code/queue_old.sql" <<'SQL'
create or replace function tow.old_one() returns int language sql set search_path = pg_catalog as $$ select 1 $$;
comment on function tow.old_one() is 'Gone in the next release.';
create or replace function tow.resume(queue text, force boolean default true) returns int
language sql set search_path = pg_catalog as $$ select 1 $$;
comment on function tow.resume(text, boolean) is 'Changed in the next release.';
SQL
cat >"$code/view_old.sql" <<'SQL'
create or replace view tow.old_view as select id, tow.state(id) as state, tow.old_one() as one from tow.jobs;
comment on view tow.old_view is 'Gone in the next release.';
SQL
sed -i 's/create or replace function tow.state(id bigint) returns text/create or replace function tow.state(id bigint, nothing int default 0) returns text/
	s/comment on function tow.state(bigint)/comment on function tow.state(bigint, int)/' "$code/state.sql"
sed -i 's/select m.id, m.state, j.kind/select m.id, m.state, 1 as extra, j.kind/' "$code/view_jobs.sql"
ok "an older set of files" migrate other --from "$folder" >/dev/null
is "$(on other 'select count(*) from tow.old_view')" 0 "is there"

out=$(migrate other)
status=$?
is "$status" 0 "upgrade: other columns, other arguments"
like "$out" "retire function tow.old_one" "what is defined no more is retired"
like "$out" "retire view tow.old_view" "views too"
like "$out" "retire function tow.state\(bigint,integer\)" "and the old signature of what changed"
unlike "$out" "retire [^
]*(tow.jobs|tow.enqueue|grant_all)" "and nothing else"
ok "upgraded and fresh are the same" same fresh other
is "$(on other "select has_table_privilege('tow_viewer', 'tow.jobs', 'select')")" t "a view made anew has its grants"
is "$(on other "select tow.enqueue('noop')") $(on other 'select tow.state(1)')" "1 ready" "and it works"

# Only a body changed
files_reset
sed -i "s/'no such queue %L'/'there is no queue %L'/" "$code/queue.sql"
is "$(migrate other --from "$folder" --dry-run)" "code   tow/queue.sql" "--dry-run names the one file that differs"
ok "run" migrate other --from "$folder" >/dev/null
like "$(on other "select tow.pause('nowhere')" 2>&1)" "there is no queue" "the new body is there"
on other "select tow.set_policy('haul.work', max_attempts => 5)" >/dev/null
migrate other >/dev/null
is "$(on other "select max_attempts from tow.policies where name = 'haul.work'")" 5 "what somebody has set stays so"
on other "select tow.set_policy('haul.work', max_attempts => 12)" >/dev/null

# Somebody's view
on other "create view public.mine as select id, state from tow.jobs"
files_reset
sed -i 's/select m.id, m.state, j.kind/select m.id, m.state, 1 as extra, j.kind/' "$code/view_jobs.sql"
dump other >"$instance_dir/before"
out=$(migrate other --from "$folder" 2>&1)
is $? 65 "a view of the user's is in the way: refused"
like "$out" "view public.mine depends on view tow.jobs" "it is named"
like "$out" "hint: drop it" "with what to do"
ok "nothing was changed" diff <(dump other) "$instance_dir/before"
files_reset
echo '-- another day' >>"$code/view_jobs.sql"
ok "it does not matter where no column changes" migrate other --from "$folder" >/dev/null
is "$(on other 'select count(*) >= 0 from public.mine')" t "and lives on"
on other 'drop view public.mine'
on other 'create view public.mine as select what, subject from tow.needs()'
files_reset
sed -i 's/messages bigint, says text\[\], read bigint)$/messages bigint, sayings text[], read bigint)/' "$code/view_needs.sql"
out=$(migrate other --from "$folder" 2>&1)
is $? 65 "a view of theirs on a function that answers otherwise: refused"
like "$out" "view public.mine depends on function tow.needs\(integer\)" "it is named"
like "$out" "hint: drop it" "with what to do"
on other 'drop view public.mine'
is "$(grep -lE '^drop (function|routine|view)' sql/*/schema/*.sql | grep -vE '/tow/schema/001[123]_')" "" \
	"so that schema files, which cannot name it, leave functions and views to the code files"

# Schema files: once, in order, never changed
files_reset
cat >"$folder/sql/tow/schema/9001_more.sql" <<'SQL'
create table tow_store.more (n int primary key);
comment on table tow_store.more is 'For a test.';
SQL
is "$(migrate other --from "$folder" | grep schema)" "schema tow/9001_more.sql" "a new schema file is applied"
is "$(migrate other --from "$folder")" "up to date" "once"
out=$(migrate other 2>&1)
is $? 65 "an older program refuses a newer database"
like "$out" "newer than this program" "and says so"
echo '-- changed' >>"$folder/sql/tow/schema/9001_more.sql"
out=$(migrate other --from "$folder" 2>&1)
is $? 65 "a changed one is refused"
like "$out" "9001_more.sql has changed" "by name"
files_reset
cat >"$folder/sql/tow/schema/9001_more.sql" <<'SQL'
create table tow_store.half (n int primary key);
select 1 / 0;
SQL
database broken
out=$(migrate broken --from "$folder" 2>&1)
is $? 65 "a schema file that fails"
like "$out" "9001_more.sql: division by zero" "is named"
is "$(on broken "select to_regclass('tow_store.half') is null")" t "and leaves nothing"
echo 'create or replace function tow.broken() returns nonsense language sql as $$ select 1 $$;' >"$code/broken.sql"
rm "$folder/sql/tow/schema/9001_more.sql"
dump fresh >"$instance_dir/before"
not_ok "a code file that fails" migrate fresh --from "$folder" 2>/dev/null
ok "leaves everything as it was" diff <(dump fresh) "$instance_dir/before"

# Marked for tests
is "$(on fresh "select value from tow.settings where name = 'test'")" off "an instance is not one for tests"
exits 65 "nor is one with jobs made so" migrate fresh --test 2>/dev/null
database tests
ok "a new one may be" migrate tests --test >/dev/null
is "$(on tests "set tow.fake_now = '2001-01-01 00:00+00'; select tow.now() < '2002-01-01'")" t "its clock may be faked"

done_testing
