-- Lists whose functions or views know no pages are cut by the server itself.
alter table tow_store.route add column max_rows int not null default 50;
comment on column tow_store.route.page is 'The argument that takes up a list where one ended, and the columns of the last row that say where. up or down instead of an argument: the server itself cuts the list, in the order of these columns.';
comment on column tow_store.route.max_rows is 'How many rows a page has unless told.';

-- Who is asked for what.
alter table tow_store.feed add column topic text not null default '';
comment on column tow_store.feed.topic is 'The sort of things that it speaks of: it is called when somebody wants to hear of them, or of one.';
