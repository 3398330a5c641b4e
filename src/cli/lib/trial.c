#include "trial.h"

#include <string.h>

#include "tow/secret.h"

/*--- who is tried */

static const char *from(struct trial *t, const struct tow_rows *rows, const char *column,
			const char *option)
{
	struct cli *c = t->health.c;

	return rows ? tow_strdup(&c->arena, tow_rows_get(rows, 0, column)) : cli_option(c, option);
}

bool trial_begin(struct trial *t, const char *verb, struct tow_rows **rows)
{
	struct cli *c = t->health.c;

	*rows = NULL;
	t->name = cli_operand(c, 0);
	if (cli_has(c, "driver") != cli_has(c, "url"))
		return args_usage(&c->err, "--driver and --url go together");
	if (!cli_has(c, "driver") && !tow_call(c->db, rows, &c->err, verb, t->name))
		return false;
	t->driver = from(t, *rows, "driver", "driver");
	t->url = from(t, *rows, "url", "url");
	t->user = from(t, *rows, "user_name", "user");
	t->secret = from(t, *rows, "secret", "secret");
	t->timeout_ms = *rows ? (long)tow_rows_int(*rows, 0, "timeout_ms") : 30000;
	return true;
}

bool trial_secret(struct trial *t, char **password)
{
	struct cli *c = t->health.c;

	*password = NULL;
	if (!t->secret)
		return true;
	if (!tow_secret_read(&c->arena, t->secret, password, &c->err)) {
		health_add(&t->health, "secret", "bad", tow_strdup(&c->arena, c->err.text),
			   tow_strdup(&c->arena, c->err.hint));
		return false;
	}
	if (tow_secret_is_open(&c->arena, t->secret))
		health_add(&t->health, "secret", "warn",
			   tow_fmt(&c->arena, "others may read the file of %s", t->secret),
			   tow_fmt(&c->arena, "chmod 600 %s/secrets/%s", tow_home(&c->arena),
				   t->secret + strlen("secret:")));
	return true;
}

/*--- what is wrong */

/* The first part of the class that an entry names counts; "." begins what http, scgi and line have
 * in common. */
static const struct cause {
	const char *class, *before, *after;
	bool said; /* what the error says is worth adding */
	const char *hint;
} causes[] = {
	{ ".connect", "nothing listens at ", "", false,
	  "does it run, and is its web interface or remote control on? look at the host and the "
	  "port; a container has a network of its own" },
	{ ".resolve", "the host of ", " is not known here", false,
	  "is the name right? this host's resolver must know it: try its address instead" },
	{ ".timeout", "", " does not answer in time", false,
	  "a firewall may swallow what is sent, or the program hangs; 'set --timeout' gives it "
	  "longer" },
	{ ".tls", "no safe connection to ", "", true,
	  "is it https at all? its certificate must be trusted by this host and name the host as "
	  "the address does" },
	{ ".garbled", "what answers at ", " is another program", true, NULL },
	{ ".protocol", "what answers at ", " is another program", true, NULL },
	{ ".closed", "what answers at ", " hangs up", true, NULL },
	{ "http.3", "what answers at ", " sends us elsewhere", true, NULL },
	{ "http.4", "what answers at ", " is another program", true, NULL },
	{ ".auth", "the login at ", " is refused", true,
	  "look at the user and the secret: 'tow secret set' writes it anew" },
	{ ".banned", "", " refuses this host for a time", true, NULL },
	{ ".old", "", " is too old", true, "upgrade it" },
};

static bool fits(const char *class, const struct cause *cause)
{
	const char *dot = strchr(class, '.');

	return *cause->class == '.' ? dot && strcmp(dot, cause->class) == 0
				    : strncmp(class, cause->class, strlen(cause->class)) == 0;
}

static const struct cause *cause_of(const char *class)
{
	for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++)
		if (fits(class, &causes[i]))
			return &causes[i];
	return NULL;
}

void trial_failed(struct trial *t, const char *component, const struct tow_err *e)
{
	struct tow_arena *a = &t->health.c->arena;
	const struct cause *cause = cause_of(e->class);
	const char *detail = tow_strdup(a, e->text), *own = cause ? cause->hint : NULL;
	const char *hint =
		tow_fmt(a, "%s%s%s", own ? own : "", own && *e->hint ? "; " : "", e->hint);

	if (cause)
		detail = tow_fmt(a, "%s%s%s%s%s", cause->before, t->url, cause->after,
				 cause->said ? ": " : "", cause->said ? e->text : "");
	if (!*hint)
		hint = tow_fmt(a, "is this the address of %s? look at the port and the path",
			       t->driver);
	health_add(&t->health, component, "bad", detail, hint);
}

const char *trial_size(struct tow_arena *a, long long bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
	double n = (double)bytes;
	size_t i = 0;

	for (; n >= 1000 && i + 1 < sizeof(units) / sizeof(*units); i++)
		n /= 1000;
	return tow_fmt(a, "%.*f %s", i && n < 100 ? 1 : 0, n, units[i]);
}
