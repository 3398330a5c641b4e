#!/usr/bin/env bash
# The dashboard of contrib/grafana: each of its queries, as Grafana would ask it, as a login that may only look, on a
# database with three months of metrics: it answers, with the columns that Grafana needs, and reads what the time shown
# needs of them, and nothing of jobs and history.
. tests/lib/tap.sh
. tests/lib/instance.sh
. tests/lib/logins.sh

dashboard=contrib/grafana/dashboards/towpath.json

# shellcheck disable=SC2119
instance_start
logins_open
instance_psql -c 'create role tow_grafana login in role tow_viewer' -c "$(sed -n 's/^ *\(alter role tow_grafana .*\)/\1/p' contrib/grafana/README.md)" \
	-c "select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[200]))" \
	-c "insert into tow_store.history (job_id, run, finished_at, started_at, attempt, outcome)
		select i, i, clock_timestamp() - i * interval '1 s', clock_timestamp() - i * interval '1 s', 1, case i when 1 then 'f' else 'c' end::\"char\" from generate_series(1, 50000) i" >/dev/null
# an hour a row until two days ago, then a minute a row
instance_psql >/dev/null <<'END'
create temporary table bucket as
select a as at, 60 as minutes from generate_series(date_trunc('hour', now() - interval '90 days'), date_trunc('hour', now()) - interval '49 hours', '1 hour') a
union all
select a, 1 from generate_series(date_trunc('hour', now()) - interval '48 hours', date_trunc('minute', now()) - interval '1 min', '1 min') a;
insert into tow_store.metric select at, minutes, 2, 8, 5, 1, 10, 3, 5000000, 900, 'session 4711 (forgotten)', '0/1', 1e6, 0 from bucket;
insert into tow_store.metric_queue
select at, minutes, q, 100, 120, 9, 4, 5, 8, 600, 1, 2, 3, 4, 5, b.bins, b.bins
from bucket, unnest('{default,mail,o''clock}'::text[]) q, (select array_agg(i::bigint) as bins from generate_series(1, 42) i) b;
insert into tow_store.metric_failure select at, minutes, k, c, 1, 2, 3 from bucket, unnest('{resize,mail}'::text[]) k, unnest('{http.503,timeout}'::text[]) c;
insert into tow_store.metric_table select at, minutes, t, 1e9, 1000 from bucket, unnest('{job,history,ready}'::text[]) t;
vacuum analyze tow_store.metric, tow_store.metric_queue, tow_store.metric_failure, tow_store.metric_table;
END

# Columns with their types, as psql describes them: "time numeric|metric text|value double precision"
columns_of() { # file
	psql_as tow_grafana -f <(cat "$1" && echo ' \gdesc') | sed 's/|/ /' | paste -sd '|'
}

fits() { # format columns
	case $1 in
	variable) [[ $2 =~ ^[a-z]+\ text$ ]] ;;
	time_series) [[ $2 =~ ^time\ (numeric|timestamp\ with\ time\ zone)(\|metric\ text)?(\|[a-z]+\ (double\ precision|real|bigint|integer|numeric))+$ ]] ;;
	table) [[ $2 == *\|* ]] ;;
	*) return 1 ;;
	esac
}

# How many rows of which tables a query reads: "metrics others"
reads() { # file
	psql_as tow_grafana -f <(
		echo 'begin; create temporary table answer as'
		cat "$1"
		echo "; select coalesce(sum(seq_tup_read + idx_tup_fetch) filter (where relname ~ '^metric'), 0),
			coalesce(sum(seq_tup_read + idx_tup_fetch) filter (where relname ~ '^(job|history|log|ready)'), 0) from pg_stat_xact_user_tables
			where schemaname = 'tow_store'; rollback"
	) | tail -n 1
}

asked() { # hours back, interval
	mkdir -p "$instance_dir/$2"
	python3 tests/lib/grafana.py "$dashboard" "$instance_dir/$2" "$(date -u -d "-$1 hours" +%Y-%m-%dT%H:%M:%SZ)" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$2" \
		"queue=default,mail,o'clock" >"$instance_dir/$2/list"
}

ok "the dashboard's macros are known" asked 6 1m
is "$(grep -c . "$instance_dir/1m/list")" "$(jq '[.panels[].targets // [] | length] | add + 1' "$dashboard")" "every query is tried"
all=$(instance_psql -c 'select (select count(*) from tow_store.metric_queue) + (select count(*) from tow_store.metric_failure)')
while read -r n form title; do
	file=$instance_dir/1m/$n.sql
	columns=$(columns_of "$file")
	ok "$title: a $form of $columns" fits "$form" "$columns"
	ok "has rows" [ "$(psql_as tow_grafana -f "$file" | grep -c .)" -gt 0 ]
	IFS='|' read -r metrics others <<<"$(reads "$file")"
	ok "reads $metrics of more than $all rows of metrics" [ "$((metrics * 4))" -lt "$all" ]
	ok "and $others of jobs and history" [ "$others" -lt 1000 ] # ready jobs are counted, those of history not
done <"$instance_dir/1m/list"

# How many pages each may read, for six hours, a day, a week and three months: twice what it was when this was written.
most_pages() { # file hours
	local most
	case $(<"$1") in
	*tow.status*) most='14000 14000 14000 14000' ;;
	*metrics_quantiles*) most='3000 3200 5600 5700' ;;
	*metrics_failures*) most='60 190 420 420' ;;
	*metrics_system*) most='30 70 140 180' ;;
	*metrics_tables*) most='45 130 250 250' ;;
	*metrics_queues*queue\ in*) most='800 1000 3400 3400' ;;
	*) most='60 100 160 240' ;; # the variable
	esac
	case $2 in 6) echo "${most%% *}" ;; 24) cut -d ' ' -f 2 <<<"$most" ;; 168) cut -d ' ' -f 3 <<<"$most" ;; *) echo "${most##* }" ;; esac
}
pages() { # file; it is run
	psql_as tow_grafana -f <(echo 'explain (analyze, buffers, summary off, timing off)' && cat "$1") |
		awk '/Buffers: shared/ && !seen++ { for (i = 1; i <= NF; i++) if ($i == "temp") break; else if ($i ~ /^(hit|read)=/) { split($i, p, "="); n += p[2] } print n }'
}
is "$(psql_as tow_grafana -c 'show statement_timeout')" 10s "the login's statements may take what the README says"
while read -r hours interval; do
	ok "$hours hours by $interval" asked "$hours" "$interval"
	while read -r n _ title; do
		file=$instance_dir/$interval/$n.sql
		got=$(pages "$file") most=$(most_pages "$file" "$hours")
		ok "$title of $hours hours, in time: ${got:-?} pages of at most $most" [ -n "$got" -a "${got:-0}" -gt 0 -a "${got:-0}" -le "$most" ]
	done <"$instance_dir/$interval/list"
done <<-'END'
	6 1m
	24 5m
	168 1h
	2160 1d
END

# What a query shows is what is there: one known number.
like "$(psql_as tow_grafana -F ' ' -f "$(grep -l 'sum(completed)' "$instance_dir"/1m/*.sql)" | awk '$2 == "mail" { print $3 }' | sort -u | paste -sd ' ')" '^10$' \
	"600 jobs a minute are 10 a second"
failures() { psql_as tow_grafana -F ' ' -f "$(grep -l 'kind as metric' "$instance_dir/$1"/*.sql)" | awk '$2 == "mail" { print $3 + 0 }' | sort -u | paste -sd ' '; }
is "$(failures 1m)" 12 "12 failures a minute"
ok "by ten minutes" asked 5 10m
like "$(failures 10m)" '(^| )12( |$)' "are 12 a minute however long an interval is"
like "$(psql_as tow_grafana -c "select args from tow.jobs limit 1")" hidden "the login sees no arguments"
like "$(psql_as tow_grafana -c "select tow.enqueue('noop')" 2>&1)" 'permission denied' "and makes no jobs"

# Files that Grafana reads as they are.
is "$(jq -r '[.panels[] | select(.targets) | .datasource.uid] | unique[]' "$dashboard")" \
	"$(sed -n 's/^ *uid: //p' contrib/grafana/provisioning/datasources/towpath.yaml)" "the dashboard's data source is the one provisioned"
like "$(sed -n 's/^ *user: //p' contrib/grafana/provisioning/datasources/towpath.yaml)" '^tow_grafana$' "with the login that the README makes"
is "$(jq '[.panels[].id] | length - (unique | length)' "$dashboard")" 0 "panels have ids of their own"

# Rules for Prometheus are about what is there.
instance_psql -c 'select tow_store.add_totals(max(at)) from tow_store.metric_queue' >/dev/null
told=$(psql_as tow_grafana -c 'select * from tow.prometheus()' | sed -n 's/^# TYPE \([a-z_]*\) .*/\1/p' | sort)
named=$(grep '^ *expr:' contrib/grafana/alerts.yml | grep -o 'tow_[a-z_]*' | sort -u)
ok "alerts go by $(wc -l <<<"$named") metrics" [ -n "$named" ]
is "$(comm -23 <(echo "$named") <(echo "$told"))" "" "all of which are told"
done_testing
