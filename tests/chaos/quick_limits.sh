#!/usr/bin/env bash
# Limits of a queue, a kind and lanes, and a rate, under eight workers that are killed, with jobs that fail and are
# retried, while limits are changed both ways: judged from what the handlers themselves wrote down, never one run too
# many; and nothing is left behind at the end. LIMITS_SECONDS (20) is for how long the storm goes on; on a slow
# machine it goes on until it has had its twelve turns.
. tests/lib/tap.sh
. tests/lib/faults.sh

seconds=${LIMITS_SECONDS:-20}
faults_start
# A handler says when it came and when it went; a kill leaves a mark without an end, and what the history says of the
# loss counts then. Every fifth attempt fails.
cat >>"$FAULTS_CONFIG" <<-'END'
	[exec mark]
	command = exec bash tests/lib/mark.sh
	[exec rare]
	command = exec bash tests/lib/mark.sh
	[exec moved]
	command = exec bash tests/lib/mark.sh
END
query "select tow.set_policy('default', 'fixed', base => '50 ms', max_attempts => 50), tow.set('max_losses', '1000'),
	tow.set_queue('narrow', max_running => 3), tow.set_queue('laned', lane_limit => 1), tow.set_lane('laned', 'wide', max_running => 3),
	tow.set_queue('slow', rate => 10, burst => 5), tow.set_queue('shifting', max_running => 4), tow.set_kind('rare', 2), tow.set_kind('moved', 3)" >/dev/null
# What was claimed and when, by the database's own account: the rate is a promise about claims.
instance_psql -c "create table public.claimed (job bigint, run bigint, queue text, at timestamptz);
	create function public.claimed() returns trigger language plpgsql security definer as \$\$
	begin insert into public.claimed select new.job_id, new.run, j.queue, new.claimed_at from tow_store.job j where j.id = new.job_id; return null; end \$\$;
	create trigger claimed after insert on tow_store.running for each row execute function public.claimed();
	create table public.shared (place bigint);
	create function public.shared() returns trigger language plpgsql security definer as \$\$
	begin if new.place <> new.run then insert into public.shared values (new.place); end if; return null; end \$\$;
	create trigger shared after insert on tow_store.held for each row execute function public.shared()"

scheduler_start
pids=()
crew() { # number
	worker_start --name "w$1" --config "$FAULTS_CONFIG" --lease 30s --prefetch $(($1 % 4 + 1)) --queue narrow:2 --queue laned:3 --queue slow:1 --queue shifting:2 --queue open:2
	pids[$1]=$WORKER_PID
}
for n in 1 2 3 4 5 6 7 8; do crew $n; done
ok "eight workers" wait_until 'there_is "select count(*) = 8 from tow.workers"'

more() {
	enqueue "select tow.enqueue_many('mark', array_fill('{}'::jsonb, array[10]), queue => 'narrow')" \
		"select tow.enqueue_many('rare', array_fill('{}'::jsonb, array[3]), queue => q, lane => case q when 'laned' then 'wide' end) from unnest('{narrow,laned,shifting}'::text[]) q" \
		"select tow.enqueue_many('moved', array_fill('{}'::jsonb, array[3]), queue => q) from unnest('{open,shifting}'::text[]) q" \
		"select tow.enqueue('mark', queue => 'laned', lane => 'lane' || n % 12) from generate_series(1, 24) n" \
		"select tow.enqueue('mark', queue => 'laned', lane => 'wide') from generate_series(1, 6) n" \
		"select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[8]), queue => 'slow')" \
		"select tow.enqueue_many('mark', array_fill('{}'::jsonb, array[6]), queue => 'shifting')" >/dev/null
}
shift_to() { # what limit call; says from when to when which limit was allowed: the larger one around a change
	local before
	before=$(query 'select clock_timestamp()')
	query "select $3" >/dev/null
	printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$before" "$(query 'select clock_timestamp()')" >>"$FAULTS_DIR/shifts"
}
shift_queue() {
	shift_to queue "$1" "tow.set_queue('shifting', max_running => $1)"
}
shift_kind() {
	shift_to kind "$1" "tow.set_kind('moved', $1)"
}
end=$((SECONDS + seconds)) turn=0
while [ $SECONDS -lt $end ] || [ $turn -lt 12 ]; do
	turn=$((turn + 1))
	more
	case $((turn % 4)) in
	0)
		shift_queue 1
		shift_kind 5
		;;
	2)
		shift_queue 6
		shift_kind 1
		;;
	1)
		victim=$((turn / 2 % 8 + 1))
		kill -KILL "${pids[victim]}"
		wait "${pids[victim]}" 2>/dev/null
		crew $victim
		;;
	3)
		query "select tow.pause_lane('laned', 'lane3'), tow.set_lane('laned', 'lane5', max_running => 2), tow.set_lane('laned', 'lane5', reset => '{max_running}')" >/dev/null
		query "select tow.resume_lane('laned', 'lane3')" >/dev/null
		;;
	esac
	sleep 0.5
done
# The kind whose limit moved, with places to spare: it comes up to a limit that it never had when its jobs stay.
: >"$FAULTS_DIR/hold.moved"
shift_kind 6
enqueue "select tow.enqueue_many('moved', array_fill('{}'::jsonb, array[8]), queue => 'open')" >/dev/null
ok "a kind that may be six, as never before: six are claimed" wait_until 'there_is "select count(*) = 6 from tow.jobs where kind = '\''moved'\'' and state = '\''running'\''"' 120
rm "$FAULTS_DIR/hold.moved"

#--- judged by the handlers' marks: come, and gone or lost
query "create table public.mark (what text, job bigint, run bigint, pid int, at numeric);
	create view public.span as
		select c.job, c.run, j.queue, j.kind, j.lane, to_timestamp(c.at) as came, coalesce(to_timestamp(min(g.at)), min(h.finished_at)) as went
		from public.mark c join tow_store.job j on j.id = c.job
			left join public.mark g on g.run = c.run and g.what = 'gone'
			left join tow_store.history h on h.run = c.run
		where c.what = 'come' group by c.job, c.run, j.queue, j.kind, j.lane, c.at;
	create table public.stay as select * from public.span;
	create function public.most(p_where text) returns bigint language plpgsql as \$\$
	declare v bigint;
	begin
		execute 'select coalesce(max(n), 0) from (select sum(d) over (order by at, d) as n from (
			select came as at, 1 as d from public.stay where ' || p_where || ' union all select went, -1 from public.stay where ' || p_where || ') e) s' into v;
		return v;
	end \$\$" >/dev/null

read_marks() {
	drained 300 || return
	query 'truncate public.mark, public.stay' >/dev/null
	sort -u "$FAULTS_DIR"/marks.* | instance_psql -c "\\copy public.mark from stdin with (delimiter ' ')"
	query 'insert into public.stay select * from public.span' >/dev/null
}
full() {
	there_is "select public.most('queue = ''narrow''') >= 3 and public.most('lane = ''wide''') >= 3 and public.most('kind = ''rare''') >= 2
		and (select count(distinct place) > 10 from public.shared)"
}
ok "everything comes to its end" read_marks
# A slow machine may not have had as many at once as it was allowed; then more jobs come, without the storm.
for _ in {1..40}; do
	if full; then break; fi
	more
	read_marks
done
accounted_for "every job completed once"
is "$(query 'select count(*) from tow_store.held h')" 0 "nothing is held"
is "$(query "select count(*) from tow_store.turn where why is distinct from 'i' and gate <> 0")" 0 "no lane waits for a turn"
ok "many runs were seen" there_is "select count(*) > 100 from public.stay"
diag "$(query "select format('%s runs, %s of them lost or failed', count(*), count(*) - count(distinct job)) from public.stay")"
ok "and places that several runs shared" there_is "select count(distinct place) > 10 from public.shared"
ok "each has an end" there_is "select count(*) = 0 from public.stay where went is null"
is "$(query "select public.most('queue = ''narrow''')")" 3 "a queue of three: three at once, never four"
is "$(query "select public.most('kind = ''rare''')")" 2 "a kind of two, over three queues and a lane"
is "$(query "select public.most('lane = ''wide''')")" 3 "a lane of three"
is "$(query "select max(public.most(format('lane = %L', lane))) from (select distinct lane from public.stay where lane like 'lane_' and lane <> 'lane5' or lane like 'lane__') l")" 1 \
	"lanes of one: never two"
is "$(query "select count(*) from (select first_value(c.job) over w as before, c.job from public.stay c join tow_store.history h on h.run = c.run
	where c.lane = 'lane1' and not exists (select from tow_store.history o where o.job_id = c.job and o.outcome <> 'c')
	window w as (order by c.came rows 1 preceding)) o where job < before")" 0 "and in order, those that ran once"
is "$(query "select coalesce(max(n - 5 - 10 * extract(epoch from b - a)), 0) <= 0.001 from (
	select a.at as a, b.at as b, count(*) as n from public.claimed a join public.claimed b on b.queue = 'slow' and b.at >= a.at
		join public.claimed c on c.queue = 'slow' and c.at between a.at and b.at where a.queue = 'slow' group by a.run, a.at, b.run, b.at) s")" t \
	"a rate: never more than the burst and ten a second"
# A change of a limit: none comes while as many are there as the limits allow that held from its claim until it came
# (others may have been claimed after it and have come before).
query "create table public.shift (what text, n int, a timestamptz, b timestamptz)" >/dev/null
instance_psql -c "\\copy public.shift from '$FAULTS_DIR/shifts'"
above() { # queue or kind, its name, its limit at first: runs that came above it
	query "select count(*) from public.stay c where c.$1 = '$2'
		and (select count(*) from public.stay o where o.$1 = '$2' and o.came <= c.came and o.went > c.came)
		> greatest((select s.n from public.shift s where s.what = '$1' and s.b < (select k.at from public.claimed k where k.run = c.run) order by s.b desc limit 1),
			(select max(s.n) from public.shift s, public.claimed k where s.what = '$1' and k.run = c.run and s.b >= k.at and s.a <= c.came),
			$3 * (select (count(*) = 0)::int from public.shift s, public.claimed k where s.what = '$1' and k.run = c.run and s.b < k.at))"
}
is "$(above queue shifting 4)" 0 "a limit that moves: no run came above what held since it was claimed"
is "$(above kind moved 3)" 0 "nor of a kind"
done_testing
