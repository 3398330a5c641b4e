-- What Prometheus reads: totals that never go back, whatever of the metrics is folded or forgotten, and who has lines to give.
create table tow_store.metric_total (
	queue text primary key,
	completed bigint not null default 0,
	failed bigint not null default 0,
	cancelled bigint not null default 0,
	retried bigint not null default 0,
	lost bigint not null default 0,
	run_bins bigint[] not null default '{}',
	wait_bins bigint[] not null default '{}'
);
comment on table tow_store.metric_total is 'All minutes that were counted since this table was made, added up.';

create table tow_store.exposition (
	name text primary key,
	area text not null,
	fn text not null
);
comment on table tow_store.exposition is 'Where tow.prometheus looks: functions () that return family, type, help, suffix, labels, value.';
