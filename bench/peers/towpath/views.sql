-- A plain job takes one run when nothing fails: what is left is known without looking at rows.
create view bench.left as
	select greatest(coalesce(pg_sequence_last_value('tow_store.job_id'::regclass), 0)
		- coalesce(pg_sequence_last_value('tow_store.run'::regclass), 0), 0) as n;
create view bench.finished as select count(*) as n from tow_store.history where outcome = 'c';
create view bench.hot as
	select sum(pg_total_relation_size(format('tow_store.%s', name)::regclass)) as bytes
	from unnest('{ready, running, scheduled, waiting, deadline, key, cancelling, progress, held, lined, turn, sorting, bucket,
		wake, need, released, family}'::text[]) name;
