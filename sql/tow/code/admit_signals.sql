-- A part of duty_admit: jobs that wait for a signal; waits that have taken too long; how a job goes on, or ends, after a wait.

-- A job has what it waited for. After its predecessors one may wait for a signal still, and for its instant.
create or replace function tow_store.go_on(w tow_store.waiting) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if w.reason = 'predecessors' and w.detail ? 'name' then
		update tow_store.waiting a set reason = case w.detail ->> 'name' when 'approval' then 'approval' else 'signal' end,
			since = tow.now(), fresh = true
		where a.id = w.id;
	else
		delete from tow_store.waiting a where a.id = w.id;
		perform tow_store.put_back(w.id, w.band, w.attempt, w.flags | 16,
			coalesce((w.detail ->> 'run_at')::timestamptz, (select j.run_at from tow_store.job j where j.id = w.id)), 's');
	end if;
end $$;
comment on function tow_store.go_on(tow_store.waiting) is 'Let a job wait for what is next: a signal, its instant, its turn.';

create or replace function tow_store.end_waiting(p_id bigint, p_outcome "char", p_class text, p_error text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	w tow_store.waiting;
begin
	delete from tow_store.waiting a where a.id = p_id returning a.* into w;
	insert into tow_store.history (job_id, run, finished_at, band, attempt, outcome, class, error)
	values (p_id, nextval('tow_store.run'), tow.now(), w.band, w.attempt, p_outcome, p_class, p_error);
	perform tow_store.drop_needs(p_id);
	if w.flags & 11 <> 0 then
		perform tow_store.job_ended(array[p_id]);
	end if;
end $$;
comment on function tow_store.end_waiting(bigint, "char", text, text) is 'End a job because of what it waited for.';

-- Signals: whoever waits for one goes on; anybody else finds it in his memory at his next run.
create or replace function tow_store.admit_told() returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	s tow_store.signal;
	w tow_store.waiting;
	v_count int := 0;
begin
	for s in select g.* from tow_store.signal g where g.fresh order by g.n limit 1000 for update skip locked loop
		select a.* into w from tow_store.waiting a
		where a.id = s.job_id and a.reason in ('signal', 'approval') and a.detail ->> 'name' = s.name for update skip locked;
		if found then
			perform tow_store.hear(w, tow_store.last_word(w));
		else
			continue when tow_store.mark(s.job_id, 16) = 'busy';
		end if;
		update tow_store.signal g set fresh = false, told_at = tow.now() where g.n = s.n;
		v_count := v_count + 1;
	end loop;
	return v_count;
end $$;
comment on function tow_store.admit_told() is 'Let jobs go on that were sent the signal they wait for.';

-- Of several that nobody has heard yet the last one counts. That one was not said in time is not something said: who
-- waits for it again waits anew.
create or replace function tow_store.last_word(w tow_store.waiting) returns tow_store.signal
language sql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set jit = off
as $$
	select g.* from tow_store.signal g where g.job_id = w.id and g.name = w.detail ->> 'name' and not g.timed_out order by g.n desc limit 1
$$;
comment on function tow_store.last_word(tow_store.waiting) is 'The signal that a job waits for, if it has been sent.';

create or replace function tow_store.hear(w tow_store.waiting, s tow_store.signal) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	if w.reason = 'approval' and w.detail ->> 'rejected' = 'cancel' and s.payload -> 'approved' = 'false' then
		perform tow_store.end_waiting(w.id, 'x', 'rejected', format('%s rejected it%s', s.who, coalesce(': ' || (s.payload ->> 'note'), '')));
	else
		perform tow_store.go_on(w);
	end if;
end $$;
comment on function tow_store.hear(tow_store.waiting, tow_store.signal) is 'A job has the signal that it waits for.';

-- Waits that have a limit: the job goes on and finds the signal timed out, or is cancelled if it asked for that. A
-- signal that came before this turn has come in time.
create or replace function tow_store.admit_overdue(p_now timestamptz) returns int
language plpgsql volatile set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	w tow_store.waiting;
	s tow_store.signal;
	v_count int := 0;
begin
	for w in select a.* from tow_store.waiting a where a.until <= p_now order by a.until limit 1000 for update skip locked loop
		v_count := v_count + 1;
		s := tow_store.last_word(w);
		if s.n is not null then
			perform tow_store.hear(w, s);
			continue;
		end if;
		if w.detail ? 'name' then
			insert into tow_store.signal (job_id, name, at, who, timed_out, fresh, told_at)
				values (w.id, w.detail ->> 'name', p_now, tow_store.actor(), true, false, tow.now());
		end if;
		if w.detail ->> 'on_timeout' = 'cancel' then
			perform tow_store.end_waiting(w.id, 'x', 'timeout',
				case w.reason when 'children' then 'its children had not ended in time' else format('nobody said %L in time', w.detail ->> 'name') end);
		else
			perform tow_store.go_on(w);
		end if;
	end loop;
	return v_count;
end $$;
comment on function tow_store.admit_overdue(timestamptz) is 'Let jobs go on whose wait has taken too long.';
