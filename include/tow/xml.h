/* XML, read into a small tree that lives in an arena: elements, and the text of those that hold
 * nothing but text. Names are kept with their prefix ("soap:Body"). */
#ifndef TOW_XML_H
#define TOW_XML_H

#include <stddef.h>

#include "tow/err.h"
#include "tow/mem.h"

struct tow_xml {
	const char *name;
	const char *text; /* "" where there is none */
	const struct tow_xml *first, *next;
};

/* Class "xml". Entities of the document's own, and what is nested too deeply, are refused. Where
 * the bytes are not what they are said to be (text that is no UTF-8, control characters), they are
 * kept as they are, control characters becoming blanks: one odd text does not spoil the rest. */
TOW_MUST bool tow_xml_parse(struct tow_arena *a, const char *data, size_t len,
			    const struct tow_xml **root, struct tow_err *e);

/* NULL stands for "not there" throughout. */
const struct tow_xml *tow_xml_child(const struct tow_xml *x, const char *name); /* the first */
const struct tow_xml *tow_xml_next(const struct tow_xml *x, const char *name);	/* of that name */
const char *tow_xml_text(const struct tow_xml *x, const char *fallback);

#endif
