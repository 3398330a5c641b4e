-- Metrics: what the sample duty counts each minute. A row is a minute, or, once it is older than
-- metrics_minute_retention, an hour: the minutes are added up and removed in one statement, so that every instant is
-- in one row only. Counts are sums; what was looked at is kept as average and maximum. Durations are kept as
-- histograms, because those of an hour are the sum of its minutes' (quantiles are not): bin i counts durations of 2^i
-- to below 2^(i+1) microseconds, i from 0 to 41.

create table tow_store.metric (
	at timestamptz primary key,
	minutes int not null check (minutes in (1, 60)),
	workers real,
	slots real,
	busy real,
	schedulers real,
	scheduled real,
	waiting real,
	xmin_age bigint,
	xmin_s double precision,
	xmin_who text,
	wal_at pg_lsn,
	wal_bytes numeric,
	notify_usage real
);
create index metric_minute on tow_store.metric (at) where minutes = 1;
comment on table tow_store.metric is 'The instance, by minute or hour. The newest row says which minute was sampled last.';
comment on column tow_store.metric.workers is 'Null where nobody looked at the time: no scheduler lived.';
comment on column tow_store.metric.xmin_who is 'Who held the oldest snapshot or transaction then.';

create table tow_store.metric_queue (
	at timestamptz not null,
	minutes int not null check (minutes in (1, 60)),
	queue text not null,
	ready double precision,
	ready_max bigint,
	oldest_s double precision,
	running double precision,
	running_max bigint,
	slots double precision,
	completed bigint not null default 0,
	failed bigint not null default 0,
	cancelled bigint not null default 0,
	retried bigint not null default 0,
	lost bigint not null default 0,
	other bigint not null default 0,
	run_bins bigint[],
	wait_bins bigint[],
	primary key (at, queue)
);
comment on table tow_store.metric_queue is 'Queues, by minute or hour.';
comment on column tow_store.metric_queue.other is 'Runs that were snoozed, given back, or went to wait.';
comment on column tow_store.metric_queue.run_bins is 'How long runs took that completed, failed or are tried again.';
comment on column tow_store.metric_queue.wait_bins is 'How long jobs waited from their own instant to their first start, reckoned from a few thousand a minute.';

create table tow_store.metric_failure (
	at timestamptz not null,
	minutes int not null check (minutes in (1, 60)),
	kind text not null,
	class text not null,
	failed bigint not null,
	retried bigint not null,
	lost bigint not null,
	primary key (at, kind, class)
);
comment on table tow_store.metric_failure is 'Runs that failed, by kind and class of error; a hundred a minute or an hour, the rest as (others).';

create table tow_store.metric_table (
	at timestamptz not null,
	minutes int not null check (minutes in (1, 60)),
	name text not null,
	bytes bigint not null,
	dead bigint not null,
	primary key (at, name)
);
comment on table tow_store.metric_table is 'How large the queue''s tables are, with their indexes and partitions, every fifth minute.';

insert into tow_store.setting values
	('metrics_minute_retention', '2 days', 'how long metrics are kept by the minute'),
	('metrics_retention', '90 days', 'how long metrics are kept, by the hour');
insert into tow_store.duty (position, name, every, description) values
	(20, 'sample', '1 min', 'counts what happened in each minute, for tow.metrics_*');
