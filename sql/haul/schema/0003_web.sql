-- The client that is always there: plain http(s) links are fetched by our own workers, each by a job (code/fetch.sql).
-- Nobody watches it: the job itself says how far it is.
create table haul_store.fetch (
	download bigint primary key references haul_store.download on delete cascade,
	jobs bigint[] not null,
	stopped boolean not null default false
);
comment on table haul_store.fetch is 'Which jobs fetch a download of a web client.';
comment on column haul_store.fetch.jobs is 'The last one is at it; those before it were told to end, and it comes after them.';
comment on column haul_store.fetch.stopped is 'The last one was told to end, too.';

create index download_work on haul_store.download (client) where state in ('approved', 'downloading', 'downloaded', 'importing');
comment on column haul_store.client.url is 'Where it is. Of a web client: file:///FOLDER on the workers'' hosts, or nothing for downloads in their $TOW_HOME.';
comment on column haul_store.download.options is 'paused, sequential, down_limit, up_limit, ratio_limit, seed_limit, folder, checksum: for the client.';

with c as (
	insert into haul_store.client (name, driver, url, priority, timeout, created_at) values ('web', 'web', '', 1000, '60 s', clock_timestamp())
	on conflict do nothing returning id
)
insert into haul_store.health (client, state, since) select c.id, 'ok', clock_timestamp() from c;
