-- Downloads, as people ask for them. Each locks the download's row; TW404 and TW409 as in state.sql, TW422 bad argument.

-- What a link is, where nobody says so.
create or replace function haul_store.type_of(p_link text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case when p_link ~* '^magnet:\?' then 'torrent' when p_link ~* '^https?://[^?#]+\.torrent([?#]|$)' then 'torrent'
		when p_link ~* '^https?://[^?#]+\.nzb([?#]|$)' then 'nzb' when p_link ~* '^https?://[^/?#\s]+' then 'http' end
$$;
comment on function haul_store.type_of(text) is 'Whether a link is a torrent, an nzb or a file.';

create or replace function haul_store.drivers_of(p_type text, p_options jsonb) returns text[]
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case p_type when 'torrent' then '{qbittorrent,transmission,deluge,rtorrent,aria2}'::text[]
		when 'nzb' then '{sabnzbd,nzbget}' else case when p_options ? 'checksum' then '{web}'::text[] else '{web,aria2}' end end
$$;
comment on function haul_store.drivers_of(text, jsonb) is 'Which drivers take what, and do all that is asked of them.';

-- Clients know one of version 2 by the first 40 digits of its hash. Of several the first counts, as for the job that gives it.
create or replace function haul_store.hashes_of(p_link text) returns text[]
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select array_remove(array[lower(substring(p_link from '(?i)^magnet:\?(?:.*?&)??xt(?:\.\d+)?=urn:btih:([0-9a-f]{40})(?:&|$)')), left(v.hash, 40), v.hash], null)
	from (select lower(substring(p_link from '(?i)^magnet:\?(?:.*?&)??xt(?:\.\d+)?=urn:btmh:1220([0-9a-f]{64})(?:&|$)'))) v(hash)
$$;
comment on function haul_store.hashes_of(text) is 'By what a client may know what a magnet leads to.';

-- The client that is named, else the first that can.
create or replace function haul_store.choose_client(p_type text, p_name text, p_options jsonb) returns haul_store.client
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_drivers constant text[] := haul_store.drivers_of(p_type, p_options);
	c haul_store.client;
begin
	select o.* into c from haul_store.client o
	where case when p_name is not null then o.name = p_name else o.enabled and o.driver = any(v_drivers) end
	order by o.priority, o.id limit 1;
	if not found and p_name is not null then
		perform haul_store.fail('TW404', format('no client %L', p_name), 'tow client ls lists them, or select name from haul.clients');
	elsif not found then
		perform haul_store.fail('TW409', format('no client takes a %s', p_type), format('add one: tow client add NAME %s URL', v_drivers[1]));
	elsif not c.enabled or c.driver <> all(v_drivers) then
		perform haul_store.fail('TW409', format('client %s %s', c.name, case when c.enabled then format('takes no %s like this', p_type) else 'is disabled' end), 'name another one');
	elsif c.driver = 'web' and p_options ? 'folder' then
		perform haul_store.fail('TW422', format('client %s has one folder for all', c.name), format('change it for all: tow client set %s --url file:///FOLDER', c.name));
	end if;
	return c;
end $$;
comment on function haul_store.choose_client(text, text, jsonb) is 'Who shall download this.';

create or replace function haul_store.see_library(p_name text) returns haul_store.library
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	l haul_store.library;
begin
	select o.* into l from haul_store.library o where case when p_name is not null then o.name = p_name else true end order by o.id limit 1;
	if not found and p_name is not null then
		perform haul_store.fail('TW404', format('no library %L', p_name), 'tow library ls lists them, or select name from haul.libraries');
	end if;
	return l;
end $$;
comment on function haul_store.see_library(text) is 'A library by its name, or the first one; raises TW404 for a name.';

create or replace function haul_store.check_options(p_options jsonb, p_type text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
	c_known constant jsonb := jsonb '{"paused": "boolean", "sequential": "boolean", "down_limit": "number", "up_limit": "number", "ratio_limit": "number", "seed_limit": "number", "folder": "string", "checksum": "string"}';
	v_bad text;
begin
	if jsonb_typeof(p_options) is distinct from 'object' then
		perform haul_store.fail('TW422', 'options are not an object', 'for instance {"paused": true}');
	end if;
	select string_agg(o.key, ', ') into v_bad from jsonb_each(p_options) o where jsonb_typeof(o.value) is distinct from c_known ->> o.key;
	if v_bad is not null then
		perform haul_store.fail('TW422', format('bad options: %s', v_bad), (select string_agg(format('%s is a %s', k.key, k.value), ', ') from jsonb_each_text(c_known) k));
	elsif p_options ->> 'folder' !~ '^(/|[a-zA-Z]:[/\\])[^[:cntrl:]]*$' or p_options ->> 'folder' ~ '(^|[/\\])\.\.([/\\]|$)' then
		perform haul_store.fail('TW422', format('bad folder %L', left(p_options ->> 'folder', 200)), 'a whole path of the client''s, without .. in it');
	elsif p_options ? 'checksum' and (p_type <> 'http' or p_options ->> 'checksum' !~* '^(sha256:[0-9a-f]{64}|sha1:[0-9a-f]{40}|(md5|xxh128):[0-9a-f]{32})$') then
		perform haul_store.fail('TW422', format('bad checksum %L', left(p_options ->> 'checksum', 100)), 'of a file that is fetched: sha256:, sha1:, md5: or xxh128:, and the digits in hexadecimal');
	end if;
end $$;
comment on function haul_store.check_options(jsonb, text) is 'Refuse options that no client could be told.';

-- As browsers take them. A blank before another link is the end of one, and two are none.
create or replace function haul_store.without_blanks(p_link text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case when p_link ~* '^https?://[^/?#\s]+[/?#]' and p_link !~* ' (https?://|magnet:)' then replace(rtrim(p_link), ' ', '%20') else p_link end
$$;
comment on function haul_store.without_blanks(text) is 'A link to a file whose name has blanks, as servers want it.';

create or replace function haul.grab(
	link text default null, title text default null, library text default null, client text default null, type text default null, category text default null,
	options jsonb default '{}', meta jsonb default '{}', data bytea default null, profile text default null, priority int default 100
) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_type constant text := coalesce(type, haul_store.type_of(link));
	v_profile constant int := case when profile is not null then (haul_store.see_profile(profile)).id end;
	c haul_store.client;
	l haul_store.library;
	d haul_store.download;
	w haul_store.download;
	v_lost text;
begin
	link := haul_store.without_blanks(link);
	if (link is null) = (data is null) then
		perform haul_store.fail('TW422', 'one of link and data is needed', 'link: magnet: or http(s)://; data: what a .torrent or .nzb holds, and its type');
	elsif link ~ '^[a-zA-Z][a-zA-Z0-9+.-]*:' and link !~* '^(magnet:|https?://)' then
		perform haul_store.fail('TW422', format('links that begin with %s are not taken', substring(link from '^[^:]*:(?://)?')), 'a link begins with http://, https:// or magnet:; a .torrent or .nzb is given as the file that it is');
	elsif v_type is null or v_type not in ('torrent', 'nzb', 'http') or data is not null and v_type = 'http' then
		perform haul_store.fail('TW422', format('it is not clear what %s is', coalesce(left(link, 200), 'the data')), 'give its type: torrent, nzb or http');
	elsif v_type = 'torrent' and (substr(data, 1, 1) <> 'd'::bytea or position('4:info'::bytea in data) = 0) or v_type = 'nzb' and position('<nzb'::bytea in data) = 0 then
		perform haul_store.fail('TW422', format('the data is no %s', v_type), 'it shall be what a .torrent or .nzb file holds');
	elsif link ~* '^magnet:' and link !~* '[?&]xt(\.\d+)?=urn:(btih|btmh):[0-9a-z]' then
		perform haul_store.fail('TW422', 'the magnet link does not say of which torrent', 'it looks like magnet:?xt=urn:btih:...');
	elsif link ~* '^magnet:' and link !~* '[?&]xt(\.\d+)?=urn:(btih:([0-9a-f]{40}|[2-7a-z]{32})|btmh:1220[0-9a-f]{64})(&|$)' then
		perform haul_store.fail('TW422', format('the magnet link has no whole hash: %s', left(substring(link from '(?i)urn:(bt[im]h:[^&]*)'), 100)), 'after btih: 40 hexadecimal digits, or 32 of base32; after btmh: 1220 and 64 hexadecimal digits');
	elsif link !~* '^(magnet:\?|https?://)[^[:cntrl:]\s]+$' then
		perform haul_store.fail('TW422', format('%L is not a link', left(link, 200)), 'magnet:? or http(s)://, one link');
	elsif jsonb_typeof(meta) is distinct from 'object' then
		perform haul_store.fail('TW422', 'meta is not an object', 'for instance {"year": 1999}');
	end if;
	perform haul_store.check_options(options, v_type);
	c := haul_store.choose_client(v_type, client, options);
	l := haul_store.see_library(library);
	w := haul_store.holder(c.id, haul_store.hashes_of(link), null);
	if w.id is not null then
		perform haul_store.fail('TW409', format('client %s holds it for download %s, which is %s', c.name, w.id, w.state), haul_store.hint_of_holder(w));
	end if;
	insert into haul_store.download (title, state, state_at, type, link, data, client, client_name, library, category, options, meta, profile, priority, who, created_at)
	values (coalesce(nullif(title, ''), haul_store.title_of(link), haul_store.title_within(data), v_type), 'queued', tow.now(), v_type, link, data, c.id, c.name, l.id, category, options, meta, v_profile, coalesce(priority, 100), tow_store.actor(), tow.now())
	returning * into d;
	perform haul_store.note_verb(d, 'add', jsonb_build_object('client', c.name));
	perform haul_store.begin_tending();
	perform haul_store.note_event(d.id, 'queued', format('for client %s%s', c.name, coalesce(', into library ' || l.name, '')), null, 'queued');
	if c.driver = 'web' then -- others say themselves what they cannot
		select string_agg(o, ', ') into v_lost from unnest('{category,sequential,up_limit,ratio_limit,seed_limit}'::text[]) o where (options || jsonb_strip_nulls(jsonb_build_object('category', category))) ? o;
		perform haul_store.note_event(d.id, 'refused', format('client %s: options: it cannot be told %s', c.name, v_lost)) where v_lost is not null;
	end if;
	d := haul_store.move_to(d, 'approved', 'the source was given');
	if c.driver = 'web' and (options -> 'paused')::boolean then
		perform haul_store.move_to(d, 'paused');
	else
		perform haul_store.go_on(d);
	end if;
	return d.id;
end $$;
comment on function haul.grab(text, text, text, text, text, text, jsonb, jsonb, bytea, text, int) is
'Download something: a magnet or http(s) link, or what a .torrent or .nzb holds. By the client that is named, else by the first that takes it; into the library that is named, else into the first. type: torrent, nzb or http, where the link does not say so. options: paused, sequential, down_limit, up_limit (bytes a second), ratio_limit, seed_limit (seconds), folder, checksum (of a file: sha256:HEX, sha1, md5, xxh128). meta: what the library''s template may use. profile: instead of the library''s; priority: who is next where not all may at once, the smallest. Returns the download''s id.';

-- What is no UTF-8 stays as it was written; nobody wants control characters.
create or replace function haul_store.percent_decoded(p_text text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
	v_hex constant text := (select string_agg(coalesce(m[1], encode(convert_to(m[2], 'UTF8'), 'hex')), '' order by n)
		from regexp_matches(p_text, '%([[:xdigit:]]{2})|([^%]+|%)', 'g') with ordinality r(m, n) where m[1] is distinct from '00');
begin
	return regexp_replace(convert_from(decode(coalesce(v_hex, ''), 'hex'), 'UTF8'), '[\u0001-\u001f\u007f-\u009f]', '', 'g');
exception when character_not_in_repertoire or untranslatable_character then
	return p_text;
end $$;
comment on function haul_store.percent_decoded(text) is 'A part of a link as people read it.';

-- The name that a link gives, for people: without who logs in there.
create or replace function haul_store.title_of(p_link text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select nullif(left(case when p_link ~* '^magnet:' then haul_store.percent_decoded(replace(substring(p_link from '[?&]dn=([^&]*)'), '+', ' '))
		else regexp_replace(haul_store.percent_decoded(substring(regexp_replace(p_link, '^(https?://)[^/?#]*@', '\1', 'i') from '(?i)^https?://[^?#]*?([^/?#]*)/?(?:[?#].*)?$')), '\.(torrent|nzb)$', '', 'i') end, 300), '')
$$;
comment on function haul_store.title_of(text) is 'What a link calls what it leads to.';

-- "4:name<length>:<name>" of a .torrent.
create or replace function haul_store.title_within(p_data bytea) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
	v_at constant int := position('4:name'::bytea in p_data);
	v_rest constant bytea := substr(p_data, v_at + 6, 1100);
	v_length constant text := case when v_at > 0 then substring(encode(substr(v_rest, 1, 5), 'escape') from '^(\d{1,3}):') end;
begin
	return nullif(convert_from(substr(v_rest, length(v_length) + 2, v_length::int), 'UTF8'), '');
exception when character_not_in_repertoire or untranslatable_character then
	return null;
end $$;
comment on function haul_store.title_within(bytea) is 'What a .torrent calls itself; null: it does not say.';

-- What is given up here is not given up there, and whoever only cancels may not think of that.
create or replace function haul_store.words_of_cancel(d haul_store.download, p_remove text) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select case p_remove when 'transfer' then 'its client is told to forget it' when 'data' then 'its client is told to delete it'
		else (select 'its client keeps it' || case when t.complete or t.state = 'paused' or d.type = 'http' then '' else format(', and goes on with it: tow haul forget %s --remove data ends that', d.id) end
			from haul_store.transfer t where t.download = d.id and t.leaving is null and t.missed = 0 and t.state not in ('deleted', 'removed') limit 1) end
$$;
comment on function haul_store.words_of_cancel(haul_store.download, text) is 'What becomes of a download that is cancelled in its client, in words; null: that has nothing of it.';

create or replace function haul.cancel(id bigint, remove text default 'no') returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d haul_store.download := haul_store.hold_download(id);
	v_was constant haul_store.download := d;
	v_job bigint;
begin
	perform haul_store.check_remove(remove);
	if d.state <> 'failed' and not haul_store.is_open(d.state) then
		perform haul_store.fail('TW409', format('download %s is %s: there is nothing to cancel', d.id, d.state),
			format('out of the list: tow haul forget %s, or POST /api/v1/downloads/%1$s/forget', d.id) || case when d.state = 'completed' then format('; its files out of the library: tow haul undo %s, or POST /api/v1/downloads/%1$s/undo', d.id) else '' end);
	end if;
	perform haul_store.note_verb(d, 'cancel', jsonb_build_object('remove', remove));
	d := haul_store.move_to(d, 'cancelled', haul_store.words_of_cancel(d, remove));
	perform haul_store.stop_fetch(d, 'paused');
	perform haul_store.take_back_key(v_was);
	for v_job in select unnest(haul_store.errands(d.id, '{haul.grab,haul.import,haul.preview}')) loop
		perform haul_store.end_job(v_job, 'its download was cancelled');
	end loop;
	perform haul_store.let_go(d, remove);
end $$;
comment on function haul.cancel(bigint, text) is 'Give a download up: what works on it is ended. remove: no (the client keeps what it has), transfer (it forgets it), data (it deletes it).';

create or replace function haul.retry(id bigint, library text default null) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d haul_store.download := haul_store.hold_download(id);
	v_anew constant boolean := library is null and haul_store.is_spoilt(d);
	v_held constant boolean := not v_anew and exists (select from haul_store.transfer t where t.download = d.id and t.missed < 3 and t.state <> 'removed'
		and (t.leaving is null or d.state = 'completed'));
	v_ended constant boolean := haul_store.has_ended_there(d);
	v_to text := case
		when d.state in ('downloaded', 'importing') then d.state
		when d.state = 'completed' then 'downloaded'
		when d.state = 'downloading' then 'approved'
		when d.state <> 'failed' or not v_held then 'queued'
		when d.back in ('downloaded', 'importing', 'converting', 'converted') then 'downloaded'
		else 'downloading' end;
begin
	perform haul_store.note_verb(d, 'retry', jsonb_strip_nulls(jsonb_build_object('library', library)));
	if d.state in ('approved', 'downloading') and haul_store.is_web(d.client) then
		return haul_store.hurry(d);
	elsif d.state = 'completed' and not (v_held and exists (select from haul_store.file f where f.download = d.id and f.state = 'undone')) then
		perform haul_store.fail('TW409', format('download %s is completed%s', d.id, case when not v_held then ', and its client does not hold it any more' end),
			'what was undone can be imported again while its client holds it; else: tow haul add');
	end if;
	if v_ended then
		update haul_store.download o set library = (haul_store.see_library(retry.library)).id where o.id = d.id and retry.library is not null;
		perform haul_store.start_afresh(d);
		perform haul_store.give_again(d, case when d.type = 'nzb' then 'remove_data' else 'remove' end, 'somebody tries again');
		return 'approved';
	elsif d.state = 'downloading' and exists (select from haul_store.transfer t join haul_store.health h on h.client = t.client
		where t.download = d.id and t.missed = 0 and t.state = 'downloading' and h.observed - t.moved < '1 minute') then
		perform haul_store.fail('TW409', format('download %s is on its way', d.id), 'its client is at it: tow haul pause or cancel holds it or gives it up');
	elsif d.state = 'downloading' and v_held and d.type <> 'torrent' and not haul_store.is_paused_there(d.id) then
		perform haul_store.fail('TW409', format('client %s holds download %s, and cannot be told to try again', d.client_name, d.id),
			format('see there what keeps it; or begin anew: tow haul cancel %s --remove data, then tow haul retry %1$s', d.id));
	elsif d.state = 'downloading' and v_held then
		perform haul_store.start_afresh(d);
		perform haul_store.revive(d);
		return d.state;
	elsif library is not null or d.library is null then
		update haul_store.download o set library = (haul_store.see_library(library)).id where o.id = d.id returning o.* into d;
	end if;
	perform haul_store.start_afresh(d);
	update haul_store.download o set forgotten_at = null where o.id = d.id and o.forgotten_at is not null;
	perform haul_store.act(d, 'remove_data') where v_anew;
	if d.state <> v_to then
		d := haul_store.move_to(d, v_to, 'somebody tries again');
	end if;
	perform haul_store.revive(d) where d.state = 'downloading';
	v_to := haul_store.go_on(d);
	perform tow_store.start_early(j) from unnest(haul_store.errands(d.id, '{haul.grab,haul.import}')) j;
	return v_to;
end $$;
comment on function haul.retry(bigint, text) is 'Try a download again that failed, was cancelled, refused or undone, from the last stage that was good; one that waits for a library goes into that which is named, else into its own or the first; one that a worker of ours waits to fetch again is fetched at once, and one that it fetches already is left alone; one that its client has under way is let go on there, or, a torrent, checked where its disk failed, or announced once more, and one that its client does not list, or has given up for good, is given to it anew; an archive from a plain link that is not good is deleted, and fetched anew. Returns its state.';

-- As it is it may still be placed: in another library, or by one that unpacks nothing any more.
create or replace function haul_store.is_spoilt(d haul_store.download) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select d.state = 'failed' and d.class = 'release.archive' and haul_store.is_web(d.client)
		and exists (select from haul_store.library l where l.id = d.library and l.unpack)
$$;
comment on function haul_store.is_spoilt(haul_store.download) is 'Whether what our workers fetched is an archive that is not good: to be tried again it is fetched anew.';

-- What a state that waits for nobody asks for.
create or replace function haul_store.go_on(d haul_store.download) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if d.state = 'queued' then
		d := haul_store.move_to(d, 'approved', 'the source is known');
	end if;
	if d.state in ('approved', 'downloading') and haul_store.is_web(d.client) then
		perform haul_store.launch_fetch(d);
	elsif d.state = 'approved' then
		perform haul_store.launch(d, 'haul.grab') where d.let or not haul_store.is_limited(d);
	elsif d.state in ('downloaded', 'importing') and d.library is not null then
		perform haul_store.launch(d, 'haul.import');
	end if;
	return d.state;
end $$;
comment on function haul_store.go_on(haul_store.download) is 'Have the work done that a download''s state asks for.';

-- What its client is told, by a job, in the order in which it was asked for, and after those that fetch or place it. What
-- is told to go is no longer looked for.
create or replace function haul_store.act(d haul_store.download, p_what text) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	update haul_store.transfer t set leaving = 'done', leave_at = tow.now() where t.download = d.id and p_what in ('remove', 'remove_data');
	if p_what in ('pause', 'resume') and haul_store.is_web(d.client) or not exists (select from haul_store.transfer t where t.download = d.id) then
		return null;
	end if;
	return haul_store.send(d, 'haul.act', jsonb_build_object('act', p_what), null,
		nullif(haul_store.errands(d.id, '{haul.act,haul.import}') || haul_store.fetches_of(d.id), '{}'));
end $$;
comment on function haul_store.act(haul_store.download, text) is 'Have a download''s client do something with it: pause, resume, recheck, reannounce, remove, remove_data, done.';

create or replace function haul.pause(id bigint) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d haul_store.download := haul_store.hold_download(id);
	v_was constant haul_store.download := d;
begin
	if d.state not in ('queued', 'approved', 'downloading') then
		perform haul_store.fail('TW409', format('download %s is %s: there is nothing to hold', d.id, d.state), 'what is under way can be paused, until all of it is here');
	end if;
	perform haul_store.note_verb(d, 'pause');
	d := haul_store.move_to(d, 'paused');
	perform haul_store.take_back_key(v_was);
	perform haul_store.stop_fetch(d, 'paused');
	perform haul_store.act(d, 'pause');
end $$;
comment on function haul.pause(bigint) is 'Hold a download, in its client too.';

create or replace function haul_store.is_paused_there(p_download bigint) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select exists (select from haul_store.transfer t where t.download = p_download and t.state = 'paused' and t.missed = 0)
$$;
comment on function haul_store.is_paused_there(bigint) is 'Whether somebody has paused a download in its client.';

create or replace function haul.resume(id bigint) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d haul_store.download := haul_store.hold_download(id);
begin
	if d.state = 'downloading' and haul_store.is_paused_there(d.id) then
		perform haul_store.note_verb(d, 'resume');
		perform haul_store.act(d, 'resume');
		return d.state;
	elsif d.state <> 'paused' then
		perform haul_store.fail('TW409', format('download %s is %s, not paused', d.id, d.state), format('for what failed: tow haul retry %s, or select haul.retry(%1$s)', d.id));
	end if;
	perform haul_store.note_verb(d, 'resume');
	d := haul_store.move_to(d, coalesce(d.back, 'queued'));
	perform haul_store.act(d, 'resume');
	return haul_store.go_on(d);
end $$;
comment on function haul.resume(bigint) is 'Let a paused download go on, also one that somebody has paused in its client; returns its state.';

create or replace function haul.act(id bigint, what text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d constant haul_store.download := haul_store.see_download(id);
begin
	if what is null or what not in ('recheck', 'reannounce', 'pause', 'resume') then
		perform haul_store.fail('TW422', format('bad act %L', what), 'use recheck, reannounce, pause or resume');
	elsif haul_store.is_web(d.client) then
		perform haul_store.fail('TW409', format('client %s knows no %s', d.client_name, what), 'tow haul pause, resume and retry are for what our workers fetch, or select haul.pause, haul.resume and haul.retry');
	end if;
	perform haul_store.note_verb(d, 'act', jsonb_build_object('what', what));
	return haul_store.act(d, what);
end $$;
comment on function haul.act(bigint, text) is 'Have a download''s client recheck, reannounce, pause or resume its transfer, whatever the download''s state; returns the job''s id, null when no client has it.';
