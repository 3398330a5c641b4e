-- A job that has ended is deleted: what has ended is what was ever there, less what is.
create view bench.left as select count(*) as n from graphile_worker._private_jobs;
create view bench.finished as
	select coalesce(pg_sequence_last_value(pg_get_serial_sequence('graphile_worker._private_jobs', 'id')::regclass), 0) - count(*) as n
	from graphile_worker._private_jobs;
create view bench.hot as select pg_total_relation_size('graphile_worker._private_jobs') as bytes;
