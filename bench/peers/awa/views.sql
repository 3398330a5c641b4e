-- awa writes what ended as batches, prunes them into totals, and shows jobs by a view that joins all of it: too slow to ask
-- again and again. What has come is in the sequences of its queues.
create view bench.finished as select coalesce((select sum(completed_count) from awa.receipt_completion_batches), 0) + (select count(*) from awa.done_entries where state = 'completed')
	+ coalesce((select sum(pruned_completed_count) from awa.queue_terminal_rollups), 0) as n;
create view bench.left as select coalesce((select sum(awa.sequence_next_value(h.seq_name) - 1) from awa.queue_enqueue_heads h), 0) - f.n as n from bench.finished f;
create view bench.hot as select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'awa' and c.relkind = 'r';
