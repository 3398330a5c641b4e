#!/usr/bin/env bash
# What somebody with a login of his own may try: each login has one role, a schema that it owns, and bad intentions.
# tests/sql/attacks.sql tries hostile words; here it is objects that shadow ours, functions that are called for others,
# roles changed on the way, the clock, and the doorbells.
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/logins.sh
. tests/lib/sessions.sh

# shellcheck disable=SC2119
instance_start
logins_open
for role in viewer producer worker operator admin; do
	instance_psql -c "create role l_$role login in role tow_$role" -c "create schema authorization l_$role" \
		-c "alter role l_$role set search_path = l_$role, tow, pg_catalog, public"
done
instance_psql -c 'create table public.loot (what text, who name)' -c 'grant all on public.loot to public' \
	-c 'create table public.vault as select 42 as gold' >/dev/null
loot() { instance_psql -c "select string_agg(what || ' ' || who, ', ' order by what) from public.loot"; }
says() { # role sql...
	local role=$1 sql args=()
	shift
	for sql; do args+=(-c "$sql"); done
	psql_as "l_$role" -v VERBOSITY=verbose "${args[@]}" 2>&1
}
job=$(says producer "select tow.enqueue('noop', '{\"x\": \"secret\"}')")

# The owner is a name only.
like "$(psql_as tow_owner -c 'select 1' 2>&1)" 'not permitted to log in' "the owner cannot log in"
is "$(instance_psql -c "select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls from pg_roles where rolname = 'tow_owner'")" f "and is nothing special"
is "$(instance_psql -c "select string_agg(m.rolname, ' ') from pg_auth_members a join pg_roles m on m.oid = a.member where a.roleid = 'tow_owner'::regrole and m.rolname <> session_user")" "" "nobody is a member of it"
for role in viewer producer worker operator admin; do
	like "$(says $role 'set role tow_owner')" 42501 "l_$role does not become the owner"
	like "$(says $role 'set session authorization tow_owner')" 42501 "not by session authorization either"
	like "$(says $role 'create table tow.mine (x int)')" 42501 "and makes nothing in our schemas"
	like "$(says $role 'create function tow_store.mine() returns int language sql as $$ select 1 $$')" 42501 "nor in the hidden one"
	like "$(says $role 'select * from tow_store.job')" 42501 "whose tables he does not read"
	like "$(says $role 'update tow_store.setting set value = value')" 42501 "or write"
	like "$(says $role "drop function tow.now()")" 42501 "nor does he drop what is ours"
	like "$(says $role "alter table tow.inbox disable trigger all")" 42501 "or switch off the inbox's trigger"
	like "$(says $role "create trigger t before insert on tow.inbox for each row execute function suppress_redundant_updates_trigger()")" 42501 "or put one of his own there"
done
like "$(says producer 'set role tow_admin')" 42501 "a producer does not become an admin"

# Names that shadow ours: functions, operators, casts, tables, in one's own schema and in pg_temp.
shadow() { # role
	psql_as "l_$1" >/dev/null <<-'END'
		create function note(text, text, bigint, jsonb) returns void language sql as $$ insert into public.loot values ('note', current_user) $$;
		create function lower(text) returns text language plpgsql as $$ begin insert into public.loot values ('lower', current_user); return $1; end $$;
		create function format(text, variadic text[]) returns text language plpgsql as $$ begin insert into public.loot values ('format', current_user); return $1; end $$;
		create function clock_timestamp() returns timestamptz language plpgsql as $$ begin insert into public.loot values ('clock', current_user); return now(); end $$;
		create function coalesce_text(text, text) returns text language sql as $$ select $1 $$;
		create function same(text, text) returns boolean language plpgsql as $$ begin insert into public.loot values ('operator', current_user); return true; end $$;
		create operator = (leftarg = text, rightarg = text, function = same);
		create operator !~ (leftarg = text, rightarg = text, function = same);
		create function more(int, int) returns int language plpgsql as $$ begin insert into public.loot values ('plus', current_user); return 7; end $$;
		create operator + (leftarg = int, rightarg = int, function = more);
	END
}
shadow producer
shadow operator
temporary="create temporary table job (id bigint); create temporary table queue (id int, name text, restricted boolean); create temporary table setting (name text, value text);
	create temporary view pg_roles as select 'l_producer'::name as rolname, true as rolsuper;
	insert into setting values ('test', 'on'), ('viewer_sees_args', 'on');
	create function pg_temp.fake_now() returns timestamptz language sql as \$\$ select timestamptz '2001-01-01' \$\$"
like "$(says producer "set search_path = l_producer, pg_temp, tow, pg_catalog" "$temporary" "select tow.enqueue('noop', key => 'k', tags => '{a}', run_at => now() + interval '1 h')" | tail -n 1)" \
	'^[0-9]+$' "a job is enqueued beside objects that shadow"
like "$(says producer "set search_path = l_producer, pg_temp, tow, pg_catalog" "$temporary" "select count(*) from tow.enqueue_many('noop', '{1,2}')" | tail -n 1)" '^2$' "and many"
for call in "tow.cancel($job, 'x')" "tow.retry($job)" "tow.find_jobs()" "tow.pause('default')" "tow.resume('default')" "tow.job($job)" "tow.status()" "tow.next_runs('* * * * *')"; do
	unlike "$(says operator "set search_path = l_operator, pg_temp, tow, pg_catalog" "$temporary" "select count(*) from (select $call) x")" 'ERROR' "$call goes on"
done
is "$(loot)" "" "none of the shadows was called"
is "$(says producer "set search_path = pg_temp, tow, pg_catalog" "$temporary" "set tow.fake_now = '2001-01-01'" "select tow.now() > '2020-01-01'" | tail -n 1)" t "nor does a temporary table make it a test"

# The clock of an instance that is none for tests.
is "$(says producer "set tow.fake_now = '2001-01-01'" "select tow.now() > '2020-01-01'")" t "nobody sets the clock"
id=$(says producer "set tow.fake_now = '2099-01-01'" "select tow.enqueue('noop')")
is "$(instance_psql -c "select created_at < clock_timestamp() from tow_store.job where id = $id")" t "not for a job either"
like "$(says admin "select tow.set('test', 'on')")" TW422 "not even an admin makes it an instance for tests"

# Functions that are called for others: a policy's, and a kind's.
psql_as l_admin >/dev/null <<'END'
create function l_admin.rob(job jsonb, error jsonb) returns interval language plpgsql security definer as $$
begin
	begin set role tow_owner; insert into public.loot values ('set role', current_user); exception when others then null; end;
	begin reset role; perform * from tow_store.job; insert into public.loot values ('reset role', current_user); exception when others then null; end;
	begin perform set_config('role', 'tow_owner', false); insert into public.loot values ('set_config', current_user); exception when others then null; end;
	begin set session authorization default; perform * from tow_store.job; insert into public.loot values ('authorization', current_user); exception when others then null; end;
	begin perform * from public.vault; insert into public.loot values ('vault', current_user); exception when others then null; end;
	begin perform * from tow_store.job; insert into public.loot values ('job', current_user); exception when others then null; end;
	begin execute 'create table tow_store.mine (x int)'; insert into public.loot values ('create', current_user); exception when others then null; end;
	perform set_config('search_path', 'l_admin, pg_temp', false);
	perform set_config('statement_timeout', '0', false);
	return interval '1 ms';
end $$;
create function l_admin.raise(job jsonb, error jsonb) returns interval language plpgsql security definer as $$ begin raise exception 'no'; end $$;
create function l_admin.sleep(job jsonb, error jsonb) returns interval language plpgsql security definer as $$ begin perform pg_sleep(60); return '1 s'; end $$;
create function l_admin.stroll(job jsonb, error jsonb) returns interval language sql as $$ select interval '1 s' $$;
create function l_admin.kind(args jsonb) returns jsonb language plpgsql security definer as $$
declare v_seen jsonb := '[]';
begin
	begin perform * from tow_store.job; v_seen := v_seen || '"job"'; exception when others then null; end;
	begin perform * from public.vault; v_seen := v_seen || '"vault"'; exception when others then null; end;
	begin set role tow_owner; v_seen := v_seen || '"role"'; exception when others then null; end;
	perform set_config('search_path', 'l_admin, pg_temp', false);
	return v_seen;
end $$;
grant usage on schema l_admin to tow_owner;
END
for fn in rob raise sleep; do
	unlike "$(says admin "select tow.set_policy('$fn', 'function', fn => 'l_admin.$fn(jsonb, jsonb)')")" ERROR "a policy's function: $fn"
done
like "$(says admin "select tow.set_policy('stroll', 'function', fn => 'l_admin.stroll(jsonb, jsonb)')")" TW422 "one that would run as the owner is refused"
instance_psql -c "create function public.ours(jsonb, jsonb) returns interval language sql security definer as 'select interval ''1 s'''" >/dev/null
like "$(says admin "select tow.set_policy('ours', 'function', fn => 'public.ours(jsonb, jsonb)')")" TW422 "so is one of a superuser's"
like "$(says admin "select tow.sql_kind('ours', 'l_admin.kind(jsonb)', role => 'tow_owner')")" TW422 "and a kind that shall run as the owner"
unlike "$(says admin "select tow.sql_kind('k', 'l_admin.kind(jsonb)')")" ERROR "a kind's function"
for fn in rob raise sleep; do
	instance_psql -c "select tow.enqueue('fail', policy => '$fn', max_attempts => 2)" >/dev/null
done
kind=$(instance_psql -c "select tow.enqueue('k')")
scheduler_start
worker_start --queue default:2
ok "functions raise, sleep and try to rob; all jobs end" wait_until "[ \"\$(instance_psql -c \"select count(*) from tow.jobs where kind in ('fail', 'k')\")\" = 0 ]" 120
is "$(loot)" "" "nothing was robbed"
is "$(instance_psql -c "select result from tow.history where id = $kind")" "[]" "nor by the kind"
is "$(instance_psql -c "select to_regclass('tow_store.mine')")" "" "nothing was made"
next=$(instance_psql -c "select tow.enqueue('noop')")
ok "and the scheduler and the worker go on" wait_until "[ \"\$(instance_psql -c 'select tow.state($next)')\" = completed ]" 60
# the owner of a function may change it after it was registered
psql_as l_admin -c 'alter function l_admin.kind(jsonb) security invoker' >/dev/null
kind=$(instance_psql -c "select tow.enqueue('k', policy => 'never')")
ok "a function that was altered later" wait_until "[ \"\$(instance_psql -c 'select tow.state($kind)')\" = failed ]" 60
like "$(instance_psql -c "select error from tow.history where id = $kind")" 'security definer' "is not called any more"
process_stop "$WORKER_PID"
process_stop "$SCHEDULER_PID"

# Roles lent by functions: who may enqueue in a restricted queue, and see arguments, is asked of the login.
instance_psql -c "select tow.set_queue('closed'), tow.grant_queue('closed', 'l_operator')" >/dev/null
psql_as l_operator >/dev/null <<'END'
create function l_operator.lend() returns bigint language sql security definer as $$ select tow.enqueue('noop', queue => 'closed') $$;
create function l_operator.look() returns text language sql security definer as $$ select string_agg(args::text, ' ') from tow.jobs $$;
grant usage on schema l_operator to public;
END
id=$(says producer "select tow.enqueue('noop', '{\"x\": \"secret\"}', run_at => now() + interval '1 day')")
like "$(says producer 'select l_operator.lend()')" TW403 "a function does not lend the right to a restricted queue"
unlike "$(says producer 'select l_operator.look()')" secret "nor the sight of arguments"
like "$(says operator 'select l_operator.look()')" secret "which its owner has"
instance_psql -c "grant tow_viewer to l_operator"
like "$(says operator "set role tow_viewer" "select args from tow.jobs where id = $id")" hidden "who goes over to a lesser role sees less"
like "$(says viewer "set tow.viewer_sees_args = 'on'" "select args from tow.jobs where id = $id")" hidden "a setting of the session's opens nothing"
like "$(says viewer "set role none" "select args from tow.jobs where id = $id")" hidden "nor does no role"
like "$(says viewer "select tow.set('viewer_sees_args', 'on')")" 42501 "and who is no admin sets nothing"
like "$(says operator "select tow.set('viewer_sees_args', 'on')")" 42501 "an operator neither"
like "$(says viewer "select tow.grant_queue('default', 'l_viewer', 'read')")" 42501 "nobody grants himself anything"
like "$(says viewer "explain (verbose, analyze) select * from tow.jobs where args::text ~ 'secret'")" 'rows=0' "a plan tells nothing"
psql_as l_viewer -c "create function l_viewer.tell(text) returns boolean language plpgsql cost 0.0000001 as \$\$ begin raise notice 'saw %', \$1; return true; end \$\$" >/dev/null
unlike "$(says viewer "select count(*) from tow.jobs where l_viewer.tell(args::text)")" secret "a leaky function is shown nothing"
unlike "$(says viewer "select * from pg_stats where schemaname ~ '^tow'" "select query from pg_stat_activity")" secret "nor do statistics show it"

# The bells: anybody may listen and notify in PostgreSQL; what they hear has no content, what they ring wakes, no more.
session_open ear
session_do ear 'set role l_viewer; listen tow_clock; listen tow_bell_0; listen tow_bell_1' >/dev/null
says producer "select tow.enqueue('noop', '{\"x\": \"secret\"}', run_at => now() + interval '1 s')" >/dev/null
unlike "$(session_do ear 'select 1')" secret "a bell tells nobody what a job is about"
worker_start --queue default:1
scheduler_start
for word in '' work 'stop' '{"x": 1}' "'; drop table public.vault; --" "$(printf 'x%.0s' {1..7000})"; do
	psql_as l_viewer -v word="$word" >/dev/null <<-'END'
		select pg_notify('tow_clock', :'word'), pg_notify('tow_bell_' || i, :'word') from generate_series(0, 70) i;
	END
done
next=$(instance_psql -c "select tow.enqueue('noop')")
ok "who rings at every bell wakes everybody, and jobs run" wait_until "[ \"\$(instance_psql -c 'select tow.state($next)')\" = completed ]" 60
ok "the worker lives" process_alive "$WORKER_PID"
ok "the scheduler lives" process_alive "$SCHEDULER_PID"

# The inbox.
like "$(says producer "insert into tow.inbox (kind, who) values ('noop', 'tow_admin')")" 42501 "nobody signs for another"
like "$(says producer "select * from tow.inbox")" 42501 "nobody reads it"
like "$(says producer "delete from tow.inbox")" 42501 "or takes from it"
like "$(says producer "insert into tow.inbox (kind) values ('noop') returning *")" 42501 "not by returning"
says producer "insert into tow.inbox (kind, queue) values ('noop', 'closed')" >/dev/null
ok "a row for a restricted queue" wait_until "[ \"\$(instance_psql -c \"select count(*) from tow.refused where sqlstate = 'TW403'\")\" = 1 ]" 60
is "$(instance_psql -c "select job ->> 'who' from tow.refused where sqlstate = 'TW403'")" l_producer "is refused, and says whose it was"
is "$(instance_psql -c 'select gold from public.vault')" 42 "the vault is as it was"
is "$(loot)" "" "and nothing was robbed"
done_testing
