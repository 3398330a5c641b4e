-- What people look at: downloads, their files, what happened to them, where they go and who is told.

-- Whoever fetches it for us and has got an answer (its transfer says how fast) has put an end to it, and no job says so before
-- it ends; one that waits for its next try has none, whatever its transfer said last.
create or replace function haul_store.trying(d haul_store.download) returns table(tries int, most int, next_at timestamptz, error text)
language plpgsql stable security definer rows 1 set search_path = pg_catalog, pg_temp
as $$
declare
	v_jobs bigint[];
	v_fetch bigint;
begin
	if d.state in ('approved', 'downloaded', 'importing') then
		v_jobs := array(select e.job from haul_store.errand e where e.download = d.id and e.kind in ('haul.grab', 'haul.import') order by e.job desc);
	end if;
	if d.state in ('approved', 'downloading') then
		v_fetch := (select f.jobs[cardinality(f.jobs)] from haul_store.fetch f where f.download = d.id and not f.stopped);
	end if;
	return query select r.* from unnest(v_jobs || v_fetch) j, tow_store.tried(j) r
	where j is distinct from v_fetch or r.next_at is not null or not exists (select from haul_store.transfer t where t.download = d.id and t.down is not null) limit 1;
end $$;
comment on function haul_store.trying(haul_store.download) is 'How often a job has tried in vain to do what a download waits for, of how many times, when it does next (null: now), and what was wrong; no row: it did not fail.';

-- Else how fast it is, and how long it takes, is what was seen of it last.
create or replace function haul_store.is_coming(p_state text, p_health text, p_transfer text) returns boolean
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
return p_state = 'downloading' and p_health in ('ok', 'new') and p_transfer <> 'paused';
comment on function haul_store.is_coming(text, text, text) is 'Whether bytes of a download may be coming in: by its state, its client''s and its transfer''s.';

-- Once or twice is nothing: a server that is started anew, a disk that is emptied.
create or replace function haul_store.too_often() returns int
language sql immutable parallel safe
return 3;
comment on function haul_store.too_often() is 'What was tried in vain so often needs somebody.';

create or replace function haul_store.is_failing(p_tries int) returns boolean
language sql immutable parallel safe
return coalesce(p_tries >= haul_store.too_often(), false);
comment on function haul_store.is_failing(int) is 'Whether what was tried in vain so often needs somebody.';

-- Which job it is that a download waits for says haul_store.trying. From the jobs that have failed, which are few, not from the
-- downloads, which are many; where it is many that fail, all at once.
create or replace function haul_store.tried_downloads(p_least int) returns table(id bigint, tries int)
language sql stable set search_path = pg_catalog, pg_temp
set jit = off
as $$
	with j as materialized (select t.id, t.tries from tow_store.tried_often('haul', p_least) t)
	select distinct on (d.id) d.id, w.tries
	from (
		select e.download, j.tries, j.id as job, array['approved', 'downloaded', 'importing'] as states
		from j join haul_store.errand e on e.job = j.id where e.kind in ('haul.grab', 'haul.import')
		union all
		select f.download, j.tries, 0, array['approved', 'downloading']
		from j join haul_store.fetch f on f.jobs[cardinality(f.jobs)] = j.id
		where not f.stopped and (not exists (select from haul_store.transfer t where t.download = f.download and t.down is not null) or (select r.next_at from tow_store.tried(j.id) r) is not null)) w
	join haul_store.download d on d.id = w.download and d.state = any(w.states) and d.forgotten_at is null
	order by d.id, w.job desc
$$;
comment on function haul_store.tried_downloads(int) is 'Downloads whose job was tried in vain so often or oftener, and how often.';

create or replace function haul_store.say_tries(p_tries int, p_most int, p_next_at timestamptz, p_error text) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select format('%s; tried %s of %s times, %s', left(p_error, 300), p_tries, p_most, coalesce('again at ' || date_trunc('second', p_next_at), 'and now again')) where p_tries is not null
$$;
comment on function haul_store.say_tries(int, int, timestamptz, text) is 'What haul_store.trying says, in words.';

create or replace function haul_store.say_undone(p_download bigint) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select case when n.placed = 0 then 'undone: its files were taken back' else format('undone in part: %s of its %s files were taken back', n.undone, n.placed + n.undone) end
	from (select count(*) filter (where f.state = 'placed') as placed, count(*) filter (where f.state = 'undone') as undone
		from haul_store.file f where f.download = p_download) n
	where n.undone > 0
$$;
comment on function haul_store.say_undone(bigint) is 'That what a download had placed was taken back, in words; null: it was not.';

create or replace function haul_store.say_asking(p_download bigint) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select coalesce((select nullif(e.detail, '') from haul_store.event e where e.download = p_download and e.to_state = 'needs_approval' order by e.n desc limit 1), 'it waits for somebody''s yes or no')
$$;
comment on function haul_store.say_asking(bigint) is 'Why a download waits for somebody''s word.';

create or replace function haul_store.next_job(d haul_store.download) returns table(kind text, job bigint)
language sql stable rows 1 set search_path = pg_catalog, pg_temp
as $$
	select 'haul.fetch', f.jobs[cardinality(f.jobs)] from haul_store.fetch f where d.state in ('approved', 'downloading') and f.download = d.id and not f.stopped
	union all
	(select e.kind, e.job from haul_store.errand e
		where e.download = d.id and e.kind = case d.state when 'approved' then 'haul.grab' when 'downloaded' then 'haul.import' when 'importing' then 'haul.import' end order by e.job desc limit 1)
	limit 1
$$;
comment on function haul_store.next_job(haul_store.download) is 'The job of ours that a download waits for, and its kind.';

-- For a moment each is ready before a worker takes it: that is not worth a word.
create or replace function haul_store.say_slot(d haul_store.download) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_kind text;
	v_lane text;
	v_place text;
	v_paused text;
	v_full text;
begin
	select n.kind, j.lane, p.place into v_kind, v_lane, v_place from haul_store.next_job(d) n join tow_store.job j on j.id = n.job, tow_store.why_place(j) p;
	if v_place is null or v_place not in ('ready', 'lined', 'waiting') then
		return null;
	end if;
	v_paused := tow_store.say_paused('haul', v_kind, v_lane);
	if v_paused is not null then
		return 'waits: ' || v_paused;
	end if;
	v_full := (select format('(%s of %s)', l.running, l.max_running) from (
			select k.running, k.max_running from tow.limits k where k.what = 'kind' and k.name = v_kind
			union all
			select n.running, n.max_running from tow.lanes n where n.queue = 'haul' and n.lane = v_lane) l where l.running >= l.max_running limit 1);
	if v_place = 'waiting' or v_full is null and d.state_at > tow.now() - interval '10 s' then
		return null;
	end if;
	return coalesce(tow.unserved(v_kind, 'haul'), concat_ws(' ', 'waits for a free slot', v_full));
end $$;
comment on function haul_store.say_slot(haul_store.download) is 'That the job which a download waits for waits for a slot, or is paused, in words; null: neither.';

create or replace function haul_store.say_silence(d haul_store.download, t haul_store.transfer) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select format('nothing has come from %s for %s', substring(d.link from '(?i)^https?://(?:[^/?#]*@)?([^/?#]+)'), haul_store.say_interval(tow.now() - t.pulse_at))
	where d.state = 'downloading' and coalesce(t.down, 0) = 0 and t.pulse_at < tow.now() - interval '10 s'
$$;
comment on function haul_store.say_silence(haul_store.download, haul_store.transfer) is 'That a server has not answered our worker yet, or sends nothing any more, in words; null: it does.';

-- In the order of what has to be mended first: the client, then the transfer, then our own jobs.
create or replace function haul_store.trouble_of(d haul_store.download, c haul_store.client, h haul_store.health, t haul_store.transfer, p_tried text, p_sees boolean) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
	return case when d.state = 'completed' then haul_store.say_undone(d.id)
		when d.state = 'cancelled' then null
		when d.state = 'needs_approval' then haul_store.say_asking(d.id)
		when d.state = 'rejected' then 'rejected: ' || d.error
		when d.client is null and d.client_name is null then 'no client has it'
		when d.client is null then format('client %s is not configured any more; it goes on when one of that name is', d.client_name)
		when d.state = 'failed' then haul_store.shown_words(d.error, d.type = 'http', p_sees)
		when not c.enabled then format('client %s is disabled; the download is left as it is', c.name)
		when h.state not in ('ok', 'new', 'suspect') then format('client %s is %s since %s: %s; the download is left as it is', c.name, h.state, date_trunc('second', h.since), h.error)
		when d.state in ('approved', 'downloading') and c.driver = 'web' then coalesce(haul_store.say_slot(d), p_tried, haul_store.shown_words(t.error, true, p_sees), haul_store.say_silence(d, t))
		when d.state = 'approved' then coalesce(haul_store.held_back(d), haul_store.say_slot(d), p_tried)
		when d.state = 'downloading' and haul_store.is_stopped() then format('nobody looks at client %s, watching is stopped: tow haul start', c.name)
		when d.state = 'downloaded' and d.library is null then 'there is no library for it: '
			|| case when exists (select from haul_store.library) then format('tow haul retry %s --library NAME', d.id) else 'tow library add NAME ROOT' end
		when d.state in ('downloaded', 'importing') then coalesce(haul_store.say_slot(d), p_tried)
		when d.state = 'downloading' and t.state = 'paused' then format('it is paused in client %s', c.name)
		when d.state = 'downloading' and t.id is null and h.listed_at > d.state_at + interval '2 minutes' then format('client %s does not list it: it has dropped it, or holds it already for somebody else', c.name)
		when d.state = 'downloading' and t.trouble = 'error' and haul_store.has_ended_there(d) then
			format('%s; client %s has given it up: tow haul retry %s gives it to it anew', haul_store.say_trouble(d.id, t.trouble, null), c.name, d.id)
		when d.state = 'downloading' and t.trouble is not null and (t.trouble not in ('stalled', 'metadata') or h.observed - t.moved >= '1 minute') then
			haul_store.say_steps(d.id, (haul_store.profile_of(d)).id, t.trouble, h.observed - case when t.trouble in ('stalled', 'metadata') then t.moved
				else coalesce((select s.since from haul_store.spell s where s.download = d.id and s.trouble = t.trouble), h.observed) end) end;
end $$;
comment on function haul_store.trouble_of(haul_store.download, haul_store.client, haul_store.health, haul_store.transfer, text, boolean) is 'What keeps a download from going on, in words; p_tried: what its job says that tries again; p_sees: for somebody who may see what jobs say.';

-- Keys stand in what follows the ?, before the @, in folders (as in haul_store.mask) and in the addresses of trackers.
create or replace function haul_store.shown_link(p_link text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case when p_link ~* '^magnet:' then 'magnet:?' || (select string_agg(o, '&' order by n) from regexp_split_to_table(substr(p_link, 9), '&') with ordinality p(o, n) where o ~* '^(xt|dn|xl)(\.\d+)?=')
		else regexp_replace(regexp_replace(regexp_replace(regexp_replace(p_link, '^(https?://)[^/?#]*@', '\1', 'i'), '#.*$', ''), '\?.*$', '?…'), '/[a-zA-Z0-9_-]{20,}(?=[/?;]|$)|;[^/?]*', '/…', 'g') end
$$;
comment on function haul_store.shown_link(text) is 'A link for people, without what may be a secret.';

create or replace view haul.downloads as
select d.id, d.title, d.state, coalesce(t.percent, case when d.state in ('completed', 'downloaded', 'importing') then 100 else 0 end)::real as percent,
	m.down, t.up, m.eta, t.size, t.left_bytes, t.seeders, t.leechers, t.ratio, t.state as transfer, d.client_name as client,
	case when d.client is null then format('client %s is not configured', coalesce(d.client_name, '?'))
		when d.state = 'rejected' then d.error
		when d.state = 'failed' then haul_store.shown_words(d.error, d.type = 'http', tow_store.in_sight('haul', (select tow_store.sight())))
		when not c.enabled then format('client %s is disabled', c.name)
		when h.state not in ('ok', 'new') then format('client %s is %s', c.name, h.state)
		else haul_store.shown_words(coalesce(d.error, t.error), d.type = 'http', tow_store.in_sight('haul', (select tow_store.sight()))) end as error,
	haul_store.trouble_of(d, c, h, t, haul_store.say_tries(y.tries, y.most, y.next_at, y.error), tow_store.in_sight('haul', (select tow_store.sight()))) as trouble,
	d.hint, d.class, l.name as library, d.category, d.type, d.adopted, d.who, haul_store.local_path(t.client, t.folder) as folder, t.tracker, t.tracker_host, t.tags,
	coalesce((select p.name from haul_store.profile p where p.id = coalesce(d.profile, l.profile)), 'default') as profile, d.priority, d.meta, d.options, d.created_at, t.added_at, d.completed_at, d.state_at, t.pulse_at as seen_at, d.tag,
	case d.state when 'approved' then 'FOUND' when 'downloaded' then 'COMPLETE' when 'completed' then case t.state when 'seeding' then 'SEEDING' else 'IMPORTED' end else upper(d.state) end as status,
	t.size - t.left_bytes as downloaded, y.tries, y.most as max_tries, y.next_at as next_try_at, haul_store.is_failing(y.tries) as failing,
	case when d.state in ('completed', 'failed', 'cancelled', 'rejected') then haul_store.remove_by_default(d) end as removes, c.driver, haul_store.shown_link(d.link) as source,
	(select max(x.job) from (select e.job from haul_store.errand e where e.download = d.id union all select unnest(f.jobs) from haul_store.fetch f where f.download = d.id) x) as job,
	case when y.next_at is not null or y.tries is not null and d.state = 'downloading' then 'waiting' when d.state = 'downloading' and t.state in ('paused', 'queued', 'checking', 'moving') and c.driver <> 'web' or d.state = 'completed' and t.state = 'seeding' then t.state else d.state end as doing,
	case when d.type = 'torrent' then (select h.id from unnest(array[d.hash, t.key, d.key] || t.ids) h(id) where h.id ~ '^[0-9a-f]{40}$' limit 1) end as hash
from haul_store.download d
	left join haul_store.client c on c.id = d.client left join haul_store.health h on h.client = d.client
	left join haul_store.library l on l.id = d.library
	left join lateral (select x.* from haul_store.transfer x where x.download = d.id order by x.missed, x.id limit 1) t on true
	left join lateral haul_store.trying(d) y on true
	left join lateral (select t.down, t.eta where haul_store.is_coming(d.state, h.state, t.state) and y.next_at is null) m on true
where d.forgotten_at is null;
comment on view haul.downloads is 'What is to be downloaded and has been, how far it is, and what is wrong: its client, if that is down or not configured, else what that says. trouble: the same in plain words, with what was done about it, what will be, and what it waits for, or that what was placed is undone; tracker is what its tracker says. tries, max_tries, next_try_at: how often a job of ours has tried in vain, of how many times, and when it does next (null: now); failing: so often that somebody should look. removes: what haul.forget has its client do (no, transfer, data), of what has ended. source: its link, without what may be a secret; job: that which does, or did, the last thing for it. doing: its state, but waiting between two tries, and as long as a host that could not be reached is asked again and has not answered, paused, queued, checking or moving where its client says so, and seeding where what is here is still given to others. status: the state as programs beside ours call it; SEEDING is one that is here and still given to others. hash: by which a torrent is known, once that is, also when its client does not hold it any more.';

create or replace view haul.files as
select f.id, f.download, d.title, f.state, f.source, l.root || '/' || f.target as path, f.size, coalesce(f.mode, case when f.state = 'placed' then 'adopted' end) as mode, f.why, f.hash,
	f.error, f.placed_at, f.archive, l.root || '/' || f.replaced as replaced
from haul_store.file f join haul_store.download d on d.id = f.download left join haul_store.library l on l.id = d.library
where d.forgotten_at is null;
comment on view haul.files is 'Files of downloads: planned, placed, skipped (why), failed, undone, replaced by a better one. archive: they were in; replaced: where what was at the name before is now.';

create or replace view haul.events as
select e.n, e.at, e.download, d.title, e.what, e.from_state, e.to_state, haul_store.shown_words(e.detail, d.type = 'http' and e.to_state = 'failed', tow_store.in_sight('haul', (select tow_store.sight()))) as detail, e.who from haul_store.event e join haul_store.download d on d.id = e.download
where d.forgotten_at is null;
comment on view haul.events is 'All that happened to downloads.';

create or replace view haul.libraries as
select l.name, l.root, l.template, l.modes, l.taken, l.categories, (select array_agg(t.name order by t.name) from haul_store.announce a join haul_store.target t on t.id = a.target where a.library = l.id) as targets,
	l.extensions, l.refused, l.sidecars, l.samples, l.min_bytes, l.inner_links, l.verify, haul_store.to_octal(l.file_mode) as file_mode, haul_store.to_octal(l.dir_mode) as dir_mode, l.owner_name, l.group_name, l.reserve, l.done_tag, l.done_remove,
	l.qualities, l.junk, l.extras, l.unpack, l.unpack_bytes, l.unpack_times, l.unpack_files,
	coalesce((select p.name from haul_store.profile p where p.id = l.profile), 'default') as profile,
	(select count(*) from haul_store.download d where d.library = l.id and d.forgotten_at is null) as downloads, l.created_at, l.free_bytes, l.recycle_days, l.done_category
from haul_store.library l;
comment on view haul.libraries is 'Where files go, and how.';

create or replace view haul.targets as
select t.name, t.driver, haul_store.shown_address(t.url, s.sees) as url, case when not t.enabled then 'disabled' when t.class is not null then 'failing' when t.scanned_at is null then 'new' else 'ok' end as state,
	haul_store.shown_words(t.error, false, s.sees) as error, t.hint, t.scanned_at, (select count(*) from haul_store.change c where c.target = t.id) as pending,
	(select array_agg(l.name order by l.name) from haul_store.announce a join haul_store.library l on l.id = a.library where a.target = t.id) as libraries,
	t.user_name, t.secret, t.section, t.delay, t.timeout, t.enabled, t.failed_at, t.created_at
from haul_store.target t, (select tow_store.in_sight('haul', tow_store.sight()) as sees offset 0) s;
comment on view haul.targets is 'Who is told of new files, and how that went. A secret is named, never shown; of an address whoever does not see what jobs say (tow.sees_args) reads the host.';

-- For commands and pages: what they filter by. What a row says is put together for those that are shown; the compiler would take
-- longer over that than it takes (jit).
create or replace function haul.find_downloads(
	state text default null, client text default null, library text default null, title text default null, id bigint default null, max_rows int default 200
) returns setof haul.downloads
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
	v_ids bigint[];
begin
	if find_downloads.state is not null and not exists (select from haul_store.state s where s.name = find_downloads.state) then
		perform haul_store.fail('TW422', format('no state %L', find_downloads.state), (select string_agg(s.name, ', ' order by s.position) from haul_store.state s));
	end if;
	v_ids := array(select d.id from haul_store.download d join haul_store.state s on s.name = d.state
		where d.forgotten_at is null and (find_downloads.state is null or d.state = find_downloads.state) and (find_downloads.client is null or d.client_name = find_downloads.client)
			and (find_downloads.library is null or d.library = (select l.id from haul_store.library l where l.name = find_downloads.library)) and (find_downloads.id is null or d.id = find_downloads.id)
			and (find_downloads.title is null or strpos(lower(d.title), lower(find_downloads.title)) > 0)
		order by s.final, d.id desc limit find_downloads.max_rows);
	return query select v.* from unnest(v_ids) with ordinality u(id, n) join haul.downloads v on v.id = u.id order by u.n;
	if not found and find_downloads.id is not null then
		perform haul_store.fail('TW404', format('no download %s', find_downloads.id), 'tow haul ls lists them');
	end if;
end $$;
comment on function haul.find_downloads(text, text, text, text, bigint, int) is
'Downloads: those under way first, then the latest. title: a part of it. id: this one; raises TW404.';

create or replace function haul.find_files(download bigint default null, max_rows int default 1000) returns setof haul.files
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select f.* from haul.files f where find_files.download is null or f.download = find_files.download order by f.download desc, f.source limit find_files.max_rows
$$;
comment on function haul.find_files(bigint, int) is 'Files of a download, or of all, the latest first.';

create or replace function haul_store.check_known(p_download bigint) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	if not exists (select from haul_store.download d where d.id = p_download) then
		perform haul_store.fail('TW404', format('no download %s', coalesce(p_download::text, 'null')), 'tow haul ls lists them');
	end if;
end $$;
comment on function haul_store.check_known(bigint) is 'Raise TW404 if there is no such download; locks nothing.';

-- Page by page.
create or replace function haul.list_files(download bigint, after text default null, max_rows int default 50) returns setof haul.files
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
	perform haul_store.check_known(list_files.download);
	return query
		select f.* from haul.files f where f.download = list_files.download and (list_files.after is null or f.source > list_files.after) order by f.source limit list_files.max_rows;
end $$;
comment on function haul.list_files(bigint, text, int) is 'Files of a download, page by page, by what they are called in it. after: the source of the last row of the page before.';

create or replace function haul.list_events(download bigint, before bigint default null, max_rows int default 50) returns setof haul.events
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
	perform haul_store.check_known(list_events.download);
	return query
		select e.* from haul.events e where e.download = list_events.download and (list_events.before is null or e.n < list_events.before) order by e.n desc limit list_events.max_rows;
end $$;
comment on function haul.list_events(bigint, bigint, int) is 'What happened to a download, page by page, the latest first. before: the n of the last row of the page before.';

create or replace function haul.find_events(download bigint default null, max_rows int default 200) returns setof haul.events
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select * from (select e.* from haul.events e where find_events.download is null or e.download = find_events.download order by e.n desc limit find_events.max_rows) l order by l.n
$$;
comment on function haul.find_events(bigint, int) is 'What happened to a download, or to all: the last ones, in their order.';
