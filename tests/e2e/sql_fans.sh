#!/usr/bin/env bash
# Thousands that wait for one, and one that waits for thousands: what a job costs does not grow with how many there
# are, whatever the planner believes of the tables. Judged by rows read from indexes, at two sizes.
. tests/lib/tap.sh
. tests/lib/instance.sh

# shellcheck disable=SC2119
instance_start
instance_psql -c "
	select tow.attach('w', 'h', 1, '0', '{default}', '{4}', '{noop}', '1 h');
	alter table tow_store.need set (autovacuum_enabled = off);
	alter table tow_store.waiting set (autovacuum_enabled = off);
	alter table tow_store.edge set (autovacuum_enabled = off);
	create table public.turn (what text, did int, took real);
	create procedure public.drain(p_what text) language plpgsql as \$\$
	declare
		v_did int;
		v_start timestamptz;
	begin
		loop
			v_start := clock_timestamp();
			v_did := tow.duty('admit');
			insert into public.turn values (p_what, v_did, extract(epoch from clock_timestamp() - v_start));
			commit;
			exit when v_did = 0;
		end loop;
	end \$\$;
	-- What a vacuum leaves that found these empty, but could not cut them short.
	create procedure public.mislead() language sql as \$\$
		update pg_class set reltuples = 0, relpages = 100
		where relnamespace = 'tow_store'::regnamespace and relname ~ '^(need|waiting|edge|released)(_|\$)' \$\$" >/dev/null

# Or a session's figures are written as it ends, which nobody waits for.
flush="do 'begin perform pg_stat_force_next_flush(); end'"
sql() {
	instance_psql -c "$1" -c "$flush" | tail -n 1
}
reads() { # rows read from the tables that say who waits for what
	sql "select sum(idx_tup_read) from pg_stat_user_indexes where schemaname = 'tow_store' and relname in ('need', 'waiting', 'edge', 'released', 'family')"
}
measured() { # sql: how many rows it reads
	local before
	before=$(reads)
	sql "$1" >/dev/null
	echo $(($(reads) - before))
}
fan() { # how many: rows read for each of them
	local p
	p=$(sql "select tow.enqueue('noop', run_at => now() + interval '1 h')")
	sql "select count(tow.enqueue('noop', after => array[$p])) from generate_series(1, $1)" >/dev/null
	sql "call public.mislead()" >/dev/null
	echo $(($(measured "call public.drain('fresh')") / $1)) \
		$((($(measured "select tow.cancel($p)") + $(measured "call public.drain('cancel')")) / $1))
	[ "$(sql "select count(*) from tow_store.waiting")" = 0 ] || echo stranded
}
members() {
	local b
	b=$(sql "select tow.batch('noop')")
	sql "select count(*) from tow.enqueue_many('noop', array_fill('1'::jsonb, array[$1]), run_at => now() + interval '1 h', parent => $b)" >/dev/null
	sql "select tow.seal($b)" >/dev/null
	sql "call public.mislead()" >/dev/null
	sql "call public.drain('sealed')" >/dev/null
	echo $(($(measured "select tow.cancel(id) from tow_store.scheduled") / $1)) $(($(measured "call public.drain('members')") / $1))
	[ "$(sql "select tow.state($b)")" = ready ] || echo stranded
}
linear() { # small, large: figures of the second are not much above the first, and small
	local small large i
	read -ra small <<<"$1"
	read -ra large <<<"$2"
	diag "a job: ${small[*]} rows of few, ${large[*]} of many"
	[ ${#small[@]} = 2 ] && [ ${#large[@]} = 2 ] || return
	for i in 0 1; do [ "${large[i]}" -le $((small[i] * 2 + 5)) ] && [ "${large[i]}" -le 150 ] || return; done
}

# Somebody's transaction holds the horizon all the while, so that nothing that is deleted can be cleaned away.
instance_psql -c "begin isolation level repeatable read" -c "select pg_current_xact_id()" -c "select pg_sleep(600)" >/dev/null 2>&1 &
instance_pids+=($!)
ok "successors cost the same, however many" linear "$(fan 300)" "$(fan 2000)"
ok "members too" linear "$(members 300)" "$(members 2000)"
is "$(sql "select count(*) from public.turn where did > 2100")" 0 "each turn is bounded"
is "$(sql "select count(*) from tow.fsck()")" 0 "nothing is wrong after it"

p=$(sql "select tow.enqueue('noop', run_at => now() + interval '1 h')")
instance_psql -c "do \$\$
	declare
		v bigint := $p;
	begin
		for i in 1 .. 300 loop v := tow.enqueue('noop', after => array[v], if_failed => (case i % 2 when 0 then 'fail' else 'cancel' end)); end loop;
	end \$\$" -c "call public.drain('chain')" -c "select tow.cancel($p)" -c "call public.drain('chain')" >/dev/null
is "$(sql "select count(*) from tow_store.waiting")" 0 "an end goes down a chain"
p=$(sql "select tow.enqueue('noop', run_at => now() + interval '1 h')")
sql "select count(tow.enqueue('noop', after => array[$p])) from generate_series(1, 500)" >/dev/null
sql "call public.drain('cascade')"
is "$(sql "select tow.cancel($p, cascade => true)")" "cancelled, with 500 others" "a cascade takes all"
is "$(sql "select count(*) from tow_store.need")" 0 "and leaves no needs"
done_testing
