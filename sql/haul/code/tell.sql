-- What happens is told here, in its own transaction, and costs one look at the rules where none wants it. Nobody waits for
-- anybody: whoever tells by a rule while another transaction does leaves the job to that one. What falls between two stools by
-- this (that one is undone, or its job is over before the news is committed) is found by haul_store.remind.

create or replace function haul_store.is_told(p_event text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select exists (select from haul_store.rule r join haul_store.channel c on c.id = r.channel
		where r.enabled and c.enabled and haul_store.event_fits(p_event, r.events))
$$;
comment on function haul_store.is_told(text) is 'Whether any rule wants an event.';

-- One job a rule that waits for its delay; each sends all that its channel has.
create or replace function haul_store.notify(r haul_store.rule, p_delay interval, p_on_conflict text default 'ignore') returns bigint
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select tow.enqueue('haul.notify', jsonb_build_object('channel', c.name), queue => 'haul', key => 'haul.notify:' || r.id, key_scope => 'queued',
		on_conflict => p_on_conflict, run_at => case when p_delay > '0' then tow.now() + p_delay end, policy => 'haul.notify')
	from haul_store.channel c where c.id = r.channel
$$;
comment on function haul_store.notify(haul_store.rule, interval, text) is 'Have what a rule has gathered sent.';

create or replace function haul_store.tell_one(r haul_store.rule, p_event text, p_subject text, p_said jsonb) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if not haul_store.event_fits(p_event, r.events, p_said) or p_said ->> 'library' <> all(r.libraries) or r.libraries is not null and p_said ->> 'library' is null
		or r.categories is not null and not exists (select from unnest(r.categories) g where p_said ->> 'category' = g or p_said ->> 'category' ^@ (g || '/')) then
		return;
	end if;
	insert into haul_store.news (rule, event, subject, said, at)
	select r.id, p_event, p_subject, jsonb_object_agg(e.key, haul_store.mask(e.value)), tow.now()
	from jsonb_each_text(p_said || jsonb_build_object('event', p_event)) e where e.value <> '';
	perform haul_store.notify(r, r.delay) where pg_try_advisory_xact_lock(7630760, r.id);
end $$;
comment on function haul_store.tell_one(haul_store.rule, text, text, jsonb) is 'Tell by one rule, if it wants to.';

-- p_ends: events of the same subject that are over by this. Where they were not told yet neither they are nor this: nobody
-- wants to know of a client that was down for a moment, and is back. (Unless it was ill in another way before, and that was told.)
create or replace function haul_store.tell(p_event text, p_subject text, p_said jsonb, p_ends text[] default '{}') returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_over int[];
begin
	with over as (delete from haul_store.news n where n.subject = p_subject and n.event = any(p_ends) returning n.rule, n.said)
	select coalesce(array_agg(o.rule), '{}') into v_over from over o where not o.said ? 'still';
	perform haul_store.tell_one(r, p_event, p_subject, p_said)
	from (select o.* from haul_store.rule o join haul_store.channel c on c.id = o.channel where o.enabled and c.enabled and o.id <> all(v_over) order by o.id) r;
end $$;
comment on function haul_store.tell(text, text, jsonb, text[]) is 'Tell whoever wants to know that something has happened.';

create or replace function haul_store.tell_download(p_download bigint, p_what text, p_detail text) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select haul_store.tell('download.' || p_what, 'download:' || d.id, jsonb_build_object('id', d.id, 'title', d.title, 'state', d.state, 'error', d.error,
		'hint', d.hint, 'detail', p_detail, 'client', d.client_name, 'library', l.name, 'category', d.category))
	from haul_store.download d left join haul_store.library l on l.id = d.library
	where d.id = p_download
$$;
comment on function haul_store.tell_download(bigint, text, text) is 'Tell what happened to a download.';

-- The first look at a new client that is well is no news.
create or replace function haul_store.tell_client(p_client int, p_was haul_store.health) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c_ills constant text[] := '{client.down,client.auth_failed,client.banned,client.misconfigured,client.suspect}'::text[];
	h haul_store.health;
	v_said jsonb;
begin
	select o.* into h from haul_store.health o where o.client = p_client;
	select jsonb_build_object('client', c.name, 'error', h.error, 'hint', h.hint, 'state', h.state) into v_said from haul_store.client c where c.id = p_client;
	if h.state = 'ok' and p_was.state not in ('ok', 'new') then
		perform haul_store.tell('client.back', 'client:' || p_client, v_said || jsonb_build_object('detail', date_trunc('second', h.since - p_was.since)), c_ills);
	elsif h.state not in ('ok', 'new') and h.state <> p_was.state then
		perform haul_store.tell('client.' || replace(h.state, ' ', '_'), 'client:' || p_client,
			v_said || case when p_was.state in ('ok', 'new') then '{}' else jsonb '{"still": true}' end, '{client.back}');
	end if;
end $$;
comment on function haul_store.tell_client(int, haul_store.health) is 'Tell how a client is, where that has changed.';

-- A tenth more than what is low must be free before it is well again.
create or replace function haul_store.tell_disk(p_what text, p_name text, p_free bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c_subject constant text := format('%s:%s', p_what, p_name);
	c_said constant jsonb := jsonb_build_object(p_what, p_name, 'free', pg_size_pretty(p_free), 'free_bytes', p_free);
	r haul_store.rule;
begin
	for r in select o.* from haul_store.rule o join haul_store.channel c on c.id = o.channel where o.enabled and c.enabled and o.below is not null order by o.id loop
		if p_free < r.below then
			insert into haul_store.low (rule, subject) values (r.id, c_subject) on conflict do nothing;
			perform haul_store.tell_one(r, p_what || '.disk_low', c_subject, c_said) where found;
		elsif p_free >= r.below * 1.1 then
			delete from haul_store.low o where o.rule = r.id and o.subject = c_subject;
			perform haul_store.tell_one(r, p_what || '.disk_ok', c_subject, c_said) where found;
		end if;
	end loop;
end $$;
comment on function haul_store.tell_disk(text, text, bigint) is 'Tell of a disk that is getting full, to the rules that say what that is.';

create or replace function haul_store.tell_target(t haul_store.target, p_was text) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select haul_store.tell(case when t.class is null then 'target.back' else 'target.failing' end, 'target:' || t.id,
		jsonb_build_object('target', t.name, 'error', t.error, 'hint', t.hint), case when t.class is null then '{target.failing}'::text[] else '{target.back}' end)
	where (t.class is null) <> (p_was is null)
$$;
comment on function haul_store.tell_target(haul_store.target, text) is 'Tell how a target is, where that has changed; p_was: the class of what was wrong with it.';

-- News, messages and changed folders that no job cares for any more: it was lost, has used up its attempts, or somebody cancelled
-- it. Asked at each look at a client.
create or replace function haul_store.remind() returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	perform haul_store.notify(r, '0')
	from (select o.* from haul_store.rule o join haul_store.channel c on c.id = o.channel
		where c.enabled and exists (select from haul_store.news n where n.rule = o.id and n.at < tow.now() - o.delay - interval '30 s')) r
	where pg_try_advisory_xact_lock(7630760, r.id);
	perform haul_store.wake_channel(c)
	from (select o.* from haul_store.channel o, lateral (select m.job from haul_store.message m where m.channel = o.id and m.state = 'pending' order by m.id limit 1) m
		where o.enabled and coalesce(o.next_at < tow.now(), true) and coalesce(tow.state(m.job) not in ('ready', 'scheduled', 'retrying', 'running'), true)) c;
	perform haul_store.launch_scan(t)
	from (select o.* from haul_store.target o, lateral (select x.job from haul_store.change x where x.target = o.id and x.since < tow.now() - o.delay - interval '30 s' order by x.since limit 1) x
		where o.enabled and coalesce(tow.state(x.job) not in ('ready', 'scheduled', 'retrying', 'running'), true)) t;
end $$;
comment on function haul_store.remind() is 'Have told what was left lying.';
