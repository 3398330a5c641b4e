-- Errors that a client must act on have an SQLSTATE of their own, class TW, and a hint that says what to do:
--   TW403 not for you   TW404 no such thing   TW409 not in a state that allows it
--   TW410 given up, no longer yours   TW413 too large       TW422 bad argument
create or replace function tow_store.fail(p_code text, p_message text, p_hint text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	raise exception using errcode = p_code, message = left(p_message, 1000), hint = left(p_hint, 1000); -- somebody's words may be long
end $$;
comment on function tow_store.fail(text, text, text) is 'Raise one of our own errors.';

-- For hints. Names are near that share two fifths of their pairs of letters: a letter too many, one missing, two swapped.
create or replace function tow_store.near(p_name text, p_names text[]) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select string_agg(n.name, ', ' order by n.likeness desc, n.name)
	from (
		select c.name, 2.0 * count(*) / (length(p_name) + length(c.name) + 2) as likeness
		from unnest(p_names) c(name),
			lateral (select substr(' ' || lower(p_name) || ' ', i, 2) from generate_series(1, length(p_name) + 1) i
				intersect all
				select substr(' ' || lower(c.name) || ' ', i, 2) from generate_series(1, length(c.name) + 1) i) p
		group by c.name order by likeness desc, c.name limit 3
	) n where n.likeness >= 0.4
$$;
comment on function tow_store.near(text, text[]) is 'Up to three of some names that somebody may have meant; null if none is like it.';

create or replace function tow_store.setting(p_name text) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select s.value from tow_store.setting s where s.name = p_name
$$;
comment on function tow_store.setting(text) is 'A setting of the instance.';

create or replace function tow_store.note(p_what text, p_subject text default null, p_job bigint default null, p_detail jsonb default null)
returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	insert into tow_store.audit (at, who, what, subject, job_id, detail)
	values (tow.now(), session_user, p_what, p_subject, p_job, p_detail);
$$;
comment on function tow_store.note(text, text, bigint, jsonb) is 'Write an audit row.';
