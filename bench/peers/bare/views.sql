create view bench.left as
	select greatest(coalesce(pg_sequence_last_value('position'::regclass), 0) - coalesce(pg_sequence_last_value('run'::regclass), 0), 0) as n;
create view bench.finished as select count(*) as n from history;
create view bench.hot as select sum(pg_total_relation_size(t)) as bytes from unnest('{ready,running}'::regclass[]) t;
