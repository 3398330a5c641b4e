create or replace view tow.batches as
select f.id, f.name, j.kind, j.queue, case when w.reason = 'batch' then 'open' else tow.state(f.id) end as state,
	p.total, p.completed, p.failed, p.cancelled, p.pending, (100.0 * (p.total - p.pending) / nullif(p.total, 0))::real as pct
from tow_store.family f
	join tow_store.job j on j.id = f.id
	left join tow_store.waiting w on w.id = f.id,
	lateral tow_store.family_of(f.id) p
where f.batch;
comment on view tow.batches is 'Batches that are remembered, see tow.batch. What is pending is counted for each row that is shown: filter on id, or limit.';
comment on column tow.batches.state is 'open until it is sealed, then that of its own job: waiting until all members have ended.';
