-- What people look at: profiles and seeding goals.
create or replace view haul.profiles as
select p.name,
	max(s.steps) filter (where s.trouble = 'stalled') as stalled, max(s.steps) filter (where s.trouble = 'metadata') as metadata,
	max(s.steps) filter (where s.trouble = 'error') as error, max(s.steps) filter (where s.trouble = 'local') as local,
	max(s.steps) filter (where s.trouble = 'missing_files') as missing_files, max(s.steps) filter (where s.trouble = 'missing') as missing,
	p.retries, p.min_free, p.max_active,
	(select array_agg(l.name order by l.name) from haul_store.library l where l.profile = p.id or l.profile is null and p.name = 'default') as libraries, p.created_at
from haul_store.profile p left join (
	select o.profile, o.trouble, string_agg(format('%s after %s', o.act, haul_store.say_interval(o.after)), ', ' order by o.n) as steps
	from haul_store.step o group by o.profile, o.trouble) s on s.profile = p.id
group by p.id;
comment on view haul.profiles is 'What is done about downloads in trouble, and how many may be under way; and the libraries that go by it.';

create or replace view haul.goals as
select g.tracker, l.name as library, g.ratio, g.seed_time, g.need from haul_store.seed_goal g left join haul_store.library l on l.id = g.library;
comment on view haul.goals is 'How long torrents seed that are placed, before they are removed.';
