/* The tables of drivers as one JSON document: [{"what", "name", "title", "help", "url", "takes",
 * "needs"}]. */
#include "drivers.h"

#include "tow/channel.h"
#include "tow/client.h"
#include "tow/json.h"
#include "tow/mem.h"
#include "tow/target.h"

/* needs: a list beside the address, or NULL. */
static void put_driver(struct tow_buf *out, const char *what, const char *name, const char *title,
		       const char *help, const char *usual, const char *takes,
		       const char *const *needs)
{
	tow_buf_addf(out, "%s{\"what\": \"%s\"", out->len > 1 ? ", " : "", what);
	tow_json_member(out, "name", name);
	tow_json_member(out, "title", title);
	tow_json_member(out, "help", help);
	tow_json_member(out, "url", usual);
	tow_json_member(out, "takes", takes);
	tow_buf_adds(out, ", \"needs\": [");
	if (usual)
		tow_buf_adds(out, "\"url\"");
	for (; needs && *needs; needs++)
		tow_buf_addf(out, ", \"%s\"", *needs);
	tow_buf_adds(out, "]}");
}

bool drivers_publish(struct tow_db *db, struct tow_err *e)
{
	TOW_AUTO_BUF out = { 0 };

	tow_buf_addc(&out, '[');
	for (const struct tow_client_driver *const *d = tow_client_drivers; *d; d++)
		put_driver(&out, "client", (*d)->name, (*d)->title, (*d)->help, (*d)->usual,
			   (*d)->takes, NULL);
	for (const struct tow_target_driver *const *d = tow_target_drivers; *d; d++)
		put_driver(&out, "target", (*d)->name, (*d)->title, (*d)->help, (*d)->usual,
			   (*d)->takes, NULL);
	for (const struct tow_channel_driver *const *d = tow_channel_drivers; *d; d++)
		put_driver(&out, "channel", (*d)->name, (*d)->title, (*d)->help, (*d)->usual,
			   (*d)->takes, (*d)->needs);
	tow_buf_addc(&out, ']');
	tow_buf_addc(&out, '\0');
	return tow_call(db, NULL, e, "haul_store.know_drivers", out.data);
}
