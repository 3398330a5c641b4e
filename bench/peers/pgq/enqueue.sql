\set n :n + 1
select pgq.insert_event('bench', 'noop', jsonb_build_object('n', :n::int)::text);
