-- tow.cron_next against a slow and simple oracle that shares nothing with it: specs are put together from parts
-- whose meaning is written beside them, every minute (or second) of a window is looked at, and PostgreSQL's own
-- "at time zone" says what the clock shows. The choices are pseudo-random and the same in every run.
begin;
set local search_path = public, pg_catalog;
set local timezone = 'UTC';
select * from no_plan();

create function pg_temp.pick(p_seed text, p_n int) returns int
language sql immutable
return (('x' || substr(md5(p_seed), 1, 7))::bit(28)::int % p_n) + 1;

create temp table part (field text, i int, spec text, vals int[], primary key (field, i)) on commit drop;
insert into part
select field, row_number() over (partition by field order by n), spec, vals
from (
	select 1 as n, 'second' as field, '*' as spec, array(select generate_series(0, 59)) as vals
	union all values
		(2, 'second', '0', '{0}'::int[]), (3, 'second', '*/20', '{0,20,40}'), (4, 'second', '7', '{7}'),
		(5, 'second', '55-5/5', '{55,0,5}'), (6, 'second', '59,1', '{1,59}')
	union all select 1, 'minute', '*', array(select generate_series(0, 59))
	union all values
		(2, 'minute', '0', '{0}'::int[]), (3, 'minute', '*/15', '{0,15,30,45}'), (4, 'minute', '30', '{30}'),
		(5, 'minute', '10-50/10', '{10,20,30,40,50}'), (6, 'minute', '5/15', '{5,20,35,50}'), (7, 'minute', '59', '{59}'),
		(8, 'minute', '58-2', '{58,59,0,1,2}'), (9, 'minute', '1,31,45', '{1,31,45}'), (10, 'minute', '15', '{15}')
	union all select 1, 'hour', '*', array(select generate_series(0, 23))
	union all select 2, 'hour', '0-23', array(select generate_series(0, 23))
	union all values
		(3, 'hour', '0', '{0}'::int[]), (4, 'hour', '1', '{1}'), (5, 'hour', '2', '{2}'), (6, 'hour', '3', '{3}'),
		(7, 'hour', '22-3', '{22,23,0,1,2,3}'), (8, 'hour', '*/2', '{0,2,4,6,8,10,12,14,16,18,20,22}'),
		(9, 'hour', '1,2', '{1,2}'), (10, 'hour', '23', '{23}'), (11, 'hour', '1-23/2', '{1,3,5,7,9,11,13,15,17,19,21,23}'), (12, 'hour', '12/6', '{12,18}')
	union all select 1, 'month', '*', array(select generate_series(1, 12))
	union all select 2, 'month', 'jan-dec', array(select generate_series(1, 12))
	union all values
		(3, 'month', 'mar,APR,9-12', '{3,4,9,10,11,12}'::int[]), (4, 'month', '*/3', '{1,4,7,10}'),
		(5, 'month', 'oct-april', '{10,11,12,1,2,3,4}'), (6, 'month', '2', '{2}')
) x;

-- What days are, told by counting; near: the days of which this is the nearest weekday.
create temp table calendar on commit drop as
select d::date as date, extract(month from d)::int as month, extract(day from d)::int as dom,
	(extract(day from d) - extract(day from date_trunc('month', d) + interval '1 month - 1 day'))::int - 1 as from_end,
	to_char(d, 'Dy') as dow, (extract(day from d)::int + 6) / 7 as nth
from generate_series(timestamp '2009-12-01', '2030-12-31', '1 day') d;
alter table calendar add near int[];
with pull as (
	select distinct on (t.date) t.dom, t.from_end, w.date
	from calendar t join calendar w on date_trunc('month', w.date) = date_trunc('month', t.date) and w.dow not in ('Sat', 'Sun')
	order by t.date, abs(t.date - w.date)
), pulled as (
	select date, array_agg(dom) || case when bool_or(from_end = -1) then '{-1}'::int[] else '{}' end as near from pull group by date
)
update calendar c set near = p.near from pulled p where p.date = c.date;
create unique index on calendar (date);

create temp table day_part (i int primary key, spec text, doms int[], ends int[], near int[]) on commit drop;
insert into day_part values
	(1, '*', null, null, null), (2, '?', null, null, null), (3, '*', null, null, null), (4, '1', '{1}', null, null),
	(5, '31', '{31}', null, null), (6, '*/10', '{1,11,21,31}', null, null), (7, '29-2', '{29,30,31,1,2}', null, null),
	(8, 'L', null, '{-1}', null), (9, 'L-3,7', '{7}', '{-4}', null), (10, '15W', null, null, '{15}'),
	(11, 'LW', null, null, '{-1}'), (12, '1W,30w', null, null, '{1,30}'), (13, '25-31', '{25,26,27,28,29,30,31}', null, null),
	(14, '10,31W,l', '{10}', '{-1}', '{31}');
create temp table weekday_part (i int primary key, spec text, every text[], nth text[]) on commit drop;
insert into weekday_part values
	(1, '*', null, null), (2, '?', null, null), (3, '*', null, null), (4, 'mon-fri', '{Mon,Tue,Wed,Thu,Fri}', null),
	(5, '0', '{Sun}', null), (6, '7', '{Sun}', null), (7, 'fri-mon', '{Fri,Sat,Sun,Mon}', null), (8, '5L', null, '{FriL}'),
	(9, 'fri#2', null, '{Fri2}'), (10, '1#5', null, '{Mon5}'), (11, 'Sat,0L', '{Sat}', '{SunL}'),
	(12, '*/2', '{Sun,Tue,Thu,Sat}', null), (13, '5-7', '{Fri,Sat,Sun}', null);

create temp table right_date on commit drop as
select d.i as day, w.i as weekday, c.date, c.month
from calendar c, day_part d, weekday_part w, lateral (
	select (c.dom = any(d.doms)) is true or (c.from_end = any(d.ends)) is true or (c.near && d.near) is true as by_day,
		(c.dow = any(w.every)) is true or (c.dow || c.nth = any(w.nth)) is true or (c.from_end >= -7 and c.dow || 'L' = any(w.nth)) is true as by_weekday,
		coalesce(d.doms, d.ends, d.near) is null as any_day, coalesce(w.every, w.nth) is null as any_weekday) m
where case when any_day and any_weekday then true when any_day then by_weekday when any_weekday then by_day else by_day or by_weekday end;
create index on right_date (day, weekday, date);
analyze right_date;

-- Windows: by the minute around every shift of some years (and where there is none), by the second around a few.
create temp table zone (tz text primary key) on commit drop;
insert into zone values ('UTC'), ('Europe/Paris'), ('America/New_York'), ('Australia/Lord_Howe'), ('Asia/Kathmandu'), ('Pacific/Apia'), ('Africa/Casablanca'), ('America/Havana');
create temp table win on commit drop as
with hours as (
	select tz, t, (t at time zone tz) - (t at time zone 'UTC') as was,
		((t + interval '1 hour') at time zone tz) - ((t + interval '1 hour') at time zone 'UTC') as becomes
	from zone, unnest('{2011,2012,2024}'::int[]) y,
		generate_series(make_timestamptz(y, 1, 1, 0, 0, 0, 'UTC'), make_timestamptz(y, 12, 31, 23, 0, 0, 'UTC'), '1 hour') t
), shifts as (
	select tz, t + interval '1 hour' as t, false as still from hours where was <> becomes
	union all select tz, timestamptz '2024-02-29 00:00Z', true from zone
)
select row_number() over (order by tz, t, by_second)::int as id, tz, t as mid, by_second,
	t - reach as since, t + reach as until, step
from shifts, (values (false, interval '52 hours', interval '1 minute'), (true, '3 hours', '1 second')) g(by_second, reach, step)
where not by_second or not still and tz in ('Europe/Paris', 'Australia/Lord_Howe') and t >= '2024-01-01Z';

create temp table moment on commit drop as
select w.id as win, t, t at time zone w.tz as reading, (t - w.step) at time zone w.tz as before
from win w, generate_series(w.since, w.until, w.step) t;
create index on moment (win, reading);
analyze moment;
create temp table reading on commit drop as
select w.id as win, r, r::date as date, extract(hour from r)::int as hour, extract(minute from r)::int as minute, extract(second from r)::int as second
from win w, generate_series(w.since at time zone w.tz, w.until at time zone w.tz, w.step) r;
analyze reading;

-- Six specs a window. Half of those by the second have five fields' worth of plainness, so that they meet the shift.
create temp table trial on commit drop as
select w.id as win, w.tz, w.mid, w.since, w.until, n, s.vals as seconds, m.vals as minutes, h.vals as hours, mo.vals as months, d.i as day, wd.i as weekday,
	concat_ws(' ', case when w.by_second then s.spec end, m.spec, h.spec, d.spec, mo.spec, wd.spec) as spec,
	(array['skip', 'after'])[pg_temp.pick(k || 'gap', 2)] as gap, (array['once', 'twice'])[pg_temp.pick(k || 'overlap', 2)] as overlap,
	cardinality(h.vals) = 24 as real
from win w cross join generate_series(1, 6) n cross join lateral (select concat_ws('/', w.tz, w.mid, w.by_second, n) as k, n <= 3 as plain) x
	join part s on s.field = 'second' and s.i = case when w.by_second then pg_temp.pick(k || 'second', 6) else 2 end
	join part m on m.field = 'minute' and m.i = pg_temp.pick(k || 'minute', 10)
	join part h on h.field = 'hour' and h.i = pg_temp.pick(k || 'hour', 12)
	join part mo on mo.field = 'month' and mo.i = case when plain then 1 else pg_temp.pick(k || 'month', 6) end
	join day_part d on d.i = case when plain then 1 else pg_temp.pick(k || 'day', 14) end
	join weekday_part wd on wd.i = case when plain then 1 else pg_temp.pick(k || 'weekday', 13) end;

create temp table expected on commit drop as
with asked as (
	select t.win, t.n, t.real, t.gap, t.overlap, r.r
	from trial t join reading r on r.win = t.win and r.second = any(t.seconds) and r.minute = any(t.minutes) and r.hour = any(t.hours)
		join right_date d on d.day = t.day and d.weekday = t.weekday and d.date = r.date and d.month = any(t.months)
), shown as (
	select a.*, array(select m.t from moment m where m.win = a.win and m.reading = a.r order by m.t) as times from asked a
)
select distinct win, n, u.t
from shown a, lateral unnest(case
	when real then times
	when times = '{}' and gap = 'after' then
		array(select m.t from moment m where m.win = a.win and m.reading > a.r and m.before < a.r order by m.t limit 1)
	when overlap = 'once' then times[1:1]
	else times end) u(t);
create index on expected (win, n, t);
analyze expected;

-- Asked at the shift, beside it, at what was expected, and anywhere; 26 hours of the window's start are run-up.
create temp table answer on commit drop as
select t.*, a.after, e.t as want, tow.cron_next(t.spec, a.after, t.tz, t.gap, t.overlap) as got
from trial t, lateral (
		select t.mid + x from unnest('{0,-1 s,1 s,-1 min,-30 min,-1 h,30 min,1 h,59 min 59.5 s}'::interval[]) x
		union select t.since + (t.until - t.since) * (0.5 + pg_temp.pick(concat(t.tz, t.mid, n, j), 450) / 1000.0) from generate_series(1, 4) j
		union (select x.t from expected x where x.win = t.win and x.n = t.n and x.t >= t.mid - (t.until - t.mid) / 2 order by x.t limit 3)
	) a(after), lateral (select min(x.t) as t from expected x where x.win = t.win and x.n = t.n and x.t > a.after) e;

select cmp_ok(count(*), '>', 3000::bigint, 'enough questions were asked') from answer;
select cmp_ok(count(*) filter (where want is not null), '>', 1500::bigint, 'and enough had an answer in their window') from answer;
select cmp_ok(count(distinct tz), '=', (select count(*) from zone), 'in every zone') from answer where want is not null;
select is_empty($$
	select tz, spec, gap, overlap, after, want, got from answer
	where case when want is null then got <= until else got is distinct from want end
	order by tz, after limit 20 $$, 'around shifts: as the oracle says');

-- Over many years, at an hour of the day at which no clock is ever changed.
create temp table far on commit drop as
select z.tz, n, format('%s %s %s %s %s', minute, hour, d.spec, mo.spec, wd.spec) as spec, make_time(hour, minute, 0) as at,
	d.i as day, wd.i as weekday, mo.vals as months
from zone z cross join generate_series(1, 24) n cross join lateral (select z.tz || n as k) x
	cross join lateral (select pg_temp.pick(k || 'h', 8) + 11 as hour, pg_temp.pick(k || 'm', 60) - 1 as minute) c
	join part mo on mo.field = 'month' and mo.i = pg_temp.pick(k || 'month', 6)
	join day_part d on d.i = pg_temp.pick(k || 'day', 14)
	join weekday_part wd on wd.i = pg_temp.pick(k || 'weekday', 13);
create temp table far_expected on commit drop as
select f.tz, f.n, (d.date + f.at) at time zone f.tz as t
from far f join right_date d on d.day = f.day and d.weekday = f.weekday and d.month = any(f.months)
where ((d.date + f.at) at time zone f.tz) at time zone f.tz = d.date + f.at;
create index on far_expected (tz, n, t);
analyze far_expected;
create temp table far_answer on commit drop as
select f.*, a.after, e.t as want, tow.cron_next(f.spec, a.after, f.tz, 'skip') as got
from far f, generate_series(1, 10) j,
	lateral (select timestamptz '2010-01-01Z' + pg_temp.pick(concat(f.tz, f.n, 'after', j), 5800) * interval '25:13:17') a(after),
	lateral (select t from far_expected x where x.tz = f.tz and x.n = f.n and x.t > a.after order by t limit 1) e;
select cmp_ok(count(*), '>', 1500::bigint, 'enough questions over years') from far_answer;
select is_empty('select tz, spec, after, want, got from far_answer where got is distinct from want limit 20', 'over years: as the oracle says');

select * from finish();
rollback;
