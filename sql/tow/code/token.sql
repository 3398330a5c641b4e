-- Tokens of the server's API and page. The secret is given once, by what makes it; what is kept is its SHA-256, which
-- says nothing about 244 random bits.
create or replace function tow_store.secret_hash(p_secret text) returns bytea
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select sha256(convert_to(p_secret, 'UTF8'))
$$;
comment on function tow_store.secret_hash(text) is 'What is kept of a secret.';

-- What the server has of a secret; null for what is no hash. Without a search_path, so that queries inline it.
create or replace function tow_store.hash_of(p_hex text) returns bytea
language sql immutable parallel safe
return case when p_hex ~ '^[0-9a-f]{64}$' then decode(p_hex, 'hex') end;
comment on function tow_store.hash_of(text) is 'A SHA-256 as it is written.';

create or replace function tow_store.make_token(p_kind text, p_name text, p_role text, p_of bytea, p_lasts interval, p_queues text[] default null) returns text
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_secret constant text := format('tow_%s%s', replace(gen_random_uuid()::text, '-', ''), replace(gen_random_uuid()::text, '-', ''));
begin
	insert into tow_store.token (hash, kind, name, role, of, made_at, made_by, expires_at, queues)
	values (tow_store.secret_hash(v_secret), p_kind, p_name, p_role, p_of, tow.now(), tow_store.actor(), tow.now() + p_lasts, p_queues);
	return v_secret;
end $$;
comment on function tow_store.make_token(text, text, text, bytea, interval, text[]) is 'A new secret, kept as its hash.';

create or replace function tow_store.check_token(p_name text, p_role text, p_lasts interval) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_name is null or p_name !~ '^(?!\.{1,2}$)[a-zA-Z0-9_.@-]{1,50}$' then
		perform tow_store.fail('TW422', format('bad name %L', p_name), 'up to 50 letters, digits, _ . @ -, but not . or .. alone');
	elsif p_role is null or p_role not in ('viewer', 'producer', 'operator', 'admin') then
		perform tow_store.fail('TW422', format('bad role %L', p_role), 'use viewer, operator, admin, or producer for what only enqueues');
	elsif p_lasts <= '0' then
		perform tow_store.fail('TW422', format('bad span %s', p_lasts), 'use one above zero, or null for ever');
	elsif not exists (select from pg_roles r where r.rolname = 'tow_' || p_role) then
		perform tow_store.fail('TW409', format('there is no role tow_%s here, as which the server would ask', p_role), 'whoever migrated this database may make no roles: tow migrate, as a superuser, makes them');
	elsif not coalesce(pg_has_role(to_regrole('tow_server'), to_regrole('tow_' || p_role), 'member'), true) then
		perform tow_store.fail('TW409', format('tow_server is no member of tow_%s, as which the server would ask', p_role), format('as a superuser: grant tow_%s to tow_server; tow migrate does so, too', p_role));
	end if;
end $$;
comment on function tow_store.check_token(text, text, interval) is 'Raise TW422 for what no token can be, TW409 where it could do nothing.';

create or replace function tow_store.check_held(p_role text, p_queues text[]) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_queues is not null and p_role <> 'producer' then
		perform tow_store.fail('TW422', format('%s cannot be held to queues', p_role), 'only a producer can: leave the queues out, or make it one');
	elsif cardinality(p_queues) = 0 then
		perform tow_store.fail('TW422', 'there is no queue in the list of queues', 'name one, or leave the list out for all of them');
	end if;
	perform tow_store.see_queue(q) from unnest(p_queues) q;
end $$;
comment on function tow_store.check_held(text, text[]) is 'Raise TW422 for a token that cannot be held to queues, TW404 for a queue that is not there.';

create or replace function tow.add_token(name text, role text default 'viewer', lasts interval default null, queues text[] default null) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	perform tow_store.check_token(name, role, lasts), tow_store.check_held(role, queues);
	if exists (select from tow_store.token t where t.kind = 'token' and t.name = name) then
		perform tow_store.fail('TW409', format('there is a token %L already', name), format('tow token rm %s, or another name', name));
	end if;
	perform tow_store.note('token.add', name, p_detail => jsonb_build_object('role', role, 'lasts', lasts) || jsonb_strip_nulls(jsonb_build_object('queues', queues)));
	return tow_store.make_token('token', name, role, null, lasts, nullif(array(select distinct q from unnest(queues) q order by q), '{}'));
end $$;
comment on function tow.add_token(text, text, interval, text[]) is
'Let a program, or somebody, ask the server as viewer, operator or admin; or a program as producer, which makes jobs and batches and asks what became of them, and nothing else. Returns the secret, which is shown this once; lasts: for how long it is good, null for ever; queues: the only ones that a producer has to do with, null for all.';

create or replace function tow.drop_token(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	delete from tow_store.token t where t.name = name and t.of is null;
	if not found then
		perform tow_store.fail('TW404', format('no token %L', name), 'tow token ls lists them');
	end if;
	perform tow_store.note('token.drop', name);
end $$;
comment on function tow.drop_token(text) is 'Delete a token: it is refused from now on, and so is whoever signed in with it, or with a key that somebody of this name made (tow.audit says sign_in).';

create or replace function tow.add_key(role text default 'admin', lasts interval default '15 min') returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	perform tow_store.check_token('key', role, lasts);
	if role = 'producer' then
		perform tow_store.fail('TW422', 'nobody signs in as producer', 'use viewer, operator or admin');
	end if;
	perform tow_store.note('key.add', role);
	return tow_store.make_token('key', left(regexp_replace(tow_store.actor(), '[^a-zA-Z0-9_.@-]', '_', 'g'), 50), role, null, lasts);
end $$;
comment on function tow.add_key(text, interval) is 'A secret that a browser can sign in with, once, within lasts; it is for an address: http://HOST:PORT/#key=SECRET.';

-- A key is gone with its use, and how long it was good says nothing of the session; a token's is over with it.
create or replace function tow.sign_in(hash text) returns table(secret text, name text, role text, expires_at timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
	c_lasts constant interval := interval '30 days';
	t tow_store.token;
	v_lasts interval;
begin
	select o.* into t from tow_store.token o where o.hash = tow_store.hash_of(sign_in.hash) and o.kind <> 'session' and coalesce(o.expires_at > tow.now(), true) for update;
	if not found then
		perform tow_store.fail('TW401', 'no such token, or it has expired', 'tow token add NAME makes one, tow token link an address that signs in');
	elsif t.role = 'producer' then
		perform tow_store.fail('TW403', format('the token %s is for programs: nobody signs in with it', t.name), 'tow token link prints an address that signs in; tow token add NAME makes a token for people');
	end if;
	delete from tow_store.token o where o.hash = t.hash and o.kind = 'key';
	v_lasts := case t.kind when 'key' then c_lasts else least(c_lasts, t.expires_at - tow.now()) end;
	return query select tow_store.make_token('session', t.name, t.role, case when t.kind = 'token' then t.hash end, v_lasts), t.name, t.role, tow.now() + v_lasts;
	perform set_config('tow.actor', t.name, true);
	perform tow_store.note('sign_in', t.name, p_detail => jsonb_build_object('role', t.role, 'by', t.kind));
end $$;
comment on function tow.sign_in(text) is 'For the server: a session for who has this token or key (the SHA-256 of it).';

-- Whoever guesses fills no table: what comes within ten minutes of the first is one row, which says how often, and the last ten
-- addresses. Two at a time wait for each other: one may tell of many.
create or replace function tow.sign_in_refused(what text default 'sign_in.refused', times int default 1, address text default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c_within constant interval := interval '10 minutes';
	c_most constant int := 10;
	a tow_store.audit;
	v_from jsonb;
begin
	select o.* into a from tow_store.audit o where o.what in ('sign_in.refused', 'token.refused') and o.what = sign_in_refused.what and o.at > tow.now() - c_within order by o.at desc limit 1;
	v_from := (coalesce(a.detail -> 'from', '[]') - coalesce(address, '')) || case when address is null then '[]' else jsonb_build_array(address) end;
	if jsonb_array_length(v_from) > c_most then
		v_from := v_from - 0;
	end if;
	if a.n is null then
		perform tow_store.note(what, p_detail => jsonb_build_object('times', times, 'from', v_from));
	else
		update tow_store.audit o set detail = jsonb_build_object('times', (o.detail ->> 'times')::int + times, 'last', tow.now(), 'from', v_from) where o.n = a.n;
	end if;
end $$;
comment on function tow.sign_in_refused(text, int, text) is 'For the server: somebody has tried to sign in with what is no token or key, or not any more; or has asked with such a token (token.refused), so many times; and the address that the last of these came from.';

create or replace function tow.sign_out(hash text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
	v_name text;
begin
	delete from tow_store.token t where t.hash = tow_store.hash_of(sign_out.hash) and t.kind = 'session' returning t.name into v_name;
	if found then
		perform set_config('tow.actor', v_name, true);
		perform tow_store.note('sign_out', v_name);
	end if;
end $$;
comment on function tow.sign_out(text) is 'For the server: a session is over.';

-- The hub asks it of all that are listening, so that who may not any more is let go.
create or replace function tow.vouch(hashes text[]) returns table(hash text, role text, owner text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
	select h.hash, t.role, encode(coalesce(t.of, t.hash), 'hex') from unnest(hashes) h(hash) join tow_store.token t on t.hash = tow_store.hash_of(h.hash) and t.kind <> 'key' and coalesce(t.expires_at > tow.now(), true)
$$;
comment on function tow.vouch(text[]) is 'For the server: which of these may ask, and as what. owner: the token that a session signed in with, so that what one may have is not had by each of its sessions.';

create or replace view tow.tokens as
select t.name, t.role, t.made_at, t.made_by, greatest(t.used_at, (select max(s.used_at) from tow_store.token s where s.of = t.hash)) as used_at, t.expires_at,
	(select count(*) from tow_store.token s where s.of = t.hash and s.expires_at > tow.now()) as sessions,
	coalesce(t.expires_at <= tow.now(), false) as expired, t.queues
from tow_store.token t where t.kind = 'token' order by t.name;
comment on view tow.tokens is 'Who may ask the server, and when they last did, to the minute. What they know is shown nowhere.';
comment on column tow.tokens.sessions is 'Browsers that have signed in with it.';
comment on column tow.tokens.expired is 'It is refused; a week later it is removed.';
comment on column tow.tokens.queues is 'The only ones that it has to do with; null: all.';
