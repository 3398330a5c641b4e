-- What tow.status and the expire duty must remember: the tide (which xid and which position were reached when, so
-- that an age can be told of a pinned horizon and of a job that is ready, without a time in any hot table), and the guard
-- on how much history is kept.

create table tow_store.tide (
	at timestamptz primary key,
	xid bigint not null,
	position bigint not null
) with (autovacuum_vacuum_scale_factor = 0.1, autovacuum_vacuum_threshold = 1000);
comment on table tow_store.tide is 'Every half minute: the next xid, and the last position in ready. What is older than a row was there at its time.';

insert into tow_store.setting values
	('history_max', '0', 'how large history, logs and facts may grow together, for instance 50 GB; 0: no limit'),
	('history_over', 'warn', 'when they are larger: warn (tow.status says so), or drop (the oldest days go before their time)'),
	('pinned_after', '5 min', 'tow.status names who has kept the database from cleaning up for longer than this');
