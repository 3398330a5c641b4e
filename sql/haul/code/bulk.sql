-- One verb on all downloads that match, as tow.bulk is for jobs: first as a dry run, each with the verb's own rules, and one
-- that has moved on meanwhile says so in its row. max_rows keeps the transaction short; what was done matches no more.
-- Raises TW422 bad argument.
create or replace function haul_store.fit_for(p_verb text) returns text[]
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case p_verb when 'pause' then '{queued,approved,downloading}' when 'resume' then '{paused}' when 'retry' then '{failed,cancelled,rejected}'
		when 'cancel' then '{queued,searching,matching,needs_approval,approved,downloading,downloaded,converting,converted,importing,failed,paused}'
		when 'forget' then '{completed,failed,cancelled,rejected}' end::text[]
$$;
comment on function haul_store.fit_for(text) is 'The states of downloads that a verb of haul.bulk is for; null: there is no such verb.';

create or replace function haul_store.bulk_one(p_verb text, p_id bigint, p_remove text) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_left constant text := case when p_remove = 'data' then haul.left_there(p_id) end;
begin
	case p_verb
		when 'pause' then perform haul.pause(p_id);
		when 'resume' then perform haul.resume(p_id);
		when 'retry' then perform haul.retry(p_id);
		when 'cancel' then perform haul.cancel(p_id, coalesce(p_remove, 'no'));
		else perform haul.forget(p_id, p_remove);
	end case;
	return concat_ws(': ', 'done', v_left);
exception
	when sqlstate 'TW404' or sqlstate 'TW409' then
		return 'not done: ' || sqlerrm;
end $$;
comment on function haul_store.bulk_one(text, bigint, text) is 'One download of haul.bulk: what came of it, or why nothing did.';

create or replace function haul.bulk(
	verb text, ids bigint[] default null, state text[] default null, client text default null, library text default null, title text default null,
	remove text default null, max_rows int default 500, dry_run boolean default true
) returns table(download bigint, done text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_verb constant text := case verb when 'delete' then 'forget' else verb end;
	v_fit constant text[] := haul_store.fit_for(v_verb);
	v_states constant text[] := array(select s from unnest(v_fit) s where state is null or s = any(state));
	v_library constant int := case when library is not null then (haul_store.see_library(library)).id end;
	v_ids bigint[];
begin
	perform tow_store.check_dry_run(dry_run);
	perform haul_store.check_list(state, '-id', max_rows);
	perform haul_store.check_remove(coalesce(remove, 'no'));
	if v_fit is null then
		perform haul_store.fail('TW422', format('bad verb %L', verb), 'use pause, resume, retry, cancel or forget');
	elsif remove is not null and v_verb not in ('cancel', 'forget') then
		perform haul_store.fail('TW422', format('%s and remove do not go together', verb), 'cancel and forget may have it');
	elsif num_nonnulls(ids, state, client, library, title) = 0 then
		perform haul_store.fail('TW422', 'which downloads?', 'give ids, state, client, library or title');
	elsif cardinality(ids) > max_rows then
		perform haul_store.fail('TW422', format('%s ids, and max_rows is %s', cardinality(ids), max_rows), 'give fewer, or a larger max_rows');
	end if;
	v_ids := array(select k.id from haul_store.list_keys(v_states, client, v_library, title, '-id', null, case when ids is null then max_rows + 1 end) k
		where ids is null or k.id = any(ids) order by 1 limit max_rows + 1);
	perform set_config('tow.more', (cardinality(v_ids) > max_rows)::text, true);
	v_ids := v_ids[:max_rows];
	if not dry_run then -- as haul.observe, and haul_store.hold_download for one: the clients' health before downloads
		perform from haul_store.health h where h.client in (select d.client from haul_store.download d where d.id = any(v_ids)) order by h.client for no key update;
	end if;
	foreach download in array v_ids loop
		done := case when dry_run then 'would ' || v_verb else haul_store.bulk_one(v_verb, download, remove) end;
		return next;
	end loop;
end $$;
comment on function haul.bulk(text, bigint[], text[], text, text, text, text, int, boolean) is
'A verb on all downloads that match and that it fits: pause, resume, retry, cancel or forget, which may be called delete (remove: no, transfer or data, for these two; by default as theirs). state: in any of these; title: a part of it; ids: of these. dry_run is the default: it only says which it would be.';
