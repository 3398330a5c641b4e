-- Lists of several states go by id: so can those of what failed or was cancelled.
create index history_ended_badly on tow_store.history (job_id) where outcome in ('f', 'x');
