-- Placing a download's files: what a job is told, what it says of each file, and the end, which in one transaction
-- records that the files are here, whom to tell of it, and that the client be told. Each locks the download's row.
-- TW410: the job is not the one that is at it, or the download has moved on: let it be. TW425: its client is not well: later.

create or replace function haul_store.client_conf(p_client int)
returns table(driver text, url text, user_name text, secret text, category text, tag text, timeout_ms bigint, revision int)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select c.driver, c.url, c.user_name, c.secret, c.category, c.tag, (extract(epoch from c.timeout) * 1000)::bigint, c.revision from haul_store.client c where c.id = p_client
$$;
comment on function haul_store.client_conf(int) is 'How to reach a client, by its settings of which revision.';

-- Whoever logs in with what is known to be wrong gets us banned; one that does not answer is asked by its monitor alone, and one
-- that is disabled by nobody.
create or replace function haul_store.check_well(p_client int) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_name text;
	v_how text;
begin
	select c.name, case when c.enabled then h.state else 'disabled' end into v_name, v_how from haul_store.client c join haul_store.health h on h.client = c.id
	where c.id = p_client and (not c.enabled or h.state in ('down', 'auth failed', 'banned', 'misconfigured'));
	if found then
		perform haul_store.fail('TW425', format('client %s is %s', v_name, v_how), 'it goes on when its client is well');
	end if;
end $$;
comment on function haul_store.check_well(int) is 'Raises TW425 while a client is disabled, or its monitor knows that it cannot be asked.';

-- The download that a job is for, while it is in one of these states.
create or replace function haul_store.work_on(p_download bigint, p_states text[]) returns haul_store.download
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	d haul_store.download;
begin
	select o.* into d from haul_store.download o where o.id = p_download for update;
	if not found or d.state <> all(p_states) then
		perform haul_store.fail('TW410', format('download %s is %s', p_download, coalesce(d.state, 'gone')), 'there is nothing to do');
	elsif d.client is null then
		perform haul_store.fail('TW410', format('client %s of download %s is not configured', coalesce(d.client_name, '?'), d.id), 'it goes on when one of that name is');
	end if;
	return d;
end $$;
comment on function haul_store.work_on(bigint, text[]) is 'A download that a job works on, locked; raises TW410 when there is nothing to do.';

create or replace function haul.begin_grab(download bigint)
returns table(driver text, url text, user_name text, secret text, category text, tag text, timeout_ms bigint, link text, data text, name text, own_tag text, options jsonb, into_category text, revision int, type text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	d constant haul_store.download := haul_store.work_on(begin_grab.download, '{approved}');
	v_magnet constant text := case when substr(d.data, 1, 7) = 'magnet:'::bytea then convert_from(d.data, 'UTF8') end;
begin
	perform haul_store.check_well(d.client);
	return query select c.driver, c.url, c.user_name, c.secret, coalesce(d.category, c.category), c.tag, c.timeout_ms,
			coalesce(v_magnet, case when d.data is null then d.link end), case when v_magnet is null then encode(d.data, 'hex') end, case when d.type = 'http' then coalesce(haul_store.title_of(d.link), d.title) else d.title end, d.tag, d.options, d.category, c.revision, d.type
		from haul_store.client_conf(d.client) c;
end $$;
comment on function haul.begin_grab(bigint) is 'For the job that gives a download to its client: whom to ask, for what. link is null where what it leads to is known: data, or a magnet in its place.';

-- Trackers count how often their links are read.
create or replace function haul.keep_source(download bigint, source bytea) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	update haul_store.download d set data = keep_source.source where d.id = keep_source.download and d.state = 'approved' and d.link is not null and d.data is null
$$;
comment on function haul.keep_source(bigint, bytea) is 'For the job that gives a download to its client: what its link led to, a .torrent or a magnet. Another attempt gets that, and the link is not read again.';

-- One that was given up or is in no list any more holds nothing: whoever comes next gets it.
create or replace function haul_store.holder(p_client int, p_keys text[], p_but bigint) returns haul_store.download
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select w.* from haul_store.transfer t join haul_store.download w on w.id = t.download
	where t.client = p_client and (t.key = any(p_keys) or t.ids && p_keys) and t.leaving is null and t.missed < 3 and t.state <> 'removed'
		and w.id is distinct from p_but and w.forgotten_at is null and w.state not in ('cancelled', 'rejected') limit 1
$$;
comment on function haul_store.holder(int, text[], bigint) is 'The download for which a client holds what it calls one of these, but this one; null: none.';

create or replace function haul_store.hint_of_holder(w haul_store.download) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select case when haul_store.is_open(w.state) then format('it comes with that one: tow haul ls; or give that one up: tow haul cancel %s', w.id)
		else format('take that one out of the list: tow haul forget %s (its files stay); then this one gets what the client holds', w.id) end
$$;
comment on function haul_store.hint_of_holder(haul_store.download) is 'What to do about a transfer that is another download''s.';

-- What comes into the client by that hash later is not for this one. Whether it was being given shows in what it was.
create or replace function haul_store.take_back_key(d haul_store.download) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	update haul_store.download o set key = null
	where o.id = d.id and (d.state = 'approved' or d.state = 'paused' and d.back = 'approved') and not exists (select from haul_store.transfer t where t.download = d.id)
$$;
comment on function haul_store.take_back_key(haul_store.download) is 'Forget the hash of what was to be given to a client, which has not taken it; d: as it was until then.';

create or replace function haul_store.refuse_held(d haul_store.download, w haul_store.download) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select haul_store.move_to(d, 'failed', format('client %s holds it for download %s, which is %s', d.client_name, w.id, w.state), 'client.held', haul_store.hint_of_holder(w));
	select haul_store.take_back_key(d);
$$;
comment on function haul_store.refuse_held(haul_store.download, haul_store.download) is 'Fail a download because of another one, for which its client holds the same.';

create or replace function haul_store.refuse_strangers(d haul_store.download) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select haul_store.move_to(d, 'failed', format('client %s holds it already, and not for this Towpath', d.client_name), 'client.held',
		format('remove it there, and then: tow haul retry %s', d.id) || coalesce((select
			format('; or cancel this one and have that one adopted, with all else of the client''s %s: put it there, and tow client set %s --adopt', case when c.category is not null then 'category' else 'tag' end, c.name)
			from haul_store.client c where c.id = d.client and num_nonnulls(c.category, c.tag) > 0), ''));
	select haul_store.take_back_key(d);
$$;
comment on function haul_store.refuse_strangers(haul_store.download) is 'Fail a download because its client holds the same for somebody else: it could be deleted, data and all, when what is ours has ended.';

-- Others know a download by its key alone; so does Transmission before 4, which gets labels a request later, and that may be lost.
create or replace function haul_store.can_tag(p_client int) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select exists (select from haul_store.client c join haul_store.health h on h.client = c.id
		where c.id = p_client and (c.driver in ('qbittorrent', 'rtorrent') or c.driver = 'transmission' and h.version !~ '^[0-3]\.'))
$$;
comment on function haul_store.can_tag(int) is 'Whether torrents that a client was given bear tags of their own there, from the first moment.';

create or replace function haul_store.is_another(p_hash text, p_ids text[]) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select coalesce(p_hash <> all(p_ids) and exists (select from unnest(p_ids) i(id) where i.id ~ '^[0-9a-f]{40}$'), false)
$$;
comment on function haul_store.is_another(text, text[]) is 'Whether what a client knows by these names is another torrent than that of a hash.';

-- Another Towpath, of another database, gives tags of the same kind: one that no download here ever had, or that belongs to another
-- torrent here, is of that one.
create or replace function haul_store.is_our_tag(p_tag text, p_ids text[]) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select coalesce(p_tag ~ '^tow-\d{1,18}$' and substr(p_tag, 5)::bigint <= pg_sequence_last_value(pg_get_serial_sequence('haul_store.download', 'id')::regclass)
		and not exists (select from haul_store.download o where o.tag = p_tag and haul_store.is_another(o.hash, p_ids)), false)
$$;
comment on function haul_store.is_our_tag(text, text[]) is 'Whether a tag on a torrent of these names was given by us.';

-- By its tag, or because it is, or was, what a download of this client got: but that of p_but may not have got there yet. Where there
-- are tags only what was adopted has none.
create or replace function haul_store.was_ours(t haul_store.transfer, p_but bigint default null) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select t.download is not null or exists (select from unnest(t.tags) g(tag) where haul_store.is_our_tag(g.tag, t.ids || t.key))
		or exists (select from haul_store.download o where o.client = t.client and (o.key = t.key or o.key = any(t.ids)) and o.id is distinct from p_but
			and (o.adopted or not haul_store.can_tag(o.client)))
$$;
comment on function haul_store.was_ours(haul_store.transfer, bigint) is 'Whether what a client holds was given to it by us, or adopted, and is not somebody else''s.';

-- Where the client has no tags, its key is all that tells whose it is: it is noted before the first listing that has it. What
-- was there before this one was to be given is not what it got; but other ids than a torrent's are nobody else's.
-- Locks the transfer before the download, as haul.observe does.
create or replace function haul.grabbed(download bigint, key text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d haul_store.download;
	w haul_store.download;
begin
	perform haul_store.look_now((select o.client from haul_store.download o where o.id = grabbed.download)); -- locks its health first, as haul.observe
	d := haul_store.work_on(download, '{approved,downloading,cancelled,paused}');
	w := haul_store.holder(d.client, array[key], d.id);
	if w.id is not null and d.state in ('approved', 'downloading') then
		perform haul_store.refuse_held(d, w);
		return;
	elsif d.type = 'torrent' and exists (select from haul_store.transfer t where t.client = d.client and t.key = grabbed.key and t.leaving is null and t.missed = 0 and t.first_at < d.state_at and not haul_store.was_ours(t)) then
		perform haul_store.refuse_strangers(d) where d.state in ('approved', 'downloading');
		return;
	elsif d.state = 'approved' then
		d := haul_store.move_to(d, 'downloading', format('given to client %s', d.client_name));
	end if;
	update haul_store.download o set key = coalesce(grabbed.key, o.key) where o.id = d.id;
	insert into haul_store.transfer (client, key, download, name, state, first_at, changed_at, pulse_at, moved)
	select h.client, grabbed.key, d.id, d.title, 'unknown', tow.now(), tow.now(), tow.now(), h.observed
	from haul_store.health h where h.client = d.client and grabbed.key is not null
	on conflict on constraint transfer_client_key_key do nothing;
	update haul_store.transfer t set download = null
	where t.download = d.id and t.leaving is not null and t.key <> grabbed.key or t.client = d.client and t.key = grabbed.key and t.download <> d.id and w.id is null;
	update haul_store.transfer t set download = d.id, leaving = null, leave_at = null, moved = h.observed from haul_store.health h
	where t.client = d.client and h.client = t.client
		and case when grabbed.key is null then t.download = d.id and t.leaving = 'again' else t.key = grabbed.key and (t.download is null or t.leaving is not null) end;
	if d.state = 'paused' then -- while it was given to the client
		update haul_store.download o set back = 'downloading' where o.id = d.id;
		perform haul_store.act(d, 'pause');
	end if;
end $$;
comment on function haul.grabbed(bigint, text) is 'The client has taken it; key: what it calls it, if it says so. What it held before for somebody else it has not taken, and this one fails.';

-- Of two that are given to it in the same moment the later one finds the hash of the other, which no listing has yet.
create or replace function haul_store.given_now(d haul_store.download, p_keys text[]) returns haul_store.download
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select o.* from haul_store.download o
	where o.key = any(p_keys) and o.client = d.client and o.id <> d.id and o.state in ('approved', 'downloading') and o.forgotten_at is null
		and not exists (select from haul_store.transfer t where t.download = o.id)
	order by o.id limit 1
$$;
comment on function haul_store.given_now(haul_store.download, text[]) is 'Another download for which the same is being given to its client; null: none.';

-- What a listing of ours has, else what the client said when it was asked for it: it may be where no listing of ours looks. Of what
-- both have that is the newer word.
create or replace function haul_store.held_there(d haul_store.download, p_keys text[], p_there jsonb) returns haul_store.transfer
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	t haul_store.transfer;
begin
	select o.* into t from haul_store.transfer o
	where o.client = d.client and (o.key = any(p_keys) or o.ids && p_keys) and o.leaving is null and o.missed = 0 and o.state <> 'removed' limit 1;
	if p_there is not null then
		select d.client, coalesce(t.key, l.key), l.ids, l.tags into t.client, t.key, t.ids, t.tags
		from haul_store.listed(jsonb_build_object('transfers', jsonb_build_array(p_there))) l;
	end if;
	return t;
end $$;
comment on function haul_store.held_there(haul_store.download, text[], jsonb) is 'What a client holds by one of these names, without an id where no listing of ours has it; key null: nothing.';

-- Whoever asks for a torrent is told here whose it is: most clients do not say, and some say nothing at all. One that is being given
-- to it for another download comes again (TW425) when the client has taken that one, or has not. What somebody else gave to it stays
-- theirs. Where there are no tags it is ours if it was to be given before: the answer may have been lost. Locks as haul.observe does.
create or replace function haul.held(download bigint, hash text, second text default null, there jsonb default null) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d constant haul_store.download := haul_store.hold_download(download);
	v_keys constant text[] := array_remove(array[hash, left(second, 40), second], null);
	w haul_store.download := haul_store.holder(d.client, v_keys, d.id);
	t haul_store.transfer;
begin
	if d.state <> 'approved' then
		return true;
	end if;
	update haul_store.download o set hash = held.hash where o.id = d.id and held.hash ~ '^[0-9a-f]{40}$';
	if w.id is null then
		w := haul_store.given_now(d, v_keys);
	end if;
	if w.state = 'approved' then
		perform haul_store.fail('TW425', format('download %s is being given to client %s', w.id, d.client_name), 'it goes on when that is done');
	elsif w.id is not null then
		perform haul_store.refuse_held(d, w);
		return true;
	end if;
	t := haul_store.held_there(d, v_keys, there);
	if t.key is not null and not haul_store.was_ours(t, d.id) and (haul_store.can_tag(d.client) or d.key is distinct from hash) then
		perform haul_store.refuse_strangers(d);
		return true;
	end if;
	update haul_store.download o set key = coalesce(o.key, held.hash) where o.id = d.id;
	perform haul.grabbed(d.id, t.key) where t.id is not null;
	return t.id is not null;
end $$;
comment on function haul.held(bigint, text, text, jsonb) is 'For the job that gives a download to its client: whether that is not to be done, because the client holds the torrent of that hash: for another download or for somebody else, and this one fails, or for nobody of ours any more, and this one gets it; or because somebody has paused it meanwhile, or given it up. second: its hash of version 2; there: what the client, asked for it in whatever category, said that it holds, as in a listing.';

create or replace function haul.give_up(download bigint, class text, error text, hint text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d haul_store.download := haul_store.see_download(download);
begin
	if exists (select from haul_store.move m where m.from_state = d.state and m.to_state = 'failed') then
		perform haul_store.move_to(d, 'failed', error, coalesce(nullif(class, ''), 'unknown'),
			nullif(concat_ws('; ', nullif(hint, ''), case when class in ('release.gone', 'release.page', 'release.empty', 'http.url') and haul_store.is_web(d.client) then format('for another link: tow haul relink %s LINK', d.id)
				when class = 'release.volumes' then (select format('volumes are unpacked where one download holds all of them, as a torrent or an nzb does; to have it placed as it is: tow library set %s --unpack off, then tow haul retry %s', l.name, d.id)
					from haul_store.library l where l.id = d.library)
				when class = 'release.refused' then (select format('tow library set %s --unpack off leaves archives as they are; then tow haul retry %s', l.name, d.id)
					from haul_store.library l where l.id = d.library) end), ''));
		perform haul_store.take_back_key(d);
		perform haul_store.rest_transfer(d, 'error');
		update haul_store.transfer t set percent = 0, left_bytes = t.size where t.download = d.id and class = 'release.checksum' and haul_store.is_web(t.client); -- the worker has deleted it
	end if;
end $$;
comment on function haul.give_up(bigint, text, text, text) is 'A job could not do its part, and will not try again.';

-- What seeds needs its files where they are: it is not moved. No mode at all: it waits until it has stopped.
create or replace function haul_store.modes_of(d haul_store.download, l haul_store.library, t haul_store.transfer) returns text[]
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case when d.type <> 'torrent' or t.complete and t.state in ('done', 'paused') then l.modes else array_remove(l.modes, 'move') end
$$;
comment on function haul_store.modes_of(haul_store.download, haul_store.library, haul_store.transfer) is 'How a download''s files may be placed now.';

create or replace function haul_store.import_conf(d haul_store.download)
returns table(driver text, url text, user_name text, secret text, category text, tag text, timeout_ms bigint, key text, who text, root text, modes text,
	inner_links boolean, verify boolean, file_mode int, dir_mode int, owner_name text, group_name text, reserve bigint, unpack_folder text, unpack_bytes bigint, unpack_times int, unpack_files bigint, revision int)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
	if d.library is null then
		perform haul_store.fail('TW404', format('download %s has no library', d.id), 'add one: tow library add NAME ROOT');
	end if;
	perform haul_store.check_well(d.client);
	return query select c.driver, c.url, c.user_name, c.secret, c.category, c.tag, c.timeout_ms, t.key, 'tow' || d.id, l.root, array_to_string(haul_store.modes_of(d, l, t), ','), l.inner_links, l.verify,
			l.file_mode, l.dir_mode, l.owner_name, l.group_name, l.reserve, haul_store.unpack_folder(d), l.unpack_bytes, l.unpack_times, l.unpack_files::bigint, c.revision
		from haul_store.client_conf(d.client) c, haul_store.library l, haul_store.transfer t
		where l.id = d.library and t.download = d.id order by t.missed, t.id limit 1;
	if not found then
		perform haul_store.fail('TW404', format('no client holds download %s', d.id), 'tow haul retry has it downloaded anew');
	end if;
end $$;
comment on function haul_store.import_conf(haul_store.download) is 'From whom a download''s files come, where they go, and how.';

create or replace function haul.begin_import(download bigint)
returns table(driver text, url text, user_name text, secret text, category text, tag text, timeout_ms bigint, key text, who text, root text, modes text,
	inner_links boolean, verify boolean, file_mode int, dir_mode int, owner_name text, group_name text, reserve bigint, unpack_folder text, unpack_bytes bigint, unpack_times int, unpack_files bigint, revision int)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	d haul_store.download := haul_store.work_on(begin_import.download, '{downloaded,importing}');
begin
	update haul_store.download o set title = t.name from haul_store.transfer t -- one that its link did not name
	where o.id = d.id and t.download = d.id and o.title = o.type and t.name <> '' and t.missed = 0;
	return query select c.* from haul_store.import_conf(d) c;
	if d.state = 'downloaded' then
		perform haul_store.move_to(d, 'importing');
	end if;
end $$;
comment on function haul.begin_import(bigint) is 'For the job that places a download''s files: from whom, where to, how.';

-- mode '': nothing was done, because the very file was there (adopted), or another one that stays. same: nothing either,
-- because it is the client's own, by the client's own name.
create or replace function haul.placed(
	file bigint, target text, mode text, hash text, size bigint, dev numeric, ino numeric, replaced text, adopted boolean default true, former_size bigint default null, former_ino numeric default null
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	f haul_store.file;
begin
	update haul_store.file o set state = case when mode = '' and not adopted then 'skipped' else 'placed' end, target = placed.target, mode = nullif(placed.mode, ''), hash = placed.hash,
		size = placed.size, dev = placed.dev, ino = placed.ino, replaced = placed.replaced, former_size = placed.former_size, former_ino = placed.former_ino, placed_at = tow.now(), class = null, error = null,
		why = case when mode = 'same' then 'it is the client''s own' when mode = '' and adopted then 'it was there already' when mode = '' then coalesce(o.why, 'the name is another file''s')
			when o.taken = 'replace' and replaced is null or o.taken = 'skip' then null else o.why end
	where o.id = file and o.state = 'planned' returning o.* into f;
	if f.replaced is not null then
		perform haul_store.swap(f, false);
	end if;
end $$;
comment on function haul.placed(bigint, text, text, text, bigint, numeric, numeric, text, boolean, bigint, numeric) is 'A file is in its place, or was, or stays out because of what is there.';

-- What was at the name before, of another download of the library.
-- All that had it: what several downloads have by one name is one file.
create or replace function haul_store.swap(f haul_store.file, p_back boolean) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	update haul_store.file o set state = case when p_back then 'placed' else 'replaced' end, why = case when not p_back then w.why end
	from (select format('replaced by download %s', d.id) as why, d.library from haul_store.download d where d.id = f.download) w, haul_store.download e
	where e.id = o.download and e.library = w.library and o.target = f.target and o.id <> f.id
		and case when p_back then o.state = 'replaced' and o.why = w.why else o.state = 'placed' end
$$;
comment on function haul_store.swap(haul_store.file, boolean) is 'Write down what became of the file that another one replaced; back: it is there again.';

create or replace function haul.unplaced(file bigint, class text, error text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	update haul_store.file f set class = unplaced.class, error = left(unplaced.error, 1000) where f.id = unplaced.file and f.state = 'planned'
$$;
comment on function haul.unplaced(bigint, text, text) is 'A file could not be placed this time.';

create or replace function haul.imported(download bigint) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d haul_store.download := haul_store.work_on(download, '{importing}');
	v_count jsonb;
begin
	if exists (select from haul_store.file f where f.download = d.id and f.state = 'planned') then
		perform haul_store.fail('TW409', format('download %s is not all in place', d.id), 'place the rest');
	end if;
	select jsonb_build_object('title', d.title, 'files', count(*), 'linked', count(*) filter (where f.mode in ('link', 'reflink', 'symlink')), 'copied', count(*) filter (where f.mode in ('copy', 'move')))
	into v_count from haul_store.file f where f.download = d.id and f.state = 'placed';
	d := haul_store.move_to(d, 'completed', format('%s, %s linked, %s copied', haul_store.some((v_count -> 'files')::bigint, 'file'), v_count -> 'linked', v_count -> 'copied'));
	perform haul_store.note_changes(d, array(select distinct haul_store.folder(f.target) from haul_store.file f where f.download = d.id and f.state = 'placed'));
	perform haul_store.act(d, 'done');
	if haul_store.is_web(d.client) then -- no listing will ask
		perform haul_store.clear_out(d.client, d.id);
	end if;
	return v_count;
end $$;
comment on function haul.imported(bigint) is 'All files of a download are in their place: its servers and its client will be told.';

create or replace function haul.begin_act(download bigint, act text)
returns table(driver text, url text, user_name text, secret text, category text, tag text, timeout_ms bigint, key text, done_tag text, done_category text, revision int)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	select haul_store.check_well(d.client) from haul_store.download d where d.id = begin_act.download;
	select c.driver, c.url, c.user_name, c.secret, c.category, c.tag, c.timeout_ms, t.key, l.done_tag, case when c.driver <> 'web' then l.done_category end, c.revision
	from haul_store.download d join haul_store.transfer t on t.download = d.id and t.missed < 3
		left join haul_store.library l on l.id = d.library, haul_store.client_conf(d.client) c
	where d.id = begin_act.download and (begin_act.act not in ('remove', 'remove_data') or t.leaving is not null
		and (d.state <> 'completed' or haul_store.is_all_placed(d.id) and (begin_act.act = 'remove' or not haul_store.is_linked(d.id, l))))
	order by t.missed, t.id limit 1
$$;
comment on function haul.begin_act(bigint, text) is 'For the job that tells a client something about a download: whom, and which transfer; no row: nobody has it, or it is not to go any more.';

-- What comes into the client by that hash later is somebody else's. What it has forgotten, and a library links to, is still known by it.
create or replace function haul_store.drop_key(p_download bigint, p_act text) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	update haul_store.download o set key = null from haul_store.download d left join haul_store.library l on l.id = d.library
	where o.id = d.id and d.id = p_download and d.key is not null and (p_act = 'remove_data' or not haul_store.is_linked(d.id, l))
$$;
comment on function haul_store.drop_key(bigint, text) is 'Forget what a client called what it does not hold any more: it was told to remove it (remove, remove_data).';

-- A transfer that was to go is gone, whatever a listing that was under way still says.
create or replace function haul.acted(download bigint, act text, error text default null, said text default null, class text default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d constant haul_store.download := haul_store.hold_download(download);
begin
	if error is not null and act = 'remove_data' and d.gone = 'remove_data' and class = 'client.cannot' then
		perform haul_store.note_event(d.id, 'refused', format('client %s: %s; it is only to forget it, and the files stay%s', d.client_name, error,
			(select ' in ' || haul_store.local_path(t.client, t.folder) from haul_store.transfer t where t.download = d.id and t.folder is not null limit 1)));
		perform haul_store.let_go(d, 'transfer');
	elsif error is not null then
		update haul_store.transfer t set leaving = 'kept' where t.download = d.id and t.leaving is not null and act in ('remove', 'remove_data');
		perform haul_store.note_event(d.id, 'refused', format('client %s: %s: %s', d.client_name, act, error));
	elsif act in ('remove', 'remove_data') then
		delete from haul_store.transfer t where t.download = d.id and haul_store.is_web(t.client);
		update haul_store.transfer t set state = 'removed', changed_at = tow.now() where t.download = d.id and t.leaving = 'done' and t.state <> 'removed';
		perform haul_store.drop_key(d.id, act);
		perform haul_store.note_event(d.id, 'removed', format('client %s %s', d.client_name, concat_ws(': ', case act when 'remove' then 'has forgotten it' else 'has deleted it' end, nullif(said, act))));
	elsif said is not null then
		perform haul_store.note_event(d.id, 'told', format('client %s: %s', d.client_name, said));
	end if;
end $$;
comment on function haul.acted(bigint, text, text, text, text) is 'A client was told something about a download, and has done so (said: what), or would not (error, and its class: client.cannot of one that can never do it); or what it cannot do, said when it was given the download.';

create or replace function haul.measured(download bigint, free_bytes bigint) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	l haul_store.library;
begin
	update haul_store.library o set free_bytes = measured.free_bytes from haul_store.download d where d.id = measured.download and o.id = d.library returning o.* into l;
	perform haul_store.tell_disk('library', l.name, l.free_bytes) where found;
end $$;
comment on function haul.measured(bigint, bigint) is 'For the job that places a download''s files: what its library''s file system has left.';
