-- Libraries: where files go.
create or replace function haul_store.check_library(l haul_store.library) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	if l.name is null or l.name !~ '^(?!\.{1,2}$)[a-zA-Z0-9_.-]{1,64}$' then
		perform haul_store.fail('TW422', format('bad library name %L', left(l.name, 70)), 'use 1 to 64 letters, digits, and any of _ . -, but not . or .. alone');
	elsif l.root is null or l.root !~ '^/[^/]' or l.root ~ '(^|/)\.\.?(/|$)' or l.root ~ '[[:cntrl:]]' then
		perform haul_store.fail('TW422', format('bad root %L', left(l.root, 200)), 'a folder from the root on, not / itself: /media/films');
	elsif l.modes is null or l.modes = '{}' or not l.modes <@ '{reflink,link,copy,move,symlink}' or array_position(l.modes, null) is not null then
		perform haul_store.fail('TW422', format('bad modes %s', coalesce(array_to_string(l.modes, ','), 'null')), 'some of reflink, link, copy, move, symlink, in the order in which they are tried');
	elsif l.taken is null or l.taken not in ('suffix', 'skip', 'replace', 'better', 'fail') then
		perform haul_store.fail('TW422', format('bad taken %L', l.taken), 'use suffix, skip, replace, better or fail');
	elsif l.done_remove is null or l.done_remove not in ('no', 'transfer', 'data') then
		perform haul_store.fail('TW422', format('bad done_remove %L', l.done_remove), 'use no, transfer or data');
	elsif l.done_tag = '' or l.done_tag ~ ',' then
		perform haul_store.fail('TW422', 'bad done_tag', 'a word without commas; reset it for none');
	elsif l.done_category !~ '^[^/,[:cntrl:]\\]+(/[^/,[:cntrl:]\\]+)*$' or length(l.done_category) > 200 then
		perform haul_store.fail('TW422', 'bad done_category', 'a word or path of at most 200 characters, without commas; reset it for none');
	elsif l.done_category = any(l.categories) then
		perform haul_store.fail('TW422', format('%s is a category of what is to be placed', l.done_category), format('put what is placed into another one: %s-done', l.done_category));
	elsif l.min_bytes < 0 or l.reserve < 0 or l.file_mode not between 0 and 4095 or l.dir_mode not between 0 and 4095 then
		perform haul_store.fail('TW422', 'a number is below 0, or a mode is none', 'modes are as of chmod, in decimal: 420 is rw-r--r--');
	elsif l.unpack_bytes < 1 or l.unpack_times < 1 or l.unpack_files < 1 then
		perform haul_store.fail('TW422', 'a limit of unpacking is below 1', 'unpack => false leaves archives as they are');
	elsif l.recycle_days not between 0 and 36500 then
		perform haul_store.fail('TW422', format('bad recycle_days %s', l.recycle_days), 'days, up to 36500; 0 keeps for ever what was replaced or taken back');
	elsif array_position(l.qualities, null) is not null or array_position(l.junk, null) is not null then
		perform haul_store.fail('TW422', 'a list holds null', 'words only');
	end if;
	perform haul_store.check_template(l.template);
end $$;
comment on function haul_store.check_library(haul_store.library) is 'Refuse bad settings of a library with a clear error.';

create or replace function haul_store.library_for(p_category text) returns haul_store.library
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select l.* from haul_store.library l order by (p_category = any(l.categories)) desc nulls last, l.id limit 1
$$;
comment on function haul_store.library_for(text) is 'Where what is of a category goes when nobody says: to who has the category, else the first.';

-- What was asked for while there was none, or whose own was deleted. Locks as haul.retry does, one after the other.
create or replace function haul_store.take_waiting(l haul_store.library, p_is_new boolean) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	d haul_store.download;
	v_id bigint;
begin
	for v_id in
		select o.id from haul_store.download o
		where o.library is null and haul_store.is_open(o.state) and (p_is_new or o.category = any(l.categories)) and (haul_store.library_for(o.category)).id = l.id order by o.client, o.id
	loop
		d := haul_store.hold_download(v_id);
		continue when d.library is not null or not haul_store.is_open(d.state); -- somebody was faster
		update haul_store.download o set library = l.id where o.id = d.id returning o.* into d;
		perform haul_store.go_on(d) where d.state = 'downloaded';
	end loop;
end $$;
comment on function haul_store.take_waiting(haul_store.library, boolean) is 'Have what waits for a library go into this one, where nobody would choose another: of any category, where it is new, else what is of its own.';

create or replace function haul.add_library(name text, root text, template text default '{path}', modes text[] default '{reflink,link,copy}', categories text[] default '{}', done_category text default null) returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	l haul_store.library;
begin
	l := jsonb_populate_record(null::haul_store.library, '{"taken": "suffix", "done_remove": "no", "min_bytes": 0, "reserve": 0}');
	l.name := name; l.root := regexp_replace(root, '/+$', ''); l.template := template; l.modes := modes; l.categories := coalesce(categories, '{}'); l.done_category := done_category;
	perform haul_store.check_library(l);
	insert into haul_store.library (name, root, template, modes, categories, done_category, created_at) values (l.name, l.root, l.template, l.modes, l.categories, l.done_category, tow.now())
	on conflict on constraint library_name_key do nothing returning * into l;
	if l.id is null then
		perform haul_store.fail('TW409', format('there is a library %L already', name), format('change it: tow library set %s, or select haul.set_library(%L, ...)', name, name));
	end if;
	perform haul_store.ring_clients() where done_category is not null;
	perform haul_store.take_waiting(l, true);
	return l.id;
end $$;
comment on function haul.add_library(text, text, text, text[], text[], text) is
'Set up a library: a folder that files are placed in. template: a path below it, of {title} {name} {ext} {path} {category} and what a download''s meta holds. modes: how, in the order in which they are tried. categories: what clients have in these goes here; done_category: the one that it is put into then. What waits for a library goes here, unless there is another for its category, or an older one for all. haul.set_library has the rest.';

create or replace function haul_store.octal(p_mode text) returns int
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_mode !~ '^[0-7]{3,4}$' then
		perform haul_store.fail('TW422', format('bad mode %L', p_mode), 'three or four octal digits: 0640 is rw-r-----');
	end if;
	return (select sum(substr(p_mode, length(p_mode) - n, 1)::int * 8 ^ n) from generate_series(0, length(p_mode) - 1) n);
end $$;
comment on function haul_store.octal(text) is 'A file mode as chmod takes it.';

create or replace function haul_store.to_octal(p_mode int) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select string_agg((p_mode >> n & 7)::text, '' order by n desc) from unnest('{9,6,3,0}'::int[]) n where p_mode is not null
$$;
comment on function haul_store.to_octal(int) is 'The same, for people.';

create or replace function haul.set_library(
	name text, root text default null, template text default null, modes text[] default null, taken text default null, inner_links boolean default null, verify boolean default null,
	file_mode text default null, dir_mode text default null, owner_name text default null, group_name text default null, reserve bigint default null, min_bytes bigint default null,
	extensions text[] default null, refused text[] default null, sidecars text[] default null, samples boolean default null, categories text[] default null,
	done_tag text default null, done_remove text default null, qualities text[] default null, junk text[] default null, extras boolean default null,
	unpack boolean default null, unpack_bytes bigint default null, unpack_times int default null, unpack_files int default null, profile text default null, recycle_days int default null, done_category text default null, reset text[] default null
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c_reset constant text[] := '{file_mode,dir_mode,owner_name,group_name,extensions,done_tag,done_category,profile}'::text[];
	c_was constant haul_store.library := haul_store.see_library(name);
	l haul_store.library;
	v_new constant jsonb := jsonb_strip_nulls(jsonb_build_object('root', regexp_replace(root, '/+$', ''), 'template', template, 'modes', modes, 'taken', taken,
		'inner_links', inner_links, 'verify', verify, 'file_mode', haul_store.octal(file_mode), 'dir_mode', haul_store.octal(dir_mode), 'owner_name', owner_name, 'group_name', group_name,
		'reserve', reserve, 'min_bytes', min_bytes, 'extensions', extensions, 'refused', refused, 'sidecars', sidecars, 'samples', samples, 'categories', categories,
		'done_tag', done_tag, 'done_category', done_category, 'done_remove', done_remove, 'qualities', qualities, 'junk', junk, 'extras', extras,
		'unpack', unpack, 'unpack_bytes', unpack_bytes, 'unpack_times', unpack_times, 'unpack_files', unpack_files, 'recycle_days', recycle_days, 'profile', case when profile is not null then (haul_store.see_profile(profile)).id end));
begin
	if name is null then
		perform haul_store.fail('TW422', 'which library?', 'give its name');
	elsif not coalesce(reset, '{}') <@ c_reset then
		perform haul_store.fail('TW422', format('cannot reset %s', array_to_string(reset, ', ')), 'use any of ' || array_to_string(c_reset, ', '));
	elsif v_new ?| reset then
		perform haul_store.fail('TW422', 'a setting is both set and reset', 'leave one of the two out');
	elsif v_new = '{}' and coalesce(reset, '{}') = '{}' then
		perform haul_store.fail('TW422', 'nothing to set', 'name what is to change');
	end if;
	l := jsonb_populate_record(c_was, (select coalesce(jsonb_object_agg(r, null), '{}') from unnest(reset) r) || v_new);
	perform haul_store.check_library(l);
	update haul_store.library o set root = l.root, template = l.template, modes = l.modes, taken = l.taken, inner_links = l.inner_links, verify = l.verify,
		file_mode = l.file_mode, dir_mode = l.dir_mode, owner_name = l.owner_name, group_name = l.group_name, reserve = l.reserve, min_bytes = l.min_bytes,
		extensions = l.extensions, refused = l.refused, sidecars = l.sidecars, samples = l.samples, categories = l.categories, done_tag = l.done_tag, done_remove = l.done_remove,
		qualities = l.qualities, junk = l.junk, extras = l.extras, unpack = l.unpack, unpack_bytes = l.unpack_bytes, unpack_times = l.unpack_times, unpack_files = l.unpack_files,
		profile = l.profile, recycle_days = l.recycle_days, done_category = l.done_category
	where o.id = l.id;
	perform haul_store.ring_clients() where l.done_category is distinct from c_was.done_category;
	perform haul_store.take_waiting(l, false) where l.categories is distinct from c_was.categories;
end $$;
comment on function haul.set_library(text, text, text, text[], text, boolean, boolean, text, text, text, text, bigint, bigint, text[], text[], text[], boolean, text[], text, text, text[], text[], boolean, boolean, bigint, int, int, text, int, text, text[]) is
'Change a library; what is left out stays. file_mode, dir_mode: of copies and folders, in octal (''0640''); what has none is as the worker''s umask has it, which Towpath''s systemd unit keeps from all other users, a media server''s, too; files that are linked or moved keep theirs. taken: what happens when a name is another file''s (suffix, skip, replace, better, fail); qualities: for better, from the worst to the best. extensions: only these; refused, junk: never these; sidecars: beside the file that they go with; samples, extras, min_bytes: what else is left out. unpack: archives; unpack_bytes, unpack_times (their own size), unpack_files: what is refused of them. done_tag: what a transfer is tagged with when its files are here; done_category: the category that it is put into then, where its client can; done_remove: what becomes of it then, once haul.goals is met (no, transfer, data). profile: what is done about its downloads in trouble. recycle_days: how long what was replaced or taken back stays in .tow-recycle; 0: for ever. reset takes back file_mode, dir_mode, owner_name, group_name, extensions, done_tag, done_category, profile.';

-- What p_ids need stays, unless somebody says so.
create or replace function haul_store.check_needless(p_what text, p_name text, p_ids bigint[], p_then text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if cardinality(p_ids) > 0 then
		perform haul_store.fail('TW409', format('%s %s has %s under way: %s', p_what, p_name, haul_store.some(cardinality(p_ids), 'download'), array_to_string(p_ids[:10], ', ') || case when cardinality(p_ids) > 10 then ', ...' else '' end),
			format('cancel them (tow haul ls --%s %s), or say that you know: tow %1$s rm %2$s --yes, or force=true; then %s', p_what, p_name, p_then));
	end if;
end $$;
comment on function haul_store.check_needless(text, text, bigint[], text) is 'Refuse to drop what downloads need that are under way; p_then: what would become of them.';

create or replace function haul.drop_library(name text, force boolean default false) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	l constant haul_store.library := haul_store.see_library(coalesce(name, ''));
	v_at constant bigint := (select min(d.id) from haul_store.download d where d.library = l.id and d.state = 'importing');
begin
	if v_at is not null then
		perform haul_store.fail('TW409', format('download %s is being placed in library %s', v_at, l.name), 'wait for its end, or cancel it');
	elsif force is not true then
		perform haul_store.check_needless('library', l.name, array(select d.id from haul_store.download d where d.library = l.id and haul_store.is_open(d.state) order by d.id), 'they wait for another library');
		perform haul_store.check_placed(l);
	end if;
	delete from haul_store.library o where o.id = l.id;
end $$;
comment on function haul.drop_library(text, boolean) is 'Delete a library; its files stay where they are, and haul.undo cannot take them back any more. Downloads that are under way to it wait for another one. So it is refused while there are files or downloads of it, unless force is true.';

create or replace function haul_store.check_placed(l haul_store.library) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	c_most constant int := 1000;
	v_n constant bigint := (select count(*) from (select from haul_store.download d
		where d.library = l.id and exists (select from haul_store.file f where f.download = d.id and f.state = 'placed') limit c_most + 1) o);
begin
	if v_n > 0 then
		perform haul_store.fail('TW409', format('library %s has files of %s%s', l.name, case when v_n > c_most then 'more than ' end, haul_store.some(least(v_n, c_most), 'download')),
			format('they would stay where they are, and undo could not take them back any more; if that is what you want: tow library rm %s --yes, or force=true', l.name));
	end if;
end $$;
comment on function haul_store.check_placed(haul_store.library) is 'Refuse to drop a library that files were placed in.';

create or replace function haul.announce(library text, target text, root text default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	l constant haul_store.library := haul_store.see_library(coalesce(library, ''));
	t constant haul_store.target := haul_store.see_target(target);
begin
	if root !~ '^[^[:cntrl:]]*$' then
		perform haul_store.fail('TW422', 'bad root', 'what the library''s folder is called on the server');
	end if;
	insert into haul_store.announce (library, target, root) values (l.id, t.id, root)
	on conflict on constraint announce_pkey do update set root = excluded.root;
end $$;
comment on function haul.announce(text, text, text) is 'Tell a media server of what changes in a library; root: what the library''s folder is called there, if not the same.';

create or replace function haul.unannounce(library text, target text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	l constant haul_store.library := haul_store.see_library(coalesce(library, ''));
	t constant haul_store.target := haul_store.see_target(target);
begin
	delete from haul_store.announce a where a.library = l.id and a.target = t.id;
end $$;
comment on function haul.unannounce(text, text) is 'Tell a media server no more of a library.';
