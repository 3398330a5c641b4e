-- "Did you mean ...?": the nearest of some names to a word that none of them is; null when none is near. Words of more
-- than 31 letters are near to nothing, so that a suggestion stays cheap. The command line's own words are known to it alone, and
-- must be suggested where there is no database: src/core/near.c has the same rule for those.
create or replace function tow_store.nearest(p_word text, p_names text[]) returns text
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
	v_least int := least(3, length(p_word));
	v_best text;
	v_name text;
	v_row int[];
	v_next int[];
begin
	if length(p_word) > 31 then
		return null;
	end if;
	foreach v_name in array coalesce(p_names, '{}') loop
		continue when abs(length(v_name) - length(p_word)) >= v_least;
		v_row := array(select generate_series(0, length(v_name)));
		for i in 1 .. length(p_word) loop
			v_next := array[i];
			for j in 1 .. length(v_name) loop
				v_next := v_next || least(v_row[j + 1] + 1, v_next[j] + 1,
					v_row[j] + case when substr(p_word, i, 1) = substr(v_name, j, 1) then 0 else 1 end);
			end loop;
			v_row := v_next;
		end loop;
		if v_row[length(v_name) + 1] < v_least then
			v_least := v_row[length(v_name) + 1];
			v_best := v_name;
		end if;
	end loop;
	return v_best;
end $$;
comment on function tow_store.nearest(text, text[]) is 'The name that differs from a word by the fewest letters, at most two; null: none does.';

create or replace function tow_store.meant_state(p_word text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select coalesce('did you mean ' || quote_literal(tow_store.nearest(p_word, '{scheduled,ready,running,retrying,waiting,completed,failed,cancelled}')) || '? ', '')
$$;
comment on function tow_store.meant_state(text) is 'For a hint: the state of a job that was meant by a word that is none; empty: nobody knows.';

create or replace function tow_store.some(p_n bigint, p_noun text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select p_n || ' ' || p_noun || case when p_n = 1 then '' else 's' end
$$;
comment on function tow_store.some(bigint, text) is 'A number of things, in words: 1 slot, 2 slots.';

create or replace function tow_store.all_leave(p_workers bigint) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select format('%s would run it, and %s no more', tow_store.some(p_workers, 'worker'), case p_workers when 1 then 'takes' else 'take' end)
$$;
comment on function tow_store.all_leave(bigint) is 'That all workers who would run a job are about to go, in words.';

-- For whoever types names: a kind or a queue that nobody has heard of is no error, since its worker may come later, but
-- mostly it is a slip. Names of restricted queues are suggested to those only who may use them.
create or replace function tow.unserved(kind text default null, queue text default null) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_queue constant int := (select q.id from tow_store.queue q where q.name = queue);
	v_kinds constant text[] := array(select distinct k from tow_store.worker w, unnest(w.kinds) k where w.ended_at is null and not tow_store.is_silent(w));
	v_queues constant int[] := array(select distinct u from tow_store.worker w, unnest(w.queues) u where w.ended_at is null and not tow_store.is_silent(w));
	v_served constant boolean := queue is null or coalesce(v_queue = any(v_queues), false);
	v_who constant name := tow_store.caller();
	v_near text;
	v_leaving bigint;
	v_all text[] := array[]::text[];
begin
	if not exists (select from tow_store.worker w where w.ended_at is null and not tow_store.is_silent(w)) then
		return 'no worker is running';
	elsif kind is not null and kind <> all(v_kinds) then
		v_near := tow_store.nearest(kind, v_kinds);
		v_all := v_all || (format('no live worker knows kind %L', kind) || coalesce(', did you mean ' || quote_literal(v_near) || '?', ''));
	elsif kind is not null and queue is not null and v_served
		and not exists (select from tow_store.worker w where w.ended_at is null and not tow_store.is_silent(w) and kind = any(w.kinds) and v_queue = any(w.queues)) then
		v_all := v_all || format('no live worker that serves queue %L knows kind %L', queue, kind);
	end if;
	if not v_served then
		v_near := tow_store.nearest(queue, array(select q.name from tow_store.queue q where q.id = any(v_queues)
			and (not q.restricted or tow_store.rules(v_who) or tow_store.has_grant(v_who, q.id, 'enqueue')) order by q.name));
		v_all := v_all || (format('no live worker serves queue %L', queue) || coalesce(', did you mean ' || quote_literal(v_near) || '?', ''));
	end if;
	if v_all = '{}' then
		select count(*) into v_leaving from tow_store.worker w
		where w.ended_at is null and not tow_store.is_silent(w) and (kind is null or kind = any(w.kinds)) and (queue is null or v_queue = any(w.queues))
		having bool_and(w.leave_at is not null or w.state = 'draining');
		v_all := case when v_leaving > 0 then array[tow_store.all_leave(v_leaving)] end;
	end if;
	return array_to_string(v_all, '; ');
end $$;
comment on function tow.unserved(text, text) is
'Why a job of this kind, in this queue, would wait for a worker: none lives, none knows the kind or serves the queue, or all who would run it are about to go, with the name that may have been meant; null: nothing is against it.';

-- Jobs of a list are mostly of few kinds and queues; of more than c_most nothing is said.
create or replace function tow_store.unserved_among(p_kinds text[], p_queues text[]) returns table(kind text, queue text, why text)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	c_most constant int := 20;
begin
	return query select u.kind, u.queue, 'a worker: ' || w.why
		from (select distinct o.* from unnest(p_kinds, p_queues) o(kind, queue) limit c_most) u, tow.unserved(u.kind, u.queue) w(why) where w.why is not null;
end $$;
comment on function tow_store.unserved_among(text[], text[]) is 'Of which kinds in which queues no worker would run jobs, and why.';

-- For whoever looked for jobs and found none: mostly a name was a slip. Past jobs may have had a kind that nobody knows now.
create or replace function tow.unheard(kind text default null, queue text default null) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_kinds constant text[] := array(select distinct k from tow_store.worker w, unnest(w.kinds) k where w.ended_at is null and not tow_store.is_silent(w));
	v_queues constant text[] := array(select q.name from tow_store.queue q order by q.name);
begin
	return nullif(concat_ws('; ',
		case when queue <> all(v_queues) then format('there is no queue %L', queue) || coalesce(', did you mean ' || quote_literal(tow_store.nearest(queue, v_queues)) || '?', '') end,
		case when v_kinds <> '{}' and kind <> all(v_kinds) then format('no live worker knows kind %L', kind) || coalesce(', did you mean ' || quote_literal(tow_store.nearest(kind, v_kinds)) || '?', '') end), '');
end $$;
comment on function tow.unheard(text, text) is
'For whoever found no job: that there is no such queue, or that no live worker knows the kind, with the name that may have been meant; null: both are known.';
