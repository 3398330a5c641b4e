-- A file that could not be placed stays planned, with its class and error; nothing ever wrote 'failed'.
alter table haul_store.file
	drop constraint file_state_check,
	add constraint file_state_check check (state in ('planned', 'placed', 'skipped', 'undone', 'replaced'));
