-- Taking what has ended out of the list. Its row goes at once where nothing needs it; else later, by haul.tend: a client may
-- hold it still, and what it has placed is what imports compare others with.
create or replace function haul_store.check_remove(p_remove text) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_remove is null or p_remove not in ('no', 'transfer', 'data') then
		perform haul_store.fail('TW422', format('bad remove %L', p_remove), 'use no, transfer or data');
	end if;
end $$;
comment on function haul_store.check_remove(text) is 'Refuse what no client can be told to do with a transfer.';

create or replace function haul_store.let_go(d haul_store.download, p_remove text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_act constant text := case p_remove when 'transfer' then 'remove' when 'data' then 'remove_data' end;
begin
	if v_act is not null then
		update haul_store.download o set gone = v_act where o.id = d.id;
		perform haul_store.act(d, v_act);
	end if;
end $$;
comment on function haul_store.let_go(haul_store.download, text) is 'Have a client forget what it holds of a download that has ended (transfer), or delete it (data).';

-- aria2 and rTorrent never delete data. Where it is not known what the client has, there is nothing to be said.
create or replace function haul.left_there(id bigint) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select format('client %s deletes no files: those of download %s stay%s', c.name, d.id, ' in ' || haul_store.local_path(t.client, t.folder))
	from haul_store.download d join haul_store.client c on c.id = d.client join haul_store.transfer t on t.download = d.id
	where d.id = left_there.id and c.driver in ('aria2', 'rtorrent') and t.missed < 3 and t.state <> 'removed' order by t.missed, t.id limit 1
$$;
comment on function haul.left_there(bigint) is 'What stays of a download on disk when its client is told to delete it (remove: data of haul.cancel and haul.forget), in words; null: nothing.';

-- For the job that deletes what our workers fetched where nobody has asked for that (gone): what has to be in a library still,
-- or it would be the last of it.
create or replace function haul.needed(download bigint) returns table(root text, target text, size bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select l.root, f.target, f.size
	from haul_store.download d join haul_store.file f on f.download = d.id and f.state = 'placed' left join haul_store.library l on l.id = d.library
	where d.id = needed.download and d.state = 'completed' and d.gone is null and haul_store.is_web(d.client) order by f.id
$$;
comment on function haul.needed(bigint) is 'For the job that deletes what was fetched: which files must be in a library, where (root null: nowhere that is known), before it may.';

create or replace function haul_store.sweep_forgotten(p_id bigint default null) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	delete from haul_store.download o where o.id in (
		select d.id from haul_store.download d
		where d.forgotten_at is not null and (p_id is null or d.id = p_id)
			and not exists (select from haul_store.transfer t where t.download = d.id and t.missed < 3 and t.state <> 'removed')
			and not exists (select from haul_store.file f where f.download = d.id and f.state = 'placed')
			and not exists (select from haul_store.errand e where e.download = d.id and tow.state(e.job) not in ('completed', 'failed', 'cancelled'))
		limit 1000 for update skip locked)
$$;
comment on function haul_store.sweep_forgotten(bigint) is 'Delete downloads that are in no list any more, where nothing needs them; one of them, or all.';

-- What our own workers have fetched nobody else looks after: it goes with its download, unless it is all that there is of
-- something that was placed once, or a library links to it.
create or replace function haul_store.remove_by_default(d haul_store.download) returns text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select case when not haul_store.is_web(d.client) then 'no'
		when d.state = 'completed' and not haul_store.is_all_placed(d.id) or haul_store.is_linked(d.id, l) then 'transfer' else 'data' end
	from (select) one left join haul_store.library l on l.id = d.library
$$;
comment on function haul_store.remove_by_default(haul_store.download) is 'What haul.forget has a client do where nobody says it.';

create or replace function haul.forget(id bigint, remove text default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d constant haul_store.download := haul_store.hold_download(id);
	v_remove constant text := coalesce(remove, haul_store.remove_by_default(d));
begin
	perform haul_store.check_remove(v_remove);
	if d.forgotten_at is not null then
		perform haul_store.fail('TW404', format('no download %s', id), 'it was taken out of the list');
	elsif haul_store.is_open(d.state) then
		perform haul_store.fail('TW409', format('download %s is %s', id, d.state), format('it is under way: tow haul cancel %s ends it first', id));
	elsif coalesce(remove, 'no') <> 'no' and d.state = 'completed' and not haul_store.is_all_placed(d.id) then
		perform haul_store.fail('TW409', format('not all of download %s is in a library', id), 'what its client holds may be the only one: leave remove out');
	elsif d.state = 'failed' then
		perform haul.cancel(id, v_remove); -- or it would be tried again
	elsif remove is null and v_remove = 'data' then
		perform haul_store.act(d, 'remove_data'); -- nobody has asked for it: haul.needed
	else
		perform haul_store.let_go(d, v_remove);
	end if;
	update haul_store.download o set forgotten_at = tow.now() where o.id = d.id;
	perform haul_store.note_event(d.id, 'forgotten', 'taken out of the list');
	perform haul_store.note_verb(d, 'forget', jsonb_build_object('was', d.state, 'remove', v_remove));
	perform haul_store.sweep_forgotten(d.id);
end $$;
comment on function haul.forget(bigint, text) is
'Delete a download that has ended: it is in no list any more. Files in a library stay, and remain known to later imports; all else is deleted once its client does not hold it any more. remove: no (the client keeps what it has; the default), transfer (it forgets it), data (it deletes it); what our own workers fetched is deleted by default, unless a library links to it, or it was imported and not all of it is in a library. haul.retry brings it back as long as it is known.';
