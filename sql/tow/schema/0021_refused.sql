-- A token that is none is noted as a sign-in that is refused is: there may be many, and each looks for the last row.
drop index tow_store.audit_refused;
create index audit_refused on tow_store.audit (what, at) where what in ('sign_in.refused', 'token.refused');
