-- Who pauses all queues for a while, and resumes them, leaves those alone that somebody had paused for a reason of its own.
alter table tow_store.queue add column paused_with_all boolean not null default false;
comment on column tow_store.queue.paused_with_all is 'It was paused by tow.pause_queues, and by nobody since: tow.resume_queues resumes it.';
