-- While transactions are open that may have overlooked a band that is new, claims look whether one has brought a job that
-- must run before what came since. None can have as long as none of them has ended. See duty_admit.sql.
alter table tow_store.band add column opening_seen pg_snapshot;
comment on column tow_store.band.opening_seen is 'What was going on when a claim looked last and found no job that waits for admission to it; null: none has looked since it is known who may have overlooked it.';
