-- Profiles: what happens to a download between "given to its client" and "removed from it".
--
-- A transfer that stands still is in trouble of one kind. How long is measured by its client's observed clock
-- (haul_store.health.observed), which goes only while somebody looks: a client that is down for a day costs its downloads
-- nothing. A profile says by rows what is done then, step by step; a row of spell remembers how far that has come, and is
-- gone as soon as something moves. What is complete and placed stays in its client until its goal is met.
create table haul_store.profile (
	id int generated always as identity primary key,
	name text not null unique check (name ~ '^[a-zA-Z0-9_.-]{1,64}$'),
	retries int not null default 2 check (retries between 0 and 100),
	min_free bigint not null default 0 check (min_free >= 0),
	max_active int check (max_active > 0),
	created_at timestamptz not null
);
comment on table haul_store.profile is 'How patient we are with downloads, and how many at once. There is always one named default.';
comment on column haul_store.profile.retries is 'How often a stage of a download is begun anew before it fails for good; a person''s retry counts from the start.';
comment on column haul_store.profile.min_free is 'A client with fewer bytes free is given nothing new.';
comment on column haul_store.profile.max_active is 'So many of ours may be under way in one client; null: no limit.';

create table haul_store.step (
	profile int not null references haul_store.profile on delete cascade,
	trouble text not null check (trouble in ('stalled', 'metadata', 'error', 'local', 'missing_files', 'missing')),
	n int not null check (n > 0),
	after interval not null check (after >= '0'),
	act text not null check (act in ('reannounce', 'recheck', 'resume', 'retry', 'fail', 'swap', 'nothing')),
	primary key (profile, trouble, n)
);
comment on table haul_store.step is 'What is done about a trouble, in order, each once.';
comment on column haul_store.step.after is 'Since the trouble began, by the observed clock.';
comment on column haul_store.step.act is 'retry: removed from the client and given to it anew. swap: fails for the release''s sake, so that another one can take its place.';

insert into haul_store.profile (name, created_at) values ('default', clock_timestamp());
insert into haul_store.step (profile, trouble, n, after, act)
select p.id, s.trouble, row_number() over (partition by s.trouble order by s.after), s.after, s.act
from haul_store.profile p, (values
	('stalled', interval '30 min', 'reannounce'), ('stalled', '2 h', 'recheck'), ('stalled', '6 h', 'fail'),
	('metadata', '10 min', 'reannounce'), ('metadata', '1 h', 'fail'),
	('error', '1 min', 'resume'), ('error', '30 min', 'fail'),
	('local', '0', 'fail'), ('missing_files', '0', 'fail'), ('missing', '0', 'fail')) s(trouble, after, act)
where p.name = 'default';

create table haul_store.spell (
	download bigint not null references haul_store.download on delete cascade,
	trouble text not null,
	since interval not null,
	taken int not null default 0,
	primary key (download, trouble)
);
comment on table haul_store.spell is 'A trouble that lasts; any progress ends it.';
comment on column haul_store.spell.since is 'The client''s observed clock when it began.';
comment on column haul_store.spell.taken is 'The last step that was taken.';

create table haul_store.retried (
	download bigint not null references haul_store.download on delete cascade,
	stage text not null check (stage in ('download', 'import')),
	times int not null,
	primary key (download, stage)
);
comment on table haul_store.retried is 'How often a stage of a download was begun anew by itself.';

create table haul_store.seed_goal (
	id int generated always as identity primary key,
	tracker text check (tracker ~ '^[^\s/@]+$' and tracker = lower(tracker)),
	library int references haul_store.library on delete cascade,
	ratio real check (ratio >= 0),
	seed_time interval check (seed_time >= '0'),
	need text not null default 'either' check (need in ('either', 'both')),
	check (ratio is not null or seed_time is not null),
	unique nulls not distinct (tracker, library)
);
comment on table haul_store.seed_goal is 'How long what is placed stays in its client, where the library has it removed at all.';
comment on column haul_store.seed_goal.tracker is 'A host or the end of one: example.org is also for tracker.example.org. null: any.';
comment on column haul_store.seed_goal.library is 'null: any. Of goals that fit, the one of the longest tracker counts, then the library''s own.';

alter table haul_store.library
	add profile int references haul_store.profile on delete set null;
comment on column haul_store.library.profile is 'Of its downloads; null: default.';

alter table haul_store.download
	add profile int references haul_store.profile on delete set null,
	add priority int not null default 100,
	add key text,
	add let boolean not null default false;
comment on column haul_store.download.profile is 'null: its library''s.';
comment on column haul_store.download.priority is 'Who is next where not all may: the smallest.';
comment on column haul_store.download.key is 'What its client calls its transfer: finds it again when the client was dropped and is back.';
comment on column haul_store.download.let is 'It is being given to its client, or was.';
create index download_failed on haul_store.download (client) where state = 'failed';
create index download_key on haul_store.download (key) where key is not null;

alter table haul_store.transfer
	add tracker_host text,
	add leaving text check (leaving in ('again', 'done', 'kept')),
	add leave_at timestamptz,
	add trouble text generated always as (case
		when state in ('missing', 'deleted') then 'missing'
		when state = 'missing files' then 'missing_files'
		when state = 'error' then case when local then 'local' else 'error' end
		when state = 'metadata' then 'metadata'
		when state in ('stalled', 'downloading') and not complete then 'stalled' end) stored;
comment on column haul_store.transfer.tracker_host is 'Its tracker''s host; the rest of the address may be a secret.';
comment on column haul_store.transfer.leaving is 'What the listing says of it counts no more: it is to be given anew, or to go because it is done; kept: it was, and its client would not.';
comment on column haul_store.transfer.leave_at is 'When its client was last told so.';
comment on column haul_store.transfer.trouble is 'What would be wrong with it if it stayed so for long.';
