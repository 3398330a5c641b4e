-- Taking back what an import placed: each file, if it is still the one that was placed, and no other download's.
create or replace function haul.undo(id bigint) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d constant haul_store.download := haul_store.see_download(id);
begin
	if not exists (select from haul_store.file f where f.download = d.id and f.state = 'placed') then
		perform haul_store.fail('TW409', format('nothing of download %s is in place', d.id), format('tow haul files %s shows its files, or select * from haul.files', d.id));
	elsif d.state not in ('completed', 'failed', 'cancelled') then
		perform haul_store.fail('TW409', format('download %s is %s', d.id, d.state), 'wait for its end, or cancel it');
	elsif d.library is null then
		perform haul_store.fail('TW409', format('the library that the files of download %s were placed in is gone', d.id), 'they are where they were: delete them there by hand');
	end if;
	perform haul_store.note_verb(d, 'undo');
	return haul_store.launch(d, 'haul.undo');
end $$;
comment on function haul.undo(bigint) is 'Take back the files that a download''s import placed, where nobody changed them since, and no other download has them, too (which then keeps them); returns the job''s id.';

-- What another download has by the same name in the same library stays, and is that one's from now on: what it found there and
-- did not place, its own undo takes back.
create or replace function haul_store.pass_on(f haul_store.file) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	o haul_store.file;
begin
	select x.* into o from haul_store.file x join haul_store.download e on e.id = x.download
	where x.target = f.target and x.state = 'placed' and x.download <> f.download and f.mode <> 'same' and x.size = f.size and coalesce(x.hash = f.hash, true) -- or it had another, which f replaced
		and e.library = (select d.library from haul_store.download d where d.id = f.download)
	order by x.id limit 1 for update of x;
	if not found then
		return;
	end if;
	update haul_store.file x set mode = f.mode, hash = f.hash, dev = f.dev, ino = f.ino, replaced = f.replaced, former_size = f.former_size, former_ino = f.former_ino, why = format('download %s had placed it', f.download)
	where x.id = o.id and x.mode is null;
	update haul_store.file x set state = 'undone', why = format('download %s has it, too: it stays', o.download) where x.id = f.id;
	perform haul_store.note_event(f.download, 'kept', format('%s: download %s has it, too', f.target, o.download));
	perform haul_store.note_event(o.download, 'taken over', format('%s: download %s had placed it', f.target, f.download));
end $$;
comment on function haul_store.pass_on(haul_store.file) is 'Leave a file to another download that has it, if there is one.';

create or replace function haul.begin_undo(download bigint) returns table(root text, id bigint, target text, mode text, hash text, size bigint, dev numeric, ino numeric, replaced text, former_size bigint, former_ino numeric)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
	perform haul_store.pass_on(f) from haul_store.file f where f.download = begin_undo.download and f.state = 'placed' and f.mode is not null;
	return query select l.root, f.id, f.target, f.mode, f.hash, f.size, f.dev, f.ino, f.replaced, f.former_size, f.former_ino
		from haul_store.download d join haul_store.library l on l.id = d.library join haul_store.file f on f.download = d.id and f.state = 'placed'
		where d.id = begin_undo.download order by f.id desc;
end $$;
comment on function haul.begin_undo(bigint) is 'For the job that takes files back: which. What another download has, too, is left to that one.';

create or replace function haul.undone(file bigint, kept boolean, former boolean default false) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	f haul_store.file;
	v_lost constant text := (select 'what it had replaced is not in .tow-recycle any more, or was changed there, and does not come back'
		from haul_store.file o where o.id = file and o.replaced is not null and not kept and not former);
begin
	update haul_store.file o set state = case when kept and o.mode <> 'same' then o.state else 'undone' end,
		why = case when not kept then concat_ws(': ', 'taken back', v_lost) when o.mode is null or o.mode = 'same' then 'it was there before, and stays' else 'changed since: left where it is' end
	where o.id = file returning o.* into f;
	if former then
		perform haul_store.swap(f, true);
	end if;
	perform haul_store.note_changes(d, array[haul_store.folder(f.target)]) from haul_store.download d where d.id = f.download and not kept;
	perform haul_store.note_event(f.download, case when kept then 'kept' when former then 'brought back' else 'undone' end, concat_ws(': ', f.target, v_lost));
end $$;
comment on function haul.undone(bigint, boolean, boolean) is 'A file is taken back, which its library''s targets will be told, or was changed since and stays; former: what it had replaced is back.';
