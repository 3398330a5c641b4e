-- Errors that a caller must act on, like the queue's: TW404 not there, TW409 not in this state, TW422 bad argument.
create or replace function haul_store.fail(p_code text, p_message text, p_hint text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	raise exception using errcode = p_code, message = p_message, hint = tow_store.with_path(p_hint);
end $$;
comment on function haul_store.fail(text, text, text) is 'Raise an error with its SQLSTATE and a hint that says what to do.';
