-- Names: where a file goes. Pure functions; what the file system takes is seen to when a file is placed
-- (tow_place_name), which changes nothing of what is made here but names that Windows keeps for itself.
-- A name that is not UTF-8 comes with a character from U+EF80 on for each such byte (tow_place_text), and keeps it.

-- One value within a path: no slash, no control character, no way up.
create or replace function haul_store.clean(p_value text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select regexp_replace(normalize(translate(p_value, '/\', '__'), NFC), '[[:cntrl:]]', '', 'g')
$$;
comment on function haul_store.clean(text) is 'A value as a part of a path.';

-- What stood around a value that is not there: brackets, a dash, blanks. \x01 marks its place.
create or replace function haul_store.tidy(p_path text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select ltrim(regexp_replace(regexp_replace(regexp_replace(regexp_replace(p_path,
		'\s*[(\[]\s*\x01+\s*[)\]]', E'\x01', 'g'), '(^|/)\x01+[ ._-]*', '\1', 'g'), '(\s+-\s+|[ ._-]+)?\x01+', '', 'g'), '/+', '/', 'g'), '/')
$$;
comment on function haul_store.tidy(text) is 'A path without what values that are not there leave behind.';

create or replace function haul_store.field(p_field text, p_values jsonb) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case when v.name = 'path' then translate(v.value, E'\x01', '') when v.value ~ '^\d+$' then lpad(haul_store.clean(v.value), greatest(v.width, length(v.value)), '0')
		else haul_store.clean(v.value) end
	from (select f[1] as name, nullif(p_values ->> f[1], '') as value, coalesce(nullif(f[2], '')::int, 0) as width from string_to_array(p_field, ':') f) v
$$;
comment on function haul_store.field(text, jsonb) is 'A value of a template; episode:2 has two digits at least.';

-- {name} is the value; { (|name|)} is " (value)", and nothing where there is no value. Doubled braces stand for themselves.
create or replace function haul_store.expand(p_template text, p_values jsonb, p_path boolean default true) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
	v_out text := '';
	v_part text[];
	v_field text[];
	v_name text;
	v_value text;
begin
	for v_part in select regexp_matches(p_template, '(\{\{|\}\}|\{[^{}]*\}|[^{}]+|[{}])', 'g') loop
		if v_part[1] in ('{{', '}}') then
			v_out := v_out || left(v_part[1], 1);
		elsif v_part[1] ^@ '{' and length(v_part[1]) > 1 then
			v_field := string_to_array(substr(v_part[1], 2, length(v_part[1]) - 2), '|');
			v_name := v_field[case cardinality(v_field) when 3 then 2 else 1 end];
			v_value := case when p_path then haul_store.field(v_name, p_values) else nullif(p_values ->> v_name, '') end;
			v_out := v_out || case when cardinality(v_field) = 3 then coalesce(v_field[1] || v_value || v_field[3], '') else coalesce(v_value, case when p_path then E'\x01' else '' end) end;
		else
			v_out := v_out || v_part[1];
		end if;
	end loop;
	return case when p_path then haul_store.tidy(v_out) else v_out end;
end $$;
comment on function haul_store.expand(text, jsonb, boolean) is 'A template with its values; p_path: as a path, of which each is a part.';

create or replace function haul_store.check_template(p_template text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_template is null or p_template = '' or p_template ~ '^/' or p_template ~ '(^|/)\.\.?(/|$)' or p_template ~ '//' or p_template ~ '/$'
		or regexp_replace(regexp_replace(p_template, '\{\{|\}\}', '', 'g'), '\{[a-z_]+(:0?[1-9])?\}|\{[^{}|]*\|[a-z_]+(:0?[1-9])?\|[^{}|]*\}', '', 'g') ~ '[{}]' then
		perform haul_store.fail('TW422', format('bad template %L', p_template), 'a path below the root, for instance {title}{ (|year|)}/{name}.{ext}');
	elsif p_template !~ '(\{path\}|\{ext\}|\|ext\|[^{}|]*\})$' then
		perform haul_store.fail('TW422', format('the template %L takes files'' extensions away', p_template), 'end it with {ext} or {path}');
	end if;
end $$;
comment on function haul_store.check_template(text) is 'Refuse a template that gives no path.';

create or replace function haul_store.folder(p_path text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select coalesce(substring(p_path from '^(.*)/'), '')
$$;
comment on function haul_store.folder(text) is 'The folders of a path; '''' where there is none.';

create or replace function haul_store.base(p_path text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select substring(p_path from '[^/]*$')
$$;
comment on function haul_store.base(text) is 'A name without folders.';

create or replace function haul_store.extension(p_path text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select lower(substring(p_path from '[^/]\.([^./]{1,16})$'))
$$;
comment on function haul_store.extension(text) is 'What comes after the last dot of a name, in lower case.';

create or replace function haul_store.stem(p_path text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select regexp_replace(haul_store.base(p_path), '(?<=.)\.[^./]{1,16}$', '')
$$;
comment on function haul_store.stem(text) is 'A name without folders and extension.';

create or replace function haul_store.without(p_name text, p_end text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select left(p_name, length(p_name) - length(p_end))
$$;
comment on function haul_store.without(text, text) is 'A name without its end.';

create or replace function haul_store.join_path(p_folder text, p_name text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case when p_folder = '' then p_name else p_folder || '/' || p_name end
$$;
comment on function haul_store.join_path(text, text) is 'A name in a folder.';

-- Cut where a character ends, and never to nothing.
create or replace function haul_store.fit(p_text text, p_bytes int) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
	v_most constant int := greatest(p_bytes, 16);
	v_length int := least(length(p_text), v_most);
begin
	while octet_length(left(p_text, v_length)) > v_most loop
		v_length := v_length - greatest((octet_length(left(p_text, v_length)) - v_most) / 4, 1);
	end loop;
	return left(p_text, v_length);
end $$;
comment on function haul_store.fit(text, int) is 'As much of a text as so many bytes hold.';

-- A name of 255 bytes has no room for what a media server puts beside it.
create or replace function haul_store.part(p_name text, p_bytes int default 239) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select rtrim(haul_store.fit(regexp_replace(p_name, '[\\:*?"<>|[:cntrl:]]', '_', 'g'), p_bytes), '. ')
$$;
comment on function haul_store.part(text, int) is 'A part of a path as any file system takes it; '''': it takes none of it.';

create or replace function haul_store.parts(p_path text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select coalesce(string_agg(x.part, '/' order by x.n), '')
	from (select haul_store.part(p) as part, n from string_to_table(p_path, '/') with ordinality o(p, n)) x where x.part <> ''
$$;
comment on function haul_store.parts(text) is 'Folders as any file system takes them.';

-- .tow-unpack and .tow-recycle of a library's root are its own, whatever a file system thinks of capitals.
create or replace function haul_store.not_ours(p_path text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case when lower(p_path) ^@ '.tow-' then '_' || p_path else p_path end
$$;
comment on function haul_store.not_ours(text) is 'A path below a library''s root that is in none of the hidden folders there.';

-- A plain link is called as its file is: {title}/{name}.{ext} shall not be film.mkv/film.mkv.
create or replace function haul_store.bare_title(d haul_store.download) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select case when d.type = 'http' and d.title = haul_store.title_of(d.link) and haul_store.extension(d.title) ~ '^[a-z][a-z0-9]{1,4}$' then haul_store.stem(d.title) else d.title end
$$;
comment on function haul_store.bare_title(haul_store.download) is 'The title of a download for names of files: without the extension where it is a file''s name.';

create or replace function haul_store.target_of(l haul_store.library, d haul_store.download, p_path text) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select normalize(haul_store.expand(l.template, d.meta || jsonb_build_object('title', haul_store.bare_title(d), 'category', d.category, 'path', p_path,
		'name', haul_store.stem(p_path), 'ext', haul_store.extension(p_path))), NFC)
$$;
comment on function haul_store.target_of(haul_store.library, haul_store.download, text) is 'Where a library''s template has a file.';

-- stem || rest are names; those that are there twice get a number after the stem, in their order, whatever their case.
create or replace function haul_store.tell_apart(p_stems text[], p_rests text[], p_number text) returns text[]
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
	v_stems text[] := p_stems;
	v_again boolean := true;
begin
	while v_again loop
		select array_agg(case when x.n = 1 then x.stem else x.stem || format(p_number, x.n) end order by x.i), bool_or(x.n > 1) into v_stems, v_again
		from (select u.stem, u.i, row_number() over (partition by lower(u.stem || u.rest) order by u.i) as n
			from unnest(v_stems, p_rests) with ordinality u(stem, rest, i)) x;
	end loop;
	return v_stems;
end $$;
comment on function haul_store.tell_apart(text[], text[], text) is 'Names, each of them once.';
