-- What pages show: how much memory a worker takes, with all that it has forked, as it says in its beats; and who tried to sign
-- in, in vain.
alter table tow_store.worker add column memory bigint;
comment on column tow_store.worker.memory is 'Bytes, of the worker and its slots, what they share counted once; null: it has not said.';
create index audit_refused on tow_store.audit (at) where what = 'sign_in.refused';
