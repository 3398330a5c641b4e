-- Schedules: rows with a cron line each (see tow.cron_next), a time zone each. What becomes of their instants is in
-- duty_fire.sql. Whoever changes a schedule locks its row, as the duty does, so that an instant is decided by one rule.
create or replace function tow.schedule(
	name text, spec text, kind text, args jsonb default '{}', queue text default 'default', priority int default 100,
	tz text default 'UTC', max_attempts int default null, timeout interval default null, policy text default null,
	tags text[] default null, missed text default 'last', grace interval default '1 minute', description text default null,
	lane text default null, start_within interval default null, dst_gap text default 'after', dst_overlap text default 'once',
	missed_within interval default null, missed_most int default 100, overlap text default 'allow', jitter interval default null,
	starts_at timestamptz default null, ends_at timestamptz default null
) returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	n tow_store.schedule;
begin
	n.name := name;
	n.spec := spec;
	n.tz := tz;
	n.kind := kind;
	n.args := args;
	n.queue := queue;
	n.priority := priority;
	n.max_attempts := max_attempts;
	n.timeout := timeout;
	n.policy := policy;
	n.tags := tags;
	n.missed := missed;
	n.grace := grace;
	n.description := description;
	n.lane := lane;
	n.start_within := start_within;
	n.dst_gap := dst_gap;
	n.dst_overlap := dst_overlap;
	n.missed_within := missed_within;
	n.missed_most := missed_most;
	n.overlap := overlap;
	n.jitter := jitter;
	n.starts_at := starts_at;
	n.ends_at := ends_at;
	return tow_store.put_schedule(n);
end $$;
comment on function tow.schedule(text, text, text, jsonb, text, int, text, int, interval, text, text[], text, interval, text, text, interval, text, text, interval, int, text, interval, timestamptz, timestamptz) is
'Enqueue a job at each instant of a cron line, in a time zone, from starts_at to before ends_at; the same name sets it anew, and no instant fires twice or is lost by that. missed, for instants that passed by more than grace while no scheduler lived: skip, last, or all (the latest missed_most, oldest first); what is older than missed_within is skipped. overlap, when the last job has not finished: allow, skip, queue (behind it, until as many wait as the setting schedule_queue_max says; then skip) or replace. jitter: jobs start up to so much later. start_within: the jobs'' deadline after their instant. dst_gap, dst_overlap: see tow.cron_next. Returns the next instant.';

create or replace function tow.set_schedule(
	name text, spec text default null, kind text default null, args jsonb default null, queue text default null, priority int default null,
	tz text default null, max_attempts int default null, timeout interval default null, policy text default null,
	tags text[] default null, missed text default null, grace interval default null, description text default null,
	lane text default null, start_within interval default null, dst_gap text default null, dst_overlap text default null,
	missed_within interval default null, missed_most int default null, overlap text default null, jitter interval default null,
	starts_at timestamptz default null, ends_at timestamptz default null, reset text[] default null
) returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	n tow_store.schedule := tow_store.reset_schedule(tow_store.see_schedule(name), reset, jsonb_build_object('args', args, 'queue', queue,
		'priority', priority, 'tz', tz, 'max_attempts', max_attempts, 'timeout', timeout, 'policy', policy, 'tags', tags, 'missed', missed, 'grace', grace,
		'description', description, 'lane', lane, 'start_within', start_within, 'dst_gap', dst_gap, 'dst_overlap', dst_overlap, 'missed_within', missed_within,
		'missed_most', missed_most, 'overlap', overlap, 'jitter', jitter, 'starts_at', starts_at, 'ends_at', ends_at));
begin
	n.spec := coalesce(spec, n.spec);
	n.tz := coalesce(tz, n.tz);
	n.kind := coalesce(kind, n.kind);
	n.args := coalesce(args, n.args);
	n.queue := coalesce(queue, n.queue);
	n.priority := coalesce(priority, n.priority);
	n.max_attempts := coalesce(max_attempts, n.max_attempts);
	n.timeout := coalesce(timeout, n.timeout);
	n.policy := coalesce(policy, n.policy);
	n.tags := coalesce(tags, n.tags);
	n.missed := coalesce(missed, n.missed);
	n.grace := coalesce(grace, n.grace);
	n.description := coalesce(description, n.description);
	n.lane := coalesce(lane, n.lane);
	n.start_within := coalesce(start_within, n.start_within);
	n.dst_gap := coalesce(dst_gap, n.dst_gap);
	n.dst_overlap := coalesce(dst_overlap, n.dst_overlap);
	n.missed_within := coalesce(missed_within, n.missed_within);
	n.missed_most := coalesce(missed_most, n.missed_most);
	n.overlap := coalesce(overlap, n.overlap);
	n.jitter := coalesce(jitter, n.jitter);
	n.starts_at := coalesce(starts_at, n.starts_at);
	n.ends_at := coalesce(ends_at, n.ends_at);
	return tow_store.put_schedule(n);
end $$;
comment on function tow.set_schedule(text, text, text, jsonb, text, int, text, int, interval, text, text[], text, interval, text, text, interval, text, text, interval, int, text, interval, timestamptz, timestamptz, text[]) is
'Change what is given of a schedule, as for tow.schedule, and leave the rest; reset names what goes back to its default. No instant fires twice or is lost by that. Returns the next instant.';

create or replace function tow_store.reset_schedule(s tow_store.schedule, p_names text[], p_given jsonb) returns tow_store.schedule
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	c_default constant jsonb := jsonb '{"args": {}, "queue": "default", "priority": 100, "tz": "UTC", "max_attempts": null, "timeout": null, "policy": null, "tags": null,
		"missed": "last", "grace": "00:01:00", "description": null, "lane": null, "start_within": null, "dst_gap": "after", "dst_overlap": "once",
		"missed_within": null, "missed_most": 100, "overlap": "allow", "jitter": null, "starts_at": null, "ends_at": null}';
	v_name text;
begin
	foreach v_name in array coalesce(p_names, '{}') loop
		if v_name is null or not c_default ? v_name then
			perform tow_store.fail('TW422', format('cannot reset %L', v_name),
				'what has a default is ' || (select string_agg(k, ', ' order by k) from jsonb_object_keys(c_default) k));
		elsif p_given ->> v_name is not null then
			perform tow_store.fail('TW422', format('%s is both set and reset', v_name), 'leave one of the two out');
		end if;
		s := jsonb_populate_record(s, jsonb_build_object(v_name, c_default -> v_name));
	end loop;
	return s;
end $$;
comment on function tow_store.reset_schedule(tow_store.schedule, text[], jsonb) is 'A schedule''s row with some settings back at their defaults.';

create or replace function tow_store.see_schedule(p_name text) returns tow_store.schedule
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	s tow_store.schedule;
begin
	select o.* into s from tow_store.schedule o where o.name = p_name for update;
	if not found then
		perform tow_store.fail('TW404', format('no such schedule %L', left(p_name, 110)), 'select name from tow.schedules lists them');
	end if;
	return s;
end $$;
comment on function tow_store.see_schedule(text) is 'A schedule, locked; raises TW404.';

-- Instants of a changed schedule start from now. Those that the old rule asked for until now are decided by the old
-- rule first; while the rule stays, so does the next instant, due or not: whoever sets a schedule anew at each start
-- of a program loses nothing that was missed before.
create or replace function tow_store.put_schedule(n tow_store.schedule) returns timestamptz
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	c_moves constant text[] := '{id,name,next_at,clock_at,created_at,paused_at,era}'::text[];
	o tow_store.schedule;
	v_now constant timestamptz := tow.now();
begin
	perform tow_store.check_schedule(n);
	n.clock_at := v_now;
	loop
		select s.* into o from tow_store.schedule s where s.name = n.name for update;
		exit when found;
		n.next_at := tow_store.next_of(n, v_now);
		perform tow_store.check_next(n);
		insert into tow_store.schedule (name, spec, tz, kind, args, queue, priority, max_attempts, timeout, policy, tags, missed, grace, description,
			lane, start_within, dst_gap, dst_overlap, missed_within, missed_most, overlap, jitter, starts_at, ends_at, next_at, clock_at, created_at)
		values (n.name, n.spec, n.tz, n.kind, n.args, n.queue, n.priority, n.max_attempts, n.timeout, n.policy, n.tags, n.missed, n.grace, n.description,
			n.lane, n.start_within, n.dst_gap, n.dst_overlap, n.missed_within, n.missed_most, n.overlap, n.jitter, n.starts_at, n.ends_at, n.next_at, v_now, v_now)
		on conflict do nothing;
		exit when found;
	end loop;
	if o.id is not null then
		n.next_at := tow_store.change_schedule(o, n, v_now);
	end if;
	perform tow_store.ring_clock(n.next_at);
	perform set_config('tow.made', case when o.id is null then 'on' else '' end, true);
	perform tow_store.note('schedule.set', n.name, null, tow_store.changed(case when o.id is not null then to_jsonb(o) - c_moves end, jsonb_strip_nulls(to_jsonb(n)) - c_moves));
	return n.next_at;
end $$;
comment on function tow_store.put_schedule(tow_store.schedule) is 'Make a schedule, or change the one with its name; returns its next instant. The setting tow.made tells tow.answer which it was.';

create or replace function tow_store.change_schedule(o tow_store.schedule, n tow_store.schedule, p_now timestamptz) returns timestamptz
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_paused_at constant timestamptz := o.paused_at;
begin
	o := tow_store.mind_clock(o, p_now);
	if (n.spec, n.tz, n.dst_gap, n.dst_overlap, n.starts_at, n.ends_at) is not distinct from (o.spec, o.tz, o.dst_gap, o.dst_overlap, o.starts_at, o.ends_at) then
		n.next_at := o.next_at;
		n.clock_at := o.clock_at;
	else
		while o.paused_at is null and o.next_at <= p_now loop
			o := tow_store.take_due(o, p_now);
		end loop;
		n.clock_at := tow_store.known_until(o, p_now);
		n.next_at := tow_store.next_of(n, n.clock_at);
		perform tow_store.check_next(n);
	end if;
	update tow_store.schedule s set spec = n.spec, tz = n.tz, kind = n.kind, args = n.args, queue = n.queue, priority = n.priority,
		max_attempts = n.max_attempts, timeout = n.timeout, policy = n.policy, tags = n.tags, missed = n.missed, grace = n.grace,
		description = n.description, lane = n.lane, start_within = n.start_within, dst_gap = n.dst_gap, dst_overlap = n.dst_overlap,
		missed_within = n.missed_within, missed_most = n.missed_most, overlap = n.overlap, jitter = n.jitter,
		starts_at = n.starts_at, ends_at = n.ends_at, next_at = n.next_at, clock_at = n.clock_at, paused_at = v_paused_at
	where s.id = o.id;
	return n.next_at;
end $$;
comment on function tow_store.change_schedule(tow_store.schedule, tow_store.schedule, timestamptz) is 'Give a schedule, whose row is locked, the settings of another; returns its next instant.';

create or replace function tow.unschedule(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	perform tow_store.see_schedule(name);
	delete from tow_store.schedule s where s.name = name;
	perform tow_store.note('schedule.dropped', name);
end $$;
comment on function tow.unschedule(text) is 'Delete a schedule and its history; jobs that it enqueued stay.';

create or replace function tow.pause_schedule(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	perform tow_store.see_schedule(name);
	update tow_store.schedule s set paused_at = coalesce(s.paused_at, tow.now()) where s.name = name;
	perform tow_store.note('schedule.paused', name);
end $$;
comment on function tow.pause_schedule(text) is 'Fire no more until tow.resume_schedule; instants that pass meanwhile are not missed but skipped.';

-- One that is not paused keeps its next instant, which may be due this moment.
create or replace function tow.resume_schedule(name text) returns timestamptz
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	s tow_store.schedule := tow_store.see_schedule(name);
	v_now constant timestamptz := tow.now();
begin
	if s.paused_at is null then
		return s.next_at;
	end if;
	s := tow_store.mind_clock(s, v_now);
	if s.next_at <= v_now then
		perform tow_store.record_fire(s, s.next_at, 'skipped', format('it was paused until %s', v_now));
	end if;
	s.next_at := tow_store.next_of(s, tow_store.known_until(s, v_now));
	update tow_store.schedule o set paused_at = null, next_at = s.next_at, clock_at = tow_store.known_until(s, v_now) where o.id = s.id;
	perform tow_store.ring_clock(s.next_at);
	perform tow_store.note('schedule.resumed', name);
	return s.next_at;
end $$;
comment on function tow.resume_schedule(text) is 'Fire again from now on; returns the next instant, null if there will be none.';

create or replace function tow.seen_schedule(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	perform tow_store.see_schedule(name);
	perform tow_store.note('schedule.seen', name);
end $$;
comment on function tow.seen_schedule(text) is 'Say that somebody has seen what a schedule missed, or could not enqueue, until now: tow.status is quiet about that.';

-- It gets an instant that no cron line asks for, so that it takes none away.
create or replace function tow.run_schedule(name text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	s constant tow_store.schedule := tow_store.see_schedule(name);
	v_at timestamptz := tow.now();
	v_job bigint;
begin
	while v_at = date_trunc('second', v_at) or exists (select from tow_store.fire f where f.schedule_id = s.id and f.era = s.era and f.at = v_at) loop
		v_at := v_at + interval '1 microsecond';
	end loop;
	v_job := tow_store.fire(s, v_at, 'by hand');
	if v_job is null then
		perform tow_store.fail('TW409', format('job %s of schedule %L has not finished', (tow_store.unfinished(s))[1], name),
			case s.overlap when 'queue' then 'as many jobs wait behind it as the setting schedule_queue_max lets: wait, cancel some, or raise it'
				else 'wait for it, cancel it, or change the schedule''s overlap: skip is its rule' end);
	end if;
	perform tow_store.note('schedule.run', name, v_job);
	return v_job;
end $$;
comment on function tow.run_schedule(text) is 'Enqueue a schedule''s job now, beside its instants, as its overlap allows; returns the job''s id.';

-- As psql would show it, were the session in that zone: 2026-11-22 02:30:00+01.
create or replace function tow_store.local_time(p_at timestamptz, p_zone text) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select to_char(l.local, 'YYYY-MM-DD HH24:MI:SS') || case when l.minutes < 0 then '-' else '+' end || to_char(abs(l.minutes) / 60, 'FM00')
		|| case when l.minutes % 60 <> 0 then to_char(abs(l.minutes) % 60, 'FM:00') else '' end
	from (select p_at at time zone p_zone as local,
		(extract(epoch from (p_at at time zone p_zone) - (p_at at time zone 'UTC')) / 60)::int as minutes) l
$$;
comment on function tow_store.local_time(timestamptz, text) is 'An instant as the clocks of a zone show it, with the offset that they have then.';

create or replace function tow.next_runs(
	schedule text default null, n int default 5, tz text default null, dst_gap text default null, dst_overlap text default null, spec text default null
) returns table(run_at timestamptz, local text, zone text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	s tow_store.schedule;
begin
	if n is null or n not between 1 and 1000 then
		perform tow_store.fail('TW422', 'bad n', 'use 1 to 1000');
	elsif num_nonnulls(schedule, spec) <> 1 then
		perform tow_store.fail('TW422', case when spec is null then 'spec is missing' else 'a schedule and a spec' end,
			'give one of them: spec, a cron line such as ''0 3 * * *'' or ''@every 90s'', or schedule, the name of one');
	end if;
	select o.* into s from tow_store.schedule o where o.name = schedule;
	if spec is not null then
		s.spec := spec;
	elsif s.id is null then
		if schedule !~ '[*@\s]' then
			perform tow_store.fail('TW404', format('no such schedule %L', left(schedule, 110)), 'give the name of a schedule, or a cron line such as ''0 3 * * *''');
		end if;
		s.spec := schedule;
	end if;
	s.tz := coalesce(tz, s.tz, 'UTC');
	s.dst_gap := coalesce(dst_gap, s.dst_gap, 'after');
	s.dst_overlap := coalesce(dst_overlap, s.dst_overlap, 'once');
	zone := s.tz;
	run_at := tow_store.known_until(s, tow.now());
	for i in 1 .. n loop
		run_at := tow_store.next_of(s, run_at);
		exit when run_at is null;
		local := tow_store.local_time(run_at, zone);
		return next;
	end loop;
end $$;
comment on function tow.next_runs(text, int, text, text, text, text) is
'The next instants of a schedule, within starts_at and ends_at, or of a cron line (spec, or in place of the schedule''s name); without jitter. n: 1000 at most, 100 over HTTP. tz, dst_gap, dst_overlap: instead of the schedule''s. local: as the clocks of its zone show it.';
