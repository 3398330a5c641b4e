#include "queuepage.h"

#include <string.h>

#include "sheet.h"
#include "shell.h"
#include "table.h"

static const char *as(const struct sheet *p, const char *name, enum column_as as)
{
	return table_cell(p->a, p->rows, 0, &(struct column){ name, NULL, as }, p->now);
}

/* "at most 10 run, 100/min start, 20 of them at once"; of a lane 0 is any number. */
static const char *limits(const struct sheet *p, const char *most, const char *rate,
			  const char *burst)
{
	TOW_AUTO_BUF out = { 0 };
	const char *run = sheet_get(p, most);
	if (run)
		tow_buf_adds(&out, strcmp(run, "0") == 0 ? "any number run"
							 : tow_fmt(p->a, "at most %s run", run));
	if (sheet_get(p, rate))
		tow_buf_addf(&out, "%s%s start", out.len ? ", " : "", as(p, rate, AS_PACE));
	if (sheet_get(p, burst))
		tow_buf_addf(&out, ", %s of them at once", sheet_get(p, burst));
	return out.len ? tow_strdup(p->a, out.data) : NULL;
}

static void paused(const struct sheet *p)
{
	const char *reason = sheet_get(p, "pause_reason");
	if (sheet_get(p, "paused_at"))
		sheet_fact(p, "paused",
			   tow_fmt(p->a, "since %s%s%s",
				   sheet_instant(p, sheet_get(p, "paused_at")), reason ? ": " : "",
				   reason ? text_excerpt(p->a, reason) : ""));
}

/* Who serves it, or what to do about it that nobody does. */
static void served(const struct sheet *p)
{
	sheet_fact(p, "workers",
		   tow_fmt(p->a, "%s, with %s slots", sheet_get(p, "workers"),
			   sheet_get(p, "slots")));
	sheet_fact_text(p, "trouble", "trouble");
	if (sheet_get(p, "hint"))
		sheet_fact(p, "hint", text_excerpt(p->a, shell_hint(p->a, sheet_get(p, "hint"))));
}

static void settings(const struct sheet *p)
{
	const char *lanes = limits(p, "lane_limit", "lane_rate", "lane_burst");
	sheet_fact(p, "limits", limits(p, "max_running", "rate", "burst"));
	if (lanes)
		sheet_fact(p, "each lane", lanes);
	sheet_fact_text(p, "policy", "policy");
	sheet_fact_text(p, "attempts", "max_attempts");
	sheet_fact(p, "timeout", as(p, "timeout", AS_DURATION));
	sheet_fact(p, "retention", as(p, "retention", AS_DURATION));
	sheet_fact(p, "expires", as(p, "expire_after", AS_DURATION));
	sheet_fact_text(p, "max args", "max_args_bytes");
}

static long long sum(const struct tow_rows *rows, const char *name)
{
	long long n = 0;
	for (size_t i = 0; i < tow_rows_count(rows); i++)
		n += tow_rows_int(rows, i, name);
	return n;
}

static bool lately(struct cli *c, const struct sheet *p)
{
	TOW_AUTO_ROWS *rows = NULL;
	struct cli_call call = { 0 };
	cli_arg(&call, "queue", sheet_get(p, "name"));
	if (!cli_call(c, &rows, "tow.series_queues", &call))
		return false;
	sheet_fact(p, "last hour",
		   tow_fmt(p->a, "%lld completed, %lld failed, %lld cancelled, %lld to be retried",
			   sum(rows, "completed"), sum(rows, "failed"), sum(rows, "cancelled"),
			   sum(rows, "retried")));
	return true;
}

bool queuepage_print(struct cli *c, const struct tow_rows *rows)
{
	struct sheet p;
	if (!sheet_open(&p, c, rows))
		return false;
	sheet_title(&p, tow_fmt(p.a, "queue %s", text_clean(p.a, sheet_get(&p, "name"))), NULL,
		    sheet_get(&p, "state"));
	sheet_fact_text(&p, "for", "description");
	paused(&p);
	sheet_fact(&p, "jobs",
		   tow_fmt(p.a, "%s ready, %s waiting in lanes, %s running", sheet_get(&p, "ready"),
			   sheet_get(&p, "waiting"), sheet_get(&p, "running")));
	sheet_fact(&p, "oldest", sheet_instant(&p, sheet_get(&p, "oldest_ready")));
	served(&p);
	settings(&p);
	return lately(c, &p);
}
