-- haul.status(): nothing while nobody uses downloads, and then what needs somebody; and lists that are narrowed.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';

create function pg_temp.says(p_component text) returns text language sql as $$
	select string_agg(concat_ws(': ', s.status, s.detail), ' | ' order by s.status, s.detail) from haul.status() s where s.component = p_component $$;
create function pg_temp.sees(p_state text, p_more jsonb default '{}') returns bigint language sql as $$
	select haul.observe(c.id, c.revision, jsonb_build_object('whole', true, 'transfers', jsonb_build_array(
		jsonb_build_object('key', 'k', 'name', 'a film', 'state', p_state, 'percent', 50, 'size', 1000, 'folder', '/dl', 'category', 'tow') || p_more)), 7)
	from haul_store.client c where c.name = 'c' $$;

select is((select count(*) from haul.status()), 0::bigint, 'nobody uses it');
select haul.drop_client('web') \g /dev/null
select haul.add_client('c', 'transmission', 'http://127.0.0.1:1', category => 'tow', adopt => true) as c \gset
select is(pg_temp.says('clients'), 'ok: 1 well, 0 disabled', 'a new client');
select is((select state from haul.clients), 'new', 'is new');
set local tow.fake_now = '2030-01-01 00:02:00+00';
select is((select concat_ws(' ', state, error) from haul.clients), 'unwatched nobody looks: no worker is running', 'for a minute: then somebody should have looked');
select alike(pg_temp.says('client c'), 'bad: unwatched since 2030-01-01 00:00:00+00: nobody looks: no worker is running', 'which is said');
select pg_temp.sees('downloading') \g /dev/null
select is(pg_temp.says('client c'), null, 'one that is looked at is well');
select is(pg_temp.says('downloads'), 'ok: 1 under way, 0 completed', 'and its download under way');
select haul.unreachable(:c, 1, 'http.connect', 'nobody listens there', 'start it') \g /dev/null
select alike(pg_temp.says('client c'), 'bad: down since 2030-01-01 00:02:00+00: nobody listens there', 'one that is down');
select is((select hint from haul.status() where component = 'client c'), 'start it', 'with what to do');
select haul.unreachable(:c, 1, 'http.connect', 'nobody listens there', null) \g /dev/null
select is((select hint from haul.status() where component = 'client c'), 'tow client test c', 'or how to look again, where nobody knows better');
select pg_temp.sees('missing files', '{"error": "it is broken"}') \g /dev/null
select alike(pg_temp.says('downloads'), '%| warn: 1 failed, the last one % (a film): it is broken', 'a download that failed');
select pg_temp.sees('seeding', '{"complete": true}') \g /dev/null
select alike(pg_temp.says('downloads'), 'bad: 1 is here and has no library to go to%', 'one that has nowhere to go');
select haul.drop_client('c', force => true);
select alike(pg_temp.says('downloads'), '%bad: 1 is of a client that is not configured: c%', 'one whose client is gone');
select is(pg_temp.says('clients'), null, 'there is no other');

-- Lists.
select haul.add_client('d', 'transmission', 'http://127.0.0.1:1') \g /dev/null
select haul.grab('magnet:?xt=urn:btih:4124bc0a9335c27f086f24ba207a491200000000&dn=Some+album') as a \gset
select is((select string_agg(title, ', ') from haul.find_downloads(title => 'ALBUM')), 'Some album', 'by a part of the title');
select is((select string_agg(title, ', ') from haul.find_downloads(state => 'approved')), 'Some album', 'by state');
select is((select string_agg(title, ', ') from haul.find_downloads(client => 'd')), 'Some album', 'by client');
select is((select string_agg(title, ', ') from haul.find_downloads(id => :a)), 'Some album', 'one');
select is((select count(*) from haul.find_downloads(max_rows => 1)), 1::bigint, 'not more than asked for');
select pg_temp.refused($$ select * from haul.find_downloads(state => 'nonsense') $$, 'TW422', 'queued', 'a state that is none');
select pg_temp.refused($$ select * from haul.find_downloads(id => 0) $$, 'TW404', 'lists', 'nor a download');
select is((select string_agg(what, ' ') from haul.find_events(:a)), 'queued approved', 'events of one, in order');
select is((select what from haul.find_events(:a, 1)), 'approved', 'the last ones');
select is((select count(*) from haul.find_files(:a)), 0::bigint, 'files of one');

select * from finish();
rollback;
