-- A queue takes its gates with it when it is dropped. That each of them names a queue need not be looked up, and the queue's
-- row locked, for each lane that comes into being: they are made under the queue's lock, or by who holds the queue.
alter table tow_store.gate drop constraint gate_queue_fkey;
comment on column tow_store.turn.pos_low is
'No job of it in lined is earlier. Of the clock: the lane (gate) that is next of those at its v, the ones before it have had their turn.';
