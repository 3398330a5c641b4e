-- tow.cron_next, walked from instant to instant, against somebody who looks at the clock each minute: at every minute of a
-- stretch PostgreSQL says what a clock in the zone shows, a condition written beside each spec says whether that is
-- meant, and the two edges of daylight saving time are what one sees on such a clock: readings that are left out, and
-- readings that it has shown before. The stretches lie around what is odd in ten zones, and two zones are walked for a whole
-- year, with the specs that fire at one hour; with TOW_CRON_YEARS=n each zone is walked for n whole years with all of
-- them instead (about a quarter of a minute each).
begin;
set local search_path = public, pg_catalog;
set local timezone = 'UTC';
set local jit = off;
select * from no_plan();
\set years 0
\getenv years TOW_CRON_YEARS

create temp table trial (n int primary key, spec text, meant text, second int, every_hour boolean) on commit drop;
insert into trial
select row_number() over (), spec, meant, coalesce(second, 0), coalesce(every_hour, false) from (values
	('30 2 * * *', 'h = 2 and m = 30', null, null), ('15 30 2 * * *', 'h = 2 and m = 30', 15, null), ('0 0 * * *', 'h = 0 and m = 0', null, null),
	('5 0 * * *', 'h = 0 and m = 5', null, null), ('15,45 1-3 * * *', 'h in (1, 2, 3) and m in (15, 45)', null, null), ('*/20 23 * * tue', 'h = 23 and m % 20 = 0 and dow = 2', null, null),
	('0 */3 * * *', 'h % 3 = 0 and m = 0', null, null), ('30 1 * * sun', 'h = 1 and m = 30 and dow = 0', null, null), ('@weekly', 'h = 0 and m = 0 and dow = 0', null, null),
	('0 2 L * *', 'h = 2 and m = 0 and from_end = 1', null, null), ('0 2 L-2 * *', 'h = 2 and m = 0 and from_end = 3', null, null),
	('0 3 15W * *', 'h = 3 and m = 0 and 15 = any(near)', null, null), ('0 3 1W,LW * *', 'h = 3 and m = 0 and near && ''{1,-1}''', null, null),
	('30 0 * * 5L', 'h = 0 and m = 30 and dow = 5 and from_end <= 7', null, null), ('30 0 * * mon#1', 'h = 0 and m = 30 and dow = 1 and dom between 1 and 7', null, null),
	('1 0 * * 0#5', 'h = 0 and m = 1 and dow = 0 and dom between 29 and 31', null, null), ('30 2 13,L * sat#4', 'h = 2 and m = 30 and (dom = 13 or from_end = 1 or dow = 6 and dom between 22 and 28)', null, null),
	('0 12 31 * *', 'h = 12 and m = 0 and dom = 31', null, null), ('45 2 29 2 *', 'h = 2 and m = 45 and dom = 29 and month = 2', null, null),
	('0 0 1 1,4,7,10 *', 'h = 0 and m = 0 and dom = 1 and month in (1, 4, 7, 10)', null, null), ('59 23 30 12 *', 'h = 23 and m = 59 and dom = 30 and month = 12', null, null),
	('0 6-8 21 aug *', 'h in (6, 7, 8) and m = 0 and dom = 21 and month = 8', null, null),
	('30 * * * mon', 'm = 30 and dow = 1', null, true), ('0,40 0-23 */7 * *', 'm in (0, 40) and dom in (1, 8, 15, 22, 29)', null, true), ('10 0 * * * sun', 'm = 0 and dow = 0', 10, true)
) v(spec, meant, second, every_hour);

-- Dates, with the days of the month (-1: the last) to which each is the nearest that is no Saturday or Sunday.
create temp table day on commit drop as
select d::date as date, extract(day from d)::int as dom, extract(month from d)::int as month, extract(dow from d)::int as dow,
	(date_trunc('month', d) + interval '1 month')::date - d::date as from_end, '{}'::int[] as near
from generate_series(timestamp '1986-12-01', '2040-02-01', '1 day') d;
update day c set near = n.near
from (
	select w.date, array_agg(w.dom) || case when bool_or(w.last) then '{-1}'::int[] else '{}' end as near
	from (
		select distinct on (t.date) x.date, t.dom, t.from_end = 1 as last
		from day t join day x on x.date between t.date - 2 and t.date + 2 and x.month = t.month and x.dow between 1 and 5
		order by t.date, abs(t.date - x.date)
	) w group by w.date
) n where n.date = c.date;
create unique index on day (date);

create temp table stretch (n int generated always as identity, tz text, since timestamptz, until timestamptz, short boolean default true, whole boolean default false) on commit drop;
insert into stretch (tz, since, until)
select tz, s, s + interval '11 days' from (values
	('Europe/Berlin', '2024-03-24Z'), ('Europe/Berlin', '2024-10-22Z'), ('Europe/Berlin', '1996-02-21Z'), ('America/New_York', '2024-03-02Z'), ('America/New_York', '2006-10-23Z'), ('America/New_York', '2007-10-29Z'),
	('Australia/Lord_Howe', '2024-03-30Z'), ('Australia/Lord_Howe', '2023-09-26Z'), ('Asia/Kolkata', '2024-02-22Z'), ('Asia/Kathmandu', '2023-12-26Z'), ('Pacific/Apia', '2011-12-24Z'), ('Pacific/Apia', '2011-03-27Z'),
	('Pacific/Kwajalein', '1993-08-14Z'), ('Africa/Casablanca', '2024-03-05Z'), ('Africa/Casablanca', '2024-04-08Z'), ('America/St_Johns', '2011-03-08Z'), ('America/St_Johns', '2010-11-02Z'), ('America/St_Johns', '1988-03-28Z'), ('America/St_Johns', '1988-10-24Z'), ('UTC', '2024-02-22Z'), ('UTC', '2024-05-28Z')
) v(tz, start), lateral (select start::timestamptz as s) x
where :years = 0;
insert into stretch (tz, since, until, whole)
select tz, '2024-01-06Z', '2025-01-06Z', true from unnest('{Europe/Berlin,America/New_York}'::text[]) tz where :years = 0;
insert into stretch (tz, since, until, short)
select tz, make_timestamptz(first + y, 1, 6, 0, 0, 0, 'UTC'), make_timestamptz(first + y + 1, 1, 6, 0, 0, 0, 'UTC'), false
from (values ('Europe/Berlin', 2020), ('America/New_York', 2005), ('Australia/Lord_Howe', 2019), ('Asia/Kolkata', 2020), ('Asia/Kathmandu', 2020), ('Pacific/Apia', 2011),
	('Pacific/Kwajalein', 1993), ('Africa/Casablanca', 2018), ('America/St_Johns', 1987), ('UTC', 2020)) z(tz, first), generate_series(0, :years - 1) y;

create temp table glance (t timestamptz, shown timestamp, seen timestamp, before timestamp, h int, m int) on commit drop;
create temp table skipped (t timestamptz, shown timestamp, h int, m int) on commit drop;
create temp table seen (trial int, t timestamptz) on commit drop;
create temp table verdict (tz text, spec text, gap text, overlap text, n int, wrong timestamptz, got timestamptz) on commit drop;

-- What the clock shows each minute: seen is the latest reading before, before the last one; and the readings left out.
create function pg_temp.look(p_tz text, p_since timestamptz, p_until timestamptz) returns void
language plpgsql as $$
begin
	truncate glance, skipped;
	insert into glance
	select t, r, max(r) over (order by t rows between unbounded preceding and 1 preceding), lag(r) over (order by t), extract(hour from r), extract(minute from r)
	from (select t, t at time zone p_tz as r from generate_series(p_since - interval '2 days', p_until, '1 minute') t) x;
	insert into skipped
	select g.t, r, extract(hour from r), extract(minute from r)
	from glance g, generate_series(g.before + interval '1 minute', g.shown - interval '1 minute', '1 minute') r
	where g.shown > g.before + interval '1 minute';
end $$;

create function pg_temp.instants(c trial, p_gap text, p_overlap text, p_since timestamptz) returns timestamptz[]
language plpgsql as $$
declare
	v_hits timestamptz[];
	v_after timestamptz[] := array[]::timestamptz[];
begin
	execute format('select array_agg(g.t + make_interval(secs => $1)) from glance g join day d on d.date = g.shown::date where g.t >= $2 and %s and (%s)',
		case when c.every_hour or p_overlap = 'twice' then 'true' else 'g.shown > g.seen' end, c.meant) into v_hits using c.second, p_since;
	if p_gap = 'after' and not c.every_hour then
		execute format('select array_agg(distinct g.t) from skipped g join day d on d.date = g.shown::date where g.t >= $1 and (%s)', c.meant) into v_after using p_since;
	end if;
	return array(select distinct t from unnest(v_hits || v_after) t order by t);
end $$;

create function pg_temp.walk(p_spec text, p_tz text, p_gap text, p_overlap text, p_since timestamptz, p_until timestamptz) returns timestamptz[]
language plpgsql as $$
declare
	v_at timestamptz := tow.cron_next(p_spec, p_since - interval '1 microsecond', p_tz, p_gap, p_overlap);
	v_all timestamptz[] := array[]::timestamptz[];
begin
	while v_at <= p_until loop
		v_all := v_all || v_at;
		v_at := tow.cron_next(p_spec, v_at, p_tz, p_gap, p_overlap);
	end loop;
	return v_all;
end $$;

do $$
declare
	s stretch;
	c trial;
	v_gap text;
	v_overlap text;
	v_want timestamptz[];
	v_got timestamptz[];
begin
	for s in select * from stretch order by n loop
		perform pg_temp.look(s.tz, s.since, s.until);
		for c in select * from trial loop
			continue when s.whole and c.meant !~ '^h = ';
			for i in 0 .. 1 loop
				continue when s.short and (c.n > 4 or s.whole) and i <> s.n % 2; -- the short run tries both with few
				v_gap := (array['skip', 'after'])[(c.n + i) % 2 + 1];
				v_overlap := (array['once', 'twice'])[(c.n / 2 + i) % 2 + 1];
				v_want := pg_temp.instants(c, v_gap, v_overlap, s.since);
				v_got := pg_temp.walk(c.spec, s.tz, v_gap, v_overlap, s.since, s.until + interval '59 s');
				insert into verdict values (s.tz, c.spec, v_gap, v_overlap, cardinality(v_want),
					(select min(w) from unnest(v_want) w where w <> all(v_got)), (select min(g) from unnest(v_got) g where g <> all(v_want)));
			end loop;
		end loop;
	end loop;
end $$;

select is_empty('select * from verdict where wrong is not null or got is not null order by tz, coalesce(wrong, got) limit 20', 'each instant that is meant, and no other, in order');
select is(count(distinct tz), 10::bigint, 'in ten zones') from verdict where n > 0;
select cmp_ok(sum(n), '>', 5000::bigint, 'thousands of them') from verdict;
select is((select count(*) from (select tz from stretch where until - since > '364 days' group by tz) z) >= 2, true, 'two zones for a whole year at least');
select is((select min(n) from verdict where spec = '30 2 * * *' and tz = 'Europe/Berlin' and n > 300) between 365 and 367, true, 'each day of it');
select is((select count(*) from trial c where not exists (select from verdict v where v.spec = c.spec and v.n > 0)), 0::bigint, 'every spec had its instants');
select is(array_agg(gap || ' ' || overlap), null, 'with every choice')
from (select g as gap, o as overlap from unnest('{skip,after}'::text[]) g, unnest('{once,twice}'::text[]) o except select gap, overlap from verdict) x;

select * from finish();
rollback;
