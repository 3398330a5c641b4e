begin;
with j as (
	insert into job (id, kind, args)
	select nextval('position'), 'noop', jsonb_build_object('n', g, 'fill', :'fill') from generate_series(1, :jobs) g
	returning id
)
insert into ready select id, id from j;
notify bare;
commit;
\echo :jobs
