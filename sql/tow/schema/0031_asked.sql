-- Whoever is told of jobs that wait for approval asks for those of the last seconds, of however many.
create index waiting_asked on tow_store.waiting (since) where reason = 'approval';
