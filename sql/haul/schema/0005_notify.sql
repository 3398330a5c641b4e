-- Notifications: who is told of what. Rules say which events go to which channel. What happens is written down in the
-- transaction in which it happens, a row of news for each rule that wants it; after the rule's delay a job makes one
-- message of all that has come together, and sends it. A message is kept until its channel has taken it, for a day.
create table haul_store.channel (
	id int generated always as identity primary key,
	name text not null unique check (name ~ '^[a-zA-Z0-9_.-]{1,64}$'),
	driver text not null check (driver ~ '^[a-z0-9_]{1,32}$'),
	url text not null,
	user_name text,
	secret text check (secret ~ '^secret:[a-zA-Z0-9_.-]{1,64}$'),
	options jsonb not null default '{}',
	timeout interval not null default '30 s' check (timeout between '1 s' and '10 minutes'),
	keep interval not null default '14 days' check (keep between '1 hour' and '10 years'),
	enabled boolean not null default true,
	created_at timestamptz not null,
	sent_at timestamptz,
	class text,
	error text,
	hint text,
	failed_at timestamptz,
	next_at timestamptz
);
comment on table haul_store.channel is 'Ways to tell people something.';
comment on column haul_store.channel.driver is 'Which it is: a file of workers/haul/channels.';
comment on column haul_store.channel.options is 'topic, priority, tags: of ntfy; from, to, starttls: of mail.';
comment on column haul_store.channel.next_at is 'It asked to be left alone until then.';
comment on column haul_store.channel.keep is 'How long messages that were sent, or given up, are shown.';

create table haul_store.rule (
	id int generated always as identity primary key,
	name text not null unique check (name ~ '^[a-zA-Z0-9_.-]{1,64}$'),
	channel int not null references haul_store.channel on delete cascade,
	events text[] not null,
	libraries text[],
	categories text[],
	below bigint check (below > 0),
	delay interval not null default '10 s' check (delay between '0' and '1 day'),
	title text,
	body text,
	enabled boolean not null default true,
	created_at timestamptz not null
);
comment on table haul_store.rule is 'What is told to whom.';
comment on column haul_store.rule.events is 'Of haul.occasions; * stands for anything.';
comment on column haul_store.rule.libraries is 'Only what is of these; null: all.';
comment on column haul_store.rule.below is 'Bytes: a disk with less free is low.';
comment on column haul_store.rule.delay is 'What comes together within it is one message.';
comment on column haul_store.rule.title is 'A template; null: as the occasion says.';
create index rule_channel on haul_store.rule (channel);

create table haul_store.news (
	id bigint generated always as identity primary key,
	rule int not null references haul_store.rule on delete cascade,
	event text not null,
	subject text not null,
	said jsonb not null,
	at timestamptz not null
);
comment on table haul_store.news is 'What a rule has yet to tell.';
comment on column haul_store.news.said is 'What templates may use, without what could be a secret.';
create index news_rule on haul_store.news (rule, at);

create table haul_store.message (
	id bigint generated always as identity primary key,
	channel int not null references haul_store.channel on delete cascade,
	rule text,
	event text not null,
	count int not null,
	level text not null check (level in ('good', 'warn', 'bad')),
	title text not null,
	body text not null,
	data jsonb not null,
	state text not null default 'pending' check (state in ('pending', 'sent', 'failed')),
	tries int not null default 0,
	class text,
	error text,
	job bigint,
	made_at timestamptz not null,
	sent_at timestamptz
);
comment on table haul_store.message is 'What is sent, was sent, or could not be within a day.';
comment on column haul_store.message.job is 'The job that sends it.';
create index message_channel on haul_store.message (channel, made_at);
create index message_pending on haul_store.message (channel) where state = 'pending';

create table haul_store.low (
	rule int not null references haul_store.rule on delete cascade,
	subject text not null,
	primary key (rule, subject)
);
comment on table haul_store.low is 'Disks that a rule has told to be low, until they are not.';

alter table haul_store.library add column free_bytes bigint;
comment on column haul_store.library.free_bytes is 'Of its file system, as the last import there saw it.';
