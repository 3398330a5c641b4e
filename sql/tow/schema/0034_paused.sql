-- tow.status names what somebody has paused, among any number of lanes.
create index gate_paused on tow_store.gate (what, name) where paused_at is not null;
