-- tow.inbox is for COPY: any program that can copy rows can enqueue, at a bare COPY's cost. The inbox duty turns them
-- into jobs; a row that cannot be one goes to tow.refused. A turn takes 2,000 rows as they lie in the table, which is
-- the order in which they came as long as nobody else's space is filled anew, and enqueues them in the order of n: to
-- sort all that is left would make a large copy quadratic. If one of them is bad, the turn takes 200 instead, in
-- blocks of 20, and row by row where a block has a bad one: so many savepoints, and no more. A row whose key somebody's
-- open transaction is taking goes back: the duty waits for nobody.
create or replace function tow_store.duty_inbox() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp set lock_timeout = '50ms'
as $$
declare
	v_rows tow.inbox[];
	v_back int := 0;
begin
	begin
		v_rows := tow_store.take_rows(2000);
		perform tow_store.take_in(v_rows);
		return coalesce(cardinality(v_rows), 0);
	exception when others then
		v_rows := tow_store.take_rows(200);
	end;
	for i in 1 .. coalesce(cardinality(v_rows), 0) by 20 loop
		begin
			perform tow_store.take_in(v_rows[i : i + 19]);
		exception when others then
			v_back := v_back + tow_store.take_in_each(v_rows[i : i + 19]);
		end;
	end loop;
	return coalesce(cardinality(v_rows), 0) - v_back;
end $$;
comment on function tow_store.duty_inbox() is 'Duty: enqueue what was copied into tow.inbox.';

create or replace function tow_store.take_rows(p_limit int) returns tow.inbox[]
language sql volatile set search_path = pg_catalog, pg_temp
set synchronize_seqscans = off
as $$
	with d as (
		delete from tow.inbox where ctid = any(array(select i.ctid from tow.inbox i limit p_limit for update skip locked)) returning *
	)
	select array_agg(d::tow.inbox order by d.n) from d
$$;
comment on function tow_store.take_rows(int) is 'Take rows out of the inbox, those that lie first.';

-- Rows that differ only in their arguments are enqueued together, on behalf of whoever wrote them.
create or replace function tow_store.take_in(p_rows tow.inbox[]) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	g record;
begin
	for g in
		select r.kind, array_agg(coalesce(r.args, '{}') order by r.n) as args, coalesce(r.queue, 'default') as queue,
			coalesce(r.priority, 100) as priority, r.run_at, r.max_attempts, r.tags, r.who
		from unnest(p_rows) r where r.key is null
		group by r.kind, r.queue, r.priority, r.run_at, r.max_attempts, r.tags, r.who order by min(r.n)
	loop
		perform tow_store.act_as(g.queue, g.who);
		perform tow.enqueue_many(g.kind, g.args, queue => g.queue, priority => g.priority, run_at => g.run_at, max_attempts => g.max_attempts, tags => g.tags);
	end loop;
	perform tow_store.take_in_one(r) from unnest(p_rows) r where r.key is not null;
	perform tow_store.act_no_more();
end $$;
comment on function tow_store.take_in(tow.inbox[]) is 'Enqueue rows of the inbox, all or none.';

create or replace function tow_store.take_in_one(r tow.inbox) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	perform tow_store.act_as(coalesce(r.queue, 'default'), r.who);
	perform tow.enqueue(r.kind, coalesce(r.args, '{}'), queue => coalesce(r.queue, 'default'), priority => coalesce(r.priority, 100),
		run_at => r.run_at, key => r.key, max_attempts => r.max_attempts, tags => r.tags);
	perform tow_store.act_no_more();
end $$;
comment on function tow_store.take_in_one(tow.inbox) is 'Enqueue one row of the inbox.';

create or replace function tow_store.take_in_each(p_rows tow.inbox[]) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	r tow.inbox;
	v_back int := 0;
begin
	foreach r in array p_rows loop
		begin
			perform tow_store.take_in_one(r);
		exception
			when lock_not_available then
				insert into tow.inbox overriding system value select r.*;
				v_back := v_back + 1;
			when others then
				insert into tow_store.refused (n, at, job, sqlstate, error) values (r.n, tow.now(), to_jsonb(r), sqlstate, sqlerrm);
		end;
	end loop;
	return v_back;
end $$;
comment on function tow_store.take_in_each(tow.inbox[]) is 'Enqueue rows of the inbox one by one; those that cannot be enqueued are kept with the reason. Returns how many went back.';

-- Once a statement, however many rows it brings: wake the scheduler if it sleeps.
create or replace function tow_store.inbox_filled() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
	perform tow_store.ring_clock('-infinity');
	return null;
end $$;
comment on function tow_store.inbox_filled() is 'Trigger of tow.inbox: wake the scheduler.';
create or replace trigger filled after insert on tow.inbox for each statement execute function tow_store.inbox_filled();
