-- How a route is answered is worked out once, when its row is written.
alter table tow_store.route add statement text not null default '';
comment on column tow_store.route.statement is 'The statement that answers a request; $1 is what was given.';

-- Which queues and kinds there are among ids near each other: kept a range at a time, so that an enqueue writes nothing to it.
create index job_names on tow_store.job using brin (id, queue text_bloom_ops (n_distinct_per_range = 100), kind text_bloom_ops (n_distinct_per_range = 100))
	with (pages_per_range = 64, autosummarize = on);

create index scheduled_retrying on tow_store.scheduled (id) where reason = 'r';
create index scheduled_retry on tow_store.scheduled (run_at, id) where reason = 'r';
