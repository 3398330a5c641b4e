-- tow.find_history and tow.find_audit: filters, order, limits, and what they refuse.
begin;
select plan(17);

select tow.enqueue('a', queue => 'one', key => 'k', tags => '{vip}') as a \gset
select tow.enqueue('b', queue => 'two') as b \gset
select tow.enqueue('b', queue => 'two') as c \gset
select tow.cancel(:a), tow.cancel(:b, 'not wanted');

select set_eq('select id from tow.find_history()', array[:a, :b]::bigint[], 'what finished, and nothing else');
select is((select array_agg(h.id) from tow.find_history(max_rows => 1) h), array[:b]::bigint[], 'the latest first, so many');
select set_eq($$select id from tow.find_history(queue => 'one')$$, array[:a]::bigint[], 'by queue');
select set_eq($$select id from tow.find_history(kind => 'b')$$, array[:b]::bigint[], 'by kind');
select set_eq($$select id from tow.find_history(tag => 'vip')$$, array[:a]::bigint[], 'by tag');
select set_eq($$select id from tow.find_history(key => 'k')$$, array[:a]::bigint[], 'by key');
select set_eq($$select id from tow.find_history(class => 'cancel')$$, array[:a, :b]::bigint[], 'by how the class begins');
select is_empty($$select id from tow.find_history(state => 'failed')$$, 'by state');
select is_empty($$select id from tow.find_history(since => '-1 s')$$, 'by time');
select throws_ok($$select tow.find_history(state => 'ready')$$, 'TW422', null, 'a live state is refused');
select throws_ok($$select tow.find_history(max_rows => null)$$, 'TW422', null, 'no limit is refused');

select is((select array_agg(u.what) from tow.find_audit(job => :b) u), array['job.cancelled'], 'audit of a job');
select is((select array_agg(u.job) from tow.find_audit(what => 'job.', max_rows => 1) u), array[:b]::bigint[], 'by deed, the latest first');
select is_empty($$select n from tow.find_audit(since => '-1 s')$$, 'by time');

select tow.retry(:a), tow.cancel(:a) \g /dev/null
select is((select array_agg(id || ' ' || revived order by id, finished_at) from tow.find_history()), array[:a || ' true', :a || ' false', :b || ' false'], 'one that was put back finished twice');
select set_eq($$select id, run in (select v.run from tow_store.revival v) from tow.find_history(revived => false)$$, format('values (%s, false), (%s, false)', :a, :b), 'each once, as it is now');
select set_eq('select id from tow.find_history(revived => true)', array[:a]::bigint[], 'or what was put back');

select * from finish();
rollback;
