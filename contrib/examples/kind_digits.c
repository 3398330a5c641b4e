/* A kind in C: copy this to workers/kinds/digits.c, run make, restart the worker. The file's name
 *is the struct's.
 *
 *	select tow.enqueue('digits', '{"n": 1000}');
 *
 * sums the digits of all numbers up to n. */
#include "tow/kind.h"

static long long digits(long long n)
{
	long long sum = 0;

	for (; n > 0; n /= 10)
		sum += n % 10;
	return sum;
}

static bool run(struct tow_job *j, struct tow_err *e)
{
	long long n = tow_json_int(tow_job_args(j), "n", -1), sum = 0;

	if (n < 0 || n > 1000000000)
		return tow_fail(e, TOW_FINAL, "bad 'n': a number from 0 to 1000000000");
	for (long long i = 1; i <= n; i++) {
		if (i % 10000 == 0 && tow_job_stopping(j))
			return tow_fail(e, TOW_CANCELLED, "asked to stop at %lld", i);
		if (i % 10000 == 0)
			tow_job_count(j, i, n, "summing");
		sum += digits(i);
	}
	tow_job_result(j, tow_fmt(tow_job_arena(j), "{\"sum\":%lld}", sum));
	return true;
}

const struct tow_kind tow_kind_digits = {
	.name = "digits",
	.help = "sums the digits of all numbers up to n: {\"n\": 1000}",
	.timeout_s = 60,
	.run = run,
};
