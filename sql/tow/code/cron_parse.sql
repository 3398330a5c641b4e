-- tow.cron_parse: the cron language, read once into sets of numbers. Locks nothing, reads nothing.
-- A calendar spec becomes {"seconds": [0], "minutes": [0, 30], "hours": [3], "months": [1, ...], and, where they are
-- restricted, "days": [1, 15, -1] (negative counts from the end, -1 is the last), "near": [15, -1] (weekday nearest
-- to that day), "weekdays": [0..6], "nth": ["5#2", "5#L"]}. '@every 90s' becomes {"every": 90}.
-- A day or weekday field is restricted unless it is * or ?. Raises TW422 saying which field is wrong, and how.
create or replace function tow.cron_parse(p_spec text) returns jsonb
language plpgsql immutable parallel safe security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_spec text := lower(btrim(p_spec, E' \t\r\n'));
	f text[];
begin
	if p_spec is null or length(p_spec) > 500 then
		perform tow_store.cron_fail(left(p_spec, 60), 'it is null or longer than 500 characters');
	elsif v_spec ~ '^@every\M' then
		return jsonb_build_object('every', tow_store.cron_period(p_spec, btrim(substr(v_spec, 7), E' \t\r\n')));
	elsif v_spec like '@%' then
		v_spec := tow_store.cron_word(p_spec, v_spec);
	end if;
	f := regexp_split_to_array(v_spec, '\s+');
	if cardinality(f) = 5 then
		f := array_prepend('0', f);
	elsif cardinality(f) <> 6 then
		perform tow_store.cron_fail(p_spec, format('it has %s, not five or six',
			case when v_spec = '' then 'no fields' when cardinality(f) = 1 then 'one field' else cardinality(f) || ' fields' end));
	end if;
	return jsonb_build_object(
			'seconds', tow_store.cron_field(p_spec, 'second', f[1], 0, 59),
			'minutes', tow_store.cron_field(p_spec, 'minute', f[2], 0, 59),
			'hours', tow_store.cron_field(p_spec, 'hour', f[3], 0, 23),
			'months', tow_store.cron_field(p_spec, 'month', f[5], 1, 12))
		|| tow_store.cron_day_field(p_spec, f[4]) || tow_store.cron_weekday_field(p_spec, f[6]);
end $$;
comment on function tow.cron_parse(text) is
'What a cron spec means, as sets of numbers; TW422 with the field and the reason if it means nothing. Five fields (minute hour day month weekday) or six (second first): names, lists, ranges that may wrap (22-3, fri-mon), steps, ? for *, 7 for Sunday; L, L-3, 15W, LW as a day; 5L, fri#2 as a weekday; @yearly @monthly @weekly @daily @hourly; @every 1h30m.';

-- One of our own errors; the reason names the field, so that the message alone is enough.
create or replace function tow_store.cron_fail(p_spec text, p_reason text) returns void
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
begin
	raise exception using errcode = 'TW422',
		message = format('bad cron spec %s: %s', coalesce(quote_literal(p_spec), 'null'), p_reason),
		detail = p_reason,
		hint = 'five fields: minute hour day month weekday; six: second first; or @hourly @daily @weekly @monthly @yearly, @every 90s';
end $$;
comment on function tow_store.cron_fail(text, text) is 'Refuse a cron spec (TW422).';

-- The fields that a word such as @daily stands for.
create or replace function tow_store.cron_word(p_spec text, p_word text) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
	v_spec constant text := case p_word
		when '@yearly' then '0 0 1 1 *' when '@annually' then '0 0 1 1 *'
		when '@monthly' then '0 0 1 * *'
		when '@weekly' then '0 0 * * 0'
		when '@daily' then '0 0 * * *' when '@midnight' then '0 0 * * *'
		when '@hourly' then '0 * * * *' end;
begin
	if v_spec is null then
		perform tow_store.cron_fail(p_spec, format('%L is not a word of the cron language', p_word));
	end if;
	return v_spec;
end $$;
comment on function tow_store.cron_word(text, text) is 'The fields that a word such as @daily stands for.';

-- Seconds of a period such as 90s, 1h30m, 2 days. No months, because they have no fixed length.
create or replace function tow_store.cron_period(p_spec text, p_period text) returns bigint
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
	v_unit constant text := '(w|weeks?|d|days?|h|hours?|m|mins?|minutes?|s|secs?|seconds?)';
	v_seconds bigint;
begin
	if p_period !~ ('^([0-9]{1,9}\s*' || v_unit || '\M\s*|[0-9]{1,9}\s*' || v_unit || '(?=[0-9]))+$') then
		perform tow_store.cron_fail(p_spec, format('%L is not a period such as 90s, 1h30m or 2 days', p_period));
	end if;
	select sum(m[1]::bigint * case left(m[2], 1)
			when 'w' then 604800 when 'd' then 86400 when 'h' then 3600 when 'm' then 60 else 1 end)::bigint
		into v_seconds
	from regexp_matches(p_period, '([0-9]+)\s*([a-z]+)', 'g') m;
	if v_seconds not between 1 and 3660 * 86400 then
		perform tow_store.cron_fail(p_spec, 'a period is from 1 second to 3660 days');
	end if;
	return v_seconds;
end $$;
comment on function tow_store.cron_period(text, text) is 'The seconds of a period such as 1h30m.';

create or replace function tow_store.cron_field(p_spec text, p_name text, p_field text, p_lo int, p_hi int) returns int[]
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
begin
	return array(select distinct v
		from unnest(string_to_array(p_field, ',')) i, unnest(tow_store.cron_item(p_spec, p_name, i, p_lo, p_hi)) v
		order by v);
end $$;
comment on function tow_store.cron_field(text, text, text, int, int) is 'The values of a field without rules of its own, in order.';

-- One item of a list: * or a value or a range, each with or without a step. A range whose end is before its start
-- goes round: fri-mon, 22-3. A value with a step goes on to the end of the field: 5/15 is 5-59/15.
create or replace function tow_store.cron_item(p_spec text, p_name text, p_item text, p_lo int, p_hi int) returns int[]
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
	m constant text[] := regexp_match(p_item, '^(?:\*|([a-z0-9]+)(?:-([a-z0-9]+))?)(?:/([0-9]{1,9}))?$');
	v_size constant int := p_hi - p_lo + 1;
	v_from int := p_lo;
	v_to int := p_hi;
	v_step constant int := coalesce(m[3]::int, 1);
begin
	if m is null then
		perform tow_store.cron_fail(p_spec, format('%s %L is not a value, a range, a step or *', p_name, p_item));
	elsif v_step not between 1 and v_size then
		perform tow_store.cron_fail(p_spec, format('%s step %s is not within 1-%s', p_name, m[3], v_size));
	end if;
	if m[1] is not null then
		v_from := tow_store.cron_value(p_spec, p_name, m[1], p_lo, p_hi);
		v_to := case when m[2] is not null then tow_store.cron_value(p_spec, p_name, m[2], p_lo, p_hi)
			when m[3] is not null then greatest(p_hi, v_from) else v_from end;
	end if;
	return array(select p_lo + (v_from - p_lo + i) % v_size
		from generate_series(0, v_to - v_from + case when v_to < v_from then v_size else 0 end, v_step) i);
end $$;
comment on function tow_store.cron_item(text, text, text, int, int) is 'The values of one item of a list.';

-- A number or a name. Sunday may be called 7 too, so that 5-7 is a range like any other.
create or replace function tow_store.cron_value(p_spec text, p_name text, p_word text, p_lo int, p_hi int) returns int
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
	v_hi constant int := case when p_name = 'weekday' then 7 else p_hi end;
	v_value int;
begin
	if p_word ~ '^[0-9]+$' then
		if length(p_word) > 4 or p_word::int not between p_lo and v_hi then
			perform tow_store.cron_fail(p_spec, format('%s %s is not within %s-%s', p_name, p_word, p_lo, v_hi));
		end if;
		return p_word::int;
	end if;
	select n.i::int - 1 + p_lo into v_value
	from unnest(tow_store.cron_names(p_name)) with ordinality n(name, i)
	where p_word in (lower(n.name), lower(left(n.name, 3)));
	if not found then
		perform tow_store.cron_fail(p_spec, format('%s %L is not a number%s', p_name, p_word,
			case when p_name in ('month', 'weekday') then ' or a name' else '' end));
	end if;
	return v_value;
end $$;
comment on function tow_store.cron_value(text, text, text, int, int) is 'The number that a word in a field stands for.';

create or replace function tow_store.cron_names(p_name text) returns text[]
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
return case p_name
	when 'month' then '{January,February,March,April,May,June,July,August,September,October,November,December}'::text[]
	when 'weekday' then '{Sunday,Monday,Tuesday,Wednesday,Thursday,Friday,Saturday}'::text[]
end;
comment on function tow_store.cron_names(text) is 'The names of months, or of weekdays from Sunday.';

-- The day field, with L (last), L-3 (third before the last), 15W (weekday nearest to the 15th), LW (last weekday).
create or replace function tow_store.cron_day_field(p_spec text, p_field text) returns jsonb
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
	v_item text;
	v_days int[] := array[]::int[];
	v_near int[] := array[]::int[];
begin
	foreach v_item in array string_to_array(p_field, ',') loop
		if v_item in ('*', '?') then
			return jsonb '{}';
		elsif v_item = 'l' then
			v_days := v_days || -1;
		elsif v_item = 'lw' then
			v_near := v_near || -1;
		elsif v_item ~ '^l-[0-9]+$' then
			v_days := v_days || -1 - tow_store.cron_value(p_spec, 'day before the last', substr(v_item, 3), 1, 30);
		elsif v_item ~ '^[0-9]+w$' then
			v_near := v_near || tow_store.cron_value(p_spec, 'day', rtrim(v_item, 'w'), 1, 31);
		else
			v_days := v_days || tow_store.cron_item(p_spec, 'day', v_item, 1, 31);
		end if;
	end loop;
	return case when v_days <> '{}' then jsonb_build_object('days', array(select distinct d from unnest(v_days) d order by d)) else '{}' end
		|| case when v_near <> '{}' then jsonb_build_object('near', array(select distinct d from unnest(v_near) d order by d)) else '{}' end;
end $$;
comment on function tow_store.cron_day_field(text, text) is 'What the day field asks for; {} if any day will do.';

-- The weekday field, with 5L and friL (last Friday of the month) and 5#2 and fri#2 (second Friday).
create or replace function tow_store.cron_weekday_field(p_spec text, p_field text) returns jsonb
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
	v_item text;
	m text[];
	v_weekdays int[] := array[]::int[];
	v_nth text[] := array[]::text[];
begin
	foreach v_item in array string_to_array(p_field, ',') loop
		m := regexp_match(v_item, '^([0-9]+|[a-z]+?)(l|#.*)$');
		if v_item in ('*', '?') then
			return jsonb '{}';
		elsif v_item = 'l' then
			perform tow_store.cron_fail(p_spec, 'weekday ''l'' does not say which: the last Friday of the month is 5L');
		elsif m is null then
			v_weekdays := v_weekdays || tow_store.cron_item(p_spec, 'weekday', v_item, 0, 6);
		elsif m[2] <> 'l' and m[2] !~ '^#[1-5]$' then
			perform tow_store.cron_fail(p_spec, format('weekday %L: after # comes 1 to 5', v_item));
		else
			v_nth := v_nth || format('%s#%s', tow_store.cron_value(p_spec, 'weekday', m[1], 0, 6) % 7, upper(ltrim(m[2], '#')));
		end if;
	end loop;
	return case when v_weekdays <> '{}' then jsonb_build_object('weekdays', array(select distinct d from unnest(v_weekdays) d order by d)) else '{}' end
		|| case when v_nth <> '{}' then jsonb_build_object('nth', array(select distinct n from unnest(v_nth) n order by n)) else '{}' end;
end $$;
comment on function tow_store.cron_weekday_field(text, text) is 'What the weekday field asks for; {} if any weekday will do.';
