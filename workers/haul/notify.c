/* haul.notify: tells people what rules have gathered for a channel. What the channel does not take
 * is kept in the database, and tried again by another attempt of this job, or by the next. */
#include <string.h>

#include "session.h"
#include "tow/channel.h"
#include "tow/secret.h"

#define LONGEST_S 3600 /* a channel that asks to be left alone for longer is not heard */

struct outlet {
	struct tow_channel channel;
	struct tow_channel_conf conf;
	struct tow_json *options;
};

static void outlet_close(struct outlet *o)
{
	if (o->channel.driver)
		tow_channel_close(&o->channel);
	tow_json_free(o->options);
}

#define AUTO_OUTLET __attribute__((cleanup(outlet_close))) struct outlet

static bool outlet_open(struct outlet *o, struct tow_arena *a, const struct tow_rows *rows,
			struct tow_err *e)
{
	const char *name = tow_rows_get(rows, 0, "driver"),
		   *options = tow_rows_get(rows, 0, "options"),
		   *secret = tow_rows_get(rows, 0, "secret");
	const struct tow_channel_driver *driver = tow_channel_driver(name);
	char *password = NULL;

	if (!driver)
		return tow_fail_class(e, TOW_FINAL, "driver", "there is no driver '%s'", name);
	if ((secret && !tow_secret_read(a, secret, &password, e)) ||
	    !tow_json_parse(&o->options, options, strlen(options), e))
		return false;
	o->conf = (struct tow_channel_conf){
		.url = tow_rows_get(rows, 0, "url"),
		.user = tow_rows_get(rows, 0, "user_name"),
		.secret = password,
		.options = o->options,
		.timeout_ms = (long)tow_rows_int(rows, 0, "timeout_ms"),
	};
	return tow_channel_open(&o->channel, driver, &o->conf, e);
}

static bool send(struct outlet *o, struct tow_arena *a, const struct tow_rows *rows, size_t i,
		 struct tow_err *e)
{
	const struct tow_message m = {
		.id = tow_rows_get(rows, i, "message"),
		.event = tow_rows_get(rows, i, "event"),
		.title = tow_rows_get(rows, i, "title"),
		.text = tow_rows_get(rows, i, "body"),
		.level = tow_rows_get(rows, i, "level"),
		.count = tow_rows_int(rows, i, "count"),
		.items = tow_rows_get(rows, i, "data"),
	};

	return o->channel.driver->send(&o->channel, a, &m, e);
}

/* why is NULL where it was sent. */
static bool tell(struct tow_job *j, struct tow_db *db, const struct tow_rows *rows, size_t i,
		 const struct tow_err *why, long pause_s, struct tow_err *e)
{
	const char *message = tow_rows_get(rows, i, "message");
	const char *pause = pause_s >= 0 ? tow_fmt(tow_job_arena(j), "%ld", pause_s) : NULL;
	TOW_AUTO_ROWS *said = NULL;
	const char *state;

	if (!tow_call(db, &said, e, "haul.notified", message, why ? why->class : NULL,
		      why ? why->text : NULL, why ? why->hint : NULL, pause))
		return false;
	state = tow_rows_at(said, 0, 0);
	if (why && state && strcmp(state, "failed") == 0)
		tow_job_log(j, TOW_WARN, "message %s is given up: %s: %s", message,
			    tow_rows_get(rows, i, "title"), why->text);
	return true;
}

/* A message that is refused does not keep the others; a channel that is down does. The first
 * failure is the job's. */
static bool send_all(struct tow_job *j, struct tow_db *db, const struct tow_rows *rows,
		     long *retry_after, struct tow_err *e)
{
	AUTO_OUTLET o = { 0 };
	struct tow_err why = { 0 }, also;
	bool open = outlet_open(&o, tow_job_arena(j), rows, &why), all = true;

	for (size_t i = 0; i < tow_rows_count(rows); i++) {
		bool sent = open && send(&o, tow_job_arena(j), rows, i, &why);

		*retry_after = open && !sent ? o.channel.retry_after : -1;
		if (!tell(j, db, rows, i, sent ? NULL : &why, *retry_after, &also)) {
			*e = also;
			return false;
		}
		if (sent)
			continue;
		if (all)
			*e = why;
		all = false;
		if (why.code == TOW_RETRY)
			break;
	}
	return all;
}

static bool notify(struct tow_job *j, struct tow_err *e)
{
	const char *name = tow_json_str(tow_job_args(j), "channel", ""),
		   *id = tow_fmt(tow_job_arena(j), "%lld", tow_job_id(j));
	TOW_AUTO_ROWS *rows = NULL;
	struct tow_db *db;
	long retry_after = -1;

	if (!tow_job_db(j, &db, e))
		return false;
	if (!tow_call(db, &rows, e, "haul.begin_notify", name, id))
		return strcmp(e->class, "TW410") == 0;
	if (tow_rows_count(rows) == 0 || send_all(j, db, rows, &retry_after, e))
		return true;
	e->code = TOW_RETRY; /* who mends the channel shall not have to send again by hand */
	return retry_after >= 0
		       ? tow_job_retry_in(
				 j, e, (double)(retry_after < LONGEST_S ? retry_after : LONGEST_S))
		       : false;
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	if (notify(j, e))
		return true;
	(void)work_again(j, e);
	return false;
}

const struct tow_kind tow_kind_notify = {
	.name = "haul.notify",
	.help = "tells people what has happened: {\"channel\": \"NAME\"}; rules make it",
	.timeout_s = 3600,
	.wants_db = true,
	.run = run,
};
