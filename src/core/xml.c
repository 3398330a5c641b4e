#include "tow/xml.h"

#include <expat.h>
#include <limits.h>
#include <string.h>

enum { DEPTH = 100 };

struct reader {
	struct tow_arena *arena;
	XML_Parser parser;
	struct tow_xml *open[DEPTH], *last[DEPTH]; /* last: the newest child of the open one */
	size_t depth;
	struct tow_buf text; /* since the last tag */
	bool bytes;	     /* each character is a byte: see parse_bytes */
	struct tow_xml *root;
	const char *wrong;
};

/*--- what comes in */

static char *text_of(struct reader *r, const char *text, size_t len)
{
	char *copy = tow_alloc(r->arena, len + 1);
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (r->bytes && (c == 0xc2 || c == 0xc3) && i + 1 < len)
			c = (unsigned char)((c & 3) << 6 | (text[++i] & 0x3f));
		copy[n++] = (char)c;
	}
	return copy;
}

static void stop(struct reader *r, const char *why)
{
	r->wrong = why;
	XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL on_start(void *arg, const char *name, const char **attrs)
{
	struct reader *r = arg;
	struct tow_xml *x = tow_alloc(r->arena, sizeof(*x));

	(void)attrs;
	if (r->depth == DEPTH) {
		stop(r, "it is nested too deeply");
		return;
	}
	*x = (struct tow_xml){ .name = tow_strdup(r->arena, name), .text = "" };
	if (r->depth == 0)
		r->root = x;
	else if (r->last[r->depth - 1])
		r->last[r->depth - 1]->next = x;
	else
		r->open[r->depth - 1]->first = x;
	if (r->depth > 0)
		r->last[r->depth - 1] = x;
	r->last[r->depth] = NULL;
	r->open[r->depth++] = x;
	tow_buf_reset(&r->text);
}

static void XMLCALL on_end(void *arg, const char *name)
{
	struct reader *r = arg;
	struct tow_xml *x = r->open[--r->depth];

	(void)name;
	if (!x->first && r->text.len)
		x->text = text_of(r, r->text.data, r->text.len);
	tow_buf_reset(&r->text);
}

static void XMLCALL on_text(void *arg, const char *text, int len)
{
	struct reader *r = arg;

	tow_buf_add(&r->text, text, (size_t)len);
}

/* A few lines of entities that name each other would fill the memory. */
static void XMLCALL on_entity(void *arg, const char *name, int parameter, const char *value,
			      int len, const char *base, const char *system, const char *public,
			      const char *notation)
{
	(void)name, (void)parameter, (void)value, (void)len, (void)base, (void)system;
	(void)public, (void)notation;
	stop(arg, "it defines entities of its own");
}

/*--- parsing */

static enum XML_Error run(struct reader *r, const char *encoding, const char *data, size_t len)
{
	enum XML_Error error = XML_ERROR_NONE;

	*r = (struct reader){ .arena = r->arena, .bytes = r->bytes };
	r->parser = XML_ParserCreate(encoding);
	if (!r->parser)
		return XML_ERROR_NO_MEMORY;
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_start, on_end);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetEntityDeclHandler(r->parser, on_entity);
	if (XML_Parse(r->parser, data, (int)len, XML_TRUE) != XML_STATUS_OK)
		error = XML_GetErrorCode(r->parser);
	tow_buf_release(&r->text);
	XML_ParserFree(r->parser);
	return error;
}

/* Every byte is a character of ISO 8859-1, and is made a byte again. */
static enum XML_Error parse_bytes(struct reader *r, const char *data, size_t len)
{
	char *clean = tow_alloc(r->arena, len + 1);

	for (size_t i = 0; i < len; i++)
		clean[i] =
			(unsigned char)data[i] < ' ' && !strchr("\t\r\n", data[i]) ? ' ' : data[i];
	r->bytes = true;
	return run(r, "ISO-8859-1", clean, len);
}

bool tow_xml_parse(struct tow_arena *a, const char *data, size_t len, const struct tow_xml **root,
		   struct tow_err *e)
{
	struct reader r = { .arena = a };
	enum XML_Error error;

	if (len > INT_MAX)
		return tow_fail_class(e, TOW_FINAL, "xml", "%zu bytes of XML are too many", len);
	error = run(&r, NULL, data, len);
	if (error == XML_ERROR_INVALID_TOKEN || error == XML_ERROR_PARTIAL_CHAR ||
	    error == XML_ERROR_INCORRECT_ENCODING || error == XML_ERROR_UNKNOWN_ENCODING)
		error = parse_bytes(&r, data, len);
	if (error != XML_ERROR_NONE || !r.root)
		return tow_fail_class(e, TOW_FINAL, "xml", "bad XML: %s",
				      r.wrong ? r.wrong : XML_ErrorString(error));
	*root = r.root;
	return true;
}

/*--- reading */

static const struct tow_xml *named(const struct tow_xml *x, const char *name)
{
	while (x && strcmp(x->name, name) != 0)
		x = x->next;
	return x;
}

const struct tow_xml *tow_xml_child(const struct tow_xml *x, const char *name)
{
	return x ? named(x->first, name) : NULL;
}

const struct tow_xml *tow_xml_next(const struct tow_xml *x, const char *name)
{
	return x ? named(x->next, name) : NULL;
}

const char *tow_xml_text(const struct tow_xml *x, const char *fallback)
{
	return x ? x->text : fallback;
}
