-- What the hub is told of downloads: each change of state once, in whatever order transactions end; how far they are.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';
create temporary table mark (since jsonb);
insert into mark values ('{}');
create temporary table said (feed text, topic text, key text, n bigint, message jsonb);
create function pg_temp.look(variadic p_topics text[]) returns void language sql as $$
	truncate said;
	insert into said select c.* from mark, tow.changes(mark.since, p_topics) c;
	update mark set since = coalesce((select jsonb_object_agg(s.feed, s.message) from said s where s.topic is null), '{}');
$$;
create function pg_temp.events() returns text language sql as $$
	select string_agg(concat_ws(' ', s.message ->> 'type', s.key, s.message ->> 'old_state', s.message ->> 'new_state'), ', ' order by s.n) from said s where s.n is not null $$;

select haul.add_client('c', 'transmission', 'http://127.0.0.1:1', secret => 'secret:tr') as c \gset
select haul.add_library('main', '/media/main') \g /dev/null
select haul.grab('magnet:?xt=urn:btih:4124bc0a9335c27f086f24ba207a491200000000&dn=One', library => 'main') as d \gset
select haul.grab('magnet:?xt=urn:btih:21ad0bd836b90d08f4cf640b4c298e7c00000000&dn=Two', library => 'main') as e \gset

-- Events.
select pg_temp.look('downloads') \g /dev/null
select is(pg_temp.events(), null, 'what was before is not told');
select haul.pause(:d) \g /dev/null
select pg_temp.look('downloads') \g /dev/null
select is(pg_temp.events(), format('state_change %s approved paused', :d), 'a change of state');
select is((select message #>> '{details,title}' from said where n is not null), 'One', 'with a word on what it is');
select pg_temp.look('downloads') \g /dev/null
select is(pg_temp.events(), null, 'is told once');
select haul.cancel(:d), haul.pause(:e) \g /dev/null
select pg_temp.look(format('download:%s', :e)) \g /dev/null
select is(pg_temp.events(), format('state_change %s approved paused', :e), 'of one download, and no other');
select pg_temp.look('downloads') \g /dev/null
select is(pg_temp.events(), null, 'what nobody wanted to hear is not told later');
update haul_store.download set state = 'matching' where id = :e;
select haul_store.move_to(o, 'needs_approval') from haul_store.download o where o.id = :e \g /dev/null
select is((select trouble from haul.downloads where id = :e), 'it waits for somebody''s yes or no', 'what waits for a word says so');
update haul_store.event set detail = 'two of that name' where download = :e and to_state = 'needs_approval';
select is((select trouble from haul.downloads where id = :e), 'two of that name', 'and why, where that is known');
select pg_temp.look('downloads') \g /dev/null
select is(pg_temp.events(), format('needs_approval %s matching needs_approval', :e), 'somebody must choose');

-- And does.
select pg_temp.refused(format('select haul.approve(%s)', :d), 'TW409', 'haul retry', 'who is not asked for a word has none');
select pg_temp.refused(format('select haul.reject(%s)', :d), 'TW409', 'haul retry', 'neither yes nor no');
select pg_temp.refused('select haul.approve(0)', 'TW404', 'haul ls', 'of what is not there');
select is(haul.reject(:e, 'wrong album'), 'rejected', 'no');
select pg_temp.look('downloads') \g /dev/null
select is(pg_temp.events(), format('state_change %s needs_approval rejected', :e), 'is told');
select is((select e.detail || ', ' || (a.detail ->> 'reason') from haul.events e, tow.audit a where e.download = :e and e.to_state = 'rejected' and a.what = 'download.reject' and a.subject = :'e'), 'wrong album, wrong album', 'with its reason');
select is((select concat_ws(', ', error, trouble) from haul.downloads where id = :e), 'wrong album, rejected: wrong album', 'which is shown with it');
update haul_store.download set state = 'needs_approval' where id = :e;
select is(haul.approve(:e, 'the second one'), 'approved', 'yes');
select is((select string_agg(kind, ' ') from haul_store.errand where download = :e and tow.state(job) in ('ready', 'waiting')), 'haul.grab', 'its client is given it');
select is((select detail from haul.events where download = :e and to_state = 'approved' order by n desc limit 1), 'somebody approved it: the second one', 'it is said why');
select pg_temp.look('downloads') \g /dev/null

-- One of which there is none, and one that is.
select pg_temp.look('download:' || :'e', 'download:99999', 'client:c', 'client:x') \g /dev/null
select is((select string_agg(topic || ' ' || key, ', ' order by topic) from said where message ->> 'type' = 'gone'), 'clients x, downloads 99999', 'what is not there is said');
update haul_store.download set forgotten_at = tow.now() where id = :e;
select pg_temp.look('downloads', 'download:' || :'e') \g /dev/null
select is((select string_agg(key, ', ') from said where message ->> 'type' = 'gone'), :'e', 'what was deleted is gone');
update haul_store.download set forgotten_at = null where id = :e;

-- A transaction that ends later has an earlier number: as if two were under way, the mark is of before them. What is told
-- beyond n is remembered until all that were under way have ended.
select coalesce(max(n), 0) as n from haul_store.event \gset
create function pg_temp.event(p_n bigint) returns void language sql as $$
	insert into haul_store.event (n, at, download, what, from_state, to_state, who) overriding system value
	select p_n, tow.now(), max(d.id), 'paused', 'approved', 'paused', 'x' from haul_store.download d $$;
create function pg_temp.open() returns void language sql as $$
	update mark set since = jsonb_set(since, '{haul_events,xid}', to_jsonb((pg_current_xact_id()::text::bigint + 1000)::text)) $$;
select pg_temp.event(:n + 2), pg_temp.open(), pg_temp.look('downloads') \g /dev/null
select is((select array_agg(s.n) from said s where s.n is not null), array[:n + 2]::bigint[], 'the later number comes first');
select pg_temp.event(:n + 1), pg_temp.open(), pg_temp.look('downloads') \g /dev/null
select is((select array_agg(s.n) from said s where s.n is not null), array[:n + 1]::bigint[], 'the earlier one is told, too');
select pg_temp.open(), pg_temp.look('downloads') \g /dev/null
select is((select array_agg(s.n) from said s where s.n is not null), null, 'each once');
select ok((select since #> '{haul_events,told}' @> jsonb_build_array(:n + 1, :n + 2) from mark), 'both are remembered');
update mark set since = jsonb_set(since, '{haul_events,xid}', '"3"');
select pg_temp.look('downloads') \g /dev/null
update mark set since = jsonb_set(since, '{haul_events,xid}', '"3"');
select pg_temp.look('downloads') \g /dev/null
select is((select concat_ws(' ', since #>> '{haul_events,n}', since #>> '{haul_events,told}') from mark), format('%s []', :n + 2), 'until nothing is under way');
select pg_temp.event(:n + 10 + i) from generate_series(1, 1200) i \g /dev/null
create temporary table counted (of bigint);
select pg_temp.look('downloads') \g /dev/null
insert into counted select count(*) from said where n is not null;
select is((select of from counted), 500::bigint, 'so many at once');
select pg_temp.look('downloads') \g /dev/null
insert into counted select count(*) from said where n is not null;
select pg_temp.look('downloads') \g /dev/null
insert into counted select count(*) from said where n is not null;
select is((select sum(of) from counted), 1200::numeric, 'and all in the end');

-- How far they are.
insert into haul_store.transfer (client, key, download, name, state, percent, down, eta, ratio, size, first_at, changed_at, pulse_at, moved)
select :c, k, d, k, 'downloading', p, 1000, '90 s', 0.5, 10, tow.now(), tow.now(), tow.now(), '0' from (values ('a', :d, 45.23), ('b', :e, 10)) v(k, d, p);
update haul_store.download set state = 'downloading' where id = :d;
update haul_store.transfer set down = 0 where key = 'b';
select pg_temp.look('downloads') \g /dev/null
select is((select string_agg(concat_ws(' ', key, message ->> 'type', message ->> 'progress_pct', message ->> 'down_bps', message ->> 'eta_s', message ->> 'ratio'), ', ') from said where feed = 'haul_progress' and topic is not null),
	format('%s progress 45.2 1000 90 0.50', :d), 'of what moves');
select is((select key from said where feed = 'haul_progress' and topic is null), 'over', 'and nothing is told of what does not');
select pg_temp.look(format('download:%s', :e)) \g /dev/null
select is((select count(*) from said where feed = 'haul_progress' and topic is not null), 0::bigint, 'of one download, and no other');

-- Clients.
update haul_store.health set state = 'auth failed', error = 'a secret error', revision = (select revision from haul_store.client where id = :c) where client = :c;
select pg_temp.look('clients', 'status') \g /dev/null
select is((select string_agg(concat_ws(' ', key, message ->> 'state'), ', ' order by key) from said where topic = 'clients'), 'c auth failed, web ok', 'clients');
select is((select message ->> 'status' from said where topic = 'status' and key = 'client c'), 'bad', 'and what is wrong with them');
select is((select string_agg(message::text, ', ') from said where message::text ~ 'secret'), null, 'in no more words');
select * from finish();
rollback;
