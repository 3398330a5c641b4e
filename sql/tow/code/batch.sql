-- Batches: many jobs with one that runs when all of them have ended. The batch is that last job: it waits while
-- members are added (parent => its id), and once it is sealed, until each of them has ended, however. Sealing waits for
-- the transactions that are adding members (7630722). Nobody logs in as tow_producer: as that the server asks for a token, which
-- seals what it has begun.
create or replace function tow.batch(
	kind text, args jsonb default '{}', queue text default 'default', priority int default 100, name text default null,
	max_attempts int default null, timeout interval default null, policy text default null, tags text[] default null,
	lane text default null, parent bigint default null
) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	v_id bigint;
begin
	if length(name) not between 1 and 200 then
		perform tow_store.fail('TW422', 'the name of a batch is empty or longer than 200 characters', 'use a short text, or none');
	end if;
	v_id := tow.enqueue(kind, args, queue, priority, max_attempts => max_attempts, timeout => timeout, policy => policy, tags => tags,
		lane => lane, parent => parent, wait_for => 'seal');
	update tow_store.waiting w set reason = 'batch', detail = null where w.id = v_id;
	insert into tow_store.family (id, batch, name, who) values (v_id, true, name, tow_store.actor());
	return v_id;
end $$;
comment on function tow.batch(text, jsonb, text, int, text, int, interval, text, text[], text, bigint) is
'Open a batch: add members with tow.enqueue(..., parent => id) or tow.enqueue_many, then call tow.seal(id). The job itself runs when all members have ended; its memory says how.';

create or replace function tow.seal(id bigint) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	j constant tow_store.job := tow_store.see_job(id);
	v_members bigint;
begin
	perform tow_store.check_producer(j.queue);
	if tow_store.caller() = 'tow_producer' and not exists (select from tow_store.family f where f.id = id and f.who = tow_store.actor()) then
		perform tow_store.fail('TW403', format('%s has begun no batch %s', tow_store.actor(), id), 'who has begun it seals it, or an operator');
	end if;
	perform pg_advisory_xact_lock(7630722, hashint8(id));
	update tow_store.waiting w set reason = 'children', since = tow.now(), fresh = true where w.id = id and w.reason = 'batch';
	if not found then
		perform tow_store.fail('TW409', format('job %s is not an open batch', id),
			case when exists (select from tow_store.family f where f.id = id and f.batch) then 'it is sealed already' else 'it is made with tow.batch' end);
	end if;
	perform tow_store.ring_clock('-infinity');
	v_members := (tow_store.family_of(id)).total;
	perform tow_store.note('job.sealed', j.kind, id, jsonb_build_object('members', v_members));
	return v_members;
end $$;
comment on function tow.seal(bigint) is 'All members are there: the batch''s job runs when all have ended. Members may still add others (parent => the batch); what comes before the last has ended is waited for, too. Returns how many there are.';

create or replace function tow.progress_of(id bigint)
returns table(total bigint, completed bigint, failed bigint, cancelled bigint, pending bigint, pct real, batch boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
	perform tow_store.see_job($1);
	return query
		select f.total, f.completed, f.failed, f.cancelled, f.pending, (100.0 * (f.total - f.pending) / nullif(f.total, 0))::real,
			exists (select from tow_store.family o where o.id = $1 and o.batch)
		from tow_store.family_of($1) f;
end $$;
comment on function tow.progress_of(bigint) is 'How far the members of a batch, or the children of a job, are: pct of them have ended; batch: whether it is one that is remembered.';
