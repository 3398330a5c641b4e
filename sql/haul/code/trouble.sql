-- What is done about transfers that stand still, by their download's profile. Part of haul.observe: two statements over all
-- that a client holds, and a loop over the steps that are due, which are few.

-- Progress ends all; a failure for what the client said is over when it says it no more.
create or replace function haul_store.end_spells(p_client int) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	delete from haul_store.spell s using haul_store.transfer t join haul_store.download d on d.id = t.download
	where t.client = p_client and s.download = d.id and (t.complete and t.missed = 0 or t.moved > s.since or d.state not in ('downloading', 'failed')
		or d.state = 'failed' and s.trouble not in ('stalled', 'metadata') and t.missed = 0 and t.state <> 'checking' and coalesce(t.trouble in ('stalled', 'metadata'), true))
$$;
comment on function haul_store.end_spells(int) is 'Forget the troubles that are over.';

-- One that a client names begins when it is first seen; standing still began when something last moved, and is only
-- written down when the first step is due. What somebody has just tried again may be listed as it was before. A transfer that is missing is no trouble where there is another.
create or replace function haul_store.begin_spells(p_client int, p_clock interval) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
	insert into haul_store.spell (download, trouble, since)
	select t.download, t.trouble, case when f.still then t.moved else p_clock end
	from (values ('stalled', true), ('metadata', true), ('error', false), ('local', false), ('missing_files', false), ('missing', false)) f(trouble, still)
		join haul_store.transfer t on t.trouble = f.trouble
		join haul_store.download d on d.id = t.download and d.state = 'downloading'
	where t.client = p_client and t.leaving is null
		and (f.still or f.trouble = 'missing' or d.state_at <= tow.now() - interval '15 s'
			or not exists (select from haul_store.event e where e.download = d.id and e.to_state = 'downloading' and e.detail = 'somebody tries again' and e.at > tow.now() - interval '15 s'))
		and (not f.still or t.moved <= p_clock - (select s.after from haul_store.step s
			where s.profile = coalesce(d.profile, (select l.profile from haul_store.library l where l.id = d.library), (select p.id from haul_store.profile p where p.name = 'default')) and s.trouble = t.trouble and s.n = 1))
		and (t.missed = 0 or not exists (select from haul_store.transfer o where o.download = t.download and o.missed < t.missed and o.leaving is null))
		and not exists (select from haul_store.spell o where o.download = t.download and o.trouble = t.trouble)
	on conflict do nothing
$$;
comment on function haul_store.begin_spells(int, interval) is 'Write down the troubles that begin to count.';

create or replace function haul_store.escalate(p_client int, p_clock interval) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	r record;
	v_download haul_store.download;
begin
	perform haul_store.begin_spells(p_client, p_clock);
	for r in
		select o.download, o.trouble, s.n, s.act, p_clock - o.since as lasted
		from haul_store.spell o join haul_store.download d on d.id = o.download left join haul_store.library l on l.id = d.library
			join haul_store.step s on s.profile = coalesce(d.profile, l.profile, (select p.id from haul_store.profile p where p.name = 'default')) and s.trouble = o.trouble
				and s.n = o.taken + 1 and s.after <= p_clock - o.since
		where d.client = p_client and d.state = 'downloading'
			and exists (select from haul_store.transfer t where t.client = p_client and t.download = o.download and t.trouble = o.trouble and t.leaving is null)
		order by o.download limit 200
	loop
		v_download := haul_store.see_download(r.download);
		continue when v_download.state <> 'downloading'; -- somebody was faster
		update haul_store.spell o set taken = r.n where o.download = r.download and o.trouble = r.trouble;
		perform haul_store.take_step(v_download, r.trouble, r.act, r.lasted);
	end loop;
end $$;
comment on function haul_store.escalate(int, interval) is 'Take the steps that are due, of so many downloads at a time.';

create or replace function haul_store.take_step(d haul_store.download, p_trouble text, p_act text, p_lasted interval) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_why constant text := haul_store.say_trouble(d.id, p_trouble, p_lasted);
begin
	if p_act = 'resume' and haul_store.has_ended_there(d) then
		perform haul_store.move_to(d, 'failed', v_why, 'transfer.' || p_trouble, 'its client does not go on with it by itself; tow haul retry gives it to it anew');
	elsif p_act = 'retry' then
		perform haul_store.give_anew(d, p_trouble, v_why);
	elsif p_act in ('fail', 'swap') then
		perform haul_store.move_to(d, 'failed', v_why, case p_act when 'fail' then 'transfer.' else 'release.' end || p_trouble, haul_store.hint_of(p_trouble));
	else
		perform haul_store.note_event(d.id, p_act, v_why);
		if p_act <> 'nothing' then
			perform haul_store.act(d, p_act);
		end if;
	end if;
end $$;
comment on function haul_store.take_step(haul_store.download, text, text, interval) is
'Do what a profile says. swap is to make room for another release; while nothing offers one it fails for the release''s sake.';

create or replace function haul_store.give_again(d haul_store.download, p_act text, p_why text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	d := haul_store.move_to(d, 'approved', p_why);
	perform haul_store.act(d, p_act);
	update haul_store.transfer t set leaving = 'again' where t.download = d.id;
	perform haul_store.launch(d, 'haul.grab');
end $$;
comment on function haul_store.give_again(haul_store.download, text, text) is 'Have its client forget a download (remove) or delete it (remove_data), and get it again.';

-- What has ended in an error there cannot be told to go on.
create or replace function haul_store.has_ended_there(d haul_store.download) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select d.state in ('downloading', 'failed') and num_nonnulls(d.link, d.data) > 0
		and exists (select from haul_store.transfer t join haul_store.client c on c.id = t.client where t.download = d.id and t.state = 'error' and t.missed = 0 and c.driver in ('aria2', 'sabnzbd', 'nzbget'))
$$;
comment on function haul_store.has_ended_there(haul_store.download) is 'Whether a download has failed in a client that does not try again what has failed there.';

create or replace function haul_store.revive(d haul_store.download) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	t haul_store.transfer;
begin
	select o.* into t from haul_store.transfer o where o.download = d.id order by o.missed, o.id limit 1;
	perform haul_store.act(d, 'recheck') where t.trouble in ('local', 'missing_files') and d.type = 'torrent';
	perform haul_store.act(d, case when t.state = 'paused' or t.trouble in ('local', 'missing_files', 'error') then 'resume' when d.type = 'torrent' then 'reannounce' end)
	where t.state = 'paused' or t.trouble is not null;
end $$;
comment on function haul_store.revive(haul_store.download) is 'Have a download''s client go on with it: what its disk lacked is checked first, what stands still is announced once more.';

-- Its client forgets it, and gets it again: so often, and then it fails for good.
create or replace function haul_store.give_anew(d haul_store.download, p_trouble text, p_why text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if d.link is null and d.data is null then
		perform haul_store.note_event(d.id, 'retry', p_why || '; it was found in its client, and cannot be given to it anew');
	elsif not haul_store.may_retry(d, 'download') then
		perform haul_store.move_to(d, 'failed', p_why || '; all retries are used up', 'retries.transfer.' || p_trouble, haul_store.hint_of(p_trouble));
	else
		perform haul_store.give_again(d, 'remove', p_why || '; it is given to its client anew');
	end if;
end $$;
comment on function haul_store.give_anew(haul_store.download, text, text) is 'Remove a download from its client, and give it to it again.';

-- Counts it, too.
create or replace function haul_store.may_retry(d haul_store.download, p_stage text) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	insert into haul_store.retried as o (download, stage, times)
	select d.id, p_stage, 1 where (haul_store.profile_of(d)).retries > 0
	on conflict (download, stage) do update set times = o.times + 1 where o.times < (haul_store.profile_of(d)).retries;
	return found;
end $$;
comment on function haul_store.may_retry(haul_store.download, text) is 'Whether a stage may be begun anew by itself once more.';

-- An address that is none is our client's, which somebody may correct; of what we fetch ourselves it is the link. And a link that leads inside
-- from outside is refused again.
create or replace function haul_store.is_mendable(d haul_store.download) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select d.state = 'failed' and d.back in ('approved', 'downloaded', 'importing') and d.class ^@ any ('{local.,http.,scgi.,client.auth,client.banned,client.old,secret,driver}')
		and d.class <> 'http.inside'
		and not (d.class = 'http.url' and (select c.driver = 'web' from haul_store.client c where c.id = d.client))
$$;
comment on function haul_store.is_mendable(haul_store.download) is 'Whether a download failed for what is not its own fault, and may be gone by now.';

-- What failed for our own disk, or because a client did not answer for long or did not let us in, is begun anew now that it does: so often, ten
-- minutes apart.
create or replace function haul_store.try_again(p_client int) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	d haul_store.download;
begin
	for d in
		select o.* from haul_store.download o
		where o.client = p_client and haul_store.is_mendable(o) and o.state_at < tow.now() - interval '10 minutes'
		order by o.id limit 20
	loop
		d := haul_store.see_download(d.id);
		continue when d.state <> 'failed';
		if haul_store.may_retry(d, case d.back when 'approved' then 'download' else 'import' end) then
			d := haul_store.move_to(d, case d.back when 'approved' then 'approved' else 'downloaded' end, 'tried again by itself');
			perform haul_store.go_on(d);
		else
			update haul_store.download o set class = 'retries.' || o.class, hint = concat_ws('; ', o.hint, 'it is not tried again by itself: tow haul retry ' || o.id) where o.id = d.id;
		end if;
	end loop;
end $$;
comment on function haul_store.try_again(int) is 'Begin stages anew that may work by now.';

-- What a person wants tried again counts from the start.
create or replace function haul_store.start_afresh(d haul_store.download) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	delete from haul_store.retried o where o.download = d.id;
	update haul_store.download o set gone = null where o.id = d.id and o.gone is not null;
	delete from haul_store.spell o where o.download = d.id;
	update haul_store.transfer t set moved = h.observed, leaving = case when t.state = 'removed' then t.leaving end from haul_store.health h
	where t.download = d.id and h.client = t.client;
end $$;
comment on function haul_store.start_afresh(haul_store.download) is 'Forget retries and troubles.';

--- in words

create or replace function haul_store.say_trouble(p_download bigint, p_trouble text, p_for interval) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	return case p_trouble when 'stalled' then format('stalled for %s (observed)', haul_store.say_interval(p_for))
		when 'metadata' then 'looking for metadata for ' || haul_store.say_interval(p_for)
		when 'missing' then 'not found in client'
		else coalesce((select x.error from haul_store.transfer x where x.download = p_download order by x.missed, x.id limit 1), 'the client gave it up') end;
end $$;
comment on function haul_store.say_trouble(bigint, text, interval) is 'What is wrong with a download, in words.';

create or replace function haul_store.hint_of(p_trouble text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select case p_trouble when 'missing' then 'it goes on when it is there again; tow haul retry has it downloaded anew'
		when 'local' then 'mend the client''s disk or folder; then tow haul retry has it checked, and go on' when 'missing_files' then 'mend the client''s disk or folder; then tow haul retry has it checked, and go on'
		when 'error' then 'it goes on when the client does' else 'it goes on when bytes come; tow haul retry waits for them once more' end
$$;
comment on function haul_store.hint_of(text) is 'What to do about a trouble.';

-- "stalled for 2 h (observed), re-announced once, fails in 4 h"
create or replace function haul_store.say_steps(p_download bigint, p_profile int, p_trouble text, p_for interval) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	return (with w(act, was, will) as (values ('reannounce', 're-announced', 're-announces'), ('recheck', 'rechecked', 'rechecks'), ('resume', 'resumed', 'resumes'),
			('retry', 'given anew', 'is given anew'), ('fail', null, 'fails'), ('swap', null, 'fails')),
		s as (select o.n, o.act, o.after, o.n <= coalesce((select x.taken from haul_store.spell x where x.download = p_download and x.trouble = p_trouble), 0) as taken
			from haul_store.step o where o.profile = p_profile and o.trouble = p_trouble)
	select concat_ws(', ', haul_store.say_trouble(p_download, p_trouble, p_for),
		(select string_agg(d.text, ', ' order by d.first) from (
			select w.was || case count(*) when 1 then ' once' when 2 then ' twice' else format(' %s times', count(*)) end as text, min(s.n) as first
			from s join w using (act) where s.taken and w.was is not null group by w.was) d),
		(select format('%s in %s', w.will, haul_store.say_interval(s.after - p_for)) from s join w using (act) where not s.taken order by s.act in ('fail', 'swap') desc, s.n limit 1)));
end $$;
comment on function haul_store.say_steps(bigint, int, text, interval) is 'What is wrong with a download, what was done about it and what will be, in words.';
