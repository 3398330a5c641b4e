-- While somebody pins the xmin horizon, what was admitted lies dead at the head of waiting_reason: looks for what is new start
-- at the watermark of the admit duty, by the instant. See tow_store.scan_from.
create index waiting_admission on tow_store.waiting (since, id) where reason = 'admission';
