-- What belongs together: jobs that run after others, parents and children, as text or for Graphviz. At most 500 jobs,
-- those that are nearest to the one asked for; each is looked up once.
create or replace function tow.graph(id bigint, format text default 'text') returns setof text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c_most constant int := 500;
	v_ids bigint[];
begin
	perform tow_store.see_job(id);
	if format is null or format not in ('text', 'dot') then
		perform tow_store.fail('TW422', format('bad format %L', format), 'use text or dot');
	end if;
	v_ids := tow_store.kin(id, c_most + 1);
	if format = 'dot' then
		return query select * from tow_store.graph_dot(v_ids[1:c_most], id, cardinality(v_ids) > c_most);
	else
		return query select * from tow_store.graph_text(v_ids[1:c_most], id);
		if cardinality(v_ids) > c_most then
			return next pg_catalog.format('(there are more: these are the %s nearest to job %s)', c_most, id);
		end if;
	end if;
end $$;
comment on function tow.graph(bigint, text) is
'Draw what a job belongs to: predecessors, successors, parent and children, with their states; format text or dot (for Graphviz). At most 500 jobs, the nearest.';

create or replace function tow.graph_json(id bigint) returns jsonb
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
	c_most constant int := 100;
	v_ids bigint[];
begin
	perform tow_store.see_job(id);
	v_ids := tow_store.kin(id, c_most + 1);
	return jsonb_build_object('more', cardinality(v_ids) > c_most,
		'nodes', (select jsonb_agg(jsonb_build_object('id', u.id, 'kind', j.kind, 'queue', j.queue, 'state', coalesce(tow.state(u.id), 'unknown'), 'waits_for', tow_store.waits_for_what(u.id)) order by u.n)
			from unnest(v_ids[1:c_most]) with ordinality u(id, n) left join tow_store.job j on j.id = u.id),
		'ties', (select coalesce(jsonb_agg(jsonb_build_object('above', t.above, 'below', t.below, 'how', t.how) order by t.above, t.below), '[]') from tow_store.ties(v_ids[1:c_most]) t));
end $$;
comment on function tow.graph_json(bigint) is
'What tow.graph draws, for a page: nodes (id, kind, queue, state, waits_for), the nearest first, and ties (above, below; how: child, or then for one that runs after the other). At most 100 jobs; more: there are others.';

create or replace function tow_store.kin(p_id bigint, p_most int) returns bigint[]
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
declare
	v_all bigint[] := array[p_id];
	v_new bigint[] := array[p_id];
begin
	loop
		v_new := array(
			select x.id
			from unnest(v_new) f(id), lateral (
				(select e.on_id from tow_store.edge e where e.job_id = f.id order by e.on_id limit p_most)
				union all
				(select e.job_id from tow_store.edge e where e.on_id = f.id order by e.job_id limit p_most)
				union all
				select j.parent from tow_store.job j where j.id = f.id and j.parent is not null
				union all
				(select j.id from tow_store.job j where j.parent = f.id order by j.id limit p_most)) x(id)
			where x.id <> all(v_all) group by x.id order by x.id limit p_most - cardinality(v_all));
		exit when v_new = '{}';
		v_all := v_all || v_new;
	end loop;
	return v_all;
end $$;
comment on function tow_store.kin(bigint, int) is 'A job and those tied to it, the nearest first, so many at most.';

-- The ties among some jobs: how is child, or then for one that runs after the other.
create or replace function tow_store.ties(p_ids bigint[]) returns table(above bigint, below bigint, how text)
language sql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
	select j.parent, j.id, 'child' from tow_store.job j where j.id = any(p_ids) and j.parent = any(p_ids)
	union all
	select e.on_id, e.job_id, 'then' from tow_store.edge e where e.job_id = any(p_ids) and e.on_id = any(p_ids)
$$;
comment on function tow_store.ties(bigint[]) is 'Which of some jobs is a child of, or runs after, which.';

create or replace function tow_store.graph_node(p_id bigint) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select format('%s  %s  %s%s', p_id, coalesce(j.kind, '(forgotten)'), coalesce(tow.state(p_id), 'unknown'), coalesce(' for ' || tow_store.waits_for_what(p_id), w.lane))
	from (select) one left join tow_store.job j on j.id = p_id
		left join lateral (select ' in lane ' || j.lane as lane from tow_store.place_of(p_id) p where j.lane is not null and p.reason in ('lane', 'arrival')) w on true
$$;
comment on function tow_store.graph_node(bigint) is 'A job in a line.';

-- A tree from those that have nothing above them, and last from the job itself, should it not have been reached: ties
-- of parents and those of successors can make a circle together. A job with several above it is drawn below the first,
-- and named below the others. Depth first, with the lines that are still to be drawn on a stack.
create or replace function tow_store.graph_text(p_ids bigint[], p_id bigint) returns setof text
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
	v_ties constant jsonb := coalesce((select jsonb_object_agg(t.above, t.below) from (
		select g.above, jsonb_agg(jsonb_build_array(g.below, g.how) order by g.how, g.below) as below from tow_store.ties(p_ids) g group by g.above) t), '{}');
	v_ids bigint[] := p_id || array(select i from unnest(p_ids) i where not exists (select from tow_store.ties(p_ids) t where t.below = i) order by i desc);
	v_leads text[] := array_fill(''::text, array[cardinality(v_ids)]);
	v_hows text[] := v_leads;
	v_drawn bigint[] := array[]::bigint[];
	v_below jsonb;
	v_id bigint;
	v_lead text;
	v_how text;
	n int;
begin
	loop
		n := cardinality(v_ids);
		exit when n = 0;
		v_id := v_ids[n];
		v_lead := v_leads[n];
		v_how := v_hows[n];
		v_ids := v_ids[1 : n - 1];
		v_leads := v_leads[1 : n - 1];
		v_hows := v_hows[1 : n - 1];
		if v_id = any(v_drawn) then
			if v_how <> '' then
				return next v_lead || v_how || v_id || '  (above)';
			end if;
			continue;
		end if;
		return next v_lead || v_how || case when v_id = p_id then '*' else '' end || tow_store.graph_node(v_id);
		v_drawn := v_drawn || v_id;
		v_lead := v_lead || case when v_how = '' then '' when starts_with(v_how, '└') then '   ' else '│  ' end;
		v_below := coalesce(v_ties -> v_id::text, '[]');
		for i in reverse jsonb_array_length(v_below) - 1 .. 0 loop
			v_ids := v_ids || (v_below -> i ->> 0)::bigint;
			v_leads := v_leads || v_lead;
			v_hows := v_hows || (case when i = jsonb_array_length(v_below) - 1 then '└─ ' else '├─ ' end || (v_below -> i ->> 1) || ' ');
		end loop;
	end loop;
end $$;
comment on function tow_store.graph_text(bigint[], bigint) is 'Draw jobs as a tree.';

create or replace function tow_store.graph_dot(p_ids bigint[], p_id bigint, p_cut boolean) returns setof text
language sql stable set search_path = pg_catalog, pg_temp
as $$
	select 'digraph tow {'
	union all
	select E'\trankdir = LR; node [shape = box, style = filled, fillcolor = white];'
	union all
	select format(E'\tj%s [label = "%s %s\\n%s", fillcolor = "%s"%s];', i, i, coalesce(j.kind, ''), coalesce(s.state, 'unknown'),
		case s.state when 'completed' then '#c8e6c9' when 'failed' then '#ffcdd2' when 'cancelled' then '#e0e0e0' when 'running' then '#bbdefb' else 'white' end,
		case when i = p_id then ', penwidth = 3' else '' end)
	from unnest(p_ids) with ordinality u(i, n) left join tow_store.job j on j.id = i, lateral (select tow.state(i) as state) s
	union all
	select format(E'\tj%s -> j%s%s;', t.above, t.below, case t.how when 'child' then ' [style = dashed, label = child]' else '' end) from tow_store.ties(p_ids) t
	union all
	select E'\tmore [label = "and more", shape = plaintext];' where p_cut
	union all
	select '}'
$$;
comment on function tow_store.graph_dot(bigint[], bigint, boolean) is 'Describe jobs for Graphviz.';

create or replace function tow_store.waits_for_what(p_id bigint) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off
as $$
declare
	w tow_store.waiting;
	j tow_store.job;
	v_needs text;
	v_later text;
begin
	select o.* into w from tow_store.waiting o where o.id = p_id;
	select o.* into j from tow_store.job o where o.id = w.id;
	if w.reason in ('predecessors', 'children') then
		select case w.reason when 'children' then 'children ' else 'jobs ' end || string_agg(case when l.n <= 5 then l.on_id::text else '...' end, ', ' order by l.on_id) into v_needs
		from (select d.on_id, row_number() over (order by d.on_id) as n from tow_store.need d where d.job_id = p_id order by d.on_id limit 6) l;
	end if;
	if w.detail is not null or j.run_at is not null then -- else it waits for nothing after this
		select string_agg(', then ' || case l.reason when 'not due' then date_trunc('second', l.until)::text when 'signal' then 'signal ' || (w.detail ->> 'name') else l.reason end, '' order by l.n) into v_later
		from tow_store.why_later(j, w) l;
	end if;
	return case w.reason when 'predecessors' then coalesce(v_needs, w.reason) when 'children' then coalesce(v_needs, w.reason)
			when 'batch' then 'the batch to be sealed' when 'signal' then 'signal ' || (w.detail ->> 'name') when 'approval' then 'approval' end
		|| coalesce(', until ' || date_trunc('second', w.until)::text, '') || coalesce(v_later, '');
end $$;
comment on function tow_store.waits_for_what(bigint) is 'What a waiting job waits for, in words: jobs 5, 7; signal paid; approval; the batch to be sealed; jobs 5, then approval.';

-- Two probes of indexes. Arrivals of this moment have not been sorted into a lane yet, and say the same.
create or replace function tow_store.waits_in_lane(p_queue text, p_lane text) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set jit = off
as $$
begin
	return (
		select 'lane ' || p_lane || case when g.paused_at is not null then ': paused'
			else case t.why when 'l' then ': at its limit' when 't' then ': out of tokens' else ': its turn' end end
		from (select) one
			left join tow_store.gate g on g.what = 'l' and g.queue = (select q.id from tow_store.queue q where q.name = p_queue) and g.name = p_lane
			left join lateral (select o.why from tow_store.turn o where o.gate = g.id and o.why is distinct from 'i' order by o.gate, o.band, o.v limit 1) t on true
	);
end $$;
comment on function tow_store.waits_in_lane(text, text) is 'What a job that stands in its lane waits for, in words: lane acme: at its limit. tow.why knows who is before it.';
