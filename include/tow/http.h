/* One HTTP request and its answer (libcurl's easy interface). http and https only. */
#ifndef TOW_HTTP_H
#define TOW_HTTP_H

#include <stddef.h>

#include "tow/err.h"
#include "tow/mem.h"

struct tow_http_request {
	const char *method; /* "GET" when NULL */
	const char *url;
	const char *const *headers; /* "Name: value", NULL at the end; may be NULL */
	const char *body;	    /* NULL: none */
	size_t body_len;
	long timeout_ms;  /* all of it; 0: 60 s */
	size_t max_bytes; /* a longer answer fails; 0: 8 MiB, of a stream any */
	/* of a stream, which may take any time */
	long stall_ms;	   /* nothing came for so long; 0: 60 s */
	long long rate;	   /* bytes a second; 0: as they come */
	bool from_outside; /* somebody outside has led here: see tow_http_follow */
	bool decode;	   /* undo any coding of its body, as is done when it is asked at once */
};

struct tow_http_answer {
	long status;
	const char *const *headers; /* as received, NULL at the end */
	const char *body;	    /* followed by a NUL */
	size_t body_len;
};

struct tow_http; /* a handle with its cookies and open connections; not shared among processes */
TOW_MUST bool tow_http_open(struct tow_http **h, struct tow_err *e);
void tow_http_close(struct tow_http *h);

/* False when no answer came (class "http.connect", "http.timeout", "http.protocol", ...). Any
 * status is an answer; tow_http_ok turns one that is not 2xx into an error: RETRY for 408, 425, 429
 * and 5xx, else FINAL. */
TOW_MUST bool tow_http_ask(struct tow_http *h, struct tow_arena *a,
			   const struct tow_http_request *q, struct tow_http_answer *answer,
			   struct tow_err *e);
TOW_MUST bool tow_http_ok(const struct tow_http_answer *answer, struct tow_err *e);
const char *tow_http_header(const struct tow_http_answer *answer,
			    const char *name);			 /* NULL when absent */
long tow_http_retry_after(const struct tow_http_answer *answer); /* seconds; -1 when not said */

/*--- an answer in parts, for what is too long for memory; one at a time on a handle */

/* A redirect is left as it is, and so is any coding of the body, unless decode says otherwise. The
 * answer's headers live in a. */
TOW_MUST bool tow_http_begin(struct tow_http *h, struct tow_arena *a,
			     const struct tow_http_request *q, struct tow_err *e);
/* Waits a quarter of a second at most. *answer: status 0 as long as there is none, and of the body
 * what is new, until the next call. *over: that was all. */
TOW_MUST bool tow_http_more(struct tow_http *h, struct tow_http_answer *answer, bool *over,
			    struct tow_err *e);
void tow_http_drop(struct tow_http *h); /* whatever is still to come */

/* Where redirects have led. Each request of it takes url and from_outside from here, and no header
 * that is not for everybody: the next host is another one. */
struct tow_http_trail {
	const char *url;
	bool outside; /* it was given by a host outside */
	int hops;
};
bool tow_http_is_redirect(const struct tow_http_answer *answer); /* and says where it leads */
/* A step further, from the answer that h hears; what is still to come of it is dropped. Ten at most
 * (class "http.redirects"). From a host outside none leads to loopback, link-local or private
 * addresses, by whatever name: then the next request fails (class "http.inside"), and nobody there
 * was called. */
TOW_MUST bool tow_http_follow(struct tow_http *h, struct tow_arena *a,
			      const struct tow_http_answer *answer, struct tow_http_trail *trail,
			      struct tow_err *e);

/*--- what requests are made of */

/* name=value pairs, escaped; pairs whose value is NULL are left out. The list ends with a NULL
 * name. */
struct tow_http_pair {
	const char *name, *value;
};
char *tow_http_form(struct tow_arena *a, const struct tow_http_pair *pairs);
char *tow_http_escape(struct tow_arena *a, const char *text);

/* Parts of a multipart/form-data body; filename NULL: a plain field. type is the header line to
 * send with it. The list ends with a NULL name. */
struct tow_http_part {
	const char *name, *filename, *data;
	size_t len;
};
char *tow_http_multipart(struct tow_arena *a, const struct tow_http_part *parts, size_t *len,
			 const char **type);

char *tow_http_basic(struct tow_arena *a, const char *user, const char *password); /* a header */
char *tow_base64(struct tow_arena *a, const void *data, size_t len);
char *tow_hex(struct tow_arena *a, const void *data, size_t len);   /* small digits */
void *tow_unhex(struct tow_arena *a, const char *hex, size_t *len); /* as encode(bytea, 'hex') */
char *tow_hmac_sha256_hex(struct tow_arena *a, const char *key, const char *text, size_t len);
/* A header by which a receiver knows who sent a body and when: Tow-Signature: t=<unix time>,
 * v1=<HMAC-SHA256 of "t.body">, in hexadecimal and on one line. */
char *tow_http_signature(struct tow_arena *a, const char *key, const char *body);
char *tow_md5_hex(struct tow_arena *a, const char *text);     /* for protocols that ask for it */
char *tow_sha1_base64(struct tow_arena *a, const char *text); /* likewise */
char *tow_sha1_hex(struct tow_arena *a, const void *data, size_t len);
char *tow_sha256_hex(struct tow_arena *a, const void *data, size_t len);

#endif
