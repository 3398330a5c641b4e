-- Sending what was told: a job of a channel asks what there is, sends each message, and says how that went. Locks the channel's
-- row, so that two jobs of one never make the same message; one that runs keeps what it has taken.

-- All that a rule has to tell becomes a message an event.
create or replace function haul_store.gather(r haul_store.rule) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	with n as (
		delete from haul_store.news o where o.rule = r.id returning o.*
	), g as (
		select n.event, count(*)::int as count, array_agg(n.said order by n.id) as said, array_agg(n.said || jsonb_build_object('at', to_char(n.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')) order by n.id) as items, min(n.id) as first from n group by n.event
	)
	insert into haul_store.message (channel, rule, event, count, level, title, body, data, made_at)
	select r.channel, r.name, g.event, g.count, o.level,
		left(haul_store.expand(coalesce(r.title, case when g.count > 1 then o.many else o.title end), haul_store.together(g.said), false), 250),
		left(l.text, 2000) || case when g.count > 20 then format(E'\nand %s more', g.count - 20) else '' end,
		to_jsonb(g.items[:50]), tow.now()
	from g join haul.occasions o on o.event = g.event,
		lateral (select string_agg(haul_store.expand(coalesce(r.body, o.line), s.said || jsonb_build_object('count', g.count), false), E'\n' order by s.n) as text
			from unnest(g.said[:20]) with ordinality s(said, n)) l
	order by g.first
$$;
comment on function haul_store.gather(haul_store.rule) is 'Make messages of what a rule has to tell.';

create or replace function haul.begin_notify(channel text, job bigint)
returns table(driver text, url text, user_name text, secret text, options jsonb, timeout_ms bigint, message bigint, event text, count int, level text, title text, body text, data jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	c haul_store.channel;
begin
	select o.* into c from haul_store.channel o where o.name = begin_notify.channel and o.enabled for update;
	if not found then
		perform haul_store.fail('TW410', format('channel %s was dropped or disabled', begin_notify.channel), 'there is nobody to tell');
	end if;
	perform haul_store.gather(r) from (select o.* from haul_store.rule o
		where o.channel = c.id and exists (select from haul_store.news n where n.rule = o.id and n.at + o.delay <= tow.now()) order by o.id) r;
	if c.next_at > tow.now() then -- whoever was told so comes again
		return;
	end if;
	delete from haul_store.message m where m.channel = c.id and m.state <> 'pending' and m.made_at < tow.now() - c.keep;
	update haul_store.message m set job = begin_notify.job
	where m.channel = c.id and m.state = 'pending' and (m.job is null or m.job = begin_notify.job or tow.state(m.job) is distinct from 'running');
	return query select c.driver, c.url, c.user_name, c.secret, c.options, (extract(epoch from c.timeout) * 1000)::bigint, m.id, m.event, m.count, m.level, m.title, m.body, m.data
		from haul_store.message m where m.channel = c.id and m.state = 'pending' and m.job = begin_notify.job order by m.id;
end $$;
comment on function haul.begin_notify(text, bigint) is 'For the job that tells people: by which way, and what.';

create or replace function haul.notified(message bigint, class text default null, error text default null, hint text default null, pause_s bigint default null) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c_day constant interval := interval '1 day';
	m haul_store.message;
begin
	update haul_store.message o set tries = o.tries + 1, class = notified.class, error = left(notified.error, 1000), sent_at = case when class is null then tow.now() end,
		state = case when class is null then 'sent' when o.event = 'test' or o.made_at <= tow.now() - c_day then 'failed' else 'pending' end
	where o.id = message and o.state = 'pending' returning o.* into m;
	update haul_store.channel o set class = m.class, error = m.error, hint = left(notified.hint, 500), sent_at = coalesce(m.sent_at, o.sent_at),
		failed_at = case when m.class is not null then tow.now() end, next_at = case when pause_s > 0 then tow.now() + least(pause_s, 3600) * interval '1 s' end
	where o.id = m.channel;
	return m.state;
end $$;
comment on function haul.notified(bigint, text, text, text, bigint) is 'A message has been sent, or why it could not be, and for how long the channel asks to be left alone; what has become of it: sent, pending (it is tried again) or failed (given up, after a day).';
