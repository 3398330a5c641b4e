-- What finished, and what people did: with the filters that programs need, and never more days than asked for.

-- The latest rows are looked for in spans of time that grow, each an index probe, so that fifty of the last minute
-- never sort a day of millions.
create or replace function tow.find_history(
	state text default null, queue text default null, kind text default null, tag text default null, key text default null,
	class text default null, since interval default '1 day', max_rows int default 50, lane text default null,
	revived boolean default null
) returns setof tow.history
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_now constant timestamptz := tow.now();
	v_span interval;
begin
	if state is not null and state not in ('completed', 'failed', 'cancelled') then
		perform tow_store.fail('TW422', format('bad state %L', state), tow_store.meant_state(state) || 'finished jobs are completed, failed or cancelled; live ones are in tow.jobs');
	elsif max_rows is null or max_rows < 0 then
		perform tow_store.fail('TW422', 'bad max_rows', 'use 0 or more');
	end if;
	foreach v_span in array array['1 min', '15 min', '4 hours', '2 days']::interval[] || since loop
		exit when v_span >= since or (select count(*) from (select from tow.history h
			where h.finished_at >= v_now - v_span and (state is null or h.state = state) and (queue is null or h.queue = queue)
				and (kind is null or h.kind = kind) and (tag is null or tag = any(h.tags)) and (key is null or h.key = key) and (lane is null or h.lane = lane)
				and (class is null or starts_with(h.class, class)) and (revived is null or h.revived = revived) limit max_rows) c) >= max_rows;
	end loop;
	return query
		select h.* from tow.history h
		where h.finished_at >= v_now - least(v_span, since) and (state is null or h.state = state) and (queue is null or h.queue = queue)
			and (kind is null or h.kind = kind) and (tag is null or tag = any(h.tags)) and (key is null or h.key = key) and (lane is null or h.lane = lane)
			and (class is null or starts_with(h.class, class)) and (revived is null or h.revived = revived)
		order by h.finished_at desc limit max_rows;
end $$;
comment on function tow.find_history(text, text, text, text, text, text, interval, int, text, boolean) is
'Jobs that finished within since and match, the latest first, a row each time that they did; class: how the error''s class begins; revived: only those that were put back since, or, if false, only those that have finished for good so far, each once.';

create or replace function tow.find_audit(
	job bigint default null, what text default null, since interval default '1 day', max_rows int default 50, who text default null, before bigint default null
) returns setof tow.audit
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_from constant timestamptz := coalesce(tow.now() - since, '-infinity');
	v_to constant timestamptz := coalesce((select a.at from tow_store.audit a where a.n = before), 'infinity');
	v_n constant bigint := coalesce(before, 9223372036854775807);
begin
	if job is not null then
		return query
			select a.* from tow.audit a where a.job = job and a.n < v_n and (what is null or starts_with(a.what, what)) and (who is null or a.who = who) order by a.n desc limit max_rows;
		return;
	end if;
	return query
		select a.* from tow.audit a where a.at >= v_from and a.at <= v_to and (a.at, a.n) < (v_to, v_n) and (what is null or starts_with(a.what, what)) and (who is null or a.who = who)
		order by a.at desc, a.n desc limit max_rows;
end $$;
comment on function tow.find_audit(bigint, text, interval, int, text, bigint) is
'What people did, the latest first: to a job, or within since (null: ever); what: how the word begins, for instance queue; who: by whom; before: only what is listed after this n (for paging).';
