#include <check.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tow/json.h"
#include "tow/log.h"
#include "tow/mem.h"

/* stderr is a pipe while a test runs; check forks, so nobody else misses it. */
static int reader = -1;
static char line[8192];

static void enter(void)
{
	int ends[2];
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	close(ends[1]);
	reader = ends[0];
	unsetenv("JOURNAL_STREAM");
}

static void leave(void)
{
	tow_closep(&reader);
}

/* What one write brought; the mark behind it keeps the read from waiting when there was none. */
static const char *said(void)
{
	ck_assert_int_eq(write(STDERR_FILENO, "|", 1), 1);
	ssize_t n = read(reader, line, sizeof line - 1);
	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(line[n - 1], '|');
	line[n - 1] = '\0';
	return line;
}

static bool matches(const char *text, const char *pattern)
{
	regex_t r;
	ck_assert_int_eq(regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB), 0);
	bool yes = regexec(&r, text, 0, NULL, 0) == 0;
	regfree(&r);
	return yes;
}

#define TIME "20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9]\\.[0-9]{3}Z"

static void says(const char *rest)
{
	const char *text = said();
	ck_assert_msg(matches(text, "^" TIME " "), "%s", text);
	ck_assert_str_eq(strchr(text, ' ') + 1, rest);
}

START_TEST(a_text_line)
{
	tow_log_setup("worker", "text", TOW_INFO);
	tow_log(TOW_INFO, "worker.attached", "worker=%d", 3);
	says("info worker.attached worker=3\n");
	tow_log(TOW_WARN, "plain", NULL);
	says("warn plain\n");
	tow_log(TOW_ERROR, "job.killed", "job=%ld reason='%s' after=%ds", 7L, "took too long", 60);
	says("error job.killed job=7 reason='took too long' after=60s\n");
}
END_TEST

START_TEST(a_value_cannot_break_out)
{
	tow_log_setup("worker", "text", TOW_INFO);
	tow_log(TOW_INFO, "e", "a='%s' b=%d", "it's' c=9\nnext \\ \x01", 1);
	says("info e a='it\\'s\\' c=9\\nnext \\\\ \\x01' b=1\n");
	tow_log(TOW_INFO, "e", "a=%s b=%s c=%s", "two words", "x=y", "");
	says("info e a='two words' b='x=y' c=''\n");
	tow_log(TOW_INFO, "e", "a='one %s' b=%d", "two", 3);
	says("info e a='one two' b=3\n");
	tow_log(TOW_INFO, "e", "a='%s' b='100%%'", "");
	says("info e a='' b='100%'\n");
}
END_TEST

START_TEST(levels_are_kept_apart)
{
	enum tow_level level = TOW_ERROR;
	tow_log_setup("worker", "text", TOW_WARN);
	tow_log(TOW_INFO, "quiet", NULL);
	tow_log(TOW_DEBUG, "quiet", "a=%d", 1);
	ck_assert_str_eq(said(), "");
	tow_log_setup("worker", "text", TOW_DEBUG);
	tow_log(TOW_DEBUG, "loud", NULL);
	says("debug loud\n");
	ck_assert(tow_level_parse("Debug", &level));
	ck_assert_int_eq(level, TOW_DEBUG);
	ck_assert(tow_level_parse("error", &level));
	ck_assert_int_eq(level, TOW_ERROR);
	ck_assert(!tow_level_parse("chatty", &level));
	ck_assert_int_eq(level, TOW_ERROR);
}
END_TEST

START_TEST(a_json_line)
{
	TOW_AUTO_JSON *d = NULL;
	tow_log_setup("scheduler", "json", TOW_INFO);
	tow_log(TOW_INFO, "job.killed", "job=%d load=%.1f ok=%s digits='%s' text='%s' raw=%s", 7,
		2.5, "true", "12", "a \"b\"\n\xff", "{broken");
	const char *text = said();
	ck_assert_msg(tow_json_parse(&d, text, strlen(text), NULL), "%s", text);
	ck_assert(matches(tow_json_str(d, "time", ""), "^" TIME "$"));
	ck_assert_str_eq(tow_json_str(d, "level", ""), "info");
	ck_assert_str_eq(tow_json_str(d, "who", ""), "scheduler");
	ck_assert_str_eq(tow_json_str(d, "event", ""), "job.killed");
	ck_assert_int_eq(tow_json_int(d, "job", 0), 7);
	ck_assert_double_eq(tow_json_num(d, "load", 0), 2.5);
	ck_assert(tow_json_bool(d, "ok", false));
	ck_assert_str_eq(tow_json_str(d, "digits", ""), "12");
	ck_assert_str_eq(tow_json_str(d, "text", ""), "a \"b\"\n\uFFFD");
	ck_assert_str_eq(tow_json_str(d, "raw", ""), "{broken");
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
}
END_TEST

START_TEST(an_error_as_a_line)
{
	struct tow_err e;
	tow_log_setup("worker", "text", TOW_INFO);
	tow_fail_class(&e, TOW_RETRY, "08006", "connection to '%s' lost", "db");
	tow_log_err(TOW_ERROR, "db.lost", &e);
	says("error db.lost code=retry class='08006' error='connection to \\'db\\' lost'\n");
	tow_fail(&e, TOW_FINAL, "no");
	tow_hint(&e, "try %d", 2);
	tow_log_err(TOW_WARN, "x", &e);
	says("warn x code=final error='no' hint='try 2'\n");
	tow_log_setup("worker", "text", TOW_ERROR);
	tow_log_err(TOW_WARN, "x", &e);
	ck_assert_str_eq(said(), "");
}
END_TEST

START_TEST(what_fails_again_and_again_is_said_once)
{
	struct tow_repeat r = { 0 };
	struct tow_err e;
	tow_log_setup("worker", "text", TOW_INFO);
	tow_fail_class(&e, TOW_RETRY, "08001", "no server");
	tow_log_again(TOW_WARN, "lost", &e, &r);
	says("warn lost code=retry class='08001' error='no server'\n");
	tow_log_again(TOW_WARN, "lost", &e, &r);
	tow_log_again(TOW_WARN, "lost", &e, &r);
	ck_assert_str_eq(said(), "");
	r.reasons[0].said_us -= 61000000; /* a minute later */
	tow_log_again(TOW_WARN, "lost", &e, &r);
	says("warn lost code=retry class='08001' error='no server' times=3\n");
	tow_fail_class(&e, TOW_FINAL, "28P01", "no");
	tow_log_again(TOW_WARN, "lost", &e, &r);
	says("warn lost code=final class='28P01' error='no'\n");
	tow_fail_class(&e, TOW_FINAL, "28P01", "no entry for port 12");
	tow_log_again(TOW_WARN, "lost", &e, &r);
	says("warn lost code=final class='28P01' error='no entry for port 12'\n");
	tow_fail_class(&e, TOW_FINAL, "28P01", "no entry for port 345");
	tow_log_again(TOW_WARN, "lost", &e, &r);
	tow_fail_class(&e, TOW_FINAL, "28P01", "no");
	tow_log_again(TOW_WARN, "lost", &e, &r);
	ck_assert_str_eq(said(), ""); /* one that is said in turns with another */
}
END_TEST

static void name_journal(long shift)
{
	struct stat st;
	char stream[64];
	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof stream, "%lld:%lld", (long long)st.st_dev,
		 (long long)st.st_ino + shift);
	setenv("JOURNAL_STREAM", stream, 1);
}

START_TEST(the_journal_gets_priorities_and_no_time)
{
	name_journal(0);
	tow_log_setup("worker", "text", TOW_DEBUG);
	tow_log(TOW_ERROR, "e", "a=%d", 1);
	ck_assert_str_eq(said(), "<3>error e a=1\n");
	tow_log(TOW_WARN, "e", NULL);
	ck_assert_str_eq(said(), "<4>warn e\n");
	tow_log(TOW_INFO, "e", NULL);
	ck_assert_str_eq(said(), "<6>info e\n");
	tow_log(TOW_DEBUG, "e", NULL);
	ck_assert_str_eq(said(), "<7>debug e\n");
	tow_log_setup("worker", "json", TOW_INFO);
	tow_log(TOW_INFO, "e", NULL);
	ck_assert_str_eq(said(), "<6>{\"level\":\"info\",\"who\":\"worker\",\"event\":\"e\"}\n");
}
END_TEST

START_TEST(another_stream_is_not_the_journal)
{
	name_journal(1);
	tow_log_setup("worker", "text", TOW_INFO);
	tow_log(TOW_INFO, "e", NULL);
	says("info e\n");
}
END_TEST

START_TEST(more_fields_than_fit_are_dropped)
{
	TOW_AUTO_BUF fields = { 0 };
	tow_log_setup("worker", "text", TOW_INFO);
	tow_log(TOW_INFO, "e",
		"a=1 a=2 a=3 a=4 a=5 a=6 a=7 a=8 a=9 a=10 a=11 a=12 a=13 a=14 a=15 "
		"a=16 a=17 a=18 a=19 a=20 a=21 a=22 a=23 a=24 a=25 a=26 a=27 a=28 "
		"a=29 a=30 a=31 a=32 a=33 a=34");
	const char *text = said();
	ck_assert_ptr_nonnull(strstr(text, " a=32\n"));
	tow_log(TOW_INFO, "e", "just  words=%d", 5);
	says("info e note='just' words=5\n");
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("log");
	tcase_add_checked_fixture(t, enter, leave);
	tcase_add_test(t, a_text_line);
	tcase_add_test(t, a_value_cannot_break_out);
	tcase_add_test(t, levels_are_kept_apart);
	tcase_add_test(t, a_json_line);
	tcase_add_test(t, an_error_as_a_line);
	tcase_add_test(t, what_fails_again_and_again_is_said_once);
	tcase_add_test(t, the_journal_gets_priorities_and_no_time);
	tcase_add_test(t, another_stream_is_not_the_journal);
	tcase_add_test(t, more_fields_than_fit_are_dropped);
	Suite *s = suite_create("log");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
