/* A download client or a media server that is open, as a row names it: driver, url, user_name,
 * secret, timeout_ms, and for a client category and tag (for a monitor done, too), for a server
 * section. */
#ifndef HAUL_SESSION_H
#define HAUL_SESSION_H

#include "tow/client.h"
#include "tow/db.h"
#include "tow/kind.h"
#include "tow/target.h"

struct session {
	struct tow_arena arena; /* of the settings */
	struct tow_client client;
	struct tow_client_conf conf;
	const char *done; /* the row's, a list as JSON: categories; NULL */
};

/* Opens what the first row names. Classes "driver" and "secret" where it cannot be. */
TOW_MUST bool session_open(struct session *s, const struct tow_rows *rows, struct tow_err *e);
static inline bool session_is_open(const struct session *s)
{
	return s->client.driver;
}
void session_close(struct session *s);
#define AUTO_SESSION __attribute__((cleanup(session_close))) struct session

struct target_session {
	struct tow_arena arena;
	struct tow_target target;
	struct tow_target_conf conf;
};
TOW_MUST bool target_session_open(struct target_session *s, const struct tow_rows *rows,
				  struct tow_err *e);
void target_session_close(struct target_session *s);
#define AUTO_TARGET_SESSION __attribute__((cleanup(target_session_close))) struct target_session

/*--- what the jobs of a download have in common */

const char *work_download(struct tow_job *j); /* its id, as text; "0" when the arguments lack it */

/* Whoever enqueues such a job by hand may leave it out: class "args". */
TOW_MUST bool work_names_download(struct tow_job *j, struct tow_err *e);

/* The job's database, and what verb says of the download; one that has moved on (TW410) is no
 * failure: *rows is NULL then, and the job has nothing to do. */
TOW_MUST bool work_begin(struct tow_job *j, struct tow_db **db, const char *verb,
			 struct tow_rows **rows, struct tow_err *e);

/* Our own database was away: the job comes again soon, without spending its attempt, and does all
 * of it once more. False: it is something else. */
bool work_again(struct tow_job *j, struct tow_err *e);

/* What is its client's fault, this worker's or our database's, and no download's: the job comes
 * later, without spending its attempt, and a client that does not let us in is asked by nobody.
 * conf: by whose settings, as verb said; NULL: the job was told none. False: it is something else.
 */
bool work_waits(struct tow_job *j, struct tow_db *db, const struct tow_rows *conf,
		struct tow_err *e);

/* A job that fails: the download fails with it, unless it waits or there will be another attempt.
 * False. */
bool work_failed(struct tow_job *j, struct tow_db *db, const struct tow_rows *conf,
		 struct tow_err *e);

#endif
