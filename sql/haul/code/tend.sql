-- What nobody else comes back to. A client that is watched has a monitor, which passes by; our own workers have none, and what
-- was lost of theirs would wait for a person. A daemon of the queue, haul-tend, does it rather than a schedule: it is seen and
-- stopped like any other, two never meet, and its one job sleeps as long as there is nothing to do. It is made with the first
-- download, once: where there is none no job waits for a worker in vain, and who has dropped it is left alone.
create or replace function haul_store.begin_tending() returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c_name constant text := 'haul-tend';
begin
	if not exists (select from haul_store.first f where f.name = c_name) then
		insert into haul_store.first (name, made_at) values (c_name, tow.now()) on conflict on constraint first_pkey do nothing;
		perform tow.set_daemon(c_name, 'haul.tend', queue => 'haul', priority => 50, timeout => '10 minutes', policy => 'haul.monitor', auto_start => true,
			description => 'looks after downloads that no client''s monitor does, and after what was lost') where found;
	end if;
end $$;
comment on function haul_store.begin_tending() is 'Make the daemon that tends downloads, unless it was made before.';

-- While it is so a turn comes each minute; else the next download may wait ten for its first.
create or replace function haul_store.wants_tending() returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select exists (select from haul_store.download d join haul_store.client c on c.id = d.client
			where c.driver = 'web' and c.enabled and (d.state in ('approved', 'downloading', 'downloaded', 'importing') or haul_store.is_mendable(d)))
		or exists (select from haul_store.news) or exists (select from haul_store.change) or exists (select from haul_store.message m where m.state = 'pending')
$$;
comment on function haul_store.wants_tending() is 'Whether anything is under way that no monitor looks after.';

-- Locks the clients' health, then downloads, as haul.observe does.
create or replace function haul.tend() returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_ids constant int[] := array(select c.id from haul_store.client c where c.driver = 'web' and c.enabled order by c.id);
	v_id int;
begin
	perform from haul_store.health h where h.client = any(v_ids) order by h.client for update;
	foreach v_id in array v_ids loop
		perform haul_store.try_again(v_id);
		perform haul_store.clear_out(v_id);
	end loop;
	perform haul_store.push_fetches();
	perform haul_store.sweep_monitors();
	perform haul_store.sweep_bins();
	perform haul_store.sweep_forgotten();
	perform haul_store.remind();
	return case when haul_store.wants_tending() then 60000 else 600000 end;
end $$;
comment on function haul.tend() is 'For the daemon haul-tend: what was lost is begun anew, what failed for our own disk is tried again, what is done with goes, recycle bins are emptied, what was not told is told. In how many ms to come again.';

create or replace function haul_store.status_tending() returns table(component text, status text, detail text, hint text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select 'tending', 'warn', 'nobody looks after what our workers fetch: the daemon haul-tend ' || case when d.name is null then 'was dropped' else concat_ws(': ', 'is ' || d.state, d.error) end,
		case when d.name is null then 'tow daemon add haul-tend haul.tend --queue haul --auto-start on'
			when d.state = 'disabled' then 'tow daemon enable haul-tend' when d.state = 'failing' then 'tow daemon log haul-tend' else 'tow daemon start haul-tend' end
	from (select) o left join tow.daemons d on d.name = 'haul-tend'
	where coalesce(d.state, 'dropped') not in ('running', 'sleeping', 'starting', 'waiting') and haul_store.wants_tending()
$$;
comment on function haul_store.status_tending() is 'Of haul.status(): the daemon that tends downloads.';
