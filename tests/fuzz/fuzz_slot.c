/* What a slot sends up its socket and prints into its pipes: a handler may write there what it
 * likes. No frame is read beyond its end, and what goes into a report is JSON. */
#include "harness.h"

#include "tow/json.h"
#include "workers/output.h"
#include "workers/wire.h"

static const char *const seeds[] = {
	"one\ntwo\n\nthree without an end",
	"\001\000\000\000\002",
	"\xf0\x9f\x9a\xa2 a ship\r\n\ttabs\x1b[31m and colours\n",
	"a long line that is said again and again and again and again and again and again\n",
	NULL,
};

static bool is_json(const struct tow_buf *b)
{
	TOW_AUTO_JSON *doc = NULL;
	struct tow_err e = { 0 };

	return tow_json_parse(&doc, b->data, b->len, &e);
}

static void read_frames(const struct tow_buf *b)
{
	struct wire_frame f;
	size_t from = 0, before = 0;

	while (wire_next(b, &from, &f) == WIRE_WHOLE) {
		MUST(from > before && from <= b->len && f.end >= f.at);
		before = from;
		while (!f.bad && f.at < f.end) {
			size_t len = 0;
			const char *text;

			if (roll(2))
				wire_get(&f);
			else if ((text = wire_get_text(&f, &len)))
				MUST(strlen(text) <= len && text + len < b->data + b->len);
		}
	}
}

/* The bytes as they are; then as good frames with a text whose length is not what it should be. */
static void try_wire(const uint8_t *data, size_t size)
{
	TOW_AUTO_BUF raw = { 0 };
	TOW_AUTO_BUF framed = { 0 };

	tow_buf_add(&raw, data, size);
	read_frames(&raw);
	for (size_t at = 0; at < size;) {
		size_t n = roll(size - at) + 1, frame = wire_begin(&framed, WIRE_OUTCOME);
		uint32_t said = (uint32_t)(n - 1 + roll(3)); /* or one less, or one more */

		tow_buf_add(&framed, &said, sizeof(said));
		tow_buf_add(&framed, data + at, n - 1);
		tow_buf_addc(&framed, roll(4) ? '\0' : 'x');
		wire_end(&framed, frame);
		at += n;
	}
	read_frames(&framed);
}

static void try_output(const uint8_t *data, size_t size)
{
	static const struct run run = { .job = 1, .id = 11 };
	TOW_AUTO_BUF progress = { 0 };
	TOW_AUTO_BUF log = { 0 };
	struct output output = { 0 };
	struct reports reports = { 0 };

	output_of(&output, &run, &reports, 1);
	for (size_t at = 0; at < size;) {
		size_t n = roll(size - at) + 1;

		output_add(&output, (int)roll(2), (const char *)data + at, n, &reports, 1);
		at += n;
	}
	output_line(&output, "info", (const char *)data, size, &reports, 1);
	output_flush(&output, &reports, 1);
	reports_write(&reports, &progress, &log, 1 + roll(1000), true, 2);
	MUST(is_json(&progress) && is_json(&log));
	reports_sent(&reports);
	reports_release(&reports);
	output_release(&output);
}

static void fuzz_one(const uint8_t *data, size_t size)
{
	try_wire(data, size);
	try_output(data, size);
}
