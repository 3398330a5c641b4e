-- Which jobs work on a download: what comes later waits for those that it must not overtake, and a download that is given
-- up has them ended.
create table haul_store.errand (
	download bigint not null references haul_store.download on delete cascade,
	job bigint not null,
	kind text not null,
	primary key (download, job)
);
comment on table haul_store.errand is 'Jobs that were made for a download; those that have ended go when the next one comes.';

alter table haul_store.download
	add gone text check (gone in ('remove', 'remove_data'));
comment on column haul_store.download.gone is 'It was cancelled, and its client is to be told so, also when it has it only later.';
