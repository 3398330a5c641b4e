/* What a download holds: the client's list of its files, and what the archives among them hold. */
#ifndef HAUL_CONTENTS_H
#define HAUL_CONTENTS_H

#include "session.h"

struct contents {
	struct tow_transfer_files files; /* as the client says, or as they lie there */
	const char *files_json;		 /* the same for SQL */
	const char *unpacked_json;
};

/* Asks the client, and looks itself where that lists no files; conf is a row of haul.begin_import
 * or haul.begin_preview. */
TOW_MUST bool contents_list(struct tow_job *j, struct tow_db *db, const struct tow_rows *conf,
			    struct contents *c, struct tow_err *e);

/* Unpacks the archives that SQL finds in the list into the library's hidden folder, or only looks
 * into them: then one that cannot be read is logged, and holds nothing. One whose files lie beside
 * it is left alone. */
TOW_MUST bool contents_unpack(struct tow_job *j, struct tow_db *db, const struct tow_rows *conf,
			      bool only_look, struct contents *c, struct tow_err *e);

/* Removes that folder, and what an earlier attempt has left in it. */
void contents_sweep(struct tow_job *j, const struct tow_rows *conf);

#endif
