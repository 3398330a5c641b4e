-- tow.now(): the only clock. Clock time, not transaction time; on an instance marked for tests the setting
-- tow.fake_now stands in for it. Plain SQL without a search path of its own, so that it is inlined;
-- hence it is read as whoever calls it, with his search path, and may name nothing of tow_store.
create or replace function tow.now() returns timestamptz
language sql volatile parallel safe
as $$
	select case when coalesce(pg_catalog.current_setting('tow.fake_now', true), '') operator(pg_catalog.=) '' then pg_catalog.clock_timestamp()
	else tow.fake_now() end
$$;
comment on function tow.now() is 'The time that everything here goes by: the database''s clock, or tow.fake_now on an instance for tests.';

create or replace function tow.fake_now() returns timestamptz
language plpgsql volatile parallel safe security definer set search_path = pg_catalog, pg_temp
as $$
begin
	if (select value from tow_store.setting where name = 'test') is distinct from 'on' then
		return clock_timestamp();
	end if;
	return current_setting('tow.fake_now')::timestamptz;
end $$;
comment on function tow.fake_now() is 'tow.fake_now where it counts, else the clock.';
