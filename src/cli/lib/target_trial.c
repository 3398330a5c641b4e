/* tow target test: the way to a media server, and whether it knows the folders that it is told of.
 */
#include <string.h>
#include <sysexits.h>

#include "tow/proc.h"
#include "tow/target.h"
#include "trial.h"

static bool greet(struct trial *t, struct tow_target *target)
{
	struct cli *c = t->health.c;
	long long began = tow_mono_us();

	if (!target->driver->hello(target, &c->arena, &c->err)) {
		trial_failed(t, "connection", &c->err);
		return false;
	}
	health_add(&t->health, "connection", "ok",
		   tow_fmt(&c->arena, "%s%s%s at %s, in %lld ms", t->driver,
			   *target->version ? " " : "", target->version, t->url,
			   (tow_mono_us() - began) / 1000),
		   NULL);
	return true;
}

static void check_library(struct trial *t, struct tow_target *target, const struct tow_rows *rows,
			  size_t i)
{
	struct tow_arena *a = &t->health.c->arena;
	const char *name = tow_rows_get(rows, i, "library"),
		   *as = tow_rows_get(rows, i, "known_as");
	const char *folder = tow_fmt(a, "%s%s", as, *as && as[strlen(as) - 1] != '/' ? "/" : "");
	struct tow_err e = { 0 };

	if (!target->driver->knows)
		health_add(&t->health, "library", "ok",
			   tow_fmt(a,
				   "it will be told of %s as %s; whether it knows that is seen "
				   "then",
				   name, *as ? as : "the whole"),
			   NULL);
	else if (target->driver->knows(target, a, folder, &e))
		health_add(&t->health, "library", "ok", tow_fmt(a, "it knows %s as %s", name, as),
			   NULL);
	else if (strcmp(e.class, "target.outside") == 0)
		health_add(&t->health, "library", "bad",
			   tow_fmt(a,
				   "it has no library that holds %s, which %s is said to be there",
				   as, name),
			   tow_fmt(a,
				   "say what its folder is called there: tow library announce %s "
				   "%s --as /FOLDER",
				   name, t->name));
	else
		trial_failed(t, "library", &e);
}

static bool check_libraries(struct trial *t, struct tow_target *target)
{
	struct cli *c = t->health.c;
	TOW_AUTO_ROWS *rows = NULL;

	if (!tow_call(c->db, &rows, &c->err, "haul.announced", t->name))
		return false;
	for (size_t i = 0; i < tow_rows_count(rows); i++)
		check_library(t, target, rows, i);
	if (tow_rows_count(rows) == 0)
		health_add(&t->health, "library", "ok", "it is told of no library",
			   tow_fmt(&c->arena, "tow library announce LIBRARY %s", t->name));
	return true;
}

static int ask(struct trial *t, const struct tow_target_driver *driver,
	       const struct tow_target_conf *conf)
{
	struct cli *c = t->health.c;
	struct tow_target target;
	bool ok = true;

	if (!tow_target_open(&target, driver, conf, &c->err))
		return cli_failed(c);
	if (greet(t, &target))
		ok = check_libraries(t, &target);
	tow_target_close(&target);
	return ok ? health_print(&t->health) : cli_failed(c);
}

int target_trial(struct cli *c)
{
	struct trial t = { .health = { .c = c } };
	const struct tow_target_driver *driver;
	struct tow_target_conf conf;
	TOW_AUTO_ROWS *row = NULL;
	char *password;

	if (!trial_begin(&t, "haul.target", &row))
		return cli_failed(c);
	driver = tow_target_driver(t.driver);
	if (!driver) {
		health_add(&t.health, "driver", "bad",
			   tow_fmt(&c->arena, "there is no driver '%s'", t.driver),
			   "tow target drivers lists them");
		return health_print(&t.health);
	}
	if (!trial_secret(&t, &password))
		return health_print(&t.health);
	conf = (struct tow_target_conf){
		.url = t.url,
		.user = t.user,
		.secret = password,
		.library = row ? tow_rows_get(row, 0, "section") : cli_option(c, "section"),
		.timeout_ms = t.timeout_ms,
	};
	return ask(&t, driver, &conf);
}
