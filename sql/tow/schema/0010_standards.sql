-- What each setting goes back to when somebody takes a change back.
alter table tow_store.setting add column standard text;
comment on column tow_store.setting.standard is 'The value that a new instance starts with.';
update tow_store.setting s set standard = v.standard
from (values
	('test', 'off'), ('retention', '14 days'), ('log_retention', '14 days'), ('audit_retention', '90 days'),
	('max_args_bytes', '1048576'), ('max_losses', '5'), ('partition_days', '3'), ('schedule_queue_max', '100'),
	('metrics_minute_retention', '2 days'), ('metrics_retention', '90 days'), ('viewer_sees_args', 'off'),
	('history_max', '0'), ('history_over', 'warn'), ('pinned_after', '5 min')) v(name, standard)
where s.name = v.name;
alter table tow_store.setting alter column standard set not null;
