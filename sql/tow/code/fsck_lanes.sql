-- tow.fsck: lanes.
create or replace function tow_store.fsck_lanes(p_job bigint) returns table(problem text, job bigint, detail text, remedy text)
language plpgsql volatile set search_path = pg_catalog, pg_temp set jit = off set plan_cache_mode = force_custom_plan
as $$
begin
	return query
		select 'no turn', l.id, format('lane %s, band %s', l.gate, l.band), 'sort it anew'
		from tow_store.lined l
		where (p_job is null or l.id = p_job) and not exists (select from tow_store.turn t where t.gate = l.gate and t.band = l.band)
		union all
		select 'no such lane', l.id, format('gate %s, band %s', l.gate, l.band), 'sort it anew'
		from tow_store.lined l join tow_store.job j on j.id = l.id
		where (p_job is null or l.id = p_job) and not exists (select from tow_store.gate g where g.id = l.gate and g.what = 'l' and g.name = j.lane);
end $$;
comment on function tow_store.fsck_lanes(bigint) is 'Part of tow.fsck: lanes and their turns.';
create or replace function tow_store.fsck_mend_lane(p_problem text, p_job bigint, p_detail text) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	return false;
end $$;
comment on function tow_store.fsck_mend_lane(text, bigint, text) is 'Put right a lane.';
