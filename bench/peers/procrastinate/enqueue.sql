\set n :n + 1
select procrastinate_defer_jobs_v1(array[row('default', 'noop', 0, null, null, jsonb_build_object('n', :n::int), null)::procrastinate_job_to_defer_v1]);
