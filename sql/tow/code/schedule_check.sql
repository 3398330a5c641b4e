-- What a schedule may be: each argument's limits, and what does not go together. Raises TW422, TW413, TW404.
create or replace function tow_store.check_schedule(n tow_store.schedule) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if n.name is null or n.name !~ '^(?!\.{1,2}$)[^\s/][^/]{0,99}$' or n.name ~ '[[:cntrl:]]' then
		perform tow_store.fail('TW422', format('bad schedule name %L', left(n.name, 110)), 'use 1 to 100 characters, no slash, no control characters, no space first, and not . or .. alone');
	elsif length(n.description) > 1000 then
		perform tow_store.fail('TW422', 'the description is longer than 1000 characters', 'shorten it');
	end if;
	perform tow_store.check_job(n.kind, n.args, n.queue, n.priority, n.max_attempts, n.timeout, n.policy, n.tags,
		(select q.max_args_bytes from tow_store.queue q where q.name = n.queue));
	perform tow_store.check_lane(n.lane);
	perform tow_store.check_producer(n.queue);
	perform tow_store.check_choice('missed', n.missed, '{skip,last,all}');
	perform tow_store.check_choice('overlap', n.overlap, '{allow,skip,queue,replace}');
	perform tow_store.check_choice('dst_gap', n.dst_gap, '{skip,after}');
	perform tow_store.check_choice('dst_overlap', n.dst_overlap, '{once,twice}');
	perform tow_store.check_span('grace', coalesce(n.grace, '-1 s'), '0', '7 days');
	perform tow_store.check_span('missed_within', n.missed_within, '1 second', '3660 days');
	perform tow_store.check_span('jitter', n.jitter, '0', '1 day');
	perform tow_store.check_span('start_within', n.start_within, '1 second', '3660 days');
	if n.missed_most is null or n.missed_most not between 1 and 1000 then
		perform tow_store.fail('TW422', format('bad missed_most %s', coalesce(n.missed_most::text, 'null')), 'use 1 to 1000; 100 is usual');
	elsif n.missed = 'skip' and n.missed_within is not null then
		perform tow_store.fail('TW422', 'missed_within has no effect when missed instants are skipped', 'leave it out (or reset it), or use missed => ''last'' or ''all''');
	elsif n.missed <> 'all' and n.missed_most <> 100 then
		perform tow_store.fail('TW422', format('missed_most has no effect when missed is %s', n.missed), 'leave it out (or reset it), or use missed => ''all''');
	elsif n.spec ~ '^@every' and (n.dst_gap <> 'after' or n.dst_overlap <> 'once') then
		perform tow_store.fail('TW422', '@every knows no daylight saving time', 'leave out dst_gap and dst_overlap (or reset them), or use a cron line');
	elsif n.start_within <= n.jitter then
		perform tow_store.fail('TW422', format('jobs could not start: start_within %s is not longer than jitter %s', n.start_within, n.jitter), 'use a longer start_within, or less jitter');
	elsif n.starts_at not between '1970-01-01 00:00Z' and '9999-12-31 00:00Z' or n.ends_at not between '1970-01-01 00:00Z' and '9999-12-31 00:00Z' then
		perform tow_store.fail('TW422', 'starts_at or ends_at is out of reach', 'use instants between 1970 and 9999, or leave them out');
	elsif n.starts_at >= n.ends_at then
		perform tow_store.fail('TW422', format('starts_at %s is not before ends_at %s', n.starts_at, n.ends_at), 'use a later ends_at');
	end if;
end $$;
comment on function tow_store.check_schedule(tow_store.schedule) is 'Refuse what cannot be a schedule with a clear error.';

create or replace function tow_store.check_choice(p_what text, p_value text, p_choices text[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if p_value is null or p_value <> all(p_choices) then
		perform tow_store.fail('TW422', format('bad %s %L', p_what, left(p_value, 50)), 'use ' || regexp_replace(array_to_string(p_choices, ', '), ', ([^,]*)$', ' or \1'));
	end if;
end $$;
comment on function tow_store.check_choice(text, text, text[]) is 'Refuse what is none of the words.';

-- A month is 30 days here.
create or replace function tow_store.check_span(p_what text, p_span interval, p_least interval, p_most interval) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if p_span < p_least or p_span > p_most then
		perform tow_store.fail('TW422', format('bad %s', p_what), format('use an interval from %s to %s, for instance 1 minute', p_least, p_most));
	end if;
end $$;
comment on function tow_store.check_span(text, interval, interval, interval) is 'Refuse an interval outside its limits; null is none.';

create or replace function tow_store.check_next(n tow_store.schedule) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if n.next_at is null then
		perform tow_store.fail('TW422', format('%L never happens', n.spec) || case when n.starts_at is not null or n.ends_at is not null then ' between starts_at and ends_at' else '' end,
			'look at the day and the month, and at when it starts and ends; tow.next_runs shows instants');
	end if;
end $$;
comment on function tow_store.check_next(tow_store.schedule) is 'Refuse a schedule that will never fire.';
