-- What the server's hub tells of downloads and clients; see tow.changes for what a feed says.

-- Numbers are given out in order, and transactions end in any: an event may be seen after a later one. So the mark has a
-- number (n) up to which everything was told, and what was told beyond (told). n moves up to top once every transaction that
-- was under way when top was seen (all are below xid) has ended: whoever notes an event has locked a row, and so has its
-- transaction's id, before the event has its number.
create or replace function haul_store.feed_events(p_since jsonb, p_topics text[]) returns table(topic text, key text, n bigint, message jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	c_most constant int := 500; -- at once
	c_far constant int := 5000; -- an event so much later than others is not waited for
	v_all constant boolean := 'downloads' = any(p_topics);
	v_ended constant boolean := coalesce(pg_snapshot_xmin(pg_current_snapshot()) >= (p_since ->> 'xid')::xid8, true);
	v_last constant bigint := coalesce((select max(e.n) from haul_store.event e), 0);
	v_n bigint := greatest((p_since ->> 'n')::bigint, v_last - c_far);
	v_told bigint[] := array(select t::bigint from jsonb_array_elements_text(p_since -> 'told') t);
	v_new bigint[];
	v_mark jsonb;
begin
	if p_since is null then
		v_n := v_last - 100;
		v_told := array(select e.n from haul_store.event e where e.n > v_n);
		v_new := '{}';
	else
		v_new := array(select e.n from haul_store.event e where e.n > v_n and e.n <> all(v_told) order by e.n limit c_most);
	end if;
	return query select 'downloads', e.download::text, e.n, jsonb_build_object('type', case when e.to_state = 'needs_approval' then 'needs_approval' else 'state_change' end,
			'download_id', e.download, 'old_state', e.from_state, 'new_state', e.to_state,
			'details', jsonb_build_object('what', e.what, 'title', d.title, 'who', e.who, 'at', e.at))
		from haul_store.event e join haul_store.download d on d.id = e.download
		where e.n = any(v_new) and e.to_state is not null and (v_all or 'download:' || e.download = any(p_topics)) order by e.n;
	v_mark := p_since;
	if v_ended then
		v_n := greatest(v_n, (p_since ->> 'top')::bigint);
		v_mark := jsonb_build_object('top', coalesce((select max(t) from unnest(v_told || v_new) t), v_n), 'xid', pg_snapshot_xmax(pg_current_snapshot())::text);
	end if;
	return query select * from tow_store.looked('over', v_mark || jsonb_build_object('n', v_n, 'told', to_jsonb(array(select t from unnest(v_told || v_new) t where t > v_n))));
end $$;
comment on function haul_store.feed_events(jsonb, text[]) is 'Feed: each change of a download''s state, once.';

create or replace function haul_store.feed_progress(p_since jsonb, p_topics text[]) returns table(topic text, key text, n bigint, message jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c_most constant int := 1000;
	v_asked constant bigint[] := array(select substr(t, 10)::bigint from unnest(p_topics) t where t ~ '^download:\d{1,18}$');
	v_ids constant bigint[] := case when 'downloads' <> all(p_topics) then v_asked end;
begin
	return query
		select 'downloads', p.id::text, null::bigint, jsonb_build_object('type', 'progress', 'download_id', p.id, 'progress_pct', round(p.percent::numeric, 1),
			'down_bps', p.down, 'up_bps', p.up, 'eta_s', extract(epoch from p.eta)::bigint, 'ratio', round(p.ratio::numeric, 2), 'size', p.size, 'left_bytes', p.left_bytes, 'transfer', p.state,
			'next_try_at', p.next_try_at)
		from (select distinct on (t.download) t.download as id, t.percent, m.down, t.up, m.eta, t.ratio, t.size, t.left_bytes, t.state,
				case when t.error is not null then (select y.next_at from haul_store.trying(d) y) end as next_try_at -- a try that failed changes nothing else, and is written down after it was told
			from haul_store.transfer t join haul_store.download d on d.id = t.download left join haul_store.health h on h.client = t.client
				left join lateral (select t.down, t.eta where haul_store.is_coming(d.state, h.state, t.state)) m on true
			where t.download is not null and d.forgotten_at is null and (v_ids is null or t.download = any(v_ids)) and (d.state = 'downloading' or t.up > 0)
			order by t.download desc, t.missed, t.id limit c_most) p
		union all
		select * from tow_store.missing(p_topics, 'downloads', array(select d.id::text from haul_store.download d where d.id = any(v_asked) and d.forgotten_at is null))
		union all
		select * from tow_store.looked('over');
end $$;
comment on function haul_store.feed_progress(jsonb, text[]) is 'Feed: how far downloads are that move, the latest thousand, and which of those that are asked for are not there.';

create or replace function haul_store.feed_clients(p_since jsonb, p_topics text[]) returns table(topic text, key text, n bigint, message jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	return query
		select 'clients', c.name, null::bigint, jsonb_build_object('type', 'change', 'state', c.state, 'since', c.since, 'enabled', c.enabled, 'version', c.version)
		from haul.clients c
		union all
		select * from tow_store.missing(p_topics, 'clients', array(select c.name from haul_store.client c))
		union all
		select * from tow_store.looked();
end $$;
comment on function haul_store.feed_clients(jsonb, text[]) is 'Feed: clients, and how each is.';

create or replace function haul_store.feed_status(p_since jsonb, p_topics text[]) returns table(topic text, key text, n bigint, message jsonb)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_mark constant jsonb := tow_store.rare_look();
begin
	if v_mark = p_since then
		return query select * from tow_store.looked(null, v_mark);
	else
		return query
			select 'status', s.component, null::bigint, jsonb_build_object('type', 'change', 'status', case when bool_or(s.status = 'bad') then 'bad' else 'warn' end)
			from haul.status() s where s.status <> 'ok' group by s.component
			union all
			select * from tow_store.looked('gone', v_mark);
	end if;
end $$;
comment on function haul_store.feed_status(jsonb, text[]) is 'Feed: components of haul.status that are not ok, and how bad it is.';

select tow_store.add_feeds('haul', array[
	['haul_events', 'downloads', 'haul_store.feed_events'],
	['haul_progress', 'downloads', 'haul_store.feed_progress'],
	['haul_clients', 'clients', 'haul_store.feed_clients'],
	['haul_status', 'status', 'haul_store.feed_status']
]);
