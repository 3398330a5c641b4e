-- The views of metrics between two instants, for charts of pages: whoever asks for no span gets the last hour, and whoever asks for more
-- than can be drawn is told so (TW422).
create or replace function tow_store.check_span(p_since timestamptz, p_until timestamptz) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_since is null or p_until is null or not isfinite(p_since) or not isfinite(p_until) or p_since > p_until then
		perform tow_store.fail('TW422', 'bad since or until', 'use instants, the earlier one first');
	end if;
end $$;
comment on function tow_store.check_span(timestamptz, timestamptz) is 'Refuse a span that is none.';

create or replace function tow_store.most_points() returns int
language sql immutable set search_path = pg_catalog, pg_temp
return 50000;
comment on function tow_store.most_points() is 'How many rows of metrics are given at a time.';

create or replace function tow_store.check_points(p_n bigint) returns void
language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_n > tow_store.most_points() then
		perform tow_store.fail('TW422', format('there are more than %s rows between since and until', tow_store.most_points()), 'ask for a shorter span, or for one queue or kind');
	end if;
end $$;
comment on function tow_store.check_points(bigint) is 'Refuse a span of which there are too many metrics.';

create or replace function tow.series_queues(since timestamptz default tow.now() - interval '1 hour', until timestamptz default tow.now(), queue text default null) returns setof tow.metrics_queues
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_n bigint;
begin
	perform tow_store.check_span(since, until);
	return query select m.* from tow.metrics_queues m where m.time between since and until and (queue is null or m.queue = queue) order by m.time, m.queue limit tow_store.most_points() + 1;
	get diagnostics v_n = row_count;
	perform tow_store.check_points(v_n);
end $$;
comment on function tow.series_queues(timestamptz, timestamptz, text) is 'Metrics of queues (tow.metrics_queues) between two instants, the last hour where none are given; of all queues or of one.';

create or replace function tow.series_durations(since timestamptz default tow.now() - interval '1 hour', until timestamptz default tow.now(), queue text default null) returns setof tow.metrics_durations
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_n bigint;
begin
	perform tow_store.check_span(since, until);
	return query select m.* from tow.metrics_durations m where m.time between since and until and (queue is null or m.queue = queue) order by m.time, m.queue, m.what, m.below_s limit tow_store.most_points() + 1;
	get diagnostics v_n = row_count;
	perform tow_store.check_points(v_n);
end $$;
comment on function tow.series_durations(timestamptz, timestamptz, text) is 'Metrics of durations (tow.metrics_durations) between two instants (the last hour), of all queues or of one.';

create or replace function tow.series_failures(since timestamptz default tow.now() - interval '1 hour', until timestamptz default tow.now(), kind text default null) returns setof tow.metrics_failures
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_n bigint;
begin
	perform tow_store.check_span(since, until);
	return query select m.* from tow.metrics_failures m where m.time between since and until and (kind is null or m.kind = kind) order by m.time, m.kind, m.class limit tow_store.most_points() + 1;
	get diagnostics v_n = row_count;
	perform tow_store.check_points(v_n);
end $$;
comment on function tow.series_failures(timestamptz, timestamptz, text) is 'Metrics of failures (tow.metrics_failures) between two instants (the last hour), of all kinds or of one.';

create or replace function tow.series_system(since timestamptz default tow.now() - interval '1 hour', until timestamptz default tow.now()) returns setof tow.metrics_system
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_n bigint;
begin
	perform tow_store.check_span(since, until);
	return query select m.* from tow.metrics_system m where m.time between since and until order by m.time limit tow_store.most_points() + 1;
	get diagnostics v_n = row_count;
	perform tow_store.check_points(v_n);
end $$;
comment on function tow.series_system(timestamptz, timestamptz) is 'Metrics of the system (tow.metrics_system) between two instants (the last hour).';
