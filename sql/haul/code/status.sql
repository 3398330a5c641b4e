-- What of the downloads needs a person, in the shape of tow.status(). Nothing is said while nobody uses them.
create or replace function haul_store.status_clients() returns table(component text, status text, detail text, hint text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select 'clients', 'ok', format('%s well, %s disabled', count(*) filter (where c.state in ('ok', 'new')), count(*) filter (where c.state = 'disabled')), null
	from haul.clients c where c.driver <> 'web' having count(*) > 0
	union all
	select 'client ' || c.name, case when c.state = 'suspect' then 'warn' else 'bad' end,
		format('%s since %s: %s', c.state, date_trunc('second', c.since), c.error), coalesce(c.hint, format('tow client test %s', c.name))
	from haul.clients c where c.state not in ('ok', 'new', 'disabled')
$$;
comment on function haul_store.status_clients() is 'Of haul.status(): download clients.';

create or replace function haul_store.status_downloads() returns table(component text, status text, detail text, hint text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	with d as (select o.*, haul_store.is_open(o.state) as open from haul_store.download o where o.forgotten_at is null)
	select 'downloads', 'ok', format('%s under way, %s completed', count(*) filter (where d.open), count(*) filter (where d.state = 'completed')), null
	from d having count(*) > 0
	union all
	select 'downloads', 'warn', format('%s failed, the last one %s (%s): %s', count(*), (array_agg(d.id order by d.state_at desc))[1], (array_agg(d.title order by d.state_at desc))[1], haul_store.shown_words((array_agg(d.error order by d.state_at desc))[1], (array_agg(d.type order by d.state_at desc))[1] = 'http', tow_store.in_sight('haul', (select tow_store.sight())))),
		'tow haul ls --state failed shows them; tow haul retry ID, or forget ID'
	from d where d.state = 'failed' having count(*) > 0
	union all
	select 'downloads', case when y.failing then 'warn' else 'ok' end, format('%s, one of them %s (%s): %s', case when y.failing then haul_store.some(y.n, 'fails again and again', 'fail again and again')
		else haul_store.some(y.n, 'waits for another try', 'wait for another try') end, v.id, v.title, v.trouble), 'tow haul ls shows them'
	from (select haul_store.is_failing(t.tries) as failing, count(*) as n, min(t.id) as first from haul_store.tried_downloads(1) t group by 1) y
		cross join lateral (select o.* from haul.downloads o where o.id = y.first offset 0) v
	union all
	select 'approvals', 'warn', haul_store.some(count(*), 'waits for somebody to choose', 'wait for somebody to choose'), 'tow haul ls --state needs_approval shows them'
	from d where d.state = 'needs_approval' having count(*) > 0
	union all
	select 'downloads', 'bad', haul_store.some(count(*), 'is here and has no library to go to', 'are here and have no library to go to'), case when exists (select from haul_store.library) then 'tow haul retry ID --library NAME' else 'tow library add NAME ROOT' end
	from d where d.state = 'downloaded' and d.library is null having count(*) > 0
	union all
	select 'downloads', 'bad', format('%s: %s', haul_store.some(count(*), 'is of a client that is not configured', 'are of a client that is not configured'), string_agg(distinct d.client_name, ', ')), 'they go on when one of that name is: tow client add NAME DRIVER URL'
	from d where d.open and d.client is null having count(*) > 0
$$;
comment on function haul_store.status_downloads() is 'Of haul.status(): downloads.';

create or replace function haul_store.status_targets() returns table(component text, status text, detail text, hint text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select 'target ' || t.name, 'bad', format('failing since %s: %s', date_trunc('second', t.failed_at), t.error), coalesce(t.hint, format('tow target test %s', t.name))
	from haul.targets t where t.state = 'failing'
$$;
comment on function haul_store.status_targets() is 'Of haul.status(): media servers.';

create or replace function haul_store.status_channels() returns table(component text, status text, detail text, hint text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select 'channel ' || c.name, 'bad', format('fails%s, last tried %s: %s', case when c.pending > 0 then ', ' || haul_store.some(c.pending, 'message waits', 'messages wait') end, date_trunc('second', c.failed_at), c.error), coalesce(c.hint, format('tow channel test %s', c.name))
	from haul.channels c where c.state = 'failing'
$$;
comment on function haul_store.status_channels() is 'Of haul.status(): ways to tell people something.';

create or replace function haul.status() returns table(component text, status text, detail text, hint text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
	return query select * from haul_store.status_clients();
	return query select * from haul_store.status_downloads();
	return query select * from haul_store.status_targets();
	return query select * from haul_store.status_channels();
	return query select * from haul_store.status_tending();
	return query select 'workers of downloads', 'bad', w.why, 'tow worker --queue haul:4 --queue haul.watch:8, or tow up'
		from tow.unserved('haul.import', 'haul') w(why)
		where w.why is not null and exists (select from haul_store.download o where o.state in ('approved', 'downloaded', 'importing'));
end $$;
comment on function haul.status() is 'What of the downloads is well, and what needs somebody: component, status (ok, warn, bad), detail, hint. No rows while nothing is set up.';
