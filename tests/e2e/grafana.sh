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
instance_psql -c 'create role tow_grafana login in role tow_viewer' \
	-c "select tow.enqueue_many('noop', array_fill('{}'::jsonb, array[200]))" \
	-c "insert into tow_store.history (job_id, run, finished_at, started_at, attempt, outcome)
		select i, i, clock_timestamp() - i * interval '1 s', clock_timestamp() - i * interval '1 s', 1, 'c' from generate_series(1, 50000) i" >/dev/null
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
analyze tow_store.metric, tow_store.metric_queue, tow_store.metric_failure, tow_store.metric_table;
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

ok "three months by the day" asked 2160 1d
while read -r n _ title; do
	ok "$title: three months" psql_as tow_grafana -c "set statement_timeout = '60s'" -f "$instance_dir/1d/$n.sql" >/dev/null
done <"$instance_dir/1d/list"

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
done_testing
