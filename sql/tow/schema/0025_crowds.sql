-- Crowds. Many jobs of one lane that were enqueued at once stand in a band of their own beside that for jobs with a lane, so
-- that nobody's single job waits until all of them are sorted. A row of crowd says which lanes have jobs there: what comes to
-- such a lane meanwhile goes there, too, and stays behind them. See lane_sort.sql.
alter table tow_store.band add column crowd boolean not null default false;
alter table tow_store.band drop constraint band_key;
alter table tow_store.band add constraint band_key unique nulls not distinct (queue, priority, kind, laned, crowd);
alter table tow_store.band add constraint band_crowd check (not crowd or laned and kind is null);
comment on column tow_store.band.crowd is 'For jobs of a lane that were enqueued many at once: a claim sorts some of them after all that stands in the laned band.';
insert into tow_store.band (queue, priority, laned, crowd) select b.queue, b.priority, true, true from tow_store.band b where b.laned and b.kind is null;

create table tow_store.crowd (
	band int not null,
	lane text not null,
	first bigint not null,
	last bigint not null,
	primary key (band, lane, first, last)
) with (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0);
create index crowd_last on tow_store.crowd (band, last);
comment on table tow_store.crowd is 'Which lanes may have jobs in a band for crowds: none that came before first, and up to which position.';

-- A queue takes its gates with it when it is dropped. That each of them names a queue need not be looked up, and the queue's
-- row locked, for each lane that comes into being: they are made under the queue's lock, or by who holds the queue.
alter table tow_store.gate drop constraint gate_queue_fkey;
comment on column tow_store.turn.pos_low is
'No job of it in lined is earlier. Of the clock: the lane (gate) that is next of those at its v, the ones before it have had their turn.';
