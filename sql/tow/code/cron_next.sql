-- tow.cron_next: the first instant after p_after that a spec asks for in a time zone, null if there is none within
-- twelve years. When both day and weekday are restricted, either is enough (the classical rule of cron). Locks
-- nothing. Raises TW422 on a bad spec, time zone or policy.
-- A spec that lets every hour through goes by real time: */15 fires every 15 real minutes, in both passes of an
-- overlap, and a gap is nothing to it. Any other means a reading of the clock. One that the clock never shows
-- (p_gap) is skipped, or happens where the gap ends, once for all that fell into it ('after'); one that it shows
-- twice (p_overlap) happens the first time only ('once'), or both. '@every' counts from 1970-01-01 UTC, so that every host agrees.
create or replace function tow.cron_next(
	p_spec text, p_after timestamptz, p_tz text default 'UTC', p_gap text default 'after', p_overlap text default 'once'
) returns timestamptz
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_cron constant jsonb := tow.cron_parse(p_spec);
	v_next timestamptz;
begin
	perform tow_store.cron_check(p_tz, p_gap, p_overlap);
	if p_after is null or not isfinite(p_after) or p_after > '290000-01-01 00:00Z' then -- PostgreSQL's time ends soon after
		return null;
	elsif v_cron ? 'every' then
		return to_timestamp((floor(extract(epoch from p_after) / (v_cron ->> 'every')::bigint) + 1) * (v_cron ->> 'every')::bigint);
	end if;
	v_next := tow_store.cron_walk(v_cron, date_trunc('second', p_after), p_tz, p_gap, p_overlap);
	return case when v_next at time zone 'UTC' <= (p_after at time zone 'UTC') + interval '12 years' then v_next end;
end $$;
comment on function tow.cron_next(text, timestamptz, text, text, text) is
'The first instant strictly after p_after that a cron spec asks for in time zone p_tz; null if none within 12 years. If day and weekday are both restricted either is enough. p_gap: skip, or after (where the gap ends); p_overlap: once (the first), or twice. A spec with every hour goes by real time instead.';

-- PostgreSQL reads what is no name as a POSIX zone, in which UTC+2 is west of Greenwich: never what was meant. The
-- list of names takes 50 ms to read, so the zone is tried instead.
create or replace function tow_store.cron_check(p_tz text, p_gap text, p_overlap text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_gap is null or p_gap not in ('skip', 'after') then
		raise exception using errcode = 'TW422', message = format('bad gap %L', left(p_gap, 60)), hint = 'use skip or after';
	elsif p_overlap is null or p_overlap not in ('once', 'twice') then
		raise exception using errcode = 'TW422', message = format('bad overlap %L', left(p_overlap, 60)), hint = 'use once or twice';
	elsif p_tz is null or (p_tz ~ '[0-9<,]' and p_tz !~* '^(etc/gmt[+-]?[0-9]{1,2}|(etc/)?gmt[+-]?0|est5edt|cst6cdt|mst7mdt|pst8pdt)$') then
		raise invalid_parameter_value;
	end if;
	perform timestamptz '2000-01-01 00:00:00Z' at time zone p_tz;
exception
	when invalid_parameter_value then
		raise exception using errcode = 'TW422', message = format('unknown time zone %L', left(p_tz, 60)),
			hint = coalesce('did you mean ' || quote_literal(tow_store.nearest_zone(coalesce(left(p_tz, 60), ''))) || '? ', '') ||
				'a zone is a region and a city, as in Europe/Berlin or America/New_York, or UTC';
end $$;
comment on function tow_store.cron_check(text, text, text) is 'Refuse an unknown time zone or policy (TW422).';

-- Cities have short names: another one may differ by two letters, and be far away (Wien is not Kiev).
create or replace function tow_store.nearest_zone(p_tz text) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select tow_store.nearest(p_tz, array(
		select z.name from pg_timezone_names z
		where z.name !~ '^posix/' and left(substring(z.name from '[^/]*$'), 1) = initcap(left(substring(p_tz from '[^/]*$'), 1)) order by z.name))
$$;
comment on function tow_store.nearest_zone(text) is 'The zone that may have been meant: one whose city begins with the same letter.';

-- Time is a row of stretches in which the zone's offset stays the same, and in each the clock's readings are plain
-- arithmetic. So: find the next reading, see whether it comes before the offset changes, else go on from there.
-- Offsets change by less than 48 hours (the most ever was 24), so a shift that is farther than that from both here
-- and the next reading cannot touch it, and is stepped over.
create or replace function tow_store.cron_walk(p_cron jsonb, p_after timestamptz, p_tz text, p_gap text, p_overlap text) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_real constant boolean := jsonb_array_length(p_cron -> 'hours') = 24;
	v_once constant boolean := p_overlap = 'once' and not v_real;
	v_at timestamptz := p_after;
	v_from timestamp := (p_after at time zone p_tz) + interval '1 second';
	v_offset interval;
	v_next timestamp;
	v_hit timestamptz;
	v_shift timestamptz;
	v_before timestamp;
begin
	if v_once then
		v_from := greatest(v_from, tow_store.cron_seen(p_after, p_tz));
	end if;
	loop
		v_next := case when v_next = v_from then v_next else tow_store.cron_reading(p_cron, v_from) end;
		if v_next is null then
			return null;
		end if;
		v_offset := (v_at at time zone p_tz) - (v_at at time zone 'UTC');
		v_hit := (v_next - v_offset) at time zone 'UTC';
		v_shift := tow_store.cron_shift(v_at, v_at + interval '48 hours', p_tz);
		exit when v_hit < coalesce(v_shift, v_at + interval '48 hours');
		if v_shift is null then
			v_at := greatest(v_at + interval '48 hours', v_hit - interval '48 hours');
			v_from := v_next;
			continue;
		end if;
		v_before := (v_shift at time zone 'UTC') + v_offset;
		v_at := v_shift;
		if v_next < v_at at time zone p_tz and p_gap = 'after' and not v_real then
			return v_at;
		end if;
		v_from := case when v_once then greatest(v_from, v_before, v_at at time zone p_tz) else v_at at time zone p_tz end;
	end loop;
	return v_hit;
end $$;
comment on function tow_store.cron_walk(jsonb, timestamptz, text, text, text) is 'The first instant of a parsed calendar spec after a whole second.';

-- The first instant in (p_from, p_to] with another offset than at p_from; null if both ends have the same.
create or replace function tow_store.cron_shift(p_from timestamptz, p_to timestamptz, p_tz text) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_offset constant interval := (p_from at time zone p_tz) - (p_from at time zone 'UTC');
	v_lo timestamptz := p_from;
	v_hi timestamptz := p_to;
	v_mid timestamptz;
begin
	if (p_to at time zone p_tz) - (p_to at time zone 'UTC') = v_offset then
		return null;
	end if;
	while v_hi - v_lo > interval '1 second' loop
		v_mid := date_trunc('second', v_lo + (v_hi - v_lo) / 2);
		if (v_mid at time zone p_tz) - (v_mid at time zone 'UTC') = v_offset then
			v_lo := v_mid;
		else
			v_hi := v_mid;
		end if;
	end loop;
	return v_hi;
end $$;
comment on function tow_store.cron_shift(timestamptz, timestamptz, text) is 'When the offset of a time zone changes between two instants.';

-- The reading at which the clock was last put back, if that was in the past 48 hours: what is before it was shown already.
create or replace function tow_store.cron_seen(p_at timestamptz, p_tz text) returns timestamp
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_shift constant timestamptz := tow_store.cron_shift(p_at - interval '48 hours', p_at, p_tz);
begin
	return ((v_shift - interval '1 second') at time zone p_tz) + interval '1 second';
end $$;
comment on function tow_store.cron_seen(timestamptz, text) is 'How far the clock had come when it was last put forward or back; null if not lately.';

-- The first reading of the clock, from p_from on, that a calendar spec asks for; zones do not exist here.
create or replace function tow_store.cron_reading(p_cron jsonb, p_from timestamp) returns timestamp
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
	v_time constant time := tow_store.cron_time(p_cron, p_from::time);
	v_start constant date := p_from::date + case when v_time is null then 1 else 0 end;
	v_month date := date_trunc('month', v_start::timestamp)::date;
	v_day date;
begin
	for i in 0 .. 12 * 12 + 1 loop
		if p_cron -> 'months' @> to_jsonb(extract(month from v_month)) then
			select min(d) into v_day from tow_store.cron_days(p_cron, v_month) d where d >= v_start;
			if v_day is not null then
				return v_day + case when v_day = p_from::date then v_time else tow_store.cron_time(p_cron, '00:00') end;
			end if;
		end if;
		v_month := (v_month + interval '1 month')::date;
	end loop;
	return null;
end $$;
comment on function tow_store.cron_reading(jsonb, timestamp) is 'The first reading of the clock that a parsed calendar spec asks for.';

create or replace function tow_store.cron_time(p_cron jsonb, p_from time) returns time
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
	v_hour int := extract(hour from p_from)::int;
	v_minute int := extract(minute from p_from)::int;
	v_second int := extract(second from p_from)::int;
begin
	if not p_cron -> 'hours' @> to_jsonb(v_hour) then
		v_minute := 60;
	elsif not p_cron -> 'minutes' @> to_jsonb(v_minute) then
		v_second := 60;
	end if;
	if v_minute < 60 then
		v_second := (select min(s::int) from jsonb_array_elements(p_cron -> 'seconds') s where s::int >= v_second);
		if v_second is not null then
			return make_time(v_hour, v_minute, v_second);
		end if;
		v_minute := (select min(m::int) from jsonb_array_elements(p_cron -> 'minutes') m where m::int > v_minute);
	end if;
	v_second := (p_cron #>> '{seconds,0}')::int;
	if v_minute < 60 then
		return make_time(v_hour, v_minute, v_second);
	end if;
	v_hour := (select min(h::int) from jsonb_array_elements(p_cron -> 'hours') h where h::int > v_hour);
	return make_time(v_hour, (p_cron #>> '{minutes,0}')::int, v_second);
end $$;
comment on function tow_store.cron_time(jsonb, time) is 'The first time of day, from p_from on, that a parsed calendar spec asks for; null if the day has no more.';

-- Null is "not restricted": restricted both ways, either is enough.
create or replace function tow_store.cron_days(p_cron jsonb, p_month date) returns setof date
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
	v_length constant int := extract(day from p_month + interval '1 month' - interval '1 day')::int;
	v_first constant int := extract(dow from p_month)::int;
	v_days constant jsonb := p_cron -> 'days';
	v_weekdays constant jsonb := p_cron -> 'weekdays';
	v_nth constant jsonb := p_cron -> 'nth';
	v_near constant date[] := array(select tow_store.cron_near(p_month, v_length, n::int) from jsonb_array_elements(p_cron -> 'near') n);
	v_any_day constant boolean := not p_cron ?| '{days,near}';
	v_any_weekday constant boolean := not p_cron ?| '{weekdays,nth}';
begin
	return query
	select p_month + d - 1
	from generate_series(1, v_length) d, lateral (select (v_first + d - 1) % 7 as dow) w, lateral (
		select case when not v_any_day then
				coalesce(v_days @> to_jsonb(d) or v_days @> to_jsonb(d - v_length - 1), false)
				or coalesce(p_month + d - 1 = any(v_near), false) end as by_day,
			case when not v_any_weekday then
				coalesce(v_weekdays @> to_jsonb(dow), false)
				or coalesce(v_nth @> to_jsonb(dow || '#' || (d + 6) / 7) or d + 7 > v_length and v_nth @> to_jsonb(dow || '#L'), false)
			end as by_weekday) m
	where coalesce(by_day or by_weekday, by_day, by_weekday, true);
end $$;
comment on function tow_store.cron_days(jsonb, date) is 'The days of the month that starts at p_month that a parsed calendar spec asks for.';

-- The weekday (Monday to Friday) nearest to a day (-1: the last) without leaving its month; null if the month has no such day.
create or replace function tow_store.cron_near(p_month date, p_length int, p_day int) returns date
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
	v_day constant int := case when p_day < 0 then p_length else p_day end;
	v_date constant date := p_month + v_day - 1;
begin
	return case when v_day > p_length then null
		when extract(dow from v_date) = 6 then v_date + case when v_day = 1 then 2 else -1 end
		when extract(dow from v_date) = 0 then v_date + case when v_day = p_length then -2 else 1 end
		else v_date end;
end $$;
comment on function tow_store.cron_near(date, int, int) is 'The weekday nearest to a day within its month.';
