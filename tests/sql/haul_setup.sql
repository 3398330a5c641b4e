-- What is set up of downloads is in the audit: by whom, what of it, and nothing of what is only measured.
begin;
\ir ../lib/fixture.sql
create function pg_temp.said(p_what text) returns text language sql as $$
	select format('%s %s %s', a.who = session_user, a.subject, a.detail) from tow.audit a where a.what = p_what order by a.n desc limit 1 $$;
create function pg_temp.rows() returns int language sql as $$ select count(*)::int from tow.audit where what ~ '^(client|library|target|profile|channel|rule|goal)\.' $$;

select haul.add_library('films', '/srv/films') \g /dev/null
select alike(pg_temp.said('library.add'), 't films {%"root": "/srv/films"%', 'a library');
select haul.set_library('films', done_tag => 'here', file_mode => '0640') \g /dev/null
select is(pg_temp.said('library.set')::text ~ '"done_tag": \{"is": "here", "was": "[^"]*"\}' and pg_temp.said('library.set') !~ 'root', true, 'what is changed of it');
select haul.set_library('films', reset => '{file_mode}') \g /dev/null
select alike(pg_temp.said('library.set'), '%{"file_mode": {"is": null, "was": 416}}', 'what is taken back');
select pg_temp.rows() as n \gset
select haul.set_library('films', done_tag => 'here') \g /dev/null
select is(pg_temp.rows(), :n, 'what changes nothing is nothing');
update haul_store.library set free_bytes = 7;
select is(pg_temp.rows(), :n, 'nor is what was measured');

select haul.add_client('qb', 'qbittorrent', 'http://127.0.0.1:1', user_name => 'u', secret => 'secret:qb', enabled => false) \g /dev/null
select alike(pg_temp.said('client.add'), 't qb {%"secret": "secret:qb"%', 'a client; its secret is a name');
select haul.enable_client('qb') \g /dev/null
select alike(pg_temp.said('client.set'), 't qb {"enabled": {"is": true, "was": false}}', 'that is enabled');
select haul.drop_client('qb') \g /dev/null
select alike(pg_temp.said('client.drop'), 't qb %', 'and dropped');
select haul.add_target('mpd', 'mpd', 'mpd://127.0.0.1:6600') \g /dev/null
select haul.add_profile('p') \g /dev/null
select haul.add_channel('hook', 'webhook', 'http://127.0.0.1:1/') \g /dev/null
select haul.add_rule('r', 'hook', '{*}') \g /dev/null
select haul.set_goal(ratio => 2) \g /dev/null
select is(array_agg(what order by n), '{target.add,profile.add,channel.add,rule.add,goal.add}'::text[], 'each of the others')
from (select a.what, a.n from tow.audit a where a.what ~ '^(target|profile|channel|rule|goal)\.' order by a.n desc limit 5) l;
update haul_store.channel set sent_at = tow.now(), error = 'x', class = 'y';
select is(pg_temp.said('channel.set'), null, 'how a channel does is no setting');

-- What programs there are is told at each migration.
select is((select string_agg(n, ' ') from unnest(haul_store.drivers_of('torrent', '{}') || haul_store.drivers_of('nzb', '{}') || haul_store.drivers_of('http', '{}')) n
	where not exists (select from haul.drivers d where d.what = 'client' and d.name = n)), null, 'all clients that links go to are known');
select is((select string_agg(d.what || ' ' || d.name, ', ') from haul.drivers d where d.title = '' or not d.needs <@ ('{url}' || d.takes)), null, 'each has a name, and takes what it needs');
select haul_store.know_drivers('[{"what": "client", "name": "web", "title": "Web", "help": "h", "url": null, "takes": "url", "needs": []}, {"what": "target", "name": "new", "title": "New", "help": "h", "url": "u", "takes": "secret", "needs": ["url"]}]') \g /dev/null
select is((select string_agg(concat_ws(' ', d.what, d.name, d.title, d.takes), ', ') from haul.drivers d), 'client web Web {url}, target new New {secret}', 'what is not there any more is not known');

select * from finish();
rollback;
