-- What `tow serve` stands on. Whoever asks has a token; its role in the database decides what it may do. A route is a row
-- here and a function or view elsewhere: code files write the rows anew at each migration, and what the page about the API
-- says of one (arguments, columns, comments) is read from the function.

create table tow_store.token (
	hash bytea primary key check (octet_length(hash) = 32),
	kind text not null check (kind in ('token', 'key', 'session')),
	name text not null check (name ~ '^[a-zA-Z0-9_.@-]{1,50}$'),
	role text not null check (role in ('viewer', 'operator', 'admin')),
	of bytea references tow_store.token on delete cascade,
	made_at timestamptz not null,
	made_by text not null,
	used_at timestamptz,
	expires_at timestamptz
);
create unique index token_name on tow_store.token (name) where kind = 'token';
create index token_of on tow_store.token (of) where of is not null;
comment on table tow_store.token is 'Who may ask the server: SHA-256 of secrets that are nowhere else here.';
comment on column tow_store.token.kind is 'token: for programs, and to sign in with; key: signs in once; session: of a browser that has signed in.';
comment on column tow_store.token.of is 'The token that a session signed in with: it goes with it.';
comment on column tow_store.token.used_at is 'To the minute.';

create table tow_store.answered (
	who text not null,
	key text not null,
	asked bytea not null,
	status int,
	body text,
	at timestamptz not null,
	primary key (who, key)
);
create index answered_at on tow_store.answered (at);
comment on table tow_store.answered is 'Requests that brought a key of their own, and what they were answered: asked again they do nothing.';
comment on column tow_store.answered.asked is 'SHA-256 of what was asked with the key.';

create table tow_store.route (
	id int generated always as identity primary key,
	area text not null,
	method text not null check (method in ('GET', 'POST', 'PUT', 'PATCH', 'DELETE')),
	path text not null check (path ~ '^(/[a-z0-9_.-]+|/\{[a-z_]+\})+$'),
	fn text not null,
	role text check (role in ('viewer', 'operator', 'admin')),
	gives text not null,
	page text[] check (cardinality(page) >= 2),
	fixed jsonb not null default '{}',
	names text[] not null,
	types text[] not null,
	needs int not null,
	unique (method, path)
);
comment on table tow_store.route is 'What the server answers. Path, query and body name the arguments of the function.';
comment on column tow_store.route.area is 'Whose row it is: a schema''s files replace their own.';
comment on column tow_store.route.fn is 'The function, or the view.';
comment on column tow_store.route.role is 'The least role; the function''s grants are what counts.';
comment on column tow_store.route.gives is 'list: its rows; one: its only row; json: the document that it returns; text: its lines; nothing; any other word names the value that it returns.';
comment on column tow_store.route.page is 'The argument that takes up a list where one ended, and the columns of the last row that say where.';
comment on column tow_store.route.names is 'The function''s arguments, and their types.';
comment on column tow_store.route.needs is 'So many of them, the first, cannot be left out.';
comment on column tow_store.route.fixed is 'Arguments that go without saying.';

create table tow_store.feed (
	name text primary key,
	area text not null,
	fn text not null
);
comment on table tow_store.feed is 'Where tow.changes looks: functions (since jsonb, topics text[]), as the head of changes.sql has it.';
