-- tow.cron_next by hand: calendars, both edges of daylight saving time, policies, errors, speed.
begin;
set local search_path = public, pg_catalog;
set local timezone = 'UTC';
select * from no_plan();

select is(tow.cron_next(spec, after::timestamptz), want::timestamptz, format('%s after %s', spec, after))
from (values
	('0 3 * * *', '2024-01-01 00:00Z', '2024-01-01 03:00Z'), ('0 3 * * *', '2024-01-01 02:59:59.999999Z', '2024-01-01 03:00Z'),
	('0 3 * * *', '2024-01-01 03:00Z', '2024-01-02 03:00Z'), ('0 3 * * *', '2024-01-01 03:00:00.000001Z', '2024-01-02 03:00Z'),
	('59 23 31 12 *', '2023-12-31 23:59Z', '2024-12-31 23:59Z'), ('*/15 * * * *', '2024-01-01 00:14:59Z', '2024-01-01 00:15Z'),
	('*/20 * * * * *', '2024-01-01 00:00:41Z', '2024-01-01 00:01Z'), ('59 59 23 * * *', '2024-02-28 23:59:59Z', '2024-02-29 23:59:59Z'),
	('0 0 29 2 *', '2024-03-01 00:00Z', '2028-02-29 00:00Z'), ('0 0 29 2 *', '2096-03-01 00:00Z', '2104-02-29 00:00Z'),
	('0 0 31 * *', '2024-01-31 00:00Z', '2024-03-31 00:00Z'), ('0 0 L * *', '2023-02-01 00:00Z', '2023-02-28 00:00Z'), ('0 0 L * *', '2024-02-01 00:00Z', '2024-02-29 00:00Z'),
	('0 0 L-3 * *', '2024-02-01 00:00Z', '2024-02-26 00:00Z'), ('0 0 L-30 * *', '2024-02-02 00:00Z', '2024-03-01 00:00Z'),
	('0 0 15W * *', '2024-06-01 00:00Z', '2024-06-14 00:00Z'), ('0 0 15W * *', '2024-09-01 00:00Z', '2024-09-16 00:00Z'), ('0 0 1W * *', '2024-05-30 00:00Z', '2024-06-03 00:00Z'),
	('0 0 30W * *', '2014-01-30 00:00Z', '2014-03-31 00:00Z'), ('0 0 31W * *', '2024-03-31 00:00Z', '2024-05-31 00:00Z'), ('0 0 LW * *', '2024-06-01 00:00Z', '2024-06-28 00:00Z'),
	('0 0 * * 5L', '2024-05-01 00:00Z', '2024-05-31 00:00Z'), ('0 0 * * fri#2', '2024-05-11 00:00Z', '2024-06-14 00:00Z'), ('0 0 * * mon#5', '2024-05-01 00:00Z', '2024-07-29 00:00Z'),
	('0 0 13 * fri', '2024-09-01 00:00Z', '2024-09-06 00:00Z'), ('0 0 13 * fri', '2024-09-06 00:00Z', '2024-09-13 00:00Z'), ('0 0 12 * fri', '2024-09-06 00:00Z', '2024-09-12 00:00Z'),
	('0 0 * feb mon', '2024-03-01 00:00Z', '2025-02-03 00:00Z'), ('0 0 */2 * mon', '2024-09-01 00:00Z', '2024-09-02 00:00Z'), ('0 0 ? * mon', '2024-09-02 00:00Z', '2024-09-09 00:00Z'),
	('0 0 31 2 *', '2024-01-01 00:00Z', null), ('0 0 30W 2 *', '2024-01-01 00:00Z', null), ('0 0 31 4,6 ?', '2024-01-01 00:00Z', null), ('0 0 * * *', 'infinity', null), ('0 0 29 2 *', '294276-12-31 23:59:59Z', null), ('@every 1s', '294276-12-31 23:59:59Z', null), ('@hourly', '-infinity', null),
	('@weekly', '2024-09-01 00:00Z', '2024-09-08 00:00Z'), ('@monthly', '2024-01-31 12:00Z', '2024-02-01 00:00Z'), ('0 0 1 1 *', '1969-12-31 23:59:59Z', '1970-01-01 00:00Z'),
	('@every 90s', '1970-01-01 00:00Z', '1970-01-01 00:01:30Z'), ('@every 90s', '1970-01-01 00:01:29.9Z', '1970-01-01 00:01:30Z'), ('@every 90s', '1969-12-31 23:59:59Z', '1970-01-01 00:00Z'),
	('@every 1s', '2024-01-01 00:00:00.5Z', '2024-01-01 00:00:01Z'), ('@every 2 days', '1970-01-02 00:00Z', '1970-01-03 00:00Z'), ('@every 1h30m', '2024-01-01 00:00Z', '2024-01-01 01:30Z')
) c(spec, after, want);

-- Paris: the clock goes 02:00 -> 03:00 at 01:00Z on 31 March 2024, and 03:00 -> 02:00 at 01:00Z on 27 October.
-- Lord Howe: 02:00 -> 02:30 at 15:30Z on 5 October 2024, 02:00 -> 01:30 at 15:00Z on 6 April. Apia: no 30 December 2011.
select is(tow.cron_next(spec, after::timestamptz, tz, gap, overlap), want::timestamptz, format('%s %s %s %s after %s', spec, tz, gap, overlap, after))
from (values
	('30 2 * * *', '2024-03-31 00:00Z', 'Europe/Paris', 'after', 'once', '2024-03-31 01:00Z'), ('30 2 * * *', '2024-03-31 00:00Z', 'Europe/Paris', 'skip', 'once', '2024-04-01 00:30Z'),
	('0 2 * * *', '2024-03-31 00:59:59Z', 'Europe/Paris', 'after', 'once', '2024-03-31 01:00Z'), ('30 2 * * *', '2024-03-31 00:59:59.9Z', 'Europe/Paris', 'after', 'once', '2024-03-31 01:00Z'),
	('*/15 2 * * *', '2024-03-31 00:00Z', 'Europe/Paris', 'after', 'once', '2024-03-31 01:00Z'), ('*/15 2 * * *', '2024-03-31 01:00Z', 'Europe/Paris', 'after', 'once', '2024-04-01 00:00Z'),
	('30 2,3 * * *', '2024-03-31 01:00Z', 'Europe/Paris', 'after', 'once', '2024-03-31 01:30Z'), ('0 3 * * *', '2024-03-31 00:00Z', 'Europe/Paris', 'skip', 'once', '2024-03-31 01:00Z'),
	('0 3 * * *', '2024-03-31 01:00Z', 'Europe/Paris', 'after', 'once', '2024-04-01 01:00Z'), ('59 1 * * *', '2024-03-31 00:00Z', 'Europe/Paris', 'after', 'once', '2024-03-31 00:59Z'),
	('0 */2 * * *', '2024-03-31 00:00Z', 'Europe/Paris', 'after', 'once', '2024-03-31 01:00Z'), ('30 * * * *', '2024-03-31 00:30Z', 'Europe/Paris', 'after', 'once', '2024-03-31 01:30Z'),
	('30 2 * * *', '2024-10-27 00:00Z', 'Europe/Paris', 'after', 'once', '2024-10-27 00:30Z'), ('30 2 * * *', '2024-10-27 00:30Z', 'Europe/Paris', 'after', 'once', '2024-10-28 01:30Z'),
	('30 2 * * *', '2024-10-27 01:10Z', 'Europe/Paris', 'after', 'once', '2024-10-28 01:30Z'), ('30 2 * * *', '2024-10-27 00:30Z', 'Europe/Paris', 'after', 'twice', '2024-10-27 01:30Z'),
	('30 2 * * *', '2024-10-27 01:30Z', 'Europe/Paris', 'after', 'twice', '2024-10-28 01:30Z'), ('0 2 * * *', '2024-10-27 00:00Z', 'Europe/Paris', 'after', 'twice', '2024-10-27 01:00Z'),
	('0 3 * * *', '2024-10-27 00:00Z', 'Europe/Paris', 'after', 'once', '2024-10-27 02:00Z'), ('*/15 2 * * *', '2024-10-27 00:45Z', 'Europe/Paris', 'after', 'once', '2024-10-28 01:00Z'),
	('*/15 * * * *', '2024-10-27 00:45Z', 'Europe/Paris', 'after', 'once', '2024-10-27 01:00Z'), ('0 * * * *', '2024-10-27 00:00Z', 'Europe/Paris', 'after', 'once', '2024-10-27 01:00Z'),
	('*/15 * * * *', '2024-03-31 00:45Z', 'Europe/Paris', 'skip', 'once', '2024-03-31 01:00Z'), ('0 12 * * *', '2024-03-31 00:00Z', 'Europe/Paris', 'after', 'once', '2024-03-31 10:00Z'),
	('45 1 * * *', '2024-04-06 00:00Z', 'Australia/Lord_Howe', 'after', 'once', '2024-04-06 14:45Z'), ('45 1 * * *', '2024-04-06 14:45Z', 'Australia/Lord_Howe', 'after', 'once', '2024-04-07 15:15Z'),
	('45 1 * * *', '2024-04-06 14:45Z', 'Australia/Lord_Howe', 'after', 'twice', '2024-04-06 15:15Z'), ('15 2 * * *', '2024-10-05 15:00Z', 'Australia/Lord_Howe', 'after', 'once', '2024-10-05 15:30Z'),
	('15 2 * * *', '2024-10-05 15:00Z', 'Australia/Lord_Howe', 'skip', 'once', '2024-10-06 15:15Z'), ('45 2 * * *', '2024-10-05 15:00Z', 'Australia/Lord_Howe', 'after', 'once', '2024-10-05 15:45Z'),
	('0 12 30 12 *', '2011-12-29 12:00Z', 'Pacific/Apia', 'after', 'once', '2011-12-30 10:00Z'), ('0 12 30 12 *', '2011-12-29 12:00Z', 'Pacific/Apia', 'skip', 'once', '2012-12-29 22:00Z'),
	('0 * 30 12 *', '2011-12-29 12:00Z', 'Pacific/Apia', 'after', 'once', '2012-12-29 10:00Z'), ('0 0 * * *', '2011-12-29 11:00Z', 'Pacific/Apia', 'skip', 'once', '2011-12-30 10:00Z'),
	('0 3 * * *', '2024-01-01 00:00Z', 'Asia/Kathmandu', 'after', 'once', '2024-01-01 21:15Z'), ('30 2 * * *', '2024-04-14 00:00Z', 'Africa/Casablanca', 'after', 'once', '2024-04-14 02:00Z'),
	('0 0 1 4 *', '2024-01-01 00:00Z', 'Europe/Paris', 'after', 'once', '2024-03-31 22:00Z'), ('@every 1h', '2024-10-27 00:30Z', 'Europe/Paris', 'after', 'once', '2024-10-27 01:00Z'),
	('30 2 31 3 *', '2024-01-01 00:00Z', 'Europe/Paris', 'after', 'once', '2024-03-31 01:00Z'), ('30 2 31 3 *', '2024-01-01 00:00Z', 'Europe/Paris', 'skip', 'once', '2025-03-31 00:30Z'),
	('30 2 27 10 *', '2024-01-01 00:00Z', 'Europe/Paris', 'after', 'once', '2024-10-27 00:30Z'), ('30 2 27 10 *', '2024-06-01 00:00Z', 'Europe/Paris', 'after', 'twice', '2024-10-27 00:30Z'),
	('0 22 30 12 *', '2011-12-01 00:00Z', 'Pacific/Apia', 'after', 'once', '2011-12-30 10:00Z'), ('0 22 30 12 *', '2011-12-01 00:00Z', 'Pacific/Apia', 'skip', 'once', '2012-12-30 08:00Z'),
	('0 12 * * *', '2024-06-01 00:00Z', 'Etc/GMT-5', 'after', 'once', '2024-06-01 07:00Z'), ('0 12 * * *', '2024-06-01 00:00Z', 'europe/paris', 'after', 'once', '2024-06-01 10:00Z')
) c(spec, after, tz, gap, overlap, want);
select is(tow.cron_next('0 3 * * *', '2024-01-01 00:00Z'), tow.cron_next('0 3 * * *', '2024-01-01 00:00Z', 'UTC', 'after', 'once'), 'the defaults');
select is(tow.cron_next('0 3 * * *', null), null, 'after nothing comes nothing');

-- The session's own zone plays no part, nor does its way of writing intervals.
create temp table asked on commit drop as
select spec, t, tow.cron_next(spec, t, 'Europe/Paris') as want
from unnest('{30 2 * * *,0 0 1 * *,*/7 1-3 * * *,@every 7h,0 0 29 2 *}'::text[]) spec, generate_series(timestamptz '2024-03-30 12:00Z', '2024-04-01 12:00Z', '37 min') t;
set local timezone = 'America/New_York';
set local intervalstyle = 'sql_standard';
set local datestyle = 'German';
select is_empty('select * from asked where want is distinct from tow.cron_next(spec, t, ''Europe/Paris'')', 'the session''s settings play no part');
set local timezone = 'UTC';

select throws_ok(format('select tow.cron_next(%L, now(), %L, %L, %L)', spec, tz, gap, overlap), 'TW422', message, message)
from (values
	('61 * * * *', 'UTC', 'after', 'once', 'bad cron spec ''61 * * * *'': minute 61 is not within 0-59'), ('0 3 * * *', 'Mars/Phobos', 'after', 'once', 'unknown time zone ''Mars/Phobos'''),
	('0 3 * * *', '', 'after', 'once', 'unknown time zone '''''), ('0 3 * * *', null, 'after', 'once', 'unknown time zone NULL'), ('0 3 * * *', 'UTC+2', 'after', 'once', 'unknown time zone ''UTC+2'''),
	('0 3 * * *', '<x>-3', 'after', 'once', 'unknown time zone ''<x>-3'''), ('@every 5s', 'Nowhere', 'after', 'once', 'unknown time zone ''Nowhere'''), ('0 3 * * *', 'UTC', 'before', 'once', 'bad gap ''before'''),
	('0 3 * * *', 'UTC', null, 'once', 'bad gap NULL'), ('0 3 * * *', 'UTC', 'after', 'thrice', 'bad overlap ''thrice'''), ('0 3 * * *', 'UTC', 'skip', null, 'bad overlap NULL')
) c(spec, tz, gap, overlap, message);
select is(tow_store.nearest_zone(tz), near, 'a zone like ' || tz)
from (values ('Europe/Pari', 'Europe/Paris'), ('Europe/Wien', null), ('Europe/berlim', 'Europe/Berlin'), ('Euorpe/Rome', 'Europe/Rome'), ('UTX', 'UTC'), ('', null)) z(tz, near);
create function pg_temp.hint(p_tz text) returns text
language plpgsql as $$
declare
	v_hint text;
begin
	perform tow.cron_next('@daily', now(), p_tz);
	return null;
exception when others then
	get stacked diagnostics v_hint = pg_exception_hint;
	return v_hint;
end $$;
select matches(pg_temp.hint('Mars/Phobos'), 'region and a city', 'the hint says what a name looks like');
select matches(pg_temp.hint('europe/Berln'), 'Europe/Berlin', 'and which may be meant');
select is_empty($$ select name from pg_timezone_names where name !~ '^(posix|right)/|^(posixrules|localtime|Factory)$' and pg_temp.hint(name) is not null $$, 'every zone of PostgreSQL''s list is known');

-- The best of ten, and limits far above what a quiet machine needs (0.5 ms and 2 ms), so that a busy one does not fail.
create function pg_temp.cost(p_spec text, p_n int) returns double precision
language plpgsql as $$
declare
	v_start timestamptz;
	v_least double precision := 'infinity';
begin
	for round in 1 .. 10 loop
		v_start := clock_timestamp();
		perform tow.cron_next(p_spec, timestamptz '2024-01-01Z' + i * interval '31 hours', 'Europe/Paris') from generate_series(round, p_n, 10) i;
		v_least := least(v_least, extract(epoch from clock_timestamp() - v_start) * 1000 * 10 / p_n);
	end loop;
	return v_least;
end $$;
select cmp_ok(pg_temp.cost('*/15 9-17 * * mon-fri', 200), '<', 5::double precision, 'a usual spec is quick');
select cmp_ok(pg_temp.cost('0 0 29 2 *', 100), '<', 50::double precision, 'a rare one too');
select cmp_ok(pg_temp.cost('0 0 * 2 mon#5', 50), '<', 50::double precision, 'and one that almost never happens');

select * from finish();
rollback;
