-- How much memory a worker takes, with all that it has forked, as it says in its beats.
alter table tow_store.worker add column memory bigint;
comment on column tow_store.worker.memory is 'Bytes, of the worker and its slots, what they share counted once; null: it has not said.';
