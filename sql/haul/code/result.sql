-- Somebody has searched, and chosen: the result is grabbed as it is.
create or replace function haul.grab_result(
	title text, author text default null, link text default null, download_url text default null, indexer text default null, quality text default null, size bigint default null,
	type text default null, library text default null, client text default null, profile text default null, options jsonb default '{}', meta jsonb default '{}'
) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_link constant text := coalesce(link, download_url);
begin
	if nullif(title, '') is null then
		perform haul_store.fail('TW422', 'the result has no title', 'title, and link or download_url, are what a search gives');
	elsif link <> download_url or v_link is null then
		perform haul_store.fail('TW422', 'one of link and download_url is needed', 'magnet: or http(s)://, as the indexer gives it');
	elsif type not in ('torrent', 'nzb') then
		perform haul_store.fail('TW422', format('bad type %L', type), 'use torrent or nzb, or leave it out where the link says it');
	elsif jsonb_typeof(meta) is distinct from 'object' then
		perform haul_store.fail('TW422', 'meta is no object', 'for instance {"year": 1999}');
	end if;
	return haul.grab(v_link, title, library, client, type, options => options, profile => profile,
		meta => meta || jsonb_strip_nulls(jsonb_build_object('author', author, 'indexer', indexer, 'quality', quality, 'size', size)));
end $$;
comment on function haul.grab_result(text, text, text, text, text, text, bigint, text, text, text, text, jsonb, jsonb) is
'Download what somebody chose among the results of a search, without searching: author, indexer, quality and size are kept in its meta. Returns the download''s id.';
