-- Download clients, and what they hold.
--
-- A client is a program that downloads for us. What it holds is observed: a row of transfer for each, kept up by the
-- client's monitor, one listing a cycle. What somebody wants is another thing, a download (0002); a transfer is a
-- download's where we made it, or where the client's operator has let us adopt what is in its category or tag.
-- Nothing here is deleted because a client does not answer, or answers less than it did.
create schema haul_store;
comment on schema haul_store is 'Tables of the download automation. Nothing here is public: use the functions and views of schema haul.';
create schema haul;
comment on schema haul is 'Downloads: start with haul.add_client, haul.clients, haul.downloads, haul.status().';

create table haul_store.client (
	id int generated always as identity primary key,
	name text not null unique check (name ~ '^[a-zA-Z0-9_.-]{1,64}$'),
	driver text not null check (driver ~ '^[a-z0-9_]{1,32}$'),
	url text not null,
	user_name text,
	secret text check (secret ~ '^secret:[a-zA-Z0-9_.-]{1,64}$'),
	category text,
	tag text,
	adopt boolean not null default false,
	priority int not null default 100,
	enabled boolean not null default true,
	fast interval not null default '2 s' check (fast between '200 ms' and '1 day'),
	slow interval not null default '30 s' check (slow >= fast and slow <= '1 day'),
	cron text,
	tz text,
	timeout interval not null default '30 s' check (timeout between '1 s' and '10 minutes'),
	revision int not null default 1,
	created_at timestamptz not null
);
comment on table haul_store.client is 'Download clients, as people have set them up.';
comment on column haul_store.client.driver is 'Which protocol it speaks: a file of workers/haul/clients.';
comment on column haul_store.client.secret is 'The name of a file in the worker''s secrets, never the secret itself.';
comment on column haul_store.client.category is 'Listings are narrowed to it, and what is added gets it.';
comment on column haul_store.client.tag is 'Likewise.';
comment on column haul_store.client.adopt is 'What others put into the category or tag is ours to import, too.';
comment on column haul_store.client.priority is 'Which client gets a download that names none: the smallest first.';
comment on column haul_store.client.fast is 'How long after a listing the next one comes, while something moves.';
comment on column haul_store.client.slow is 'And while nothing does.';
comment on column haul_store.client.cron is 'Listings come by this schedule instead, in time zone tz.';
comment on column haul_store.client.revision is 'Changes with what a session depends on: who has opened the client with another one opens it anew.';

create table haul_store.path_map (
	client int not null references haul_store.client on delete cascade,
	remote text not null,
	local text not null check (local ~ '^/'),
	primary key (client, remote)
);
comment on table haul_store.path_map is 'Where a client''s folders are on the workers'' hosts; the longest that fits counts.';

create table haul_store.health (
	client int primary key references haul_store.client on delete cascade,
	state text not null default 'new' check (state in ('new', 'ok', 'suspect', 'down', 'auth failed', 'banned', 'misconfigured')),
	since timestamptz not null,
	revision int not null default 0,
	class text,
	error text,
	hint text,
	failures int not null default 0,
	doubts int not null default 0,
	listed_at timestamptz,
	next_at timestamptz,
	observed interval not null default '0',
	version text,
	free_bytes bigint,
	took interval,
	listed int not null default 0,
	written int not null default 0
) with (fillfactor = 50, autovacuum_vacuum_threshold = 100, autovacuum_vacuum_scale_factor = 0);
comment on table haul_store.health is 'How each client is, as its monitor has seen it; a row is rewritten at each cycle.';
comment on column haul_store.health.revision is 'Of the settings that this was seen with; auth failed and misconfigured count for these alone.';
comment on column haul_store.health.failures is 'Cycles in a row without a listing.';
comment on column haul_store.health.doubts is 'Listings in a row that were empty although there had been much.';
comment on column haul_store.health.observed is 'A clock that goes only while we look: what has stood still is measured by it.';
comment on column haul_store.health.written is 'How many rows the last listing changed.';

create table haul_store.transfer (
	id bigint generated always as identity primary key,
	client int not null references haul_store.client on delete cascade,
	key text not null,
	ids text[] not null default '{}',
	download bigint,
	name text not null,
	state text not null,
	client_state text,
	complete boolean not null default false,
	percent real not null default 0,
	size bigint,
	left_bytes bigint,
	down bigint,
	up bigint,
	eta interval,
	seeders int,
	leechers int,
	ratio real,
	seeding interval,
	folder text,
	content text,
	category text,
	tags text[] not null default '{}',
	error text,
	local boolean not null default false,
	tracker text,
	added_at timestamptz,
	completed_at timestamptz,
	first_at timestamptz not null,
	changed_at timestamptz not null,
	pulse_at timestamptz not null,
	moved interval not null,
	missed int not null default 0,
	unique (client, key)
) with (fillfactor = 70, autovacuum_vacuum_threshold = 500, autovacuum_vacuum_scale_factor = 0.05);
comment on table haul_store.transfer is 'What clients hold, as it was last seen. A row is written when its state or a percent of its progress has changed, its speeds now and then.';
comment on column haul_store.transfer.key is 'What the client calls it.';
comment on column haul_store.transfer.ids is 'Other names: info hashes.';
comment on column haul_store.transfer.download is 'Whose it is; null: nobody''s that we know of, and then we leave it alone.';
comment on column haul_store.transfer.complete is 'All wanted bytes are here, checked and in place, by its client''s own rule.';
comment on column haul_store.transfer.changed_at is 'When its state changed.';
comment on column haul_store.transfer.pulse_at is 'When its speeds were written.';
comment on column haul_store.transfer.moved is 'The client''s observed clock when it last got bytes.';
comment on column haul_store.transfer.missed is 'Whole listings in a row that did not hold it; from three on it is missing.';
create index transfer_download on haul_store.transfer (download) where download is not null;
create index transfer_ids on haul_store.transfer using gin (ids);
