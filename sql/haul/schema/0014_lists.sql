-- What pages list and count by.
create index download_state on haul_store.download (state, id);
