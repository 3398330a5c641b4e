-- The client that is always there: plain http(s) links are fetched by our own workers, each by a job (code/fetch.sql).
-- Nobody watches it: the job itself says how far it is.
create table haul_store.fetch (
	download bigint primary key references haul_store.download on delete cascade,
	job bigint not null,
	stopped boolean not null default false
);
comment on table haul_store.fetch is 'Which job fetches, or has fetched, a download of a web client.';
comment on column haul_store.fetch.stopped is 'It was told to end: who goes on with the download comes after it.';

create index download_work on haul_store.download (client) where state in ('approved', 'downloading', 'downloaded', 'importing');
comment on column haul_store.client.url is 'Where it is. Of a web client: file:///FOLDER on the workers'' hosts, or nothing for downloads in their $TOW_HOME.';
comment on column haul_store.download.options is 'paused, sequential, down_limit, up_limit, ratio_limit, seed_limit, folder, checksum: for the client.';

with c as (
	insert into haul_store.client (name, driver, url, priority, timeout, created_at) values ('web', 'web', '', 1000, '60 s', tow.now())
	on conflict do nothing returning id
)
insert into haul_store.health (client, state, since) select c.id, 'ok', tow.now() from c;
