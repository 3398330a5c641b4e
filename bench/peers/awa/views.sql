-- awa.jobs is its own view over all that it stores.
create view bench.begun as select exists(select from awa.jobs where state in ('running', 'completed')) as yes;
create view bench.left as select count(*) as n from awa.jobs where state in ('available', 'running', 'retryable', 'scheduled');
create view bench.finished as select count(*) as n from awa.jobs where state = 'completed';
create view bench.hot as select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'awa' and c.relkind = 'r';
