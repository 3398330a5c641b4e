-- Lists whose functions or views know no pages are cut by the server itself.
alter table tow_store.route add column max_rows int not null default 50;
comment on column tow_store.route.page is 'The argument that takes up a list where one ended, and the columns of the last row that say where. up or down instead of an argument: the server itself cuts the list, in the order of these columns.';
comment on column tow_store.route.max_rows is 'How many rows a page has unless told.';
