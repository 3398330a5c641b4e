-- What people look at: ways to tell them something, what is told, and what was.
create or replace view haul.channels as
select c.name, c.driver, haul_store.shown_address(c.url, s.sees) as url, case when not c.enabled then 'disabled' when c.class is not null then 'failing' when c.sent_at is null then 'new' else 'ok' end as state,
	haul_store.shown_words(c.error, false, s.sees) as error, c.hint, c.sent_at, c.failed_at, (select count(*) from haul_store.message m where m.channel = c.id and m.state = 'pending') as pending,
	(select array_agg(r.name order by r.name) from haul_store.rule r where r.channel = c.id) as rules, c.user_name, c.secret, case when s.sees or not c.options ? 'topic' then c.options else c.options || '{"topic": "…"}' end as options, c.timeout, c.keep, c.enabled, c.created_at
from haul_store.channel c, (select tow_store.in_sight('haul', tow_store.sight()) as sees offset 0) s;
comment on view haul.channels is 'Ways to tell people something, and how that goes. A secret is named, never shown; of an address whoever does not see what jobs say (tow.sees_args) reads the host, and no topic.';

create or replace view haul.rules as
select r.name, c.name as channel, r.events, r.libraries, r.categories, r.below, r.delay, r.title, r.body, r.enabled,
	(select count(*) from haul_store.news n where n.rule = r.id) as gathered, r.created_at
from haul_store.rule r join haul_store.channel c on c.id = r.channel;
comment on view haul.rules is 'What is told to whom. gathered: what happened, and is not a message yet.';

create or replace view haul.messages as
select m.id, m.made_at, c.name as channel, m.rule, m.event, m.count, m.level, m.state, haul_store.shown_words(m.title, false, s.sees) as title, haul_store.shown_words(m.body, m.event = 'download.failed', s.sees) as body, m.tries, m.error, m.sent_at
from haul_store.message m join haul_store.channel c on c.id = m.channel, (select tow_store.in_sight('haul', tow_store.sight()) as sees offset 0) s;
comment on view haul.messages is 'What people are told: pending, sent, failed (given up after a day); kept for as long as the channel says.';
