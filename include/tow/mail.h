/* Mail: one message, handed to an SMTP server (libcurl). */
#ifndef TOW_MAIL_H
#define TOW_MAIL_H

#include "tow/err.h"
#include "tow/mem.h"

struct tow_mail {
	const char *url;	   /* smtp://HOST[:PORT], or smtps:// where TLS comes first */
	const char *user, *secret; /* NULL: no login */
	bool starttls;		   /* smtp: not without TLS */
	const char *id;		   /* the same whenever it is sent: in its Message-ID */
	const char *from;	   /* an address, name@host */
	const char *const *to;	   /* addresses, NULL at the end */
	const char *subject, *text;
	long timeout_ms; /* all of it; 0: 60 s */
};

/* Errors are of class "mail.resolve", "mail.connect", "mail.timeout", "mail.tls", "mail.auth",
 * "mail.refused", "mail.closed", "mail.url" or "mail.protocol". */
TOW_MUST bool tow_mail_send(const struct tow_mail *m, struct tow_err *e);

/* As it goes over the wire, but for the doubled dots. */
char *tow_mail_format(struct tow_arena *a, const struct tow_mail *m);

/* A text as a header's value (RFC 2047): on one line, or folded by what stands between its words.
 */
char *tow_mail_header(struct tow_arena *a, const char *text, const char *between);

#endif
