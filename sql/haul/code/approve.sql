-- A word on a download that waits for one (needs_approval). Each locks the download's row; TW404 and TW409 as in state.sql.
create or replace function haul_store.see_asking(p_id bigint) returns haul_store.download
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	d constant haul_store.download := haul_store.see_download(p_id);
begin
	if d.state <> 'needs_approval' then
		perform haul_store.fail('TW409', format('download %s is %s: it does not wait for approval', d.id, d.state), format('for what failed or was refused: tow haul retry %s, or select haul.retry(%1$s)', d.id));
	end if;
	return d;
end $$;
comment on function haul_store.see_asking(bigint) is 'A download that waits for approval, locked; raises TW404, TW409.';

create or replace function haul.approve(id bigint, note text default null) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d haul_store.download := haul_store.see_asking(id);
begin
	perform haul_store.note_verb(d, 'approve', jsonb_strip_nulls(jsonb_build_object('note', note)));
	d := haul_store.move_to(d, 'approved', concat_ws(': ', 'somebody approved it', note));
	return haul_store.go_on(d);
end $$;
comment on function haul.approve(bigint, text) is 'Say yes to a download that waits for approval: its client is given it. Returns its state.';

create or replace function haul.reject(id bigint, reason text default null) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d haul_store.download := haul_store.see_asking(id);
begin
	perform haul_store.note_verb(d, 'reject', jsonb_strip_nulls(jsonb_build_object('reason', reason)));
	return (haul_store.move_to(d, 'rejected', coalesce(nullif(reason, ''), 'somebody rejected it'), case when reason <> '' then 'rejected' end)).state;
end $$;
comment on function haul.reject(bigint, text) is 'Say no to a download that waits for approval, and why. Returns its state; haul.retry thinks better of it.';
