\set n :n + 1
select id from awa.insert_job_compat('noop', 'default', jsonb_build_object('n', :n::int));
