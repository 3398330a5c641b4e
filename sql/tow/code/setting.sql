create or replace function tow_store.has_unit(p_interval text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select p_interval !~ '^[-+\d. ]*[1-9][\d. ]*$'
$$;
comment on function tow_store.has_unit(text) is 'Whether a length of time is none of seconds by mistake: PostgreSQL takes 14 for 14 s, whoever meant days. Nothing is 0 of any unit.';

-- What a setting of the instance may be; tow.set asks here. Raises what a cast raises when it is no number or interval.
create or replace function tow_store.setting_is_good(p_name text, p_value text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select coalesce(case
		when p_name ~ 'retention$|^pinned_after$' and not tow_store.has_unit(p_value) then false
		when p_name like '%retention' then p_value::interval between '0' and '100 years'
		when p_name = 'pinned_after' then p_value::interval between '0' and '10 years'
		when p_name = 'history_max' then pg_size_bytes(p_value) >= 0
		when p_name = 'history_over' then p_value in ('warn', 'drop')
		when p_name = 'viewer_sees_args' then p_value in ('on', 'off')
		when p_name = 'max_args_bytes' then p_value::int >= 1000
		when p_name = 'schedule_queue_max' then p_value::int between 1 and 10000
		else p_value::int >= 1 end, false)
$$;
comment on function tow_store.setting_is_good(text, text) is 'Whether a setting may have this value.';

create or replace function tow_store.setting_takes(p_name text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case
		when p_name like '%retention' then 'a length of time with its unit such as 14 days, at most 100 years'
		when p_name = 'pinned_after' then 'a length of time with its unit such as 5 minutes, at most 10 years'
		when p_name = 'history_max' then 'a size such as 50 GB; 0 is no limit'
		when p_name = 'history_over' then 'warn or drop'
		when p_name = 'viewer_sees_args' then 'on or off'
		when p_name = 'max_args_bytes' then 'a whole number, 1000 or more'
		when p_name = 'schedule_queue_max' then 'a whole number from 1 to 10000'
		else 'a whole number, 1 or more' end
$$;
comment on function tow_store.setting_takes(text) is 'What tow_store.setting_is_good lets a setting be, in words.';
