-- A daemon's name may be words.
alter table tow_store.daemon drop constraint daemon_name_check,
	add constraint daemon_name_check check (name ~ '^[a-zA-Z0-9_.-]([a-zA-Z0-9_. -]{0,62}[a-zA-Z0-9_.-])?$');
