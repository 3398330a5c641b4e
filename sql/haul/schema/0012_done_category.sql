-- What is placed can be put into another category of its client, beside the tag.
alter table haul_store.library add done_category text check (done_category <> '' and done_category !~ '[,[:cntrl:]]');
comment on column haul_store.library.done_category is 'The category that a transfer is put into when its files are here; null: it stays where it is.';
