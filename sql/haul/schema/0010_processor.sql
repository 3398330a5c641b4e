-- What a new instance starts with is made by code/zz_first.sql, once.
create table haul_store.first (
	name text primary key,
	made_at timestamptz not null
);
comment on table haul_store.first is 'What an instance started with: not made again when somebody has dropped it.';
