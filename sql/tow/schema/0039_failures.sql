-- What Prometheus reads of kinds. Only failures: to tell the kind of a run its job is looked up, which for all of them would be dear.
create table tow_store.metric_kind (
	kind text primary key,
	failed bigint not null default 0,
	retried bigint not null default 0,
	lost bigint not null default 0
);
comment on table tow_store.metric_kind is 'Minutes of metric_failure by kind, added up since this table was made: two hundred kinds, the rest as (others).';
