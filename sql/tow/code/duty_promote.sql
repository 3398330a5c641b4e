-- Make due jobs ready, at most 1,000 at a time, the most urgent instants first. One whose queue or band does not
-- exist yet gets it here: this transaction is short.
create or replace function tow_store.duty_promote() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_now constant timestamptz := tow.now();
	v_count int;
	v_band int;
	v_bands int[];
begin
	perform pg_current_xact_id();
	perform tow_store.home_band(s.queue, s.priority, s.kind)
	from (select distinct j.queue, j.priority, j.kind
		from (select d.id from tow_store.scheduled d where d.run_at <= v_now and d.band is null order by d.run_at limit 1000) s
			join tow_store.job j on j.id = s.id) s;
	with d as (
		delete from tow_store.scheduled where ctid = any(array(
			select s.ctid from tow_store.scheduled s where s.run_at <= v_now order by s.run_at, s.id limit 1000 for update skip locked))
		returning run_at, id, band, attempt, flags
	), m as (
		select d.id, d.attempt, d.flags, coalesce(d.band, tow_store.find_band(q.id, j.priority, j.kind)) as band
		from d join tow_store.job j on j.id = d.id left join tow_store.queue q on q.name = j.queue
		order by d.run_at, d.id
	), r as (
		insert into tow_store.ready (band, pos, id, attempt, flags)
		select m.band, nextval('tow_store.job_id'), m.id, m.attempt, m.flags from m where m.band is not null
	), w as (
		insert into tow_store.waiting (id, reason, since, attempt, flags)
		select m.id, 'admission', v_now, m.attempt, m.flags from m where m.band is null
	)
	select count(*), array_agg(distinct m.band) into v_count, v_bands from m;
	foreach v_band in array coalesce(array_remove(v_bands, null), '{}') loop
		perform tow_store.ring_band(v_band);
	end loop;
	return v_count;
end $$;
comment on function tow_store.duty_promote() is 'Duty: make due jobs ready.';

-- Admit jobs whose queue or band was new when they were enqueued.
create or replace function tow_store.duty_admit() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	w record;
	v_count int := 0;
begin
	for w in
		with d as (
			delete from tow_store.waiting where id = any(array(
				select a.id from tow_store.waiting a where a.reason = 'admission' order by a.id limit 1000 for update skip locked))
			returning id, band, attempt, flags
		)
		select d.*, j.queue, j.priority, j.kind from d join tow_store.job j on j.id = d.id order by d.id
	loop
		perform tow_store.put_back(w.id, coalesce(w.band, tow_store.home_band(w.queue, w.priority, w.kind)), w.attempt, w.flags, null, 's');
		v_count := v_count + 1;
	end loop;
	return v_count;
end $$;
comment on function tow_store.duty_admit() is 'Duty: make new queues and bands, and make the jobs that waited for them ready.';
