-- What clients do by themselves, or do not: they lose a torrent, are told by others to pause it, delete nothing, were away, hold it already, for us or for others.
begin;
\ir ../lib/fixture.sql
set local tow.fake_now = '2030-01-01 00:00:00+00';

create function pg_temp.t(p_key text, p_state text, p_more jsonb default '{}') returns jsonb language sql as $$
	select jsonb_build_object('key', p_key, 'name', 'name ' || p_key, 'state', p_state, 'percent', 50, 'size', 1000, 'left', 500, 'down', 100, 'eta', 5, 'folder', '/dl') || p_more $$;
create function pg_temp.sees(variadic p_of jsonb[] default '{}') returns bigint language sql as $$
	select haul.observe(c.id, c.revision, jsonb_build_object('whole', true, 'transfers', to_jsonb(p_of)), 7) from haul_store.client c where c.name = 'c' $$;
create function pg_temp.is_now(p_id bigint) returns text language sql as $$ select concat_ws(' ', state, down, extract(epoch from eta)::int, trouble) from haul.downloads where id = p_id $$;
create function pg_temp.job(p_id bigint, p_kind text) returns bigint language sql as $$
	select max(j.id) from tow.jobs j where j.kind = p_kind and (j.args ->> 'download')::bigint = p_id $$;
create function pg_temp.acts(p_id bigint) returns text language sql as $$
	select string_agg(j.args ->> 'act', ' ' order by j.id) from tow.jobs j where j.kind = 'haul.act' and (j.args ->> 'download')::bigint = p_id $$;
-- A magnet of which the client says nothing when it is given it; its key is the hash.
create function pg_temp.wants(p_key text) returns bigint language sql as $$ select haul.grab('magnet:?xt=urn:btih:' || p_key, client => 'c') $$;
create function pg_temp.given(p_key text) returns bigint language plpgsql as $$
declare
	v_id constant bigint := pg_temp.wants(p_key);
begin
	perform haul.held(v_id, p_key), haul.grabbed(v_id, null), tow.cancel(pg_temp.job(v_id, 'haul.grab'));
	perform pg_temp.sees(pg_temp.t(p_key, 'downloading', jsonb_build_object('tags', array['tow-' || v_id])));
	return v_id;
end $$;

select haul.add_client('c', 'rtorrent', 'scgi://127.0.0.1:1') as c \gset
select haul.add_library('main', '/media/main') \g /dev/null
select pg_temp.worker('{haul}', '{haul.grab,haul.act}') as w \gset

-- Lost, and tried again: it has to be given to the client anew, however often that is looked at before.
\set a aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
select pg_temp.given(:'a') as a_id \gset
select is(pg_temp.is_now(:a_id), 'downloading 100 5', 'on its way');
select count(pg_temp.sees()) from generate_series(1, 3) \g /dev/null
select is(pg_temp.is_now(:a_id), 'failed not found in client', 'lost by its client');
select is(haul.retry(:a_id), 'approved', 'tried again');
select count(pg_temp.sees()) from generate_series(1, 3) \g /dev/null
select is(pg_temp.is_now(:a_id), 'approved', 'it is not taken to be there');
select is((select count(*) from haul.begin_grab(:a_id)), 1::bigint, 'but is given to its client');
select is(haul.held(:a_id, :'a'), false, 'which does not hold it');
select haul.grabbed(:a_id, null), pg_temp.sees(pg_temp.t(:'a', 'downloading', format('{"tags": ["tow-%s"]}', :a_id)::jsonb)) \g /dev/null
select is(pg_temp.is_now(:a_id), 'downloading 100 5', 'until it does');

select is((select hash from haul.downloads where id = :a_id), :'a', 'by which it is known stands there');

-- Paused by somebody there.
select pg_temp.sees(pg_temp.t(:'a', 'paused', format('{"tags": ["tow-%s"]}', :a_id)::jsonb)) \g /dev/null
select is(pg_temp.is_now(:a_id), 'downloading it is paused in client c', 'what was paused in its client says so, and is not said to be fast');
select is((select doing from haul.downloads where id = :a_id), 'paused', 'that is what it does');
select is(haul.resume(:a_id), 'downloading', 'it can be let go on from here');
select is(pg_temp.acts(:a_id), 'resume', 'by its client');
select pg_temp.sees(pg_temp.t(:'a', 'downloading', format('{"tags": ["tow-%s"]}', :a_id)::jsonb)) \g /dev/null
select pg_temp.refused(format('select haul.resume(%s)', :a_id), 'TW409', 'retry', 'once');

-- Its turn has not come yet in its client, which may take long.
select pg_temp.later('1 min'), pg_temp.sees(pg_temp.t(:'a', 'queued', format('{"tags": ["tow-%s"]}', :a_id)::jsonb)) from generate_series(1, 4) \g /dev/null
select is((select concat_ws(' ', state, doing, trouble) from haul.downloads where id = :a_id), 'downloading queued', 'what waits its turn there says so, and nothing is wrong with it');
select pg_temp.sees(pg_temp.t(:'a', 'downloading', format('{"tags": ["tow-%s"]}', :a_id)::jsonb)) \g /dev/null

-- Retried while it stands still in its client, and where that has dropped it without a word.
select pg_temp.refused(format('select haul.retry(%s)', :a_id), 'TW409', 'its client is at it', 'what moves is not tried again');
select pg_temp.sees(pg_temp.t(:'a', 'stalled', format('{"tags": ["tow-%s"]}', :a_id)::jsonb)) \g /dev/null
select is(haul.retry(:a_id), 'downloading', 'one that stands still is left to its client');
select is(pg_temp.acts(:a_id), 'resume reannounce', 'which announces it once more');
select pg_temp.wants(repeat('d', 40)) as n_id \gset
select haul.grabbed(:n_id, null), tow.cancel(pg_temp.job(:n_id, 'haul.grab')), pg_temp.later('3 minutes') \g /dev/null
select pg_temp.sees(pg_temp.t(:'a', 'downloading', format('{"tags": ["tow-%s"]}', :a_id)::jsonb)) \g /dev/null
select is(pg_temp.is_now(:n_id), 'downloading client c does not list it: it has dropped it, or holds it already for somebody else', 'what its client does not list');
select is(haul.retry(:n_id), 'approved', 'is given to it anew');
select is(tow.state(pg_temp.job(:n_id, 'haul.grab')), 'ready', 'by a job');
select haul.cancel(:n_id) \g /dev/null

-- What is no torrent is announced to nobody: there is only a pause to be ended.
select haul.add_client('u', 'sabnzbd', 'http://127.0.0.1:1') as u, haul.grab('http://127.0.0.1:1/x.nzb', client => 'u') as x_id \gset
select haul.grabbed(:x_id, 'nzo') \g /dev/null
select pg_temp.refused(format('select haul.retry(%s)', :x_id), 'TW409', 'then tow haul retry', 'an nzb that stands still is not said to have been tried again');
update haul_store.transfer set state = 'paused' where key = 'nzo' \g /dev/null
select is(haul.retry(:x_id), 'downloading', 'one that is paused there');
select is(pg_temp.acts(:x_id), 'resume', 'is let go on');

-- Told to be fast by one that is down.
select haul.unreachable(:c, 1, 'scgi.connect', 'nobody listens there', null) \g /dev/null
select alike(pg_temp.is_now(:a_id), 'downloading client c is down since %', 'whose client is down is not said to be fast, either');

-- What waits for a client goes on when that is well, and not a minute later.
\set b bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
select pg_temp.wants(:'b') as b_id \gset
select pg_temp.drain('admit'), pg_temp.claim(:w) \g /dev/null
select pg_temp.refused(format('select haul.begin_grab(%s)', :b_id), 'TW425', 'client is well', 'a client that is down is given nothing');
select pg_temp.say(:w, pg_temp.job(:b_id, 'haul.grab'), '{"as": "snoozed", "delay_s": 60}') \g /dev/null
select is(tow.state(pg_temp.job(:b_id, 'haul.grab')), 'scheduled', 'its job waits');
select pg_temp.sees(pg_temp.t(:'a', 'downloading', format('{"tags": ["tow-%s"]}', :a_id)::jsonb)) \g /dev/null
select is(tow.state(pg_temp.job(:b_id, 'haul.grab')), 'ready', 'no longer than the client is down');

select is((select count(*) from tow_store.audit where what = 'job.run_now'), 0::bigint, 'and nobody is said to have wanted it');
create function pg_temp.tried(p_id bigint, p_worker bigint, p_class text) returns text language plpgsql as $f$
begin
	perform pg_temp.drain('admit'), pg_temp.claim(p_worker);
	perform pg_temp.say(p_worker, pg_temp.job(p_id, 'haul.grab'), jsonb_build_object('as', 'failed', 'class', p_class, 'error', 'it would not'));
	perform haul.unreachable(c.id, c.revision, 'scgi.connect', 'nobody listens there', null) from haul_store.client c where c.name = 'c';
	perform pg_temp.sees(pg_temp.t(repeat('a', 40), 'downloading'));
	return tow.state(pg_temp.job(p_id, 'haul.grab'));
end $f$;
select is(pg_temp.tried(:b_id, :w, 'scgi.connect'), 'ready', 'nor what could not reach it');
select is(pg_temp.tried(:b_id, :w, 'local.space'), 'retrying', 'what failed for another reason has another try at its time');

-- Held already: for another, for one that was given to it a moment ago, for nobody.
select pg_temp.wants(:'b') as twin \gset
select is(haul.held(:b_id, :'b'), false, 'the first is given');
select pg_temp.refused(format('select haul.held(%s, %L)', :twin, :'b'), 'TW425', 'when that is done', 'the other waits until the client has taken it');
select haul.grabbed(:b_id, null) \g /dev/null
select is(haul.held(:twin, :'b'), true, 'and is not given then');
select is(pg_temp.is_now(:twin), format('failed client c holds it for download %s, which is downloading', :b_id), 'and says why, though no listing has the first one yet');
select haul.cancel(:b_id), pg_temp.sees(pg_temp.t(:'a', 'downloading'), pg_temp.t(:'b', 'downloading', format('{"tags": ["tow-%s"]}', :b_id)::jsonb)) \g /dev/null
select is(haul.retry(:twin), 'approved', 'the first was given up');
select is(haul.held(:twin, :'b'), true, 'the client holds it still');
select is((select concat_ws(' ', d.state, t.key = :'b') from haul_store.download d join haul_store.transfer t on t.download = d.id where d.id = :twin), 'downloading t', 'for this one from now on');

select is(haul_store.words_of_cancel(d, 'no'), format('its client keeps it, and goes on with it: tow haul forget %s --remove data ends that', d.id), 'cancelled alone it would come all the same, which is said') from haul_store.download d where d.id = :twin;

-- One that deletes nothing at least forgets it, where somebody wants it gone.
select haul.cancel(:twin, 'data'), pg_temp.sees(pg_temp.t(:'b', 'downloading', format('{"tags": ["tow-%s"]}', :b_id)::jsonb)) \g /dev/null
select is((select count(*) from haul.begin_act(:twin, 'remove_data')), 1::bigint, 'given up, it goes, though it bears the tag of the one that had it before');
select haul.acted(:twin, 'remove_data', 'it does not delete data', class => 'client.cannot') \g /dev/null
select is(pg_temp.acts(:twin), 'remove_data remove', 'it is told to forget what it does not delete');
select is((select detail from haul.events where download = :twin and what = 'refused'), 'client c: it does not delete data; it is only to forget it, and the files stay in /dl', 'and where the files are stands there');
select haul.acted(:twin, 'remove') \g /dev/null
select is((select concat_ws(' ', d.state, t.state) from haul_store.download d join haul_store.transfer t on t.download = d.id where d.id = :twin), 'cancelled removed', 'it is gone');

-- One that would not delete it this time keeps it: nobody would know of the data.
\set g 9999999999999999999999999999999999999999
select pg_temp.given(:'g') as g_id \gset
select haul.cancel(:g_id, 'data'), haul.acted(:g_id, 'remove_data', 'the server answered 404: there is no such thing', class => 'http.404') \g /dev/null
select is(pg_temp.acts(:g_id), 'remove_data', 'what was refused for another reason is not forgotten there');
select is((select detail from haul.events where download = :g_id and what = 'refused'), 'client c: remove_data: the server answered 404: there is no such thing', 'but said');

-- Held already, because somebody put it there by hand: it stays theirs.
\set f ffffffffffffffffffffffffffffffffffffffff
select pg_temp.sees(pg_temp.t(:'f', 'seeding', '{"complete": true, "percent": 100}')) \g /dev/null
select pg_temp.wants(:'f') as f_id \gset
select is(haul.held(:f_id, :'f'), true, 'what somebody else gave to the client is not given once more');
select is(pg_temp.is_now(:f_id), 'failed client c holds it already, and not for this Towpath', 'and says so');
select is((select hint from haul_store.download where id = :f_id), format('remove it there, and then: tow haul retry %s', :f_id), 'a client without category and tag can have nothing adopted');
select pg_temp.sees(pg_temp.t(:'f', 'seeding', '{"complete": true, "percent": 100}')) \g /dev/null
select is((select count(*) from haul_store.transfer where key = :'f' and download is not null), 0::bigint, 'it is nobody''s');
select haul.forget(:f_id, 'data'), pg_temp.sees(pg_temp.t(:'f', 'seeding', '{"complete": true, "percent": 100}')) \g /dev/null
select is(pg_temp.acts(:f_id), null, 'and nothing is removed with the download that wanted it');

-- Nor is what stands in a category that no listing of ours has: the client says that it holds it.
\set h 8888888888888888888888888888888888888888
select pg_temp.wants(:'h') as h_id \gset
select is(haul.held(:h_id, :'h', null, pg_temp.t(:'h', 'seeding', '{"category": "theirs"}')), true, 'what no listing of ours has is not given once more, either');
select is(pg_temp.is_now(:h_id), 'failed client c holds it already, and not for this Towpath', 'it is theirs');
select is(haul.retry(:h_id), 'approved', 'they have removed it');
select is(haul.held(:h_id, :'h'), false, 'so it is given');
select pg_temp.sees(pg_temp.t(:'h', 'downloading')) \g /dev/null
select is((select count(*) from haul_store.transfer where key = :'h' and download is not null), 0::bigint, 'what comes there by that hash, without our tag, is somebody else''s');
select is(haul.held(:h_id, :'h', null, pg_temp.t(:'h', 'downloading')), true, 'though it was to be given');
select haul.retry(:h_id) \g /dev/null
select is(haul.held(:h_id, :'h', null, pg_temp.t(:'h', 'downloading', format('{"tags": ["tow-%s"]}', :h_id)::jsonb)), true, 'what has our tag is ours');
select is(pg_temp.is_now(:h_id), 'downloading 100 5', 'and is what it got');
select pg_temp.wants(repeat('3', 40)) as s_id \gset
select haul.pause(:s_id) \g /dev/null
select is(haul.held(:s_id, repeat('3', 40), null, pg_temp.t(repeat('3', 40), 'downloading')), true, 'what somebody has paused meanwhile is not given');

-- Nor what a client takes for what it was given, though it had that before: it was read by nobody else.
\set i 7777777777777777777777777777777777777777
select pg_temp.sees(pg_temp.t(:'i', 'seeding')), pg_temp.later('1 min') \g /dev/null
select haul.grab('http://127.0.0.1:1/x.torrent', client => 'c') as i_id \gset
select haul.grabbed(:i_id, :'i') \g /dev/null
select is((select concat_ws(' ', d.state, t.download) from haul_store.download d, haul_store.transfer t where d.id = :i_id and t.key = :'i'), 'failed', 'what was there before it was wanted stays theirs');

-- One of both versions is known by either hash.
\set j 6666666666666666666666666666666666666666666666666666666666666666
select pg_temp.sees(pg_temp.t(left(:'j', 40), 'seeding', format('{"ids": ["%s", "%s"], "tags": []}', repeat('5', 40), :'j')::jsonb)) \g /dev/null
select haul.grab('magnet:?xt=urn:btmh:1220' || :'j', client => 'c') as j_id \gset
select is(haul.held(:j_id, repeat('4', 40), :'j'), true, 'by its second hash');
select is(haul.held(pg_temp.wants(repeat('5', 40)), repeat('5', 40)), true, 'and by its first');
select pg_temp.given(left(:'j', 39) || 'a') as k_id \gset
select pg_temp.refused(format('select haul.grab(%L, client => %L)', 'magnet:?xt=urn:btmh:1220' || left(:'j', 39) || 'a' || repeat('0', 24), 'c'), 'TW409', 'tow haul', 'a magnet of version 2 is refused at once, too');

-- What the client would not take, or was not given after all, is not for us when somebody puts it there.
\set e eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee
select haul.set_client('c', category => 'tow', adopt => true), pg_temp.wants(:'e') as e_id, pg_temp.wants(:'e') as e_twin \gset
select is(haul.held(:e_id, :'e'), false, 'one is given');
select haul.give_up(:e_id, 'client.refused', 'it would not', null) \g /dev/null
select is(haul.held(:e_twin, :'e'), false, 'what wants the same is given when the client would not take that one');
select haul.cancel(:e_twin, 'data'), pg_temp.sees(pg_temp.t(:'e', 'downloading', '{"category": "tow"}')) \g /dev/null
select pg_temp.later('2 min'), pg_temp.sees(pg_temp.t(:'e', 'downloading', '{"category": "tow"}')) \g /dev/null
select is((select concat_ws(' ', d.adopted, d.state) from haul_store.transfer t join haul_store.download d on d.id = t.download where t.key = :'e'), 't downloading', 'what somebody puts there then is adopted');
select is(pg_temp.acts(:e_twin), null, 'and not deleted with the one that was given up');

-- Transmission before 4 sets its labels by a request of their own: what it was to be given before, and now holds without any, is ours.
select haul.add_client('m', 'transmission', 'http://127.0.0.1:1') as m \gset
create function pg_temp.lost_labels(p_version text, p_key text) returns text language plpgsql as $f$
declare
	v_id constant bigint := haul.grab('magnet:?xt=urn:btih:' || p_key, client => 'm');
	v_held boolean;
begin
	update haul_store.health h set version = p_version from haul_store.client c where c.id = h.client and c.name = 'm';
	perform haul.held(v_id, p_key);
	v_held := haul.held(v_id, p_key, null, pg_temp.t(p_key, 'downloading'));
	return concat_ws(' ', v_held, (select d.state from haul_store.download d where d.id = v_id));
end $f$;
select is(pg_temp.lost_labels('3.00 (bb6b5a062e)', repeat('01', 20)), 'f approved', 'what lost its labels on the way is given once more, and gets them');
select is(pg_temp.lost_labels('4.0.6 (38c164933e)', repeat('02', 20)), 't failed', 'since 4 it has them from the first, or is not ours');

-- What we removed and somebody puts back by hand is theirs.
create function pg_temp.put_back(p_key text, p_told boolean) returns text language plpgsql as $f$
declare
	v_id constant bigint := pg_temp.given(p_key);
begin
	perform haul.cancel(v_id, 'data');
	perform haul.acted(v_id, 'remove_data') where p_told;
	perform pg_temp.sees(pg_temp.t(repeat('a', 40), 'stalled')) from generate_series(1, 3);
	perform pg_temp.sees(pg_temp.t(repeat('a', 40), 'stalled'), pg_temp.t(p_key, 'downloading'));
	return concat_ws(' ', pg_temp.acts(v_id), (select t.download from haul_store.transfer t where t.key = p_key));
end $f$;
select is(pg_temp.put_back(repeat('03', 20), true), 'remove_data', 'what was deleted, and is put back by hand, is not deleted again');
select is(pg_temp.put_back(repeat('04', 20), false), 'remove_data', 'nor what went from the list before its client answered');

-- What was given to a client with tags bears one; that its hash was once ours proves nothing.
select pg_temp.given(repeat('05', 20)) as once \gset
select haul.cancel(:once) \g /dev/null
select pg_temp.sees(pg_temp.t(:'a', 'stalled')) from generate_series(1, 3) \g /dev/null
select is(haul.held(pg_temp.wants(repeat('05', 20)), repeat('05', 20), null, pg_temp.t(repeat('05', 20), 'seeding')), true, 'what we had once, and is there without our tag');
select is((select state from haul.downloads order by id desc limit 1), 'failed', 'is somebody else''s');

-- Nor is it for one that was paused, or refused, before the client had it.
create function pg_temp.put_there(p_key text) returns text language plpgsql as $f$
begin
	perform pg_temp.sees(pg_temp.t(repeat('a', 40), 'stalled'), pg_temp.t(p_key, 'downloading'));
	return (select concat_ws(' ', t.download, (select count(*) from tow.jobs j where j.kind = 'haul.act' and (j.args ->> 'download')::bigint = t.download)) from haul_store.transfer t where t.key = p_key);
end $f$;
select pg_temp.wants(repeat('06', 20)) as p_id \gset
select haul.held(:p_id, repeat('06', 20)), haul.pause(:p_id) \g /dev/null
select is(pg_temp.put_there(repeat('06', 20)), '0', 'what somebody puts there is not for one that is paused');
select pg_temp.wants(repeat('07', 20)) as q_id \gset
select haul.held(:q_id, repeat('07', 20)), haul.pause(:q_id), haul.cancel(:q_id, 'data') \g /dev/null
select is(pg_temp.put_there(repeat('07', 20)), '0', 'nor for one that was given up while it was');
select pg_temp.wants(repeat('08', 20)) as r_id \gset
select haul.held(:r_id, repeat('08', 20)) \g /dev/null
select is(haul.held(:r_id, repeat('08', 20), null, pg_temp.t(repeat('08', 20), 'seeding')), true, 'one that was refused');
select is(pg_temp.put_there(repeat('08', 20)), '0', 'does not get it, either');
select alike((select hint from haul_store.download where id = :r_id), '%all else of the client''s category: put it there, and tow client set c --adopt', 'one with a category can have it adopted, with all that is in there');

-- What has been gone, and came again, was not there all the while; and what is no torrent is known by an id of our own.
select pg_temp.sees(pg_temp.t(:'a', 'stalled'), pg_temp.t(repeat('09', 20), 'seeding')) \g /dev/null
select pg_temp.sees(pg_temp.t(:'a', 'stalled')) from generate_series(1, 3) \g /dev/null
select pg_temp.later('1 min'), haul.grab('http://127.0.0.1:1/y.torrent', client => 'c') as y_id \gset
select pg_temp.later('1 min') \g /dev/null
select pg_temp.sees(pg_temp.t(:'a', 'stalled'), pg_temp.t(repeat('09', 20), 'downloading')), haul.grabbed(:y_id, repeat('09', 20)) \g /dev/null
select is((select state from haul_store.download where id = :y_id), 'downloading', 'what was gone for long, and comes as this one is given, is what it got');
select haul.observe(c.id, c.revision, jsonb_build_object('whole', true, 'transfers', jsonb_build_array(pg_temp.t('nzo2', 'downloading'))), 7) from haul_store.client c where c.name = 'u' \g /dev/null
select pg_temp.later('1 min'), haul.grab('http://127.0.0.1:1/z.nzb', client => 'u') as z_id \gset
select haul.grabbed(:z_id, 'nzo2') \g /dev/null
select is((select state from haul_store.download where id = :z_id), 'downloading', 'an nzb is what its client says that it is');

-- A name that looks like a hash is none.
select is(haul_store.hashes_of('magnet:?dn=urn:btih:' || repeat('1', 40) || '&xt=urn:btih:' || repeat('2', 40) || '&tr=x&xt=urn:btih:' || repeat('3', 40)), array[repeat('2', 40)], 'of several hashes the first counts, as where it is read');
select * from finish();
rollback;
