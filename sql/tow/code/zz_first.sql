-- What a new instance starts with, and each migration looks after: the default queue and partitions ahead.
select tow_store.open_queue('default');
select tow_store.duty_partition();
