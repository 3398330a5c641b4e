-- The views of metrics between two instants, for charts of pages: whoever asks for no span gets the last hour.
create or replace function tow_store.check_span(p_since timestamptz, p_until timestamptz) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_since is null or p_until is null or not isfinite(p_since) or not isfinite(p_until) or p_since > p_until then
		perform tow_store.fail('TW422', 'bad since or until', 'use instants, the earlier one first');
	end if;
end $$;
comment on function tow_store.check_span(timestamptz, timestamptz) is 'Refuse a span that is none.';

create or replace function tow.series_queues(since timestamptz default tow.now() - interval '1 hour', until timestamptz default tow.now(), queue text default null) returns setof tow.metrics_queues
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	perform tow_store.check_span(since, until);
	return query select m.* from tow.metrics_queues m where m.time between since and until and (queue is null or m.queue = queue) order by m.time, m.queue;
end $$;
comment on function tow.series_queues(timestamptz, timestamptz, text) is 'Metrics of queues (tow.metrics_queues) between two instants, the last hour where none are given; of all queues or of one.';

create or replace function tow.series_durations(since timestamptz default tow.now() - interval '1 hour', until timestamptz default tow.now(), queue text default null) returns setof tow.metrics_durations
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	perform tow_store.check_span(since, until);
	return query select m.* from tow.metrics_durations m where m.time between since and until and (queue is null or m.queue = queue) order by m.time, m.queue, m.what, m.below_s;
end $$;
comment on function tow.series_durations(timestamptz, timestamptz, text) is 'Metrics of durations (tow.metrics_durations) between two instants (the last hour), of all queues or of one.';

create or replace function tow.series_failures(since timestamptz default tow.now() - interval '1 hour', until timestamptz default tow.now(), kind text default null) returns setof tow.metrics_failures
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	perform tow_store.check_span(since, until);
	return query select m.* from tow.metrics_failures m where m.time between since and until and (kind is null or m.kind = kind) order by m.time, m.kind, m.class;
end $$;
comment on function tow.series_failures(timestamptz, timestamptz, text) is 'Metrics of failures (tow.metrics_failures) between two instants (the last hour), of all kinds or of one.';

create or replace function tow.series_system(since timestamptz default tow.now() - interval '1 hour', until timestamptz default tow.now()) returns setof tow.metrics_system
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	perform tow_store.check_span(since, until);
	return query select m.* from tow.metrics_system m where m.time between since and until order by m.time;
end $$;
comment on function tow.series_system(timestamptz, timestamptz) is 'Metrics of the system (tow.metrics_system) between two instants (the last hour).';
