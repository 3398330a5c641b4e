-- What the consumer has finished is what lies before its last tick. An event's id is taken as it is inserted; one producer commits in order.
create view bench.place as
	select t.tick_event_seq - f.tick_event_seq as done, pg_sequence_last_value(q.queue_event_seq::regclass) - f.tick_event_seq as fed
	from pgq.queue q
		join pgq.subscription s on s.sub_queue = q.queue_id
		join pgq.tick t on t.tick_queue = q.queue_id and t.tick_id = s.sub_last_tick
		cross join lateral (select 1::bigint as tick_event_seq) f;
create view bench.begun as select sub_batch is not null or sub_last_tick > 1 as yes from pgq.subscription;
create view bench.left as select greatest(coalesce(fed, 0) - done, 0) as n from bench.place;
create view bench.finished as select done as n from bench.place;
create view bench.hot as select sum(pg_total_relation_size(c.oid)) as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'pgq' and c.relkind = 'r';
