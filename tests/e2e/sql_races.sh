#!/usr/bin/env bash
# Claims, outcomes, rescues, cancels, retries and the rest, all at once on few jobs: at every moment each job is in
# exactly one place, and it ends once for each time that it was put back.
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/sessions.sh

# shellcheck disable=SC2119
instance_start
instance_psql -c "
	select tow.set_policy('default', 'fixed', base => '2 ms', max_attempts => 2), tow.set('max_losses', '1000');
	create table public.crew (slot int primary key, worker bigint);
	create function public.sign_on(p_slot int) returns bigint language sql as \$\$
		insert into public.crew select p_slot, worker from tow.attach('w', 'h', 1, '0', '{default}', '{4}', '{noop}', '1 h')
		on conflict (slot) do update set worker = excluded.worker returning worker \$\$;
	select public.sign_on(n) from generate_series(1, 4) n;
	-- Reports all that the worker holds, each job with an outcome by chance, and claims a few. A worker that was given up signs on anew.
	create function public.work(p_slot int, p_chance boolean default true) returns bigint language plpgsql as \$\$
	declare
		v_worker bigint := (select worker from public.crew where slot = p_slot);
		v_claimed bigint;
	begin
		select count(*) into v_claimed from
			(select array_agg(r.job_id) filter (where p) jobs, array_agg(r.run) filter (where p) runs, array_agg(1::bigint) filter (where p) us,
				jsonb_agg(jsonb_build_object('job', r.job_id, 'run', r.run, 'delay_s', random() * 0.01, 'ago_us', 2, 'took_us', 1, 'as',
					case when p_chance then ('{failed,failed,snoozed,returned,cancelled,completed,unknown}'::text[])[1 + (random() * 6)::int] else 'completed' end)) filter (where not p) outcomes
				from (select *, random() < 0.3 as p from tow_store.running where worker = v_worker) r) r,
			(select array_agg(b.id order by b.id) ids, array_agg(0::bigint) lows from tow_store.band b) b,
			tow.exchange(v_worker, 0, (random() * 1e15)::bigint, false, r.jobs, r.runs, r.us, r.us, coalesce(r.outcomes, '[]'), b.ids, b.lows,
				array(select id from tow_store.queue), array[(random() * 6)::int])
		where what = 'job';
		return v_claimed;
	exception when sqlstate 'TW410' then
		return public.sign_on(p_slot) * 0;
	end \$\$;
	-- What people do: our own refusals are no news.
	create function public.try(p_call text) returns void language plpgsql as \$\$
	begin
		execute 'select tow.' || p_call;
	exception when others then
		if sqlstate not like 'TW4%' then raise; end if;
	end \$\$;
	-- One look at all places: the jobs that are in none, or in two, or ended too often. One statement, one snapshot.
	create view public.misplaced as
	select j.id, p.places, coalesce(h.ends, 0) as ends, coalesce(v.revivals, 0) as revivals
	from tow_store.job j
		left join (select id, count(*) as places from (select id from tow_store.ready union all select id from tow_store.scheduled union all
			select id from tow_store.waiting union all select job_id from tow_store.running) m group by id) p on p.id = j.id
		left join (select job_id, count(*) as ends from tow_store.history where outcome in ('c', 'f', 'x') group by 1) h on h.job_id = j.id
		left join (select job_id, count(*) as revivals from tow_store.revival group by 1) v on v.job_id = j.id
	where coalesce(p.places, 0) > 1 or coalesce(h.ends, 0) - coalesce(v.revivals, 0) <> case when p.places = 1 then 0 else 1 end;
	create function public.oracle() returns void language plpgsql as \$\$
	declare
		m record;
	begin
		select * into m from public.misplaced limit 1;
		if found then raise 'misplaced: %', m; end if;
	end \$\$;
	select tow.enqueue('noop', key => case when n % 3 = 0 then n::text end) from generate_series(1, 60) n" >/dev/null

# By chance, so again while a kind of end has not come yet.
met_all() { [ "$(instance_psql -c "select count(distinct outcome) = 7 and (select count(*) > 50 from tow_store.revival) from tow.attempts")" = t ]; }
found=''
for _ in {1..10}; do
	found+=$(race "${RACE_SECONDS:-8}" "3:select public.work(:client_id + 1)" \
		"1:\\set n random(1, 4)
select tow_store.give_up((select worker from public.crew where slot = :n), 'dead');
select tow.duty('rescue');
select pg_sleep(0.02)" \
		"2:\\set n random(1, 60)
select public.try('cancel(' || :n || ')')" \
		"3:\\set n random(1, 60)
select public.try('retry(' || :n || ')')" \
		"1:\\set n random(1, 60)
select public.try('run_now(' || :n || ')'), public.try('snooze(' || :n || ', ''3 ms'')'), public.try('reprioritise(' || :n || ', 100)')" \
		"1:select tow.duty('promote');
select tow.duty('admit');
select tow.duty('tidy')" \
		"1:select public.oracle();
select pg_sleep(0.05)")
	if [ "$found" != '' ] || met_all; then break; fi
done
is "$found" "" "at every look each job is in one place; nothing fails, nobody waits in a circle"
diag "$(instance_psql -c "select string_agg(format('%s %s', outcome, n), ', ') from (select outcome, count(*) n from tow.attempts group by 1 order by 1) t")"
is "$(instance_psql -c "select count(*) > 50 from tow_store.revival")" t "many were put back"
is "$(instance_psql -c "select count(distinct outcome) from tow.attempts")" 7 "every kind of end was met"

ok "all come to an end" wait_until "[ \"\$(instance_psql -c \"select tow.duty('rescue'), tow.duty('promote'), tow.duty('admit')\" \
	-c 'select public.work(n, false) from generate_series(1, 4) n' -c 'select count(*) from tow.jobs' | tail -n 1)\" = 0 ]"
is "$(instance_psql -c "select * from public.misplaced")" "" "once for each time that it was put back"
is "$(instance_psql -c "select count(*) from tow_store.key")" 0 "no key is left behind"
done_testing
