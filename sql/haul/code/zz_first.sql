-- What a new instance starts with: a policy of its own for monitors, which never give up.
select tow.set_policy('haul.monitor', 'exponential', base => '1 s', cap => '1 min', max_attempts => 1000000, description => 'monitors of download clients never give up');
select tow.set_policy('haul.work', 'exponential', base => '5 s', cap => '15 min', max_attempts => 12, description => 'jobs that work on a download: grab, import, act, scan');
select tow.set_policy('haul.processor', 'fixed', base => '30 s', max_attempts => 1000000, description => 'the download processor comes again 30 s after it has met what it cannot go on with');

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
select tow.set_policy('haul.notify', 'exponential', base => '10 s', cap => '15 min', max_attempts => 1000, description => 'messages are tried for a day');
