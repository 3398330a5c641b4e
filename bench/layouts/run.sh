#!/bin/bash
# Measure the storage layouts against each other, interleaved, on a private throw-away PostgreSQL.
# usage: bench/layouts/run.sh      ROUNDS (3) and SCALE (100, percent of the jobs in each cell) may be set
set -euo pipefail
cd "$(dirname "$0")"
bin=$(pg_config --bindir)
dir=$(mktemp -dt lay.XXXX)
as_owner() { if [ "$(id -u)" = 0 ]; then (cd "$dir" && runuser -u postgres -- "$@"); else "$@"; fi; }
sql() { psql -XAtq -v ON_ERROR_STOP=1 "$@"; }

stop() {
    as_owner "$bin/pg_ctl" -D "$dir/data" -m immediate stop >"$dir/log.stop" 2>&1 || true
    rm -rf "$dir"
}

start() {
    [ "$(id -u)" != 0 ] || chown postgres "$dir"
    as_owner "$bin/initdb" -D "$dir/data" -U postgres -A trust -N >"$dir/log.initdb"
    as_owner tee -a "$dir/data/postgresql.conf" >/dev/null <<-conf
	listen_addresses = ''
	unix_socket_directories = '$dir'
	shared_buffers = 512MB
	max_wal_size = 8GB
	checkpoint_timeout = 1h
	conf
    as_owner "$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w start >/dev/null
    export PGHOST=$dir PGUSER=postgres PGDATABASE=postgres
}

create() { # schema, parts of job, index of history by job
    sql -v s="$1" -v parts="$2" -v span=$((700000 * SCALE / 100 / ($2 > 0 ? $2 : 1))) -v by_job="$3" \
        -f facts.sql -f "${1%%_*}.sql"
    export PGOPTIONS=
}

record() { # layout, cell, then pairs of what and value
    local layout=$1 cell=$2
    for ((shift = 3; shift < $#; shift += 2)); do
        printf '%s|%s|%s|%s|%s|%s\n' "$((++line))" "$round" "$layout" "$cell" "${*:shift:1}" "${*:shift+1:1}"
    done >>"$dir/results"
}

measure() { # "jobs batch conns how", layouts
    local cell=$1 layouts=$2 jobs batch conns how layout fill rate wal first last
    read -r jobs batch conns how <<<"$cell"
    [ $((round % 2)) = 1 ] || layouts=$(printf '%s\n' $layouts | tac)
    for layout in $layouts; do
        export PGOPTIONS=-csearch_path=$layout
        sql -c 'vacuum ready, running'
        fill=$("$dir/layouts" fill $((jobs * SCALE / 100)))
        read -r rate wal first last < <("$dir/layouts" drain $((jobs * SCALE / 100)) "$batch" "$conns" "$how")
        record "$layout" "n=$batch c=$conns${how:+ $how}" \
            fill "$fill" rate "$rate" wal "$wal" first "$first" last "$last"
    done
    export PGOPTIONS=
}

lookup() { # 2,000,000 ended attempts in five days, one in fifty of a job born 100,000 positions before
    create p_lookup 0 none
    export PGOPTIONS='-csearch_path=p_lookup -cclient_min_messages=warning'
    sql -c "insert into history
            select case when g % 50 = 0 then greatest(g - 100001, 1) else g end, g, 1, 1, 1, 'completed',
                   clock_timestamp(), current_date + g / 2000000.0 * interval '5 days'
              from generate_series(1, 2000000 - 1) g" -c 'vacuum analyze history'
    for index in none "${indexes[@]}"; do
        [ "$index" = none ] || sql -c "create index history_by_job on history using $index"
        record "$index" lookup ms "$("$dir/layouts" lookup 2000000 1.5)" kB "$(sql -c "
            select coalesce(sum(pg_relation_size(inhrelid)), 0) / 1024 from pg_inherits
             where inhparent = to_regclass('history_by_job')")"
        sql -c 'drop index if exists history_by_job'
    done
    export PGOPTIONS=
}

trap stop EXIT
ROUNDS=${ROUNDS:-3} SCALE=${SCALE:-100} line=0 round=0 i=0 began=$SECONDS
gcc -std=gnu17 -O2 -Wall -Wextra -I"$(pg_config --includedir)" layouts.c -lpq -o "$dir/layouts"
start

indexes=('btree (job_id)'
         'brin (job_id) with (pages_per_range = 16, autosummarize)'
         'brin (job_id) with (pages_per_range = 128, autosummarize)'
         'brin (job_id int8_minmax_multi_ops) with (pages_per_range = 16, autosummarize)')
indexed='p_btree p_brin16 p_brin128 p_multi16'
for layout in p l h; do create $layout 0 none; done
for layout in $indexed; do create "$layout" 0 "${indexes[i++]}"; done
for parts in 4 12; do create p_$parts $parts none; done

for ((round = 1; round <= ROUNDS; round++)); do
    measure '4000 1 1' 'p l h p_4 p_12'
    measure '6000 1 2' 'p l h'
    measure '25000 10 1' 'p l h p_4 p_12'
    measure '40000 10 2' 'p l h'
    measure '80000 100 1' "p l h $indexed p_4 p_12"
    measure '100000 100 2' "p l h $indexed p_4 p_12"
    measure '100000 500 1' 'p l h'
    measure '160000 500 2' "p l h $indexed"
    measure '25000 10 1 scatter' 'p l h'
    measure '80000 100 1 scatter' 'p l h'
    measure '100000 100 2 scatter' 'p l h'
    measure '400000 100 1 pin' 'p l h'
    echo "round $round of $ROUNDS after $((SECONDS - began)) s" >&2
done
lookup
for layout in p $indexed; do
    record "$layout" 'as drained' ms "$(PGOPTIONS=-csearch_path=$layout "$dir/layouts" lookup 1000000 1.5)"
done
for layout in p l h $indexed p_4 p_12; do
    lost=$(sql -c "table $layout.unaccounted")
    [ "$lost" = 0 ] || { echo "$layout: $lost jobs lost or ended twice" >&2; exit 1; }
done

echo "$(uname -sm), $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1);" \
     "$("$bin/postgres" --version); $(gcc --version | head -1); $ROUNDS rounds, $((SECONDS - began)) s, $(date +%F)"
psql -Xq -v ON_ERROR_STOP=1 -v results="$dir/results" -f report.sql
