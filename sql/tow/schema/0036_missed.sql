-- tow.status counts the instants that were missed within a day; a schedule of each second has 86,400 others in it.
create index fire_missed on tow_store.fire (fired_at) where how = 'missed' or how = 'skipped' and reason ^@ 'missed';
