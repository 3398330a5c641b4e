-- Downloads that somebody has taken out of the list, and the programs that drivers speak to.
--
-- What a download has placed stays known to imports, and its transfer to its client's monitor, so that neither is taken for
-- somebody else's: the row stays as long as there is either.
alter table haul_store.download add column forgotten_at timestamptz;
comment on column haul_store.download.forgotten_at is 'Since when it is in no list any more.';
create index download_forgotten on haul_store.download (id) where forgotten_at is not null;

create table haul_store.driver (
	what text not null check (what in ('client', 'target', 'channel')),
	name text not null check (name ~ '^[a-z0-9_]{1,32}$'),
	title text not null,
	help text not null,
	url text,
	takes text[] not null,
	needs text[] not null,
	primary key (what, name)
);
comment on table haul_store.driver is 'Drivers of clients, targets and channels, as the program that migrated last has them.';
comment on column haul_store.driver.url is 'What an address of it looks like.';
comment on column haul_store.driver.takes is 'Settings that mean something to it.';
comment on column haul_store.driver.needs is 'Those without which it cannot.';
