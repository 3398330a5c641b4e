-- What is enqueued with a lane before there is a band for it waits for admission, and is admitted a thousand a turn. Whoever
-- comes when the band is there finds it open; what he brings must not run before what waits still. See duty_admit.sql.
alter table tow_store.band add column opening bigint;
alter table tow_store.band add constraint band_opening check (opening is null or laned and not crowd);
comment on column tow_store.band.opening is
'Since it was made: 0 while jobs that came before it are being admitted, and what has come since is not sorted. Then 1, and later the xid from which on nobody can have overlooked it: until all before have ended, a claim looks whether somebody has brought another such job. Null: that is over.';
create index band_opening on tow_store.band (id) where opening is not null;
