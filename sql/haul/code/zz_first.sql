-- What a new instance starts with: a policy of its own for monitors, which never give up.
select tow.set_policy('haul.monitor', 'exponential', base => '1 s', cap => '1 min', max_attempts => 1000000, description => 'monitors of download clients never give up');
