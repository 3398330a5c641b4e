select count(pgq.insert_event('bench', 'noop', jsonb_build_object('n', g, 'fill', :'fill')::text))
from generate_series(1, :jobs) g;
