-- Names and choices: where a file goes, and whether it goes anywhere. Pure functions; what the file system takes is
-- seen to when a file is placed (tow_place_name).

-- One value within a path: no slash, no control character, no way up.
create or replace function haul_store.clean(p_value text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select regexp_replace(normalize(translate(p_value, '/\', '__'), NFC), '[[:cntrl:]]', '', 'g')
$$;
comment on function haul_store.clean(text) is 'A value as a part of a path.';

-- {name} is the value; { (|name|)} is " (value)", and nothing where there is no value. Doubled braces stand for themselves.
create or replace function haul_store.expand(p_template text, p_values jsonb, p_path boolean default true) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
	v_out text := '';
	v_part text[];
	v_field text[];
	v_value text;
begin
	for v_part in select regexp_matches(p_template, '(\{\{|\}\}|\{[^{}]*\}|[^{}]+|[{}])', 'g') loop
		if v_part[1] in ('{{', '}}') then
			v_out := v_out || left(v_part[1], 1);
		elsif v_part[1] ^@ '{' and length(v_part[1]) > 1 then
			v_field := string_to_array(substr(v_part[1], 2, length(v_part[1]) - 2), '|');
			v_value := nullif(p_values ->> v_field[case cardinality(v_field) when 3 then 2 else 1 end], '');
			if p_path and v_field[1] <> 'path' then
				v_value := haul_store.clean(v_value);
			end if;
			v_out := v_out || case when cardinality(v_field) = 3 then coalesce(v_field[1] || v_value || v_field[3], '') else coalesce(v_value, '') end;
		else
			v_out := v_out || v_part[1];
		end if;
	end loop;
	return v_out;
end $$;
comment on function haul_store.expand(text, jsonb, boolean) is 'A template with its values; p_path: as a path, of which each is a part.';

create or replace function haul_store.check_template(p_template text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_template is null or p_template = '' or p_template ~ '^/' or p_template ~ '(^|/)\.\.?(/|$)' or p_template ~ '//' or p_template ~ '/$'
		or regexp_replace(regexp_replace(p_template, '\{\{|\}\}', '', 'g'), '\{[a-z_]+\}|\{[^{}|]*\|[a-z_]+\|[^{}|]*\}', '', 'g') ~ '[{}]' then
		perform haul_store.fail('TW422', format('bad template %L', p_template), 'a path below the root, for instance {title}{ (|year|)}/{name}.{ext}');
	elsif p_template !~ '\{(path|name)\}' then
		perform haul_store.fail('TW422', format('the template %L gives all files of a download one name', p_template), 'use {name}.{ext} or {path} in it');
	end if;
end $$;
comment on function haul_store.check_template(text) is 'Refuse a template that gives no path.';

create or replace function haul_store.extension(p_path text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select lower(substring(p_path from '[^/]\.([^./]{1,16})$'))
$$;
comment on function haul_store.extension(text) is 'What comes after the last dot of a name, in lower case.';

create or replace function haul_store.stem(p_path text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select regexp_replace(regexp_replace(p_path, '^.*/', ''), '(?<=[^/])\.[^./]{1,16}$', '')
$$;
comment on function haul_store.stem(text) is 'A name without folders and extension.';

create or replace function haul_store.target_of(l haul_store.library, d haul_store.download, p_path text) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select regexp_replace(haul_store.expand(l.template, d.meta || jsonb_build_object('title', d.title, 'category', d.category, 'path', p_path,
		'name', haul_store.stem(p_path), 'ext', haul_store.extension(p_path))), '\.$', '')
$$;
comment on function haul_store.target_of(haul_store.library, haul_store.download, text) is 'Where a file goes in a library.';

-- Why a file is left out; null: it is placed.
create or replace function haul_store.why_not(l haul_store.library, p_path text, p_size bigint, p_wanted boolean) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case when not p_wanted then 'not chosen in the client'
		when haul_store.extension(p_path) = any(l.refused) then 'a program'
		when haul_store.extension(p_path) = any(l.sidecars) then null
		when l.extensions is not null and coalesce(haul_store.extension(p_path), '') <> all(l.extensions) then 'another kind of file'
		when not l.samples and p_path ~* '(^|[/. _-])sample([/. _-]|$)' then 'a sample'
		when p_size < l.min_bytes then 'too small' end
$$;
comment on function haul_store.why_not(haul_store.library, text, bigint, boolean) is 'Why a file of a download is not placed in a library.';
