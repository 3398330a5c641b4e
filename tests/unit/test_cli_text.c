/* How the command line reads and shows: times, widths, options, arrays. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "src/cli/lib/args.h"
#include "src/cli/lib/cli.h"
#include "src/cli/lib/shell.h"
#include "src/cli/lib/text.h"
#include "src/cli/lib/when.h"

static struct tow_arena arena;

static void empty(void)
{
	tow_arena_release(&arena);
}

START_TEST(instants_are_read)
{
	static const struct {
		const char *text;
		long long us;
	} table[] = {
		{ "1970-01-01 00:00:00+00", 0 },
		{ "1970-01-01 00:00:01.5+00", 1500000 },
		{ "1970-01-01 00:00:00.000001+00", 1 },
		{ "1970-01-01 05:45:00+05:45", 0 },
		{ "1969-12-31 19:00:00-05", 0 },
		{ "2026-11-21T03:04:05.25+00:00", 1795230245250000 },
		{ "1969-12-31 23:59:59+00", -1000000 },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		long long us = 42;
		ck_assert_msg(when_parse(table[i].text, &us), "%s", table[i].text);
		ck_assert_msg(us == table[i].us, "%s: %lld", table[i].text, us);
	}
}
END_TEST

START_TEST(what_is_no_instant_is_left_alone)
{
	static const char *const table[] = {
		"", "now", "2026-11-21", "infinity", "2026-11-21 03:04", "2026-11-21 03:04:05"
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		long long us = 42;
		ck_assert_msg(!when_parse(table[i], &us), "%s", table[i]);
		ck_assert_int_eq(us, 42);
		ck_assert_str_eq(when_iso(&arena, table[i]), table[i]);
	}
	ck_assert(!when_parse(NULL, &(long long){ 0 }));
}
END_TEST

START_TEST(intervals_are_read)
{
	long long us;
	ck_assert(when_interval("00:00:01.5", &us) && us == 1500000);
	ck_assert(when_interval("1 day", &us) && us == 86400000000);
	ck_assert(when_interval("3 days 01:00:00", &us) && us == 3 * 86400000000 + 3600000000);
	ck_assert(when_interval("-00:00:02", &us) && us == -2000000);
	ck_assert(when_interval("100:00:00", &us) && us == 360000000000);
	ck_assert(!when_interval("1 mon", &us));
	ck_assert(!when_interval("2 years 00:00:01", &us));
	ck_assert(!when_interval("", &us));
	ck_assert(!when_interval("nonsense", &us));
}
END_TEST

START_TEST(durations_are_said)
{
	static const struct {
		long long us;
		const char *text;
	} table[] = {
		{ 0, "0 s" },
		{ 999, "999 us" },
		{ 1000, "1 ms" },
		{ 1000000, "1 s" },
		{ 1500000, "1.5 s" },
		{ 59000000, "59 s" },
		{ 125000000, "2 min 5 s" },
		{ 3600000000, "60 min" },
		{ 7500000000, "2 h 5 min" },
		{ 3 * 86400000000, "3 days" },
		{ -2000000, "-2 s" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		ck_assert_str_eq(when_duration(&arena, table[i].us), table[i].text);
	ck_assert_str_eq(when_relative(&arena, 0, 3000000), "3 s ago");
	ck_assert_str_eq(when_relative(&arena, 300000000, 0), "in 5 min");
	ck_assert_str_eq(when_relative(&arena, 5, 6), "now");
}
END_TEST

START_TEST(rates_are_said_as_they_were_meant)
{
	static const struct {
		double rate;
		const char *text;
	} table[] = {
		{ 50, "50/s" },	      { 100.0 / 60, "100/min" }, { 1.0 / 60, "1/min" },
		{ 0.0167, "1/min" },  { 1.2345, "1.23/s" },	 { 7.0 / 3600, "7/h" },
		{ 0.0001, "0.36/h" }, { 0.3, "18/min" },	 { 1000000, "1000000/s" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		ck_assert_str_eq(when_pace(&arena, table[i].rate), table[i].text);
}
END_TEST

START_TEST(programs_get_whole_times)
{
	ck_assert_str_eq(when_iso(&arena, "2026-11-21 03:04:05.25+00"),
			 "2026-11-21T03:04:05.25+00:00");
	ck_assert_str_eq(when_iso(&arena, "2026-11-21 03:04:05-03:30"),
			 "2026-11-21T03:04:05-03:30");
}
END_TEST

START_TEST(widths_are_columns_not_bytes)
{
	ck_assert_int_eq(text_width("abc"), 3);
	ck_assert_int_eq(text_width("é"), 1);
	ck_assert_int_eq(text_width("日本"), 4);
	ck_assert_str_eq(text_cut(&arena, "abcdef", 6), "abcdef");
	ck_assert_str_eq(text_cut(&arena, "abcdef", 4), "abc…");
	ck_assert_str_eq(text_cut(&arena, "日本語", 4), "日…");
	ck_assert_str_eq(text_cut(&arena, "abc", 0), "");
	ck_assert_int_eq(text_width(text_cut(&arena, "ééééé", 3)), 3);
}
END_TEST

START_TEST(text_of_jobs_is_harmless)
{
	ck_assert_str_eq(text_clean(&arena, "a\033[31mb\nc\td\x07"), "a [31mb c d ");
	ck_assert_str_eq(text_clean(&arena, "x\xff"
					    "y"),
			 "x\xef\xbf\xbdy");
	ck_assert_str_eq(text_clean(&arena, "\xc2\x9b"
					    "31m"),
			 " 31m"); /* a control character of two bytes */
	ck_assert_str_eq(text_clean(&arena, "\xe6\x97"),
			 "\xef\xbf\xbd\xef\xbf\xbd"); /* half a character */
	ck_assert_str_eq(text_clean(&arena, ""), "");
}
END_TEST

START_TEST(bars_stay_in_their_frame)
{
	ck_assert_str_eq(text_bar(&arena, 50, 12), "[#####.....]");
	ck_assert_str_eq(text_bar(&arena, -5, 6), "[....]");
	ck_assert_str_eq(text_bar(&arena, 1000, 6), "[####]");
	ck_assert_str_eq(text_bar(&arena, 50, 2), "");
}
END_TEST

START_TEST(arrays_are_quoted)
{
	ck_assert_ptr_null(cli_array(&arena, NULL));
	ck_assert_str_eq(cli_array(&arena, ""), "{}");
	ck_assert_str_eq(cli_array(&arena, "a"), "{\"a\"}");
	ck_assert_str_eq(cli_array(&arena, "a,b c,,d\"e\\f,{}"),
			 "{\"a\",\"b c\",\"d\\\"e\\\\f\",\"{}\"}");
}
END_TEST

static const struct tow_option options[] = {
	{ "queue", "NAME", "" }, { "limit", "N", "" }, { "ratio", "NUMBER", "" },
	{ "json", NULL, "" },	 OPTION_END,
};

static bool parse(struct args *args, struct tow_err *e, const char *const *words)
{
	int argc = 0;
	char **argv = tow_alloc(&arena, 16 * sizeof *argv);
	for (; words[argc]; argc++)
		argv[argc] = tow_strdup(&arena, words[argc]);
	return args_parse(args, &arena, options, argc, argv, e);
}

START_TEST(options_stand_anywhere)
{
	struct args args;
	struct tow_err e = { 0 };
	ck_assert(parse(&args, &e,
			(const char *const[]){ "x", "one", "--queue", "q", "two", "--json", "--",
					       "--three", NULL }));
	ck_assert_str_eq(args_get(&args, "queue"), "q");
	ck_assert(args_has(&args, "json"));
	ck_assert(!args_has(&args, "limit"));
	ck_assert_uint_eq(args.n, 3);
	ck_assert_str_eq(args.operands[2], "--three");
	ck_assert(parse(&args, &e, (const char *const[]){ "x", "--queue=", NULL }));
	ck_assert_str_eq(args_get(&args, "queue"), "");
}
END_TEST

START_TEST(wrong_options_are_named)
{
	static const struct {
		const char *words[4];
		const char *part;
	} table[] = {
		{ { "x", "--nonsense", NULL }, "no such option: '--nonsense'" },
		{ { "x", "-z", NULL }, "no such option" },
		{ { "x", "--queue", NULL }, "option '--queue' needs a value" },
		{ { "x", "--json=1", NULL }, "takes no value" },
		{ { "x", "--limit=5x", NULL }, "--limit takes a whole number, not '5x'" },
		{ { "x", "--limit=0.5", NULL }, "--limit takes a whole number" },
		{ { "x", "--limit= 5", NULL }, "--limit takes a whole number, not ' 5'" },
		{ { "x", "--limit=+5", NULL }, "--limit takes a whole number, not '+5'" },
		{ { "x", "--ratio=a", NULL }, "--ratio takes a number, not 'a'" },
		{ { "x", "--ratio=nan", NULL }, "--ratio takes a number, not 'nan'" },
		{ { "x", "--ratio=-inf", NULL }, "--ratio takes a number, not '-inf'" },
		{ { "x", "--ratio=0x1p3", NULL }, "--ratio takes a number, not '0x1p3'" },
		{ { "x", "--ratio=1e999", NULL }, "--ratio takes a number, not '1e999'" },
		{ { "x", "--ratio=+1", NULL }, "--ratio takes a number, not '+1'" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		struct args args;
		struct tow_err e = { 0 };
		ck_assert(!parse(&args, &e, table[i].words));
		ck_assert_msg(strstr(e.text, table[i].part), "%s", e.text);
		ck_assert_str_eq(e.class, "usage");
		ck_assert_int_eq(tow_err_exit(&e), 64);
	}
}
END_TEST

START_TEST(numbers_have_bounds)
{
	struct args args;
	struct tow_err e = { 0 };
	long n = 42;
	ck_assert(parse(&args, &e, (const char *const[]){ "x", NULL }));
	ck_assert(args_int(&args, "limit", 1, 9, &n, &e) && n == 42);
	ck_assert(parse(&args, &e, (const char *const[]){ "x", "--limit", "9", NULL }));
	ck_assert(args_int(&args, "limit", 1, 9, &n, &e) && n == 9);
	static const char *const bad[] = { "10", "0", "x", "", "5x", "99999999999999999999" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		ck_assert_msg(!parse(&args, &e,
				     (const char *const[]){ "x", "--limit", bad[i], NULL }) ||
				      !args_int(&args, "limit", 1, 9, &n, &e),
			      "%s", bad[i]);
		ck_assert_str_eq(e.class, "usage");
		ck_assert_int_eq(n, 9);
	}
}
END_TEST

START_TEST(ids_are_numbers_above_zero)
{
	struct tow_err e = { 0 };
	ck_assert(cli_id("7", &e));
	ck_assert(cli_id("9223372036854775807", &e));
	static const char *const bad[] = { "0",	 "-1", "",   "x",
					   "7x", " 7", "+7", "9223372036854775808" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ck_assert_msg(!cli_id(bad[i], &e), "%s", bad[i]);
}
END_TEST

START_TEST(advice_is_for_a_shell)
{
	static const struct {
		const char *said, *shell;
	} table[] = {
		{ "select tow.resume('mail')", "tow queue resume mail" },
		{ "select tow.resume_lane('mail', 'it''s a lane')",
		  "tow lane resume mail 'it'\\''s a lane'" },
		{ "select tow.set_queue('mail', max_running => 4)",
		  "tow queue set mail --max-running 4" },
		{ "select * from tow.fsck(repair => true)", "tow fsck --repair" },
		{ "tow.fsck(repair => true) puts it right", "tow fsck --repair puts it right" },
		{ "select tow.reprioritise(7, ...)", "tow reprioritise 7 ..." },
		{ "when that has ended, or is cancelled: select tow.cancel(7)",
		  "when that has ended, or is cancelled: tow cancel 7" },
		{ "select name from tow.policies lists them; tow.set_policy makes one",
		  "tow policy ls lists them; tow policy set makes one" },
		{ "select id, name from tow.workers lists those that do",
		  "tow workers lists those that do" },
		{ "tow client ls lists them, or select name from haul.clients; tow client add "
		  "makes one",
		  "tow client ls lists them; tow client add makes one" },
		{ "tow haul retry 7, or select haul.retry(7)", "tow haul retry 7" },
		{ "it is made with tow.batch", "it is made with tow batch open" },
		{ "tow.pause, tow.pause_lane and tow.pause_kind let nothing start",
		  "tow queue pause, tow lane pause and tow kind pause let nothing start" },
		{ "finished ones are in tow.history", "finished ones are in tow history" },
		{ "tow.next_runs shows instants", "tow schedule next shows instants" },
		{ "select name from tow.duties lists them",
		  "select name from tow.duties lists them" },
		{ "select tow.nobody(7)", "select tow.nobody(7)" },
		{ "say tow.resumed, or atow.resume(1)", "say tow.resumed, or atow.resume(1)" },
		{ "select tow.resume('mail", "tow queue resume mail" },
		{ "select tow.retry(", "tow retry" },
		{ "select ", "select " },
		{ "select .", "select ." },
		{ "select from tow.queues", "select from tow.queues" },
		{ "", "" },
	};
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		ck_assert_str_eq(shell_hint(&arena, table[i].said), table[i].shell);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("cli");
	tcase_add_checked_fixture(t, NULL, empty);
	tcase_add_test(t, instants_are_read);
	tcase_add_test(t, what_is_no_instant_is_left_alone);
	tcase_add_test(t, intervals_are_read);
	tcase_add_test(t, durations_are_said);
	tcase_add_test(t, rates_are_said_as_they_were_meant);
	tcase_add_test(t, programs_get_whole_times);
	tcase_add_test(t, widths_are_columns_not_bytes);
	tcase_add_test(t, text_of_jobs_is_harmless);
	tcase_add_test(t, bars_stay_in_their_frame);
	tcase_add_test(t, arrays_are_quoted);
	tcase_add_test(t, options_stand_anywhere);
	tcase_add_test(t, wrong_options_are_named);
	tcase_add_test(t, numbers_have_bounds);
	tcase_add_test(t, ids_are_numbers_above_zero);
	tcase_add_test(t, advice_is_for_a_shell);
	Suite *s = suite_create("cli");
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
