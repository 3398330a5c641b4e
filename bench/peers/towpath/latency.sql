\set n :n + 1
select tow.enqueue('stamp', jsonb_build_object('n', :n::int));
