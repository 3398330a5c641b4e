/* A web page where a file should be: a server that wants a login, or has the file no more, sends
 * one and says that all is well. */
#include <string.h>
#include <strings.h>

#include "fetching.h"

/* Of what cannot be a page; whatever has another name, or none, may be one. */
static bool is_file_name(const char *name)
{
	static const char *const endings[] = {
		"mkv",	"mp4",	"m4v", "avi",  "mov",  "wmv",  "mpg", "mpeg", "m2ts", "ts",
		"vob",	"webm", "flv", "ogv",  "flac", "mp3",  "m4a", "m4b",  "aac",  "ogg",
		"opus", "wav",	"wma", "aiff", "zip",  "rar",  "7z",  "tar",  "gz",   "tgz",
		"bz2",	"tbz2", "xz",  "txz",  "zst",  "tzst", "iso", "img",  "dmg",  "deb",
		"rpm",	"exe",	"msi", "apk",  "jpg",  "jpeg", "png", "gif",  "webp", "tif",
		"bmp",	"epub", "pdf", "mobi", "azw3", "cbz",  "cbr", "djvu", "nzb",  "torrent",
	};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
		if (strcasecmp(dot + 1, endings[i]) == 0)
			return true;
	return false;
}

static bool is_page_type(const char *type)
{
	return type && (strncasecmp(type, "text/html", strlen("text/html")) == 0 ||
			strncasecmp(type, "application/xhtml", strlen("application/xhtml")) == 0);
}

static bool begins_page(const char *data, size_t len)
{
	static const char *const begins[] = { "<!doctype html", "<html", "<head" };
	static const char blank[] = { '\xef', '\xbb', '\xbf', ' ', '\t', '\r', '\n' };
	size_t at = 0;

	while (at < len && memchr(blank, data[at], sizeof blank))
		at++;
	for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
		if (len - at >= strlen(begins[i]) &&
		    strncasecmp(data + at, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

bool fetch_is_file(const char *name, const struct tow_http_answer *answer, struct tow_err *e)
{
	const char *type = tow_http_header(answer, "Content-Type");

	if (!is_file_name(name) ||
	    !(is_page_type(type) || begins_page(answer->body, answer->body_len)))
		return true;
	tow_fail_class(e, TOW_FINAL, "release.page", "the server sent a web page, not '%s'", name);
	return tow_hint(e, "it may want a login, or have the file no more: open the link in a "
			   "browser, and give the one that leads to the file itself");
}
