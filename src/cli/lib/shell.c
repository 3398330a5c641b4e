#include "shell.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

struct word {
	const char *sql, *shell;
};

static const struct word verbs[] = {
	{ "approve", "tow approve" },
	{ "batch", "tow batch open" },
	{ "cancel", "tow cancel" },
	{ "enable_daemon", "tow daemon enable" },
	{ "fsck", "tow fsck" },
	{ "grant_queue", "tow queue grant" },
	{ "history", "tow history" },
	{ "job", "tow job" },
	{ "next_runs", "tow schedule next" },
	{ "pause", "tow queue pause" },
	{ "pause_kind", "tow kind pause" },
	{ "pause_lane", "tow lane pause" },
	{ "reprioritise", "tow reprioritise" },
	{ "resume", "tow queue resume" },
	{ "resume_kind", "tow kind resume" },
	{ "resume_lane", "tow lane resume" },
	{ "retry", "tow retry" },
	{ "run_now", "tow run-now" },
	{ "seal", "tow batch seal" },
	{ "seen_schedule", "tow schedule seen" },
	{ "reset", "tow setting reset" },
	{ "set", "tow setting set" },
	{ "set_daemon", "tow daemon add" },
	{ "set_kind", "tow kind set" },
	{ "set_lane", "tow lane set" },
	{ "set_policy", "tow policy set" },
	{ "set_queue", "tow queue set" },
	{ "signal", "tow signal" },
	{ "start_daemon", "tow daemon start" },
	{ "stop_daemon", "tow daemon stop" },
	{ NULL, NULL },
};

static const struct word views[] = {
	{ "daemons", "tow daemon ls" },	    { "grants", "tow queue grants" },
	{ "lanes", "tow lane ls" },	    { "limits", "tow limits" },
	{ "policies", "tow policy ls" },    { "queues", "tow queue ls" },
	{ "schedules", "tow schedule ls" }, { "settings", "tow setting ls" },
	{ "workers", "tow workers" },	    { NULL, NULL },
};

static bool begins(const char *p, const char *with)
{
	return strncmp(p, with, strlen(with)) == 0;
}

/* Moves p behind the name if it is one of these. */
static const char *find(const struct word *words, const char **p)
{
	size_t len = strspn(*p, "abcdefghijklmnopqrstuvwxyz_");
	for (; words->sql; words++) {
		if (strlen(words->sql) == len && strncmp(words->sql, *p, len) == 0) {
			*p += len;
			return words->shell;
		}
	}
	return NULL;
}

/* --- arguments */

static bool is_plain(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr("_-./:@%+", s[i]))
			return false;
	return len > 0;
}

/* 'it''s', as a shell takes it. Returns where it ends. */
static const char *add_quoted(struct tow_buf *out, const char *p)
{
	TOW_AUTO_BUF word = { 0 };
	for (p++; *p && (*p != '\'' || p[1] == '\''); p++) {
		p += *p == '\'';
		tow_buf_addc(&word, *p);
	}
	if (is_plain(word.data, word.len)) {
		tow_buf_adds(out, word.data);
	} else {
		tow_buf_addc(out, '\'');
		for (size_t i = 0; i < word.len; i++)
			tow_buf_adds(out, word.data[i] == '\'' ? "'\\''"
							       : (char[]){ word.data[i], '\0' });
		tow_buf_addc(out, '\'');
	}
	return *p ? p + 1 : p;
}

/* "max_running => 3" is --max-running 3. */
static const char *add_option(struct tow_buf *out, const char *p, size_t len)
{
	tow_buf_adds(out, "--");
	for (size_t i = 0; i < len; i++)
		tow_buf_addc(out, p[i] == '_' ? '-' : p[i]);
	p += len + strlen(" => ");
	if (begins(p, "true"))
		return p + strlen("true");
	tow_buf_addc(out, ' ');
	return p;
}

/* From behind the parenthesis to behind its end. */
static const char *add_arguments(struct tow_buf *out, const char *p)
{
	while (*p && *p != ')') {
		size_t name = strspn(p, "abcdefghijklmnopqrstuvwxyz_");
		tow_buf_addc(out, ' ');
		if (name && begins(p + name, " => "))
			p = add_option(out, p, name);
		if (*p == '\'')
			p = add_quoted(out, p);
		while (*p && !strchr(",)", *p))
			tow_buf_addc(out, *p++);
		p += strspn(p, ", ");
	}
	return *p ? p + 1 : p;
}

/* --- what there is to translate */

static const char *call(struct tow_buf *out, const char *p)
{
	const char *shell;
	if (begins(p, "select ")) {
		p += strlen("select ");
		p += begins(p, "* from ") ? strlen("* from ") : 0;
	}
	if (!begins(p, "tow."))
		return NULL;
	p += strlen("tow.");
	shell = find(verbs, &p);
	if (!shell)
		return NULL;
	tow_buf_adds(out, shell);
	return *p == '(' ? add_arguments(out, p + 1) : p;
}

static const char *view(struct tow_buf *out, const char *p)
{
	const long len = strlen(" from tow");
	const char *shell, *columns;
	if (!begins(p, "select "))
		return NULL;
	columns = p += strlen("select ");
	p += strspn(p, "abcdefghijklmnopqrstuvwxyz_,* ");
	if (*p != '.' || p - columns <= len || !begins(p - len, " from tow"))
		return NULL;
	p++;
	shell = find(views, &p);
	if (shell)
		tow_buf_adds(out, shell);
	return shell ? p : NULL;
}

const char *shell_hint(struct tow_arena *a, const char *hint)
{
	TOW_AUTO_BUF out = { 0 };
	bool inside = false; /* a word, of which nothing begins here */
	tow_buf_adds(&out, "");
	for (const char *p = hint, *next; *p; p = next) {
		next = NULL;
		if (begins(p, ", or select "))
			next = p + strcspn(p, ";");
		else if (!inside)
			next = call(&out, p);
		if (!next && !inside)
			next = view(&out, p);
		inside = !next && (isalnum((unsigned char)*p) || *p == '_' || *p == '.');
		if (!next) {
			tow_buf_addc(&out, *p);
			next = p + 1;
		}
	}
	return tow_strdup(a, out.data);
}
