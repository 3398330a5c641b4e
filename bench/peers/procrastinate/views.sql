create view bench.left as select count(*) as n from procrastinate_jobs where status in ('todo', 'doing');
create view bench.finished as select count(*) as n from procrastinate_jobs where status = 'succeeded';
create view bench.hot as select pg_total_relation_size('procrastinate_jobs') + pg_total_relation_size('procrastinate_events') as bytes;
