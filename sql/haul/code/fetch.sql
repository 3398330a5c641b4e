-- What our own workers fetch: downloads of clients whose driver is web. A job fetches, says once a second how far it is,
-- and hands over to the import; it can be stopped and another one started, which comes after it: two never write one file.
-- Each locks the download's row. TW410: the download has moved on, and the job shall end.

create or replace function haul_store.is_web(p_client int) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select exists (select from haul_store.client c where c.id = p_client and c.driver = 'web')
$$;
comment on function haul_store.is_web(int) is 'Whether a client is our own workers.';

create or replace function haul_store.fetches_of(p_download bigint) returns bigint[]
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select array_agg(u.job order by u.n) from haul_store.fetch f, unnest(f.jobs) with ordinality u(job, n)
	where f.download = p_download and tow.state(u.job) in ('scheduled', 'ready', 'running', 'retrying', 'waiting')
$$;
comment on function haul_store.fetches_of(bigint) is 'The jobs that fetch a download and have not ended; null: there are none.';

-- They have a lane, so that slow hosts never have all slots of the queue. What it has at first is set once: whoever sets it anew, or
-- has done so, is left alone.
create or replace function haul_store.begin_fetching() returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c_name constant text := 'lane fetch';
begin
	if not exists (select from haul_store.first f where f.name = c_name) then
		insert into haul_store.first (name, made_at) values (c_name, tow.now()) on conflict on constraint first_pkey do nothing;
		if found and not exists (select from tow.lanes l where l.queue = 'haul' and l.lane = 'fetch' and l.own) then
			perform tow_store.open_queue('haul');
			perform tow.set_lane('haul', 'fetch', max_running => 3);
		end if;
	end if;
end $$;
comment on function haul_store.begin_fetching() is 'Limit how many links are fetched at a time, unless that was done before.';

create or replace function haul_store.launch_fetch(d haul_store.download) returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_jobs constant bigint[] := haul_store.fetches_of(d.id);
	v_after constant bigint[] := nullif(v_jobs || haul_store.errands(d.id, '{haul.act}'), '{}'); -- what is deleted is not fetched meanwhile
	v_job bigint;
begin
	if v_jobs is not null and not (select f.stopped from haul_store.fetch f where f.download = d.id) then
		return v_jobs[cardinality(v_jobs)];
	end if;
	perform haul_store.begin_fetching();
	update haul_store.download o set let = true where o.id = d.id and not o.let;
	v_job := tow.enqueue('haul.fetch', jsonb_build_object('download', d.id), queue => 'haul', lane => 'fetch', policy => 'haul.work', tags => array['download:' || d.id],
		after => v_after, if_failed => case when v_after is null then 'cancel' else 'go' end);
	insert into haul_store.fetch (download, jobs) values (d.id, v_jobs || v_job) on conflict (download) do update set jobs = excluded.jobs, stopped = false;
	return v_job;
end $$;
comment on function haul_store.launch_fetch(haul_store.download) is 'Have a job fetch a download, unless one is at it.';

create or replace function haul_store.rest_transfer(d haul_store.download, p_state text) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	update haul_store.transfer t set state = p_state, down = null, eta = null, error = null, changed_at = tow.now()
	where t.download = d.id and haul_store.is_web(t.client) and not t.complete
$$;
comment on function haul_store.rest_transfer(haul_store.download, text) is 'Nobody fetches a download now; other clients say that themselves.';

create or replace function haul_store.end_job(p_job bigint, p_why text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	perform tow.cancel(p_job, p_why);
exception when sqlstate 'TW404' or sqlstate 'TW409' then -- it ended this moment
end $$;
comment on function haul_store.end_job(bigint, text) is 'Cancel a job, unless it has ended.';

create or replace function haul_store.stop_fetch(d haul_store.download, p_state text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_job bigint;
begin
	update haul_store.fetch f set stopped = true where f.download = d.id;
	for v_job in select unnest(haul_store.fetches_of(d.id)) loop
		perform haul_store.end_job(v_job, format('download %s is %s', d.id, case when d.state in ('paused', 'cancelled') then d.state else p_state end));
	end loop;
	perform haul_store.rest_transfer(d, p_state);
end $$;
comment on function haul_store.stop_fetch(haul_store.download, text) is 'End the job that fetches a download, if any; what it has stays.';

-- One that was lost for good, or cancelled in the queue, is made anew; some are looked at each time.
create or replace function haul_store.push_fetches() returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	select haul_store.go_on(d)
	from (select o.* from haul_store.download o where o.id = any(array(
		select s.id from (select x.id, x.state from haul_store.download x join haul_store.client c on c.id = x.client
			where c.driver = 'web' and c.enabled and x.state in ('approved', 'downloading', 'downloaded', 'importing') and x.state_at < tow.now() - interval '1 minute'
			order by random() limit 50) s
		where s.state in ('downloaded', 'importing') or haul_store.fetches_of(s.id) is null)) for update skip locked) d
$$;
comment on function haul_store.push_fetches() is 'See that what our workers should fetch is fetched, and then placed.';

-- In place of a monitor: what is enabled goes on, what is not rests.
create or replace function haul_store.serve_web(c haul_store.client) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	d haul_store.download;
begin
	update haul_store.health h set state = 'ok', since = tow.now() where h.client = c.id and h.state <> 'ok';
	for d in select o.* from haul_store.download o where o.client = c.id and o.state in ('approved', 'downloading') order by o.id for update loop
		if c.enabled then
			perform haul_store.go_on(d);
		else
			perform haul_store.stop_fetch(d, 'queued');
		end if;
	end loop;
end $$;
comment on function haul_store.serve_web(haul_store.client) is 'Have our workers fetch for a client, or not.';

create or replace function haul_store.hurry(d haul_store.download) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	perform tow_store.start_early(haul_store.launch_fetch(d));
	return d.state;
end $$;
comment on function haul_store.hurry(haul_store.download) is 'Have a download fetched at once that waits for another attempt.';

-- The key of its transfer is none before the job has said which folder it got: nobody removes a stranger's.
create or replace function haul.begin_fetch(download bigint)
returns table(root text, key text, own text, link text, name text, named boolean, checksum text, down_limit bigint, stall_ms bigint, library text, reserve bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	d haul_store.download := haul_store.work_on(begin_fetch.download, '{approved,downloading}');
	c haul_store.client;
begin
	select o.* into c from haul_store.client o where o.id = d.client;
	if not c.enabled or c.driver <> 'web' then
		perform haul_store.fail('TW410', format('client %s fetches nothing now', c.name), 'there is nothing to do');
	elsif d.state = 'approved' then
		d := haul_store.move_to(d, 'downloading', 'a worker fetches it');
	end if;
	update haul_store.transfer t set state = 'downloading', complete = false, missed = 0, error = null, changed_at = tow.now(), pulse_at = tow.now()
	where t.download = d.id and t.client = c.id;
	if not found then
		insert into haul_store.transfer (client, key, download, name, state, first_at, changed_at, pulse_at, moved, added_at)
		values (c.id, d.tag || '?', d.id, d.title, 'downloading', tow.now(), tow.now(), tow.now(), '0', tow.now());
	end if;
	return query select c.url, d.tag, format('%s %s', d.id, extract(epoch from d.created_at)), d.link, d.title, d.title is distinct from coalesce(haul_store.title_of(d.link), d.type), d.options ->> 'checksum',
		greatest((d.options ->> 'down_limit')::numeric, 0)::bigint, (extract(epoch from c.timeout) * 1000)::bigint, l.root, l.reserve
		from (select) one left join haul_store.library l on l.id = d.library;
end $$;
comment on function haul.begin_fetch(bigint) is 'For the job that fetches a download: what, where to (a web client''s address, a folder''s name), and how. own: by which that folder is known again; named: somebody has given it its title; library: where it is to go, and reserve: what is to be left free there.';

-- p: {"key", "name", "folder", "size", "at", "down", "error"}; what is not known is left out.
create or replace function haul.fetching(download bigint, progress jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	d constant haul_store.download := haul_store.work_on(fetching.download, '{downloading}');
begin
	update haul_store.transfer t set key = coalesce(p.key, t.key), name = coalesce(p.name, t.name), folder = coalesce(p.folder, t.folder), size = p.size, left_bytes = p.size - p.at, down = p.down,
		percent = case when p.size > 0 then least(100.0 * p.at / p.size, 100) else 0 end,
		eta = case when p.size > p.at and p.down > 0 then least((p.size - p.at) / p.down, 31536000) * interval '1 s' end,
		state = case when p.error is null then 'downloading' else 'stalled' end, error = left(p.error, 1000), pulse_at = tow.now()
	from jsonb_to_record(fetching.progress) p(key text, name text, folder text, size bigint, at bigint, down bigint, error text)
	where t.download = d.id and t.client = d.client;
end $$;
comment on function haul.fetching(bigint, jsonb) is 'How far the job that fetches a download is; raises TW410 when it shall end.';

create or replace function haul.fetched(download bigint, key text, name text, folder text, size bigint) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	d haul_store.download := haul_store.work_on(fetched.download, '{downloading}');
begin
	update haul_store.transfer t set key = fetched.key, name = fetched.name, folder = fetched.folder, content = fetched.folder || '/' || fetched.name, size = fetched.size,
		left_bytes = 0, percent = 100, down = null, eta = null, error = null, state = 'done', complete = true, completed_at = tow.now(), changed_at = tow.now(), pulse_at = tow.now()
	where t.download = d.id and t.client = d.client;
	d := haul_store.move_to(d, 'downloaded');
	perform haul_store.go_on(d);
end $$;
comment on function haul.fetched(bigint, text, text, text, bigint) is 'A download is fetched, whole and as its publisher says; its import follows.';
