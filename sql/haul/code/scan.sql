-- Media servers are told of changed folders (which end in a slash; "" stands for all that a server has): gathered for the target's delay, then all at once, by one job a target.

create or replace function haul_store.launch_scan(t haul_store.target) returns bigint
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select tow.enqueue('haul.scan', jsonb_build_object('target', t.name), queue => 'haul', key => 'haul.scan:' || t.id, key_scope => 'queued',
		run_at => tow.now() + t.delay, policy => 'haul.work')
$$;
comment on function haul_store.launch_scan(haul_store.target) is 'Have a target told of what has changed, after its delay.';

-- The folders that a download's files came into, or were taken from, for each target of its library.
create or replace function haul_store.note_changes(d haul_store.download, p_folders text[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	insert into haul_store.change as o (target, path, download, since)
	select a.target, coalesce(nullif(rtrim(coalesce(a.root, l.root), '/'), '') || '/', '') || coalesce(nullif(f.folder, '') || '/', ''), d.id, tow.now()
	from haul_store.announce a join haul_store.library l on l.id = a.library, unnest(p_folders) f(folder)
	where a.library = d.library
	on conflict (target, path) do update set job = null, download = excluded.download, since = excluded.since;
	perform haul_store.launch_scan(o) from haul_store.target o join haul_store.announce a on a.target = o.id and a.library = d.library where o.enabled;
end $$;
comment on function haul_store.note_changes(haul_store.download, text[]) is 'Have a library''s targets told of what a download brought, or left.';

create or replace function haul.begin_scan(target text, job bigint)
returns table(driver text, url text, user_name text, secret text, section text, timeout_ms bigint, paths jsonb, event text, data jsonb)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	c_most constant int := 1000; -- downloads that a webhook is told
	t haul_store.target;
	v_ids bigint[];
begin
	select o.* into t from haul_store.target o where o.name = begin_scan.target and o.enabled for update;
	if not found then
		perform haul_store.fail('TW410', format('target %s was dropped or disabled', begin_scan.target), 'there is nobody to tell');
	end if;
	update haul_store.change c set job = begin_scan.job where c.target = t.id and (c.job is null or c.job <> begin_scan.job);
	v_ids := array(select distinct c.download from haul_store.change c where c.target = t.id and c.job = begin_scan.job and c.download is not null order by c.download limit c_most);
	return query select t.driver, t.url, t.user_name, t.secret,
		coalesce(t.section, case when t.driver = 'webhook' then (select min(l.name) from haul_store.announce a join haul_store.library l on l.id = a.library where a.target = t.id having count(*) = 1) end), (extract(epoch from t.timeout) * 1000)::bigint,
		coalesce((select jsonb_agg(c.path order by c.path) from haul_store.change c where c.target = t.id and c.job = begin_scan.job), '[]'),
		case when v_ids = '{}' then 'scan' when exists (select from haul_store.file f where f.download = any(v_ids) and f.state = 'placed') then 'import' else 'delete' end,
		jsonb_build_object('downloads', coalesce((select jsonb_agg(jsonb_build_object('id', d.id, 'title', d.title, 'library', l.name, 'type', d.type, 'category', d.category, 'meta', d.meta) order by d.id)
			from haul_store.download d left join haul_store.library l on l.id = d.library where d.id = any(v_ids)), '[]'));
end $$;
comment on function haul.begin_scan(text, bigint) is 'For the job that tells a target: whom, which folders, why (import, delete where all was taken back, scan where somebody asked for it), and of which downloads.';

create or replace function haul.scanned(target text, job bigint, class text default null, error text default null, hint text default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	t haul_store.target;
	v_was text;
begin
	select o.class into v_was from haul_store.target o where o.name = scanned.target for update;
	update haul_store.target o set scanned_at = case when class is null then tow.now() else o.scanned_at end, class = scanned.class, error = left(scanned.error, 1000),
		hint = left(scanned.hint, 500), failed_at = case when class is not null then tow.now() end
	where o.name = scanned.target returning o.* into t;
	perform haul_store.tell_target(t, v_was);
	if class is null then
		perform haul_store.note_event(c.download, 'scanned', format('%s: %s', t.name, c.path)) from haul_store.change c
		where c.target = t.id and c.job = scanned.job and c.download is not null;
		delete from haul_store.change c where c.target = t.id and c.job = scanned.job;
	end if;
end $$;
comment on function haul.scanned(text, bigint, text, text, text) is 'A target has been told, or why it could not be.';
