\set n :n + 1
select tow.enqueue('noop', jsonb_build_object('n', :n::int));
