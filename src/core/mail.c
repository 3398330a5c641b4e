#include "tow/mail.h"

#include <curl/curl.h>
#include <string.h>
#include <time.h>

#include "tow/http.h"
#include "utf8.h"

enum { TIMEOUT_MS = 60 * 1000, WORD_BYTES = 42, LINE_COLUMNS = 76 };

/*--- headers */

static bool is_plain(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			return false;
	return !strstr(text, "=?"); /* else it would be read as what it is not */
}

/* A line break would begin a header of somebody else's making. */
static char *one_line(struct tow_arena *a, const char *text)
{
	char *line = tow_strdup(a, text);

	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
	return line;
}

/* How much of it a word takes: whole characters. */
static size_t word_len(const char *text)
{
	size_t n = 0, left = strlen(text);

	while (n < left) {
		size_t one = utf8_len((const unsigned char *)text + n, left - n);

		one = one ? one : 1;
		if (n + one > WORD_BYTES)
			break;
		n += one;
	}
	return n;
}

char *tow_mail_header(struct tow_arena *a, const char *text, const char *between)
{
	const char *line = one_line(a, text);
	TOW_AUTO_BUF out = { 0 };

	if (is_plain(line))
		return tow_strdup(a, line);
	for (size_t n; *line; line += n) {
		n = word_len(line);
		tow_buf_addf(&out, "%s=?UTF-8?B?%s?=", out.len ? between : "",
			     tow_base64(a, line, n));
	}
	return tow_strdup(a, out.data);
}

/*--- the text, as quoted-printable: any server takes it, and lines are short */

static void add_octet(struct tow_buf *out, size_t *column, unsigned char c, bool quoted)
{
	size_t width = quoted ? 3 : 1;

	if (*column + width >= LINE_COLUMNS) {
		tow_buf_adds(out, "=\r\n");
		*column = 0;
	}
	if (quoted)
		tow_buf_addf(out, "=%02X", c);
	else
		tow_buf_addc(out, (char)c);
	*column += width;
}

static void add_text(struct tow_buf *out, const char *text)
{
	size_t column = 0;

	for (const char *c = text; *c; c++) {
		bool blank_at_end = (*c == ' ' || *c == '\t') && (!c[1] || strchr("\r\n", c[1]));

		if (*c == '\n') {
			tow_buf_adds(out, "\r\n");
			column = 0;
		} else if (*c != '\r') {
			add_octet(out, &column, (unsigned char)*c,
				  blank_at_end || *c == '=' || *c > '~' ||
					  (*c < ' ' && *c != '\t'));
		}
	}
	tow_buf_adds(out, "\r\n");
}

static const char *domain(const char *address)
{
	const char *at = strrchr(address, '@');

	return at ? at + 1 : address;
}

char *tow_mail_format(struct tow_arena *a, const struct tow_mail *m)
{
	TOW_AUTO_BUF out = { 0 };
	time_t now = time(NULL);
	struct tm tm;
	char date[64];

	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", gmtime_r(&now, &tm));
	tow_buf_addf(&out, "Date: %s\r\nFrom: <%s>\r\nTo: ", date, one_line(a, m->from));
	for (const char *const *to = m->to; *to; to++)
		tow_buf_addf(&out, "%s<%s>", to == m->to ? "" : ",\r\n ", one_line(a, *to));
	tow_buf_addf(&out, "\r\nSubject: %s\r\n", tow_mail_header(a, m->subject, "\r\n "));
	tow_buf_addf(&out, "Message-ID: <towpath.%s@%s>\r\n", one_line(a, m->id),
		     one_line(a, domain(m->from)));
	tow_buf_adds(&out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
			   "Content-Type: text/plain; charset=utf-8\r\n"
			   "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	add_text(&out, m->text);
	return tow_strdup(a, out.data);
}

/*--- sending */

struct outlet {
	const char *left;
	size_t n;
};

static size_t give(char *out, size_t one, size_t n, void *arg)
{
	struct outlet *o = arg;
	size_t take = one * n < o->n ? one * n : o->n;

	memcpy(out, o->left, take);
	o->left += take;
	o->n -= take;
	return take;
}

static void set_manners(CURL *c, const struct tow_mail *m)
{
	curl_easy_setopt(c, CURLOPT_URL, m->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, m->timeout_ms > 0 ? m->timeout_ms : TIMEOUT_MS);
	curl_easy_setopt(c, CURLOPT_USE_SSL,
			 (long)(m->starttls ? CURLUSESSL_ALL : CURLUSESSL_NONE));
	if (m->user && m->secret) {
		curl_easy_setopt(c, CURLOPT_USERNAME, m->user);
		curl_easy_setopt(c, CURLOPT_PASSWORD, m->secret);
	}
}

static const struct verdict {
	CURLcode curl;
	enum tow_code code;
	const char *class;
} verdicts[] = {
	{ CURLE_URL_MALFORMAT, TOW_FINAL, "mail.url" },
	{ CURLE_UNSUPPORTED_PROTOCOL, TOW_FINAL, "mail.url" },
	{ CURLE_COULDNT_RESOLVE_HOST, TOW_RETRY, "mail.resolve" },
	{ CURLE_COULDNT_CONNECT, TOW_RETRY, "mail.connect" },
	{ CURLE_OPERATION_TIMEDOUT, TOW_RETRY, "mail.timeout" },
	{ CURLE_PEER_FAILED_VERIFICATION, TOW_FINAL, "mail.tls" },
	{ CURLE_USE_SSL_FAILED, TOW_FINAL, "mail.tls" },
	{ CURLE_SSL_CONNECT_ERROR, TOW_RETRY, "mail.tls" },
	{ CURLE_LOGIN_DENIED, TOW_FINAL, "mail.auth" },
	{ CURLE_GOT_NOTHING, TOW_RETRY, "mail.closed" },
	{ CURLE_RECV_ERROR, TOW_RETRY, "mail.closed" },
};

/* A server that says 5.. will say it again; 4.. is passing. */
static bool fail(struct tow_err *e, CURL *c, CURLcode curl, const char *said)
{
	struct verdict v = { curl, TOW_RETRY, "mail.protocol" };
	long status = 0;

	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++)
		if (verdicts[i].curl == curl)
			v = verdicts[i];
	if (strcmp(v.class, "mail.protocol") == 0 && status >= 400)
		v = (struct verdict){ curl, status >= 500 ? TOW_FINAL : TOW_RETRY, "mail.refused" };
	tow_fail_class(e, v.code, v.class, "%s", *said ? said : curl_easy_strerror(curl));
	if (curl == CURLE_USE_SSL_FAILED)
		return tow_hint(e, "the server offers no TLS: let it, or say that it may go "
				   "without");
	return false;
}

static void freep_curl(CURL **c)
{
	curl_easy_cleanup(*c);
}

static void freep_list(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

bool tow_mail_send(const struct tow_mail *m, struct tow_err *e)
{
	__attribute__((cleanup(freep_curl))) CURL *c =
		curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
	__attribute__((cleanup(freep_list))) struct curl_slist *to = NULL;
	TOW_AUTO_ARENA a = { 0 };
	char said[CURL_ERROR_SIZE] = "";
	struct outlet o = { .left = tow_mail_format(&a, m) };
	CURLcode curl;

	if (!c)
		return tow_fail_class(e, TOW_RETRY, "mail.protocol", "cannot start the library");
	for (const char *const *one = m->to; *one; one++)
		to = curl_slist_append(to, tow_fmt(&a, "<%s>", one_line(&a, *one)));
	o.n = strlen(o.left);
	set_manners(c, m);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, said);
	curl_easy_setopt(c, CURLOPT_MAIL_FROM, tow_fmt(&a, "<%s>", one_line(&a, m->from)));
	curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(c, CURLOPT_READDATA, &o);
	curl = curl_easy_perform(c);
	return curl == CURLE_OK || fail(e, c, curl, said);
}
