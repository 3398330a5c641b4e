-- Retry policies. The delay after attempt n: fixed base; linear base * n; exponential base * factor ^ (n - 1);
-- polynomial base * n ^ factor; list the n-th of delays, then the last. Capped, then spread by jitter to both sides.
create or replace function tow_store.delay(p tow_store.policy, p_attempt int, p_jitter boolean) returns interval
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
	v_base constant double precision := extract(epoch from p.base);
	v_cap constant double precision := least(extract(epoch from coalesce(p.cap, '365 days')), 31536000);
	v_s double precision;
begin
	v_s := case p.shape
		when 'fixed' then v_base
		when 'linear' then v_base * p_attempt
		when 'exponential' then case when v_base = 0 then 0 else v_base * exp(least(ln(p.factor) * (p_attempt - 1), 50)) end
		when 'polynomial' then v_base * exp(least(ln(p_attempt) * p.factor, 50))
		when 'list' then extract(epoch from p.delays[least(p_attempt, cardinality(p.delays))])
	end;
	v_s := least(v_s, v_cap);
	if p_jitter then
		v_s := v_s * (1 + p.jitter * (2 * random() - 1));
	end if;
	return make_interval(secs => v_s);
end $$;
comment on function tow_store.delay(tow_store.policy, int, boolean) is 'How long after this attempt the next one comes; null where a function decides.';

-- The policy for an error class: the job's, else its queue's, else default; then what that one says of the class.
create or replace function tow_store.policy_for(j tow_store.job, p_class text) returns tow_store.policy
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	p tow_store.policy;
	v_other tow_store.policy;
begin
	select o.* into p from tow_store.policy o where o.name = coalesce(j.policy, (select q.policy from tow_store.queue q where q.name = j.queue), 'default');
	if not found then
		select o.* into p from tow_store.policy o where o.name = 'default';
	end if;
	if p_class is not null and p.classes <> '{}' then
		select o.* into v_other
		from jsonb_each_text(p.classes) c join tow_store.policy o on o.name = c.value
		where starts_with(p_class, c.key) order by length(c.key) desc limit 1;
		if found then
			return v_other;
		end if;
	end if;
	return p;
end $$;
comment on function tow_store.policy_for(tow_store.job, text) is 'The policy that decides about a failure of this class.';

create or replace function tow_store.max_attempts(j tow_store.job, p tow_store.policy) returns int
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select case when p.name = 'never' then 1
	else coalesce(j.max_attempts, (select q.max_attempts from tow_store.queue q where q.name = j.queue), p.max_attempts) end
$$;
comment on function tow_store.max_attempts(tow_store.job, tow_store.policy) is 'How many attempts a job has.';

create or replace function tow.retry_preview(policy text default 'default', n int default null)
returns table(attempt int, delay interval, cumulative interval)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	p tow_store.policy;
begin
	select o.* into p from tow_store.policy o where o.name = policy;
	if not found then
		perform tow_store.fail('TW404', format('no such policy %L', policy), 'select name from tow.policies lists them; tow.set_policy makes one');
	elsif p.shape = 'function' then
		perform tow_store.fail('TW409', format('policy %L asks the function %s', policy, p.fn), 'its delays depend on the job and its error');
	end if;
	return query
		select a, d, sum(d) over (order by a)
		from (select a, tow_store.delay(p, a, false) as d from generate_series(1, coalesce(n, p.max_attempts - 1)) a) s;
end $$;
comment on function tow.retry_preview(text, int) is 'The delays of a policy, without jitter: after which attempt, how long, how long in all.';

-- Which rule of the table a policy breaks, in words.
create or replace function tow_store.misfit(p_name text, p_broken text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
	case p_broken
		when 'policy_name_check' then perform tow_store.fail('TW422', format('bad policy name %L', left(p_name, 70)), 'use 1 to 64 small letters, digits, and any of _ . -, but not . or .. alone');
		when 'policy_base_check' then perform tow_store.fail('TW422', format('policy %L: base is below zero', p_name), 'give the first delay, for instance 30 s');
		when 'policy_cap_check' then perform tow_store.fail('TW422', format('policy %L: cap is below zero', p_name), 'give the longest delay, for instance 6 hours');
		when 'policy_factor_check' then perform tow_store.fail('TW422', format('policy %L: bad factor', p_name), 'use a number above 0, up to 100');
		when 'policy_jitter_check' then perform tow_store.fail('TW422', format('policy %L: bad jitter', p_name), 'it is the part of a delay that is left to chance, 0 to 1');
		when 'policy_max_attempts_check' then perform tow_store.fail('TW422', format('policy %L: bad max_attempts', p_name), 'use 1 to 1000000');
		when 'policy_check' then perform tow_store.fail('TW422', format('policy %L: a list needs delays', p_name), 'give them one after the other: 1 min, 10 min, 1 hour');
		when 'policy_check1' then perform tow_store.fail('TW422', format('policy %L: the shape function needs a function', p_name), 'give it as fn: mine(jsonb,jsonb), which takes the job and its error and returns an interval, or null to give up');
		else raise exception 'policy %: % does not hold', quote_literal(p_name), p_broken using errcode = 'check_violation'; -- nobody foresaw that it could break
	end case;
end $$;
comment on function tow_store.misfit(text, text) is 'Raise TW422 for what a policy breaks.';

create or replace function tow.set_policy(
	name text, shape text default null, base interval default null, cap interval default null, factor double precision default null,
	jitter real default null, max_attempts int default null, delays interval[] default null, classes jsonb default null,
	fn regprocedure default null, description text default null
) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c_own constant text[] := '{name,fn_off_until}'::text[];
	p tow_store.policy;
	v_strange text;
	v_broken text;
begin
	select o.* into p from tow_store.policy o where o.name = name;
	if not found and shape is null then
		perform tow_store.fail('TW422', format('policy %L is new and has no shape', name), 'use fixed, linear, exponential, polynomial, list or function');
	end if;
	if fn is not null and not exists (select from pg_proc f where f.oid = fn and f.prorettype = 'interval'::regtype
		and f.proargtypes::text = format('%s %s', 'jsonb'::regtype::oid, 'jsonb'::regtype::oid)) then
		perform tow_store.fail('TW422', format('%s is not a function(job jsonb, error jsonb) returns interval', fn), 'null says: give up');
	end if;
	if shape not in ('fixed', 'linear', 'exponential', 'polynomial', 'list', 'function') then
		perform tow_store.fail('TW422', format('policy %L: there is no shape %L', name, left(shape, 110)), 'use fixed, linear, exponential, polynomial, list or function');
	end if;
	perform tow_store.check_owned(fn, session_user);
	if delays is not null and (cardinality(delays) = 0 or exists (select from unnest(delays) d where d is null or d < '0')) then
		perform tow_store.fail('TW422', format('policy %L: bad delays', name), 'give at least one interval, none below zero');
	elsif name in ('.', '..') then
		perform tow_store.misfit(name, 'policy_name_check');
	elsif name is null then
		perform tow_store.fail('TW422', 'a policy needs a name', 'use 1 to 64 small letters, digits, and any of _ . -, but not . or .. alone');
	end if;
	if jsonb_typeof(classes) <> 'object' then
		perform tow_store.fail('TW422', 'classes are not a JSON object', 'write {"http.4": "never", ...}: how an error''s class begins, and the policy for it');
	end if;
	select c.value #>> '{}' into v_strange from jsonb_each(classes) c
	where jsonb_typeof(c.value) <> 'string' or not exists (select from tow_store.policy o where o.name = c.value #>> '{}') limit 1;
	if found then
		perform tow_store.fail('TW404', format('classes: there is no policy %L', left(v_strange, 110)),
			coalesce('did you mean ' || quote_literal(tow_store.nearest(v_strange, array(select o.name from tow_store.policy o order by 1))) || '? ', '') || 'write {"http.4": "never", ...}, with policies that are made before');
	end if;
	insert into tow_store.policy as o (name, shape, base, cap, factor, jitter, max_attempts, delays, classes, fn, fn_role, description)
	values (name, coalesce(shape, p.shape), coalesce(base, p.base, '5 s'), coalesce(cap, p.cap), coalesce(factor, p.factor, 2),
		coalesce(jitter, p.jitter, 0.1), coalesce(max_attempts, p.max_attempts, 12),
		case when coalesce(shape, p.shape) = 'list' then coalesce(delays, p.delays) end, coalesce(classes, p.classes, '{}'),
		case when coalesce(shape, p.shape) = 'function' then coalesce(fn::text, p.fn) end,
		case when coalesce(shape, p.shape) = 'function' then case when fn is null then p.fn_role else session_user end end,
		coalesce(description, p.description))
	on conflict on constraint policy_pkey do update set shape = excluded.shape, base = excluded.base, cap = excluded.cap, factor = excluded.factor,
		jitter = excluded.jitter, max_attempts = excluded.max_attempts, delays = excluded.delays, classes = excluded.classes,
		fn = excluded.fn, fn_role = excluded.fn_role, description = excluded.description;
	perform tow_store.note('policy.set', name, null, tow_store.changed(case when p.name is not null then to_jsonb(p) - c_own end, jsonb_strip_nulls(to_jsonb(o)) - c_own)) from tow_store.policy o where o.name = name;
exception
	when check_violation then
		get stacked diagnostics v_broken = constraint_name;
		perform tow_store.misfit(name, v_broken);
end $$;
comment on function tow.set_policy(text, text, interval, interval, double precision, real, int, interval[], jsonb, regprocedure, text) is
'Make or change a retry policy; what is left out stays.';

create or replace function tow.drop_policy(name text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
	if name in ('default', 'never') then
		perform tow_store.fail('TW409', format('policy %L is needed', name), 'change it with tow.set_policy instead');
	end if;
	if exists (select from tow_store.schedule s where s.policy = name) then
		perform tow_store.fail('TW409', format('policy %L is used by a schedule', name), 'give the schedule another one first: tow.schedule');
	end if;
	delete from tow_store.policy p where p.name = name;
	if not found then
		perform tow_store.fail('TW404', format('no such policy %L', name), 'select name from tow.policies lists them');
	end if;
	perform tow_store.note('policy.dropped', name);
exception
	when foreign_key_violation then
		perform tow_store.fail('TW409', format('policy %L is used by a queue', name), 'give the queue another one first: tow.set_queue');
end $$;
comment on function tow.drop_policy(text) is 'Delete a policy; jobs that name it go by the default one.';

-- A user's function is called only if it is security definer and belongs to the role that is to answer for it: then
-- PostgreSQL itself keeps it to what that role may do.
create or replace function tow_store.check_owned(p_fn regprocedure, p_role name) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
	if p_fn is null then
		return;
	elsif not exists (select from pg_proc f where f.oid = p_fn and f.prosecdef and pg_get_userbyid(f.proowner) = p_role) then
		perform tow_store.fail('TW422', format('%s is not security definer and owned by %s', p_fn, p_role),
			format('alter function %s security definer; alter function %s owner to %I;', p_fn, p_fn, p_role));
	elsif not (select has_schema_privilege(f.pronamespace, 'usage') and has_function_privilege(f.oid, 'execute') from pg_proc f where f.oid = p_fn) then
		perform tow_store.fail('TW422', format('%s may not be called by %s', p_fn, current_user),
			format('grant usage on schema %s to %I; grant execute on function %s to %I;',
				(select f.pronamespace::regnamespace from pg_proc f where f.oid = p_fn), current_user, p_fn, current_user));
	end if;
end $$;
comment on function tow_store.check_owned(regprocedure, name) is 'Refuse a user''s function that would not run as its owner.';
