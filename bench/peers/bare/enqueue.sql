\set n :n + 1
with j as (insert into job (id, kind, args) values (nextval('position'), 'noop', jsonb_build_object('n', :n::int)) returning id), r as (insert into ready select id, id from j) select pg_notify('bare', '');
