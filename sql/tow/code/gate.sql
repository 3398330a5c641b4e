-- Gates: what limits hold. See schema/0002_limits.sql.

create or replace function tow_store.check_lane(p_lane text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_lane is not null and (p_lane = '' or length(p_lane) > 200) then
		perform tow_store.fail('TW422', 'a lane is empty or longer than 200 characters', 'use a short text such as customer:12');
	end if;
end $$;
comment on function tow_store.check_lane(text) is 'Refuse a bad lane.';

-- Runs left running: whatever gates they held are free.
create or replace function tow_store.let_go(p_ids bigint[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	delete from tow_store.held h where h.job_id = any(p_ids);
end $$;
comment on function tow_store.let_go(bigint[]) is 'Free the gates that jobs held whose runs have ended (flag 4).';
