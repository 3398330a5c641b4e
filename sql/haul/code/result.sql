-- Somebody has searched, and chosen: the result is grabbed as it is. Programs beside ours have names of their own for what it is.
create or replace function haul_store.by_either_name(p_names text, p_one text, p_other text) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_one <> p_other then
		perform haul_store.fail('TW422', format('%s are two names of one thing, and differ', p_names), 'send one of them');
	end if;
	return coalesce(p_one, p_other);
end $$;
comment on function haul_store.by_either_name(text, text, text) is 'A value that may come by two names; raises TW422 when they say two things.';

-- What means nothing here is kept for those who look at it.
create or replace function haul.grab_result(
	title text default null, author text default null, link text default null, download_url text default null, indexer text default null, quality text default null, size bigint default null,
	type text default null, library text default null, client text default null, profile text default null, options jsonb default '{}', meta jsonb default '{}',
	category text default null, data bytea default null, priority int default 100,
	book_title text default null, book_author text default null, book_asin text default null, download_type text default null,
	quality_score numeric default null, match_score numeric default null, file_format text default null, file_size bigint default null, seeders int default null
) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_link constant text := haul_store.by_either_name('link and download_url', link, download_url);
	v_title constant text := haul_store.by_either_name('title and book_title', title, book_title);
	v_author constant text := haul_store.by_either_name('author and book_author', author, book_author);
	v_type constant text := haul_store.by_either_name('type and download_type', type, download_type);
	v_size constant bigint := haul_store.by_either_name('size and file_size', size::text, file_size::text)::bigint;
begin
	if jsonb_typeof(meta) is distinct from 'object' then
		perform haul_store.fail('TW422', 'meta is not an object', 'for instance {"year": 1999}');
	end if;
	return haul.grab(v_link, v_title, library, client, v_type, category, options, data => data, profile => profile, priority => priority,
		meta => meta || jsonb_strip_nulls(jsonb_build_object('author', v_author, 'indexer', indexer, 'quality', quality, 'size', v_size, 'asin', book_asin,
			'quality_score', quality_score, 'match_score', match_score, 'format', file_format, 'seeders', seeders)));
end $$;
comment on function haul.grab_result(text, text, text, text, text, text, bigint, text, text, text, text, jsonb, jsonb, text, bytea, int, text, text, text, text, numeric, numeric, text, bigint, int) is
'Download what somebody chose among the results of a search, without searching, as haul.grab does; what a program beside ours calls download_url, book_title, book_author, download_type and file_size is link, title, author, type and size. author, indexer, quality, size, asin, quality_score, match_score, format and seeders are kept in its meta. Returns the download''s id.';
