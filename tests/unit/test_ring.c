/* The last messages, and who wants which. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "src/serve/ring.h"
#include "src/serve/topics.h"

static struct ring ring;

START_TEST(messages_are_found_by_their_numbers)
{
	ring_init(&ring);
	ck_assert(!ring_at(&ring, 0) && !ring_at(&ring, 1));
	ring_add(&ring, "jobs", "jobs", "one", 3);
	ring_add(&ring, "downloads", "download:7", "two", 3);
	ck_assert_str_eq(ring_at(&ring, 1)->text, "one");
	ck_assert_str_eq(ring_at(&ring, 2)->one, "download:7");
	ck_assert(!ring_at(&ring, 3));
	ck_assert_uint_eq(ring.next, 3);
	ring_release(&ring);
}
END_TEST

START_TEST(the_oldest_make_room)
{
	ring_init(&ring);
	for (int i = 0; i < RING_MOST + 10; i++)
		ring_add(&ring, "t", "t", "x", 1);
	ck_assert_uint_eq(ring.first, 11);
	ck_assert(!ring_at(&ring, 10));
	ck_assert(ring_at(&ring, 11) && ring_at(&ring, RING_MOST + 10));
	ck_assert_uint_eq(ring.bytes, RING_MOST);
	ring_release(&ring);
	ck_assert_uint_eq(ring.bytes, 0);
}
END_TEST

START_TEST(many_bytes_are_too_much_as_well)
{
	static char text[RING_BYTES / 4 + 1];

	memset(text, 'x', sizeof(text) - 1);
	ring_init(&ring);
	for (int i = 0; i < 10; i++)
		ring_add(&ring, "t", "t", text, sizeof(text) - 1);
	ck_assert_uint_eq(ring.first, 7);
	ck_assert_uint_le(ring.bytes, RING_BYTES);
	ring_release(&ring);
}
END_TEST

START_TEST(it_knows_how_far_back_it_reaches)
{
	ring_init(&ring);
	ck_assert(ring_reaches(&ring, 0));
	ck_assert(!ring_reaches(&ring, 1)); /* not said yet */
	for (int i = 0; i < RING_MOST + 10; i++)
		ring_add(&ring, "t", "t", "x", 1);
	ck_assert(!ring_reaches(&ring, 9));
	ck_assert(ring_reaches(&ring, 10));
	ck_assert(ring_reaches(&ring, RING_MOST + 10));
	ck_assert(!ring_reaches(&ring, RING_MOST + 11));
	ring_release(&ring);
}
END_TEST

/*--- topics */

static struct topics topics;
static struct sorted mine, others;

static void leave(void)
{
	topics_leave(&topics, &mine, "us", 0);
	topics_leave(&topics, &others, "us", 0);
	topics_release(&topics);
}

START_TEST(who_wants_all_hears_of_one)
{
	TOW_AUTO_ARENA a = { 0 };

	ck_assert(topics_want(&topics, &mine, "downloads", 0));
	ck_assert(topics_want(&topics, &others, "download:7", 0));
	ck_assert_str_eq(topic_one(&a, "downloads", "7"), "download:7");
	ck_assert_str_eq(topic_one(&a, "jobs", NULL), "jobs");
	ck_assert(topics_hear(&mine, "downloads", "download:8"));
	ck_assert(!topics_hear(&others, "downloads", "download:8"));
	ck_assert(topics_hear(&others, "downloads", "download:7"));
	ck_assert(!topics_hear(&others, "download", "download:77"));
	leave();
}
END_TEST

START_TEST(a_topic_is_there_as_long_as_somebody_wants_it)
{
	TOW_AUTO_ARENA a = { 0 };

	ck_assert_str_eq(topics_list(&topics, &a), "{}");
	ck_assert(topics_want(&topics, &mine, "queues", 5));
	ck_assert(topics_want(&topics, &others, "queues", 9));
	ck_assert(topics_want(&topics, &others, "job:\"\\", 9));
	ck_assert_str_eq(topics_list(&topics, &a), "{\"job:\\\"\\\\\",\"queues\"}");
	ck_assert_uint_eq(((struct topic *)sorted_find(&mine, "queues"))->since, 5);
	topics_unwant(&topics, &mine, "queues");
	topics_unwant(&topics, &mine, "queues");
	ck_assert(sorted_find(&topics.all, "queues"));
	topics_unwant(&topics, &others, "queues");
	ck_assert(!sorted_find(&topics.all, "queues"));
	leave();
}
END_TEST

START_TEST(what_a_broken_connection_wanted_is_kept_for_a_while)
{
	ck_assert(topics_want(&topics, &mine, "queues", 5));
	topics_leave(&topics, &mine, "us", 1000);
	topics_tidy(&topics, 1000 + TOPIC_LINGERS - 1);
	ck_assert(topics_want(&topics, &others, "queues", 9));
	ck_assert_uint_eq(((struct topic *)sorted_find(&others, "queues"))->since, 5);
	topics_tidy(&topics, 1000 + TOPIC_LINGERS);
	ck_assert(topics_hear(&others, "queues", "queues"));
	topics_leave(&topics, &others, "us", 2000);
	topics_tidy(&topics, 2000 + TOPIC_LINGERS);
	ck_assert_uint_eq(topics.all.n, 0);
	leave();
}
END_TEST

START_TEST(there_are_limits)
{
	struct sorted guests[TOPICS_ALL / TOPICS_EACH + 1] = { 0 };
	const size_t n = sizeof(guests) / sizeof(*guests);
	char name[40];

	for (size_t g = 0; g < n; g++)
		for (int i = 0; i < TOPICS_EACH + 1; i++) {
			snprintf(name, sizeof(name), "%zu:%d", g, i);
			ck_assert_int_eq(topics_want(&topics, &guests[g], name, 0),
					 g < n - 1 && i < TOPICS_EACH);
		}
	ck_assert(topics_want(&topics, &guests[n - 1], "0:0",
			      0)); /* one that is there costs nothing */
	for (size_t g = 0; g < n; g++)
		topics_leave(&topics, &guests[g], g % 2 ? "odd" : "even", (long long)g);
	ck_assert_uint_eq(topics.all.n, 2 * TOPICS_EACH); /* of two who have left */
	ck_assert(!sorted_find(&topics.all, "3:0"));	  /* those that were left last */
	ck_assert(sorted_find(&topics.all, "7:0"));
	leave();
}
END_TEST

START_TEST(who_is_here_comes_before_who_has_left)
{
	struct sorted guests[TOPICS_ALL / TOPICS_EACH] = { 0 };
	const size_t n = sizeof(guests) / sizeof(*guests);
	char name[40];

	for (size_t g = 0; g < n; g++)
		for (int i = 0; i < TOPICS_EACH; i++) {
			snprintf(name, sizeof(name), "%zu:%d", g, i);
			ck_assert(topics_want(&topics, &guests[g], name, 0));
		}
	ck_assert(!topics_want(&topics, &mine, "one more", 0));
	topics_leave(&topics, &guests[0], "us", 0);
	ck_assert(topics_want(&topics, &mine, "one more", 0));
	ck_assert_uint_eq(topics.all.n, TOPICS_ALL);
	for (size_t g = 1; g < n; g++)
		topics_leave(&topics, &guests[g], "us", 0);
	leave();
}
END_TEST

START_TEST(topics_that_are_none_are_told_apart)
{
	static const char *const some[] = { "jobs", "job:7", "status", "client:a b" },
				 *const none[] = {
					 "",	     "job",	"job:",
					 "status:x", "statu:x", "jobs:7",
					 "job:abc",  "job:07",	"job:1234567890123456789"
				 };

	for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++)
		ck_assert_msg(topic_is_known(some[i]), "%s", some[i]);
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		ck_assert_msg(!topic_is_known(none[i]), "%s", none[i]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ring");
	TCase *c = tcase_create("ring");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(c, messages_are_found_by_their_numbers);
	tcase_add_test(c, the_oldest_make_room);
	tcase_add_test(c, many_bytes_are_too_much_as_well);
	tcase_add_test(c, it_knows_how_far_back_it_reaches);
	tcase_add_test(c, who_wants_all_hears_of_one);
	tcase_add_test(c, a_topic_is_there_as_long_as_somebody_wants_it);
	tcase_add_test(c, what_a_broken_connection_wanted_is_kept_for_a_while);
	tcase_add_test(c, there_are_limits);
	tcase_add_test(c, who_is_here_comes_before_who_has_left);
	tcase_add_test(c, topics_that_are_none_are_told_apart);
	suite_add_tcase(s, c);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
