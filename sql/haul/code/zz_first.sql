-- What a new instance starts with: policies, where nobody has set them otherwise.
select tow.set_policy(p.name, p.shape, base => p.base, cap => p.cap, max_attempts => p.max_attempts, description => p.description)
from (values
	('haul.monitor', 'exponential', interval '1 s', interval '1 min', 1000000, 'monitors of download clients never give up'),
	('haul.work', 'exponential', '5 s', '15 min', 12, 'jobs that work on a download: grab, import, act, scan'),
	('haul.processor', 'fixed', '30 s', null, 1000000, 'the download processor comes again 30 s after it has met what it cannot go on with'),
	('haul.notify', 'exponential', '10 s', '15 min', 1000, 'messages are tried for a day')
) p(name, shape, base, cap, max_attempts, description)
where not exists (select from tow.policies o where o.name = p.name);

-- Made once: one that somebody has dropped does not come back.
do $$
declare
	c_name constant text := 'Download Processor Daemon';
begin
	insert into haul_store.first (name, made_at) values (c_name, tow.now()) on conflict on constraint first_pkey do nothing;
	if found then
		perform tow.set_daemon(c_name, 'haul.processor', '{"category": "xxx", "heartbeat_interval": 30, "job_interval_seconds": 300}', type => 'download_processor_daemon',
			queue => 'haul', timeout => '1 hour', policy => 'haul.processor', auto_start => false,
			description => 'places what is complete in a category of any client, then has media servers scan it');
		perform tow.disable_daemon(c_name);
	end if;
end $$;
select haul_store.begin_tending() where exists (select from haul_store.download); -- of a release that did not know it
