/* The page: files of one folder. */
#ifndef TOW_SERVE_FILES_H
#define TOW_SERVE_FILES_H

#include "http.h"

/* Where it is: dir, else beside the program or where it was installed; NULL: nowhere. */
const char *files_folder(struct tow_arena *a, const char *dir);

/* folder may be NULL: then a word on how to get the page. */
void files_answer(const char *folder, const char *path, const struct http_request *q,
		  struct http_reply *r);

#endif
