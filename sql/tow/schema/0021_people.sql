-- What people do and try. A token that is none is noted as a sign-in that is refused is: there may be many, and each looks for the last row.
drop index tow_store.audit_refused;
create index audit_refused on tow_store.audit (what, at) where what in ('sign_in.refused', 'token.refused');
alter table tow_store.worker add column leave_at timestamptz;
comment on column tow_store.worker.leave_at is 'Since when it has been asked to end what it has, claim no more and go.';
