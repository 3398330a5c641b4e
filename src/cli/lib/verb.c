#include "verb.h"

#include <sysexits.h>

#include "table.h"
#include "text.h"
#include "tow/json.h"
#include "when.h"

/* The answer is a state, or the instant to which the job was moved; done: what to say instead. */
static void print_answer(struct cli *c, const char *id, const char *done, const char *answer,
			 const char *comma)
{
	long long at;
	struct look look = text_look(stdout);
	const char *what = done ? "done" : when_parse(answer, &at) ? "run_at" : "state";
	if (done)
		answer = done;
	if (cli_has(c, "json"))
		printf("%s{\"id\": %s, \"%s\": \"%s\"}", comma, id, what,
		       when_iso(&c->arena, answer));
	else
		printf("%s  %s%s%s\n", id, text_on(&look, text_colour_of(answer)), answer,
		       text_off(&look, text_colour_of(answer)));
}

static bool call(struct cli *c, const char *verb, const char *id, const struct tow_arg *extra,
		 struct tow_rows **answer)
{
	struct cli_call call = { 0 };
	if (!cli_id(id, &c->err))
		return false;
	cli_arg(&call, "id", id);
	for (; extra && extra->name; extra++)
		cli_arg(&call, extra->name, extra->value);
	return cli_call(c, answer, verb, &call);
}

int verb_run(struct cli *c, const char *verb, const struct tow_arg *extra)
{
	return verb_run_saying(c, verb, extra, NULL);
}

int verb_run_saying(struct cli *c, const char *verb, const struct tow_arg *extra, const char *done)
{
	int status = EX_OK;
	const char *comma = "[";
	for (size_t i = 0; i < c->args.n; i++) {
		TOW_AUTO_ROWS *answer = NULL;
		const char *id = cli_operand(c, i);
		if (call(c, verb, id, extra, &answer)) {
			print_answer(c, id, done, tow_rows_at(answer, 0, 0), comma);
			comma = ",\n ";
			continue;
		}
		int this = cli_failed(c);
		status = status ? status : this;
		if (!tow_db_alive(c->db))
			break;
	}
	if (cli_has(c, "json"))
		printf("%s]\n", *comma == '[' ? "[" : "");
	return status;
}
