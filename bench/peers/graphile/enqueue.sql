\set n :n + 1
select graphile_worker.add_job('noop', json_build_object('n', :n::int));
