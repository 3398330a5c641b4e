-- What the consumer has finished is what lies before its last tick. An event's id is taken as it is inserted; one producer commits in order.
create view bench.place as
	select case when s.sub_last_tick > 1 then t.tick_event_seq else 0 end as done, coalesce(pg_sequence_last_value(q.queue_event_seq::regclass), 0) as fed
	from pgq.queue q
		join pgq.subscription s on s.sub_queue = q.queue_id
		join pgq.tick t on t.tick_queue = q.queue_id and t.tick_id = s.sub_last_tick;
create view bench.left as select greatest(fed - done, 0) as n from bench.place;
create view bench.finished as select done as n from bench.place;
create view bench.hot as select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'pgq' and c.relkind = 'r';
