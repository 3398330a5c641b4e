-- tow.cron_describe: a cron spec in words, for lists and confirmations. Short rather than pretty, and never wrong:
-- it is made from what tow.cron_parse understood, not from how the spec was written. Raises TW422 as that does.
create or replace function tow.cron_describe(spec text) returns text
language plpgsql immutable parallel safe security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_cron constant jsonb := tow.cron_parse(spec);
	v_time text;
	v_day text;
	v_months constant int[] := tow_store.cron_ints(v_cron -> 'months');
begin
	if v_cron ? 'every' then
		return tow_store.cron_say_period((v_cron ->> 'every')::bigint);
	end if;
	v_time := tow_store.cron_say_time(tow_store.cron_ints(v_cron -> 'seconds'), tow_store.cron_ints(v_cron -> 'minutes'), tow_store.cron_ints(v_cron -> 'hours'));
	v_day := tow_store.cron_say_day(v_cron);
	if v_day is null and v_time ~ '^at [0-9]' then
		v_day := 'every day';
	end if;
	return concat_ws(' ', v_time, v_day, case when cardinality(v_months) < 12 then
		'in ' || tow_store.cron_list(tow_store.cron_runs(v_months, array(select (tow_store.cron_names('month'))[m] from unnest(v_months) with ordinality u(m, i) order by i))) end);
end $$;
comment on function tow.cron_describe(text) is 'A cron spec in words: at 03:00 on Monday.';

create or replace function tow_store.cron_ints(p_values jsonb) returns int[]
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
return array(select v::int from jsonb_array_elements(p_values) with ordinality e(v, i) order by i);
comment on function tow_store.cron_ints(jsonb) is 'A JSON array of whole numbers as an array; empty for null.';

-- a, b and c
create or replace function tow_store.cron_list(p_words text[]) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
return case when cardinality(p_words) < 2 then p_words[1]
	else array_to_string(trim_array(p_words, 1), ', ') || ' and ' || p_words[cardinality(p_words)] end;
comment on function tow_store.cron_list(text[]) is 'Words as one enumeration.';

-- Three or more consecutive values become "first to last". p_words are the names of p_values, which ascend.
create or replace function tow_store.cron_runs(p_values int[], p_words text[]) returns text[]
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
return (
	with island as (
		select v, w, v - row_number() over (order by v) as n from unnest(p_values, p_words) u(v, w)
	), sized as (
		select v, w, n, count(*) over (partition by n) > 2 as long from island
	), run as (
		select min(v) as v, (array_agg(w order by v))[1] as first, (array_agg(w order by v desc))[1] as last
		from sized group by n, case when not long then v end
	)
	select array_agg(case when first = last then first else first || ' to ' || last end order by v) from run
);
comment on function tow_store.cron_runs(int[], text[]) is 'Names of values, with runs drawn together.';

create or replace function tow_store.cron_ordinal(p_n int) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
return p_n || case when p_n % 100 between 11 and 13 then 'th' when p_n % 10 = 1 then 'st'
	when p_n % 10 = 2 then 'nd' when p_n % 10 = 3 then 'rd' else 'th' end;
comment on function tow_store.cron_ordinal(int) is '1st, 2nd, 3rd ...';

create or replace function tow_store.cron_say_period(p_seconds bigint) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
return (
	select 'every ' || case when count(*) = 1 and min(n) = 1 then min(unit)
		else string_agg(n || ' ' || unit || case when n > 1 then 's' else '' end, ' ' order by i) end
	from (values (1, 'day', p_seconds / 86400), (2, 'hour', p_seconds % 86400 / 3600),
		(3, 'minute', p_seconds % 3600 / 60), (4, 'second', p_seconds % 60)) u(i, unit, n)
	where n > 0
);
comment on function tow_store.cron_say_period(bigint) is 'A period in words.';

-- The distance between values that divide the whole field evenly from 0 on (1: all of them), null if they do not.
create or replace function tow_store.cron_step(p_values int[], p_size int) returns int
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
return case when p_size % cardinality(p_values) = 0 and cardinality(p_values) > 1
	and p_values = array(select i from generate_series(0, p_size - 1, p_size / cardinality(p_values)) i)
	then p_size / cardinality(p_values) end;
comment on function tow_store.cron_step(int[], int) is 'The step of evenly spaced values.';

-- One unit: alone and first ("every 15 minutes", "at minute 5") or as what a smaller one is part of ("every 2nd hour").
create or replace function tow_store.cron_say_unit(p_values int[], p_size int, p_unit text, p_first boolean) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
	v_step constant int := tow_store.cron_step(p_values, p_size);
begin
	return case
		when v_step = 1 then 'every ' || p_unit
		when v_step > 1 and p_first then format('every %s %ss', v_step, p_unit)
		when v_step > 1 then format('every %s %s', tow_store.cron_ordinal(v_step), p_unit)
		else case when p_first then 'at ' else '' end || p_unit || case when cardinality(p_values) > 1 then 's ' else ' ' end
			|| tow_store.cron_list(tow_store.cron_runs(p_values, p_values::text[]))
		end;
end $$;
comment on function tow_store.cron_say_unit(int[], int, text, boolean) is 'The values of one unit of time in words.';

-- A few times of day are listed. Else the smallest unit that matters comes first, and a larger one that lets
-- everything through is left out where the smaller repeats anyway ("every 15 minutes", "at minute 5 of every hour").
create or replace function tow_store.cron_say_time(p_seconds int[], p_minutes int[], p_hours int[]) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
	v_parts text[] := array[]::text[];
	v_repeats boolean := false;
begin
	if cardinality(p_seconds) * cardinality(p_minutes) * cardinality(p_hours) <= 6 then
		return 'at ' || tow_store.cron_list(array(
			select to_char(make_time(h, m, s), case when p_seconds = '{0}' then 'HH24:MI' else 'HH24:MI:SS' end)
			from unnest(p_hours) h, unnest(p_minutes) m, unnest(p_seconds) s order by h, m, s));
	elsif p_seconds = '{0}' and p_minutes = '{0}' and tow_store.cron_step(p_hours, 24) is not null then
		return tow_store.cron_say_unit(p_hours, 24, 'hour', true);
	end if;
	if p_seconds <> '{0}' then
		v_parts := v_parts || tow_store.cron_say_unit(p_seconds, 60, 'second', true);
		v_repeats := tow_store.cron_step(p_seconds, 60) is not null;
	end if;
	if not (v_repeats and cardinality(p_minutes) = 60) then
		v_parts := v_parts || tow_store.cron_say_unit(p_minutes, 60, 'minute', v_parts = '{}');
	end if;
	if not (tow_store.cron_step(p_minutes, 60) is not null and cardinality(p_hours) = 24) then
		v_parts := v_parts || tow_store.cron_say_unit(p_hours, 24, 'hour', false);
	end if;
	return array_to_string(v_parts, ' of ');
end $$;
comment on function tow_store.cron_say_time(int[], int[], int[]) is 'The times of day in words.';

-- Plain days of the month. */2 and its like would be a long list: what goes on evenly to the end is said as that.
create or replace function tow_store.cron_say_dates(p_days int[]) returns text[]
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
	v_step constant int := p_days[2] - p_days[1];
begin
	if cardinality(p_days) > 4 and v_step > 1 and p_days = array(select generate_series(p_days[1], 31, v_step)) then
		return array[format('every %s day from the %s', tow_store.cron_ordinal(v_step), tow_store.cron_ordinal(p_days[1]))];
	end if;
	return tow_store.cron_runs(p_days, array(select 'the ' || tow_store.cron_ordinal(d) from unnest(p_days) d order by d));
end $$;
comment on function tow_store.cron_say_dates(int[]) is 'Days of the month in words.';

-- Days and weekdays; null if neither is restricted. The week is told from Monday.
create or replace function tow_store.cron_say_day(p_cron jsonb) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
	v_names constant text[] := tow_store.cron_names('weekday');
	v_days constant int[] := array(select d from unnest(tow_store.cron_ints(p_cron -> 'days')) d where d > 0 order by d);
	v_week constant int[] := array(select (d + 6) % 7 as k from unnest(tow_store.cron_ints(p_cron -> 'weekdays')) d order by k);
	v_dates text[];
	v_weekdays text[];
begin
	v_dates := tow_store.cron_say_dates(v_days)
		|| array(select case d when -1 then 'the last day' when -2 then 'the day before the last'
				else format('the %s day before the last', tow_store.cron_ordinal(-1 - d)) end
			from unnest(tow_store.cron_ints(p_cron -> 'days')) d where d < 0 order by d desc)
		|| array(select case when d < 0 then 'the last weekday' else 'the weekday nearest the ' || tow_store.cron_ordinal(d) end
			from unnest(tow_store.cron_ints(p_cron -> 'near')) d order by d);
	v_weekdays := tow_store.cron_runs(v_week, array(select v_names[(k + 1) % 7 + 1] from unnest(v_week) k order by k))
		|| array(select format('the %s %s', case when right(n, 1) = 'L' then 'last' else tow_store.cron_ordinal(right(n, 1)::int) end,
				v_names[left(n, 1)::int + 1])
			from jsonb_array_elements_text(p_cron -> 'nth') with ordinality e(n, i) order by i);
	return nullif(concat_ws(' or ', 'on ' || tow_store.cron_list(v_dates), 'on ' || tow_store.cron_list(v_weekdays)), '');
end $$;
comment on function tow_store.cron_say_day(jsonb) is 'The days in words; null for every day.';
