#!/usr/bin/env bash
# Somebody reads for long (pg_dump, a report) while days are made and dropped: no claim waits for that, nothing is
# lost, and the day goes when the reader has gone.
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/sessions.sh

# shellcheck disable=SC2119
instance_start
instance_psql -c "
	-- a day that is past its retention, with a job that ended then
	select tow_store.make_day('history', current_date - 40), tow_store.make_day('log', current_date - 40);
	insert into tow_store.history (job_id, run, finished_at, attempt, outcome) values (0, 0, current_date - 40 + interval '1 h', 1, 'c');
	do \$\$ declare d record; begin
		for d in select name from tow_store.days where parent = 'history' and first > current_date + 2 loop execute format('drop table tow_store.%I', d.name); end loop;
	end \$\$;
	select tow.attach('w', 'h', 1, '0', '{default}', '{4}', '{noop}', '1 h');
	create function public.work(p_want int) returns bigint language sql as \$\$
		select count(*) from
			(select array_agg(r.job_id) jobs, array_agg(r.run) runs, array_agg(1::bigint) us from tow_store.running r) r,
			tow.exchange(1, 0, (random() * 1e15)::bigint, false, r.jobs, r.runs, r.us, r.us, null, '{1}', '{0}', '{1}', array[p_want])
		where what = 'job' \$\$" >/dev/null
days() { instance_psql -c "select count(*) from tow_store.days where parent = 'history' and $1"; }
old="stop <= current_date - 30" ahead="first > current_date + 2"

session_open reader
session_do reader "begin isolation level repeatable read; select count(*) from tow_store.history, tow_store.log; select count(*) from tow_store.job" >/dev/null
is "$(race 4 "2:set statement_timeout = '60s';
select public.work(20)" "2:select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[10]))" \
	"1:select tow.duty('prune');
select tow.duty('partition')" "1:set statement_timeout = '60s';
select tow.state((random() * 100)::bigint)")" "" "while somebody reads, no claim waits for that, and no duty fails"
is "$(days "$old")" 1 "the old day is still there"
is "$(days "$ahead")" 0 "a day that is read for cannot be attached beside the rest"
is "$(session_do reader 'select count(*) from tow_store.history where job_id = 0')" 1 "the reader sees what it saw"
session_do reader commit >/dev/null
# They wait for nobody, autovacuum neither, so they may have to try again.
ok "the day is dropped when the reader has gone" wait_until 'instance_psql -c "select tow.duty('"'prune'"')" && [ "$(days "$old")" = 0 ]'
ok "and the missing one is made" wait_until 'instance_psql -c "select tow.duty('"'partition'"')" && [ "$(days "$ahead")" = 1 ]'
ok "everything is drained" wait_until "[ \"\$(instance_psql -c 'select public.work(5000)')\" = 0 ]"
is "$(instance_psql -c "select count(*) = (select count(*) from tow_store.history where job_id > 0) from tow_store.job")" t "nothing is lost, nothing is done twice"
is "$(instance_psql -c "select count(*) from tow_store.history_rest")" 0 "nothing lies in the rest"
done_testing
