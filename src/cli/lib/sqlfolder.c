#include "sqlfolder.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "tow/fs.h"

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct tow_sql_file *)a)->path,
		      ((const struct tow_sql_file *)b)->path);
}

static bool read_all(struct tow_arena *a, const glob_t *found, size_t skip,
		     struct tow_sql_file *files, struct tow_err *e)
{
	for (size_t i = 0; i < found->gl_pathc; i++) {
		char *text = NULL;
		if (!tow_fs_read(a, found->gl_pathv[i], &text, &files[i].len, e))
			return false;
		files[i].text = text;
		files[i].path = tow_strdup(a, found->gl_pathv[i] + skip);
	}
	qsort(files, found->gl_pathc, sizeof *files, by_path);
	return true;
}

bool sqlfolder_read(struct tow_arena *a, const char *folder, const struct tow_sql_file **files,
		    struct tow_err *e)
{
	glob_t found = { 0 };
	int schema = glob(tow_fmt(a, "%s/sql/*/schema/*.sql", folder), 0, NULL, &found);
	int code = glob(tow_fmt(a, "%s/sql/*/code/*.sql", folder), schema == 0 ? GLOB_APPEND : 0,
			NULL, &found);
	if (schema != 0 && code != 0)
		return tow_fail(e, TOW_FINAL, "there are no files in '%s/sql'", folder);
	struct tow_sql_file *table = tow_alloc(a, (found.gl_pathc + 1) * sizeof *table);
	bool done = read_all(a, &found, strlen(folder) + 1, table, e);
	globfree(&found);
	*files = table;
	return done;
}
