-- Who may enqueue where, who sees what, and who wrote a row of the inbox. Roles are kept by number, not by name: what
-- was granted to a role that is dropped does not pass on to a later one of the same name.

create table tow_store.queue_grant (
	queue int not null references tow_store.queue on delete cascade,
	role regrole not null,
	may text not null check (may in ('enqueue', 'read')),
	granted_at timestamptz not null,
	who text not null,
	primary key (queue, role, may)
);
comment on table tow_store.queue_grant is 'What roles may do with a queue that others may not: enqueue there once it is restricted, read the arguments, results, errors and log lines of its jobs.';

create table tow_store.acting (
	xid xid8 primary key,
	who name
);
comment on table tow_store.acting is 'A duty enqueues on behalf of somebody: a row that its transaction alone sees, and removes.';
comment on column tow_store.acting.who is 'Null: on behalf of the instance, that is, of an admin who made the schedule.';

-- Nobody can write this column: the roles are granted the others.
alter table tow.inbox add column who name not null default current_user;
comment on column tow.inbox.who is 'Whose row it is, for queues that only some may use.';

insert into tow_store.setting values
	('viewer_sees_args', 'off', 'on lets tow_viewer read arguments, results, errors and log lines of all queues; tow.grant_queue(queue, role, ''read'') does for one');
