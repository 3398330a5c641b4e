create view bench.left as select count(*) as n from river_job where state in ('available', 'running', 'retryable');
create view bench.finished as select count(*) as n from river_job where state = 'completed';
create view bench.hot as select pg_total_relation_size('river_job') as bytes;
