-- How a download moves. Locks its row. Raises TW409 for a move that is none.
create or replace function haul_store.see_download(p_id bigint) returns haul_store.download
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	d haul_store.download;
begin
	select o.* into d from haul_store.download o where o.id = p_id for update;
	if not found then
		perform haul_store.fail('TW404', format('no download %s', coalesce(p_id::text, 'null')), 'tow haul ls lists them, or select id, title from haul.downloads');
	end if;
	return d;
end $$;
comment on function haul_store.see_download(bigint) is 'A download, locked; raises TW404.';

create or replace function haul_store.note_event(p_download bigint, p_what text, p_detail text, p_from text default null, p_to text default null) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	insert into haul_store.event (at, download, what, from_state, to_state, who, detail)
	values (tow.now(), p_download, p_what, p_from, p_to, tow_store.actor(), left(p_detail, 1000));
	select haul_store.tell_download(p_download, p_what, p_detail) where haul_store.is_told('download.' || p_what);
$$;
comment on function haul_store.note_event(bigint, text, text, text, text) is 'Write down what happened to a download, and tell it to whoever wants to know.';

-- What people do is in the audit of all, what came of it among the download's events.
create or replace function haul_store.note_verb(d haul_store.download, p_verb text, p_more jsonb default '{}') returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select tow.note('download.' || p_verb, d.id::text, jsonb_build_object('title', d.title) || p_more)
$$;
comment on function haul_store.note_verb(haul_store.download, text, jsonb) is 'Write down what somebody does with a download.';

-- As its client calls it, or is told to; a magnet says it before anybody has it.
create or replace function haul_store.hash_of(d haul_store.download) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select h.id
	from (select array(select unnest(t.key || t.ids) from haul_store.transfer t where t.download = d.id order by t.missed, t.id) || d.key || haul_store.hashes_of(d.link)) k(ids), unnest(k.ids) with ordinality h(id, n)
	where d.type = 'torrent' and h.id ~ '^[0-9a-f]{40}$' order by h.n limit 1
$$;
comment on function haul_store.hash_of(haul_store.download) is 'By which a torrent is known now; null: that is not known, or it is none.';

-- What was wrong is over once it moves on; a failure says what is wrong. Its hash may not be found any more later, but a link that is to
-- be read anew may lead to another torrent; what it led to is not needed any more at the end.
create or replace function haul_store.move_to(
	d haul_store.download, p_state text, p_detail text default null, p_class text default null, p_hint text default null
) returns haul_store.download
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_from constant text := d.state;
begin
	if not exists (select from haul_store.move m where m.from_state = d.state and m.to_state = p_state) then
		perform haul_store.fail('TW409', format('download %s is %s and cannot become %s', d.id, d.state, p_state),
			format('from there it can become %s', (select string_agg(m.to_state, ', ' order by m.to_state) from haul_store.move m where m.from_state = d.state)));
	end if;
	update haul_store.download o set state = p_state, state_at = tow.now(), class = p_class, error = case when p_class is not null then p_detail end, hint = p_hint,
		back = case when p_state in ('paused', 'failed') then v_from else o.back end, let = false,
		completed_at = case when p_state = 'completed' then tow.now() end,
		hash = case when p_state <> 'approved' or o.data is not null or o.link is null or o.link ~* '^magnet:' then coalesce(o.hash, haul_store.hash_of(o)) end, data = case when p_state <> 'completed' or o.link is null then o.data end
	where o.id = d.id returning o.* into d;
	perform haul_store.note_event(d.id, p_state, p_detail, v_from, p_state);
	return d;
end $$;
comment on function haul_store.move_to(haul_store.download, text, text, text, text) is 'Move a download into another state.';

-- One job of a download and stage at a time; whoever asks again gets the one that is there. It begins when job p_after has
-- ended.
create or replace function haul_store.errands(p_download bigint, p_kinds text[]) returns bigint[]
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select array_agg(e.job order by e.job) from haul_store.errand e
	where e.download = p_download and e.kind = any(p_kinds) and tow.state(e.job) not in ('completed', 'failed', 'cancelled')
$$;
comment on function haul_store.errands(bigint, text[]) is 'Jobs of these kinds that work on a download and have not ended; null: there are none.';

-- A job of the queue haul that works on a download, after those others of it.
create or replace function haul_store.send(d haul_store.download, p_kind text, p_args jsonb, p_key text, p_after bigint[]) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_job constant bigint := tow.enqueue(p_kind, jsonb_build_object('download', d.id) || p_args, queue => 'haul', key => p_key, policy => 'haul.work',
		tags => array['download:' || d.id], after => p_after, if_failed => case when p_after is null then 'cancel' else 'go' end);
begin
	delete from haul_store.errand e where e.download = d.id and coalesce(tow.state(e.job) in ('completed', 'failed', 'cancelled'), true);
	insert into haul_store.errand (download, job, kind) values (d.id, v_job, p_kind) on conflict do nothing;
	return v_job;
end $$;
comment on function haul_store.send(haul_store.download, text, jsonb, text, bigint[]) is 'Have a job work on a download, when others of it have ended.';

-- One job of a download and stage at a time; whoever asks again gets the one that is there. What a client was told before
-- comes before it is given the download anew, and files are placed and taken back one after the other.
create or replace function haul_store.launch(d haul_store.download, p_kind text) returns bigint
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	update haul_store.download o set let = true where o.id = d.id and p_kind = 'haul.grab' and not o.let;
	select haul_store.send(d, p_kind, '{}', format('%s:%s', p_kind, d.id),
		haul_store.errands(d.id, case p_kind when 'haul.grab' then '{haul.act}'::text[] when 'haul.import' then '{haul.undo}' else '{haul.import}' end))
$$;
comment on function haul_store.launch(haul_store.download, text) is 'Have a job work on a download.';

-- As haul.observe, which locks the client's health, then its transfers, then downloads.
create or replace function haul_store.hold_download(p_id bigint) returns haul_store.download
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	perform from haul_store.health h where h.client = (select o.client from haul_store.download o where o.id = p_id) for no key update;
	return haul_store.see_download(p_id);
end $$;
comment on function haul_store.hold_download(bigint) is 'A download for whoever changes its transfers, too: locked after its client''s health; raises TW404.';

create or replace function haul_store.is_open(p_state text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select not s.final from haul_store.state s where s.name = p_state
$$;
comment on function haul_store.is_open(text) is 'Whether a download in this state is still under way.';
