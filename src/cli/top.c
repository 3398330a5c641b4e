/* tow top: the whole at a glance, full screen, like htop. */
#include <ctype.h>
#include <locale.h>
#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "lib/cli.h"
#include "lib/topview.h"
#include "tow/command.h"

static const struct tow_option options[] = {
	{ "once", NULL, "print one picture and end" },
	{ "delay", "SECONDS", "between two pictures (1)" },
	OPTION_DATABASE,
	OPTION_END,
};

enum { FILTER = 40, HELP_ROWS = 17 };

/* What a key does to the chosen row. */
static const struct deed {
	char key;
	bool job; /* to a job, not a queue */
	const char *question, *done, *verb;
} deeds[] = {
	{ 'p', false, "pause queue", "paused queue", "tow.pause" },
	{ 'r', false, "resume queue", "resumed queue", "tow.resume" },
	{ 'c', true, "cancel job", "cancelled job", "tow.cancel" },
	{ 0 },
};

struct top {
	struct cli *c;
	struct overview o;
	struct tow_arena frame_memory;
	struct topview view;
	char filter[FILTER];
	char message[1024]; /* in the last row, until the next key */
	bool lost;	    /* the database did not answer */
	time_t heard;	    /* when it did last */
	bool frozen, typing, helping, ending;
	const struct deed *asking; /* shall that be done to the subject? NULL: no question */
	char subject[80];	   /* rows move while it is asked: what was chosen then */
};

static const struct deed *deed_of(int key)
{
	for (const struct deed *d = deeds; d->key; d++)
		if (d->key == key)
			return d;
	return NULL;
}

/* Nothing is asked where no row is chosen. */
static void question(struct top *t, const struct deed *d)
{
	snprintf(t->subject, sizeof t->subject, "%s",
		 d->job ? t->view.chosen_job : t->view.chosen_queue);
	t->asking = *t->subject ? d : NULL;
}

/* --- drawing */

static void need_colours(void)
{
	static const short pairs[] = { [RED] = COLOR_RED,
				       [GREEN] = COLOR_GREEN,
				       [YELLOW] = COLOR_YELLOW,
				       [BLUE] = COLOR_CYAN };
	const char *never = getenv("NO_COLOR");
	if (!has_colors() || (never && *never))
		return;
	start_color();
	use_default_colors();
	for (int i = RED; i <= BLUE; i++)
		init_pair((short)i, pairs[i], -1);
}

static attr_t attributes(const struct piece *p)
{
	attr_t a = p->chosen ? A_REVERSE : A_NORMAL;
	switch (p->colour) {
	case PLAIN:
		return a;
	case BOLD:
		return a | A_BOLD;
	case DIM:
		return a | A_DIM;
	case RED:
	case GREEN:
	case YELLOW:
	case BLUE:
		break;
	}
	return a | (attr_t)COLOR_PAIR(p->colour);
}

/* On a small screen rows go at the top rather than that the chosen one is not seen. */
static int first_row(const struct frame *f)
{
	int chosen = 0;
	for (size_t i = 0; i < f->n; i++)
		if (f->pieces[i].chosen)
			chosen = f->pieces[i].row;
	return chosen > LINES - 2 ? chosen - (LINES - 2) : 0;
}

static void draw_frame(const struct frame *f)
{
	int row = -1, column = 0, first = first_row(f);
	for (size_t i = 0; i < f->n; i++) {
		const struct piece *p = &f->pieces[i];
		column = p->row == row ? column : 0;
		row = p->row;
		if (row < first || row - first >= LINES - 1 || column >= COLS)
			continue;
		attrset((int)attributes(p));
		mvaddstr(row - first, column, text_cut(f->arena, p->text, COLS - column));
		column += text_width(p->text);
	}
	attrset(A_NORMAL);
}

static void draw_help(void)
{
	static const char *const lines[] = {
		"  up, down   choose a queue or a running job",
		"  tab        go from queues to running jobs and back",
		"  p          pause the chosen queue",
		"  r          resume the chosen queue",
		"  c          cancel the chosen job",
		"  s          sort in another way",
		"  /          show only queues, kinds and workers with this in their name",
		"  space      freeze the picture, and go on",
		"  ?          this help",
		"  q          quit",
		"",
		"  GROWTH/S: by how many jobs a second those ready or in lanes grow; where",
		"            not all are counted (10000+), in the last minute. ?: not known yet",
		"  LANED jobs wait in lanes; WAITS FOR says what those that are ready wait for.",
		"  HELD is how many jobs a worker has, of which SLOTS run at once.",
		"",
		"  any key goes back",
	};
	for (int i = 0; i < HELP_ROWS; i++)
		mvaddstr(1 + i, 0, lines[i]);
}

static void draw_last_row(const struct top *t)
{
	attrset(A_REVERSE);
	mvhline(LINES - 1, 0, ' ', COLS);
	move(LINES - 1, 0);
	if (t->typing)
		printw("/%s_", t->filter);
	else if (t->asking)
		printw("%s '%s'? y or n", t->asking->question, t->subject);
	else if (t->message[0])
		addnstr(t->message, COLS - 1);
	else
		printw("q quit  arrows, tab choose  p pause  r resume  c cancel  s sort  "
		       "/ filter%s%s  space %s  ? help",
		       t->filter[0] ? ": " : "", t->filter, t->frozen ? "go on" : "freeze");
	attrset(A_NORMAL);
}

static void draw(struct top *t)
{
	tow_arena_reset(&t->frame_memory);
	struct frame f = { .arena = &t->frame_memory };
	erase();
	t->view.o = &t->o;
	t->view.width = COLS;
	t->view.height = LINES;
	t->view.filter = t->filter;
	t->view.lost = t->lost ? tow_fmt(f.arena, "no answer from the database; this was %ld s ago",
					 (long)(time(NULL) - t->heard))
			       : NULL;
	if (t->o.now)
		topview_draw(&t->view, &f);
	int rows = t->view.among_jobs ? t->view.n_jobs : t->view.n_queues;
	if (t->view.chosen >= rows)
		t->view.chosen = rows > 0 ? rows - 1 : 0;
	if (t->helping)
		draw_help();
	else
		draw_frame(&f);
	draw_last_row(t);
	refresh();
}

/* --- the database, which may go and come */

static void complain(struct top *t)
{
	t->lost = !t->c->db || !tow_db_alive(t->c->db);
	snprintf(t->message, sizeof t->message, "%s", t->c->err.text);
}

static void ask(struct top *t)
{
	struct cli *c = t->c;
	if (t->frozen)
		return;
	if (!c->db || !tow_db_alive(c->db)) {
		tow_db_closep(&c->db);
		if (!tow_db_open(&c->db, c->url, c->command, &c->err)) {
			complain(t);
			return;
		}
		t->message[0] = '\0';
	}
	if (!overview_next(&t->o, c->db, &c->err)) {
		complain(t);
		return;
	}
	t->lost = false;
	t->heard = time(NULL);
}

static void act(struct top *t, const struct deed *d)
{
	if (!t->c->db || !tow_call(t->c->db, NULL, &t->c->err, d->verb, t->subject))
		complain(t);
	else
		snprintf(t->message, sizeof t->message, "%s '%s'", d->done, t->subject);
}

/* --- keys */

static void type(struct top *t, int key)
{
	size_t n = strlen(t->filter);
	if (key == '\n' || key == KEY_ENTER) {
		t->typing = false;
	} else if (key == 27) {
		t->typing = false;
		t->filter[0] = '\0';
	} else if ((key == KEY_BACKSPACE || key == 127 || key == '\b') && n > 0) {
		t->filter[n - 1] = '\0';
	} else if (key < 128 && isprint(key) && n + 1 < FILTER) {
		t->filter[n] = (char)key;
		t->filter[n + 1] = '\0';
	}
}

static void answer(struct top *t, int key)
{
	if (key == 'y' || key == 'Y')
		act(t, t->asking);
	t->asking = NULL;
}

static void command(struct top *t, int key)
{
	const struct deed *deed = deed_of(key);
	t->message[0] = '\0';
	switch (key) {
	case 'q':
		t->ending = true;
		break;
	case KEY_UP:
		t->view.chosen -= t->view.chosen > 0;
		break;
	case KEY_DOWN:
		t->view.chosen++;
		break;
	case '\t':
		t->view.among_jobs = !t->view.among_jobs;
		t->view.chosen = 0;
		break;
	case 's':
		if (!topview_sorts[++t->view.sort])
			t->view.sort = 0;
		snprintf(t->message, sizeof t->message, "sorted %s", topview_sorts[t->view.sort]);
		break;
	case '/':
		t->typing = true;
		t->filter[0] = '\0';
		break;
	case ' ':
		t->frozen = !t->frozen;
		break;
	case '?':
		t->helping = true;
		break;
	default:
		if (deed)
			question(t, deed);
		break;
	}
}

static void take_key(struct top *t, int key)
{
	if (key == KEY_RESIZE)
		return;
	if (t->helping)
		t->helping = false;
	else if (t->typing)
		type(t, key);
	else if (t->asking)
		answer(t, key);
	else
		command(t, key);
}

/* A key is drawn at once; the database is asked when the delay has passed without one. */
static void loop(struct top *t, int delay_ms)
{
	timeout(delay_ms);
	ask(t);
	while (!t->ending) {
		draw(t);
		int key = getch();
		if (key == ERR)
			ask(t);
		else
			take_key(t, key);
	}
}

static int full_screen(struct cli *c, long delay)
{
	struct top t = { .c = c, .view = { .chosen_queue = "", .chosen_job = "" } };
	SCREEN *screen = newterm(NULL, stdout, stdin);
	if (!screen) {
		tow_fail(&c->err, TOW_FINAL, "the terminal '%s' is not known here",
			 getenv("TERM") ? getenv("TERM") : "");
		tow_hint(&c->err, "set TERM, or use: tow top --once");
		return cli_failed(c);
	}
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	set_escdelay(50);
	need_colours();
	loop(&t, (int)delay * 1000);
	endwin();
	delscreen(screen);
	overview_release(&t.o);
	tow_arena_release(&t.frame_memory);
	return EX_OK;
}

static int once(struct cli *c)
{
	struct overview o = { 0 };
	struct frame f = { .arena = &c->arena };
	struct topview view = { .o = &o, .width = 100, .filter = "", .chosen = -1 };
	bool good = overview_next(&o, c->db, &c->err);
	if (good) {
		topview_draw(&view, &f);
		frame_print(stdout, &f);
	}
	overview_release(&o);
	return good ? EX_OK : cli_failed(c);
}

static bool check(struct cli *c, long *delay)
{
	if (!args_int(&c->args, "delay", 1, 3600, delay, &c->err))
		return false;
	if (cli_has(c, "once") || (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)))
		return true;
	args_usage(&c->err, "tow top needs a terminal");
	return tow_hint(&c->err, "one picture, for a file or a pipe: tow top --once");
}

static int run(int argc, char **argv)
{
	CLI_AUTO c = { 0 };
	long delay = 1;
	setlocale(LC_CTYPE, "");
	if (!cli_parse(&c, options, 0, 0, argc, argv) || !check(&c, &delay) ||
	    !cli_open_database(&c))
		return cli_failed(&c);
	return cli_has(&c, "once") ? once(&c) : full_screen(&c, delay);
}

const struct tow_command tow_command_top = {
	.name = "top",
	.summary = "watch queues, running jobs and workers, full screen",
	.usage = "tow top [--delay SECONDS] [--once]",
	.options = options,
	.help = "Throughput, what is not well, queues, running jobs with their progress, workers. "
		"Survives a restart of\n"
		"the database.\n"
		"\n"
		"  up, down  choose a queue: p pauses it, r resumes it\n"
		"  tab       go to the running jobs, to choose one: c cancels it; tab goes back\n"
		"  s         sort by name, by what is ready, by the oldest\n"
		"  /         show only queues, kinds and workers with this in their name\n"
		"  space     freeze the picture\n"
		"  ?         help\n"
		"  q         quit\n"
		"\n"
		"Exit status: 0, 64 not a terminal, 69 no database.\n",
	.run = run,
};
