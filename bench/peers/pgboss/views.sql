create view bench.left as select count(*) as n from pgboss.job where name = 'noop' and state < 'completed';
create view bench.finished as select count(*) as n from pgboss.job where name = 'noop' and state = 'completed';
create view bench.hot as select pg_total_relation_size('pgboss.job_common') as bytes;
