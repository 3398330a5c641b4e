-- The recycle bins of libraries: once a day a job removes what has been there for long enough. The database's clock says how
-- long that is; what lies there bears the instant in its name.
create or replace function haul_store.sweep_bins() returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	with l as (
		update haul_store.library o set swept_at = tow.now() where o.recycle_days > 0 and coalesce(o.swept_at, o.created_at) < tow.now() - interval '1 day' returning o.*
	)
	select tow.enqueue('haul.empty', jsonb_build_object('library', l.name), queue => 'haul', key => 'haul.empty:' || l.id, policy => 'haul.work') from l
$$;
comment on function haul_store.sweep_bins() is 'Have recycle bins emptied whose turn it is.';

create or replace function haul.begin_empty(library text) returns table(root text, before text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select l.root, to_char((tow.now() - l.recycle_days * interval '1 day') at time zone 'UTC', 'YYYYMMDD"T"HH24MISS"Z"')
	from haul_store.library l where l.name = begin_empty.library and l.recycle_days > 0
$$;
comment on function haul.begin_empty(text) is 'For the job that empties a library''s recycle bin: where it is, and since when a thing must have been there; no row: nothing is to go.';
