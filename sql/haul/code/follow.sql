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
		c.id, c.name, p_library, t.category, true, tow_store.actor(), tow.now())
	returning * into d;
	perform haul_store.begin_tending();
	update haul_store.transfer o set download = d.id where o.id = t.id;
	update haul_store.download o set key = t.key where o.id = d.id;
	perform haul_store.note_event(d.id, 'adopted', format('found in client %s', c.name), null, p_state);
	return d;
end $$;
comment on function haul_store.adopt(haul_store.transfer, int, text) is 'Make a download of what a client holds.';

-- Where a client's operator has made that the category of what is to be placed it means nothing.
create or replace function haul_store.is_put_away(t haul_store.transfer, p_category text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select t.category is distinct from p_category and exists (select from haul_store.library l where l.done_category = t.category)
$$;
comment on function haul_store.is_put_away(haul_store.transfer, text) is 'Whether a transfer is in a category where what is placed is put; p_category: the one that is looked through for what is not.';

-- What was grabbed is found by its tag, whatever the client calls it (one on another torrent is of another Towpath), or by what that called it before it was dropped and
-- set up again; what others put into the client's own category or tag is adopted where the operator said so, unless it
-- says that it is done. By its key alone nothing is what was to be given to a client with tags: somebody else may have put it
-- there first. What is new may be what a job is just giving to it: that will say so within a minute. A download gets one of
-- several that bear its tag, and what is to go comes back to no one that had it once.
create or replace function haul_store.link_transfers(c haul_store.client) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	t haul_store.transfer;
	l haul_store.library;
begin
	update haul_store.transfer o set download = f.download, leaving = null, leave_at = null
	from (select distinct on (u.download) u.id, u.download from (
		select x.id, x.missed, w.id as download
		from haul_store.transfer x cross join lateral unnest(x.tags) g(tag) join haul_store.download w on w.tag = g.tag and not haul_store.is_another(w.hash, x.ids || x.key)
		where x.client = c.id and w.client = c.id and (x.download is null or x.leaving is not null and x.download <> w.id and w.forgotten_at is null and haul_store.is_open(w.state))
		union
		select x.id, x.missed, max(w.id) from haul_store.transfer x join haul_store.download w on w.key = x.key
		where x.client = c.id and w.client = c.id and x.download is null and x.leaving is null and (w.state <> 'approved' and (w.state <> 'paused' or w.back <> 'approved') or not haul_store.can_tag(c.id)) group by x.id) u
		order by u.download, u.missed, u.id) f
	where o.id = f.id and not exists (select from haul_store.transfer x where x.download = f.download and x.missed = 0);
	if not c.adopt then
		return;
	end if;
	for t in
		select o.* from haul_store.transfer o
		where o.client = c.id and o.download is null and o.leaving is null and o.missed = 0 and o.state <> 'deleted'
			and (o.category = c.category or o.category ^@ (c.category || '/') or c.tag = any(o.tags))
			and (o.first_at < tow.now() - interval '1 minute' or not exists (select from haul_store.download a where a.client = c.id and a.state = 'approved'))
	loop
		l := haul_store.library_for(t.category);
		continue when l.done_tag = any(t.tags) or haul_store.is_put_away(t, c.category);
		perform haul_store.adopt(t, l.id, 'downloading');
	end loop;
end $$;
comment on function haul_store.link_transfers(haul_store.client) is 'Find out whose a client''s transfers are.';

-- What a client took and does not list: some say yes to what they hold already, or cannot read, and drop it. Nothing is known of what
-- it holds while it is not well. One that is seen later goes on.
create or replace function haul_store.give_up_unlisted(c haul_store.client) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c_patience constant interval := interval '10 minutes';
	d haul_store.download;
begin
	if not exists (select from haul_store.health h where h.client = c.id and h.state = 'ok' and h.since < tow.now() - c_patience) then
		return;
	end if;
	for d in
		select o.* from haul_store.download o
		where o.client = c.id and o.state = 'downloading' and o.state_at < tow.now() - c_patience and not exists (select from haul_store.transfer t where t.download = o.id)
		order by o.id limit 20
	loop
		d := haul_store.see_download(d.id);
		continue when d.state <> 'downloading'; -- somebody was faster
		perform haul_store.move_to(d, 'failed', format('client %s took it, and does not list it', c.name), 'transfer.missing',
			format('it may be there already for somebody else, or in another category: look there; then tow haul retry %s gives it to it anew', d.id));
	end loop;
end $$;
comment on function haul_store.give_up_unlisted(haul_store.client) is 'Fail what a client was given and has dropped without a word.';

-- What waits for room or its turn, the most urgent first. And jobs that were lost for good (their worker died with them again
-- and again) are made anew; one that is there stays, by its key: some are looked at each time, whichever.
create or replace function haul_store.push(c haul_store.client) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	d haul_store.download;
begin
	for d in select o.* from haul_store.download o where o.client = c.id and o.state = 'approved' and not o.let order by o.priority, o.state_at limit 20 loop
		perform haul_store.launch(d, 'haul.grab') where haul_store.held_back(d) is null;
	end loop;
	perform haul_store.go_on(x)
	from (select o.* from haul_store.download o
		where o.client = c.id and (o.state = 'approved' and o.let or o.state in ('downloaded', 'importing') and o.library is not null) and o.state_at < tow.now() - interval '1 minute'
		order by random() limit 20) x;
end $$;
comment on function haul_store.push(haul_store.client) is 'See that what should be worked on is.';

create or replace function haul_store.follow(c haul_store.client, p_clock interval) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	d haul_store.download;
	t haul_store.transfer;
	v_id bigint;
begin
	perform haul_store.link_transfers(c);
	perform haul_store.end_spells(c.id);
	perform haul_store.push(c);
	for v_id in
		select o.id from haul_store.download o join haul_store.transfer x on x.download = o.id
		where x.client = c.id and x.leaving is null and (o.state in ('queued', 'approved') and x.missed = 0
			or o.state = 'downloading' and x.complete and x.missed = 0
			or o.state = 'failed' and o.class ^@ 'transfer.' and x.missed = 0
				and not exists (select from haul_store.spell s where s.download = o.id and 'transfer.' || s.trouble = o.class))
		order by o.id
	loop
		d := haul_store.see_download(v_id);
		continue when d.state not in ('queued', 'approved', 'downloading') and not (d.state = 'failed' and d.class ^@ 'transfer.'); -- somebody was faster
		select x.* into t from haul_store.transfer x where x.download = d.id and x.leaving is null order by x.missed, x.id limit 1;
		if d.state in ('queued', 'approved') then
			d := haul_store.move_to(d, 'downloading', format('client %s has it', c.name));
		elsif d.state = 'failed' then
			d := haul_store.move_to(d, 'downloading', 'it is well again');
			update haul_store.transfer x set moved = p_clock where x.id = t.id;
		end if;
		if t.complete and t.missed = 0 then
			d := haul_store.move_to(d, 'downloaded');
			perform haul_store.go_on(d);
		end if;
	end loop;
	perform haul_store.escalate(c.id, p_clock);
	perform haul_store.give_up_unlisted(c);
	perform haul_store.try_again(c.id);
	perform haul_store.clear_out(c.id);
end $$;
comment on function haul_store.follow(haul_store.client, interval) is 'Move downloads by what their client says.';
