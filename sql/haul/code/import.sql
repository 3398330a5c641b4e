-- Placing a download's files: what a job is told, what it says of each file, and the end, which in one transaction
-- records that the files are here, whom to tell of it, and that the client be told. Each locks the download's row.
-- TW410: the job is not the one that is at it, or the download has moved on: let it be.

create or replace function haul_store.client_conf(p_client int)
returns table(driver text, url text, user_name text, secret text, category text, tag text, timeout_ms bigint)
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select c.driver, c.url, c.user_name, c.secret, c.category, c.tag, (extract(epoch from c.timeout) * 1000)::bigint from haul_store.client c where c.id = p_client
$$;
comment on function haul_store.client_conf(int) is 'How to reach a client.';

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
		perform haul_store.fail('TW404', format('client %s of download %s is not configured', coalesce(d.client_name, '?'), d.id), 'add a client of that name, then: tow haul retry ' || d.id);
	end if;
	return d;
end $$;
comment on function haul_store.work_on(bigint, text[]) is 'A download that a job works on, locked; raises TW410 when there is nothing to do.';

create or replace function haul.begin_grab(download bigint)
returns table(driver text, url text, user_name text, secret text, category text, tag text, timeout_ms bigint, link text, data text, name text, own_tag text, options jsonb, into_category text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	d constant haul_store.download := haul_store.work_on(begin_grab.download, '{approved}');
begin
	return query select c.driver, c.url, c.user_name, c.secret, coalesce(d.category, c.category), c.tag, c.timeout_ms, d.link, encode(d.data, 'hex'), case when d.type = 'http' then coalesce(haul_store.title_of(d.link), d.title) else d.title end, d.tag, d.options, d.category
		from haul_store.client_conf(d.client) c;
end $$;
comment on function haul.begin_grab(bigint) is 'For the job that gives a download to its client: whom to ask, for what.';

-- Where the client has no tags, its key is all that tells whose it is: it is noted before the first listing that has it.
-- Locks the transfer before the download, as haul.observe does.
create or replace function haul.grabbed(download bigint, key text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d haul_store.download;
begin
	insert into haul_store.transfer as o (client, key, download, name, state, first_at, changed_at, pulse_at, moved)
	select h.client, grabbed.key, w.id, w.title, 'unknown', tow.now(), tow.now(), tow.now(), h.observed
	from haul_store.download w join haul_store.health h on h.client = w.client where w.id = grabbed.download and grabbed.key is not null
	on conflict on constraint transfer_client_key_key do update set download = excluded.download where o.download is null;
	d := haul_store.work_on(download, '{approved,downloading}');
	if d.state = 'approved' then
		d := haul_store.move_to(d, 'downloading', format('given to client %s', d.client_name));
	end if;
	perform pg_notify('haul_client_' || d.client, '');
end $$;
comment on function haul.grabbed(bigint, text) is 'The client has taken it; key: what it calls it, if it says so.';

create or replace function haul.give_up(download bigint, class text, error text, hint text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d haul_store.download := haul_store.see_download(download);
begin
	if exists (select from haul_store.move m where m.from_state = d.state and m.to_state = 'failed') then
		perform haul_store.move_to(d, 'failed', error, coalesce(nullif(class, ''), 'unknown'), nullif(hint, ''));
	end if;
end $$;
comment on function haul.give_up(bigint, text, text, text) is 'A job could not do its part, and will not try again.';

create or replace function haul.begin_import(download bigint)
returns table(driver text, url text, user_name text, secret text, category text, tag text, timeout_ms bigint, key text, who text, root text, modes text, taken text,
	inner_links boolean, verify boolean, file_mode int, dir_mode int, owner_name text, group_name text, reserve bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	d haul_store.download := haul_store.work_on(begin_import.download, '{downloaded,importing}');
begin
	if d.library is null then
		perform haul_store.fail('TW404', format('download %s has no library', d.id), 'add one: tow library add NAME ROOT');
	elsif d.state = 'downloaded' then
		d := haul_store.move_to(d, 'importing');
	end if;
	return query select c.driver, c.url, c.user_name, c.secret, c.category, c.tag, c.timeout_ms, t.key, 'tow' || d.id, l.root, array_to_string(l.modes, ','), l.taken, l.inner_links, l.verify,
			l.file_mode, l.dir_mode, l.owner_name, l.group_name, l.reserve
		from haul_store.client_conf(d.client) c, haul_store.library l, haul_store.transfer t
		where l.id = d.library and t.download = d.id order by t.missed, t.id limit 1;
	if not found then
		perform haul_store.fail('TW404', format('no client holds download %s', d.id), 'tow haul retry has it downloaded anew');
	end if;
end $$;
comment on function haul.begin_import(bigint) is 'For the job that places a download''s files: from whom, where to, how.';

-- p_files: [{"path", "size", "done", "wanted"}], below p_folder, both as the client says. A plan that is there stays, but
-- for files that it did not know; those that are placed are not given out again.
create or replace function haul.plan(download bigint, folder text, files jsonb)
returns table(source_root text, id bigint, source text, target text, size bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	d constant haul_store.download := haul_store.work_on(plan.download, '{importing}');
	l haul_store.library;
	v_short text;
begin
	select o.* into l from haul_store.library o where o.id = d.library;
	select f.path into v_short from jsonb_to_recordset(plan.files) f(path text, size bigint, done bigint, wanted boolean)
	where coalesce(f.wanted, true) and f.done >= 0 and f.done < f.size limit 1;
	if v_short is not null then
		perform haul_store.fail('TW409', format('%L has not all of its bytes yet', v_short), 'the client says that it is complete, and its files are not: wait, or recheck');
	end if;
	insert into haul_store.file as o (download, source, size, state, target, why)
	select d.id, f.path, coalesce(f.size, -1), case when w.why is null then 'planned' else 'skipped' end, haul_store.target_of(l, d, f.path), w.why
	from jsonb_to_recordset(plan.files) f(path text, size bigint, done bigint, wanted boolean),
		lateral (select haul_store.why_not(l, f.path, f.size, coalesce(f.wanted, true)) as why) w
	on conflict on constraint file_download_source_key do update
		set size = excluded.size, state = excluded.state, target = excluded.target, why = excluded.why, class = null, error = null
		where o.state in ('planned', 'failed', 'skipped', 'undone');
	if not exists (select from haul_store.file o where o.download = d.id and o.state in ('planned', 'placed')) then
		perform haul_store.fail('TW422', format('download %s holds nothing to be placed', d.id),
			(select string_agg(x, '; ') from (select format('%s: %s', o.why, count(*)) as x from haul_store.file o where o.download = d.id group by o.why) s));
	end if;
	return query select haul_store.local_path(d.client, plan.folder), o.id, o.source, o.target, o.size
		from haul_store.file o where o.download = d.id and o.state = 'planned' order by o.source;
end $$;
comment on function haul.plan(bigint, text, jsonb) is 'For the job that places a download''s files: which of them, and where to.';

create or replace function haul.placed(file bigint, target text, mode text, hash text, size bigint, dev numeric, ino numeric, replaced text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	update haul_store.file f set state = 'placed', target = placed.target, mode = nullif(placed.mode, ''), hash = placed.hash, size = placed.size, dev = placed.dev, ino = placed.ino,
		replaced = placed.replaced, placed_at = tow.now(), class = null, error = null
	where f.id = placed.file and f.state in ('planned', 'failed')
$$;
comment on function haul.placed(bigint, text, text, text, bigint, numeric, numeric, text) is 'A file is in its place.';

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
	d := haul_store.move_to(d, 'completed', format('%s files, %s linked, %s copied', v_count -> 'files', v_count -> 'linked', v_count -> 'copied'));
	perform haul_store.note_changes(d);
	perform haul_store.act(d, 'done');
	return v_count;
end $$;
comment on function haul.imported(bigint) is 'All files of a download are in their place: its servers and its client will be told.';

create or replace function haul.begin_act(download bigint)
returns table(driver text, url text, user_name text, secret text, category text, tag text, timeout_ms bigint, key text, done_tag text, done_remove text, may_remove boolean)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
	select c.driver, c.url, c.user_name, c.secret, c.category, c.tag, c.timeout_ms, t.key, l.done_tag, coalesce(l.done_remove, 'no'), t.complete and t.state in ('done', 'paused')
	from haul_store.download d join haul_store.transfer t on t.download = d.id and t.missed < 3
		left join haul_store.library l on l.id = d.library, haul_store.client_conf(d.client) c
	where d.id = begin_act.download order by t.missed, t.id limit 1
$$;
comment on function haul.begin_act(bigint) is 'For the job that tells a client something about a download: whom, and which transfer; no row: nobody has it.';
