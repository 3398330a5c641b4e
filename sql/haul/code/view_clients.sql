-- What people look at: who downloads for us and how each is, and what they hold.

-- Whoever has not been looked at for a minute longer than was said may be in any state; where watching is stopped, nobody is.
create or replace function haul_store.unwatched(c haul_store.client, h haul_store.health) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select coalesce(p.why, tow.unserved('haul.monitor', 'haul.watch'), 'every slot of queue haul.watch may be taken')
	from (select) one left join (select coalesce(q.pause_reason, 'queue haul.watch is paused') as why from tow.queues q where q.name = 'haul.watch' and q.state = 'paused') p on true
	where c.enabled and c.driver <> 'web' and not haul_store.is_latched(h, c.revision) and (p.why is not null or coalesce(h.next_at, h.since) < tow.now() - interval '1 minute')
$$;
comment on function haul_store.unwatched(haul_store.client, haul_store.health) is 'Why nobody looks at a client that should be looked at; null: somebody does.';

create or replace view haul.clients as
select c.name, c.driver, c.url, case when not c.enabled then 'disabled' when w.why is not null then 'unwatched' else h.state end as state,
	coalesce('nobody looks: ' || w.why, h.error) as error, case when w.why is not null then case when exists (select from tow.queues q where q.name = 'haul.watch' and q.state = 'paused')
		then 'let it go on: tow haul start, or select haul.start_service()' else 'start one: tow worker --queue haul:4 --queue haul.watch:8' end when h.state in ('auth failed', 'misconfigured') and h.revision = c.revision then concat_ws('; ', h.hint, 'when it is mended: tow client retry ' || c.name) else h.hint end as hint, h.since,
	case c.driver when 'web' then (select count(*) from haul_store.transfer t where t.client = c.id and not exists (select from haul_store.download d where d.id = t.download and d.forgotten_at is not null))::int else h.listed end as transfers, h.listed_at, h.next_at, h.took, h.version, h.free_bytes, c.user_name, c.secret, c.category, c.tag, c.adopt, c.priority,
	c.fast, c.slow, c.cron, c.tz, c.timeout, c.enabled, h.failures,
	(select jsonb_object_agg(m.remote, m.local) from haul_store.path_map m where m.client = c.id) as paths, c.created_at
from haul_store.client c join haul_store.health h on h.client = c.id, haul_store.unwatched(c, h) w(why);
comment on view haul.clients is 'Download clients, and how each is: new, ok, unwatched (nobody looks at it), suspect (it says that it lost everything), down, auth failed, banned, misconfigured, disabled; with what is wrong and what to do. A secret is named, never shown.';

-- Where a path of the client's is here: the longest folder of the map that holds it. Windows paths are compared without case.
create or replace function haul_store.local_path(p_client int, p_path text) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	with p as (
		select case when p_path ~ '^([a-zA-Z]:|\\\\)' then replace(p_path, '\', '/') else p_path end as path, p_path ~ '^([a-zA-Z]:|\\\\)' as windows
	), m as (
		select rtrim(replace(o.remote, '\', '/'), '/') as remote, rtrim(o.local, '/') as local from haul_store.path_map o where o.client = p_client
	)
	select coalesce((
		select coalesce(nullif(m.local || substr(p.path, length(m.remote) + 1), ''), '/') from m
		where case when p.windows then lower(p.path) ^@ lower(m.remote) else p.path ^@ m.remote end
			and substr(p.path, length(m.remote) + 1, 1) in ('', '/')
		order by length(m.remote) desc limit 1), p.path)
	from p
$$;
comment on function haul_store.local_path(int, text) is 'Where a client''s path is on the workers'' hosts.';

-- What our own fetching hears from a server, and whatever names an address, is as much as the error of the job (tow.jobs hides
-- that): keys stand in links. Parsed when it is made, so that views inline it.
create or replace function haul_store.shown_words(p_words text, p_fetched boolean, p_sees boolean) returns text
language sql immutable parallel safe
return tow_store.shown(p_words, p_sees or not (coalesce(p_fetched, false) or strpos(p_words, '://') > 0));
comment on function haul_store.shown_words(text, boolean, boolean) is 'What is wrong with a download, for those who may see what its jobs say; p_fetched: our workers fetch it.';

create or replace view haul.transfers as
select t.id, c.name as client, t.name, t.state, t.percent, t.size, t.left_bytes, t.down, t.up, t.eta, t.seeders, t.leechers, t.ratio, t.seeding,
	case when t.state in ('downloading', 'stalled', 'metadata', 'queued') then h.observed - t.moved end as still_for,
	haul_store.local_path(t.client, t.folder) as folder, haul_store.local_path(t.client, t.content) as content, t.category, t.tags, haul_store.shown_words(t.error, c.driver = 'web', tow_store.in_sight('haul', (select tow_store.sight()))) as error, t.local, t.tracker, t.tracker_host,
	t.complete, t.download, t.added_at, t.completed_at, t.changed_at, t.pulse_at as seen_at, t.key, t.ids
from haul_store.transfer t join haul_store.client c on c.id = t.client join haul_store.health h on h.client = t.client;
comment on view haul.transfers is 'What clients hold, as it was last seen, with paths as they are here. still_for: how long, while we looked, it has got nothing.';

-- Whoever knows the address of a channel can write to it: the path is the secret (Slack, Discord), or the topic is (ntfy).
create or replace function haul_store.shown_address(p_url text, p_sees boolean) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
	select case when p_sees then p_url else regexp_replace(p_url, '^([a-z]+://[^/]+)/.+$', '\1/…') end
$$;
comment on function haul_store.shown_address(text, boolean) is 'An address, and its host alone for whoever may not see what jobs say.';
