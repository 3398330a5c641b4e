-- What is placed stays in its client until its goal is met, and goes then, where its library wants that. Part of haul.observe.

-- Of the goals that fit, the one of the longest tracker, then the library's own.
create or replace function haul_store.goal_of(p_host text, p_library int) returns haul_store.seed_goal
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select g.* from haul_store.seed_goal g
	where (g.library is null or g.library = p_library) and (g.tracker is null or p_host = g.tracker or right(p_host, length(g.tracker) + 1) = '.' || g.tracker)
	order by length(g.tracker) desc nulls last, g.library nulls last limit 1
$$;
comment on function haul_store.goal_of(text, int) is 'How long a torrent of a tracker, in a library, is to seed.';

-- Each file that was to be placed is, and nobody took one back. What goes with a file that is left out is as that one.
create or replace function haul_store.is_all_placed(p_download bigint) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select coalesce(bool_and(f.state = 'placed' or f.state = 'skipped' and haul_store.is_unwanted(f.why)) and bool_or(f.state = 'placed'), false) from haul_store.file f where f.download = p_download
$$;
comment on function haul_store.is_all_placed(bigint) is 'Whether nothing of a download is needed in its client any more.';

-- Where a file may be a link to the client's data, or is that data, it must stay; also that of a download for which the client held
-- it before.
create or replace function haul_store.is_linked(p_download bigint, l haul_store.library) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select exists (select from haul_store.file f
		where f.download in (select p_download union select o.id from haul_store.download d join haul_store.download o on o.key = d.key and o.client = d.client where d.id = p_download)
			and f.state = 'placed' and (f.mode in ('symlink', 'same') or f.mode is null and 'symlink' = any(l.modes)))
$$;
comment on function haul_store.is_linked(bigint, haul_store.library) is 'Whether a library''s files may be symbolic links into what the client holds, or are what it holds.';

create or replace function haul_store.take_out(p_download bigint, p_transfer bigint) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	d constant haul_store.download := haul_store.see_download(p_download);
	l haul_store.library;
	t haul_store.transfer;
	v_linked boolean;
begin
	select o.* into l from haul_store.library o where o.id = d.library;
	select o.* into t from haul_store.transfer o where o.id = p_transfer;
	v_linked := l.done_remove = 'data' and haul_store.is_linked(d.id, l);
	if t.leaving is null and (d.type = 'torrent' or v_linked) then
		perform haul_store.note_event(d.id, 'seeded', concat_ws(', ', 'ratio ' || round(t.ratio::numeric, 2), 'for ' || case when t.seeding is not null then haul_store.say_interval(t.seeding) end,
			case when v_linked then 'its data stays: the library links to it' end));
	end if;
	perform haul_store.act(d, case when l.done_remove = 'data' and not v_linked then 'remove_data' else 'remove' end);
end $$;
comment on function haul_store.take_out(bigint, bigint) is 'Have a client forget what is placed.';

-- Told once; again after an hour where the client is known to hold it still and has not refused. Usenet and http have
-- nobody to give to; without a goal the client's own word counts: it has stopped.
create or replace function haul_store.clear_out(p_client int, p_download bigint default null) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select haul_store.act(d, d.gone) -- cancelled while it was being given to the client
	from haul_store.download d join haul_store.transfer t on t.download = d.id
	where t.client = p_client and t.leaving is null and t.missed = 0 and t.state <> 'removed' and d.state = 'cancelled' and d.gone is not null
	order by d.id;
	with x as materialized (
		select d.id, t.id as transfer, d.type, l.id as library, t.tracker_host as host, t.state, t.ratio, coalesce(t.seeding, tow.now() - t.completed_at) as seeding
		from haul_store.transfer t join haul_store.download d on d.id = t.download join haul_store.library l on l.id = d.library
		where t.client = p_client and (p_download is null or d.id = p_download) and t.complete and t.missed = 0 and d.state = 'completed' and l.done_remove <> 'no'
			and (t.leaving is null or t.leaving = 'done' and t.leave_at < tow.now() - interval '1 hour')
	), w as materialized (
		select p.host, p.library, g.* from (select distinct x.host, x.library from x) p
			cross join lateral haul_store.goal_of(p.host, p.library) g(goal, tracker, of_library, ratio, seed_time, need)
	)
	select haul_store.take_out(x.id, x.transfer)
	from x join w on w.library = x.library and w.host is not distinct from x.host
	where case when x.type <> 'torrent' then true when w.goal is null then x.state in ('done', 'paused')
			when w.need = 'either' then coalesce(x.ratio >= w.ratio, false) or coalesce(x.seeding >= w.seed_time, false)
			else coalesce(x.ratio >= w.ratio, w.ratio is null) and coalesce(x.seeding >= w.seed_time, w.seed_time is null) end
		and haul_store.is_all_placed(x.id)
	limit 200
$$;
comment on function haul_store.clear_out(int, bigint) is 'Remove what is placed and has met its goal from its client, so many at a time.';
