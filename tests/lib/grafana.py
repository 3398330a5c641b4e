"""What Grafana would ask: takes the queries out of a dashboard and expands its macros and variables as Grafana does.

usage: grafana.py DASHBOARD FOLDER FROM TO INTERVAL NAME=VALUE,...   (instants in ISO 8601, interval such as 1m)
Writes FOLDER/NN.sql, and prints NN, the format, the query's title. Fails on a macro or variable that it does not know.
"""

import json
import re
import sys

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(interval):
    return int(interval[:-1]) * SECONDS[interval[-1]]


def expand(sql, start, stop, interval, variables):
    group = r"floor(extract(epoch from \1)/%d)*%d" % ((seconds(interval),) * 2)
    for macro, text in (
        (r"\$__timeFilter\(([^)]*)\)", rf"\1 BETWEEN '{start}' AND '{stop}'"),
        (r"\$__timeFrom\(\)", f"'{start}'"),
        (r"\$__timeTo\(\)", f"'{stop}'"),
        (r"\$__timeGroupAlias\(([^,]*),\s*\$__interval\)", group + ' AS "time"'),
        (r"\$__timeGroup\(([^,]*),\s*\$__interval\)", group),
        (r"\$__interval", interval),
    ):
        sql = re.sub(macro, text, sql)
    for name, values in variables.items():
        listed = ",".join("'" + v.replace("'", "''") + "'" for v in values)
        sql = re.sub(r"\$\{?%s\b\}?" % name, lambda _: listed, sql)
    left = re.search(r"\$[\w{]+", sql)
    if left:
        sys.exit(f"unknown: {left.group()} in {sql}")
    return sql


def queries(dashboard):
    for v in dashboard["templating"]["list"]:
        if v["type"] == "query":
            yield "variable", v["name"], v["query"]
    for p in dashboard["panels"]:
        for q in p.get("targets", []):
            yield q["format"], p["title"], q["rawSql"]


def main():
    path, folder, start, stop, interval = sys.argv[1:6]
    variables = dict((a.split("=", 1)[0], a.split("=", 1)[1].split(",")) for a in sys.argv[6:])
    with open(path, encoding="utf-8") as f:
        dashboard = json.load(f)
    for n, (form, title, sql) in enumerate(queries(dashboard)):
        with open(f"{folder}/{n:02}.sql", "w", encoding="utf-8") as f:
            f.write(expand(sql, start, stop, interval, variables))
        print(f"{n:02}", form, title)


main()
