-- tow.status reads of the last day what few rows say, among those of everything that people did.
create index audit_told on tow_store.audit (what, at)
	where what in ('worker.reloaded', 'worker.reload_refused', 'worker.dead', 'schedule.failed', 'schedule.seen', 'schedule.run');
