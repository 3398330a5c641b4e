-- Medians (and ranges) of what run.sh recorded, one table a question. psql variable: results, the file.
create table result (line int, round int, layout text, cell text, what text, value numeric);
\set copy '\\copy result from ' :results ' with (delimiter ''|'')'
:copy

create function thousands(p_values numeric[]) returns text language sql as $$
    select format('%s (%s-%s)', to_char(percentile_cont(0.5) within group (order by v) / 1000, 'FM9990.0'),
                  to_char(min(v) / 1000, 'FM9990.0'), to_char(max(v) / 1000, 'FM9990.0'))
      from unnest(p_values) v $$;

create view figure as
select layout, cell, what, thousands(array_agg(value)) as thousands, min(line) as line,
       round(percentile_cont(0.5) within group (order by value)::numeric, 3) as median
  from result group by layout, cell, what;

\pset footer off
\pset border 2
\echo 'Layouts: thousand outcomes/s, median (range)'
select cell, layout, thousands, line from figure
 where what = 'rate' and layout in ('p', 'l', 'h') and cell not like '%pin' order by line
\crosstabview cell layout thousands line

\echo 'Index of history by job (layout p): thousand outcomes/s'
select layout, cell, thousands, line from figure
 where what = 'rate' and cell in ('n=100 c=1', 'n=100 c=2', 'n=500 c=2')
   and layout in ('p', 'p_btree', 'p_brin16', 'p_brin128', 'p_multi16')
 order by line
\crosstabview layout cell thousands line

\echo 'One job''s attempts out of 2,000,000 rows in 5 partitions'
select layout as index, max(median) filter (where what = 'ms') as ms, max(median) filter (where what = 'kB')::int as "kB"
  from figure where cell = 'lookup' group by layout order by min(line);

\echo 'The same in one partition as the drains and autovacuum left it: 1.0 million rows, layout p 3.4 million'
select layout, median as ms from figure where cell = 'as drained' order by line;

\echo 'Partitions of job by id (layout p): thousand outcomes/s; the last column is the bulk enqueue, 1000 a call'
select layout, cell, thousands, line from figure
 where what = 'rate' and cell in ('n=1 c=1', 'n=10 c=1', 'n=100 c=1', 'n=100 c=2') and layout in ('p', 'p_4', 'p_12')
union all
select layout, 'enqueue', thousands(array_agg(value)), 1000000 from result
 where what = 'fill' and cell like 'n=100 c=_' and layout in ('p', 'p_4', 'p_12') group by layout
 order by line
\crosstabview layout cell thousands line

\echo 'Under a pinned xmin, 400,000 jobs: thousand outcomes/s, and the first and the last tenth'
select layout, what, thousands, line from figure
 where cell like '%pin' and what in ('rate', 'first', 'last') order by line
\crosstabview layout what thousands line

\echo 'Bytes of WAL an outcome'
select cell, layout, median::int, line from figure
 where what = 'wal' and layout in ('p', 'l', 'h', 'p_btree', 'p_brin16', 'p_multi16')
   and cell in ('n=1 c=1', 'n=100 c=1', 'n=100 c=1 scatter')
 order by line
\crosstabview cell layout median line

\echo 'Bytes on disk an ended job'
select n.nspname as layout, (sum(pg_total_relation_size(c.oid)) / max(s.last_value))::int as bytes
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join pg_sequences s on s.schemaname = n.nspname and s.sequencename = 'position'
 where c.relkind = 'r' and c.relname ~ '^(history|done|failed)' and n.nspname <> 'p_lookup' group by 1 order by 1;
