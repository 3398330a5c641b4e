-- Where a list goes on: the last row's key as JSON, which whoever asks hands back as it is.
create or replace function tow_store.refuse_cursor(p_after text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	perform tow_store.fail('TW422', format('bad after %L', left(p_after, 100)), 'it is the cursor of a row of the same list; without it the list begins');
end $$;
comment on function tow_store.refuse_cursor(text) is 'Raise TW422 for what is no cursor of a list.';

create or replace function tow_store.cursor_of(p_after text, p_members int) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
	v_cursor jsonb;
begin
	begin
		v_cursor := p_after::jsonb;
	exception when data_exception then
		null;
	end;
	if p_after is not null and (jsonb_typeof(v_cursor) is distinct from 'array' or jsonb_array_length(v_cursor) <> p_members) then
		perform tow_store.refuse_cursor(p_after);
	end if;
	return v_cursor;
end $$;
comment on function tow_store.cursor_of(text, int) is 'A cursor as it is compared; null: from the beginning. Raises TW422.';
