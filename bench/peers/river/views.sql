create view bench.begun as select exists(select from river_job where state in ('running', 'completed')) as yes;
create view bench.left as select count(*) as n from river_job where state in ('available', 'running', 'retryable');
create view bench.finished as select count(*) as n from river_job where state = 'completed';
create view bench.hot as select pg_total_relation_size('river_job') as bytes;
