-- Who may enqueue where.

create or replace function tow_store.check_producer(p_queue text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	null;
end $$;
comment on function tow_store.check_producer(text) is 'Refuse whoever may not enqueue in a queue.';
