-- What went wrong with jobs, and which wait for somebody, told by rules as what happens to downloads is.
create or replace function haul_store.hear(p_from timestamptz, p_to timestamptz) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	-- Events of their own tell what these could not do (download.failed, client.down, target.failing); a channel that fails is not told of itself. One that kills its workers is made anew, and has none.
	c_own constant text[] := '{haul.grab,haul.fetch,haul.import,haul.monitor,haul.scan,haul.notify}'::text[];
	t record;
	v_n int := 0;
begin
	if not (haul_store.is_told('job.failed') or haul_store.is_told('worker.lost') or haul_store.is_told('schedule.failed') or haul_store.is_told('job.needs_approval')) then
		return 0;
	end if;
	for t in select o.* from tow.troubles(p_from, p_to, c_own) o loop
		perform haul_store.tell(t.event, t.subject, t.said);
		v_n := v_n + 1;
	end loop;
	return v_n;
end $$;
comment on function haul_store.hear(timestamptz, timestamptz) is 'Tell by the rules what went wrong with jobs, workers and schedules in this time, and which jobs began to wait for approval; how much it was.';

select tow_store.add_ear('haul', 'haul_store.hear');
