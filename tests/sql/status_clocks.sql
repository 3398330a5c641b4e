-- tow.status() names each host whose clock is more than two seconds apart from the database's, either way, as long as who
-- runs there lives; and says when the notification queue fills up.
begin;
\ir ../lib/fixture.sql
select pg_temp.later('0');
create function pg_temp.clock(p_component text) returns text language sql as $$
	select string_agg(format('%s: %s', s.status, s.detail), '; ') from tow.status() s where s.component = p_component and s.detail ~ 'clock'
$$;
create function pg_temp.clock_of(p_what text, p_id bigint, p_ahead interval) returns text language plpgsql as $$
begin
	execute format('update tow_store.%I set clock_ahead = $1 where id = $2', p_what) using p_ahead, p_id;
	return pg_temp.clock(p_what || ' ' || p_id);
end $$;
select worker as w from tow.attach('w', 'mill', 1, '0', '{default}', '{4}', '{noop}', '15 s') \gset
select scheduler as s from tow.attend('s', 'lock', 1, '0', false) \gset

create temporary table clock as
select v.*, c.what, c.id, c.host
from (values ('2 s'::interval, null), ('-2 s', null), ('2.001 s', '2 s ahead of'), ('-2.001 s', '2 s behind'), ('99.6 s', '100 s ahead of'), ('-1 hour', '3600 s behind'),
	('-1 day', '86400 s behind'), ('0', null), (null, null)) v(ahead, says),
	(values ('worker', :w, 'mill'), ('scheduler', :s, 'lock')) c(what, id, host);
select is(pg_temp.clock_of(c.what, c.id, c.ahead), format('warn: the clock of its host, %s, is %s the database''s', c.host, c.says), format('the clock of a %s that is %s ahead', c.what, c.ahead))
from clock c where c.says is not null;
select is(pg_temp.clock_of(c.what, c.id, c.ahead), null, format('the clock of a %s that is %s ahead is good enough', c.what, coalesce(c.ahead::text, 'an unknown time')))
from clock c where c.says is null;

update tow_store.worker set clock_ahead = '1 min';
update tow_store.scheduler set clock_ahead = '-1 min';
select is((select array_agg(s.component order by s.component) from tow.status() s where s.detail ~ 'clock' and s.hint ~ 'NTP'), array['scheduler ' || :s, 'worker ' || :w], 'each of both by its name, with a hint');
select worker as other from tow.attach('other', 'mill', 2, '0', '{default}', '{4}', '{noop}', '15 s', p_clock => extract(epoch from clock_timestamp())::float8) \gset
select is(pg_temp.clock('worker ' || :other), null, 'not another one');
update tow_store.scheduler set seen_at = tow.now() - interval '1 min';
select is(pg_temp.clock('scheduler ' || :s), null, 'nor a scheduler that has been silent, of which worse is said');
update tow_store.scheduler set seen_at = tow.now();
select is(pg_temp.clock('scheduler ' || :s) is not null, true, 'until it is heard again');
select tow.detach(:w), tow.leave(:s) \g /dev/null
select is((select clock_ahead from tow_store.worker where id = :w), '1 min'::interval, 'those who have ended leave their rows');
select is((select string_agg(s.component, ' ') from tow.status() s where s.detail ~ 'clock'), null, 'and are not named');

-- The notification queue cannot be filled here: eight gigabytes. So what it is asked for is another function's answer.
create function public.queue_usage() returns float8 language sql as $$ select current_setting('tow.queue_usage')::float8 $$;
select replace(pg_get_functiondef('tow_store.status_bells'::regproc), 'pg_notification_queue_usage()', 'public.queue_usage()') as bells \gset
:bells;
create function pg_temp.notify(p_used text) returns text language sql as $$
	select set_config('tow.queue_usage', p_used, true);
	select format('%s: %s%s', s.status, s.detail, ' => ' || s.hint) from tow.status() s where s.component = 'notify'
$$;
select is(pg_temp.notify('0'), 'ok: 0.0 % of the notification queue in use', 'an empty notification queue');
select is(pg_temp.notify('0.1'), 'ok: 10.0 % of the notification queue in use', 'a tenth of it');
select matches(pg_temp.notify('0.1004'), '^warn: 10.0 % of the notification queue in use => a session that listens has been in one transaction for long(: .* pg_terminate_backend ends it)?$', 'more than that, with a hint');
select matches(pg_temp.notify('1'), '^warn: 100.0 % of the notification queue in use => ', 'all of it');

select * from finish();
rollback;
