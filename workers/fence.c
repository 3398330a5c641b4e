/* Resource limits: see fence.h. */
#include "fence.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PROBE (1 << 20)

static const int which[4] = { RLIMIT_AS, RLIMIT_FSIZE, RLIMIT_CPU, RLIMIT_NOFILE };
static struct board *board;

/* Under a memory limit an abort is what becomes of a failed allocation; a bad access may be (a NULL
 * that nobody looked at, a stack that could not grow) when hardly anything is left. Leave word of
 * it, and die as before. */
static void on_death(int signal_number)
{
	void *probe = signal_number == SIGABRT
			      ? MAP_FAILED
			      : mmap(NULL, PROBE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (probe == MAP_FAILED)
		atomic_store(&board->starving, 1);
	signal(signal_number, SIG_DFL);
}

/* On a stack of their own: the usual one may be what is full. */
static void catch_deaths(void)
{
	static char stack[16384];
	stack_t own = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction a = { .sa_handler = on_death, .sa_flags = SA_ONSTACK };

	sigaltstack(&own, NULL);
	sigaction(SIGABRT, &a, NULL);
	sigaction(SIGSEGV, &a, NULL);
	sigaction(SIGBUS, &a, NULL);
}

static rlim_t used_memory(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		if (fscanf(f, "%lu", &pages) != 1)
			pages = 0;
		fclose(f);
	}
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static rlim_t used_cpu_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (rlim_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec);
}

static void lower(int i, struct fence *f, rlim_t to)
{
	struct rlimit now;

	if (getrlimit(which[i], &now) != 0)
		return;
	f->saved[i] = now;
	if (now.rlim_max != RLIM_INFINITY && to > now.rlim_max)
		to = now.rlim_max;
	now.rlim_cur = to;
	setrlimit(which[i], &now);
}

void fence_enter(struct fence *f, const struct kind *k, struct board *b)
{
	const struct tow_limits *l = &k->limits;

	f->up = !k->how->own_limits && (l->memory_mb || l->file_mb || l->cpu_s || l->files);
	if (!f->up)
		return;
	for (int i = 0; i < 4; i++)
		getrlimit(which[i], &f->saved[i]);
	if (l->file_mb)
		lower(1, f, (rlim_t)l->file_mb << 20);
	if (l->cpu_s)
		lower(2, f, used_cpu_s() + (rlim_t)l->cpu_s);
	if (l->files)
		lower(3, f, (rlim_t)l->files);
	if (l->memory_mb) {
		board = b;
		catch_deaths();
		lower(0, f, used_memory() + ((rlim_t)l->memory_mb << 20));
	}
}

void fence_leave(struct fence *f)
{
	if (!f->up)
		return;
	for (int i = 0; i < 4; i++)
		setrlimit(which[i], &f->saved[i]);
	signal(SIGABRT, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGBUS, SIG_DFL);
}
