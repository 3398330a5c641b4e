/* What fuzzers share: each includes this, gives seeds and fuzz_one, and is a program.
 *
 *	fuzz_control			FUZZ_SECONDS (10) of mutated seeds
 *	FUZZ_SEED=7 fuzz_control	the same ones again
 *	fuzz_control FILE...		these inputs, to see again what a run has found
 *
 * A batch is run by a child, so that a crash leaves the input that made it: it is kept in a file
 * beside the program. Built with SAN=address,undefined it finds the most. No coverage is looked at:
 * gcc alone builds it, and seeds are cheap. */
#ifndef TOW_TESTS_FUZZ_HARNESS_H
#define TOW_TESTS_FUZZ_HARNESS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The fuzzer's own: good inputs, NULL at the end; and what is done with any input. */
static const char *const seeds[];
static void fuzz_one(const uint8_t *data, size_t size);

#define MUST(what) ((what) ? (void)0 : broken(#what, __LINE__))

enum { INPUT_MOST = 8192, BATCH = 5000, HANG_S = 20 };

struct input {
	size_t size;
	unsigned long long runs;
	uint8_t data[INPUT_MOST];
};

static struct input *now; /* shared by parent and child */
static uint64_t dice;

static void broken(const char *what, int line)
{
	fprintf(stderr, "line %d: not so: %s\n", line, what);
	abort();
}

/* A copy that ends where the input ends, so that reading beyond is seen. */
static inline char *text_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

static size_t roll(size_t sides)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return sides > 0 ? (size_t)(dice >> 11) % sides : 0;
}

/*--- mutations */

static void insert(struct input *i, size_t at, const void *what, size_t n)
{
	if (n > INPUT_MOST - i->size)
		n = INPUT_MOST - i->size;
	memmove(i->data + at + n, i->data + at, i->size - at);
	memcpy(i->data + at, what, n);
	i->size += n;
}

static const char *some_seed(size_t *len)
{
	size_t n = 0;

	while (seeds[n])
		n++;
	const char *seed = seeds[roll(n)];
	*len = strlen(seed);
	return seed;
}

static void insert_word(struct input *i, size_t at)
{
	static const char *const nasty[] = {
		"nan",	"inf", "-1", "0x1p3", "1e308", "99999999999999999999",
		"-0",	"\n",  "\r", "[",     "]",     "=",
		":",	"\"",  "\\", "{}",    "[[",    "\xff\xfe",
		"\xc3", ";",   "\t", "%s%n",  "é",     "''",
	};
	const char *word = nasty[roll(sizeof(nasty) / sizeof(*nasty))];

	insert(i, at, word, strlen(word));
}

static void insert_piece(struct input *i, size_t at)
{
	size_t len;
	const char *seed = some_seed(&len);
	size_t from = roll(len + 1);

	insert(i, at, seed + from, roll(len - from + 1));
}

static void repeat(struct input *i, size_t at)
{
	uint8_t piece[64];
	size_t n = roll(sizeof(piece) < i->size - at ? sizeof(piece) : i->size - at + 1);

	memcpy(piece, i->data + at, n);
	for (size_t times = roll(64); times > 0; times--)
		insert(i, at, piece, n);
}

static void drop(struct input *i, size_t at)
{
	size_t n = roll(i->size - at + 1);

	memmove(i->data + at, i->data + at + n, i->size - at - n);
	i->size -= n;
}

static void mutate(struct input *i)
{
	size_t at = roll(i->size + 1);
	uint8_t byte = (uint8_t)roll(256);

	switch (roll(6)) {
	case 0:
		if (at < i->size)
			i->data[at] ^= (uint8_t)(1U << roll(8));
		break;
	case 1:
		insert(i, at, &byte, 1);
		break;
	case 2:
		insert_word(i, at);
		break;
	case 3:
		insert_piece(i, at);
		break;
	case 4:
		repeat(i, at);
		break;
	default:
		drop(i, at);
	}
}

/*--- runs */

/* What it rolls depends on the input alone, so that a kept one does the same again. */
static void try_input(void)
{
	uint64_t saved = dice;

	dice = 0xcbf29ce484222325U;
	for (size_t i = 0; i < now->size; i++)
		dice = (dice ^ now->data[i]) * 0x100000001b3U;
	dice |= 1;
	fuzz_one(now->data, now->size);
	dice = saved;
}

static void batch(void)
{
	alarm(HANG_S);
	for (int n = 0; n < BATCH; n++) {
		size_t len;
		const char *seed = some_seed(&len);

		memcpy(now->data, seed, len);
		now->size = len;
		for (size_t times = roll(6); times > 0; times--)
			mutate(now);
		now->runs++;
		try_input();
	}
	exit(0); /* not _exit: leaks are looked for */
}

static bool run_batch(void)
{
	int status = 0;
	pid_t child;

	roll(1);
	fflush(NULL);
	child = fork();
	if (child == 0)
		batch();
	dice += 0x9e3779b97f4a7c15U; /* the child's rolls were its own */
	return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static void keep_input(const char *program)
{
	const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%.*scrash_%s", (int)(name - program), program, name);
	f = fopen(path, "w");
	if (!f || fwrite(now->data, 1, now->size, f) != now->size || fclose(f) != 0)
		perror(path);
	printf("the last input of %zu bytes is kept: %s %s\n", now->size, program, path);
}

static int fuzz(const char *program)
{
	const char *seconds = getenv("FUZZ_SECONDS"), *seed = getenv("FUZZ_SEED");
	uint64_t first =
		seed ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL) << 8 ^ (uint64_t)getpid();
	time_t end = time(NULL) + (seconds ? atol(seconds) : 10);
	bool good = true;

	dice = first * 2 + 1;
	while (good && time(NULL) < end)
		good = run_batch();
	printf("FUZZ_SEED=%llu: %llu inputs\n", (unsigned long long)first, now->runs);
	if (!good)
		keep_input(program);
	printf("%d%%: Checks: 1, Failures: %d, Errors: 0\n", good ? 100 : 0, good ? 0 : 1);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void fuzz_file(const char *path)
{
	FILE *f = fopen(path, "r");

	if (!f) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	now->size = fread(now->data, 1, sizeof(now->data), f);
	fclose(f);
	try_input();
}

int main(int argc, char **argv)
{
	now = mmap(NULL, sizeof(*now), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (now == MAP_FAILED)
		abort();
	for (int i = 1; i < argc; i++)
		fuzz_file(argv[i]);
	return argc > 1 ? EXIT_SUCCESS : fuzz(argv[0]);
}

#endif
