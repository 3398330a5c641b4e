-- A plain job takes one run when nothing fails: what is left is known without looking at rows.
create view bench.begun as select exists(select from tow_store.run where is_called) as yes;
create view bench.left as
	select greatest(coalesce(pg_sequence_last_value('tow_store.job_id'::regclass), 0) - coalesce(pg_sequence_last_value('tow_store.run'::regclass), 0), 0) as n;
create view bench.finished as select count(*) as n from tow_store.history where outcome = 'c';
create view bench.hot as select sum(pg_total_relation_size(t)) as bytes from unnest('{tow_store.ready,tow_store.running}'::regclass[]) t;
