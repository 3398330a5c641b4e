-- What workers do at the moment. Running jobs are few: as many as there are slots, and those that were claimed for them.
create or replace function tow.worker_jobs(per_worker int default 10)
returns table(worker bigint, id bigint, kind text, queue text, attempt int, started_at timestamptz, pct real, note text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
	if per_worker is null or per_worker not between 1 and 10000 then
		perform tow_store.fail('TW422', 'bad per_worker', 'use 1 to 10000');
	end if;
	return query
		select r.worker, r.job_id, j.kind, j.queue, r.attempt, r.claimed_at, g.pct, tow_store.shown(g.note, tow_store.in_sight(j.queue, (select tow_store.sight())))
		from (select o.*, row_number() over (partition by o.worker order by o.claimed_at, o.job_id) as n from tow_store.running o) r
			join tow_store.job j on j.id = r.job_id
			left join tow_store.progress g on g.job_id = r.job_id and g.run = r.run
		where r.n <= per_worker
		order by r.worker, r.n;
end $$;
comment on function tow.worker_jobs(int) is 'The jobs that each worker holds, those first that it has held longest, so many of each.';
