-- How a route is answered is worked out once, when its row is written.
alter table tow_store.route add statement text not null default '';
comment on column tow_store.route.statement is 'The statement that answers a request; $1 is what was given.';
