-- Monitoring as a whole, as a service that is started and stopped: its queue is open or paused, and the monitors run or do
-- not. What is given to clients, fetched and imported goes on meanwhile.
create or replace function haul_store.is_stopped() returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select exists (select from tow.queues q where q.name = 'haul.watch' and q.state = 'paused')
$$;
comment on function haul_store.is_stopped() is 'Whether nobody shall look at any client.';

create or replace view haul.service as
with m as (
	select count(*) filter (where d.state not in ('stopped', 'disabled')) as monitors from tow.daemons d where d.type = 'haul.monitor'
), c as (
	select count(*) as clients, count(*) filter (where o.state not in ('ok', 'new')) as unwell from haul.clients o where o.enabled and o.driver <> 'web'
), d as (
	select count(*) filter (where o.state in ('queued', 'searching', 'matching', 'needs_approval', 'approved', 'paused')) as queued,
		count(*) filter (where o.state in ('downloading', 'downloaded', 'converting', 'converted', 'importing')) as active, count(*) filter (where o.state = 'failed') as failed
	from haul_store.download o
)
select case when not s.stopped then 'running' when m.monitors > 0 then 'stopping' else 'stopped' end as state, not s.stopped as running,
	(select q.pause_reason from tow.queues q where q.name = 'haul.watch') as reason, m.monitors, c.clients, c.unwell, d.queued, d.active,
	(select count(*) from haul_store.transfer t where t.state = 'seeding' and t.download is not null) as seeding, d.failed
from m, c, d, (select exists (select from tow.queues q where q.name = 'haul.watch' and q.state = 'paused') as stopped) s;
comment on view haul.service is 'Whether clients are watched (running, stopping while a monitor still ends, stopped), by how many monitors, and how many downloads there are.';

create or replace function haul.start_service() returns setof haul.service
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
	if haul_store.is_stopped() then
		perform tow.resume('haul.watch');
	end if;
	perform tow.start_daemon(d.name) from tow.daemons d where d.type = 'haul.monitor' and d.enabled;
	return query select * from haul.service;
end $$;
comment on function haul.start_service() is 'Watch all clients that are not disabled.';

-- The pause is for those that are set up meanwhile.
create or replace function haul.stop_service(reason text default 'monitoring is stopped') returns setof haul.service
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	if not exists (select from tow.queues q where q.name = 'haul.watch') then
		perform tow.set_queue('haul.watch');
	end if;
	perform tow.pause('haul.watch', reason);
	perform tow.stop_daemon(d.name) from tow.daemons d where d.type = 'haul.monitor' and d.state not in ('stopped', 'disabled');
	return query select * from haul.service;
end $$;
comment on function haul.stop_service(text) is 'Watch no client until haul.start_service; what clients do goes on, and is seen then.';
