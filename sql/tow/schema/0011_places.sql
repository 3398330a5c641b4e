-- A lane at its limit lets a job start for each that ends, and each costs a round trip. So the jobs of one place in a
-- lane may be claimed several at a time, by a worker who runs them in one slot, one after the other: they share the
-- place until the last of them has ended. A gate's limit is about places.
alter table tow_store.held add column place bigint;
update tow_store.held set place = run;
alter table tow_store.held alter column place set not null;
comment on column tow_store.held.place is 'The run that the place is called after. Runs that share one are the same slot''s, one after the other.';

create type tow_store.claimed as (job bigint, run bigint, attempt int, flags int, place bigint);
comment on type tow_store.claimed is 'A job that a worker has just claimed from a lane; place: that it shares with others there, null where the lane has no limit.';

-- They take or return one thing more.
drop function if exists tow.exchange(bigint, int, bigint, boolean, bigint[], bigint[], bigint[], bigint[], jsonb, int[], bigint[], int[], int[]);
drop function if exists tow_store.claims_of(bigint, bigint, timestamptz);
drop function if exists tow_store.claim_rows(bigint[], timestamptz);
drop function if exists tow_store.claim_lanes(bigint, bigint, timestamptz, int, int, int, bigint[]);
drop function if exists tow_store.take_lined(bigint, bigint, timestamptz, int, int, tow_store.chosen[], bigint[]);
drop function if exists tow_store.choose_lanes(int, int, bigint, int, int, timestamptz);
