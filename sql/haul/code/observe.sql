-- A whole listing in one call, and only what differs is written: a state, a percent, or, every ten seconds, a speed.
-- p_listing: {"whole": true, "free": bytes, "version": "...", "transfers": [{"key", "ids", "name", "state", "complete",
-- "client_state", "percent", "size", "left", "down", "up", "eta", "seeders", "leechers", "ratio", "seeding", "folder",
-- "content", "category", "tags", "error", "local", "tracker", "tracker_host", "added_at", "completed_at"}]}.
-- Locks the client's health row, then rows of transfer, then downloads whose state changes, by id.

-- One row a transfer, as the table has them; numbers below 0 are unknown. What clients say may be anything: a number is cut to
-- what the table takes, a key of more than 512 bytes is no client's and left out, and so is what could be a secret in an address.
create or replace function haul_store.listed(p_listing jsonb)
returns table(key text, ids text[], name text, state text, client_state text, complete boolean, percent real, size bigint, left_bytes bigint, down bigint,
	up bigint, eta interval, seeders int, leechers int, ratio real, seeding interval, folder text, content text, category text, tags text[], error text,
	local boolean, tracker text, tracker_host text, added_at timestamptz, completed_at timestamptz)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select distinct on (t.key) t.key, case when pg_column_size(t.ids) <= 2048 then t.ids else '{}' end, t.name, t.state, t.client_state, coalesce(t.complete, false), greatest(least(coalesce(t.percent, 0), 100), 0),
		case when t.size >= 0 then t.size end, case when t."left" >= 0 then t."left" end, case when t.down >= 0 then t.down end, case when t.up >= 0 then t.up end,
		case when t.eta between 0 and 31536000 then t.eta * interval '1 s' end, case when t.seeders >= 0 then least(t.seeders, c.most)::int end,
		case when t.leechers >= 0 then least(t.leechers, c.most)::int end, case when t.ratio >= 0 then least(t.ratio, c.most)::real end,
		case when t.seeding >= 0 then least(t.seeding, c.most) * interval '1 s' end,
		t.folder, t.content, t.category, coalesce(t.tags, '{}'), case when t.error ~~ c.address then haul_store.mask(t.error) else t.error end, coalesce(t.local, false),
		case when t.tracker ~~ c.address then haul_store.mask(t.tracker) else t.tracker end, t.tracker_host,
		case when t.added_at between 1 and c.last then to_timestamp(t.added_at) end, case when t.completed_at between 1 and c.last then to_timestamp(t.completed_at) end
	from jsonb_to_recordset(p_listing -> 'transfers') t(key text, ids text[], name text, state text, client_state text, complete boolean, percent numeric,
		size bigint, "left" bigint, down bigint, up bigint, eta bigint, seeders bigint, leechers bigint, ratio numeric, seeding bigint, folder text, content text,
		category text, tags text[], error text, local boolean, tracker text, tracker_host text, added_at bigint, completed_at bigint),
		(values (2147483647, 253402300799, '%://%')) c(most, last, address)
	where octet_length(t.key) <= 512
	order by t.key
$$;
comment on function haul_store.listed(jsonb) is 'A listing as rows.';

-- An empty one from a client that held much is a client that has lost its memory, or has not loaded it yet.
create or replace function haul_store.is_doubtful(h haul_store.health, p_count int) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select p_count = 0 and h.listed >= 3 and h.doubts < 10
$$;
comment on function haul_store.is_doubtful(haul_store.health, int) is 'Whether a listing is not believed yet.';

-- Bytes, or its turn. A check finds bytes that were there, and what we have the client do to a transfer that stands still
-- must not look as if it moved.
create or replace function haul_store.has_moved(p_was text, p_is text, p_got bigint, p_percent real) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select 'checking' not in (p_was, p_is) and coalesce(p_got > 0 or p_percent > 0, false) or p_was = 'metadata' and p_is in ('downloading', 'stalled')
		or p_was <> p_is and p_was in ('queued', 'paused', 'moving', 'unpacking', 'missing', 'unknown')
$$;
comment on function haul_store.has_moved(text, text, bigint, real) is 'Whether a transfer has come on between two listings.';
-- What has just been given to it may not be listed yet, and what is new may stand still for a moment before it runs.
create or replace function haul_store.is_moving(p_client int, p_now timestamptz) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select exists (select from haul_store.transfer t
		where t.client = p_client and t.missed = 0 and (t.state in ('metadata', 'downloading', 'checking', 'unpacking', 'moving')
			or t.state in ('queued', 'stalled', 'unknown') and t.changed_at > p_now - interval '1 minute'))
		or exists (select from haul_store.download d where d.client = p_client and d.state = 'downloading' and d.state_at > p_now - interval '1 minute'
			and not exists (select from haul_store.transfer t where t.download = d.id))
$$;
comment on function haul_store.is_moving(int, timestamptz) is 'Whether a client is worth another look soon.';

-- What failed for another reason (there is no room, say) keeps to its time: a client that comes and goes would use up its attempts.
create or replace function haul_store.wake_errands(p_client int) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select tow_store.start_early(e.job)
	from haul_store.errand e join haul_store.download d on d.id = e.download cross join lateral (select tow.state(e.job) as state offset 0) s
	where d.client = p_client and e.kind in ('haul.grab', 'haul.import', 'haul.act')
		and (s.state = 'scheduled' or s.state = 'retrying' and (select o.class ~ '^(client|http|scgi)\.' from tow.outcome(e.job) o))
	order by e.job limit 200
$$;
comment on function haul_store.wake_errands(int) is 'Have what waits for a client, or failed because of it, done now that it is well: the first 200; others come at their time.';

create or replace function haul.observe(p_client int, p_revision int, p_listing jsonb, p_took_ms int) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
set enable_nestloop = off set jit = off
as $$
declare
	c_gap constant interval := interval '6 minutes';
	c_pulse constant interval := interval '10 s';
	c_slow_pulse constant interval := interval '10 minutes';
	v_now constant timestamptz := tow.now();
	v_count constant int := jsonb_array_length(p_listing -> 'transfers');
	c haul_store.client;
	h haul_store.health;
	v_clock interval;
	v_written int;
	v_gone int;
	v_left bigint[];
	v_moving boolean;
begin
	select o.* into c from haul_store.client o where o.id = p_client;
	select o.* into h from haul_store.health o where o.client = p_client for update;
	if not found then
		return null;
	elsif haul_store.is_doubtful(h, v_count) then
		update haul_store.health o set state = 'suspect', since = case when o.state = 'suspect' then o.since else v_now end, revision = p_revision,
			doubts = o.doubts + 1, failures = 0, class = 'suspect', error = format('it says that it holds nothing; a moment ago that was %s', o.listed), hint = 'believed when it has said so ten times',
			next_at = v_now + c.slow
		where o.client = p_client;
		perform haul_store.tell_client(p_client, h);
		return (extract(epoch from c.slow) * 1000)::bigint;
	end if;
	v_clock := h.observed + case when h.state in ('ok', 'suspect') and v_now - h.listed_at between '0' and c_gap then v_now - h.listed_at else '0' end;

	-- Read once, and then: what has changed, what is new, what is not there any more.
	with l as materialized (
		select o.* from haul_store.listed(p_listing) o
	), changed as (
		update haul_store.transfer t set ids = l.ids, name = l.name, state = l.state, client_state = l.client_state, complete = l.complete, percent = l.percent,
			size = l.size, left_bytes = l.left_bytes, down = l.down, up = l.up, eta = l.eta, seeders = l.seeders, leechers = l.leechers, ratio = l.ratio,
			seeding = l.seeding, folder = l.folder, content = l.content, category = l.category, tags = l.tags, error = l.error, local = l.local,
			tracker = l.tracker, tracker_host = coalesce(l.tracker_host, t.tracker_host), added_at = coalesce(l.added_at, t.added_at), completed_at = l.completed_at, pulse_at = v_now, missed = 0,
			first_at = case when t.missed < 3 then t.first_at else v_now end,
			changed_at = case when t.state <> l.state then v_now else t.changed_at end,
			moved = case when haul_store.has_moved(t.state, l.state, t.left_bytes - l.left_bytes, l.percent - t.percent) then v_clock else t.moved end,
			leaving = case when t.missed < 3 then t.leaving end, download = case when t.missed < 3 or t.leaving is null then t.download end
		from l
		where t.client = p_client and t.key = l.key
			and ((t.state, t.complete, floor(t.percent), t.missed, t.name, t.size, t.folder, t.category, t.tags, t.error, t.local, t.ids)
					is distinct from (l.state, l.complete, floor(l.percent), 0, l.name, l.size, l.folder, l.category, l.tags, l.error, l.local, l.ids)
				or (v_now - t.pulse_at >= c_pulse and (t.left_bytes, t.down, t.up, t.seeders, t.leechers, t.client_state, t.content, t.tracker)
					is distinct from (l.left_bytes, l.down, l.up, l.seeders, l.leechers, l.client_state, l.content, l.tracker))
				or (v_now - t.pulse_at >= c_slow_pulse and (t.ratio, t.seeding, t.tracker_host) is distinct from (l.ratio, l.seeding, coalesce(l.tracker_host, t.tracker_host))))
		returning t.id
	), new as (
		insert into haul_store.transfer (client, key, ids, name, state, client_state, complete, percent, size, left_bytes, down, up, eta, seeders, leechers,
			ratio, seeding, folder, content, category, tags, error, local, tracker, tracker_host, added_at, completed_at, first_at, changed_at, pulse_at, moved)
		select p_client, l.key, l.ids, l.name, l.state, l.client_state, l.complete, l.percent, l.size, l.left_bytes, l.down, l.up, l.eta, l.seeders, l.leechers,
			l.ratio, l.seeding, l.folder, l.content, l.category, l.tags, l.error, l.local, l.tracker, l.tracker_host, l.added_at, l.completed_at, v_now, v_now, v_now, v_clock
		from l
		where not exists (select from haul_store.transfer t where t.client = p_client and t.key = l.key)
		returning id
	), gone as (
		update haul_store.transfer t set missed = t.missed + 1, state = case when t.leaving is not null then 'removed' when t.missed >= 2 then 'missing' else t.state end,
			changed_at = case when t.missed = 2 then v_now else t.changed_at end
		where t.client = p_client and t.missed < 3 and (p_listing ->> 'whole')::boolean and not exists (select from l where l.key = t.key)
		returning t.id, t.download, t.leaving
	)
	select (select count(*) from changed) + (select count(*) from new), (select count(*) from gone),
		array(select g.download from gone g where g.download is not null and g.leaving in ('done', 'kept') order by g.download) into v_written, v_gone, v_left;
	perform haul_store.drop_key(u.download, 'remove') from unnest(v_left) u(download);
	v_moving := v_gone > 0 or haul_store.is_moving(p_client, v_now);
	h.next_at := case when c.cron is not null then tow.cron_next(c.cron, v_now, coalesce(c.tz, 'UTC')) else v_now + case when v_moving then c.fast else c.slow end end;
	update haul_store.health o set state = 'ok', since = case when o.state = 'ok' then o.since else v_now end, revision = p_revision, class = null, error = null,
		hint = null, failures = 0, doubts = 0, listed_at = v_now, next_at = h.next_at, observed = v_clock, version = coalesce(p_listing ->> 'version', o.version),
		free_bytes = (p_listing ->> 'free')::bigint, took = p_took_ms * interval '1 ms', listed = v_count, written = v_written + v_gone
	where o.client = p_client;
	perform haul_store.tell_client(p_client, h), haul_store.wake_errands(p_client) where h.state <> 'ok';
	perform haul_store.tell_disk('client', c.name, (p_listing ->> 'free')::bigint);
	perform haul_store.remind();
	perform haul_store.follow(c, v_clock);
	return (extract(epoch from h.next_at - v_now) * 1000)::bigint;
end $$;
comment on function haul.observe(int, int, jsonb, int) is 'For a client''s monitor: all that it has seen. In how many ms to look again.';
