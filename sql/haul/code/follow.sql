-- What a listing means for downloads: whose a transfer is, and how far its download has come. Part of haul.observe.

create or replace function haul_store.adopt(t haul_store.transfer, p_library int, p_state text) returns haul_store.download
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c haul_store.client;
	d haul_store.download;
begin
	select o.* into c from haul_store.client o where o.id = t.client;
	insert into haul_store.download (title, state, state_at, type, client, client_name, library, category, adopted, who, created_at)
	values (t.name, p_state, tow.now(), case when c.driver in ('sabnzbd', 'nzbget') then 'nzb' when c.driver = 'web' then 'http' else 'torrent' end,
		c.id, c.name, p_library, t.category, true, session_user, tow.now())
	returning * into d;
	update haul_store.transfer o set download = d.id where o.id = t.id;
	perform haul_store.note_event(d.id, 'adopted', format('found in client %s', c.name), null, p_state);
	return d;
end $$;
comment on function haul_store.adopt(haul_store.transfer, int, text) is 'Make a download of what a client holds.';

-- What was grabbed is found by its tag, whatever the client calls it; what others put into the client's own category or
-- tag is adopted where the operator said so, unless it says that it is done. What is new may be what a job is just giving to
-- it: that will say so within a minute.
create or replace function haul_store.link_transfers(c haul_store.client) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	t haul_store.transfer;
	l haul_store.library;
begin
	update haul_store.transfer o set download = w.id
	from haul_store.download w
	where o.client = c.id and o.download is null and o.tags <> '{}' and w.tag = any(o.tags) and w.client = c.id
		and not exists (select from haul_store.transfer x where x.download = w.id and x.missed = 0);
	if not c.adopt then
		return;
	end if;
	for t in
		select o.* from haul_store.transfer o
		where o.client = c.id and o.download is null and o.missed = 0 and o.state <> 'deleted'
			and (o.category = c.category or o.category ^@ (c.category || '/') or c.tag = any(o.tags))
			and (o.first_at < tow.now() - interval '1 minute' or not exists (select from haul_store.download a where a.client = c.id and a.state = 'approved'))
	loop
		select b.* into l from haul_store.library b order by (t.category = any(b.categories)) desc nulls last, b.id limit 1;
		continue when l.done_tag = any(t.tags);
		perform haul_store.adopt(t, l.id, 'downloading');
	end loop;
end $$;
comment on function haul_store.link_transfers(haul_store.client) is 'Find out whose a client''s transfers are.';

-- A job that was lost for good (its worker died with it again and again) is made anew; one that is there stays, by its key.
create or replace function haul_store.push(c haul_store.client) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	perform haul_store.go_on(d)
	from (select o.* from haul_store.download o
		where o.client = c.id and o.state in ('approved', 'downloaded', 'importing') and o.state_at < tow.now() - interval '1 minute'
		order by o.state_at limit 20) d;
end $$;
comment on function haul_store.push(haul_store.client) is 'See that what should be worked on is.';

create or replace function haul_store.follow(c haul_store.client) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	d haul_store.download;
	t haul_store.transfer;
	v_id bigint;
begin
	perform haul_store.link_transfers(c);
	perform haul_store.push(c);
	for v_id in
		select o.id from haul_store.download o join haul_store.transfer x on x.download = o.id
		where x.client = c.id and (o.state in ('queued', 'approved')
			or o.state = 'downloading' and (x.complete or x.state in ('missing', 'error', 'missing files', 'deleted'))
			or o.state = 'failed' and o.class ^@ 'transfer.' and x.missed = 0 and x.state not in ('error', 'missing files', 'deleted', 'missing'))
		order by o.id
	loop
		d := haul_store.see_download(v_id);
		select x.* into t from haul_store.transfer x where x.download = d.id order by x.missed, x.id limit 1;
		if d.state in ('queued', 'approved') then
			d := haul_store.move_to(d, 'downloading', format('client %s has it', c.name));
		elsif d.state = 'failed' then
			d := haul_store.move_to(d, 'downloading', 'it is well again');
		end if;
		if t.complete then
			d := haul_store.move_to(d, 'downloaded');
			perform haul_store.go_on(d);
		elsif t.state in ('missing', 'deleted') then
			perform haul_store.move_to(d, 'failed', 'not found in client', 'transfer.missing', 'it goes on when it is there again; tow haul retry has it downloaded anew');
		elsif t.state = 'missing files' or t.state = 'error' and t.local then
			perform haul_store.move_to(d, 'failed', coalesce(t.error, 'its files are missing'), 'transfer.local', 'mend the client''s disk or folder, then recheck');
		elsif t.state = 'error' then
			perform haul_store.move_to(d, 'failed', coalesce(t.error, 'the client gave it up'), 'transfer.error', 'it goes on when the client does');
		end if;
	end loop;
end $$;
comment on function haul_store.follow(haul_store.client) is 'Move downloads by what their client says.';
