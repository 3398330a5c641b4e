select count(*)
from tow.enqueue_many('noop', array(select jsonb_build_object('n', g, 'fill', :'fill') from generate_series(1, :jobs) g));
