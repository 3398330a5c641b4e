-- What people look at: downloads, their files, what happened to them, where they go and who is told.
create or replace view haul.downloads as
select d.id, d.title, d.state, coalesce(t.percent, case when d.state in ('completed', 'downloaded', 'importing') then 100 else 0 end)::real as percent,
	t.down, t.up, t.eta, t.size, t.left_bytes, t.seeders, t.leechers, t.ratio, t.state as transfer, d.client_name as client,
	case when d.client is null then format('client %s is not configured', coalesce(d.client_name, '?'))
		when not c.enabled then format('client %s is disabled', c.name)
		when h.state not in ('ok', 'new') then format('client %s is %s', c.name, h.state)
		else coalesce(d.error, t.error) end as error,
	d.hint, d.class, l.name as library, d.category, d.type, d.adopted, d.who, haul_store.local_path(t.client, t.folder) as folder, t.tracker, t.tags,
	d.meta, d.options, d.created_at, t.added_at, d.completed_at, d.state_at, t.pulse_at as seen_at, d.tag
from haul_store.download d
	left join haul_store.client c on c.id = d.client left join haul_store.health h on h.client = d.client
	left join haul_store.library l on l.id = d.library
	left join lateral (select x.* from haul_store.transfer x where x.download = d.id order by x.missed, x.id limit 1) t on true;
comment on view haul.downloads is 'What is to be downloaded and has been, how far it is, and what is wrong: its client, if that is down or not configured, else what that says.';

create or replace view haul.files as
select f.id, f.download, d.title, f.state, f.source, l.root || '/' || f.target as path, f.size, coalesce(f.mode, case when f.state = 'placed' then 'adopted' end) as mode, f.why, f.hash,
	f.error, f.placed_at, f.archive, l.root || '/' || f.replaced as replaced
from haul_store.file f join haul_store.download d on d.id = f.download left join haul_store.library l on l.id = d.library;
comment on view haul.files is 'Files of downloads: planned, placed, skipped (why), failed, undone, replaced by a better one. archive: they were in; replaced: where what was at the name before is now.';

create or replace view haul.events as
select e.n, e.at, e.download, d.title, e.what, e.from_state, e.to_state, e.detail, e.who from haul_store.event e join haul_store.download d on d.id = e.download;
comment on view haul.events is 'All that happened to downloads.';

create or replace view haul.libraries as
select l.name, l.root, l.template, l.modes, l.taken, l.categories, (select array_agg(t.name order by t.name) from haul_store.announce a join haul_store.target t on t.id = a.target where a.library = l.id) as targets,
	l.extensions, l.refused, l.sidecars, l.samples, l.min_bytes, l.inner_links, l.verify, l.file_mode, l.dir_mode, l.owner_name, l.group_name, l.reserve, l.done_tag, l.done_remove,
	l.qualities, l.junk, l.extras, l.unpack, l.unpack_bytes, l.unpack_times, l.unpack_files,
	(select count(*) from haul_store.download d where d.library = l.id) as downloads, l.created_at
from haul_store.library l;
comment on view haul.libraries is 'Where files go, and how.';

create or replace view haul.targets as
select t.name, t.driver, t.url, case when not t.enabled then 'disabled' when t.class is not null then 'failing' when t.scanned_at is null then 'new' else 'ok' end as state,
	t.error, t.hint, t.scanned_at, (select count(*) from haul_store.change c where c.target = t.id) as pending,
	(select array_agg(l.name order by l.name) from haul_store.announce a join haul_store.library l on l.id = a.library where a.target = t.id) as libraries,
	t.user_name, t.secret, t.section, t.delay, t.timeout, t.enabled, t.failed_at, t.created_at
from haul_store.target t;
comment on view haul.targets is 'Who is told of new files, and how that went. A secret is named, never shown.';
