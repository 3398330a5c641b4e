-- Downloads with the names, too, that a download manager for books beside ours has for what a row says.
create or replace function haul_store.book_of(d haul.listed)
returns table(book_title text, book_author text, book_asin text, download_url text, download_client text, download_client_id text, download_type text,
	download_progress real, quality_score text, match_score text, file_format text, file_size bigint, indexer text, started_at timestamptz,
	temp_file_path text, converted_file_path text, final_file_path text)
language sql stable security definer rows 1 set search_path = pg_catalog, pg_temp
as $$
	select d.title, d.meta ->> 'author', d.meta ->> 'asin', d.source, d.client, (select t.key from haul_store.transfer t where t.download = d.id order by t.missed, t.id limit 1), d.type,
		d.percent, d.meta ->> 'quality_score', d.meta ->> 'match_score', d.meta ->> 'format', d.size, d.meta ->> 'indexer', d.added_at,
		d.folder, null::text, (select (select l.root from haul_store.library l where l.name = d.library) || '/' || f.target
			from haul_store.file f where f.download = d.id and f.state = 'placed' order by f.source limit 1)
$$;
comment on function haul_store.book_of(haul.listed) is 'What a download is by the names of a program beside ours.';

create or replace view haul.queue as
select l.*, b.* from haul.listed l, lateral haul_store.book_of(l) b;
comment on view haul.queue is 'Downloads, with the names, too, of a download manager for books beside ours: book_title, download_progress and so on. download_client_id is what its client calls it; temp_file_path the folder, as it is called here, where that has it, final_file_path the first of its files in a library; converted_file_path is null, as nothing is converted; cursor is null but in lists.';

create or replace function haul.list_queue(
	state text[] default null, status text[] default null, client text default null, library text default null, title text default null, sort text default '-id', after text default null, max_rows int default 50, failing boolean default null
) returns setof haul.queue
language sql stable security definer set search_path = pg_catalog, pg_temp
set jit = off
as $$
	select l.*, b.*
	from haul.list_downloads(list_queue.state || list_queue.status, list_queue.client, list_queue.library, list_queue.title, list_queue.sort, list_queue.after, list_queue.max_rows, list_queue.failing) l, lateral haul_store.book_of(l) b
$$;
comment on function haul.list_queue(text[], text[], text, text, text, text, text, int, boolean) is 'Downloads, page by page as haul.list_downloads has them, with the names of a download manager for books beside ours. status: another name of state.';
