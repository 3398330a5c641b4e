-- What a new instance starts with: a policy of its own for monitors, which never give up.
select tow.set_policy('haul.monitor', 'exponential', base => '1 s', cap => '1 min', max_attempts => 1000000, description => 'monitors of download clients never give up');
select tow.set_policy('haul.work', 'exponential', base => '5 s', cap => '15 min', max_attempts => 12, description => 'jobs that work on a download: grab, import, act, scan');
select tow.set_policy('haul.notify', 'exponential', base => '10 s', cap => '15 min', max_attempts => 1000, description => 'messages are tried for a day');
