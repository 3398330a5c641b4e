#include "session.h"

#include <stdio.h>
#include <string.h>

#include "tow/place.h"
#include "tow/secret.h"

#define NOT_NOW_S 60 /* until a job asks again whether its client is well */
#define AWAY_S	  5  /* or whether our own database is there */

static const char *kept(struct tow_arena *a, const struct tow_rows *rows, const char *column)
{
	return tow_strdup(a, tow_rows_get(rows, 0, column));
}

static bool password_of(struct tow_arena *a, const struct tow_rows *rows, char **password,
			struct tow_err *e)
{
	const char *secret = tow_rows_get(rows, 0, "secret");

	*password = NULL;
	return !secret || tow_secret_read(a, secret, password, e);
}

/* A list of words in JSON, NULL at the end. */
static bool words_of(struct tow_arena *a, const char *text, const char *const **out,
		     struct tow_err *e)
{
	TOW_AUTO_JSON *doc = NULL;
	const char **words;
	size_t n = 0;

	*out = NULL;
	if (!text)
		return true;
	if (!tow_json_parse(&doc, text, strlen(text), e))
		return false;
	words = tow_alloc(a, (tow_json_len(doc) + 1) * sizeof(*words));
	for (size_t i = 0; i < tow_json_len(doc); i++)
		if ((words[n] = tow_strdup(a, tow_json_text(tow_json_at(doc, i)))))
			n++;
	*out = words;
	return true;
}

bool session_open(struct session *s, const struct tow_rows *rows, struct tow_err *e)
{
	const char *name = tow_rows_get(rows, 0, "driver");
	const struct tow_client_driver *driver = tow_client_driver(name);
	const char *const *done = NULL;
	char *password;

	if (!driver)
		return tow_fail_class(e, TOW_FINAL, "driver", "there is no driver '%s'", name);
	s->done = kept(&s->arena, rows, "done");
	if (!password_of(&s->arena, rows, &password, e) || !words_of(&s->arena, s->done, &done, e))
		return false;
	s->conf = (struct tow_client_conf){
		.url = kept(&s->arena, rows, "url"),
		.user = kept(&s->arena, rows, "user_name"),
		.secret = password,
		.category = kept(&s->arena, rows, "category"),
		.tag = kept(&s->arena, rows, "tag"),
		.done = done,
		.timeout_ms = (long)tow_rows_int(rows, 0, "timeout_ms"),
	};
	return tow_client_open(&s->client, driver, &s->conf, e);
}

void session_close(struct session *s)
{
	if (session_is_open(s))
		tow_client_close(&s->client);
	tow_arena_release(&s->arena);
	*s = (struct session){ 0 };
}

bool target_session_open(struct target_session *s, const struct tow_rows *rows, struct tow_err *e)
{
	const char *name = tow_rows_get(rows, 0, "driver");
	const struct tow_target_driver *driver = tow_target_driver(name);
	char *password;

	if (!driver)
		return tow_fail_class(e, TOW_FINAL, "driver", "there is no driver '%s'", name);
	if (!password_of(&s->arena, rows, &password, e))
		return false;
	s->conf = (struct tow_target_conf){
		.url = kept(&s->arena, rows, "url"),
		.user = kept(&s->arena, rows, "user_name"),
		.secret = password,
		.library = kept(&s->arena, rows, "section"),
		.timeout_ms = (long)tow_rows_int(rows, 0, "timeout_ms"),
	};
	return tow_target_open(&s->target, driver, &s->conf, e);
}

void target_session_close(struct target_session *s)
{
	if (s->target.driver)
		tow_target_close(&s->target);
	tow_arena_release(&s->arena);
	*s = (struct target_session){ 0 };
}

/*--- jobs of a download */

const char *work_download(struct tow_job *j)
{
	return tow_fmt(tow_job_arena(j), "%lld", tow_json_int(tow_job_args(j), "download", 0));
}

bool work_names_download(struct tow_job *j, struct tow_err *e)
{
	if (tow_json_int(tow_job_args(j), "download", 0) > 0)
		return true;
	tow_fail_class(e, TOW_FINAL, "args", "no download is named: {\"download\": ID}");
	return tow_hint(e, "'tow haul add LINK' makes a download, and the jobs that it takes");
}

static bool is_any(const char *word, const char *const *of)
{
	while (*of && strcmp(word, *of) != 0)
		of++;
	return *of;
}

bool work_begin(struct tow_job *j, struct tow_db **db, const char *verb, struct tow_rows **rows,
		struct tow_err *e)
{
	*db = NULL;
	if (!work_names_download(j, e))
		return false;
	if (tow_job_db(j, db, e) && tow_call(*db, rows, e, verb, work_download(j)))
		return true;
	if (strcmp(e->class, "TW410") != 0)
		return work_failed(j, *db, NULL, e);
	tow_job_log(j, TOW_INFO, "%s", e->text);
	*e = (struct tow_err){ 0 };
	return true;
}

/* As it says while it is started anew, and a pooler before it (08P01): neither a link nor a client
 * has anything to do with that. */
static bool is_database_away(const struct tow_err *e)
{
	return strncmp(e->class, "08", 2) == 0 || strncmp(e->class, "57P", 3) == 0;
}

bool work_again(struct tow_job *j, struct tow_err *e)
{
	if (!is_database_away(e))
		return false;
	tow_job_log(j, TOW_WARN, "Towpath's own database was away: %s", e->text);
	(void)tow_job_snooze(j, e, AWAY_S);
	return true;
}

bool work_waits(struct tow_job *j, struct tow_db *db, const struct tow_rows *conf,
		struct tow_err *e)
{
	struct tow_err also = { 0 };
	bool login =
		is_any(e->class, (const char *const[]){ "client.auth", "client.banned", NULL });

	if (work_again(j, e))
		return true;
	if (!login && !is_any(e->class, (const char *const[]){ "TW425", "secret", "driver", NULL }))
		return false;
	tow_job_log(j, login ? TOW_WARN : TOW_INFO, "%s", e->text);
	if (login && !tow_call(db, NULL, &also, "haul.put_off", work_download(j), e->class, e->text,
			       e->hint, conf ? tow_rows_get(conf, 0, "revision") : NULL))
		tow_job_log(j, TOW_WARN, "%s", also.text);
	(void)tow_job_snooze(j, e, NOT_NOW_S);
	return true;
}

bool work_failed(struct tow_job *j, struct tow_db *db, const struct tow_rows *conf,
		 struct tow_err *e)
{
	struct tow_err also = { 0 };
	bool last = tow_job_attempt(j) >= tow_job_max_attempts(j);

	if (work_waits(j, db, conf, e))
		return false;
	if (db && (e->code == TOW_FINAL || e->code == TOW_BUG || (e->code == TOW_RETRY && last)) &&
	    !tow_call(db, NULL, &also, "haul.give_up", work_download(j), e->class,
		      tow_place_text(tow_job_arena(j), e->text), e->hint))
		tow_job_log(j, TOW_WARN, "%s", also.text);
	return false;
}
