#include "tow/db.h"

void tow_array_add(struct tow_buf *array, const char *word, size_t len)
{
	tow_buf_adds(array, array->len ? ",\"" : "{\"");
	for (size_t i = 0; i < len; i++) {
		if (word[i] == '"' || word[i] == '\\')
			tow_buf_addc(array, '\\');
		tow_buf_addc(array, word[i]);
	}
	tow_buf_addc(array, '"');
}
