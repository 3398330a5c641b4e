-- Another link for what our own workers fetch: the first was wrong, or leads to nothing any more. What was fetched by the
-- old one is deleted, and the new one fetched from the beginning. Locks as haul.retry does. Raises TW404, TW409 (it is not
-- ours to fetch, or is done), TW422 (no plain link).
create or replace function haul.relink(id bigint, link text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	d haul_store.download := haul_store.hold_download(id);
	v_link constant text := haul_store.without_blanks(link);
begin
	if not haul_store.is_web(d.client) then
		perform haul_store.fail('TW409', format('download %s is fetched by client %s, not by our own workers', d.id, coalesce(d.client_name, '?')), 'give the other link as another download: tow haul add LINK');
	elsif d.state not in ('failed', 'approved', 'downloading', 'paused') then
		perform haul_store.fail('TW409', format('download %s is %s: it takes no other link', d.id, d.state), 'give the other link as another download: tow haul add LINK');
	elsif haul_store.type_of(v_link) is distinct from 'http' or v_link !~* '^https?://[^[:cntrl:]\s]+$' then
		perform haul_store.fail('TW422', format('%L is no plain link', left(v_link, 200)), 'http:// or https://, and to the file itself');
	end if;
	perform haul_store.note_verb(d, 'relink');
	perform haul_store.stop_fetch(d, 'queued');
	update haul_store.download o set link = v_link, title = case when o.title = coalesce(haul_store.title_of(o.link), o.type) then coalesce(haul_store.title_of(v_link), o.type) else o.title end,
		library = coalesce(o.library, (haul_store.library_for(o.category)).id)
	where o.id = d.id returning o.* into d;
	perform haul_store.note_event(d.id, 'relinked', haul_store.shown_link(v_link));
	perform haul_store.start_afresh(d);
	perform haul_store.forget_plan(d.id);
	perform haul_store.act(d, 'remove_data');
	if d.state = 'paused' then
		return d.state;
	elsif d.state <> 'approved' then
		d := haul_store.move_to(d, case d.state when 'failed' then 'queued' else 'approved' end, 'it has another link');
	end if;
	return haul_store.go_on(d);
end $$;
comment on function haul.relink(bigint, text) is 'Give another link to a download that our own workers fetch: one that failed, or is not here yet. What was fetched is deleted, and the new link fetched from the beginning, unless it is paused. Returns its state.';

-- The other file may have another name, or, an archive, hold others. Of what was placed it is no longer known that it was in an
-- archive: one of the same name would count as unpacked.
create or replace function haul_store.forget_plan(p_download bigint) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	delete from haul_store.file f where f.download = p_download and f.state in ('planned', 'skipped');
	update haul_store.file f set archive = null where f.download = p_download and f.archive is not null;
$$;
comment on function haul_store.forget_plan(bigint) is 'Forget which files were to be placed, but for those that are.';
