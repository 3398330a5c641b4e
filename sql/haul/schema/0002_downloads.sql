-- Downloads: what somebody wants, and how far it has come.
--
-- A download goes through states, by the moves of haul_store.move and by no others; each is written down in
-- haul_store.event in the same transaction. What a client holds for it is a transfer (0001). Files that an import
-- places are rows of haul_store.file, planned before anything is touched. Jobs of the queue do the work, one of a
-- download at a time, by key: two never place the same file.
create table haul_store.state (
	name text primary key,
	position int not null unique,
	final boolean not null,
	description text not null
);
comment on table haul_store.state is 'What a download may be.';
insert into haul_store.state (position, name, final, description) values
	(1, 'queued', false, 'accepted, waiting its turn'),
	(2, 'searching', false, 'asking the indexers'),
	(3, 'matching', false, 'scoring candidates'),
	(4, 'needs_approval', false, 'a person must choose'),
	(5, 'approved', false, 'a source is chosen'),
	(6, 'downloading', false, 'a client is at it'),
	(7, 'downloaded', false, 'all bytes are here'),
	(8, 'converting', false, 'being converted'),
	(9, 'converted', false, 'converted'),
	(10, 'importing', false, 'its files are being placed'),
	(11, 'completed', true, 'placed, verified, announced'),
	(12, 'rejected', true, 'somebody refused it'),
	(13, 'failed', true, 'it cannot go on by itself'),
	(14, 'cancelled', true, 'somebody gave it up'),
	(15, 'paused', false, 'somebody holds it');

create table haul_store.move (
	from_state text not null references haul_store.state,
	to_state text not null references haul_store.state,
	primary key (from_state, to_state)
);
comment on table haul_store.move is 'Which state may follow which.';
insert into haul_store.move (from_state, to_state)
select f, t from (values
	('queued', '{searching,approved,downloading,failed,cancelled,paused}'::text[]),
	('searching', '{matching,queued,failed,cancelled}'),
	('matching', '{needs_approval,approved,failed,cancelled}'),
	('needs_approval', '{approved,rejected,searching,failed,cancelled}'),
	('approved', '{downloading,queued,failed,cancelled,paused}'),
	('downloading', '{downloaded,approved,failed,cancelled,paused}'),
	('downloaded', '{converting,importing,downloading,failed,cancelled}'),
	('converting', '{converted,downloaded,failed,cancelled}'),
	('converted', '{importing,failed,cancelled}'),
	('importing', '{completed,downloaded,failed,cancelled}'),
	('completed', '{downloaded}'), -- undone, or imported anew
	('failed', '{queued,approved,downloading,downloaded,cancelled}'), -- retry, or what was missing is back
	('rejected', '{searching,queued}'),
	('cancelled', '{queued}'),
	('paused', '{queued,approved,downloading,failed,cancelled}')) v(f, ts), unnest(ts) t;

create table haul_store.target (
	id int generated always as identity primary key,
	name text not null unique check (name ~ '^[a-zA-Z0-9_.-]{1,64}$'),
	driver text not null check (driver ~ '^[a-z0-9_]{1,32}$'),
	url text not null,
	user_name text,
	secret text check (secret ~ '^secret:[a-zA-Z0-9_.-]{1,64}$'),
	section text,
	delay interval not null default '10 s' check (delay between '0' and '1 day'),
	timeout interval not null default '30 s' check (timeout between '1 s' and '10 minutes'),
	enabled boolean not null default true,
	created_at timestamptz not null,
	scanned_at timestamptz,
	class text,
	error text,
	hint text,
	failed_at timestamptz
);
comment on table haul_store.target is 'Media servers, and whoever else is told of new files.';
comment on column haul_store.target.driver is 'Which protocol it speaks: a file of workers/haul/targets.';
comment on column haul_store.target.section is 'The server''s own name or number of the library, where it needs one.';
comment on column haul_store.target.delay is 'How long to gather changes before it is told of all of them at once.';

create table haul_store.library (
	id int generated always as identity primary key,
	name text not null unique check (name ~ '^[a-zA-Z0-9_.-]{1,64}$'),
	root text not null check (root ~ '^/'),
	template text not null default '{path}',
	modes text[] not null default '{reflink,link,copy}',
	taken text not null default 'suffix' check (taken in ('suffix', 'skip', 'replace', 'fail')),
	inner_links boolean not null default false,
	verify boolean not null default false,
	file_mode int check (file_mode between 0 and 4095),
	dir_mode int check (dir_mode between 0 and 4095),
	owner_name text,
	group_name text,
	reserve bigint not null default 0 check (reserve >= 0),
	min_bytes bigint not null default 0 check (min_bytes >= 0),
	extensions text[],
	refused text[] not null default '{exe,com,bat,cmd,scr,msi,lnk,vbs,ps1,pif}',
	sidecars text[] not null default '{srt,sub,idx,ass,ssa,vtt,nfo,jpg,jpeg,png,cue,lrc}',
	samples boolean not null default false,
	categories text[] not null default '{}',
	done_tag text default 'synced' check (done_tag <> '' and done_tag !~ ','),
	done_remove text not null default 'no' check (done_remove in ('no', 'transfer', 'data')),
	created_at timestamptz not null
);
comment on table haul_store.library is 'Where files go: a folder, how they are named and placed in it, and which of them.';
comment on column haul_store.library.template is 'A path below the root. {title} {name} {ext} {path} {category} and what the download''s meta holds; { (|year|)} is left out as a whole where there is no year.';
comment on column haul_store.library.modes is 'How a file is placed: the first of reflink, link, copy, move, symlink that works there.';
comment on column haul_store.library.taken is 'When the name is another file''s: suffix (name.1.ext), skip, replace (the other goes into .tow-recycle), fail.';
comment on column haul_store.library.reserve is 'Bytes that a copy leaves free.';
comment on column haul_store.library.extensions is 'Only these; null: all but the refused. Sidecars go with the file beside which they are.';
comment on column haul_store.library.samples is 'Whether files that say that they are samples are placed, too.';
comment on column haul_store.library.categories is 'What is adopted in these categories of a client goes here; that of a client''s own category goes into the first library.';
comment on column haul_store.library.done_tag is 'What a transfer is tagged with when its files are here.';
comment on column haul_store.library.done_remove is 'What becomes of the transfer when it need not seed any more.';

create table haul_store.announce (
	library int not null references haul_store.library on delete cascade,
	target int not null references haul_store.target on delete cascade,
	root text,
	primary key (library, target)
);
comment on table haul_store.announce is 'Who is told of what changes in a library, and what its root is called there.';

create table haul_store.download (
	id bigint generated always as identity primary key,
	tag text not null generated always as ('tow-' || id) stored,
	title text not null,
	state text not null references haul_store.state,
	state_at timestamptz not null,
	type text not null check (type in ('torrent', 'nzb', 'http')),
	link text,
	data bytea,
	client int references haul_store.client on delete set null,
	client_name text,
	library int references haul_store.library on delete set null,
	category text,
	adopted boolean not null default false,
	options jsonb not null default '{}',
	meta jsonb not null default '{}',
	who text not null,
	back text references haul_store.state,
	class text,
	error text,
	hint text,
	created_at timestamptz not null,
	completed_at timestamptz
) with (fillfactor = 80);
comment on table haul_store.download is 'What somebody wants.';
comment on column haul_store.download.tag is 'What its transfer is tagged with in the client.';
comment on column haul_store.download.client_name is 'Stays when the client is dropped, so that it is known who had it.';
comment on column haul_store.download.adopted is 'It was in the client before it was here.';
comment on column haul_store.download.options is 'paused, sequential, down_limit, up_limit, ratio_limit, seed_limit, folder: for the client.';
comment on column haul_store.download.meta is 'What templates may use: year, quality, ...';
comment on column haul_store.download.back is 'Where resume or retry goes.';
create unique index download_tag on haul_store.download (tag);
create index download_open on haul_store.download (client) where state in ('queued', 'approved', 'downloading');
alter table haul_store.transfer add foreign key (download) references haul_store.download on delete set null;

create table haul_store.file (
	id bigint generated always as identity primary key,
	download bigint not null references haul_store.download on delete cascade,
	source text not null,
	size bigint not null,
	state text not null check (state in ('planned', 'placed', 'skipped', 'failed', 'undone')),
	target text,
	why text,
	mode text,
	hash text,
	dev numeric(20),
	ino numeric(20),
	replaced text,
	class text,
	error text,
	placed_at timestamptz,
	unique (download, source)
);
comment on table haul_store.file is 'What an import places: from where, to where, and how it went.';
comment on column haul_store.file.source is 'Below the transfer''s folder.';
comment on column haul_store.file.target is 'Below the library''s root.';
comment on column haul_store.file.why is 'Why it is skipped.';
comment on column haul_store.file.mode is 'Which way it took; null: it was there.';

create table haul_store.event (
	n bigint generated always as identity primary key,
	at timestamptz not null,
	download bigint not null references haul_store.download on delete cascade,
	what text not null,
	from_state text,
	to_state text,
	who text not null,
	detail text
);
comment on table haul_store.event is 'All that happened to a download.';
create index event_download on haul_store.event (download, n);

create table haul_store.change (
	target int not null references haul_store.target on delete cascade,
	path text not null,
	download bigint references haul_store.download on delete set null,
	since timestamptz not null,
	job bigint,
	primary key (target, path)
);
comment on table haul_store.change is 'Folders that a target has not been told of yet.';
comment on column haul_store.change.job is 'The job that tells it; null: one will.';
