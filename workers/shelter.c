/* The database's address and who watches us, kept out of sight: see shelter.h. */
#include "shelter.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tow/mem.h"
#include "tow/proc.h"

static char **kept;
static size_t n_kept;

bool shelter_hides(const char *variable)
{
	return strncmp(variable, "PG", 2) == 0 || strncmp(variable, "DATABASE_URL=", 13) == 0 ||
	       strncmp(variable, "TOW_DIRECT_URL=", 15) == 0 ||
	       strncmp(variable, "TOW_DATABASE", 12) == 0;
}

static void keep(const char *variable)
{
	kept = tow_xrealloc(kept, (n_kept + 1) * sizeof(*kept));
	kept[n_kept++] = tow_xstrdup(variable);
}

void shelter_wipe(void)
{
	for (size_t i = 0; i < n_kept; i++) {
		explicit_bzero(kept[i], strlen(kept[i]));
		free(kept[i]);
	}
	free(kept);
	kept = NULL;
	n_kept = 0;
}

/* unsetenv leaves the text where the kernel shows it: overwrite it first. */
static void forget(char *variable)
{
	TOW_AUTO_FREE char *name = tow_xstrdup(variable);
	size_t len = strcspn(variable, "=");

	name[len] = '\0';
	explicit_bzero(variable + len, strlen(variable + len));
	variable[len] = '=';
	unsetenv(name);
}

void shelter_close(void)
{
	shelter_wipe();
	for (size_t i = 0; environ && environ[i];) {
		bool hides = shelter_hides(environ[i]);

		if (!hides && !tow_sd_is_ours(environ[i])) {
			i++;
			continue;
		}
		if (hides)
			keep(environ[i]);
		forget(environ[i]);
	}
}

void shelter_open(void)
{
	for (size_t i = 0; i < n_kept; i++) {
		TOW_AUTO_FREE char *name = tow_xstrdup(kept[i]);
		size_t len = strcspn(name, "=");

		name[len] = '\0';
		setenv(name, kept[i] + len + 1, 1);
	}
}
