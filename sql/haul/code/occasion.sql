-- What can be told, and how it reads: title and many are for one thing and for several that came together, line is the
-- text of each. A rule may say it in its own words, by the same fields.
create or replace view haul.occasions as
select o.event, o.level, o.means, o.title, o.many, o.line
from (values
	('download.completed', 'good', 'files of a download are in their place', 'imported: {title}', '{count} imported: {title}', '{title}{: |detail|}'),
	('download.failed', 'bad', 'a download cannot go on by itself', 'failed: {title}', '{count} failed: {title}', '{title}{: |error|}{ (|hint|)}'),
	('download.needs_approval', 'warn', 'somebody must choose', 'to be approved: {title}', '{count} to be approved: {title}', '{title}{: |detail|}'),
	('download.rejected', 'warn', 'somebody refused it', 'refused: {title}', '{count} refused: {title}', '{title}{: |detail|}'),
	('download.cancelled', 'good', 'somebody gave it up', 'cancelled: {title}', '{count} cancelled: {title}', '{title}{: |detail|}'),
	('download.paused', 'good', 'somebody holds it', 'paused: {title}', '{count} paused: {title}', '{title}{: |detail|}'),
	('download.queued', 'good', 'it was asked for', 'queued: {title}', '{count} queued: {title}', '{title}{: |detail|}'),
	('download.adopted', 'good', 'it was found in a client', 'adopted: {title}', '{count} adopted: {title}', '{title}{: |detail|}'),
	('download.downloading', 'good', 'a client is at it', 'downloading: {title}', '{count} downloading: {title}', '{title}{: |detail|}'),
	('download.downloaded', 'good', 'all bytes are here', 'downloaded: {title}', '{count} downloaded: {title}', '{title}{: |detail|}'),
	('download.undone', 'warn', 'a file was taken back', 'taken back: {title}', '{count} files taken back: {title}', '{title}{: |detail|}'),
	('client.down', 'bad', 'a client does not answer', 'client {client} is down', '{count} times down: {client}', '{client}: {error}{ (|hint|)}'),
	('client.auth_failed', 'bad', 'a client does not let us in', 'client {client} refuses the login', 'these refuse the login: {client}', '{client}: {error}{ (|hint|)}'),
	('client.banned', 'bad', 'a client refuses us for a time', 'client {client} has banned us', 'these have banned us: {client}', '{client}: {error}{ (|hint|)}'),
	('client.misconfigured', 'bad', 'a client cannot be asked as it is set up', 'client {client} is misconfigured', 'these are misconfigured: {client}', '{client}: {error}{ (|hint|)}'),
	('client.suspect', 'warn', 'a client says that it lost everything', 'client {client} holds nothing', 'these hold nothing: {client}', '{client}: {error}{ (|hint|)}'),
	('client.back', 'good', 'a client is well again', 'client {client} is back', '{count} times back: {client}', '{client}{ after |detail|}'),
	('client.disk_low', 'bad', 'a client has less room than the rule''s below', 'client {client}: {free} left', 'little room: {client}', '{client}: {free} left'),
	('client.disk_ok', 'good', 'it has room again', 'client {client}: room again', 'room again: {client}', '{client}: {free} left'),
	('library.disk_low', 'bad', 'a library''s file system has less room than that', 'library {library}: {free} left', 'little room: {library}', '{library}: {free} left'),
	('library.disk_ok', 'good', 'it has room again', 'library {library}: room again', 'room again: {library}', '{library}: {free} left'),
	('target.failing', 'bad', 'a media server could not be told', 'target {target} fails', 'these fail: {target}', '{target}: {error}{ (|hint|)}'),
	('target.back', 'good', 'it was told again', 'target {target} is back', 'these are back: {target}', '{target}'),
	('job.failed', 'bad', 'jobs have failed, and are not tried again', 'failed: {kind}{ (|jobs| jobs)}', 'failed: {kind}', '{kind} in {queue}, job {id}{ (of |jobs|)}{: |class|}{: |error|}'),
	('job.needs_approval', 'warn', 'jobs wait for somebody''s yes or no', 'to be approved: {kind}{ (|jobs| jobs)}', 'to be approved: {kind}', '{kind}{ |key|} in {queue}, job {id}{ (of |jobs|)}: tow approve, or tow reject'),
	('worker.lost', 'bad', 'a worker has died or does not answer; its jobs begin anew', 'worker {worker} is lost', 'lost: {worker}', '{worker}{ on |host|}{, which had |jobs| jobs}'),
	('schedule.failed', 'bad', 'a schedule could not make its job', 'schedule {schedule} fails', 'these schedules fail: {schedule}', '{schedule}{: |error|}')
) o(event, level, means, title, many, line);
comment on view haul.occasions is 'What rules can have told, and how it reads where a rule has no words of its own.';

create or replace function haul_store.is_like(p_text text, p_pattern text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select p_text like replace(replace(replace(replace(p_pattern, '\', '\\'), '%', '\%'), '_', '\_'), '*', '%')
$$;
comment on function haul_store.is_like(text, text) is 'Whether a text is like a pattern, in which * stands for anything.';

-- One of those may say more of what it wants: job.failed queue=mail class=http.*. p_said is null: what would be said is not known yet.
create or replace function haul_store.event_fits(p_event text, p_events text[], p_said jsonb default null) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select exists (select from unnest(p_events) e, string_to_array(e, ' ') w where haul_store.is_like(p_event, w[1])
		and (p_said is null or not exists (select from unnest(w[2:]) f where not haul_store.is_like(coalesce(p_said ->> split_part(f, '=', 1), ''), substring(f from '=(.*)')))))
$$;
comment on function haul_store.event_fits(text, text[], jsonb) is 'Whether an event, and what is said of it, is one of those.';

-- What people are told leaves this house: user, password, query and fragment of addresses are left out, and what looks like
-- a key in their path (trackers put one there); so is the inside of a magnet, and no line is begun that was not ours.
create or replace function haul_store.mask(p_text text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select left(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(p_text,
		'([a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/?#@]*@', '\1', 'g'),
		'([a-zA-Z][a-zA-Z0-9+.-]*://[^\s?#''"]*)[?#][^\s''"]*', '\1?...', 'g'),
		'(magnet:)[^\s''"]*', '\1...', 'gi'),
		'(/)[a-zA-Z0-9_-]{20,}(?=[/\s?''"]|$)', '\1...', 'g'),
		'[[:cntrl:]]+', ' ', 'g'), 1000)
$$;
comment on function haul_store.mask(text) is 'A text for people, without what could be a secret in it.';

-- Of several: the first five different ones of each field, and how many more.
create or replace function haul_store.together(p_said jsonb[]) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
	select coalesce(jsonb_object_agg(f.key, f.value), '{}') || jsonb_build_object('count', cardinality(p_said))
	from (select d.key, string_agg(d.value, ', ' order by d.n) filter (where d.n <= 5) || case when count(*) > 5 then format(' and %s more', count(*) - 5) else '' end as value
		from (select e.key, e.value, row_number() over (partition by e.key order by min(s.n)) as n
			from unnest(p_said) with ordinality s(said, n), jsonb_each_text(s.said) e where e.value <> '' group by e.key, e.value) d
		group by d.key) f
$$;
comment on function haul_store.together(jsonb[]) is 'The fields of several news as one, and count.';
