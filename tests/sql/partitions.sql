-- Partitions are made ahead: days of history and log, ranges of ids.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2031-05-10 12:00+00';

select is(tow.duty('partition'), 8, 'days are made that were not there');
select is((select array_agg(format('%s %s %s', name, first, stop) order by name collate "C") from tow_store.days where first >= '2031-05-10'),
	(select array_agg(format('%s_%s %s %s', p, to_char(d, 'YYYYMMDD'), d, d + interval '1 day') order by p, d)
		from unnest('{history,log}'::text[]) p, generate_series(timestamptz '2031-05-10 00:00+00', '2031-05-13 00:00+00', '1 day') d), 'today and three ahead');
select is(tow.duty('partition'), 0, 'once');
select tow.set('partition_days', '5');
select is(tow.duty('partition'), 4, 'as many as the setting says');
select ok((select bool_and(obj_description(format('tow_store.%I', name)::regclass) ~ 'One day') from tow_store.days), 'with a comment each');

-- Ranges of ids.
select results_eq($$ select first, stop from tow_store.job_ranges order by first $$, $$ values (0::bigint, 16000000::bigint), (16000000, 32000000), (32000000, 48000000) $$, 'two ranges lie ahead');
select setval('tow_store.job_id', 16000001) \g /dev/null
select is(tow.duty('partition'), 1, 'when one is reached, another is made');
select is((select array_agg(first order by first) from tow_store.job_ranges where first > 16000000), '{32000000,48000000}', 'so that two lie ahead again');

-- Their size follows how fast they fill.
insert into tow_store.job (id, created_at, priority, kind, queue, args) values (16000001, tow.now(), 100, 'x', 'default', '{}');
create function pg_temp.size_after(p_age interval, p_size bigint) returns bigint language plpgsql as $$
begin
	update tow_store.job set created_at = tow.now() - p_age where id = 16000001;
	return tow_store.next_size(p_size);
end $$;
select is(pg_temp.size_after('1 h', 4000000), 8000000::bigint, 'filled within a day: twice as large');
select is(pg_temp.size_after('2 days', 4000000), 4000000::bigint, 'within days: the same');
select is(pg_temp.size_after('5 days', 4000000), 2000000::bigint, 'slowly: half');
select is(pg_temp.size_after('1 h', 256000000), 256000000::bigint, 'not above 256 million');
select is(pg_temp.size_after('5 days', 1000000), 1000000::bigint, 'not below one');

-- Nothing is refused where no partition is, and it is put in order later.
select is((select count(*) from tow_store.history_rest) + (select count(*) from tow_store.log_rest) + (select count(*) from tow_store.job_rest), 0::bigint, 'the rest is empty');
set local tow.fake_now = '2031-07-01 12:00+00';
select pg_temp.worker() as w \gset
select pg_temp.ran(:w, '{"as": "completed"}') as j \gset
select pg_temp.ran(:w, '{"as": "completed"}') as j \gset
select tow.report(:w, null, format('[{"job": %s, "run": 1, "level": "info", "line": "l"}]', :j)::jsonb);
select is((select count(*) from tow_store.history_rest), 2::bigint, 'a day that nobody made: kept in the rest');
select is((select status from tow.status() where component = 'partitions'), 'bad', 'which status says');
select is(tow.duty('partition'), 12, 'the days are made all the same');
select is((select count(*) from tow_store.history_rest) + (select count(*) from tow_store.log_rest), 0::bigint, 'the rest is empty again');
select is((select array[count(*), (select count(*) from tow_store.log_20310701)] from tow_store.history_20310701), '{2,1}', 'its rows are in their day');
select is((select state from tow.history where id = :j), 'completed', 'where they are found');

select setval('tow_store.job_id', 500000000) \g /dev/null
select tow.enqueue('noop') as far \gset
select is((select count(*) from tow_store.job_rest), 1::bigint, 'an id beyond all ranges: kept in the rest');
select ok(tow.duty('partition') > 0, 'ranges are made behind it');
select ok((select count(*) >= 2 and bool_and(first > :far) from tow_store.job_ranges where first >= 500000000), 'and ahead');
select is(tow.state(:far), 'ready', 'the job is as good as any');

select * from finish();
rollback;
