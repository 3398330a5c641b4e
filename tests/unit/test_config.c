/* A worker's options and its file. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "workers/config.h"
#include "workers/values.h"

static struct config c;
static struct tow_err e;

static void setup(void)
{
	config_init(&c);
	e = (struct tow_err){ 0 };
}

static void teardown(void)
{
	config_release(&c);
}

static bool read_text(const char *text)
{
	char path[] = "/tmp/tow-config.XXXXXX";
	int fd = mkstemp(path);
	bool ok;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	ok = config_read(&c, path, &e);
	unlink(path);
	return ok;
}

static void refused(const char *text, const char *says)
{
	config_release(&c);
	config_init(&c);
	ck_assert_msg(!read_text(text), "taken: %s", text);
	ck_assert_msg(strstr(e.text, says) != NULL, "'%s' does not say '%s'", e.text, says);
}

START_TEST(durations)
{
	long ms = -1;

	ck_assert(duration_parse("15s", &ms) && ms == 15000);
	ck_assert(duration_parse("90", &ms) && ms == 90000);
	ck_assert(duration_parse("250ms", &ms) && ms == 250);
	ck_assert(duration_parse("1h30m", &ms) && ms == 5400000);
	ck_assert(duration_parse(" 2 min ", &ms) && ms == 120000);
	ck_assert(duration_parse("0.5s", &ms) && ms == 500);
	ck_assert(duration_parse("1 day", &ms) && ms == 86400000);
	ck_assert(!duration_parse("", &ms));
	ck_assert(!duration_parse("s", &ms));
	ck_assert(!duration_parse("5 parsecs", &ms));
	ck_assert(!duration_parse("-1s", &ms));
	ck_assert(!duration_parse("1e99", &ms));
}
END_TEST

static bool wish(const char *queue)
{
	return config_queue(&c, queue, &e);
}

START_TEST(weights_and_slots)
{
	ck_assert(wish("a*3") && wish("b") && wish("c:2") && wish("x.y") && wish("a:4*5"));
	ck_assert(config_finish(&c, &e));
	ck_assert_int_eq(c.queues[0].weight, 3);
	ck_assert_int_eq(c.queues[0].slots, 0);
	ck_assert_int_eq(c.queues[1].weight, 1); /* the others share, so it does */
	ck_assert_int_eq(c.queues[2].weight, 0);
	ck_assert_int_eq(c.queues[2].slots, 2);
	ck_assert_str_eq(c.queues[3].name, "x.y");
	ck_assert_str_eq(c.queues[4].name, "a:4");
	ck_assert_int_eq(c.queues[4].weight, 5);
	ck_assert(wish("a:7")); /* what is said last */
	ck_assert_int_eq(c.queues[0].weight, 0);
	ck_assert_int_eq(c.queues[0].slots, 7);
	ck_assert(!wish("a*0") && !wish("a*1001") && !wish("*3"));
}
END_TEST

START_TEST(strict_queues_share_in_order)
{
	ck_assert(wish("first") && wish("second") && wish("own:2"));
	ck_assert(config_set(&c, "strict", "yes", &e));
	ck_assert(config_finish(&c, &e));
	ck_assert_int_eq(c.queues[0].weight, 1);
	ck_assert_int_eq(c.queues[1].weight, 1);
	ck_assert_int_eq(c.queues[2].weight, 0);
	ck_assert(wish("second*2"));
	c.queues[0].weight = 0;
	ck_assert(!config_finish(&c, &e));
	ck_assert_ptr_nonnull(strstr(e.text, "queue 'second' has a weight"));
}
END_TEST

START_TEST(a_queues_section)
{
	ck_assert(read_text("[worker]\nqueue = a*2\nstrict = no\n[queue b]\nweight = 5\n[queue "
			    "a]\nslots = 3\n"));
	ck_assert(config_finish(&c, &e));
	ck_assert_int_eq(c.queues[0].slots, 3);
	ck_assert_int_eq(c.queues[0].weight, 0);
	ck_assert_int_eq(c.queues[1].weight, 5);
	refused("[queue a]\nweight = heavy\n", "bad weight 'heavy'");
	refused("[queue a]\nheight = 1\n", "a queue has slots or a weight");
}
END_TEST

START_TEST(kinds_of_the_program)
{
	ck_assert(read_text("[worker]\nbuiltin = haul.*, noop\nbuiltin = echo\n[exec x]\ncommand "
			    "= true\n[kind noop]\ntimeout = 1s\n"));
	ck_assert(config_finish(&c, &e));
	ck_assert_ptr_nonnull(kinds_find(&c.kinds, "noop"));
	ck_assert_ptr_nonnull(kinds_find(&c.kinds, "echo"));
	ck_assert_ptr_nonnull(kinds_find(&c.kinds, "haul.fetch"));
	ck_assert_ptr_nonnull(kinds_find(&c.kinds, "x"));
	ck_assert_ptr_null(kinds_find(&c.kinds, "spin"));
	refused("[worker]\nbuiltin = nop\n", "there is no kind 'nop'");
	refused("[worker]\nbuiltin = none\n[kind noop]\n", "kind 'noop' is not among builtin");
	ck_assert(config_finish(&c, &e));
	ck_assert_uint_eq(c.kinds.n, 0);
	refused("[kind noop]\ntimeout = 1s\n[worker]\nbuiltin = echo\n",
		"kind 'noop' is not among builtin"); /* in whatever order */
	refused("[worker]\nbuiltin =\n", "builtin names no kind");
	refused("[worker]\nbuiltin = ,\n", "builtin names no kind");
	config_release(&c);
	config_init(&c);
	ck_assert(config_finish(&c, &e));
	ck_assert_ptr_nonnull(kinds_find(&c.kinds, "spin"));
}
END_TEST

START_TEST(queues_and_slots)
{
	ck_assert(config_queue(&c, "bulk", &e));
	ck_assert(config_queue(&c, "a:b:7", &e));
	ck_assert(config_queue(&c, "x:y:4", &e));
	ck_assert(config_queue(&c, "bulk:2,lim*3", &e));
	ck_assert(config_finish(&c, &e));
	ck_assert_uint_eq(c.n_queues, 4);
	ck_assert_int_eq(c.queues[0].slots, 2);
	ck_assert_str_eq(c.queues[3].name, "lim");
	ck_assert_int_eq(c.queues[3].weight, 3);
	ck_assert_str_eq(c.queues[1].name, "a:b");
	ck_assert_int_eq(c.queues[1].slots, 7);
	ck_assert_str_eq(c.queues[2].name, "x:y");
	ck_assert_int_eq(c.queues[2].slots, 4);
	ck_assert(!config_queue(&c, "", &e));
	ck_assert(!config_queue(&c, "a:0", &e));
	ck_assert(!config_queue(&c, "a:1,", &e));
	ck_assert(!config_queue(&c, "a:1,,b:1", &e));
	ck_assert(!config_queue(&c, ":4", &e));
	ck_assert(!config_queue(&c, "no name:4", &e));
	ck_assert(!config_queue(&c, "a*1*4", &e));
	ck_assert(!config_queue(&c, "orders:lots", &e));
	ck_assert_ptr_nonnull(strstr(e.text, "no number of slots"));
}
END_TEST

START_TEST(without_a_word_there_is_default)
{
	ck_assert(config_finish(&c, &e));
	ck_assert_uint_eq(c.n_queues, 1);
	ck_assert_str_eq(c.queues[0].name, "default");
	ck_assert_int_eq(c.queues[0].slots, 4);
}
END_TEST

START_TEST(a_whole_file)
{
	const struct kind *k;

	ck_assert_msg(read_text("; a comment\n[worker]\nlease = 6s\nqueue = default:2\nqueue = "
				"bulk\nlisten = no\n"
				"[queue bulk]\nslots = 3\n"
				"[exec resize]\ncommand = one &&\n  two\ntimeout = 2m\nmemory_mb = "
				"64\ndatabase = yes\n"
				"[kind sleep]\ntimeout = 5s\n"),
		      "%s", e.text);
	ck_assert(config_finish(&c, &e));
	ck_assert_int_eq(c.lease_ms, 6000);
	ck_assert(!c.listen);
	ck_assert_int_eq(c.queues[1].slots, 3);
	k = kinds_find(&c.kinds, "resize");
	ck_assert_ptr_nonnull(k);
	ck_assert_str_eq(k->how->name, "exec");
	ck_assert_str_eq(kind_setting(k, "command"), "one &&\ntwo");
	ck_assert_int_eq(k->timeout_ms, 120000);
	ck_assert_int_eq(k->limits.memory_mb, 64);
	ck_assert(k->database);
	ck_assert_int_eq(kinds_find(&c.kinds, "sleep")->timeout_ms, 5000);
	ck_assert_ptr_null(kinds_find(&c.kinds, "exec"));
}
END_TEST

START_TEST(mistakes_are_named)
{
	refused("[worker]\nleese = 5s\n", "unknown setting 'leese'");
	refused("[worker]\nlease = soon\n", "bad lease 'soon'");
	refused("[worker]\nlease = 1s\n", "too short");
	refused("[wroker]\nlease = 5s\n", "unknown section");
	refused("[exec x]\ncwd = /\n", "line 1: [exec x] does not say 'command'");
	refused("[worker]\nslots = 2\n\n[exec x]\n", "line 4: [exec x] does not say 'command'");
	refused("[exec x]\ncommand =\n", "does not say 'command'");
	refused("[exec y]\ncommand = a\n[kind sleep]\n[exec  y]\ncommand = b\n",
		"line 4: [exec y] is there already, in line 1");
	refused("[worker]\nslots = 2\n[worker]\nslots = 3\n", "there already");
	refused("[exec a b]\ncommand = a\n", "line 1: bad kind 'a b'");
	refused("[exec]\n", "the section 'exec' names no kind");
	refused("[queue]\n", "the section 'queue' names no queue");
	refused("[http z]\nurl = nothing\n", "bad url 'nothing'");
	refused("[http z]\nurl = http:///path\n", "bad url");
	refused("[http z]\nurl = http://a/\nheader = none\n", "bad header 'none'");
	refused("[http z]\nurl = http://a/\nsecret = word\n", "line 3");
	refused("[worker]\nqueue = orders:lots\n", "line 2");
	refused("[exec x]\ncommand = a\ncolour = red\n", "unknown setting 'colour'");
	refused("[exec noop]\ncommand = a\n", "there already");
	refused("[kind nosuch]\ntimeout = 5s\n", "no kind 'nosuch'");
	refused("[kind exec]\ntimeout = 5s\n", "no kind 'exec'");
	refused("[ftp x]\nurl = a\n", "unknown section 'ftp'");
	refused("[worker]\nnonsense\n", "line 2");
	refused("[queue a]\nslots = many\n", "bad slots 'many'");
	refused("[exec x]\ncommand = "
		"0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
		"234567890123456789"
		"0123456789012345678901234567890123456789012345678901234567890123456789012345678901"
		"234567890123456789\n",
		"longer than");
	refused("[queue bad name]\nslots = 2\n", "bad queue 'bad name'");
	refused("[queue a-name-of-a-queue-that-is-longer-than-a-section-may-be]\nslots = 2\n",
		"a section's name is longer than 49 bytes");
	ck_assert(!config_read(&c, "/nonexistent/worker.ini", &e));
}
END_TEST

START_TEST(what_to_do_is_said)
{
	static const char *const files[] = {
		"[exec x]\n",
		"[exec y]\n[exec y]\n",
		"[exec a b]\n",
		"[http z]\nurl = nothing\n",
		"[worker]\nqueue = orders:lots\n",
		"[worker]\nqueue = orders:0\n",
		"[exec x]\ncolour = red\n",
		"[exec noop]\ncommand = a\n",
		"[kind nosuch]\n",
		"[worker]\nnonsense\n",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		e = (struct tow_err){ 0 };
		refused(files[i], " line ");
		ck_assert_msg(*e.hint, "no hint: %s", e.text);
	}
}
END_TEST

START_TEST(what_only_looks_like_a_section)
{
	ck_assert_msg(read_text("; [exec no]\n[exec x]\ncommand = a\n  [exec y]\n# [exec x]\n"
				"\n\t[exec x]\n[queue only]\n"),
		      "%s", e.text);
	ck_assert_str_eq(kind_setting(kinds_find(&c.kinds, "x"), "command"),
			 "a\n[exec y]\n[exec x]");
	ck_assert_uint_eq(c.n_queues, 1);
	ck_assert_str_eq(c.queues[0].name, "only");
}
END_TEST

START_TEST(sets_of_kinds_are_compared_by_what_they_say)
{
	struct kinds other;

	ck_assert(read_text("[http hook]\nurl = http://localhost/\n"));
	kinds_copy(&other, &c.kinds);
	ck_assert(kinds_equal(&other, &c.kinds));
	kind_set((struct kind *)kinds_find(&other, "hook"), "header", "A: b");
	ck_assert(!kinds_equal(&other, &c.kinds));
	kinds_release(&other);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("config");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, durations);
	tcase_add_test(t, weights_and_slots);
	tcase_add_test(t, strict_queues_share_in_order);
	tcase_add_test(t, a_queues_section);
	tcase_add_test(t, kinds_of_the_program);
	tcase_add_test(t, queues_and_slots);
	tcase_add_test(t, without_a_word_there_is_default);
	tcase_add_test(t, a_whole_file);
	tcase_add_test(t, mistakes_are_named);
	tcase_add_test(t, what_to_do_is_said);
	tcase_add_test(t, what_only_looks_like_a_section);
	tcase_add_test(t, sets_of_kinds_are_compared_by_what_they_say);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
