-- Bins of a histogram double, so that its quantiles are known to a factor of two. The shortest and the longest of each bin stand
-- beside it: where all took alike, as where there was but one, that is what is said. In seconds, null where a bin is empty;
-- null altogether of what was counted before.
alter table tow_store.metric_queue
	add column run_shortest real[], add column run_longest real[],
	add column wait_shortest real[], add column wait_longest real[];
comment on column tow_store.metric_queue.run_shortest is 'Of each bin of run_bins the shortest, in seconds.';
comment on column tow_store.metric_queue.run_longest is 'Of each bin of run_bins the longest, in seconds.';
comment on column tow_store.metric_queue.wait_shortest is 'Of each bin of wait_bins the shortest, in seconds.';
comment on column tow_store.metric_queue.wait_longest is 'Of each bin of wait_bins the longest, in seconds.';
create type tow_store.bin_part as (bin int, n bigint, shortest real, longest real);
comment on type tow_store.bin_part is 'What is counted in a bin of a histogram: how many, and the shortest and the longest in seconds.';
