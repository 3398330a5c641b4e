-- What a column can have by which a list is asked: each area says it of its own.
alter table tow_store.route add column words jsonb not null default '{}';
comment on column tow_store.route.words is 'Arguments that take some words and no other, and these.';
