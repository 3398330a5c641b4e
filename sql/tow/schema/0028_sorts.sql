-- Lists that the server sorts, and by what.
alter table tow_store.route add sorts text[];
comment on column tow_store.route.sorts is 'The columns by which the server sorts a list; null: its function does that, or nobody.';
