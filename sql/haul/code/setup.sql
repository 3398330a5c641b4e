-- What people set up is in the audit, whoever changes it and by whatever way: what it was, and what of it. Measured columns
-- are no settings; a secret is a name.
create or replace function haul_store.note_setup() returns trigger
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c_measured constant text[] := '{id,revision,created_at,free_bytes,scanned_at,sent_at,next_at,failed_at,class,error,hint}'::text[];
	v_old constant jsonb := case when tg_op <> 'INSERT' then jsonb_strip_nulls(to_jsonb(old)) - c_measured end;
	v_new constant jsonb := case when tg_op <> 'DELETE' then jsonb_strip_nulls(to_jsonb(new)) - c_measured end;
	v_what constant text := case tg_op when 'INSERT' then 'add' when 'UPDATE' then 'set' else 'drop' end;
begin
	if v_old is distinct from v_new then
		perform tow.note(format('%s.%s', tg_argv[0], v_what), coalesce(v_new, v_old) ->> tg_argv[1],
			case when v_what = 'set' then tow_store.changed(v_old, v_new) else coalesce(v_new, v_old) end);
	end if;
	return null;
end $$;
comment on function haul_store.note_setup() is 'After a change of a table of settings: a row of the audit. Arguments: what the table is called there, the column of the name.';

create or replace trigger note_setup after insert or update or delete on haul_store.client for each row execute function haul_store.note_setup('client', 'name');
create or replace trigger note_setup after insert or update or delete on haul_store.library for each row execute function haul_store.note_setup('library', 'name');
create or replace trigger note_setup after insert or update or delete on haul_store.target for each row execute function haul_store.note_setup('target', 'name');
create or replace trigger note_setup after insert or update or delete on haul_store.profile for each row execute function haul_store.note_setup('profile', 'name');
create or replace trigger note_setup after insert or update or delete on haul_store.channel for each row execute function haul_store.note_setup('channel', 'name');
create or replace trigger note_setup after insert or update or delete on haul_store.rule for each row execute function haul_store.note_setup('rule', 'name');
create or replace trigger note_setup after insert or update or delete on haul_store.seed_goal for each row execute function haul_store.note_setup('goal', 'tracker');
